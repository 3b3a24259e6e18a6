//! Takes outcomes into the snapshot. Pure: a good value replaces the old one, a failure keeps it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::part::{Found, Outcome, Part};
use super::want;
use crate::cloud::CloudError;
use crate::fleet::{Interest, MetricKey, Reading, Snapshot, Source, Topology};

/// What nobody has looked at for so long is let go.
const FORGET: SignedDuration = SignedDuration::from_mins(15);

/// What an outcome did to the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// The same values, read again.
    Age,
    /// Something is different.
    Content,
}

/// Takes in one outcome.
pub(crate) fn merge(snapshot: &mut Snapshot, topology: &Topology, outcome: Outcome) -> Change {
    let Outcome { part, at, result } = outcome;
    match (part, result) {
        (part, Err(error)) => fail(snapshot, &part, &error, at),
        (_, Ok(Found::Identity(identity))) => put(&mut snapshot.identity, identity, at),
        (_, Ok(Found::Servers(all))) => {
            put(&mut snapshot.servers, all.into_iter().map(|s| (s.id.clone(), s)).collect(), at)
        }
        (_, Ok(Found::Groups(all))) => {
            put(&mut snapshot.groups, all.into_iter().map(|g| (g.name.clone(), g)).collect(), at)
        }
        (_, Ok(Found::LoadBalancers(all))) => {
            put(&mut snapshot.load_balancers, all.into_iter().map(|b| (b.name.clone(), b)).collect(), at)
        }
        (_, Ok(Found::Checks(all))) => put(&mut snapshot.checks, all, at),
        (_, Ok(Found::CreditModes(all))) => put(&mut snapshot.credit_modes, all, at),
        (_, Ok(Found::Draining(all))) => put(&mut snapshot.draining, all, at),
        (_, Ok(Found::Locks(all))) => put(&mut snapshot.locks, all, at),
        (Part::Health(name), Ok(Found::Health(members))) => {
            snapshot.note_members(&name, &members, at);
            let source = Source::ElbDescribeInstanceHealth;
            put(snapshot.health.entry(name).or_insert_with(|| Reading::never(source)), members, at)
        }
        (Part::Activities(name), Ok(Found::Activities(list))) => {
            let source = Source::AutoScalingDescribeActivities;
            put(snapshot.activities.entry(name).or_insert_with(|| Reading::never(source)), list, at)
        }
        (Part::Launch(asked), Ok(Found::Launch(found))) => {
            let mut all = snapshot.launch.value().cloned().unwrap_or_default();
            all.retain(|source, _| !asked.contains(source));
            all.extend(found.into_iter().map(|s| (s.source.clone(), s)));
            let used = want::launch_sources(snapshot);
            all.retain(|source, _| used.contains(source));
            put(&mut snapshot.launch, all, at)
        }
        (Part::Images(asked), Ok(Found::Images(found))) => {
            let mut all = snapshot.images.value().cloned().unwrap_or_default();
            all.retain(|id, _| !asked.contains(id));
            all.extend(found.into_iter().map(|i| (i.id.clone(), i)));
            let used = want::images(snapshot, topology);
            all.retain(|id, _| used.contains(id));
            put(&mut snapshot.images, all, at)
        }
        (Part::Certificates(source, _), Ok(Found::Certificates(all))) => {
            let reading = snapshot.certificates.entry(source);
            let reading = reading.or_insert_with(|| Reading::never(source.reading()));
            put(reading, all.into_iter().map(|one| (one.arn.clone(), one)).collect(), at)
        }
        (Part::Metrics(keys), Ok(Found::Metrics(mut series))) => keys
            .into_iter()
            .map(|key| {
                if let Some(points) = series.remove(&key) {
                    return put(metric(snapshot, key), points, at);
                }
                let said =
                    "CloudWatch did not tell this number (cloudwatch:GetMetricData); it is tried again";
                fail(snapshot, &Part::Metrics([key].into()), &CloudError::Other(said.to_owned()), at)
            })
            .max()
            .unwrap_or(Change::Age),
        (Part::Balances(keys), Ok(Found::Metrics(mut series))) => {
            // Of a volume without bursts CloudWatch tells nothing: that is an answer.
            let all = keys.into_iter().map(|key| {
                let points = series.remove(&key).unwrap_or_default();
                put(balance(snapshot, key), points, at)
            });
            all.max().unwrap_or(Change::Age)
        }
        // An answer to another question than was asked cannot come out of `fetch`.
        (_, Ok(_)) => Change::Age,
    }
}

