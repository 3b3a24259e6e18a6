//! What an environment's row says of what was measured on its servers: queues, connections, lag, traffic.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::plays;
use crate::fleet::measured::{Connections, Measured, Postgres, Queue, RabbitMq, Replica, Standby};
use crate::fleet::thresholds::judge;
use crate::fleet::{
    EnvironmentPlace, FailureKind, Gauge, InstanceId, LoadBalancerName, Measure, MetricKey, Role, Series,
    Server, Severity, Snapshot, Subject, Topic, Yardstick,
};

/// Why something measured is not known, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// There is no server to measure it on.
    NoServer,
    /// Nothing was tried yet.
    NotYet,
    /// Nobody has confirmed the server's host key.
    HostKeyUnknown,
    /// The server shows another host key than before.
    HostKeyChanged,
    /// The server cannot be reached.
    Unreachable(FailureKind),
    /// The probe failed.
    Failed(FailureKind),
    /// It was told once, and not for a while.
    Old,
}

impl Gap {
    /// A word or two for a column.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoServer => "none",
            Self::NotYet => "not measured yet",
            Self::HostKeyUnknown => "host key?",
            Self::HostKeyChanged => "host key changed",
            Self::Unreachable(_) => "no ssh",
            Self::Failed(kind) => kind.word(),
            Self::Old => "old",
        }
    }

    /// Why a topic is not known of a server; `None` when it is, and is current.
    #[must_use]
    pub fn of(measured: Option<&Measured>, topic: Topic, yardstick: &Yardstick) -> Option<Self> {
        let Some(measured) = measured else { return Some(Self::NotYet) };
        let reading = measured.reading(topic);
        let current = reading.is_some_and(|r| yardstick.is_current(topic, r, measured.unreachable.as_ref()));
        if current && reading.is_some_and(|r| r.value().is_some()) {
            return None;
        }
        if let Some(question) = &measured.host_key {
            let first = question.pinned.is_empty();
            return Some(if first { Self::HostKeyUnknown } else { Self::HostKeyChanged });
        }
        if let Some(failure) = &measured.unreachable {
            return Some(Self::Unreachable(failure.kind));
        }
        match reading {
            None => Some(Self::NotYet),
            Some(reading) => Some(
                reading
                    .failure()
                    .map_or(if reading.value().is_some() { Self::Old } else { Self::NotYet }, |f| {
                        Self::Failed(f.kind)
                    }),
            ),
        }
    }
}

/// Messages waiting in an environment's queues.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Queues {
    /// How bad.
    pub severity: Severity,
    /// Messages ready in all queues that count; `None` when a server did not tell, or a queue is down.
    pub depth: Option<u64>,
    /// Handed out and not acknowledged.
    pub unacknowledged: Option<u64>,
    /// Change of the depth per minute, from its trend.
    pub per_minute: Option<f64>,
    /// Tasks that Celery begins per minute: what goes out.
    pub begun_per_minute: Option<f64>,
    /// When the oldest part of it was read.
    pub read_at: Option<Timestamp>,
    /// Why it is not known, or no longer; the numbers are the last ones then.
    pub gap: Option<Gap>,
    /// How the depth moved.
    pub trend: Option<Series>,
}

/// Connections to an environment's primary.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PrimaryLoad {
    /// How bad.
    pub severity: Severity,
    /// In use.
    pub used: Option<u32>,
    /// `max_connections`.
    pub most: Option<u32>,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// Why it is not known, or no longer.
    pub gap: Option<Gap>,
}

/// Who tells how far a replica is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// The replica itself.
    Replica,
    /// Its primary, when the replica says nothing.
    Primary,
}

/// How far an environment's replicas are behind: the worst of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lag {
    /// How bad.
    pub severity: Severity,
    /// The replica.
    pub server: Option<InstanceId>,
    /// Seconds behind.
    pub seconds: Option<f64>,
    /// What hinders the replay: `no receiver`, `paused`.
    pub word: Option<&'static str>,
    /// Who tells.
    pub witness: Witness,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// Why it is not known, or no longer.
    pub gap: Option<Gap>,
    /// How it moved.
    pub trend: Option<Series>,
}

