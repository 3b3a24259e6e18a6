//! What is due when. Pure: time is what the caller says, as the time since the loop began.

mod machines;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::backoff::Backoff;
use super::part::Part;
use super::{Command, Pace, want};
use crate::fleet::{
    CertificateSource, FailureKind, GroupName, ImageId, Interest, LaunchSource, LoadBalancerName, MetricKey,
    Reading, Snapshot, Topology,
};

/// Without a key for so long, it is idle.
const IDLE_AFTER: Duration = Duration::from_secs(5 * 60);

/// Something that has been "changing" without any change for so long is not worth the fast pace.
const STUCK_AFTER: Duration = Duration::from_secs(10 * 60);

/// Load balancers themselves hardly change: every so many beats.
const BALANCERS_EVERY: u64 = 4;

/// At most so many load balancers that nobody looks at have their health read in one beat, in turn.
const HEALTH_PER_BEAT: usize = 12;

/// What is missing or moving (a deleted configuration, `$Latest`, an image being made) is asked for again
/// after this time; identity too while it is not known.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// The shortest time between two refreshes asked for by hand.
const MANUAL_GAP: Duration = Duration::from_secs(1);

/// What was asked for, to know when it may be asked again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    Identity,
    Locks,
    Health(LoadBalancerName),
    Activities(GroupName),
    Launch(LaunchSource),
    Image(ImageId),
    Certificates(CertificateSource),
    Checks,
    CreditModes,
    Draining,
    /// When balances were asked for last, whichever.
    Balances,
    Balance(MetricKey),
    Metric(MetricKey),
}

/// Decides what is due.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    topology: Arc<Topology>,
    pace: Pace,
    interest: Interest,
    backoff: Backoff,
    forced: bool,
    identity_doubted: bool,
    beats: u64,
    beat_at: Option<Duration>,
    started_at: Option<Duration>,
    awake_at: Duration,
    changed_at: Duration,
    /// There will be no second refresh.
    once: bool,
    asked: BTreeMap<Topic, Duration>,
}

impl Schedule {
    /// Everything is due at once.
    pub(crate) fn new(topology: Arc<Topology>, pace: Pace, seed: u64) -> Self {
        Self {
            topology,
            pace,
            interest: Interest::default(),
            backoff: Backoff::new(seed),
            forced: false,
            identity_doubted: false,
            beats: 0,
            beat_at: None,
            started_at: None,
            awake_at: Duration::ZERO,
            changed_at: Duration::ZERO,
            once: false,
            asked: BTreeMap::new(),
        }
    }

    /// There will be no second refresh: what waits for the answers of the first is asked for in it.
    pub(crate) fn look_once(&mut self) {
        self.once = true;
    }

    /// What somebody looks at.
    pub(crate) const fn interest(&self) -> &Interest {
        &self.interest
    }

    /// Takes in what the console asks.
    pub(crate) fn command(&mut self, command: Command, now: Duration) {
        match command {
            Command::Now => {
                self.forced = true;
                self.awake_at = now;
            }
            Command::Look(interest) => {
                if interest != self.interest {
                    self.awake_at = now;
                }
                self.interest = interest;
            }
            Command::Awake | Command::Trust { .. } => self.awake_at = now,
        }
    }

    /// Something in the snapshot is different from before.
    pub(crate) fn changed(&mut self, now: Duration) {
        self.changed_at = now;
    }

    /// The credentials did not work: who we are may be something else once they do.
    pub(crate) fn doubt_identity(&mut self) {
        self.identity_doubted = true;
    }

    /// Who we are is known.
    pub(crate) fn identity_known(&mut self) {
        self.identity_doubted = false;
    }

    /// A refresh has ended.
    pub(crate) fn ended(&mut self, throttled: bool) {
        self.backoff.ended(throttled);
    }

    /// The time between beats just now, back-off aside.
    fn interval(&self, now: Duration, snapshot: &Snapshot) -> Duration {
        let moving =
            want::is_changing(snapshot, &self.topology) && now.saturating_sub(self.changed_at) < STUCK_AFTER;
        if self.interest.busy || moving {
            self.pace.fast
        } else if now.saturating_sub(self.awake_at) >= IDLE_AFTER {
            self.pace.idle
        } else {
            self.pace.normal
        }
    }

    /// When the next beat is due: servers, groups, health, activities.
    fn beat_due(&self, now: Duration, snapshot: &Snapshot) -> Duration {
        self.beat_at.map_or(now, |at| at + self.backoff.stretch(self.interval(now, snapshot)))
    }

    /// Until when AWS wants fewer requests; `None` when it does not.
    pub(crate) fn slowed_until(&self, now: Duration, snapshot: &Snapshot) -> Option<Duration> {
        self.backoff.is_slow().then(|| self.beat_due(now, snapshot))
    }

