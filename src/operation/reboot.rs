//! reboot-server and reboot-environment: servers boot again, in an order that users notice least.
//!
//! Web servers go first, one after the other through the load balancer: nobody notices, and what does not come back from a
//! boot is found out where it does least harm. Databases and the cache have the maintenance page, the replica too, for the
//! health check asks it as well (R1); the primary boots when its replica is back.

use super::deploy::{keeper_of_beat, take_out};
use super::draft::{Draft, step};
use super::on_servers::{
    answers, hold, lane, page_up, restart_gunicorn, root_job, serves, start_celery, stop_celery,
};
use super::refused::some;
use super::registration::{ids, in_service_in_s};
use super::{Facts, Options, Refused};
use crate::fleet::{LoadBalancer, Power, Process, Role, Server};
use crate::plan::{Action, Condition, InstanceRef, Lasts, Step, StepId, Undo};
use crate::recipe::build;

const ROLES: [Role; 6] =
    [Role::Web, Role::Worker, Role::DbReplica, Role::Cache, Role::Combo, Role::DbPrimary];

/// How long a server may take to come back. Some check their disks.
const BOOT_S: u32 = 1_200;

pub(super) fn environment(draft: &mut Draft<'_>, facts: &Facts<'_>, _: &Options) -> Result<(), Refused> {
    let servers = facts.servers(&ROLES)?;
    if servers.is_empty() {
        return Err(Refused::State(format!("{} has no server in use", facts.place.name)));
    }
    draft.title(format!("boot every server of {} again", facts.place.name));
    plan(draft, facts, &servers)
}

pub(super) fn servers(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    if options.servers.is_empty() {
        return Err(Refused::Usage(
            "reboot-server wants --servers: which ones; reboot-environment boots all of them".into(),
        ));
    }
    let servers = facts.named(&options.servers, &ROLES)?;
    draft.title(format!("boot {} again", some(servers.iter().map(|server| lane(server)))));
    plan(draft, facts, &servers)
}

fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, servers: &[&Server]) -> Result<(), Refused> {
    facts.all_current()?;
    if let Some(server) = servers.iter().find(|server| server.power != Power::Running) {
        return Err(Refused::State(format!(
            "{} is {}: start it, or name others with reboot-server",
            lane(server),
            server.power.word()
        )));
    }
    if facts.place.build.fs_encrypt {
        draft.refuse_unless(
            "locked-disks",
            "the config says fs_encrypt: a server whose disk is locked with a passphrase comes back without its data until \
             somebody unlocks it (R10), primary and cache first, then the replica, then web servers and workers"
                .into(),
        )?;
    }
    draft.goes_on();
    draft.cannot_undo("a boot is not taken back; what was only in memory is gone, such as Memcached");
    let of = |roles: &[Role]| -> Vec<&Server> {
        servers.iter().filter(|server| roles.contains(&server.role.role)).copied().collect()
    };
    let (web, workers) = (of(&[Role::Web]), of(&[Role::Worker]));
    let (replicas, last) = (of(&[Role::DbReplica]), of(&[Role::Cache, Role::DbPrimary, Role::Combo]));
    let needs_page = !replicas.is_empty() || !last.is_empty();

    // R1: the health check asks databases and cache, and a web server that boots fails it, too.
    let lasts = if needs_page { Lasts::UnlessStopped } else { Lasts::UntilTheEnd };
    let held = hold(draft, facts, &[Process::ScheduledActions], lasts)?;
    let balancers = if web.is_empty() { Vec::new() } else { facts.balancers()? };
    somebody_serves(draft, facts, &web, &balancers)?;
    let mut ends: Vec<StepId> = held.into_iter().collect();
    for server in &web {
        ends = one_web(draft, facts, server, &balancers, &ends);
    }
    if needs_page {
        let told = some(replicas.iter().chain(&last).map(|server| lane(server)));
        draft.noticed(format!("the maintenance page while {told} boot, some minutes"));
        draft.note(
            "Once databases and cache begin to boot, whatever stops the run leaves page, group and Celery as they are then, \
             for the site would fail without them: `quarterdeck runs resume` goes on, and `quarterdeck runs undo` puts them \
             back.",
        );
        return Window { facts, workers: &workers, replicas: &replicas, last: &last }
            .steps(draft, held, &ends);
    }
    if let Some(noticed) = (!workers.is_empty()).then_some("tasks wait while their worker boots") {
        draft.noticed(noticed);
    }
    let all = facts.servers(&[Role::Worker, Role::Combo])?;
    let beat = keeper_of_beat(facts, &all).map(|server| &server.id);
    for worker in &workers {
        let has_beat = beat == Some(&worker.id);
        let stopped = draft.add(stop_celery(facts, worker, has_beat, &ends));
        let booted = draft.add(boot(worker, &[stopped]));
        let start = Step { settles: vec![stopped], ..start_celery(facts, worker, has_beat, &[booted]) };
        ends = vec![draft.add(start)];
    }
    if let Some(held) = held {
        let name = facts.group()?.name.as_str();
        draft.restore("group", "put the group back as it was", name, vec![held], &ends);
    }
    Ok(())
}

/// Refuses when nobody would be left in service.
fn somebody_serves(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    web: &[&Server],
    balancers: &[&LoadBalancer],
) -> Result<(), Refused> {
    for balancer in balancers {
        let serving = facts.in_service(&balancer.name)?;
        if serving.len() <= 1 && web.iter().any(|server| serving.contains(&server.id)) {
            draft.refuse_unless(
                "last-server",
                format!(
                    "{} would have no server in service while its only one boots. Give the group another one with set-sizes \
                     first",
                    balancer.name
                ),
            )?;
            draft.noticed(format!("nobody answers at {} while its server boots", balancer.name));
        }
    }
    Ok(())
}

