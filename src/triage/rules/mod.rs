//! What rules find, one file per family.

pub mod certificates;
pub mod database;
pub mod group;
pub mod queue;
pub mod reading;
pub mod servers;
pub mod traffic;
pub mod troubles;
pub mod work;

use jiff::Timestamp;

use super::finding::{Evidence, Key};
use super::kind::Kind;
use crate::fleet::{InstanceId, Severity, Since};

/// Something that is wrong just now, as a rule sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Symptom {
    /// Which finding it is.
    pub key: Key,
    /// How bad.
    pub severity: Severity,
    /// In plain words.
    pub title: String,
    /// What users notice.
    pub users: Option<String>,
    /// Since when, where facts tell.
    pub since: Option<Since>,
    /// What speaks for it.
    pub because: Vec<Evidence>,
    /// What speaks against it, or rules causes out.
    pub against: Vec<Evidence>,
    /// What would have to be known.
    pub unknown: Vec<String>,
    /// Servers that it is about.
    pub servers: Vec<InstanceId>,
    /// Whether what its kind may cause follows from it, too.
    pub explains: bool,
}

impl Symptom {
    pub(super) fn new(
        kind: Kind,
        about: impl Into<String>,
        severity: Severity,
        title: impl Into<String>,
    ) -> Self {
        Self {
            key: Key::new(kind, about),
            severity,
            title: title.into(),
            users: None,
            since: None,
            because: Vec::new(),
            against: Vec::new(),
            unknown: Vec::new(),
            servers: Vec::new(),
            explains: true,
        }
    }

    pub(super) fn users(mut self, words: impl Into<String>) -> Self {
        self.users = Some(words.into());
        self
    }

    pub(super) fn since(mut self, since: Option<Since>) -> Self {
        self.since = since;
        self
    }

    pub(super) fn because(mut self, evidence: Evidence) -> Self {
        self.because.push(evidence);
        self
    }

    pub(super) fn against(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.against.extend(evidence);
        self
    }

    pub(super) fn unknown(mut self, words: impl Into<String>) -> Self {
        self.unknown.push(words.into());
        self
    }

    pub(super) fn on(mut self, servers: impl IntoIterator<Item = InstanceId>) -> Self {
        self.servers.extend(servers);
        self
    }
}

/// The earliest of several moments; known to have turned only when that one is.
pub(super) fn earliest(all: impl IntoIterator<Item = Since>) -> Option<Since> {
    all.into_iter().min_by_key(|since| since.at)
}

/// How many points at a curve's end are at a limit or over it.
pub(super) fn over(points: &[(Timestamp, f64)], limit: f64) -> usize {
    points.iter().rev().take_while(|(_, value)| *value >= limit).count()
}

/// When a curve went over a limit for the last time and stayed there. Where it never was below, since at least its
/// first point.
pub(super) fn crossed(points: &[(Timestamp, f64)], limit: f64) -> Option<Since> {
    let over = over(points, limit);
    let first = points.get(points.len().checked_sub(over.max(1))?)?;
    Some(Since { at: first.0, turned: over < points.len() })
}
