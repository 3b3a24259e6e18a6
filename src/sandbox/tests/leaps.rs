//! A world whose clock is Tokio's: minutes pass in a moment.

use std::time::{Duration, Instant};

use super::changed::{balancer_of, group_of};
use super::hosts::target;
use super::made::builder;
use crate::cloud::{CloudChange, CloudRead};
use crate::fleet::{HealthState, InstanceId, Sizes};
use crate::remote::{Command, DurableJob, Input, JobName, RemoteChange, RemoteRead, Seen};
use crate::sandbox::{SandboxCloud, Scenario};

/// Waits until something is so, and gives how long that took.
async fn until<F: AsyncFn() -> bool>(cloud: &SandboxCloud, so: F) -> i64 {
    let begun = cloud.now();
    while !so().await {
        let waited = cloud.now().duration_since(begun).as_secs();
        assert!(waited < 1_200, "it never came");
        cloud.pause(Duration::from_secs(5)).await;
    }
    cloud.now().duration_since(begun).as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_launch_up_to_in_service_and_the_scripts_on_it_take_minutes_of_its_time_and_moments_of_ours() {
    let real = Instant::now();
    let cloud = SandboxCloud::in_memory_with_tokio(Scenario::Calm, 7).unwrap();
    let group = group_of(&cloud, "staging");
    let before: Vec<InstanceId> = group.members.iter().map(|m| m.instance.clone()).collect();
    cloud.set_sizes(&group.name, Sizes { min: 1, desired: 3, max: 4 }).await.unwrap();
    let balancer = balancer_of("staging");
    let new = async || {
        let members = group_of(&cloud, "staging").members;
        members.into_iter().map(|m| m.instance).find(|id| !before.contains(id))
    };
    let took = until(&cloud, async || {
        let Some(id) = new().await else { return false };
        let health = cloud.member_health(&balancer).await.unwrap();
        health.iter().any(|h| h.instance == id && h.state == HealthState::InService)
    })
    .await;
    assert!((120..240).contains(&took), "{took} s");

    let id = new().await.unwrap();
    let all = cloud.servers(&cloud.topology().deployment).await.unwrap();
    let at = target(all.iter().find(|server| server.id == id).unwrap());
    let (hosts, change) = (cloud.hosts(), cloud.hosts_change());
    let command = Command::new("# sandbox: health", Duration::from_secs(30));
    assert!(change.exec(&at, command).ended().await.outcome.is_success());
    let job = DurableJob {
        name: JobName::new("r7-1-migrate").unwrap(),
        script: Input::new(*b"# sandbox: migrate\n# sandbox: page healthy\n# sandbox: page off"),
        user: None,
        limit: Duration::from_secs(600),
    };
    let begun = cloud.now();
    assert!(change.start(&at, job.clone()).ended().await.outcome.is_success());
    let (lines, ending) = hosts.attach(&at, &job.name, Seen::default()).collect(100).await;
    assert!(ending.outcome.is_success() && lines.len() > 5, "{lines:?}");
    assert!(cloud.now().duration_since(begun).as_secs() >= 4);
    assert!(real.elapsed() < Duration::from_secs(20), "{:?}", real.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_long_pause_is_as_long_as_it_was_asked_for() {
    let cloud = SandboxCloud::in_memory_with_tokio(Scenario::Calm, 7).unwrap();
    let spec = builder(&cloud, "t");
    let begun = cloud.now();
    let id = cloud.launch(&spec).await.unwrap();
    cloud.pause(Duration::from_secs(3_600)).await;
    assert_eq!(cloud.now().duration_since(begun).as_secs(), 3_600);
    let all = cloud.servers(&cloud.topology().deployment).await.unwrap();
    assert!(all.iter().any(|server| server.id == id && server.power == crate::fleet::Power::Running));
}
