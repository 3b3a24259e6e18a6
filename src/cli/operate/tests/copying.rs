//! Databases that are copied, on the simulated fleet: what is loaded comes into use as a whole, or not at all.

use super::every::shape;
use super::terminating::killed;
use super::*;
use crate::fleet::Role;

const RELOAD: &str = "reload-data testing --from production --override no-hooks,little-room";

const RESTORE: &str = "restore-database testing --backup /var/lib/postgresql/backups/x.dump";

/// What the database of the primary is, by how much room it takes, and everything else that could have changed.
async fn found(kit: &Kit) -> (bool, String) {
    let place = kit.place("testing");
    let only = Topology { environments: vec![place.clone()], ..(*kit.target.topology).clone() };
    let interest = Interest { environments: [place.name.clone()].into(), ..Interest::default() };
    let (cloud, hosts) = (Arc::clone(&kit.target.cloud), Arc::new(kit.cloud.hosts()));
    let snapshot =
        refresh::once_looking(cloud, Some(hosts), Arc::new(only), refresh::Limits::ONCE, interest).await;
    let size = |role: Role| {
        let all = snapshot.servers.value().unwrap().values();
        let mut mine =
            all.filter(|one| one.environment.as_ref() == Some(&place.name) && one.role.role == role);
        snapshot.measured(&mine.next().unwrap().id).unwrap().postgres().unwrap().database_bytes.unwrap()
    };
    // The simulated replica is not told: it shows what was there before.
    (size(Role::DbPrimary) < size(Role::DbReplica) / 10 * 9, shape(kit).await)
}

#[tokio::test(start_paused = true)]
async fn a_backup_is_written_and_the_environment_is_as_it_was() {
    let kit = Kit::new();
    let before = found(&kit).await;
    let (state, story) = kit.apply("backup-database testing").await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert!(story.left().is_empty(), "{:?}", story.left());
    assert_eq!(found(&kit).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_backup_takes_the_place_of_the_database_and_undo_brings_the_old_one_back() {
    let kit = Kit::new();
    let before = found(&kit).await;
    assert!(!before.0);
    let (run, state, story) = kit.ends(RESTORE).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert_eq!(found(&kit).await, (true, before.1.clone()));
    let (_, story) = kit.take_up(&run, true).await.unwrap();
    assert!(story.left().is_empty(), "{:?}", story.left());
    assert_eq!(found(&kit).await, before);
}

/// Killed after a record of each so many, and gone on with.
async fn gone_on_with(line: &str, each: usize, comes: bool) {
    let before = found(&Kit::new()).await;
    for records in (1..400).step_by(each) {
        let kit = Kit::new();
        if !killed(&kit, line, records).await {
            assert!(records > 5, "{line}: {records}");
            return;
        }
        assert_eq!(found(&kit).await, (comes, before.1.clone()), "{line}: {records}");
    }
    panic!("{line}: it never came to its end");
}

/// The same, and undone.
async fn undone(line: &str, each: usize) {
    let before = found(&Kit::new()).await;
    for records in (1..400).step_by(each) {
        let kit = Kit::new();
        let Some(orphan) = kit.dies_after(line, records).await else {
            assert!(records > 40, "{line}: {records}");
            return;
        };
        if kit.is_over(&orphan) {
            continue;
        }
        let (_, story) = kit.take_up(&orphan, true).await.unwrap();
        assert!(story.left().is_empty(), "{line}: {records}: {:?}", story.left());
        assert_eq!(found(&kit).await, before, "{line}: {records}");
    }
    panic!("{line}: it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_backup_is_gone_on_with() {
    gone_on_with("backup-database testing", 1, false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_restore_is_gone_on_with() {
    gone_on_with(RESTORE, 1, true).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_and_undone_a_restore_leaves_the_old_database_in_use_and_everything_running()
{
    undone(RESTORE, 1).await;
}

// Of their records only some are tried: both of them take long, and have the same steps at their end.
#[tokio::test(start_paused = true)]
async fn killed_after_many_a_record_a_reload_is_gone_on_with() {
    gone_on_with(RELOAD, 5, true).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_many_a_record_and_undone_a_reload_leaves_the_old_database_in_use_and_everything_running()
 {
    undone(RELOAD, 5).await;
}
