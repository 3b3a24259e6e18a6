//! Queues, lag, connections and traffic of an environment, spoiled in every way that matters.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::fleet::measured::{Code, Connections, Program, Queue, Site, Supervisor};
use crate::fleet::overview::{Note, Overview, overviews};
use crate::fleet::sample::{Parts, epoch, server};
use crate::fleet::{Fact, Failure, HostKeyQuestion, Reading, Source, Topology};

fn place() -> (Parts, EnvironmentPlace) {
    let mut parts = Parts::default();
    let place = parts.add("production", 2);
    (parts, place)
}

fn with(facts: Vec<Fact>) -> Measured {
    let taken = |fact: Fact| (fact.topic(), Reading::taken(Source::Probe(fact.topic()), fact, epoch()));
    Measured {
        reached_at: Some(epoch()),
        facts: facts.into_iter().map(taken).collect(),
        ..Measured::default()
    }
}

fn rabbit(queues: &[(&str, u64, u32)]) -> Measured {
    let queue = |(name, ready, consumers): &(&str, u64, u32)| Queue {
        name: (*name).into(),
        ready: *ready,
        consumers: *consumers,
        ..Queue::default()
    };
    with(vec![Fact::RabbitMq(RabbitMq { queues: queues.iter().map(queue).collect(), ..RabbitMq::default() })])
}

fn postgres(change: impl FnOnce(&mut Postgres)) -> Measured {
    let connections = Connections { active: 61, most: 80, ..Connections::default() };
    let mut postgres = Postgres { timeline: Some(2), connections, ..Postgres::default() };
    change(&mut postgres);
    with(vec![Fact::Postgres(Box::new(postgres))])
}

fn replica(delay: Option<f64>) -> Measured {
    postgres(|p| {
        p.in_recovery = true;
        p.replica = Some(Replica { receiver: Some("streaming".into()), delay, ..Replica::default() });
    })
}

fn seen_at(measured: Vec<(&str, Measured)>, now: Timestamp) -> Overview {
    let (parts, place) = place();
    let mut snapshot = parts.snapshot();
    for (role, measured) in measured {
        let id = format!("i-production-{role}");
        snapshot.measured.insert(id.as_str().into(), Arc::new(measured));
    }
    let topology = Topology {
        deployment: "myproject".into(),
        region: "us-east-1".into(),
        environments: vec![place],
        ssh_address: crate::fleet::AddressChoice::Private,
    };
    overviews(&snapshot, &topology, &Yardstick::at(now)).remove(0)
}

fn seen(measured: Vec<(&str, Measured)>) -> Overview {
    seen_at(measured, epoch())
}

fn unreachable() -> Failure {
    Failure { since: epoch(), kind: FailureKind::Unreachable, message: "timed out".into() }
}

fn texts(row: &Overview) -> Vec<&str> {
    row.notes.iter().map(|n: &Note| n.text.as_str()).collect()
}

#[test]
fn what_was_never_measured_is_neither_trouble_nor_zero() {
    let row = seen(Vec::new());
    assert_eq!((row.severity, texts(&row)), (Severity::Ok, vec![]));
    assert_eq!((row.queues.depth, row.queues.gap), (None, Some(Gap::NotYet)));
    assert_eq!((row.connections.used, row.connections.gap), (None, Some(Gap::NotYet)));
    assert_eq!((row.lag.seconds, row.lag.gap), (None, Some(Gap::NotYet)));
}

#[test]
fn the_depth_of_queues_counts_what_waits_and_names_the_fullest() {
    let row =
        seen(vec![("cache", rabbit(&[("exports", 12_000, 1), ("celery", 480, 10), ("celeryev.x", 9, 0)]))]);
    assert_eq!((row.queues.depth, row.queues.severity), (Some(12_480), Severity::Warn));
    assert_eq!(texts(&row), ["12,480 messages waiting; most in “exports” (1 consumer)"]);
}

