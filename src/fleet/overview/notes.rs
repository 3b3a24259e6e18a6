//! What to read next about an environment, as plain sentences.

use std::collections::BTreeSet;

pub(super) mod certificates;
pub(super) mod locks;
mod measured;

use super::{Note, Overview};
use crate::fleet::{
    EnvironmentPlace, FailureKind, InstanceId, Reading, Role, Server, Severity, Snapshot, Yardstick,
};

/// What to say of an environment of which nothing exists.
pub(super) fn of_absent() -> Vec<Note> {
    let text = "Nothing of it exists here; if it should, look at deployment, region and account";
    vec![Note { severity: Severity::Idle, text: text.into(), since: None, lock: None }]
}

/// Members out of service, each with the reason and since when.
fn members_out(snapshot: &Snapshot, row: &Overview) -> Vec<Note> {
    let mut notes = Vec::new();
    for balancer in row.balancers.iter().filter(|b| b.registered.is_some()) {
        let name = &balancer.name;
        let members = snapshot.health.get(name).and_then(Reading::value);
        for member in members.into_iter().flatten().filter(|m| m.severity() >= Severity::Warn) {
            let said = member.description.as_deref().filter(|d| !matches!(*d, "" | "N/A"));
            let id = &member.instance;
            let text = match (member.reason().plain(), said) {
                (Some(plain), _) => format!("{id} {plain} at {name}"),
                (None, Some(said)) => format!("{id} is out of service at {name}: {said}"),
                (None, None) => format!("{id} is out of service at {name}, no reason given"),
            };
            notes.push(Note { severity: Severity::Down, text, since: snapshot.since(name, id), lock: None });
        }
    }
    notes
}

/// Everything worth a line, worst first.
pub(super) fn notes(
    snapshot: &Snapshot,
    place: &EnvironmentPlace,
    row: &Overview,
    servers: &[&Server],
    exists: bool,
    yardstick: &Yardstick,
) -> Vec<Note> {
    let mut notes = members_out(snapshot, row);
    let mut note = |severity, text: String| notes.push(Note { severity, text, since: None, lock: None });
    for balancer in &row.balancers {
        if balancer.severity == Severity::Down && balancer.in_service == Some(0) {
            note(Severity::Down, format!("No member of {} is in service", balancer.name));
        }
        if exists && balancer.failure == Some(FailureKind::Absent) {
            note(Severity::Down, format!("Load balancer {} does not exist", balancer.name));
        }
        if exists && balancer.registered == Some(0) {
            note(Severity::Down, format!("Load balancer {} has no members", balancer.name));
        }
        if let Some(failure) = balancer.failure.filter(|kind| *kind != FailureKind::Absent) {
            note(Severity::Unknown, format!("Health at {} is not known: {}", balancer.name, failure.word()));
        }
    }
    let unread = snapshot.load_balancers.failure().filter(|_| snapshot.load_balancers.value().is_none());
    if let (Some(failure), false) = (unread, place.load_balancers.is_empty()) {
        note(Severity::Unknown, format!("Load balancers are not known: {}", failure.kind.word()));
    }
    match (&place.group, row.group_failure) {
        (Some(name), Some(FailureKind::Absent)) if exists => {
            note(Severity::Down, format!("Group {name} does not exist"));
        }
        (_, None | Some(FailureKind::Absent)) | (None, _) => {}
        (Some(name), Some(kind)) => {
            note(Severity::Unknown, format!("Group {name} is not known: {}", kind.word()));
        }
    }
    if let Some(group) = &row.group {
        let wanted = group.sizes.1;
        if usize::try_from(wanted).is_ok_and(|wanted| wanted != group.in_service) {
            let text = format!("The group wants {wanted} in service and has {}", group.in_service);
            note(Severity::Changing, text);
        }
        if !group.suspended.is_empty() {
            note(Severity::Warn, format!("Group processes suspended: {}", group.suspended.join(", ")));
        }
        if group.behind > 0 {
            let plural = if group.behind == 1 { "server runs" } else { "servers run" };
            note(
                Severity::Changing,
                format!("{} web {plural} another release than the group launches", group.behind),
            );
        }
    }
    for (role, count) in [
        ("worker", &row.worker),
        ("cache", &row.cache),
        ("db-primary", &row.primary),
        ("db-replica", &row.replica),
        ("web", &row.web),
    ] {
        match count.severity {
            Severity::Down => {
                note(Severity::Down, format!("No {role} server is running ({} stopped)", count.total));
            }
            Severity::Warn if count.total == 0 => note(Severity::Warn, format!("There is no {role} server")),
            Severity::Warn => {
                let missing = count.total - count.running.unwrap_or(0);
                let verb = if missing == 1 { "is" } else { "are" };
                let text = format!("{missing} of {} {role} servers {verb} not running", count.total);
                note(Severity::Warn, text);
            }
            _ => {}
        }
    }
    let primaries = servers.iter().filter(|s| s.role.role == Role::DbPrimary && s.is_target()).count();
    if primaries > 1 {
        note(Severity::Warn, format!("There are {primaries} servers tagged db-primary"));
    }
    let left: Vec<_> =
        servers.iter().filter(|s| s.is_target()).filter_map(|s| Some((s, s.left()?))).collect();
    if let Some(since) = left.iter().map(|(_, left)| left.since).min() {
        let ids: Vec<&str> = left.iter().map(|(server, _)| server.id.as_str()).collect();
        let text = format!("Nobody reads from {}: it was left", ids.join(", "));
        let since = Some(crate::fleet::Since { at: since, turned: true });
        notes.push(Note { severity: Severity::Warn, text, since, lock: None });
    }
    let mut note = |severity, text: String| notes.push(Note { severity, text, since: None, lock: None });
    let members: BTreeSet<&InstanceId> = place
        .group
        .as_ref()
        .and_then(|g| snapshot.group(g))
        .map(|g| g.members.iter().map(|m| &m.instance).collect())
        .unwrap_or_default();
    if !members.is_empty() {
        let strays = servers
            .iter()
            // A server of the group's own is only newer than the group's last read.
            .filter(|s| s.group.is_none() || s.group != place.group)
            .filter(|s| s.role.role == Role::Web && s.is_target() && !members.contains(&s.id))
            .count();
        if strays > 0 {
            let who = if strays == 1 { "web server does" } else { "web servers do" };
            note(Severity::Warn, format!("{strays} {who} not belong to the group"));
        }
    }
    notes.extend(measured::notes(snapshot, row, servers, yardstick));
    notes.sort_by_key(|n| std::cmp::Reverse(n.severity));
    notes
}
