//! How a run comes to be begun: assumptions read again, the plan on disk, the lock held; or taken up again.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::again::Again;
use super::book::{Book, Heritage};
use super::driver::{BEAT, Driver, RunControl, Started, after};
use super::entry::{Entry, Way};
use super::left_behind;
use super::machine::{Cancel, UNDOES};
use super::perform::Halt;
use super::story::Story;
use super::world::{Ports, World};
use crate::engine::lock::{Lock, LockError, LockNote, LockPlace};
use crate::engine::store::{Journal, ReopenError, Store};
use crate::engine::{EngineError, RunId};
use crate::fleet::text::one_line;
use crate::plan::lock::PUT_BACK;
use crate::plan::{Fact, Plan, PlanError, Value};

/// News that wait for a slow reader.
const WAITING: usize = 1_024;

/// How the lock is to be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grip {
    /// Taken if nobody has it.
    #[default]
    Take,
    /// Taken from whoever holds this number.
    TakeOver(u64),
    /// Not at all: the operator says that nobody else is at work.
    Without,
}

/// Who runs it and how.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Who, for the record: `jane@laptop`.
    pub who: String,
    /// As whom towards AWS.
    pub identity: String,
    /// How the lock is to be had.
    pub grip: Grip,
}

/// Why a run was not begun. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NotBegun {
    /// The plan makes no sense.
    #[error("the plan cannot be executed: {0}")]
    Plan(#[from] PlanError),
    /// What the plan takes for granted is no longer so.
    #[error(
        "{fact} is no longer as the plan takes it: it was {was}, now it is {is}. Look at it, and plan again"
    )]
    Changed {
        /// What.
        fact: Box<Fact>,
        /// Its value in the plan.
        was: Value,
        /// Its value now.
        is: Value,
    },
    /// What the plan takes for granted could not be read.
    #[error("{fact} could not be read again before the run: {why}")]
    Unread {
        /// What.
        fact: Box<Fact>,
        /// Why.
        why: String,
    },
    /// The lock is not ours.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] EngineError),
    /// Old servers have gone.
    #[error(
        "run {0} cannot be undone: old servers have gone, new ones are in use or have become the primary, or secrets from before are \
         kept no more, and undoing would take away what serves. Take it up with \
         `quarterdeck runs resume {0}` if it was interrupted, or bring the earlier release with rollback"
    )]
    Sealed(RunId),
    /// The run cannot be taken up.
    #[error(transparent)]
    Reopen(#[from] ReopenError),
}

/// Begins a run of a plan. When this returns, what the plan assumes was read again, the lock is held and the plan is on
/// disk. To be called inside a Tokio runtime.
///
/// # Errors
/// When nothing was begun, and why.
pub async fn begin(ports: Ports, store: Store, plan: Plan, launch: Launch) -> Result<Started, NotBegun> {
    plan.check()?;
    let world = World::new(ports);
    let (keeper, kept, by) = (store.clone(), plan.clone(), launch.clone());
    let journal =
        tokio::task::spawn_blocking(move || keeper.begin_plan(&kept, &by.who, account(&by.identity))).await;
    let journal = journal.map_err(|error| EngineError::Record {
        place: store.dir().to_owned(),
        error: std::io::Error::other(error),
    })??;
    let note = note(&world, &journal, &plan, &launch);
    let left = left_behind(&world, &plan, &launch, &note).await;
    let begun = async {
        let lock = take(&world, &plan, &launch, &note).await?;
        // Read under the lock: whoever held it before may have changed something.
        if let Err(error) = as_assumed(&world, &Story::new(plan.clone())).await {
            if let Some(lock) = &lock {
                let _ = lock.release(&LockNote { released: Some(world.now()), ..note.clone() }).await;
            }
            return Err(error);
        }
        Ok(lock)
    };
    let lock = match begun.await {
        Ok(lock) => lock,
        Err(error) => {
            // It never was a run.
            journal.discard();
            return Err(error);
        }
    };
    let heritage = match launch.grip {
        Grip::TakeOver(number) if plan.operation == PUT_BACK => {
            Heritage { number: Some(number), by_plan: true, ..Heritage::default() }
        }
        Grip::Take | Grip::TakeOver(_) | Grip::Without => Heritage::default(),
    };
    Ok(start(world, journal, Story::new(plan), (lock, heritage), note, left))
}

