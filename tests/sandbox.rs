//! The sandbox from outside: the real program, several at once, killed at any moment.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn describe(state: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
    command.args(["describe", "--json", "--sandbox", "--state-dir"]).arg(state).args(more);
    command.stdin(Stdio::null()).env_remove("RUST_LOG");
    command
}

/// Every instance id in what the program prints.
fn instances(state: &Path) -> Vec<String> {
    let output = describe(state, &[]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut found: Vec<String> = text
        .split('"')
        .filter(|word| word.starts_with("i-0") && word.len() == 19)
        .map(ToOwned::to_owned)
        .collect();
    found.sort();
    found.dedup();
    assert!(found.len() >= 20, "{} instances: {error}", found.len());
    found
}

#[test]
fn the_next_console_sees_the_same_world_whenever_the_last_one_was_killed() {
    let state = tempfile::tempdir().unwrap();
    let before = instances(state.path());
    for round in 0..12_u64 {
        let mut running: Vec<Child> = (0..3)
            .map(|_| describe(state.path(), &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
            .collect();
        // Each round cuts them off somewhere else: the promise holds wherever that is.
        std::thread::sleep(Duration::from_millis(5 * round));
        for child in &mut running {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(instances(state.path()), before);
    }
}

#[test]
fn a_world_whose_making_was_killed_is_made_by_the_next_one() {
    for round in 0..12_u64 {
        let state = tempfile::tempdir().unwrap();
        let mut first = describe(state.path(), &["--scenario", "large"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(8 * round));
        first.kill().unwrap();
        first.wait().unwrap();
        // Either it was made whole before the end, or not at all.
        let count = instances(state.path()).len();
        assert!(count == 21 || count == 4_000, "{count} instances after {round}");
    }
}
