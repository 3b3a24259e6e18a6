//! How a run stands on one server, every way told apart.

use jiff::{SignedDuration, Timestamp};

use crate::engine::Tally;
use crate::fleet::Severity;
use crate::remote::{Ended, Ending, Outcome, Refusal};

/// How long a server that was asked and said nothing is taken to be connecting.
const CONNECTING: SignedDuration = SignedDuration::from_secs(3);

/// How a run stands on one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostState {
    /// Its turn has not come.
    Waiting,
    /// It was asked and has said nothing yet.
    Asked {
        /// When.
        at: Timestamp,
    },
    /// It prints.
    Running {
        /// When it was asked.
        at: Timestamp,
    },
    /// It is over.
    Ended {
        /// When it was asked.
        at: Option<Timestamp>,
        /// How it ended.
        ending: Ending,
        /// What it printed, in numbers.
        tally: Tally,
    },
    /// It never began.
    Skipped {
        /// Why.
        why: String,
    },
}

impl HostState {
    /// Whether no news of it will come.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Skipped { .. })
    }

    /// Whether something may be running on the server by our doing.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self, Self::Asked { .. } | Self::Running { .. })
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::Waiting | Self::Skipped { .. } => Severity::Idle,
            Self::Asked { .. } | Self::Running { .. } => Severity::Changing,
            Self::Ended { ending, .. } => of_outcome(&ending.outcome),
        }
    }

    /// A word or two.
    #[must_use]
    pub fn words(&self, now: Timestamp) -> String {
        match self {
            Self::Waiting => "waiting".into(),
            Self::Asked { at } if now.duration_since(*at) < CONNECTING => "connecting".into(),
            Self::Asked { .. } => "no output yet".into(),
            Self::Running { .. } => "running".into(),
            Self::Skipped { .. } => "not begun".into(),
            Self::Ended { ending, .. } => outcome_words(&ending.outcome),
        }
    }

    /// The exit code, where there is one.
    #[must_use]
    pub const fn code(&self) -> Option<u8> {
        match self {
            Self::Ended { ending: Ending { outcome: Outcome::Done { code }, .. }, .. } => Some(*code),
            _ => None,
        }
    }

    /// Why it ended as it did, in full, where a word does not say it all.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Skipped { why } => Some(why.clone()),
            Self::Ended { ending, .. } if !matches!(ending.outcome, Outcome::Done { .. }) => {
                Some(ending.outcome.to_string())
            }
            _ => None,
        }
    }

    /// From when to when it took; up to now while it goes on.
    #[must_use]
    pub fn took(&self, now: Timestamp) -> Option<SignedDuration> {
        match self {
            Self::Asked { at } | Self::Running { at } => Some(now.duration_since(*at)),
            Self::Ended { at: Some(at), ending, .. } => Some(ending.at.duration_since(*at)),
            _ => None,
        }
    }

    /// What stands between us and the server, when it is its host key.
    #[must_use]
    pub const fn host_key(&self) -> Option<&Refusal> {
        match self {
            Self::Ended { ending: Ending { outcome: Outcome::NotStarted(refusal), .. }, .. } => match refusal
            {
                Refusal::UnknownHostKey { .. } | Refusal::ChangedHostKey { .. } => Some(refusal),
                _ => None,
            },
            _ => None,
        }
    }
}

fn of_outcome(outcome: &Outcome) -> Severity {
    match outcome {
        Outcome::Done { code: 0 } => Severity::Ok,
        Outcome::Cancelled { ended: Ended::Yes } => Severity::Idle,
        Outcome::Cancelled { ended: Ended::Left(_) }
        | Outcome::NotStarted(Refusal::UnknownHostKey { .. } | Refusal::Busy { .. }) => Severity::Warn,
        outcome if outcome.is_unknown() => Severity::Unknown,
        _ => Severity::Down,
    }
}

fn outcome_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done { code: 0 } => "done".into(),
        Outcome::Done { code } => format!("exit {code}"),
        Outcome::Killed { signal } => format!("killed {signal}"),
        Outcome::Cancelled { ended } => format!("cancelled{}", ended_words(*ended)),
        Outcome::DeadlineReached { ended } => format!("too long{}", ended_words(*ended)),
        Outcome::Lost { .. } => "lost, unknown".into(),
        Outcome::NotStarted(refusal) => refusal_words(refusal).into(),
    }
}

fn ended_words(ended: Ended) -> String {
    match ended {
        Ended::Yes => String::new(),
        Ended::Left(count) => format!(", {count} left"),
        Ended::Unknown => ", unknown".into(),
    }
}

const fn refusal_words(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Refused { .. } => "refused",
        Refusal::TimedOut { .. } => "no answer",
        Refusal::Unreachable { .. } => "no way there",
        Refusal::UnknownHostKey { .. } => "host key new",
        Refusal::ChangedHostKey { .. } => "KEY CHANGED",
        Refusal::PermissionDenied { .. } => "not let in",
        Refusal::SudoPassword { .. } => "sudo asks",
        Refusal::SudoDenied { .. } => "sudo denied",
        Refusal::Busy { .. } => "busy",
        Refusal::NoSuchJob { .. } => "no such job",
        Refusal::Failed { .. } => "not started",
    }
}
