//! No size of terminal breaks a screen.

use proptest::prelude::*;

use super::fixture::{self, ago};
use super::shots::{drawn, environment, line, server};
use crate::console::keymap::Keymap;
use crate::console::layout;
use crate::console::screen::{Page, Screen};
use crate::console::state::Overlay;
use crate::fleet::{FailureKind, Snapshot};

fn screen(n: usize) -> Screen {
    match n {
        0 => Screen::Fleet,
        1 => server("i-0c3fcccc"),
        2 => server("i-0fffffff"),
        n => environment("production", Page::ALL[n % Page::ALL.len()]),
    }
}

fn overlay(n: usize) -> Option<Overlay> {
    match n {
        0 => Some(Overlay::Help { top: 3 }),
        1 => Some(Overlay::Problems { top: 9_999 }),
        2 => Some(Overlay::Freshness { top: 1 }),
        3 => Some(Overlay::Filter { input: Box::default(), before: String::new() }),
        4 => Some(Overlay::Palette { input: Box::default(), matches: Vec::new(), cursor: 7 }),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_screen_is_drawn_in_every_size(
        width in 0u16..=250, height in 0u16..=80, which in 0usize..9, on_top in 0usize..8,
        loaded in any::<bool>(), top in 0usize..50, late in any::<bool>(),
    ) {
        let snapshot = if loaded { fixture::snapshot() } else { Snapshot::default() };
        let mut state = fixture::state(snapshot, screen(which), (width, height));
        state.overlay = overlay(on_top);
        state.preferences.ascii = true;
        if let Some(view) = state.views.get_mut(&screen(which)) {
            view.top = top;
        }
        // The frame may be a resize ahead of the state.
        let size = if late { (height, width.min(80)) } else { (width, height) };
        let buffer = drawn(&state, size);
        prop_assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
        for (x, y) in [(0, 0), (width, height), (width / 2, height / 2), (3, height.saturating_sub(1))] {
            let _ = layout::hit(&state, x, y);
        }
    }
}

#[test]
fn what_is_old_is_seen_to_be_old_however_narrow_the_screen() {
    let header = |width: u16, slowed: bool, screen: Screen| {
        let mut snapshot = fixture::snapshot();
        if !slowed {
            snapshot.servers.fail(FailureKind::Unreachable, "timed out after 10 s", ago(130));
        }
        let mut state = fixture::state(snapshot, screen, (width, 10));
        state.pulse.slowed_until = slowed.then(|| ago(-40));
        line(&drawn(&state, (width, 10)), 0)
    };
    for width in 40..=120 {
        for screen in [Screen::Fleet, environment("production", Page::Servers), server("i-0c3fcccc")] {
            let stale = header(width, false, screen.clone());
            assert!(stale.contains('▲') && stale.contains("2m"), "{width}: {stale}");
            let slowed = header(width, true, screen);
            assert!(slowed.contains('◌'), "{width}: {slowed}");
        }
    }
}

#[test]
fn the_help_is_read_whole_in_every_width() {
    for (width, keymap) in [(40, "default"), (60, "vim"), (80, "default"), (120, "vim"), (200, "vim")] {
        let mut state = fixture::state(fixture::snapshot(), Screen::Fleet, (width, 160));
        state.look.keymap = Keymap::builtin(keymap).unwrap();
        state.overlay = Some(Overlay::Help { top: 0 });
        let buffer = drawn(&state, (width, 160));
        let cut: Vec<_> = (3..157)
            .map(|y| line(&buffer, y))
            .filter(|line| line.split('│').nth(1).is_some_and(|help| help.contains('…')))
            .collect();
        assert!(cut.is_empty(), "{width}: {cut:#?}");
    }
}

#[test]
fn a_server_that_is_behind_is_marked_wherever_releases_are_shown() {
    let mut seen = 0;
    for width in 40..=200 {
        let state = fixture::state(fixture::snapshot(), environment("staging", Page::Servers), (width, 24));
        let buffer = drawn(&state, (width, 24));
        let lines: Vec<_> = (0..24).map(|y| line(&buffer, y)).collect();
        let row = lines.iter().find(|line| line.contains("i-0aa1aa web")).unwrap();
        if lines.iter().any(|line| line.contains(" RELEASE")) {
            assert!(row.contains("◐ 77aa01c"), "{width}: {row}");
            seen += 1;
        }
    }
    assert!(seen > 80, "{seen}");
}

#[test]
fn a_terminal_too_small_is_told_politely() {
    let state = fixture::state(fixture::snapshot(), Screen::Fleet, (39, 9));
    let buffer = drawn(&state, (39, 9));
    let first: String = (0..39).map(|x| buffer[(x, 0)].symbol()).collect();
    assert_eq!(first.trim_end(), "Please make this 40×10 or larger.");
}
