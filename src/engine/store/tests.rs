use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;
use crate::engine::Tally;
use crate::engine::fake::{clock, host};
use crate::remote::Outcome;

fn request() -> ExecRequest {
    ExecRequest {
        environment: "staging".into(),
        hosts: vec![host("i-1"), host("i-2")],
        command: "echo 'ä' | cat".into(),
        sudo: true,
        at_once: Some(2),
        stop_on_failure: true,
        deadline: Duration::from_secs(600),
        who: "jane@laptop".into(),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn ended(server: usize) -> Record {
    Record::Ended(ServerEnd::of(server, clock()(), &Outcome::Done { code: 3 }, Tally::default()))
}

#[tokio::test]
async fn a_run_is_recorded_for_its_owner_only_and_can_be_read_while_it_goes_on() {
    let temp = tempfile::tempdir().unwrap();
    let store = Store::new(temp.path(), clock());
    let recording = store.begin(&request()).unwrap();
    let (id, scribe) = (recording.id.clone(), recording.scribe());
    assert_eq!(id.as_str(), "2026-11-22-0001");
    let past = store.run(&id).unwrap();
    assert_eq!((past.state, past.began.command.as_str()), (RunState::Running, "echo 'ä' | cat"));
    assert_eq!((past.began.deadline, past.began.at_once, past.began.servers.len()), (600, Some(2), 2));
    scribe.record(Record::Asked { server: 0, at: store.now() });
    scribe.record(Record::Asked { server: 1, at: store.now() });
    scribe.output(0, b"2026-11-22T12:00:00.000Z out hello\n".to_vec()).await;
    scribe.record(ended(0));
    drop(scribe);
    assert_eq!(recording.finish(Record::Finished { at: store.now(), state: RunState::Failed }).await, None);
    let past = store.run(&id).unwrap();
    assert_eq!((past.state, past.ends[0].code, past.open), (RunState::Failed, Some(3), vec![1]));
    assert_eq!((mode(store.dir()), mode(&store.dir().join(id.as_str()))), (0o700, 0o700));
    assert_eq!(mode(&store.output(&id, "i-1")), 0o600);
    assert_eq!(mode(&store.dir().join(id.as_str()).join(RECORD)), 0o600);
    assert!(!store.output(&id, "i-2").exists());
}

#[tokio::test]
async fn a_run_whose_runner_went_away_is_interrupted_also_with_half_a_line() {
    let temp = tempfile::tempdir().unwrap();
    let store = Store::new(temp.path(), clock());
    let recording = store.begin(&request()).unwrap();
    let id = recording.id.clone();
    drop(recording);
    let path = store.dir().join(id.as_str()).join(RECORD);
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"record\":\"finished\",\"at\":\"2026-11-22T12:0").unwrap();
    while store.run(&id).unwrap().state != RunState::Interrupted {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn several_consoles_never_share_a_number_and_what_is_no_run_is_passed_over() {
    let temp = tempfile::tempdir().unwrap();
    let store = Store::new(temp.path(), clock());
    let runs: Vec<_> = (0..3).map(|_| store.begin(&request()).unwrap()).collect();
    fs::create_dir(store.dir().join("2026-11-22-0009")).unwrap();
    fs::create_dir(store.dir().join("notes")).unwrap();
    assert_eq!(store.begin(&request()).unwrap().id.as_str(), "2026-11-22-0010");
    let listed: Vec<_> = store.runs().unwrap().iter().map(|past| past.began.id.to_string()).collect();
    assert_eq!(listed, ["2026-11-22-0010", "2026-11-22-0003", "2026-11-22-0002", "2026-11-22-0001"]);
    assert!(matches!(store.run(&RunId::parse("2026-11-22-0100").unwrap()), Err(Unreadable::Absent(_))));
    let error = store.run(&RunId::parse("2026-11-22-0009").unwrap()).unwrap_err();
    assert!(matches!(error, Unreadable::Absent(_)), "{error}");
    drop(runs);
}

#[tokio::test]
async fn old_output_goes_by_size_and_records_only_by_number_and_what_runs_stays() {
    let temp = tempfile::tempdir().unwrap();
    let store = Store::new(temp.path(), clock());
    let running = store.begin(&request()).unwrap();
    let mut sizes = Vec::new();
    for size in [100, 5000, 10, 100] {
        let recording = store.begin(&request()).unwrap();
        let id = recording.id.clone();
        recording.scribe().output(0, vec![b'x'; size]).await;
        recording.finish(Record::Finished { at: store.now(), state: RunState::Done }).await;
        sizes.push(store.output_size(&id));
    }
    assert_eq!(sizes, [100, 5000, 10, 100]);
    let left = |store: &Store, output: bool| {
        let mut ids = store.ids().unwrap();
        ids.sort();
        let kept = ids.iter().filter(|id| !output || !store.outputs(id).is_empty());
        kept.map(|id| id.parts().1).collect::<Vec<_>>()
    };
    assert_eq!((left(&store, false), left(&store, true)), (vec![1, 2, 3, 4, 5], vec![2, 3, 4, 5]));
    store.prune(100, 1000);
    assert_eq!(left(&store, true), [2, 4, 5], "one that printed much takes nobody along");
    store.prune(100, 0);
    assert_eq!(left(&store, true), [5], "the latest output always stays");
    assert_eq!(left(&store, false), [1, 2, 3, 4, 5], "and every record");
    store.prune(3, u64::MAX);
    assert_eq!(left(&store, false), [1, 3, 4, 5], "the first one runs");
    assert_eq!(fs::read_dir(store.dir()).unwrap().count(), 4, "nothing half removed is left");
    drop(running);
}

#[tokio::test]
async fn a_disk_that_takes_no_more_is_told_once_and_what_is_there_stays_a_beginning() {
    let temp = tempfile::tempdir().unwrap();
    let store = Store::new(temp.path(), clock());
    let mut recording = store.begin(&request()).unwrap();
    let (id, scribe) = (recording.id.clone(), recording.scribe());
    // Every write to it is refused: no space left on device.
    std::os::unix::fs::symlink("/dev/full", store.output(&id, "i-1")).unwrap();
    scribe.output(1, b"before\n".to_vec()).await;
    scribe.output(0, b"lost\n".to_vec()).await;
    let why = recording.failure().await;
    assert!(why.contains("no more output is kept") && why.contains("No space left"), "{why}");
    scribe.output(1, b"after\n".to_vec()).await;
    scribe.record(ended(1));
    drop(scribe);
    assert_eq!(recording.finish(Record::Finished { at: store.now(), state: RunState::Done }).await, None);
    assert_eq!(fs::read_to_string(store.output(&id, "i-2")).unwrap(), "before\n");
    let past = store.run(&id).unwrap();
    assert_eq!((past.state, past.unrecorded), (RunState::Done, Some(why)));
    assert_eq!(past.ends.len(), 1, "the record itself goes on as long as it can");
}
