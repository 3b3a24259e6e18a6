//! What a world's file promises: shared, crash-proof, and refused when it cannot be trusted.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use super::{assert_sound, dump};
use crate::cloud::{CloudError, CloudRead};
use crate::fleet::{Power, Server};
use crate::remote::{Command, Ended, Outcome, RemoteChange, RemoteRead, ScriptId, Target};
use crate::sandbox::clock::CATCH_UP;
use crate::sandbox::{Options, SandboxCloud, SandboxError, Scenario, held, open, store};

/// Makes a file useless.
type Spoil<'a> = &'a dyn Fn(&Path);

fn options(dir: &TempDir) -> Options {
    Options { state_dir: dir.path().to_owned(), ..Options::default() }
}

fn raw(dir: &TempDir) -> Connection {
    Connection::open(store::path(dir.path())).unwrap()
}

#[track_caller]
fn refused(options: &Options, words: &[&str]) -> SandboxError {
    let error = open(options).expect_err("it was opened");
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "“{word}” is not in: {message}");
    }
    assert!(!message.contains('\n') && !message.contains("  "), "{message:?}");
    error
}

async fn ids(cloud: &SandboxCloud) -> Vec<String> {
    let servers = cloud.servers(&cloud.topology().deployment).await.unwrap();
    servers.into_iter().map(|s| s.id.to_string()).collect()
}

#[tokio::test]
async fn two_openers_see_one_world() {
    let dir = TempDir::new().unwrap();
    let one = open(&Options { scenario: Some(Scenario::Deploying), ..options(&dir) }).unwrap();
    let two = open(&options(&dir)).unwrap();
    assert_eq!(two.scenario(), Scenario::Deploying);
    assert_eq!(ids(&one).await, ids(&two).await);
    one.advance(Duration::from_secs(3_600)).unwrap();
    assert_eq!(ids(&one).await, ids(&two).await);
    let apart = one.now().duration_since(two.now()).abs();
    assert!(apart < jiff::SignedDuration::from_secs(60), "{apart:?}");
    drop(one);
    let three = open(&options(&dir)).unwrap();
    assert_eq!(ids(&two).await, ids(&three).await);
}

#[test]
fn many_processes_may_make_it_at_once() {
    let dir = TempDir::new().unwrap();
    let options = options(&dir);
    let worlds: Vec<String> = std::thread::scope(|scope| {
        let openers: Vec<_> =
            (0..8).map(|_| scope.spawn(|| open(&options).unwrap().inner.world.id.clone())).collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect()
    });
    assert!(worlds.iter().all(|id| *id == worlds[0]), "{worlds:?}");
}

#[tokio::test]
async fn what_was_committed_survives_a_crash_and_what_was_not_never_happened() {
    let dir = TempDir::new().unwrap();
    let cloud = open(&Options { scenario: Some(Scenario::Deploying), ..options(&dir) }).unwrap();
    cloud.advance(Duration::from_secs(100)).unwrap();
    let committed = dump(&held(&cloud.inner.connection));
    let mut writer = raw(&dir);
    let unfinished = writer.transaction().unwrap();
    unfinished.execute_batch("DELETE FROM members; UPDATE world SET simulated = 0;").unwrap();
    // The files as a machine that lost power now would leave them: the log was never merged.
    let after = TempDir::new().unwrap();
    let (from, to) = (store::path(dir.path()), store::path(after.path()));
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(&from, &to).unwrap();
    fs::copy(format!("{}-wal", from.display()), format!("{}-wal", to.display())).unwrap();
    assert_eq!(dump(&raw(&after)), committed);
    let again = open(&options(&after)).unwrap();
    again.advance(Duration::from_secs(500)).unwrap();
    assert_sound(&held(&again.inner.connection));
}

#[test]
fn a_log_cut_off_anywhere_leaves_a_sound_world() {
    let dir = TempDir::new().unwrap();
    let cloud = open(&Options { scenario: Some(Scenario::Deploying), ..options(&dir) }).unwrap();
    let path = store::path(dir.path());
    held(&cloud.inner.connection).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    for _ in 0..40 {
        cloud.advance(Duration::from_secs(15)).unwrap();
    }
    let log = fs::read(format!("{}-wal", path.display())).unwrap();
    assert!(log.len() > 40_000, "{}", log.len());
    for share in 0..12 {
        let after = TempDir::new().unwrap();
        let to = store::path(after.path());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&path, &to).unwrap();
        fs::write(format!("{}-wal", to.display()), &log[..log.len() * share / 12]).unwrap();
        assert_sound(&raw(&after));
        open(&options(&after)).unwrap();
    }
}

