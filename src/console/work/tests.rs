//! What plans and runs on the desk promise.

use super::{Desk, Usual, waves};
use crate::console::panes::Ticket;
use crate::console::views::tests::{fixture, plans};
use crate::engine::store::RunState;
use crate::fleet::Severity;

#[test]
fn how_long_a_run_takes_is_the_middle_of_those_that_came_to_a_good_end() {
    let history = plans::history("staging");
    let usual = Usual::of(&history, "deploy-serial", &"staging".into(), None);
    assert_eq!(usual.runs, [660, 1_020]);
    assert_eq!((usual.time(), usual.range()), (Some(660), Some((660, 1_020))));
    assert_eq!((usual.step("migrate"), usual.step("never ran")), (Some(8), None));
    let but = Usual::of(&history, "deploy-serial", &"staging".into(), Some(&plans::id(2)));
    assert_eq!(but.runs, [1_020]);
    let elsewhere = Usual::of(&history, "deploy-serial", &"testing".into(), None);
    assert_eq!(elsewhere.runs, [660, 1_020], "better than nothing");
    assert_eq!(Usual::of(&history, "rollback", &"staging".into(), None), Usual::default());
}

#[test]
fn a_run_stays_open_until_what_it_left_is_put_right() {
    let mut desk = Desk::new(true);
    desk.history = Some(plans::history("staging"));
    let open: Vec<String> = desk.open().map(|past| past.id.to_string()).collect();
    assert_eq!(open, ["2026-11-22-0006", "2026-11-22-0005"]);
    // What somebody else changed meanwhile was left on purpose.
    if let Some(record) = desk.history.as_mut().and_then(|all| all.get_mut(1)) {
        record.left.clear();
        record.foreign = 1;
    }
    assert_eq!(desk.open().count(), 1);
    // Taken up here, it is not open any more.
    let mut work = plans::under_way(Ticket(1), "staging");
    work.id = plans::id(6);
    desk.add(work);
    assert_eq!(desk.open().count(), 0);
}

#[test]
fn a_run_that_left_something_is_red_whatever_its_end_is_called() {
    let mut work = plans::failed(Ticket(1), "production");
    assert_eq!(work.severity(), Severity::Down);
    work.state = RunState::Cancelled;
    assert!(work.has_left());
    assert_eq!(work.severity(), Severity::Down);
}

#[test]
fn the_wave_counts_old_pending_and_serving_members_of_the_group() {
    let work = plans::under_way(Ticket(1), "production");
    let snapshot = fixture::snapshot();
    let found = waves(work.story().unwrap(), &snapshot);
    let group = snapshot.group(&plans::group("production")).unwrap();
    let [wave] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(wave.old + wave.leaving + wave.pending + wave.serving, group.members.len());
    assert!(wave.old > 0 && wave.severity == Severity::Changing, "{wave:?}");
}

#[test]
fn plans_and_runs_that_are_kept_are_bounded_and_what_goes_on_is_never_dropped() {
    let mut desk = Desk::new(true);
    desk.add(plans::under_way(Ticket(1), "staging"));
    for n in 2..40 {
        desk.add_sheet(super::Sheet::new(plans::wish(Ticket(100 + n), "staging"), fixture::now()));
        desk.add(plans::failed(Ticket(n), "staging"));
    }
    assert!(desk.works().count() <= 8);
    assert!(desk.work(Ticket(1)).is_some());
    assert!(desk.sheet(Ticket(139)).is_some() && desk.sheet(Ticket(102)).is_none());
    desk.add(plans::under_way(Ticket(139), "staging"));
    assert!(desk.sheet(Ticket(139)).is_none(), "its run has taken its place");
}
