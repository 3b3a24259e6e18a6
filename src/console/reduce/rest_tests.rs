//! When nobody touches it, time alone draws nothing; what is no longer refreshed still says how old it is.

use jiff::{SignedDuration, Timestamp};

use super::script::Console;
use crate::console::event::Event;
use crate::console::views::tests::fixture;

/// The clock goes to each moment at which something was to change, until `until`: how often it drew.
fn drawn(console: &mut Console, until: Timestamp) -> usize {
    let mut drawn = 0;
    while let Some(next) = console.state.next_change.filter(|next| *next <= until) {
        console.state.dirty = false;
        console.send(Event::Clock(next));
        drawn += usize::from(console.state.dirty);
        assert!(console.state.next_change.is_none_or(|after| after > next), "time goes on");
    }
    console.send(Event::Clock(until));
    drawn
}

fn after(minutes: i64) -> Timestamp {
    fixture::now() + SignedDuration::from_mins(minutes)
}

/// The longest intervals there are: nothing is stale for two hours.
fn polling_apart() -> Console {
    let mut console = Console::open();
    console.state.preferences.intervals.idle = std::time::Duration::from_secs(3_600);
    console
}

#[test]
fn an_idle_console_draws_once_when_it_comes_to_rest_and_then_no_more() {
    let mut console = polling_apart();
    assert!(drawn(&mut console, after(1)) > 0, "ages move on while somebody is there");
    drawn(&mut console, after(3));
    assert!(console.state.is_resting());
    assert_eq!(drawn(&mut console, after(63)), 0);
}

#[test]
fn a_key_ends_the_rest_and_ages_are_right_at_once() {
    let mut console = polling_apart();
    drawn(&mut console, after(20));
    console.state.dirty = false;
    console.press("x");
    assert!(console.state.dirty && !console.state.is_resting());
    assert!(drawn(&mut console, after(21)) > 0);
}

#[test]
fn what_is_no_longer_refreshed_grows_old_on_a_resting_screen() {
    let mut console = Console::open();
    assert!(drawn(&mut console, after(10)) > 8, "stale, then a minute more each minute");
}
