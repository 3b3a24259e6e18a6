//! Replicas that do not do their work: made anew of the primary, or left alone by whoever reads from them, and back.

mod reads;
mod resync;

use super::promote::position;
use super::refused::some;
use super::{Facts, Refused};
use crate::fleet::measured::{Postgres, Unit};
use crate::fleet::{Power, Role, Server, Severity, words};

pub(super) use reads::{leave, turn_back};
pub(super) use resync::plan as resync;

/// How a replica is, as it was measured.
enum State {
    /// It streams.
    Streams,
    /// Its `PostgreSQL` does not run.
    Down,
    /// It takes writes itself.
    Writes,
    /// It runs, and hears nothing from a primary.
    Cut,
    /// Nobody knows.
    Unknown,
}

fn postgres<'f>(facts: &Facts<'f>, server: &Server) -> Option<&'f Postgres> {
    facts.snapshot.measured(&server.id)?.postgres()
}

/// Whether every cluster of `PostgreSQL` on a server is known to be down.
pub(super) fn is_down(facts: &Facts<'_>, server: &Server) -> bool {
    facts.snapshot.measured(&server.id).and_then(|measured| measured.units()).is_some_and(|units| {
        let named = |begins: &str| -> Vec<&Unit> {
            units.units.iter().filter(|unit| unit.name.starts_with(begins)).collect()
        };
        // The umbrella over the clusters is active whatever they do.
        let clusters = named("postgresql@");
        let known = if clusters.is_empty() { named("postgresql") } else { clusters };
        !known.is_empty() && known.iter().all(|unit| unit.severity() == Severity::Down)
    })
}

fn state(facts: &Facts<'_>, server: &Server) -> State {
    if is_down(facts, server) {
        return State::Down;
    }
    let Some(postgres) = postgres(facts, server) else { return State::Unknown };
    if !postgres.in_recovery {
        return State::Writes;
    }
    let Some(replica) = &postgres.replica else { return State::Unknown };
    // Whatever timeline its last checkpoint was on: nobody streams from one that is none of its own.
    if replica.receiver.as_deref() != Some("streaming") {
        return State::Cut;
    }
    State::Streams
}

/// How much of what the primary has written a replica has not replayed, as far as both were measured.
fn behind(facts: &Facts<'_>, replica: &Server, primary: Option<&Server>) -> Option<u64> {
    let written = position(postgres(facts, primary?)?.position.as_deref()?)?;
    let replayed = position(postgres(facts, replica)?.replica.as_ref()?.replayed.as_deref()?)?;
    Some(written.saturating_sub(replayed))
}

/// The one primary, which nothing is known against. `lest` is what would happen if it were not good.
fn good_primary<'f>(facts: &Facts<'f>, lest: &str) -> Result<&'f Server, Refused> {
    let name = &facts.place.name;
    let primaries = facts.servers(&[Role::DbPrimary, Role::Combo])?;
    let primary = match primaries.as_slice() {
        [one] => *one,
        [] => {
            return Err(Refused::State(format!(
                "{name} has no primary in use: {lest}. promote-replica makes a replica the primary"
            )));
        }
        several => {
            return Err(Refused::State(format!(
                "{name} has {} servers with a primary: {}. {lest}: settle which one it is, and tag the other db-primary-OLD",
                several.len(),
                some(several.iter().map(|server| &server.id))
            )));
        }
    };
    let measured = facts.snapshot.measured(&primary.id);
    let wrong = if primary.power != Power::Running {
        Some(format!("is {}", primary.power.word()))
    } else if let Some(failure) = measured.and_then(|measured| measured.unreachable.as_ref()) {
        Some(format!("does not answer ({})", failure.message))
    } else if is_down(facts, primary) {
        Some("has its PostgreSQL stopped".to_owned())
    } else if postgres(facts, primary).is_some_and(|postgres| postgres.in_recovery) {
        Some("takes no writes: it replays another server's WAL".to_owned())
    } else {
        None
    };
    match wrong {
        None => Ok(primary),
        Some(wrong) => Err(Refused::State(format!(
            "the primary {} {wrong}: {lest}. Mend the primary first, or make a replica the primary with promote-replica",
            primary.id
        ))),
    }
}

/// Refuses a replica that no script could be run on.
fn can_be_asked(facts: &Facts<'_>, replica: &Server, instead: &str) -> Result<(), Refused> {
    let id = &replica.id;
    if replica.power != Power::Running {
        let power = replica.power.word();
        return Err(Refused::State(format!("replica {id} is {power}: start it first, or {instead}")));
    }
    match facts.snapshot.measured(id).and_then(|measured| measured.unreachable.as_ref()) {
        None => Ok(()),
        Some(failure) => Err(Refused::State(format!(
            "replica {id} cannot be reached: {}; mend that first, or {instead}",
            failure.message
        ))),
    }
}

/// Who has the address of replicas in their settings, in words; none where nobody reads from any of these.
fn readers(facts: &Facts<'_>) -> Result<Option<String>, Refused> {
    let count = |roles: &[Role], what: &str| -> Result<Option<String>, Refused> {
        let all = facts.servers(roles)?.iter().filter(|server| server.power == Power::Running).count();
        Ok((all > 0).then(|| words::count(u64::try_from(all).unwrap_or(u64::MAX), what)))
    };
    let found = [
        count(&[Role::Web], "web server")?,
        count(&[Role::Worker], "worker")?,
        count(&[Role::Combo], "combo server")?,
    ];
    let found: Vec<String> = found.into_iter().flatten().collect();
    Ok((!found.is_empty()).then(|| found.join(" and ")))
}

/// What a plan of these takes for granted.
fn assume(draft: &mut super::draft::Draft<'_>, facts: &Facts<'_>, roles: &[Role]) -> Result<(), Refused> {
    for role in roles {
        let ids = facts.servers(std::slice::from_ref(role))?.iter().map(|server| server.id.clone()).collect();
        draft.assume_servers(role, ids);
    }
    draft.assume_combos()
}
