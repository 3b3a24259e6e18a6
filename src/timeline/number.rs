//! Numbers that are kept: a few of an environment every minute, fewer of each server every five.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::fleet::Thresholds;
use crate::fleet::{Measure, Role, Server, Snapshot, Subject, words};

/// Between two numbers of an environment.
pub(super) const EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Between two numbers of a server.
pub(super) const SERVERS_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// How the numbers of several load balancers become one.
pub(super) type Join = fn(f64, f64) -> f64;

/// A number of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Number {
    /// Requests per second, over all load balancers.
    Requests,
    /// The slowest load balancer's mean answer, in milliseconds.
    Latency,
    /// The worst load balancer's 5xx, in percent.
    Errors,
    /// Requests that wait at a load balancer.
    Surge,
    /// Messages that wait.
    Waiting,
    /// How far the worst replica is behind, in seconds.
    Lag,
    /// The primary's connections.
    Connections,
    /// Web servers in service.
    InService,
    /// The mean CPU of the group, in percent.
    Cpu,
}

impl Number {
    /// Every number, in the order of display.
    pub const ALL: [Self; 9] = [
        Self::Requests,
        Self::Errors,
        Self::InService,
        Self::Waiting,
        Self::Latency,
        Self::Lag,
        Self::Surge,
        Self::Connections,
        Self::Cpu,
    ];

    /// What people call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Latency => "latency",
            Self::Errors => "5xx",
            Self::Surge => "surge queue",
            Self::Waiting => "messages waiting",
            Self::Lag => "replica behind",
            Self::Connections => "connections",
            Self::InService => "in service",
            Self::Cpu => "cpu",
        }
    }

    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Latency => "latency",
            Self::Errors => "errors",
            Self::Surge => "surge",
            Self::Waiting => "waiting",
            Self::Lag => "lag",
            Self::Connections => "connections",
            Self::InService => "in-service",
            Self::Cpu => "cpu",
        }
    }

    /// A value with its unit.
    #[must_use]
    pub fn shown(self, value: f64) -> String {
        let some = |value: f64| if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") };
        match self {
            Self::Requests => format!("{}/s", some(value)),
            Self::Latency => format!("{value:.0} ms"),
            Self::Errors => format!("{}%", some(value)),
            Self::Cpu => format!("{value:.0}%"),
            Self::Lag => words::seconds(value),
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // never negative
            Self::Surge | Self::Waiting | Self::Connections | Self::InService => {
                words::grouped(value.max(0.0).round() as u64)
            }
        }
    }

    /// From where on it warns.
    #[must_use]
    pub const fn limits(self, thresholds: &Thresholds) -> Option<(f64, f64)> {
        match self {
            Self::Waiting => Some(thresholds.queue_depth),
            Self::Lag => Some(thresholds.lag_seconds),
            Self::Latency => thresholds.of_measure(Measure::Latency),
            Self::Errors => thresholds.of_measure(Measure::ErrorRate),
            Self::Surge => thresholds.of_measure(Measure::SurgeQueue),
            Self::Cpu => thresholds.of_measure(Measure::Cpu),
            Self::Requests | Self::Connections | Self::InService => None,
        }
    }

    /// What CloudWatch keeps of it, and how several load balancers' become one.
    pub(super) fn of_metric(subject: &Subject, measure: Measure) -> Option<(Self, Join)> {
        let sum: Join = |a, b| a + b;
        match (subject, measure) {
            (Subject::LoadBalancer(_), Measure::Requests) => Some((Self::Requests, sum)),
            (Subject::LoadBalancer(_), Measure::Latency) => Some((Self::Latency, f64::max)),
            (Subject::LoadBalancer(_), Measure::ErrorRate) => Some((Self::Errors, f64::max)),
            (Subject::LoadBalancer(_), Measure::SurgeQueue) => Some((Self::Surge, f64::max)),
            (Subject::Group(_), Measure::Cpu) => Some((Self::Cpu, f64::max)),
            _ => None,
        }
    }
}

/// Numbers of one server, each as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ServerNumbers {
    /// Load of the last minute per core.
    pub load: Option<f64>,
    /// Memory in use in percent.
    pub memory: Option<f64>,
    /// The fullest disk in percent.
    pub disk: Option<f64>,
    /// What matters most for its role: a database's connections, the percent of Redis' memory on a cache.
    pub own: Option<f64>,
}

impl ServerNumbers {
    /// Those of a server, as measured last.
    pub(super) fn of(snapshot: &Snapshot, server: &Server) -> Self {
        let Some(measured) = snapshot.measured(&server.id) else { return Self::default() };
        if measured.unreachable.is_some() {
            return Self::default();
        }
        let machine = measured.machine();
        let fullest = measured.disks().and_then(|disks| {
            disks
                .mounts
                .iter()
                .filter(|mount| !mount.read_only)
                .map(|mount| f64::from(mount.percent()))
                .reduce(f64::max)
        });
        let own = match server.role.role {
            Role::DbPrimary | Role::DbReplica => {
                measured.postgres().map(|p| f64::from(p.connections.total()))
            }
            Role::Cache => measured.redis().and_then(crate::fleet::measured::Redis::memory_percent),
            _ => None,
        };
        Self {
            load: machine.map(crate::fleet::measured::Machine::load_per_core),
            memory: machine.and_then(crate::fleet::measured::Machine::memory_percent),
            disk: fullest,
            own,
        }
    }

    /// As it is written: hundredths of load, percents, what is not known as `-`, nothing behind the last known.
    pub(super) fn written(&self, to: &mut String) {
        let whole = |value: Option<f64>, times: f64| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{:.0}", value * times))
        };
        let all =
            [whole(self.load, 100.0), whole(self.memory, 1.0), whole(self.disk, 1.0), whole(self.own, 1.0)];
        let known = all.iter().rposition(|one| one != "-").map_or(0, |last| last + 1);
        to.push_str(&all[..known].join(" "));
    }

    /// Read back.
    pub(super) fn read(text: &str) -> Self {
        let mut all = text.split(' ').map(|part| part.parse::<f64>().ok());
        let mut next = || all.next().flatten();
        Self { load: next().map(|load| load / 100.0), memory: next(), disk: next(), own: next() }
    }
}

/// A number with as many digits as anybody reads.
pub(super) fn rounded(value: f64) -> f64 {
    if value.abs() >= 100.0 { value.round() } else { (value * 100.0).round() / 100.0 }
}
