//! When the machines below servers are asked about. They have refreshes of their own, so that none becomes larger by it.

use std::time::Duration;

use super::{ASK_AGAIN, Schedule, Topic};
use crate::fleet::{FailureKind, MetricKey, Reading, Snapshot};
use crate::refresh::part::Part;
use crate::refresh::want;

/// A volume of which CloudWatch tells nothing is of a type without bursts, which seldom changes.
pub(super) const NO_BURSTS: Duration = Duration::from_secs(60 * 60);

/// How servers of burstable types behave without credits, and load balancers let servers go, is hardly ever changed.
const MODES: Duration = Duration::from_secs(30 * 60);

/// The most numbers of what runs out that are asked for at once, in turn: each is billed.
const BALANCES: usize = 100;

impl Schedule {
    /// When they are next due; nothing while no server is known.
    pub(super) fn machines_at(&self, snapshot: &Snapshot) -> Vec<Duration> {
        if snapshot.servers.value().is_none() {
            return Vec::new();
        }
        let checks = self.again_at(&Topic::Checks, self.checks_period(snapshot));
        vec![checks, self.again_at(&Topic::Balances, self.pace.balances)]
    }

    /// Those due now. Marks them as asked for, also where there is nothing to ask about.
    pub(super) fn machines(&mut self, now: Duration, snapshot: &Snapshot, forced: bool) -> Vec<Part> {
        if snapshot.servers.value().is_none() {
            return Vec::new();
        }
        let mut parts = Vec::new();
        if forced || self.again_at(&Topic::Checks, self.checks_period(snapshot)) <= now {
            let ids = want::machines(snapshot, &self.topology);
            self.asked.insert(Topic::Checks, now);
            parts.extend((!ids.is_empty()).then_some(Part::Checks(ids)));
        }
        parts.extend(self.draining(now, snapshot));
        if forced || self.again_at(&Topic::Balances, self.pace.balances) > now {
            return parts;
        }
        let burstable = want::burstable(snapshot, &self.topology);
        let known = snapshot.credit_modes.value();
        let is_new = burstable.iter().any(|id| known.is_none_or(|all| !all.contains_key(id)));
        let period = if is_new && !is_denied(&snapshot.credit_modes) { ASK_AGAIN } else { MODES };
        if !burstable.is_empty() && self.again_at(&Topic::CreditModes, period) <= now {
            parts.push(Part::CreditModes(burstable.clone()));
        }
        // Which credits matter is not known before; what else is due comes with them.
        if burstable.is_empty() || known.is_some() || snapshot.credit_modes.failure().is_some() {
            self.asked.insert(Topic::Balances, now);
            let keys = self.balances(now, snapshot);
            parts.extend((!keys.is_empty()).then_some(Part::Balances(keys)));
        }
        parts
    }

    /// How load balancers let servers go is hardly ever changed, either.
    fn draining(&self, now: Duration, snapshot: &Snapshot) -> Option<Part> {
        let ours = self.topology.load_balancers();
        let there = snapshot.load_balancers.value()?;
        let names: Vec<_> = ours.into_iter().filter(|name| there.contains_key(name)).collect();
        (!names.is_empty() && self.again_at(&Topic::Draining, MODES) <= now).then_some(Part::Draining(names))
    }

    /// The numbers that are due, longest unread first.
    fn balances(&self, now: Duration, snapshot: &Snapshot) -> Vec<MetricKey> {
        let last = |key: &MetricKey| self.asked.get(&Topic::Balance(key.clone())).copied();
        let period = |key: &MetricKey| {
            let told = snapshot.balances.get(key).and_then(Reading::value);
            if told.is_some_and(|series| series.points.is_empty()) { NO_BURSTS } else { self.pace.balances }
        };
        let mut keys = want::balances(snapshot, &self.topology);
        keys.retain(|key| last(key).is_none_or(|at| at + period(key) <= now));
        keys.sort_by_key(|key| last(key));
        keys.truncate(BALANCES);
        keys
    }

    /// Where nobody may ask, there is no hurry.
    fn checks_period(&self, snapshot: &Snapshot) -> Duration {
        if is_denied(&snapshot.checks) { self.pace.certificates } else { self.pace.checks }
    }
}

fn is_denied<T>(reading: &Reading<T>) -> bool {
    reading.failure().is_some_and(|failure| failure.kind == FailureKind::Denied)
}
