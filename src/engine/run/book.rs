//! What steps write down, and where it goes: the journal first, then the story, then whoever watches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, MutexGuard, mpsc};

use super::driver::News;
use super::entry::{Entry, Mutation, MutationEnd, StepEnd};
use super::perform::StepStop;
use super::story::{StepStory, Story};
use super::world::World;
use crate::engine::lock::{Lock, LockError, LockNote};
use crate::engine::store::{Journal, Record, RunState};
use crate::plan::StepId;
use crate::remote::Line;

/// How long a reader may let the run wait.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// The books of one run.
pub(super) struct Book {
    journal: Journal,
    story: Mutex<Story>,
    news: mpsc::Sender<News>,
    lock: Option<(Lock, Mutex<Kept>)>,
    heritage: Heritage,
    note: LockNote,
    /// Whether it was told that the disk takes nothing more.
    told: AtomicBool,
    /// Whether whoever watches has stopped listening.
    deaf: AtomicBool,
}

/// What earlier holders have left that this run answers for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heritage {
    /// In so many notes it lies beside the run's own lock, since before it was taken up again.
    pub(super) parts: usize,
    /// It lies beside the lock of this number: that which the run held before, or that it was taken from.
    pub(super) number: Option<u64>,
    /// It is the plan that puts it back.
    pub(super) by_plan: bool,
}

/// What lies beside the lock to be put back.
#[derive(Default)]
struct Kept {
    parts: usize,
    text: String,
}

impl Book {
    pub(super) fn new(
        journal: Journal,
        story: Story,
        news: mpsc::Sender<News>,
        lock: Option<Lock>,
        heritage: Heritage,
        note: LockNote,
    ) -> Self {
        let kept = Kept { parts: heritage.parts, text: String::new() };
        let lock = lock.map(|lock| (lock, Mutex::new(kept)));
        Self {
            journal,
            story: Mutex::new(story),
            news,
            lock,
            heritage,
            note,
            told: AtomicBool::new(false),
            deaf: AtomicBool::new(false),
        }
    }

