//! Secrets that are here come to servers: on a simulated fleet, with a file of secrets that nobody writes.

use super::rotating::{kept, kit, shape};
use super::*;

const LINE: &str = "push-secrets testing";

/// So many records it does not write here.
const MOST: usize = 600;

fn unchanged(kit: &Kit) {
    assert_eq!(kept(kit), (vec!["old-2".to_owned(), "old-1".to_owned()], 3), "the file here is only read");
}

#[tokio::test(start_paused = true)]
async fn secrets_come_to_servers_and_the_group_launches_a_release_that_has_them() {
    let kit = kit();
    let before = kit.group("testing").await;
    let (state, story) = kit.apply(LINE).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert!(story.left().is_empty(), "{:?}", story.left());
    unchanged(&kit);
    let after = kit.group("testing").await;
    assert_ne!(after.launch, before.launch);
    assert_eq!(after.members, before.members, "the servers that are there stay");
    let earlier = match before.launch.unwrap() {
        crate::fleet::LaunchSource::Configuration { name } => name,
        crate::fleet::LaunchSource::Template { version, .. } => format!("v{version}"),
    };
    let refused = kit.plan(&format!("deploy-serial testing --release {earlier}")).await.unwrap_err();
    assert!(refused.to_string().contains("old-secrets"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_let_the_application_in_ends_it_before_anything_is_changed() {
    let kit = kit();
    let (found, launched) = (shape(&kit).await, kit.group("testing").await.launch);
    kit.cloud.break_script("build password", "PostgreSQL does not let myproject in", 1);
    let (state, story) = kit.apply(LINE).await;
    assert_eq!(state, RunState::Failed);
    let began = story.each().filter(|(_, told)| told.began.is_some()).count();
    assert!(began <= 2 && story.left().is_empty(), "{began} {:?}", story.left());
    assert_eq!((shape(&kit).await, kit.group("testing").await.launch), (found, launched));
}

#[tokio::test(start_paused = true)]
async fn what_fails_on_the_way_leads_back_to_the_settings_that_were_there() {
    let kit = kit();
    let (found, launched) = (shape(&kit).await, kit.group("testing").await.launch);
    kit.cloud.break_script("health", "Django does not answer", 1);
    let (state, story) = kit.apply(LINE).await;
    assert_eq!(state, RunState::Failed);
    assert!(story.left().is_empty(), "{:?}", story.left());
    kit.cloud.pause(Duration::from_secs(300)).await;
    assert_eq!((shape(&kit).await, kit.group("testing").await.launch), (found, launched));
}

/// Kills it after every third record from this one on: it writes many.
async fn killed(first: usize, undo: bool) {
    for records in (first..MOST).step_by(3) {
        let kit = kit();
        let (found, launched) = (shape(&kit).await, kit.group("testing").await.launch);
        let Some(orphan) = kit.dies_after(LINE, records).await else {
            assert!(records > 50, "it was killed at least so often: {records}");
            return;
        };
        if kit.is_over(&orphan) {
            continue;
        }
        // What was on its way to a server when it died arrives.
        kit.cloud.pause(Duration::from_secs(5)).await;
        let (state, story) = match kit.take_up(&orphan, undo).await {
            Ok(told) => told,
            // Older releases are marked, and it says so.
            Err(error) if undo && error.to_string().contains("kept no more") => continue,
            Err(error) => panic!("{records}: {error}"),
        };
        assert!(story.left().is_empty(), "{records}: {:?}", story.left());
        kit.cloud.pause(Duration::from_secs(300)).await;
        unchanged(&kit);
        if undo {
            let now = (shape(&kit).await, kit.group("testing").await.launch);
            assert_eq!(now, (found, launched), "{records}");
        } else {
            assert_eq!(state, RunState::Done, "{records}: {:?}", story.failure());
            assert_ne!(kit.group("testing").await.launch, launched, "{records}");
        }
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_and_taken_up_servers_have_the_secrets() {
    killed(1, false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_and_undone_everything_is_as_found() {
    killed(2, true).await;
}
