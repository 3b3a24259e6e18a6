//! The filter: rows narrow as one types; enter keeps it, esc comes back to the one before.

use ratatui_textarea::TextArea;

use super::refresh::settle;
use crate::console::state::{Overlay, State};

/// The longest filter or palette text.
pub const LONGEST: usize = 200;

/// Opens the filter with what it is now.
pub fn open(state: &mut State) {
    let before = state.view().filter;
    let mut input = Box::new(TextArea::new(vec![before.clone()]));
    input.move_cursor(ratatui_textarea::CursorMove::End);
    state.overlay = Some(Overlay::Filter { input, before });
    state.dirty = true;
}

/// Uses this filter now.
pub fn apply(state: &mut State, filter: &str) {
    let screen = state.screen().clone();
    let shown: Vec<_> = state.shown_rows().cloned().collect();
    let view = state.views.entry(screen).or_default();
    if view.filter != filter {
        filter.clone_into(&mut view.filter);
        settle(state, &shown, false);
    }
    state.dirty = true;
}

/// Drops the filter of the screen.
pub fn drop(state: &mut State) {
    apply(state, "");
}
