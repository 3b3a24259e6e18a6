//! replace-cache-server: another server takes the place of the one with Redis, Memcached and RabbitMQ, whether that works, works
//! in part, or is gone (R18). Of one that works everything is brought over; users see the page for as long as that takes.

mod old;
mod steps;
mod users;

use super::create_release::Made;
use super::deploy;
use super::draft::Draft;
use super::new_server::{judge, place, volume};
use super::on_servers::group;
use super::processes::page_of;
use super::refused::some;
use super::settings::Settings;
use super::{Facts, Options, Refused, incident, room};
use crate::fleet::{
    Changeset, Group, NewServer, Person, Process, Role, RoomQuestion, Standing, SubnetChoice, ZonePlace,
};
use crate::plan::{Page, StepId};

pub(super) use old::Old;
pub(super) use steps::{Cast, bake, close, forget, over, point, seen, whole};
pub(super) use users::{STAYS, Users, code_of};

/// What is made, judged before anything begins.
struct New {
    server: NewServer,
    zone: ZonePlace,
    people: Vec<Person>,
    before_logs: Option<String>,
}

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    facts.all_current()?;
    let old = Old::of(draft, facts, options)?;
    let users = Users::of(facts)?;
    let new = new(draft, facts, options)?;
    let group = facts.place.group.as_ref().map(|_| facts.group()).transpose()?;
    draft.title(format!("have a new server take the place of {}", old.name()));
    old.told(draft, facts);
    told(draft, facts, &old, &users);
    pending(draft, facts)?;
    for role in [Role::Cache, Role::Worker, Role::Web] {
        let there = facts.servers(std::slice::from_ref(&role))?;
        draft.assume_servers(&role, there.iter().map(|server| server.id.clone()).collect());
    }
    draft.assume_combos()?;
    if let Some(group) = group {
        draft.assume_sizes_and_launch(group);
    }
    if let Some(server) = old.server {
        draft.replaces(&server.id);
    }
    draft.goes_on();
    draft.by_name();
    steps::all(draft, facts, options, &steps::Cast { old: &old, users: &users, group }, new)
}

