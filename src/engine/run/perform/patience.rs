//! How much time a step still has.

use jiff::{SignedDuration, Timestamp};

/// More than this does not pass between two looks: the clock was set, or the machine slept. Then the world is looked at
/// again before anything is given up.
const LEAP: SignedDuration = SignedDuration::from_secs(120);

/// The time that a step has left. What passes between two looks counts, and a clock that leaps does not.
#[derive(Clone, Debug)]
pub(in crate::engine::run) struct Patience {
    left: SignedDuration,
    seen: Timestamp,
}

impl Patience {
    /// So much time from now on.
    pub(in crate::engine::run) const fn new(time: SignedDuration, now: Timestamp) -> Self {
        Self { left: time, seen: now }
    }

    /// Takes in what has passed until now.
    pub(super) fn passes(&mut self, now: Timestamp) {
        let passed = now.duration_since(self.seen).clamp(SignedDuration::ZERO, LEAP);
        self.seen = now;
        self.left = self.left.saturating_sub(passed);
    }

    /// Whether there is time left now.
    pub(super) fn lasts(&mut self, now: Timestamp) -> bool {
        self.passes(now);
        !self.left.is_negative()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    /// Whether there is time left after looks at these seconds, of so many.
    fn lasts(time: i64, looks: &[i64]) -> bool {
        let mut patience = Patience::new(SignedDuration::from_secs(time), second(0));
        looks.iter().map(|at| patience.lasts(second(*at))).last().unwrap()
    }

    #[test]
    fn time_that_passes_counts() {
        assert!(lasts(60, &[20, 40, 60]));
        assert!(!lasts(60, &[20, 40, 61]));
    }

    #[test]
    fn a_clock_that_is_set_an_hour_ahead_gives_nothing_up_and_one_that_is_set_back_waits_no_longer() {
        assert!(lasts(600, &[20, 3_640, 3_660]));
        assert!(!lasts(60, &[20, -3_600, -3_580, -3_560, -3_539]));
        assert!(lasts(60, &[20, -3_600, -3_580]));
    }
}
