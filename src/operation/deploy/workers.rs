//! The workers' part of every deploy, and deploy-worker, which is nothing else.

use super::super::code::{Code, choose_code};
use super::super::draft::{Draft, step};
use super::super::release::named;
use super::super::settings::{On, Settings};
use super::super::{Facts, Options, Refused};
use super::migrations::{self, Meeting, look};
use super::{before, cdn, new_relic};
use crate::fleet::{Changeset, Power, Role, Server, words};
use crate::plan::{Action, HostJob, InstanceRef, Lasts, Step, StepId, Undo};
use crate::recipe::{celery, code, health, manage, services};

/// What the workers' part gives to the rest.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane<'f> {
    /// The schema and the static files are those of the new code.
    pub(super) ready: Vec<StepId>,
    /// Celery runs on the new code.
    pub(super) done: Vec<StepId>,
    /// What goes back when the run stops.
    pub(super) steps: Vec<StepId>,
    /// The worker that does what is done once for all.
    pub(super) first: Option<&'f Server>,
}

pub(in super::super) fn plan(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
) -> Result<(), Refused> {
    let to = choose_code(facts, options)?;
    facts.all_current()?;
    before::one_primary(facts)?;
    if workers(facts)?.is_empty() {
        return Err(no_worker(facts));
    }
    let title = look(draft, facts, options, &to, Meeting::OldCodeGoesOn)?;
    draft.title(format!("deploy {} to the workers", to.named()));
    draft.note("Web servers stay on their release.");
    let lane = lane(draft, facts, options, &to, &title, &[])?;
    new_relic::tell(draft, facts, &to, lane.first, &lane.done);
    Ok(())
}

/// The workers in use.
fn workers<'f>(facts: &Facts<'f>) -> Result<Vec<&'f Server>, Refused> {
    facts.servers(&[Role::Worker, Role::Combo])
}

fn no_worker(facts: &Facts<'_>) -> Refused {
    Refused::State(format!(
        "{} has no worker: nobody could migrate the database or run tasks of the new code. Make one first, or tag the \
         one there is",
        facts.place.name
    ))
}

/// The steps on all workers: Celery stops, code, packages and settings come, one worker migrates and makes the static
/// files, and Celery starts again, beat on one of them only (R17).
pub(super) fn lane<'f>(
    draft: &mut Draft<'_>,
    facts: &Facts<'f>,
    options: &Options,
    to: &Code,
    migrate: &str,
    after: &[StepId],
) -> Result<Lane<'f>, Refused> {
    let workers = workers(facts)?;
    if workers.is_empty() && (facts.place.has_role(&Role::Worker) || facts.place.has_role(&Role::Combo)) {
        return Err(no_worker(facts));
    }
    let Some(first) = keeper_of_beat(facts, &workers) else {
        draft.note("The project has no worker: nothing is migrated, and no static files are made.");
        return Ok(Lane { ready: after.to_vec(), done: after.to_vec(), ..Lane::default() });
    };
    for worker in &workers {
        can_be_asked(facts, worker)?;
    }
    let of_role = workers.iter().filter(|server| server.role.role == Role::Worker);
    draft.assume_servers(&Role::Worker, of_role.map(|server| server.id.clone()).collect());
    draft.assume_combos()?;
    let layout = &facts.place.layout;
    let mut lane = Lane { first: Some(first), ..Lane::default() };
    let settings = Settings::of(draft, facts, options, &to.changeset)?;
    let mut all_stopped = Vec::new();
    let mut settled = Vec::new();
    for worker in &workers {
        let halted = draft.add(stop(facts, worker, worker.id == first.id, after));
        all_stopped.push(halted);
        let new = Step { lane: "worker".into(), ..new_code(facts, worker, to, None, &[halted]) };
        let code = draft.add(new);
        let packages = draft.add(packages(worker, code::requirements(layout), &[code]));
        lane.steps.extend([halted, code]);
        let written = settings.steps(facts, "worker", &On::server(worker, worker.id == first.id));
        let written = draft.chain(packages, written);
        settled.extend(written.last());
        if settings.is_written() {
            lane.steps.extend(written);
        }
    }
    lane.ready = once(draft, facts, options, first, migrate, settled);
    for worker in &workers {
        let beat = worker.id == first.id;
        // Beat starts when every old one has stopped.
        let mut waits = lane.ready.clone();
        waits.extend(all_stopped.iter().filter(|_| beat).copied());
        let start = draft.add(Step { after: waits, ..start(facts, worker, beat, workers.len()) });
        lane.done.push(start);
        lane.steps.push(start);
    }
    for combo in workers.iter().filter(|worker| worker.role.role == Role::Combo) {
        let served = serve_anew(draft, facts, combo, &lane.ready);
        lane.done.push(served);
    }
    Ok(lane)
}

