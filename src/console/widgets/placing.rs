//! Which rows of a table are on the screen, and on which lines: one answer for drawing and for the mouse.

use std::borrow::Cow;

use crate::console::table::{Row, Table, TableView};

/// A row as it stands on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its position in the order.
    pub position: usize,
    /// Its first line, from the top of the rows.
    pub line: u16,
    /// Its lines: one, and one for each detail; fewer when cut by the lower edge.
    pub height: u16,
    /// The first of its section on the screen: the section's name stands beside it.
    pub names_section: bool,
}

/// Positions of the table's rows as shown. Before the first arranging all stand in natural order.
#[must_use]
pub fn order<'a>(table: &Table, view: Option<&'a TableView>) -> Cow<'a, [usize]> {
    match view {
        Some(view) if !view.order.is_empty() || !view.filter.is_empty() => Cow::Borrowed(&view.order),
        _ => Cow::Owned((0..table.rows.len()).collect()),
    }
}

fn row<'t>(table: &'t Table, order: &[usize], position: usize) -> Option<&'t Row> {
    table.rows.get(*order.get(position)?)
}

/// Lines of the row at a position, the empty line before a section counted in spaced tables.
fn height(table: &Table, order: &[usize], position: usize, first: bool) -> u16 {
    let Some(this) = row(table, order, position) else { return 0 };
    let own = 1 + u16::try_from(this.details.len()).unwrap_or(u16::MAX - 2);
    own + u16::from(!first && begins_spaced(table, order, position))
}

fn begins_section(table: &Table, order: &[usize], position: usize) -> bool {
    let section = |p: usize| row(table, order, p).and_then(|r| r.section.as_deref());
    position.checked_sub(1).is_none_or(|before| section(before) != section(position))
}

fn begins_spaced(table: &Table, order: &[usize], position: usize) -> bool {
    table.spaced && position > 0 && begins_section(table, order, position)
}

/// The position of the selected row.
#[must_use]
pub fn cursor(table: &Table, view: &TableView, order: &[usize]) -> Option<usize> {
    let wanted = view.cursor.as_ref()?;
    (0..order.len()).find(|p| row(table, order, *p).is_some_and(|r| r.id == *wanted))
}

/// The first position from which everything to `last` fits into so many lines.
fn earliest(table: &Table, order: &[usize], last: usize, lines: u16) -> usize {
    let (mut top, mut used) = (last, height(table, order, last, true));
    while top > 0 {
        // Moving the top up by one: the old top may get its section's empty line back.
        let regained = u16::from(begins_spaced(table, order, top));
        let more = height(table, order, top - 1, true).saturating_add(regained);
        if used.saturating_add(more) > lines {
            break;
        }
        used += more;
        top -= 1;
    }
    top
}

/// The first row shown: where the operator scrolled to, moved so that the selected row is wholly seen and no
/// lines stay empty below the last row.
#[must_use]
pub fn top(table: &Table, view: Option<&TableView>, order: &[usize], lines: u16) -> usize {
    let (Some(view), Some(last)) = (view, order.len().checked_sub(1)) else { return 0 };
    let mut top = view.top.min(earliest(table, order, last, lines));
    if let Some(cursor) = cursor(table, view, order) {
        if cursor < top {
            top = cursor;
        } else {
            top = top.max(earliest(table, order, cursor, lines));
        }
    }
    top
}

/// The rows on so many lines from `top` on.
#[must_use]
pub fn place(table: &Table, order: &[usize], top: usize, lines: u16) -> Vec<Placed> {
    let mut placed = Vec::new();
    let mut line = 0u16;
    for position in top..order.len() {
        let Some(this) = row(table, order, position) else { continue };
        let first = position == top;
        line += u16::from(!first && begins_spaced(table, order, position));
        if line >= lines {
            break;
        }
        let whole = 1 + u16::try_from(this.details.len()).unwrap_or(u16::MAX - 1);
        let height = whole.min(lines - line);
        let names_section = first || begins_section(table, order, position);
        placed.push(Placed { position, line, height, names_section });
        line += height;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::table::RowId;
    use crate::fleet::Severity;

    fn table(details: &[usize], sections: &[&str], spaced: bool) -> Table {
        let rows = details.iter().zip(sections).enumerate().map(|(n, (details, section))| Row {
            id: RowId::Line(n.to_string()),
            severity: Severity::Ok,
            cells: Vec::new(),
            details: vec![Vec::new(); *details],
            dimmed: false,
            section: Some((*section).to_owned()),
        });
        Table { rows: rows.collect(), spaced, ..Table::default() }
    }

    fn view(cursor: usize, top: usize) -> TableView {
        TableView { cursor: Some(RowId::Line(cursor.to_string())), top, ..TableView::default() }
    }

    #[test]
    fn the_selected_row_is_always_wholly_on_the_screen() {
        let table = table(&[0, 2, 0, 1, 3, 0, 0, 2], &["a", "a", "b", "b", "b", "c", "c", "c"], true);
        for lines in 4..20 {
            for cursor in 0..8 {
                for scrolled in 0..12 {
                    let view = view(cursor, scrolled);
                    let order = order(&table, Some(&view));
                    let top = top(&table, Some(&view), &order, lines);
                    let placed = place(&table, &order, top, lines);
                    let found = placed.iter().find(|p| p.position == cursor).unwrap();
                    assert_eq!(usize::from(found.height), 1 + table.rows[cursor].details.len());
                    assert!(placed.iter().all(|p| p.line + p.height <= lines));
                }
            }
        }
    }

    #[test]
    fn scrolling_stops_where_the_last_row_is_seen() {
        let table = table(&[0; 10], &["a"; 10], false);
        let view = TableView { top: 9, ..TableView::default() };
        let order = order(&table, Some(&view));
        assert_eq!(top(&table, Some(&view), &order, 4), 6);
    }

    #[test]
    fn sections_are_named_once_and_stand_apart_in_spaced_tables() {
        let table = table(&[0, 0, 0], &["a", "a", "b"], true);
        let placed = place(&table, &[0, 1, 2], 0, 10);
        let seen: Vec<_> = placed.iter().map(|p| (p.line, p.names_section)).collect();
        assert_eq!(seen, [(0, true), (1, false), (3, true)]);
    }

    #[test]
    fn a_filter_without_matches_shows_nothing() {
        let table = table(&[0], &["a"], false);
        let view = TableView { filter: "x".into(), ..TableView::default() };
        assert!(order(&table, Some(&view)).is_empty());
        assert_eq!(order(&table, None).len(), 1);
    }
}
