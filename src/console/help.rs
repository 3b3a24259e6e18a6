//! The content of the help, made from the keymap: what every key does on this screen.

use super::action::{Context, TABLE};
use super::chord;
use super::keymap::Lookup;
use super::screen::Screen;
use super::state::State;

/// One line of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A heading.
    Heading(&'static str),
    /// Keys, and what they do.
    Keys {
        /// The sequences, separated by commas.
        keys: String,
        /// What they do.
        description: &'static str,
    },
}

/// The help of the screen below: its own keys first, then those of every screen, then those while typing.
#[must_use]
pub fn lines(state: &State) -> Vec<Line> {
    let title = match state.screen() {
        Screen::Fleet => "On the fleet screen",
        Screen::Environment { .. } => "On the environment screen",
        Screen::Server { .. } => "On the server screen",
        Screen::Timeline(_) => "On the screen of the timeline",
        Screen::Triage(_) => "On the screen of triage",
        Screen::Plan(_) => "On the screen of a plan",
        Screen::Run(_) | Screen::Work(_) => "On the screen of a run",
        Screen::Logs(_) => "On the screen of logs",
    };
    let (own, screen) = (state.screen().context(), state.screen().contexts());
    let sections: [(&'static str, Context, &[Context]); 4] = [
        (title, own, screen),
        ("In tables", Context::Table, screen),
        ("Everywhere", Context::Everywhere, screen),
        ("While typing", Context::Input, &[Context::Input]),
    ];
    let keymap = &state.look.keymap;
    let mut lines = Vec::new();
    for (title, context, contexts) in sections {
        let mut rows = Vec::new();
        for row in TABLE {
            let reached = keymap
                .keys_for(context, row.action)
                .filter(|keys| keymap.lookup(contexts, keys) == Lookup::Action(row.action));
            let keys: Vec<_> = reached.map(chord::show_sequence).collect();
            if !keys.is_empty() {
                rows.push(Line::Keys { keys: keys.join(", "), description: row.description });
            }
        }
        if !rows.is_empty() {
            lines.push(Line::Heading(title));
            lines.append(&mut rows);
        }
    }
    lines
}
