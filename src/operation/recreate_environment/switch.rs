//! Behind the page: what the old servers hold goes over, the new ones take their places, and everybody turns to them.

use super::super::deploy::{Ahead, serial};
use super::super::draft::Draft;
use super::super::new_server::{Build, Built};
use super::super::on_servers::{out_of_use, root_job, root_job_later};
use super::super::promote;
use super::super::replace_cache::{self, Cast, STAYS};
use super::super::{Facts, Refused};
use super::beside::{Beside, CACHE_LANE, Crew, PRIMARY_LANE, Worker};
use super::{There, web};
use crate::fleet::Server;
use crate::plan::{Action, Address, JobFile, Lasts, Slot, Step, StepId, TextOf, Undo};
use crate::recipe::{self, build};

/// Everything from there on.
pub(super) fn all(
    draft: &mut Draft<'_>,
    crew: Crew<'_>,
    there: &There<'_>,
    beside: Beside,
    ahead: Option<&Ahead<'_>>,
) -> Result<(), Refused> {
    let facts = crew.facts;
    let Beside { primary, replicas, cache, workers, release, settings, code } = beside;
    let cast = Cast { old: &there.cache, users: &there.users, group: there.group };
    // What takes long is done before anybody notices, and what could go wrong is looked at.
    let mut seen = replace_cache::seen(draft, facts, &cast, &cache);
    seen.push(candidate(draft, facts, there, &primary));
    seen.extend(reached(draft, facts, there, &primary, &cache, &workers));
    // An alarm, the clock or a balance of zones would change who serves under the plan's hands.
    let calm = there
        .group
        .and_then(|group| draft.set_processes(group, &serial::QUIET, true, Lasts::UnlessStopped, &[]));
    let built = replicas.iter().map(|(_, one)| one.ready).chain(workers.iter().map(|one| one.begun.ready));
    let before: Vec<StepId> = seen.iter().copied().chain(built).chain(release).chain(calm).collect();
    let closed = replace_cache::close(draft, facts, &cast, &before);
    let (stopped, brought) = replace_cache::over(draft, facts, &cast, &cache, &closed);
    let quiet = [&stopped[..], &closed.ready].concat();
    let fenced = draft.add(Step { after: quiet, ..promote::mask(there.primary) });
    let whole = draft
        .add(Step { after: [&brought[..], &seen, &closed.ready].concat(), ..replace_cache::whole(&cache) });
    let promoted = promotion(draft, &primary, &[fenced, whole]);

    // Old ones go out of use before new ones come into it.
    let gone = out_of_use(draft, there.primary, promoted, STAYS);
    let mut used = crew.primary().put_to_use(draft, PRIMARY_LANE, &primary, &[gone]);
    let followed = followers(draft, crew, there, &primary, &replicas, used);
    if let Some(old) = there.cache.server {
        let gone = out_of_use(draft, old, used, STAYS);
        used = crew.cache().put_to_use(draft, CACHE_LANE, &cache, &[gone]);
    }
    take_over(draft, crew, there, workers, used, &stopped);
    let (mut ends, _) = there.users.only_web().turn(draft, facts, &settings, &code, (used, &stopped));
    ends.extend(followed);
    if ends.is_empty() {
        ends.push(used);
    }
    let environment = facts.place.name.as_str();
    let title = "take the page off, and let the group go on as before, but for what launches servers";
    let open = draft.restore("web", title, environment, closed.back, &ends);
    let ends = open.map_or(ends, |open| vec![open]);
    replace_cache::forget(draft, facts, &cast, &cache, &ends);
    if let (Some(group), Some(release)) = (there.group, release) {
        let after: Vec<StepId> = ends.into_iter().chain([release]).collect();
        let pointed = replace_cache::point(draft, group, &after);
        let back: Vec<StepId> = closed.launches.into_iter().chain(calm).collect();
        web::replaced(draft, facts, (group, ahead), back, pointed)?;
    }
    Ok(())
}

/// A script on a new server, as root.
fn on(lane: &str, built: &Built, title: &str, name: &str, script: String, deadline_s: u32) -> Step {
    root_job_later((lane, &built.slot), title, name, script, deadline_s)
}

/// The step's script is told the address of a server in this variable.
fn told(facts: &Facts<'_>, mut step: Step, variable: &str, slot: &Slot) -> Step {
    if let Action::Job(job) = &mut step.action {
        job.files.push(JobFile {
            of: TextOf::Address { address: Address::later(slot.clone()) },
            variable: variable.into(),
            environment: facts.place.name.clone(),
        });
    }
    step
}

