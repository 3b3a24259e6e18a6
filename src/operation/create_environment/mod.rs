//! create-environment: whatever an environment has not yet, side by side, in one plan that is taken up again where it
//! failed.

use super::draft::Draft;
use super::new_server::lane::{Build, Made};
use super::new_server::place::{self, Spread};
use super::new_server::{judge, volume};
use super::refused::some;
use super::{Facts, Options, Refused};
use crate::fleet::{NewServer, Role, RoomQuestion, Server, Standing, SubnetChoice, ZonePlace};
use crate::plan::{Address, Lasts};

/// Roles that have a server of their own, in the order of the plan.
const ROLES: [Role; 3] = [Role::DbPrimary, Role::DbReplica, Role::Cache];

/// A server that is to be made.
struct Missing {
    role: Role,
    server: NewServer,
    zone: ZonePlace,
}

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, _: &Options) -> Result<(), Refused> {
    facts.current("the servers were", &facts.snapshot.servers)?;
    nothing_pending(facts)?;
    let missing = missing(facts)?;
    if missing.is_empty() {
        return Err(Refused::State(format!(
            "{} has everything: a primary, a replica and a cache server are in use",
            facts.place.name
        )));
    }
    for one in &missing {
        judge::database(draft, facts, &one.role)?;
        judge::secrets(facts, &one.role)?;
        volume::judge(draft, facts, &one.role)?;
    }
    let people = judge::people(draft, facts)?;
    super::room::check(draft, facts, u32::try_from(missing.len()).unwrap_or(u32::MAX), "they are launched")?;
    draft.goes_on();
    draft.title(format!("create {}: {}", facts.place.name, some(missing.iter().map(|one| &one.role))));
    draft.note(
        "What a step has made stays when a later one fails: `quarterdeck runs resume` goes on there once that is mended, and \
         `quarterdeck runs undo` takes away what is not in use.",
    );
    let there = facts.servers(&[Role::DbPrimary, Role::Combo])?;
    let known = |server: &&Server| server.private_address.clone().map(Address::Known);
    let mut build =
        Build { facts, people: &people, primary: there.first().and_then(known), lasts: Lasts::Stays };
    let mut primary: Option<Made> = None;
    for Missing { role, server, zone } in missing {
        // R12: there is nothing to copy before the primary is whole.
        let ready =
            if role == Role::DbReplica { primary.iter().map(|made| made.used).collect() } else { Vec::new() };
        let made = build.server(draft, role.word(), &role, server, &zone.zone, &[("copy", ready)]);
        if role == Role::DbPrimary {
            build.primary = Some(Address::later(made.slot.clone()));
            primary = Some(made);
        }
    }
    Ok(())
}

/// Where they go; the types differ, and the quota is asked for the largest share: databases.
pub(super) fn room(facts: &Facts<'_>, _: &Options) -> Option<RoomQuestion> {
    let missing = missing(facts).ok()?;
    let instance_type = missing.first()?.server.instance_type.clone();
    let mut subnets: Vec<String> = missing.iter().filter_map(|one| one.zone.subnet.clone()).collect();
    subnets.sort();
    subnets.dedup();
    let mut zones: Vec<_> = missing.into_iter().map(|one| one.zone.zone).collect();
    zones.sort();
    zones.dedup();
    let subnets =
        if subnets.is_empty() { SubnetChoice::DefaultOf(zones) } else { SubnetChoice::Named(subnets) };
    Some(RoomQuestion { subnets, instance_type: Some(instance_type) })
}

/// The servers that there are not, where each goes and what it is.
fn missing(facts: &Facts<'_>) -> Result<Vec<Missing>, Refused> {
    let mut spread = Spread::of(facts)?;
    let mut all = Vec::new();
    for role in ROLES {
        let mut there = facts.servers(std::slice::from_ref(&role))?;
        if role == Role::DbPrimary {
            there.extend(facts.servers(&[Role::Combo])?);
        }
        if there.is_empty() {
            let zone = spread.next(&role)?;
            let server = place::server(facts, &role, &zone)?;
            all.push(Missing { role, server, zone });
        }
    }
    Ok(all)
}

/// What another run makes, or has left, would be made twice.
fn nothing_pending(facts: &Facts<'_>) -> Result<(), Refused> {
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
         resume or undo it; or terminate them",
        facts.place.name
    )))
}
