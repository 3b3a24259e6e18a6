//! Rest: when nobody has touched the console for a while, time alone no longer draws.
//!
//! Ages then move on with what refreshes bring, and the header says of which moment they are. What is no longer
//! refreshed is no rest: it still says how old it grows.

use std::time::Duration;

use super::state::State;

/// The console rests when no key, mouse or paste came for so long, by the operator's clock.
const AFTER: Duration = Duration::from_secs(2 * 60);

impl State {
    /// Whether ages stand still between refreshes.
    #[must_use]
    pub fn is_resting(&self) -> bool {
        self.now >= self.rests_at
    }

    /// Somebody is there. Whether the console rested until now.
    pub(super) fn touched(&mut self) -> bool {
        let rested = self.is_resting();
        self.rests_at = self.after(AFTER);
        rested
    }
}
