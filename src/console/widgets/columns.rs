//! Which columns of a table are shown in a width, and where.

use super::text::width;
use crate::console::table::{Column, Table};

/// Cells between columns.
pub const GAP: u16 = 2;
/// Cells before the first column: the mark of the selected row.
pub const MARK: u16 = 2;

/// A column as it stands on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its position in the table's columns.
    pub index: usize,
    /// First cell, from the table's left edge.
    pub x: u16,
    /// Cells.
    pub width: u16,
}

/// Columns in a width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Cells of the sections' names, their gap not counted; 0 when there are none.
    pub section: u16,
    /// The columns shown, left to right.
    pub columns: Vec<Placed>,
}

/// The widest text of each column, and of the sections' names. Looks at every row: for building, not drawing.
#[must_use]
pub fn measure(table: &Table) -> Vec<u16> {
    let mut widest = vec![0; table.columns.len() + 1];
    for row in &table.rows {
        for (column, cell) in widest.iter_mut().zip(&row.cells) {
            *column = (*column).max(super::text::width_of(&cell.pieces));
        }
        if let (Some(last), Some(section)) = (widest.last_mut(), &row.section) {
            *last = (*last).max(width(section));
        }
    }
    widest
}

/// Least and best width of a column.
fn bounds(column: &Column, content: u16) -> (u16, u16) {
    let title = width(column.title);
    let best = content.max(title).min(column.max.max(column.min));
    (column.min.max(title).min(best), best)
}

/// Places columns in so many cells. Those of the highest rank are left out first; what is left over goes to
/// the lowest rank first.
#[must_use]
pub fn place(table: &Table, cells: u16) -> Layout {
    let measured;
    let content = if table.content_widths.len() == table.columns.len() + 1 {
        &table.content_widths
    } else {
        measured = measure(table);
        &measured
    };
    let section = content.last().copied().unwrap_or(0).min(12);
    let section = if cells < 60 { section.min(6) } else { section };
    let start = MARK + if section > 0 { section + GAP } else { 0 };
    let room = u32::from(cells.saturating_sub(start + 1));
    let limits: Vec<(u16, u16)> = table.columns.iter().zip(content).map(|(c, w)| bounds(c, *w)).collect();
    let mut shown: Vec<usize> = (0..table.columns.len()).collect();
    let needed = |shown: &[usize]| -> u32 {
        let gaps = u32::from(GAP) * u32::try_from(shown.len().saturating_sub(1)).unwrap_or(0);
        shown.iter().map(|n| u32::from(limits[*n].0)).sum::<u32>() + gaps
    };
    while needed(&shown) > room {
        let Some(worst) = shown
            .iter()
            .copied()
            .filter(|n| table.columns[*n].rank > 0)
            .max_by_key(|n| (table.columns[*n].rank, *n))
        else {
            break;
        };
        shown.retain(|n| *n != worst);
    }
    let mut left = room.saturating_sub(needed(&shown));
    let mut widths: Vec<u16> = shown.iter().map(|n| limits[*n].0).collect();
    let mut by_rank: Vec<usize> = (0..shown.len()).collect();
    by_rank.sort_by_key(|n| table.columns[shown[*n]].rank);
    for n in by_rank {
        let wish = u32::from(limits[shown[n]].1 - widths[n]);
        let given = wish.min(left);
        widths[n] += u16::try_from(given).unwrap_or(0);
        left -= given;
    }
    let mut x = start;
    let mut columns = Vec::with_capacity(shown.len());
    for (index, width) in shown.into_iter().zip(widths) {
        if x >= cells {
            break;
        }
        let width = width.min(cells - x);
        columns.push(Placed { index, x, width });
        x = x.saturating_add(width).saturating_add(GAP);
    }
    Layout { section, columns }
}

/// Where the lines under a row begin.
#[must_use]
pub fn detail_indent(layout: &Layout) -> u16 {
    MARK + if layout.section > 0 { layout.section + GAP } else { 0 } + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::table::Align;

    fn table(columns: &[(&'static str, u16, u16, u8)], content: &[u16]) -> Table {
        let columns = columns
            .iter()
            .map(|(title, min, max, rank)| Column {
                title,
                align: Align::Left,
                min: *min,
                max: *max,
                rank: *rank,
            })
            .collect();
        Table { columns, content_widths: content.to_vec(), ..Table::default() }
    }

    fn shown(table: &Table, cells: u16) -> Vec<(usize, u16)> {
        place(table, cells).columns.iter().map(|c| (c.index, c.width)).collect()
    }

    #[test]
    fn columns_of_high_rank_go_first_when_it_gets_narrow() {
        let table = table(&[("A", 5, 10, 0), ("B", 5, 10, 2), ("C", 5, 10, 1)], &[10, 10, 10, 0]);
        assert_eq!(shown(&table, 60), [(0, 10), (1, 10), (2, 10)]);
        assert_eq!(shown(&table, 24), [(0, 7), (1, 5), (2, 5)]);
        assert_eq!(shown(&table, 20), [(0, 10), (2, 5)]);
        assert_eq!(shown(&table, 12), [(0, 9)]);
        assert_eq!(shown(&table, 5), [(0, 3)]);
        assert_eq!(shown(&table, 0), []);
    }

    #[test]
    fn a_column_is_as_wide_as_its_content_between_its_bounds() {
        let table = table(&[("A", 3, 6, 0), ("LONGER", 2, 20, 0), ("C", 4, 8, 0)], &[50, 3, 1, 0]);
        assert_eq!(shown(&table, 100), [(0, 6), (1, 6), (2, 1)]);
    }
}
