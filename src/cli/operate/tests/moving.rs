//! Servers that boot again, and a replica that becomes the primary, on the simulated fleet.

use super::terminating::{killed, there};
use super::*;
use crate::engine::run::NotBegun;
use crate::fleet::{InstanceId, Power};
use crate::plan::{Action, Lasts};

/// The servers in use of a role.
async fn of(kit: &Kit, role: &str) -> Vec<InstanceId> {
    let all = there(kit).await;
    all.iter()
        .filter(|one| one.role.role.word() == role && one.is_target())
        .map(|one| one.id.clone())
        .collect()
}

/// Processes that the group does not do, and roles with their servers.
async fn shape(kit: &Kit) -> (Vec<String>, Vec<(String, InstanceId)>) {
    let group = kit.group("testing").await;
    let mut suspended: Vec<String> = group.suspended.iter().map(|one| one.process.clone()).collect();
    suspended.sort();
    let all = there(kit).await;
    let mut roles: Vec<_> = all.iter().map(|one| (format!("{:?}", one.role), one.id.clone())).collect();
    roles.sort();
    (suspended, roles)
}

#[tokio::test(start_paused = true)]
async fn a_replica_becomes_the_primary_and_the_group_goes_on_but_for_launch() {
    let kit = Kit::new();
    let (old, new) = (of(&kit, "db-primary").await.remove(0), of(&kit, "db-replica").await.remove(0));
    let (state, story) = kit.apply("promote-replica testing").await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert!(story.left().is_empty(), "{:?}", story.left());
    assert_eq!((of(&kit, "db-primary").await, of(&kit, "db-replica").await), (vec![new], vec![]));
    let (suspended, roles) = shape(&kit).await;
    assert_eq!(suspended, ["Launch"], "R8");
    assert!(roles.iter().any(|(role, id)| *id == old && role.contains("Old")), "{roles:?}");
    let plan = kit.plan("promote-replica testing").await.unwrap_err().to_string();
    assert!(plan.contains("no replica"), "{plan}");
}

#[tokio::test(start_paused = true)]
async fn r11_a_primary_that_is_stopped_by_ec2_is_replaced_by_its_replica() {
    let kit = Kit::new();
    let old = of(&kit, "db-primary").await.remove(0);
    let (state, story) = kit.apply("promote-replica testing --stop-old").await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    let power = there(&kit).await.into_iter().find(|one| one.id == old).unwrap().power;
    assert_eq!(power, Power::Stopped);
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_promotion_is_gone_on_with() {
    for records in 1..400 {
        let kit = Kit::new();
        let new = of(&kit, "db-replica").await;
        if !killed(&kit, "promote-replica testing", records).await {
            assert!(records > 30, "{records}");
            return;
        }
        assert_eq!(of(&kit, "db-primary").await, new, "{records}");
        assert_eq!(shape(&kit).await.0, ["Launch"], "{records}");
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_before_everything_has_come_a_promotion_is_undone_and_afterwards_it_is_not() {
    let mut sealed = 0;
    for records in 1..400 {
        let kit = Kit::new();
        let found = shape(&kit).await;
        let Some(orphan) = kit.dies_after("promote-replica testing", records).await else {
            assert!(sealed > 10, "{sealed}");
            return;
        };
        if kit.is_over(&orphan) {
            continue;
        }
        match kit.take_up(&orphan, true).await {
            Err(NotBegun::Sealed(_)) => sealed += 1,
            Err(error) => panic!("{records}: {error}"),
            Ok((_, story)) => {
                assert_eq!(sealed, 0, "{records}");
                assert!(story.left().is_empty(), "{records}: {:?}", story.left());
                assert_eq!(shape(&kit).await, found, "{records}");
                let stopped =
                    story.each().find(|(step, _)| step.title.starts_with("stop PostgreSQL")).unwrap();
                let (step, told) = stopped;
                let began = told.began.is_some();
                assert!(!began || told.undone.is_some() && step.lasts == Lasts::UnlessStopped, "{records}");
            }
        }
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn every_server_of_an_environment_boots_again_and_everything_is_as_it_was() {
    let kit = Kit::new();
    kit.grown("testing", 2).await;
    let found = shape(&kit).await;
    let (state, story) = kit.apply("reboot-environment testing").await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert!(story.left().is_empty(), "{:?}", story.left());
    assert_eq!(shape(&kit).await, found);
    let booted = story.plan.steps.iter().filter(|step| matches!(step.action, Action::Reboot { .. })).count();
    assert_eq!(booted, found.1.len());
    let balancer = kit.place("testing").load_balancers.remove(0);
    let health = kit.cloud.member_health(&balancer).await.unwrap();
    assert_eq!(health.len(), 2);
    assert!(health.iter().all(|one| one.state == crate::fleet::HealthState::InService), "{health:?}");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_server_boots_again_all_the_same() {
    for role in ["worker", "db-replica"] {
        let mut killed_at = 0;
        for records in 1..200 {
            let kit = Kit::new();
            let found = shape(&kit).await;
            let id = of(&kit, role).await.remove(0);
            if !killed(&kit, &format!("reboot-server testing --servers {id}"), records).await {
                break;
            }
            killed_at = records;
            assert_eq!(shape(&kit).await, found, "{role}: {records}");
        }
        assert!(killed_at > 10, "{role}: {killed_at}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_web_server_that_does_not_come_back_stops_the_run_and_the_rest_stays_as_it_was() {
    let kit = Kit::new();
    kit.grown("testing", 2).await;
    let found = shape(&kit).await;
    let plan = kit.plan("reboot-environment testing").await.unwrap();
    let first = plan.steps.iter().find(|step| matches!(step.action, Action::Reboot { .. })).unwrap().clone();
    let place = kit.place("testing");
    let who = launch(&kit.target, None, false).await;
    let started = begin(ports(&kit.target, &place).unwrap(), kit.store(), plan, who).await.unwrap();
    let Started { story, mut news, .. } = started;
    let mut story = *story;
    while let Some(next) = news.recv().await {
        match next {
            News::Entry(entry) => story.take_in(&entry),
            News::Finished { state, .. } => {
                assert_eq!(state, RunState::Failed);
                break;
            }
            _ => {}
        }
        // Somebody stops it just then.
        let asked = story.intents.iter().any(|one| one.step == first.id && one.end.is_some());
        let here = there(&kit).await.into_iter().find(|one| one.id.as_str() == first.target);
        if asked && here.is_some_and(|one| one.power == Power::Running) {
            kit.cloud.stop(&[first.target.as_str().into()]).await.unwrap();
        }
    }
    let (step, why) = story.failure().unwrap();
    assert_eq!(step.id, first.id);
    assert!(why.contains("does not answer"), "{why}");
    let booted = story
        .intents
        .iter()
        .filter(|one| matches!(one.mutation, crate::engine::run::Mutation::Reboot { .. }));
    assert_eq!(booted.count(), 1, "nobody else was touched");
    assert_eq!(shape(&kit).await.0, found.0, "the group goes on");
}
