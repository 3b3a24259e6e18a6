//! The database: is there one that takes writes, exactly one, and who says so.

use super::Symptom;
use crate::fleet::measured::Unit;
use crate::fleet::{InstanceId, LEFT_TAG, LeftReplica, Power, Role, Server, Severity, Since, Topic};
use crate::triage::finding::Evidence;
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;

const USERS: &str = "every page that needs the database fails, which is nearly all of them";

/// Whether the primary runs, can be reached, and takes writes.
pub fn primary(patient: &Patient<'_>) -> Vec<Symptom> {
    let found = patient.of_role(&Role::DbPrimary).filter_map(|server| of_server(patient, server));
    found.collect()
}

fn of_server(patient: &Patient<'_>, server: &Server) -> Option<Symptom> {
    let id = server.id.short();
    let make = |kind, title: String| {
        let symptom = Symptom::new(kind, server.id.as_str(), Severity::Down, title).users(USERS);
        symptom.on([server.id.clone()])
    };
    if matches!(server.power, Power::Stopped | Power::Stopping) {
        let reason = server.power_reason.as_deref().map_or(String::new(), |why| format!(": {why}"));
        let read =
            patient.read(&patient.snapshot.servers, format!("{id} is {}{reason}", server.power.word()));
        let title = format!("The primary database does not run: {id} is {}", server.power.word());
        return Some(replicas(patient, make(Kind::PrimaryDown, title).because(read)));
    }
    if let Some(unit) = stopped_unit(patient, server) {
        let title = format!("PostgreSQL does not run on the primary {id}");
        let text = format!("{} is {} ({})", unit.name, unit.active, unit.sub);
        let since = unit.since.map(|at| Since { at, turned: true });
        let symptom = make(Kind::PrimaryDown, title).since(since);
        let symptom = symptom.because(patient.probed(&server.id, Topic::Units, text));
        return Some(replicas(patient, symptom));
    }
    if let Some(postgres) = patient.measured(&server.id, Topic::Postgres).and_then(|m| m.postgres())
        && postgres.in_recovery
    {
        let title = format!("The primary {id} takes no writes: it replays another server's WAL");
        let text = "pg_is_in_recovery() is true on the server that is tagged as the primary";
        return Some(make(Kind::PrimaryReadOnly, title).because(patient.probed(
            &server.id,
            Topic::Postgres,
            text,
        )));
    }
    unreachable(patient, server, make)
}

/// A unit of PostgreSQL that is down, where the server tells.
fn stopped_unit<'a>(patient: &Patient<'a>, server: &Server) -> Option<&'a Unit> {
    let units = patient.measured(&server.id, Topic::Units)?.units()?;
    let down = units.units.iter().filter(|unit| unit.severity() == Severity::Down);
    // The umbrella over the clusters is active (exited) whatever they do.
    down.filter(|unit| unit.name.starts_with("postgresql")).max_by_key(|unit| unit.name.len())
}

/// Unknown is not down: that ssh fails says little. That others miss it, too, says much.
fn unreachable(
    patient: &Patient<'_>,
    server: &Server,
    make: impl Fn(Kind, String) -> Symptom,
) -> Option<Symptom> {
    let failure = patient.snapshot.measured(&server.id)?.unreachable.as_ref()?;
    let witnesses = cut_off(patient);
    let (id, word) = (server.id.short(), failure.kind.word());
    let first = witnesses.first()?;
    let title = format!("The primary {id} cannot be reached, and {} hears nothing from it", first.0.short());
    let ssh = Evidence {
        text: format!("{id} cannot be reached over ssh any more: {word}"),
        source: "ssh".into(),
        at: Some(failure.since),
    };
    let since = Since { at: failure.since, turned: true };
    let mut symptom = make(Kind::PrimaryUnreachable, title).since(Some(since)).because(ssh);
    for (_, evidence) in witnesses {
        symptom = symptom.because(evidence);
    }
    let power = format!("EC2 says that {id} is {}", server.power.word());
    let symptom = symptom.against([patient.read(&patient.snapshot.servers, power)]);
    Some(symptom.unknown("whether PostgreSQL still runs there: a cut network looks like a dead server"))
}

