//! What stands in `run.jsonl`, one record per line. The shapes have a version and are our own, so that what was
//! written by an older version can be read by a newer one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::run::Entry;
use crate::engine::{End, ExecRequest, RunId, Tally, Verdict};
use crate::plan::Plan;
use crate::remote::{Ended, Outcome};

/// The version of these shapes. Fields may be added without a new one.
pub const VERSION: u32 = 1;

/// The kind of a run of a plan.
pub const OPERATION: &str = "operation";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The first line: what was asked for, by whom. On disk before any server is asked.
    Began(Box<Began>),
    /// A server is about to be asked.
    Asked {
        /// Its place among the servers.
        server: usize,
        /// When.
        at: Timestamp,
    },
    /// It is over on a server.
    Ended(ServerEnd),
    /// It never begins on a server.
    Skipped {
        /// Its place among the servers.
        server: usize,
        /// When that was decided.
        at: Timestamp,
        /// Why.
        why: String,
    },
    /// From here on the output on disk is not complete.
    Unrecorded {
        /// When it was noticed.
        at: Timestamp,
        /// What happened.
        why: String,
    },
    /// What happens in the run of a plan.
    Operation(Box<Entry>),
    /// The last line, on disk before the run counts as over.
    Finished {
        /// When.
        at: Timestamp,
        /// How, as a whole.
        state: RunState,
    },
    /// Something that a later version wrote.
    #[serde(other)]
    Other,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Began {
    /// The version of the shapes.
    pub version: u32,
    /// The run.
    pub id: RunId,
    /// What kind of run: `exec`, or `operation`.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Who asked.
    pub who: String,
    /// The fleet that the environment is of, as [`Store::of`](super::Store::of) has it; none in records of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<String>,
    /// The AWS account that it was begun in, of a plan's run where it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The environment.
    pub environment: String,
    /// The command, as it was given; of an operation the command line that asks for it.
    pub command: String,
    /// Through sudo.
    pub sudo: bool,
    /// So many at a time; none is all at once.
    pub at_once: Option<usize>,
    /// Whether a failure keeps others from beginning.
    pub stop_on_failure: bool,
    /// Seconds each server had.
    pub deadline: u64,
    /// On which servers.
    pub servers: Vec<RecordedServer>,
}

/// A server as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedServer {
    /// The instance id; its output is in the file of that name with `.txt`.
    pub instance: String,
    /// How it was called.
    pub name: String,
    /// What it was for.
    pub role: String,
    /// Where it was.
    pub address: String,
}

/// How it ended on a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerEnd {
    /// Its place among the servers.
    pub server: usize,
    /// When the end was known.
    pub at: Timestamp,
    /// In a word.
    pub verdict: Verdict,
    /// The outcome's name: `done`, `killed`, `cancelled`, `deadline-reached`, `lost`, `not-started`.
    pub outcome: String,
    /// The exit code, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    /// Whether what was to be ended has ended there; none if it was not to be, or nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<bool>,
    /// In words.
    pub words: String,
    /// Finished lines it printed.
    pub lines: u64,
    /// Of these, lines of standard error.
    pub errors: u64,
    /// Bytes of text it printed.
    pub bytes: u64,
    /// Of all it printed: equal digests are equal output.
    pub digest: String,
}

/// A run as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It goes on: somebody holds its lock.
    Running,
    /// It ended with code 0 everywhere.
    Done,
    /// It did not.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// Whoever ran it went away before its end.
    Interrupted,
}

impl RunState {
    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Began {
    pub(super) fn of(id: &RunId, at: Timestamp, request: &ExecRequest) -> Self {
        let servers = request.hosts.iter().map(|host| RecordedServer {
            instance: host.target.instance().to_string(),
            name: host.name.clone(),
            role: host.role.word().to_owned(),
            address: host.target.address().to_owned(),
        });
        Self {
            version: VERSION,
            id: id.clone(),
            kind: "exec".into(),
            at,
            who: request.who.clone(),
            fleet: None,
            account: None,
            environment: request.environment.to_string(),
            command: request.command.clone(),
            sudo: request.sudo,
            at_once: request.at_once,
            stop_on_failure: request.stop_on_failure,
            deadline: request.deadline.as_secs(),
            servers: servers.collect(),
        }
    }
}

impl Began {
    pub(super) fn of_plan(id: &RunId, at: Timestamp, plan: &Plan, who: &str) -> Self {
        Self {
            version: VERSION,
            id: id.clone(),
            kind: OPERATION.into(),
            at,
            who: who.to_owned(),
            fleet: None,
            account: None,
            environment: plan.environment.to_string(),
            command: plan.command.clone(),
            sudo: false,
            at_once: None,
            stop_on_failure: true,
            deadline: plan.deadline_s(),
            servers: Vec::new(),
        }
    }
}

impl Record {
    /// The record of an end.
    pub(in crate::engine) fn of(server: usize, at: Timestamp, end: &End) -> Self {
        match end {
            End::Skipped(why) => Self::Skipped { server, at, why: why.clone() },
            End::Ended { ending, tally } => {
                Self::Ended(ServerEnd::of(server, ending.at, &ending.outcome, *tally))
            }
        }
    }
}

impl ServerEnd {
    /// The record of an outcome.
    #[must_use]
    pub fn of(server: usize, at: Timestamp, outcome: &Outcome, tally: Tally) -> Self {
        let (name, code, ended) = match outcome {
            Outcome::Done { code } => ("done", Some(*code), None),
            Outcome::Killed { .. } => ("killed", None, None),
            Outcome::Cancelled { ended } => ("cancelled", None, known(*ended)),
            Outcome::DeadlineReached { ended } => ("deadline-reached", None, known(*ended)),
            Outcome::Lost { .. } => ("lost", None, None),
            Outcome::NotStarted(_) => ("not-started", None, None),
        };
        Self {
            server,
            at,
            verdict: Verdict::of(outcome),
            outcome: name.into(),
            code,
            ended,
            words: outcome.to_string(),
            lines: tally.lines,
            errors: tally.errors,
            bytes: tally.bytes,
            digest: format!("{:016x}", tally.digest),
        }
    }
}

const fn known(ended: Ended) -> Option<bool> {
    match ended {
        Ended::Yes => Some(true),
        Ended::Left(_) => Some(false),
        Ended::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_version_wrote_is_passed_over() {
        let line = r#"{"record":"step-began","step":3}"#;
        assert_eq!(serde_json::from_str::<Record>(line).unwrap(), Record::Other);
        let line = r#"{"record":"asked","server":3,"at":"2026-11-22T12:00:00Z","more":true}"#;
        assert!(matches!(serde_json::from_str(line).unwrap(), Record::Asked { server: 3, .. }));
    }
}
