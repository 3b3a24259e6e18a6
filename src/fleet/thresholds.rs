//! From where on a number warns, and what it is judged by: limits, the time, and the pace of reading.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Failure, Measure, Reading, Severity, Topic};

/// From where on a number warns, and from where on it is down.
pub type Pair = (f64, f64);

/// From where on a number is shown as a warning, or as down, in `[thresholds]`: pairs `[warn, down]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Thresholds {
    /// `latency_ms`: the load balancer's latency in milliseconds.
    pub latency_ms: Pair,
    /// `error_rate`: percent of requests answered with 5xx.
    pub error_rate: Pair,
    /// `cpu`: percent.
    pub cpu: Pair,
    /// `surge_queue`: requests waiting at the load balancer.
    pub surge_queue: Pair,
    /// `lag_seconds`: how far a replica's replay is behind.
    pub lag_seconds: Pair,
    /// `queue_depth`: messages waiting in all queues of an environment.
    pub queue_depth: Pair,
    /// `unacknowledged`: messages that were handed out and are not acknowledged, in all queues of a server.
    pub unacknowledged: Pair,
    /// `connections`: percent of PostgreSQL's `max_connections`.
    pub connections: Pair,
    /// `oldest_transaction`: the age of PostgreSQL's oldest transaction in seconds.
    pub oldest_transaction: Pair,
    /// `retained_wal_mb`: WAL that a replication slot holds back, in MiB.
    pub retained_wal_mb: Pair,
    /// `pgbouncer_waiting`: clients of `PgBouncer` that wait for a connection, on one server.
    pub pgbouncer_waiting: Pair,
    /// `disk`: percent in use of a file system, or of its inodes.
    pub disk: Pair,
    /// `memory`: percent in use.
    pub memory: Pair,
    /// `swap`: percent in use.
    pub swap: Pair,
    /// `load`: load of the last minute per core.
    pub load: Pair,
    /// `clock_ms`: how far a server's clock is off, in milliseconds.
    pub clock_ms: Pair,
    /// `redis`: percent of Redis' `maxmemory` in use.
    pub redis: Pair,
    /// `restarts`: how often a program was started again in the last hour.
    pub restarts: Pair,
    /// `certificate_days`: days until a certificate expires; the fewer the worse.
    pub certificate_days: Pair,
    /// `cpu_credits`: CPU credits that a server of a burstable type has left; the fewer the worse.
    pub cpu_credits: Pair,
    /// `burst_balance`: percent left of the bursts of a volume; the fewer the worse.
    pub burst_balance: Pair,
    /// `task_seconds`: for how long a Celery task runs.
    pub task_seconds: Pair,
    /// `stale_after`: a value older than this is shown as stale; 5 s to 1 hour, 60 s when not given.
    pub stale_after: Duration,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            latency_ms: (500.0, 2_000.0),
            error_rate: (1.0, 5.0),
            cpu: (80.0, 95.0),
            surge_queue: (1.0, 100.0),
            lag_seconds: (10.0, 300.0),
            queue_depth: (1_000.0, 50_000.0),
            unacknowledged: (500.0, 50_000.0),
            connections: (80.0, 95.0),
            oldest_transaction: (600.0, 7_200.0),
            retained_wal_mb: (2_048.0, 20_480.0),
            pgbouncer_waiting: (5.0, 50.0),
            disk: (85.0, 95.0),
            memory: (90.0, 98.0),
            swap: (75.0, 97.0),
            load: (2.0, 8.0),
            clock_ms: (1_000.0, 30_000.0),
            redis: (80.0, 95.0),
            restarts: (3.0, 20.0),
            certificate_days: (30.0, 7.0),
            cpu_credits: (20.0, 1.0),
            burst_balance: (20.0, 2.0),
            task_seconds: (1_800.0, 14_400.0),
            stale_after: Duration::from_secs(60),
        }
    }
}

impl Thresholds {
    /// The same, a tenth lower, or higher where less is worse: what was told is told until it is clearly better.
    #[must_use]
    pub fn eased(&self) -> Self {
        let ease = |(warn, down): Pair| (warn * 0.9, down * 0.9);
        let ease_falling = |(warn, down): Pair| (warn * 1.1, down * 1.1);
        Self {
            latency_ms: ease(self.latency_ms),
            error_rate: ease(self.error_rate),
            // Of days that are left, fewer are worse; they only get fewer.
            certificate_days: self.certificate_days,
            cpu_credits: ease_falling(self.cpu_credits),
            burst_balance: ease_falling(self.burst_balance),
            cpu: ease(self.cpu),
            surge_queue: ease(self.surge_queue),
            lag_seconds: ease(self.lag_seconds),
            queue_depth: ease(self.queue_depth),
            unacknowledged: ease(self.unacknowledged),
            connections: ease(self.connections),
            oldest_transaction: ease(self.oldest_transaction),
            retained_wal_mb: ease(self.retained_wal_mb),
            pgbouncer_waiting: ease(self.pgbouncer_waiting),
            disk: ease(self.disk),
            memory: ease(self.memory),
            swap: ease(self.swap),
            load: ease(self.load),
            clock_ms: ease(self.clock_ms),
            redis: ease(self.redis),
            restarts: ease(self.restarts),
            task_seconds: ease(self.task_seconds),
            stale_after: self.stale_after,
        }
    }

