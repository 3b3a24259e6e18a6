//! The dialog that asks what to run: on which servers, the command, how.

use std::time::Duration;

use ratatui_textarea::{CursorMove, TextArea};

use super::scope::{Picked, Scope};
use crate::fleet::EnvironmentName;
use crate::fleet::text::shell_word;

/// The longest command that can be typed.
pub const LONGEST: usize = 4_000;
/// For each server, from asking to the end.
pub const DEADLINE: Duration = Duration::from_secs(3_600);
/// The most that can be asked for at a time by number.
const MOST_AT_ONCE: usize = 50;

/// How many servers at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtOnce {
    /// All of them.
    All,
    /// So many.
    Some(usize),
}

impl AtOnce {
    /// More at a time, or fewer: 1, 2, … all.
    #[must_use]
    pub fn step(self, more: bool, servers: usize) -> Self {
        let most = servers.saturating_sub(1).clamp(1, MOST_AT_ONCE);
        match (self, more) {
            (Self::All, true) => Self::Some(1),
            (Self::All, false) => Self::Some(most),
            (Self::Some(n), true) if n < most => Self::Some(n + 1),
            (Self::Some(n), false) if n > 1 => Self::Some(n - 1),
            (Self::Some(_), _) => Self::All,
        }
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::All => "all at once".into(),
            Self::Some(1) => "one after the other".into(),
            Self::Some(n) => format!("{n} at a time"),
        }
    }

    /// As the engine takes it.
    #[must_use]
    pub const fn limit(self) -> Option<usize> {
        match self {
            Self::All => None,
            Self::Some(n) => Some(n),
        }
    }
}

/// The parts of the dialog, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Which servers.
    Servers,
    /// What is run.
    Command,
    /// As root or not.
    Sudo,
    /// How many at a time.
    AtOnce,
    /// What a failure does.
    Stop,
}

impl Field {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Servers, Self::Command, Self::Sudo, Self::AtOnce, Self::Stop];
}

/// A command that can be taken instead of typing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The name of a saved one; none for one that was run before.
    pub name: Option<String>,
    /// The command.
    pub command: String,
}

/// What is asked before a command is run.
#[derive(Clone, Debug)]
pub struct RunDialog {
    /// Of which environment.
    pub environment: EnvironmentName,
    /// Whether the environment's name has to be typed.
    pub production: bool,
    /// The scopes to choose from.
    pub scopes: Vec<Scope>,
    /// The chosen one.
    pub scope: usize,
    /// Its servers.
    pub picked: Picked,
    /// The command.
    pub command: Box<TextArea<'static>>,
    /// Through `sudo -n`.
    pub sudo: bool,
    /// How many servers at a time.
    pub at_once: AtOnce,
    /// Once one failed no other begins.
    pub stop_on_failure: bool,
    /// Where the keys go.
    pub field: Field,
    /// Everything that can be taken instead of typing, newest runs first, then saved ones.
    pub known: Vec<Suggestion>,
    /// The suggestions that fit what is typed, by place in `known`.
    pub fitting: Vec<usize>,
    /// The chosen one of those that fit.
    pub chosen: Option<usize>,
    /// What was typed before a suggestion was chosen.
    pub typed: String,
}

impl RunDialog {
    /// What the command's field holds.
    #[must_use]
    pub fn text(&self) -> &str {
        self.command.lines().first().map_or("", String::as_str)
    }

    /// The chosen scope.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.scopes.get(self.scope)
    }

    /// Finds the suggestions that fit what is typed: those with all its words.
    pub fn suggest(&mut self) {
        self.text().to_owned().clone_into(&mut self.typed);
        let words: Vec<String> = self.typed.split_whitespace().map(str::to_lowercase).collect();
        let fits = |suggestion: &Suggestion| {
            let text = format!("{} {}", suggestion.name.as_deref().unwrap_or_default(), suggestion.command);
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word.as_str())) && suggestion.command != self.typed.trim()
        };
        self.fitting = (0..self.known.len()).filter(|n| fits(&self.known[*n])).collect();
        self.chosen = None;
    }

    /// Takes the suggestion below (or above) the chosen one; above the first stands what was typed.
    pub fn choose(&mut self, down: bool) {
        let last = self.fitting.len().checked_sub(1);
        self.chosen = match (self.chosen, down, last) {
            (_, _, None) | (None | Some(0), false, _) => None,
            (None, true, Some(_)) => Some(0),
            (Some(at), true, Some(last)) => Some((at + 1).min(last)),
            (Some(at), false, _) => Some(at - 1),
        };
        let suggestion = self.chosen.and_then(|at| self.known.get(*self.fitting.get(at)?));
        let text = suggestion.map_or_else(|| self.typed.clone(), |s| s.command.clone());
        *self.command = TextArea::new(vec![text]);
        self.command.move_cursor(CursorMove::End);
    }

    /// The next part, or the one before.
    pub fn turn(&mut self, forward: bool) {
        let at = Field::ALL.iter().position(|field| *field == self.field).unwrap_or(0);
        let by = if forward { 1 } else { Field::ALL.len() - 1 };
        self.field = Field::ALL[(at + by) % Field::ALL.len()];
    }

    /// Why it cannot be run, if it cannot.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        if self.text().trim().is_empty() {
            return Some("Type a command first".into());
        }
        if self.picked.hosts.is_empty() {
            return Some("None of these servers can be asked".into());
        }
        None
    }

    /// The command that does the same without a screen.
    #[must_use]
    pub fn headless(&self, globals: &[String]) -> String {
        let mut words = vec!["quarterdeck".to_owned()];
        words.extend(globals.iter().map(|word| shell_word(word)));
        words.extend(["exec".to_owned(), shell_word(self.environment.as_str())]);
        words.extend(self.scope().into_iter().flat_map(Scope::options));
        if self.sudo {
            words.push("--sudo".into());
        }
        if let AtOnce::Some(n) = self.at_once {
            words.push(format!("--limit {n}"));
        }
        if self.stop_on_failure {
            words.push("--stop-on-failure".into());
        }
        if self.production {
            words.push(format!("--confirm {}", shell_word(self.environment.as_str())));
        }
        let command = self.text().trim();
        let command = if command.is_empty() { "COMMAND".to_owned() } else { shell_word(command) };
        words.extend(["--".to_owned(), command]);
        words.join(" ")
    }
}
