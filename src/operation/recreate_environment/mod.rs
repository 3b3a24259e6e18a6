//! recreate-environment: every server made anew as the config has it now, of another type, size or image. New ones are built
//! beside the old ones, take their place behind one page, and web servers are replaced one by one after that.

mod beside;
mod switch;
mod there;
mod web;

use super::create_environment::nothing_pending;
use super::draft::Draft;
use super::new_server::{judge, volume};
use super::replace_cache;
use super::{Facts, Options, Refused, deploy, room};
use crate::fleet::{Role, RoomQuestion};

use beside::Beside;
use there::{New, There};

/// Roles with a server of their own.
const ROLES: [Role; 4] = [Role::DbPrimary, Role::DbReplica, Role::Cache, Role::Worker];

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    facts.all_current()?;
    nothing_pending(facts)?;
    let there = There::of(draft, facts, options)?;
    let new = New::of(facts, &there)?;
    for role in ROLES.iter().filter(|role| **role != Role::DbReplica || !there.replicas.is_empty()) {
        judge::database(draft, facts, role)?;
        judge::secrets(facts, role)?;
        volume::judge(draft, facts, role)?;
    }
    draft.title(format!("make every server of {} anew", facts.place.name));
    told(draft, facts, &there, &new);
    let ahead = match there.group {
        Some(group) => deploy::ahead(draft, facts, group)?,
        None => None,
    };
    // Beside them the builder, and one web server more than there are.
    let beside = if there.group.is_some() { 2 } else { 0 };
    room::check(draft, facts, new.count().saturating_add(beside), "they are launched")?;
    for role in [Role::DbPrimary, Role::DbReplica, Role::Cache, Role::Worker, Role::Web] {
        let mut ids: Vec<_> =
            facts.servers(std::slice::from_ref(&role))?.iter().map(|server| server.id.clone()).collect();
        ids.sort();
        draft.assume_servers(&role, ids);
    }
    if let Some(group) = there.group {
        draft.assume_sizes_and_launch(group);
    }
    for server in there.replaced() {
        draft.replaces(&server.id);
    }
    draft.goes_on();
    draft.redoes();
    draft.by_name();
    let people = judge::people(draft, facts)?;
    let before_logs = judge::logs(draft, facts)?;
    let crew = beside::Crew { facts, people: &people, before_logs: before_logs.as_deref() };
    let beside = Beside::built(draft, options, crew, &there, new)?;
    // So far nobody notices anything: what is built stays when a step fails, and is gone on with.
    draft.stays_half_way();
    switch::all(draft, crew, &there, beside, ahead.as_ref())
}

/// Where they go. The types differ: the quota is looked at by the first one's.
pub(super) fn room(facts: &Facts<'_>, options: &Options) -> Option<RoomQuestion> {
    let there = There::alone(facts, options).ok()?;
    room::of_servers(New::of(facts, &there).ok()?.all())
}

fn told(draft: &mut Draft<'_>, facts: &Facts<'_>, there: &There<'_>, new: &New) {
    let environment = &facts.place.name;
    draft.noticed(
        "the maintenance page while queues are emptied, Redis goes over and the database changes hands; building the new servers \
         and replacing the web servers is not noticed",
    );
    draft.cannot_undo(
        "once the new servers have everything there is no way back: a run that is stopped after that is gone on with (`quarterdeck \
         runs resume`)",
    );
    draft.note(
        "What is built stays when a later step fails: `quarterdeck runs resume` goes on there once that is mended, and `quarterdeck \
         runs undo` takes it away. A failure behind the page, before the new servers have everything, has the old ones serve again; \
         resuming then goes behind the page once more.",
    );
    for (old, one) in there.replaced().into_iter().zip(new.each()) {
        draft.note(format!(
            "{} {} ({}) gives way to a server of type {} in {}.",
            old.role.role, old.id, old.instance_type, one.0.instance_type, one.1.zone
        ));
    }
    there.cache.told(draft, facts);
    draft.note(format!(
        "R15: the old servers stay, tagged -OLD, with their data; PostgreSQL on the old primary is stopped and masked. quarterdeck \
         apply terminate-server {environment} --servers {} lets them go once nobody misses anything.",
        there.replaced().iter().map(|server| server.id.to_string()).collect::<Vec<_>>().join(",")
    ));
    replace_cache::as_found(draft, facts, &there.users);
    if let Some(group) = there.group {
        draft.note(format!(
            "{} keeps its size until the end: neither alarms nor its schedule change it while all this goes on.",
            group.name
        ));
    }
    if there.group.is_none() {
        draft.note(format!("{environment} has no group: its web servers stay, and use the new servers."));
    }
}
