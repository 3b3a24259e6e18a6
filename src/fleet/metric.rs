//! Numbers over time, as CloudWatch keeps them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{GroupName, InstanceId, LoadBalancerName};

/// What a metric is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum Subject {
    /// A Classic load balancer (`AWS/ELB`).
    LoadBalancer(LoadBalancerName),
    /// A group: the average of its members (`AWS/EC2` by `AutoScalingGroupName`).
    Group(GroupName),
    /// One server (`AWS/EC2` by `InstanceId`); asked for only while it is on screen.
    Server(InstanceId),
    /// One EBS volume (`AWS/EBS` by `VolumeId`).
    Volume(String),
}

/// Which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Requests per second (`RequestCount`, sum over the period).
    Requests,
    /// Mean time of an answer, in milliseconds (`Latency`).
    Latency,
    /// Answers with 5xx, from servers and load balancer, as percent of requests.
    ErrorRate,
    /// Requests waiting at the load balancer (`SurgeQueueLength`, maximum).
    SurgeQueue,
    /// CPU in percent (`CPUUtilization`, average).
    Cpu,
    /// CPU credits that a server of a burstable type has left (`CPUCreditBalance`, minimum).
    Credits,
    /// What is left of a volume's bursts, in percent (`BurstBalance`, minimum); only gp2, st1 and sc1 have any.
    Burst,
}

impl Measure {
    /// Those of a load balancer.
    pub const OF_LOAD_BALANCER: [Self; 4] =
        [Self::Requests, Self::Latency, Self::ErrorRate, Self::SurgeQueue];

    /// The unit behind a number.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Requests => "/s",
            Self::Latency => "ms",
            Self::ErrorRate | Self::Cpu | Self::Burst => "%",
            Self::SurgeQueue | Self::Credits => "",
        }
    }

    /// What is full, where a number has such a bound: bars are drawn on that scale.
    #[must_use]
    pub const fn full(self) -> Option<f64> {
        match self {
            Self::Cpu | Self::Burst => Some(100.0),
            _ => None,
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Latency => "latency",
            Self::ErrorRate => "5xx",
            Self::SurgeQueue => "surge queue",
            Self::Cpu => "cpu",
            Self::Credits => "credits",
            Self::Burst => "bursts",
        }
    }
}

/// One metric.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MetricKey {
    /// What it is about.
    pub subject: Subject,
    /// Which number.
    pub measure: Measure,
}

/// Points in time order, one per period; a gap is a missing point.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Series {
    /// Time between points.
    pub period: Duration,
    /// Start of the period, and the number.
    pub points: Vec<(Timestamp, f64)>,
}

/// The newest number of a series, by its age.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Newest {
    /// How it is now, as far as CloudWatch can tell.
    Current(f64),
    /// It was once so; since then no more points came.
    Old {
        /// Start of the newest point's period.
        at: Timestamp,
    },
}

impl Series {
    /// After the newest number's period began, so many periods may pass before it is old: its own, and three for
    /// CloudWatch, which delivers one to three minutes late.
    const LATE: i64 = 4;

    /// The newest number, however old.
    #[must_use]
    pub fn last(&self) -> Option<f64> {
        self.points.last().map(|(_, value)| *value)
    }

    /// The newest number, and whether it still tells how it is at `now`. `between` is the time between two
    /// reads on the same clock: a number is not old because it was not asked for yet. `None` without points.
    #[must_use]
    pub fn newest(&self, now: Timestamp, between: SignedDuration) -> Option<Newest> {
        let (at, value) = *self.points.last()?;
        let late = self.late(now)?;
        let allowed = between.as_secs().saturating_add(self.seconds().saturating_mul(Self::LATE));
        Some(if late > allowed { Newest::Old { at } } else { Newest::Current(value) })
    }

    /// The newest number if it tells how it is at `now`.
    #[must_use]
    pub fn current(&self, now: Timestamp, between: SignedDuration) -> Option<f64> {
        match self.newest(now, between)? {
            Newest::Current(value) => Some(value),
            Newest::Old { .. } => None,
        }
    }

    /// How many periods are missing between the newest point and `now`: 0 while it is current.
    #[must_use]
    pub fn missing(&self, now: Timestamp, between: SignedDuration) -> usize {
        match (self.newest(now, between), self.late(now)) {
            (Some(Newest::Old { .. }), Some(late)) => usize::try_from(late / self.seconds()).unwrap_or(0),
            _ => 0,
        }
    }

    /// Seconds since the newest point's period began.
    fn late(&self, now: Timestamp) -> Option<i64> {
        Some(now.duration_since(self.points.last()?.0).as_secs())
    }

    fn seconds(&self) -> i64 {
        i64::try_from(self.period.as_secs()).unwrap_or(60).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_current_while_cloudwatch_may_be_late_and_old_after_that() {
        let second = |n: i64| Timestamp::from_second(1_800_000_000 + n).unwrap();
        let series =
            Series { period: Duration::from_secs(60), points: vec![(second(0), 1.0), (second(60), 2.0)] };
        let minute = SignedDuration::from_mins(1);
        for (now, current, missing) in
            [(60, Some(2.0), 0), (360, Some(2.0), 0), (361, None, 5), (2460, None, 40)]
        {
            assert_eq!(series.current(second(now), minute), current, "{now}");
            assert_eq!(series.missing(second(now), minute), missing, "{now}");
        }
        assert_eq!(series.newest(second(2460), minute), Some(Newest::Old { at: second(60) }));
        // Where the clock runs sixty times faster an hour lies between two reads.
        assert_eq!(series.current(second(2460), minute * 60), Some(2.0));
        assert_eq!(Series::default().newest(second(0), minute), None);
    }
}
