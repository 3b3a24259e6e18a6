//! What a failed, refused or hanging call does, and what it does not.

use std::sync::Arc;

use super::*;
use crate::cloud::CloudError;
use crate::fleet::{FailureKind, Source};
use crate::refresh::fake::{Script, epoch, fleet};
use crate::refresh::{Limits, once};

fn denied() -> Script {
    Script::Fail(CloudError::Denied("Not allowed: ask for autoscaling:DescribeAutoScalingGroups".into()))
}

#[tokio::test(start_paused = true)]
async fn a_failed_read_keeps_the_old_value_and_says_since_when() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    seconds(5).await;
    cloud.script(Source::Ec2DescribeInstances, Script::Fail(CloudError::Unreachable("gone".into())));
    seconds(300).await;
    let snapshot = handle.snapshots.borrow().clone();
    assert_eq!(snapshot.servers.value().unwrap().len(), 6);
    let failure = snapshot.servers.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    let since = failure.since.duration_since(epoch()).as_secs();
    assert!((5..=15).contains(&since), "the first failure, not the last: {since}");

    cloud.script(Source::Ec2DescribeInstances, Script::Answer);
    seconds(60).await;
    assert!(handle.snapshots.borrow().servers.failure().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_refused_part_does_not_stop_the_others() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    cloud.script(Source::AutoScalingDescribeGroups, denied());
    let handle = begin(&cloud, &topology);
    tell(&handle, look(&topology)).await;
    seconds(5).await;
    let snapshot = handle.snapshots.borrow().clone();
    assert_eq!(snapshot.groups.failure().unwrap().kind, FailureKind::Denied);
    assert!(snapshot.servers.value().is_some() && snapshot.load_balancers.value().is_some());
    assert!(snapshot.health["production-lb"].value().is_some());
    assert!(snapshot.images.value().is_some(), "the servers' images at least");
    assert_eq!(snapshot.metrics.values().filter(|m| m.value().is_some()).count(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_call_ends_at_its_deadline_and_the_others_are_published_before_it() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    cloud.script(Source::AutoScalingDescribeGroups, Script::Hang);
    let handle = begin(&cloud, &topology);
    seconds(2).await;
    let snapshot = handle.snapshots.borrow().clone();
    assert!(snapshot.servers.value().is_some() && snapshot.groups.failure().is_none());
    assert!(handle.pulse.borrow().in_flight);
    seconds(Limits::LOOP.deadline.as_secs()).await;
    let snapshot = handle.snapshots.borrow().clone();
    let failure = snapshot.groups.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.message.contains("autoscaling:DescribeAutoScalingGroups"), "{}", failure.message);
}

#[tokio::test(start_paused = true)]
async fn new_ages_are_published_though_another_call_hangs() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    seconds(5).await;
    let before = handle.snapshots.borrow().servers.read_at().unwrap();
    cloud.script(Source::AutoScalingDescribeGroups, Script::Hang);
    seconds(8).await;
    assert!(handle.pulse.borrow().in_flight);
    assert!(handle.snapshots.borrow().servers.read_at().unwrap() > before);
}

#[tokio::test(start_paused = true)]
async fn everything_may_hang_and_a_single_look_still_ends() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    for source in [
        Source::StsGetCallerIdentity,
        Source::Ec2DescribeInstances,
        Source::AutoScalingDescribeGroups,
        Source::ElbDescribeLoadBalancers,
        Source::ElbDescribeInstanceHealth,
    ] {
        cloud.script(source, Script::Hang);
    }
    let snapshot = once(Arc::new(cloud), None, topology, Limits::ONCE).await;
    assert_eq!(snapshot.servers.failure().unwrap().kind, FailureKind::Unreachable);
    assert!(snapshot.servers.value().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_single_look_tries_throttled_calls_again() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let throttled = Script::Fail(CloudError::Throttled("Throttling".into()));
    cloud.script(Source::Ec2DescribeInstances, throttled);
    let look = tokio::spawn(once(Arc::new(cloud.clone()), None, topology, Limits::ONCE));
    seconds(1).await;
    cloud.script(Source::Ec2DescribeInstances, Script::Answer);
    assert!(look.await.unwrap().servers.failure().is_none());
    let tries = cloud.calls(Source::Ec2DescribeInstances);
    assert!((2..=3).contains(&tries), "{tries}");
}

#[tokio::test(start_paused = true)]
async fn who_we_are_is_asked_again_after_the_credentials_failed() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    seconds(90).await;
    let expired = Script::Fail(CloudError::Credentials("Expired: run aws sso login".into()));
    cloud.script(Source::Ec2DescribeInstances, expired);
    seconds(15).await;
    cloud.script(Source::Ec2DescribeInstances, Script::Answer);
    seconds(60).await;
    assert_eq!(cloud.calls(Source::StsGetCallerIdentity), 2);
    seconds(300).await;
    assert_eq!(cloud.calls(Source::StsGetCallerIdentity), 2);
    assert!(handle.snapshots.borrow().identity.failure().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_does_not_exist_is_not_asked_for_its_health_again() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    cloud.world().load_balancers.clear();
    cloud.world().health.clear();
    let handle = begin(&cloud, &topology);
    seconds(300).await;
    assert_eq!(cloud.calls(Source::ElbDescribeInstanceHealth), 1);
    // It is missing, which is said; its health is not an unread value, which would be called stale.
    let snapshot = handle.snapshots.borrow().clone();
    assert!(snapshot.load_balancers.value().is_some_and(std::collections::BTreeMap::is_empty));
    assert!(snapshot.health.is_empty(), "{:?}", snapshot.health);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_ends_the_loop_even_while_a_call_hangs() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    cloud.script(Source::Ec2DescribeInstances, Script::Hang);
    let handle = begin(&cloud, &topology);
    seconds(1).await;
    drop(handle);
    seconds(1).await;
    assert!(cloud.world().running.values().all(|n| *n == 0), "its calls are dropped with it");
    let calls = cloud.all_calls();
    seconds(600).await;
    assert_eq!(cloud.all_calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn a_kept_sender_of_commands_does_not_keep_the_loop() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    let commands = handle.commands.clone();
    seconds(1).await;
    drop(handle);
    tokio::time::timeout(std::time::Duration::from_secs(5), commands.closed()).await.unwrap();
}

#[cfg(feature = "aws")]
#[test]
fn what_aws_does_not_answer_ends_before_the_refresh_gives_it_up() {
    let aws = crate::cloud::aws::Deadlines::default();
    assert!(aws.connect < aws.attempt && aws.attempt < aws.request && aws.request < aws.read);
    assert!(aws.read < Limits::LOOP.deadline && aws.read < Limits::ONCE.deadline);
}
