//! Files and durable jobs on servers of a world.

use std::time::Duration;

use super::hosts::{server, target};
use super::{memory, step};
use crate::remote::{
    Content, DurableJob, Ended, Input, Job, JobName, Outcome, Refusal, RemoteChange, RemoteRead, Seen, Upload,
};
use crate::sandbox::{SandboxCloud, Scenario};

/// Runs a short piece of work, whose time is simulated.
async fn done(cloud: &SandboxCloud, job: Job) -> Outcome {
    let mut ended = std::pin::pin!(job.ended());
    loop {
        tokio::select! {
            ending = &mut ended => return ending.outcome,
            () = tokio::time::sleep(Duration::from_millis(5)) => step(cloud, 1),
        }
    }
}

fn durable(name: &str, script: &str, limit: u64) -> DurableJob {
    DurableJob {
        name: JobName::new(name).unwrap(),
        script: Input::new(script.as_bytes()),
        user: None,
        limit: Duration::from_secs(limit),
    }
}

async fn output(cloud: &SandboxCloud, job: Job) -> (Vec<String>, Outcome) {
    let mut collected = std::pin::pin!(job.collect(100));
    loop {
        tokio::select! {
            (lines, ending) = &mut collected => {
                return (lines.iter().map(|line| line.text.as_str().to_owned()).collect(), ending.outcome);
            }
            () = tokio::time::sleep(Duration::from_millis(5)) => step(cloud, 1),
        }
    }
}

#[tokio::test]
async fn a_durable_job_goes_on_without_us_and_is_read_from_where_it_was_left() {
    let cloud = memory(Scenario::Calm);
    let worker = target(&server(&cloud, "production", "worker"));
    let (read, change) = (cloud.hosts(), cloud.hosts_change());
    let job = durable("migrate", "echo one; sleep 100; echo two && exit 4", 600);
    assert!(done(&cloud, change.start(&worker, job.clone())).await.is_success());
    step(&cloud, 200);
    let all = output(&cloud, read.attach(&worker, &job.name, Seen::default())).await;
    assert_eq!(all, (vec!["one".to_owned(), "two".to_owned()], Outcome::Done { code: 4 }));
    let rest = output(&cloud, read.attach(&worker, &job.name, Seen { out: 4, err: 0 })).await;
    assert_eq!(rest, (vec!["two".to_owned()], Outcome::Done { code: 4 }));
    assert!(done(&cloud, change.forget(&worker, &job.name)).await.is_success());
    let gone = read.attach(&worker, &job.name, Seen::default()).ended().await.outcome;
    assert!(matches!(gone, Outcome::NotStarted(Refusal::NoSuchJob { .. })), "{gone:?}");
}

#[tokio::test]
async fn a_durable_job_is_stopped_or_reaches_its_limit() {
    let cloud = memory(Scenario::Calm);
    let worker = target(&server(&cloud, "production", "worker"));
    let (read, change) = (cloud.hosts(), cloud.hosts_change());
    let (stopped, limited) = (durable("a", "sleep 3000", 9_000), durable("b", "yes", 30));
    for job in [&stopped, &limited] {
        assert!(done(&cloud, change.start(&worker, job.clone())).await.is_success());
    }
    let busy = done(&cloud, change.forget(&worker, &stopped.name)).await;
    assert_eq!(busy, Outcome::Done { code: 1 });
    assert!(done(&cloud, change.stop(&worker, &stopped.name)).await.is_success());
    let (_, outcome) = output(&cloud, read.attach(&worker, &stopped.name, Seen::default())).await;
    assert_eq!(outcome, Outcome::Cancelled { ended: Ended::Yes });
    let (_, outcome) = output(&cloud, read.attach(&worker, &limited.name, Seen::default())).await;
    assert_eq!(outcome, Outcome::DeadlineReached { ended: Ended::Yes });
}

#[tokio::test]
async fn what_cannot_be_uploaded_is_refused_before_anything_happens() {
    let cloud = memory(Scenario::Calm);
    let worker = target(&server(&cloud, "production", "worker"));
    let upload = |path: &str, content: Content| {
        let path = path.to_owned();
        let deadline = Duration::from_secs(60);
        let upload = Upload { path, content, mode: 0o640, owner: None, sudo: true, deadline };
        cloud.hosts_change().upload(&worker, upload)
    };
    let bytes = || Content::Bytes(Input::new(*b"x"));
    assert!(done(&cloud, upload("/etc/x.conf", bytes())).await.is_success());
    for job in [upload("relative", bytes()), upload("/etc/x", Content::File("/nowhere/at/all".into()))] {
        let outcome = done(&cloud, job).await;
        assert!(matches!(outcome, Outcome::NotStarted(Refusal::Failed { .. })), "{outcome:?}");
    }
}
