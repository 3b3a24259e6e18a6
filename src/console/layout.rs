//! Where things stand on the screen: shared by the views, which draw there, and the reducer, which must
//! know what was clicked and how many rows fit.

use ratatui::layout::{Position, Rect};

use super::action::Action;
use super::screen::{Page, Screen};
use super::state::{Overlay, State};
use super::views;
use super::widgets::{columns, placing};

/// The fewest columns a screen needs.
pub const MIN_WIDTH: u16 = 40;
/// The fewest lines a screen needs.
pub const MIN_HEIGHT: u16 = 10;

/// What is under the mouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A row of the table, by position in the view's `order`.
    Row(usize),
    /// A column's title.
    Column(&'static str),
    /// A page's name on the environment screen.
    Page(Page),
    /// A key in the footer.
    Action(Action),
    /// A server's pane, by its place in the run, and the row in it; none for its title.
    Pane(usize, Option<u16>),
}

/// The parts of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Areas {
    /// Who, where, how fresh, which badges.
    pub header: Rect,
    /// What is wrong with reading or with the console's own files; not there when nothing is.
    pub banner: Option<Rect>,
    /// What the screen is about, and how that fares; not on the fleet screen.
    pub headline: Option<Rect>,
    /// What has to be known of a plan or a run before anything else.
    pub top: Option<Rect>,
    /// The table's titles.
    pub titles: Option<Rect>,
    /// The table's rows.
    pub rows: Rect,
    /// Servers at work, beside the steps of a run.
    pub side: Option<Rect>,
    /// Numbers under the table, where there is room.
    pub panel: Option<Rect>,
    /// The selected row in full, where there is room.
    pub detail: Option<Rect>,
    /// The keys that work here.
    pub footer: Rect,
}

/// Where everything stands; `None` when the terminal is too small for anything.
#[must_use]
pub fn areas(state: &State) -> Option<Areas> {
    let (width, height) = state.size;
    if width < MIN_WIDTH || height < MIN_HEIGHT {
        return None;
    }
    let line = |y: u16| Rect::new(0, y, width, 1);
    let mut y = 1;
    let mut take = |wanted: bool| {
        let area = wanted.then(|| line(y));
        y += u16::from(wanted);
        area
    };
    let banner = take(views::banner::text(state).is_some());
    let headline = take(*state.screen() != Screen::Fleet);
    let top_lines = if headline.is_some() { views::top::lines(state, height - 3) } else { 0 };
    let top = (top_lines > 0).then(|| Rect::new(0, y, width, top_lines));
    y += top_lines;
    let mut take = |wanted: bool| {
        let area = wanted.then(|| line(y));
        y += u16::from(wanted);
        area
    };
    let titles = take(
        views::charts::grid(state).is_none() && !views::panes::fills(state) && !state.table.rows.is_empty(),
    );
    let foot = height - 1;
    let detail_lines = if titles.is_some()
        && !views::panes::is_here(state)
        && !matches!(state.screen(), Screen::Triage(_) | Screen::Timeline(_))
    {
        views::detail::lines(height)
    } else {
        0
    };
    let bottom = foot - detail_lines;
    let detail = (detail_lines > 0).then(|| Rect::new(0, bottom, width, detail_lines));
    let panel_lines = views::run::lines_below(state, bottom - y)
        .or_else(|| views::work::lines_below(state, bottom - y))
        .or_else(|| views::triage::lines_below(state, bottom - y))
        .or_else(|| views::timeline::lines_below(state, bottom - y))
        .unwrap_or_else(|| views::panel::lines(state).min(bottom.saturating_sub(y + 6)));
    let panel = (panel_lines > 0).then(|| Rect::new(0, bottom - panel_lines, width, panel_lines));
    let rows_width = views::work::rows_width(state);
    let rows = Rect::new(0, y, rows_width, bottom - panel_lines - y);
    let side_top = titles.map_or(y, |titles| titles.y);
    let side = (rows_width < width)
        .then(|| Rect::new(rows_width, side_top, width - rows_width, bottom - panel_lines - side_top));
    let titles = titles.map(|titles| Rect { width: rows_width, ..titles });
    Some(Areas {
        header: line(0),
        banner,
        headline,
        top,
        titles,
        rows,
        side,
        panel,
        detail,
        footer: line(foot),
    })
}

/// What stands at this cell.
#[must_use]
pub fn hit(state: &State, column: u16, line: u16) -> Option<Hit> {
    let areas = areas(state)?;
    let at = Position::new(column, line);
    if !matches!(state.overlay, None | Some(Overlay::Filter { .. })) {
        return None;
    }
    if areas.footer.contains(at) {
        return views::footer::hit(state, column);
    }
    if areas.titles.is_some_and(|titles| titles.contains(at)) {
        let layout = columns::place(&state.table, areas.rows.width);
        let placed = layout.columns.iter().find(|c| (c.x..c.x + c.width).contains(&column))?;
        return state.table.columns.get(placed.index).map(|c| Hit::Column(c.title));
    }
    if let Some((member, row)) = views::panes::at(state, column, line) {
        return Some(Hit::Pane(member, row));
    }
    if !areas.rows.contains(at) {
        return None;
    }
    let view = state.views.get(state.screen());
    let order = placing::order(&state.table, view);
    if let Some(grid) = views::charts::grid(state) {
        return grid.hit(state, areas.rows, column, line).map(Hit::Row);
    }
    let top = placing::top(&state.table, view, &order, areas.rows.height);
    let line = line - areas.rows.y;
    placing::place(&state.table, &order, top, areas.rows.height)
        .into_iter()
        .find(|placed| (placed.line..placed.line + placed.height).contains(&line))
        .map(|placed| Hit::Row(placed.position))
}

/// How many lines the table's rows have.
#[must_use]
pub fn table_lines(state: &State) -> u16 {
    areas(state).map_or(0, |areas| areas.rows.height)
}
