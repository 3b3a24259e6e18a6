//! How lines are looked at; the same for all panes of a screen.

use super::sieve::Test;
use crate::logs::Level;

/// How lines are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looks {
    /// Long lines take more rows.
    pub wrap: bool,
    /// Each line with its time.
    pub timestamps: bool,
    /// Only lines of standard error.
    pub only_errors: bool,
    /// Only lines at least so serious; those that say nothing about it count as info.
    pub level: Option<Level>,
    /// Only lines with these words.
    pub filter: String,
    /// What is looked for.
    pub needle: String,
}

impl Default for Looks {
    fn default() -> Self {
        let (filter, needle) = (String::new(), String::new());
        Self { wrap: true, timestamps: false, only_errors: false, level: None, filter, needle }
    }
}

impl Looks {
    /// What lines have to have.
    #[must_use]
    pub fn test(&self) -> Test {
        Test::default().only_errors(self.only_errors).level(self.level).words(&self.filter)
    }

    /// The next level: all, info, warning, error, and all again.
    pub fn next_level(&mut self) {
        self.level = match self.level {
            None | Some(Level::Debug) => Some(Level::Info),
            Some(Level::Info) => Some(Level::Warning),
            Some(Level::Warning) => Some(Level::Error),
            Some(Level::Error | Level::Critical) => None,
        };
    }
}
