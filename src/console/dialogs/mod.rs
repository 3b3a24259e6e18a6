//! What is asked before something is done: on which servers, what, and whether really.

mod ask;
mod logs;
mod run;
mod scope;

pub use ask::{Asks, Choice, Hidden, Missing, Question, Then};
pub use logs::LogsDialog;
pub use run::{AtOnce, DEADLINE, Field, LONGEST, RunDialog, Suggestion};
pub use scope::{LeftOut, Picked, Scope, pick, scopes};
