//! The servers that know secrets, and what is done on each.

use super::super::deploy::workers;
use super::super::draft::{Draft, step};
use super::super::settings::{On, Settings};
use super::super::users::{restarting, runs};
use super::super::{Facts, Refused};
use super::which::Which;
use crate::fleet::{Changeset, Power, Role, Server};
use crate::plan::{Action, HostJob, InstanceRef, JobFile, Lasts, Step, StepId, TextOf, Undo};
use crate::recipe::build::{Part, rotate};
use crate::recipe::{code, health, service_files, services};

/// The servers, by what they do.
pub(super) struct All<'f> {
    /// `PostgreSQL`'s primary; a combo may be.
    pub(super) primary: &'f Server,
    replicas: Vec<&'f Server>,
    /// RabbitMQ's.
    cache: Option<&'f Server>,
    pub(super) web: Vec<&'f Server>,
    /// Combos among them.
    pub(super) workers: Vec<&'f Server>,
}

impl<'f> All<'f> {
    /// Refused where one of them could not be told its secrets.
    pub(super) fn of(facts: &Facts<'f>, which: &Which) -> Result<Self, Refused> {
        let name = &facts.place.name;
        let primaries = facts.servers(&[Role::DbPrimary, Role::Combo])?;
        let [primary] = primaries.as_slice() else {
            let count = primaries.len();
            return Err(Refused::State(format!(
                "{name} has {count} primary databases, and a rotation wants one"
            )));
        };
        let cache = facts.servers(&[Role::Cache])?.first().copied();
        if which.broker && cache.is_none() {
            return Err(Refused::State(format!(
                "{name} has no cache server, whose RabbitMQ knows broker_password"
            )));
        }
        let all = Self {
            primary,
            replicas: facts.servers(&[Role::DbReplica])?,
            cache,
            web: facts.web()?,
            workers: facts.servers(&[Role::Worker, Role::Combo])?,
        };
        for server in all.each(which) {
            workers::can_be_asked(facts, server)?;
            if server.power != Power::Running {
                return Err(Refused::State(format!("{} {} does not run", server.role.role, server.id)));
            }
        }
        Ok(all)
    }

    fn each(&self, which: &Which) -> Vec<&'f Server> {
        let database = std::iter::once(self.primary).chain(self.replicas.iter().copied());
        // Where nothing new comes to the database, its primary alone is asked, whether it lets the application in.
        let told = if which.are_there() { 1 } else { usize::MAX };
        let mut all: Vec<&Server> = database.filter(|_| which.database).take(told).collect();
        all.extend(self.cache.filter(|_| which.broker));
        all.extend(self.web.iter().chain(&self.workers));
        all
    }

    /// Those that run the project's code, each once.
    fn app(&self) -> Vec<&'f Server> {
        let web = self.web.iter().filter(|server| server.role.role == Role::Web);
        web.chain(&self.workers).copied().collect()
    }
}

/// What all servers are told.
pub(super) struct Rotation<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) settings: &'a Settings,
    pub(super) code: &'a Changeset,
    pub(super) note: &'a str,
    pub(super) which: &'a Which,
}

