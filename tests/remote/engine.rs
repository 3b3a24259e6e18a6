//! The engine over real connections: many servers, their ends, and all they print on disk.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use quarterdeck::engine::store::{RunState, read_output};
use quarterdeck::engine::{
    self, End, ExecRequest, FollowRequest, Host, Progress, Running, Store, Summary, Verdict,
};
use quarterdeck::fleet::Role;
use quarterdeck::logs::LogId;
use quarterdeck::remote::host_keys::Origin;
use quarterdeck::remote::openssh::OpenSsh;
use quarterdeck::remote::{Ended, Follow, Outcome, Refusal, RemoteChange, RemoteRead};

use crate::sshd::{Sshd, eventually, runs};

/// One sshd that stands for so many servers, each with connections and a pinned key of its own.
fn servers(sshd: &Sshd, many: usize) -> (OpenSsh, Vec<Host>) {
    let ssh = OpenSsh::open(sshd.options()).unwrap();
    let hosts = (1..=many).map(|n| {
        let target = sshd.target(&format!("i-{n:02}"));
        ssh.host_keys().pin(target.instance(), &[sshd.key()], Origin::Operator, ssh.now()).unwrap();
        Host { target, name: format!("web i-{n:02}"), role: Role::Web, environment: "staging".into() }
    });
    let hosts = hosts.collect();
    (ssh, hosts)
}

fn request(hosts: &[Host], command: &str) -> ExecRequest {
    ExecRequest {
        environment: "staging".into(),
        hosts: hosts.to_vec(),
        command: command.into(),
        sudo: false,
        at_once: None,
        stop_on_failure: false,
        deadline: Duration::from_secs(60),
        who: "jane@laptop".into(),
    }
}

fn store(state: &Path) -> Store {
    Store::new(state, Arc::new(Timestamp::now))
}

async fn begin(ssh: &OpenSsh, store: &Store, request: ExecRequest) -> Running {
    let change: Arc<dyn RemoteChange> = Arc::new(ssh.change());
    engine::exec(change, store.clone(), request).await.unwrap()
}

async fn end(running: &mut Running) -> Summary {
    let last = async {
        while let Some(news) = running.progress.recv().await {
            if let Progress::Finished { summary } = news {
                return summary;
            }
        }
        panic!("no last word")
    };
    tokio::time::timeout(Duration::from_secs(60), last).await.expect("the run ends")
}

fn outcome(end: &End) -> &Outcome {
    match end {
        End::Ended { ending, .. } => &ending.outcome,
        End::Skipped(why) => panic!("{why}"),
    }
}

#[tokio::test]
async fn a_command_runs_on_many_servers_and_all_they_print_is_on_disk() {
    let sshd = Sshd::plain();
    let (ssh, hosts) = servers(&sshd, 5);
    let state = tempfile::tempdir().unwrap();
    let store = store(state.path());
    let command = "printf '10%%\\r100%%\\n'; seq 3; echo oops >&2";
    let mut running = begin(&ssh, &store, request(&hosts, command)).await;
    let summary = end(&mut running).await;
    assert!(summary.is_success(), "{summary:?}");
    let digests: Vec<u64> = summary
        .ends
        .iter()
        .map(|end| match end {
            End::Ended { tally, .. } => tally.digest,
            End::Skipped(_) => 0,
        })
        .collect();
    assert!(digests.iter().all(|digest| *digest == digests[0]), "they printed the same");
    for host in &hosts {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        read_output(&store.output(&running.id, host.target.instance().as_str()), |line| {
            if line.stream == quarterdeck::remote::Stream::Out { &mut out } else { &mut err }.push(line.text);
            Ok(())
        })
        .unwrap();
        assert_eq!((out, err), (["100%", "1", "2", "3"].map(String::from).to_vec(), vec!["oops".into()]));
    }
    let past = store.run(&running.id).unwrap();
    assert_eq!((past.state, past.ends.len(), past.began.command.as_str()), (RunState::Done, 5, command));
}

