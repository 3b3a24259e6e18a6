//! Servers over ssh, against what one would otherwise use, on twenty hosts of the lab in one run. Needs root and
//! the lab's base image (`tests/lab/setup`); elsewhere it says that it was left out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/hosts.rs"]
mod hosts;
mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use quarterdeck::fleet::{Layout, Role, Topic};
use quarterdeck::probe::Request;
use quarterdeck::remote::{Job, Outcome, RemoteChange, RemoteRead, Target};

use hosts::Hosts;
use support::{Row, median_ms, report};

/// Servers.
const HOSTS: u8 = 20;
/// Runs of which the middle one counts, ours and the others' in turn.
const RUNS: usize = 15;
/// Cold ones are slower, and wear sshd's limits for new connections.
const COLD: usize = 5;
/// How long probing is watched.
const WATCHED: Duration = Duration::from_secs(60);
/// Time between two probes of a server.
const EVERY: Duration = Duration::from_secs(15);

fn main() {
    let Some(hosts) = Hosts::up(HOSTS) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut rows = Vec::new();
    runtime.block_on(async {
        cold(&hosts, &mut rows).await;
        warm(&hosts, &mut rows).await;
        probing(&hosts, &mut rows).await;
    });
    report("Servers over ssh", &rows);
}

async fn all(jobs: impl IntoIterator<Item = Job>) {
    for ending in join_all(jobs.into_iter().map(Job::ended)).await {
        assert_eq!(ending.outcome, Outcome::Done { code: 0 }, "{ending:?}");
    }
}

async fn ours(change: &dyn RemoteChange, targets: &[Target]) -> Duration {
    let begun = Instant::now();
    let limit = Duration::from_secs(60);
    all(targets.iter().map(|target| change.exec(target, quarterdeck::remote::Command::new("true", limit))))
        .await;
    begun.elapsed()
}

/// Twenty `ssh` at once, with these further arguments for the host of a number.
fn theirs(hosts: &Hosts, extra: impl Fn(usize) -> Vec<String>) -> Duration {
    let begun = Instant::now();
    let started: Vec<_> = hosts
        .targets()
        .iter()
        .enumerate()
        .map(|(n, target)| {
            let mut ssh = Command::new("ssh");
            ssh.args(hosts.ssh_arguments(n)).args(extra(n)).arg(target.address()).arg("true");
            ssh.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut ssh in started {
        assert!(ssh.wait().unwrap().success());
    }
    begun.elapsed()
}

fn ratio(
    rows: &mut Vec<Row>,
    what: [&'static str; 3],
    ours: &mut [Duration],
    theirs: &mut [Duration],
    budget: f64,
) {
    let how = format!("median of {}, {HOSTS} hosts of the lab", ours.len());
    let (mine, other) = (median_ms(ours), median_ms(theirs));
    rows.push(Row { what: what[0], measured: mine, budget: None, unit: "ms", how: how.clone() });
    rows.push(Row { what: what[1], measured: other, budget: None, unit: "ms", how: how.clone() });
    let how = "ours by theirs, run in turn".to_owned();
    rows.push(Row { what: what[2], measured: mine / other, budget: Some(budget), unit: "×", how });
}

async fn cold(hosts: &Hosts, rows: &mut Vec<Row>) {
    let (mut mine, mut other) = (Vec::new(), Vec::new());
    for _ in 0..COLD {
        let fresh = hosts.adapter();
        mine.push(ours(&fresh.change, hosts.targets()).await);
        drop(fresh);
        other.push(theirs(hosts, |_| vec!["-S".into(), "none".into()]));
    }
    let what = ["exec of true, cold", "parallel ssh, cold", "exec of true by parallel ssh, cold"];
    ratio(rows, what, &mut mine, &mut other, 1.2);
}

async fn warm(hosts: &Hosts, rows: &mut Vec<Row>) {
    let adapter = hosts.adapter();
    let masters = hosts.masters();
    ours(&adapter.change, hosts.targets()).await;
    let (mut mine, mut other) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        mine.push(ours(&adapter.change, hosts.targets()).await);
        other.push(theirs(hosts, |n| vec!["-S".into(), masters.socket(n)]));
    }
    let what = ["exec of true, warm", "parallel ssh, warm masters", "exec of true by parallel ssh, warm"];
    ratio(rows, what, &mut mine, &mut other, 1.0);
}

/// Every section that any server answers, every fifteen seconds: this process and its ssh together.
async fn probing(hosts: &Hosts, rows: &mut Vec<Row>) {
    let adapter = hosts.adapter();
    let request = Request::new(
        Role::Web,
        vec![Topic::Machine, Topic::Disks, Topic::Units, Topic::Supervisor, Topic::PgBouncer, Topic::Site],
        std::sync::Arc::new(Layout::default()),
        "bench",
    );
    all(hosts.targets().iter().map(|target| adapter.read.measure(target, &request))).await;
    let before = adapter.processor();
    let begun = Instant::now();
    let mut round = tokio::time::interval(EVERY);
    while begun.elapsed() < WATCHED {
        round.tick().await;
        all(hosts.targets().iter().map(|target| adapter.read.measure(target, &request))).await;
    }
    tokio::time::sleep(WATCHED.saturating_sub(begun.elapsed())).await;
    let used = adapter.processor() - before;
    rows.push(Row {
        what: "probing twenty servers every 15 s",
        measured: used / begun.elapsed().as_secs_f64() * 100.0,
        budget: Some(3.0),
        unit: "%",
        how: format!("of one core, this process and its ssh masters, {} s", WATCHED.as_secs()),
    });
}
