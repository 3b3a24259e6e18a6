//! One environment at a glance: what is there, what is wrong, worst thing first.

pub mod measured;
mod notes;
mod troubles;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use measured::{Gap, Lag, PrimaryLoad, Queues, Traffic, Witness};
pub use troubles::{code_differs, release_for};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    EnvironmentName, EnvironmentPlace, FailureKind, Group, HealthState, InstanceId, LoadBalancerName,
    LockKind, Power, Reading, Release, Role, Server, Severity, Since, Snapshot, Standing, Topology, Trouble,
    Yardstick,
};

/// Something worth a line under the environment's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// How bad.
    pub severity: Severity,
    /// One plain sentence.
    pub text: String,
    /// Since when, where that was seen.
    pub since: Option<Since>,
    /// The lock that it tells of.
    pub lock: Option<LockRef>,
}

/// Which lock: there is never another one of its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LockRef {
    /// Of which kind.
    pub kind: LockKind,
    /// Its number.
    pub number: u64,
    /// The run that held it, by its id on its own machine.
    pub run: Option<String>,
}

/// Members of one load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BalancerCount {
    /// The load balancer.
    pub name: LoadBalancerName,
    /// Members in service; `None` when not known.
    pub in_service: Option<usize>,
    /// Registered members; `None` when not known.
    pub registered: Option<usize>,
    /// How bad.
    pub severity: Severity,
    /// Why it is not known.
    pub failure: Option<FailureKind>,
}

/// Servers of one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleCount {
    /// Running servers in use; `None` when not known.
    pub running: Option<usize>,
    /// Servers in use, running or not.
    pub total: usize,
    /// Servers still being built.
    pub pending: usize,
    /// How bad.
    pub severity: Severity,
}

/// The group's sizes and suspended processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupCount {
    /// Members in service.
    pub in_service: usize,
    /// Fewest, wanted, most.
    pub sizes: (u32, u32, u32),
    /// Names of suspended processes.
    pub suspended: Vec<String>,
    /// Web servers launched from something else than what the group launches now.
    pub behind: usize,
    /// How bad.
    pub severity: Severity,
}

/// One environment's row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overview {
    /// Its name.
    pub name: EnvironmentName,
    /// Whether it is production.
    pub production: bool,
    /// The worst of everything below.
    pub severity: Severity,
    /// What its group launches now.
    pub release: Release,
    /// Web servers by load balancer.
    pub balancers: Vec<BalancerCount>,
    /// Web servers by state.
    pub web: RoleCount,
    /// Workers.
    pub worker: RoleCount,
    /// Cache and queue servers.
    pub cache: RoleCount,
    /// Database primaries.
    pub primary: RoleCount,
    /// Database replicas.
    pub replica: RoleCount,
    /// Its group; `None` when the config names none, it was not read, or does not exist.
    pub group: Option<GroupCount>,
    /// Why the group is not known.
    pub group_failure: Option<FailureKind>,
    /// Messages waiting.
    pub queues: Queues,
    /// The primary's connections.
    pub connections: PrimaryLoad,
    /// How far the replicas are behind.
    pub lag: Lag,
    /// The load balancers' numbers that are over their thresholds.
    pub traffic: Vec<Traffic>,
    /// What is wrong with its servers, as measured on them, worst first.
    pub troubles: BTreeMap<InstanceId, Vec<Trouble>>,
    /// What to read next, worst first.
    pub notes: Vec<Note>,
    /// The oldest read among what this row shows.
    pub oldest: Option<Timestamp>,
}

impl Overview {
    /// The notes' worst severity, and everything else's.
    fn worst(&self) -> Severity {
        let roles = [&self.web, &self.worker, &self.cache, &self.primary, &self.replica];
        roles
            .into_iter()
            .map(|r| r.severity)
            .chain(self.balancers.iter().map(|b| b.severity))
            .chain(self.group.iter().map(|g| g.severity))
            .chain([self.queues.severity, self.connections.severity, self.lag.severity])
            .chain(self.notes.iter().map(|n| n.severity))
            .max()
            .unwrap_or(Severity::Idle)
    }

