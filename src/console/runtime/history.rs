//! Runs of the past, read from disk beside the loop.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::feeds::{Feeds, Told};
use crate::console::event::Event;
use crate::console::panes::Ticket;
use crate::console::work::{Opened, Record};
use crate::engine::store::{OutputLine, RunState, read_output};
use crate::engine::{RunId, Store};

/// How often a run that goes on elsewhere is read again.
const WATCH: Duration = Duration::from_secs(2);
/// The most runs that are listed.
const MOST: usize = 1_000;
/// The most servers whose output is read back.
const MOST_SERVERS: usize = 48;
/// The most lines of each: the latest.
const MOST_LINES: usize = 2_000;

/// Starts to read the history whenever it is asked for. A request that comes while it is being read is not lost.
pub(super) fn start(store: Option<Store>, tell: mpsc::Sender<Told>) -> mpsc::Sender<()> {
    let (ask, mut asked) = mpsc::channel(1);
    tokio::spawn(async move {
        while asked.recv().await.is_some() {
            let store = store.clone();
            let read = tokio::task::spawn_blocking(move || match store {
                Some(store) => list(&store),
                None => Ok(Vec::new()),
            });
            let read = read.await.unwrap_or_else(|error| Err(error.to_string()));
            if tell.send(Told::Event(Event::History(read))).await.is_err() {
                return;
            }
        }
    });
    ask
}

fn list(store: &Store) -> Result<Vec<Record>, String> {
    let runs = store.runs().map_err(|error| format!("{}: {error}", store.dir().display()))?;
    Ok(runs.iter().take(MOST).map(Record::of).collect())
}

/// Runs that go on elsewhere and are being watched.
#[derive(Clone, Default)]
pub(super) struct Watched(Arc<Mutex<BTreeSet<RunId>>>);

impl Watched {
    /// Notes that a run is watched; false if it is already.
    fn begin(&self, id: &RunId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone())
    }

    fn end(&self, id: &RunId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

impl Feeds {
    /// Reads all of a run of the past. One that goes on in another process of this machine is read again and again
    /// until its end: its journal is there for everybody.
    pub(super) fn open_past(&self, ticket: Ticket, id: RunId) {
        let (tell, store, watched) = (self.tell.clone(), self.store.clone(), self.watched.clone());
        tokio::spawn(async move {
            let mut last = read(store.as_ref(), &id).await;
            let say = async |opened: &Result<Opened, String>| {
                let event = Event::Opened(ticket, opened.clone().map(Box::new));
                tell.send(Told::Event(event)).await.is_ok()
            };
            if !say(&last).await || !goes_on(&last) || !watched.begin(&id) {
                return;
            }
            while goes_on(&last) {
                tokio::time::sleep(WATCH).await;
                let now = read(store.as_ref(), &id).await;
                if now != last && !say(&now).await {
                    break;
                }
                last = now;
            }
            watched.end(&id);
        });
    }
}

async fn read(store: Option<&Store>, id: &RunId) -> Result<Opened, String> {
    let Some(store) = store.cloned() else { return Err("there is no place with records of runs".into()) };
    let id = id.clone();
    let read = tokio::task::spawn_blocking(move || open(&store, &id));
    read.await.unwrap_or_else(|error| Err(error.to_string()))
}

fn goes_on(opened: &Result<Opened, String>) -> bool {
    opened.as_ref().is_ok_and(|opened| opened.past.state == RunState::Running)
}

fn open(store: &Store, id: &RunId) -> Result<Opened, String> {
    let past = store.run(id).map_err(|error| error.to_string())?;
    let mut outputs = Vec::new();
    for (instance, path) in files(store, id) {
        let mut lines: VecDeque<OutputLine> = VecDeque::new();
        let read = read_output(&path, |line| {
            if lines.len() == MOST_LINES {
                lines.pop_front();
            }
            lines.push_back(line);
            Ok(())
        });
        // What can be read is shown; the rest is said in its place.
        if let Err(error) = read {
            tracing::warn!(%error, path = %path.display(), "the output of a run cannot be read");
        }
        outputs.push((instance, lines.into()));
    }
    Ok(Opened { past, outputs })
}

fn files(store: &Store, id: &RunId) -> Vec<(String, PathBuf)> {
    let dir = store.dir().join(id.as_str());
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<(String, PathBuf)> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path)))
        .collect();
    files.sort();
    files.truncate(MOST_SERVERS);
    files
}
