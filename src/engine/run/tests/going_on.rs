//! A run whose plan says so goes on after a failure, and jobs are told of servers that were launched on the way.

use std::sync::{Arc, Mutex};

use super::super::{Ports, begin, resume};
use super::kit::{ENVIRONMENT, Kit, plan, step, told};
use super::relay::{Relay, Started};
use crate::cloud::CloudRead;
use crate::engine::run::NotBegun;
use crate::engine::store::{ReopenError, RunState};
use crate::fleet::{EnvironmentName, InstanceId, NewServer};
use crate::plan::{
    Action, Address, Condition, HostJob, InstanceRef, JobFile, Lasts, Plan, Slot, Step, TextOf, Undo,
};

fn slot() -> Slot {
    Slot("primary".into())
}

async fn server(kit: &Kit) -> NewServer {
    let all = kit.cloud.servers(&"myproject".into()).await.unwrap();
    let like = all.iter().find(|server| server.role.role.to_string() == "worker").unwrap();
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    NewServer {
        image: like.image.clone(),
        instance_type: "t3.small".into(),
        zone: None,
        subnet: like.subnet.clone(),
        security_groups: like.security_group_ids.clone(),
        public_address: false,
        instance_profile: None,
        tokens_required: Some(true),
        key_name: None,
        volumes: Vec::new(),
        tags: vec![
            tag("deployment", "myproject"),
            tag("environment", ENVIRONMENT),
            tag("role", "db-primary-PENDING"),
            tag("Name", "a new one"),
        ],
    }
}

fn job(server: InstanceRef, name: &str, script: &str, files: Vec<JobFile>) -> Action {
    Action::Job(Box::new(HostJob {
        server,
        name: name.into(),
        script: script.into(),
        user: None,
        files,
        back: None,
        names_server: false,
    }))
}

/// Launches a server, and tells another one its address.
async fn building(kit: &Kit, worker: &InstanceId) -> Plan {
    let launch = Action::Launch { slot: slot(), server: Box::new(server(kit).await) };
    let reach = Action::Await { condition: Condition::Reachable { instance: InstanceRef::Later(slot()) } };
    let address = JobFile {
        of: TextOf::Address { address: Address::later(slot()) },
        variable: "primary".into(),
        environment: EnvironmentName::new(ENVIRONMENT),
    };
    let tells = job(
        InstanceRef::Known(worker.clone()),
        "tell",
        "# sandbox: done told\necho $primary\n",
        vec![address],
    );
    let stays =
        |id: u16, after: &[u16], action: Action, undo: Undo| step(id, after, action, Lasts::Stays, undo);
    let steps: Vec<Step> = vec![
        stays(1, &[], launch, Undo::Reverse("it is terminated".into())),
        stays(2, &[1], reach, Undo::Nothing),
        stays(3, &[1], tells, Undo::Nothing),
        stays(
            4,
            &[2, 3],
            job(InstanceRef::Later(slot()), "build", "# sandbox: build redis\n", Vec::new()),
            Undo::Nothing,
        ),
        stays(
            5,
            &[4],
            job(InstanceRef::Later(slot()), "check", "# sandbox: build check\n", Vec::new()),
            Undo::Nothing,
        ),
    ];
    Plan { goes_on: true, ..plan(steps) }
}

async fn worker(kit: &Kit) -> InstanceId {
    let all = kit.cloud.servers(&"myproject".into()).await.unwrap();
    let mine = |server: &&crate::fleet::Server| {
        server.environment.as_ref().is_some_and(|one| one.as_str() == ENVIRONMENT)
            && server.role.role.to_string() == "worker"
    };
    all.iter().find(mine).unwrap().id.clone()
}

async fn launched(kit: &Kit) -> Vec<crate::fleet::Server> {
    let all = kit.cloud.servers(&"myproject".into()).await.unwrap();
    all.into_iter()
        .filter(|server| server.name.as_deref() == Some("a new one") && !server.is_gone())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_job_is_told_the_address_of_a_server_that_an_earlier_step_has_launched() {
    let kit = Kit::new();
    let plan = building(&kit, &worker(&kit).await).await;
    let scripts = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&scripts);
    let started: Started = Box::new(move |script| kept.lock().unwrap().push(script.to_owned()));
    let act = Relay { started: Some(started), ..Relay::new(kit.cloud.hosts_change(), Box::new(|_, _| None)) };
    let ports = Ports { act: Arc::new(act), ..kit.ports() };
    let done = told(begin(ports, kit.store(), plan, Kit::launch("jane@laptop")).await.unwrap()).await;
    assert_eq!(done.state, RunState::Done, "{:?}", done.story.failure());
    let address = launched(&kit).await[0].private_address.clone().unwrap();
    let scripts = scripts.lock().unwrap();
    let telling = scripts.iter().find(|script| script.contains("echo $primary")).unwrap();
    assert!(telling.contains(&format!("primary={address}\n")), "{telling}");
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_done_once_more_when_the_run_is_taken_up_and_nothing_is_made_twice() {
    let kit = Kit::new();
    let plan = building(&kit, &worker(&kit).await).await;
    kit.cloud.break_script("build redis", "E: the mirror is down", 1);
    let failed = kit.run(plan).await;
    assert_eq!(failed.state, RunState::Failed);
    assert!(failed.story.goes_on());
    let made = launched(&kit).await;
    assert_eq!(made.len(), 1, "what was made stays");
    assert!(kit.store().run(&failed.id).unwrap().can_go_on());

    let done = kit.again(failed.id.clone(), false).await;
    assert_eq!(done.state, RunState::Done, "{:?}", done.story.failure());
    assert!(done.story.is_complete() && done.story.turned.is_none());
    let ids = |all: &[crate::fleet::Server]| all.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&launched(&kit).await), ids(&made));
    let again = resume(kit.ports(), kit.store(), failed.id, false, Kit::launch("jane@laptop")).await;
    assert!(matches!(again, Err(NotBegun::Reopen(ReopenError::Over(..)))), "it is over");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_failed_can_be_taken_back_instead() {
    let kit = Kit::new();
    let plan = building(&kit, &worker(&kit).await).await;
    kit.cloud.break_script("build redis", "E: the mirror is down", 1);
    let failed = kit.run(plan).await;
    let undone = kit.again(failed.id.clone(), true).await;
    assert_eq!(undone.state, RunState::Cancelled);
    assert!(launched(&kit).await.is_empty());
    let again = resume(kit.ports(), kit.store(), failed.id, false, Kit::launch("jane@laptop")).await;
    assert!(again.is_err(), "what was taken back is not gone on with");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_plan_does_not_say_so_is_over_when_it_failed() {
    let kit = Kit::new();
    let plan = Plan { goes_on: false, ..building(&kit, &worker(&kit).await).await };
    kit.cloud.break_script("build redis", "E: the mirror is down", 1);
    let failed = kit.run(plan).await;
    assert!(!failed.story.goes_on());
    let again = resume(kit.ports(), kit.store(), failed.id, false, Kit::launch("jane@laptop")).await;
    assert!(matches!(again, Err(NotBegun::Reopen(ReopenError::Over(..)))));
}
