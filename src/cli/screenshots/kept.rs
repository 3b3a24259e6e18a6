//! What was seen so far, for the timeline: in memory, as the console keeps it on disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::console::chronicle::Chronicle;
use crate::console::state::State;
use crate::fleet::{EnvironmentName, overview};
use crate::timeline::{Found, Look, Recorder, Recording};
use crate::triage::Memory;

/// Of every environment.
#[derive(Debug, Default)]
pub(super) struct Kept {
    found: BTreeMap<EnvironmentName, Vec<Found>>,
    recorded: BTreeMap<EnvironmentName, (Recorder, Recording)>,
    memories: BTreeMap<EnvironmentName, Memory>,
}

impl Kept {
    /// What is wrong in an environment until something else is.
    pub(super) fn found(&mut self, name: EnvironmentName, found: Vec<Found>) {
        self.found.insert(name, found);
    }

    /// How every environment stands now.
    pub(super) fn look(&mut self, state: &State) {
        let (mut all, yardstick) = (state.snapshot.by_environment(), state.yardstick());
        for place in &state.topology.environments {
            let servers = all.remove(&place.name).unwrap_or_default();
            let row = overview::overview(&state.snapshot, place, &servers, &yardstick);
            let (recorder, recording) = self.recorded.entry(place.name.clone()).or_default();
            let look = Look {
                snapshot: &state.snapshot,
                place,
                row: &row,
                servers: &servers,
                yardstick: &yardstick,
                found: self.found.get(&place.name).map(Vec::as_slice),
            };
            let begins = recording.is_empty();
            for line in recorder.look(&look, begins) {
                recording.take_in(line);
            }
        }
    }

    /// What triage remembers of it.
    pub(super) fn remember(&mut self, name: EnvironmentName, memory: Memory) {
        self.memories.insert(name, memory);
    }

    /// What happened there.
    pub(super) fn chronicle(&self, state: &State, name: &EnvironmentName) -> Result<Arc<Chronicle>, String> {
        let place = state.topology.environment(name).ok_or_else(|| format!("no environment {name}"))?;
        let recording = self.recorded.get(name).map(|(_, recording)| recording.clone()).unwrap_or_default();
        let window = Chronicle::window(name.clone(), state.now, state.preferences.thresholds, state.speed);
        let nothing = Memory::default();
        let memory = self.memories.get(name).unwrap_or(&nothing);
        Ok(Arc::new(Chronicle::told(recording, (memory, &[]), &window, (&state.snapshot, place))))
    }
}
