//! What comes of a run while it runs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

use super::{RunId, Tally};
use crate::remote::{Ended, Ending, Line, Outcome};

/// News of a run, in order for each server. `host` is the server's place in the request.
#[derive(Clone, Debug)]
pub enum Progress {
    /// The server was asked.
    Began {
        /// Which one.
        host: usize,
        /// When.
        at: Timestamp,
    },
    /// Lines of one server, oldest first.
    Lines {
        /// Which one.
        host: usize,
        /// The lines, unfinished ones among them.
        lines: Vec<Line>,
    },
    /// Only of logs: it ended on one server and is asked for again.
    Broken {
        /// Which one.
        host: usize,
        /// What happened.
        why: String,
        /// When it is asked again.
        pause: Duration,
    },
    /// Only of logs: after [`Self::Broken`], lines come again.
    Back {
        /// Which one.
        host: usize,
        /// Whether lines between then and now may be missing.
        gap: bool,
    },
    /// It is over on one server; no lines follow.
    Ended {
        /// Which one.
        host: usize,
        /// How, which may be unknown.
        ending: Ending,
        /// What it printed, in numbers.
        tally: Tally,
    },
    /// It never begins on this server.
    Skipped {
        /// Which one.
        host: usize,
        /// Why not.
        why: String,
    },
    /// From here on nothing is written to disk any more; the run goes on. At most once.
    Unrecorded {
        /// What happened, to what.
        why: String,
    },
    /// Every server's end is known, or known to be unknown. The last word.
    Finished {
        /// All ends.
        summary: Summary,
    },
}

/// How it ended on one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was asked.
    Ended {
        /// What came of it.
        ending: Ending,
        /// What it printed, in numbers.
        tally: Tally,
    },
    /// It never began, and this is why.
    Skipped(String),
}

/// An end in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Exit code 0.
    Done,
    /// Another exit code, a signal, its deadline, it could not be started, or it was cancelled and goes on.
    Failed,
    /// Cancelled from here, and it ended on the server.
    Cancelled,
    /// Nobody knows whether it ended, or how.
    Unknown,
    /// It never began, for no fault of the server.
    Skipped,
}

impl Verdict {
    /// All of them, best first.
    pub const ALL: [Self; 5] = [Self::Done, Self::Failed, Self::Unknown, Self::Cancelled, Self::Skipped];

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }

    /// Of an outcome.
    #[must_use]
    pub const fn of(outcome: &Outcome) -> Self {
        match outcome {
            _ if outcome.is_success() => Self::Done,
            _ if outcome.is_unknown() => Self::Unknown,
            Outcome::Cancelled { ended: Ended::Yes } => Self::Cancelled,
            _ => Self::Failed,
        }
    }
}

impl End {
    /// In one word.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Ended { ending, .. } => Verdict::of(&ending.outcome),
            Self::Skipped(_) => Verdict::Skipped,
        }
    }
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// When it began.
    pub began: Timestamp,
    /// When the last server's end was known.
    pub finished: Timestamp,
    /// How it ended on each server, in the order of the request.
    pub ends: Vec<End>,
    /// Whether somebody cancelled all of it.
    pub cancelled: bool,
}

impl Summary {
    /// On how many servers it ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.ends.iter().filter(|end| end.verdict() == verdict).count()
    }

    /// Whether it ended with code 0 on every server. Unknown is not success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.count(Verdict::Done) == self.ends.len()
    }
}

/// What an operator wants of a run that goes on.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) cancel: bool,
    pub(super) hosts: BTreeSet<usize>,
}

/// Cancels a run, or parts of it. When the last one is dropped, the run is cancelled.
#[derive(Clone, Debug)]
pub struct Control(Arc<watch::Sender<Wish>>);

impl Control {
    /// A control and what it is heard by.
    pub(super) fn new() -> (Self, watch::Receiver<Wish>) {
        let (sender, receiver) = watch::channel(Wish::default());
        (Self(Arc::new(sender)), receiver)
    }

    /// Ends it on every server where it runs; where it has not begun it does not begin.
    pub fn cancel(&self) {
        self.0.send_modify(|wish| wish.cancel = true);
    }

    /// Ends it on one server, or keeps it from beginning there.
    pub fn cancel_host(&self, host: usize) {
        self.0.send_modify(|wish| {
            wish.hosts.insert(host);
        });
    }
}

/// A run that goes on.
#[derive(Debug)]
pub struct Running {
    /// Its name.
    pub id: RunId,
    /// Where its record and the servers' whole output are; see [`Store`](super::Store) for what is in it.
    pub output_dir: PathBuf,
    /// What comes of it. Who reads slowly slows the servers; once dropped, the output goes to disk only.
    pub progress: mpsc::Receiver<Progress>,
    /// Cancels it.
    pub control: Control,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelled_is_only_what_ended_on_the_server() {
        for (ended, verdict) in [
            (Ended::Yes, Verdict::Cancelled),
            (Ended::Left(2), Verdict::Failed),
            (Ended::Unknown, Verdict::Unknown),
        ] {
            assert_eq!(Verdict::of(&Outcome::Cancelled { ended }), verdict);
        }
    }
}
