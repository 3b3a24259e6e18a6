//! create-environment: whatever an environment has not yet, side by side, in one plan that is taken up again where it
//! failed: databases, cache, worker, the first release, and a group that launches it.

mod servers;
mod web;

use super::create_release::from_base;
use super::draft::Draft;
use super::new_server::place::{self, Spread};
use super::new_server::{chosen, judge, volume};
use super::refused::some;
use super::{Facts, Options, Refused};
use crate::fleet::{NewServer, Role, RoomQuestion, Server, Standing, ZonePlace};

/// Roles that have a server of their own, in the order of the plan: whoever others need first.
const ROLES: [Role; 4] = [Role::DbPrimary, Role::DbReplica, Role::Cache, Role::Worker];

/// A server that is to be made.
struct Missing {
    role: Role,
    server: NewServer,
    zone: ZonePlace,
}

/// What an environment has not.
struct Lacking {
    servers: Vec<Missing>,
    /// The builder of the first release, and its zone; none where there is a group.
    builder: Option<(NewServer, ZonePlace)>,
}

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    facts.current("the servers were", &facts.snapshot.servers)?;
    facts.current("the groups were", &facts.snapshot.groups)?;
    nothing_pending(facts)?;
    let Lacking { servers: missing, builder } = lacking(facts)?;
    if missing.is_empty() && builder.is_none() {
        return Err(Refused::Nothing(format!(
            "{} has everything: a primary, a replica, a cache server and a worker are in use, and its group is there",
            facts.place.name
        )));
    }
    let web = builder.map(|(builder, _)| web::Web::of(facts, options, builder)).transpose()?;
    for one in &missing {
        judge::database(draft, facts, &one.role)?;
        judge::secrets(facts, &one.role)?;
        volume::judge(draft, facts, &one.role)?;
    }
    let people = judge::people(draft, facts)?;
    let count = missing.len() + web.iter().map(web::Web::servers).sum::<usize>();
    super::room::check(draft, facts, u32::try_from(count).unwrap_or(u32::MAX), "they are launched")?;
    draft.goes_on();
    let parts = missing.iter().map(|one| one.role.to_string());
    let parts = parts.chain(web.iter().map(|_| "web servers".to_owned()));
    draft.title(format!("create {}: {}", facts.place.name, some(parts)));
    draft.note(
        "What a step has made stays when a later one fails: `quarterdeck runs resume` goes on there once that is mended, and \
         `quarterdeck runs undo` takes away what is not in use.",
    );
    let runs_code = web.is_some() || missing.iter().any(|one| one.role == Role::Worker);
    let code = if runs_code { Some(chosen(facts, options)?) } else { None };
    servers::lanes(draft, facts, options, &people, missing)?;
    if let (Some(web), Some(code)) = (web, code) {
        web.lane(draft, facts, options, code)?;
    }
    Ok(())
}

/// Where they go. The types differ: the quota is looked at by the first one's.
pub(super) fn room(facts: &Facts<'_>, _: &Options) -> Option<RoomQuestion> {
    let Lacking { servers, builder } = lacking(facts).ok()?;
    let all: Vec<(NewServer, ZonePlace)> =
        servers.into_iter().map(|one| (one.server, one.zone)).chain(builder).collect();
    super::room::of_servers(all)
}

/// The servers that there are not, where each goes and what it is; and the builder of the first release, where there is no
/// group.
fn lacking(facts: &Facts<'_>) -> Result<Lacking, Refused> {
    let mut spread = Spread::of(facts)?;
    let mut all = Vec::new();
    for role in ROLES {
        let there = match role {
            // R22: a combo is primary, worker and web server.
            Role::DbPrimary | Role::Worker => facts.servers(&[role.clone(), Role::Combo])?,
            _ => facts.servers(std::slice::from_ref(&role))?,
        };
        if there.is_empty() {
            let zone = spread.next(&role)?;
            let server = place::server(facts, &role, &zone)?;
            all.push(Missing { role, server, zone });
        }
    }
    let groups = facts.known("the groups are", &facts.snapshot.groups)?;
    let builder = match &facts.place.group {
        Some(group) if !groups.contains_key(group) => {
            let zone = spread.next(&Role::Web)?;
            Some((from_base::builder(facts, &zone)?, zone))
        }
        _ => None,
    };
    Ok(Lacking { servers: all, builder })
}

/// What another run makes, or has left, would be made twice.
pub(super) fn nothing_pending(facts: &Facts<'_>) -> Result<(), Refused> {
    let all = facts.known("the servers are", &facts.snapshot.servers)?;
    let mine = |server: &&Server| {
        server.environment.as_ref() == Some(&facts.place.name)
            && server.role.standing == Standing::Pending
            && !server.is_gone()
    };
    let pending =
        some(all.values().filter(mine).map(|server| format!("{} ({})", server.id, server.role.role)));
    if pending.is_empty() {
        return Ok(());
    }
    Err(Refused::State(format!(
        "servers of {} are being made, or were left by a run that failed: {pending}. `quarterdeck runs list` has that run: \
         resume or undo it; or let them go with terminate-server",
        facts.place.name
    )))
}
