//! How often the machines below servers are asked about.

use std::sync::Arc;

use super::*;
use crate::cloud::CloudError;
use crate::fleet::{Measure, Source, Subject};
use crate::refresh::fake::{Script, fleet};
use crate::refresh::{Limits, once_looking};

const CHECKS: Source = Source::Ec2InstanceStatus;
const MODES: Source = Source::Ec2CreditSpecifications;
const NUMBERS: Source = Source::CloudWatchGetMetricData;

/// Its cache server is of a burstable type and has a disk of data.
fn burstable(cloud: &Fake) {
    let mut world = cloud.world();
    let server = world.servers.iter_mut().find(|s| s.id.as_str() == "i-production-cache").unwrap();
    server.instance_type = "t3.small".into();
    server.volumes.insert("/dev/sdf".into(), "vol-data".into());
}

#[tokio::test(start_paused = true)]
async fn status_checks_are_one_request_a_minute_however_many_servers_there_are() {
    for web in [1, 60] {
        let (cloud, topology) = fleet(&[("production", web)]);
        let handle = begin(&cloud, &topology);
        seconds(600).await;
        let asked = cloud.calls(CHECKS);
        assert!((9..=11).contains(&asked), "{asked} in ten minutes");
        assert_eq!(handle.snapshots.borrow().checks.value().unwrap().len(), web + 4);
        assert_eq!((cloud.calls(MODES), cloud.calls(NUMBERS)), (0, 0), "none of them has credits or volumes");
    }
}

#[tokio::test(start_paused = true)]
async fn credits_and_bursts_are_read_every_five_minutes_once_it_is_known_which_matter() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    burstable(&cloud);
    let handle = begin(&cloud, &topology);
    seconds(1_500).await;
    assert_eq!(cloud.calls(MODES), 1, "that is hardly ever changed");
    let asked = cloud.calls(NUMBERS);
    assert!((5..=6).contains(&asked), "{asked} in 25 minutes");
    let keys = cloud.world().metric_requests[0].clone();
    let has = |subject: Subject, measure| keys.iter().any(|k| k.subject == subject && k.measure == measure);
    assert!(has(Subject::Server("i-production-cache".into()), Measure::Credits));
    assert!(has(Subject::Volume("vol-data".into()), Measure::Burst));
    assert_eq!((keys.len(), handle.snapshots.borrow().balances.len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_asked_is_not_asked_again_and_again() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    burstable(&cloud);
    for source in [CHECKS, MODES] {
        cloud.script(source, Script::Fail(CloudError::Denied("ask for it".into())));
    }
    let handle = begin(&cloud, &topology);
    seconds(20 * 60).await;
    assert_eq!((cloud.calls(CHECKS), cloud.calls(MODES)), (1, 1));
    let snapshot = handle.snapshots.borrow().clone();
    assert!(snapshot.checks.failure().is_some() && snapshot.credit_modes.failure().is_some());
    // AWS gives a t3 unlimited credits where nobody says otherwise: then their balance tells nothing.
    assert!(snapshot.balances.keys().all(|key| key.measure == Measure::Burst), "{:?}", snapshot.balances);
}

#[tokio::test(start_paused = true)]
async fn a_single_look_asks_about_machines_only_where_somebody_wants_that() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    burstable(&cloud);
    let interest = |machines| Interest {
        environments: super::super::fake::everything(&topology),
        machines,
        ..Interest::default()
    };
    let look =
        |interest| once_looking(Arc::new(cloud.clone()), None, Arc::clone(&topology), Limits::ONCE, interest);
    let snapshot = look(interest(false)).await;
    assert_eq!((snapshot.checks.value(), cloud.calls(CHECKS)), (None, 0));
    let snapshot = look(interest(true)).await;
    assert_eq!(snapshot.checks.value().unwrap().len(), 6);
    assert_eq!(snapshot.balances.len(), 2);
    assert_eq!((cloud.calls(CHECKS), cloud.calls(MODES)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn r26_how_load_balancers_let_servers_go_is_read_every_half_hour() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    seconds(65 * 60).await;
    let asked = cloud.calls(Source::ElbAttributes);
    assert!((2..=3).contains(&asked), "{asked} in 65 minutes");
    let snapshot = handle.snapshots.borrow().clone();
    assert!(snapshot.draining.value().unwrap().values().all(|draining| *draining == Some(300)));
}