#[test]
fn a_queue_that_is_down_makes_the_depth_unknown_and_hides_no_other() {
    let with_down = |ready| {
        let mut cache = rabbit(&[("exports", ready, 1), ("celery", 0, 0)]);
        if let Some(Fact::RabbitMq(rabbitmq)) =
            cache.facts.get(&Topic::RabbitMq).and_then(|reading| reading.value()).cloned().as_mut()
        {
            rabbitmq.queues[1].unknown = true;
            cache = with(vec![Fact::RabbitMq(rabbitmq.clone())]);
        }
        seen(vec![("cache", cache)])
    };
    let few = with_down(3).queues;
    assert_eq!((few.depth, few.unacknowledged, few.severity), (None, None, Severity::Unknown));
    let many = with_down(12_000);
    assert_eq!((many.queues.depth, many.queues.severity), (None, Severity::Warn));
    let said = texts(&many);
    assert!(said.iter().any(|text| text.starts_with("At least 12,000 messages waiting")), "{said:?}");
    assert!(said.iter().any(|text| text.contains("1 queue without numbers")), "{said:?}");
}

#[test]
fn a_queue_that_nobody_listens_to_is_named_however_few_wait() {
    let row = seen(vec![("cache", rabbit(&[("exports", 3, 0), ("idle", 0, 0)]))]);
    assert_eq!(texts(&row), ["Nobody listens to “exports”: 3 waiting"]);
    assert_eq!((row.severity, row.queues.severity), (Severity::Warn, Severity::Warn));
    let many: Vec<(String, u64, u32)> = (0..9).map(|n| (format!("q{n}"), n + 1, 0)).collect();
    let many: Vec<(&str, u64, u32)> = many.iter().map(|(n, r, c)| (n.as_str(), *r, *c)).collect();
    let row = seen(vec![("cache", rabbit(&many))]);
    assert_eq!(texts(&row).len(), 4, "{:?}", texts(&row));
    assert_eq!(texts(&row)[0], "Nobody listens to “q8”: 9 waiting");
    assert_eq!(texts(&row)[3], "Nobody listens to 6 more queues");
}

#[test]
fn a_count_that_begins_anew_or_lacks_somebody_once_tells_its_usual_pace() {
    let second = |n: i64| Timestamp::from_second(1_800_000_000 + n).unwrap();
    let series = |points: &[f64]| {
        let at = |(n, value): (usize, &f64)| (second(i64::try_from(n).unwrap() * 60), *value);
        Series { period: Duration::from_secs(60), points: points.iter().enumerate().map(at).collect() }
    };
    let rate = |points: &[f64]| {
        let end = i64::try_from(points.len()).unwrap() * 60 - 60;
        counted_per_minute(&series(points), second(end))
    };
    assert_eq!(rate(&[100.0, 112.0, 124.0, 136.0, 148.0]), Some(12.0));
    assert_eq!(rate(&[9_000.0, 9_012.0, 0.0, 12.0, 24.0, 36.0]), Some(12.0), "it was started again");
    assert_eq!(rate(&[9_000.0, 9_012.0, 40.0, 9_036.0, 9_048.0, 9_060.0]), Some(12.0), "one did not answer");
    assert_eq!(rate(&[1.0, 2.0, 3.0]), None, "too few");
    assert_eq!(rate(&[]), None);
}

#[test]
fn growth_is_the_slope_of_the_last_ten_minutes() {
    let second = |n: i64| Timestamp::from_second(1_800_000_000 + n).unwrap();
    let series = |points: Vec<(Timestamp, f64)>| Series { period: Duration::from_secs(15), points };
    #[allow(clippy::cast_precision_loss)]
    let climbing =
        series((0..240).map(|n| (second(n * 15), if n < 180 { 7.0 } else { n as f64 * 25.0 })).collect());
    let rate = per_minute(&climbing, second(240 * 15)).unwrap();
    assert!((rate - 100.0).abs() < 0.01, "{rate}");
    assert_eq!(per_minute(&series(vec![(second(0), 1.0), (second(15), 9.0)]), second(15)), None);
    assert_eq!(per_minute(&Series::default(), second(0)), None);
    // Where the clock runs fast, ten minutes hold one point: the last ones tell.
    let fast = series((0..5).map(|n| (second(i64::from(n) * 900), f64::from(n) * 15.0)).collect());
    assert!((per_minute(&fast, second(3_600)).unwrap() - 1.0).abs() < 0.01);
}

