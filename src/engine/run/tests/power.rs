//! Servers that are booted again, or stopped: asked of EC2, and known to have happened.

use std::time::Duration;

use super::super::{Mutation, StepEnd};
use super::kit::{Kit, plan, step, told};
use crate::cloud::{CloudChange, CloudRead};
use crate::engine::store::RunState;
use crate::fleet::{InstanceId, Power, Role};
use crate::plan::{Action, Condition, InstanceRef, Lasts, Plan, Step, Undo};
use crate::sandbox::{Fault, FaultKind};

async fn server(kit: &Kit, role: &Role) -> InstanceId {
    let all = kit.cloud.servers(&"myproject".into()).await.unwrap();
    let mine = |one: &&crate::fleet::Server| {
        one.environment.as_ref().is_some_and(|name| name.as_str() == super::kit::ENVIRONMENT)
            && one.role.role == *role
            && one.is_target()
    };
    all.iter().find(mine).unwrap().id.clone()
}

fn of(action: Action, deadline_s: u32) -> Plan {
    let undo = Undo::Cannot("it has happened".into());
    plan(vec![Step { deadline_s, ..step(1, &[], action, Lasts::Stays, undo) }])
}

fn reboot(id: &InstanceId, deadline_s: u32) -> Plan {
    of(Action::Reboot { server: InstanceRef::Known(id.clone()) }, deadline_s)
}

/// How often it was booted again: its boots are counted in the id that it tells.
async fn boots(kit: &Kit, id: &InstanceId) -> u32 {
    let told = kit.run(reboot(id, 1_200)).await;
    assert_eq!(told.state, RunState::Done, "{:?}", told.story.failure());
    let before = told.story.intents.iter().find_map(|intent| match &intent.mutation {
        Mutation::Reboot { boot, .. } => Some(boot.clone()),
        _ => None,
    });
    u32::from_str_radix(before.unwrap().split('-').next().unwrap(), 16).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_server_is_booted_again_and_that_it_was_is_seen_by_its_boot() {
    let kit = Kit::new();
    let id = server(&kit, &Role::Worker).await;
    let begun = kit.cloud.now();
    let told = kit.run(reboot(&id, 1_200)).await;
    assert_eq!((told.state, told.story.failure()), (RunState::Done, None));
    let took = kit.cloud.now().duration_since(begun).as_secs();
    assert!((30..300).contains(&took), "it is waited for: {took} s");
    assert_eq!(boots(&kit, &id).await, 1);
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_server_is_booted_once_and_not_twice() {
    let mut killed = 0;
    for records in 1..60 {
        let kit = Kit::new();
        let id = server(&kit, &Role::Cache).await;
        let Ok(run) = kit.die_after(reboot(&id, 1_200), records).await else { break };
        if kit.store().run(&run).unwrap().finished.is_some() {
            continue;
        }
        killed += 1;
        let told = kit.again(run, false).await;
        assert_eq!(told.state, RunState::Done, "{records}: {:?}", told.story.failure());
        assert_eq!(boots(&kit, &id).await, 1, "{records}");
    }
    assert!(killed > 3, "{killed}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_boots_again_is_told_with_where_to_look() {
    let kit = Kit::new();
    let id = server(&kit, &Role::DbReplica).await;
    let mut started = kit.begin(reboot(&id, 400)).await.unwrap();
    let mut story = (*started.story).clone();
    super::kit::until(&mut started, &mut story, |story, _| story.intents.iter().any(|one| one.end.is_some()))
        .await;
    kit.cloud.stop(std::slice::from_ref(&id)).await.unwrap();
    let told = told(started).await;
    assert_eq!(told.state, RunState::Failed);
    let (_, why) = told.story.failure().unwrap();
    assert!(why.contains("does not answer") && why.contains("get-console-output"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn what_ec2_refuses_to_boot_ends_with_its_words() {
    let kit = Kit::new();
    let id = server(&kit, &Role::Worker).await;
    kit.cloud.inject(Fault { action: Some("ec2:RebootInstances"), kind: FaultKind::Deny });
    let told = kit.run(reboot(&id, 1_200)).await;
    assert_eq!(told.state, RunState::Failed);
    assert!(told.story.failure().unwrap().1.contains("RebootInstances"), "{:?}", told.story.failure());
}

#[tokio::test(start_paused = true)]
async fn r11_stopping_is_waited_for_until_it_is_stopped_and_once_is_enough() {
    let kit = Kit::new();
    let id = server(&kit, &Role::DbPrimary).await;
    let stop = || of(Action::Stop { server: InstanceRef::Known(id.clone()) }, 1_200);
    let told = kit.run(stop()).await;
    assert_eq!((told.state, told.story.failure()), (RunState::Done, None));
    let power = async || {
        let all = kit.cloud.servers(&"myproject".into()).await.unwrap();
        all.into_iter().find(|server| server.id == id).unwrap().power
    };
    assert_eq!(power().await, Power::Stopped);
    let again = kit.run(stop()).await;
    assert!(matches!(again.story.steps[0].ended, Some((_, StepEnd::AlreadySo))), "{:?}", again.story.steps);
    assert!(again.story.intents.is_empty());
    let condition = Condition::Stopped { instance: InstanceRef::Known(id.clone()) };
    let waited = kit.run(of(Action::Await { condition }, 60)).await;
    assert_eq!(waited.state, RunState::Done);
    let runs = Condition::Stopped { instance: InstanceRef::Known(server(&kit, &Role::Cache).await) };
    let waited = kit.run(of(Action::Await { condition: runs }, 60)).await;
    assert!(waited.story.failure().unwrap().1.contains("is running"), "{:?}", waited.story.failure());
    kit.cloud.pause(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_step_that_seals_a_run_is_not_undone_but_gone_on_with() {
    for records in 1..60 {
        let kit = Kit::new();
        let id = server(&kit, &Role::Worker).await;
        let hold = Step {
            lasts: Lasts::UnlessStopped,
            ..super::kit::suspend(1, &[], &[crate::fleet::Process::Launch])
        };
        let boot = Action::Reboot { server: InstanceRef::Known(id) };
        let seal = step(2, &[1], boot.clone(), Lasts::Stays, Undo::Cannot("it has happened".into()));
        let seal = Step { seals: true, settles: vec![hold.id], ..seal };
        let then = step(3, &[2], boot, Lasts::Stays, Undo::Cannot("it has happened".into()));
        let plan = Plan { goes_on: true, ..plan(vec![hold, seal, then]) };
        let before = kit.shape().await;
        let Ok(run) = kit.die_after(plan, records).await else { return };
        let past = kit.store().run(&run).unwrap();
        if past.finished.is_some() {
            continue;
        }
        let sealed = past.story.unwrap().is_sealed();
        let ports = kit.ports();
        let who = Kit::launch("jane@laptop");
        match super::super::resume(ports, kit.store(), run.clone(), true, who).await {
            Err(error) => {
                assert!(sealed && error.to_string().contains("become the primary"), "{records}: {error}");
                assert_eq!(kit.again(run, false).await.state, RunState::Done, "{records}");
            }
            Ok(started) => {
                assert!(!sealed, "{records}");
                told(started).await;
                assert_eq!(kit.shape().await, before, "{records}");
            }
        }
    }
    panic!("it never came to its end");
}
