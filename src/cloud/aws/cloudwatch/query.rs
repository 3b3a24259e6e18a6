//! Which raw numbers a measure takes, and how they make it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::fleet::{Measure, MetricKey, Series, Subject};

/// One number that CloudWatch keeps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// What it is about.
    pub subject: Subject,
    /// CloudWatch's name of it.
    pub metric: &'static str,
    /// `Sum`, `Average`, `Maximum`.
    pub statistic: &'static str,
}

impl Query {
    /// Where CloudWatch keeps it.
    pub const fn namespace(&self) -> &'static str {
        match self.subject {
            Subject::LoadBalancer(_) => "AWS/ELB",
            Subject::Group(_) | Subject::Server(_) => "AWS/EC2",
            Subject::Volume(_) => "AWS/EBS",
        }
    }

    /// The name and value that single it out.
    pub fn dimension(&self) -> (&'static str, &str) {
        match &self.subject {
            Subject::LoadBalancer(name) => ("LoadBalancerName", name.as_str()),
            Subject::Group(name) => ("AutoScalingGroupName", name.as_str()),
            Subject::Server(id) => ("InstanceId", id.as_str()),
            Subject::Volume(id) => ("VolumeId", id),
        }
    }
}

const REQUESTS: (&str, &str) = ("RequestCount", "Sum");
const BACKEND_ERRORS: (&str, &str) = ("HTTPCode_Backend_5XX", "Sum");
const BALANCER_ERRORS: (&str, &str) = ("HTTPCode_ELB_5XX", "Sum");
const LATENCY: (&str, &str) = ("Latency", "Average");
const SURGE_QUEUE: (&str, &str) = ("SurgeQueueLength", "Maximum");
const CPU: (&str, &str) = ("CPUUtilization", "Average");
const CREDITS: (&str, &str) = ("CPUCreditBalance", "Minimum");
const BURST: (&str, &str) = ("BurstBalance", "Minimum");

/// The raw numbers of a key. A measure that its subject does not have takes none.
fn queries_of(key: &MetricKey) -> Vec<Query> {
    let names: &[(&str, &str)] = match (&key.subject, key.measure) {
        (Subject::LoadBalancer(_), Measure::Requests) => &[REQUESTS],
        (Subject::LoadBalancer(_), Measure::Latency) => &[LATENCY],
        (Subject::LoadBalancer(_), Measure::ErrorRate) => &[REQUESTS, BACKEND_ERRORS, BALANCER_ERRORS],
        (Subject::LoadBalancer(_), Measure::SurgeQueue) => &[SURGE_QUEUE],
        (Subject::Group(_) | Subject::Server(_), Measure::Cpu) => &[CPU],
        (Subject::Server(_), Measure::Credits) => &[CREDITS],
        (Subject::Volume(_), Measure::Burst) => &[BURST],
        _ => &[],
    };
    names
        .iter()
        .map(|&(metric, statistic)| Query { subject: key.subject.clone(), metric, statistic })
        .collect()
}

/// The keys asked for, and every raw number they take, each once.
#[derive(Debug)]
pub struct Plan {
    keys: Vec<MetricKey>,
    queries: Vec<Query>,
}

impl Plan {
    /// The plan for these keys.
    pub fn of(keys: &[MetricKey]) -> Self {
        let queries: BTreeSet<Query> = keys.iter().flat_map(queries_of).collect();
        Self { keys: keys.to_vec(), queries: queries.into_iter().collect() }
    }

    /// The raw numbers.
    pub fn queries(&self) -> &[Query] {
        &self.queries
    }

    /// The series of every key, those without points too, but not of those that take a number left out: nothing
    /// is known of them.
    pub fn series(&self, raw: &Raw, period: Duration) -> BTreeMap<MetricKey, Series> {
        let known = |key: &&MetricKey| queries_of(key).iter().all(|query| !raw.left_out.contains(query));
        self.keys.iter().filter(known).map(|key| (key.clone(), one_series(key, raw, period))).collect()
    }
}

