//! Takes what came of visits into the snapshot. Pure: a good value replaces the old one, a failure keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::visit::{Came, HostOutcome};
use super::wanted::is_kept;
use crate::fleet::measured::{Queue, RabbitMq};
use crate::fleet::{Fact, Failure, InstanceId, Measured, Reading, Series, Snapshot, Source};

/// Time between the points of a trend, when all goes well.
const PERIOD: Duration = Duration::from_secs(15);

/// How far back a trend goes, and how many points it has at most.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
const POINTS: usize = 240;

/// The most queues of a server whose history is kept.
const QUEUES: usize = 50;

/// What nobody has wanted to know for so long is let go.
const FORGET: SignedDuration = SignedDuration::from_mins(15);

/// Takes in what came of a visit.
pub(crate) fn merge(snapshot: &mut Snapshot, outcome: HostOutcome) {
    let HostOutcome { instance, at, came } = outcome;
    let measured = Arc::make_mut(snapshot.measured.entry(instance).or_default());
    match came {
        Came::Facts(facts) => {
            measured.reached_at = Some(at);
            measured.unreachable = None;
            measured.host_key = None;
            for (topic, result) in facts {
                let reading = measured.facts.entry(topic);
                let reading = reading.or_insert_with(|| Reading::never(Source::Probe(topic)));
                match result {
                    Ok(fact) => {
                        let gauges = fact.gauges();
                        if let Fact::RabbitMq(rabbitmq) = &fact {
                            note_queues(&mut measured.queues, rabbitmq, at);
                        }
                        reading.succeed(fact, at);
                        for (gauge, number) in gauges {
                            add(measured.trends.entry(gauge).or_insert_with(empty), at, number);
                        }
                    }
                    Err(unread) => reading.fail(unread.kind, unread.message, at),
                }
            }
        }
        Came::Nothing(failure) => {
            measured.host_key = None;
            cannot_be_reached(measured, failure, at);
        }
        Came::Key(failure, question) => {
            measured.host_key = Some(question);
            cannot_be_reached(measured, failure, at);
        }
        Came::Trusted => measured.host_key = None,
    }
}

/// Everything known stays, and the time of the first failure, too.
fn cannot_be_reached(measured: &mut Measured, failure: Failure, at: Timestamp) {
    let since = measured.unreachable.as_ref().map_or(at, |before| before.since);
    measured.unreachable = Some(Failure { since, ..failure });
}

/// Adds a point to the history of each queue that counts, the fullest first where there are too many, and lets go
/// of queues that are no more.
fn note_queues(trends: &mut BTreeMap<String, Series>, rabbitmq: &RabbitMq, at: Timestamp) {
    let mut queues: Vec<&Queue> = rabbitmq.counting().collect();
    queues.sort_by(|a, b| (b.ready, &a.name).cmp(&(a.ready, &b.name)));
    trends.retain(|name, _| queues.iter().any(|queue| queue.name == *name));
    for queue in queues {
        if trends.len() >= QUEUES && !trends.contains_key(&queue.name) {
            continue;
        }
        if queue.unknown {
            continue;
        }
        #[allow(clippy::cast_precision_loss)] // messages as points of a curve
        add(trends.entry(queue.name.clone()).or_insert_with(empty), at, queue.ready as f64);
    }
}

const fn empty() -> Series {
    Series { period: PERIOD, points: Vec::new() }
}

fn add(series: &mut Series, at: Timestamp, number: f64) {
    if series.points.last().is_none_or(|(last, _)| *last < at) {
        series.points.push((at, number));
    }
    let extra = series.points.len().saturating_sub(POINTS);
    series.points.drain(..extra);
    series.points.retain(|(then, _)| at.duration_since(*then) <= WINDOW);
}

