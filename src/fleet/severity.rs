//! How bad something is. Unknown is a state of its own: it is never shown as down.

use serde::Serialize;

/// From harmless to worst. The order is the order of attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nothing expected here.
    Idle,
    /// Works.
    Ok,
    /// On its way from one state to another.
    Changing,
    /// Not known: never read, failed to read, or forbidden.
    Unknown,
    /// Works, but wants a look.
    Warn,
    /// Does not work.
    Down,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Self; 6] = [Self::Idle, Self::Ok, Self::Changing, Self::Unknown, Self::Warn, Self::Down];

    /// The glyph; see [`Severity::ascii`] for terminals without them.
    #[must_use]
    pub const fn glyph(self) -> &'static str {
        match self {
            Self::Idle => "·",
            Self::Ok => "●",
            Self::Changing => "◐",
            Self::Unknown => "◌",
            Self::Warn => "▲",
            Self::Down => "✖",
        }
    }

    /// One ASCII character for the same.
    #[must_use]
    pub const fn ascii(self) -> &'static str {
        match self {
            Self::Idle => ".",
            Self::Ok => "o",
            Self::Changing => "~",
            Self::Unknown => "?",
            Self::Warn => "!",
            Self::Down => "X",
        }
    }

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Ok => "ok",
            Self::Changing => "changing",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Down => "down",
        }
    }
}
