//! Lines above the rows of a plan or a run, what has to be known before anything else; above a timeline, its numbers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{plan, work};
use crate::console::screen::Screen;
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::work::Sheet;

fn all(state: &State) -> Vec<Vec<Piece>> {
    if let Some(plan) = state.sheet().and_then(Sheet::plan) {
        return plan::lines(state, plan, state.size.0);
    }
    if let Screen::Timeline(_) = state.screen() {
        return super::timeline::charts(state, state.size.0);
    }
    state.work().map(|run| work::lines(run, state.size.0)).unwrap_or_default()
}

/// How many of so many lines they take: less than half.
#[must_use]
pub fn lines(state: &State, room: u16) -> u16 {
    if let Screen::Timeline(_) = state.screen() {
        return super::timeline::lines_above(state);
    }
    let all = u16::try_from(all(state).len()).unwrap_or(u16::MAX);
    all.min((room * 2 / 5).max(1))
}

/// Draws them.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State) {
    plan::draw(buffer, area, state, &all(state));
}
