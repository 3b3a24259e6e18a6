//! Terminal colours as a picture has them.

use std::fmt;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// A colour of red, green and blue, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// What a terminal brings with it: its own two colours, and what the sixteen named ones look like there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canvas {
    /// Text without a colour.
    pub foreground: Rgb,
    /// The background of cells without one.
    pub background: Rgb,
    /// Black, red, green, yellow, blue, magenta, cyan, grey, and the bright ones in the same order.
    pub named: [Rgb; 16],
}

impl Canvas {
    /// A dark terminal.
    pub const DARK: Self = Self {
        foreground: Rgb(0xd3, 0xd7, 0xdf),
        background: Rgb(0x14, 0x17, 0x1c),
        named: [
            Rgb(0x1d, 0x21, 0x28),
            Rgb(0xe0, 0x5f, 0x5f),
            Rgb(0x7f, 0xb8, 0x62),
            Rgb(0xd9, 0xa9, 0x45),
            Rgb(0x5f, 0x9d, 0xe0),
            Rgb(0xb5, 0x7e, 0xd6),
            Rgb(0x4f, 0xb3, 0xbf),
            Rgb(0xb9, 0xbf, 0xc9),
            Rgb(0x6b, 0x73, 0x80),
            Rgb(0xff, 0x7b, 0x7b),
            Rgb(0x9a, 0xd6, 0x7a),
            Rgb(0xf2, 0xc4, 0x62),
            Rgb(0x7f, 0xb6, 0xf5),
            Rgb(0xcf, 0x9a, 0xf0),
            Rgb(0x6f, 0xd3, 0xdf),
            Rgb(0xf5, 0xf7, 0xfa),
        ],
    };

    /// A light terminal.
    pub const LIGHT: Self = Self {
        foreground: Rgb(0x24, 0x29, 0x2f),
        background: Rgb(0xfb, 0xfb, 0xf9),
        named: [
            Rgb(0x24, 0x29, 0x2f),
            Rgb(0xb4, 0x23, 0x18),
            Rgb(0x2d, 0x7d, 0x32),
            Rgb(0x8a, 0x5a, 0x00),
            Rgb(0x1f, 0x5f, 0xa8),
            Rgb(0x7b, 0x3f, 0xa0),
            Rgb(0x0b, 0x73, 0x7f),
            Rgb(0x6a, 0x71, 0x7b),
            Rgb(0x8c, 0x94, 0x9e),
            Rgb(0xd4, 0x37, 0x2c),
            Rgb(0x3c, 0x95, 0x42),
            Rgb(0xa8, 0x71, 0x0a),
            Rgb(0x2f, 0x78, 0xcc),
            Rgb(0x95, 0x55, 0xbd),
            Rgb(0x16, 0x8c, 0x9a),
            Rgb(0xff, 0xff, 0xff),
        ],
    };

    /// The same terminal with the background that a theme brings, if it brings one.
    #[must_use]
    pub fn on(self, ground: Option<Color>) -> Self {
        let background = ground.map_or(self.background, |color| self.rgb(color, self.background));
        Self { background, ..self }
    }

    /// A cell's colours of text and background, reversed and dimmed as it says.
    pub(super) fn colors(&self, cell: &Cell) -> (Rgb, Rgb) {
        let mut text = self.rgb(cell.fg, self.foreground);
        let mut background = self.rgb(cell.bg, self.background);
        if cell.modifier.contains(Modifier::REVERSED) {
            (text, background) = (background, text);
        }
        if cell.modifier.contains(Modifier::DIM) {
            text = mix(text, background);
        }
        (text, background)
    }

    fn rgb(&self, color: Color, unset: Rgb) -> Rgb {
        match color {
            Color::Reset => unset,
            Color::Black => self.named[0],
            Color::Red => self.named[1],
            Color::Green => self.named[2],
            Color::Yellow => self.named[3],
            Color::Blue => self.named[4],
            Color::Magenta => self.named[5],
            Color::Cyan => self.named[6],
            Color::Gray => self.named[7],
            Color::DarkGray => self.named[8],
            Color::LightRed => self.named[9],
            Color::LightGreen => self.named[10],
            Color::LightYellow => self.named[11],
            Color::LightBlue => self.named[12],
            Color::LightMagenta => self.named[13],
            Color::LightCyan => self.named[14],
            Color::White => self.named[15],
            Color::Rgb(red, green, blue) => Rgb(red, green, blue),
            Color::Indexed(index) => self.indexed(index),
        }
    }

    /// The 256 colours: sixteen named, a cube of six levels, and a ramp of greys.
    fn indexed(&self, index: u8) -> Rgb {
        match index {
            0..=15 => self.named[usize::from(index)],
            16..=231 => {
                let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                let cube = index - 16;
                Rgb(level(cube / 36), level(cube / 6 % 6), level(cube % 6))
            }
            232..=255 => {
                let grey = 8 + 10 * (index - 232);
                Rgb(grey, grey, grey)
            }
        }
    }
}

/// Three fifths of the first colour, two of the second: how terminals dim.
fn mix(a: Rgb, b: Rgb) -> Rgb {
    let part = |a: u8, b: u8| u8::try_from((u16::from(a) * 3 + u16::from(b) * 2) / 5).unwrap_or(u8::MAX);
    Rgb(part(a.0, b.0), part(a.1, b.1), part(a.2, b.2))
}
