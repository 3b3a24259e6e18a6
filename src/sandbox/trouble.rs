//! What is wrong in a world.

use jiff::Timestamp;

use super::clock::timestamp;
use super::{SandboxCloud, held};
use crate::cloud::Answer;

/// Something that is wrong in a world, as a fact for probes to find.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// The instance id or load balancer name.
    pub subject: String,
    /// `status-check`, `retirement`, `credits-low`, `burst-low`, `unhealthy`, `errors`, `busy`, `queue-growing`, `replica-lagging`, `disk-full` or `redis-full`.
    pub kind: String,
    /// Since when.
    pub since: Timestamp,
    /// How strong: messages per minute for a growing queue, seconds per second for a lagging replica, percent
    /// for errors, the share in use for Redis, and the share that was in use before it began for a disk.
    pub amount: f64,
}

impl SandboxCloud {
    /// What is wrong in the world now.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn troubles(&self) -> Answer<Vec<Trouble>> {
        let connection = held(&self.inner.connection);
        let all = || -> rusqlite::Result<Vec<Trouble>> {
            connection
                .prepare(
                    "SELECT subject, kind, since, amount FROM troubles WHERE until IS NULL ORDER BY 1, 2",
                )?
                .query_map([], |row| {
                    Ok(Trouble {
                        subject: row.get(0)?,
                        kind: row.get(1)?,
                        since: timestamp(row.get(2)?),
                        amount: row.get(3)?,
                    })
                })?
                .collect()
        };
        all().map_err(|e| self.failed(&e))
    }
}
