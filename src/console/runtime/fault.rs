//! Mistakes made on purpose.

use crate::console::state::State;

/// A mistake made on purpose, so that a test can see the terminal come back. Only in debug builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    View,
    Task,
}

impl Fault {
    pub(super) fn from_environment() -> Self {
        let wanted = cfg!(debug_assertions).then(|| std::env::var("QUARTERDECK_TEST_PANIC").ok()).flatten();
        match wanted.as_deref() {
            Some("view") => Self::View,
            Some("task") => Self::Task,
            _ => Self::None,
        }
    }

    /// Strikes when the help is drawn.
    pub(super) fn strike(self, state: &State) {
        if !matches!(state.overlay, Some(crate::console::state::Overlay::Help { .. })) {
            return;
        }
        match self {
            Self::None => {}
            Self::View => {
                stumble(&[]);
            }
            Self::Task => {
                tokio::spawn(async { stumble(&[]) });
            }
        }
    }
}

/// A mistake of the kind that tests and lints do not find: one past the end.
fn stumble(steps: &[u8]) -> u8 {
    steps[steps.len()]
}
