//! A number that no longer tells how it is now is not shown as if it did.

use jiff::SignedDuration;

use super::fixture::{self, ago};
use super::shots::{drawn, environment, line, server};
use crate::console::screen::{Page, Screen};
use crate::console::state::State;
use crate::fleet::{FailureKind, Reading, Source};

const SIZE: (u16, u16) = (160, 48);

fn screen(state: &State) -> String {
    let buffer = drawn(state, SIZE);
    (0..SIZE.1).map(|y| line(&buffer, y) + "\n").collect()
}

/// The fixture, whose newest points are a minute old, with points that stopped so many minutes before.
fn stopped(minutes: i64, screen: Screen) -> State {
    let mut snapshot = fixture::snapshot();
    for reading in snapshot.metrics.values_mut() {
        let mut series = reading.value().cloned().unwrap();
        for (at, _) in &mut series.points {
            *at -= SignedDuration::from_mins(minutes);
        }
        reading.succeed(series, ago(3));
    }
    fixture::state(snapshot, screen, SIZE)
}

#[test]
fn a_number_from_forty_minutes_ago_is_unknown_with_its_age_wherever_it_is_shown() {
    let places = [
        environment("production", Page::Servers),
        environment("production", Page::Charts),
        server("i-0c3fcccc"),
    ];
    for place in places {
        assert!(!screen(&stopped(2, place.clone())).contains("? 4"), "late is not old: {place:?}");
        let old = screen(&stopped(40, place.clone()));
        assert!(old.contains("? 41m"), "{place:?}\n{old}");
    }
}

#[test]
fn a_cpu_that_may_not_be_read_is_unknown_and_says_why() {
    let mut snapshot = fixture::snapshot();
    for reading in snapshot.metrics.values_mut() {
        *reading = Reading::never(Source::CloudWatchGetMetricData);
        reading.fail(FailureKind::Denied, "ops/jane may not use cloudwatch:GetMetricData", ago(60));
    }
    let shown = screen(&fixture::state(snapshot, environment("production", Page::Servers), SIZE));
    let row = shown.lines().find(|l| l.contains("i-0c3fcc web")).unwrap();
    assert!(row.contains("? forbidden"), "{shown}");
}

fn header(state: &State) -> String {
    line(&drawn(state, SIZE), 0)
}

#[test]
fn what_the_pace_makes_old_is_not_stale_and_what_no_pace_makes_old_is() {
    let at = |age: i64, balancers: i64, speed: f64| {
        let mut snapshot = fixture::snapshot();
        let servers = snapshot.servers.value().cloned().unwrap();
        snapshot.servers.succeed(servers, ago(age));
        let all = snapshot.load_balancers.value().cloned().unwrap();
        snapshot.load_balancers.succeed(all, ago(balancers));
        let mut state = fixture::state(snapshot, Screen::Fleet, SIZE);
        state.speed = speed;
        header(&state)
    };
    for (age, balancers, speed, stale) in [
        (5, 125, 1.0, false),
        (55, 125, 1.0, false),
        (5, 400, 1.0, true),
        (90, 5, 1.0, true),
        (900, 900, 60.0, false),
        (4_000, 900, 60.0, true),
    ] {
        let header = at(age, balancers, speed);
        assert_eq!(header.contains("stale"), stale, "{age} {balancers} {speed}: {header}");
    }
}

#[test]
fn numbers_that_may_not_be_read_are_named_and_leave_the_rest_fresh() {
    let mut snapshot = fixture::snapshot();
    for reading in snapshot.metrics.values_mut() {
        reading.fail(FailureKind::Denied, "ops/jane may not do that", ago(60));
    }
    let shown = screen(&fixture::state(snapshot, Screen::Fleet, SIZE));
    assert_eq!(shown.matches("cloudwatch:GetMetricData: forbidden").count(), 1, "{shown}");
    assert!(shown.contains("● live"), "{shown}");
}