/// A load balancer's number that is over its threshold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Traffic {
    /// The load balancer.
    pub name: LoadBalancerName,
    /// Which number.
    pub measure: Measure,
    /// The number.
    pub value: f64,
    /// How bad.
    pub severity: Severity,
}

/// Running servers in use that do a role's work, with what was measured on them.
pub(super) fn of_role<'a>(
    snapshot: &'a Snapshot,
    servers: &'a [&'a Server],
    role: &'a Role,
) -> impl Iterator<Item = (&'a Server, Option<&'a Measured>)> {
    let active = servers.iter().filter(move |s| plays(s, role) && s.is_target());
    active.map(|server| (*server, snapshot.measured(&server.id)))
}

/// Cache servers, and whatever else runs RabbitMQ: a combo may.
fn queue_servers<'a>(
    snapshot: &'a Snapshot,
    servers: &'a [&'a Server],
) -> Vec<(&'a Server, Option<&'a Measured>)> {
    let tells = |m: &Measured| m.reading(Topic::RabbitMq).is_some_and(|r| r.value().is_some());
    let active = servers.iter().filter(|s| s.is_target());
    active
        .map(|server| (*server, snapshot.measured(&server.id)))
        .filter(|(server, measured)| server.role.role == Role::Cache || measured.is_some_and(tells))
        .collect()
}

pub(super) fn queues(snapshot: &Snapshot, servers: &[&Server], yardstick: &Yardstick) -> Queues {
    let all = queue_servers(snapshot, servers);
    let rabbits: Vec<&RabbitMq> = all.iter().filter_map(|(_, m)| (*m)?.rabbitmq()).collect();
    let told = !rabbits.is_empty() && rabbits.len() == all.len();
    let gap = if all.is_empty() {
        Some(Gap::NoServer)
    } else {
        all.iter().find_map(|(_, m)| Gap::of(*m, Topic::RabbitMq, yardstick))
    };
    let depth = rabbits.iter().map(|r| r.depth()).sum::<Option<u64>>().filter(|_| told);
    let mut trends = all.iter().filter_map(|(_, m)| (*m)?.trends.get(&Gauge::QueueDepth));
    // Numbers of several servers are not read at the same moments: their sum has no honest history.
    let trend = trends.next().filter(|_| all.len() == 1).cloned();
    let read = |m: &Measured| m.reading(Topic::RabbitMq)?.read_at();
    #[allow(clippy::cast_precision_loss)] // messages
    let severity = match (depth, gap) {
        (_, Some(Gap::NoServer | Gap::NotYet)) => Severity::Idle,
        (None, None) if !told => Severity::Idle,
        (_, Some(_)) => Severity::Unknown,
        (depth, None) => {
            let at_least = rabbits.iter().map(|r| r.at_least()).sum::<u64>();
            let alarm = rabbits.iter().any(|r| r.memory_alarm || r.disk_alarm);
            let unheard = rabbits.iter().any(|r| r.queues.iter().any(Queue::is_unheard));
            judge(at_least as f64, yardstick.thresholds.queue_depth)
                .max(if depth.is_none() { Severity::Unknown } else { Severity::Ok })
                .max(if alarm { Severity::Down } else { Severity::Ok })
                .max(if unheard { Severity::Warn } else { Severity::Ok })
        }
    };
    Queues {
        severity,
        depth,
        unacknowledged: rabbits.iter().map(|r| r.unacknowledged()).sum::<Option<u64>>().filter(|_| told),
        per_minute: trend.as_ref().and_then(|t| per_minute(t, yardstick.now)),
        begun_per_minute: begun(snapshot, servers, yardstick.now),
        read_at: all.iter().filter_map(|(_, m)| read((*m)?)).min(),
        gap,
        trend,
    }
}

