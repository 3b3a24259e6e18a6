//! Passing messages. There is one at a time; a new one takes the place of the old.

use std::time::Duration;

use crate::console::state::{State, Toast};
use crate::fleet::{Severity, text};

/// Shows a message: four seconds, or eight when something is wrong.
pub fn show(state: &mut State, message: impl AsRef<str>, severity: Severity) {
    let seconds = if severity >= Severity::Warn { 8 } else { 4 };
    let until = state.after(Duration::from_secs(seconds));
    state.toast = Some(Toast { text: text::one_line(message.as_ref()), severity, until });
    state.dirty = true;
    super::refresh::plan_wake(state);
}
