//! Numbers are thinned, and a turn of one is told.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::kit::{id, kit};
use crate::fleet::sample::epoch;
use crate::fleet::{Measure, MetricKey, Reading, Series, Severity, Source, Subject, Thresholds};
use crate::timeline::turns::turns;
use crate::timeline::{Line, Number};

fn minute(n: i64) -> Timestamp {
    epoch() + SignedDuration::from_mins(n)
}

#[test]
fn an_environment_is_written_every_minute_and_its_servers_every_five() {
    let mut kit = kit(2);
    kit.machine("web0", 0.5);
    kit.look();
    kit.watch(3_600, 10);
    let count = |is: fn(&Line) -> bool| kit.lines.iter().filter(|line| is(line)).count();
    assert_eq!(count(|line| matches!(line, Line::Looked { .. })), 61);
    assert_eq!(count(|line| matches!(line, Line::Servers { .. })), 13);
    let recording = kit.recording();
    assert_eq!(recording.number_at(Number::InService, kit.now), Some(2.0));
    assert_eq!(recording.number_at(Number::InService, kit.now + SignedDuration::from_hours(1)), None);
    let (_, servers) = recording.server_numbers().last().unwrap();
    let web = servers[&id("web0")];
    assert_eq!((web.load, web.memory, web.disk), (Some(0.5), Some(60.0), None));
    assert!(!servers.contains_key(&id("web1")), "nobody measured it");
}

#[test]
fn what_cloudwatch_keeps_is_written_once_and_its_last_minute_anew_while_it_grows() {
    let mut kit = kit(2);
    let key =
        MetricKey { subject: Subject::LoadBalancer("production-lb".into()), measure: Measure::Requests };
    let series = |points: &[(i64, f64)]| {
        let points = points.iter().map(|(n, value)| (minute(*n), *value)).collect();
        let series = Series { period: Duration::from_secs(60), points };
        Reading::taken(Source::CloudWatchGetMetricData, series, epoch())
    };
    kit.metrics.insert(key.clone(), series(&[(-60, 100.0), (-2, 100.0), (-1, 40.0)]));
    kit.look();
    kit.metrics.insert(key, series(&[(-60, 100.0), (-2, 100.0), (-1, 90.0), (0, 100.0)]));
    kit.watch(180, 30);
    let points = kit.lines.iter().filter(|line| matches!(line, Line::Points { .. })).count();
    assert_eq!(points, 5, "three, the last of them once more, and the new one");
    let told: Vec<f64> = kit.recording().number(Number::Requests).unwrap().values().copied().collect();
    assert_eq!(told, [100.0, 100.0, 90.0, 100.0], "also from before somebody looked");
}

#[test]
fn a_number_turns_when_it_stays_over_its_threshold_and_comes_back_below_it() {
    let limits = Thresholds { queue_depth: (100.0, 1_000.0), ..Thresholds::default() };
    let values = [5.0, 150.0, 5.0, 150.0, 110.0, 2_000.0, 120.0, 80.0, 92.0, 80.0, 70.0, 60.0, 50.0];
    let points: BTreeMap<_, _> = values.iter().zip(0..).map(|(value, n)| (minute(n), *value)).collect();
    let turns = turns(Number::Waiting, &points, &limits);
    assert_eq!(turns.len(), 1, "one point alone is noise: {turns:?}");
    assert_eq!((turns[0].from, turns[0].back), (minute(3), Some(minute(9))));
    assert_eq!((turns[0].severity, turns[0].worst), (Severity::Down, 2_000.0));
}

#[test]
fn a_number_without_a_threshold_turns_when_it_leaves_what_is_usual_for_it() {
    let usual = |n: i64| 400.0 + f64::from(i32::try_from(n % 7).unwrap()) * 4.0;
    let value = |n: i64| if (40..50).contains(&n) { 20.0 } else { usual(n) };
    let points: BTreeMap<_, _> = (0..80).map(|n| (minute(n), value(n))).collect();
    let found = turns(Number::Requests, &points, &Thresholds::default());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].from, found[0].back), (minute(40), Some(minute(50))));
    let calm: BTreeMap<_, _> = (0..200).map(|n| (minute(n), usual(n))).collect();
    assert_eq!(turns(Number::Requests, &calm, &Thresholds::default()), []);
}

#[test]
fn another_size_that_lasts_an_hour_is_usual_by_then() {
    let points: BTreeMap<_, _> = (0..300).map(|n| (minute(n), if n < 60 { 4.0 } else { 6.0 })).collect();
    let found = turns(Number::InService, &points, &Thresholds::default());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].from, minute(60));
    assert!(found[0].back.is_some_and(|back| back <= minute(125)));
}