/// The account of an identity as `sts:GetCallerIdentity` has it, an ARN: credentials of two accounts may have one profile's
/// name, or none.
fn account(identity: &str) -> Option<&str> {
    let mut parts = identity.split(':');
    let known = parts.next() == Some("arn");
    parts.nth(3).filter(|account| known && !account.is_empty())
}

/// Takes a run up again that was interrupted, or takes it back.
///
/// # Errors
/// When nothing was begun, and why.
pub async fn resume(
    ports: Ports,
    store: Store,
    id: RunId,
    undo: bool,
    launch: Launch,
) -> Result<Started, NotBegun> {
    let (keeper, asked) = (store.clone(), id.clone());
    let opened = tokio::task::spawn_blocking(move || keeper.reopen(&asked)).await;
    let (journal, past) = opened.map_err(|error| EngineError::Record {
        place: store.dir().to_owned(),
        error: std::io::Error::other(error),
    })??;
    if let (Some(theirs), Some(ours)) = (past.began.account.as_deref(), account(&launch.identity))
        && theirs != ours
    {
        let name = |account| format!("account {}", one_line(account));
        return Err(ReopenError::Elsewhere { id, theirs: name(theirs), ours: name(ours) }.into());
    }
    let Some(mut told) = past.story.map(|told| *told) else { return Err(ReopenError::NoPlan(id).into()) };
    match told.again(past.state, undo) {
        Again::Sealed => return Err(NotBegun::Sealed(id)),
        Again::Nothing => return Err(ReopenError::Over(id, past.state.word()).into()),
        Again::Forward | Again::Back(_) => {}
    }
    let world = World::new(ports);
    let at = world.now();
    let turn = told.turns(past.state, undo).map(|way| {
        let why = match (way, told.failure()) {
            (Way::Undo, _) => format!("{} {UNDOES}", launch.who),
            (_, Some((step, why))) => format!("step {} did not end well: {why}", step.id),
            (_, None) => "it had ended: what was left is put back".into(),
        };
        Entry::Turned { way, why, at }
    });
    // It turns first: what is to be taken back is not forgotten to be done anew.
    let mut first: Vec<Entry> =
        turn.into_iter().chain([Entry::Resumed { who: launch.who.clone(), at }]).collect();
    for entry in &first {
        told.take_in(entry);
    }
    let note = note(&world, &journal, &told.plan, &launch);
    first.extend(left_behind(&world, &told.plan, &launch, &note).await);
    let place = place(&world, &told.plan);
    let ours = |held: &crate::engine::lock::Held| {
        held.note.as_ref().is_some_and(|theirs| theirs.token == note.token)
    };
    let mut heritage = Heritage { number: told.lock.flatten(), ..Heritage::default() };
    let lock = match (launch.grip, place.holder().await) {
        // Held by this very run, before it was interrupted.
        (Grip::Take, Ok(Some(held))) if ours(&held) => {
            let lock = Lock::again(place, Arc::clone(&world.ports.change), held.number);
            heritage.parts = lock.parts().await?;
            Some(lock)
        }
        _ => take(&world, &told.plan, &launch, &note).await?,
    };
    if told.way == Way::Forward
        && let Err(error) = as_left(&world, &told).await
    {
        // It stays as it was: one that was interrupted holds its lock under its number, and none that was just taken is left.
        let just_taken = lock.as_ref().filter(|lock| Some(lock.number()) != told.lock.flatten());
        if let Some(lock) = just_taken {
            let _ = lock.release(&LockNote { released: Some(world.now()), ..note.clone() }).await;
        }
        return Err(error);
    }
    Ok(start(world, journal, told, (lock, heritage), note, first))
}

/// Whether everything is as the plan takes it, or as this run has made it; and what its steps have made so still is. Somebody
/// may have put it back, or gone another way, while nobody executed this run.
async fn as_left(world: &World, story: &Story) -> Result<(), NotBegun> {
    as_assumed(world, story).await?;
    for (setting, ours) in story.made_so() {
        let fact = Fact::Setting(setting.clone());
        match world.setting(&setting).await {
            Ok(is) if is == ours => {}
            Ok(is) => return Err(NotBegun::Changed { fact: Box::new(fact), was: ours, is }),
            Err(trouble) => {
                return Err(NotBegun::Unread { fact: Box::new(fact), why: trouble.words().to_owned() });
            }
        }
    }
    Ok(())
}

