//! How a line stands on rows of so many cells.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::console::widgets::text::width;

/// The parts of a text, in bytes, that stand on one row each; at least one. A character too wide for a row
/// stands on one of its own.
#[must_use]
pub fn segments(text: &str, cells: u16) -> Vec<Range<usize>> {
    let cells = usize::from(cells.max(1));
    if text.is_ascii() {
        let starts = (0..text.len().max(1)).step_by(cells);
        return starts.map(|start| start..(start + cells).min(text.len())).collect();
    }
    let mut rows = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        let wide = usize::from(width(grapheme));
        if used + wide > cells && at > start {
            rows.push(start..at);
            (start, used) = (at, 0);
        }
        used += wide;
    }
    rows.push(start..text.len());
    rows
}

/// How many rows a text takes.
#[must_use]
pub fn rows_of(text: &str, cells: u16) -> usize {
    if text.is_ascii() {
        return text.len().div_ceil(usize::from(cells.max(1))).max(1);
    }
    segments(text, cells).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_hold_as_many_cells_as_there_are_and_nothing_is_lost() {
        assert_eq!(segments("abcdef", 4), [0..4, 4..6]);
        assert_eq!((rows_of("", 4), rows_of("abcd", 4)), (1, 1));
        assert_eq!(segments("a漢字b", 3), [0..4, 4..8]);
        assert_eq!(segments("漢字", 1), [0..3, 3..6]);
        for text in ["", "abcdefgh", "a漢字bé", "e\u{301}e\u{301}"] {
            for cells in 0..6 {
                let rows = segments(text, cells);
                assert_eq!(rows.len(), rows_of(text, cells), "{text} {cells}");
                assert_eq!(rows.iter().map(|row| &text[row.clone()]).collect::<String>(), text);
            }
        }
    }
}
