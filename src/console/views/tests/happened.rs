//! Three hours of the small fleet's production, as somebody has recorded them: with a gap, a run, findings and numbers.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::fixture;
use crate::console::chronicle::Chronicle;
use crate::fleet::{
    HealthState, Measure, MetricKey, Reading, Series, Server, Severity, Since, Snapshot, Source, Subject,
    Thresholds, Yardstick, overview,
};
use crate::timeline::{Found, Look, Ran, Recorder, Recording, Sources, Window, timeline};
use crate::triage::Memory;

fn minute(n: i64) -> Timestamp {
    fixture::now() - SignedDuration::from_mins(n)
}

/// How it was so many minutes ago.
fn snapshot(minutes: i64) -> Snapshot {
    let mut snapshot = fixture::snapshot();
    let at = minute(minutes);
    let servers = snapshot.servers.value().cloned().unwrap();
    snapshot.servers = Reading::taken(Source::Ec2DescribeInstances, servers, at);
    snapshot.since.clear();
    snapshot.metrics.clear();
    for reading in snapshot.health.values_mut() {
        let mut members = reading.value().cloned().unwrap_or_default();
        if minutes > 31 {
            for member in &mut members {
                (member.state, member.description) = (HealthState::InService, None);
            }
        }
        *reading = Reading::taken(Source::ElbDescribeInstanceHealth, members, at);
    }
    let values = |n: i64| if n <= 30 { 4.0 } else { 0.1 };
    let points: Vec<_> = (minutes..minutes + 60).rev().map(|n| (minute(n), values(n))).collect();
    let balancers: Vec<_> = snapshot.load_balancers.value().unwrap().keys().cloned().collect();
    for balancer in balancers {
        for (measure, times) in
            [(Measure::Requests, 50.0), (Measure::ErrorRate, 1.0), (Measure::Latency, 90.0)]
        {
            let points =
                points.iter().map(|(at, value)| (*at, (value + 4.0) * times / 4.0 - times)).collect();
            let series = Series { period: Duration::from_secs(60), points };
            let key = MetricKey { subject: Subject::LoadBalancer(balancer.clone()), measure };
            let reading = Reading::taken(Source::CloudWatchGetMetricData, series, at);
            snapshot.metrics.insert(key, reading);
        }
    }
    snapshot
}

/// All of it.
pub fn chronicle() -> Chronicle {
    static ONCE: OnceLock<Chronicle> = OnceLock::new();
    ONCE.get_or_init(record).clone()
}

fn record() -> Chronicle {
    let topology = fixture::topology();
    let place = topology.environment(&"production".into()).unwrap();
    let (mut recorder, mut recording) = (Recorder::default(), Recording::default());
    let found = Found {
        key: "web-out/myproject-production-lb".into(),
        severity: Severity::Down,
        title: "One of three web servers fails its health check".into(),
        since: Since { at: minute(30), turned: true },
        evidence: vec![
            "i-0c3fcc fails its health check (elasticloadbalancing:DescribeInstanceHealth)".into(),
        ],
        clearing: false,
    };
    for n in (0..=168).rev().step_by(4).filter(|n| !(90..120).contains(n)) {
        let (snapshot, yardstick) = (snapshot(n), Yardstick::at(minute(n)));
        let servers: Vec<&Server> = snapshot.by_environment().get(&place.name).cloned().unwrap_or_default();
        let row = overview::overview(&snapshot, place, &servers, &yardstick);
        let found = if n < 29 { vec![found.clone()] } else { Vec::new() };
        let look = Look {
            snapshot: &snapshot,
            place,
            row: &row,
            servers: &servers,
            yardstick: &yardstick,
            found: Some(&found),
        };
        let lines = recorder.look(&look, n == 168);
        for line in lines {
            recording.take_in(line);
        }
    }
    let run = Ran {
        id: "2026-11-22-1".into(),
        operation: "deploy-serial".into(),
        what: "deploy serial a1b2c3d".into(),
        who: "jane@laptop".into(),
        at: minute(80),
        finished: Some(minute(61)),
        word: "done",
        severity: Severity::Ok,
        turned: None,
        steps: vec![(minute(70), "replace web (myproject-production-ag): done".into())],
        left: Vec::new(),
        lock: None,
    };
    let window = Window {
        environment: "production".into(),
        since: minute(24 * 60),
        until: fixture::now(),
        thresholds: Thresholds::default(),
        pace: 1.0,
    };
    let sources = Sources { recording: &recording, memory: &Memory::default(), runs: &[run] };
    Chronicle { timeline: timeline(&sources, &window), recording }
}
