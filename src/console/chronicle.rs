//! What happened in each environment, as it was read last for the screen of the timeline.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::fleet::{EnvironmentName, EnvironmentPlace, Snapshot, Thresholds};
use crate::timeline::{Ran, Recording, Sources, Timeline, Window, timeline};
use crate::triage::Memory;

/// So far back is told.
const BACK: SignedDuration = SignedDuration::from_hours(24);

/// While it is on the screen it is read again after this.
const AGAIN: SignedDuration = SignedDuration::from_secs(20);

/// One environment's.
#[derive(Clone, Debug, PartialEq)]
pub struct Chronicle {
    /// Everything that happened.
    pub timeline: Timeline,
    /// How it stood at every moment, and numbers.
    pub recording: Recording,
}

impl Chronicle {
    /// What is told on the screen: so far back.
    #[must_use]
    pub fn window(environment: EnvironmentName, now: Timestamp, thresholds: Thresholds, pace: f64) -> Window {
        let since = now.checked_sub(BACK).unwrap_or(Timestamp::MIN);
        Window { environment, since, until: now, thresholds, pace }
    }

    /// Puts it together from what was recorded, what is remembered and ran, and what is read now.
    #[must_use]
    pub fn told(
        mut recording: Recording,
        (memory, runs): (&Memory, &[Ran]),
        window: &Window,
        (snapshot, place): (&Snapshot, &EnvironmentPlace),
    ) -> Self {
        recording.read(snapshot, place);
        let timeline = timeline(&Sources { recording: &recording, memory, runs }, window);
        Self { timeline, recording }
    }
}

/// All that were read.
#[derive(Clone, Debug, Default)]
pub struct Chronicles {
    told: BTreeMap<EnvironmentName, Result<Arc<Chronicle>, String>>,
    asked: BTreeMap<EnvironmentName, Timestamp>,
}

impl Chronicles {
    /// What was read of an environment, or why nothing could be; none before.
    #[must_use]
    pub fn of(&self, environment: &EnvironmentName) -> Option<&Result<Arc<Chronicle>, String>> {
        self.told.get(environment)
    }

    /// It was read.
    pub fn take(&mut self, environment: EnvironmentName, told: Result<Arc<Chronicle>, String>) {
        self.told.insert(environment, told);
    }

    /// Whether it is to be read now; then it counts as asked for.
    pub fn ask(&mut self, environment: &EnvironmentName, now: Timestamp, speed: f64, anyway: bool) -> bool {
        let pause = AGAIN.as_secs_f64() * speed.clamp(1.0, 1e6);
        let since = self.asked.get(environment).map(|at| now.duration_since(*at).as_secs_f64());
        let due = anyway || since.is_none_or(|since| since >= pause || since < 0.0);
        if due {
            self.asked.insert(environment.clone(), now);
        }
        due
    }
}
