//! A sheet on top of the screen: a title, lines that scroll, and how many there are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{Pen, width, width_of};
use crate::console::table::Piece;
use crate::console::theme::{Scope, Theme};

/// A sheet.
pub struct Sheet<'a> {
    /// Its title.
    pub title: &'a str,
    /// What stands beside the title, at the right.
    pub aside: &'a str,
    /// Its lines.
    pub lines: &'a [Vec<Piece>],
    /// The first line seen; later ones are taken where it is too large.
    pub top: usize,
    /// The selected line; always seen.
    pub cursor: Option<usize>,
    /// The widest it gets.
    pub widest: u16,
}

/// Where a sheet stands in an area.
#[must_use]
pub fn place(area: Rect, lines: usize, widest: u16) -> Rect {
    let width = area.width.saturating_sub(4).min(widest).max(area.width.min(30));
    let wanted = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(3);
    let height = wanted.min(area.height.saturating_sub(2)).max(area.height.min(4));
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height).min(2);
    Rect::new(x, y, width, height)
}

impl Sheet<'_> {
    /// Draws it over the middle of an area.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, theme: &Theme) {
        let place = place(area, self.lines.len(), self.widest);
        if place.width < 6 || place.height < 3 {
            return;
        }
        // A few cells left and right of it would show scraps of words: they go too.
        let margin = if place.x - area.x <= 6 { place.x - area.x } else { 1 };
        for y in place.y..place.bottom() {
            for x in place.x - margin..(place.right() + margin).min(area.right()) {
                buffer[(x, y)].reset();
            }
        }
        let around = Rect { x: place.x - margin, width: (place.width + 2 * margin).min(area.width), ..place };
        buffer.set_style(around, theme.style(Scope::Text));
        // A wide character cut in half by the left edge would push everything after it.
        if around.x > area.x {
            for y in place.y..place.bottom() {
                let cell = &mut buffer[(around.x - 1, y)];
                if width(cell.symbol()) > 1 {
                    cell.set_symbol(" ");
                }
            }
        }
        buffer.set_style(place, theme.style(Scope::Overlay));
        let pen = Pen::new(theme, Scope::Overlay);
        let room = place.width - 4;
        let frame = |text: String| [Piece::new(text, Scope::OverlayFrame)];
        let side = usize::from(place.width - 2);
        pen.write(buffer, (place.x, place.y), place.width, &frame(format!("╭{}╮", "─".repeat(side))));
        let bottom = place.bottom() - 1;
        pen.write(buffer, (place.x, bottom), place.width, &frame(format!("╰{}╯", "─".repeat(side))));
        for y in place.y + 1..bottom {
            pen.write(buffer, (place.x, y), 1, &frame("│".into()));
            pen.write(buffer, (place.right() - 1, y), 1, &frame("│".into()));
        }
        let title = format!(" {} ", self.title);
        pen.write(buffer, (place.x + 2, place.y), room, &[Piece::new(title, Scope::TextStrong)]);
        let shown = usize::from(bottom - place.y - 1);
        let last_top = self.lines.len().saturating_sub(shown);
        let mut top = self.top.min(last_top);
        if let Some(cursor) = self.cursor {
            top = top.min(cursor).max((cursor + 1).saturating_sub(shown));
        }
        for (n, (line, y)) in self.lines.iter().skip(top).zip(place.y + 1..bottom).enumerate() {
            let selected = self.cursor == Some(top + n);
            let pen = Pen { selected, ..pen };
            if selected {
                let whole = Rect::new(place.x + 1, y, place.width - 2, 1);
                buffer.set_style(whole, theme.style(Scope::Selection));
                pen.write(buffer, (place.x + 1, y), 1, &[Piece::new("›", Scope::Key)]);
            }
            pen.write(buffer, (place.x + 2, y), room, line);
        }
        let more = self.lines.len() > shown;
        let position = if more {
            format!(" {}–{} of {} ", top + 1, (top + shown).min(self.lines.len()), self.lines.len())
        } else {
            String::new()
        };
        let aside = format!(
            "{position}{}",
            if self.aside.is_empty() { String::new() } else { format!(" {} ", self.aside) }
        );
        let aside = [Piece::new(aside, Scope::TextDim)];
        let cells = width_of(&aside).min(room);
        pen.write(buffer, (place.right() - 2 - cells, bottom), cells, &aside);
    }
}
