//! The steps by which servers go: out of the load balancer, work ended, an image of what holds data, terminated.

use super::super::draft::{Draft, step};
use super::super::registration::DRAINING_S;
use super::super::{Facts, Refused};
use super::ORDER;
use crate::fleet::{Group, InstanceId, Role, Server, Sizes, words};
use crate::plan::{
    Action, Assignment, Condition, HostJob, InstanceRef, Repeat, Setting, Slot, Step, StepId, Undo, Value,
};
use crate::recipe::{build, celery};

/// A large disk takes its time.
const IMAGE_S: u32 = 6 * 3_600;

/// A group lets its last member go, and launches none.
pub(super) fn empty(draft: &mut Draft<'_>, group: &Group) -> StepId {
    draft.assume_group(group);
    let setting = Setting::Sizes { group: group.name.clone() };
    let to = Sizes { min: 0, desired: 0, max: 0 };
    let set = draft.add(Step {
        before: Some(group.sizes().to_string()),
        becomes: Some(to.to_string()),
        undo: Undo::Restore,
        destructive: true,
        noticed: Some("the site is gone".into()),
        ..step(
            "group",
            "let every member go",
            group.name.as_str(),
            Action::Set { settings: vec![Assignment { setting, to: Value::Sizes(to) }] },
        )
    });
    draft.add(Step {
        after: vec![set],
        becomes: Some("no server".into()),
        deadline_s: 1_800,
        ..step(
            "group",
            "wait until the group has no member",
            group.name.as_str(),
            Action::Await { condition: Condition::Settled { group: group.name.clone() } },
        )
    })
}

/// All of these servers, those of one role side by side, the roles one after the other.
pub(super) fn all(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    servers: &[&Server],
    after: &[StepId],
) -> Result<(), Refused> {
    let mut before = after.to_vec();
    let known = |server: &&&Server| ORDER.contains(&server.role.role);
    let odd: Vec<&&Server> = servers.iter().filter(|server| !known(server)).collect();
    let rounds =
        ORDER.iter().map(|role| servers.iter().filter(|one| one.role.role == *role).collect::<Vec<_>>());
    for round in std::iter::once(odd).chain(rounds) {
        let mut ended = Vec::new();
        for server in round {
            let role = RoleOf(server);
            draft.cannot_undo(format!("{} {} is terminated{}", server.role.role, server.id, role.keeps()));
            ended.push(one(draft, facts, server, &before)?);
        }
        if !ended.is_empty() {
            before = ended;
        }
    }
    Ok(())
}

/// What becomes of what a server holds.
struct RoleOf<'s>(&'s Server);

impl RoleOf<'_> {
    /// R15: what holds a database is never let go without a copy.
    fn has_data(&self) -> bool {
        matches!(self.0.role.role, Role::DbPrimary | Role::DbReplica | Role::Combo)
    }

    fn keeps(&self) -> &'static str {
        match self.0.role.role {
            _ if self.has_data() => "; an image of its disks stays",
            Role::Cache => ", with the sessions and tasks in it",
            _ => "",
        }
    }
}

/// The steps of one server; gives the last.
fn one(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    server: &Server,
    after: &[StepId],
) -> Result<StepId, Refused> {
    let id = &server.id;
    let lane = format!("{} {id}", server.role.role);
    let mut last = after.to_vec();
    for step in out_of_service(facts, server, &lane)? {
        last = vec![draft.add(Step { after: last, ..step })];
    }
    if server.is_target() && matches!(server.role.role, Role::Worker | Role::Combo) {
        last = vec![draft.add(Step { after: last, ..no_more_tasks(facts, server, &lane) })];
    }
    if RoleOf(server).has_data() {
        last = vec![draft.add(Step { after: last, ..nothing_is_written(server, &lane) })];
    }
    if RoleOf(server).has_data() {
        let (deployment, environment) = (&facts.topology.deployment, &facts.place.name);
        let time = facts.now.strftime("%Y.%m.%d-%H.%M.%S");
        let name = format!("{deployment}_{environment}_{}_last_{time}_{id}", server.role.role);
        last = vec![draft.add(Step {
            after: last,
            becomes: Some(name.clone()),
            repeat: Repeat::Check,
            deadline_s: IMAGE_S,
            ..step(
                &lane,
                "make an image of its disks, and wait until that is whole",
                id.as_str(),
                Action::Image {
                    slot: Slot(format!("image of {id}")),
                    of: InstanceRef::Known(id.clone()),
                    name,
                },
            )
        })];
    }
    if server.is_target() {
        let role = format!("{}-OLD", server.role.role);
        let tags = vec![("role".to_owned(), role.clone())];
        last = vec![draft.add(Step {
            after: last,
            before: Some(server.role.role.to_string()),
            becomes: Some(role),
            ..step(
                &lane,
                "take it out of use, by its tag",
                id.as_str(),
                Action::Tag { server: InstanceRef::Known(id.clone()), tags },
            )
        })];
    }
    Ok(draft.add(Step {
        after: last,
        before: Some(server.power.word().to_owned()),
        becomes: Some("terminated".into()),
        undo: Undo::Cannot("it is gone".into()),
        repeat: Repeat::Repeatable,
        deadline_s: 900,
        destructive: true,
        ..step(
            &lane,
            "terminate it",
            id.as_str(),
            Action::Terminate { servers: vec![InstanceRef::Known(id.clone())] },
        )
    }))
}

