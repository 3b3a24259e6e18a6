//! Colours and attributes (SGR) as data.

use serde::Serialize;

/// A colour a host asked for; the theme decides what it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    /// One of 256; 0–7 are the plain ones, 8–15 the bright ones.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// Attributes as a set. Blinking and hidden text are no attributes here: what a host prints is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Attributes(u8);

impl Attributes {
    /// Bold.
    pub const BOLD: Self = Self(1);
    /// Dim.
    pub const DIM: Self = Self(2);
    /// Italic.
    pub const ITALIC: Self = Self(4);
    /// Underlined, in whatever form.
    pub const UNDERLINE: Self = Self(8);
    /// Foreground and background changed over.
    pub const REVERSE: Self = Self(16);
    /// Struck through.
    pub const STRIKE: Self = Self(32);

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    const fn set(&mut self, other: Self, on: bool) {
        if on {
            self.0 |= other.0;
        } else {
            self.0 &= !other.0;
        }
    }
}

/// How a piece of text is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Style {
    /// Foreground; none is the terminal's own.
    pub foreground: Option<Colour>,
    /// Background; none is the terminal's own.
    pub background: Option<Colour>,
    /// Attributes.
    pub attributes: Attributes,
}

impl Style {
    /// Nothing special.
    pub const PLAIN: Self = Self { foreground: None, background: None, attributes: Attributes(0) };

    /// Takes in the parameters of an SGR sequence, `1;38;5;208` or `38:2::255:128:0`. What is not
    /// understood is passed over.
    pub(super) fn apply(&mut self, parameters: &[u8]) {
        let mut fields = parameters.split(|b| *b == b';');
        while let Some(field) = fields.next() {
            let mut parts = field.split(|b| *b == b':');
            let code = parts.next().map_or(Some(0), number);
            let sub: Vec<&[u8]> = parts.collect();
            match code {
                Some(38 | 48) => {
                    let colour =
                        if sub.is_empty() { colour_in_fields(&mut fields) } else { colour_in_parts(&sub) };
                    match (colour, code) {
                        (Some(colour), Some(38)) => self.foreground = Some(colour),
                        (Some(colour), _) => self.background = Some(colour),
                        (None, _) => {}
                    }
                }
                Some(4) => {
                    let off = sub.first().is_some_and(|form| number(form) == Some(0));
                    self.attributes.set(Attributes::UNDERLINE, !off);
                }
                Some(code) => self.simple(code),
                None => {}
            }
        }
    }

    fn simple(&mut self, code: u8) {
        match code {
            0 => *self = Self::default(),
            1 => self.attributes.set(Attributes::BOLD, true),
            2 => self.attributes.set(Attributes::DIM, true),
            3 => self.attributes.set(Attributes::ITALIC, true),
            7 => self.attributes.set(Attributes::REVERSE, true),
            9 => self.attributes.set(Attributes::STRIKE, true),
            21 => self.attributes.set(Attributes::UNDERLINE, true),
            22 => self.attributes.set(Attributes(Attributes::BOLD.0 | Attributes::DIM.0), false),
            23 => self.attributes.set(Attributes::ITALIC, false),
            24 => self.attributes.set(Attributes::UNDERLINE, false),
            27 => self.attributes.set(Attributes::REVERSE, false),
            29 => self.attributes.set(Attributes::STRIKE, false),
            30..=37 => self.foreground = Some(Colour::Indexed(code - 30)),
            39 => self.foreground = None,
            40..=47 => self.background = Some(Colour::Indexed(code - 40)),
            49 => self.background = None,
            90..=97 => self.foreground = Some(Colour::Indexed(code - 90 + 8)),
            100..=107 => self.background = Some(Colour::Indexed(code - 100 + 8)),
            _ => {}
        }
    }
}

/// A parameter; nothing is zero, and what is no number up to 255 is not one.
fn number(field: &[u8]) -> Option<u8> {
    if field.is_empty() {
        return Some(0);
    }
    std::str::from_utf8(field).ok()?.parse().ok()
}

fn colour_in_fields<'a>(fields: &mut impl Iterator<Item = &'a [u8]>) -> Option<Colour> {
    match fields.next().and_then(number) {
        Some(5) => fields.next().and_then(number).map(Colour::Indexed),
        Some(2) => {
            let (red, green, blue) = (fields.next(), fields.next(), fields.next());
            Some(Colour::Rgb(red.and_then(number)?, green.and_then(number)?, blue.and_then(number)?))
        }
        _ => None,
    }
}

fn colour_in_parts(parts: &[&[u8]]) -> Option<Colour> {
    match (number(parts.first()?)?, parts) {
        (5, [_, index, ..]) => number(index).map(Colour::Indexed),
        // With and without the colour space.
        (2, [_, _, red, green, blue, ..] | [_, red, green, blue]) => {
            Some(Colour::Rgb(number(red)?, number(green)?, number(blue)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(parameters: &str) -> Style {
        let mut style = Style::default();
        style.apply(parameters.as_bytes());
        style
    }

    #[test]
    fn every_way_to_write_a_colour_is_understood() {
        assert_eq!(after("31").foreground, Some(Colour::Indexed(1)));
        assert_eq!(after("97;104").foreground, Some(Colour::Indexed(15)));
        assert_eq!(after("97;104").background, Some(Colour::Indexed(12)));
        assert_eq!(after("38;5;208").foreground, Some(Colour::Indexed(208)));
        assert_eq!(after("48:5:9").background, Some(Colour::Indexed(9)));
        for rgb in ["38;2;1;2;3", "38:2:1:2:3", "38:2::1:2:3"] {
            assert_eq!(after(rgb).foreground, Some(Colour::Rgb(1, 2, 3)), "{rgb}");
        }
        assert!(after("38;5;208;1").attributes.has(Attributes::BOLD));
    }

    #[test]
    fn attributes_are_set_and_taken_back() {
        let style = after("1;2;3;4;7;9");
        assert!(style.attributes.has(Attributes::BOLD) && style.attributes.has(Attributes::STRIKE));
        assert_eq!(after("1;2;3;4;7;9;22;23;24;27;29"), Style::default());
        assert_eq!(after("1;31;"), Style::default());
        assert_eq!(after("4:3;4:0"), Style::default());
    }

    #[test]
    fn nonsense_changes_nothing_and_hides_nothing() {
        for nonsense in ["38", "38;5", "38;5;999", "38;2;1", "999", "5;8", "?1", "::", "38:", "x"] {
            assert_eq!(after(nonsense), Style::default(), "{nonsense}");
        }
    }
}
