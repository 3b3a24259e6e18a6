//! A run whose plan says so goes on after a failure, and jobs are told of servers that were launched on the way.

use std::sync::{Arc, Mutex};

use super::super::{Ports, begin, resume};
use super::kit::{ENVIRONMENT, Kit, plan, step, told};
use super::relay::{Relay, Started};
use crate::cloud::{CloudChange, CloudRead};
use crate::engine::run::{Again, Launch, NotBegun};
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
    let past = kit.store().run(&failed.id).unwrap();
    assert_eq!(past.again(false), Again::Forward);
    assert!(matches!(past.again(true), Again::Back(steps) if !steps.is_empty()));

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

/// A server is launched, then the group is held, a service stopped, and something fails while it is.
async fn switching(kit: &Kit, worker: &InstanceId) -> Plan {
    let mut steps = building(kit, worker).await.steps;
    steps.truncate(3);
    let hold = Step {
        lasts: Lasts::UnlessStopped,
        ..super::kit::suspend(4, &[3], &[crate::fleet::Process::AzRebalance])
    };
    let worker = InstanceRef::Known(worker.clone());
    let Action::Job(stop) = job(worker.clone(), "stop", "# sandbox: done stopped\n", Vec::new()) else {
        panic!()
    };
    let stop = HostJob { back: Some("# sandbox: done started\n".into()), ..*stop };
    let back = Undo::Reverse("it is started".into());
    steps.push(hold);
    steps.push(step(5, &[4], Action::Job(Box::new(stop)), Lasts::UnlessStopped, back));
    let bring = job(worker, "bring", "# sandbox: build redis\n", Vec::new());
    steps.push(step(6, &[5], bring, Lasts::Stays, Undo::Nothing));
    let seal = job(InstanceRef::Later(slot()), "seal", "# sandbox: build check\n", Vec::new());
    let seal = step(7, &[6], seal, Lasts::Stays, Undo::Nothing);
    let settles = steps[3..5].iter().map(|step| step.id).collect();
    steps.push(Step { seals: true, settles, ..seal });
    let title = "put it back";
    let restore = Action::Restore { steps: vec![steps[3].id] };
    steps.push(Step { title: title.into(), ..step(8, &[7], restore, Lasts::Stays, Undo::Nothing) });
    Plan { goes_on: true, redoes: true, ..plan(steps) }
}