/// The step that boots a server again.
fn boot(server: &Server, after: &[StepId]) -> Step {
    Step {
        after: after.to_vec(),
        becomes: Some("in another boot".into()),
        undo: Undo::Cannot("a boot is not taken back".into()),
        deadline_s: BOOT_S,
        destructive: true,
        ..step(
            &lane(server),
            "boot it again, and wait until it answers",
            server.id.as_str(),
            Action::Reboot { server: InstanceRef::Known(server.id.clone()) },
        )
    }
}

/// One web server: out, booted, healthy by itself (R2), in again.
fn one_web(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    server: &Server,
    balancers: &[&LoadBalancer],
    after: &[StepId],
) -> Vec<StepId> {
    let mine: Vec<&&LoadBalancer> =
        balancers.iter().filter(|balancer| balancer.members.contains(&server.id)).collect();
    let (mut out, mut drained) = (Vec::new(), after.to_vec());
    for balancer in &mine {
        let (taken, wait) = take_out(draft, balancer, server, after);
        out.push(taken);
        drained.push(wait);
    }
    let booted = draft.add(boot(server, &drained));
    let healthy = draft.add(Step { after: vec![booted], ..answers(facts, server) });
    let title = format!("register {} again", server.id);
    let Some(back) = draft.restore("web", &title, server.id.as_str(), out, &[healthy]) else {
        return vec![healthy];
    };
    let wait = |balancer: &&&LoadBalancer| {
        let condition = Condition::InService { balancer: balancer.name.clone(), instances: ids(&[server]) };
        draft.add(Step {
            after: vec![back],
            becomes: Some("InService".into()),
            deadline_s: in_service_in_s(balancer),
            ..step(
                "web",
                format!("wait until {} is in service", server.id),
                balancer.name.as_str(),
                Action::Await { condition },
            )
        })
    };
    mine.iter().map(wait).collect()
}

/// What boots while the maintenance page is up.
struct Window<'f> {
    facts: &'f Facts<'f>,
    workers: &'f [&'f Server],
    replicas: &'f [&'f Server],
    /// The cache and the primary.
    last: &'f [&'f Server],
}

impl Window<'_> {
    fn steps(&self, draft: &mut Draft<'_>, held: Option<StepId>, after: &[StepId]) -> Result<(), Refused> {
        let facts = self.facts;
        let running = |server: &&Server| server.power == Power::Running;
        let all: Vec<&Server> =
            facts.servers(&[Role::Web, Role::Worker, Role::Combo])?.into_iter().filter(running).collect();
        let web: Vec<&Server> = all.iter().filter(|server| serves(server)).copied().collect();
        let workers: Vec<&Server> =
            all.iter().filter(|server| server.role.role != Role::Web).copied().collect();
        let beat = keeper_of_beat(facts, &workers).map(|server| &server.id);
        let has_beat = |server: &Server| beat == Some(&server.id);
        let paged = page_up(draft, facts, &web, Lasts::UnlessStopped, after);
        let mut before: Vec<StepId> = after.iter().copied().chain(paged).collect();
        let stopped: Vec<StepId> = workers
            .iter()
            .map(|worker| draft.add(stop_celery(facts, worker, has_beat(worker), &before)))
            .collect();
        before.extend(&stopped);
        // What does not work before would not do so afterwards either.
        let mut seen = before.clone();
        for server in self.replicas.iter().chain(self.last) {
            seen = Self::works(draft, server, "see that it works before", &seen);
        }
        let settles: Vec<StepId> = held.into_iter().chain(paged).chain(stopped.iter().copied()).collect();
        for step in &seen {
            draft.settle(*step, &settles);
        }
        let mut booted = seen;
        for server in self.replicas {
            booted = Self::boot(draft, server, &booted);
        }
        // The cache and the primary need nothing of each other.
        let ends: Vec<StepId> =
            self.last.iter().flat_map(|server| Self::boot(draft, server, &booted)).collect();
        let back = if ends.is_empty() { booted } else { ends };
        for worker in &workers {
            let asked = self.workers.iter().any(|one| one.id == worker.id);
            let ready = if asked { vec![draft.add(boot(worker, &back))] } else { back.clone() };
            draft.add(start_celery(facts, worker, has_beat(worker), &ready));
        }
        let mut ends = Vec::new();
        for server in &web {
            // What it had open to those that booted is broken.
            let restarted = draft.add(Step { after: back.clone(), ..restart_gunicorn(facts, server) });
            ends.push(draft.add(Step { after: vec![restarted], ..answers(facts, server) }));
        }
        if ends.is_empty() {
            ends = back;
        }
        let title = "take the page off, and let the group go on as before";
        let target = facts.place.name.as_str().to_owned();
        draft.restore("web", title, &target, held.into_iter().chain(paged).collect(), &ends);
        Ok(())
    }

    fn boot(draft: &mut Draft<'_>, server: &Server, after: &[StepId]) -> Vec<StepId> {
        let booted = draft.add(boot(server, after));
        Self::works(draft, server, "see that what others need of it works", &[booted])
    }

    fn works(draft: &mut Draft<'_>, server: &Server, title: &str, after: &[StepId]) -> Vec<StepId> {
        let Some(script) = build::works(&server.role.role) else {
            return after.to_vec();
        };
        vec![draft.add(Step { after: after.to_vec(), ..root_job(server, title, "works", script, None, 360) })]
    }
}
