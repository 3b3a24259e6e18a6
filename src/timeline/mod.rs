//! What happened in an environment: what is recorded of each look, exact where something turned and thinned where it is a
//! number, and how that, journals of runs, scaling activities and what triage remembers become one list. Pure.

mod entry;
mod line;
mod look;
pub mod markdown;
mod merge;
mod moment;
mod number;
mod past;
mod recorder;
mod recording;
mod thing;
mod turns;
mod words;

#[cfg(test)]
mod tests;

pub use entry::{About, Entry, Happening, Ran, Timeline};
pub use line::Line;
pub use look::{Found, Look};
pub use merge::{Sources, Window, timeline};
pub use moment::stood;
pub use number::{Number, ServerNumbers};
pub use past::Past;
pub use recorder::Recorder;
pub use recording::{Change, Recording};
pub use thing::{Kind, State, Thing};

use jiff::SignedDuration;

/// Looks further apart than this are a gap: nobody knows what was between.
pub(crate) const WATCHED: SignedDuration = SignedDuration::from_mins(5);

/// A length of our time on a clock that runs so much faster.
pub(crate) fn scaled(length: SignedDuration, pace: f64) -> SignedDuration {
    let seconds = length.as_secs_f64() * pace.clamp(1.0, 1e6);
    SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX)
}
