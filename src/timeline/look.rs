//! One look at an environment: how it stands with everything that is recorded, and its numbers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::line::Told;
use super::number::{Number, ServerNumbers, rounded};
use super::thing::{Kind, State, Thing};
use crate::fleet::text::one_line;
use crate::fleet::{
    EnvironmentPlace, Group, InstanceId, LoadBalancerName, Measured, Overview, Power, Reading, Server,
    Severity, Since, Snapshot, Subject, Topic, Yardstick,
};

/// A finding, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its key as people write it.
    pub key: String,
    /// How bad.
    pub severity: Severity,
    /// In plain words.
    pub title: String,
    /// Since when.
    pub since: Since,
    /// What speaks for it.
    pub evidence: Vec<String>,
    /// It is no longer so, and is told a little longer.
    pub clearing: bool,
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The fleet as last read.
    pub snapshot: &'a Snapshot,
    /// The environment.
    pub place: &'a EnvironmentPlace,
    /// Its row.
    pub row: &'a Overview,
    /// Its servers that are not gone.
    pub servers: &'a [&'a Server],
    /// Limits, and the time.
    pub yardstick: &'a Yardstick,
    /// What triage finds; none where nobody has asked it.
    pub found: Option<&'a [Found]>,
}

/// What is read together: a thing that is not there says something only where this was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    Servers,
    Groups,
    Locks,
    Findings,
    Balancer(String),
    Reach(InstanceId),
    Topic(InstanceId, Topic),
    Nothing,
}

impl Scope {
    /// With what a thing is read.
    pub(super) fn of(thing: &Thing) -> Self {
        match (thing.kind, &thing.server) {
            (Kind::Server, _) => Self::Servers,
            (Kind::Member, _) => Self::Balancer(thing.name.clone()),
            (Kind::Sizes | Kind::Process | Kind::Launch, _) => Self::Groups,
            (Kind::Lock, _) => Self::Locks,
            (Kind::Finding, _) => Self::Findings,
            (Kind::Reach, Some(id)) => Self::Reach(id.clone()),
            (kind, Some(id)) => kind.topic().map_or(Self::Nothing, |topic| Self::Topic(id.clone(), topic)),
            _ => Self::Nothing,
        }
    }
}

/// How it stands with everything.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) states: BTreeMap<Thing, State>,
    /// Since when, where somebody tells.
    pub(super) since: BTreeMap<Thing, Since>,
    /// What speaks for it.
    pub(super) evidence: BTreeMap<Thing, Vec<String>>,
    /// Findings that are no longer so, and are told a little longer.
    pub(super) fading: BTreeSet<Thing>,
    /// What was read.
    pub(super) read: BTreeSet<Scope>,
}

impl Seen {
    fn add(&mut self, thing: Thing, state: State) {
        self.states.insert(thing, state);
    }

    fn since(&mut self, thing: &Thing, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.since.insert(thing.clone(), Since { at, turned: true });
        }
    }
}

