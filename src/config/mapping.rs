//! Values by environment and role: one for both, one for the environment, or one for the role.

use super::problem::{Position, Problems};
use super::section::{At, Read, Table};
use super::tree::Node;
use crate::fleet::Role;

/// A two-level mapping of the config, as `instance_types` or `load_balancers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping<T> {
    /// Where it stands; nothing when the config does not have it.
    pub at: Option<Position>,
    /// Its rows in their order.
    pub rows: Table<Cell<T>>,
}

/// What stands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell<T> {
    /// One value for the whole row.
    One(T),
    /// A value for each second word.
    Each(Table<T>),
}

impl<T> Default for Mapping<T> {
    fn default() -> Self {
        Self { at: None, rows: Vec::new() }
    }
}

impl<T> Mapping<T> {
    /// The value for `(first, second)`, then for `first`, then for `second`. Old and new names of the database
    /// roles are the same.
    #[must_use]
    pub fn find(&self, first: &str, second: &str) -> Option<&T> {
        match self.row(first) {
            Some(Cell::Each(cells)) => {
                if let Some((_, value)) = cells.iter().find(|(key, _)| same(key, second)) {
                    return Some(value);
                }
            }
            Some(Cell::One(value)) => return Some(value),
            None => {}
        }
        match self.row(second) {
            Some(Cell::One(value)) => Some(value),
            _ => None,
        }
    }

    fn row(&self, key: &str) -> Option<&Cell<T>> {
        self.rows.iter().find(|(row, _)| same(row, key)).map(|(_, cell)| cell)
    }

    /// Reads one; a wrong value is reported and left out.
    ///
    /// # Errors
    /// What is wanted instead, when it is no mapping at all.
    pub fn read(node: &Node, problems: &mut Problems, read: Read<T>) -> Result<Self, &'static str> {
        let entries = node.entries().ok_or("a mapping")?;
        let mut rows: Table<Cell<T>> = Vec::new();
        for entry in entries {
            if entry.value.is_null() {
                continue;
            }
            let cell = if entry.value.entries().is_some() {
                super::section::table(&entry.value, problems, read).map(Cell::Each)
            } else {
                read(&entry.value, problems).map(Cell::One)
            };
            match cell {
                Ok(cell) => {
                    rows.retain(|(key, _)| key.value != entry.key);
                    rows.push((At::new(entry.key.clone(), entry.at), cell));
                }
                Err(wanted) => {
                    let (key, kind) = (&entry.key, entry.value.kind());
                    let what = format!("`{key}` wants {wanted} or a mapping, not {kind}; it is left out");
                    problems.error(entry.value.at, what);
                }
            }
        }
        Ok(Self { at: Some(node.at), rows })
    }
}

fn same(key: &str, wanted: &str) -> bool {
    key == wanted || Role::parse(key) == Role::parse(wanted)
}