/// Replicas that hear nothing from the primary.
fn cut_off(patient: &Patient<'_>) -> Vec<(InstanceId, Evidence)> {
    let mut found = Vec::new();
    for server in patient.running(&Role::DbReplica) {
        let postgres = patient.measured(&server.id, Topic::Postgres).and_then(|m| m.postgres());
        let Some(replica) = postgres.and_then(|p| p.replica.as_ref()) else { continue };
        if replica.receiver.is_none() {
            let text = format!("{} has no WAL receiver", server.id.short());
            found.push((server.id.clone(), patient.probed(&server.id, Topic::Postgres, text)));
        }
    }
    found
}

/// What the replicas have, for whoever has to choose: they are what the site can go on with.
fn replicas(patient: &Patient<'_>, mut symptom: Symptom) -> Symptom {
    let mut any = false;
    for server in patient.running(&Role::DbReplica) {
        any = true;
        let id = server.id.short();
        let postgres = patient.measured(&server.id, Topic::Postgres).and_then(|m| m.postgres());
        match postgres.and_then(|p| p.replica.as_ref()) {
            Some(replica) => {
                let received = replica.received.as_deref().unwrap_or("?");
                let replayed = replica.replayed.as_deref().unwrap_or("?");
                let text = format!("the replica {id} answers: received {received}, replayed {replayed}");
                symptom = symptom.against([patient.probed(&server.id, Topic::Postgres, text)]);
            }
            None => symptom = symptom.unknown(format!("how far the replica {id} has come")),
        }
    }
    if any { symptom } else { symptom.unknown("a replica to go on with: there is none") }
}

/// Several databases that take writes: data part ways.
pub fn several(patient: &Patient<'_>) -> Vec<Symptom> {
    let databases = patient.running(&Role::DbPrimary).chain(patient.running(&Role::DbReplica));
    let writable: Vec<&Server> = databases
        .filter(|server| {
            let postgres = patient.measured(&server.id, Topic::Postgres).and_then(|m| m.postgres());
            postgres.is_some_and(|p| !p.in_recovery)
        })
        .collect();
    let tagged: Vec<&Server> = patient.of_role(&Role::DbPrimary).collect();
    let ids = |servers: &[&Server]| -> Vec<InstanceId> { servers.iter().map(|s| s.id.clone()).collect() };
    if writable.len() > 1 {
        let ids = ids(&writable);
        let title = format!("Two databases take writes: {}", Patient::named(&ids));
        let users =
            "what is written on one is not seen on the other; it cannot be put together again by itself";
        let mut symptom = Symptom::new(Kind::TwoPrimaries, "", Severity::Down, title).users(users);
        for server in &writable {
            let text = format!("{} ({}) is not in recovery", server.id.short(), server.role.role);
            symptom = symptom.because(patient.probed(&server.id, Topic::Postgres, text));
        }
        return vec![symptom.on(ids)];
    }
    if tagged.len() > 1 {
        let ids = ids(&tagged);
        let title = format!("{} servers are tagged db-primary: {}", ids.len(), Patient::named(&ids));
        let read = patient.read(&patient.snapshot.servers, "the tag role says db-primary on each of them");
        let symptom = Symptom::new(Kind::TwoPrimaries, "tags", Severity::Warn, title).because(read).on(ids);
        return vec![symptom.unknown("which of them web servers and workers write to")];
    }
    Vec::new()
}

/// Replicas that nobody reads from since somebody wanted it so: it is not to be forgotten.
pub fn left(patient: &Patient<'_>) -> Vec<Symptom> {
    let left: Vec<(&Server, LeftReplica)> =
        patient.of_role(&Role::DbReplica).filter_map(|server| Some((server, server.left()?))).collect();
    let Some(first) = left.iter().map(|(_, left)| left.since).min() else { return Vec::new() };
    let ids: Vec<InstanceId> = left.iter().map(|(server, _)| server.id.clone()).collect();
    let alone = patient.of_role(&Role::DbReplica).all(|server| server.left().is_some());
    let who = Patient::named(&ids);
    let title = if alone {
        format!("Web servers and workers read from the primary alone: {who} was left")
    } else {
        format!("Nobody reads from {who}, which was left")
    };
    let since = Since { at: first, turned: true };
    let symptom = Symptom::new(Kind::ReplicaLeft, "", Severity::Warn, title).since(Some(since)).on(ids);
    vec![left.iter().fold(symptom, |symptom, (server, left)| {
        let text = format!("the tag {LEFT_TAG} of {} says so since {}", server.id.short(), left.since);
        symptom.because(patient.read(&patient.snapshot.servers, text))
    })]
}
