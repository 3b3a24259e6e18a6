//! A message where a table would stand: a first line with a glyph, then what to do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{Pen, width};
use crate::console::table::Piece;
use crate::console::theme::{Scope, Theme};
use crate::fleet::Severity;

/// Draws lines of text, wrapped at words. A first line that begins with a severity's glyph has its colour.
pub fn draw(buffer: &mut Buffer, area: Rect, text: &str, theme: &Theme) {
    if area.width < 4 || area.height == 0 {
        return;
    }
    let pen = Pen::new(theme, Scope::Text);
    let indent = if area.width >= 60 { 4 } else { 1 };
    let room = area.width - indent - 1;
    let top = u16::from(area.height > 6);
    let mut y = area.y + top;
    for (n, paragraph) in text.lines().enumerate() {
        let severity = Severity::ALL.into_iter().find(|s| paragraph.starts_with(s.glyph()));
        let scope = match (n, severity) {
            (_, Some(severity)) => Scope::Severity(severity),
            (0, None) => Scope::TextStrong,
            _ => Scope::TextDim,
        };
        for line in wrap(paragraph, room) {
            if y >= area.bottom() {
                return;
            }
            pen.write(buffer, (area.x + indent, y), room, &[Piece::new(line, scope)]);
            y += 1;
        }
    }
}

/// Lines of at most so many cells, broken between words; a longer word is cut when it is written.
#[must_use]
pub fn wrap(text: &str, cells: u16) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if width(line).saturating_add(1).saturating_add(width(word)) <= cells {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("incomprehensible", 4), ["incomprehensible"]);
    }
}
