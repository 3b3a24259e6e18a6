//! The line in the footer: a search, words to narrow by, a file's name.

use super::navigation::Step;
use super::{lines, triage};
use crate::console::action::Action;
use crate::console::event::Effect;
use crate::console::state::{Overlay, State};

/// An action while it is typed. `None`: it is meant for the screen below.
pub fn act(state: &mut State, action: Action, step: Option<Step>) -> Option<Vec<Effect>> {
    let Some(Overlay::Line(line)) = &state.overlay else { return None };
    let (kind, text, before) = (line.kind, line.text().to_owned(), line.before.clone());
    let about = line.about.clone();
    state.dirty = true;
    match action {
        _ if step.is_some() => {
            let step = step.unwrap_or(Step::Last);
            lines::scroll(state, step);
            Some(Vec::new())
        }
        Action::Close => {
            state.overlay = None;
            lines::apply_line(state, kind, &before);
            Some(Vec::new())
        }
        Action::Open => {
            state.overlay = None;
            Some(match about {
                Some(about) => triage::noted(state, &text, about),
                None => lines::accept_line(state, kind, &text),
            })
        }
        Action::Next | Action::Previous => Some(Vec::new()),
        _ => None,
    }
}
