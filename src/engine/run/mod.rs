//! Executes plans: steps side by side as their order allows, every change with its intent and outcome in the journal,
//! under the environment's lock, and back to the values found before whatever way it ends.
//!
//! [`machine`] decides, purely; [`Story`] is what has happened, told by the journal; the driver does what is decided
//! and `perform` knows how each kind of step is done.

mod again;
mod anew;
mod book;
mod driver;
pub mod entry;
mod goes_back;
#[cfg(test)]
mod halt;
pub mod left_behind;
pub mod machine;
mod ours;
mod perform;
mod start;
mod story;
#[cfg(test)]
mod tests;
mod typed;
mod world;

pub use again::{Again, AgainWords};
pub use driver::{News, RunControl, Started};
pub use entry::{Bound, Entry, Left, Mutation, MutationEnd, StepEnd, Way};
pub use machine::Cancel;
pub use start::{Grip, Launch, NotBegun, begin, resume};
pub use story::{IntentStory, StepStory, Story};
pub use world::{Pages, Ports, Secrets, Texts};

#[cfg(test)]
pub use halt::Halt;