#[tokio::test]
async fn catching_up_after_a_long_pause_is_capped() {
    let dir = TempDir::new().unwrap();
    drop(open(&Options { speed: Some(10.0), ..options(&dir) }).unwrap());
    let week = 7 * 24 * 3_600 * 1_000_i64;
    raw(&dir).execute("UPDATE world SET real = real - ?1", [week]).unwrap();
    let noted: i64 = raw(&dir).query_row("SELECT simulated FROM world", [], |row| row.get(0)).unwrap();
    let cloud = open(&options(&dir)).unwrap();
    ids(&cloud).await;
    let passed = cloud.now().as_millisecond() - noted;
    assert!((CATCH_UP * 10..CATCH_UP * 10 + week / 10).contains(&passed), "{passed}");
}

#[tokio::test]
async fn time_does_not_run_backwards_when_the_real_clock_does() {
    let dir = TempDir::new().unwrap();
    let cloud = open(&options(&dir)).unwrap();
    ids(&cloud).await;
    let before = cloud.now();
    // Seen from this world, the real clock has been set back by a day.
    raw(&dir).execute("UPDATE world SET real = real + 86400000", []).unwrap();
    ids(&cloud).await;
    assert!(cloud.now() >= before);
    let again = open(&options(&dir)).unwrap();
    assert!(again.now() >= jiff::Timestamp::from_second(before.as_second()).unwrap());
    again.advance(Duration::from_secs(1)).unwrap();
    assert!(again.now() > before);
}

#[test]
fn other_settings_are_refused_without_fresh() {
    let dir = TempDir::new().unwrap();
    let made =
        Options { seed: Some(3), speed: Some(2.5), scenario: Some(Scenario::Incident), ..options(&dir) };
    drop(open(&made).unwrap());
    drop(open(&made).unwrap());
    drop(open(&options(&dir)).unwrap());
    refused(&Options { seed: Some(4), ..options(&dir) }, &["seed 3, not 4", "--fresh"]);
    refused(&Options { speed: Some(1.0), ..options(&dir) }, &["speed 2.5, not 1", "--fresh"]);
    refused(
        &Options { scenario: Some(Scenario::Calm), ..options(&dir) },
        &["scenario incident, not calm", "--fresh"],
    );
    let fresh = Options { scenario: Some(Scenario::Calm), fresh: true, ..options(&dir) };
    assert_eq!(open(&fresh).unwrap().scenario(), Scenario::Calm);
    assert_eq!(open(&options(&dir)).unwrap().scenario(), Scenario::Calm);
}

#[test]
fn an_impossible_speed_is_refused() {
    let dir = TempDir::new().unwrap();
    for speed in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
        refused(&Options { speed: Some(speed), ..options(&dir) }, &["speed", "0.1 to 1000"]);
    }
    assert!(!store::path(dir.path()).exists());
}

#[tokio::test]
async fn a_console_whose_world_was_replaced_says_so() {
    let dir = TempDir::new().unwrap();
    let cloud = open(&options(&dir)).unwrap();
    ids(&cloud).await;
    let before = cloud.now();
    drop(open(&Options { fresh: true, ..options(&dir) }).unwrap());
    let error = cloud.identity().await.unwrap_err();
    assert!(matches!(&error, CloudError::Other(m) if m.contains("anew")), "{error:?}");
    assert!(cloud.now() >= before);
}

