//! What is wrong in each environment, as triage says, and what it remembers.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::event::Effect;
use crate::fleet::text::one_line;
use crate::fleet::{EnvironmentName, Overview, Severity, Snapshot, Topology, Yardstick};
use crate::timeline::Found;
use crate::triage::{Finding, Key, Memory, Patient, Triage, examine};

/// Between two writings of a memory that only its times differ in.
const KEEP: SignedDuration = SignedDuration::from_mins(1);

/// So much of what speaks for a finding is recorded with it.
const EVIDENCE: usize = 6;

/// For how long a finding is quiet when nobody says for how long.
pub const SNOOZE: SignedDuration = SignedDuration::from_hours(1);

/// The findings of all environments.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    all: BTreeMap<EnvironmentName, Diagnosis>,
    /// Who looks, for what is said of a finding.
    pub who: String,
}

/// One environment's.
#[derive(Clone, Debug, Default)]
struct Diagnosis {
    memory: Memory,
    triage: Triage,
    /// What the timeline was told last.
    recorded: Option<Vec<(Key, Severity, bool)>>,
    /// What was asked to be kept last, and when.
    kept: Option<(Timestamp, Vec<Key>)>,
}

impl Findings {
    /// With what was remembered of each environment.
    #[must_use]
    pub fn new(memories: BTreeMap<EnvironmentName, Memory>, who: String) -> Self {
        let with = |memory| Diagnosis { memory, ..Diagnosis::default() };
        Self { all: memories.into_iter().map(|(name, memory)| (name, with(memory))).collect(), who }
    }

    /// What was found in an environment; nothing before anything was read.
    #[must_use]
    pub fn of(&self, environment: &EnvironmentName) -> Option<&Triage> {
        self.all.get(environment).map(|diagnosis| &diagnosis.triage)
    }

    /// Looks at new facts. Gives what is to be kept.
    pub fn look(
        &mut self,
        snapshot: &Snapshot,
        topology: &Topology,
        overviews: &[Overview],
        yardstick: &Yardstick,
        shown: Option<&EnvironmentName>,
    ) -> Vec<Effect> {
        // Before anything was read nothing is known, and what was known is not forgotten for it.
        if snapshot.servers.read_at().is_none() {
            return Vec::new();
        }
        let mut effects = Vec::new();
        let by_environment = snapshot.by_environment();
        for (place, row) in topology.environments.iter().zip(overviews) {
            let servers = by_environment.get(&place.name).map_or(&[][..], Vec::as_slice);
            let diagnosis = self.all.entry(place.name.clone()).or_default();
            let patient = Patient { snapshot, place, row, servers, yardstick };
            diagnosis.triage = examine(&patient, &mut diagnosis.memory);
            let news = shown == Some(&place.name) && diagnosis.read(yardstick.now);
            effects.extend(diagnosis.keep(&place.name, yardstick, news));
            effects.extend(diagnosis.record(&place.name));
        }
        effects
    }

    /// Somebody has something to say of a finding: it is told again at once, and kept.
    pub fn say(
        &mut self,
        environment: &EnvironmentName,
        yardstick: &Yardstick,
        say: impl FnOnce(&mut Memory, &Triage, &str),
    ) -> Option<Effect> {
        let who = self.who.clone();
        let diagnosis = self.all.get_mut(environment)?;
        say(&mut diagnosis.memory, &diagnosis.triage, &who);
        diagnosis.keep(environment, yardstick, true)
    }
}

impl Diagnosis {
    /// Somebody has the findings on the screen; whether any was not there before.
    fn read(&mut self, now: Timestamp) -> bool {
        let unread = |key: &Key| self.memory.entry(key).is_some_and(|entry| entry.read_at.is_none());
        // What is watched stands on it, too, and can be acted on.
        let shown = self.triage.findings.iter().chain(&self.triage.watched);
        let news: Vec<Key> = shown.map(|finding| finding.key.clone()).filter(unread).collect();
        for key in &news {
            self.memory.read(key, now);
        }
        !news.is_empty()
    }

    /// What the timeline has to know, where a finding came, went or is worse than it was.
    fn record(&mut self, name: &EnvironmentName) -> Option<Effect> {
        let found = &self.triage.findings;
        let now: Vec<_> = found.iter().map(|f| (f.key.clone(), f.severity, f.clearing)).collect();
        if self.recorded.as_ref() == Some(&now) {
            return None;
        }
        self.recorded = Some(now);
        Some(Effect::Record(name.clone(), found.iter().map(found_of).collect()))
    }

    /// What is to be kept, where something is new or it was long ago.
    fn keep(&mut self, name: &EnvironmentName, yardstick: &Yardstick, said: bool) -> Option<Effect> {
        let keys: Vec<Key> = self.triage.findings.iter().map(|finding| finding.key.clone()).collect();
        let now = yardstick.now;
        let pause = KEEP.as_secs_f64() * yardstick.speed.clamp(1.0, 1e6);
        let due = |(at, kept): &(Timestamp, Vec<Key>)| {
            *kept != keys || now.duration_since(*at).as_secs_f64() >= pause
        };
        if !said && !self.kept.as_ref().is_none_or(due) {
            return None;
        }
        self.kept = Some((now, keys));
        Some(Effect::Remember(name.clone(), Box::new(self.memory.clone())))
    }
}

/// A finding, as the timeline keeps it.
fn found_of(finding: &Finding) -> Found {
    let evidence = finding.because.iter().take(EVIDENCE);
    Found {
        key: finding.key.to_string(),
        severity: finding.severity,
        title: finding.title.clone(),
        since: finding.since,
        evidence: evidence.map(|one| one_line(&format!("{} ({})", one.text, one.source))).collect(),
        clearing: finding.clearing,
    }
}
