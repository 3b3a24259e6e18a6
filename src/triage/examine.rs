//! One look: rules, memory, causes and runbooks put together.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::finding::{Finding, Key};
use super::kind::Reach;
use super::memory::Memory;
use super::patient::Patient;
use super::rules::Symptom;
use super::table::RULES;
use super::{causes, runbook};
use crate::fleet::overview::{Gap, overview};
use crate::fleet::{EnvironmentPlace, Power, Reading, Role, Severity, Since, Snapshot, Topic, Yardstick};

/// Clocks of two looks may differ so much.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// What one look has found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Triage {
    /// What is wrong: causes by attention, each followed by what follows from it.
    pub findings: Vec<Finding>,
    /// What may become a finding if it lasts.
    pub watched: Vec<Finding>,
    /// How many facts this rests on.
    pub facts: usize,
    /// When the oldest of them was read.
    pub oldest: Option<Timestamp>,
    /// What is not known, in words.
    pub unknown: Vec<String>,
}

impl Triage {
    /// Findings that are causes and that nobody has seen yet, of one severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let open = |f: &&Finding| f.under.is_none() && f.acknowledged.is_none() && !f.clearing;
        self.findings.iter().filter(open).filter(|f| f.severity == severity).count()
    }

    /// Causes, in the order of attention.
    pub fn causes(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.under.is_none())
    }

    /// What follows from a cause, directly or by way of others.
    pub fn consequences<'a>(&'a self, cause: &'a Key) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| {
            finding.under.is_some() && causes::root(finding, &self.findings).key == *cause
        })
    }

    /// The worst of what was found and nobody has seen.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().filter(|f| f.acknowledged.is_none() && !f.clearing).map(|f| f.severity).max()
    }
}

/// Looks at one environment by itself.
#[must_use]
pub fn look(
    snapshot: &Snapshot,
    place: &EnvironmentPlace,
    yardstick: &Yardstick,
    memory: &mut Memory,
) -> Triage {
    let mut all = snapshot.by_environment();
    let servers = all.remove(&place.name).unwrap_or_default();
    let row = overview(snapshot, place, &servers, yardstick);
    examine(&Patient { snapshot, place, row: &row, servers: &servers, yardstick }, memory)
}

/// Looks at an environment. The memory is what earlier looks have left, and is brought up to date.
#[must_use]
pub fn examine(patient: &Patient<'_>, memory: &mut Memory) -> Triage {
    let yardstick = patient.yardstick;
    if memory.looked_at.is_some_and(|at| at.duration_since(yardstick.now) > AHEAD) {
        // It is of another world, or the clock was set back: what it says of times means nothing.
        *memory = Memory::default();
    }
    let mut symptoms = symptoms(patient);
    if memory.told().any(|key| !symptoms.iter().any(|s| s.key == *key)) {
        symptoms.extend(lingering(patient, &symptoms, memory));
    }
    let now = yardstick.now;
    let seen: Vec<Key> = symptoms.iter().map(|symptom| symptom.key.clone()).collect();
    let mut all: Vec<Finding> =
        symptoms.into_iter().map(|symptom| finding(patient, symptom, memory)).collect();
    let (mut findings, mut watched): (Vec<_>, Vec<_>) = all.drain(..).partition(|finding| finding.confirmed);
    watched.sort_by_key(|finding| (finding.rank(finding.key.kind.reach()), finding.key.clone()));
    for finding in &findings {
        memory.tell(finding);
    }
    findings.extend(memory.fading(&seen, now));
    causes::fold(&mut findings, patient.running(&Role::Web).count());
    let (facts, oldest, unknown) = rests_on(patient);
    Triage { findings: in_order(findings), watched, facts, oldest, unknown }
}

/// What is wrong just now, each thing once.
fn symptoms(patient: &Patient<'_>) -> Vec<Symptom> {
    let mut all: Vec<Symptom> = Vec::new();
    for symptom in RULES.iter().flat_map(|rule| (rule.find)(patient)) {
        match all.iter_mut().find(|other| other.key == symptom.key) {
            Some(other) if other.severity >= symptom.severity => {}
            Some(other) => *other = symptom,
            None => all.push(symptom),
        }
    }
    all
}

/// What was told and has got a little better, but not clearly: a number that plays around its limit does not flap.
fn lingering(patient: &Patient<'_>, now: &[Symptom], memory: &Memory) -> Vec<Symptom> {
    let eased = Yardstick { thresholds: patient.yardstick.thresholds.eased(), ..*patient.yardstick };
    let row = overview(patient.snapshot, patient.place, patient.servers, &eased);
    let patient = Patient { row: &row, yardstick: &eased, ..*patient };
    let still = |symptom: &Symptom| {
        memory.was_told(&symptom.key) && !now.iter().any(|other| other.key == symptom.key)
    };
    symptoms(&patient).into_iter().filter(still).collect()
}

