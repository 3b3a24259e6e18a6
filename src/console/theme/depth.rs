//! How many colours the terminal has, and what becomes of a theme that names more.

use ratatui::style::{Color, Modifier, Style};

/// Colours of the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// None: bold, underline and reverse video only.
    None,
    /// The sixteen that the terminal's own settings choose.
    Sixteen,
    /// The palette of 256.
    Indexed,
    /// 24 bits.
    #[default]
    True,
}

impl Depth {
    /// What the environment tells: `NO_COLOR` (any value but the empty one), `COLORTERM`, `TERM`.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        if set("NO_COLOR").is_some() || term == "dumb" {
            return Self::None;
        }
        match set("COLORTERM").as_deref() {
            Some("truecolor" | "24bit") => return Self::True,
            _ if term.ends_with("-direct") || term.contains("truecolor") => return Self::True,
            _ => {}
        }
        if term.contains("256") { Self::Indexed } else { Self::Sixteen }
    }
}

/// The sixteen colours as most terminals show them.
const SIXTEEN: [(Color, (u8, u8, u8)); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (170, 0, 0)),
    (Color::Green, (0, 170, 0)),
    (Color::Yellow, (170, 120, 0)),
    (Color::Blue, (0, 0, 170)),
    (Color::Magenta, (170, 0, 170)),
    (Color::Cyan, (0, 170, 170)),
    (Color::Gray, (190, 190, 190)),
    (Color::DarkGray, (110, 110, 110)),
    (Color::LightRed, (255, 85, 85)),
    (Color::LightGreen, (85, 255, 85)),
    (Color::LightYellow, (255, 255, 85)),
    (Color::LightBlue, (85, 85, 255)),
    (Color::LightMagenta, (255, 85, 255)),
    (Color::LightCyan, (85, 255, 255)),
    (Color::White, (255, 255, 255)),
];

/// The steps of the 6×6×6 cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The colour's red, green and blue, if it names any.
pub(super) fn rgb(color: Color) -> Option<(u8, u8, u8)> {
    match color {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(n @ 0..=15) => Some(SIXTEEN[usize::from(n)].1),
        Color::Indexed(n @ 16..=231) => {
            let n = usize::from(n - 16);
            Some((CUBE[n / 36], CUBE[n / 6 % 6], CUBE[n % 6]))
        }
        Color::Indexed(n) => {
            let level = 8 + 10 * (n - 232);
            Some((level, level, level))
        }
        Color::Reset => None,
        named => SIXTEEN.iter().find(|(c, _)| *c == named).map(|(_, rgb)| *rgb),
    }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    // The eye is keenest on green.
    3 * square(a.0, b.0) + 4 * square(a.1, b.1) + 2 * square(a.2, b.2)
}

fn nearest_indexed(wanted: (u8, u8, u8)) -> Color {
    (16..=255u8)
        .map(Color::Indexed)
        .min_by_key(|c| rgb(*c).map_or(u32::MAX, |have| distance(wanted, have)))
        .unwrap_or(Color::Reset)
}

fn nearest_sixteen(wanted: (u8, u8, u8)) -> Color {
    SIXTEEN.iter().min_by_key(|(_, have)| distance(wanted, *have)).map_or(Color::Reset, |(color, _)| *color)
}

/// The nearest colour that a terminal of this depth has.
#[must_use]
pub fn degrade_color(color: Color, depth: Depth) -> Color {
    match (depth, color) {
        (Depth::None, _) => Color::Reset,
        (Depth::Sixteen, Color::Rgb(..) | Color::Indexed(_)) => {
            rgb(color).map_or(Color::Reset, nearest_sixteen)
        }
        (Depth::Indexed, Color::Rgb(r, g, b)) => nearest_indexed((r, g, b)),
        _ => color,
    }
}

/// The style as a terminal of this depth can show it. What a background alone would have told is told by
/// reverse video where that background is no longer different from `ground`, the screen's own.
#[must_use]
pub fn degrade(style: Style, ground: Option<Color>, depth: Depth) -> Style {
    if depth == Depth::True {
        return style;
    }
    let own_ground = style.bg.is_some() && style.bg != ground;
    let mut out = style;
    out.fg = style.fg.map(|c| degrade_color(c, depth));
    out.bg = style.bg.map(|c| degrade_color(c, depth));
    let ground = ground.map(|c| degrade_color(c, depth));
    if own_ground && (depth == Depth::None || out.bg == ground) {
        out = out.add_modifier(Modifier::REVERSED);
        // Reversed text takes its colour as ground: leave that to the terminal's own pair.
        (out.fg, out.bg) = (None, None);
    } else if out.fg.is_some() && out.fg == out.bg.or(ground) && depth == Depth::Sixteen {
        out.fg = Some(match out.bg.or(ground) {
            Some(Color::White | Color::Gray | Color::LightYellow | Color::LightCyan | Color::LightGreen) => {
                Color::Black
            }
            _ => Color::White,
        });
    }
    if depth == Depth::None {
        (out.fg, out.bg) = (None, None);
    }
    out
}
