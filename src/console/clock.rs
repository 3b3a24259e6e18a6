//! Times on the cloud's clock, which may go faster than ours, and what numbers are judged by.

use jiff::{SignedDuration, Timestamp};

use super::state::State;
use crate::fleet::Yardstick;

impl State {
    /// This long after now on the cloud's clock, for a wait measured on ours.
    #[must_use]
    pub fn after(&self, wait: std::time::Duration) -> Timestamp {
        SignedDuration::try_from(wait.mul_f64(self.speed.clamp(0.0, 1e6)))
            .ok()
            .and_then(|wait| self.now.checked_add(wait).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// The time between two reads of metrics, on the cloud's clock.
    #[must_use]
    pub fn between_metrics(&self) -> SignedDuration {
        self.after(self.preferences.intervals.metrics).duration_since(self.now)
    }

    /// What numbers are judged by.
    #[must_use]
    pub fn yardstick(&self) -> Yardstick {
        // Of a large fleet some servers are visited one after the other.
        let turn = std::time::Duration::from_secs(u64::try_from(self.snapshot.measured.len()).unwrap_or(0));
        Yardstick {
            thresholds: self.preferences.thresholds,
            now: self.now,
            speed: self.speed,
            between_metrics: self.between_metrics(),
            between_visits: self.preferences.intervals.hosts.max(turn),
        }
    }
}
