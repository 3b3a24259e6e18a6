//! The command palette: actions, places and themes by name, narrowed by fuzzy match.

use std::collections::BTreeMap;

use super::action::{Action, Context, TABLE};
use super::matching::Typed;
use super::screen::Screen;
use super::state::State;
use crate::fleet::{EnvironmentName, InstanceId};

/// The most matches kept.
const MOST: usize = 200;

/// What an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Runs an action.
    Action(Action),
    /// Goes to an environment.
    Environment(EnvironmentName),
    /// Goes to a server.
    Server(InstanceId),
    /// Uses a theme.
    Theme(String),
    /// Goes to a run.
    Run(Screen),
}

/// One line of the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is matched and shown first.
    pub title: String,
    /// What it does, in a line.
    pub description: String,
    /// The keys that do the same; empty when there are none.
    pub keys: String,
    /// What it does.
    pub target: Target,
}

/// Everything that can be asked for from this screen, as if nothing stood on top of it.
#[must_use]
pub fn entries(state: &State) -> Vec<Entry> {
    let contexts = state.screen().contexts();
    let actions = TABLE.iter().filter(|row| {
        row.action != Action::Palette && is_reachable(row.contexts, contexts) && row.action.is_enabled(state)
    });
    let actions = actions.map(|row| Entry {
        title: row.name.replace('-', " "),
        description: row.description.into(),
        keys: state.look.keymap.hint(contexts, row.action).unwrap_or_default(),
        target: Target::Action(row.action),
    });
    let environments = state.topology.environments.iter().map(|place| Entry {
        title: format!("go to environment {}", place.name),
        description: if place.production { "production".into() } else { String::new() },
        keys: String::new(),
        target: Target::Environment(place.name.clone()),
    });
    let servers = state.snapshot.servers.value().into_iter().flat_map(BTreeMap::values);
    let servers = servers.filter(|s| !s.is_gone()).map(|server| Entry {
        title: format!("go to server {}", server.id),
        description: [
            server.environment.as_ref().map(EnvironmentName::as_str),
            Some(server.role.role.word()),
        ]
        .into_iter()
        .chain([server.name.as_deref(), server.address()])
        .flatten()
        .collect::<Vec<_>>()
        .join(" "),
        keys: String::new(),
        target: Target::Server(server.id.clone()),
    });
    let themes = state.look.themes.iter().map(|theme| Entry {
        title: format!("theme {}", theme.name),
        description: if theme.name == state.look.theme.name { "in use".into() } else { String::new() },
        keys: String::new(),
        target: Target::Theme(theme.name.clone()),
    });
    let runs = state.shelf.runs().map(|run| Entry {
        title: format!("go to run {}", run.name()),
        description: format!(
            "{} {}: {}",
            run.wish.environment,
            if run.is_over() { "over" } else { "goes on" },
            run.wish.command
        ),
        keys: String::new(),
        target: Target::Run(Screen::Run(run.ticket)),
    });
    let works = state.desk.works().map(|work| Entry {
        title: format!("go to run {}", work.id),
        description: format!("{} {}: {}", work.environment, work.words(), work.operation()),
        keys: String::new(),
        target: Target::Run(Screen::Work(work.ticket)),
    });
    actions.chain(works).chain(runs).chain(environments).chain(themes).chain(servers).collect()
}

fn is_reachable(bound: &[Context], hold: &[Context]) -> bool {
    bound.iter().any(|context| hold.contains(context))
}

/// The entries that match, best first, at most 200. Every word must match somewhere, in any order.
#[must_use]
pub fn matches(state: &State, typed: &str) -> Vec<Entry> {
    let mut all = entries(state);
    if let Some(typed) = Typed::new(typed) {
        all = typed.best(all.into_iter(), |entry| (&entry.title, &entry.description));
    }
    all.truncate(MOST);
    all
}