/// What CloudWatch answered: numbers by second.
#[derive(Debug, Default)]
pub struct Raw {
    points: BTreeMap<Query, BTreeMap<i64, f64>>,
    left_out: BTreeSet<Query>,
}

impl Raw {
    /// Takes in points; numbers that are none are left out.
    pub fn add(&mut self, query: &Query, points: impl Iterator<Item = (i64, f64)>) {
        self.points.entry(query.clone()).or_default().extend(points.filter(|(_, value)| value.is_finite()));
    }

    /// Notes that CloudWatch could not or would not tell this one.
    pub fn leave_out(&mut self, query: &Query) {
        self.left_out.insert(query.clone());
    }

    fn of(&self, key: &MetricKey, (metric, statistic): (&'static str, &'static str)) -> BTreeMap<i64, f64> {
        let query = Query { subject: key.subject.clone(), metric, statistic };
        self.points.get(&query).cloned().unwrap_or_default()
    }
}

fn one_series(key: &MetricKey, raw: &Raw, period: Duration) -> Series {
    let scaled = |name, factor: f64| raw.of(key, name).into_iter().map(|(at, v)| (at, v * factor)).collect();
    let points: Vec<(i64, f64)> = match key.measure {
        Measure::Requests => scaled(REQUESTS, 1.0 / period.as_secs_f64().max(1.0)),
        Measure::Latency => scaled(LATENCY, 1000.0),
        Measure::SurgeQueue => scaled(SURGE_QUEUE, 1.0),
        Measure::Cpu => scaled(CPU, 1.0),
        Measure::Credits => scaled(CREDITS, 1.0),
        Measure::Burst => scaled(BURST, 1.0),
        Measure::ErrorRate => {
            error_rate(&raw.of(key, REQUESTS), &raw.of(key, BACKEND_ERRORS), &raw.of(key, BALANCER_ERRORS))
        }
    };
    let period = spacing(&points, key.measure, period);
    let at = |(second, value)| Timestamp::from_second(second).ok().map(|at| (at, value));
    Series { period, points: points.into_iter().filter_map(at).collect() }
}

/// Percent of requests. What the load balancer itself refuses may not count as a request, and when no server
/// is left there are only such answers: the whole is never less than its failed part.
fn error_rate(
    requests: &BTreeMap<i64, f64>,
    backend: &BTreeMap<i64, f64>,
    balancer: &BTreeMap<i64, f64>,
) -> Vec<(i64, f64)> {
    let times: BTreeSet<i64> = [requests, backend, balancer].iter().flat_map(|m| m.keys().copied()).collect();
    let number = |from: &BTreeMap<i64, f64>, at| from.get(&at).copied().unwrap_or(0.0).max(0.0);
    let percent = |at| {
        let failed = number(backend, at) + number(balancer, at);
        let all = number(requests, at).max(failed);
        (at, if all > 0.0 { 100.0 * failed / all } else { 0.0 })
    };
    times.into_iter().map(percent).collect()
}

