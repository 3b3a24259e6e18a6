//! Draws a pane: a title, and the rows that are seen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;

use crate::console::panes::{Looks, Pane, Room, Shown, Test, find};
use crate::console::table::Piece;
use crate::console::theme::{Depth, Scope, Theme, degrade_color};
use crate::console::widgets::text::{Pen, width, width_of};
use crate::fleet::Severity;
use crate::logs::Level;
use crate::remote::Stream;
use crate::remote::clean_text::{self, Attributes, Colour};

/// Cells before a line: the mark of a found line, and of standard error.
const GUTTER: u16 = 2;
/// Cells of a line's time, `12:01:07` and a blank.
const TIME: u16 = 9;

/// What a pane is drawn with.
pub struct PaneWidget<'a> {
    /// The lines.
    pub pane: &'a Pane,
    /// How they are looked at.
    pub looks: &'a Looks,
    /// Gives scopes their styles.
    pub theme: &'a Theme,
    /// How many colours there are.
    pub depth: Depth,
    /// What stands before each line, after its time: which server and log it is from.
    pub lead: &'a dyn Fn(&Shown<'_>) -> Vec<Piece>,
    /// Cells of the lead.
    pub lead_cells: u16,
    /// What is said while there is no line.
    pub empty: &'a str,
}

/// The room that lines have in the rows of a pane.
#[must_use]
pub fn room(area: Rect, looks: &Looks, lead_cells: u16) -> Room {
    let taken = GUTTER + lead_cells + if looks.timestamps { TIME } else { 0 };
    Room { cells: area.width.saturating_sub(taken + 1).max(1), rows: area.height, wrap: looks.wrap }
}

