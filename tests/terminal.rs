//! The real console in a real terminal: it draws, moves and ends, and gives the terminal back as it was.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/terminal.rs"]
mod terminal;

use rustix::process::Signal;
use terminal::{Modes, Start, Terminal};

const ESC: &str = "\x1b";
const ENTER: &str = "\r";
const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";

#[test]
fn the_console_takes_the_terminal_shows_the_fleet_and_quits() {
    let console = Terminal::open().until("staging").until("testing").until("SANDBOX");
    assert_eq!(console.modes(), Modes::TAKEN);
    let (code, after) = console.press("q").ended();
    assert_eq!((code, after.trim()), (0, ""));
}

#[test]
fn ctrl_c_leaves_from_anywhere() {
    assert_eq!(Terminal::open().press(CTRL_C).ended().0, 0);
    assert_eq!(Terminal::open().press("/abc").until("abc").press(CTRL_C).ended().0, 0);
}

#[test]
fn the_selection_moves_opens_and_comes_back() {
    let console = Terminal::open().until("› ● production").press("j").until("› ● staging");
    let console = console.press("\x1b[F").until("› ● testing").press("kk").until("› ● production");
    let console = console.press(ENTER).until("worker");
    let console = console.press("2").until("HTTPS").press("[").until("production").until("staging");
    assert_eq!(console.press("q").ended().0, 0);
}

#[test]
fn a_server_is_opened_and_left_by_keys() {
    let console = Terminal::open().press(ENTER).until("worker").press(ENTER).until("ami-");
    let console = console.press(ESC).until("worker").press(ESC).until("staging");
    assert_eq!(console.press("q").ended().0, 0);
}

#[test]
fn the_filter_narrows_as_one_types_and_takes_a_paste_as_text() {
    let console = Terminal::open().press("/stag").until_gone("testing").until("staging");
    let console = console.press(ENTER).press(ESC).until("testing");
    // The q of the pasted text must not quit, nor its line end accept.
    let console = console.press("/\x1b[200~test\nq\x1b[201~").until_gone("staging").until("testing");
    assert_eq!(console.press(ENTER).press(ESC).until("staging").press("q").ended().0, 0);
}

#[test]
fn the_palette_goes_where_its_words_say() {
    let console =
        Terminal::open().press(":").until("refresh").press("env test").until("go to environment testing");
    let console = console.press(ENTER).until("worker");
    assert!(console.text().lines().next().unwrap().contains("testing") || console.text().contains("testing"));
    assert_eq!(console.press(":quit\r").ended().0, 0);
}

#[test]
fn help_lists_the_keys_of_the_keymap_and_closes() {
    let console = Terminal::open().press("?").until("On the fleet screen").until("Leave the console");
    assert_eq!(console.press(ESC).until_gone("On the fleet screen").press("q").ended().0, 0);
}

#[test]
fn another_keymap_changes_keys_and_help() {
    let files = vec![
        ("quarterdeck.toml", "keymap = \"mine\"\n"),
        ("keymaps/mine.toml", "inherits = \"vim\"\n[fleet]\n\"x\" = \"quit\"\n\"q\" = \"none\"\n"),
    ];
    let console = Terminal::start(Start { files, ..Start::default() }).until("production");
    assert_eq!(
        console
            .press("q")
            .press("?")
            .until("x   ")
            .until("g g, home")
            .press(ESC)
            .until_gone("g g, home")
            .press("x")
            .ended()
            .0,
        0
    );
}

#[test]
fn every_size_down_to_one_cell_and_up_again_is_survived() {
    let mut console = Terminal::open().press(ENTER).until("worker");
    for (columns, lines) in [(80, 24), (40, 10), (39, 9), (10, 3), (1, 1), (2, 1), (1, 50), (300, 2)] {
        let drawn = console.raw().len();
        console = console.resize(columns, lines);
        console.wait("a frame", |t| t.raw().len() > drawn);
        console = console.press("j/a\x1bj?\x1b\x1b[<0;1;1M").press(ESC);
    }
    let console = console.resize(120, 40).press("F").until("staging").until("SANDBOX");
    assert_eq!(console.press("q").ended().0, 0);
}

#[test]
fn one_cell_from_the_start_is_no_reason_to_fail() {
    let console = Terminal::start(Start { size: Some((1, 1)), ..Start::default() });
    console.wait("a frame", |t| t.modes() == Modes::TAKEN);
    assert_eq!(console.resize(100, 30).until("production").press("q").ended().0, 0);
}

