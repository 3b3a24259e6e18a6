//! What is kept on this machine of how environments fared, so that a console started at 3 a.m. knows since when:
//! below `<state>/history/<fleet>/`, readable by their owner only. One fleet is one account, region and deployment, or
//! one simulated world.

mod memory;
mod segments;

#[cfg(test)]
mod segments_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub use memory::HistoryError;
pub use segments::Scribe;

use jiff::{SignedDuration, Timestamp};

use crate::fleet::{Endpoint, Topology};
use crate::timeline::{Past, scaled};

/// Where the history of one fleet is kept. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    dir: PathBuf,
}

impl History {
    /// The history of a fleet below the state directory. Touches nothing.
    #[must_use]
    pub fn new(state: &Path, endpoint: &Endpoint, topology: &Topology) -> Self {
        let name: Vec<String> = endpoint.fleet(topology).into_iter().map(plain).collect();
        Self { dir: state.join("history").join(name.join("+")) }
    }

    /// How all environments stood at a moment. A segment begins with everything and lasts an hour: two before the moment are
    /// enough, on a clock that runs as ours does.
    ///
    /// # Errors
    /// When what was recorded cannot be read.
    pub fn past(&self, topology: &Topology, at: Timestamp, pace: f64) -> Result<Past, HistoryError> {
        let before = scaled(SignedDuration::from_hours(2), pace);
        let since = at.checked_sub(before).unwrap_or(Timestamp::MIN);
        let mut recordings = BTreeMap::new();
        for place in &topology.environments {
            recordings.insert(place.name.clone(), self.recording(&place.name, since, at)?);
        }
        Ok(Past::of(&recordings, topology, at))
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file of an environment with this ending.
    fn file(&self, environment: &str, ending: &str) -> PathBuf {
        self.dir.join(format!("{}.{ending}", plain(environment)))
    }
}

/// A name as part of a file's name: whatever is not plain becomes its code, so that two names never meet.
fn plain(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().take(100) {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
            out.push(c);
        } else {
            // To a text nothing can fail.
            let _ = write!(out, "%{:x}", u32::from(c));
        }
    }
    out
}