#[tokio::test]
async fn every_end_is_told_apart_and_a_broken_connection_is_unknown() {
    let sshd = Sshd::plain();
    let (ssh, mut hosts) = servers(&sshd, 3);
    let state = tempfile::tempdir().unwrap();
    let store = store(state.path());
    // One whose key nobody knows.
    hosts.push(Host { target: sshd.target("i-99"), ..hosts[0].clone() });
    let request = ExecRequest { at_once: Some(2), ..request(&hosts, "echo here; exit 3") };
    let mut running = begin(&ssh, &store, request.clone()).await;
    let summary = end(&mut running).await;
    for host in 0..3 {
        assert_eq!(outcome(&summary.ends[host]), &Outcome::Done { code: 3 });
    }
    let stranger = outcome(&summary.ends[3]);
    assert!(matches!(stranger, Outcome::NotStarted(Refusal::UnknownHostKey { .. })), "{stranger:?}");
    assert_eq!(summary.count(Verdict::Failed), 4);

    let sleeping =
        ExecRequest { hosts: hosts[..1].to_vec(), command: "echo up; sleep 300".into(), ..request };
    let mut running = begin(&ssh, &store, sleeping).await;
    while !matches!(running.progress.recv().await, Some(Progress::Lines { .. })) {}
    sshd.wire.cut();
    let summary = end(&mut running).await;
    assert_eq!(summary.count(Verdict::Unknown), 1, "{summary:?}");
    assert!(!summary.is_success());
    assert_eq!(store.run(&running.id).unwrap().ends[0].verdict, Verdict::Unknown);
}

#[tokio::test]
async fn cancelling_ends_it_on_the_servers_and_the_deadline_does_too() {
    let sshd = Sshd::plain();
    let (ssh, hosts) = servers(&sshd, 2);
    let state = tempfile::tempdir().unwrap();
    let store = store(state.path());
    let command = format!("echo $$ >>{}; sleep 300", sshd.path("pids").display());
    let mut running = begin(&ssh, &store, request(&hosts, &command)).await;
    eventually("both run", || sshd.text("pids").lines().count() == 2).await;
    running.control.cancel();
    let summary = end(&mut running).await;
    for one in &summary.ends {
        assert_eq!(outcome(one), &Outcome::Cancelled { ended: Ended::Yes });
    }
    assert!(summary.cancelled && sshd.text("pids").lines().all(|pid| !runs(pid)));
    assert_eq!(store.run(&running.id).unwrap().state, RunState::Cancelled);

    let short = ExecRequest { deadline: Duration::from_secs(1), ..request(&hosts[..1], "sleep 300") };
    let mut running = begin(&ssh, &store, short).await;
    let summary = end(&mut running).await;
    assert_eq!(outcome(&summary.ends[0]), &Outcome::DeadlineReached { ended: Ended::Yes });
    assert_eq!(summary.count(Verdict::Failed), 1);
}

#[tokio::test]
async fn a_flood_that_nobody_looks_at_is_complete_on_disk() {
    let sshd = Sshd::plain();
    let (ssh, hosts) = servers(&sshd, 1);
    let state = tempfile::tempdir().unwrap();
    let store = store(state.path());
    let running = begin(&ssh, &store, request(&hosts, "seq 1 300000")).await;
    let Running { id, progress, control: _control, .. } = running;
    drop(progress);
    eventually("the run is over", || store.run(&id).unwrap().state != RunState::Running).await;
    let mut next = 1;
    read_output(&store.output(&id, "i-01"), |line| {
        assert_eq!(line.text, next.to_string());
        next += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!((next, store.run(&id).unwrap().state), (300_001, RunState::Done));
}

#[tokio::test]
async fn logs_go_on_over_a_new_connection_without_repeating_or_losing_a_line() {
    let sshd = Sshd::plain();
    let (ssh, hosts) = servers(&sshd, 1);
    let log = sshd.path("log");
    let add = |from: u32, to: u32| {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        (from..to).for_each(|n| writeln!(file, "line {n}").unwrap());
    };
    add(0, 10);
    let logs = Follow { files: vec![log.display().to_string()], past: 50, ..Follow::default() };
    let request = FollowRequest { hosts: vec![(hosts[0].clone(), logs, vec![LogId::Syslog])] };
    let read: Arc<dyn RemoteRead> = Arc::new(ssh);
    let mut following = engine::follow(read, request).unwrap();
    let (mut texts, mut turns) = (Vec::new(), Vec::new());
    let reading = async {
        let mut written = 10;
        while texts.len() < 40 {
            match following.progress.recv().await.expect("it goes on") {
                Progress::Lines { lines, .. } => {
                    texts.extend(lines.into_iter().map(|line| line.text.as_str().to_owned()));
                    // Each time all of it has come, the connection breaks, and more is written meanwhile.
                    if texts.len() == written && written < 40 {
                        sshd.wire.cut();
                        add(u32::try_from(written).unwrap(), u32::try_from(written).unwrap() + 15);
                        written += 15;
                    }
                }
                Progress::Broken { why, .. } => turns.push(why),
                Progress::Back { gap, .. } => assert!(!gap),
                other => assert!(matches!(other, Progress::Began { .. }), "{other:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("lines come again");
    assert_eq!(texts, (0..40).map(|n| format!("line {n}")).collect::<Vec<_>>());
    assert!(turns.len() >= 2 && turns[0].contains("the connection broke"), "{turns:?}");
}