impl Look<'_> {
    /// When the servers were read: that is when somebody looked, whatever the clock says by now.
    pub(super) fn at(&self) -> Option<Timestamp> {
        self.snapshot.servers.read_at()
    }

    /// Everything that has a state.
    pub(super) fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        seen.read.insert(Scope::Servers);
        for server in self.servers {
            self.server(server, &mut seen);
        }
        for balancer in &self.place.load_balancers {
            self.members(balancer, &mut seen);
        }
        if let Some(name) = self.place.group.as_ref().filter(|_| self.snapshot.groups.value().is_some()) {
            seen.read.insert(Scope::Groups);
            if let Some(group) = self.snapshot.group(name) {
                self.group(group, &mut seen);
            }
        }
        self.locks(&mut seen);
        self.findings(&mut seen);
        seen
    }

    fn server(&self, server: &Server, seen: &mut Seen) {
        let severity = match server.power {
            Power::Running => Severity::Ok,
            Power::Unknown => Severity::Unknown,
            Power::Stopped | Power::Terminated => Severity::Warn,
            Power::Pending | Power::Stopping | Power::ShuttingDown => Severity::Changing,
        };
        let says = format!("{}, {}, {}", server.role, server.zone.short(), one_line(&server.instance_type));
        let thing = Thing::on(Kind::Server, &server.id, "");
        if server.power == Power::Pending || server.power == Power::Running {
            seen.since(&thing, server.launched_at);
        }
        seen.add(thing, State::new(server.power.word(), severity, says));
        if let Some(measured) = self.snapshot.measured(&server.id) {
            measured_on(&server.id, measured, seen);
        }
    }

    fn members(&self, balancer: &LoadBalancerName, seen: &mut Seen) {
        let Some(members) = self.snapshot.health.get(balancer).and_then(Reading::value) else { return };
        seen.read.insert(Scope::Balancer(balancer.to_string()));
        for member in members {
            let thing = Thing::on(Kind::Member, &member.instance, balancer.as_str());
            let since = self.snapshot.since(balancer, &member.instance).filter(|since| since.turned);
            seen.since(&thing, since.map(|since| since.at));
            let says = match member.severity() {
                // What comes or goes says so by its word.
                Severity::Ok | Severity::Changing => String::new(),
                _ => one_line(member.reason().plain().or(member.description.as_deref()).unwrap_or_default()),
            };
            seen.add(thing, State::new(member.word(), member.severity(), says));
        }
    }

    fn group(&self, group: &Group, seen: &mut Seen) {
        let name = group.name.as_str();
        seen.add(Thing::of(Kind::Sizes, name), State::new(group.sizes().to_string(), Severity::Ok, ""));
        for process in &group.suspended {
            let thing = Thing::of(Kind::Process, one_line(&process.process));
            seen.add(thing, State::new("suspended", Severity::Warn, one_line(&process.reason)));
        }
        if let Some(launch) = self.snapshot.current_launch(group) {
            let release = self.snapshot.release_of_launch(&launch);
            let word = one_line(&launch.label());
            let says = release.changeset.as_ref().map_or_else(String::new, |one| one.short().to_owned());
            seen.add(Thing::of(Kind::Launch, name), State::new(word, Severity::Ok, says));
        }
    }

    fn locks(&self, seen: &mut Seen) {
        let Some(all) = self.snapshot.locks.value() else { return };
        seen.read.insert(Scope::Locks);
        for lock in all.get(&self.place.name).into_iter().flatten().filter(|lock| lock.is_held()) {
            let thing = Thing::of(Kind::Lock, format!("{}/{}", lock.kind.word(), lock.number));
            let (word, says) = match &lock.holder {
                Some(holder) => (one_line(&holder.operation), one_line(&holder.who)),
                None => ("held".to_owned(), "somebody".to_owned()),
            };
            seen.since(&thing, lock.holder.as_ref().map(|holder| holder.since));
            seen.add(thing, State::new(word, Severity::Changing, says));
        }
    }

    fn findings(&self, seen: &mut Seen) {
        let Some(found) = self.found else { return };
        seen.read.insert(Scope::Findings);
        for finding in found {
            let thing = Thing::of(Kind::Finding, finding.key.as_str());
            seen.since.insert(thing.clone(), finding.since);
            seen.evidence.insert(thing.clone(), finding.evidence.clone());
            if finding.clearing {
                seen.fading.insert(thing.clone());
            }
            seen.add(thing, State::new(finding.severity.word(), finding.severity, one_line(&finding.title)));
        }
    }

    /// The environment's own numbers, as far as they are current.
    pub(super) fn numbers(&self) -> BTreeMap<Number, f64> {
        let row = self.row;
        #[allow(clippy::cast_precision_loss)] // counts
        let all = [
            (Number::Waiting, row.queues.depth.filter(|_| row.queues.gap.is_none()).map(|n| n as f64)),
            (Number::Lag, row.lag.seconds.filter(|_| row.lag.gap.is_none())),
            (
                Number::Connections,
                row.connections.used.filter(|_| row.connections.gap.is_none()).map(f64::from),
            ),
            (Number::InService, row.web_in_service().map(|(serving, _)| serving as f64)),
        ];
        all.into_iter().filter_map(|(number, value)| Some((number, rounded(value?)))).collect()
    }

    /// Numbers of the servers in use, in the order of these ids.
    pub(super) fn server_numbers(&self, ids: &[InstanceId]) -> String {
        let servers: BTreeMap<&InstanceId, &&Server> =
            self.servers.iter().map(|server| (&server.id, server)).collect();
        let mut text = String::with_capacity(ids.len() * 12);
        for (n, id) in ids.iter().enumerate() {
            if n > 0 {
                text.push(',');
            }
            if let Some(server) = servers.get(id) {
                ServerNumbers::of(self.snapshot, server).written(&mut text);
            }
        }
        text
    }
}

