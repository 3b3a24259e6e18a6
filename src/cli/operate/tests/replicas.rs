//! Replicas that are made anew, left and used again, on the simulated fleet.

use super::every::shape;
use super::terminating::{killed, there};
use super::*;
use crate::engine::run::NotBegun;
use crate::fleet::{LeftReplica, Server};
use crate::sandbox::Break;

async fn replica(kit: &Kit) -> Server {
    let all = there(kit).await;
    all.into_iter().find(|server| server.role.role.word() == "db-replica").unwrap()
}

/// A world in which the replica hears nothing from its primary.
fn cut() -> Kit {
    let kit = Kit::new();
    let lost = Break::Trouble { role: "db-replica", nth: 0, kind: "receiver-lost", amount: 1.0, minutes: 0 };
    kit.cloud.break_things(&EnvironmentName::new("testing"), &[lost]).unwrap();
    kit
}

/// What is asked for, in a world in which it makes sense.
async fn ready(operation: &str) -> Kit {
    match operation {
        "resync-replica" => cut(),
        "use-replicas" => {
            let kit = Kit::new();
            let (state, story) = kit.apply("leave-replicas testing").await;
            assert_eq!(state, RunState::Done, "{:?}", story.failure());
            kit
        }
        _ => Kit::new(),
    }
}

/// What came of it: whether the replica streams, whether it is read, and everything else that could have changed.
async fn found(kit: &Kit) -> (bool, Option<bool>, String) {
    let wrong = kit.cloud.troubles().unwrap();
    let cut = wrong.iter().any(|trouble| trouble.kind == "receiver-lost");
    (!cut, replica(kit).await.left().map(|left| left.held), shape(kit).await)
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_lost_its_primary_streams_again_and_the_group_is_as_it_was() {
    let kit = cut();
    let before = found(&kit).await;
    let (state, story) = kit.apply("resync-replica testing").await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert!(story.left().is_empty(), "{:?}", story.left());
    assert_eq!(found(&kit).await, (true, None, before.2));
    let again = kit.plan("resync-replica testing").await.unwrap_err().to_string();
    assert!(again.contains("nothing to copy"), "{again}");
}

#[tokio::test(start_paused = true)]
async fn a_replica_is_the_last_good_copy_while_the_primary_does_not_run() {
    let kit = cut();
    let stopped = Break::Unit { role: "db-primary", nth: 0, unit: "postgresql@15-main" };
    kit.cloud.break_things(&EnvironmentName::new("testing"), &[stopped]).unwrap();
    let refused = kit.plan("resync-replica testing").await.unwrap_err().to_string();
    assert!(refused.contains("may be the only good ones"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn an_environment_runs_on_its_primary_alone_and_back_and_everything_is_as_it_was() {
    let kit = Kit::new();
    let before = found(&kit).await;
    let (state, story) = kit.apply("leave-replicas testing").await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert!(story.left().is_empty(), "{:?}", story.left());
    let alone = found(&kit).await;
    assert_eq!((alone.1, kit.group("testing").await.is_suspended("Launch")), (Some(true), true), "R8");
    let (state, story) = kit.apply("use-replicas testing").await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert_eq!(found(&kit).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_mark_is_read_as_it_was_written() {
    let mut server = replica(&Kit::new()).await;
    for held in [true, false] {
        let left = LeftReplica { since: "2026-11-22T02:00:00Z".parse().unwrap(), held };
        server.tags.insert(crate::fleet::LEFT_TAG.into(), left.written());
        assert_eq!(server.left(), Some(left));
    }
    server.tags.insert(crate::fleet::LEFT_TAG.into(), String::new());
    assert_eq!(server.left(), None);
}

/// Killed after any record and gone on with, it ends as an unbroken one.
async fn gone_on_with(operation: &str) {
    let line = format!("{operation} testing");
    let kit = ready(operation).await;
    let (state, story) = kit.apply(&line).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    let whole = found(&kit).await;
    for records in 1..400 {
        let kit = ready(operation).await;
        if !killed(&kit, &line, records).await {
            assert!(records > 15, "{line}: {records}");
            return;
        }
        assert_eq!(found(&kit).await, whole, "{line}: {records}");
    }
    panic!("{line}: it never came to its end");
}

/// Killed after any record and undone, everything is as found, or it cannot be undone any more.
async fn undone(operation: &str) {
    let line = format!("{operation} testing");
    let (mut sealed, mut went_back) = (0, 0);
    let before = found(&ready(operation).await).await;
    for records in 1..400 {
        let kit = ready(operation).await;
        let Some(orphan) = kit.dies_after(&line, records).await else {
            assert!(sealed > 0 && went_back > 10, "{line}: {sealed}, {went_back}");
            return;
        };
        if kit.is_over(&orphan) {
            continue;
        }
        match kit.take_up(&orphan, true).await {
            Err(NotBegun::Sealed(_)) => sealed += 1,
            Err(error) => panic!("{line}: {records}: {error}"),
            Ok((_, story)) => {
                assert_eq!(sealed, 0, "{line}: {records}");
                assert!(story.left().is_empty(), "{line}: {records}: {:?}", story.left());
                let after = found(&kit).await;
                // The simulated replica has no old data that could come back.
                assert_eq!((after.1, after.2), (before.1, before.2.clone()), "{line}: {records}");
                went_back += 1;
            }
        }
    }
    panic!("{line}: it never came to its end");
}

macro_rules! killed_after_any_record {
    ($($operation:ident $name:literal),* $(,)?) => {
        $(
            mod $operation {
                #[tokio::test(start_paused = true)]
                async fn killed_after_any_record_and_taken_up_it_ends_as_an_unbroken_one() {
                    super::gone_on_with($name).await;
                }

                #[tokio::test(start_paused = true)]
                async fn killed_after_any_record_and_undone_everything_is_as_found() {
                    super::undone($name).await;
                }
            }
        )*
    };
}

killed_after_any_record! {
    resync_replica "resync-replica",
    leave_replicas "leave-replicas",
    use_replicas "use-replicas",
}
