//! The whole program in a terminal: its first frame, its memory, and what it costs when nobody touches it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::time::Duration;

use support::terminal::Terminal;
use support::{Row, Used, median_ms, peak_memory, report};

/// Starts of which the middle one counts.
const STARTS: usize = 11;
/// How long the idle console is watched; results are scaled to ten minutes.
const WATCHED: Duration = Duration::from_secs(60);
/// Until an untouched console rests: two minutes, and what a busy machine takes.
const REST: Duration = Duration::from_secs(130);
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    let mut rows = Vec::new();
    first_frame(&mut rows);
    large(&mut rows);
    idle(&mut rows);
    report("The program in a terminal", &rows);
}

fn start(home: &std::path::Path, scenario: &str, columns: u16, lines: u16) -> Terminal {
    let state = home.join("state");
    let arguments =
        ["--state-dir", state.to_str().unwrap(), "sandbox", "--seed", "7", "--scenario", scenario];
    Terminal::start(&arguments, home, columns, lines)
}

fn first_frame(rows: &mut Vec<Row>) {
    for (again, frame, fleet) in [
        (false, "first frame, new sandbox", "fleet on screen, new sandbox"),
        (true, "first frame, sandbox made before", "fleet on screen, sandbox made before"),
    ] {
        let (mut frames, mut fleets) = (Vec::new(), Vec::new());
        let home = tempfile::tempdir().unwrap();
        for _ in 0..STARTS {
            let fresh = tempfile::tempdir().unwrap();
            let home = if again { home.path() } else { fresh.path() };
            let mut terminal = start(home, "calm", 120, 40);
            frames.push(terminal.until("SANDBOX", PATIENCE));
            fleets.push(terminal.until("production", PATIENCE));
        }
        let how = format!("median of {STARTS} starts, from fork to bytes on the terminal, 120×40");
        let budget = Some(100.0);
        rows.push(Row {
            what: frame,
            measured: median_ms(&mut frames),
            budget,
            unit: "ms",
            how: how.clone(),
        });
        rows.push(Row { what: fleet, measured: median_ms(&mut fleets), budget: None, unit: "ms", how });
    }
}

fn large(rows: &mut Vec<Row>) {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = start(home.path(), "large", 200, 60);
    terminal.until("production", PATIENCE);
    let before = Used::by(terminal.process());
    terminal.watch(WATCHED / 2);
    let after = Used::by(terminal.process());
    if let Some(measured) = peak_memory(terminal.process()) {
        let how = "most memory resident after half a minute on the fleet, 4,000 servers".into();
        rows.push(Row { what: "memory with `large`", measured, budget: Some(200.0), unit: "MB", how });
    }
    if let (Some(before), Some(after)) = (before, after) {
        let measured = after.since(&before).as_secs_f64() / (WATCHED / 2).as_secs_f64() * 100.0;
        let how = "of one core, the simulation of 4,000 servers in the same process".into();
        rows.push(Row { what: "processor with `large`", measured, budget: None, unit: "%", how });
    }
}

fn idle(rows: &mut Vec<Row>) {
    let shipped = "as shipped, the simulation of the fleet in the same process";
    let apart = "the longest intervals there are: what the console itself costs";
    // The longest intervals leave nothing but the console itself.
    let hour =
        "[intervals]\nfast = \"1m\"\nnormal = \"10m\"\nidle = \"1h\"\nmetrics = \"1h\"\nhosts = \"1h\"\n";
    for (what, draws, preferences, (budget, none), how) in [
        ("idle, polling apart", "draws while idle, polling apart", hour, (Some(0.5), Some(0.0)), apart),
        ("idle, polling included", "draws while idle, polling included", "", (None, None), shipped),
    ] {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("quarterdeck.toml"), preferences).unwrap();
        let mut terminal = start(home.path(), "calm", 120, 40);
        terminal.until("production", PATIENCE);
        terminal.watch(REST);
        let before = Used::by(terminal.process());
        let (drawn, bytes) = terminal.watch(WATCHED);
        let Some((before, after)) = before.zip(Used::by(terminal.process())) else { continue };
        let scale = 600.0 / WATCHED.as_secs_f64();
        let measured = after.since(&before).as_secs_f64() * scale;
        let how = format!("{how}; {} s watched, scaled to 10 minutes", WATCHED.as_secs());
        rows.push(Row { what, measured, budget, unit: "s", how });
        let how = format!("{bytes} bytes; nobody has touched the console for two minutes");
        rows.push(Row { what: draws, measured: f64::from(drawn) * scale, budget: none, unit: "", how });
    }
}
