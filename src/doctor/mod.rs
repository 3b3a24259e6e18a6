//! The doctor: every precondition for running an environment, as a pure table of checks over facts.
//!
//! What cannot be read is unknown, never bad; it says which permission or answer is missing.

mod access;
mod balancer;
mod certificates;
mod domains;
mod facts;
mod group;
mod launching;
mod project;
mod reach;
mod rights;
mod servers;
mod services;
mod table;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;

pub use facts::{Lookup, Named, ProjectFacts, ProjectProblem, RoleFacts, SecretsFile, Served, Shown};
pub use rights::{EVERY, RIGHTS, Right, RightsFacts};
pub use table::{CHECKS, Check, Part};

use crate::fleet::{
    EnvironmentPlace, FailureKind, Ground, Overview, Reading, Role, Room, Server, Snapshot, Topology,
    Yardstick, overview,
};
use crate::template::SiteFacts;

/// How bad a finding is. The order is the order of attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingSeverity {
    /// As it should be.
    Good,
    /// Nobody can tell: not read, refused, or not measured.
    Unknown,
    /// Works, but hardly as it was meant.
    Warning,
    /// Something will not work.
    Bad,
}

impl FindingSeverity {
    /// All of them, worst first.
    pub const ALL: [Self; 4] = [Self::Bad, Self::Warning, Self::Unknown, Self::Good];

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad.
    pub severity: FindingSeverity,
    /// What is so, on one line.
    pub what: String,
    /// What that rests on, a line each.
    pub evidence: Vec<String>,
    /// What to do; none where nothing has to be done.
    pub cure: Option<String>,
}

impl Finding {
    pub(crate) fn good(what: impl Into<String>) -> Self {
        Self { severity: FindingSeverity::Good, what: what.into(), evidence: Vec::new(), cure: None }
    }

    pub(crate) fn unknown(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::not_good(FindingSeverity::Unknown, what, cure)
    }

    pub(crate) fn warning(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::not_good(FindingSeverity::Warning, what, cure)
    }

    pub(crate) fn bad(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::not_good(FindingSeverity::Bad, what, cure)
    }

    pub(crate) fn not_good(
        severity: FindingSeverity,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { severity, what: what.into(), evidence: Vec::new(), cure: Some(cure.into()) }
    }

    /// With one more line of what it rests on.
    #[must_use]
    pub(crate) fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }
}

/// What the checks look at. They read nothing by themselves.
#[derive(Clone, Copy, Debug)]
pub struct Patient<'a> {
    /// The fleet, with what was measured on the environment's servers.
    pub snapshot: &'a Snapshot,
    /// What the config says should exist.
    pub topology: &'a Topology,
    /// The environment.
    pub place: &'a EnvironmentPlace,
    /// By what measurements are judged, and the cloud's time.
    pub yardstick: &'a Yardstick,
    /// What the project's files say; none in the sandbox.
    pub project: Option<&'a ProjectFacts>,
    /// What its templates, secrets and hooks are; none in the sandbox.
    pub site: Option<&'a SiteFacts>,
    /// What names lead to; none where they were not looked up.
    pub names: Option<&'a [Lookup]>,
    /// Which certificates load balancers really show; none where nobody looked.
    pub served: Option<&'a [Served]>,
    /// What may be changed; none where nobody asked.
    pub rights: Option<&'a RightsFacts>,
    /// Whether a server's console can be read, or why not; none where there was none to ask about.
    pub console: Option<&'a Result<(), String>>,
    /// Room for more servers; none where there was nothing to ask about.
    pub room: Option<&'a Room>,
    /// What the environment stands on; none where it was not looked at.
    pub ground: Option<&'a Ground>,
    /// Why servers cannot be asked at all.
    pub no_remote: Option<&'a str>,
}

/// What a check may look at beside: facts that several of them need.
pub(crate) struct Examined<'a> {
    pub(crate) patient: &'a Patient<'a>,
    /// The environment's servers that are not gone.
    pub(crate) servers: Vec<&'a Server>,
    /// What is wrong with them, as measured.
    pub(crate) overview: Overview,
}

impl<'a> Examined<'a> {
    /// The servers in use of these roles; none when nobody knows which servers there are.
    pub(crate) fn of_roles(&self, roles: &[Role]) -> Vec<&'a Server> {
        let plays = |server: &&&Server| server.is_target() && roles.contains(&server.role.role);
        self.servers.iter().filter(plays).copied().collect()
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.patient.yardstick.now
    }
}

/// A check and what it has found; nothing where it does not apply.
#[derive(Debug)]
pub struct Checked {
    /// The check.
    pub check: &'static Check,
    /// In the order they are told.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// The worst of its findings; none where it does not apply.
    #[must_use]
    pub fn severity(&self) -> Option<FindingSeverity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// Makes every check, in the table's order.
#[must_use]
pub fn examine(patient: &Patient<'_>) -> Vec<Checked> {
    let Patient { snapshot, place, yardstick, .. } = patient;
    let mut servers = snapshot.servers_of(&place.name);
    servers.retain(|server| !server.is_gone());
    let overview = overview::overview(snapshot, place, &servers, yardstick);
    let examined = Examined { patient, servers, overview };
    CHECKS.iter().map(|check| Checked { check, findings: (check.find)(&examined) }).collect()
}

/// A reading's value, or the finding that it is not known and what would tell it.
pub(crate) fn known<'a, T>(what: &str, reading: &'a Reading<T>) -> Result<&'a T, Finding> {
    reading.value().ok_or_else(|| {
        let action = reading.source().action();
        let Some(failure) = reading.failure() else {
            return Finding::unknown(
                format!("{what} not known: {action} was not read"),
                "Ask the doctor again",
            );
        };
        let cure = match failure.kind {
            FailureKind::Denied => format!("Allow {action} to whoever asks: README has the policy"),
            FailureKind::Credentials => "Renew the AWS credentials, and ask again".to_owned(),
            _ => "Ask the doctor again in a minute".to_owned(),
        };
        Finding::unknown(format!("{what} not known: {action} {}", word(failure.kind)), cure)
            .seen(&failure.message)
    })
}

/// How a read failed, as the end of a sentence that begins with the action.
const fn word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Denied => "is denied",
        FailureKind::Credentials => "has no credentials",
        FailureKind::Throttled => "was throttled",
        FailureKind::Unreachable => "had no answer",
        FailureKind::Absent => "names something that does not exist",
        FailureKind::Other => "failed",
    }
}
