//! How a world is asked and changed: each request is counted, takes its time, may be refused, and is one transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::TransactionBehavior;

use super::dice::Dice;
use super::fault::Blow;
use super::read::View;
use super::{BURST, SandboxCloud, held};
use crate::cloud::{Answer, CloudError};

impl SandboxCloud {
    /// How many requests of each action were made so far, through this handle and its clones.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<&'static str, u64> {
        held(&self.inner.requests).clone()
    }

    /// A request that reads.
    pub(super) async fn read<T, F>(&self, action: &'static str, answer: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(View<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.request(action, move |cloud| cloud.answer(answer)).await
    }

    /// A request that changes the world, or is refused and changes nothing.
    pub(super) async fn write<T, F>(&self, action: &'static str, change: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(View<'_>) -> rusqlite::Result<Answer<T>> + Send + 'static,
    {
        self.request(action, move |cloud| cloud.try_change(change)).await
    }

    /// One request: perhaps throttled, then what it does in the present world.
    async fn request<T, F>(&self, action: &'static str, ask: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Answer<T> + Send + 'static,
    {
        let count = self.count(action);
        let dice = self.dice();
        let in_file = self.inner.path.is_some();
        if in_file {
            let latency = dice.between(&format!("latency {action}"), count, 4, 24);
            tokio::time::sleep(Duration::from_millis(latency.unsigned_abs())).await;
        }
        self.refuse_throttled(dice, action, count)?;
        let lost = match self.blow(action) {
            Some(Blow::Lost(error)) => Some(error),
            Some(Blow::Refused(error)) => return Err(error),
            None => None,
        };
        let answer = if in_file {
            let cloud = self.clone();
            tokio::task::spawn_blocking(move || ask(&cloud)).await.map_err(|_| {
                CloudError::Other(format!("The sandbox's answer to {action} was interrupted."))
            })?
        } else {
            ask(self)
        };
        match (answer, lost) {
            (Ok(_), Some(error)) => Err(error),
            (answer, _) => answer,
        }
    }

    /// How many requests of this action came before.
    fn count(&self, action: &'static str) -> u64 {
        let mut requests = held(&self.inner.requests);
        let count = requests.entry(action).or_default();
        *count += 1;
        *count - 1
    }

    fn refuse_throttled(&self, dice: Dice, action: &str, count: u64) -> Answer<()> {
        let share = u64::from(self.inner.throttled_per_mille.load(std::sync::atomic::Ordering::Relaxed));
        if count >= BURST && dice.draw(&format!("throttle {action}"), count) % 1_000 < share {
            return Err(CloudError::Throttled(format!(
                "AWS asked for fewer requests of {action} (Throttling: Rate exceeded). It is asked again later."
            )));
        }
        Ok(())
    }

    pub(super) fn answer<T>(&self, answer: impl FnOnce(View<'_>) -> rusqlite::Result<T>) -> Answer<T> {
        let mut connection = held(&self.inner.connection);
        let now = self.go_on(&mut connection, 0)?;
        let (dice, unlisted) = (self.dice(), self.unlisted());
        // One transaction, so that an answer of several queries is of one moment.
        let result = connection
            .transaction()
            .and_then(|transaction| answer(View { c: &transaction, dice, now, unlisted }));
        result.map_err(|e| self.failed(&e))
    }

    /// Brings the world to the present and changes it.
    pub(super) fn change<T>(&self, change: impl FnOnce(View<'_>) -> rusqlite::Result<T>) -> Answer<T> {
        self.try_change(|view| change(view).map(Ok))
    }

    /// The same; what ends with an error changes nothing.
    fn try_change<T>(&self, change: impl FnOnce(View<'_>) -> rusqlite::Result<Answer<T>>) -> Answer<T> {
        let mut connection = held(&self.inner.connection);
        let now = self.go_on(&mut connection, 0)?;
        let (dice, unlisted) = (self.dice(), self.unlisted());
        let changed =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
                let changed = change(View { c: &transaction, dice, now, unlisted })?;
                if changed.is_ok() {
                    transaction.commit()?;
                }
                Ok(changed)
            });
        changed.map_err(|e| self.failed(&e))?
    }
}
