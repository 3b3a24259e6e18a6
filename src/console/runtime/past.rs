//! Reads how all environments stood at a moment, beside the loop.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::feeds::Told;
use crate::console::event::Event;
use crate::fleet::Topology;
use crate::history::History;

/// Reads it. [`Event::Past`] brings it.
pub(super) fn read(
    history: Option<History>,
    topology: Arc<Topology>,
    at: Timestamp,
    pace: f64,
    tell: mpsc::Sender<Told>,
) {
    tokio::spawn(async move {
        let read = tokio::task::spawn_blocking(move || {
            let history = history.ok_or("Nothing is recorded by this console: it has no state directory")?;
            history.past(&topology, at, pace).map_err(|error| error.to_string())
        });
        let read = read.await.unwrap_or_else(|error| Err(error.to_string()));
        // Nobody listens any more when the console has ended.
        let _ = tell.send(Told::Event(Event::Past(at, read.map(Arc::new)))).await;
    });
}
