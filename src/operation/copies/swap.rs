//! What is loaded comes into use: while nobody writes, by a change of names, and with the old database kept.

use super::super::deploy::keeper_of_beat;
use super::super::draft::Draft;
use super::super::on_servers::{answers, hold, job, page_up, root_job, start_celery, stop_celery};
use super::super::{Facts, Refused};
use super::{Names, servers_of};
use crate::fleet::{InstanceId, Process, Role, Server};
use crate::plan::{Lasts, Step, StepId, Undo};
use crate::recipe::{database, services};

/// What the group does not do meanwhile: a server launched then would come without the page.
const QUIET: [Process; 2] = [Process::Launch, Process::ScheduledActions];

/// Who uses the database.
pub(super) struct Users<'f> {
    web: Vec<&'f Server>,
    pub(super) workers: Vec<&'f Server>,
    replicas: Vec<&'f Server>,
    primary: &'f Server,
    /// Where beat runs.
    beat: Option<InstanceId>,
}

/// What was stopped.
pub(super) struct Closed {
    held: Option<StepId>,
    paged: Option<StepId>,
    celery: Vec<StepId>,
    /// After these nobody writes.
    pub(super) quiet: Vec<StepId>,
}

impl<'f> Users<'f> {
    pub(super) fn of(facts: &Facts<'f>, primary: &'f Server) -> Result<Self, Refused> {
        let of = |roles: &[Role]| servers_of(facts, facts.place, roles);
        let workers = of(&[Role::Worker, Role::Combo])?;
        let beat = keeper_of_beat(facts, &workers).map(|server| server.id.clone());
        Ok(Self {
            web: of(&[Role::Web, Role::Combo])?,
            replicas: of(&[Role::DbReplica])?,
            workers,
            primary,
            beat,
        })
    }

    /// The database servers: what is loaded comes to all of them.
    pub(super) fn databases(&self) -> impl Iterator<Item = &'f Server> {
        std::iter::once(self.primary).chain(self.replicas.iter().copied())
    }

    /// Takes for granted who they are.
    pub(super) fn assume(draft: &mut Draft<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        for role in [Role::DbPrimary, Role::DbReplica, Role::Worker, Role::Web] {
            let ids =
                facts.servers(std::slice::from_ref(&role))?.iter().map(|server| server.id.clone()).collect();
            draft.assume_servers(&role, ids);
        }
        draft.assume_combos()
    }

    /// R1: the group is held, the page goes up, and then Celery and Gunicorn end.
    pub(super) fn close(
        &self,
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        after: &[StepId],
    ) -> Result<Closed, Refused> {
        let held = hold(draft, facts, &QUIET, Lasts::UntilTheEnd)?;
        if let Some(held) = held {
            draft.after(held, after);
        }
        let before: Vec<StepId> = held.map_or_else(|| after.to_vec(), |held| vec![held]);
        let paged = page_up(draft, facts, &self.web, Lasts::UntilTheEnd, &before);
        let before: Vec<StepId> = paged.map_or(before, |paged| vec![paged]);
        let celery: Vec<StepId> = self
            .workers
            .iter()
            .map(|worker| draft.add(stop_celery(facts, worker, self.has_beat(worker), &before)))
            .collect();
        let mut quiet = celery.clone();
        for server in &self.web {
            quiet.push(draft.add(Step { after: before.clone(), ..stop_web(facts, server) }));
        }
        if quiet.is_empty() {
            quiet = before;
        }
        Ok(Closed { held, paged, celery, quiet })
    }

    /// Changes the names; gives the steps after which everybody can use what is loaded.
    pub(super) fn swap(
        &self,
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        names: &Names,
        after: &[StepId],
    ) -> Vec<StepId> {
        let (layout, Names { incoming, before }) = (&facts.place.layout, names);
        // Taken back after the names are: what these connections read then is not what is in use any more.
        let mut ready = after.to_vec();
        for replica in &self.replicas {
            ready.push(draft.add(Step {
                after: after.to_vec(),
                lasts: Lasts::UnlessStopped,
                undo: Undo::Reverse("connections that read the other database are cut".into()),
                soft: true,
                ..root_job(
                    replica,
                    "see that the replica follows",
                    "follows",
                    database::follows(layout),
                    Some(database::cut(layout, incoming, before, true)),
                    400,
                )
            }));
        }
        let swapped = draft.add(Step {
            after: ready,
            becomes: Some(format!(
                "what was loaded is {}, and what was there before {before}",
                layout.database
            )),
            lasts: Lasts::UnlessStopped,
            undo: Undo::Reverse("the names are changed back, and connections break for a moment".into()),
            destructive: true,
            ..root_job(
                self.primary,
                "cut connections, and change the names of both databases at once",
                "swap",
                database::swap(layout, before, incoming, false),
                Some(database::swap(layout, incoming, before, true)),
                300,
            )
        });
        let cut = |replica: &&'f Server| {
            draft.add(Step {
                after: vec![swapped],
                // A replica that cannot follow is told, and keeps nobody waiting.
                soft: true,
                ..root_job(
                    replica,
                    "cut connections that read what was there before",
                    "cut",
                    database::cut(layout, before, incoming, false),
                    None,
                    400,
                )
            })
        };
        let cuts: Vec<StepId> = self.replicas.iter().map(cut).collect();
        if cuts.is_empty() { vec![swapped] } else { cuts }
    }

    /// Starts Gunicorn and Celery again, takes the page off, and lets the group go on.
    pub(super) fn open(&self, draft: &mut Draft<'_>, facts: &Facts<'_>, closed: &Closed, after: &[StepId]) {
        let mut ends = Vec::new();
        for server in &self.web {
            let started = draft.add(Step { after: after.to_vec(), ..start_web(facts, server) });
            ends.push(draft.add(Step { after: vec![started], ..answers(facts, server) }));
        }
        for worker in &self.workers {
            // R17: beat starts when every old one has stopped.
            let waits: Vec<StepId> = after.iter().chain(&closed.celery).copied().collect();
            ends.push(draft.add(start_celery(facts, worker, self.has_beat(worker), &waits)));
        }
        if ends.is_empty() {
            ends = after.to_vec();
        }
        let title = "take the page off, and let the group go on as before";
        let target = facts.place.name.as_str().to_owned();
        draft.restore("web", title, &target, closed.held.into_iter().chain(closed.paged).collect(), &ends);
    }

    fn has_beat(&self, worker: &Server) -> bool {
        self.beat.as_ref() == Some(&worker.id)
    }
}

/// Ends Gunicorn behind the page: nothing of the site runs.
fn stop_web(facts: &Facts<'_>, server: &Server) -> Step {
    let layout = &facts.place.layout;
    let stop = job(
        server,
        "stop Gunicorn behind the page",
        "gunicorn-stop",
        services::stop(layout, services::Group::Web),
        180,
    );
    let mut ended = Step {
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("Gunicorn is started".into()),
        becomes: Some("stopped".into()),
        ..stop
    };
    if let crate::plan::Action::Job(job) = &mut ended.action {
        job.back = Some(services::start(layout, services::Group::Web));
    }
    ended
}

fn start_web(facts: &Facts<'_>, server: &Server) -> Step {
    let script = services::start(&facts.place.layout, services::Group::Web);
    Step { becomes: Some("running".into()), ..job(server, "start Gunicorn", "gunicorn-start", script, 180) }
}
