//! Records what happens in every environment, beside the loop: looks at each new snapshot by itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::sleep;

use super::feeds::Told;
use super::given::Clock;
use crate::config::Preferences;
use crate::console::event::Event;
use crate::console::state::State;
use crate::fleet::{EnvironmentName, Snapshot, Topology, Yardstick, overview};
use crate::history::{History, HistoryError, Scribe};
use crate::refresh::Handle;
use crate::timeline::{self, Found, Look};

/// Between two looks at least: servers are read one after the other, and each brings a snapshot.
const PAUSE: Duration = Duration::from_secs(1);

type AllFound = BTreeMap<EnvironmentName, Vec<Found>>;

/// Where the loop leaves what triage finds.
#[derive(Clone, Default)]
pub(super) struct Recorder {
    found: Arc<Mutex<AllFound>>,
    there: Arc<Notify>,
}

impl Recorder {
    /// This is wrong in an environment now.
    pub(super) fn found(&self, environment: EnvironmentName, found: Vec<Found>) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(environment, found);
        self.there.notify_one();
    }

    fn all(&self) -> AllFound {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Starts to record. That it does not work is told once.
pub(super) fn start(
    history: Option<History>,
    state: &State,
    clock: Clock,
    handle: &Handle,
    tell: mpsc::Sender<Told>,
) -> Recorder {
    let recorder = Recorder::default();
    let Some(history) = history else { return recorder };
    let mut snapshots = handle.snapshots.clone();
    let mine = recorder.clone();
    let mut book = Book {
        scribe: history.scribe(),
        history,
        topology: Arc::clone(&state.topology),
        preferences: state.preferences.clone(),
        clock,
        recorders: BTreeMap::new(),
    };
    tokio::spawn(async move {
        let mut complained = false;
        loop {
            let changed = tokio::select! {
                changed = snapshots.changed() => changed.is_ok(),
                () = mine.there.notified() => true,
            };
            if !changed {
                return;
            }
            let (snapshot, found) = (newest(&mut snapshots), mine.all());
            let written = tokio::task::spawn_blocking(move || {
                let written = book.look(&snapshot, &found);
                (book, written)
            });
            let Ok((back, written)) = written.await else { return };
            book = back;
            if let Err(error) = written
                && !complained
            {
                complained = true;
                if tell.send(Told::Event(Event::Failed(error.to_string()))).await.is_err() {
                    return;
                }
            }
            sleep(PAUSE).await;
        }
    });
    recorder
}

fn newest(snapshots: &mut watch::Receiver<Arc<Snapshot>>) -> Arc<Snapshot> {
    Arc::clone(&snapshots.borrow_and_update())
}

/// What is written, and where it goes.
struct Book {
    history: History,
    scribe: Scribe,
    topology: Arc<Topology>,
    preferences: Preferences,
    clock: Clock,
    recorders: BTreeMap<EnvironmentName, timeline::Recorder>,
}

impl Book {
    /// Writes down what is new, unless another console does.
    fn look(&mut self, snapshot: &Snapshot, found: &AllFound) -> Result<(), HistoryError> {
        let Some(at) = snapshot.servers.read_at() else { return Ok(()) };
        if !self.scribe.holds()? {
            return Ok(());
        }
        let yardstick = self.yardstick(snapshot, (self.clock.now)());
        let by_environment = snapshot.by_environment();
        for place in &self.topology.environments {
            let servers = by_environment.get(&place.name).map_or(&[][..], Vec::as_slice);
            let row = overview::overview(snapshot, place, servers, &yardstick);
            let found = found.get(&place.name).map(Vec::as_slice);
            let look = Look { snapshot, place, row: &row, servers, yardstick: &yardstick, found };
            if !self.recorders.contains_key(&place.name) {
                // How it stood is in the last segment; without it, what turned meanwhile is not known.
                let recording = self.history.recording(&place.name, at, at)?;
                self.recorders.insert(place.name.clone(), timeline::Recorder::resume(&recording));
            }
            let Some(recorder) = self.recorders.get_mut(&place.name) else { continue };
            let lines = recorder.look(&look, self.scribe.begins(&place.name, at));
            self.scribe.append(&place.name, at, &lines)?;
        }
        Ok(())
    }

    fn yardstick(&self, snapshot: &Snapshot, now: Timestamp) -> Yardstick {
        let turn = Duration::from_secs(u64::try_from(snapshot.measured.len()).unwrap_or(0));
        Yardstick {
            thresholds: self.preferences.thresholds,
            speed: self.clock.speed,
            between_visits: self.preferences.intervals.hosts.max(turn),
            ..Yardstick::at(now)
        }
    }
}