#[test]
fn lag_is_that_of_the_worst_replica_as_it_tells_itself() {
    let row = seen(vec![("db-replica", replica(Some(48.2)))]);
    assert_eq!(
        (row.lag.seconds, row.lag.severity, row.lag.witness),
        (Some(48.2), Severity::Warn, Witness::Replica)
    );
    assert_eq!(texts(&row), ["i-production-db-replica replays 48 s behind"]);
    let row = seen(vec![("db-replica", replica(None))]);
    assert_eq!((row.lag.seconds, row.lag.severity), (None, Severity::Unknown));
    let gone = postgres(|p| (p.in_recovery, p.replica) = (true, Some(Replica::default())));
    let row = seen(vec![("db-replica", gone)]);
    assert_eq!((row.lag.word, row.lag.severity), (Some("no receiver"), Severity::Down));
}

#[test]
fn a_silent_replica_is_seen_by_its_primary() {
    let silent = Measured { unreachable: Some(unreachable()), ..Measured::default() };
    let standby = |lag| Standby {
        address: Some("10.0.1.12".into()),
        replay_lag: lag,
        replay_behind: Some(0),
        ..Standby::default()
    };
    for (lag, seconds) in [(Some(31.0), 31.0), (None, 0.0)] {
        let primary = postgres(|p| p.standbys.push(standby(lag)));
        let row = seen(vec![("db-primary", primary), ("db-replica", silent.clone())]);
        assert_eq!((row.lag.seconds, row.lag.witness), (Some(seconds), Witness::Primary));
        let note = row.notes.iter().find(|n| n.text.contains("cannot be reached over ssh")).unwrap();
        assert_eq!(note.severity, Severity::Unknown);
    }
    let row = seen(vec![("db-primary", postgres(|_| {})), ("db-replica", silent)]);
    assert_eq!(
        (row.lag.severity, row.lag.gap),
        (Severity::Unknown, Some(Gap::Unreachable(FailureKind::Unreachable)))
    );
    assert_ne!(row.severity, Severity::Down);
}

#[test]
fn a_replica_on_another_timeline_cannot_follow() {
    let mut other = replica(Some(0.0));
    let Some(Fact::Postgres(found)) = other.facts[&Topic::Postgres].value() else { panic!("PostgreSQL") };
    let moved = Postgres { timeline: Some(1), ..(**found).clone() };
    other.facts.insert(
        Topic::Postgres,
        Reading::taken(Source::Probe(Topic::Postgres), Fact::Postgres(Box::new(moved)), epoch()),
    );
    let row = seen(vec![("db-primary", postgres(|_| {})), ("db-replica", other)]);
    assert_eq!(texts(&row), ["i-production-db-replica is on timeline 1, its primary on 2: it cannot follow"]);
    assert_eq!(row.severity, Severity::Down);
}

#[test]
fn what_is_old_keeps_its_number_and_is_no_longer_judged_by_it() {
    let later = epoch() + SignedDuration::from_mins(30);
    let mut cache = rabbit(&[("exports", 60_000, 1)]);
    cache.unreachable = Some(unreachable());
    let row = seen_at(vec![("cache", cache)], later);
    assert_eq!((row.queues.depth, row.queues.severity), (Some(60_000), Severity::Unknown));
    assert_eq!(row.queues.read_at, Some(epoch()));
    assert!(row.notes.iter().all(|n| n.severity <= Severity::Unknown), "{:?}", row.notes);
}

