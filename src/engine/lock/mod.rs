//! One run at a time per environment, over all machines: a numbered note in the cloud.
//!
//! `/quarterdeck/<deployment>/<environment>/lock/<N>` is made with the promise that nobody made it before; the highest
//! number holds. Taking over makes the next number, so that the old holder sees, before its next change, that it no
//! longer holds. The note says who, from where, since when, at which step; a heartbeat only shows when the holder was
//! last seen. What is not put back yet lies beside it, so that a colleague can do it when the holder's machine is gone.

mod note;

use std::sync::Arc;

use crate::cloud::{CloudChange, CloudError, CloudRead};
use crate::fleet::{DeploymentName, EnvironmentName};
use crate::plan::LockKind;
use crate::plan::lock::paths;
pub use crate::plan::lock::{LockNote, Outstanding};

pub use note::Held;
use note::{BODY, chunks};

/// So many old notes are kept: who held it lately.
const KEPT: usize = 3;

/// How often another number is tried when others come at the same moment.
const ATTEMPTS: u32 = 8;

/// Why a lock is not held.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error("{0}")]
    Held(Box<Held>),
    /// Somebody else took it over; nothing more may be changed.
    #[error(
        "the lock was taken over by {by} (number {number}): nothing more is changed from here. They have the values to \
         put back; see what they do before you do anything"
    )]
    Lost {
        /// Who has it now.
        by: String,
        /// Its number.
        number: u64,
    },
    /// The holder has not put everything back, and taking it over would forget that.
    #[error(
        "the holder of lock {number} has {outstanding} values not put back yet. Put them back first: quarterdeck lock \
         put-back {environment} --take-over {number}"
    )]
    Leaves {
        /// Its number.
        number: u64,
        /// How many.
        outstanding: usize,
        /// The environment.
        environment: EnvironmentName,
    },
    /// The credentials may not use SSM.
    #[error(
        "the lock cannot be taken: {0} Allow ssm:GetParametersByPath, ssm:PutParameter and ssm:DeleteParameters on \
         /quarterdeck/*, or go on without a lock if you are sure that nobody else is at work (--without-lock)"
    )]
    Denied(String),
    /// It could not be asked about.
    #[error("whether the lock is held is not known: {0}")]
    Unknown(String),
}

impl From<CloudError> for LockError {
    fn from(error: CloudError) -> Self {
        match error {
            CloudError::Denied(words) => Self::Denied(words),
            other => Self::Unknown(other.to_string()),
        }
    }
}

/// Where an environment's lock is.
#[derive(Clone)]
pub struct LockPlace {
    read: Arc<dyn CloudRead>,
    path: String,
    restore: String,
}

/// A lock that is held.
#[derive(Clone)]
pub struct Lock {
    place: LockPlace,
    change: Arc<dyn CloudChange>,
    number: u64,
}

impl LockPlace {
    /// The place of an environment's lock of this kind.
    #[must_use]
    pub fn new(
        read: Arc<dyn CloudRead>,
        deployment: &DeploymentName,
        environment: &EnvironmentName,
        kind: LockKind,
    ) -> Self {
        let (path, restore) = paths(deployment, environment, kind);
        Self { read, path, restore }
    }

    /// Who holds it; none when it is free. A note that makes no sense counts as held.
    ///
    /// # Errors
    /// When it cannot be asked about.
    pub async fn holder(&self) -> Result<Option<Held>, LockError> {
        Ok(self.newest().await?.filter(|held| !held.is_released()))
    }

    async fn newest(&self) -> Result<Option<Held>, LockError> {
        let notes = self.read.notes(&self.path).await?;
        let numbered = notes.iter().filter_map(|note| Some((number(&note.name, &self.path)?, note)));
        Ok(numbered.max_by_key(|(number, _)| *number).map(|(number, note)| Held::read(number, note)))
    }

