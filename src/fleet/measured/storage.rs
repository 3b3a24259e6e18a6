//! PostgreSQL.

use jiff::Timestamp;
use serde::Serialize;

/// A PostgreSQL server, primary or replica.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Postgres {
    /// `15.6`.
    pub version: String,
    /// It replays another server's WAL: it is a replica.
    pub in_recovery: bool,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// The timeline.
    pub timeline: Option<u32>,
    /// Connections by state.
    pub connections: Connections,
    /// The age of the oldest transaction in seconds.
    pub oldest_transaction: Option<f64>,
    /// What that transaction runs: user and pid, never its text.
    pub oldest_who: Option<String>,
    /// The position in the WAL: written on a primary, replayed on a replica.
    pub position: Option<String>,
    /// Size of the environment's database in bytes.
    pub database_bytes: Option<u64>,
    /// Who streams from it.
    pub standbys: Vec<Standby>,
    /// Replication slots.
    pub slots: Vec<Slot>,
    /// `wal_keep_size` (or its older form) in bytes.
    pub wal_keep: Option<u64>,
    /// `max_slot_wal_keep_size` in bytes; none is unbounded.
    pub slot_keep: Option<u64>,
    /// What only a replica has.
    pub replica: Option<Replica>,
}

/// Client connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Connections {
    /// Running something.
    pub active: u32,
    /// Waiting for their client.
    pub idle: u32,
    /// Waiting for their client within a transaction.
    pub idle_in_transaction: u32,
    /// In any other state.
    pub other: u32,
    /// Waiting for a lock.
    pub waiting: u32,
    /// `max_connections`.
    pub most: u32,
}

impl Connections {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.active + self.idle + self.idle_in_transaction + self.other
    }
}

/// A replica as its primary sees it (`pg_stat_replication`).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Standby {
    /// `application_name`.
    pub name: String,
    /// Its address.
    pub address: Option<String>,
    /// `streaming`, `catchup`, …
    pub state: String,
    /// `async`, `sync`, …
    pub sync: String,
    /// WAL not yet sent, in bytes.
    pub sent_behind: Option<u64>,
    /// WAL not yet flushed there, in bytes.
    pub flush_behind: Option<u64>,
    /// WAL not yet replayed there, in bytes.
    pub replay_behind: Option<u64>,
    /// `replay_lag` in seconds; none when there is nothing to replay.
    pub replay_lag: Option<f64>,
}

/// A replication slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Somebody uses it.
    pub active: bool,
    /// WAL that it retains, in bytes.
    pub retained: Option<u64>,
    /// `wal_status`: `reserved`, `extended`, `unreserved`, `lost`.
    pub status: Option<String>,
}

/// A replica as it sees itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Replica {
    /// `pg_stat_wal_receiver.status`; none when no receiver runs.
    pub receiver: Option<String>,
    /// Whom it streams from.
    pub sender: Option<String>,
    /// WAL received.
    pub received: Option<String>,
    /// WAL replayed.
    pub replayed: Option<String>,
    /// Received but not yet replayed, in bytes.
    pub behind: Option<u64>,
    /// How far the replay is behind, in seconds: 0 when everything received is replayed and the receiver streams,
    /// else the age of the last replayed transaction. None when that cannot be known.
    pub delay: Option<f64>,
    /// Somebody paused the replay.
    pub paused: bool,
    /// Queries cancelled because of conflicts with the replay, since the statistics began.
    pub conflicts: u64,
    /// Seconds since the primary was last heard.
    pub heard: Option<f64>,
}