#[test]
fn a_host_key_to_decide_on_stands_in_the_place_of_the_number() {
    for (pinned, gap) in
        [(vec![], Gap::HostKeyUnknown), (vec!["ED25519 SHA256:a".into()], Gap::HostKeyChanged)]
    {
        let host_key = Some(HostKeyQuestion { presented: None, pinned, note: None });
        let row = seen(vec![("cache", Measured { host_key, ..Measured::default() })]);
        assert_eq!((row.queues.gap, row.queues.severity), (Some(gap), Severity::Unknown));
    }
}

#[test]
fn two_beats_send_every_task_twice() {
    let (mut parts, place) = place();
    parts.servers.push(server("i-second", "production", "worker"));
    let mut snapshot = parts.snapshot();
    let program = Program { name: "celery-beat".into(), state: "RUNNING".into(), ..Program::default() };
    let beat = with(vec![Fact::Supervisor(Supervisor { programs: vec![program] })]);
    let topology = Topology {
        deployment: "myproject".into(),
        region: "us-east-1".into(),
        environments: vec![place],
        ssh_address: crate::fleet::AddressChoice::Private,
    };
    let mut beats = Vec::new();
    for id in ["i-production-worker", "i-second"] {
        snapshot.measured.insert(id.into(), Arc::new(beat.clone()));
        let row = overviews(&snapshot, &topology, &Yardstick::at(epoch())).remove(0);
        beats.push(texts(&row).iter().any(|text| text.contains("beat runs 2 times")));
    }
    assert_eq!(beats, [false, true]);
}

#[test]
fn troubles_of_a_kind_are_one_note_however_many_servers_have_them() {
    let page = || with(vec![Fact::Site(Site { maintenance: true, ..Site::default() })]);
    let row = seen(vec![("web0", page()), ("web1", page())]);
    assert_eq!(texts(&row), ["i-production-web0 has the maintenance page up; i-production-web1 too"]);
}

#[test]
fn code_that_is_not_the_release_is_said_of_workers_and_web_servers() {
    let code = |changeset: &str| with(vec![Fact::Code(Code { changeset: changeset.into(), branch: None })]);
    let row = seen(vec![("worker", code("a1b2c3d4ffff")), ("web0", code("a1b2c3d4ffff"))]);
    assert_eq!(texts(&row), [] as [&str; 0], "the release is a1b2c3d4");
    let row = seen(vec![("worker", code("77aa01cfff"))]);
    assert_eq!(texts(&row), ["i-production-worker has 77aa01c checked out, not the release a1b2c3d"]);
    assert_eq!(row.severity, Severity::Changing);
}

#[test]
fn a_load_balancers_numbers_over_their_thresholds_are_notes() {
    let (parts, place) = place();
    let mut snapshot = parts.snapshot();
    for (measure, value) in [(Measure::ErrorRate, 4.1), (Measure::Latency, 120.0), (Measure::SurgeQueue, 3.0)]
    {
        let subject = Subject::LoadBalancer("production-lb".into());
        let points = vec![(epoch() - SignedDuration::from_secs(60), value)];
        let series = Series { period: Duration::from_secs(60), points };
        let reading = Reading::taken(Source::CloudWatchGetMetricData, series, epoch());
        snapshot.metrics.insert(MetricKey { subject, measure }, reading);
    }
    let topology = Topology {
        deployment: "myproject".into(),
        region: "us-east-1".into(),
        environments: vec![place],
        ssh_address: crate::fleet::AddressChoice::Private,
    };
    let row = overviews(&snapshot, &topology, &Yardstick::at(epoch())).remove(0);
    assert_eq!(
        texts(&row),
        ["4.1% of the answers at production-lb are 5xx", "3 requests wait at production-lb for a server"]
    );
    let old = Yardstick::at(epoch() + SignedDuration::from_hours(1));
    assert_eq!(texts(&overviews(&snapshot, &topology, &old)[0]), [] as [&str; 0]);
}