#[test]
fn sigtstp_gives_the_terminal_back_and_sigcont_draws_all_again() {
    let console = Terminal::open().send(Signal::TSTP);
    console.wait("the program to stop", Terminal::is_stopped);
    console.wait("the terminal to be given back", |t| t.modes() == Modes::default());
    let console = console.send(Signal::CONT).until("production").until("testing");
    console.wait("the terminal to be taken", |t| t.modes() == Modes::TAKEN);
    assert_eq!(console.press("q").ended().0, 0);
}

#[test]
fn ctrl_z_steps_aside_for_the_shell_and_fg_comes_back() {
    // A shell with job control, as people have it.
    let shell = "exec \"${QD_SHELL:-sh}\" -i -c 'set -m; \"$@\"; printf \"aside\\n\"; read go; fg >/dev/null; printf \"done %s\\n\" $?' sh \"$@\"";
    let console = Terminal::start(Start { shell: Some(shell), ..Start::default() }).until("production");
    let console = console.press(CTRL_Z).until("aside");
    assert!(!console.modes().alternate_screen && !console.modes().mouse && !console.modes().paste);
    let console = console.press("\n").until("production").until("SANDBOX");
    console.wait("the terminal to be taken", |t| t.modes() == Modes::TAKEN);
    let (code, after) = console.press("q").ended();
    assert_eq!(code, 0);
    assert!(after.contains("done 0"), "{after}");
}

#[test]
fn signals_that_ask_for_the_end_get_it_with_code_4() {
    for (signal, name) in [
        (Signal::TERM, "SIGTERM"),
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
    ] {
        let (code, after) = Terminal::open().send(signal).ended();
        assert_eq!(code, 4, "{name}");
        assert!(after.contains(name), "{after}");
    }
}

#[test]
#[cfg(debug_assertions)]
fn a_panic_inside_a_view_or_a_task_ends_the_program_and_gives_the_terminal_back() {
    for place in ["view", "task"] {
        let variables = vec![("QUARTERDECK_TEST_PANIC", place.to_owned())];
        let console = Terminal::start(Start { variables, ..Start::default() }).until("production");
        let (code, after) = console.press("?").ended();
        assert_eq!(code, 1, "{place}");
        assert!(after.contains("a mistake in Quarterdeck"), "{after}");
    }
}

#[test]
fn a_terminal_that_hangs_up_ends_the_console_at_once() {
    // The shell takes the SIGHUP; the console only finds that nobody is there any more.
    let shell = "trap '' HUP; \"$@\" 2>said; echo \"code $?\" >code";
    let mut console = Terminal::start(Start { shell: Some(shell), ..Start::default() }).until("production");
    console.hang_up();
    assert_eq!(console.file("code").trim(), "code 1");
    assert!(console.file("said").contains("the terminal was closed"));
}

#[test]
fn a_terminal_that_hangs_up_with_the_messages_on_it_changes_no_exit_code() {
    // The first shell keeps the SIGHUP from the console, the second does not.
    for (shell, codes) in [
        ("trap '' HUP; \"$@\"; echo \"code $?\" >code", &["code 1"][..]),
        ("trap : HUP; \"$@\"; echo \"code $?\" >code", &["code 1", "code 4"]),
    ] {
        let mut console =
            Terminal::start(Start { shell: Some(shell), ..Start::default() }).until("production");
        console.hang_up();
        let code = console.file("code");
        assert!(codes.contains(&code.trim()), "{shell}: {code}");
    }
}

#[test]
fn ctrl_z_stops_nothing_where_no_shell_would_wake_it() {
    // Alone on its terminal, and started by a script that is.
    for shell in [None, Some("\"$@\"; exit $?")] {
        let console = Terminal::start(Start { shell, ..Start::default() }).until("production");
        let console = console.press(CTRL_Z).until("There is no shell to return to");
        assert_eq!(console.press("q").ended().0, 0);
    }
}

#[test]
fn without_a_terminal_it_says_so_with_code_2() {
    for shell in ["\"$@\" </dev/null", "\"$@\" >out", "\"$@\" <&-"] {
        let console = Terminal::start(Start { shell: Some(shell), ..Start::default() });
        let (code, said) = console.ended();
        assert_eq!(code, 2, "{shell}");
        assert!(said.contains("is not a terminal") && said.contains("describe"), "{said}");
    }
}

