//! What is wrong with an environment's servers: with each by itself, and with what they say of each other.

use std::collections::BTreeMap;

use super::measured::{Gap, of_role};
use super::plays;
use crate::fleet::measured::{Code, Measured};
use crate::fleet::trouble::{self, Trouble, TroubleKind};
use crate::fleet::{
    Changeset, InstanceId, Power, Release, Role, Server, Severity, Snapshot, Topic, Yardstick,
};

/// What is wrong, by server, worst first. Servers that take no part, or do not run, have none.
pub(super) fn of_environment(
    snapshot: &Snapshot,
    servers: &[&Server],
    release: &Release,
    yardstick: &Yardstick,
) -> BTreeMap<InstanceId, Vec<Trouble>> {
    let mut all = BTreeMap::new();
    for server in servers.iter().filter(|s| s.is_target() && s.power == Power::Running) {
        let mut found = trouble::of_machine(snapshot, server, yardstick);
        if let Some(measured) = snapshot.measured(&server.id) {
            found.extend(trouble::of_server(server, measured, yardstick));
            found.extend(code(snapshot, server, measured, release, yardstick));
        }
        if !found.is_empty() {
            all.insert(server.id.clone(), found);
        }
    }
    for (id, trouble) in timelines(snapshot, servers, yardstick) {
        all.entry(id).or_default().push(trouble);
    }
    for found in all.values_mut() {
        trouble::sort(found);
    }
    all
}

fn trouble(severity: Severity, kind: TroubleKind, topic: Topic, short: String, text: String) -> Trouble {
    Trouble { severity, kind, topic: Some(topic), about: None, short, text, since: None }
}

/// Whether one of two hashes is the beginning of the other; a name of fewer than four digits says nothing.
#[must_use]
pub fn same_changeset(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim(), b.trim());
    let least = a.len().min(b.len());
    least >= 4 && a.as_bytes().iter().zip(b.as_bytes()).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// The release that a server should have checked out: its own, or else what the group launches.
#[must_use]
pub fn release_for(snapshot: &Snapshot, server: &Server, release: &Release) -> Option<Changeset> {
    match server.role.role {
        Role::Web | Role::Combo if server.group.is_some() => snapshot.release_of_server(server).changeset,
        Role::Web | Role::Worker | Role::Combo => release.changeset.clone(),
        _ => None,
    }
}

/// Whether what is checked out is the release; `None` where either is not known.
#[must_use]
pub fn code_differs(code: &Code, wanted: Option<&Changeset>) -> Option<bool> {
    let wanted = wanted?;
    (!code.changeset.is_empty()).then(|| !same_changeset(&code.changeset, wanted.as_str()))
}

fn code(
    snapshot: &Snapshot,
    server: &Server,
    measured: &Measured,
    release: &Release,
    yardstick: &Yardstick,
) -> Option<Trouble> {
    let code = measured.code()?;
    let wanted = release_for(snapshot, server, release);
    let differs =
        code_differs(code, wanted.as_ref())? && Gap::of(Some(measured), Topic::Code, yardstick).is_none();
    let (is, wanted) = (Changeset::new(code.changeset.as_str()), wanted?);
    let text = format!("has {} checked out, not the release {}", is.short(), wanted.short());
    let short = format!("code {}", is.short());
    differs.then(|| trouble(Severity::Changing, TroubleKind::Code, Topic::Code, short, text))
}

/// Replicas on another timeline than the primary, as both tell now.
fn timelines(snapshot: &Snapshot, servers: &[&Server], yardstick: &Yardstick) -> Vec<(InstanceId, Trouble)> {
    let current = |m: Option<&Measured>| Gap::of(m, Topic::Postgres, yardstick).is_none();
    let primary = of_role(snapshot, servers, &Role::DbPrimary)
        .filter(|(_, m)| current(*m))
        .filter_map(|(_, m)| m?.postgres())
        .find(|postgres| !postgres.in_recovery)
        .and_then(|postgres| postgres.timeline);
    let Some(primary) = primary else { return Vec::new() };
    of_role(snapshot, servers, &Role::DbReplica)
        .filter(|(_, m)| current(*m))
        .filter_map(|(server, m)| Some((server, m?.postgres()?)))
        .filter(|(_, postgres)| postgres.in_recovery)
        .filter_map(|(server, postgres)| Some((server, postgres.timeline?)))
        .filter(|(_, timeline)| *timeline != primary)
        .map(|(server, timeline)| {
            let text = format!("is on timeline {timeline}, its primary on {primary}: it cannot follow");
            let short = format!("timeline {timeline}");
            (server.id.clone(), trouble(Severity::Down, TroubleKind::Timeline, Topic::Postgres, short, text))
        })
        .collect()
}

/// Servers on which Celery's beat runs.
pub(super) fn beats(snapshot: &Snapshot, servers: &[&Server], yardstick: &Yardstick) -> Vec<InstanceId> {
    let runs = |m: &Measured| {
        Gap::of(Some(m), Topic::Supervisor, yardstick).is_none()
            && m.supervisor().is_some_and(|s| s.programs.iter().any(|p| p.is_beat() && p.state == "RUNNING"))
    };
    let may = servers.iter().filter(|s| !s.is_gone() && (plays(s, &Role::Worker) || plays(s, &Role::Web)));
    may.filter(|s| snapshot.measured(&s.id).is_some_and(runs)).map(|s| s.id.clone()).collect()
}
