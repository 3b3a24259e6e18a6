//! How all environments stood at a moment, put together from what was recorded into facts that screens can draw. What nobody
//! recorded is not there: nothing of it is from another moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::number::Number;
use super::recording::Recording;
use super::thing::{Kind, State, Thing};
use crate::fleet::measured::{Code, Measured, Program, Site, Supervisor, Unit, Units};
use crate::fleet::overview::{GroupCount, Overview, overview};
use crate::fleet::thresholds::judge;
use crate::fleet::{
    Changeset, EnvironmentName, EnvironmentPlace, Fact, Failure, FailureKind, HealthState, InstanceId,
    MemberHealth, Note, Power, Reading, Release, RoleTag, Server, Severity, Since, Snapshot, Source,
    Topology, Yardstick, Zone,
};
use crate::triage::{Evidence, Finding, Key, Kind as FindingKind, Triage};

/// All environments at a moment.
#[derive(Clone, Debug)]
pub struct Past {
    /// The moment.
    pub at: Timestamp,
    /// What was recorded, as facts of then.
    pub snapshot: Arc<Snapshot>,
    stood: BTreeMap<EnvironmentName, Stood>,
}

/// One environment, where somebody looked at it then.
#[derive(Clone, Debug)]
struct Stood {
    states: BTreeMap<Thing, State>,
    numbers: BTreeMap<Number, f64>,
    triage: Triage,
}

impl Past {
    /// Puts it together. Environments that nobody looked at then are not known.
    #[must_use]
    pub fn of(recordings: &BTreeMap<EnvironmentName, Recording>, topology: &Topology, at: Timestamp) -> Self {
        let mut stood = BTreeMap::new();
        let mut snapshot = Snapshot::default();
        let mut servers = BTreeMap::new();
        let mut looked: Option<Timestamp> = None;
        for place in &topology.environments {
            let Some(recording) = recordings.get(&place.name).filter(|all| all.watched(at)) else { continue };
            let states = recording.at(at);
            let look = recording.look_before(at).unwrap_or(at);
            looked = looked.into_iter().chain([look]).min();
            for (thing, state) in states.iter().filter(|(thing, _)| thing.kind == Kind::Server) {
                let Some(id) = &thing.server else { continue };
                servers.insert(id.clone(), server(id, &place.name, state, &topology.region));
                snapshot.measured.insert(id.clone(), Arc::new(measured(id, &states, look)));
            }
            for name in &place.load_balancers {
                let of = states
                    .iter()
                    .filter(|(thing, _)| thing.kind == Kind::Member && thing.name == name.as_str());
                let members: Vec<MemberHealth> =
                    of.filter_map(|(thing, state)| Some(member(thing.server.clone()?, state))).collect();
                if !members.is_empty() {
                    let reading = Reading::taken(Source::ElbDescribeInstanceHealth, members, look);
                    snapshot.health.insert(name.clone(), reading);
                }
            }
            let numbers = Number::ALL.into_iter();
            let numbers = numbers.filter_map(|number| Some((number, recording.number_at(number, at)?)));
            let triage = triage(recording, &states, at, look);
            stood.insert(place.name.clone(), Stood { numbers: numbers.collect(), triage, states });
        }
        if let Some(looked) = looked {
            snapshot.servers = Reading::taken(Source::Ec2DescribeInstances, servers, looked);
        }
        Self { at, snapshot: Arc::new(snapshot), stood }
    }

    /// Whether somebody looked at the environment then.
    #[must_use]
    pub fn is_known(&self, environment: &EnvironmentName) -> bool {
        self.stood.contains_key(environment)
    }

    /// How it stood with everything there that is recorded.
    pub fn states(&self, environment: &EnvironmentName) -> impl Iterator<Item = (&Thing, &State)> {
        self.stood.get(environment).into_iter().flat_map(|stood| &stood.states)
    }

    /// The environment's numbers then.
    pub fn numbers(&self, environment: &EnvironmentName) -> impl Iterator<Item = (Number, f64)> {
        self.stood
            .get(environment)
            .into_iter()
            .flat_map(|stood| &stood.numbers)
            .map(|(n, value)| (*n, *value))
    }

    /// What was found there then.
    #[must_use]
    pub fn triage(&self, environment: &EnvironmentName) -> Option<&Triage> {
        self.stood.get(environment).map(|stood| &stood.triage)
    }

    /// A row for each environment.
    #[must_use]
    pub fn rows(&self, topology: &Topology, yardstick: &Yardstick) -> Vec<Overview> {
        let nothing = Snapshot::default();
        let by_environment = self.snapshot.by_environment();
        let row = |place: &EnvironmentPlace| match self.stood.get(&place.name) {
            None => overview(&nothing, place, &[], yardstick),
            Some(stood) => {
                let servers = by_environment.get(&place.name).map_or(&[][..], Vec::as_slice);
                stood.row(overview(&self.snapshot, place, servers, yardstick), self.at, yardstick)
            }
        };
        topology.environments.iter().map(row).collect()
    }
}

