//! Slows down when AWS asks for fewer requests, and recovers step by step. Pure.

use std::time::Duration;

/// The longest time between refreshes, however much AWS throttles.
pub(crate) const CAP: Duration = Duration::from_secs(5 * 60);

/// The highest level: 2^6 times the ordinary pace.
const MAX_LEVEL: u32 = 6;

/// How far the loop has slowed down. Each throttled refresh doubles the time to the next one, each calm one
/// halves it again; the jitter keeps several consoles from coming back at the same moment.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    level: u32,
    seed: u64,
}

impl Backoff {
    /// At the ordinary pace.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { level: 0, seed }
    }

    /// Takes in how a refresh went.
    pub(crate) fn ended(&mut self, throttled: bool) {
        self.level = if throttled { (self.level + 1).min(MAX_LEVEL) } else { self.level.saturating_sub(1) };
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    }

    /// Whether it is slowed down.
    pub(crate) const fn is_slow(&self) -> bool {
        self.level > 0
    }

    /// The time to the next refresh: `pace` when calm, else stretched, within ±25 % of the doubled time.
    pub(crate) fn stretch(&self, pace: Duration) -> Duration {
        if self.level == 0 {
            return pace;
        }
        let doubled = pace.saturating_mul(2_u32.pow(self.level)).min(CAP.max(pace));
        doubled.mul_f64(0.75 + 0.5 * self.jitter())
    }

    /// A number in 0..1 that changes with every refresh.
    fn jitter(&self) -> f64 {
        chance(self.seed)
    }
}

/// A number in 0..1 that looks nothing like its neighbours'.
pub(crate) fn chance(seed: u64) -> f64 {
    let mut z = seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    f64::from(u32::try_from(z >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Duration = Duration::from_secs(10);

    #[test]
    fn throttling_doubles_the_time_and_calm_halves_it_again() {
        let mut backoff = Backoff::new(7);
        assert_eq!(backoff.stretch(PACE), PACE);
        let mut middle = PACE;
        for _ in 0..4 {
            backoff.ended(true);
            middle *= 2;
            let time = backoff.stretch(PACE);
            assert!(time >= middle.mul_f64(0.75) && time <= middle.mul_f64(1.25), "{time:?} of {middle:?}");
        }
        for _ in 0..4 {
            assert!(backoff.is_slow());
            backoff.ended(false);
        }
        assert!(!backoff.is_slow());
        assert_eq!(backoff.stretch(PACE), PACE);
    }

    #[test]
    fn the_time_has_a_cap_however_long_throttling_lasts() {
        let mut backoff = Backoff::new(1);
        for _ in 0..1_000 {
            backoff.ended(true);
            assert!(backoff.stretch(Duration::from_secs(30)) <= CAP.mul_f64(1.25));
        }
    }

    #[test]
    fn two_consoles_do_not_come_back_at_the_same_moment() {
        let times: std::collections::BTreeSet<Duration> = (0..20)
            .map(|seed| {
                let mut backoff = Backoff::new(seed);
                backoff.ended(true);
                backoff.stretch(PACE)
            })
            .collect();
        assert!(times.len() > 15, "{times:?}");
    }
}
