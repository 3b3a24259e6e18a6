//! Something that is wrong, with what speaks for and against it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::kind::{Kind, Reach};
use super::memory::{Acknowledged, Noted};
use super::runbook::Step;
use crate::fleet::{InstanceId, Severity, Since};

/// Which finding: it stays the same while its words and numbers change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Of which kind.
    pub kind: Kind,
    /// About what: a load balancer, a role, a server, a queue; empty where the environment has only one.
    pub about: String,
}

impl Key {
    /// The key of a finding of this kind.
    pub fn new(kind: Kind, about: impl Into<String>) -> Self {
        Self { kind, about: about.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.about.is_empty() {
            return f.pad(self.kind.name());
        }
        f.pad(&format!("{}/{}", self.kind.name(), self.about))
    }
}

/// Something that was read and speaks for or against a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// What it says, as a sentence without its full stop.
    pub text: String,
    /// Who says so: an AWS action, or `ssh, units on i-…`.
    pub source: String,
    /// When it was read.
    pub at: Option<Timestamp>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which.
    pub key: Key,
    /// How bad. Unknown when it rests on what is no longer current.
    pub severity: Severity,
    /// In plain words.
    pub title: String,
    /// What users notice, as far as facts tell.
    pub users: Option<String>,
    /// Since when.
    pub since: Since,
    /// What speaks for it, and for its cause.
    pub because: Vec<Evidence>,
    /// What speaks against, or rules causes out.
    pub against: Vec<Evidence>,
    /// What would have to be known and is not.
    pub unknown: Vec<String>,
    /// Servers that it is about.
    pub servers: Vec<InstanceId>,
    /// Whether what its kind may cause follows from it, too: a disk that is nearly full has broken nothing yet.
    #[serde(skip)]
    pub explains: bool,
    /// The finding that it follows from; it is folded under that one.
    pub under: Option<Key>,
    /// What to do, the safest first.
    pub runbook: Vec<Step>,
    /// Whether it has lasted as long as its rule says. One look alone cannot know.
    pub confirmed: bool,
    /// It is no longer so, and was a moment ago.
    pub clearing: bool,
    /// Somebody has seen it.
    pub acknowledged: Option<Acknowledged>,
    /// What somebody has noted about it.
    pub noted: Option<Noted>,
}

impl Finding {
    /// The order of attention: worst first, then what users notice, then kinds in their order, then the oldest.
    pub(super) fn rank(
        &self,
        reach: Reach,
    ) -> (std::cmp::Reverse<Severity>, std::cmp::Reverse<Reach>, Kind, Timestamp) {
        use std::cmp::Reverse;
        (Reverse(self.severity), Reverse(reach), self.key.kind, self.since.at)
    }
}