impl Stood {
    fn of(&self, kind: Kind) -> impl Iterator<Item = (&Thing, &State)> {
        self.states.iter().filter(move |(thing, _)| thing.kind == kind)
    }

    /// The row with what is recorded of the environment as a whole.
    fn row(&self, mut row: Overview, at: Timestamp, yardstick: &Yardstick) -> Overview {
        let number = |number: Number| self.numbers.get(&number).copied();
        row.release = self.of(Kind::Launch).next().map(|(_, state)| release(state)).unwrap_or_default();
        row.group = self.group(&row);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // never negative
        let whole = |value: f64| value.max(0.0).round() as u64;
        if let Some(waiting) = number(Number::Waiting) {
            (row.queues.depth, row.queues.gap, row.queues.read_at) = (Some(whole(waiting)), None, Some(at));
            row.queues.severity = judge(waiting, yardstick.thresholds.queue_depth);
        }
        if let Some(seconds) = number(Number::Lag) {
            (row.lag.seconds, row.lag.gap, row.lag.read_at) = (Some(seconds), None, Some(at));
            row.lag.severity = judge(seconds, yardstick.thresholds.lag_seconds);
        }
        if let Some(used) = number(Number::Connections) {
            let used = u32::try_from(whole(used)).unwrap_or(u32::MAX);
            (row.connections.used, row.connections.gap, row.connections.read_at) =
                (Some(used), None, Some(at));
            row.connections.severity = Severity::Ok;
        }
        let note = |severity: Severity, text: String| Note { severity, text, since: None, lock: None };
        row.notes = self.triage.findings.iter().map(|one| note(one.severity, one.title.clone())).collect();
        row.notes.extend(
            self.of(Kind::Lock)
                .map(|(_, state)| note(Severity::Changing, format!("{} by {}", state.word, state.says))),
        );
        row.notes.sort_by_key(|note| std::cmp::Reverse(note.severity));
        let counts = [&row.web, &row.worker, &row.cache, &row.primary, &row.replica].map(|one| one.severity);
        let balancers = row.balancers.iter().map(|one| one.severity);
        let notes = row.notes.iter().map(|note| note.severity);
        row.severity = counts.into_iter().chain(balancers).chain(notes).max().unwrap_or(Severity::Ok);
        row
    }

    /// The group, where its sizes and who served are known.
    fn group(&self, row: &Overview) -> Option<GroupCount> {
        let (_, state) = self.of(Kind::Sizes).next()?;
        let (desired, range) = state.word.split_once(" of ")?;
        let (min, max) = range.split_once('–')?;
        let sizes = (min.parse().ok()?, desired.parse().ok()?, max.parse().ok()?);
        let suspended: Vec<String> = self.of(Kind::Process).map(|(thing, _)| thing.name.clone()).collect();
        let severity = if suspended.is_empty() { Severity::Ok } else { Severity::Warn };
        // Members of the group are not recorded one by one: those that its load balancers had in service are.
        let (in_service, _) = row.web_in_service()?;
        Some(GroupCount { in_service, sizes, suspended, behind: 0, severity })
    }
}

fn release(state: &State) -> Release {
    let changeset = (!state.says.is_empty()).then(|| Changeset::new(state.says.as_str()));
    Release { changeset, launch: Some(state.word.clone()), ..Release::default() }
}

/// A server, as far as it is recorded: `web, 1c, c5.large`.
fn server(id: &InstanceId, environment: &EnvironmentName, state: &State, region: &str) -> Server {
    let mut words = state.says.splitn(3, ", ");
    let mut word = || words.next().unwrap_or("?").to_owned();
    let (role, zone, instance_type) = (word(), word(), word());
    let zone = match region.rsplit_once('-') {
        Some((area, _)) if zone != "?" => format!("{area}-{zone}"),
        _ => zone,
    };
    Server {
        id: id.clone(),
        name: None,
        environment: Some(environment.clone()),
        role: RoleTag::parse(&role),
        power: Power::parse(&state.word),
        power_reason: None,
        zone: Zone::new(zone),
        instance_type,
        image: "?".into(),
        launched_at: None,
        private_address: None,
        public_address: None,
        private_dns: None,
        public_dns: None,
        vpc: None,
        subnet: None,
        key_name: None,
        instance_profile: None,
        security_groups: Vec::new(),
        security_group_ids: Vec::new(),
        volumes: BTreeMap::new(),
        group: None,
        tags: BTreeMap::new(),
    }
}