    /// When something is next due; never before `now`.
    pub(crate) fn next_at(&self, now: Duration, snapshot: &Snapshot) -> Duration {
        if self.forced {
            return self.started_at.map_or(now, |at| (at + MANUAL_GAP).max(now));
        }
        let beat = self.beat_due(now, snapshot);
        if self.beats == 0 || self.backoff.is_slow() {
            return beat.max(now);
        }
        let metrics = want::metrics(&self.interest, &self.topology);
        let metrics = metrics.into_iter().map(|key| self.again_at(&Topic::Metric(key), self.pace.metrics));
        let activities = want::groups(&self.interest, &self.topology);
        let activities = activities
            .into_iter()
            .map(Topic::Activities)
            .filter(|topic| !self.asked.contains_key(topic))
            .map(|_| now);
        // What was never read does not wait for the next beat.
        let locks = (!self.asked.contains_key(&Topic::Locks)).then_some(now);
        let machines = self.machines_at(snapshot);
        metrics.chain(activities).chain(locks).chain(machines).chain([beat]).min().unwrap_or(beat).max(now)
    }

    /// When a topic may be asked for again; zero when it never was.
    fn again_at(&self, topic: &Topic, period: Duration) -> Duration {
        self.asked.get(topic).map_or(Duration::ZERO, |at| *at + period)
    }

    /// The parts of the refresh that starts now; empty when nothing is due. Marks them as asked for.
    pub(crate) fn start(&mut self, now: Duration, snapshot: &Snapshot) -> Vec<Part> {
        if self.next_at(now, snapshot) > now {
            return Vec::new();
        }
        let forced = std::mem::take(&mut self.forced);
        let beat = forced || self.beat_due(now, snapshot) <= now;
        let mut parts = Vec::new();
        if forced {
            self.asked.retain(|topic, _| !matches!(topic, Topic::Certificates(_)));
        }
        if beat {
            parts.extend([Part::Servers, Part::Groups]);
            if forced
                || self.beats.is_multiple_of(BALANCERS_EVERY)
                || snapshot.load_balancers.failure().is_some()
            {
                parts.push(Part::LoadBalancers);
            }
            parts.extend(self.health(snapshot, forced).into_iter().map(Part::Health));
            if self.identity_due(now, snapshot) {
                parts.push(Part::Identity);
            }
        }
        for name in want::groups(&self.interest, &self.topology) {
            if beat || !self.asked.contains_key(&Topic::Activities(name.clone())) {
                parts.push(Part::Activities(name));
            }
        }
        // The first picture comes without numbers and locks, and so sooner.
        if forced || self.beats > 0 {
            let often = self.locks_period(snapshot);
            let first = !self.asked.contains_key(&Topic::Locks);
            if forced || first || beat && self.again_at(&Topic::Locks, often) <= now {
                parts.push(Part::Locks);
            }
            let due = want::metrics(&self.interest, &self.topology)
                .into_iter()
                .filter(|k| forced || self.again_at(&Topic::Metric(k.clone()), self.pace.metrics) <= now);
            parts.extend(want::chunks(due).into_iter().map(Part::Metrics));
            parts.extend(self.machines(now, snapshot, forced));
        }
        if beat {
            self.beats += 1;
            self.beat_at = Some(now);
            let certificates = self.pace.certificates;
            self.asked.retain(|topic, at| {
                let kept = STUCK_AFTER.max(self.pace.metrics);
                let rare = matches!(
                    topic,
                    Topic::Certificates(_)
                        | Topic::Checks
                        | Topic::CreditModes
                        | Topic::Draining
                        | Topic::Balance(_)
                );
                let kept = if rare { kept.max(certificates).max(machines::NO_BURSTS) } else { kept };
                now.saturating_sub(*at) < kept
            });
        }
        self.started_at = Some(now);
        self.mark(&parts, now);
        parts
    }

    /// The time between two reads of locks. Where one is held, or something was left, somebody waits for its end.
    fn locks_period(&self, snapshot: &Snapshot) -> Duration {
        let any = snapshot.locks.value().is_some_and(|all| !all.is_empty());
        if any { self.pace.normal.min(self.pace.locks) } else { self.pace.locks }
    }

    fn identity_due(&self, now: Duration, snapshot: &Snapshot) -> bool {
        (snapshot.identity.value().is_none() || self.identity_doubted)
            && self.again_at(&Topic::Identity, ASK_AGAIN) <= now
    }