impl Rotation<'_> {
    /// What is looked at first where services keep their passwords: whether they let the application in with those here.
    pub(super) fn tried(
        &self,
        draft: &mut Draft<'_>,
        all: &All<'_>,
        after: Option<StepId>,
    ) -> Option<StepId> {
        let layout = &self.facts.place.layout;
        let database = self.which.database.then(|| (all.primary, rotate::database_takes(layout)));
        let cache = all.cache.filter(|_| self.which.broker);
        let broker = cache.map(|cache| (cache, rotate::broker_takes(layout)));
        database.into_iter().chain(broker).fold(after, |after, (server, part)| {
            let mut step = self.part(server, part);
            if let Action::Job(job) = &mut step.action {
                job.files.retain(|file| !file.is_for_the_way_back());
            }
            Some(draft.add(Step { after: after.into_iter().collect(), ..step }))
        })
    }

    /// Everything on servers, from the moment in which everything is ready. Gives the last steps.
    pub(super) fn steps(&self, draft: &mut Draft<'_>, all: &All<'_>, ready: &[StepId]) -> Vec<StepId> {
        let layout = &self.facts.place.layout;
        let mut before = Vec::new();
        // What must be so is looked at before Celery stops.
        for server in all.app() {
            let (title, script) =
                ("see that its code is the release's", code::is_checked_out(layout, &self.runs(server)));
            before
                .push(draft.add(Step { after: ready.to_vec(), ..Self::job(server, title, "code", script) }));
        }
        if self.which.database && !self.which.are_there() {
            for replica in &all.replicas {
                let looked =
                    Step { after: ready.to_vec(), ..self.part(replica, rotate::streams(layout, self.note)) };
                before.push(draft.add(looked));
            }
        }
        if before.is_empty() {
            before = ready.to_vec();
        }
        let beat = workers::keeper_of_beat(self.facts, &all.workers).map(|server| server.id.clone());
        let is_first = |server: &Server| beat.as_ref() == Some(&server.id);
        let mut stopped = Vec::new();
        for worker in &all.workers {
            stopped.push(draft.add(workers::stop(self.facts, worker, is_first(worker), &before)));
        }
        let still = if stopped.is_empty() { before } else { stopped.clone() };
        let mut switched =
            if self.which.are_there() { Vec::new() } else { self.services(draft, all, &still) };
        if switched.is_empty() {
            switched = still;
        }
        let mut done = Vec::new();
        let mut written = Vec::new();
        for server in all.app() {
            let on = On::server(server, is_first(server));
            let lane = Self::lane(server);
            let mut steps = self.settings.for_code(&self.runs(server)).steps(self.facts, &lane, &on);
            restarting(self.facts, server, self.note, &mut steps);
            let (first, rest) = steps.split_at(1);
            let mut last = switched.clone();
            for step in first.iter().chain(rest) {
                last = vec![draft.add(Step { after: last, ..step.clone() })];
            }
            if matches!(server.role.role, Role::Web | Role::Combo) {
                done.extend(self.serve(draft, server, &last));
            }
            written.push((server, last));
        }
        for (server, last) in written {
            if matches!(server.role.role, Role::Worker | Role::Combo) {
                let start = workers::start(self.facts, server, is_first(server), all.workers.len());
                done.push(draft.add(Step { after: last, ..start }));
            }
        }
        done
    }

    /// Services get new passwords: from then on they let nobody in with the old ones.
    fn services(&self, draft: &mut Draft<'_>, all: &All<'_>, after: &[StepId]) -> Vec<StepId> {
        let layout = &self.facts.place.layout;
        let mut switched = Vec::new();
        if self.which.database {
            let roles = self.part(all.primary, rotate::roles(layout, self.note));
            let roles = draft.add(Step {
                after: after.to_vec(),
                becomes: Some("the new password".into()),
                noticed: Some(
                    "new connections with the old password are refused; those there are stay".into(),
                ),
                destructive: true,
                ..lasting(roles)
            });
            switched.push(roles);
            for replica in &all.replicas {
                let follows = self.part(replica, rotate::follows(layout, self.note));
                switched.push(draft.add(Step { after: vec![roles], ..lasting(follows) }));
            }
        }
        if let Some(cache) = all.cache.filter(|_| self.which.broker) {
            let broker = lasting(self.part(cache, rotate::broker(layout)));
            let destructive = !self.which.database;
            switched.push(draft.add(Step {
                after: after.to_vec(),
                becomes: Some("the new password".into()),
                noticed: Some(
                    "new connections with the old password are refused; those there are stay".into(),
                ),
                destructive,
                ..broker
            }));
        }
        switched
    }

    /// Gunicorn by the new settings, and its own word that it serves.
    fn serve(&self, draft: &mut Draft<'_>, server: &Server, after: &[StepId]) -> Vec<StepId> {
        let layout = &self.facts.place.layout;
        let script = services::restart(layout, services::Group::Web);
        let restart = draft.add(Step {
            after: after.to_vec(),
            deadline_s: 180,
            noticed: Some("requests at it wait a moment".into()),
            ..Self::job(server, "restart Gunicorn", "gunicorn-restart", script)
        });
        // R2: by Django's own word, with the database asked.
        let title = "wait until Django answers its own check";
        vec![draft.add(Step {
            after: vec![restart],
            deadline_s: 240,
            ..Self::job(server, title, "health", health::wait(layout, 120))
        })]
    }

    /// What servers have kept of the old values goes.
    pub(super) fn forget(&self, draft: &mut Draft<'_>, all: &All<'_>, after: StepId) {
        let layout = &self.facts.place.layout;
        let gone = |step: Step| Step { after: vec![after], soft: true, ..step };
        if self.which.database && !self.which.are_there() {
            for server in std::iter::once(&all.primary).chain(&all.replicas) {
                draft.add(gone(self.part(server, rotate::forget(self.note))));
            }
        }
        for server in all.app() {
            let script = service_files::forgotten(layout, &server.role.role);
            draft.add(gone(Self::job(server, "remove the files with the old values", "forget", script)));
        }
    }

    /// The code that a server runs, as far as is known.
    fn runs(&self, server: &Server) -> Changeset {
        runs(self.facts, server).unwrap_or_else(|| self.code.clone())
    }

    fn lane(server: &Server) -> String {
        format!("{} {}", server.role.role, server.id)
    }

    /// A part as a job: as root, told which server is meant, with secrets of now, and those from before for the way back.
    fn part(&self, server: &Server, part: Part) -> Step {
        let file = |of: TextOf, variable: &str| JobFile {
            of,
            variable: variable.into(),
            environment: self.facts.place.name.clone(),
        };
        let mut files = Vec::new();
        for name in part.secrets {
            files.push(file(TextOf::Secret { name: (*name).into() }, name));
            let before = TextOf::SecretBefore { name: (*name).into(), note: self.note.into() };
            files.push(file(before, name));
        }
        let job = HostJob {
            server: InstanceRef::Known(server.id.clone()),
            name: part.name.into(),
            script: part.script,
            user: Some("root".into()),
            files,
            back: part.back,
            names_server: true,
        };
        Step {
            deadline_s: part.deadline_s,
            ..step(&Self::lane(server), part.title, server.id.as_str(), Action::Job(Box::new(job)))
        }
    }

    fn job(server: &Server, title: &str, name: &str, script: String) -> Step {
        let job = HostJob {
            server: InstanceRef::Known(server.id.clone()),
            name: name.into(),
            script,
            user: None,
            files: Vec::new(),
            back: None,
            names_server: false,
        };
        step(&Self::lane(server), title, server.id.as_str(), Action::Job(Box::new(job)))
    }
}

/// It goes back when the run stops.
fn lasting(step: Step) -> Step {
    Step { lasts: Lasts::UnlessStopped, undo: Undo::Reverse("back to the old password".into()), ..step }
}
