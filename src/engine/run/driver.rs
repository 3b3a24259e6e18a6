//! Drives a run: does what the state machine orders, and tells whoever watches.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::book::Book;
use super::entry::{Entry, Left, StepEnd};
use super::machine::{Cancel, Order, next};
use super::perform::{Halt, Patience, StepStop, Worker, perform, take_back};
use super::story::Story;
use super::world::World;
use crate::engine::RunId;
use crate::engine::store::RunState;
use crate::plan::StepId;
use crate::remote::Line;

/// How often the holder of a lock shows that it is alive.
pub(super) const BEAT: Duration = Duration::from_secs(60);

/// How long each step may take to be taken back.
const BACK: SignedDuration = SignedDuration::from_mins(30);

/// News of a run.
#[derive(Clone, Debug)]
pub enum News {
    /// Something stands in the journal. The fold of all of them is the run's [`Story`].
    Entry(Box<Entry>),
    /// How it stands with a step: shown, not kept.
    Status {
        /// Which.
        step: StepId,
        /// How.
        text: String,
    },
    /// What a server printed.
    Lines {
        /// For which step.
        step: StepId,
        /// Which server.
        instance: String,
        /// The lines.
        lines: Vec<Line>,
    },
    /// Something went wrong beside the plan.
    Warning {
        /// What.
        text: String,
    },
    /// The journal cannot be written: the run changes nothing more but what puts things back.
    Unrecorded {
        /// What happened.
        why: String,
    },
    /// The run is over. The last word.
    Finished {
        /// When.
        at: Timestamp,
        /// How.
        state: RunState,
    },
}

/// A run that goes on.
#[derive(Debug)]
pub struct Started {
    /// Its name.
    pub id: RunId,
    /// Where its journal and output are.
    pub dir: PathBuf,
    /// What has happened so far.
    pub story: Box<Story>,
    /// What happens from now on.
    pub news: mpsc::Receiver<News>,
    /// Stops it.
    pub control: RunControl,
}

/// Stops a run. Dropping it does not: a run goes on without a screen.
#[derive(Clone, Debug)]
pub struct RunControl(pub(super) Arc<watch::Sender<Cancel>>);

impl RunControl {
    /// Asks for it; what was asked for before counts if it is more.
    pub fn cancel(&self, cancel: Cancel) {
        self.0.send_if_modified(|wish| {
            let more = cancel > *wish;
            *wish = (*wish).max(cancel);
            more
        });
    }
}

/// What comes of a task.
pub(super) enum Over {
    Step(StepId, Result<StepEnd, StepStop>),
    Back(StepId, Result<Vec<Left>, StepStop>),
}

/// A run at work.
pub(super) struct Driver {
    pub(super) run: String,
    pub(super) token: String,
    pub(super) world: Arc<World>,
    pub(super) book: Arc<Book>,
    pub(super) cancelled: watch::Receiver<Cancel>,
    pub(super) halt: watch::Sender<Halt>,
    pub(super) halted: watch::Receiver<Halt>,
    pub(super) tasks: JoinSet<Over>,
    pub(super) at_work: BTreeSet<StepId>,
    pub(super) taking_back: bool,
    /// Whether somebody can still cancel it.
    pub(super) held: bool,
    /// When the holder of the lock shows next that it is alive.
    pub(super) next_beat: Timestamp,
    /// Why nothing more may be changed.
    pub(super) lost: Option<String>,
}

impl Driver {
    pub(super) async fn run(mut self, first: Vec<Entry>, lock: Option<u64>) {
        for entry in first {
            self.book.write_if_possible(entry).await;
        }
        let at = self.world.now();
        self.book.write_if_possible(Entry::Lock { number: lock, at }).await;
        let state = loop {
            if let Some(state) = self.obey().await {
                break state;
            }
            self.wait().await;
        };
        self.book.close(&self.world, state, self.lost.is_some()).await;
    }

    /// Does what is ordered; the end, when it is one.
    async fn obey(&mut self) -> Option<RunState> {
        if self.taking_back {
            return None;
        }
        let cancel = *self.cancelled.borrow();
        if let Some(why) = &self.lost {
            if !self.tasks.is_empty() {
                self.halt.send_replace(Halt::Now);
                return None;
            }
            let words =
                format!("{why}. What this run changed for the time being is for whoever holds the lock now");
            self.book.say(&self.world, None, true, words).await;
            return Some(RunState::Failed);
        }
        loop {
            let orders = next(&*self.book.story().await, &self.at_work, cancel);
            let mut again = false;
            for order in orders {
                match order {
                    Order::Begin(step) => self.begin(step).await,
                    Order::StopSoon => {
                        self.halt.send_if_modified(|halt| {
                            std::mem::replace(halt, (*halt).max(Halt::Soon)) < Halt::Soon
                        });
                    }
                    Order::StopNow => {
                        self.halt.send_replace(Halt::Now);
                    }
                    Order::Turn(way, why) => {
                        let at = self.world.now();
                        self.book.write_if_possible(Entry::Turned { way, why, at }).await;
                        again = true;
                    }
                    Order::TakeBack(step) => self.take_back(step).await,
                    Order::Finish(state) => return Some(state),
                }
            }
            if !again {
                return None;
            }
        }
    }

