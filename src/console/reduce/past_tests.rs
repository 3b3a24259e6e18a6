//! Every screen as it was: asked for by a key, drawn when it was read, stepped through, and left; nothing is done there.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::script::Console;
use crate::console::action::TABLE;
use crate::console::event::{Effect, Event};
use crate::console::reduce::actions::act;
use crate::console::screen::Screen;
use crate::console::views::banner;
use crate::console::views::tests::{fixture, happened};
use crate::console::views::timeline::selected;
use crate::fleet::Snapshot;
use crate::timeline::Past;

/// How it stood, as the runtime would read it.
pub(crate) fn past(at: Timestamp) -> Arc<Past> {
    let recordings = [("production".into(), happened::chronicle().recording)].into();
    Arc::new(Past::of(&recordings, &fixture::topology(), at))
}

fn on_timeline() -> Console {
    let mut console = Console::open();
    on_its_timeline(&mut console);
    console
}

/// The timeline of production, as it was read.
pub(super) fn on_its_timeline(console: &mut Console) -> &mut Console {
    console.press(":").write("environment production").press("enter T");
    console.send(Event::Timeline("production".into(), Ok(Arc::new(happened::chronicle()))))
}

/// A moment of it on every screen.
pub(super) fn into_past(console: &mut Console) -> &mut Console {
    on_its_timeline(console).press("down down a");
    answer(console);
    console
}

/// The moments that were asked for.
fn asked(console: &Console) -> Vec<Timestamp> {
    let moment = |effect: &Effect| match effect {
        Effect::Past(at) => Some(*at),
        _ => None,
    };
    console.effects.iter().filter_map(moment).collect()
}

/// The moment that was asked for last is read.
fn answer(console: &mut Console) {
    let at = *asked(console).last().unwrap();
    console.send(Event::Past(at, Ok(past(at))));
}

#[test]
fn a_past_that_comes_while_something_is_open_is_not_shown_for_what_is_answered_there_is_of_now() {
    let mut console = on_timeline();
    console.press("down down a").press("x");
    assert!(console.state.overlay.is_some());
    answer(&mut console);
    assert!(console.state.past.is_none() && console.state.overlay.is_some());
    assert!(console.toast().contains("Not shown as it was then"), "{}", console.toast());
}

fn in_past() -> Console {
    let mut console = Console::open();
    into_past(&mut console);
    console
}

#[test]
fn a_key_asks_for_the_moment_and_nothing_changes_before_it_was_read() {
    let mut console = on_timeline();
    console.press("down down");
    let at = selected(&console.state).unwrap().1.at;
    let now = console.state.now;
    console.press("a");
    assert_eq!(asked(&console), [at]);
    assert!(console.state.past.is_none() && console.state.now == now);
    answer(&mut console);
    assert_eq!(console.state.now, at);
    let said = banner::text(&console.state).unwrap();
    assert!(said.contains(&at.strftime("AS OF %H:%M:%S").to_string()), "{said}");
    assert!(said.contains("ago") && said.contains("esc back to now"), "{said}");
    assert_eq!(console.place(), "production/timeline");
}

#[test]
fn every_screen_says_so_and_shows_what_was_recorded_until_esc_leads_back() {
    let mut console = in_past();
    let fresh = fixture::snapshot();
    for (keys, place) in [
        ("F", "fleet"),
        ("enter", "production/servers"),
        ("2", "production/load balancer"),
        ("4", "production/database"),
        ("t", "production/triage"),
        ("T", "production/timeline"),
    ] {
        console.press(keys);
        assert_eq!(console.place(), place);
        assert!(banner::text(&console.state).unwrap().contains("AS OF"), "{place}");
        assert!(console.state.snapshot.images.value().is_none(), "nothing of today");
    }
    console.press("esc");
    assert!(console.state.past.is_none());
    assert_eq!(console.state.now, fixture::now());
    assert_eq!(console.state.snapshot.images.value(), fresh.images.value());
    assert_eq!(console.place(), "production/timeline");
    assert!(!banner::text(&console.state).unwrap_or_default().contains("AS OF"));
}