    /// Those of a CloudWatch measure; none for what has no bad values.
    #[must_use]
    pub const fn of_measure(&self, measure: Measure) -> Option<Pair> {
        match measure {
            Measure::Latency => Some(self.latency_ms),
            Measure::ErrorRate => Some(self.error_rate),
            Measure::SurgeQueue => Some(self.surge_queue),
            Measure::Cpu => Some(self.cpu),
            // Credits and bursts are the worse the fewer there are: they are judged as what runs out.
            Measure::Requests | Measure::Credits | Measure::Burst => None,
        }
    }
}

/// The severity of a number.
#[must_use]
pub fn judge(value: f64, (warn, down): Pair) -> Severity {
    if value >= down {
        Severity::Down
    } else if value >= warn {
        Severity::Warn
    } else {
        Severity::Ok
    }
}

/// The severity of a number that is the worse the smaller it is.
#[must_use]
pub fn judge_falling(value: f64, (warn, down): Pair) -> Severity {
    if value <= down {
        Severity::Down
    } else if value <= warn {
        Severity::Warn
    } else {
        Severity::Ok
    }
}

/// What everything is judged by: limits, the cloud's time, and how often things are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Yardstick {
    /// From where on numbers warn.
    pub thresholds: Thresholds,
    /// The cloud's time.
    pub now: Timestamp,
    /// Seconds of the cloud's clock per second of ours: what is read every minute is older where it runs faster.
    pub speed: f64,
    /// The time between two reads of metrics, on the cloud's clock.
    pub between_metrics: SignedDuration,
    /// The time between two visits of a server, on ours. Many servers wait their turn.
    pub between_visits: Duration,
}

impl Yardstick {
    /// With the defaults, at a time.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            thresholds: Thresholds::default(),
            now,
            speed: 1.0,
            between_metrics: SignedDuration::from_mins(1),
            between_visits: Duration::from_secs(15),
        }
    }

    /// The time between two reads of what runs out (CPU credits, bursts of disks), on the cloud's clock.
    #[must_use]
    pub fn between_balances(&self) -> SignedDuration {
        self.between_metrics.saturating_mul(5)
    }

    /// From which age on what was measured about a topic no longer tells how it is. Sooner where the last attempt
    /// failed: then it is old because something is wrong, not because nobody asked.
    #[must_use]
    pub fn keeps(&self, topic: Topic, failing: bool) -> SignedDuration {
        let visits = SignedDuration::try_from(self.between_visits).unwrap_or(SignedDuration::MAX);
        let keeps = topic.keeps().max(visits.saturating_mul(4));
        let soon = SignedDuration::try_from(self.thresholds.stale_after).unwrap_or(SignedDuration::MAX);
        let keeps = if failing { (keeps / 5).max(soon) } else { keeps };
        let scaled = keeps.as_secs_f64() * self.speed.clamp(1.0, 1e6);
        SignedDuration::try_from_secs_f64(scaled).unwrap_or(SignedDuration::MAX)
    }

    /// Whether what was measured about a topic still tells how it is.
    #[must_use]
    pub fn is_current<T>(&self, topic: Topic, reading: &Reading<T>, unreachable: Option<&Failure>) -> bool {
        let failing = reading.failure().is_some() || unreachable.is_some();
        reading.age(self.now).is_some_and(|age| age <= self.keeps(topic, failing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{FailureKind, Source};

    #[test]
    fn a_number_is_judged_by_its_pair() {
        let severities = [0.0, 9.9, 10.0, 299.0, 300.0].map(|v| judge(v, (10.0, 300.0)));
        let wanted = [Severity::Ok, Severity::Ok, Severity::Warn, Severity::Warn, Severity::Down];
        assert_eq!(severities, wanted);
    }

    #[test]
    fn what_was_measured_is_old_sooner_where_the_last_attempt_failed() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let mut reading = Reading::taken(Source::Probe(Topic::Machine), 1, at(0));
        let current = |reading: &Reading<i32>, second, speed| {
            let yardstick = Yardstick { speed, ..Yardstick::at(at(second)) };
            yardstick.is_current(Topic::Machine, reading, None)
        };
        assert!(current(&reading, 120, 1.0));
        assert!(!current(&reading, 1_000, 1.0));
        assert!(current(&reading, 1_000, 60.0));
        reading.fail(FailureKind::Unreachable, "gone", at(15));
        assert!(current(&reading, 30, 1.0));
        assert!(!current(&reading, 120, 1.0));
    }
}
