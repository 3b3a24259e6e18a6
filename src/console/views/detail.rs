//! The lines above the footer: what the selected row says in full where its columns were cut or left out.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::state::State;
use crate::console::table::{Piece, Row};
use crate::console::theme::Scope;
use crate::console::widgets::columns;
use crate::console::widgets::message::wrap;
use crate::console::widgets::text::{Pen, width_of};

/// How many lines there are in a terminal of this height. They do not depend on the selection: nothing moves
/// when it does.
#[must_use]
pub const fn lines(height: u16) -> u16 {
    match height {
        0..16 => 0,
        16..24 => 1,
        _ => 2,
    }
}

/// The selected row's own words where they do not fit, what is wrong first.
#[must_use]
pub fn text(state: &State, cells: u16) -> String {
    let cursor = state.views.get(state.screen()).and_then(|v| v.cursor.as_ref());
    let Some(row) = cursor.and_then(|id| state.table.rows.iter().find(|r| r.id == *id)) else {
        return String::new();
    };
    let layout = columns::place(&state.table, cells.min(super::work::rows_width(state)));
    let indent = columns::detail_indent(&layout) + 1;
    let cut_details =
        row.details.iter().filter(|d| width_of(d) > cells.saturating_sub(indent)).map(|d| said(d));
    let cut_cells = cut_cells(state, row, &layout);
    cut_details.chain(cut_cells).filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn cut_cells(state: &State, row: &Row, layout: &columns::Layout) -> Vec<String> {
    let columns = state.table.columns.iter().zip(&row.cells).enumerate();
    columns
        .filter(|(n, (_, cell))| {
            let placed = layout.columns.iter().find(|p| p.index == *n);
            placed.is_none_or(|p| width_of(&cell.pieces) > p.width)
        })
        .filter_map(|(_, (column, cell))| {
            let text = said(&cell.pieces);
            // A dash or a question mark is no news.
            let news = text.chars().any(char::is_alphanumeric);
            news.then(|| format!("{} {text}", column.title.to_lowercase()))
        })
        .collect()
}

fn said(pieces: &[Piece]) -> String {
    let text: String = pieces.iter().map(|p| p.text.as_str()).collect();
    // Small bars mean nothing without their row.
    let text = text.replace(|c| ('▁'..='█').contains(&c), " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Draws them.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State) {
    let pen = Pen::new(&state.look.theme, Scope::TextDim);
    let room = area.width.saturating_sub(2);
    let mut lines = wrap(&text(state, area.width), room);
    let fits = usize::from(area.height);
    if lines.len() > fits {
        let rest = lines.split_off(fits.saturating_sub(1));
        lines.push(rest.join(" "));
    }
    for (line, y) in lines.into_iter().zip(area.y..area.bottom()) {
        pen.write(buffer, (area.x + 1, y), room, &[Piece::new(line, Scope::TextDim)]);
    }
}
