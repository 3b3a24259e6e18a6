//! Copies of databases: backups, what is restored from one, and the data of one environment in another.
//!
//! What is loaded is loaded into a database of its own, beside the one that is in use. Only names change in the end, and the
//! old database is kept, so that going back is changing them again.

mod backup;
mod relay;
mod reload;
mod restore;
mod source;
mod swap;

use super::draft::Draft;
use super::refused::some;
use super::{Facts, Refused};
use crate::fleet::{EnvironmentPlace, InstanceId, Power, Role, Server, words};

pub(super) use backup::plan as backup;
pub(super) use reload::plan as reload;
pub(super) use restore::plan as restore;

/// A large database takes its time.
const LONG_S: u32 = 24 * 3_600;

/// Room that is left on a disk in any case, in bytes.
pub(super) const SPARE: u64 = 512 * 1024 * 1024;

/// The longest name of a database that PostgreSQL does not cut.
const LONGEST_NAME: usize = 63;

/// What databases are called while one takes the place of another.
struct Names {
    /// What is loaded.
    incoming: String,
    /// What was there before.
    before: String,
}

impl Names {
    fn of(facts: &Facts<'_>) -> Result<Self, Refused> {
        let database = &facts.place.layout.database;
        let at = facts.now.strftime("%Y%m%dt%H%M%S");
        let names =
            Self { incoming: format!("{database}_from_{at}"), before: format!("{database}_before_{at}") };
        if names.before.len() > LONGEST_NAME {
            return Err(Refused::State(format!(
                "the name {database} is too long for another one beside it, which would be {}: PostgreSQL takes {LONGEST_NAME} \
                 letters",
                names.before
            )));
        }
        Ok(names)
    }
}

/// The servers in use of an environment of these roles that run.
fn servers_of<'f>(
    facts: &Facts<'f>,
    place: &EnvironmentPlace,
    roles: &[Role],
) -> Result<Vec<&'f Server>, Refused> {
    let all = facts.known("the servers are", &facts.snapshot.servers)?;
    let mine = |server: &&Server| {
        server.environment.as_ref() == Some(&place.name)
            && server.is_target()
            && server.power == Power::Running
            && roles.contains(&server.role.role)
    };
    Ok(all.values().filter(mine).collect())
}

/// The one server that takes writes.
fn primary<'f>(facts: &Facts<'f>, place: &EnvironmentPlace) -> Result<&'f Server, Refused> {
    let name = &place.name;
    match servers_of(facts, place, &[Role::DbPrimary, Role::Combo])?.as_slice() {
        [one] => Ok(one),
        [] => Err(Refused::State(format!(
            "{name} has no primary that runs: start it, promote its replica, or make one with new-server"
        ))),
        several => Err(Refused::State(format!(
            "{name} has {} servers with a primary: {}. Settle which one it is, and tag the other db-primary-OLD",
            several.len(),
            some(several.iter().map(|server| &server.id))
        ))),
    }
}

/// How large the environment's database is, as it was measured on one of these servers.
pub(super) fn size(facts: &Facts<'_>, servers: &[&Server]) -> Option<u64> {
    servers.iter().find_map(|server| facts.snapshot.measured(&server.id)?.postgres()?.database_bytes)
}

/// How much room the disk of a directory has, as it was measured.
pub(super) fn free(facts: &Facts<'_>, server: &InstanceId, path: &str) -> Option<u64> {
    let mounts = &facts.snapshot.measured(server)?.disks()?.mounts;
    let holds = |mount: &str| {
        path.strip_prefix(mount.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let of_path = mounts.iter().filter(|mount| holds(&mount.path));
    of_path.max_by_key(|mount| mount.path.len()).map(|mount| mount.available)
}

/// Refuses what would fill a disk, as far as that is known; the server looks again.
fn has_room(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    server: &Server,
    path: &str,
    needed: Option<u64>,
    what: &str,
) -> Result<(), Refused> {
    let (Some(needed), Some(free)) = (needed, free(facts, &server.id, path)) else { return Ok(()) };
    if free > needed.saturating_add(SPARE) {
        return Ok(());
    }
    draft.refuse_unless(
        "little-room",
        format!(
            "{what} may take {} on {}, and the disk of {path} has {} free: PostgreSQL stops where its disk is full. Make room, \
             or take a larger volume",
            words::bytes(needed),
            server.id,
            words::bytes(free)
        ),
    )
}
