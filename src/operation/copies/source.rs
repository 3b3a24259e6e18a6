//! Which server a copy is taken from: a replica that keeps up, where there is one, for it has less to do.

use super::super::draft::Draft;
use super::super::refused::some;
use super::super::{Facts, Refused};
use super::{primary, servers_of, size};
use crate::fleet::{EnvironmentPlace, InstanceId, Role, Server, words};
use crate::recipe::database::MOST_BEHIND_S;

/// Where a copy is taken from.
pub(super) struct Source<'f> {
    pub(super) server: &'f Server,
    /// How large the database is, where that was measured.
    pub(super) bytes: Option<u64>,
    /// How many seconds it may be behind when it begins; none where somebody said that it does not count.
    pub(super) most_behind: Option<u32>,
}

impl<'f> Source<'f> {
    /// The one that is named, else the replica that keeps up best, else the primary.
    pub(super) fn of(
        draft: &mut Draft<'_>,
        facts: &Facts<'f>,
        place: &EnvironmentPlace,
        named: &[InstanceId],
    ) -> Result<Self, Refused> {
        let mut all = servers_of(facts, place, &[Role::DbReplica, Role::DbPrimary, Role::Combo])?;
        let bytes = size(facts, &all);
        if !named.is_empty() {
            all = vec![by_name(&all, place, named)?];
        }
        let replicas: Vec<&Server> =
            all.iter().filter(|server| server.role.role == Role::DbReplica).copied().collect();
        if replicas.is_empty() {
            let server = if named.is_empty() { primary(facts, place)? } else { first(&all, place)? };
            return Ok(Self { server, bytes, most_behind: Some(MOST_BEHIND_S) });
        }
        let mut known: Vec<(Option<f64>, &Server)> =
            replicas.iter().map(|server| (behind(facts, server), *server)).collect();
        known.sort_by(|(a, one), (b, other)| {
            let order = |known: &Option<f64>| known.unwrap_or(f64::MAX);
            order(a).total_cmp(&order(b)).then_with(|| one.id.cmp(&other.id))
        });
        let Some((behind, server)) = known.into_iter().next() else { return Err(none(place)) };
        let mut most_behind = Some(MOST_BEHIND_S);
        let wrong = match behind {
            Some(seconds) if seconds <= f64::from(MOST_BEHIND_S) => None,
            Some(seconds) => Some(format!("is {} behind its primary", words::seconds(seconds))),
            None => {
                Some("does not stream, or was not measured: how old its data are is not known".to_owned())
            }
        };
        if let Some(wrong) = wrong {
            let instead = primary(facts, place).map_or_else(
                |_| "there is no primary that could be named instead".to_owned(),
                |primary| {
                    format!("wait until it has caught up, or name the primary with --servers {}", primary.id)
                },
            );
            draft.refuse_unless(
                "stale-replica",
                format!(
                    "replica {} {wrong}. The copy would lack what is missing there: {instead}",
                    server.id
                ),
            )?;
            most_behind = None;
        }
        Ok(Self { server, bytes, most_behind })
    }

    /// What it is, for a note.
    pub(super) fn told(&self) -> String {
        let Server { id, role, .. } = self.server;
        let size = self.bytes.map_or_else(|| "of a size that was not measured".to_owned(), words::bytes);
        format!("{} {id}, {size}", role.role)
    }
}

/// How many seconds a replica is behind; none where nobody knows.
fn behind(facts: &Facts<'_>, server: &Server) -> Option<f64> {
    let replica = facts.snapshot.measured(&server.id)?.postgres()?.replica.as_ref()?;
    let streams = replica.receiver.as_deref() == Some("streaming") && !replica.paused;
    replica.delay.filter(|_| streams)
}

pub(super) fn by_name<'f>(
    all: &[&'f Server],
    place: &EnvironmentPlace,
    named: &[InstanceId],
) -> Result<&'f Server, Refused> {
    let [word] = named else {
        return Err(Refused::Usage("one server is meant: leave all but one of --servers out".into()));
    };
    let near: Vec<&&Server> =
        all.iter().filter(|server| server.id.as_str().starts_with(word.as_str())).collect();
    match near.as_slice() {
        [one] => Ok(one),
        [] => Err(Refused::Usage(format!(
            "{word} is no database server of {} that runs; there {}",
            place.name,
            super::super::refused::listed(all.iter().map(|server| &server.id))
        ))),
        several => Err(Refused::Usage(format!(
            "`{word}` can be several servers: {}; write more of the id",
            some(several.iter().map(|server| &server.id))
        ))),
    }
}

fn first<'f>(all: &[&'f Server], place: &EnvironmentPlace) -> Result<&'f Server, Refused> {
    all.first().copied().ok_or_else(|| none(place))
}

fn none(place: &EnvironmentPlace) -> Refused {
    Refused::State(format!("{} has no database server in use that runs", place.name))
}