#[test]
fn keys_step_from_change_to_change_and_a_late_answer_changes_nothing() {
    let mut console = in_past();
    let first = console.state.now;
    console.press("[");
    let earlier = *asked(&console).last().unwrap();
    assert!(earlier < first);
    // Another step before the disk has answered goes on from there.
    console.press("left");
    let earliest = *asked(&console).last().unwrap();
    assert!(earliest < earlier);
    console.send(Event::Past(earlier, Ok(past(earlier))));
    assert_eq!(console.state.now, first, "nobody waits for it any more");
    answer(&mut console);
    assert_eq!(console.state.now, earliest);
    console.press("]");
    answer(&mut console);
    assert_eq!(console.state.now, earlier);
    console.press("right");
    answer(&mut console);
    assert_eq!(console.state.now, first);
    for _ in 0..200 {
        let before = asked(&console).len();
        console.press("]");
        if asked(&console).len() == before {
            break;
        }
        answer(&mut console);
    }
    assert!(console.toast().contains("Nothing has turned since"), "{}", console.toast());
    // Somebody who has left is not taken there again.
    console.press("[ esc");
    answer(&mut console);
    assert!(console.state.past.is_none());
}

#[test]
fn nothing_is_done_read_or_asked_of_servers_in_the_past() {
    for row in TABLE.iter().filter(|row| row.action.is_of_now()) {
        let mut console = in_past();
        console.press("F");
        let effects = act(&mut console.state, row.action);
        assert_eq!(effects, [], "{}", row.name);
        assert!(console.toast().contains("possible only now"), "{}: {}", row.name, console.toast());
        assert!(!row.action.is_enabled(&console.state), "{}", row.name);
        assert!(console.state.overlay.is_none() && console.state.past.is_some(), "{}", row.name);
    }
    let mut console = in_past();
    let looked = console.state.interest.clone();
    console.press("F enter 3 t");
    assert_eq!(console.state.interest, looked, "what is looked at there is not read");
}

#[test]
fn what_comes_meanwhile_is_remembered_and_shown_only_once_it_is_now_again() {
    let mut console = in_past();
    let (at, shown) = (console.state.now, Arc::clone(&console.state.snapshot));
    let later = fixture::now() + SignedDuration::from_mins(20);
    console.send(Event::Clock(later));
    let mut newer: Snapshot = fixture::snapshot();
    newer.revision += 50;
    console.send(Event::Snapshot(Arc::new(newer)));
    assert_eq!(console.state.now, at);
    assert!(Arc::ptr_eq(&console.state.snapshot, &shown));
    assert!(banner::text(&console.state).unwrap().contains("ago"));
    console.press("esc");
    assert_eq!(
        (console.state.now, console.state.snapshot.revision),
        (later, fixture::snapshot().revision + 50)
    );
}

#[test]
fn a_message_goes_away_though_the_clock_on_the_screen_stands_still() {
    let mut console = in_past();
    console.press("d");
    assert!(!console.toast().is_empty());
    console.send(Event::Clock(fixture::now() + SignedDuration::from_secs(1)));
    assert!(!console.toast().is_empty());
    console.send(Event::Clock(fixture::now() + SignedDuration::from_secs(7)));
    assert!(console.toast().is_empty());
}

#[test]
fn why_the_past_cannot_be_read_is_told_and_it_stays_now() {
    let mut console = on_timeline();
    console.press("a");
    let at = *asked(&console).last().unwrap();
    console.send(Event::Past(at, Err("/x cannot be read (denied)".into())));
    assert!(console.state.past.is_none());
    assert!(console.toast().contains("/x cannot be read"), "{}", console.toast());
}

#[test]
fn an_environment_that_nobody_looked_at_is_unknown() {
    let mut console = in_past();
    console.state.trail.visit(Screen::Triage("staging".into()));
    crate::console::reduce::rebuild(&mut console.state);
    assert!(console.state.table.empty.contains("Nobody looked at staging then"));
}