#[test]
fn a_changed_theme_is_seen_without_a_restart_and_a_mistake_in_it_is_told() {
    let files = vec![
        ("quarterdeck.toml", "theme = \"mine\"\n"),
        ("themes/mine.toml", "inherits = \"dark\"\n[scopes]\nfooter = { bg = \"#010203\" }\n"),
    ];
    let console = Terminal::start(Start { files, ..Start::default() }).until("production");
    console.wait("the first colour", |t| t.raw().contains("48;2;1;2;3"));
    assert!(!console.raw().contains("48;2;3;2;1"));
    let console =
        console.replace("themes/mine.toml", "inherits = \"dark\"\n[scopes]\nfooter = { bg = \"#030201\" }\n");
    console.wait("the second colour", |t| t.raw().contains("48;2;3;2;1"));
    let console = console
        .replace("themes/mine.toml", "inherits = \"dark\"\n[scopes]\nfoter = { bg = \"#030201\" }\n")
        .until("mine.toml:3:1");
    assert_eq!(console.press("q").ended().0, 0);
}

#[test]
fn a_changed_keymap_and_changed_preferences_work_at_once() {
    let console = Terminal::open().replace("keymaps/mine.toml", "[fleet]\n\"x\" = \"quit\"\n");
    let console =
        console.replace("quarterdeck.toml", "keymap = \"mine\"\ntheme = \"nonsense\"\n").until("nonsense");
    assert_eq!(console.press("x").ended().0, 0);
}

#[test]
fn a_click_selects_and_a_second_one_opens() {
    let console = Terminal::open();
    let line = console.line_of("testing");
    let before = console.background("testing");
    let console = console.click(5, line);
    console.wait("the selection under the mouse", |t| t.background("testing") != before);
    let line = console.line_of("testing");
    let console = console.click(5, line).until("worker");
    assert_eq!(console.press(CTRL_C).ended().0, 0);
}

#[test]
fn copying_sends_the_text_to_the_terminals_clipboard() {
    let console = Terminal::open().press("c").until("Copied:");
    // OSC 52 with base64 of "quarterdeck": the start of the command.
    console.wait("the clipboard", |t| t.raw().contains("\x1b]52;c;cXVhcnRlcmRlY2"));
    assert_eq!(console.press("q").ended().0, 0);
}

#[test]
fn every_screen_is_seen_as_it_was_and_nothing_is_done_there() {
    let sandbox = ["sandbox", "--seed", "1", "--scenario", "incident", "--fresh"].map(str::to_owned).to_vec();
    let state = tempfile::tempdir().unwrap();
    let arguments = [sandbox, vec!["--state-dir".into(), state.path().display().to_string()]].concat();
    let console = Terminal::start(Start { arguments: Some(arguments), ..Start::default() });
    // What triage remembers is in the timeline at once.
    let console = console.until("✖ production").press("t").until("100% full").press("T");
    let console = console.until("the last 24 hours").until("100% full").press("a");
    let console = console.until("AS OF").until("esc back to now");
    let console = console.press("d").until("possible only now");
    let console = console.press("F").until("AS OF").until("staging");
    let console = console.press(ESC).until_gone("AS OF").until("staging");
    assert_eq!(console.press("q").ended().0, 0);
}

#[test]
fn an_operation_begun_on_the_screen_is_undone_there_and_its_one_journal_lies_beside_the_sandbox() {
    let state = tempfile::tempdir().unwrap();
    let sandbox = ["sandbox", "--seed", "1", "--scenario", "calm", "--state-dir"].map(str::to_owned).to_vec();
    let arguments = [sandbox, vec![state.path().display().to_string()]].concat();
    let console = Terminal::start(Start { arguments: Some(arguments), ..Start::default() });
    let console = console.until("● production").press(ENTER).until("worker").press("o").until("reboot");
    let console = console.press("suspend").until_gone("reboot").press(ENTER).until("[ ] Launch");
    let console = console.press(" ").until("[x] Launch").press(ENTER).until("active → suspended");
    let console = console.press(ENTER).until("type the environment's name").press("production\r");
    let console =
        console.until("● done").press("u").until("taken back in this order").until("↩ 1 suspend Launch");
    let console = console.press("production\r").until("taken back").until("cancelled");
    let console = console.press("u").until("Nothing of this run is left to undo");
    let console = console.press("F").until("staging");
    assert_eq!(console.press("q").ended().0, 0);
    let runs = std::fs::read_dir(state.path().join("sandbox/runs")).unwrap();
    assert_eq!(runs.count(), 1, "nothing was begun a second time");
    assert!(!state.path().join("runs").exists(), "what is practised is no run of a real fleet");
}
