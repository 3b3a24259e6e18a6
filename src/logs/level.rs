//! How serious a line is.

use std::fmt;

use serde::Serialize;

/// A level, whatever the program calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// For developers.
    Debug,
    /// What goes on.
    Info,
    /// Worth a look.
    Warning,
    /// Something failed.
    Error,
    /// Something is down.
    Critical,
}

/// The words of all programs, in lower case.
const WORDS: &[(&str, Level)] = &[
    ("trace", Level::Debug),
    ("debug", Level::Debug),
    ("noise", Level::Debug),
    ("info", Level::Info),
    ("information", Level::Info),
    ("notice", Level::Info),
    ("log", Level::Info),
    ("success", Level::Info),
    ("warn", Level::Warning),
    ("warning", Level::Warning),
    ("error", Level::Error),
    ("err", Level::Error),
    ("critical", Level::Critical),
    ("crit", Level::Critical),
    ("alert", Level::Critical),
    ("emerg", Level::Critical),
    ("fatal", Level::Critical),
    ("panic", Level::Critical),
];

impl Level {
    /// All, least serious first.
    pub const ALL: [Self; 5] = [Self::Debug, Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// The level that a word of any program means, in upper or lower case.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        // PostgreSQL counts its debug levels.
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, level)| *level)
    }

    /// The level of a syslog severity, 0 to 7.
    pub(super) const fn of_severity(number: u8) -> Self {
        match number {
            0..=2 => Self::Critical,
            3 => Self::Error,
            4 => Self::Warning,
            5 | 6 => Self::Info,
            _ => Self::Debug,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
