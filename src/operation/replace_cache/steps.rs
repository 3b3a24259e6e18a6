//! The steps: a new server, a release that knows it, the page, what is brought over, and everybody turned to the new server.

use super::super::create_release::{self, Made};
use super::super::draft::{Draft, step};
use super::super::new_server::{Build, Built};
use super::super::on_servers::{out_of_use, page_up, root_job, root_job_later};
use super::super::{Facts, Options, Refused, incident};
use super::old::{Old, Sessions};
use super::users::{STAYS, Users, code_of, for_good};
use super::{New, pinned, release, settings};
use crate::fleet::{Group, LaunchSource, Process, Role, Server};
use crate::plan::{
    Action, Address, Assignment, InstanceRef, JobFile, Lasts, Setting, Slot, Step, StepId, TextOf, Undo,
    Value,
};
use crate::recipe::{build as parts, cache};

/// The lane of the new server, and its slot.
const NEW: &str = "cache";

/// What launches servers: until there is a release that knows the new server, they would have the old address (R8).
pub(super) const LAUNCHES: [Process; 2] = [Process::Launch, Process::ScheduledActions];

/// For what may take long, in seconds.
const LONG_S: u32 = 7_200;

/// Who takes part.
pub(in super::super) struct Cast<'a, 'f> {
    pub(in super::super) old: &'a Old<'f>,
    pub(in super::super) users: &'a Users<'f>,
    pub(in super::super) group: Option<&'f Group>,
}

/// What is held and up while everybody turns.
pub(in super::super) struct Closed {
    /// What the group does by itself with those that are there, and the page.
    pub(in super::super) back: Vec<StepId>,
    /// What launches servers.
    pub(in super::super) launches: Option<StepId>,
    /// From then on no user comes in.
    pub(in super::super) ready: Vec<StepId>,
}

/// Everything.
pub(super) fn all(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    cast: &Cast<'_, '_>,
    new: New,
) -> Result<(), Refused> {
    let urgent = cast.old.is_incident();
    let early = if urgent { Some(close(draft, facts, cast, &[])) } else { None };
    let ready = early.as_ref().map(|closed| closed.ready.clone()).unwrap_or_default();
    let role = Role::Cache;
    let New { server, zone, people, before_logs } = new;
    let maker = Build {
        facts,
        role: &role,
        people: &people,
        primary: None,
        app: None,
        before_logs: before_logs.as_deref(),
        lasts: Lasts::UnlessStopped,
    };
    let built = maker.pending(draft, NEW, server, &zone.zone, &ready);
    draft.arrives(&role, built.slot.clone(), built.launched);
    let code = code_of(facts)?;
    let settings = settings(draft, facts, options, &code)?;
    let made = match cast.group {
        Some(group) => release(draft, facts, options, group, cast.old)?,
        None => None,
    };
    let made =
        cast.group.zip(made).map(|(group, made)| (group, bake(draft, facts, group, made, &built, &ready)));
    let seen = seen(draft, facts, cast, &built);
    let closed = if let Some(closed) = early {
        closed
    } else {
        // What takes long is done before anybody notices.
        let before: Vec<StepId> = seen.iter().copied().chain(made.map(|(_, made)| made)).collect();
        close(draft, facts, cast, &before)
    };
    let (stopped, there) = over(draft, facts, cast, &built, &closed);
    let settled = draft.unless_stopped();
    let whole = draft.add(Step {
        after: [&there[..], &seen, &closed.ready].concat(),
        // From here on nobody goes back.
        settles: settled,
        seals: true,
        ..whole(&built)
    });
    let tagged = match cast.old.server {
        Some(old) => out_of_use(draft, old, whole, STAYS),
        None => whole,
    };
    let used = maker.put_to_use(draft, NEW, &built, &[tagged]);
    let (mut ends, started) = cast.users.turn(draft, facts, &settings, &code, (used, &stopped));
    // Users of a site whose queue is lost do not wait until Celery has ended what hangs.
    if cast.old.gives() || ends.is_empty() {
        ends.extend(started);
    }
    if ends.is_empty() {
        ends.push(used);
    }
    let environment = facts.place.name.as_str();
    let title = "take the page off, and let the group go on as before, but for what launches servers";
    let open = draft.restore("web", title, environment, closed.back, &ends);
    if let Some((group, made)) = made {
        let after: Vec<StepId> = open.into_iter().chain(ends.iter().copied()).chain([made]).collect();
        let pointed = point(draft, group, &after);
        let launches: Vec<StepId> = closed.launches.into_iter().collect();
        draft.restore("group", "let the group launch again", group.name.as_str(), launches, &[pointed]);
    }
    forget(draft, facts, cast, &built, &open.map_or(ends, |open| vec![open]));
    if urgent {
        draft.stays_half_way();
    }
    Ok(())
}