pub(super) fn primary(snapshot: &Snapshot, servers: &[&Server], yardstick: &Yardstick) -> PrimaryLoad {
    // Of several, which there should not be, the one that does not replay another's WAL.
    let replays = |m: Option<&Measured>| m.and_then(Measured::postgres).is_some_and(|p| p.in_recovery);
    let found = of_role(snapshot, servers, &Role::DbPrimary).min_by_key(|(_, m)| (replays(*m), m.is_none()));
    let measured = found.and_then(|(_, m)| m);
    let connections = measured.and_then(Measured::postgres).map(|p| &p.connections);
    let gap = match found {
        None => Some(Gap::NoServer),
        Some((_, measured)) => Gap::of(measured, Topic::Postgres, yardstick),
    };
    let percent = connections.and_then(Connections::percent);
    let severity = match (percent, gap) {
        (_, Some(Gap::NoServer | Gap::NotYet)) => Severity::Idle,
        (None, _) | (_, Some(_)) => Severity::Unknown,
        (Some(percent), None) => judge(percent, yardstick.thresholds.connections),
    };
    PrimaryLoad {
        severity,
        used: connections.map(Connections::total),
        most: connections.map(|c| c.most).filter(|most| *most > 0),
        read_at: measured.and_then(|m| m.reading(Topic::Postgres)?.read_at()),
        gap,
    }
}

/// The primaries' view of their standbys.
fn standbys<'a>(
    snapshot: &'a Snapshot,
    servers: &'a [&'a Server],
    yardstick: &'a Yardstick,
) -> impl Iterator<Item = (&'a Standby, Option<Timestamp>)> {
    of_role(snapshot, servers, &Role::DbPrimary)
        .filter(|(_, m)| Gap::of(*m, Topic::Postgres, yardstick).is_none())
        .filter_map(|(_, m)| Some((m?.postgres()?, m?.reading(Topic::Postgres)?.read_at())))
        .flat_map(|(postgres, at)| postgres.standbys.iter().map(move |standby| (standby, at)))
}

/// Whether a standby, as its primary names it, is this server.
#[must_use]
pub fn is_standby(standby: &Standby, server: &Server) -> bool {
    standby.address.is_some() && standby.address == server.private_address
}

fn lag_of(
    snapshot: &Snapshot,
    servers: &[&Server],
    (server, measured): (&Server, Option<&Measured>),
    yardstick: &Yardstick,
) -> Lag {
    let limits = yardstick.thresholds.lag_seconds;
    let gap = Gap::of(measured, Topic::Postgres, yardstick);
    let replica = measured.and_then(Measured::postgres).and_then(|p: &Postgres| p.replica.as_ref());
    let mut lag = Lag {
        severity: Severity::Unknown,
        server: Some(server.id.clone()),
        seconds: replica.and_then(|r| r.delay),
        word: replica.and_then(Replica::hindered).map(|(_, word)| word),
        witness: Witness::Replica,
        read_at: measured.and_then(|m| m.reading(Topic::Postgres)?.read_at()),
        gap,
        trend: measured.and_then(|m| m.trends.get(&Gauge::ReplayDelay)).cloned(),
    };
    if gap.is_none() {
        let hindered = replica.and_then(Replica::hindered).map_or(Severity::Ok, |(severity, _)| severity);
        lag.severity = match (lag.seconds, lag.word) {
            (Some(seconds), _) => hindered.max(judge(seconds, limits)),
            (None, Some(_)) => hindered,
            (None, None) => Severity::Unknown,
        };
        return lag;
    }
    // The replica says nothing: its primary sees how far it has come.
    if let Some((standby, at)) = standbys(snapshot, servers, yardstick).find(|(s, _)| is_standby(s, server)) {
        let caught_up = standby.replay_behind == Some(0);
        let seconds = standby.replay_lag.or(caught_up.then_some(0.0));
        if let Some(seconds) = seconds {
            lag.severity = judge(seconds, limits);
            lag.seconds = Some(seconds);
            (lag.word, lag.witness, lag.read_at, lag.gap, lag.trend) =
                (None, Witness::Primary, at, None, None);
            return lag;
        }
    }
    if gap == Some(Gap::NotYet) {
        lag.severity = Severity::Idle;
    }
    lag
}

