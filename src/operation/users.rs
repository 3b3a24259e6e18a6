//! Web servers and workers, and how they come to use settings with other addresses or secrets in them.

use super::deploy::{keeper_of_beat, schema_of};
use super::draft::Draft;
use super::on_servers::{answers, lane, restart_gunicorn, serves, start_celery, stop_celery};
use super::settings::{On, Settings};
use super::{Facts, Refused};
use crate::fleet::{Changeset, InstanceId, Power, Role, Server};
use crate::plan::{Action, Step, StepId};
use crate::recipe::{code, services};

/// Who runs the project's code.
pub(super) struct Users<'f> {
    pub(super) web: Vec<&'f Server>,
    /// Combos among them: they serve, too.
    pub(super) workers: Vec<&'f Server>,
    /// Where beat runs.
    beat: Option<InstanceId>,
}

/// How they are turned to other settings.
pub(super) struct Turn<'a> {
    /// When they may be.
    pub(super) after: &'a [StepId],
    /// The step for each worker that stops Celery.
    pub(super) stopped: &'a [StepId],
    /// Why there is no way back, where there is none. Who used what is gone is not waited for then.
    pub(super) for_good: Option<&'a str>,
    /// Whether web servers are turned one after the other, while users are on the others.
    pub(super) one_by_one: bool,
}

impl<'f> Users<'f> {
    pub(super) fn of(facts: &Facts<'f>) -> Result<Self, Refused> {
        let running = |server: &&Server| server.power == Power::Running;
        let of = |roles: &[Role]| -> Result<Vec<&'f Server>, Refused> {
            Ok(facts.servers(roles)?.into_iter().filter(running).collect())
        };
        let (web, workers) = (of(&[Role::Web])?, of(&[Role::Worker, Role::Combo])?);
        let beat = keeper_of_beat(facts, &workers).map(|server| server.id.clone());
        Ok(Self { web, workers, beat })
    }

    fn has_beat(&self, worker: &Server) -> bool {
        self.beat.as_ref() == Some(&worker.id)
    }

    /// Stops Celery on each worker.
    pub(super) fn stop(&self, draft: &mut Draft<'_>, facts: &Facts<'_>, after: &[StepId]) -> Vec<StepId> {
        let stop = |worker: &&'f Server| draft.add(stop_celery(facts, worker, self.has_beat(worker), after));
        self.workers.iter().map(stop).collect()
    }

    /// Has everybody use these settings. Gives the steps after which web servers answer by them.
    pub(super) fn turn(
        &self,
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        settings: &Settings,
        turn: &Turn<'_>,
    ) -> Vec<StepId> {
        let mut ends = Vec::new();
        let mut ready = turn.after.to_vec();
        for server in &self.web {
            let steps = written(facts, settings, server, false, turn);
            let served = [restart_gunicorn(facts, server), answers(facts, server)];
            let last = chained(draft, &ready, steps.into_iter().chain(served));
            ends.extend(&last);
            if turn.one_by_one {
                ready = last;
            }
        }
        for (worker, own) in self.workers.iter().zip(turn.stopped) {
            let beat = self.has_beat(worker);
            let mut after = turn.after.to_vec();
            if turn.for_good.is_none() {
                after.push(*own);
            }
            let last = chained(draft, &after, written(facts, settings, worker, beat, turn));
            if serves(worker) {
                let served = [restart_gunicorn(facts, worker), answers(facts, worker)];
                ends.extend(chained(draft, &last, served));
            }
            // R17: beat starts when every old one has stopped.
            let ended = if beat { turn.stopped } else { std::slice::from_ref(own) };
            let mut after = last;
            after.extend(ended.iter().filter(|id| !after.contains(id)).copied().collect::<Vec<_>>());
            draft.add(start_celery(facts, worker, beat, &after));
        }
        ends
    }
}

/// Steps one after the other; gives the last one, or what was waited for where there is none.
fn chained(draft: &mut Draft<'_>, after: &[StepId], steps: impl IntoIterator<Item = Step>) -> Vec<StepId> {
    steps.into_iter().fold(after.to_vec(), |after, step| vec![draft.add(Step { after, ..step })])
}

fn written(
    facts: &Facts<'_>,
    settings: &Settings,
    server: &Server,
    beat: bool,
    turn: &Turn<'_>,
) -> Vec<Step> {
    let (lane, on) = (lane(server), On::server(server, beat));
    if let Some(why) = turn.for_good {
        return settings.for_good(facts, &lane, &on, why);
    }
    let settings = runs(facts, server).map_or_else(|| settings.clone(), |code| settings.for_code(&code));
    let mut steps = settings.steps(facts, &lane, &on);
    restarting(facts, server, settings.note(), &mut steps);
    steps
}

/// The code that a server runs, as far as is known.
pub(super) fn runs(facts: &Facts<'_>, server: &Server) -> Option<Changeset> {
    let snapshot = facts.snapshot;
    let measured = snapshot.measured(&server.id).and_then(|measured| measured.code());
    let baked = || {
        let launch = facts.group().ok()?.member(&server.id)?.launch.as_ref()?;
        snapshot.release_of_launch(launch).changeset
    };
    let told = measured.map(|code| Changeset::new(&code.changeset)).or_else(baked);
    told.or_else(|| schema_of(facts))
}

/// Where settings go back, what runs by them is started again; Celery has steps of its own for that.
pub(super) fn restarting(facts: &Facts<'_>, server: &Server, note: &str, steps: &mut [Step]) {
    let Some(Step { action: Action::Job(job), .. }) = steps.first_mut().filter(|_| serves(server)) else {
        return;
    };
    job.back = Some(code::settings_back_restarting(&facts.place.layout, note, services::Group::Web));
}