/// Lets go of what a load balancer's members were once it is known not to exist: it is missing, its health is
/// not unread.
pub(crate) fn forget_absent(snapshot: &mut Snapshot) {
    if let Some(all) = snapshot.load_balancers.value() {
        snapshot.health.retain(|name, _| all.contains_key(name));
        snapshot.since.retain(|name, _| all.contains_key(name));
    }
}

/// Lets go of numbers and activities that nobody has looked at for a while.
pub(crate) fn forget(snapshot: &mut Snapshot, interest: &Interest, topology: &Topology, now: Timestamp) {
    fn recent<T>(reading: &Reading<T>, now: Timestamp) -> bool {
        reading.read_at().is_some_and(|at| now.duration_since(at) < FORGET)
    }
    let (metrics, groups) = (want::metrics(interest, topology), want::groups(interest, topology));
    snapshot.metrics.retain(|key, reading| metrics.contains(key) || recent(reading, now));
    let balances: BTreeSet<MetricKey> = want::balances(snapshot, topology).into_iter().collect();
    snapshot.balances.retain(|key, _| balances.contains(key));
    snapshot.activities.retain(|name, reading| groups.contains(name) || recent(reading, now));
}

fn put<T: PartialEq>(reading: &mut Reading<T>, value: T, at: Timestamp) -> Change {
    let same = reading.failure().is_none() && reading.value() == Some(&value);
    reading.succeed(value, at);
    if same { Change::Age } else { Change::Content }
}

fn metric(snapshot: &mut Snapshot, key: MetricKey) -> &mut Reading<crate::fleet::Series> {
    snapshot.metrics.entry(key).or_insert_with(|| Reading::never(Source::CloudWatchGetMetricData))
}

fn balance(snapshot: &mut Snapshot, key: MetricKey) -> &mut Reading<crate::fleet::Series> {
    snapshot.balances.entry(key).or_insert_with(|| Reading::never(Source::CloudWatchGetMetricData))
}

