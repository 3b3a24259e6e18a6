//! The machines below servers, as EC2 and CloudWatch would tell of them: status checks, what AWS plans, and what runs out.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::OptionalExtension;

use super::clock::timestamp;
use super::read::View;
use super::waves::{grown, noise};
use crate::fleet::{
    CheckState, CreditMode, EventKind, InstanceId, LoadBalancerName, MachineStatus, Measure, MetricKey,
    PlannedEvent, Series, StatusCheck, Subject,
};

/// A status check fails: 1 is the hardware below, 2 the server's own system.
pub(super) const CHECK: &str = "status-check";
/// AWS takes its hardware out of service, so many hours after it was told.
const RETIREMENT: &str = "retirement";
const CREDITS: &str = "credits-low";
const BURSTS: &str = "burst-low";

/// CloudWatch has such a number every five minutes.
const PERIOD: i64 = 5 * 60_000;
/// The disk of data is of a type that has bursts; the root disk is not.
const BURSTING: &str = "/dev/sdf";

struct Trouble {
    since: i64,
    until: Option<i64>,
    amount: f64,
}

/// A load balancer that breaks off what is under way at a server that leaves.
const NO_DRAINING: &str = "no-draining";

impl View<'_> {
    /// For how long load balancers let requests end.
    pub(super) fn draining(
        &self,
        names: &[LoadBalancerName],
    ) -> rusqlite::Result<BTreeMap<LoadBalancerName, Option<u32>>> {
        let mut all = BTreeMap::new();
        for name in names {
            let is_there =
                self.c.prepare_cached("SELECT 1 FROM balancers WHERE name = ?1")?.exists([name.as_str()])?;
            if is_there {
                let off = self.troubles_of(name.as_str(), NO_DRAINING)?.iter().any(|one| one.until.is_none());
                all.insert(name.clone(), (!off).then_some(300));
            }
        }
        Ok(all)
    }

    /// What EC2 says of those of these servers that run.
    pub(super) fn machine_status(
        &self,
        ids: &[InstanceId],
    ) -> rusqlite::Result<BTreeMap<InstanceId, MachineStatus>> {
        let mut all = BTreeMap::new();
        for id in ids {
            let runs = self
                .c
                .prepare_cached("SELECT 1 FROM instances WHERE id = ?1 AND power = 'running'")?
                .exists([id.as_str()])?;
            if runs {
                all.insert(id.clone(), self.status(id.as_str())?);
            }
        }
        Ok(all)
    }

    fn status(&self, id: &str) -> rusqlite::Result<MachineStatus> {
        let broken = self.troubles_of(id, CHECK)?.into_iter().find(|trouble| trouble.until.is_none());
        let check = |which: f64| {
            let fails = broken.as_ref().filter(|trouble| trouble.amount.total_cmp(&which).is_eq());
            StatusCheck {
                state: if fails.is_some() { CheckState::Impaired } else { CheckState::Ok },
                since: fails.map(|trouble| timestamp(trouble.since)),
            }
        };
        let planned = self.troubles_of(id, RETIREMENT)?.into_iter().filter(|trouble| trouble.until.is_none());
        let events = planned.map(|trouble| {
            #[allow(clippy::cast_possible_truncation, reason = "hours")]
            let from = trouble.since + (trouble.amount * 3_600_000.0) as i64;
            PlannedEvent {
                kind: EventKind::Retirement,
                from: Some(timestamp(from)),
                until: None,
                words: "The instance is running on degraded hardware".to_owned(),
            }
        });
        // Where the hardware is broken, what runs on it does not answer either.
        let (system, mut instance) = (check(1.0), check(2.0));
        if system.fails() {
            instance = system;
        }
        Ok(MachineStatus { system, instance, disks: StatusCheck::default(), events: events.collect() })
    }

    fn troubles_of(&self, id: &str, kind: &str) -> rusqlite::Result<Vec<Trouble>> {
        self.c
            .prepare_cached(
                "SELECT since, until, amount FROM troubles WHERE subject = ?1 AND kind = ?2 ORDER BY since",
            )?
            .query_map([id, kind], |row| {
                Ok(Trouble { since: row.get(0)?, until: row.get(1)?, amount: row.get(2)? })
            })?
            .collect()
    }

    /// In this world servers of burstable types are held back without credits.
    pub(super) fn credit_modes(
        &self,
        ids: &[InstanceId],
    ) -> rusqlite::Result<BTreeMap<InstanceId, CreditMode>> {
        let mut modes = BTreeMap::new();
        for id in ids {
            let kind = self.type_of(id.as_str())?.map(|(kind, _)| kind);
            if kind.is_some_and(|kind| CreditMode::usual(&kind).is_some()) {
                modes.insert(id.clone(), CreditMode::Standard);
            }
        }
        Ok(modes)
    }

    fn type_of(&self, id: &str) -> rusqlite::Result<Option<(String, i64)>> {
        self.c
            .prepare_cached("SELECT instance_type, launched_at FROM instances WHERE id = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }

    /// What is left of credits and bursts, over the last `window`. What has neither gives no points.
    pub(super) fn balances(
        &self,
        keys: &[&MetricKey],
        window: Duration,
    ) -> rusqlite::Result<BTreeMap<MetricKey, Series>> {
        let mut owners: BTreeMap<String, String> = BTreeMap::new();
        if keys.iter().any(|key| key.measure == Measure::Burst) {
            let mut statement = self.c.prepare_cached("SELECT id FROM instances")?;
            for id in statement.query_map([], |row| row.get::<_, String>(0))? {
                let id = id?;
                owners.insert(self.dice.id("vol", &format!("{id} {BURSTING}"), 0), id);
            }
        }
        let mut answer = BTreeMap::new();
        for key in keys {
            let (owner, kind, full) = match (&key.subject, key.measure) {
                (Subject::Server(id), Measure::Credits) => (Some(id.as_str()), CREDITS, 288.0),
                (Subject::Volume(volume), Measure::Burst) => {
                    (owners.get(volume).map(String::as_str), BURSTS, 100.0)
                }
                _ => (None, "", 0.0),
            };
            let points = match owner {
                Some(owner) => self.left(owner, kind, full, window)?,
                None => Vec::new(),
            };
            answer.insert((*key).clone(), Series { period: Duration::from_secs(300), points });
        }
        Ok(answer)
    }

    fn left(
        &self,
        owner: &str,
        kind: &str,
        full: f64,
        window: Duration,
    ) -> rusqlite::Result<Vec<(jiff::Timestamp, f64)>> {
        let Some((instance_type, born)) = self.type_of(owner)? else { return Ok(Vec::new()) };
        if kind == CREDITS && CreditMode::usual(&instance_type).is_none() {
            return Ok(Vec::new());
        }
        let troubles = self.troubles_of(owner, kind)?;
        // A minute's number is there a minute after it is over.
        let newest = (self.now - 2 * 60_000).div_euclid(PERIOD);
        let count = i64::try_from(window.as_secs() / 300).unwrap_or(12).clamp(0, 288);
        let mut points = Vec::new();
        for n in (newest + 1 - count)..=newest {
            let at = n * PERIOD;
            let lasts = |trouble: &&Trouble| at >= trouble.since && trouble.until.is_none_or(|end| at < end);
            let gone =
                troubles.iter().filter(lasts).map(|trouble| trouble.amount * grown(at - trouble.since));
            let gone = gone.fold(0.0, f64::max).clamp(0.0, 1.0);
            let usual = full * (0.94 + 0.06 * noise(self.dice, &format!("{kind} {owner}"), n));
            if at >= born {
                points.push((timestamp(at), (usual * (1.0 - gone)).round()));
            }
        }
        Ok(points)
    }
}
