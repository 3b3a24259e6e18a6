//! Steps on servers that several operations take: scripts, pages, Celery, a group held still.

use super::draft::{Draft, step};
use super::incident;
use super::processes::page_of;
use super::{Facts, Refused};
use crate::fleet::{Group, Power, Process, Role, Server, words};
use crate::plan::{
    Action, Assignment, HostJob, InstanceRef, Lasts, Page, Setting, Slot, Step, StepId, Undo, Value,
};
use crate::recipe::{celery, health, services};

/// How a server is called in a lane of its own.
pub(super) fn lane(server: &Server) -> String {
    format!("{} {}", server.role.role, server.id)
}

fn host_job(server: &Server, name: &str, script: String) -> HostJob {
    HostJob {
        server: InstanceRef::Known(server.id.clone()),
        name: name.into(),
        script,
        user: None,
        files: Vec::new(),
        back: None,
        names_server: false,
    }
}

/// A script on a server, as whoever logs in.
pub(super) fn job(server: &Server, title: &str, name: &str, script: String, deadline_s: u32) -> Step {
    let action = Action::Job(Box::new(host_job(server, name, script)));
    Step { deadline_s, ..step(&lane(server), title, server.id.as_str(), action) }
}

/// The same as root, for a script that looks whether it is where it is meant to be; with what takes it back.
pub(super) fn root_job(
    server: &Server,
    title: &str,
    name: &str,
    script: String,
    back: Option<String>,
    deadline_s: u32,
) -> Step {
    let job =
        HostJob { user: Some("root".into()), names_server: true, back, ..host_job(server, name, script) };
    Step { deadline_s, ..step(&lane(server), title, server.id.as_str(), Action::Job(Box::new(job))) }
}

/// The same on a server that the plan launches, in its lane.
pub(super) fn root_job_later(
    (lane, slot): (&str, &Slot),
    title: &str,
    name: &str,
    script: String,
    deadline_s: u32,
) -> Step {
    let job = HostJob {
        server: InstanceRef::Later(slot.clone()),
        name: name.into(),
        script,
        user: Some("root".into()),
        files: Vec::new(),
        back: None,
        names_server: true,
    };
    Step { deadline_s, ..step(lane, title, lane, Action::Job(Box::new(job))) }
}

/// R1: what a group does by itself that would empty it while its servers fail is suspended.
pub(super) fn hold(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    and: &[Process],
    lasts: Lasts,
) -> Result<Option<StepId>, Refused> {
    if facts.place.group.is_none() {
        return Ok(None);
    }
    let all: Vec<Process> = incident::HELD.iter().chain(and).copied().collect();
    Ok(draft.set_processes(facts.group()?, &all, true, lasts, &[]))
}

/// R8: releases have something in them that is so no more, and the group launches none of them.
pub(super) fn stale_releases(draft: &mut Draft<'_>, facts: &Facts<'_>, has: &str) {
    let Some(group) = group(facts) else { return };
    let launch = if group.is_suspended(Process::Launch.word()) { "stays" } else { "is" };
    let (environment, name) = (&facts.place.name, &group.name);
    draft.note(format!(
        "R8: releases have {has} in them, so Launch of {name} {launch} suspended. Then: quarterdeck apply create-release \
         {environment}, deploy-serial {environment}, and resume-processes {environment} --processes Launch."
    ));
}

/// The group that is held, where there is one.
pub(super) fn group<'f>(facts: &Facts<'f>) -> Option<&'f Group> {
    facts.place.group.as_ref().and_then(|_| facts.group().ok())
}

/// The maintenance page of these servers, healthy towards the load balancer.
pub(super) fn page_up(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    servers: &[&Server],
    lasts: Lasts,
    after: &[StepId],
) -> Option<StepId> {
    let meant: Vec<&&Server> = servers.iter().filter(|server| server.power == Power::Running).collect();
    if meant.is_empty() {
        return None;
    }
    let assign = |server: &&&Server| Assignment {
        setting: Setting::Page { instance: server.id.clone() },
        to: Value::Page(Page::Healthy),
    };
    let off = meant.iter().all(|server| page_of(facts, server) == Some(Page::Off));
    let count = words::count(u64::try_from(meant.len()).unwrap_or(u64::MAX), "web server");
    Some(draft.add(Step {
        after: after.to_vec(),
        before: off.then(|| Page::Off.word().to_owned()),
        becomes: Some(Page::Healthy.word().into()),
        lasts,
        undo: Undo::Restore,
        deadline_s: 300,
        noticed: Some("the maintenance page".into()),
        ..step(
            "web",
            "put the maintenance page up",
            count,
            Action::Set { settings: meant.iter().map(assign).collect() },
        )
    }))
}

