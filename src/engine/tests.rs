use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::fake::{Deed, Servers, clock, line};
use super::store::{RunState, read_output};
use super::*;
use crate::remote::{Outcome, RemoteChange, Stream};

fn store(temp: &tempfile::TempDir) -> Store {
    Store::new(temp.path(), clock())
}

async fn begin(servers: &Arc<Servers>, store: &Store, request: ExecRequest) -> Running {
    let change: Arc<dyn RemoteChange> = Arc::clone(servers) as _;
    exec(change, store.clone(), request).await.unwrap()
}

/// Everything up to the last word.
async fn to_the_end(running: &mut Running) -> Vec<Progress> {
    let mut all = Vec::new();
    let read = async {
        while let Some(news) = running.progress.recv().await {
            all.push(news);
        }
    };
    tokio::time::timeout(Duration::from_secs(30), read).await.expect("the run ends");
    all
}

fn summary(all: &[Progress]) -> &Summary {
    match all.last() {
        Some(Progress::Finished { summary }) => summary,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn news_come_in_order_for_each_server_and_the_summary_last() {
    let temp = tempfile::tempdir().unwrap();
    let servers = Servers::new([
        ("i-1", Deed::printing(&[(Stream::Out, "one"), (Stream::Err, "two")], 0)),
        ("i-2", Deed::printing(&[], 3)),
    ]);
    let mut running = begin(&servers, &store(&temp), servers.request("uptime")).await;
    let all = to_the_end(&mut running).await;
    let first: Vec<&str> = all
        .iter()
        .filter_map(|news| match news {
            Progress::Began { host: 0, .. } => Some("began"),
            Progress::Lines { host: 0, .. } => Some("lines"),
            Progress::Ended { host: 0, .. } => Some("ended"),
            _ => None,
        })
        .collect();
    assert_eq!(first, ["began", "lines", "ended"]);
    let summary = summary(&all);
    assert_eq!((summary.count(Verdict::Done), summary.count(Verdict::Failed)), (1, 1));
    assert!(!summary.is_success() && !summary.cancelled);
}

#[tokio::test]
async fn serial_asks_the_next_only_when_one_has_ended() {
    let temp = tempfile::tempdir().unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let deed = || Deed::printing(&[], 0).behind(&gate);
    let servers = Servers::new([("i-1", deed()), ("i-2", deed()), ("i-3", deed())]);
    let request = ExecRequest { at_once: Some(1), ..servers.request("uptime") };
    let mut running = begin(&servers, &store(&temp), request).await;
    for n in 1..=3 {
        while !matches!(running.progress.recv().await, Some(Progress::Began { host, .. }) if host == n - 1) {}
        assert_eq!(servers.asked().len(), n);
        gate.add_permits(1);
    }
    assert!(summary(&to_the_end(&mut running).await).is_success());
}

#[tokio::test]
async fn a_failure_keeps_the_rest_from_beginning_and_says_so() {
    let temp = tempfile::tempdir().unwrap();
    let servers = Servers::new([
        ("i-1", Deed::printing(&[], 0)),
        ("i-2", Deed::printing(&[], 7)),
        ("i-3", Deed::printing(&[], 0)),
    ]);
    let request = ExecRequest { at_once: Some(1), stop_on_failure: true, ..servers.request("uptime") };
    let store = store(&temp);
    let mut running = begin(&servers, &store, request).await;
    let all = to_the_end(&mut running).await;
    let End::Skipped(why) = &summary(&all).ends[2] else { panic!("{all:?}") };
    assert_eq!(why, "stopped after i-2 web: exit code 7");
    assert_eq!(servers.asked(), ["i-1", "i-2"]);
    let past = store.run(&running.id).unwrap();
    assert_eq!((past.state, past.skipped), (RunState::Failed, vec![(2, why.clone())]));
}

#[tokio::test]
async fn cancelling_all_cancelling_one_and_dropping_the_control_end_what_runs() {
    for how in ["all", "one", "dropped"] {
        let temp = tempfile::tempdir().unwrap();
        let gate = Arc::new(Semaphore::new(0));
        let deed = || Deed::printing(&[], 0).behind(&gate);
        let servers = Servers::new([("i-1", deed()), ("i-2", deed())]);
        let store = store(&temp);
        let mut running = begin(&servers, &store, servers.request("sleep 1000")).await;
        let mut expected = [Verdict::Cancelled; 2];
        match how {
            "all" => running.control.cancel(),
            "one" => {
                running.control.cancel_host(1);
                while !matches!(running.progress.recv().await, Some(Progress::Ended { host: 1, .. })) {}
                gate.add_permits(1);
                expected[0] = Verdict::Done;
            }
            _ => running.control = Control::new().0,
        }
        let all = to_the_end(&mut running).await;
        let summary = summary(&all);
        assert_eq!(summary.ends.iter().map(End::verdict).collect::<Vec<_>>(), expected, "{how}");
        let state = if how == "one" { RunState::Failed } else { RunState::Cancelled };
        assert_eq!(store.run(&running.id).unwrap().state, state, "{how}");
    }
}

#[tokio::test]
async fn a_reader_who_does_not_read_can_still_cancel_and_one_who_has_gone_gets_it_all_on_disk() {
    let temp = tempfile::tempdir().unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let batches = (0..500).map(|n| vec![line(Stream::Out, &n.to_string())]).collect();
    let deed = Deed { batches, gate: None, outcome: Outcome::Done { code: 0 } };
    let servers = Servers::new([("i-1", deed), ("i-2", Deed::printing(&[], 0).behind(&gate))]);
    let store = store(&temp);
    let mut running = begin(&servers, &store, servers.request("seq 500")).await;
    // Nobody reads: the first server is held up.
    running.control.cancel_host(1);
    while !store.run(&running.id).unwrap().ends.iter().any(|end| end.server == 1) {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.run(&running.id).unwrap().open, [0], "it is held up by whoever does not read");
    running.progress.close();
    while running.progress.recv().await.is_some() {}
    while store.run(&running.id).unwrap().state == RunState::Running {
        tokio::task::yield_now().await;
    }
    let mut lines = 0;
    read_output(&store.output(&running.id, "i-1"), |line| {
        assert_eq!(line.text, lines.to_string());
        lines += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(lines, 500);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_written() {
    let temp = tempfile::tempdir().unwrap();
    let servers = Servers::new([("i-1", Deed::printing(&[], 0))]);
    let good = servers.request("uptime");
    let twice = vec![good.hosts[0].clone(), good.hosts[0].clone()];
    for bad in [
        ExecRequest { hosts: Vec::new(), ..good.clone() },
        ExecRequest { hosts: twice, ..good.clone() },
        ExecRequest { command: " ".into(), ..good.clone() },
        ExecRequest { command: "a\0b".into(), ..good.clone() },
    ] {
        let change: Arc<dyn RemoteChange> = Arc::clone(&servers) as _;
        assert!(exec(change, store(&temp), bad).await.is_err());
    }
    assert!(servers.asked().is_empty());
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn without_a_record_nothing_is_begun() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("runs"), "a file is in the way").unwrap();
    let servers = Servers::new([("i-1", Deed::printing(&[], 0))]);
    let change: Arc<dyn RemoteChange> = Arc::clone(&servers) as _;
    let error = exec(change, store(&temp), servers.request("uptime")).await.unwrap_err();
    assert!(error.to_string().contains("--state-dir"), "{error}");
    assert!(servers.asked().is_empty());
}
