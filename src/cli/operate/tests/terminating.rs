//! Servers that go, on the simulated fleet.

use super::*;
use crate::fleet::Server;
use crate::plan::typed::{PASSPHRASE, Typed};
use crate::plan::{Action, Step};
use crate::sandbox::{Fault, FaultKind};

pub(super) async fn there(kit: &Kit) -> Vec<Server> {
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
    let (run, state, story) = kit.ends(&line).await;
    assert_eq!(state, RunState::Failed);
    assert!(story.failure().unwrap().0.title.starts_with("make an image"), "{:?}", story.failure());
    assert!(there(&kit).await.iter().any(|server| server.id == replica && server.is_target()));
    kit.cloud.clear_faults();
    let (state, story) = kit.take_up(&run, false).await.unwrap();
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert!(there(&kit).await.iter().all(|server| server.id != replica));
}

/// Kills an operation after so many records, and takes it up again; whether it was killed before its end.
pub(super) async fn killed(kit: &Kit, line: &str, records: usize) -> bool {
    let Some(orphan) = kit.dies_after(line, records).await else { return false };
    if !kit.is_over(&orphan) {
        let (mut state, mut story) = kit.take_up(&orphan, false).await.unwrap();
        // A job may be lost with whoever watched it: a plan that goes on is taken up once more.
        if state != RunState::Done && story.goes_on() {
            (state, story) = kit.take_up(&orphan, false).await.unwrap();
        }
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
async fn killed_after_any_record_volumes_are_opened_once_the_passphrase_is_typed_again() {
    let typed = || {
        let mut typed = Typed::default();
        typed.put(PASSPHRASE, "correct horse");
        typed
    };
    for records in 1..200 {
        let (kit, halt) = (Kit::new(), crate::engine::run::Halt::after(records));
        let ids: Vec<String> = there(&kit)
            .await
            .iter()
            .filter(|one| one.group.is_none())
            .map(|one| one.id.to_string())
            .collect();
        let plan = kit.plan(&format!("unlock-and-mount testing --servers {}", ids.join(","))).await.unwrap();
        assert_eq!(plan.wants_typed().len(), 1);
        let (place, who) = (kit.place("testing"), launch(&kit.target, None, false).await);
        let ports = || ports(&kit.target, &place).unwrap();
        let halted = kit.store().with_halt(halt.clone());
        let started = begin(ports().told(typed()), halted, plan, who.clone()).await.unwrap();
        let id = started.id.clone();
        tokio::select! {
            () = halt.died() => {}
            (state, _) = told(started) => {
                assert_eq!(state, RunState::Done);
                assert!(records > 10, "it was killed at least so often: {records}");
                return;
            }
        }
        let past = kit.store().run(&id).unwrap();
        if past.finished.is_some() {
            continue;
        }
        // Nobody typed it, and nothing has kept it.
        let wants = !past.story.unwrap().wants_typed().is_empty();
        let again = crate::engine::run::resume(ports(), kit.store(), id.clone(), false, who.clone());
        let (state, story) = told(again.await.unwrap()).await;
        assert_eq!(state == RunState::Done, !wants, "{records}: {:?}", story.failure());
        if wants {
            assert!(format!("{:?}", story.failure()).contains("asked for again"), "{:?}", story.failure());
            let again = crate::engine::run::resume(ports().told(typed()), kit.store(), id, false, who);
            let (state, story) = told(again.await.unwrap()).await;
            assert_eq!(state, RunState::Done, "{records}: {:?}", story.failure());
        }
        assert!(!holds(kit.dir.path(), "correct horse"), "{records}");
    }
    panic!("it never came to its end");
}

/// Whether any file below holds the text.
fn holds(dir: &std::path::Path, text: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(text)
    })
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
