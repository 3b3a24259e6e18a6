//! Servers that go, on the simulated fleet.

use super::*;
use crate::fleet::Server;
use crate::plan::{Action, Step};
use crate::sandbox::{Fault, FaultKind};

async fn there(kit: &Kit) -> Vec<Server> {
    let all = kit.cloud.servers(&kit.target.topology.deployment).await.unwrap();
    let mine = |server: &Server| server.environment.as_ref().is_some_and(|one| one.as_str() == "testing");
    all.into_iter().filter(|server| mine(server) && !server.is_gone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_whole_environment_goes_and_images_of_its_databases_stay() {
    let kit = Kit::new();
    let line = "terminate-environment testing --override no-site";
    let (state, story) = kit.apply(line).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    kit.cloud.pause(Duration::from_secs(300)).await;
    assert_eq!(there(&kit).await.iter().map(|one| one.name.clone()).collect::<Vec<_>>(), []);
    assert_eq!(kit.group("testing").await.sizes(), Sizes { min: 0, desired: 0, max: 0 });
    let images: Vec<&Step> =
        story.plan.steps.iter().filter(|step| matches!(step.action, Action::Image { .. })).collect();
    assert_eq!(images.len(), 2);
    let again = kit.plan(line).await.unwrap_err().to_string();
    assert!(again.contains("has no server"), "{again}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_copied_is_not_terminated_and_once_it_can_it_is() {
    let kit = Kit::new();
    let all = there(&kit).await;
    let replica = all.iter().find(|server| server.role.role.word() == "db-replica").unwrap().id.clone();
    let line = format!("terminate-server testing --servers {replica} --override last-replica");
    kit.cloud.inject(Fault { action: Some("ec2:CreateImage"), kind: FaultKind::Deny });
    let plan = kit.plan(&line).await.unwrap();
    let place = kit.place("testing");
    let who = launch(&kit.target, None, false).await;
    let started = begin(ports(&kit.target, &place).unwrap(), kit.store(), plan, who.clone()).await.unwrap();
    let id = started.id.clone();
    let (state, story) = told(started).await;
    assert_eq!(state, RunState::Failed);
    assert!(story.failure().unwrap().0.title.starts_with("make an image"), "{:?}", story.failure());
    assert!(there(&kit).await.iter().any(|server| server.id == replica && server.is_target()));
    kit.cloud.clear_faults();
    let again = crate::engine::run::resume(ports(&kit.target, &place).unwrap(), kit.store(), id, false, who);
    let (state, story) = told(again.await.unwrap()).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert!(there(&kit).await.iter().all(|server| server.id != replica));
}

/// Kills an operation after so many records, and takes it up again; whether it was killed before its end.
async fn killed(kit: &Kit, line: &str, records: usize) -> bool {
    let halt = crate::engine::run::Halt::after(records);
    let plan = kit.plan(line).await.unwrap();
    let place = kit.place("testing");
    let who = launch(&kit.target, None, false).await;
    let halted = kit.store().with_halt(halt.clone());
    let started = begin(ports(&kit.target, &place).unwrap(), halted, plan, who.clone()).await.unwrap();
    let id = started.id.clone();
    tokio::select! {
        () = halt.died() => {}
        _ = told(started) => return false,
    }
    if kit.store().run(&id).unwrap().finished.is_none() {
        let again =
            crate::engine::run::resume(ports(&kit.target, &place).unwrap(), kit.store(), id, false, who);
        let (state, story) = told(again.await.unwrap()).await;
        assert_eq!(state, RunState::Done, "{line}: {records}: {:?}", story.failure());
        assert!(story.left().is_empty(), "{line}: {records}");
    }
    true
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_an_environment_goes_all_the_same() {
    for records in 1..200 {
        let kit = Kit::new();
        if !killed(&kit, "terminate-environment testing --override no-site", records).await {
            assert!(records > 40, "it was killed at least so often: {records}");
            return;
        }
        kit.cloud.pause(Duration::from_secs(300)).await;
        assert!(there(&kit).await.is_empty(), "{records}");
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_packages_come_all_the_same() {
    for records in 1..200 {
        let kit = Kit::new();
        let before = there(&kit).await.len();
        if !killed(&kit, "upgrade-packages testing", records).await {
            assert!(records > 15, "it was killed at least so often: {records}");
            return;
        }
        assert_eq!(there(&kit).await.len(), before, "{records}");
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_server_goes_all_the_same_and_the_others_stay() {
    for records in 1..200 {
        let kit = Kit::new();
        let before = there(&kit).await;
        let replica =
            before.iter().find(|server| server.role.role.word() == "db-replica").unwrap().id.clone();
        let line = format!("terminate-server testing --servers {replica} --override last-replica");
        if !killed(&kit, &line, records).await {
            assert!(records > 12, "it was killed at least so often: {records}");
            return;
        }
        let left = there(&kit).await;
        assert_eq!(left.len(), before.len() - 1, "{records}");
        assert!(left.iter().all(|server| server.id != replica), "{records}");
    }
    panic!("it never came to its end");
}
