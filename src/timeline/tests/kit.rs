//! An environment as it should be, looked at again and again.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::fleet::measured::{Fact, Machine, Measured, Unit, Units};
use crate::fleet::sample::{Parts, epoch};
use crate::fleet::{
    EnvironmentPlace, HealthState, InstanceId, MetricKey, Reading, Series, Server, Severity, Since, Snapshot,
    Source, Thresholds, Yardstick, overview,
};
use crate::timeline::{Found, Line, Look, Ran, Recorder, Recording, Sources, Timeline, Window, timeline};
use crate::triage::Memory;

pub(super) struct Kit {
    pub(super) parts: Parts,
    pub(super) place: EnvironmentPlace,
    pub(super) measured: BTreeMap<InstanceId, Measured>,
    pub(super) metrics: BTreeMap<MetricKey, Reading<Series>>,
    pub(super) found: Vec<Found>,
    pub(super) now: Timestamp,
    pub(super) recorder: Recorder,
    pub(super) lines: Vec<Line>,
    pub(super) spoil: fn(&mut Snapshot),
}

pub(super) fn kit(web: usize) -> Kit {
    let mut parts = Parts::default();
    let place = parts.add("production", web);
    Kit {
        parts,
        place,
        measured: BTreeMap::new(),
        metrics: BTreeMap::new(),
        found: Vec::new(),
        now: epoch(),
        recorder: Recorder::default(),
        lines: Vec::new(),
        spoil: |_| {},
    }
}

pub(super) fn id(name: &str) -> InstanceId {
    format!("i-production-{name}").as_str().into()
}

impl Kit {
    pub(super) fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.parts.snapshot();
        let servers = snapshot.servers.value().cloned().unwrap_or_default();
        snapshot.servers = Reading::taken(Source::Ec2DescribeInstances, servers, self.now);
        snapshot.locks = Reading::taken(Source::SsmGetParametersByPath, BTreeMap::new(), self.now);
        snapshot.measured =
            self.measured.iter().map(|(id, one)| (id.clone(), Arc::new(one.clone()))).collect();
        snapshot.metrics = self.metrics.clone();
        (self.spoil)(&mut snapshot);
        snapshot
    }

    /// Looks, and keeps what is to be written. Gives that.
    pub(super) fn look(&mut self) -> Vec<Line> {
        self.look_with(false)
    }

    pub(super) fn look_with(&mut self, begins: bool) -> Vec<Line> {
        let snapshot = self.snapshot();
        let yardstick = Yardstick::at(self.now);
        let servers: Vec<&Server> =
            snapshot.by_environment().get(&self.place.name).cloned().unwrap_or_default();
        let row = overview::overview(&snapshot, &self.place, &servers, &yardstick);
        let look = Look {
            snapshot: &snapshot,
            place: &self.place,
            row: &row,
            servers: &servers,
            yardstick: &yardstick,
            found: Some(&self.found),
        };
        let begins = begins || self.lines.is_empty();
        let lines = self.recorder.look(&look, begins);
        self.lines.extend(lines.iter().cloned());
        lines
    }

    /// Looks every so many seconds for so long.
    pub(super) fn watch(&mut self, seconds: i64, every: i64) {
        for _ in 0..seconds / every {
            self.wait(every);
            self.look();
        }
    }

    pub(super) fn recording(&self) -> Recording {
        let mut recording = Recording::default();
        self.lines.iter().cloned().for_each(|line| recording.take_in(line));
        recording
    }

    pub(super) fn window(&self) -> Window {
        Window {
            environment: "production".into(),
            since: epoch() - SignedDuration::from_mins(1),
            until: self.now,
            thresholds: Thresholds::default(),
            pace: 1.0,
        }
    }

    pub(super) fn timeline(&self, memory: &Memory, runs: &[Ran]) -> Timeline {
        let recording = self.recording();
        let sources = Sources { recording: &recording, memory, runs };
        timeline(&sources, &self.window())
    }

    /// Titles of all entries but gaps, the earliest first, with seconds since the first look.
    pub(super) fn told(&self) -> Vec<(i64, String)> {
        self.timeline(&Memory::default(), &[])
            .entries
            .into_iter()
            .filter(|entry| entry.happening != crate::timeline::Happening::Gap)
            .map(|entry| (entry.at.duration_since(epoch()).as_secs(), entry.title))
            .collect()
    }

    pub(super) fn unit(&mut self, server: &str, unit: &str, active: &str, since: Option<Timestamp>) {
        let unit = Unit { name: unit.into(), active: active.into(), since, ..Unit::default() };
        self.fact(server, Fact::Units(Units { units: vec![unit] }));
    }

    pub(super) fn fact(&mut self, server: &str, fact: Fact) {
        let topic = fact.topic();
        let measured = self.measured.entry(id(server)).or_default();
        measured.reached_at = Some(self.now);
        measured.facts.insert(topic, Reading::taken(Source::Probe(topic), fact, self.now));
    }

    pub(super) fn machine(&mut self, server: &str, load: f64) {
        let machine = Machine {
            cores: 1,
            load: [load, load, load],
            memory_total: 100,
            memory_available: 40,
            ..Machine::default()
        };
        self.fact(server, Fact::Machine(machine));
    }

    pub(super) fn health(&mut self, server: &str, state: HealthState, words: &str) {
        let members = self.parts.health.get_mut("production-lb").unwrap();
        let member = members.iter_mut().find(|member| member.instance == id(server)).unwrap();
        (member.state, member.description) = (state, Some(words.to_owned()));
    }

    pub(super) fn find(&mut self, key: &str, severity: Severity, since: Timestamp) {
        let found = Found {
            key: key.into(),
            severity,
            title: format!("Something is wrong: {key}"),
            since: Since { at: since, turned: true },
            evidence: vec!["it is so (ssh)".into()],
            clearing: false,
        };
        self.found.push(found);
    }
}
