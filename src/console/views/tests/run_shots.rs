//! Pictures of runs, of their dialogs and of the questions about them.

use super::runs;
use super::shots::{drawn, environment, line, shots};
use super::{fixture, fixture::settle};
use crate::console::panes::{Arrangement, Run, Ticket};
use crate::console::reduce::reduce;
use crate::console::screen::{Page, Screen};
use crate::console::state::State;
use crate::console::table::RowId;
use crate::console::trail::Trail;
use crate::console::{chord, event::Event};
use crate::fleet::{HostKeyQuestion, Measured};

fn with(run: Run, size: (u16, u16)) -> State {
    let mut state = fixture::state(fixture::snapshot(), Screen::Fleet, size);
    let ticket = run.ticket;
    state.shelf.add(run);
    state.trail = Trail { screens: vec![Screen::Fleet, Screen::Run(ticket)], at: 1 };
    settle(&mut state);
    state
}

pub fn press(mut state: State, keys: &str) -> State {
    for word in keys.split_whitespace() {
        let key = chord::parse(word).unwrap_or_else(|| panic!("{word} is no key"));
        let _ = reduce(&mut state, Event::Key(key.into()));
    }
    state
}

fn on_servers(size: (u16, u16), name: &str, id: &str) -> State {
    let mut state = fixture::state(fixture::snapshot(), environment(name, Page::Servers), size);
    let view = state.views.get_mut(&environment(name, Page::Servers)).unwrap();
    view.cursor = Some(RowId::Server(id.into()));
    state
}

#[test]
fn a_run_as_list_grid_and_zoomed() {
    shots("run-list", |size| press(with(runs::under_way(Ticket(1)), size), "down"));
    shots("run-grid", |size| press(with(runs::under_way(Ticket(1)), size), "v down"));
    shots("run-zoom", |size| press(with(runs::under_way(Ticket(1)), size), "down z T"));
}

#[test]
fn every_state_of_a_server() {
    shots("run-states", |size| with(runs::every_state(Ticket(1)), size));
}

#[test]
fn a_scrolled_searched_and_narrowed_pane() {
    shots("run-searched", |size| {
        let state = with(runs::under_way(Ticket(1)), size);
        press(state, "down down z & 2 enter / 4 2 enter")
    });
    shots("run-searching", |size| press(with(runs::under_way(Ticket(1)), size), "down down z / 4 2"));
}

#[test]
fn a_run_on_one_server() {
    shots("run-one", |size| {
        let mut run = runs::run(Ticket(1), "uptime", &["i-0a11aaaa"]);
        run.take(runs::began(0), fixture::now());
        with(run, size)
    });
}

#[test]
fn a_run_that_was_not_begun() {
    shots("run-refused", |size| {
        let mut run = Run::new(runs::wish(Ticket(1), "uptime", &runs::WEBS), fixture::now());
        run.refuse("the run was not begun, for its record cannot be written: disk full", fixture::now());
        with(run, size)
    });
}

#[test]
fn the_dialog_and_its_confirmation() {
    let command = "x u p t i m e";
    shots("run-dialog", |size| {
        let mut state = on_servers(size, "production", "i-0c3fcccc");
        state.shelf.commands = vec!["uptime -p".into(), "df -h /".into()];
        press(state, command)
    });
    shots("run-dialog-role", |size| {
        press(
            on_servers(size, "production", "i-0d019999"),
            "x d f backtab right tab tab space tab space tab space",
        )
    });
    shots("run-confirm", |size| {
        press(on_servers(size, "staging", "i-0aa1aaaa"), &format!("{command} enter"))
    });
    shots("run-confirm-production", |size| {
        let state = on_servers(size, "production", "i-0c3fcccc");
        press(state, &format!("{command} backtab right enter p r o d"))
    });
}

#[test]
fn questions_about_runs() {
    shots("run-cancel", |size| press(with(runs::under_way(Ticket(1)), size), "down X"));
    shots("run-leave", |size| press(with(runs::under_way(Ticket(1)), size), "ctrl-c"));
}

