//! What tests can let go wrong with requests and servers.

use std::time::Duration;

use super::changed::group_of;
use super::hosts::{exec, server, target};
use super::{memory, now, step};
use crate::cloud::{CloudChange, CloudError, CloudRead};
use crate::fleet::Process;
use crate::remote::{DurableJob, Input, JobName, Outcome, Refusal, RemoteChange, RemoteRead, ScriptId, Seen};
use crate::sandbox::{Fault, FaultKind, SandboxCloud, Scenario};

const SUSPEND: &str = "autoscaling:SuspendProcesses";

fn inject(cloud: &SandboxCloud, action: &'static str, kind: FaultKind) {
    cloud.inject(Fault { action: Some(action), kind });
}

fn suspend(cloud: &SandboxCloud) -> Result<(), CloudError> {
    now(cloud.suspend(&group_of(cloud, "staging").name, &[Process::Launch]))
}

fn is_suspended(cloud: &SandboxCloud) -> bool {
    group_of(cloud, "staging").is_suspended("Launch")
}

#[test]
fn requests_are_counted_by_action_refused_ones_too() {
    let cloud = memory(Scenario::Calm);
    inject(&cloud, SUSPEND, FaultKind::Throttle(1));
    for _ in 0..3 {
        let _ = suspend(&cloud);
    }
    let requests = cloud.requests();
    assert_eq!((requests[SUSPEND], requests["autoscaling:DescribeAutoScalingGroups"]), (3, 3));
}

#[test]
fn throttled_and_lost_on_the_way_there_is_not_done() {
    let cloud = memory(Scenario::Calm);
    inject(&cloud, SUSPEND, FaultKind::Throttle(2));
    inject(&cloud, SUSPEND, FaultKind::FailBefore(1));
    for _ in 0..2 {
        assert!(matches!(suspend(&cloud), Err(CloudError::Throttled(_))));
    }
    assert!(matches!(suspend(&cloud), Err(CloudError::Unreachable(_))));
    assert!(!is_suspended(&cloud));
    assert_eq!(suspend(&cloud), Ok(()));
    assert!(is_suspended(&cloud));
}

#[test]
fn lost_on_the_way_back_is_done_all_the_same() {
    let cloud = memory(Scenario::Calm);
    inject(&cloud, SUSPEND, FaultKind::FailAfter(1));
    let lost = suspend(&cloud).unwrap_err();
    assert!(matches!(lost, CloudError::Unreachable(_)) && lost.is_open());
    assert!(is_suspended(&cloud));
}

#[test]
fn denied_is_denied_until_it_is_allowed_again_and_any_action_is_every_action() {
    let cloud = memory(Scenario::Calm);
    inject(&cloud, SUSPEND, FaultKind::Deny);
    for _ in 0..3 {
        let denied = suspend(&cloud).unwrap_err();
        assert!(matches!(&denied, CloudError::Denied(why) if why.contains(SUSPEND)), "{denied:?}");
    }
    cloud.clear_faults();
    assert_eq!(suspend(&cloud), Ok(()));
    cloud.inject(Fault { action: None, kind: FaultKind::FailBefore(2) });
    assert!(now(cloud.identity()).is_err() && now(cloud.notes("/")).is_err());
    assert!(now(cloud.identity()).is_ok());
}

fn durable(name: &str, script: &str) -> DurableJob {
    DurableJob {
        name: JobName::new(name).unwrap(),
        script: Input::new(script.as_bytes()),
        user: None,
        limit: Duration::from_secs(600),
    }
}

#[tokio::test]
async fn a_cut_to_a_server_leaves_a_durable_job_to_be_attached_again() {
    let cloud = memory(Scenario::Calm);
    let worker = target(&server(&cloud, "staging", "worker"));
    let (read, change) = (cloud.hosts(), cloud.hosts_change());
    let job = durable("r7-3-migrate", "# sandbox: migrate");
    inject(&cloud, "host:start", FaultKind::FailBefore(1));
    let refused = change.start(&worker, job.clone()).ended().await.outcome;
    assert!(matches!(refused, Outcome::NotStarted(Refusal::Unreachable { .. })), "{refused:?}");
    let unknown = read.attach(&worker, &job.name, Seen::default()).ended().await.outcome;
    assert!(matches!(unknown, Outcome::NotStarted(Refusal::NoSuchJob { .. })), "{unknown:?}");

    inject(&cloud, "host:start", FaultKind::FailAfter(1));
    let begun = change.start(&worker, job.clone());
    let stepping = async {
        tokio::task::yield_now().await;
        for _ in 0..5 {
            step(&cloud, 1);
            tokio::task::yield_now().await;
        }
    };
    let (begun, ()) = tokio::join!(begun.ended(), stepping);
    assert!(matches!(begun.outcome, Outcome::Lost { .. }), "{begun:?}");
    inject(&cloud, "host:attach", FaultKind::FailAfter(1));
    let cut = read.attach(&worker, &job.name, Seen::default()).ended().await.outcome;
    assert!(matches!(cut, Outcome::Lost { .. }), "{cut:?}");
    step(&cloud, 60);
    let (lines, ending) = read.attach(&worker, &job.name, Seen::default()).collect(100).await;
    assert!(ending.outcome.is_success(), "{ending:?}");
    assert!(lines.iter().any(|line| line.text.as_str().ends_with("No migrations to apply.")));
    // Other servers and other requests were not touched.
    assert!(read.probe(&worker, ScriptId::Reach).ended().await.outcome.is_success());
}

#[tokio::test]
async fn a_script_that_is_broken_fails_as_often_as_it_was_told_to() {
    let cloud = memory(Scenario::Calm);
    let web = server(&cloud, "staging", "web");
    cloud.break_script("page", "nginx: [emerg] unexpected end of file", 1);
    let stepping = |seconds| {
        let cloud = cloud.clone();
        async move {
            for _ in 0..seconds {
                tokio::task::yield_now().await;
                step(&cloud, 1);
            }
        }
    };
    for code in [1, 0] {
        let script = exec(&cloud, &web, "# sandbox: page healthy");
        let ((lines, ending), ()) = tokio::join!(script, stepping(8));
        assert_eq!(ending.outcome, Outcome::Done { code }, "{lines:?}");
    }
}