/// Requests under way end first.
fn out_of_service(facts: &Facts<'_>, server: &Server, lane: &str) -> Result<Vec<Step>, Refused> {
    if facts.place.load_balancers.is_empty() {
        return Ok(Vec::new());
    }
    let all = facts.known("the load balancers are", &facts.snapshot.load_balancers)?;
    let mut steps = Vec::new();
    let instances: Vec<InstanceId> = vec![server.id.clone()];
    for name in &facts.place.load_balancers {
        if !all.get(name).is_some_and(|balancer| balancer.members.contains(&server.id)) {
            continue;
        }
        let setting = Setting::Membership { balancer: name.clone(), instance: server.id.clone() };
        steps.push(Step {
            before: Some(Value::Registered.to_string()),
            becomes: Some(Value::NotRegistered.to_string()),
            undo: Undo::Restore,
            ..step(
                lane,
                "take it out of the load balancer",
                name.as_str(),
                Action::Set { settings: vec![Assignment { setting, to: Value::NotRegistered }] },
            )
        });
        steps.push(Step {
            becomes: Some("drained".into()),
            deadline_s: DRAINING_S,
            ..step(
                lane,
                format!("wait until requests under way at {name} have ended"),
                name.as_str(),
                Action::Await {
                    condition: Condition::Drained { balancer: name.clone(), instances: instances.clone() },
                },
            )
        });
    }
    Ok(steps)
}

/// What is written after the image was begun would be lost without a word.
fn nothing_is_written(server: &Server, lane: &str) -> Step {
    let job = HostJob {
        server: InstanceRef::Known(server.id.clone()),
        name: "postgres-stop".into(),
        script: build::stop_for_good(),
        user: Some("root".into()),
        files: Vec::new(),
        back: None,
        names_server: true,
    };
    Step {
        becomes: Some("stopped and masked".into()),
        undo: Undo::Cannot("systemctl unmask and start bring it back by hand".into()),
        // A server that does not answer is let go all the same.
        soft: true,
        deadline_s: 600,
        ..step(lane, "stop PostgreSQL for good", server.id.as_str(), Action::Job(Box::new(job)))
    }
}

/// R17: tasks at work end first.
fn no_more_tasks(facts: &Facts<'_>, server: &Server, lane: &str) -> Step {
    let measured = facts.snapshot.measured(&server.id).and_then(|measured| measured.celery());
    let running = measured.map(|celery| {
        let tasks: usize = celery.workers.iter().map(|one| one.running.len()).sum();
        format!("{} running", words::count(u64::try_from(tasks).unwrap_or(u64::MAX), "task"))
    });
    let job = HostJob {
        server: InstanceRef::Known(server.id.clone()),
        name: "celery-stop".into(),
        script: celery::stop(&facts.place.layout),
        user: None,
        files: Vec::new(),
        back: None,
        names_server: false,
    };
    Step {
        before: running,
        becomes: Some(format!("stopped; Supervisor kills what still runs after {} s", celery::STOP_WAIT_S)),
        // A server that does not answer is let go all the same.
        soft: true,
        deadline_s: celery::STOP_WAIT_S + 120,
        ..step(lane, "stop Celery when its tasks have ended", server.id.as_str(), Action::Job(Box::new(job)))
    }
}
