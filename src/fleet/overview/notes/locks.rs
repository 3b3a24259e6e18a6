//! Notes on who works on an environment, and on what runs that are gone have left there.

use jiff::{SignedDuration, Timestamp};

use super::super::{LockRef, Note};
use crate::fleet::lock::{Grip, Holder};
use crate::fleet::{EnvironmentName, Lock, LockKind, Severity, Snapshot, Yardstick, words};

/// The most values that are named.
const VALUES: usize = 3;

/// Locks that could not be read for so long, on our clock, are no longer known.
const KEEPS: f64 = 300.0;

/// Everything worth a line, worst first.
pub(in crate::fleet::overview) fn notes(
    snapshot: &Snapshot,
    environment: &EnvironmentName,
    now: Timestamp,
) -> Vec<Note> {
    let locks = snapshot.locks.value().and_then(|all| all.get(environment));
    let read_at = snapshot.locks.read_at().unwrap_or(now);
    let mut notes = Vec::new();
    for lock in locks.into_iter().flatten() {
        let silent = lock.is_silent(read_at);
        let mut note = |severity, text| {
            let run = lock.holder.as_ref().map(|holder| holder.run.clone());
            let lock = Some(LockRef { kind: lock.kind, number: lock.number, run });
            notes.push(Note { severity, text, since: None, lock });
        };
        if lock.has_left() && (silent || !lock.is_held()) {
            note(Severity::Down, left(lock, environment));
        }
        match &lock.holder {
            _ if !lock.is_held() => {}
            Some(holder) => {
                let severity = if silent { Severity::Warn } else { Severity::Changing };
                note(severity, held(lock, holder, silent, now));
            }
            None => note(Severity::Warn, nonsense(lock, environment, now)),
        }
    }
    notes.sort_by_key(|note| std::cmp::Reverse(note.severity));
    notes
}

/// That it is not known who works there. It says nothing of the environment itself, which may be as it should be.
pub(in crate::fleet::overview) fn unknown(snapshot: &Snapshot, yardstick: &Yardstick) -> Option<Note> {
    let failure = snapshot.locks.failure()?;
    let keeps = SignedDuration::try_from_secs_f64(KEEPS * yardstick.speed.clamp(1.0, 1e6));
    let keeps = keeps.unwrap_or(SignedDuration::MAX);
    let current = snapshot.locks.age(yardstick.now).is_some_and(|age| age <= keeps);
    let (action, word) = (snapshot.locks.source().action(), failure.kind.word());
    let text = format!("Whether it is locked is not known: {action} {word}");
    (!current).then_some(Note { severity: Severity::Unknown, text, since: None, lock: None })
}

fn held(lock: &Lock, holder: &Holder, silent: bool, now: Timestamp) -> String {
    let what = match lock.kind {
        LockKind::Environment => "Locked",
        LockKind::Release => "A release is being made",
    };
    let who = words::name(&holder.who);
    let since = match words::age(now.duration_since(holder.since)).as_str() {
        "now" => "just now".to_owned(),
        age => format!("since {age}"),
    };
    let seen = match lock.seen.filter(|_| silent) {
        Some(seen) => format!("; last seen {}", ago(seen, now)),
        None => String::new(),
    };
    format!("{what} by {who} {since}: {}, {}{seen}", words::name(&holder.operation), holder.step)
}

fn nonsense(lock: &Lock, environment: &EnvironmentName, now: Timestamp) -> String {
    let written = lock.seen.map_or(String::new(), |seen| format!(", written {},", ago(seen, now)));
    let what = match lock.kind {
        LockKind::Environment => "Locked, by whom is not known: the note of lock",
        LockKind::Release => "A release is being made, by whom is not known: the note of lock",
    };
    format!("{what} {}{written} makes no sense; see quarterdeck lock show {environment}", lock.number)
}

/// What a run has left, how it is put back, and whose it was.
fn left(lock: &Lock, environment: &EnvironmentName) -> String {
    let number = u64::try_from(lock.to_put_back.len()).unwrap_or(u64::MAX);
    let what = match number {
        0 => "Values".to_owned(),
        number => words::count(number, "value"),
    };
    let run = lock.holder.as_ref().map_or_else(|| "its run".into(), |holder| words::name(&holder.run));
    let command = match lock.kind {
        LockKind::Environment => {
            format!("quarterdeck lock put-back {environment} --take-over {}", lock.number)
        }
        LockKind::Release => format!("quarterdeck runs undo {run}, on its own machine"),
    };
    let mut values: Vec<&str> = lock.to_put_back.iter().take(VALUES).map(String::as_str).collect();
    let more = lock.to_put_back.len().saturating_sub(VALUES);
    let more_words = format!("{more} more");
    if more > 0 {
        values.push(&more_words);
    }
    if lock.unreadable {
        values.push("some that cannot be read: see its journal");
    }
    let whose = lock.holder.as_ref().map_or_else(
        || format!("of lock {}", lock.number),
        |holder| format!("of {}'s {}", words::name(&holder.who), words::name(&holder.operation)),
    );
    let stands = match lock.grip {
        // Who is silent may be at work all the same.
        Grip::Held => "may be left; if that machine is gone",
        Grip::Released | Grip::TakenOver => "left",
    };
    format!("{what} {stands}: {command} ({whose}, to be put back: {})", values.join(", "))
}

