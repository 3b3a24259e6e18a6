//! Runs of the past, read from disk beside the loop.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::feeds::{Feeds, Told};
use crate::console::event::Event;
use crate::console::panes::Ticket;
use crate::console::work::{Opened, Record};
use crate::engine::store::{OutputLine, RunState, Stamp, read_output};
use crate::engine::{RunId, Store};

/// How often a run that goes on elsewhere is looked at.
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
    // Those of other fleets are none of what is seen here: their environments have the same names.
    Ok(runs.iter().filter(|past| store.is_of(&past.began)).take(MOST).map(Record::of).collect())
}

/// Runs that go on elsewhere and are being watched, each with the name under which it was opened last.
#[derive(Clone, Default)]
pub(super) struct Watched(Arc<Mutex<BTreeMap<RunId, Ticket>>>);

impl Watched {
    fn all(&self) -> MutexGuard<'_, BTreeMap<RunId, Ticket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a run is watched; false if it is already, then under this name from now on.
    fn begin(&self, id: &RunId, ticket: Ticket) -> bool {
        self.all().insert(id.clone(), ticket).is_none()
    }

    /// Its name, if it is watched.
    fn ticket(&self, id: &RunId) -> Option<Ticket> {
        self.all().get(id).copied()
    }

    fn end(&self, id: &RunId) {
        self.all().remove(id);
    }
}

impl Feeds {
    /// This run is on the screen now, or none.
    pub(super) fn show(&self, ticket: Option<Ticket>) {
        self.shown.send_if_modified(|shown| std::mem::replace(shown, ticket) != ticket);
    }

    /// Reads all of a run of the past. One that goes on in another process of this machine is read again until its end
    /// whenever there is more of it, while somebody looks: its journal is there for everybody.
    pub(super) fn open_past(&self, ticket: Ticket, id: RunId) {
        let (tell, store, watched) = (self.tell.clone(), self.store.clone(), self.watched.clone());
        let (poke, mut shown) = (self.shown.clone(), self.shown.subscribe());
        tokio::spawn(async move {
            // Taken before: what comes while it is read is read once more.
            let mut stamp = stamp_of(store.as_ref(), &id).await;
            let mut last = read(store.as_ref(), &id).await;
            let say = async |ticket, opened: &Result<Opened, String>| {
                let event = Event::Opened(ticket, opened.clone().map(Box::new));
                tell.send(Told::Event(event)).await.is_ok()
            };
            if !say(ticket, &last).await || !goes_on(&last) {
                return;
            }
            if !watched.begin(&id, ticket) {
                // Whoever watches it looks under which name that is.
                poke.send_modify(|_| {});
                return;
            }
            drop(poke);
            while goes_on(&last) {
                let looks = shown.wait_for(|shown| shown.is_some() && *shown == watched.ticket(&id)).await;
                let Ok(Some(ticket)) = looks.map(|shown| *shown) else { break };
                let grown = stamp_of(store.as_ref(), &id).await;
                if grown != stamp {
                    stamp = grown;
                    let now = read(store.as_ref(), &id).await;
                    if now != last && !say(ticket, &now).await {
                        break;
                    }
                    last = now;
                }
                tokio::time::sleep(WATCH).await;
            }
            watched.end(&id);
        });
    }
}

async fn stamp_of(store: Option<&Store>, id: &RunId) -> Option<Stamp> {
    let (store, id) = (store.cloned()?, id.clone());
    tokio::task::spawn_blocking(move || store.stamp(&id)).await.ok()
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::console::views::tests::plans;

    /// What is told of the run within ten seconds: under which name, and how many lines.
    async fn told(feeds: &mut Feeds) -> Option<(Ticket, usize)> {
        match tokio::time::timeout(Duration::from_secs(10), feeds.next()).await.ok()? {
            Event::Opened(ticket, Ok(opened)) => Some((ticket, opened.outputs[0].1.len())),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_elsewhere_is_read_again_only_when_there_is_more_of_it_and_somebody_looks() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path(), Arc::new(|| jiff::Timestamp::UNIX_EPOCH));
        let journal = store.begin_plan(&plans::deploy("production"), "kim@desk", None).unwrap();
        let output = journal.dir().join("i-1.txt");
        let line = |text: &str| format!("2026-11-22T12:00:00.000Z out {text}\n");
        let more = |text: &str| {
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&output).unwrap();
            file.write_all(line(text).as_bytes()).unwrap();
        };
        more("one");
        let mut feeds = Feeds::new(None, None, Some(store), "jane".into());
        feeds.show(Some(Ticket(1)));
        feeds.open_past(Ticket(1), journal.id().clone());
        assert_eq!(told(&mut feeds).await, Some((Ticket(1), 1)));
        // In one piece: at no time is it shorter.
        let mut file = std::fs::OpenOptions::new().write(true).open(&output).unwrap();
        file.write_all(line("two").as_bytes()).unwrap();
        assert_eq!(told(&mut feeds).await, None, "as long as before: not read");
        more("three");
        assert_eq!(told(&mut feeds).await, Some((Ticket(1), 2)));

        feeds.show(None);
        more("four");
        assert_eq!(told(&mut feeds).await, None, "nobody looks");
        feeds.show(Some(Ticket(1)));
        assert_eq!(told(&mut feeds).await, Some((Ticket(1), 3)));

        // Opened once more, it is watched under its new name, once.
        feeds.show(Some(Ticket(2)));
        feeds.open_past(Ticket(2), journal.id().clone());
        assert_eq!(told(&mut feeds).await, Some((Ticket(2), 3)));
        more("five");
        assert_eq!(told(&mut feeds).await, Some((Ticket(2), 4)));
        assert_eq!(told(&mut feeds).await, None);
        // Its end is seen although nothing more was written.
        drop(journal);
        assert_eq!(told(&mut feeds).await, Some((Ticket(2), 4)));
        more("six");
        assert_eq!(told(&mut feeds).await, None, "it was interrupted");
    }
}
