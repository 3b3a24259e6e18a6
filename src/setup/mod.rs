//! The guided first setup: questions as one table, a state machine that asks them, and the files that come of the
//! answers. Pure: what has to be looked up is asked for as an effect, and told as an event.

mod event;
mod facts;
mod files;
mod ground;
mod judge;
mod kept;
mod price;
mod question;
mod secret;
mod table;
mod wizard;

#[cfg(test)]
pub(crate) mod tests;

pub use event::{Effect, Event, Found, Gathered, Mark, Place, Probe, Row};
pub use facts::{Branches, Facts, Known, MyKey};
pub use files::{Body, Change, Plan, PlannedFile, Shown, ShownKind};
pub use ground::{Answers, Ground};
pub use kept::Kept;
pub use question::{Asked, Each, Kind, Offer, Question, Verdict};
pub use secret::{LENGTH, fits, of_bytes};
pub use table::QUESTIONS;
pub use wizard::Wizard;