/// Whether everything is as the plan takes it, or as this run has made it.
async fn as_assumed(world: &World, story: &Story) -> Result<(), NotBegun> {
    let facts: Vec<Fact> = story.plan.assumes.iter().map(|assumption| assumption.fact.clone()).collect();
    let found = world.read_all(&facts).await;
    let found = found.map_err(|(place, trouble)| NotBegun::Unread {
        fact: Box::new(facts[place].clone()),
        why: trouble.words().to_owned(),
    })?;
    for (assumption, is) in story.plan.assumes.iter().zip(found) {
        if is != assumption.value && !story.has_made(&assumption.fact, &is) {
            let (fact, was) = (Box::new(assumption.fact.clone()), assumption.value.clone());
            return Err(NotBegun::Changed { fact, was, is });
        }
    }
    Ok(())
}

fn place(world: &World, plan: &Plan) -> LockPlace {
    LockPlace::new(Arc::clone(&world.ports.read), &plan.deployment, &plan.environment, plan.lock)
}

fn note(world: &World, journal: &Journal, plan: &Plan, launch: &Launch) -> LockNote {
    let now = world.now();
    LockNote {
        who: launch.who.clone(),
        identity: launch.identity.clone(),
        token: journal.token(),
        run: journal.id().to_string(),
        operation: plan.operation.clone(),
        step: "the beginning".into(),
        since: now,
        seen: now,
        taken_from: if let Grip::TakeOver(number) = launch.grip { Some(number) } else { None },
        released: None,
        ended: None,
    }
}

/// What is said of servers that the holder of a lock leaves behind which is about to be taken over.
async fn left_behind(world: &World, plan: &Plan, launch: &Launch, note: &LockNote) -> Vec<Entry> {
    let Grip::TakeOver(from) = launch.grip else { return Vec::new() };
    let holder = place(world, plan).holder().await.ok().flatten();
    left_behind::said(world, holder.filter(|held| held.number == from).as_ref(), note).await
}

async fn take(
    world: &World,
    plan: &Plan,
    launch: &Launch,
    note: &LockNote,
) -> Result<Option<Lock>, LockError> {
    let place = place(world, plan);
    if let Grip::TakeOver(from) = launch.grip
        && plan.operation != PUT_BACK
    {
        // Their values would be forgotten.
        let outstanding = place.outstanding(from).await?.len();
        if outstanding > 0 {
            let environment = plan.environment.clone();
            return Err(LockError::Leaves { number: from, outstanding, environment });
        }
    }
    match launch.grip {
        Grip::Without => Ok(None),
        Grip::Take => place.take(&world.ports.change, note).await.map(Some),
        Grip::TakeOver(from) => place.take_over(&world.ports.change, from, note).await.map(Some),
    }
}

fn start(
    world: World,
    journal: Journal,
    story: Story,
    (lock, heritage): (Option<Lock>, Heritage),
    note: LockNote,
    first: Vec<Entry>,
) -> Started {
    let now = world.now();
    let (id, dir, run_token) = (journal.id().clone(), journal.dir().to_owned(), journal.token());
    let (sender, news) = mpsc::channel(WAITING);
    let (cancel, cancelled) = watch::channel(Cancel::No);
    let (halt, halted) = watch::channel(Halt::No);
    let number = lock.as_ref().map(Lock::number);
    let shown = Box::new(story.clone());
    let book = Arc::new(Book::new(journal, story, sender, lock, heritage, note));
    let driver = Driver {
        run: id.to_string(),
        token: run_token,
        world: Arc::new(world),
        book,
        cancelled,
        halt,
        halted,
        tasks: JoinSet::new(),
        at_work: BTreeSet::new(),
        taking_back: false,
        held: true,
        next_beat: after(now, BEAT),
        lost: None,
    };
    tokio::spawn(driver.run(first, number));
    Started { id, dir, story: shown, news, control: RunControl(Arc::new(cancel)) }
}