    pub(super) async fn story(&self) -> MutexGuard<'_, Story> {
        self.story.lock().await
    }

    /// Writes an entry. When this returns, it is on disk.
    pub(super) async fn write(&self, entry: Entry) -> Result<(), StepStop> {
        let mut story = self.story.lock().await;
        self.append(Record::Operation(Box::new(entry.clone()))).await?;
        story.take_in(&entry);
        drop(story);
        self.tell(News::Entry(Box::new(entry))).await;
        Ok(())
    }

    /// Writes an entry if the disk takes it. What puts things back goes on without.
    pub(super) async fn write_if_possible(&self, entry: Entry) {
        if self.write(entry.clone()).await.is_err() {
            self.story.lock().await.take_in(&entry);
            self.tell(News::Entry(Box::new(entry))).await;
        }
    }

    /// Tells whoever watches; one who has not listened for a minute is told nothing more, and keeps nobody waiting.
    async fn tell(&self, news: News) {
        if self.deaf.load(Ordering::Relaxed) {
            return;
        }
        if tokio::time::timeout(PATIENCE, self.news.send(news)).await.is_err() {
            self.deaf.store(true, Ordering::Relaxed);
        }
    }

    async fn append(&self, record: Record) -> Result<(), StepStop> {
        let journal = self.journal.clone();
        let written = tokio::task::spawn_blocking(move || {
            #[cfg(test)]
            journal.halt.as_ref().map_or(Ok(()), super::Halt::before_record)?;
            journal.append(&record)
        });
        let written = written.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        #[cfg(test)]
        if let Some(halt) = &self.journal.halt {
            halt.after_record(|| self.journal.let_go()).await;
        }
        written.map_err(|error| {
            let why = format!("the journal in {} cannot be written: {error}", self.journal.dir().display());
            if !self.told.swap(true, Ordering::Relaxed) {
                let _ = self.news.try_send(News::Unrecorded { why: why.clone() });
            }
            StepStop::Unrecorded(why)
        })
    }

    /// Writes that changes are about to be made, and lays beside the lock what will have to be put back. Gives the
    /// names of the intents.
    pub(super) async fn intend(
        &self,
        world: &World,
        step: StepId,
        back: bool,
        mutations: &[Mutation],
    ) -> Result<Vec<u32>, StepStop> {
        let mut ids = Vec::new();
        for mutation in mutations {
            // Numbered and written under one lock: lanes work side by side.
            let mut story = self.story.lock().await;
            let id = story.next_intent();
            let entry = Entry::Intent { id, step, back, mutation: mutation.clone(), at: world.now() };
            let written = self.append(Record::Operation(Box::new(entry.clone()))).await;
            if !back {
                written?;
            }
            story.take_in(&entry);
            drop(story);
            self.tell(News::Entry(Box::new(entry))).await;
            ids.push(id);
        }
        if !back {
            self.lay_beside_the_lock(world).await?;
        }
        Ok(ids)
    }

    /// What came of changes.
    pub(super) async fn came_of(
        &self,
        world: &World,
        ids: &[u32],
        back: bool,
        end: &MutationEnd,
    ) -> Result<(), StepStop> {
        for id in ids {
            let entry = Entry::Outcome { id: *id, result: end.clone(), at: world.now() };
            if back {
                self.write_if_possible(entry).await;
            } else {
                self.write(entry).await?;
            }
        }
        Ok(())
    }

    /// Lays what is outstanding beside the lock, if that has changed.
    pub(super) async fn lay_beside_the_lock(&self, world: &World) -> Result<(), StepStop> {
        let Some((lock, kept)) = &self.lock else { return Ok(()) };
        // Taken while nobody else writes it: what is newer is never overwritten by what is older.
        let mut kept = kept.lock().await;
        let outstanding = self.story.lock().await.outstanding();
        let text = serde_json::to_string(&outstanding).unwrap_or_default();
        if kept.text == text || (outstanding.is_empty() && kept.parts == 0) {
            return Ok(());
        }
        let mut tries = 0u32;
        loop {
            match lock.keep(&outstanding, kept.parts).await {
                Ok(parts) => {
                    *kept = Kept { parts, text };
                    return Ok(());
                }
                Err(LockError::Unknown(_)) if tries < 5 => {
                    tries += 1;
                    world.ports.read.pause(std::time::Duration::from_secs(1 << tries)).await;
                }
                Err(error) => {
                    return Err(StepStop::Failed(format!(
                        "what is to be put back cannot be laid beside the lock: {error}"
                    )));
                }
            }
        }
    }

    /// Looks whether the lock still holds. Asked before every change.
    pub(super) async fn still_holds(&self, world: &World) -> Result<(), StepStop> {
        let Some((lock, _)) = &self.lock else { return Ok(()) };
        let mut tries = 0u32;
        loop {
            match lock.check().await {
                Ok(()) => return Ok(()),
                Err(error @ LockError::Lost { .. }) => return Err(StepStop::LockLost(error.to_string())),
                Err(LockError::Unknown(_)) if tries < 14 => {
                    tries += 1;
                    world.ports.read.pause(std::time::Duration::from_secs(1 << tries.min(6))).await;
                }
                Err(error) => return Err(StepStop::Failed(error.to_string())),
            }
        }
    }

    /// Something that the operator should know.
    pub(super) async fn say(&self, world: &World, step: Option<StepId>, warning: bool, text: String) {
        self.write_if_possible(Entry::Said { step, warning, text, at: world.now() }).await;
    }

    /// How it stands with a step: shown, not kept. Dropped when nobody keeps up.
    pub(super) fn status(&self, step: StepId, text: String) {
        let _ = self.news.try_send(News::Status { step, text });
    }

    /// What a server printed: to disk, and to whoever watches and keeps up.
    pub(super) async fn lines(self: &Arc<Self>, step: StepId, instance: &str, lines: Vec<Line>) {
        let (journal, kept, name) = (self.journal.clone(), lines.clone(), instance.to_owned());
        // The run does not end because its output cannot be kept.
        let _ = tokio::task::spawn_blocking(move || journal.keep(&name, &kept)).await;
        let _ = self.news.try_send(News::Lines { step, instance: instance.to_owned(), lines });
    }

    fn note(&self, world: &World, step: String) -> LockNote {
        LockNote { step, seen: world.now(), ..self.note.clone() }
    }

    /// Shows that the holder is alive, and at which step.
    pub(super) async fn beat(&self, world: &World) {
        let Some((lock, _)) = &self.lock else { return };
        let step = {
            let story = self.story.lock().await;
            story.at_work().next().map_or_else(
                || "between steps".into(),
                |step| format!("step {}/{} {}", step.id, story.plan.steps.len(), step.title),
            )
        };
        // It only shows; whether the lock holds is asked before every change.
        let _ = lock.beat(&self.note(world, step)).await;
    }

    /// Removes what earlier holders have left beside their locks, once it is put back or lies beside this one.
    async fn settle(&self, lock: &Lock, laid: bool, state: RunState) {
        let Some(number) = self.heritage.number.filter(|number| *number != lock.number()) else { return };
        let is_settled = if self.heritage.by_plan {
            let story = self.story.lock().await;
            let warned = |step: &StepStory| matches!(step.ended, Some((_, StepEnd::Warned(_))));
            state == RunState::Done && !story.steps.iter().any(warned)
        } else {
            laid
        };
        // What stays there is told as left, and can be put back once more.
        if is_settled && let Err(error) = lock.forget(number).await {
            tracing::warn!(%error, number, "what lies beside an earlier lock could not be removed");
        }
    }

    /// Closes the books: the end on disk, the lock given back.
    pub(super) async fn close(&self, world: &World, state: RunState, lost: bool) {
        let at = world.now();
        let _ = self.append(Record::Finished { at, state }).await;
        if let (Some((lock, _)), false) = (&self.lock, lost) {
            let laid = self.lay_beside_the_lock(world).await.is_ok();
            self.settle(lock, laid, state).await;
            let ended = Some(state.word().to_owned());
            let note = LockNote { released: Some(at), ended, ..self.note(world, "over".into()) };
            if let Err(error) = lock.release(&note).await {
                let text = format!("the lock could not be given back and can be taken over: {error}");
                let _ = self.news.send(News::Warning { text }).await;
            }
        }
        let _ = self.news.send(News::Finished { at, state }).await;
    }
}
