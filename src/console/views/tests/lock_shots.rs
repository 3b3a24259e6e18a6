//! Pictures of environments that somebody on another machine works on, or has left something in.

use std::collections::BTreeMap;

use super::plans;
use super::shots::{drawn, environment, line, shots};
use super::{fixture, fixture::settle};
use crate::console::panes::Ticket;
use crate::console::screen::{Page, Screen};
use crate::console::state::State;
use crate::engine::run::{Entry, News};
use crate::fleet::lock::{Grip, Holder};
use crate::fleet::{FailureKind, Lock, LockKind, Reading, Snapshot, Source};

fn lock(number: u64, who: &str, seen: i64, grip: Grip, values: &[&str]) -> Lock {
    let holder = Holder {
        who: who.into(),
        identity: "ops/jane".into(),
        run: "2026-11-22-0007".into(),
        operation: "deploy-serial".into(),
        step: "step 4/13 migrate".into(),
        since: fixture::ago(14 * 60),
        ended: None,
    };
    Lock {
        kind: LockKind::Environment,
        number,
        grip,
        holder: Some(holder),
        seen: Some(fixture::ago(seen)),
        to_put_back: values.iter().map(|value| (*value).to_owned()).collect(),
        unreadable: false,
    }
}

fn locked() -> Snapshot {
    let values =
        ["Launch of myproject-production-ag to active", "sizes of myproject-production-ag to 2, 4, 8"];
    let locks = BTreeMap::from([
        ("testing".into(), vec![lock(3, "jane@laptop", 20, Grip::Held, &[])]),
        ("staging".into(), vec![Lock { holder: None, ..lock(4, "", 7_200, Grip::Held, &[]) }]),
        (
            "production".into(),
            vec![
                lock(12, "kim@desk", 12 * 60, Grip::Held, &[]),
                lock(11, "ana@tower", 5_000, Grip::Released, &values),
            ],
        ),
    ]);
    let locks = Reading::taken(Source::SsmGetParametersByPath, locks, fixture::ago(3));
    Snapshot { locks, ..fixture::snapshot() }
}

#[test]
fn locks_of_other_machines_and_what_they_have_left() {
    shots("locked", |size| fixture::state(locked(), Screen::Fleet, size));
    shots("locked-production", |size| {
        fixture::state(locked(), environment("production", Page::Servers), size)
    });
    shots("locks-forbidden", |size| {
        let mut snapshot = fixture::snapshot();
        let message = "Not allowed: ask for ssm:GetParametersByPath";
        snapshot.locks.fail(FailureKind::Denied, message, fixture::ago(60));
        fixture::state(snapshot, Screen::Fleet, size)
    });
}

/// All lines of the fleet's screen.
fn fleet(change: impl FnOnce(&mut State)) -> String {
    let size = (120, 40);
    let mut state = fixture::state(locked(), Screen::Fleet, size);
    change(&mut state);
    settle(&mut state);
    (0..size.1).map(|y| line(&drawn(&state, size), y) + "\n").collect()
}

#[test]
fn what_a_run_of_this_machine_shows_of_itself_is_not_shown_twice() {
    let words = "Locked by jane@laptop";
    assert!(fleet(|_| {}).contains(words));
    let work = |number| {
        let mut work = plans::under_way(Ticket(1), "testing");
        let taken = Entry::Lock { number: Some(number), at: fixture::ago(9) };
        work.take(News::Entry(Box::new(taken)));
        work
    };
    let shown = fleet(|state| state.desk.add(work(3)));
    assert!(!shown.contains(words) && shown.contains("deploy-serial, "), "{shown}");
    let shown = fleet(|state| state.desk.add(work(2)));
    assert!(shown.contains(words), "another run holds it by now: {shown}");

    let past = |operation: &str| {
        let mut past = plans::history("production");
        past.truncate(1);
        past[0].id = crate::engine::RunId::parse("2026-11-22-0007").unwrap();
        past[0].operation = operation.into();
        past[0].lock = Some((LockKind::Environment, 11));
        past
    };
    let shown = fleet(|state| state.desk.history = Some(past("deploy-serial")));
    assert!(!shown.contains("values left") && shown.contains("was interrupted"), "{shown}");
}