fn finding(patient: &Patient<'_>, symptom: Symptom, memory: &mut Memory) -> Finding {
    let (now, pace) = (patient.yardstick.now, patient.yardstick.speed);
    let watched = memory.see(&symptom.key, now, pace);
    // Facts know better than whoever looks at them, unless they begin later: a metric that has only just gone over.
    let since = match symptom.since {
        Some(told) if told.turned => told,
        Some(told) if told.at <= watched.at => Since { turned: false, ..told },
        _ => watched,
    };
    let since = Since { at: since.at.min(now), ..since };
    let lasted = now.duration_since(since.at.min(watched.at));
    let kind = symptom.key.kind;
    let confirmed = memory.was_told(&symptom.key) || lasted >= kind.rises_after();
    let steps = runbook::steps(patient, &symptom);
    Finding {
        acknowledged: memory.acknowledged(&symptom.key, symptom.severity, now),
        noted: memory.noted(&symptom.key).cloned(),
        severity: symptom.severity,
        title: symptom.title,
        users: symptom.users,
        since,
        because: symptom.because,
        against: symptom.against,
        unknown: symptom.unknown,
        servers: symptom.servers,
        explains: symptom.explains,
        under: None,
        runbook: steps,
        confirmed,
        clearing: false,
        key: symptom.key,
    }
}

/// Causes by attention, each followed by what follows from it. What somebody has seen comes after what nobody has.
fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    let reach = reach(&findings);
    findings.sort_by(|a, b| {
        let seen = |f: &Finding| (f.clearing, f.acknowledged.is_some());
        let rank = |f: &Finding| f.rank(reach.get(&f.key).copied().unwrap_or_else(|| f.key.kind.reach()));
        seen(a).cmp(&seen(b)).then_with(|| rank(a).cmp(&rank(b))).then_with(|| a.key.cmp(&b.key))
    });
    let roots: Vec<Key> =
        findings.iter().map(|finding| causes::root(finding, &findings).key.clone()).collect();
    let mut with_roots: Vec<(Key, Finding)> = roots.into_iter().zip(findings).collect();
    let mut ordered = Vec::with_capacity(with_roots.len());
    let order: Vec<Key> =
        with_roots.iter().filter(|(_, f)| f.under.is_none()).map(|(root, _)| root.clone()).collect();
    for cause in order {
        let (mut family, rest): (Vec<_>, Vec<_>) =
            with_roots.into_iter().partition(|(root, _)| *root == cause);
        with_roots = rest;
        family.sort_by_key(|(_, finding)| finding.under.is_some());
        ordered.extend(family.into_iter().map(|(_, finding)| finding));
    }
    ordered.extend(with_roots.into_iter().map(|(_, finding)| finding));
    ordered
}

/// How much users notice of causes: as much as of the widest of what is as bad and follows from them.
fn reach(findings: &[Finding]) -> BTreeMap<Key, Reach> {
    let mut reach: BTreeMap<Key, Reach> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| !finding.clearing) {
        let root = causes::root(finding, findings);
        if finding.severity >= root.severity {
            let widest = reach.entry(root.key.clone()).or_insert_with(|| root.key.kind.reach());
            *widest = (*widest).max(finding.key.kind.reach());
        }
    }
    reach
}

/// How many facts there are, the oldest, and what is missing.
fn rests_on(patient: &Patient<'_>) -> (usize, Option<Timestamp>, Vec<String>) {
    let snapshot = patient.snapshot;
    let mut facts = 0;
    let mut oldest: Option<Timestamp> = None;
    let mut unknown = Vec::new();
    let mut read = |what: &str, at: Option<Timestamp>| match at {
        Some(at) => {
            facts += 1;
            oldest = Some(oldest.map_or(at, |oldest| oldest.min(at)));
        }
        None => unknown.push(what.to_owned()),
    };
    read("servers", snapshot.servers.read_at());
    if let Some(group) = &patient.place.group {
        read("the group", snapshot.groups.read_at());
        if let Some(activities) = snapshot.activities.get(group) {
            read("the group's activities", activities.read_at());
        }
    }
    for name in &patient.place.load_balancers {
        let at = snapshot.health.get(name).and_then(Reading::read_at);
        read(&format!("health at {name}"), at);
    }
    read("locks", snapshot.locks.read_at());
    if snapshot.checks.value().is_some() || snapshot.checks.failure().is_some() {
        read("status checks of EC2", snapshot.checks.read_at());
    }
    for server in patient.servers.iter().filter(|s| s.is_target() && s.power == Power::Running) {
        let id = server.id.short();
        let Some(measured) = snapshot.measured(&server.id) else {
            unknown.push(format!("everything on {id} ({})", server.role.role));
            continue;
        };
        let topics = Topic::ALL.into_iter().filter_map(|topic| Some((topic, measured.reading(topic)?)));
        let mut any = false;
        for (topic, reading) in topics {
            any = true;
            match Gap::of(Some(measured), topic, patient.yardstick) {
                None => {
                    facts += 1;
                    // What is asked rarely is not old because it was not asked.
                    let at = reading.read_at().filter(|_| topic.keeps() <= Topic::Machine.keeps());
                    oldest = oldest.into_iter().chain(at).min();
                }
                Some(gap) => unknown.push(format!("{} on {id}: {}", topic.word(), gap.word())),
            }
        }
        if !any {
            let why =
                Gap::of(Some(measured), Topic::Machine, patient.yardstick).map_or("?", |gap| gap.word());
            unknown.push(format!("everything on {id} ({}): {why}", server.role.role));
        }
    }
    (facts, oldest, unknown)
}