    /// Web servers in service and registered, over all load balancers: the fewest in service anywhere, and the
    /// most registered anywhere. `None` when one of them is not known, or there is none.
    #[must_use]
    pub fn web_in_service(&self) -> Option<(usize, usize)> {
        self.balancers
            .iter()
            .map(|b| Some((b.in_service?, b.registered?)))
            .reduce(|a, b| a.zip(b).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1))))
            .flatten()
    }
}

/// Rows for all environments of the config, in its order.
#[must_use]
pub fn overviews(snapshot: &Snapshot, topology: &Topology, yardstick: &Yardstick) -> Vec<Overview> {
    let by_environment = snapshot.by_environment();
    topology
        .environments
        .iter()
        .map(|place| {
            let servers = by_environment.get(&place.name).map_or(&[][..], Vec::as_slice);
            overview(snapshot, place, servers, yardstick)
        })
        .collect()
}

/// The row of one environment, given its servers that are not gone.
#[must_use]
pub fn overview(
    snapshot: &Snapshot,
    place: &EnvironmentPlace,
    servers: &[&Server],
    yardstick: &Yardstick,
) -> Overview {
    let known = snapshot.servers.value().is_some();
    let group_known = place.group.is_none() || snapshot.groups.value().is_some();
    let balancers_known = place.load_balancers.is_empty() || snapshot.load_balancers.value().is_some();
    let combo = servers.iter().any(|s| s.role.role == Role::Combo && s.is_target());
    let exists = !servers.is_empty()
        || place.group.as_ref().is_some_and(|g| snapshot.group(g).is_some())
        || place.load_balancers.iter().any(|b| snapshot.load_balancer(b).is_some());
    let required = exists && !combo;
    let count = |role: &Role, required: bool| role_count(servers, role, known, required);
    let group = place.group.as_ref().and_then(|name| snapshot.group(name));
    let release = group
        .and_then(|g| g.launch.as_ref())
        .map(|launch| snapshot.release_of_launch(launch))
        .unwrap_or_default();
    let mut row = Overview {
        name: place.name.clone(),
        production: place.production,
        severity: Severity::Idle,
        balancers: place.load_balancers.iter().map(|b| balancer_count(snapshot, b)).collect(),
        web: count(&Role::Web, false),
        worker: count(&Role::Worker, required && place.has_role(&Role::Worker)),
        cache: count(&Role::Cache, required && place.has_role(&Role::Cache)),
        primary: count(&Role::DbPrimary, required && place.has_role(&Role::DbPrimary)),
        replica: count(&Role::DbReplica, false),
        group: group.map(|g| group_count(snapshot, g, servers)),
        group_failure: place
            .group
            .as_ref()
            .and_then(|name| absent_because(&snapshot.groups, |all| all.contains_key(name))),
        queues: measured::queues(snapshot, servers, yardstick),
        connections: measured::primary(snapshot, servers, yardstick),
        lag: measured::lag(snapshot, servers, yardstick),
        traffic: measured::traffic(snapshot, place, yardstick),
        troubles: troubles::of_environment(snapshot, servers, &release, yardstick),
        release,
        notes: Vec::new(),
        oldest: oldest(snapshot, place),
    };
    let absent = !exists && known && group_known && balancers_known;
    row.notes = if absent {
        notes::of_absent()
    } else {
        notes::notes(snapshot, place, &row, servers, exists, yardstick)
    };
    let certificates = notes::certificates::notes(snapshot, place, yardstick);
    let locks = notes::locks::notes(snapshot, &place.name, yardstick.now);
    let told = locks.iter().chain(&certificates);
    let of_told = told.map(|note| note.severity).max().unwrap_or(Severity::Idle);
    row.severity = of_told.max(if absent { Severity::Idle } else { row.worst() });
    if !absent && !group_known {
        row.severity = row.severity.max(Severity::Unknown);
    }
    row.notes.extend(locks);
    row.notes.extend(certificates);
    row.notes.extend(notes::locks::unknown(snapshot, yardstick).filter(|_| !absent));
    row.notes.sort_by_key(|note| std::cmp::Reverse(note.severity));
    row
}