/// A member, in the words from which the same is understood.
fn member(instance: InstanceId, state: &State) -> MemberHealth {
    let (health, words) = match state.severity {
        Severity::Ok => (HealthState::InService, "N/A"),
        Severity::Unknown => (HealthState::Unknown, "N/A"),
        Severity::Changing if state.word == "leaving" => {
            (HealthState::OutOfService, "Instance deregistration currently in progress.")
        }
        Severity::Changing => (HealthState::OutOfService, "Instance registration is still in progress."),
        _ => (HealthState::OutOfService, state.says.as_str()),
    };
    MemberHealth { instance, state: health, reason_code: None, description: Some(words.to_owned()) }
}

/// What was measured on a server, as far as it is recorded.
fn measured(id: &InstanceId, states: &BTreeMap<Thing, State>, look: Timestamp) -> Measured {
    let on = |kind: Kind| {
        let of = move |(thing, _): &(&Thing, &State)| thing.kind == kind && thing.server.as_ref() == Some(id);
        states.iter().filter(of)
    };
    let mut measured = Measured::default();
    match on(Kind::Reach).next() {
        Some((_, state)) if state.word == "unreachable" => {
            let (kind, message) = (FailureKind::Unreachable, format!("recorded: {}", state.says));
            measured.unreachable = Some(Failure { since: look, kind, message });
        }
        Some(_) => measured.reached_at = Some(look),
        None => {}
    }
    let mut fact = |fact: Fact| {
        let topic = fact.topic();
        measured.facts.insert(topic, Reading::taken(Source::Probe(topic), fact, look));
    };
    let units: Vec<Unit> = on(Kind::Unit)
        .map(|(thing, state)| Unit {
            name: thing.name.clone(),
            active: state.word.clone(),
            sub: state.says.clone(),
            ..Unit::default()
        })
        .collect();
    if !units.is_empty() {
        fact(Fact::Units(Units { units }));
    }
    let programs: Vec<Program> = on(Kind::Program)
        .map(|(thing, state)| Program {
            name: thing.name.clone(),
            state: state.word.to_uppercase(),
            detail: state.says.clone(),
            ..Program::default()
        })
        .collect();
    if !programs.is_empty() {
        fact(Fact::Supervisor(Supervisor { programs }));
    }
    if let Some((_, state)) = on(Kind::Code).next() {
        fact(Fact::Code(Code { changeset: state.word.clone(), branch: None }));
    }
    let is_up = |kind: Kind| on(kind).any(|(_, state)| state.word == "up");
    let (maintenance, health_override) = (is_up(Kind::Page), is_up(Kind::Override));
    if maintenance || health_override {
        fact(Fact::Site(Site { maintenance, health_override, ..Site::default() }));
    }
    measured
}

/// What was found then, with what spoke for it. What was to be done then, nobody can do any more.
fn triage(recording: &Recording, states: &BTreeMap<Thing, State>, at: Timestamp, look: Timestamp) -> Triage {
    let found = states.iter().filter(|(thing, _)| thing.kind == Kind::Finding);
    let mut findings: Vec<Finding> =
        found.filter_map(|(thing, state)| finding(recording, thing, state, at)).collect();
    findings.sort_by_key(|one| (std::cmp::Reverse(one.severity), one.key.kind, one.since.at));
    Triage {
        findings,
        watched: Vec::new(),
        facts: states.len(),
        oldest: Some(look),
        unknown: vec!["what is not recorded: why it was not so, and what followed from what".into()],
    }
}

fn finding(recording: &Recording, thing: &Thing, state: &State, at: Timestamp) -> Option<Finding> {
    let (kind, about) = thing.name.split_once('/').unwrap_or((&thing.name, ""));
    let kind = FindingKind::ALL.iter().find(|one| one.name() == kind)?;
    let turned = recording.changes().filter(|change| change.thing == *thing && change.at <= at);
    let (mut since, mut evidence) = (None, Vec::new());
    for change in turned {
        if change.from.is_none() || since.is_none() {
            since = Some(change.at);
        }
        evidence.clone_from(&change.evidence);
    }
    let first = recording.first_look().unwrap_or(at);
    Some(Finding {
        key: Key::new(*kind, about),
        severity: state.severity,
        title: state.says.clone(),
        users: None,
        since: since.map_or(Since { at: first, turned: false }, |at| Since { at, turned: true }),
        because: evidence
            .into_iter()
            .map(|text| Evidence { text, source: "as recorded".into(), at: since })
            .collect(),
        against: Vec::new(),
        unknown: Vec::new(),
        servers: Vec::new(),
        under: None,
        runbook: Vec::new(),
        confirmed: true,
        explains: true,
        clearing: false,
        acknowledged: None,
        noted: None,
    })
}