    async fn worker(&self, id: StepId, back: bool) -> Option<Worker> {
        let step = self.book.story().await.plan.step(id)?.clone();
        let now = self.world.now();
        let time = if back { BACK } else { SignedDuration::from_secs(i64::from(step.deadline_s)) };
        Some(Worker {
            world: Arc::clone(&self.world),
            book: Arc::clone(&self.book),
            step: Arc::new(step),
            token: self.token.clone(),
            halt: self.halted.clone(),
            back,
            patience: Patience::new(time, now),
        })
    }

    async fn begin(&mut self, id: StepId) {
        let Some(worker) = self.worker(id, false).await else { return };
        self.at_work.insert(id);
        let at = self.world.now();
        if let Err(stop) = self.book.write(Entry::Begun { step: id, at }).await {
            // What is not written down is not begun; the story must know, or it would be begun again and again.
            self.tasks.spawn(async move { Over::Step(id, Err(stop)) });
            return;
        }
        self.tasks.spawn(async move { Over::Step(id, perform(worker).await) });
    }

    async fn take_back(&mut self, id: StepId) {
        let Some(worker) = self.worker(id, true).await else { return };
        let way = self.book.story().await.way;
        self.taking_back = true;
        self.tasks.spawn(async move { Over::Back(id, take_back(worker, way).await) });
    }

    /// Until something happens.
    async fn wait(&mut self) {
        let world = Arc::clone(&self.world);
        let left = self.next_beat.duration_since(world.now()).max(SignedDuration::ZERO).unsigned_abs();
        let mut beat = std::pin::pin!(world.ports.read.pause(left));
        loop {
            tokio::select! {
                over = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    match over {
                        Some(Ok(over)) => self.over(over).await,
                        // A task that panicked or was aborted: its step is looked at again.
                        Some(Err(error)) => {
                            tracing::error!(%error, "a step's task ended without a word");
                            self.broken(&error.to_string()).await;
                        }
                        None => {}
                    }
                    return;
                }
                changed = self.cancelled.changed(), if self.held => {
                    // Nobody may be left who could cancel it: it goes on.
                    self.held = changed.is_ok();
                    if !self.taking_back {
                        return;
                    }
                }
                () = &mut beat => {
                    self.book.beat(&self.world).await;
                    self.next_beat = after(world.now(), BEAT);
                    beat.set(world.ports.read.pause(BEAT));
                }
            }
        }
    }

    async fn broken(&mut self, why: &str) {
        // Nothing goes on beside what is taken back.
        self.tasks.shutdown().await;
        let steps: Vec<StepId> = std::mem::take(&mut self.at_work).into_iter().collect();
        self.taking_back = false;
        for step in steps {
            let (at, end) = (self.world.now(), StepEnd::Unknown(format!("the program failed: {why}")));
            self.book.write_if_possible(Entry::Ended { step, end, at }).await;
        }
    }

    async fn over(&mut self, over: Over) {
        let at = self.world.now();
        match over {
            Over::Step(step, result) => {
                self.at_work.remove(&step);
                let soft = self.book.story().await.plan.step(step).is_some_and(|step| step.soft);
                let end = match result {
                    Ok(end) => end,
                    Err(StepStop::Failed(why) | StepStop::Denied(why)) if soft => StepEnd::Warned(why),
                    Err(StepStop::Failed(why) | StepStop::Denied(why) | StepStop::Unrecorded(why)) => {
                        StepEnd::Failed(why)
                    }
                    Err(StepStop::Stopped(why)) => StepEnd::Stopped(why),
                    Err(StepStop::Unknown(why)) => StepEnd::Unknown(why),
                    Err(StepStop::LockLost(why)) => {
                        self.lost = Some(why.clone());
                        StepEnd::Failed(why)
                    }
                };
                self.book.write_if_possible(Entry::Ended { step, end, at }).await;
            }
            Over::Back(step, result) => {
                self.taking_back = false;
                match result {
                    Ok(left) => self.book.write_if_possible(Entry::Undone { step, left, at }).await,
                    Err(StepStop::LockLost(why)) => self.lost = Some(why),
                    Err(
                        StepStop::Failed(why)
                        | StepStop::Denied(why)
                        | StepStop::Stopped(why)
                        | StepStop::Unknown(why)
                        | StepStop::Unrecorded(why),
                    ) => {
                        let title = self
                            .book
                            .story()
                            .await
                            .plan
                            .step(step)
                            .map_or_else(String::new, |s| s.title.clone());
                        let left = vec![Left {
                            what: format!("step {step}: {title}"),
                            wanted: "taken back".into(),
                            found: None,
                            why,
                            cure: format!("quarterdeck runs undo {}", self.run),
                            foreign: false,
                        }];
                        self.book.write_if_possible(Entry::Undone { step, left, at }).await;
                    }
                }
            }
        }
    }
}

/// So much later.
pub(super) fn after(now: Timestamp, time: Duration) -> Timestamp {
    SignedDuration::try_from(time).ok().and_then(|time| now.checked_add(time).ok()).unwrap_or(Timestamp::MAX)
}