/// R1: the group is held still, then the page goes up.
pub(in super::super) fn close(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    cast: &Cast<'_, '_>,
    after: &[StepId],
) -> Closed {
    let mut held = None;
    let mut launches = None;
    if let Some(group) = cast.group {
        held = draft.set_processes(group, &incident::HELD, true, Lasts::UnlessStopped, after);
        let then: Vec<StepId> = held.map_or_else(|| after.to_vec(), |held| vec![held]);
        launches = draft.set_processes(group, &LAUNCHES, true, Lasts::UnlessStopped, &then);
    }
    let quiet: Vec<StepId> = held.into_iter().chain(launches).collect();
    let before = if quiet.is_empty() { after.to_vec() } else { quiet.clone() };
    let paged = page_up(draft, facts, &cast.users.web, Lasts::UnlessStopped, &before);
    if let Some(first) = paged {
        // A server that came meanwhile would have no page, and the old address.
        draft.look_again_before(first);
    }
    let ready = paged.map_or(before, |paged| vec![paged]);
    Closed { back: held.into_iter().chain(paged).collect(), launches, ready }
}

/// R8: a release with the settings of then. Nothing of it is done before the new server answers that would ask it.
pub(in super::super) fn bake(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    group: &Group,
    made: Made,
    built: &Built,
    ready: &[StepId],
) -> StepId {
    let pin = pinned(draft, group, &made);
    if let Some(pin) = pin {
        draft.after(pin, ready);
    }
    let made = made.steps(draft, facts, group, pin.or_else(|| ready.last().copied()), false);
    draft.wait("builder", "settings", [built.ready]);
    made
}

/// What must be so is looked at before anything changes: what is in the old server, and that the new one is reached.
pub(in super::super) fn seen(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    cast: &Cast<'_, '_>,
    built: &Built,
) -> Vec<StepId> {
    let mut seen = vec![built.ready];
    if let Some(old) = cast.old.server.filter(|_| !cast.old.is_incident()) {
        let script = cache::look(&facts.place.layout);
        let looked = root_job(
            old,
            "see what is in it, and whether that can be brought over",
            "look",
            script,
            None,
            180,
        );
        seen.push(draft.add(looked));
    }
    for server in cast.users.all() {
        let title = "see that it reaches the new cache server";
        let reach = root_job(server, title, "reach", cache::reach(), None, 240);
        seen.push(draft.add(Step { after: vec![built.ready], ..told_address(facts, built, reach) }));
    }
    seen
}

/// Work ends, and what the old server holds goes over. Gives the steps by which Celery is stopped, and those after which
/// everything is there.
pub(in super::super) fn over(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    cast: &Cast<'_, '_>,
    built: &Built,
    closed: &Closed,
) -> (Vec<StepId>, Vec<StepId>) {
    let (old, users) = (cast.old, cast.users);
    let mut ready = closed.ready.clone();
    let drains = old.server.filter(|_| old.tasks && !users.workers.is_empty());
    if let Some(server) = drains {
        let quiet: Vec<StepId> =
            users.workers.iter().map(|worker| draft.add(users.quiet(facts, worker, &ready))).collect();
        let drain = root_job(
            server,
            "wait until workers have emptied the queues",
            "drain",
            cache::drain(&facts.place.layout),
            None,
            cache::DRAIN_S + 300,
        );
        let becomes = Some("empty, or what is left is copied".into());
        ready = vec![draft.add(Step { after: quiet, becomes, ..drain })];
    }
    let stopped = users.stop(draft, facts, &ready);
    let still = if stopped.is_empty() { ready } else { stopped.clone() };
    let mut there = if old.gives() { still.clone() } else { Vec::new() };
    if let Some((server, worker)) = drains.zip(users.first())
        && let Some(address) = &server.private_address
    {
        let script = cache::tasks(&facts.place.layout, address, old.queues(facts));
        let title = "copy the tasks that are left";
        let copy = root_job(worker, title, "tasks", script, None, 1_800);
        let after = [&still[..], &[built.ready]].concat();
        there.push(draft.add(Step { after, ..told_address(facts, built, copy) }));
    }
    if let Some(server) = old.server.filter(|_| old.sessions != Sessions::Lost) {
        there.push(redis(draft, facts, old, server, built, &still));
    }
    (stopped, there)
}

