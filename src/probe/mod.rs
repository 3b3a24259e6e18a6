//! What is measured on servers: a table of read-only scripts, and parsers that turn what they print into facts.
//!
//! Pure: nothing here runs anything. A [`Request`] names the topics for one server at one time; it becomes one
//! script, and what the script printed is read back by topic. Each section is framed by a nonce and has its own
//! time, so that a tool that hangs or is missing costs only its own facts.

mod celery;
mod code;
mod disks;
mod frame;
mod held;
mod machine;
mod memcached;
mod pgbouncer;
mod postgres;
mod rabbitmq;
mod reading;
mod redis;
mod request;
mod sections;
mod site;
mod supervisor;
#[cfg(test)]
mod testing;
mod units;
mod upkeep;

use jiff::Timestamp;

pub use held::{HeldFile, HeldQuestion, read_held};
pub use request::{Body, Printed, Request};
pub use sections::{SECTIONS, Section, due};

use crate::fleet::{Failure, FailureKind};

/// Why a section told nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What the looker must know.
    pub kind: FailureKind,
    /// What happened, to what, and what to do.
    pub message: String,
}

impl Unread {
    /// With a kind and a message.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// As the failure of a reading that fails since `since`.
    #[must_use]
    pub fn since(self, since: Timestamp) -> Failure {
        Failure { since, kind: self.kind, message: self.message }
    }
}