#[tokio::test(start_paused = true)]
async fn what_was_put_back_is_done_once_more_with_everything_after_it_where_the_plan_says_so() {
    let kit = Kit::new();
    let before = kit.shape().await;
    let plan = switching(&kit, &worker(&kit).await).await;
    kit.cloud.break_script("build redis", "the disk is full", 2);
    let mut failed = kit.run(plan).await;
    for attempt in 1..=2 {
        assert_eq!(failed.state, RunState::Failed, "{attempt}");
        assert_eq!(kit.shape().await, before, "what stopped it has put the group back: {attempt}");
        assert!(failed.story.steps[4].undone.is_some(), "and started what was stopped: {attempt}");
        assert!(failed.story.goes_on(), "{attempt}");
        failed = kit.again(failed.id.clone(), false).await;
    }
    let done = failed;
    assert_eq!(done.state, RunState::Done, "{:?}", done.story.failure());
    assert!(done.story.left().is_empty(), "{:?}", done.story.left());
    assert_eq!(kit.shape().await, before);
    assert_eq!(launched(&kit).await.len(), 1, "what was built was not built again");
    let jobs = |begins: &str| {
        let ran = done.story.intents.iter().filter(|intent| {
            matches!(&intent.mutation, super::super::Mutation::Job { job, .. } if job.contains(begins))
        });
        ran.count()
    };
    assert_eq!(
        (jobs("-5-stop-back-"), jobs("-5-stop-") - jobs("-5-stop-back-")),
        (2, 3),
        "stopped each time"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_put_back_is_over_where_the_plan_does_not_say_so_or_something_it_made_is_gone() {
    let kit = Kit::new();
    let plan = Plan { redoes: false, ..switching(&kit, &worker(&kit).await).await };
    kit.cloud.break_script("build redis", "the disk is full", 1);
    let failed = kit.run(plan).await;
    assert_eq!(failed.state, RunState::Failed);
    assert!(!failed.story.goes_on());
    // The server itself goes when the run stops.
    let kit = Kit::new();
    let mut plan = switching(&kit, &worker(&kit).await).await;
    plan.steps[0].lasts = Lasts::UnlessStopped;
    kit.cloud.break_script("build redis", "the disk is full", 1);
    let failed = kit.run(plan).await;
    assert!(launched(&kit).await.is_empty() && !failed.story.goes_on());
}

#[tokio::test(start_paused = true)]
async fn a_value_that_somebody_else_has_set_meanwhile_is_not_taken_for_ours() {
    let kit = Kit::new();
    let plan = switching(&kit, &worker(&kit).await).await;
    let setting = crate::plan::Setting::Process {
        group: Kit::group_name(),
        process: crate::fleet::Process::AzRebalance,
    };
    let plan = super::kit::assume(plan, crate::plan::Fact::Setting(setting), crate::plan::Value::Active);
    kit.cloud.break_script("build redis", "the disk is full", 1);
    let failed = kit.run(plan).await;
    kit.cloud.suspend(&Kit::group_name(), &[crate::fleet::Process::AzRebalance]).await.unwrap();
    let again = resume(kit.ports(), kit.store(), failed.id, false, Kit::launch("jane@laptop")).await;
    assert!(matches!(again, Err(NotBegun::Changed { .. })), "it was told, and left as it is");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_while_it_is_done_once_more_it_ends_as_an_unbroken_one() {
    for records in 1..120 {
        let kit = Kit::new();
        let before = kit.shape().await;
        let plan = switching(&kit, &worker(&kit).await).await;
        kit.cloud.break_script("build redis", "the disk is full", 1);
        let failed = kit.run(plan).await;
        let halt = super::super::Halt::after(records);
        let store = kit.store().with_halt(halt.clone());
        let who = Kit::launch("jane@laptop");
        let started = resume(kit.ports(), store, failed.id.clone(), false, who).await.unwrap();
        tokio::select! {
            () = halt.died() => {}
            told = told(started) => {
                assert!(records > 10 && told.state == RunState::Done, "{records}: {:?}", told.story.failure());
                return;
            }
        }
        if kit.store().run(&failed.id).unwrap().finished.is_some() {
            continue;
        }
        let done = kit.again(failed.id.clone(), false).await;
        assert_eq!(done.state, RunState::Done, "{records}: {:?}", done.story.failure());
        assert!(done.story.left().is_empty(), "{records}");
        assert_eq!(kit.shape().await, before, "{records}");
        assert_eq!(launched(&kit).await.len(), 1, "{records}");
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_while_it_puts_back_that_is_done_first_and_then_it_goes_on() {
    let mut killed = 0;
    for records in 1..120 {
        let kit = Kit::new();
        let before = kit.shape().await;
        let plan = switching(&kit, &worker(&kit).await).await;
        kit.cloud.break_script("build redis", "the disk is full", 1);
        let Ok(id) = kit.die_after(plan, records).await else {
            assert!(killed > 3, "{killed}");
            return;
        };
        let past = kit.store().run(&id).unwrap();
        if past.finished.is_some() {
            continue;
        }
        let turned = past.story.as_ref().is_some_and(|story| story.turned.is_some());
        killed += u32::from(turned);
        let mut told = kit.again(id.clone(), false).await;
        for _ in 0..3 {
            if told.state == RunState::Done {
                break;
            }
            assert_eq!(kit.shape().await, before, "{records}: it is put back before anything else");
            assert!(told.story.goes_on(), "{records}: {:?}", told.story.failure());
            told = kit.again(id.clone(), false).await;
        }
        assert_eq!(told.state, RunState::Done, "{records}: {:?}", told.story.failure());
        assert!(told.story.left().is_empty(), "{records}");
        assert_eq!(kit.shape().await, before, "{records}");
        assert_eq!(launched(&kit).await.len(), 1, "{records}");
        // What was stopped ran again in between, and was stopped anew.
        let stopped = told.story.steps[4].ended.as_ref().unwrap().0;
        let backs = told.story.intents.iter().filter(|intent| intent.back && intent.step.0 == 5);
        assert!(backs.map(|intent| intent.at).all(|at| at < stopped), "{records}");
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn a_run_of_another_fleet_is_not_taken_up_and_one_of_before_is() {
    async fn breaking(kit: &Kit) -> Plan {
        kit.cloud.break_script("build redis", "E: the mirror is down", 1);
        building(kit, &worker(kit).await).await
    }
    let kit = Kit::new();
    let plan = breaking(&kit).await;
    let store = || kit.store().of("aws ops eu-west-1 myproject".into());
    let launch = || Kit::launch("jane@laptop");
    let failed = told(begin(kit.ports(), store(), plan, launch()).await.unwrap()).await;
    let other = kit.store().of("aws other eu-west-1 myproject".into());
    for undo in [false, true] {
        let again = resume(kit.ports(), other.clone(), failed.id.clone(), undo, launch()).await;
        assert!(matches!(again, Err(NotBegun::Reopen(ReopenError::Elsewhere { .. }))), "undo: {undo}");
    }
    assert!(!other.is_of(&store().run(&failed.id).unwrap().began));
    // Nor in another account, whatever its profile is called.
    let of = |account: &str| Launch { identity: format!("arn:aws:iam::{account}:user/jane"), ..launch() };
    let there =
        told(begin(kit.ports(), store(), breaking(&kit).await, of("111122223333")).await.unwrap()).await;
    let again = resume(kit.ports(), store(), there.id.clone(), true, of("444455556666")).await;
    let Err(NotBegun::Reopen(error @ ReopenError::Elsewhere { .. })) = again else { panic!("elsewhere") };
    assert!(error.to_string().contains("(account 111122223333)"), "{error}");
    let undone = resume(kit.ports(), store(), there.id, true, of("111122223333")).await.unwrap();
    assert_eq!(told(undone).await.state, RunState::Cancelled);
    let done = told(resume(kit.ports(), store(), failed.id, false, launch()).await.unwrap()).await;
    assert_eq!(done.state, RunState::Done);
    let before = kit.run(building(&kit, &worker(&kit).await).await).await;
    assert!(other.is_of(&store().run(&before.id).unwrap().began), "it says nothing of a fleet");
}
