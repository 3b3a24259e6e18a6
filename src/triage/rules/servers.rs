//! Servers that there must be, and those that nobody needs any more.

use jiff::SignedDuration;

use super::Symptom;
use crate::fleet::overview::RoleCount;
use crate::fleet::{Power, Role, Server, Severity, Standing};
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;

/// A server that is built takes less than this.
const BUILT_IN: SignedDuration = SignedDuration::from_hours(1);

/// Roles of which no server runs, or not all. The primary has rules of its own, web servers are the group's.
pub fn missing(patient: &Patient<'_>) -> Vec<Symptom> {
    let row = patient.row;
    let roles: [(&Role, &RoleCount); 4] = [
        (&Role::Worker, &row.worker),
        (&Role::Cache, &row.cache),
        (&Role::DbPrimary, &row.primary),
        (&Role::DbReplica, &row.replica),
    ];
    roles.into_iter().filter_map(|(role, count)| of_role(patient, role, count)).collect()
}

fn users(role: &Role) -> &'static str {
    match role {
        Role::Worker => "tasks wait: mail, exports and the like are late",
        Role::Cache => "everybody is logged out, pages fail, and no task is taken",
        Role::DbPrimary => "every page that needs the database fails",
        _ => "nothing yet; there is nothing to go on with if the primary dies",
    }
}

fn of_role(patient: &Patient<'_>, role: &Role, count: &RoleCount) -> Option<Symptom> {
    let servers = &patient.snapshot.servers;
    let expected = patient.place.roles.contains(role);
    if count.total == 0 {
        let replica =
            *role == Role::DbReplica && expected && count.pending == 0 && !patient.servers.is_empty();
        if count.severity != Severity::Warn && !(replica && servers.value().is_some()) {
            return None;
        }
        let severity = if *role == Role::DbReplica { Severity::Warn } else { Severity::Down };
        let title = format!("There is no {role} server");
        let read = patient.read(servers, format!("no server in use is tagged {role}"));
        let mut symptom = Symptom::new(Kind::ServerMissing, role.word(), severity, title);
        // Where there is no replica nobody reads from one.
        symptom.explains = *role != Role::DbReplica;
        return Some(symptom.users(users(role)).because(read));
    }
    let down: Vec<_> =
        patient.of_role(role).filter(|s| matches!(s.power, Power::Stopped | Power::Stopping)).collect();
    // A primary that is stopped is told by the rules of the database.
    if down.is_empty() || *role == Role::DbPrimary {
        return None;
    }
    let none = count.running == Some(0);
    let severity = if none && *role != Role::DbReplica { Severity::Down } else { Severity::Warn };
    let title = match (none, down.len()) {
        (true, 1) => format!("The {role} server {} is {}", down[0].id.short(), down[0].power.word()),
        (true, n) => format!("All {n} {role} servers are stopped"),
        (false, n) => format!("{n} of {} {role} servers are stopped", count.total),
    };
    let mut symptom = Symptom::new(Kind::ServerMissing, role.word(), severity, title);
    if none {
        symptom = symptom.users(users(role));
    }
    symptom.explains = !down.iter().all(|server| server.left().is_some());
    for server in &down {
        let reason = server.power_reason.as_deref().map_or(String::new(), |why| format!(": {why}"));
        let text = format!("{} is {}{reason}", server.id.short(), server.power.word());
        symptom = symptom.because(patient.read(servers, text));
    }
    Some(symptom.on(down.iter().map(|s| s.id.clone())))
}

/// Servers that were left half built, or replaced and never ended.
pub fn leftovers(patient: &Patient<'_>) -> Vec<Symptom> {
    let now = patient.yardstick.now;
    let locks = patient.snapshot.locks.value().and_then(|all| all.get(&patient.place.name));
    let at_work = locks.is_some_and(|all| all.iter().any(|lock| lock.holder.is_some()));
    let left: Vec<_> = patient
        .servers
        .iter()
        .filter(|s| !s.is_gone() && s.role.standing != Standing::Active)
        // What is being built belongs to whoever holds the lock.
        .filter(|s| s.role.standing != Standing::Pending || !at_work)
        .filter(|s| s.launched_at.is_none_or(|at| now.duration_since(at) > BUILT_IN))
        .collect();
    left.into_iter().map(|server| left_over(patient, server)).collect()
}

/// Each by itself: one may be of half a year ago, and another one the primary of a minute ago.
fn left_over(patient: &Patient<'_>, server: &Server) -> Symptom {
    let (id, role) = (server.id.short(), &server.role.role);
    let old = server.role.standing == Standing::Old;
    let database = matches!(role, Role::DbPrimary | Role::DbReplica | Role::Combo);
    let title = match (old, server.power == Power::Running) {
        (true, true) => format!("The {role} server {id} is out of use, and still runs"),
        (true, false) => format!("The {role} server {id} is out of use, and {}", server.power.word()),
        (false, _) => format!("The {role} server {id} was left half built"),
    };
    // What is stopped and was replaced costs its disks only, and may be kept on purpose.
    let at_rest = old && server.power != Power::Running;
    let severity = if at_rest { Severity::Idle } else { Severity::Warn };
    let standing = if old { "OLD" } else { "PENDING" };
    let text = format!("{id} is {} and tagged {role}-{standing}", server.power.word());
    let mut symptom = Symptom::new(Kind::Leftovers, server.id.as_str(), severity, title)
        .because(patient.read(&patient.snapshot.servers, text));
    if old && database {
        let text = "its disks may hold what the database in use never received";
        symptom = symptom.against([patient.read(&patient.snapshot.servers, text)]);
    }
    symptom.on([server.id.clone()])
}