#[test]
fn questions_about_host_keys() {
    let question = |size, pinned: Vec<String>| {
        let mut snapshot = fixture::snapshot();
        let host_key = HostKeyQuestion { presented: Some(runs::key().to_string()), pinned, note: None };
        let measured = Measured { host_key: Some(host_key), ..Measured::default() };
        snapshot.measured.insert("i-0c3fcccc".into(), measured.into());
        let mut state = fixture::state(snapshot, environment("production", Page::Servers), size);
        let view = state.views.get_mut(&environment("production", Page::Servers)).unwrap();
        view.cursor = Some(RowId::Server("i-0c3fcccc".into()));
        state
    };
    shots("host-key-new", |size| press(question(size, Vec::new()), "s y e"));
    let old = "ED25519 SHA256:qZx1Zs0w9N0m3QmUu0rT0a3sBv3yq0kQhYl3h0aVt0E".to_owned();
    shots("host-key-changed", |size| press(question(size, vec![old.clone()]), "K"));
}

#[test]
fn plain_ascii() {
    shots("ascii-run", |size| {
        let mut state = with(runs::under_way(Ticket(1)), size);
        state.preferences.ascii = true;
        state
    });
}

#[test]
fn a_run_elsewhere_is_seen_in_the_header_of_every_screen() {
    let mut state = with(runs::under_way(Ticket(1)), (80, 24));
    assert!(!line(&drawn(&state, (80, 24)), 0).contains("run 1/4"));
    state = press(state, "esc");
    let header = line(&drawn(&state, (80, 24)), 0);
    assert!(header.contains("run 1/4"), "{header}");
}

#[test]
fn no_run_is_broken_by_a_size() {
    for arrangement in [Arrangement::List, Arrangement::Grid] {
        for size in [(0, 0), (39, 9), (40, 10), (41, 11), (60, 12), (300, 100), (40, 100), (300, 10)] {
            let mut run = runs::every_state(Ticket(1));
            run.arrangement = arrangement;
            let state = press(with(run, size), "z / a enter n N z x esc X");
            let _ = drawn(&state, size);
            for (x, y) in [(0, 0), (5, 5), (size.0, size.1), (size.0 / 2, size.1.saturating_sub(2))] {
                let _ = crate::console::layout::hit(&state, x, y);
            }
        }
    }
}

/// Logs of the web servers, as they come.
fn logs(size: (u16, u16), keys: &str) -> State {
    let mut state = on_servers(size, "production", "i-0c3fcccc");
    state = press(state, "l right enter");
    let ticket = state.logs().unwrap().ticket;
    let line = |host: usize, source: u16, text: &str| {
        let news = runs::lines(host, crate::remote::Stream::Out, text);
        let crate::engine::Progress::Lines { host, mut lines } = news else { panic!("lines") };
        for line in &mut lines {
            line.source = Some(source);
        }
        (ticket, crate::engine::Progress::Lines { host, lines })
    };
    let access =
        "10.0.0.9 - - [22/Nov/2026:02:59:57 +0000] \"GET /export/ HTTP/1.1\" 500 1204 \"-\" \"curl/8.5\"";
    let news = vec![
        line(
            0,
            0,
            "10.0.0.9 - - [22/Nov/2026:02:59:51 +0000] \"GET /healthcheck.html HTTP/1.1\" 200 2 \"-\" \"ELB-HealthChecker/1.0\"",
        ),
        line(2, 0, access),
        line(2, 1, "2026/11/22 02:59:57 [error] 812#812: *77 upstream prematurely closed connection"),
        line(
            1,
            2,
            "[2026-11-22 02:59:53 +0000] [912] [WARNING] Worker 17 was sent SIGKILL! Perhaps out of memory?",
        ),
        line(3, 2, "[2026-11-22 02:59:55 +0000] [913] [INFO] Booting worker with pid: 913"),
        (ticket, runs::ended(3, crate::remote::Outcome::Lost { detail: "Broken pipe".into() }, 0)),
    ];
    let _ = reduce(&mut state, Event::News(news));
    let later = state.now + jiff::SignedDuration::from_secs(2);
    let _ = reduce(&mut state, Event::Clock(later));
    press(state, keys)
}

#[test]
fn logs_merged_by_time_and_the_dialog_that_asks_which() {
    shots("logs", |size| logs(size, ""));
    shots("logs-narrowed", |size| logs(size, "e e / u p s t r e a m enter"));
    shots("logs-dialog", |size| press(on_servers(size, "production", "i-0c3fcccc"), "l down space"));
}
