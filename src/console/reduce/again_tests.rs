//! What taking runs up again or taking them back asks and does.

use super::script::Console;
use super::work_tests::{agree, history, planned, question, running, starts};
use crate::console::event::{Effect, Event};
use crate::console::views::tests::{fixture, plans};
use crate::console::work::{Obstacle, Start};
use crate::engine::lock::Held;
use crate::engine::run::{Entry, Grip, News, StepEnd};
use crate::engine::store::RunState;
use crate::plan::StepId;

#[test]
fn what_was_interrupted_is_asked_about_once_and_taken_up_only_after_a_second_answer() {
    let mut console = Console::open();
    history(&mut console, plans::history("staging"));
    assert!(question(&console).starts_with("2 runs are not finished"), "{}", question(&console));
    console.press("r u y enter");
    assert_eq!(starts(&console), []);
    console.press("l");
    let opened = console.effects.iter().find_map(|effect| match effect {
        Effect::OpenPast(ticket, id) => Some((*ticket, id.clone())),
        _ => None,
    });
    let (ticket, id) = opened.unwrap();
    assert_eq!(id, plans::id(6));
    let mut work = plans::under_way(ticket, "staging");
    (work.id, work.state, work.is_ours) = (id.clone(), RunState::Interrupted, false);
    console.state.desk.add(work);
    console.press("r");
    assert!(question(&console).starts_with("Resume run 2026-11-22-0006?"), "{}", question(&console));
    console.press("y");
    let start = starts(&console).pop().unwrap();
    assert_eq!(start.start, Start::TakeUp { id, undo: false });
    console.press("esc");
    history(&mut console, plans::history("staging"));
    assert!(console.state.overlay.is_none(), "once");
}

#[test]
fn what_was_left_open_is_reached_by_the_key_of_runs_where_nothing_was_run_here() {
    let mut console = Console::open();
    console.press("R");
    assert!(console.toast().contains("No command has been run"), "{}", console.toast());
    history(&mut console, plans::history("staging"));
    console.press("esc R");
    let opened =
        console.effects.iter().any(|effect| matches!(effect, Effect::OpenPast(_, id) if *id == plans::id(6)));
    assert!(opened && console.place().starts_with("work "), "{}", console.place());
}

#[test]
fn undoing_a_run_of_production_wants_its_name() {
    let mut console = Console::open();
    let ticket = console.state.shelf.ticket();
    console.state.desk.add(plans::failed(ticket, "production"));
    console.press("R u y enter");
    assert_eq!(starts(&console), []);
    console.press("esc u").write("production").press("enter");
    assert_eq!(starts(&console).pop().unwrap().start, Start::TakeUp { id: plans::id(7), undo: true });
}

#[test]
fn a_run_that_began_here_is_undone_or_taken_up_and_never_begun_a_second_time() {
    for (environment, keys, undo) in
        [("staging", "u", true), ("staging", "r", false), ("production", "u", true)]
    {
        let (mut console, ticket) = running(environment);
        let id = console.state.desk.work(ticket).unwrap().id.clone();
        console.send(Event::Told(vec![
            (ticket, plans::step_begun(3, 3)),
            (ticket, plans::ended(3, StepEnd::Done, 2)),
            (ticket, plans::finished(RunState::Failed)),
        ]));
        let before = starts(&console).len();
        console.press(keys);
        agree(&mut console, environment);
        let wanted = Start::TakeUp { id, undo };
        assert_eq!(starts(&console).last().unwrap().start, wanted, "{keys} in {environment}");
        console.press(keys);
        assert!(console.state.overlay.is_none() && console.toast().contains("taken up already"), "once");
        // Nor where somebody else was in its way.
        let held = Obstacle::Held(Box::new(Held { number: 12, note: None }));
        console.send(Event::Begun(ticket, Err(held)));
        assert!(!question(&console).contains("plan again"), "{}", question(&console));
        console.press("t").write("take over").press("enter");
        let last = starts(&console).pop().unwrap();
        assert_eq!((last.start, last.grip), (wanted, Grip::TakeOver(12)), "{keys} in {environment}");
        assert_eq!(starts(&console).len(), before + 2);
    }
}

#[test]
fn what_undoing_takes_back_and_what_stays_is_told_before_it_is_agreed_to() {
    let mut console = Console::open();
    let ticket = console.state.shelf.ticket();
    console.state.desk.add(plans::failed(ticket, "staging"));
    console.press("R u");
    let words = question(&console);
    let places: Vec<_> = [
        "↩ 3 suspend AZRebalance on",
        "↩ 4 replace web servers",
        "↩ 1 stop Celery",
        "stays: 2 migrate: the schema",
    ]
    .into_iter()
    .map(|line| words.find(line).unwrap_or_else(|| panic!("{line}: {words}")))
    .collect();
    assert!(places[2] > places[1] && places[3] > places[2], "what ended last is taken back first: {words}");
    // Resuming puts back only what was to last for the run.
    console.press("esc r");
    let words = question(&console);
    assert!(words.contains("↩ 3 suspend AZRebalance") && !words.contains("stop Celery"), "{words}");
    assert!(words.contains("does not go on") && !words.contains("stays"), "{words}");
}

#[test]
fn a_run_that_is_done_can_be_undone_once_and_nothing_is_asked_where_nothing_is_left() {
    let (mut console, ticket) = planned("staging");
    console.press("enter y");
    let suspension = plans::begun(plans::suspension("staging"));
    console.send(Event::Begun(ticket, Ok(Box::new(suspension))));
    console.send(Event::Told(vec![
        (ticket, plans::step_begun(1, 3)),
        (ticket, plans::ended(1, StepEnd::Done, 2)),
        (ticket, plans::finished(RunState::Done)),
    ]));
    console.press("r");
    assert!(console.state.overlay.is_none() && console.toast().contains("left to do"), "{}", console.toast());
    console.press("u y");
    assert_eq!(starts(&console).pop().unwrap().start, Start::TakeUp { id: plans::id(7), undo: true });
    let mut undone = plans::begun(plans::suspension("staging"));
    for news in [plans::step_begun(1, 3), plans::ended(1, StepEnd::Done, 2)] {
        let News::Entry(entry) = news else { continue };
        undone.story.take_in(&entry);
    }
    console.send(Event::Begun(ticket, Ok(Box::new(undone))));
    console.send(Event::Told(vec![
        (ticket, plans::entry(Entry::Undone { step: StepId(1), left: Vec::new(), at: fixture::now() })),
        (ticket, plans::finished(RunState::Cancelled)),
    ]));
    let asked = starts(&console).len();
    console.press("u y");
    assert!(console.toast().contains("left to undo"), "{}", console.toast());
    assert_eq!(starts(&console).len(), asked);
}
