//! One line of a timeline.

use jiff::Timestamp;
use serde::Serialize;

use crate::fleet::{EnvironmentName, InstanceId, LockKind, Severity};

/// What kind of thing has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    /// Nobody looked.
    Gap,
    /// A finding began, changed or was over.
    Finding,
    /// A run began, turned or ended.
    Run,
    /// Other code came to be launched or checked out.
    Deploy,
    /// A scaling activity.
    Activity,
    /// A server, member, service or setting turned.
    State,
    /// A number crossed its threshold, left its usual range, or came back.
    Metric,
    /// Somebody said something of a finding.
    Said,
}

impl Happening {
    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Finding => "finding",
            Self::Run => "run",
            Self::Deploy => "deploy",
            Self::Activity => "activity",
            Self::State => "state",
            Self::Metric => "metric",
            Self::Said => "said",
        }
    }
}

/// What an entry is about, to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum About {
    /// The environment as a whole.
    Environment,
    /// A server.
    Server(InstanceId),
    /// A run of this machine, by its id.
    Run(String),
    /// A finding, by its key.
    Finding(String),
    /// The environment's group.
    Group,
    /// A load balancer.
    LoadBalancer(String),
}

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Nobody looked between this and `at`: it may have been any time between.
    pub after: Option<Timestamp>,
    /// When it was over.
    pub until: Option<Timestamp>,
    /// What kind.
    pub happening: Happening,
    /// How bad.
    pub severity: Severity,
    /// In plain words.
    pub title: String,
    /// What it is about.
    pub about: About,
    /// Who tells.
    pub source: String,
    /// What else there is to say, a sentence each.
    pub evidence: Vec<String>,
    /// Servers that it is about.
    pub servers: Vec<InstanceId>,
}

/// A run, as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its id on this machine.
    pub id: String,
    /// The operation, or `exec`.
    pub operation: String,
    /// What was done.
    pub what: String,
    /// Who.
    pub who: String,
    /// When it began.
    pub at: Timestamp,
    /// When it was over.
    pub finished: Option<Timestamp>,
    /// How it ended, or that it goes on.
    pub word: &'static str,
    /// How bad that is.
    pub severity: Severity,
    /// When and why it went no further.
    pub turned: Option<(Timestamp, String)>,
    /// Steps that ended, with how.
    pub steps: Vec<(Timestamp, String)>,
    /// What it left.
    pub left: Vec<String>,
    /// The lock that it held.
    pub lock: Option<(LockKind, u64)>,
}

/// What happened in a stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// Where.
    pub environment: EnvironmentName,
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// From when on somebody has looked; none if nobody has in all that time.
    pub recorded: Option<Timestamp>,
    /// Everything, the earliest first.
    pub entries: Vec<Entry>,
}

impl Timeline {
    /// The same with every text put through `hide`, which masks what must not leave this machine.
    #[must_use]
    pub fn hidden(mut self, hide: impl Fn(&str) -> String) -> Self {
        for entry in &mut self.entries {
            entry.title = hide(&entry.title);
            entry.source = hide(&entry.source);
            entry.evidence.iter_mut().for_each(|text| *text = hide(text));
            if let About::Finding(name) | About::Run(name) | About::LoadBalancer(name) = &mut entry.about {
                *name = hide(name);
            }
        }
        self
    }

    /// Stretches in which nobody looked.
    pub fn gaps(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let gaps = self.entries.iter().filter(|entry| entry.happening == Happening::Gap);
        gaps.filter_map(|entry| Some((entry.at, entry.until?)))
    }
}