#[test]
fn what_is_not_a_world_is_refused_untouched_and_set_aside_by_fresh() {
    let junk = |path: &Path| fs::write(path, b"this is not a database, and long enough".repeat(40)).unwrap();
    let foreign = |path: &Path| {
        Connection::open(path).unwrap().execute_batch("CREATE TABLE shopping (what TEXT)").unwrap();
    };
    let broken = |path: &Path| {
        let dir = path.parent().and_then(Path::parent).unwrap();
        drop(open(&Options { state_dir: dir.to_owned(), ..Options::default() }).unwrap());
        Connection::open(path).unwrap().execute_batch("DROP TABLE world").unwrap();
    };
    let newer = |path: &Path| {
        let dir = path.parent().and_then(Path::parent).unwrap();
        drop(open(&Options { state_dir: dir.to_owned(), ..Options::default() }).unwrap());
        Connection::open(path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    };
    // What is ours and of our format is made anew in its place; anything else is kept.
    let cases: [(Spoil<'_>, &str, bool); 4] = [
        (&junk, "is not a sandbox world", true),
        (&foreign, "is not a sandbox world", true),
        (&broken, "damaged", false),
        (&newer, "format 99", true),
    ];
    for (spoil, words, kept) in cases {
        let dir = TempDir::new().unwrap();
        let path = store::path(dir.path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        spoil(&path);
        let spoilt = fs::read(&path).unwrap();
        refused(&options(&dir), &[words, "--fresh", "--state-dir"]);
        assert_eq!(fs::read(&path).unwrap(), spoilt, "{words}: the file was touched");
        open(&Options { fresh: true, ..options(&dir) }).unwrap();
        let old = fs::read(format!("{}.old", path.display())).ok();
        assert!(old == kept.then_some(spoilt), "{words}: the old file was not kept");
        open(&options(&dir)).unwrap();
    }
}

#[test]
fn a_world_cut_in_half_is_refused_or_read_but_never_a_panic() {
    let dir = TempDir::new().unwrap();
    drop(open(&options(&dir)).unwrap());
    let path = store::path(dir.path());
    let whole = fs::read(&path).unwrap();
    for share in 1..8 {
        fs::write(&path, &whole[..whole.len() * share / 8]).unwrap();
        if let Err(error) = open(&options(&dir)) {
            let message = error.to_string();
            assert!(message.contains("--fresh"), "{message}");
        }
        open(&Options { fresh: true, ..options(&dir) }).unwrap();
    }
}

#[test]
fn an_empty_file_becomes_a_world() {
    let dir = TempDir::new().unwrap();
    let path = store::path(dir.path());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"").unwrap();
    open(&options(&dir)).unwrap();
}

#[test]
fn a_place_that_cannot_be_written_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    refused(&Options { state_dir: file, ..Options::default() }, &["cannot be kept in", "--state-dir"]);
    // A directory stands where the file should be.
    let inside = store::path(dir.path());
    fs::create_dir_all(&inside).unwrap();
    refused(&options(&dir), &["cannot be kept in", "--state-dir"]);
}

#[test]
fn a_world_that_can_only_be_read_is_refused() {
    let dir = TempDir::new().unwrap();
    drop(open(&options(&dir)).unwrap());
    let path = store::path(dir.path());
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let error = store::prepare(connection, &path, &options(&dir), None).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, SandboxError::ReadOnly { .. }) && message.contains("--state-dir"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_of_a_world_in_a_file_answer_while_its_time_goes_by_itself() {
    let dir = TempDir::new().unwrap();
    let options = Options { speed: Some(50.0), ..options(&dir) };
    let cloud = open(&options).unwrap();
    let servers = cloud.servers(&cloud.topology().deployment).await.unwrap();
    let running = |server: &&Server| server.power == Power::Running;
    let worker = servers.iter().filter(running).find(|server| server.role.role.word() == "worker").unwrap();
    let target = Target::new(worker.id.clone(), worker.private_address.clone().unwrap()).unwrap();
    assert!(cloud.hosts().probe(&target, ScriptId::Reach).ended().await.outcome.is_success());
    let change = cloud.hosts_change();
    let command = |text, seconds| Command::new(text, Duration::from_secs(seconds));
    let (lines, ending) = change.exec(&target, command("sleep 10; echo done", 3_600)).collect(10).await;
    assert!(ending.outcome.is_success() && lines[0].text.as_str() == "done", "{ending:?}");
    let took = ending.at.as_second() - ending.started.unwrap().as_second();
    assert!(took >= 10, "{took}");
    let late = change.exec(&target, command("sleep 2000", 20)).ended().await;
    assert_eq!(late.outcome, Outcome::DeadlineReached { ended: Ended::Yes });
    let mut endless = change.exec(&target, command("yes", 3_600));
    assert!(endless.lines().await.is_some());
    endless.cancel();
    assert_eq!(endless.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
}
