//! How often, and never two at once.

use std::time::Duration;

use super::*;
use crate::cloud::CloudError;
use crate::fleet::{Power, Source};
use crate::refresh::fake::{Script, fleet};

/// Beats in so many seconds.
async fn beats(cloud: &Fake, time: u64) -> usize {
    let before = cloud.calls(Source::Ec2DescribeInstances);
    seconds(time).await;
    cloud.calls(Source::Ec2DescribeInstances) - before
}

#[tokio::test(start_paused = true)]
async fn a_quiet_fleet_is_read_at_the_normal_pace_and_slower_when_nobody_is_there() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    seconds(1).await;
    assert_eq!(beats(&cloud, 240).await, 24);
    seconds(120).await;
    assert_eq!(beats(&cloud, 300).await, 10, "idle");
    tell(&handle, Command::Awake).await;
    assert_eq!(beats(&cloud, 200).await, 20, "somebody is there again");
}

#[tokio::test(start_paused = true)]
async fn a_changing_fleet_is_read_fast_until_it_has_come_to_rest_or_is_stuck() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    cloud.world().servers[0].power = Power::Pending;
    let handle = begin(&cloud, &topology);
    seconds(1).await;
    assert_eq!(beats(&cloud, 60).await, 20);
    cloud.world().servers[0].power = Power::Running;
    seconds(10).await;
    assert_eq!(beats(&cloud, 60).await, 6);
    // Suspended launching: the group wants more than it has, for hours.
    cloud.world().groups[0].desired = 5;
    seconds(20).await;
    assert_eq!(beats(&cloud, 60).await, 20);
    seconds(600).await;
    tell(&handle, Command::Awake).await;
    seconds(20).await;
    assert_eq!(beats(&cloud, 60).await, 6, "nothing has changed for ten minutes");
}

#[tokio::test(start_paused = true)]
async fn numbers_that_come_every_minute_do_not_keep_the_fast_pace() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    tell(&handle, look(&topology)).await;
    cloud.world().groups[0].desired = 5;
    seconds(20).await;
    assert_eq!(beats(&cloud, 60).await, 20);
    seconds(600).await;
    tell(&handle, Command::Awake).await;
    seconds(20).await;
    assert_eq!(beats(&cloud, 60).await, 6, "only numbers have changed for ten minutes");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_active_is_read_fast() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    tell(&handle, Command::Look(Interest { busy: true, ..Interest::default() })).await;
    seconds(4).await;
    assert_eq!(beats(&cloud, 60).await, 20);
}

#[tokio::test(start_paused = true)]
async fn never_two_refreshes_are_in_flight_whatever_is_asked() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    cloud.script(Source::Ec2DescribeInstances, Script::Slow(Duration::from_secs(12)));
    let handle = begin(&cloud, &topology);
    for _ in 0..200 {
        tell(&handle, Command::Now).await;
        tell(&handle, look(&topology)).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(cloud.calls(Source::Ec2DescribeInstances) >= 4);
    assert!(cloud.world().most_alike.values().all(|n| *n == 1), "{:?}", cloud.world().most_alike);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_by_hand_comes_at_once_and_not_more_than_once_a_second() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    seconds(2).await;
    tell(&handle, Command::Now).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(cloud.calls(Source::Ec2DescribeInstances), 2);
    for _ in 0..50 {
        tell(&handle, Command::Now).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let calls = cloud.calls(Source::Ec2DescribeInstances);
    assert!((6..=8).contains(&calls), "{calls}");
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_down_and_calm_brings_the_pace_back() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    seconds(1).await;
    let throttled = Script::Fail(CloudError::Throttled("RequestLimitExceeded".into()));
    cloud.script(Source::Ec2DescribeInstances, throttled);
    let slow = beats(&cloud, 240).await;
    assert!(slow <= 6, "{slow} instead of 24");
    let pulse = *handle.pulse.borrow();
    assert_eq!(pulse.slowed_until, pulse.next_at);
    assert!(pulse.slowed_until.is_some());
    assert!(handle.snapshots.borrow().servers.value().is_some(), "throttled is not down");

    cloud.script(Source::Ec2DescribeInstances, Script::Answer);
    seconds(1_500).await;
    tell(&handle, Command::Awake).await;
    seconds(30).await;
    assert!(handle.pulse.borrow().slowed_until.is_none());
    assert_eq!(beats(&cloud, 100).await, 10);
}

#[tokio::test(start_paused = true)]
async fn throttled_numbers_wait_as_well() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let throttled = Script::Fail(CloudError::Throttled("Throttling".into()));
    cloud.script(Source::Ec2DescribeInstances, throttled);
    let handle = begin(&cloud, &topology);
    tell(&handle, look(&topology)).await;
    seconds(3_600).await;
    let requests = cloud.calls(Source::CloudWatchGetMetricData);
    assert!(requests <= 25, "{requests} in an hour, at a pace of minutes");
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_fleet_is_published_once_a_refresh_and_the_pulse_twice() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let mut handle = begin(&cloud, &topology);
    seconds(5).await;
    let first = handle.snapshots.borrow_and_update().revision;
    handle.pulse.borrow_and_update();
    let mut pulses = 0;
    let until = tokio::time::Instant::now() + Duration::from_secs(100);
    while tokio::time::timeout_at(until, handle.pulse.changed()).await.is_ok() {
        pulses += 1;
    }
    // Ten beats, and the status checks once by themselves.
    assert_eq!(handle.snapshots.borrow().revision - first, 11);
    assert_eq!(pulses, 22);
}
