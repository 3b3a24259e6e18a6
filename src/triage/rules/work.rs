//! Who is at work, and what runs have left.

use super::Symptom;
use crate::fleet::overview::Note;
use crate::fleet::{Severity, Since};
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;

/// Locks that are held, silent, or beside which something lies.
pub fn locks(patient: &Patient<'_>) -> Vec<Symptom> {
    let notes = patient.row.notes.iter().filter(|note| note.lock.is_some());
    notes.filter_map(|note| of_note(patient, note)).collect()
}

fn of_note(patient: &Patient<'_>, note: &Note) -> Option<Symptom> {
    let lock = note.lock.as_ref()?;
    let (kind, word) = match note.severity {
        Severity::Down => (Kind::LeftBehind, "left"),
        Severity::Warn => (Kind::SilentLock, "silent"),
        _ => (Kind::AtWork, "held"),
    };
    let about = format!("{} {}", lock.kind.word(), lock.number);
    let all = patient.snapshot.locks.value().and_then(|all| all.get(&patient.place.name));
    let held = all.into_iter().flatten().find(|l| l.number == lock.number && l.kind == lock.kind);
    let since = held.and_then(|l| l.holder.as_ref()).map(|h| Since { at: h.since, turned: true });
    let read = patient.read(&patient.snapshot.locks, format!("{about} is {word}"));
    Some(Symptom::new(kind, about, note.severity, note.text.clone()).since(since).because(read))
}
