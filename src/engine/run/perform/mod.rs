//! How each kind of step is done, and taken back.

mod back;
mod converge;
mod invalidate;
mod job;
mod made;
mod make;
pub(super) mod moves;
mod open;
mod patience;
mod power;
mod relay;
mod secrets;
mod set;
mod thing;
mod waiting;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::book::Book;
use super::entry::{Entry, Mutation, MutationEnd, StepEnd};
use super::world::{Trouble, World};
use crate::plan::{Action, Fact, Step};

pub(super) use back::take_back;
pub(super) use patience::Patience;

/// Between two looks at something that is waited for.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// "It did not happen" needs agreeing answers for so long: AWS is eventually consistent.
const AGREEING: SignedDuration = SignedDuration::from_secs(60);

/// How often a change is tried again that did not happen.
const TRIES: u32 = 5;

/// Why a step ended before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StepStop {
    /// It cannot be done.
    Failed(String),
    /// The credentials may not do it: no use in trying again, whatever else is tried again.
    Denied(String),
    /// The run stops.
    Stopped(String),
    /// Nobody knows whether it was done, and only a person can tell.
    Unknown(String),
    /// What is not written down is not done.
    Unrecorded(String),
    /// Somebody else holds the lock: nothing more is changed, not even back.
    LockLost(String),
}

/// How far steps at work are to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Halt {
    /// Not at all.
    #[default]
    No,
    /// Where nothing is half done.
    Soon,
    /// At the next look.
    Now,
}

/// A step at work.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) world: Arc<World>,
    pub(super) book: Arc<Book>,
    pub(super) step: Arc<Step>,
    pub(super) token: String,
    pub(super) halt: watch::Receiver<Halt>,
    /// Whether the step is being taken back.
    pub(super) back: bool,
    pub(super) patience: Patience,
}

/// Does a step.
pub(super) async fn perform(mut worker: Worker) -> Result<StepEnd, StepStop> {
    if worker.step.destructive {
        worker.assume().await?;
    }
    let step = Arc::clone(&worker.step);
    match &step.action {
        Action::Set { settings } => set::set(&mut worker, settings).await,
        Action::Keep { settings } => set::keep(&mut worker, settings).await,
        Action::Restore { steps } => back::restore(&mut worker, steps).await,
        Action::Await { condition } => waiting::wait_for(&mut worker, condition).await,
        Action::Converge(converge) => converge::converge(&mut worker, converge).await,
        Action::Job(job) => job::run(&mut worker, job).await,
        Action::Relay(relay) => relay::relay(&mut worker, relay).await,
        Action::Launch { slot, server } => make::launch(&mut worker, slot, server).await,
        Action::Tag { server, tags } => make::tag(&mut worker, server, tags).await,
        Action::Image { slot, of, name } => make::image(&mut worker, slot, of, name).await,
        Action::Release { slot, release } => make::release(&mut worker, slot, release).await,
        Action::Make { slot, thing } => thing::make(&mut worker, slot, thing).await,
        Action::Open { group, openings } => open::open(&mut worker, group, openings).await,
        Action::Reboot { server } => power::reboot(&mut worker, server).await,
        Action::Stop { server } => power::stop(&mut worker, server).await,
        Action::Terminate { servers } => make::terminate(&mut worker, servers).await,
        Action::Invalidate { distribution, paths } => {
            invalidate::invalidate(&mut worker, distribution, paths).await
        }
        Action::Secrets(change) => secrets::change(&mut worker, change.clone()).await,
        Action::Forget { launch, image } => make::forget(&mut worker, launch.as_ref(), image.as_ref()).await,
    }
}

/// Returns when steps are to stop at the next look.
async fn at_once(halt: &mut watch::Receiver<Halt>) {
    if halt.wait_for(|halt| *halt == Halt::Now).await.is_err() {
        std::future::pending::<()>().await;
    }
}

impl Worker {
    /// Lets time go by, unless the run stops at once or the step's time is over.
    pub(super) async fn pause(&mut self, time: Duration) -> Result<(), StepStop> {
        self.may_go_on(Halt::Now)?;
        let world = Arc::clone(&self.world);
        // What stopped the run does not hurry what puts things back: it would ask without a break.
        if self.back {
            world.ports.read.pause(time).await;
        } else {
            tokio::select! {
                () = world.ports.read.pause(time) => {}
                () = at_once(&mut self.halt) => {}
            }
        }
        self.patience.passes(world.now());
        self.may_go_on(Halt::Now)
    }

    /// Whether the run wants this step to stop at this point.
    pub(super) fn may_go_on(&self, point: Halt) -> Result<(), StepStop> {
        if !self.back && *self.halt.borrow() >= point {
            return Err(StepStop::Stopped("the run stops".into()));
        }
        Ok(())
    }

    /// Fails when the step's time is over; `waits` says for what it waits.
    pub(super) fn in_time(&mut self, waits: &str) -> Result<(), StepStop> {
        if self.patience.lasts(self.world.now()) {
            return Ok(());
        }
        let minutes = self.step.deadline_s.div_ceil(60);
        Err(StepStop::Failed(format!("not done within {minutes} min: {waits}")))
    }

