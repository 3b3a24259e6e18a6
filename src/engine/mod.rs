//! Runs things on servers and keeps the record of it.
//!
//! [`exec`] runs a command on many servers: who begins when, when to stop and when it is over is decided by a
//! pure state machine ([`jobs`]); a thin driver starts the jobs through the port, hands their lines on and has all
//! of it written below the state directory ([`Store`]). [`follow()`] follows logs of many servers. [`run`] executes
//! plans, under the [`lock`] of their environment. Every channel is bounded: whoever reads slowly slows the servers
//! down, and memory does not grow.

mod drive;
mod error;
mod follow;
pub mod jobs;
pub mod lock;
mod progress;
mod request;
pub mod run;
pub mod store;
mod tally;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

pub use drive::exec;
pub use error::EngineError;
pub use follow::{Following, follow, sources};
pub use progress::{Control, End, Progress, Running, Summary, Verdict};
pub use request::{ExecRequest, FollowRequest, Host, RunId};
pub use store::{Clock, Store};
pub use tally::Tally;
