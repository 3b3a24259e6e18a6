//! How a command ends: one exit code per class, and a message that says what to do.

use std::io;

/// How a command ended; the number is the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed, or found problems.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Refused: read-only, a lock, a missing confirmation, stale facts.
    Refused = 3,
    /// Interrupted by a signal.
    Interrupted = 4,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command cannot go on. The message says what happened, to what, and what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// It failed, or found problems.
    #[error("{0}")]
    Failed(String),
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),
    /// It is not allowed just now.
    #[error("{0}")]
    Refused(String),
    /// SIGINT or SIGTERM.
    #[error("Interrupted; nothing was changed")]
    Interrupted,
    /// A second SIGINT or SIGTERM, while servers were being told to end something.
    #[error("{0}")]
    GaveUp(String),
    /// A signal ended the console, which has said so.
    #[error("ended by a signal")]
    Ended,
    /// Whoever read our output went away, as `head` does: nothing to say, nothing failed.
    #[error("the output was closed")]
    Closed,
}

impl Stop {
    /// The exit code.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Failed(_) => Exit::Failed,
            Self::Usage(_) => Exit::Usage,
            Self::Refused(_) => Exit::Refused,
            Self::Interrupted | Self::GaveUp(_) | Self::Ended => Exit::Interrupted,
            Self::Closed => Exit::Done,
        }
    }
}

/// For errors of writing the output.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Failed(format!("Cannot write the output: {error}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_no_failure_and_a_full_disk_is() {
        assert_eq!(Stop::from(io::Error::from(io::ErrorKind::BrokenPipe)).exit(), Exit::Done);
        assert_eq!(Stop::from(io::Error::from(io::ErrorKind::StorageFull)).exit(), Exit::Failed);
    }
}
