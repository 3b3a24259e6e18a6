//! Servers built from nothing, on the simulated fleet.

use super::*;
use crate::fleet::{InstanceId, Role, Server, Standing};

const LINE: &str = "new-server staging --role db-replica";
/// One beside the worker that has beat.
const WORKER: &str = "new-server staging --role worker";

async fn servers(kit: &Kit) -> Vec<Server> {
    let all = kit.cloud.servers(&kit.target.topology.deployment).await.unwrap();
    all.into_iter().filter(|server| server.tags.contains_key("quarterdeck-run")).collect()
}

/// A replica in use that a run has made.
fn is_new(server: &Server) -> bool {
    is_new_of(server, &Role::DbReplica)
}

fn is_new_of(server: &Server, role: &Role) -> bool {
    server.role.role == *role && server.role.standing == Standing::Active && !server.is_gone()
}

#[tokio::test(start_paused = true)]
async fn replicas_are_made_side_by_side_and_are_in_use_once_they_are_whole() {
    let kit = Kit::new();
    let (state, story) = kit.apply(&format!("{LINE} --count 2")).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    kit.cloud.pause(Duration::from_secs(60)).await;
    let made = servers(&kit).await;
    assert!(made.len() == 2 && made.iter().all(is_new), "{made:?}");
    assert_ne!(made[0].zone, made[1].zone, "in the zones that are least used");
    assert_eq!(made[0].name.as_deref(), Some("myproject_staging_db-replica"));
    let begun = |name: &str| {
        story
            .each()
            .filter(|(step, _)| step.title == name)
            .map(|(_, told)| told.began.unwrap())
            .collect::<Vec<_>>()
    };
    let ended = story.each().find(|(step, _)| step.title.starts_with("put it")).unwrap().1.ended.clone();
    assert!(begun("launch a server")[1] < ended.unwrap().0, "lanes run side by side");
}

#[tokio::test(start_paused = true)]
async fn a_cache_in_the_place_of_one_out_of_use_is_made() {
    let kit = Kit::new();
    let refused = kit.plan("new-server staging --role cache").await.unwrap_err().to_string();
    assert!(refused.contains("has a cache server in use"), "{refused}");
    let all = kit.cloud.servers(&kit.target.topology.deployment).await.unwrap();
    let is_cache = |server: &&Server| {
        server.role.role == Role::Cache
            && server.environment.as_ref().is_some_and(|one| one.as_str() == "staging")
    };
    let old: InstanceId = all.iter().find(is_cache).unwrap().id.clone();
    let tags = [("role".to_owned(), "cache-OLD".to_owned())];
    kit.cloud.tag(&old, &tags).await.unwrap();
    kit.cloud.pause(Duration::from_secs(60)).await;
    let (state, story) = kit.apply("new-server staging --role cache").await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    let unknown = kit.cloud.tag(&"i-0000000000000000f".into(), &tags).await.unwrap_err();
    assert!(unknown.to_string().contains("there is no instance"), "{unknown}");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_fails_takes_the_server_away_unless_it_is_to_stay_and_a_server_in_use_is_not_undone() {
    for (keep, left) in [("", 0), (" --keep-failed", 1)] {
        let kit = Kit::new();
        kit.cloud.break_script("build copy", "pg_basebackup: error: could not connect", 1);
        let (state, story) = kit.apply(&format!("{LINE}{keep}")).await;
        assert_eq!(state, RunState::Failed);
        let (step, why) = story.failure().unwrap();
        assert!(step.title.starts_with("copy the primary") && why.contains("copy on i-"), "{why}");
        kit.cloud.pause(Duration::from_secs(60)).await;
        let there: Vec<Server> = servers(&kit).await.into_iter().filter(|one| !one.is_gone()).collect();
        assert_eq!(there.len(), left, "{there:?}");
        assert!(there.iter().all(|server| server.role.standing == Standing::Pending), "{there:?}");
    }
    let kit = Kit::new();
    let (run, state, _) = kit.ends(LINE).await;
    assert_eq!(state, RunState::Done);
    let undone = kit.take_up(&run, true).await;
    assert!(matches!(undone, Err(NotBegun::Sealed(_))), "what is in use is not taken away");
}

/// Kills the whole operation after every record; what is done then must end as the check says.
async fn killed(line: &str, role: Role, undo: bool) {
    for records in 1..200 {
        let kit = Kit::new();
        let Some(orphan) = kit.dies_after(line, records).await else {
            assert!(records > 40, "it was killed at least so often: {records}");
            return;
        };
        if kit.is_over(&orphan) {
            continue;
        }
        let (state, story) = match kit.take_up(&orphan, undo).await {
            Err(NotBegun::Sealed(_)) if undo => continue,
            other => other.unwrap(),
        };
        assert!(story.left().is_empty(), "{records}: {:?}", story.left());
        kit.cloud.pause(Duration::from_secs(120)).await;
        let made = servers(&kit).await;
        if undo {
            assert!(made.len() <= 1 && made.iter().all(Server::is_gone), "{records}: {made:?}");
        } else {
            assert_eq!(state, RunState::Done, "{records}: {:?}", story.failure());
            assert!(made.len() == 1 && is_new_of(&made[0], &role), "{records}: {made:?}");
        }
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_new_server_is_made_once() {
    killed(LINE, Role::DbReplica, false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_new_server_is_undone_and_nothing_of_it_stays() {
    killed(LINE, Role::DbReplica, true).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_new_worker_is_made_once() {
    killed(WORKER, Role::Worker, false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_new_worker_is_undone_and_nothing_of_it_stays() {
    killed(WORKER, Role::Worker, true).await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_beside_another_is_made_with_the_code_in_use_and_does_no_beat() {
    let kit = Kit::new();
    let plan = kit.plan(WORKER).await.unwrap();
    assert!(plan.title.starts_with("make a worker server with "), "{}", plan.title);
    let (state, story) = kit.apply(WORKER).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    let titles: Vec<&str> = story.each().map(|(step, _)| step.title.as_str()).collect();
    assert!(titles.contains(&"start Celery, without beat"), "{titles:?}");
    assert!(!titles.contains(&"migrate the database"), "{titles:?}");
}
