//! Cells as the tables write them: unknown is `?`, nothing is `–`, severity is glyph and words.

use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Align, Cell, Column, Piece, SortKey};
use crate::console::theme::Scope;
use crate::fleet::{Newest, Reading, Series, Severity};

/// A column of texts.
pub const fn left(title: &'static str, min: u16, max: u16, rank: u8) -> Column {
    Column { title, align: Align::Left, min, max, rank }
}

/// A column of numbers.
pub const fn right(title: &'static str, min: u16, max: u16, rank: u8) -> Column {
    Column { title, align: Align::Right, min, max, rank }
}

/// Text of one style that sorts as itself.
pub fn text(words: impl Into<String>, scope: Scope) -> Cell {
    let words = words.into();
    Cell { key: SortKey::Text(words.clone()), pieces: vec![Piece::new(words, scope)] }
}

/// Ordinary text.
fn plain(words: impl Into<String>) -> Cell {
    text(words, Scope::Text)
}

/// Less important text.
pub fn dim(words: impl Into<String>) -> Cell {
    text(words, Scope::TextDim)
}

/// The text, or `?` when it is not known.
pub fn known(words: Option<&str>) -> Cell {
    words.map_or_else(unknown, plain)
}

/// Not known.
pub fn unknown() -> Cell {
    Cell { pieces: vec![Piece::new("?", Scope::Severity(Severity::Unknown))], key: SortKey::Unknown }
}

/// Not known, and why.
pub fn unknown_because(why: &str) -> Cell {
    let pieces = vec![Piece::new(format!("? {why}"), Scope::Severity(Severity::Unknown))];
    Cell { pieces, key: SortKey::Unknown }
}

/// The number of a metric that tells how it is now, or else what stands in its place: `?` with the age of the
/// last one, or with why it could not be read.
pub fn now_of(state: &State, reading: Option<&Reading<Series>>) -> Result<f64, Piece> {
    let newest = reading.and_then(Reading::value).and_then(|s| s.newest(state.now, state.between_metrics()));
    let failure = reading.and_then(Reading::failure);
    match (newest, failure) {
        (Some(Newest::Current(value)), _) => Ok(value),
        (Some(Newest::Old { at }), _) => {
            Err(Piece::new(format!("? {}", age::since(at, state.now)), Scope::TextDim))
        }
        (None, Some(failure)) => {
            Err(Piece::new(format!("? {}", failure.kind.word()), Scope::Severity(Severity::Unknown)))
        }
        (None, None) => Err(Piece::new("?", Scope::Severity(Severity::Unknown))),
    }
}

/// Nothing, and nothing is expected.
pub fn nothing() -> Cell {
    Cell { pieces: vec![Piece::new("–", Scope::TextDim)], key: SortKey::Unknown }
}

/// A glyph and words in a severity's colour; sorts by severity, then words.
pub fn state(severity: Severity, words: impl AsRef<str>) -> Cell {
    let words = words.as_ref();
    let rank = Severity::ALL.iter().position(|s| *s == severity).unwrap_or(0);
    Cell {
        pieces: vec![glyph(severity), Piece::new(words, said(severity))],
        key: SortKey::Text(format!("{rank}{words}")),
    }
}

/// A severity's glyph with a space behind it.
pub fn glyph(severity: Severity) -> Piece {
    Piece::new(format!("{} ", severity.glyph()), Scope::Severity(severity))
}

/// How words beside a glyph look: loud only where something is wrong.
pub const fn said(severity: Severity) -> Scope {
    match severity {
        Severity::Ok | Severity::Idle => Scope::Text,
        other => Scope::Severity(other),
    }
}

/// A number with thousands set apart: `12,480`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many of something: `1 zone`, `2 zones`.
pub fn count(number: usize, one: &str) -> String {
    format!("{} {one}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// The cell with this sort key.
pub fn sorted(cell: Cell, key: SortKey) -> Cell {
    Cell { key, ..cell }
}

/// A sort key of a whole number; unknown stays unknown.
#[allow(clippy::cast_precision_loss)]
pub fn number(value: Option<i64>) -> SortKey {
    value.map_or(SortKey::Unknown, |v| SortKey::Number(v as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0, 999, 1_000, 12_480, 1_234_567].map(grouped),
            ["0", "999", "1,000", "12,480", "1,234,567"]
        );
    }
}