/// How long ago; what lies ahead, by a clock that is wrong, is now.
fn ago(at: Timestamp, now: Timestamp) -> String {
    match words::age(now.duration_since(at)).as_str() {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fleet::overview::{Overview, overviews};
    use crate::fleet::sample::{Parts, epoch};
    use crate::fleet::{FailureKind, Reading, Topology};

    fn minutes(minutes: i64) -> SignedDuration {
        SignedDuration::from_mins(minutes)
    }

    fn lock(grip: Grip, seen: i64, values: &[&str]) -> Lock {
        let holder = Holder {
            who: "jane@laptop".into(),
            identity: "ops/jane".into(),
            run: "2026-11-22-0007".into(),
            operation: "deploy-serial".into(),
            step: "step 4/13 migrate".into(),
            since: epoch() - minutes(14),
            ended: None,
        };
        Lock {
            kind: LockKind::Environment,
            number: 7,
            grip,
            holder: Some(holder),
            seen: Some(epoch() - minutes(seen)),
            to_put_back: values.iter().map(|value| (*value).to_owned()).collect(),
            unreadable: false,
        }
    }

    fn row(locks: Reading<BTreeMap<EnvironmentName, Vec<Lock>>>) -> Overview {
        let mut parts = Parts::default();
        let place = parts.add("production", 2);
        let topology = Topology {
            deployment: "myproject".into(),
            region: "us-east-1".into(),
            environments: vec![place],
            ssh_address: crate::fleet::AddressChoice::Private,
        };
        let snapshot = Snapshot { locks, ..parts.snapshot() };
        overviews(&snapshot, &topology, &Yardstick::at(epoch())).remove(0)
    }

    fn seen(locks: Vec<Lock>) -> (Severity, Vec<(Severity, String)>) {
        let locks = BTreeMap::from([("production".into(), locks)]);
        let row = row(Reading::taken(crate::fleet::Source::SsmGetParametersByPath, locks, epoch()));
        (row.severity, row.notes.into_iter().map(|note| (note.severity, note.text)).collect())
    }

    #[test]
    fn whoever_is_at_work_is_named_with_since_when_and_the_step() {
        let (severity, notes) = seen(vec![lock(Grip::Held, 1, &["Launch of ag to active"])]);
        let text = "Locked by jane@laptop since 14m: deploy-serial, step 4/13 migrate";
        assert_eq!((severity, notes), (Severity::Changing, vec![(Severity::Changing, text.to_owned())]));
        let release = Lock { kind: LockKind::Release, ..lock(Grip::Held, 0, &[]) };
        assert!(seen(vec![release]).1[0].1.starts_with("A release is being made by jane@laptop since 14m"));
    }

    #[test]
    fn a_silent_holder_is_not_gone_but_last_seen() {
        let (severity, notes) = seen(vec![lock(Grip::Held, 12, &[])]);
        assert_eq!((severity, notes.len(), notes[0].0), (Severity::Warn, 1, Severity::Warn));
        assert!(notes[0].1.ends_with("; last seen 12m ago"), "{notes:?}");
    }

    #[test]
    fn r24_what_a_silent_holder_may_leave_is_red_with_the_command_that_puts_it_back() {
        let (severity, notes) =
            seen(vec![lock(Grip::Held, 12, &["Launch of ag to active", "sizes of ag to 2, 4, 8"])]);
        assert_eq!((severity, notes[0].0, notes[1].0), (Severity::Down, Severity::Down, Severity::Warn));
        let text = "2 values may be left; if that machine is gone: quarterdeck lock put-back production --take-over 7 \
                    (of jane@laptop's deploy-serial, to be put back: Launch of ag to active, sizes of ag to 2, 4, 8)";
        assert_eq!(notes[0].1, text);
    }

    #[test]
    fn r24_what_lies_beside_a_lock_that_nobody_holds_any_more_is_red() {
        for grip in [Grip::Released, Grip::TakenOver] {
            let (severity, notes) = seen(vec![lock(grip, 90, &["a", "b", "c", "d", "e"])]);
            assert_eq!((severity, notes.len()), (Severity::Down, 1));
            let text = "5 values left: quarterdeck lock put-back production --take-over 7 (of \
                        jane@laptop's deploy-serial, to be put back: a, b, c, 2 more)";
            assert_eq!(notes[0].1, text);
        }
    }

    #[test]
    fn nonsense_is_shown_as_such() {
        let held = Lock { holder: None, ..lock(Grip::Held, 1, &[]) };
        let (severity, notes) = seen(vec![held]);
        assert_eq!(severity, Severity::Warn);
        assert!(notes[0].1.contains("the note of lock 7, written 1m ago, makes no sense"), "{notes:?}");
        let left = Lock { holder: None, unreadable: true, ..lock(Grip::TakenOver, 1, &[]) };
        let (severity, notes) = seen(vec![left]);
        assert_eq!(severity, Severity::Down);
        assert!(notes[0].1.contains("some that cannot be read: see its journal"), "{notes:?}");
    }

    #[test]
    fn what_could_not_be_read_is_unknown_never_free_and_says_nothing_of_the_environment() {
        let never = || Reading::never(crate::fleet::Source::SsmGetParametersByPath);
        assert!(row(never()).notes.is_empty(), "not read yet");
        for kind in [FailureKind::Denied, FailureKind::Throttled, FailureKind::Unreachable] {
            let mut locks = never();
            locks.fail(kind, "no", epoch());
            let row = row(locks);
            assert_eq!((row.severity, row.notes[0].severity), (Severity::Ok, Severity::Unknown));
            let text = format!("Whether it is locked is not known: ssm:GetParametersByPath {}", kind.word());
            assert_eq!(row.notes[0].text, text);
        }
        let known = |minute: i64| {
            let mut locks = Reading::taken(never().source(), BTreeMap::new(), epoch() - minutes(minute));
            locks.fail(FailureKind::Throttled, "slow", epoch());
            row(locks).notes.len()
        };
        assert_eq!((known(2), known(9)), (0, 1), "a read that fails once leaves what was known");
    }
}
