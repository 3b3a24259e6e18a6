//! The numbers of a whole environment, as `describe --json` prints them: queues, connections, lag, traffic.

use jiff::Timestamp;
use serde::Serialize;

use crate::fleet::overview::{Gap, Lag, PrimaryLoad, Queues, Witness};
use crate::fleet::{
    LoadBalancerName, Measure, MetricKey, Severity, Snapshot, Subject, Yardstick, thresholds,
};

/// Messages waiting.
#[derive(Debug, Serialize)]
pub(super) struct QueueJson {
    severity: &'static str,
    waiting: Option<u64>,
    unacknowledged: Option<u64>,
    per_minute: Option<f64>,
    begun_per_minute: Option<f64>,
    read_at: Option<Timestamp>,
    unknown: Option<&'static str>,
}

/// The primary's connections.
#[derive(Debug, Serialize)]
pub(super) struct ConnectionsJson {
    severity: &'static str,
    used: Option<u32>,
    most: Option<u32>,
    read_at: Option<Timestamp>,
    unknown: Option<&'static str>,
}

/// How far the worst replica is behind.
#[derive(Debug, Serialize)]
pub(super) struct LagJson {
    severity: &'static str,
    server: Option<String>,
    seconds: Option<f64>,
    hindered: Option<&'static str>,
    told_by: &'static str,
    read_at: Option<Timestamp>,
    unknown: Option<&'static str>,
}

/// A load balancer's numbers, as far as `CloudWatch` was asked and they are current.
#[derive(Debug, Serialize)]
pub(super) struct MetricsJson {
    requests_per_s: Option<MetricJson>,
    latency_ms: Option<MetricJson>,
    error_rate_percent: Option<MetricJson>,
    surge_queue: Option<MetricJson>,
}

#[derive(Debug, Serialize)]
struct MetricJson {
    value: f64,
    severity: &'static str,
}

fn unknown(gap: Option<Gap>) -> Option<&'static str> {
    gap.map(Gap::word)
}

impl From<&Queues> for QueueJson {
    fn from(queues: &Queues) -> Self {
        Self {
            severity: queues.severity.word(),
            waiting: queues.depth,
            unacknowledged: queues.unacknowledged,
            per_minute: queues.per_minute,
            begun_per_minute: queues.begun_per_minute,
            read_at: queues.read_at,
            unknown: unknown(queues.gap),
        }
    }
}

impl From<&PrimaryLoad> for ConnectionsJson {
    fn from(load: &PrimaryLoad) -> Self {
        Self {
            severity: load.severity.word(),
            used: load.used,
            most: load.most,
            read_at: load.read_at,
            unknown: unknown(load.gap),
        }
    }
}

impl From<&Lag> for LagJson {
    fn from(lag: &Lag) -> Self {
        Self {
            severity: lag.severity.word(),
            server: lag.server.as_ref().map(ToString::to_string),
            seconds: lag.seconds,
            hindered: lag.word,
            told_by: match lag.witness {
                Witness::Replica => "replica",
                Witness::Primary => "primary",
            },
            read_at: lag.read_at,
            unknown: unknown(lag.gap),
        }
    }
}

impl MetricsJson {
    pub(super) fn of(snapshot: &Snapshot, name: &LoadBalancerName, yardstick: &Yardstick) -> Self {
        let metric = |measure: Measure| {
            let key = MetricKey { subject: Subject::LoadBalancer(name.clone()), measure };
            let value = snapshot.series(&key)?.current(yardstick.now, yardstick.between_metrics)?;
            let limits = yardstick.thresholds.of_measure(measure);
            let severity = limits.map_or(Severity::Ok, |limits| thresholds::judge(value, limits));
            Some(MetricJson { value, severity: severity.word() })
        };
        Self {
            requests_per_s: metric(Measure::Requests),
            latency_ms: metric(Measure::Latency),
            error_rate_percent: metric(Measure::ErrorRate),
            surge_queue: metric(Measure::SurgeQueue),
        }
    }
}