fn fail(snapshot: &mut Snapshot, part: &Part, error: &CloudError, at: Timestamp) -> Change {
    fn keep<T>(reading: &mut Reading<T>, error: &CloudError, at: Timestamp) -> Change {
        let before = reading.failure().cloned();
        reading.fail(error.kind(), error.to_string(), at);
        if reading.failure() == before.as_ref() { Change::Age } else { Change::Content }
    }
    fn named<'a, K: Ord + Clone, T>(
        all: &'a mut BTreeMap<K, Reading<T>>,
        key: &K,
        source: Source,
    ) -> &'a mut Reading<T> {
        all.entry(key.clone()).or_insert_with(|| Reading::never(source))
    }
    let source = part.source();
    match part {
        Part::Identity => keep(&mut snapshot.identity, error, at),
        Part::Servers => keep(&mut snapshot.servers, error, at),
        Part::Groups => keep(&mut snapshot.groups, error, at),
        Part::LoadBalancers => keep(&mut snapshot.load_balancers, error, at),
        Part::Locks => keep(&mut snapshot.locks, error, at),
        Part::Checks(_) => keep(&mut snapshot.checks, error, at),
        Part::CreditModes(_) => keep(&mut snapshot.credit_modes, error, at),
        Part::Draining(_) => keep(&mut snapshot.draining, error, at),
        Part::Balances(keys) => {
            let all = keys.iter().map(|key| keep(balance(snapshot, key.clone()), error, at));
            all.max().unwrap_or(Change::Age)
        }
        Part::Health(name) => keep(named(&mut snapshot.health, name, source), error, at),
        Part::Activities(name) => keep(named(&mut snapshot.activities, name, source), error, at),
        Part::Launch(_) => keep(&mut snapshot.launch, error, at),
        Part::Images(_) => keep(&mut snapshot.images, error, at),
        Part::Certificates(of, _) => keep(named(&mut snapshot.certificates, of, source), error, at),
        Part::Metrics(keys) => {
            keys.iter().map(|key| keep(metric(snapshot, key.clone()), error, at)).max().unwrap_or(Change::Age)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sample::epoch;
    use crate::fleet::{HealthState, MemberHealth, Since};
    use crate::fleet::{Measure, Series, Subject};

    fn nobody() -> Topology {
        Topology {
            deployment: "myproject".into(),
            region: "us-east-1".into(),
            environments: Vec::new(),
            ssh_address: crate::fleet::AddressChoice::Private,
        }
    }

    fn read(snapshot: &mut Snapshot, second: i64, states: &[(&str, HealthState)]) {
        let members = states.iter().map(|(id, state)| MemberHealth {
            instance: (*id).into(),
            state: *state,
            reason_code: None,
            description: None,
        });
        let (part, at) = (Part::Health("lb".into()), epoch() + SignedDuration::from_secs(second));
        merge(snapshot, &nobody(), Outcome { part, at, result: Ok(Found::Health(members.collect())) });
    }

    #[test]
    fn a_member_is_as_it_is_since_it_was_seen_to_turn_or_at_least_since_it_was_first_seen() {
        use HealthState::{InService, OutOfService};
        let mut snapshot = Snapshot::default();
        let since = |snapshot: &Snapshot, id: &str| snapshot.since(&"lb".into(), &id.into());
        let after = |second, turned| Some(Since { at: epoch() + SignedDuration::from_secs(second), turned });
        read(&mut snapshot, 0, &[("i-1", OutOfService), ("i-2", InService)]);
        assert_eq!(since(&snapshot, "i-1"), after(0, false));
        read(&mut snapshot, 10, &[("i-1", OutOfService), ("i-2", OutOfService), ("i-3", InService)]);
        assert_eq!(since(&snapshot, "i-1"), after(0, false));
        assert_eq!(since(&snapshot, "i-2"), after(10, true));
        assert_eq!(since(&snapshot, "i-3"), after(10, true));
        // A failed read neither turns nor forgets anything.
        let (part, at) = (Part::Health("lb".into()), epoch());
        merge(
            &mut snapshot,
            &nobody(),
            Outcome { part, at, result: Err(CloudError::Throttled("slow".into())) },
        );
        read(&mut snapshot, 30, &[("i-1", InService), ("i-2", OutOfService)]);
        assert_eq!(since(&snapshot, "i-1"), after(30, true));
        assert_eq!(since(&snapshot, "i-2"), after(10, true));
        assert_eq!(since(&snapshot, "i-3"), None);
    }

    #[test]
    fn a_number_left_out_of_an_answer_is_unread_and_the_others_are_there() {
        let mut snapshot = Snapshot::default();
        let key = |name: &str| MetricKey {
            subject: Subject::LoadBalancer(name.into()),
            measure: Measure::Requests,
        };
        let series = Series { period: std::time::Duration::from_secs(60), points: vec![(epoch(), 1.0)] };
        let found = Found::Metrics(BTreeMap::from([(key("told"), series.clone())]));
        let part = Part::Metrics([key("told"), key("left out")].into());
        merge(&mut snapshot, &nobody(), Outcome { part, at: epoch(), result: Ok(found) });
        assert_eq!(snapshot.metrics[&key("told")].value(), Some(&series));
        assert_eq!(snapshot.metrics[&key("left out")].value(), None);
        assert!(snapshot.metrics[&key("left out")].failure().is_some());
    }
}