/// R22: a combo server also serves the site, from the same checkout: Gunicorn gets the new code, too.
fn serve_anew(draft: &mut Draft<'_>, facts: &Facts<'_>, combo: &Server, ready: &[StepId]) -> StepId {
    let layout = &facts.place.layout;
    let script = services::restart(layout, services::Group::Web);
    let restart = draft.add(Step {
        after: ready.to_vec(),
        deadline_s: 180,
        noticed: Some("requests at it wait a moment".into()),
        ..job(combo, "restart Gunicorn, which serves from the same code", "gunicorn-restart", script)
    });
    let title = "wait until Django answers its own check";
    draft.add(Step {
        after: vec![restart],
        deadline_s: 240,
        ..job(combo, title, "health", health::wait(layout, 120))
    })
}

/// What one worker does for all: the schema and the static files.
fn once(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    worker: &Server,
    title: &str,
    after: Vec<StepId>,
) -> Vec<StepId> {
    let layout = &facts.place.layout;
    let mut last = after;
    if !options.no_migrate {
        let changes = title != migrations::NOTHING_NEW;
        let stays = || Undo::Cannot("the schema stays as migrated".into());
        let migrate = draft.add(Step {
            after: last,
            becomes: changes.then(|| "the new code's schema".into()),
            undo: if changes { stays() } else { Undo::Nothing },
            deadline_s: 7_200,
            ..job(worker, title, "migrate", manage::migrate(layout))
        });
        last = vec![migrate];
    }
    let collect = draft.add(Step {
        after: last,
        deadline_s: 1_800,
        ..job(worker, "collect static files", "collectstatic", manage::collectstatic(layout))
    });
    let compress = draft.add(Step {
        after: vec![collect],
        deadline_s: 1_800,
        ..job(worker, "compress static files", "compress", manage::compress(layout))
    });
    cdn::forget(draft, facts, compress);
    vec![compress]
}

