//! How things look: every style has a scope, every theme is a file.
//!
//! The shipped themes are files too, read by the same code as the operator's own. A file changes only what
//! it names; all its mistakes are collected, and the good lines stay.

mod depth;
mod file;
mod load;
mod scope;

use std::collections::BTreeMap;

use ratatui::style::Style;

pub use depth::{Depth, degrade_color};
pub use file::ThemeProblem;
pub use load::{SHIPPED, UserTheme, load, names};
pub use scope::Scope;

/// A theme, ready to draw with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    styles: BTreeMap<Scope, Style>,
}

impl Theme {
    /// The style of a scope.
    #[must_use]
    pub fn style(&self, scope: Scope) -> Style {
        self.styles.get(&scope).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