/// Stops Celery once its tasks have ended; what stops the run starts it again.
pub(super) fn stop_celery(facts: &Facts<'_>, worker: &Server, beat: bool, after: &[StepId]) -> Step {
    let layout = &facts.place.layout;
    let running = facts.snapshot.measured(&worker.id).and_then(|measured| measured.celery()).map(|celery| {
        let tasks: usize = celery.workers.iter().map(|one| one.running.len()).sum();
        format!("{} running", words::count(u64::try_from(tasks).unwrap_or(u64::MAX), "task"))
    });
    let job = HostJob {
        back: Some(celery::start(layout, beat)),
        ..host_job(worker, "celery-stop", celery::stop(layout))
    };
    Step {
        after: after.to_vec(),
        before: running,
        becomes: Some(format!("stopped; Supervisor kills what still runs after {} s", celery::STOP_WAIT_S)),
        noticed: Some("tasks wait until Celery is started again".into()),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("Celery is started".into()),
        deadline_s: celery::STOP_WAIT_S + 120,
        ..step(
            &lane(worker),
            "stop Celery when its tasks have ended",
            worker.id.as_str(),
            Action::Job(Box::new(job)),
        )
    }
}

/// Stops Celery, and kills what has not ended soon.
pub(super) fn kill_celery(facts: &Facts<'_>, worker: &Server, beat: bool, after: &[StepId]) -> Step {
    let layout = &facts.place.layout;
    let job = HostJob {
        back: Some(celery::start(layout, beat)),
        ..host_job(worker, "celery-kill", celery::kill(layout))
    };
    Step {
        title: format!("stop Celery, killing what has not ended after {} s", celery::KILL_AFTER_S),
        becomes: Some("stopped; tasks that ran may be cut".into()),
        action: Action::Job(Box::new(job)),
        destructive: true,
        ..stop_celery(facts, worker, beat, after)
    }
}

/// Starts Celery, beat on one worker only (R17).
pub(super) fn start_celery(facts: &Facts<'_>, worker: &Server, beat: bool, after: &[StepId]) -> Step {
    let title = if beat { "start Celery, with beat and the camera" } else { "start Celery, without beat" };
    let script = celery::start(&facts.place.layout, beat);
    Step {
        after: after.to_vec(),
        becomes: Some("running".into()),
        ..job(worker, title, "celery-start", script, celery::STOP_WAIT_S + 120)
    }
}

/// R2: until Django answers its own check, past Nginx.
pub(super) fn answers(facts: &Facts<'_>, server: &Server) -> Step {
    let script = health::wait(&facts.place.layout, 240);
    job(server, "wait until Django answers its own check", "health", script, 420)
}

/// Restarts Gunicorn.
pub(super) fn restart_gunicorn(facts: &Facts<'_>, server: &Server) -> Step {
    let script = services::restart(&facts.place.layout, services::Group::Web);
    job(server, "restart Gunicorn", "gunicorn-restart", script, 180)
}

/// A server goes out of use, before the one that takes its place comes into it; why it stays so.
pub(super) fn out_of_use(draft: &mut Draft<'_>, old: &Server, after: StepId, why: &str) -> StepId {
    let to = format!("{}-OLD", old.role.role);
    draft.add(Step {
        after: vec![after],
        before: Some(old.role.role.to_string()),
        becomes: Some(to.clone()),
        undo: Undo::Cannot(why.to_owned()),
        ..step(
            &lane(old),
            "take it out of use, by its tag",
            old.id.as_str(),
            Action::Tag { server: InstanceRef::Known(old.id.clone()), tags: vec![("role".to_owned(), to)] },
        )
    })
}

/// Whether a server has the roles of a web server.
pub(super) const fn serves(server: &Server) -> bool {
    matches!(server.role.role, Role::Web | Role::Combo)
}
