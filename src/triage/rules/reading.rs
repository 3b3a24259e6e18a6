//! What cannot be read: unknown, never down.

use super::Symptom;
use crate::fleet::{Failure, FailureKind, Reading, Severity, Since, Source};
use crate::triage::finding::Evidence;
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;

/// Takes in a reading's failure; several readings of one action count once.
fn one<'a, T>(reading: &'a Reading<T>, failing: &mut Vec<(Source, &'a Failure)>) {
    if let Some(failure) = reading.failure()
        && !failing.iter().any(|(source, _)| *source == reading.source())
    {
        failing.push((reading.source(), failure));
    }
}

/// Reads of the cloud that fail, each action once.
pub fn reads(patient: &Patient<'_>) -> Vec<Symptom> {
    let snapshot = patient.snapshot;
    let group = patient.place.group.as_ref();
    let mut failing: Vec<(Source, &Failure)> = Vec::new();
    one(&snapshot.servers, &mut failing);
    one(&snapshot.groups, &mut failing);
    one(&snapshot.load_balancers, &mut failing);
    for name in &patient.place.load_balancers {
        if let Some(health) = snapshot.health.get(name) {
            one(health, &mut failing);
        }
    }
    one(&snapshot.launch, &mut failing);
    one(&snapshot.images, &mut failing);
    one(&snapshot.locks, &mut failing);
    one(&snapshot.checks, &mut failing);
    one(&snapshot.credit_modes, &mut failing);
    one(&snapshot.draining, &mut failing);
    for reading in snapshot.certificates.values() {
        one(reading, &mut failing);
    }
    if let Some(activities) = group.and_then(|name| snapshot.activities.get(name)) {
        one(activities, &mut failing);
    }
    failing.into_iter().filter(|(_, failure)| failure.kind != FailureKind::Absent).map(told).collect()
}

fn told((source, failure): (Source, &Failure)) -> Symptom {
    let title = match failure.kind {
        FailureKind::Denied => format!("{} may not be asked: what it would tell is unknown", source.action()),
        FailureKind::Throttled => format!("{} is throttled: what it tells is getting old", source.action()),
        kind => format!("{} fails ({}): what it tells is getting old", source.action(), kind.word()),
    };
    let evidence = Evidence {
        text: failure.message.clone(),
        source: source.action().to_owned(),
        at: Some(failure.since),
    };
    Symptom::new(Kind::Unread, source.action(), Severity::Unknown, title)
        .since(Some(Since { at: failure.since, turned: true }))
        .because(evidence)
}
