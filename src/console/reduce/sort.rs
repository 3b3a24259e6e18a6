//! The order that the operator chooses.

use super::refresh::settle;
use crate::console::state::State;
use crate::console::table::{SortBy, TableView};

fn change(state: &mut State, change: impl FnOnce(&mut TableView, &[&'static str])) {
    let titles: Vec<&'static str> = state.table.columns.iter().map(|c| c.title).collect();
    if titles.is_empty() {
        return;
    }
    let shown: Vec<_> = state.shown_rows().cloned().collect();
    let screen = state.screen().clone();
    change(state.views.entry(screen).or_default(), &titles);
    state.dirty = true;
    settle(state, &shown, false);
}

/// Sorts by the column after (`step` 1) or before (-1) the one in use; past the ends comes the natural order.
pub fn step(state: &mut State, forward: bool) {
    change(state, |view, titles| {
        let here = view.sort.and_then(|sort| titles.iter().position(|t| *t == sort.column));
        let next = match (here, forward) {
            (None, true) => Some(0),
            (None, false) => Some(titles.len() - 1),
            (Some(at), true) => Some(at + 1).filter(|at| *at < titles.len()),
            (Some(at), false) => at.checked_sub(1),
        };
        let descending = view.sort.is_some_and(|sort| sort.descending);
        view.sort = next.map(|at| SortBy { column: titles[at], descending });
    });
}

/// Turns the order round; the natural order becomes the first column's, largest first.
pub fn reverse(state: &mut State) {
    change(state, |view, titles| {
        view.sort = Some(match view.sort {
            Some(sort) => SortBy { descending: !sort.descending, ..sort },
            None => SortBy { column: titles[0], descending: true },
        });
    });
}

/// Back to the natural order.
pub fn natural(state: &mut State) {
    change(state, |view, _| view.sort = None);
}

/// A click on a title: sort by it, then the other way round, then naturally again.
pub fn column(state: &mut State, column: &'static str) {
    change(state, |view, _| {
        view.sort = match view.sort {
            Some(sort) if sort.column == column && !sort.descending => {
                Some(SortBy { column, descending: true })
            }
            Some(sort) if sort.column == column => None,
            _ => Some(SortBy { column, descending: false }),
        };
    });
}
