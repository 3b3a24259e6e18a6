//! Simulated time: how far a world may go on, given the real clock.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tokio::time::Instant;

/// The most real time, in milliseconds, that a world makes up for after nobody looked at it.
pub(super) const CATCH_UP: i64 = 5 * 60 * 1_000;

/// Where an in-memory world begins: 2026-01-15T12:00:00Z.
pub(super) const MEMORY_BASE: i64 = 1_768_478_400_000;

/// What moves a world's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// The real clock.
    Real,
    /// Tokio's clock.
    Tokio(Instant),
    /// Nothing but [`SandboxCloud::advance`](super::SandboxCloud::advance).
    Hand,
}

impl Pace {
    /// Tokio's clock from now on.
    pub(super) fn with_tokio() -> Self {
        Self::Tokio(Instant::now())
    }

    /// The real time of the world, in milliseconds since 1970.
    pub(super) fn now(self, anchor: Anchor) -> i64 {
        match self {
            Self::Real => real_now(),
            Self::Tokio(begun) => {
                MEMORY_BASE + i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX)
            }
            Self::Hand => anchor.real,
        }
    }
}

/// A pair of simulated and real milliseconds since 1970, and the speed from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    /// Simulated time.
    pub(super) simulated: i64,
    /// The real time it was reached at.
    pub(super) real: i64,
    /// Simulated milliseconds per real second.
    pub(super) speed: i64,
}

impl Anchor {
    /// The simulated time at this real time, by what moves the world's clock. Whoever tries a world with Tokio's clock
    /// may leap as far as they like.
    pub(super) const fn reached(self, pace: Pace, real: i64) -> i64 {
        if let (Pace::Tokio(_), true) = (pace, real > self.real) {
            let passed = real.saturating_sub(self.real).saturating_mul(self.speed) / 1_000;
            return self.simulated.saturating_add(passed);
        }
        self.at(real)
    }

    /// The simulated time at this real time. Never before the anchor, even when the real clock was set back;
    /// never more than [`CATCH_UP`] of real time after it.
    const fn at(self, real: i64) -> i64 {
        let elapsed = real.saturating_sub(self.real);
        let elapsed = if elapsed < 0 {
            0
        } else if elapsed > CATCH_UP {
            CATCH_UP
        } else {
            elapsed
        };
        self.simulated.saturating_add(elapsed.saturating_mul(self.speed) / 1_000)
    }
}

/// The real clock, in milliseconds since 1970.
pub(super) fn real_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_millis()).ok())
        .unwrap_or(0)
}

/// The finest reading of the real clock: differs between two worlds made one after the other.
pub(super) fn real_nanoseconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|d| u64::try_from(d.as_nanos()).ok())
        .unwrap_or(0)
}

/// Milliseconds since 1970 as a timestamp.
pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANCHOR: Anchor = Anchor { simulated: 10_000, real: 1_000, speed: 2_000 };

    #[test]
    fn simulated_time_runs_at_its_own_speed() {
        assert_eq!(ANCHOR.at(1_000), 10_000);
        assert_eq!(ANCHOR.at(1_500), 11_000);
    }

    #[test]
    fn a_real_clock_set_back_does_not_take_simulated_time_back() {
        assert_eq!(ANCHOR.at(0), 10_000);
    }

    #[test]
    fn catching_up_after_a_pause_is_capped() {
        assert_eq!(ANCHOR.at(i64::MAX), 10_000 + 2 * CATCH_UP);
    }
}
