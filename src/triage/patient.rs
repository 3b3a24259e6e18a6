//! What is looked at, and short ways to ask it.

use crate::fleet::measured::Measured;
use crate::fleet::overview::{Gap, Overview};
use crate::fleet::{
    EnvironmentPlace, Group, InstanceId, Power, Reading, Role, Server, Snapshot, Topic, Yardstick,
};

use super::finding::Evidence;

/// One environment, with all that is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Patient<'a> {
    /// The fleet as last read.
    pub snapshot: &'a Snapshot,
    /// The environment.
    pub place: &'a EnvironmentPlace,
    /// Its row: counts and troubles, judged by the same yardstick.
    pub row: &'a Overview,
    /// Its servers that are not gone.
    pub servers: &'a [&'a Server],
    /// Limits, and the time.
    pub yardstick: &'a Yardstick,
}

impl<'a> Patient<'a> {
    /// Servers in use that do a role's work, running or not.
    pub fn of_role(&self, role: &'a Role) -> impl Iterator<Item = &'a Server> + use<'a> {
        let combo = matches!(role, Role::Web | Role::Worker | Role::DbPrimary);
        self.servers
            .iter()
            .copied()
            .filter(move |s| s.is_target())
            .filter(move |s| s.role.role == *role || combo && s.role.role == Role::Combo)
    }

    /// The same, running.
    pub fn running(&self, role: &'a Role) -> impl Iterator<Item = &'a Server> + use<'a> {
        self.of_role(role).filter(|s| s.power == Power::Running)
    }

    /// The environment's group, where it was read and exists.
    #[must_use]
    pub fn group(&self) -> Option<&'a Group> {
        self.snapshot.group(self.place.group.as_ref()?)
    }

    /// A server whose address releases have in them, and which came into its role after the one was made that the group
    /// launches (R8).
    #[must_use]
    pub fn newer_than_the_release(&self) -> Option<&'a Server> {
        let made_at = self.row.release.made_at?;
        let known = [Role::DbPrimary, Role::Cache, Role::Combo];
        let mut all =
            self.servers.iter().copied().filter(|one| one.is_target() && known.contains(&one.role.role));
        all.find(|server| server.in_role_since().is_some_and(|at| at > made_at))
    }

    /// What was measured on a server about this topic, where that still tells how it is.
    #[must_use]
    pub fn measured(&self, id: &InstanceId, topic: Topic) -> Option<&'a Measured> {
        let measured = self.snapshot.measured(id);
        measured.filter(|m| Gap::of(Some(m), topic, self.yardstick).is_none())
    }

    /// What a reading of the cloud says.
    #[must_use]
    pub fn read<T>(&self, reading: &Reading<T>, text: impl Into<String>) -> Evidence {
        Evidence { text: text.into(), source: reading.source().action().to_owned(), at: reading.read_at() }
    }

    /// What a probe of a server says.
    #[must_use]
    pub fn probed(&self, id: &InstanceId, topic: Topic, text: impl Into<String>) -> Evidence {
        let at = self.snapshot.measured(id).and_then(|m| m.reading(topic)?.read_at());
        Evidence { text: text.into(), source: format!("ssh, {} on {}", topic.word(), id.short()), at }
    }

    /// Servers as a sentence names them: `i-0a11…`, or `i-0a11… and 2 more`.
    #[must_use]
    pub fn named(ids: &[InstanceId]) -> String {
        match ids {
            [] => "no server".into(),
            [one] => one.short().into(),
            [one, other] => format!("{} and {}", one.short(), other.short()),
            [one, rest @ ..] => format!("{} and {} more", one.short(), rest.len()),
        }
    }
}
