//! What is drawn is what is hit.

use super::fixture;
use super::shots::{drawn, environment, line, server};
use crate::console::layout::{self, Hit};
use crate::console::screen::{Page, Screen};
use crate::console::state::Overlay;

fn screens() -> Vec<Screen> {
    let mut screens = vec![Screen::Fleet, server("i-0c3fcccc")];
    screens.extend(Page::ALL.map(|page| environment("production", page)));
    screens
}

#[test]
fn what_is_drawn_is_what_is_hit() {
    for size in [(40, 10), (80, 24), (120, 40), (200, 60)] {
        for screen in screens() {
            let mut state = fixture::state(fixture::snapshot(), screen, size);
            state.desk.history = Some(super::plans::good_history("production"));
            fixture::settle(&mut state);
            let buffer = drawn(&state, size);
            let areas = layout::areas(&state).unwrap();
            let (mut rows, mut pages) = (0, 0);
            for y in 0..size.1 {
                let mut before = None;
                for x in 0..size.0 {
                    let hit = layout::hit(&state, x, y);
                    if hit == before {
                        continue;
                    }
                    before.clone_from(&hit);
                    let rest: String = (x..size.0).map(|x| buffer[(x, y)].symbol()).collect();
                    match hit {
                        Some(Hit::Column(title)) => {
                            assert!(rest.trim_start().starts_with(title), "{title}: {rest}");
                        }
                        Some(Hit::Page(page)) => {
                            pages += 1;
                            let number = Page::ALL.iter().position(|p| *p == page).unwrap() + 1;
                            let text = rest.trim_start_matches('[');
                            assert!(text.starts_with(&number.to_string()), "{page:?}: {rest}");
                        }
                        Some(Hit::Pane(..)) => panic!("there is no run here"),
                        Some(Hit::Action(action)) => {
                            let item = rest.split("   ").next().unwrap();
                            assert!(item.contains(action.row().title), "{action}: {rest}");
                        }
                        Some(Hit::Row(position)) => {
                            let above = y.checked_sub(1).and_then(|above| layout::hit(&state, x, above));
                            if above == Some(Hit::Row(position)) {
                                continue;
                            }
                            rows += 1;
                            let row = &state.table.rows[position];
                            let mut pieces = row.cells[0].pieces.iter();
                            let worded = pieces.find(|p| p.text.chars().any(char::is_alphanumeric));
                            // A file system may be called no more than `/`.
                            let name = &worded.unwrap_or(&row.cells[0].pieces[0]).text;
                            let start: String = name.trim().chars().take(6).collect();
                            assert!(rest.contains(&start), "{start} in {}", line(&buffer, y));
                        }
                        None => assert!(y != areas.rows.y || state.table.rows.is_empty() || x > 0),
                    }
                }
            }
            assert!(rows > 0);
            assert_eq!(
                pages,
                if matches!(state.screen(), Screen::Environment { .. }) { Page::ALL.len() } else { 0 }
            );
        }
    }
}

#[test]
fn lines_under_a_row_belong_to_it() {
    let state = fixture::state(fixture::snapshot(), Screen::Fleet, (80, 24));
    let rows = layout::areas(&state).unwrap().rows;
    let hits: Vec<_> = (0..6).map(|n| layout::hit(&state, 20, rows.y + n)).collect();
    let row = |n| Some(Hit::Row(n));
    assert_eq!(hits, [row(0), row(0), row(1), row(1), row(2), None]);
    assert_eq!(layout::table_lines(&state), rows.height);
}

#[test]
fn nothing_below_an_overlay_is_hit() {
    let mut state = fixture::state(fixture::snapshot(), Screen::Fleet, (80, 24));
    state.overlay = Some(Overlay::Help { top: 0 });
    assert!((0..24).all(|y| (0..80).all(|x| layout::hit(&state, x, y).is_none())));
}