/// Lets go of servers that have gone, and of those that nobody has wanted to know about for a while.
pub(crate) fn forget(snapshot: &mut Snapshot, is_wanted: impl Fn(&InstanceId) -> bool, now: Timestamp) {
    let recent = |measured: &Measured| {
        let last = measured.reached_at.max(measured.unreachable.as_ref().map(|failure| failure.since));
        last.is_some_and(|at| now.duration_since(at) < FORGET)
    };
    let mut all = std::mem::take(&mut snapshot.measured);
    all.retain(|instance, measured| is_kept(snapshot, instance) && (is_wanted(instance) || recent(measured)));
    snapshot.measured = all;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fleet::measured::Machine;
    use crate::fleet::sample::{epoch, server};
    use crate::fleet::{Fact, FailureKind, Gauge, HostKeyQuestion, Power, Topic};
    use crate::probe::Unread;

    fn at(second: i64) -> Timestamp {
        epoch() + SignedDuration::from_secs(second)
    }

    fn machine(load: f64) -> Fact {
        Fact::Machine(Machine { cores: 1, load: [load; 3], ..Machine::default() })
    }

    fn came(snapshot: &mut Snapshot, second: i64, came: Came) {
        merge(snapshot, HostOutcome { instance: "i-1".into(), at: at(second), came });
    }

    fn facts(all: impl IntoIterator<Item = (Topic, Result<Fact, Unread>)>) -> Came {
        Came::Facts(all.into_iter().collect::<BTreeMap<_, _>>())
    }

    fn failed(message: &str) -> Failure {
        Failure { since: Timestamp::UNIX_EPOCH, kind: FailureKind::Unreachable, message: message.into() }
    }

    #[test]
    fn a_section_that_failed_keeps_its_old_value_and_the_others_are_new() {
        let mut snapshot = Snapshot::default();
        came(&mut snapshot, 0, facts([(Topic::Machine, Ok(machine(1.0)))]));
        let unread = Unread::new(FailureKind::Denied, "no");
        came(
            &mut snapshot,
            15,
            facts([
                (Topic::Machine, Err(unread)),
                (Topic::Disks, Ok(Fact::Disks(crate::fleet::measured::Disks::default()))),
            ]),
        );
        let measured = snapshot.measured(&"i-1".into()).unwrap();
        let reading = measured.reading(Topic::Machine).unwrap();
        assert_eq!((reading.value(), reading.read_at()), (Some(&machine(1.0)), Some(at(0))));
        assert_eq!(reading.failure().unwrap().kind, FailureKind::Denied);
        assert_eq!(reading.source(), Source::Probe(Topic::Machine));
        assert!(measured.disks().is_some());
        assert_eq!(measured.reached_at, Some(at(15)));
    }

    #[test]
    fn a_server_that_cannot_be_reached_keeps_everything_and_says_since_when() {
        let mut snapshot = Snapshot::default();
        came(&mut snapshot, 0, facts([(Topic::Machine, Ok(machine(1.0)))]));
        came(&mut snapshot, 15, Came::Nothing(failed("first")));
        came(&mut snapshot, 30, Came::Nothing(failed("second")));
        let measured = snapshot.measured(&"i-1".into()).unwrap();
        let failure = measured.unreachable.as_ref().unwrap();
        assert_eq!((failure.since, failure.message.as_str()), (at(15), "second"));
        assert!(measured.machine().is_some() && measured.facts[&Topic::Machine].failure().is_none());
        assert_eq!(measured.reached_at, Some(at(0)));
        came(&mut snapshot, 45, facts([(Topic::Machine, Ok(machine(2.0)))]));
        assert_eq!(snapshot.measured(&"i-1".into()).unwrap().unreachable, None);
    }

    #[test]
    fn the_question_of_a_host_key_stands_until_it_is_answered() {
        let mut snapshot = Snapshot::default();
        let question =
            HostKeyQuestion { presented: Some("ED25519 SHA256:x".into()), ..HostKeyQuestion::default() };
        came(&mut snapshot, 0, Came::Key(failed("unknown"), question.clone()));
        assert_eq!(snapshot.measured(&"i-1".into()).unwrap().host_key, Some(question));
        came(&mut snapshot, 1, Came::Trusted);
        assert_eq!(snapshot.measured(&"i-1".into()).unwrap().host_key, None);
        assert!(snapshot.measured(&"i-1".into()).unwrap().unreachable.is_some());
    }

    #[test]
    fn each_queue_has_a_history_as_long_as_it_is_there() {
        let mut trends = BTreeMap::new();
        let rabbitmq = |names: &[&str]| {
            let queue = |name: &&str| Queue { name: (*name).into(), ready: 3, ..Queue::default() };
            RabbitMq { queues: names.iter().map(queue).collect(), ..RabbitMq::default() }
        };
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        note_queues(&mut trends, &rabbitmq(&["celery", "old", "x.celery.pidbox"]), at(0));
        note_queues(&mut trends, &rabbitmq(&["celery", "exports"]), at(15));
        let counts: Vec<_> =
            trends.iter().map(|(name, series)| (name.as_str(), series.points.len())).collect();
        assert_eq!(counts, [("celery", 2), ("exports", 1)]);
        let many: Vec<String> = (0..500).map(|n| format!("queue{n}")).collect();
        note_queues(&mut trends, &rabbitmq(&many.iter().map(String::as_str).collect::<Vec<_>>()), at(30));
        assert_eq!(trends.len(), QUEUES);
    }

    #[test]
    fn trends_grow_by_a_point_per_answer_and_end_after_an_hour() {
        let mut snapshot = Snapshot::default();
        for n in 0..500_u16 {
            came(&mut snapshot, i64::from(n) * 15, facts([(Topic::Machine, Ok(machine(f64::from(n))))]));
        }
        let series = &snapshot.measured(&"i-1".into()).unwrap().trends[&Gauge::Load];
        assert_eq!(series.points.last(), Some(&(at(499 * 15), 499.0)));
        assert_eq!(series.points.len(), POINTS);
        // A long pause, as when nobody looked: what is older than an hour has gone.
        came(&mut snapshot, 500 * 15 + 3600, facts([(Topic::Machine, Ok(machine(1.0)))]));
        let series = &snapshot.measured(&"i-1".into()).unwrap().trends[&Gauge::Load];
        assert_eq!(series.points.len(), 1);
    }

    #[test]
    fn servers_that_have_gone_or_that_nobody_wants_are_forgotten() {
        let mut snapshot = Snapshot::default();
        let mut stopped = server("i-2", "staging", "web");
        stopped.power = Power::Stopped;
        let all = [server("i-1", "staging", "web"), stopped].map(|s| (s.id.clone(), s));
        snapshot.servers.succeed(all.into(), at(0));
        for id in ["i-1", "i-2", "i-gone"] {
            let came = facts([(Topic::Machine, Ok(machine(1.0)))]);
            merge(&mut snapshot, HostOutcome { instance: id.into(), at: at(0), came });
        }
        forget(&mut snapshot, |_| true, at(3600));
        assert_eq!(snapshot.measured.keys().map(InstanceId::as_str).collect::<Vec<_>>(), ["i-1"]);
        forget(&mut snapshot, |_| false, at(60));
        assert_eq!(snapshot.measured.len(), 1);
        forget(&mut snapshot, |_| false, at(3600));
        assert_eq!(snapshot.measured.len(), 0);
    }

    #[test]
    fn without_an_answer_about_servers_nothing_is_forgotten() {
        let mut snapshot = Snapshot::default();
        came(&mut snapshot, 0, facts([(Topic::Machine, Ok(machine(1.0)))]));
        forget(&mut snapshot, |_| true, at(3600));
        assert_eq!(snapshot.measured.len(), 1);
    }
}
