//! Who uses the cache server: what stops them, and what has them use the new one.

use super::super::deploy::{keeper_of_beat, schema_of, workers};
use super::super::draft::Draft;
use super::super::on_servers::{answers, lane, restart_gunicorn, serves, stop_celery};
use super::super::settings::{On, Settings};
use super::super::{Facts, Refused};
use crate::fleet::{Changeset, InstanceId, Power, Role, Server};
use crate::plan::{Action, HostJob, InstanceRef, Lasts, Step, StepId, Undo};
use crate::recipe::celery;

/// Why what comes after the switch stays.
pub(in super::super) const STAYS: &str = "servers use what is new from then on";

/// Those that run.
pub(in super::super) struct Users<'f> {
    /// Web servers, combos among them.
    pub(in super::super) web: Vec<&'f Server>,
    /// Workers, combos among them.
    pub(in super::super) workers: Vec<&'f Server>,
    /// Where beat runs.
    beat: Option<InstanceId>,
}

impl<'f> Users<'f> {
    /// Refused where one of them could not be told where the new server is.
    pub(in super::super) fn of(facts: &Facts<'f>) -> Result<Self, Refused> {
        let running = |server: &&Server| server.power == Power::Running;
        let of = |roles: &[Role]| -> Result<Vec<&'f Server>, Refused> {
            Ok(facts.servers(roles)?.into_iter().filter(running).collect())
        };
        let (web, workers) = (of(&[Role::Web, Role::Combo])?, of(&[Role::Worker, Role::Combo])?);
        for server in web.iter().chain(&workers) {
            workers::can_be_asked(facts, server)?;
        }
        let beat = keeper_of_beat(facts, &workers).map(|server| server.id.clone());
        Ok(Self { web, workers, beat })
    }

    /// Each of them once.
    pub(super) fn all(&self) -> Vec<&'f Server> {
        let only_web = self.web.iter().filter(|server| server.role.role == Role::Web);
        only_web.chain(&self.workers).copied().collect()
    }

    /// Web servers alone, where others take the workers' place.
    pub(in super::super) fn only_web(&self) -> Self {
        Self { web: self.web.clone(), workers: Vec::new(), beat: None }
    }

    fn has_beat(&self, worker: &Server) -> bool {
        self.beat.as_ref() == Some(&worker.id)
    }

    /// The worker that beat runs on, else the first.
    pub(super) fn first(&self) -> Option<&'f Server> {
        self.workers.iter().find(|worker| self.has_beat(worker)).or_else(|| self.workers.first()).copied()
    }

    /// Nothing new is made by the clock; the workers go on. What stops the run starts it again.
    pub(super) fn quiet(&self, facts: &Facts<'_>, worker: &Server, after: &[StepId]) -> Step {
        let layout = &facts.place.layout;
        let beat = self.has_beat(worker);
        let job = HostJob {
            server: InstanceRef::Known(worker.id.clone()),
            name: "celery-quiet".into(),
            script: celery::quiet(layout),
            user: None,
            files: Vec::new(),
            back: Some(celery::start(layout, beat)),
            names_server: false,
        };
        Step {
            after: after.to_vec(),
            becomes: Some("sends no task by the clock; the workers go on".into()),
            lasts: Lasts::UnlessStopped,
            undo: Undo::Reverse("they are started again".into()),
            ..super::super::draft::step(
                &lane(worker),
                "stop beat and the camera",
                worker.id.as_str(),
                Action::Job(Box::new(job)),
            )
        }
    }

    /// Celery stops everywhere.
    pub(super) fn stop(&self, draft: &mut Draft<'_>, facts: &Facts<'_>, after: &[StepId]) -> Vec<StepId> {
        let stop = |worker: &&Server| draft.add(stop_celery(facts, worker, self.has_beat(worker), after));
        self.workers.iter().map(stop).collect()
    }

    /// Everybody uses the new server. Gives the steps after which web servers answer, and those after which tasks are done.
    pub(in super::super) fn turn(
        &self,
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        settings: &Settings,
        code: &Changeset,
        (used, stopped): (StepId, &[StepId]),
    ) -> (Vec<StepId>, Vec<StepId>) {
        let (mut answered, mut started) = (Vec::new(), Vec::new());
        for server in self.all() {
            let beat = self.has_beat(server);
            let on = On::server(server, beat);
            let settings = settings.for_code(&runs(facts, server, code));
            let written = draft.chain(used, settings.for_good(facts, &lane(server), &on, STAYS));
            let mut last = written.last().copied().unwrap_or(used);
            if serves(server) {
                let then = vec![restart_gunicorn(facts, server), answers(facts, server)];
                let served = draft.chain(last, then).last().copied();
                answered.extend(served);
                last = served.unwrap_or(last);
            }
            if matches!(server.role.role, Role::Worker | Role::Combo) {
                // R17: beat starts when every old one has stopped.
                let after = [&[last], stopped].concat();
                let start = workers::start(facts, server, beat, self.workers.len());
                started.push(draft.add(Step { after, ..for_good(start) }));
            }
        }
        (answered, started)
    }
}

/// It stays, whatever stops the run.
pub(super) fn for_good(mut step: Step) -> Step {
    if let Action::Job(job) = &mut step.action {
        job.back = None;
    }
    Step { lasts: Lasts::Stays, undo: Undo::Cannot(STAYS.into()), ..step }
}

/// The code that a server runs, as far as is known.
fn runs(facts: &Facts<'_>, server: &Server, otherwise: &Changeset) -> Changeset {
    let measured = facts.snapshot.measured(&server.id).and_then(|measured| measured.code());
    measured.map_or_else(|| otherwise.clone(), |code| Changeset::new(&code.changeset))
}

/// The code that the environment runs.
pub(in super::super) fn code_of(facts: &Facts<'_>) -> Result<Changeset, Refused> {
    schema_of(facts).ok_or_else(|| {
        Refused::Facts(format!(
            "which code {} runs is not known, and settings are of that: wait until its worker was measured, or refresh",
            facts.place.name
        ))
    })
}
