//! Keys and what they do: shipped defaults are files, a user's file changes only what it names.

mod load;

use std::collections::BTreeMap;

use crokey::KeyCombination;

pub use load::{builtin_text, load};

use super::action::{Action, Context};
use super::chord;

/// Names of the keymaps that are built in, the default first.
pub const BUILTIN: [&str; 2] = ["default", "vim"];

/// What a sequence of keys means so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It asks for this.
    Action(Action),
    /// It may become something with more keys.
    Pending,
    /// It is nothing.
    Nothing,
}

/// One binding: a sequence of keys and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Binding {
    keys: Vec<KeyCombination>,
    action: Action,
}

/// A keymap, ready to look keys up in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keymap {
    /// Its name.
    pub name: String,
    bindings: BTreeMap<Context, Vec<Binding>>,
}

impl Keymap {
    /// A keymap that is built in; `None` when there is none of this name.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        builtin_text(name).map(|_| load(name, std::path::Path::new("quarterdeck.toml"), &|_| None).0)
    }

    /// The key sequences bound to an action in a context, the preferred one first.
    pub fn keys_for(&self, context: Context, action: Action) -> impl Iterator<Item = &[KeyCombination]> {
        self.rows(context).filter(move |(_, bound)| *bound == action).map(|(keys, _)| keys)
    }

    /// Every binding of a context, the preferred ones first.
    pub fn rows(&self, context: Context) -> impl Iterator<Item = (&[KeyCombination], Action)> {
        self.bindings.get(&context).into_iter().flatten().map(|b| (b.keys.as_slice(), b.action))
    }

    /// The key to name for an action where these contexts hold, the most specific first. The keys of rows come
    /// last: `esc` says more than `left`.
    #[must_use]
    pub fn hint(&self, contexts: &[Context], action: Action) -> Option<String> {
        let rows_last = |rows: bool| contexts.iter().filter(move |c| (**c == Context::Table) == rows);
        rows_last(false)
            .chain(rows_last(true))
            .flat_map(|context| self.keys_for(*context, action))
            .find(|keys| self.lookup(contexts, keys) == Lookup::Action(action))
            .map(chord::show_sequence)
    }

    /// What these keys mean where these contexts hold, the most specific first.
    #[must_use]
    pub fn lookup(&self, contexts: &[Context], keys: &[KeyCombination]) -> Lookup {
        for context in contexts {
            let mut longer = false;
            for binding in self.bindings.get(context).into_iter().flatten() {
                if binding.keys == keys {
                    return Lookup::Action(binding.action);
                }
                longer |= binding.keys.starts_with(keys);
            }
            if longer {
                return Lookup::Pending;
            }
        }
        Lookup::Nothing
    }
}

#[cfg(test)]
mod tests;