    /// The load balancers whose health is read in this beat: those looked at, those never read, and a
    /// bounded number of the others, longest unread first. Those known not to exist are left out.
    fn health(&self, snapshot: &Snapshot, forced: bool) -> Vec<LoadBalancerName> {
        let looked_at = want::balancers(&self.interest, &self.topology);
        let exists = |name: &LoadBalancerName| {
            snapshot.load_balancers.value().is_none_or(|all| all.contains_key(name))
        };
        let last = |name: &LoadBalancerName| self.asked.get(&Topic::Health(name.clone())).copied();
        let (now, mut later): (Vec<_>, Vec<_>) = self
            .topology
            .load_balancers()
            .into_iter()
            .filter(exists)
            .partition(|name| forced || looked_at.contains(name) || last(name).is_none());
        later.sort_by_key(last);
        later.truncate(HEALTH_PER_BEAT);
        now.into_iter().chain(later).collect()
    }

    /// What the answers so far call for in the same refresh: launch settings and images never seen before.
    /// They never change, so they are read once; what is missing or moving is asked for again now and then.
    /// `settled` says whether nothing is under way any more that could call for more images.
    pub(crate) fn follow_ups(&mut self, now: Duration, snapshot: &Snapshot, settled: bool) -> Vec<Part> {
        let mut parts = Vec::new();
        if snapshot.groups.value().is_some() {
            let wanted = want::launch_sources(snapshot);
            let sources: Vec<_> =
                wanted.iter().filter(|s| self.launch_due(s, now, snapshot)).cloned().collect();
            let first = wanted.is_empty() && snapshot.launch.value().is_none();
            if first || !sources.is_empty() {
                parts.push(Part::Launch(sources));
            }
        }
        if settled && parts.is_empty() && snapshot.servers.value().is_some() {
            let wanted = want::images(snapshot, &self.topology);
            let ids: Vec<_> = wanted.iter().filter(|id| self.image_due(id, now, snapshot)).cloned().collect();
            let first = wanted.is_empty() && snapshot.images.value().is_none();
            if first || !ids.is_empty() {
                parts.push(Part::Images(ids));
            }
        }
        if snapshot.load_balancers.value().is_some() {
            for source in CertificateSource::ALL {
                let used = want::certificates(snapshot, source);
                if !used.is_empty() && self.certificates_due(source, &used, now, snapshot) {
                    parts.push(Part::Certificates(source, used.into_iter().collect()));
                }
            }
        }
        if self.once && self.interest.machines && settled && parts.is_empty() {
            parts.extend(self.machines(now, snapshot, false));
        }
        self.mark(&parts, now);
        parts
    }

    /// Certificates are read rarely; sooner where one is new to us, or the last attempt failed for what passes.
    fn certificates_due(
        &self,
        source: CertificateSource,
        used: &BTreeSet<String>,
        now: Duration,
        snapshot: &Snapshot,
    ) -> bool {
        let reading = snapshot.certificates.get(&source);
        let known = reading.and_then(Reading::value);
        let failed = reading.and_then(Reading::failure);
        let is_new = known.is_some_and(|all| used.iter().any(|arn| !all.contains_key(arn)));
        let soon = is_new || failed.is_some_and(|failure| failure.kind != FailureKind::Denied);
        let period = if soon { ASK_AGAIN } else { self.pace.certificates };
        let again = self.again_at(&Topic::Certificates(source), period);
        again <= now
    }

    fn launch_due(&self, source: &LaunchSource, now: Duration, snapshot: &Snapshot) -> bool {
        let known = snapshot.launch.value().is_some_and(|all| all.contains_key(source));
        (!known || source.is_floating()) && self.again_at(&Topic::Launch(source.clone()), ASK_AGAIN) <= now
    }

    fn image_due(&self, id: &ImageId, now: Duration, snapshot: &Snapshot) -> bool {
        let image = snapshot.images.value().and_then(|all| all.get(id));
        image.is_none_or(|i| i.state != "available")
            && self.again_at(&Topic::Image(id.clone()), ASK_AGAIN) <= now
    }

    fn mark(&mut self, parts: &[Part], now: Duration) {
        let topics: BTreeSet<Topic> = parts
            .iter()
            .flat_map(|part| match part {
                Part::Identity => vec![Topic::Identity],
                Part::Locks => vec![Topic::Locks],
                Part::Health(name) => vec![Topic::Health(name.clone())],
                Part::Activities(name) => vec![Topic::Activities(name.clone())],
                Part::Launch(all) => all.iter().cloned().map(Topic::Launch).collect(),
                Part::Certificates(source, _) => vec![Topic::Certificates(*source)],
                Part::Images(all) => all.iter().cloned().map(Topic::Image).collect(),
                Part::Checks(_) => vec![Topic::Checks],
                Part::CreditModes(_) => vec![Topic::CreditModes],
                Part::Draining(_) => vec![Topic::Draining],
                Part::Balances(all) => all.iter().cloned().map(Topic::Balance).collect(),
                Part::Metrics(all) => all.iter().cloned().map(Topic::Metric).collect(),
                Part::Servers | Part::Groups | Part::LoadBalancers => Vec::new(),
            })
            .collect();
        self.asked.extend(topics.into_iter().map(|topic| (topic, now)));
    }
}