/// What Redis holds goes over. What one that does not answer has left is brought where it can be.
fn redis(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    old: &Old<'_>,
    server: &Server,
    built: &Built,
    after: &[StepId],
) -> StepId {
    let file = file(facts);
    let soft = old.sessions == Sessions::Last;
    let dump = root_job(
        server,
        "write what Redis holds into a file",
        "dump",
        cache::dump(&file, soft),
        Some(cache::forget(&file)),
        LONG_S,
    );
    let dumped = draft.add(Step {
        after: after.to_vec(),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("the file is deleted".into()),
        soft,
        ..dump
    });
    let relay =
        cache::relay(InstanceRef::Known(server.id.clone()), InstanceRef::Later(built.slot.clone()), &file);
    let relayed = draft.add(Step {
        after: vec![dumped, built.ready],
        before: Some(server.id.to_string()),
        becomes: Some("on the new server, too, with the same sha256".into()),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("what has come is deleted".into()),
        deadline_s: LONG_S,
        soft,
        ..step(NEW, "bring the file over, in pieces", NEW, Action::Relay(Box::new(relay)))
    });
    draft.add(Step {
        after: vec![relayed],
        becomes: Some("holds what the old one held".into()),
        soft,
        ..on_new(&built.slot, "have Redis begin with what came over", "load", cache::load(&file), 2_400)
    })
}

/// The file that Redis goes over in.
fn file(facts: &Facts<'_>) -> String {
    cache::copy_of(&facts.now.strftime("%Y%m%dT%H%M%S").to_string())
}

/// Sessions lie about no longer than they must.
pub(in super::super) fn forget(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    cast: &Cast<'_, '_>,
    built: &Built,
    after: &[StepId],
) {
    let Some(old) = cast.old.server.filter(|_| cast.old.sessions != Sessions::Lost) else { return };
    let (title, script) = ("delete the copy of Redis", cache::forget(&file(facts)));
    let gone = root_job(old, title, "forget", script.clone(), None, 120);
    draft.add(Step { after: after.to_vec(), soft: true, ..gone });
    draft.add(Step {
        after: after.to_vec(),
        soft: true,
        ..on_new(&built.slot, title, "forget", script, 120)
    });
}

/// From here on new servers know the new cache server.
pub(in super::super) fn point(draft: &mut Draft<'_>, group: &Group, after: &[StepId]) -> StepId {
    let setting = Setting::Launch { group: group.name.clone() };
    draft.add(for_good(Step {
        after: after.to_vec(),
        before: group.launch.as_ref().map(LaunchSource::label),
        becomes: Some("the release that knows the new addresses".into()),
        ..step(
            "group",
            "point the group at the release that knows the new addresses",
            group.name.as_str(),
            Action::Set { settings: vec![Assignment { setting, to: Value::Later(create_release::made()) }] },
        )
    }))
}

/// A script on the new server, as root, which looks whether it is where it is meant to be.
fn on_new(slot: &Slot, title: &str, name: &str, script: String, deadline_s: u32) -> Step {
    root_job_later((NEW, slot), title, name, script, deadline_s)
}

/// The step's script is told the address of the new server.
fn told_address(facts: &Facts<'_>, built: &Built, mut step: Step) -> Step {
    if let Action::Job(job) = &mut step.action {
        job.files.push(JobFile {
            of: TextOf::Address { address: Address::later(built.slot.clone()) },
            variable: cache::ADDRESS.into(),
            environment: facts.place.name.clone(),
        });
    }
    step
}

/// The new server has everything.
pub(in super::super) fn whole(built: &Built) -> Step {
    on_new(&built.slot, "see that it has everything, and answers", "works", works(), 600)
}

fn works() -> String {
    parts::works(&Role::Cache).unwrap_or_default()
}
