//! Pictures of screens as text, the one at 80×24 with its styles.

use std::fmt::Write;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui_textarea::TextArea;

use super::fixture::{self, ago, settle};
use super::run_shots::press;
use crate::console::screen::{Page, Screen};
use crate::console::state::{Overlay, State, Toast};
use crate::console::theme::Scope;
use crate::console::{palette, views};
use crate::fleet::{FailureKind, Severity, Snapshot};

/// The screen as drawn.
pub fn drawn(state: &State, size: (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| views::draw(frame, state)).unwrap();
    terminal.backend().buffer().clone()
}

/// A line of the screen, wide characters once.
pub fn line(buffer: &Buffer, y: u16) -> String {
    let mut out = String::new();
    let mut skip = 0;
    for x in 0..buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        if skip > 0 {
            skip -= 1;
            continue;
        }
        skip = crate::console::widgets::text::width(symbol).saturating_sub(1);
        out.push_str(symbol);
    }
    out.trim_end().to_owned()
}

fn styles(state: &State, buffer: &Buffer) -> String {
    let ground = state.look.theme.style(Scope::Text);
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let style = cell.style();
            if style.fg == ground.fg && style.bg == ground.bg && cell.modifier.is_empty() {
                continue;
            }
            let mut name = cell.fg.to_string();
            if style.bg != ground.bg {
                let _ = write!(name, " on {}", cell.bg);
            }
            if !cell.modifier.is_empty() {
                let _ = write!(name, " {:?}", cell.modifier);
            }
            match runs.last_mut() {
                Some((_, to, last)) if *to + 1 == x && *last == name => *to = x,
                _ => runs.push((x, x, name)),
            }
        }
        for (from, to, name) in runs {
            let _ = writeln!(out, "{y:>3}: {from}–{to} {name}");
        }
    }
    out
}

/// One picture per size of the state that `make` gives.
pub fn shots(name: &str, make: impl Fn((u16, u16)) -> State) {
    let mut out = String::new();
    for size in [(40, 10), (80, 24), (120, 40), (200, 60)] {
        let state = make(size);
        let buffer = drawn(&state, size);
        let _ = writeln!(out, "{}×{}", size.0, size.1);
        for y in 0..buffer.area.height {
            let _ = writeln!(out, "|{}", line(&buffer, y));
        }
        if size == (80, 24) {
            out.push_str(&styles(&state, &buffer));
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, out);
    });
}

pub fn environment(name: &str, page: Page) -> Screen {
    Screen::Environment { name: name.into(), page }
}

pub fn server(id: &str) -> Screen {
    Screen::Server { environment: Some("production".into()), id: id.into() }
}

fn on(screen: Screen) -> impl Fn((u16, u16)) -> State {
    move |size| fixture::state(fixture::snapshot(), screen.clone(), size)
}

fn typed(text: &str) -> Box<TextArea<'static>> {
    Box::new(TextArea::new(vec![text.to_owned()]))
}

#[test]
fn the_fleet() {
    shots("fleet", on(Screen::Fleet));
}

#[test]
fn the_pages_of_an_environment() {
    shots("servers", on(environment("production", Page::Servers)));
    shots("load-balancer", on(environment("production", Page::LoadBalancer)));
    shots("group", on(environment("staging", Page::Group)));
    shots("database", on(environment("production", Page::Database)));
    shots("database-silent", on(environment("staging", Page::Database)));
    shots("queues", on(environment("production", Page::Queues)));
    shots("charts", on(environment("production", Page::Charts)));
}

#[test]
fn triage() {
    let screen = |name: &str| Screen::Triage(name.into());
    shots("triage", on(screen("production")));
    shots("triage-nothing", on(screen("testing")));
    shots("triage-unknown-environment", on(screen("elsewhere")));
    shots("triage-unread", |size| fixture::state(Snapshot::default(), screen("production"), size));
    shots("triage-detail", |size| {
        let mut state = fixture::state(fixture::snapshot(), screen("production"), size);
        state.overlay = Some(Overlay::Detail { top: 0 });
        state
    });
}

#[test]
fn every_screen_as_it_was() {
    let then = |screen: Screen| {
        move |size| {
            let mut state = fixture::state(fixture::snapshot(), Screen::Timeline("production".into()), size);
            let chronicle = super::happened::chronicle();
            let found = |e: &&crate::timeline::Entry| e.happening == crate::timeline::Happening::Finding;
            let at = chronicle.timeline.entries.iter().find(found).unwrap().at;
            state.chronicles.take("production".into(), Ok(std::sync::Arc::new(chronicle)));
            state.wants_past = Some(("production".into(), at));
            state.trail.visit(screen.clone());
            let past = crate::console::reduce::past_tests::past(at);
            crate::console::reduce::reduce(&mut state, crate::console::event::Event::Past(at, Ok(past)));
            state
        }
    };
    shots("past-fleet", then(Screen::Fleet));
    shots("past-servers", then(environment("production", Page::Servers)));
    shots("past-group", then(environment("production", Page::Group)));
    shots("past-queues", then(environment("production", Page::Queues)));
    shots("past-triage", then(Screen::Triage("production".into())));
    shots("past-server", then(server("i-0c3fcccc")));
    shots("past-unknown", then(environment("staging", Page::Servers)));
}