    /// The settings that the holder of this number has not put back, with the values they should have.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn outstanding(&self, number: u64) -> Result<Vec<Outstanding>, LockError> {
        let notes = self.read.notes(&format!("{}{number:08}/", self.restore)).await?;
        let parts = notes.iter().map(|note| serde_json::from_str::<Vec<Outstanding>>(&note.text));
        let all: Result<Vec<_>, _> = parts.collect();
        let all = all.map_err(|error| {
            LockError::Unknown(format!(
                "what lock {number} has to put back cannot be read ({error}): see its journal"
            ))
        })?;
        Ok(all.into_iter().flatten().collect())
    }

    /// The notes with what the holder of this number has not put back.
    async fn beside(&self, number: u64) -> Result<Vec<String>, LockError> {
        let notes = self.read.notes(&format!("{}{number:08}/", self.restore)).await?;
        Ok(notes.into_iter().map(|note| note.name).collect())
    }

    /// Removes what lies beside the lock of this number: it is put back, or lies beside another lock by now.
    ///
    /// # Errors
    /// When it cannot be read or removed: then it is told as left.
    pub async fn forget(&self, change: &Arc<dyn CloudChange>, number: u64) -> Result<(), LockError> {
        let beside = self.beside(number).await?;
        if !beside.is_empty() {
            change.delete_notes(&beside).await?;
        }
        Ok(())
    }

    /// Takes it.
    ///
    /// # Errors
    /// When somebody else holds it, or it cannot be asked about.
    pub async fn take(&self, change: &Arc<dyn CloudChange>, note: &LockNote) -> Result<Lock, LockError> {
        for _ in 0..ATTEMPTS {
            let newest = self.newest().await?;
            if let Some(held) = newest.as_ref().filter(|held| !held.is_released()) {
                return Err(LockError::Held(Box::new(held.clone())));
            }
            let number = newest.map_or(1, |held| held.number + 1);
            if let Some(lock) = self.make(change, number, note).await? {
                return Ok(lock);
            }
        }
        Err(LockError::Unknown("others take it all the time; try again".into()))
    }

    /// Takes it from whoever holds this number: they change nothing more.
    ///
    /// # Errors
    /// When the holder is another one by now, or it cannot be asked about.
    pub async fn take_over(
        &self,
        change: &Arc<dyn CloudChange>,
        from: u64,
        note: &LockNote,
    ) -> Result<Lock, LockError> {
        let newest = self.newest().await?;
        let next = newest.as_ref().map_or(from, |held| held.number.max(from)) + 1;
        // Whoever took it meanwhile and gave it back is in nobody's way.
        if let Some(held) = newest.filter(|held| held.number != from && !held.is_released()) {
            return Err(LockError::Held(Box::new(held)));
        }
        match self.make(change, next, note).await? {
            Some(lock) => Ok(lock),
            None => {
                Err(LockError::Unknown("somebody else took it over at the same moment; look again".into()))
            }
        }
    }

    /// None when the number is somebody else's.
    async fn make(
        &self,
        change: &Arc<dyn CloudChange>,
        number: u64,
        note: &LockNote,
    ) -> Result<Option<Lock>, LockError> {
        let lock = Lock { place: self.clone(), change: Arc::clone(change), number };
        match change.put_note(&lock.name(), &note.text(), false).await {
            Ok(()) => Ok(Some(lock)),
            Err(CloudError::Exists(_)) => Ok(None),
            // It may be ours all the same: the note itself tells.
            Err(error) if error.is_open() => match self.newest().await? {
                Some(held) if held.number == number && held.is_of(note) => Ok(Some(lock)),
                _ => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }
}

impl Lock {
    /// Its number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// A lock that was held under this number by a run that is taken up again.
    #[must_use]
    pub fn again(place: LockPlace, change: Arc<dyn CloudChange>, number: u64) -> Self {
        Self { place, change, number }
    }

    fn name(&self) -> String {
        format!("{}{:08}", self.place.path, self.number)
    }

    /// Looks whether it still holds. To be asked before every change.
    ///
    /// # Errors
    /// [`LockError::Lost`] when not; others when it cannot be asked about: then nothing may be changed either.
    pub async fn check(&self) -> Result<(), LockError> {
        match self.place.newest().await? {
            Some(held) if held.number == self.number && !held.is_released() => Ok(()),
            Some(held) if held.number >= self.number => {
                Err(LockError::Lost { by: held.who(), number: held.number })
            }
            // An answer from before it was taken.
            _ => Err(LockError::Unknown(format!("lock {} is not listed yet, or not any more", self.number))),
        }
    }

    /// Says that the holder is alive, and at which step.
    ///
    /// # Errors
    /// When it cannot be written; the lock holds all the same.
    pub async fn beat(&self, note: &LockNote) -> Result<(), LockError> {
        Ok(self.change.put_note(&self.name(), &note.text(), true).await?)
    }

    /// Writes down what is to be put back, in the place of what was there. On the cloud before the change it belongs to.
    ///
    /// # Errors
    /// When it cannot be written: then the change must not be made.
    pub async fn keep(&self, outstanding: &[Outstanding], before: usize) -> Result<usize, LockError> {
        let parts = chunks(outstanding, BODY);
        for (place, part) in parts.iter().enumerate() {
            self.change.put_note(&self.part(place), part, true).await?;
        }
        let gone: Vec<String> = (parts.len()..before).map(|place| self.part(place)).collect();
        if !gone.is_empty() {
            self.change.delete_notes(&gone).await?;
        }
        Ok(parts.len())
    }

    /// In how many notes it lies there: those of a run that is taken up again, too.
    ///
    /// # Errors
    /// When it cannot be asked about.
    pub async fn parts(&self) -> Result<usize, LockError> {
        Ok(self.place.beside(self.number).await?.len())
    }

    /// Removes what another run, whose values this one has put back or holds itself, has left beside its lock.
    ///
    /// # Errors
    /// When it cannot be read or removed.
    pub async fn forget(&self, number: u64) -> Result<(), LockError> {
        self.place.forget(&self.change, number).await
    }

    fn part(&self, place: usize) -> String {
        format!("{}{:08}/{place:04}", self.place.restore, self.number)
    }

    /// Gives it back. Old notes are removed, the latest few stay.
    ///
    /// # Errors
    /// When it cannot be written: then it is still held, and can be taken over.
    pub async fn release(&self, note: &LockNote) -> Result<(), LockError> {
        self.change.put_note(&self.name(), &note.text(), true).await?;
        let notes = self.place.read.notes(&self.place.path).await?;
        let mut old: Vec<(u64, String)> = notes
            .into_iter()
            .filter_map(|note| Some((number(&note.name, &self.place.path)?, note.name)))
            .filter(|(number, _)| *number < self.number)
            .collect();
        old.sort_unstable_by(|a, b| b.cmp(a));
        let gone: Vec<String> = old.into_iter().skip(KEPT - 1).map(|(_, name)| name).collect();
        if !gone.is_empty() {
            self.change.delete_notes(&gone).await?;
        }
        Ok(())
    }
}

fn number(name: &str, path: &str) -> Option<u64> {
    name.strip_prefix(path)?.parse().ok()
}
