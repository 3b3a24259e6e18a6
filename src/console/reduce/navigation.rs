//! Moving the selection, and moving between screens.

use super::refresh::rebuild;
use crate::console::screen::{Page, Screen};
use crate::console::state::State;
use crate::console::table::RowId;
use crate::console::{arrange, layout};

/// How far the selection moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rows up (negative) or down.
    Rows(isize),
    /// Screenfuls up (negative) or down.
    Screens(isize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

/// Where a step from `at` ends among `count` places, `screenful` of which are seen at once.
#[must_use]
pub fn target(at: usize, count: usize, screenful: usize, step: Step) -> usize {
    let last = count.saturating_sub(1);
    let screenful = isize::try_from(screenful.max(1)).unwrap_or(isize::MAX);
    match step {
        Step::Rows(by) => at.saturating_add_signed(by).min(last),
        Step::Screens(by) => at.saturating_add_signed(by.saturating_mul(screenful)).min(last),
        Step::First => 0,
        Step::Last => last,
    }
}

/// Moves the selection.
pub fn select(state: &mut State, step: Step) {
    if super::lines::scroll(state, step) {
        return;
    }
    let screen = state.screen().clone();
    let lines = layout::table_lines(state);
    let Some(view) = state.views.get_mut(&screen) else { return };
    let place = arrange::place_of(view, &state.table).unwrap_or(0);
    let seen = arrange::visible(view, &state.table, lines).len();
    let place = target(place, view.order.len(), seen.saturating_sub(1), step);
    select_place(state, place);
}

/// Selects the row at this position of the view's `order`.
pub fn select_place(state: &mut State, place: usize) {
    let screen = state.screen().clone();
    let lines = layout::table_lines(state);
    let Some(view) = state.views.get_mut(&screen) else { return };
    let Some(row) = view.order.get(place).and_then(|at| state.table.rows.get(*at)) else { return };
    (view.cursor, view.chosen) = (Some(row.id.clone()), place > 0);
    arrange::show_cursor(view, &state.table, lines);
    // Whoever selects has seen what is first.
    state.led_at = None;
    state.dirty = true;
}

/// Selects the row of this id, where there is one.
pub fn select_id(state: &mut State, id: &RowId) {
    let order = state.views.get(state.screen()).map(|view| view.order.clone()).unwrap_or_default();
    let is_it = |at: &usize| state.table.rows.get(*at).is_some_and(|row| row.id == *id);
    if let Some(place) = order.iter().position(is_it) {
        select_place(state, place);
    }
}

/// Opens the selected thing.
pub fn open(state: &mut State) {
    if let Some(screen) = state.opens() {
        visit(state, screen);
    }
}

/// Goes to a screen.
pub fn visit(state: &mut State, screen: Screen) {
    state.trail.visit(screen);
    arrive(state);
}

/// One level up: from a server to its environment, from there to the fleet. What was opened from what is wrong leads
/// back there: an incident goes on at the next step.
pub fn up(state: &mut State) {
    let parent = match state.screen() {
        Screen::Fleet => return,
        // A page that a finding has led to leads back to it.
        Screen::Environment { name, .. } => match state.came_from(name) {
            Some(found) => found,
            None => Screen::Fleet,
        },
        Screen::Server { environment: None, .. } => Screen::Fleet,
        Screen::Triage(name) | Screen::Timeline(name) => {
            state.came_from(name).unwrap_or_else(|| state.environment_screen(name))
        }
        Screen::Server { environment: Some(name), .. } => state.origin(name),
        Screen::Run(_) | Screen::Logs(_) | Screen::Plan(_) | Screen::Work(_) => match state.environment() {
            Some(name) => state.origin(name),
            None => Screen::Fleet,
        },
    };
    state.trail.close(parent);
    arrive(state);
}

/// Back along the trail.
pub fn back(state: &mut State) {
    state.trail.back();
    arrive(state);
}

/// Forward along the trail.
pub fn forward(state: &mut State) {
    state.trail.forward();
    arrive(state);
}

/// Another page of the environment: takes the place of this one in the trail.
pub fn page(state: &mut State, page: Page) {
    if let Screen::Environment { name, .. } = state.screen() {
        let screen = Screen::Environment { name: name.clone(), page };
        state.trail.replace(screen);
        arrive(state);
    }
}

/// The page `by` places on, round and round.
pub fn turn_page(state: &mut State, forward: bool) {
    if let Screen::Environment { page: here, .. } = state.screen() {
        let all = Page::ALL;
        let at = all.iter().position(|p| p == here).unwrap_or(0);
        let by = if forward { 1 } else { all.len() - 1 };
        page(state, all[(at + by) % all.len()]);
    }
}

/// A screen comes into view: its own selection, filter and order are as they were left.
pub fn arrive(state: &mut State) {
    state.pending.clear();
    state.dirty = true;
    // The rows of the screen before say nothing about the order of this one.
    state.table = crate::console::tables::build(state);
    let screen = state.screen().clone();
    if let Some(view) = state.views.get_mut(&screen) {
        view.order.clear();
    }
    rebuild(state);
}
