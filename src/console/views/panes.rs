//! Where panes stand on the screens of runs and logs, and which lines are in them: one answer for drawing, keys
//! and mouse.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{logs, pane, run, work};
use crate::console::layout;
use crate::console::panes::{Pane, Room};
use crate::console::screen::Screen;
use crate::console::state::State;

/// Whether panes fill the screen, and there is no list.
#[must_use]
pub fn fills(state: &State) -> bool {
    state.logs().is_some() || run::fills(state) || work::fills(state)
}

/// Whether this is a screen of panes, whatever is left of what it shows.
#[must_use]
pub fn is_here(state: &State) -> bool {
    matches!(state.screen(), Screen::Run(_) | Screen::Logs(_))
}

/// Whether one pane fills the screen: keys scroll it.
#[must_use]
pub fn is_one(state: &State) -> bool {
    state.logs().is_some() || state.run().is_some_and(|run| run.zoomed) || work::fills(state)
}

/// How many panes there are.
#[must_use]
pub fn count(state: &State) -> usize {
    if let Some(work) = state.work() {
        return work.printers.all.len();
    }
    state.run().map_or(usize::from(state.logs().is_some()), |run| run.members.len())
}

/// The selected pane, by its place.
#[must_use]
pub fn selected(state: &State) -> Option<usize> {
    if let Some(work) = state.work() {
        return (!work.printers.all.is_empty()).then_some(work.printers.focus);
    }
    if state.logs().is_some() { Some(0) } else { run::selected(state) }
}

/// The pane at a place.
#[must_use]
pub fn pane(state: &State, place: usize) -> Option<&Pane> {
    if let Some(work) = state.work() {
        return work.printers.all.get(place).map(|printer| &printer.pane);
    }
    match state.run() {
        Some(run) => run.members.get(place).map(|member| &member.pane),
        None => state.logs().map(|logs| &logs.pane),
    }
}

/// Where the lines of each pane that is seen stand, by place; with the pane as a whole.
fn bodies(state: &State) -> Vec<(usize, Rect, Rect)> {
    let Some(areas) = layout::areas(state) else { return Vec::new() };
    if state.logs().is_some() {
        return vec![(0, areas.rows, areas.rows)];
    }
    if state.work().is_some() {
        let places = work::places(state, &areas);
        return places.into_iter().map(|(place, area)| (place, area, run::body(area))).collect();
    }
    let places = run::places(state, areas.rows, areas.panel);
    places.into_iter().map(|(place, area)| (place, area, run::body(area))).collect()
}

/// The room that a pane's lines have now; none when it is not on the screen.
#[must_use]
pub fn room(state: &State, place: usize) -> Option<Room> {
    let (_, _, body) = bodies(state).into_iter().find(|(n, ..)| *n == place)?;
    if let Some(work) = state.work() {
        return Some(pane::room(body, &work.printers.looks, 0));
    }
    match (state.run(), state.logs()) {
        (Some(run), _) => Some(pane::room(body, &run.looks, 0)),
        (None, Some(logs)) => Some(pane::room(body, &logs.looks, logs::lead_cells(logs, body.width))),
        (None, None) => None,
    }
}

/// The pane at a cell, and the row of its lines when it is not its title.
#[must_use]
pub fn at(state: &State, column: u16, line: u16) -> Option<(usize, Option<u16>)> {
    let at = Position::new(column, line);
    let (place, _, body) = bodies(state).into_iter().find(|(_, whole, _)| whole.contains(at))?;
    Some((place, line.checked_sub(body.y)))
}

/// Draws the panes.
pub fn draw(buffer: &mut Buffer, state: &State, rows: Rect, below: Option<Rect>) {
    if let Some(logs) = state.logs() {
        logs::draw(buffer, rows, state, logs);
    } else {
        run::draw(buffer, state, rows, below);
    }
}
