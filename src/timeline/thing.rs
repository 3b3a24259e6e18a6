//! What has a state that turns: servers, members, services, sizes, findings.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fleet::{InstanceId, Severity, Topic};

/// What kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An instance: EC2's state.
    Server,
    /// A member of a load balancer.
    Member,
    /// Whether a server can be reached over ssh.
    Reach,
    /// A systemd unit.
    Unit,
    /// A program under Supervisor.
    Program,
    /// The changeset that is checked out.
    Code,
    /// The maintenance page.
    Page,
    /// The file that answers the health check.
    Override,
    /// Whether PostgreSQL takes writes.
    Database,
    /// Whether a replica hears its primary.
    Receiver,
    /// The group's sizes.
    Sizes,
    /// A process of the group that is suspended.
    Process,
    /// What the group launches.
    Launch,
    /// A lock that is held.
    Lock,
    /// Something that triage has found.
    Finding,
    /// Something that a later version wrote.
    #[serde(other)]
    Other,
}

impl Kind {
    /// The topic that it is read with on its server, if it is.
    pub(super) const fn topic(self) -> Option<Topic> {
        match self {
            Self::Unit => Some(Topic::Units),
            Self::Program => Some(Topic::Supervisor),
            Self::Code => Some(Topic::Code),
            Self::Page | Self::Override => Some(Topic::Site),
            Self::Database | Self::Receiver => Some(Topic::Postgres),
            _ => None,
        }
    }

    /// Whether it is known of a server only as long as the server is there.
    pub(super) const fn is_of_server(self) -> bool {
        self.topic().is_some() || matches!(self, Self::Reach)
    }
}

/// One thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Thing {
    /// Of which kind.
    #[serde(rename = "k")]
    pub kind: Kind,
    /// On which server, or which one.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub server: Option<InstanceId>,
    /// Its name: of the load balancer, unit, process, finding; empty where there is only one.
    #[serde(rename = "n", default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

impl Thing {
    /// Something of an environment.
    #[must_use]
    pub fn of(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, server: None, name: name.into() }
    }

    /// Something on a server.
    #[must_use]
    pub fn on(kind: Kind, server: &InstanceId, name: impl Into<String>) -> Self {
        Self { kind, server: Some(server.clone()), name: name.into() }
    }
}

/// How it stands with a thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct State {
    /// In a word. Another word, or another severity, is a change.
    #[serde(rename = "w")]
    pub word: String,
    /// How bad.
    #[serde(rename = "s", serialize_with = "mark", deserialize_with = "marked")]
    pub severity: Severity,
    /// What else is to be said: the load balancer's reason, the finding's title. It may differ without a change.
    #[serde(rename = "t", default, skip_serializing_if = "String::is_empty")]
    pub says: String,
}

impl State {
    /// A state.
    #[must_use]
    pub fn new(word: impl Into<String>, severity: Severity, says: impl Into<String>) -> Self {
        Self { word: word.into(), severity, says: says.into() }
    }

    /// Whether that is no change.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.word == other.word && self.severity == other.severity
    }
}

/// A severity as one character.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
pub(super) fn mark<S: Serializer>(severity: &Severity, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(severity.ascii())
}

/// The severity that a character stands for; any other is unknown.
pub(super) fn marked<'de, D: Deserializer<'de>>(from: D) -> Result<Severity, D::Error> {
    let mark = String::deserialize(from)?;
    Ok(Severity::ALL.into_iter().find(|one| one.ascii() == mark).unwrap_or(Severity::Unknown))
}
