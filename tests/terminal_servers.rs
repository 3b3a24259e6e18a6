//! The real console in a real terminal, and servers of the sandbox: shells for which it steps aside, commands that
//! run and are ended, logs that are followed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/terminal.rs"]
mod terminal;

use rustix::process::Signal;
use terminal::{Modes, Start, Terminal};

const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";

/// The servers of testing, which is no production.
fn servers() -> Terminal {
    Terminal::open().press(":environment testing\r").until("testing › servers").until("web")
}

fn aside(console: &Terminal) {
    // The line that says what is run holds these words, too, but not at its beginning.
    console.wait("the other program", |t| {
        t.text().lines().any(|line| line.starts_with("i-") && line.contains("is simulated"))
    });
    console.wait("the terminal to be given away", |t| {
        !t.modes().alternate_screen && !t.modes().mouse && !t.modes().settings_changed
    });
}

#[test]
fn the_console_steps_aside_for_a_shell_and_comes_back_as_it_was() {
    let console = servers().press("s").until("steps aside for");
    aside(&console);
    // What is typed is the shell's, not the console's.
    let console = console.press("q\n").until("The shell on").until("has ended").until("testing › servers");
    console.wait("the terminal to be taken", |t| t.modes() == Modes::TAKEN);
    let console = console.press("j").press(ESC).until("staging");
    assert_eq!(console.press("q").ended().0, 0);
}

#[test]
fn settings_that_a_shell_leaves_behind_are_undone_and_not_given_back_in_the_end() {
    let console = servers().press("s").until("steps aside for");
    aside(&console);
    console.stty(&["-echo", "-opost"]);
    let console = console.press("q\n").until("The shell on").until("testing › servers");
    console.wait("the terminal to be taken", |t| t.modes() == Modes::TAKEN);
    assert!(console.raw().contains("\x1b[?1003l"), "modes of the mouse that were not ours are switched off");
    // The settings are compared with those from before the console.
    assert_eq!(console.press(CTRL_C).ended().0, 0);
}

#[test]
fn ctrl_c_inside_a_shell_ends_what_runs_there_and_not_the_console() {
    let console = servers().press("s").until("steps aside for");
    aside(&console);
    let console = console.press(CTRL_C).until("The shell on").until("has ended: killed by signal 2");
    console.wait("the terminal to be taken", |t| t.modes() == Modes::TAKEN);
    assert_eq!(console.press(CTRL_C).ended().0, 0);
}

#[test]
fn ctrl_z_inside_a_shell_stops_both_and_fg_goes_on_with_both() {
    let shell = "exec \"${QD_SHELL:-sh}\" -i -c 'set -m; \"$@\"; printf \"stopped\\n\"; read go; fg >/dev/null; printf \"done %s\\n\" $?' sh \"$@\"";
    let console = Terminal::start(Start { shell: Some(shell), ..Start::default() }).until("● testing");
    let console = console.press(":environment testing\r").until("testing › servers").until("web");
    let console = console.press("s").until("steps aside for");
    aside(&console);
    let console = console.press(CTRL_Z).until("stopped");
    let console = console.press("\n").press("\n").until("has ended").until("testing › servers");
    console.wait("the terminal to be taken", |t| t.modes() == Modes::TAKEN);
    let (code, after) = console.press(CTRL_C).ended();
    assert_eq!(code, 0);
    assert!(after.contains("done 0"), "{after}");
}

#[test]
fn a_command_runs_on_a_role_and_says_how_it_ended() {
    let console = servers().press("x").until("Run in testing").press("hostname").press(ENTER);
    let console = console.until("Run on 1 server of testing?").until("y  run it").press("y");
    let console = console.until("1 of 1 done").until("› run 20");
    assert_eq!(console.press(CTRL_C).ended().0, 0);
}

#[test]
fn what_never_ends_is_cancelled_and_the_server_says_that_it_ended() {
    let console = servers().press("xyes\r").until("y  run it").press("y").until("running").until("lines");
    let console = console.press("X").until("Cancel run").press("y").until("cancelled: ended on the server");
    assert_eq!(console.press(CTRL_C).ended().0, 0);
}

#[test]
fn leaving_while_something_runs_asks_and_ends_it() {
    let console = servers().press("xyes\r").until("y  run it").press("y").until("running").until("lines");
    let console = console.press(ESC).until("testing › servers").until("run 0/1");
    let console = console.press(CTRL_C).until("A run goes on").press(ESC).until_gone("A run goes on");
    let (code, after) = console.press(CTRL_C).until("A run goes on").press("y").ended();
    assert_eq!(code, 0);
    assert!(after.contains("ended on the server"), "{after}");
}

#[test]
fn logs_are_followed_as_they_are_written() {
    let console = servers().press("l").until("Follow logs in testing").press(ENTER);
    let console = console.until("testing › logs").until("following 1 server of 1").until("nginx-access");
    assert_eq!(console.press(CTRL_C).ended().0, 0);
}

#[test]
fn lines_are_saved_to_a_file_that_did_not_exist() {
    let console = servers().press("xseq 3\r").until("y  run it").press("y").until("1 of 1 done");
    let console = console.press("w").until("save as: ");
    let console = console.press(&"\x7f".repeat(60)).press("lines.txt\r").until("Saved 3 lines in");
    assert_eq!(console.file("lines.txt"), "1\n2\n3\n");
    let console = console.press("w").press(&"\x7f".repeat(60)).press("lines.txt\r").until("exists already");
    assert_eq!(console.press(CTRL_C).ended().0, 0);
}

#[test]
fn a_signal_that_ends_the_console_ends_what_runs_and_waits_for_the_servers_word() {
    let console = servers().press("xyes\r").until("y  run it").press("y").until("running").until("lines");
    let (code, after) = console.send(Signal::TERM).ended();
    assert_eq!(code, 4);
    assert!(after.contains("ended by SIGTERM") && after.contains(": 1 cancelled"), "{after}");
}

#[test]
fn a_hang_up_ends_no_run_the_console_waits_for_it_without_a_screen() {
    let console = servers().press("xsleep 4\r").until("y  run it").press("y").until("› run 20");
    let (code, after) = console.send(Signal::HUP).ended();
    assert_eq!(code, 4);
    assert!(after.contains("ended by SIGHUP") && after.contains(": 1 done"), "{after}");
}
