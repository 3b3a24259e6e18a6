//! The lines that the script prints.

use serde::{Deserialize, Deserializer};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Row {
    Server(Server),
    Connections(Connections),
    Oldest(Oldest),
    Standby(Standby),
    Slot(Slot),
    Receiver(Receiver),
    Replica(Replica),
    Size(Size),
}

#[derive(Debug, Deserialize)]
pub(super) struct Server {
    pub(super) version: String,
    pub(super) recovery: bool,
    pub(super) started: Option<String>,
    pub(super) position: Option<String>,
    pub(super) timeline: Option<u32>,
    pub(super) connections: u32,
    pub(super) wal_keep: Option<u64>,
    pub(super) slot_keep: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Connections {
    pub(super) active: u32,
    pub(super) idle: u32,
    pub(super) idle_in_transaction: u32,
    pub(super) other: u32,
    pub(super) waiting: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Oldest {
    pub(super) seconds: f64,
    pub(super) user: Option<String>,
    pub(super) pid: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Standby {
    pub(super) name: Option<String>,
    pub(super) address: Option<String>,
    pub(super) state: Option<String>,
    pub(super) sync: Option<String>,
    #[serde(default, deserialize_with = "distance")]
    pub(super) sent_behind: Option<u64>,
    #[serde(default, deserialize_with = "distance")]
    pub(super) flush_behind: Option<u64>,
    #[serde(default, deserialize_with = "distance")]
    pub(super) replay_behind: Option<u64>,
    pub(super) replay_lag: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) active: bool,
    #[serde(default, deserialize_with = "distance")]
    pub(super) retained: Option<u64>,
    pub(super) status: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Receiver {
    pub(super) status: String,
    pub(super) sender: Option<String>,
    pub(super) timeline: Option<u32>,
    pub(super) heard: Option<f64>,
    pub(super) timeout: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Replica {
    pub(super) received: Option<String>,
    pub(super) replayed: Option<String>,
    #[serde(default, deserialize_with = "distance")]
    pub(super) behind: Option<u64>,
    #[serde(default, deserialize_with = "distance")]
    pub(super) to_receive: Option<u64>,
    pub(super) waits: Option<bool>,
    #[serde(default)]
    pub(super) moved: bool,
    #[serde(default)]
    pub(super) committed: bool,
    pub(super) replayed_age: Option<f64>,
    pub(super) paused: bool,
    pub(super) conflicts: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Size {
    pub(super) bytes: u64,
}

/// A distance in the WAL: unknown stays unknown, and one of the two that was asked for later counts as reached.
fn distance<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let told = Option::<i64>::deserialize(from)?;
    Ok(told.map(|bytes| u64::try_from(bytes).unwrap_or(0)))
}
