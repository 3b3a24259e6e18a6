//! From which age on something read again and again is stale: never sooner than its own pace makes it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::state::State;
use crate::fleet::Reading;

/// What is read in turn, or only while it is looked at, may be this old.
const RARE: Duration = Duration::from_secs(5 * 60);

/// Load balancers nobody looks at have their health read in turns of so many a beat.
const IN_TURN: usize = 12;

/// For what every beat reads. Ages are those of the cloud's clock, which in the sandbox may run faster than the
/// reads do.
pub fn beat(state: &State) -> SignedDuration {
    let turns = state.topology.load_balancers().len().div_ceil(IN_TURN).max(1);
    let turns = u32::try_from(turns).unwrap_or(u32::MAX);
    let usual = state.preferences.intervals.idle.saturating_mul(2).saturating_mul(turns);
    on_the_clouds_clock(state, state.preferences.thresholds.stale_after.max(usual))
}

/// When the oldest of what the header vouches for was read: what AWS is asked at every beat, and what load balancers
/// are, which hardly changes and is read less often, only when it is too old even for that.
pub fn oldest(state: &State) -> Option<Timestamp> {
    let snapshot = &state.snapshot;
    let reads = [snapshot.servers.read_at(), snapshot.groups.read_at()];
    let health = snapshot.health.values().filter_map(Reading::read_at);
    let balancers = snapshot.load_balancers.read_at();
    let balancers = balancers.filter(|at| state.now.duration_since(*at) > rare(state));
    reads.into_iter().flatten().chain(health).chain(balancers).min()
}

/// For what is read less often: what load balancers are, activities, metrics.
pub fn rare(state: &State) -> SignedDuration {
    on_the_clouds_clock(state, RARE.max(state.preferences.intervals.idle.saturating_mul(8))).max(beat(state))
}

fn on_the_clouds_clock(state: &State, limit: Duration) -> SignedDuration {
    let same = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
    state.after(limit).duration_since(state.now).max(same)
}