#[test]
fn the_timeline() {
    let told = |size| {
        let mut state = fixture::state(fixture::snapshot(), Screen::Timeline("production".into()), size);
        let chronicle = std::sync::Arc::new(super::happened::chronicle());
        state.chronicles.take("production".into(), Ok(chronicle));
        crate::console::reduce::rebuild(&mut state);
        state
    };
    shots("timeline", told);
    shots("timeline-reading", on(Screen::Timeline("production".into())));
    shots("timeline-detail", |size| {
        let mut state = told(size);
        state.overlay = Some(Overlay::Detail { top: 0 });
        state
    });
    shots("timeline-gap", |size| {
        let mut state = told(size);
        let chronicle = state.chronicles.of(&"production".into()).unwrap().as_ref().unwrap().clone();
        let gap = chronicle.timeline.entries.iter().rfind(|e| e.happening == crate::timeline::Happening::Gap);
        let id = crate::console::table::RowId::Line(crate::console::tables::timeline_id(gap.unwrap()));
        let screen = state.screen().clone();
        let view = state.views.get_mut(&screen).unwrap();
        (view.cursor, view.chosen) = (Some(id), true);
        crate::console::reduce::rebuild(&mut state);
        state
    });
}

#[test]
fn a_server() {
    shots("server", on(server("i-0c3fcccc")));
    shots("server-gone", on(server("i-0fffffff")));
    shots("server-database", on(server("i-0f109999")));
    shots("server-key-changed", on(server("i-0d44dddd")));
    shots("server-forbidden", on(server("i-0b22bbbb")));
}

#[test]
fn what_stands_on_top() {
    let with = |overlay: fn(&State) -> Overlay| {
        move |size| {
            let mut state = fixture::state(fixture::snapshot(), Screen::Fleet, size);
            state.look.problems =
                vec!["quarterdeck.toml:3:1: error: unknown key `tehme`; did you mean “theme”?".into()];
            state.overlay = Some(overlay(&state));
            state
        }
    };
    shots("help", with(|_| Overlay::Help { top: 0 }));
    shots(
        "palette",
        with(|state| Overlay::Palette {
            input: typed("ref"),
            matches: palette::matches(state, "ref"),
            cursor: 1,
        }),
    );
    shots("filter", |size| press(fixture::state(fixture::snapshot(), Screen::Fleet, size), "/ p r o d"));
    shots("problems", with(|_| Overlay::Problems { top: 0 }));
    shots("freshness", with(|_| Overlay::Freshness { top: 0 }));
}

#[test]
fn a_toast_stands_in_the_footer() {
    shots("toast", |size| {
        let mut state = fixture::state(fixture::snapshot(), Screen::Fleet, size);
        state.toast =
            Some(Toast { text: "copied i-0c3fcccc".into(), severity: Severity::Ok, until: fixture::now() });
        state
    });
}

#[test]
fn loading_failed_forbidden_empty_stale_and_throttled() {
    shots("loading", |size| fixture::state(Snapshot::default(), Screen::Fleet, size));
    for (name, kind, message) in [
        ("failed", FailureKind::Unreachable, "ec2.us-east-1.amazonaws.com refused the connection"),
        ("forbidden", FailureKind::Denied, "ops/jane may not use ec2:DescribeInstances"),
        ("no-credentials", FailureKind::Credentials, "the SSO session of profile ops has expired"),
    ] {
        shots(name, |size| {
            let mut snapshot = Snapshot::default();
            snapshot.servers.fail(kind, message, ago(130));
            fixture::state(snapshot, Screen::Fleet, size)
        });
    }
    shots("forbidden-in-part", |size| {
        let mut snapshot = fixture::snapshot();
        let mut health = crate::fleet::Reading::never(crate::fleet::Source::ElbDescribeInstanceHealth);
        health.fail(
            FailureKind::Denied,
            "ops/jane may not use elasticloadbalancing:DescribeInstanceHealth",
            ago(60),
        );
        snapshot.health.insert("myproject-production-lb".into(), health);
        fixture::state(snapshot, Screen::Fleet, size)
    });
    shots("stale", |size| {
        let mut snapshot = fixture::snapshot();
        snapshot.servers.fail(
            FailureKind::Unreachable,
            "ec2.us-east-1.amazonaws.com timed out after 10 s",
            ago(130),
        );
        fixture::state(snapshot, Screen::Fleet, size)
    });
    shots("throttled", |size| {
        let mut state = fixture::state(fixture::snapshot(), Screen::Fleet, size);
        state.pulse.slowed_until = Some(ago(-40));
        state
    });
    shots("empty", |size| fixture::state(fixture::snapshot(), environment("nowhere", Page::Servers), size));
}

#[test]
fn plain_ascii() {
    for (name, page) in [("ascii-servers", Page::Servers), ("ascii-charts", Page::Charts)] {
        shots(name, |size| {
            let mut state = fixture::state(fixture::snapshot(), environment("production", page), size);
            state.preferences.ascii = true;
            state
        });
    }
}

#[test]
fn a_filter_without_matches_says_so() {
    shots("nothing-matches", |size| {
        let mut state = fixture::state(fixture::snapshot(), Screen::Fleet, size);
        let view = state.views.get_mut(&Screen::Fleet).unwrap();
        view.filter = "nonsense".into();
        view.order.clear();
        state
    });
}

#[test]
fn badges_are_seen_in_the_smallest_header() {
    let mut state = fixture::state(fixture::snapshot(), server("i-0c3fcccc"), (40, 10));
    state.read_only = true;
    settle(&mut state);
    let header = line(&drawn(&state, (40, 10)), 0);
    for word in ["production", "PROD", "SANDBOX", "R/O"] {
        assert!(header.contains(word), "{word} in {header:?}");
    }
}