pub(super) fn lag(snapshot: &Snapshot, servers: &[&Server], yardstick: &Yardstick) -> Lag {
    let all = of_role(snapshot, servers, &Role::DbReplica);
    let lags = all.map(|found| lag_of(snapshot, servers, found, yardstick));
    let worst = lags.max_by(|a, b| {
        let seconds = |lag: &Lag| lag.seconds.unwrap_or(-1.0);
        a.severity.cmp(&b.severity).then(seconds(a).total_cmp(&seconds(b)))
    });
    worst.unwrap_or(Lag {
        severity: Severity::Idle,
        server: None,
        seconds: None,
        word: None,
        witness: Witness::Replica,
        read_at: None,
        gap: Some(Gap::NoServer),
        trend: None,
    })
}

/// The load balancers' numbers over their thresholds, as far as they were read and are current.
pub(super) fn traffic(snapshot: &Snapshot, place: &EnvironmentPlace, yardstick: &Yardstick) -> Vec<Traffic> {
    let mut found = Vec::new();
    for name in &place.load_balancers {
        for measure in Measure::OF_LOAD_BALANCER {
            let key = MetricKey { subject: Subject::LoadBalancer(name.clone()), measure };
            let current = |s: &Series| s.current(yardstick.now, yardstick.between_metrics);
            let Some(limits) = yardstick.thresholds.of_measure(measure) else { continue };
            let Some(value) = snapshot.series(&key).and_then(current) else { continue };
            let severity = judge(value, limits);
            if severity > Severity::Ok {
                found.push(Traffic { name: name.clone(), measure, value, severity });
            }
        }
    }
    found
}

/// How many tasks Celery begins per minute. Whoever is asked answers for all workers of the environment.
fn begun(snapshot: &Snapshot, servers: &[&Server], now: Timestamp) -> Option<f64> {
    servers.iter().filter_map(|server| snapshot.measured(&server.id)).find_map(|measured| {
        measured.trends.get(&Gauge::TasksBegun).and_then(|count| counted_per_minute(count, now))
    })
}

/// How fast a count grows per minute: the median of its last ten minutes' steps. A count that begins anew, or that lacks
/// somebody once, is no step. `None` without enough of them.
#[must_use]
pub fn counted_per_minute(series: &Series, now: Timestamp) -> Option<f64> {
    const ENOUGH: usize = 3;
    let recent = |at: Timestamp| now.duration_since(at) <= SignedDuration::from_mins(10);
    let count = series.points.iter().rev().take_while(|(at, _)| recent(*at)).count();
    let points = series.points.get(series.points.len().checked_sub(count.max(ENOUGH + 1))?..)?;
    let step = |pair: &[(Timestamp, f64)]| {
        let ((from, before), (to, after)) = (pair[0], pair[1]);
        let minutes = to.duration_since(from).as_secs_f64() / 60.0;
        (minutes > 0.0 && after >= before).then(|| (after - before) / minutes)
    };
    let mut steps: Vec<f64> = points.windows(2).filter_map(step).collect();
    steps.sort_by(f64::total_cmp);
    (steps.len() >= ENOUGH).then(|| steps[steps.len() / 2])
}

/// The change of a number per minute: the slope of a line through its last ten minutes, or its last points where
/// the clock runs fast. `None` without enough points.
#[must_use]
#[allow(clippy::cast_precision_loss)] // seconds within an hour
pub fn per_minute(series: &Series, now: Timestamp) -> Option<f64> {
    let recent = |at: Timestamp| now.duration_since(at) <= SignedDuration::from_mins(10);
    let count = series.points.iter().rev().take_while(|(at, _)| recent(*at)).count();
    let points = series.points.get(series.points.len().checked_sub(count.max(4))?..)?;
    let (first, _) = points.first()?;
    let minutes = |at: Timestamp| at.duration_since(*first).as_secs_f64() / 60.0;
    if minutes(points.last()?.0) < 0.5 {
        return None;
    }
    let n = points.len() as f64;
    let (mean_x, mean_y) =
        points.iter().fold((0.0, 0.0), |(x, y), (at, v)| (x + minutes(*at) / n, y + v / n));
    let (above, below) = points.iter().fold((0.0, 0.0), |(above, below), (at, v)| {
        let x = minutes(*at) - mean_x;
        (above + x * (v - mean_y), below + x * x)
    });
    (below > 0.0).then(|| above / below).filter(|slope| slope.is_finite())
}

#[cfg(test)]
mod tests;