/// Servers without detailed monitoring report every five minutes, and so do credits: then that is the period.
fn spacing(points: &[(i64, f64)], measure: Measure, period: Duration) -> Duration {
    let five = Duration::from_secs(300);
    let sparse = points.len() > 1 && points.windows(2).all(|two| (two[1].0 - two[0].0) % 300 == 0);
    let may_be = matches!(measure, Measure::Cpu | Measure::Credits | Measure::Burst);
    if may_be && sparse { five.max(period) } else { period }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const T: i64 = 1_800_000_000;

    fn key(measure: Measure) -> MetricKey {
        MetricKey { subject: Subject::LoadBalancer("shop-lb".into()), measure }
    }

    fn cpu() -> MetricKey {
        MetricKey { subject: Subject::Server("i-1".into()), measure: Measure::Cpu }
    }

    type Given<'a> = (MetricKey, (&'static str, &'static str), &'a [(i64, f64)]);

    fn raw(points: &[Given<'_>]) -> Raw {
        let mut raw = Raw::default();
        for (key, (metric, statistic), values) in points {
            let query = Query { subject: key.subject.clone(), metric, statistic };
            raw.add(&query, values.iter().map(|(minute, v)| (T + minute * 60, *v)));
        }
        raw
    }

    fn values(key: &MetricKey, raw: &Raw) -> Vec<f64> {
        let series = Plan::of(std::slice::from_ref(key)).series(raw, MINUTE);
        series[key].points.iter().map(|(_, v)| *v).collect()
    }

    #[test]
    fn each_billed_number_is_asked_for_once() {
        let keys: Vec<_> = Measure::OF_LOAD_BALANCER.into_iter().map(key).collect();
        let twice: Vec<_> = keys.iter().chain(&keys).cloned().collect();
        assert_eq!(Plan::of(&twice).queries().len(), 5);
        assert_eq!(Plan::of(&[cpu()]).queries().len(), 1);
        let burst = MetricKey { subject: Subject::Volume("vol-1".into()), measure: Measure::Burst };
        let query = Plan::of(&[burst]).queries()[0].clone();
        assert_eq!((query.namespace(), query.dimension()), ("AWS/EBS", ("VolumeId", "vol-1")));
        let nonsense = MetricKey { subject: Subject::Server("i-1".into()), measure: Measure::Latency };
        assert!(Plan::of(&[nonsense]).queries().is_empty());
    }

    #[test]
    fn requests_are_per_second_and_latency_in_milliseconds() {
        let raw = raw(&[
            (key(Measure::Requests), REQUESTS, &[(0, 120.0)]),
            (key(Measure::Latency), LATENCY, &[(0, 0.31)]),
        ]);
        assert_eq!(values(&key(Measure::Requests), &raw), [2.0]);
        assert_eq!(values(&key(Measure::Latency), &raw), [310.0]);
    }

    #[test]
    fn failed_answers_are_percent_of_requests_and_never_more_than_all() {
        let k = key(Measure::ErrorRate);
        let raw = raw(&[
            (k.clone(), REQUESTS, &[(0, 200.0), (1, 100.0), (2, 50.0)]),
            (k.clone(), BACKEND_ERRORS, &[(1, 3.0)]),
            (k.clone(), BALANCER_ERRORS, &[(1, 1.0), (2, 80.0), (3, 40.0)]),
        ]);
        assert_eq!(values(&k, &raw), [0.0, 4.0, 100.0, 100.0]);
    }

    #[test]
    fn a_key_without_points_has_an_empty_series() {
        let series = Plan::of(&[cpu()]).series(&Raw::default(), MINUTE);
        assert_eq!(series[&cpu()], Series { period: MINUTE, points: vec![] });
    }

    #[test]
    fn a_number_left_out_takes_its_own_keys_along_and_no_others() {
        let (requests, rate, latency) =
            (key(Measure::Requests), key(Measure::ErrorRate), key(Measure::Latency));
        let mut raw = raw(&[(requests.clone(), REQUESTS, &[(0, 60.0)])]);
        raw.leave_out(&Query {
            subject: rate.subject.clone(),
            metric: BACKEND_ERRORS.0,
            statistic: BACKEND_ERRORS.1,
        });
        let series = Plan::of(&[requests.clone(), rate, latency.clone()]).series(&raw, MINUTE);
        assert_eq!(series.keys().collect::<BTreeSet<_>>(), BTreeSet::from([&requests, &latency]));
    }

    #[test]
    fn basic_monitoring_is_a_point_every_five_minutes_and_nan_is_no_point() {
        let raw = raw(&[(cpu(), CPU, &[(0, 10.0), (3, f64::NAN), (5, 20.0), (15, 30.0)])]);
        let series = Plan::of(&[cpu()]).series(&raw, MINUTE);
        assert_eq!((series[&cpu()].period.as_secs(), series[&cpu()].points.len()), (300, 3));
    }
}