/// What CloudWatch keeps, from the minute `from` on: each minute's numbers.
pub(super) fn points(
    snapshot: &Snapshot,
    place: &EnvironmentPlace,
    from: Option<Timestamp>,
) -> BTreeMap<Timestamp, BTreeMap<Number, f64>> {
    let mut all: BTreeMap<Timestamp, BTreeMap<Number, f64>> = BTreeMap::new();
    let ours = |subject: &Subject| match subject {
        Subject::LoadBalancer(name) => place.load_balancers.contains(name),
        Subject::Group(name) => place.group.as_ref() == Some(name),
        Subject::Server(_) | Subject::Volume(_) => false,
    };
    for (key, reading) in snapshot.metrics.iter().filter(|(key, _)| ours(&key.subject)) {
        let Some((number, join)) = Number::of_metric(&key.subject, key.measure) else { continue };
        for (at, value) in reading.value().into_iter().flat_map(|series| &series.points) {
            if from.is_none_or(|from| *at >= from) {
                let minute = all.entry(*at).or_default();
                let value = minute.get(&number).map_or(*value, |there| join(*there, *value));
                minute.insert(number, rounded(value));
            }
        }
    }
    all
}

/// Scaling activities of the environment's group, as they were read last.
pub(super) fn activities(snapshot: &Snapshot, place: &EnvironmentPlace) -> impl Iterator<Item = Told> {
    let read = place.group.as_ref().and_then(|group| snapshot.activities.get(group));
    read.and_then(Reading::value).into_iter().flatten().filter_map(|activity| {
        Some(Told {
            id: one_line(&activity.id),
            began: activity.started_at?,
            ended: activity.ended_at,
            what: one_line(&activity.description),
            why: one_line(&activity.cause),
            status: one_line(&activity.status),
            message: activity.status_message.as_deref().map(one_line),
        })
    })
}

/// What was measured on a server.
fn measured_on(id: &InstanceId, measured: &Measured, seen: &mut Seen) {
    if let Some(failure) = &measured.unreachable {
        let thing = Thing::on(Kind::Reach, id, "");
        seen.since(&thing, Some(failure.since));
        seen.add(thing, State::new("unreachable", Severity::Unknown, failure.kind.word()));
        seen.read.insert(Scope::Reach(id.clone()));
    } else if measured.reached_at.is_some() {
        seen.add(Thing::on(Kind::Reach, id, ""), State::new("reached", Severity::Ok, ""));
        seen.read.insert(Scope::Reach(id.clone()));
    }
    let read = |topic: Topic| measured.reading(topic).is_some_and(|reading| reading.value().is_some());
    for topic in Topic::ALL.into_iter().filter(|topic| read(*topic)) {
        seen.read.insert(Scope::Topic(id.clone(), topic));
    }
    for unit in measured.units().into_iter().flat_map(|units| &units.units) {
        if unit.active == "not-found" || unit.active.is_empty() {
            continue;
        }
        let thing = Thing::on(Kind::Unit, id, one_line(&unit.name));
        seen.since(&thing, unit.since);
        seen.add(thing, State::new(one_line(&unit.active), unit.severity(), one_line(&unit.sub)));
    }
    for program in measured.supervisor().into_iter().flat_map(|supervisor| &supervisor.programs) {
        let thing = Thing::on(Kind::Program, id, one_line(&program.name));
        let word = one_line(&program.state).to_lowercase();
        seen.add(thing, State::new(word, program.severity(), one_line(&program.detail)));
    }
    if let Some(code) = measured.code() {
        let word = code.changeset.chars().take(12).collect::<String>();
        seen.add(Thing::on(Kind::Code, id, ""), State::new(one_line(&word), Severity::Ok, ""));
    }
    if let Some(site) = measured.site() {
        let state = |up: bool| {
            if up { State::new("up", Severity::Warn, "") } else { State::new("off", Severity::Ok, "") }
        };
        seen.add(Thing::on(Kind::Page, id, ""), state(site.maintenance));
        seen.add(Thing::on(Kind::Override, id, ""), state(site.health_override));
    }
    if let Some(postgres) = measured.postgres() {
        let word = if postgres.in_recovery { "replica" } else { "primary" };
        seen.add(Thing::on(Kind::Database, id, ""), State::new(word, Severity::Ok, ""));
        if let Some(replica) = &postgres.replica {
            let (word, severity) = match replica.receiver.as_deref() {
                Some(word) => (one_line(word), Severity::Ok),
                None => ("none".to_owned(), Severity::Warn),
            };
            seen.add(Thing::on(Kind::Receiver, id, ""), State::new(word, severity, ""));
        }
    }
}