/// R11: looked at before anything is stopped.
fn candidate(draft: &mut Draft<'_>, facts: &Facts<'_>, there: &There<'_>, primary: &Built) -> StepId {
    let measured = facts.snapshot.measured(&there.primary.id).and_then(|measured| measured.postgres());
    let most = measured.map(|postgres| postgres.connections.most).filter(|most| *most > 0);
    let script = build::candidate(&facts.place.layout, most, there.replicas.len(), true);
    let title = "see whether it can be the primary";
    draft.add(Step {
        after: vec![primary.ready],
        ..on(PRIMARY_LANE, primary, title, "candidate", script, 120)
    })
}

/// Whoever is to use the new servers reaches them: what the old ones let in says nothing of that.
fn reached(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    there: &There<'_>,
    primary: &Built,
    cache: &Built,
    workers: &[Worker],
) -> Vec<StepId> {
    let title = "see that it reaches the primary to be";
    let mut all = Vec::new();
    for server in &there.users.web {
        let step = root_job(server, title, "reach-primary", build::reach_database(), None, 240);
        let step = told(facts, step, "primary", &primary.slot);
        all.push(draft.add(Step { after: vec![primary.ready], ..step }));
    }
    for worker in workers {
        let (lane, slot) = (worker.lane.as_str(), &worker.begun.slot);
        let step = root_job_later((lane, slot), title, "reach-primary", build::reach_database(), 240);
        let step = told(facts, step, "primary", &primary.slot);
        all.push(draft.add(Step { after: vec![worker.begun.ready, primary.ready], ..step }));
        let title = "see that it reaches the new cache server";
        let step = root_job_later((lane, slot), title, "reach-cache", recipe::cache::reach(), 240);
        let step = told(facts, step, recipe::cache::ADDRESS, &cache.slot);
        all.push(draft.add(Step { after: vec![worker.begun.ready, cache.ready], ..step }));
    }
    all
}

/// From here on nobody goes back.
fn promotion(draft: &mut Draft<'_>, primary: &Built, after: &[StepId]) -> StepId {
    let settled = draft.unless_stopped();
    let title = "see that everything has come, and is replayed";
    let received = draft.add(Step {
        after: after.to_vec(),
        settles: settled,
        seals: true,
        ..on(PRIMARY_LANE, primary, title, "received", build::received(true), 3_600)
    });
    draft.add(Step {
        after: vec![received],
        before: Some("a replica".into()),
        becomes: Some("the primary, which takes writes".into()),
        undo: Undo::Cannot("a primary is no replica again".into()),
        ..on(
            PRIMARY_LANE,
            primary,
            "promote it, and wait until it takes writes",
            "promote",
            build::promote(),
            700,
        )
    })
}

/// R12: slots do not follow a promotion; the new replicas follow by slots of their own. Gives the steps after which they do.
fn followers(
    draft: &mut Draft<'_>,
    crew: Crew<'_>,
    there: &There<'_>,
    primary: &Built,
    replicas: &[(String, Built)],
    used: StepId,
) -> Vec<StepId> {
    if replicas.is_empty() {
        return Vec::new();
    }
    let facts = crew.facts;
    let variables: Vec<String> = (1..=replicas.len()).map(|number| format!("follower_{number}")).collect();
    let slots =
        on(PRIMARY_LANE, primary, "make the replicas' slots", "slots", build::slots_told(&variables), 120);
    let slots = variables
        .iter()
        .zip(replicas)
        .fold(slots, |step, (variable, (_, built))| told(facts, step, variable, &built.slot));
    let slots = draft.add(Step { after: vec![used], ..slots });
    let mut followed = Vec::new();
    for ((lane, built), old) in replicas.iter().zip(&there.replicas) {
        let script = build::follow(&facts.place.layout, None);
        let follow = on(lane, built, "follow the new primary", "follow", script, 420);
        let follows = draft.add(Step {
            after: vec![slots],
            becomes: Some("streams from the new primary".into()),
            undo: Undo::Cannot("it follows the new primary".into()),
            // One that cannot follow is told, and keeps nobody waiting: it is made anew.
            soft: true,
            ..told(facts, follow, "primary", &primary.slot)
        });
        let gone = out_of_use(draft, old, follows, STAYS);
        crew.replica().put_to_use(draft, lane, built, &[gone]);
        followed.push(follows);
    }
    followed
}

/// R17: Celery starts on the new workers once it has stopped on every old one.
fn take_over(
    draft: &mut Draft<'_>,
    crew: Crew<'_>,
    there: &There<'_>,
    workers: Vec<Worker>,
    used: StepId,
    stopped: &[StepId],
) {
    let old: &[&Server] = &there.users.workers;
    for (Worker { lane, begun, app }, old) in workers.into_iter().zip(old) {
        let maker = Build { app: Some(&app), ..crew.worker() };
        let built = maker.completed(draft, &lane, begun);
        draft.wait(&lane, "celery-start", stopped.iter().copied().chain([used]));
        let gone = out_of_use(draft, old, built.ready, STAYS);
        maker.put_to_use(draft, &lane, &built, &[gone]);
    }
}
