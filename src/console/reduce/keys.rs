//! Keys: sequences are looked up in the contexts that hold; what is not bound is typed where text is typed.

use std::time::Duration;

use crossterm::event::{KeyEvent, KeyEventKind};

use super::{actions, overlay, refresh};
use crate::console::action::Context;
use crate::console::chord;
use crate::console::event::Effect;
use crate::console::keymap::Lookup;
use crate::console::state::State;

/// How long the order of rows holds still after a key.
const HOLD: Duration = Duration::from_secs(5);

/// A key went down.
pub fn key(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    hold(state);
    let pressed = chord::of_event(key);
    let contexts = state.contexts();
    let had_pending = !state.pending.is_empty();
    state.pending.push(pressed);
    let effects = match state.look.keymap.lookup(contexts, &state.pending) {
        Lookup::Action(action) => {
            state.pending.clear();
            actions::act(state, action)
        }
        Lookup::Pending => {
            state.dirty = true;
            Vec::new()
        }
        Lookup::Nothing => {
            state.pending.clear();
            state.dirty |= had_pending;
            if contexts == [Context::Input] && !had_pending {
                overlay::typed(state, key, pressed)
            } else {
                Vec::new()
            }
        }
    };
    refresh::plan_wake(state);
    effects
}

/// Text was pasted: into what is being typed, else nowhere; keys are never pasted.
pub fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    hold(state);
    overlay::pasted(state, text);
    Vec::new()
}

/// From now on nothing moves for a while.
pub fn hold(state: &mut State) {
    state.held_until = state.after(HOLD);
}