/// Why a named thing is not in a reading: the read's failure, or `Absent` when it was read without it.
fn absent_because<T>(reading: &Reading<T>, has: impl Fn(&T) -> bool) -> Option<FailureKind> {
    match reading.value() {
        Some(all) if has(all) => None,
        Some(_) => Some(FailureKind::Absent),
        None => reading.failure().map(|f| f.kind),
    }
}

/// Whether a server does a role's work; a combo is web, worker and primary at once.
fn plays(server: &Server, role: &Role) -> bool {
    server.role.role == *role
        || server.role.role == Role::Combo && matches!(role, Role::Web | Role::Worker | Role::DbPrimary)
}

fn role_count(servers: &[&Server], role: &Role, known: bool, required: bool) -> RoleCount {
    let of_role = || servers.iter().filter(move |s| plays(s, role));
    let active = || of_role().filter(|s| s.role.standing == Standing::Active);
    let total = active().count();
    let running = active().filter(|s| s.power == Power::Running).count();
    let starting = active().filter(|s| s.power == Power::Pending).count();
    let unknown = active().any(|s| s.power == Power::Unknown);
    let pending = of_role().filter(|s| s.role.standing == Standing::Pending).count();
    let severity = if !known {
        Severity::Unknown
    } else if total == 0 {
        match (pending, required) {
            (1.., _) => Severity::Changing,
            (0, true) => Severity::Warn,
            (0, false) => Severity::Idle,
        }
    } else if running == total {
        Severity::Ok
    } else if unknown {
        Severity::Unknown
    } else if running + starting == total {
        Severity::Changing
    } else if running == 0 {
        Severity::Down
    } else {
        Severity::Warn
    };
    RoleCount { running: known.then_some(running), total, pending, severity }
}

fn balancer_count(snapshot: &Snapshot, name: &LoadBalancerName) -> BalancerCount {
    let missing = snapshot.load_balancers.value().is_some_and(|all| !all.contains_key(name));
    let health = snapshot.health.get(name);
    // What was read of its members counts, whatever became of reading the load balancer itself.
    let members = health.and_then(Reading::value).filter(|_| !missing);
    let failure = if missing {
        Some(FailureKind::Absent)
    } else if members.is_some() {
        None
    } else {
        health.and_then(Reading::failure).or_else(|| snapshot.load_balancers.failure()).map(|f| f.kind)
    };
    let in_service = members.map(|m| m.iter().filter(|h| h.state == HealthState::InService).count());
    let severity = match (members.map(Vec::as_slice), in_service) {
        (Some([]), _) => Severity::Warn,
        (Some(members), Some(serving)) => {
            let worst = members.iter().map(super::MemberHealth::severity).max().unwrap_or(Severity::Unknown);
            // They may all be on their way in: until then nobody answers.
            if serving == 0 && worst == Severity::Changing { Severity::Down } else { worst }
        }
        _ => Severity::Unknown,
    };
    BalancerCount { name: name.clone(), in_service, registered: members.map(Vec::len), severity, failure }
}

fn group_count(snapshot: &Snapshot, group: &Group, servers: &[&Server]) -> GroupCount {
    let in_service = group.members.iter().filter(|m| m.lifecycle == "InService").count();
    let behind = servers.iter().filter(|s| s.is_target() && snapshot.is_behind(s) == Some(true)).count();
    let moving = group.is_moving();
    let severity = if !group.suspended.is_empty() {
        Severity::Warn
    } else if moving {
        Severity::Changing
    } else {
        Severity::Ok
    };
    GroupCount {
        in_service,
        sizes: (group.min, group.desired, group.max),
        suspended: group.suspended.iter().map(|s| s.process.clone()).collect(),
        behind,
        severity,
    }
}

/// The oldest read among the parts of a row that were read at all.
fn oldest(snapshot: &Snapshot, place: &EnvironmentPlace) -> Option<Timestamp> {
    [snapshot.servers.read_at(), snapshot.groups.read_at(), snapshot.load_balancers.read_at()]
        .into_iter()
        .chain(place.load_balancers.iter().map(|b| snapshot.health.get(b).and_then(Reading::read_at)))
        .flatten()
        .min()
}
