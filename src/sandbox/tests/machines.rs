//! Machines below servers that break.

use std::time::Duration;

use super::hosts::{exec, server};
use super::{memory, now, step};
use crate::cloud::{CloudChange, CloudRead};
use crate::fleet::{EventKind, Measure, MetricKey, Subject};
use crate::remote::{Outcome, Refusal};
use crate::sandbox::{Break, SandboxCloud, Scenario};

fn broken(role: &'static str, kind: &'static str, amount: f64) -> SandboxCloud {
    let cloud = memory(Scenario::Calm);
    let thing = Break::Trouble { role, nth: 0, kind, amount, minutes: 0 };
    cloud.break_things(&"production".into(), &[thing]).unwrap();
    cloud
}

fn left(cloud: &SandboxCloud, subject: Subject, measure: Measure) -> Vec<f64> {
    let key = MetricKey { subject, measure };
    let found = now(cloud.metrics(std::slice::from_ref(&key), Duration::from_secs(3_600))).unwrap();
    found[&key].points.iter().map(|(_, value)| *value).collect()
}

#[tokio::test]
async fn a_server_on_broken_hardware_answers_nobody_and_a_reboot_helps_only_its_own_system() {
    for (amount, helps) in [(1.0, false), (2.0, true)] {
        let cloud = broken("worker", "status-check", amount);
        let worker = server(&cloud, "production", "worker");
        let ids = [worker.id.clone()];
        let status = now(cloud.machine_status(&ids)).unwrap().remove(&worker.id).unwrap();
        assert_eq!((status.system.fails(), status.instance.fails()), (!helps, true));
        assert!(status.instance.since.is_some());
        let (_, ending) = exec(&cloud, &worker, "true").await;
        let silent = matches!(&ending.outcome, Outcome::NotStarted(Refusal::TimedOut { .. }));
        assert!(silent, "{:?}", ending.outcome);
        cloud.reboot(&ids).await.unwrap();
        step(&cloud, 120);
        let status = now(cloud.machine_status(&ids)).unwrap().remove(&worker.id).unwrap();
        assert_eq!(status.instance.fails(), !helps);
        cloud.stop(&ids).await.unwrap();
        assert_eq!(now(cloud.machine_status(&ids)).unwrap().len(), 0, "only of what runs");
    }
}

#[test]
fn a_retirement_has_its_date() {
    let cloud = broken("db-primary", "retirement", 70.0);
    let primary = server(&cloud, "production", "db-primary");
    let status =
        now(cloud.machine_status(std::slice::from_ref(&primary.id))).unwrap().remove(&primary.id).unwrap();
    let event = &status.events[0];
    assert_eq!((event.kind, event.is_open(cloud.now())), (EventKind::Retirement, true));
    let hours = event.from.unwrap().duration_since(cloud.now()).as_hours();
    assert!((69..=70).contains(&hours), "{hours}");
    assert!(!status.system.fails() && !status.instance.fails());
}

#[test]
fn credits_and_bursts_run_out_on_what_has_any() {
    let calm = memory(Scenario::Calm);
    let (cache, web) = (server(&calm, "production", "cache"), server(&calm, "production", "web"));
    let credits = |cloud: &SandboxCloud, id| left(cloud, Subject::Server(id), Measure::Credits);
    let bursts = |cloud: &SandboxCloud, device: &str| {
        left(cloud, Subject::Volume(cache.volumes[device].clone()), Measure::Burst)
    };
    assert!(credits(&calm, cache.id.clone()).iter().all(|left| *left > 200.0));
    assert_eq!(credits(&calm, web.id.clone()), [0.0; 0], "its type has cores of its own");
    assert!(bursts(&calm, "/dev/sdf").iter().all(|left| *left > 90.0));
    assert_eq!(bursts(&calm, "/dev/sda1"), [0.0; 0]);
    for kind in ["credits-low", "burst-low"] {
        let cloud = broken("cache", kind, 1.0);
        step(&cloud, 1_200);
        let values = if kind == "credits-low" {
            credits(&cloud, cache.id.clone())
        } else {
            bursts(&cloud, "/dev/sdf")
        };
        assert!(values.last().unwrap() < &1.0 && values[0] > 90.0, "{kind}: {values:?}");
    }
}
