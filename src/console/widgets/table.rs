//! The one table: titles, rows with details, selection, sections. Touches only what is visible.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::columns::{self, Layout, MARK};
use super::placing::{self, Placed};
use super::text::{Pen, width_of};
use crate::console::table::{Align, Piece, Row, RowId, SortBy, Table, TableView};
use crate::console::theme::{Scope, Theme};
use crate::fleet::InstanceId;

/// A table and what was done with it.
#[derive(Clone, Copy, Debug)]
pub struct TableWidget<'a> {
    /// The rows.
    pub table: &'a Table,
    /// Selection, order, filter.
    pub view: Option<&'a TableView>,
    /// The styles.
    pub theme: &'a Theme,
    /// Servers that are marked.
    pub marks: &'a BTreeSet<InstanceId>,
}

impl TableWidget<'_> {
    /// Draws the line of titles.
    pub fn titles(&self, buffer: &mut Buffer, area: Rect) {
        let layout = columns::place(self.table, area.width);
        let pen = Pen::new(self.theme, Scope::Title);
        let sort = self.view.and_then(|v| v.sort);
        for placed in &layout.columns {
            let column = &self.table.columns[placed.index];
            let mut title = vec![Piece::new(column.title, Scope::Title)];
            if let Some(SortBy { descending, .. }) = sort.filter(|s| s.column == column.title) {
                title.push(Piece::new(if descending { "↓" } else { "↑" }, Scope::Key));
            }
            // The arrow may stand in the gap, so that a column is not cut by being sorted.
            let room = placed.width + u16::from(title.len() > 1);
            let shift = match column.align {
                Align::Left => 0,
                Align::Right => placed.width.saturating_sub(width_of(&title[..1])),
            };
            pen.write(buffer, (area.x + placed.x + shift, area.y), room - shift, &title);
        }
    }

    /// Draws the rows, or what to say when there is none.
    pub fn rows(&self, buffer: &mut Buffer, area: Rect) {
        let order = placing::order(self.table, self.view);
        if order.is_empty() {
            self.empty(buffer, area);
            return;
        }
        let layout = columns::place(self.table, area.width);
        let top = placing::top(self.table, self.view, &order, area.height);
        let needles = needles(self.view);
        for placed in placing::place(self.table, &order, top, area.height) {
            let Some(row) = order.get(placed.position).and_then(|n| self.table.rows.get(*n)) else {
                continue;
            };
            let selected = self.view.is_some_and(|v| v.cursor.as_ref() == Some(&row.id));
            self.row(buffer, area, &layout, placed, row, selected, &needles);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn row(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        layout: &Layout,
        placed: Placed,
        row: &Row,
        selected: bool,
        needles: &[String],
    ) {
        let pen = Pen { selected, dimmed: row.dimmed, needles, ..Pen::new(self.theme, Scope::Text) };
        let y = area.y + placed.line;
        if selected {
            let lines = Rect { y, height: placed.height, ..area };
            buffer.set_style(lines, self.theme.style(Scope::Selection));
            pen.write(buffer, (area.x, y), MARK, &[Piece::new("›", Scope::Key)]);
        }
        if matches!(&row.id, RowId::Server(id) if self.marks.contains(id)) {
            pen.write(buffer, (area.x + 1, y), 1, &[Piece::new("✓", Scope::Key)]);
        }
        if layout.section > 0
            && placed.names_section
            && let Some(section) = &row.section
        {
            let title = [Piece::new(section.as_str(), Scope::Title)];
            Pen { needles: &[], ..pen }.write(buffer, (area.x + MARK, y), layout.section, &title);
        }
        for column in &layout.columns {
            let Some(cell) = row.cells.get(column.index) else { continue };
            let shift = match self.table.columns[column.index].align {
                Align::Left => 0,
                Align::Right => column.width.saturating_sub(width_of(&cell.pieces)),
            };
            pen.write(buffer, (area.x + column.x + shift, y), column.width - shift, &cell.pieces);
        }
        let indent = columns::detail_indent(layout);
        for (line, pieces) in (1..placed.height).zip(&row.details) {
            let room = area.width.saturating_sub(indent + 1);
            pen.write(buffer, (area.x + indent, y + line), room, pieces);
        }
    }

    fn empty(&self, buffer: &mut Buffer, area: Rect) {
        let filtered = self.view.is_some_and(|v| !v.filter.is_empty()) && !self.table.rows.is_empty();
        let filter = self.view.map_or("", |v| v.filter.as_str());
        let filtered_text = format!("· Nothing matches “{filter}”.\nesc clears the filter.");
        let text = if filtered { &filtered_text } else { &self.table.empty };
        super::message::draw(buffer, area, text, self.theme);
    }
}

/// The filter's words, in lower case, to be marked.
fn needles(view: Option<&TableView>) -> Vec<String> {
    let words = view.map_or("", |v| v.filter.as_str()).split_whitespace();
    words.filter(|w| !w.starts_with('!')).map(str::to_lowercase).collect()
}
