//! How something on a server ended, every way told apart.

use std::fmt;

use serde::{Serialize, Serializer};

use super::host_keys::HostKey;

/// A signal by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(pub u8);

const SIGNALS: &[(u8, &str)] = &[
    (1, "HUP"),
    (2, "INT"),
    (3, "QUIT"),
    (4, "ILL"),
    (6, "ABRT"),
    (7, "BUS"),
    (8, "FPE"),
    (9, "KILL"),
    (10, "USR1"),
    (11, "SEGV"),
    (12, "USR2"),
    (13, "PIPE"),
    (14, "ALRM"),
    (15, "TERM"),
    (24, "XCPU"),
    (25, "XFSZ"),
];

impl Signal {
    /// The signal with this name, without SIG.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        SIGNALS.iter().find(|(_, known)| *known == name).map(|(number, _)| Self(*number))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match SIGNALS.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => write!(f, "SIG{name}"),
            None => write!(f, "signal {}", self.0),
        }
    }
}

impl Serialize for Signal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether what was to be ended on the server really ended there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The process and all its children are gone; the server said so.
    Yes,
    /// So many of its processes are still there.
    Left(u32),
    /// The server did not say.
    Unknown,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes => write!(f, "ended on the server"),
            Self::Left(1) => write!(f, "1 process is still running on the server"),
            Self::Left(n) => write!(f, "{n} processes are still running on the server"),
            Self::Unknown => write!(f, "the server did not say whether it ended"),
        }
    }
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It ran and exited with this code.
    Done {
        /// 0 is success.
        code: u8,
    },
    /// It ran and a signal killed it.
    Killed {
        /// Which one.
        signal: Signal,
    },
    /// It was cancelled from here.
    Cancelled {
        /// Whether it ended.
        ended: Ended,
    },
    /// Its deadline was reached, and it was ended from here.
    DeadlineReached {
        /// Whether it ended.
        ended: Ended,
    },
    /// The connection broke, or the server lost track, while it ran: what it did is unknown.
    Lost {
        /// What is known about it, in ssh's words.
        detail: String,
    },
    /// It never began.
    NotStarted(Refusal),
}

impl Outcome {
    /// Whether it exited with code 0.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Done { code: 0 })
    }

    /// Whether nobody knows what happened on the server.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(
            self,
            Self::Lost { .. }
                | Self::Cancelled { ended: Ended::Unknown }
                | Self::DeadlineReached { ended: Ended::Unknown }
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done { code: 0 } => write!(f, "done"),
            Self::Done { code } => write!(f, "exit code {code}"),
            Self::Killed { signal } => write!(f, "killed by {signal}"),
            Self::Cancelled { ended } => write!(f, "cancelled: {ended}"),
            Self::DeadlineReached { ended } => write!(f, "deadline reached: {ended}"),
            Self::Lost { detail } if detail.is_empty() => {
                write!(f, "unknown: the connection broke while it ran")
            }
            Self::Lost { detail } => write!(f, "unknown: the connection broke while it ran ({detail})"),
            Self::NotStarted(refusal) => refusal.fmt(f),
        }
    }
}

/// Why nothing was started on a server. Each message says what happened, to what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "refusal", rename_all = "kebab-case")]
pub enum Refusal {
    /// Something answered that no ssh server listens there.
    #[error("{server} refused the connection: no ssh server listens there ({detail})")]
    Refused {
        /// The server.
        server: String,
        /// ssh's words.
        detail: String,
    },
    /// Nothing answered in time.
    #[error("{server} did not answer in time: it is down, frozen or cut off ({detail})")]
    TimedOut {
        /// The server.
        server: String,
        /// ssh's words.
        detail: String,
    },
    /// There is no way there: no route, or no such name.
    #[error("there is no way to {server}: check the network, the VPN and `ec2_attr_for_ssh` ({detail})")]
    Unreachable {
        /// The server.
        server: String,
        /// ssh's words.
        detail: String,
    },
    /// Nothing is pinned for the instance: the operator decides whether this is its key.
    #[error("the host key of {server} is not known: {presented}. Compare it, then trust it or not")]
    UnknownHostKey {
        /// The server.
        server: String,
        /// What it presented.
        presented: HostKey,
    },
    /// The instance had another key before: somebody may be in between, or it was rebuilt in place.
    #[error(
        "THE HOST KEY OF {server} HAS CHANGED: pinned {}, presented {}. Do not go on before you know why",
        list(.pinned), .presented.as_ref().map_or_else(|| "one of another type".into(), ToString::to_string)
    )]
    ChangedHostKey {
        /// The server.
        server: String,
        /// The keys it had.
        pinned: Vec<HostKey>,
        /// What it presented now; none if it could not be asked.
        presented: Option<HostKey>,
    },
    /// The server did not let us in.
    #[error("{server} did not let us in: check the user, the key and the agent ({detail})")]
    PermissionDenied {
        /// The server.
        server: String,
        /// ssh's words.
        detail: String,
    },
    /// `sudo -n` would have had to ask.
    #[error("sudo on {server} wants a password: allow it without one for this user, or go on without sudo")]
    SudoPassword {
        /// The server.
        server: String,
    },
    /// sudo is missing, or the user may not do this.
    #[error("sudo on {server} refused: {detail}")]
    SudoDenied {
        /// The server.
        server: String,
        /// sudo's words.
        detail: String,
    },
    /// The server took no connection or opened no session, or no slot came free, before the deadline.
    #[error("{server} took no further connection or session; try again later ({detail})")]
    Busy {
        /// The server.
        server: String,
        /// What was busy.
        detail: String,
    },
    /// A durable job of this name is not on the server.
    #[error("there is no job {name} on {server}")]
    NoSuchJob {
        /// The server.
        server: String,
        /// Its name.
        name: String,
    },
    /// Anything else; the message is all there is.
    #[error("{server}: {detail}")]
    Failed {
        /// The server.
        server: String,
        /// What happened.
        detail: String,
    },
}

fn list(keys: &[HostKey]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_both_ways() {
        assert_eq!(Signal(9).to_string(), "SIGKILL");
        assert_eq!(Signal(64).to_string(), "signal 64");
        assert_eq!(Signal::named("TERM"), Some(Signal(15)));
    }

    #[test]
    fn unknown_is_neither_success_nor_failure() {
        assert!(Outcome::Lost { detail: String::new() }.is_unknown());
        assert!(Outcome::Cancelled { ended: Ended::Unknown }.is_unknown());
        assert!(!Outcome::Cancelled { ended: Ended::Left(2) }.is_unknown());
        assert!(!Outcome::Done { code: 1 }.is_unknown());
        assert!(!Outcome::Done { code: 1 }.is_success());
    }
}