    /// Asks until there is an answer or the step's time is over.
    pub(super) async fn patiently<T, F, Fut>(&mut self, mut ask: F) -> Result<T, StepStop>
    where
        F: FnMut(Arc<World>) -> Fut,
        Fut: Future<Output = Result<T, Trouble>>,
    {
        let mut wait = Duration::from_secs(1);
        loop {
            match ask(Arc::clone(&self.world)).await {
                Ok(answer) => return Ok(answer),
                Err(Trouble::Definite(words)) => return Err(StepStop::Failed(words)),
                Err(Trouble::Denied(words)) => return Err(StepStop::Denied(words)),
                Err(Trouble::Later(words) | Trouble::Open(words)) => {
                    self.book.status(self.step.id, words.clone());
                    self.in_time(&words)?;
                }
            }
            self.pause(wait).await?;
            wait = (wait * 2).min(Duration::from_secs(30));
        }
    }

    /// Reads what the plan takes for granted once more; a difference stops with both values. What this run has changed
    /// itself is no difference.
    pub(super) async fn assume(&mut self) -> Result<(), StepStop> {
        let assumed = self.book.story().await.plan.assumes.clone();
        let facts: Vec<Fact> = assumed.iter().map(|assumption| assumption.fact.clone()).collect();
        let all = self
            .patiently(async |world| world.read_all(&facts).await.map_err(|(_, trouble)| trouble))
            .await?;
        for (assumption, found) in assumed.iter().zip(all) {
            if found == assumption.value || self.book.story().await.has_made(&assumption.fact, &found) {
                continue;
            }
            return Err(StepStop::Failed(format!(
                "{} is no longer as the plan takes it: it was {}, now it is {found}",
                assumption.fact, assumption.value
            )));
        }
        Ok(())
    }

    /// Changes something: intent first, then the change under the lock, then the outcome. After an answer that leaves it
    /// open, `happened` finds out: some answer is that it did.
    pub(super) async fn mutate<T, A, AFut, H, HFut>(
        &mut self,
        mutations: Vec<Mutation>,
        act: A,
        happened: H,
    ) -> Result<T, StepStop>
    where
        A: Fn(Arc<World>) -> AFut,
        AFut: Future<Output = Result<T, Trouble>>,
        H: Fn(Arc<World>) -> HFut,
        HFut: Future<Output = Result<Option<T>, Trouble>>,
    {
        self.book.still_holds(&self.world).await?;
        let ids = self.book.intend(&self.world, self.step.id, self.back, &mutations).await?;
        // Of several, some may have been done before one was refused.
        let several = mutations.len() > 1;
        let not_done =
            |words| if several { MutationEnd::Unknown(words) } else { MutationEnd::NotDone(words) };
        let mut tries = 0;
        let end = loop {
            tries += 1;
            match act(Arc::clone(&self.world)).await {
                Ok(made) => break Ok(made),
                Err(Trouble::Definite(words)) => {
                    break Err((StepStop::Failed(words.clone()), not_done(words)));
                }
                Err(Trouble::Denied(words)) => {
                    break Err((StepStop::Denied(words.clone()), not_done(words)));
                }
                Err(Trouble::Later(words)) => {
                    self.book.status(self.step.id, words.clone());
                    if let Err(stop) = self.in_time(&words).and_then(|()| self.may_go_on(Halt::Now)) {
                        break Err((stop, not_done(words)));
                    }
                }
                Err(Trouble::Open(words)) => {
                    self.book.status(self.step.id, format!("was it done? {words}"));
                    match self.find_out(&happened).await {
                        Ok(Some(made)) => break Ok(made),
                        Ok(None) if tries < TRIES => {}
                        Ok(None) => break Err((StepStop::Failed(words.clone()), not_done(words))),
                        Err(why) => {
                            let words = format!("{words}; whether it was done is not known: {why}");
                            break Err((StepStop::Unknown(words.clone()), MutationEnd::Unknown(words)));
                        }
                    }
                }
            }
            // A half-done change is never left because the run stops: it is tried on, its intent is written.
            self.world.ports.read.pause(Duration::from_secs(1 << tries.min(5))).await;
            if let Err(stop) = self.book.still_holds(&self.world).await {
                break Err((stop, MutationEnd::Unknown("the lock was lost".into())));
            }
        };
        match end {
            Ok(made) => {
                self.book.came_of(&self.world, &ids, self.back, &MutationEnd::Done).await?;
                Ok(made)
            }
            Err((stop, end)) => {
                self.book.came_of(&self.world, &ids, self.back, &end).await?;
                Err(stop)
            }
        }
    }

    /// Whether an open change happened: one answer that it did is enough, that it did not takes agreeing answers.
    async fn find_out<T, H, HFut>(&self, happened: &H) -> Result<Option<T>, String>
    where
        H: Fn(Arc<World>) -> HFut,
        HFut: Future<Output = Result<Option<T>, Trouble>>,
    {
        let begun = self.world.now();
        let mut since: Option<Timestamp> = None;
        loop {
            self.world.forget();
            match happened(Arc::clone(&self.world)).await {
                Ok(Some(made)) => return Ok(Some(made)),
                Ok(None) => {
                    since.get_or_insert_with(|| self.world.now());
                }
                Err(trouble) if self.world.now().duration_since(begun) > AGREEING * 5 => {
                    return Err(trouble.words().to_owned());
                }
                // An answer that failed agrees with nothing.
                Err(_) => since = None,
            }
            if since.is_some_and(|since| self.world.now().duration_since(since) >= AGREEING) {
                return Ok(None);
            }
            self.world.ports.read.pause(LOOK_AGAIN * 2).await;
        }
    }

    /// Writes an entry of this step.
    pub(super) async fn write(&self, entry: Entry) -> Result<(), StepStop> {
        if self.back {
            self.book.write_if_possible(entry).await;
            return Ok(());
        }
        self.book.write(entry).await
    }
}
