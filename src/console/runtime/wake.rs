//! When to look at the clock again: not before something shown changes by it.

use std::time::Duration;

use tokio::time::Instant;

use super::Clock;
use crate::console::state::State;

/// Never sooner: a clock that stands still must not keep us busy.
const SOONEST: Duration = Duration::from_millis(200);
/// Never later: a laptop's sleep is not counted by every timer.
const LATEST: Duration = Duration::from_secs(3_600);

/// When the clock has to be looked at again.
pub fn at(state: &State, clock: &Clock) -> Instant {
    Instant::now()
        + state.next_change.map_or(LATEST, |change| wait(change.duration_since((clock.now)()), clock.speed))
}

fn wait(left: jiff::SignedDuration, speed: f64) -> Duration {
    let seconds = left.as_secs_f64() / if speed > 0.0 { speed } else { 1.0 };
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LATEST).clamp(SOONEST, LATEST)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_wait_is_measured_on_our_clock_and_bounded() {
        assert_eq!(wait(SignedDuration::from_secs(30), 1.0), Duration::from_secs(30));
        assert_eq!(wait(SignedDuration::from_secs(30), 10.0), Duration::from_secs(3));
        assert_eq!(wait(SignedDuration::from_secs(-5), 1.0), SOONEST);
        assert_eq!(wait(SignedDuration::from_secs(30), 0.0), Duration::from_secs(30));
        assert_eq!(wait(SignedDuration::MAX, 1e-9), LATEST);
    }
}