/// The worker that beat runs on: where it runs now, else the first.
pub(in super::super) fn keeper_of_beat<'f>(facts: &Facts<'_>, workers: &[&'f Server]) -> Option<&'f Server> {
    let has = |server: &&&Server| runs_beat(facts, server);
    workers.iter().find(has).or_else(|| workers.first()).copied()
}

/// Whether beat was seen running there.
pub(in super::super) fn runs_beat(facts: &Facts<'_>, server: &Server) -> bool {
    let programs = facts.snapshot.measured(&server.id).and_then(|measured| measured.supervisor());
    programs.is_some_and(|all| {
        all.programs.iter().any(|one| one.name.ends_with("-celerybeat") && one.state == "RUNNING")
    })
}

pub(in super::super) fn can_be_asked(facts: &Facts<'_>, server: &Server) -> Result<(), Refused> {
    let id = &server.id;
    if server.power != Power::Running {
        let state = server.power.word();
        let role = &server.role.role;
        return Err(Refused::State(format!("{role} {id} is {state}: start it, or tag it {role}-OLD")));
    }
    let unreachable = facts.snapshot.measured(id).and_then(|measured| measured.unreachable.as_ref());
    unreachable.map_or(Ok(()), |failure| {
        let (role, message) = (&server.role.role, &failure.message);
        Err(Refused::State(format!(
            "{role} {id} cannot be reached: {message}; mend that, or tag it {role}-OLD"
        )))
    })
}

pub(in super::super) fn stop(facts: &Facts<'_>, worker: &Server, beat: bool, after: &[StepId]) -> Step {
    let layout = &facts.place.layout;
    let seconds = celery::STOP_WAIT_S;
    let running = facts.snapshot.measured(&worker.id).and_then(|measured| measured.celery()).map(|celery| {
        let tasks: usize = celery.workers.iter().map(|one| one.running.len()).sum();
        format!("{} running", words::count(u64::try_from(tasks).unwrap_or(u64::MAX), "task"))
    });
    Step {
        after: after.to_vec(),
        noticed: Some("tasks wait until Celery is started again".into()),
        before: running,
        becomes: Some(format!("stopped; Supervisor kills what still runs after {seconds} s")),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("Celery is started".into()),
        deadline_s: seconds + 120,
        ..job_with(
            worker,
            "stop Celery when its tasks have ended",
            "celery-stop",
            celery::stop(layout),
            Some(celery::start(layout, beat)),
        )
    }
}

/// The step that starts Celery again on one of so many workers.
pub(in super::super) fn start(facts: &Facts<'_>, worker: &Server, beat: bool, workers: usize) -> Step {
    let layout = &facts.place.layout;
    let title = match (beat, workers) {
        (true, 1) => "start Celery, beat and the camera",
        (true, _) => "start Celery, with beat and the camera",
        (false, _) => "start Celery, without beat",
    };
    Step {
        becomes: Some("running".into()),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("Celery is stopped, and its tasks waited for".into()),
        deadline_s: 180,
        ..job_with(worker, title, "celery-start", celery::start(layout, beat), Some(celery::stop(layout)))
    }
}

/// The step that brings new code to a server. What was baked into its image is told where nothing was measured.
pub(super) fn new_code(
    facts: &Facts<'_>,
    server: &Server,
    to: &Code,
    baked: Option<&Changeset>,
    after: &[StepId],
) -> Step {
    let layout = &facts.place.layout;
    let measured = facts.snapshot.measured(&server.id).and_then(|m| m.code());
    let measured = measured.map(|code| Changeset::new(&code.changeset));
    let is_web = matches!(server.role.role, Role::Web | Role::Combo);
    let old = measured.or_else(|| baked.cloned());
    let restarted = is_web.then_some(services::Group::Web);
    // What was measured may be older than the last deploy: what is there is noted on the server before it is changed, and
    // going back never guesses.
    let note = facts.now.strftime("%Y%m%dT%H%M%S").to_string();
    let script = code::checkout_noting(layout, &to.changeset, &note);
    let back = code::back_to_note(layout, &note, restarted);
    let repo = facts.repo;
    Step {
        after: after.to_vec(),
        before: old.as_ref().map(|old| named(old, repo.and_then(|repo| repo.commit(old)))),
        becomes: Some(to.named()),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("back to what was checked out before, and its packages".into()),
        deadline_s: 600,
        ..job_with(server, "check out the code", "code", script, Some(back))
    }
}

/// The step that installs what the code wants. Going back to old code installs what that wants.
pub(super) fn packages(server: &Server, script: String, after: &[StepId]) -> Step {
    Step {
        after: after.to_vec(),
        deadline_s: 1_800,
        ..job(server, "install its requirements", "requirements", script)
    }
}

pub(super) fn job(server: &Server, title: &str, name: &str, script: String) -> Step {
    job_with(server, title, name, script, None)
}

pub(in super::super) fn job_with(
    server: &Server,
    title: &str,
    name: &str,
    script: String,
    back: Option<String>,
) -> Step {
    let job = HostJob {
        server: InstanceRef::Known(server.id.clone()),
        name: name.into(),
        script,
        user: None,
        back,
        files: Vec::new(),
        names_server: false,
    };
    let lane = if server.role.role == Role::Web { "web" } else { "worker" };
    step(lane, title, server.id.as_str(), Action::Job(Box::new(job)))
}
