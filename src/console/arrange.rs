//! Which rows are shown, in which order, and where the selection and the visible part are.
//!
//! Nothing moves under the cursor: while the order is held rows stay where they are, the selection stays on
//! its thing, and when its row is gone it moves to the nearest one.

use std::collections::{HashMap, HashSet};

use super::table::{Row, RowId, SortBy, SortKey, Table, TableView};
use super::widgets::placing;

/// A filter, read from what was typed: every word must be in the row, no `!word` may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Filter {
    /// Reads a filter. Case does not matter; a lone `!` is not a word yet.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut filter = Self::default();
        for word in text.split_whitespace() {
            match word.strip_prefix('!') {
                Some("") => {}
                Some(rest) => filter.unwanted.push(rest.to_lowercase()),
                None => filter.wanted.push(word.to_lowercase()),
            }
        }
        filter
    }

    /// Words that must be in a row, in lower case; for showing where they are.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.wanted
    }

    /// Whether a row stays.
    #[must_use]
    pub fn keeps(&self, row: &Row) -> bool {
        if self.wanted.is_empty() && self.unwanted.is_empty() {
            return true;
        }
        let text = searchable(row);
        self.wanted.iter().all(|w| text.contains(w)) && !self.unwanted.iter().any(|w| text.contains(w))
    }
}

/// All that stands in a row, in lower case. Pieces of a cell run together, cells do not.
fn searchable(row: &Row) -> String {
    let mut text = row.section.clone().unwrap_or_default();
    for pieces in row.cells.iter().map(|c| &c.pieces).chain(&row.details) {
        text.push('\n');
        text.extend(pieces.iter().map(|piece| piece.text.as_str()));
    }
    text.to_lowercase()
}

/// Positions of the rows to show, in order. Rows in `held` keep their order, new ones come after them;
/// rows of a section stay together always, and what belongs below another row stays there.
#[must_use]
pub fn order(table: &Table, filter: &str, sort: Option<SortBy>, held: Option<&[RowId]>) -> Vec<usize> {
    let filter = Filter::parse(filter);
    let mut sections: HashMap<Option<&str>, usize> = HashMap::new();
    for row in &table.rows {
        let next = sections.len();
        sections.entry(row.section.as_deref()).or_insert(next);
    }
    let section = |at: usize| sections.get(&table.rows[at].section.as_deref()).copied().unwrap_or(0);
    let mut order: Vec<usize> = (0..table.rows.len()).filter(|at| filter.keeps(&table.rows[*at])).collect();
    let is_shown: HashSet<usize> = order.iter().copied().collect();
    let above = |at: usize| table.heads.get(at).copied().filter(|row| is_shown.contains(row)).unwrap_or(at);
    if let Some(held) = held {
        let places: HashMap<&RowId, usize> = held.iter().enumerate().map(|(n, id)| (id, n)).collect();
        let place = |at: usize| places.get(&table.rows[at].id).copied().unwrap_or(usize::MAX);
        order.sort_by_key(|at| (section(*at), place(above(*at)), above(*at), above(*at) != *at, place(*at)));
    } else if let Some((column, descending)) = sort
        .and_then(|sort| Some((table.columns.iter().position(|c| c.title == sort.column)?, sort.descending)))
    {
        let key = |at: usize| table.rows[at].cells.get(column).map_or(&SortKey::Unknown, |cell| &cell.key);
        order.sort_by(|a, b| {
            let (one, other) = (above(*a), above(*b));
            let heads = section(*a).cmp(&section(*b)).then_with(|| key(one).compare(key(other), descending));
            let below = || (one, one != *a).cmp(&(other, other != *b));
            heads.then_with(below).then_with(|| key(*a).compare(key(*b), descending))
        });
    } else {
        order.sort_by_key(|at| section(*at));
    }
    order
}

/// Puts a view over a table anew. `shown` are the rows as they stood before; with `hold` they stay so.
pub fn arrange(view: &mut TableView, table: &Table, shown: &[RowId], hold: bool, lines: u16) {
    let selected_before = view.cursor.as_ref().and_then(|c| shown.iter().position(|id| id == c));
    let line_before = selected_before.map(|at| at.saturating_sub(view.top));
    view.order = order(table, &view.filter, view.sort, hold.then_some(shown));
    let id_at = |place: usize| view.order.get(place).map(|at| table.rows[*at].id.clone());
    let mut place = place_of(view, table);
    // What is wrong most is told as it becomes so: nobody is left looking at what was first when the screen opened.
    if table.leads && !view.chosen && !view.order.is_empty() {
        (view.cursor, view.top) = (id_at(0), 0);
        show_cursor(view, table, lines);
        return;
    }
    if place.is_none() {
        view.chosen = false;
        let nearest = selected_before.and_then(|before| nearest(view, table, shown, before));
        let last = view.order.len().saturating_sub(1);
        let found = nearest.unwrap_or_else(|| selected_before.unwrap_or(0).min(last));
        let keep = view.order.is_empty();
        if !keep {
            view.cursor = id_at(found);
        }
        place = (!keep).then_some(found);
    }
    if let (Some(place), Some(line)) = (place, line_before) {
        view.top = place.saturating_sub(line);
    }
    show_cursor(view, table, lines);
}

/// The position in `order` of the selected row.
#[must_use]
pub fn place_of(view: &TableView, table: &Table) -> Option<usize> {
    let cursor = view.cursor.as_ref()?;
    view.order.iter().position(|at| table.rows.get(*at).is_some_and(|row| row.id == *cursor))
}

/// The place of the nearest row that is still there: first below, then above.
fn nearest(view: &TableView, table: &Table, shown: &[RowId], before: usize) -> Option<usize> {
    let places: HashMap<&RowId, usize> =
        view.order.iter().enumerate().map(|(place, at)| (&table.rows[*at].id, place)).collect();
    let below = shown.iter().skip(before);
    let above = shown.iter().take(before).rev();
    below.chain(above).find_map(|id| places.get(id).copied())
}

/// Moves the visible part as little as possible so that the selected row is in it and no line is wasted.
pub fn show_cursor(view: &mut TableView, table: &Table, lines: u16) {
    view.top = placing::top(table, Some(view), &view.order, lines);
}

/// Positions in `order` of the rows that are on screen.
#[must_use]
pub fn visible(view: &TableView, table: &Table, lines: u16) -> Vec<usize> {
    let placed = placing::place(table, &view.order, view.top, lines);
    placed.into_iter().map(|row| row.position).collect()
}

#[cfg(test)]
mod tests;