impl PaneWidget<'_> {
    /// Draws the rows.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect) {
        let room = room(area, self.looks, self.lead_cells);
        let pen = Pen::new(self.theme, Scope::Text);
        let rows = self.pane.shown(room);
        if rows.is_empty() && area.height > 0 {
            let none = if self.pane.lines.is_empty() { self.empty } else { "no line passes the filter" };
            pen.write(buffer, (area.x + GUTTER, area.y), room.cells, &[Piece::new(none, Scope::TextDim)]);
        }
        for (row, y) in rows.iter().zip(area.y..area.bottom()) {
            self.row(buffer, (area.x, y), room, row);
        }
    }

    fn row(&self, buffer: &mut Buffer, (x, y): (u16, u16), room: Room, row: &Shown<'_>) {
        let pen = Pen::new(self.theme, Scope::Text);
        let marked = row.number.is_some() && row.number == self.pane.marked;
        if marked {
            pen.write(buffer, (x, y), 1, &[Piece::new("›", Scope::Key)]);
        } else if let Some(severity) = of_level(row.entry.level) {
            pen.write(buffer, (x, y), 1, &[Piece::new(severity.glyph(), Scope::Severity(severity))]);
        } else if row.entry.stream == Stream::Err {
            pen.write(buffer, (x, y), 1, &[Piece::new("!", Scope::Severity(Severity::Warn))]);
        }
        let mut x = x + GUTTER;
        if self.looks.timestamps {
            if row.begins {
                let time = row.entry.at.strftime("%H:%M:%S").to_string();
                pen.write(buffer, (x, y), TIME, &[Piece::new(time, Scope::TextDim)]);
            }
            x += TIME;
        }
        if row.begins && self.lead_cells > 0 {
            pen.write(buffer, (x, y), self.lead_cells, &(self.lead)(row));
        }
        self.text(buffer, (x + self.lead_cells, y), room.cells, row);
    }

    /// The text with the colours the server gave it; what does not fit ends in `…`.
    fn text(&self, buffer: &mut Buffer, (x, y): (u16, u16), cells: u16, row: &Shown<'_>) {
        let whole = row.entry.text.as_str();
        let ground = self.theme.style(Scope::Text);
        // Serious lines have their colour where the server gave none.
        let ground = match (of_level(row.entry.level), row.entry.level) {
            (Some(severity), _) => ground.patch(self.theme.style(Scope::Severity(severity))),
            (None, Some(Level::Debug)) => ground.patch(self.theme.style(Scope::TextDim)),
            _ => ground,
        };
        let part = whole.get(row.part.clone()).unwrap_or_default();
        let cut = width(part) > cells;
        let most = if cut { cells.saturating_sub(1) } else { cells };
        let hits = self.hits(whole);
        let (mut used, mut at) = (0, 0);
        'pieces: for (piece, style) in row.entry.text.pieces() {
            let style = ground.patch(self.style(style));
            for grapheme in piece.graphemes(true) {
                let place = at;
                at += grapheme.len();
                if place < row.part.start {
                    continue;
                }
                let cells = width(grapheme);
                if place >= row.part.end || used + cells > most {
                    break 'pieces;
                }
                let hit = hits.iter().any(|(from, to)| (*from..*to).contains(&place));
                let style = if hit { style.patch(self.theme.style(Scope::Match)) } else { style };
                buffer.set_stringn(x + used, y, grapheme, usize::from(cells), style);
                used += cells;
            }
        }
        if cut {
            Pen::new(self.theme, Scope::Text).write(
                buffer,
                (x + used, y),
                1,
                &[Piece::new("…", Scope::TextDim)],
            );
        }
    }

    /// Where the line has what is looked for.
    fn hits(&self, line: &str) -> Vec<(usize, usize)> {
        let mut hits = Vec::new();
        for (text, exact) in self.pane.needle().into_iter().flat_map(Test::marks) {
            let mut from = 0;
            while let Some((start, end)) = line.get(from..).and_then(|rest| find(rest, text, exact)) {
                hits.push((from + start, from + end));
                from += end.max(1);
            }
        }
        hits
    }

    fn style(&self, style: clean_text::Style) -> Style {
        let colour = |colour: Colour| {
            let colour = match colour {
                Colour::Indexed(n) => Color::Indexed(n),
                Colour::Rgb(r, g, b) => Color::Rgb(r, g, b),
            };
            degrade_color(colour, self.depth)
        };
        let fg = style.foreground.map(colour).filter(|c| *c != Color::Reset);
        let bg = style.background.map(colour).filter(|c| *c != Color::Reset);
        let mut modifier = Modifier::empty();
        for (attribute, own) in [
            (Attributes::BOLD, Modifier::BOLD),
            (Attributes::DIM, Modifier::DIM),
            (Attributes::ITALIC, Modifier::ITALIC),
            (Attributes::UNDERLINE, Modifier::UNDERLINED),
            (Attributes::REVERSE, Modifier::REVERSED),
            (Attributes::STRIKE, Modifier::CROSSED_OUT),
        ] {
            if style.attributes.has(attribute) {
                modifier |= own;
            }
        }
        Style { fg, bg, add_modifier: modifier, ..Style::default() }
    }
}

/// How bad a line of this level is, where it is.
const fn of_level(level: Option<Level>) -> Option<Severity> {
    match level {
        Some(Level::Warning) => Some(Severity::Warn),
        Some(Level::Error | Level::Critical) => Some(Severity::Down),
        Some(Level::Debug | Level::Info) | None => None,
    }
}

/// A line of pieces at the left and at the right; the left is cut first.
pub fn title(
    buffer: &mut Buffer,
    area: Rect,
    theme: &Theme,
    left: &[Piece],
    right: &[Piece],
    selected: bool,
) {
    let pen = Pen { selected, ..Pen::new(theme, Scope::Text) };
    if selected {
        buffer.set_style(area, theme.style(Scope::Selection));
    }
    let aside = width_of(right);
    let room = area.width.saturating_sub(1);
    let shows = aside > 0 && aside + 12 <= room;
    let left_room = if shows { room - aside - 1 } else { room };
    pen.write(buffer, (area.x, area.y), left_room, left);
    if shows {
        pen.write(buffer, (area.x + room - aside, area.y), aside, right);
    }
}
