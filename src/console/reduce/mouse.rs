//! The mouse: a click selects, a click on what is selected opens, the wheel scrolls.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{actions, keys, lines, navigation, overlay, refresh, sort};
use crate::console::action::Action;
use crate::console::arrange;
use crate::console::event::Effect;
use crate::console::layout::{self, Hit};
use crate::console::state::State;

/// Rows that one notch of the wheel moves.
const NOTCH: isize = 3;

/// The mouse clicked or scrolled.
pub fn mouse(state: &mut State, mouse: MouseEvent) -> Vec<Effect> {
    let effects = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => click(state, mouse.column, mouse.row),
        MouseEventKind::ScrollDown => wheel(state, mouse, Action::Down, NOTCH),
        MouseEventKind::ScrollUp => wheel(state, mouse, Action::Up, -NOTCH),
        _ => return Vec::new(),
    };
    keys::hold(state);
    refresh::plan_wake(state);
    effects
}

fn wheel(state: &mut State, mouse: MouseEvent, action: Action, rows: isize) -> Vec<Effect> {
    if state.overlay.is_none() {
        // A pane under the mouse scrolls, whichever is selected.
        if let Some(Hit::Pane(member, _)) = layout::hit(state, mouse.column, mouse.row) {
            lines::scroll_pane(state, member, navigation::Step::Rows(rows));
            return Vec::new();
        }
        navigation::select(state, navigation::Step::Rows(rows));
        return Vec::new();
    }
    for _ in 0..NOTCH {
        overlay::act(state, action);
    }
    Vec::new()
}

fn click(state: &mut State, column: u16, line: u16) -> Vec<Effect> {
    match layout::hit(state, column, line) {
        Some(Hit::Action(action)) => actions::act(state, action),
        _ if state.overlay.is_some() => Vec::new(),
        Some(Hit::Row(place)) => {
            let selected =
                state.views.get(state.screen()).and_then(|view| arrange::place_of(view, &state.table));
            if selected == Some(place) {
                navigation::open(state);
            } else {
                navigation::select_place(state, place);
            }
            Vec::new()
        }
        Some(Hit::Column(title)) => {
            sort::column(state, title);
            Vec::new()
        }
        Some(Hit::Pane(member, row)) => {
            lines::click(state, member, row);
            Vec::new()
        }
        Some(Hit::Page(page)) => {
            navigation::page(state, page);
            Vec::new()
        }
        None => Vec::new(),
    }
}
