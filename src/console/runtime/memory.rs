//! What triage remembers, read before the loop and written beside it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc};

use super::feeds::Told;
use crate::console::event::Event;
use crate::fleet::{EnvironmentName, Topology};
use crate::history::History;
use crate::triage::Memory;

/// What was remembered of each environment, and the first thing that went wrong in reading it.
pub(super) async fn read(
    history: Option<History>,
    topology: &Topology,
) -> (BTreeMap<EnvironmentName, Memory>, Option<String>) {
    let Some(history) = history else { return (BTreeMap::new(), None) };
    let names: Vec<EnvironmentName> = topology.environments.iter().map(|e| e.name.clone()).collect();
    let read = tokio::task::spawn_blocking(move || {
        let (mut memories, mut problem) = (BTreeMap::new(), None);
        for name in names {
            match history.memory(&name) {
                Ok(memory) => drop(memories.insert(name, memory)),
                Err(error) => problem = problem.or(Some(error.to_string())),
            }
        }
        (memories, problem)
    });
    read.await.unwrap_or_default()
}

/// Keeps memories: the newest of each environment, one after the other, beside the loop.
#[derive(Clone, Default)]
pub(super) struct Keeper {
    newest: Arc<Mutex<BTreeMap<EnvironmentName, Memory>>>,
    there: Arc<Notify>,
}

impl Keeper {
    /// This is to be kept, in the place of what is not kept yet.
    pub(super) fn keep(&self, environment: EnvironmentName, memory: Memory) {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).insert(environment, memory);
        self.there.notify_one();
    }

    fn take(&self) -> BTreeMap<EnvironmentName, Memory> {
        std::mem::take(&mut *self.newest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Starts to keep what comes. That it does not work is told once.
pub(super) fn start(history: Option<History>, tell: mpsc::Sender<Told>) -> Keeper {
    let keeper = Keeper::default();
    let Some(history) = history else { return keeper };
    let mine = keeper.clone();
    tokio::spawn(async move {
        let mut complained = false;
        loop {
            mine.there.notified().await;
            let (history, all) = (history.clone(), mine.take());
            let kept = tokio::task::spawn_blocking(move || {
                all.iter().try_for_each(|(name, memory)| history.keep(name, memory))
            });
            let kept = kept.await.map_err(|error| error.to_string());
            let problem = kept.and_then(|kept| kept.map_err(|error| error.to_string())).err();
            if let Some(problem) = problem.filter(|_| !complained) {
                complained = true;
                if tell.send(Told::Event(Event::Failed(problem))).await.is_err() {
                    return;
                }
            }
        }
    });
    keeper
}