/// The new server, as the config has it, else like the old one.
fn new(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<New, Refused> {
    judge::secrets(facts, &Role::Cache)?;
    volume::judge(draft, facts, &Role::Cache)?;
    let people = judge::people(draft, facts)?;
    let before_logs = judge::logs(draft, facts)?;
    let (server, zone) = placed(facts, options)?;
    room::check(draft, facts, 1, "it is launched")?;
    Ok(New { server, zone, people, before_logs })
}

fn placed(facts: &Facts<'_>, options: &Options) -> Result<(NewServer, ZonePlace), Refused> {
    let zones = place::zones(facts, options, &Role::Cache, 1)?;
    let Some(zone) = zones.into_iter().next() else {
        return Err(Refused::State("there is no zone for the new server".into()));
    };
    Ok((place::server(facts, &Role::Cache, &zone)?, zone))
}

/// Where the new server goes, and what it is.
pub(super) fn room(facts: &Facts<'_>, options: &Options) -> Option<RoomQuestion> {
    let (server, zone) = placed(facts, options).ok()?;
    let subnets = match zone.subnet {
        Some(subnet) => SubnetChoice::Named(vec![subnet]),
        None => SubnetChoice::DefaultOf(vec![zone.zone]),
    };
    Some(RoomQuestion { subnets, instance_type: Some(server.instance_type) })
}

/// What another run makes, or has left.
fn pending(draft: &mut Draft<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
    let all = facts.known("the servers are", &facts.snapshot.servers)?;
    let pending = all.values().filter(|server| {
        server.environment.as_ref() == Some(&facts.place.name)
            && server.role.role == Role::Cache
            && server.role.standing == Standing::Pending
            && !server.is_gone()
    });
    let pending = some(pending.map(|server| &server.id));
    if !pending.is_empty() {
        draft.note(format!(
            "{pending} is tagged cache-PENDING already: another run makes it, or one that failed has left it. \
             `quarterdeck runs list` has that run."
        ));
    }
    Ok(())
}

/// What users notice, what cannot be undone, and what stays as somebody else has left it.
fn told(draft: &mut Draft<'_>, facts: &Facts<'_>, old: &Old<'_>, users: &Users<'_>) {
    let environment = &facts.place.name;
    draft.noticed(if old.is_incident() {
        "the maintenance page until a new server is built and everybody uses it, which takes some ten minutes"
    } else {
        "the maintenance page while queues are emptied, Redis goes over and everybody turns to the new server; building it is not \
         noticed"
    });
    draft.cannot_undo(
        "once the new server is in use there is no way back: what is written to it then, the old one does not know. A run that is \
         stopped after that is gone on with (`quarterdeck runs resume`); until then undoing it leads back to the old one",
    );
    if old.is_incident() {
        draft.note(
            "Page and group stay as they are when a step fails: `quarterdeck runs resume` goes on there once that is mended, and \
             `quarterdeck runs undo` puts them back.",
        );
    }
    if let Some(server) = old.server {
        draft.note(format!(
            "{id} stays, as cache-OLD, with what it holds: quarterdeck apply terminate-server {environment} --servers {id} lets it \
             go once nobody misses anything.",
            id = server.id
        ));
    }
    if users.workers.is_empty() && old.tasks {
        draft
            .note("There is no worker that runs: nobody empties the queues, and what waits in them is lost.");
    }
    as_found(draft, facts, users);
}

/// R1: what somebody has held or put up before stays so, and whoever did it has to end it.
pub(super) fn as_found(draft: &mut Draft<'_>, facts: &Facts<'_>, users: &Users<'_>) {
    let environment = &facts.place.name;
    if users.web.iter().any(|server| page_of(facts, server).is_some_and(|page| page != Page::Off)) {
        draft.note(format!(
            "The maintenance page is up already, and stays up in the end: quarterdeck apply end-upgrade {environment} takes it off."
        ));
    }
    let Some(group) = group(facts) else { return };
    let held: Vec<&str> = held(group).into_iter().map(Process::word).collect();
    if !held.is_empty() {
        draft.note(format!(
            "{} of {} are suspended already, and stay so in the end: quarterdeck apply resume-processes {environment} \
             --processes {}.",
            held.join(", "),
            group.name,
            held.join(",")
        ));
    }
}

/// Processes that are held by somebody already, of those that this holds.
fn held(group: &Group) -> Vec<Process> {
    let all = incident::HELD.into_iter().chain(steps::LAUNCHES);
    all.filter(|process| group.is_suspended(process.word())).collect()
}

/// R8: a release that knows the new server, made before servers are launched again. In an incident one that cannot be made
/// keeps nobody waiting.
pub(super) fn release(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    group: &Group,
    old: &Old<'_>,
) -> Result<Option<Made>, Refused> {
    match Made::anew(draft, facts, options, group) {
        Ok(made) => Ok(Some(made.gone_on_with())),
        Err(why @ (Refused::State(_) | Refused::Facts(_))) if old.is_incident() => {
            let (environment, name) = (&facts.place.name, &group.name);
            draft.note(format!(
                "R8: no release that knows the new server can be made ({why}), so Launch of {name} stays suspended. Then: \
                 quarterdeck apply create-release {environment}, deploy-serial {environment}, and resume-processes {environment} \
                 --processes Launch,ScheduledActions."
            ));
            Ok(None)
        }
        Err(why) => Err(why),
    }
}

/// Settings with the address of the new server.
pub(super) fn settings(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    code: &Changeset,
) -> Result<Settings, Refused> {
    let settings = Settings::of(draft, facts, options, code)?;
    if !settings.is_written() {
        draft.note(
            "Settings on the servers stay as they are, and name the old server: where they know it by an address rather than a name \
             that follows, write them by hand.",
        );
    }
    Ok(settings)
}

/// R7: a group that follows a moving version is pinned before a release is made.
fn pinned(draft: &mut Draft<'_>, group: &Group, release: &Made) -> Option<StepId> {
    deploy::pin(draft, group, release.like())
}
