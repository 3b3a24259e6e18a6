//! Practice incidents: what breaks on the simulated fleet, what the cause is, and how well somebody did. Pure, but for
//! what it breaks through the sandbox.

mod debrief;
mod table;

#[cfg(test)]
mod tests;

pub use debrief::{Debrief, Deed, Doing, debrief};
pub use table::{DRILLS, Drill, First, find};

use crate::cloud::Answer;
use crate::sandbox::SandboxCloud;

/// The environment in which drills happen.
pub const ENVIRONMENT: &str = "production";

impl Drill {
    /// Breaks what breaks in this drill, and with it something small elsewhere, which the seed chooses.
    ///
    /// # Errors
    /// When the world cannot be written.
    pub fn begin(&self, cloud: &SandboxCloud) -> Answer<()> {
        let noise = table::NOISE;
        let chosen = usize::try_from(cloud.seed()).unwrap_or(0) % noise.len();
        let (elsewhere, things) = noise[chosen];
        cloud.break_things(&elsewhere.into(), things)?;
        cloud.break_things(&ENVIRONMENT.into(), self.breaks)
    }
}
