//! Reads what happened in an environment, beside the loop.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::feeds::Told;
use crate::console::chronicle::Chronicle;
use crate::console::event::Event;
use crate::console::work::ran;
use crate::engine::Store;
use crate::fleet::{EnvironmentPlace, Snapshot, Thresholds};
use crate::history::History;
use crate::timeline::{Ran, Window};

/// What it is put together from.
pub(super) struct Asked {
    pub(super) history: Option<History>,
    pub(super) store: Option<Store>,
    pub(super) place: EnvironmentPlace,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) thresholds: Thresholds,
    pub(super) now: Timestamp,
    pub(super) pace: f64,
}

/// Reads it. [`Event::Timeline`] brings it.
pub(super) fn read(asked: Asked, tell: mpsc::Sender<Told>) {
    tokio::spawn(async move {
        let name = asked.place.name.clone();
        let read = tokio::task::spawn_blocking(move || asked.read());
        let read = read.await.unwrap_or_else(|error| Err(error.to_string()));
        // Nobody listens any more when the console has ended.
        let _ = tell.send(Told::Event(Event::Timeline(name, read.map(Arc::new)))).await;
    });
}

impl Asked {
    fn read(&self) -> Result<Chronicle, String> {
        let window = Chronicle::window(self.place.name.clone(), self.now, self.thresholds, self.pace);
        let kept = self.history.as_ref();
        let recording = kept.map(|history| history.recording(&self.place.name, window.since, window.until));
        let recording = recording.transpose().map_err(|error| error.to_string())?.unwrap_or_default();
        let memory = kept.map(|history| history.memory(&self.place.name));
        let memory = memory.transpose().map_err(|error| error.to_string())?.unwrap_or_default();
        let runs = self.runs(&window)?;
        Ok(Chronicle::told(recording, (&memory, &runs), &window, (&self.snapshot, &self.place)))
    }

    fn runs(&self, window: &Window) -> Result<Vec<Ran>, String> {
        let Some(store) = &self.store else { return Ok(Vec::new()) };
        let all = store.runs().map_err(|error| format!("{}: {error}", store.dir().display()))?;
        let ours = all
            .iter()
            .filter(|past| past.began.environment == self.place.name.as_str() && store.is_of(&past.began));
        Ok(ours.filter(|past| past.finished.unwrap_or(window.until) >= window.since).map(ran).collect())
    }
}
