//! What one frame costs with the `large` scenario at 200×60, and what is behind it: table, key, snapshot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use quarterdeck::cli::screenshots::Stage;
use quarterdeck::console::event::Event;
use quarterdeck::console::findings::Findings;
use quarterdeck::console::reduce::reduce;
use quarterdeck::console::state::State;
use quarterdeck::console::{tables, views};
use quarterdeck::fleet::Reading;
use quarterdeck::sandbox::Scenario;
use quarterdeck::triage::{Memory, look};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use support::{Row, median_ms, report};

/// Repetitions of which the middle one counts.
const TIMES: usize = 301;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let arguments: Vec<String> = std::env::args().collect();
    // For callgrind: only so many frames, nothing else.
    if let Some(at) = arguments.iter().position(|argument| argument == "--count") {
        let stage = runtime.block_on(Stage::open(Scenario::Large, 7, "dark", (200, 60))).unwrap();
        frames(stage.state(), arguments[at + 1].parse().unwrap());
        return;
    }
    let mut rows = Vec::new();
    for (frame, table, keys) in [
        ("frame, fleet of 20 environments", "table, fleet of 20 environments", &[] as &[&str]),
        ("frame, environment of 200 servers", "table, environment of 200 servers", &["enter"]),
        ("frame, charts", "table, charts", &["enter", "4"]),
    ] {
        let stage = runtime.block_on(async {
            let mut stage = Stage::open(Scenario::Large, 7, "dark", (200, 60)).await.unwrap();
            for key in keys {
                stage.press(key).await;
            }
            stage
        });
        let how = || format!("median of {TIMES}, 200×60, 4,000 servers");
        let budget = Some(4.0);
        rows.push(Row {
            what: frame,
            measured: frames(stage.state(), TIMES),
            budget,
            unit: "ms",
            how: how(),
        });
        let measured = time(TIMES, || drop(black_box(tables::build(black_box(stage.state())))));
        rows.push(Row { what: table, measured, budget: None, unit: "ms", how: how() });
    }
    let (key, snapshot) = runtime.block_on(events());
    let how = "median, what a reducer makes of it, the table included";
    rows.push(Row { what: "a key pressed", measured: key, budget: None, unit: "ms", how: how.into() });
    rows.push(Row {
        what: "a snapshot taken in",
        measured: snapshot,
        budget: None,
        unit: "ms",
        how: how.into(),
    });
    let (alone, all) = runtime.block_on(triage());
    let what = "triage of an environment of 1,000 servers";
    rows.push(Row { what, measured: alone, budget: Some(10.0), unit: "ms", how: "median of 31".into() });
    let what = "triage of 20 environments of 200 servers";
    rows.push(Row { what, measured: all, budget: None, unit: "ms", how: "median of 31".into() });
    report("A frame", &rows);
}

/// What is wrong in an environment of a thousand servers, told by itself, and in the whole fleet, in milliseconds.
async fn triage() -> (f64, f64) {
    let stage = Stage::open(Scenario::Large, 7, "dark", (200, 60)).await.unwrap();
    let console = stage.state();
    let yardstick = console.yardstick();
    let (place, other) = (&console.topology.environments[0], &console.topology.environments[1]);
    let mut snapshot = (*console.snapshot).clone();
    let mut servers = snapshot.servers.value().unwrap().clone();
    for (n, server) in servers.values_mut().enumerate() {
        server.environment = Some(if n < 1_000 { &place.name } else { &other.name }.clone());
    }
    snapshot.servers = Reading::taken(snapshot.servers.source(), servers, yardstick.now);
    let mut memory = Memory::default();
    let alone = time(31, || drop(black_box(look(&snapshot, place, &yardstick, &mut memory))));
    let mut findings = Findings::default();
    let (snapshot, rows) = (&console.snapshot, &console.overviews);
    let all = time(31, || drop(findings.look(snapshot, &console.topology, rows, &yardstick, None)));
    (alone, all)
}

/// Draws the whole screen again and again, as after a change of everything.
fn frames(state: &State, times: usize) -> f64 {
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    time(times, || {
        terminal.draw(|frame| views::draw(frame, black_box(state))).unwrap();
    })
}

/// A key and a snapshot on the fleet screen, in milliseconds.
async fn events() -> (f64, f64) {
    let stage = Stage::open(Scenario::Large, 7, "dark", (200, 60)).await.unwrap();
    let mut console = stage.state().clone();
    let down = KeyEvent::new(KeyCode::Down, KeyModifiers::NONE);
    let key = time(TIMES, || drop(reduce(&mut console, Event::Key(down))));
    let snapshot = Arc::clone(&console.snapshot);
    let taken = time(31, || drop(reduce(&mut console, Event::Snapshot(Arc::clone(&snapshot)))));
    (key, taken)
}

fn time(times: usize, mut work: impl FnMut()) -> f64 {
    let mut measured: Vec<Duration> = (0..times)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    median_ms(&mut measured)
}
