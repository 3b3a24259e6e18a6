//! Writes pieces of text into a line of the buffer: measured in cells, cut with `…`.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::console::table::Piece;
use crate::console::theme::{Scope, Theme};
use crate::fleet::text::break_off;

/// Cells that a text takes.
#[must_use]
pub fn width(text: &str) -> u16 {
    let cells = if text.is_ascii() { text.len() } else { text.width() };
    u16::try_from(cells).unwrap_or(u16::MAX)
}

/// Cells that pieces take.
#[must_use]
pub fn width_of(pieces: &[Piece]) -> u16 {
    pieces.iter().fold(0, |sum, piece| sum.saturating_add(width(&piece.text)))
}

/// The text, cut to so many cells; what is cut ends in `…`.
#[must_use]
pub fn cut(text: &str, cells: u16) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let Some(room) = cells.checked_sub(1) else { return String::new() };
    let (mut out, mut used) = (String::new(), 0);
    for grapheme in text.graphemes(true) {
        used += width(grapheme);
        if used > room {
            break;
        }
        out.push_str(grapheme);
    }
    break_off(&mut out);
    out
}

/// Where and how a line is written.
#[derive(Clone, Copy, Debug)]
pub struct Pen<'a> {
    /// Gives scopes their styles.
    pub theme: &'a Theme,
    /// The style underneath.
    pub base: Style,
    /// Drawn as the selected row: its ground and marks go over the pieces' own.
    pub selected: bool,
    /// Ordinary pieces are shown dimmed.
    pub dimmed: bool,
    /// Words to mark where they occur; lower case.
    pub needles: &'a [String],
}

impl<'a> Pen<'a> {
    /// A pen over a scope.
    #[must_use]
    pub fn new(theme: &'a Theme, scope: Scope) -> Self {
        Self { theme, base: theme.style(scope), selected: false, dimmed: false, needles: &[] }
    }

    /// The style of a scope over this pen's ground.
    #[must_use]
    pub fn style(&self, scope: Scope) -> Style {
        let plain = matches!(scope, Scope::Text | Scope::TextStrong);
        let scope = if self.dimmed && plain { Scope::TextDim } else { scope };
        let mut own = self.theme.style(scope);
        if matches!(scope, Scope::Text | Scope::TextDim | Scope::TextStrong | Scope::Title) {
            // These share the screen's ground, which must not cut holes into bars and overlays.
            own.bg = None;
        }
        if scope == Scope::Text && !self.dimmed {
            own = Style::default();
        }
        let mut style = self.base.patch(own);
        if self.selected {
            let selection = self.theme.style(Scope::Selection);
            let keeps_color = matches!(scope, Scope::Severity(_)) && selection.bg.is_some();
            style = style.patch(if keeps_color { Style { fg: None, ..selection } } else { selection });
        }
        style
    }

    /// Writes pieces into at most `cells` cells from `(x, y)`; gives the cells used. What does not fit ends
    /// in `…`. Nothing is written outside the buffer.
    pub fn write(&self, buffer: &mut Buffer, (x, y): (u16, u16), cells: u16, pieces: &[Piece]) -> u16 {
        let area = buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
            return 0;
        }
        let cells = cells.min(area.right() - x);
        let whole = width_of(pieces) <= cells;
        let mut used = 0;
        for piece in pieces {
            let style = self.style(piece.scope);
            let room = cells - used;
            if room == 0 {
                break;
            }
            let fits = width(&piece.text) <= if whole { room } else { room - 1 };
            if fits {
                self.put(buffer, (x + used, y), room, &piece.text, style);
                used += width(&piece.text);
                continue;
            }
            let text = cut(&format!("{}…", piece.text), room);
            let text = if text.is_empty() { "…".to_owned() } else { text };
            self.put(buffer, (x + used, y), room, &text, style);
            used += width(&text).min(room);
            break;
        }
        used
    }

    fn put(&self, buffer: &mut Buffer, (x, y): (u16, u16), cells: u16, text: &str, style: Style) {
        buffer.set_stringn(x, y, text, usize::from(cells), style);
        if self.needles.is_empty() {
            return;
        }
        let lower = text.to_lowercase();
        if lower.len() != text.len() {
            // Case changed the length: places in one are not places in the other.
            return;
        }
        let mark = self.theme.style(Scope::Match);
        for needle in self.needles.iter().filter(|n| !n.is_empty()) {
            for (at, found) in lower.match_indices(needle.as_str()) {
                let (Some(before), Some(inside)) = (text.get(..at), text.get(at..at + found.len())) else {
                    continue;
                };
                let start = width(before);
                if start < cells {
                    let room = usize::from(cells - start);
                    buffer.set_stringn(x + start, y, inside, room, style.patch(mark));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    fn written(cells: u16, texts: &[&str]) -> (String, u16) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        let pieces: Vec<Piece> = texts.iter().map(|t| Piece::new(*t, Scope::Text)).collect();
        let theme = Theme::default();
        let used = Pen::new(&theme, Scope::Text).write(&mut buffer, (0, 0), cells, &pieces);
        let text =
            (0..12).filter_map(|x| buffer.cell((x, 0))).map(|c| c.symbol().to_owned()).collect::<String>();
        (text.trim_end().to_owned(), used)
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!(written(5, &["abcde"]), ("abcde".into(), 5));
        assert_eq!(written(5, &["abcdef"]), ("abcd…".into(), 5));
        assert_eq!(written(5, &["abc", "def"]), ("abcd…".into(), 5));
        assert_eq!(written(3, &["abc", "def"]), ("ab…".into(), 3));
        assert_eq!(written(4, &["abc", "def"]), ("abc…".into(), 4));
        assert_eq!(written(1, &["abc"]), ("…".into(), 1));
        assert_eq!(written(0, &["abc"]), (String::new(), 0));
        assert_eq!(written(6, &["abcd. Then"]), ("abcd…".into(), 5));
    }

    #[test]
    fn wide_characters_count_two_cells() {
        assert_eq!(width("漢字"), 4);
        assert_eq!(cut("漢字", 3), "漢…");
        assert_eq!(cut("漢字", 2), "…");
        assert_eq!(written(3, &["漢字"]).1, 3);
    }

    #[test]
    fn matches_of_the_filter_are_marked() {
        let (theme, _) = crate::console::theme::load(
            "dark",
            &std::collections::BTreeMap::new(),
            crate::console::theme::Depth::True,
        );
        let needles = ["eb".to_owned()];
        let pen = Pen { needles: &needles, ..Pen::new(&theme, Scope::Text) };
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        pen.write(&mut buffer, (0, 0), 8, &[Piece::new("WEB web", Scope::Text)]);
        let mark = theme.style(Scope::Match).bg;
        let marked: Vec<bool> = (0..7).map(|x| Some(buffer[(x, 0)].bg) == mark).collect();
        assert_eq!(marked, [false, true, true, false, false, true, true]);
    }
}
