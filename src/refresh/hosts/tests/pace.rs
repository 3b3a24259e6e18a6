//! When servers are asked, in the loop.

use std::time::Duration;

use super::super::fake::{FakeRemote, Manner};
use super::*;
use crate::fleet::{FailureKind, Gauge};
use crate::refresh::fake::fleet;
use crate::refresh::{Limits, once};
use crate::remote::Refusal;

fn no_way(server: &str) -> Manner {
    Manner::Refuse(Refusal::Unreachable { server: server.into(), detail: "no route to host".into() })
}

#[tokio::test(start_paused = true)]
async fn databases_and_caches_are_measured_from_the_start_and_the_rest_when_looked_at() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 2)]), FakeRemote::new());
    let handle = begin(&cloud, &remote, &topology);
    seconds(60).await;
    let snapshot = handle.snapshots.borrow().clone();
    let names: Vec<_> = snapshot.measured.keys().map(crate::fleet::InstanceId::as_str).collect();
    assert_eq!(names, ["i-staging-cache", "i-staging-db-primary", "i-staging-db-replica"]);
    let cache = measured(&handle, "i-staging-cache").unwrap();
    assert!(cache.machine().is_some() && cache.unreachable.is_none());
    assert!(cache.trends[&Gauge::Load].points.len() >= 3, "{:?}", cache.trends);
    tell(&handle, look(&topology)).await;
    seconds(2).await;
    assert!(measured(&handle, "i-staging-web1").unwrap().machine().is_some());
    assert!(!remote.servers().overlapped);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_reached_is_tried_again_by_hand() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 0)]), FakeRemote::new());
    remote.manner("i-staging-cache", no_way("i-staging-cache (10.0.1.12)"));
    let handle = begin(&cloud, &remote, &topology);
    seconds(100).await;
    let failure = measured(&handle, "i-staging-cache").unwrap().unreachable.clone().unwrap();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.message.contains("no way to i-staging-cache"), "{failure:?}");
    let before = remote.times("i-staging-cache").len();
    assert!((3..=4).contains(&before), "{before}");
    remote.manner("i-staging-cache", Manner::Answer);
    tell(&handle, Command::Now).await;
    seconds(2).await;
    assert_eq!(measured(&handle, "i-staging-cache").unwrap().unreachable, None);
    assert!(measured(&handle, "i-staging-db-primary").unwrap().unreachable.is_none());
}

#[tokio::test(start_paused = true)]
async fn two_hundred_servers_are_asked_a_few_at_a_time() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 200)]), FakeRemote::new());
    let handle = begin(&cloud, &remote, &topology);
    tell(&handle, look(&topology)).await;
    seconds(120).await;
    assert_eq!(handle.snapshots.borrow().measured.len(), 204);
    let servers = remote.servers();
    assert!(servers.most_at_once <= 16 && !servers.overlapped, "{}", servers.most_at_once);
}

#[tokio::test(start_paused = true)]
async fn what_was_measured_is_published_in_company() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 20)]), FakeRemote::new());
    let handle = begin(&cloud, &remote, &topology);
    tell(&handle, look(&topology)).await;
    seconds(60).await;
    let before = handle.snapshots.borrow().revision;
    let asked = remote.servers().asked.len();
    seconds(60).await;
    let published = handle.snapshots.borrow().revision - before;
    let asked = remote.servers().asked.len() - asked;
    assert!(asked >= 90, "{asked}");
    assert!(published <= 120 + 30, "{published}");
}

#[tokio::test(start_paused = true)]
async fn servers_that_go_are_forgotten() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 0)]), FakeRemote::new());
    let handle = begin(&cloud, &remote, &topology);
    seconds(30).await;
    assert!(measured(&handle, "i-staging-cache").is_some());
    cloud.world().servers.retain(|server| server.id.as_str() != "i-staging-cache");
    seconds(30).await;
    assert!(measured(&handle, "i-staging-cache").is_none());
    let before = remote.times("i-staging-cache").len();
    seconds(60).await;
    assert_eq!(remote.times("i-staging-cache").len(), before);
}

#[tokio::test(start_paused = true)]
async fn a_single_look_measures_everything_once_and_ends_in_time() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 20)]), FakeRemote::new());
    remote.manner("i-staging-web3", Manner::Hang);
    let hosts: Option<Arc<dyn crate::remote::RemoteRead>> = Some(Arc::new(remote.clone()));
    let begun = tokio::time::Instant::now();
    let snapshot = once(Arc::new(cloud), hosts, topology, Limits::ONCE).await;
    assert!(begun.elapsed() <= Duration::from_secs(32), "{:?}", begun.elapsed());
    assert_eq!(snapshot.measured.len(), 24);
    let late = snapshot.measured(&"i-staging-web3".into()).unwrap().unreachable.clone().unwrap();
    assert!(late.message.contains("not measured within 30 s"), "{late:?}");
    let there = snapshot.measured.values().filter(|measured| measured.machine().is_some()).count();
    assert_eq!(there, 23);
}

#[tokio::test(start_paused = true)]
async fn a_single_look_ends_at_its_limit_also_while_answers_keep_coming() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 20)]), FakeRemote::new());
    let hosts: Option<Arc<dyn crate::remote::RemoteRead>> = Some(Arc::new(remote.clone()));
    let limits = Limits { hosts: Duration::ZERO, ..Limits::ONCE };
    let snapshot = once(Arc::new(cloud), hosts, topology, limits).await;
    assert_eq!(snapshot.measured.len(), 24);
    assert!(snapshot.measured.values().all(|measured| measured.unreachable.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_server_without_an_address_says_what_to_change() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 0)]), FakeRemote::new());
    for server in &mut cloud.world().servers {
        server.private_address = None;
    }
    let handle = begin(&cloud, &remote, &topology);
    seconds(5).await;
    let failure = measured(&handle, "i-staging-cache").unwrap().unreachable.clone().unwrap();
    assert!(failure.message.contains("ec2_attr_for_ssh"), "{failure:?}");
    assert_eq!(remote.servers().asked, []);
}
