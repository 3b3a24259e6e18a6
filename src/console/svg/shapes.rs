//! Blocks, lines and braille as shapes, so that they meet their neighbours in every font.

use std::fmt::Write as _;

use super::{HEIGHT, WIDTH};

/// Middle of a cell in pixels, for lines one pixel wide.
const MIDDLE: (usize, usize) = (WIDTH / 2, HEIGHT / 2 - 1);

/// How thick the four arms of a line are: up, right, down, left; in pixels.
type Arms = [usize; 4];

/// A symbol that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Eighths of the cell's height, from below.
    Lower(usize),
    /// Eighths of the cell's width, from the left.
    Left(usize),
    /// The upper half.
    Upper,
    /// The right half.
    Right,
    /// Lines from the middle.
    Lines(Arms),
    /// Two lines one above the other, or side by side.
    Double { upright: bool },
    /// A round corner that opens down or up, and right or left.
    Corner { down: bool, right: bool },
    /// Braille dots, as the character's low byte has them.
    Dots(u32),
}

impl Shape {
    /// The shape of a symbol, if it is drawn as one.
    pub(super) fn of(symbol: &str) -> Option<Self> {
        let mut chars = symbol.chars();
        let c = chars.next()?;
        if chars.next().is_some() {
            return None;
        }
        Some(match c {
            '▁' => Self::Lower(1),
            '▂' => Self::Lower(2),
            '▃' => Self::Lower(3),
            '▄' => Self::Lower(4),
            '▅' => Self::Lower(5),
            '▆' => Self::Lower(6),
            '▇' => Self::Lower(7),
            '█' => Self::Lower(8),
            '▉' => Self::Left(7),
            '▊' => Self::Left(6),
            '▋' => Self::Left(5),
            '▌' => Self::Left(4),
            '▍' => Self::Left(3),
            '▎' => Self::Left(2),
            '▏' => Self::Left(1),
            '▀' => Self::Upper,
            '▐' => Self::Right,
            '═' => Self::Double { upright: false },
            '║' => Self::Double { upright: true },
            '╭' => Self::Corner { down: true, right: true },
            '╮' => Self::Corner { down: true, right: false },
            '╰' => Self::Corner { down: false, right: true },
            '╯' => Self::Corner { down: false, right: false },
            '\u{2800}'..='\u{28ff}' => Self::Dots(u32::from(c) - 0x2800),
            _ => Self::Lines(arms(c)?),
        })
    }

    /// The class of its path: filled, a thin line, or dots.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Corner { .. } => "l",
            Self::Dots(_) => "d",
            _ => "",
        }
    }

    /// Adds it to a path, with the cell's upper left corner at these pixels.
    pub(super) fn write(self, x: usize, y: usize, path: &mut String) {
        match self {
            Self::Lower(eighths) => {
                let height = (HEIGHT * eighths).div_ceil(8);
                rect(path, x, y + HEIGHT - height, WIDTH, height);
            }
            Self::Left(eighths) => rect(path, x, y, (WIDTH * eighths).div_ceil(8), HEIGHT),
            Self::Upper => rect(path, x, y, WIDTH, HEIGHT / 2),
            Self::Right => rect(path, x + WIDTH / 2, y, WIDTH - WIDTH / 2, HEIGHT),
            Self::Double { upright: true } => {
                rect(path, x + MIDDLE.0 - 2, y, 1, HEIGHT);
                rect(path, x + MIDDLE.0 + 2, y, 1, HEIGHT);
            }
            Self::Double { upright: false } => {
                rect(path, x, y + MIDDLE.1 - 2, WIDTH, 1);
                rect(path, x, y + MIDDLE.1 + 2, WIDTH, 1);
            }
            Self::Lines(arms) => write_arms(arms, x, y, path),
            Self::Corner { down, right } => {
                let edge_y = if down { y + HEIGHT } else { y };
                let edge_x = if right { x + WIDTH } else { x };
                let (mx, my) = (x + MIDDLE.0, y + MIDDLE.1);
                // Writing to a String cannot fail.
                let _ = write!(path, "M{mx}.5 {edge_y}Q{mx}.5 {my}.5 {edge_x} {my}.5");
            }
            Self::Dots(dots) => {
                // The bits go down the left column, down the right one, then along the last line.
                const PLACES: [(usize, usize); 8] =
                    [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
                for (bit, (column, line)) in PLACES.iter().enumerate() {
                    if dots >> bit & 1 == 1 {
                        let (dot_x, dot_y) = (x * 100 + 225 + column * 450, y * 10 + 25 + line * 50);
                        let _ = write!(
                            path,
                            "M{}.{:02} {}.{}h0",
                            dot_x / 100,
                            dot_x % 100,
                            dot_y / 10,
                            dot_y % 10
                        );
                    }
                }
            }
        }
    }
}

fn write_arms([up, right, down, left]: Arms, x: usize, y: usize, path: &mut String) {
    let thickest = |a: usize, b: usize| a.max(b).max(1);
    let (upright, level) = (thickest(up, down), thickest(left, right));
    // Arms reach past the middle by half of what crosses them there, so that corners close.
    let (mx, my) = (x + MIDDLE.0, y + MIDDLE.1);
    if up > 0 {
        rect(path, mx - up / 2, y, up, my + level / 2 + 1 - y);
    }
    if down > 0 {
        rect(path, mx - down / 2, my - level / 2, down, y + HEIGHT + level / 2 - my);
    }
    if left > 0 {
        rect(path, x, my - left / 2, mx + upright / 2 + 1 - x, left);
    }
    if right > 0 {
        rect(path, mx - upright / 2, my - right / 2, x + WIDTH + upright / 2 - mx, right);
    }
}

fn rect(path: &mut String, x: usize, y: usize, width: usize, height: usize) {
    let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
}

/// The arms of a box drawing character: thin ones are one pixel, thick ones three.
const fn arms(c: char) -> Option<Arms> {
    Some(match c {
        '─' => [0, 1, 0, 1],
        '│' => [1, 0, 1, 0],
        '┌' => [0, 1, 1, 0],
        '┐' => [0, 0, 1, 1],
        '└' => [1, 1, 0, 0],
        '┘' => [1, 0, 0, 1],
        '├' => [1, 1, 1, 0],
        '┤' => [1, 0, 1, 1],
        '┬' => [0, 1, 1, 1],
        '┴' => [1, 1, 0, 1],
        '┼' => [1, 1, 1, 1],
        '━' => [0, 3, 0, 3],
        '┃' => [3, 0, 3, 0],
        '┏' => [0, 3, 3, 0],
        '┓' => [0, 0, 3, 3],
        '┗' => [3, 3, 0, 0],
        '┛' => [3, 0, 0, 3],
        '┣' => [3, 3, 3, 0],
        '┫' => [3, 0, 3, 3],
        '┳' => [0, 3, 3, 3],
        '┻' => [3, 3, 0, 3],
        '╋' => [3, 3, 3, 3],
        '╴' => [0, 0, 0, 1],
        '╵' => [1, 0, 0, 0],
        '╶' => [0, 1, 0, 0],
        '╷' => [0, 0, 1, 0],
        _ => return None,
    })
}
