//! PostgreSQL, primary or replica.

use super::Unread;
use super::reading::{MOST, complaint, name};
use super::request::Body;
use crate::fleet::measured::{Connections, Postgres, Replica, Slot, Standby};
use crate::fleet::{Fact, Layout};

mod rows;

#[cfg(test)]
mod tests;

use rows::Row;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

/// Reads what it printed. Rows of a psql that failed half way are no reading: what is missing would look like nothing.
pub(super) fn read(body: &Body<'_>, _: &Layout) -> Result<Fact, Unread> {
    if body.code != 0 {
        return Err(complaint(body, "psql", "PostgreSQL"));
    }
    let mut server = None;
    let mut receiver = None;
    let mut replica = None;
    let mut postgres = Postgres::default();
    let mut connections = None;
    for line in &body.lines {
        match serde_json::from_str(line) {
            Ok(Row::Server(row)) => server = Some(row),
            Ok(Row::Receiver(row)) => receiver = Some(row),
            Ok(Row::Replica(row)) => replica = Some(row),
            Ok(Row::Connections(row)) => connections = Some(row),
            Ok(Row::Oldest(row)) => {
                postgres.oldest_transaction = Some(row.seconds.max(0.0));
                let user = row.user.as_deref().map_or_else(|| "nobody".into(), name);
                postgres.oldest_who = Some(format!("{user}, pid {}", row.pid));
            }
            Ok(Row::Standby(row)) if postgres.standbys.len() < MOST => postgres.standbys.push(standby(row)),
            Ok(Row::Slot(row)) if postgres.slots.len() < MOST => postgres.slots.push(Slot {
                name: name(&row.name),
                active: row.active,
                retained: row.retained,
                status: row.status.as_deref().map(name),
            }),
            Ok(Row::Size(row)) => postgres.database_bytes = Some(row.bytes),
            Ok(Row::Standby(_) | Row::Slot(_)) | Err(_) => {}
        }
    }
    let (Some(server), Some(connections)) = (server, connections) else {
        return Err(complaint(body, "psql", "PostgreSQL"));
    };
    postgres.version = name(server.version.split(' ').next().unwrap_or_default());
    postgres.in_recovery = server.recovery;
    postgres.started_at = server.started.as_deref().and_then(|text| text.parse().ok());
    postgres.position = server.position.as_deref().map(name);
    let received_timeline = receiver.as_ref().and_then(|receiver| receiver.timeline);
    postgres.timeline = received_timeline.or(server.timeline);
    postgres.wal_keep = server.wal_keep;
    postgres.slot_keep = server.slot_keep;
    postgres.connections = Connections {
        active: connections.active,
        idle: connections.idle,
        idle_in_transaction: connections.idle_in_transaction,
        other: connections.other,
        waiting: connections.waiting,
        most: server.connections,
    };
    postgres.replica = replica.map(|row| replica_of(&row, receiver.as_ref()));
    Ok(Fact::Postgres(Box::new(postgres)))
}

fn standby(row: rows::Standby) -> Standby {
    Standby {
        name: name(&row.name.unwrap_or_default()),
        address: row.address.as_deref().map(name),
        state: name(&row.state.unwrap_or_default()),
        sync: name(&row.sync.unwrap_or_default()),
        sent_behind: row.sent_behind,
        flush_behind: row.flush_behind,
        replay_behind: row.replay_behind,
        replay_lag: row.replay_lag,
    }
}

fn replica_of(row: &rows::Replica, receiver: Option<&rows::Receiver>) -> Replica {
    Replica {
        receiver: receiver.map(|receiver| name(&receiver.status)),
        sender: receiver.and_then(|receiver| receiver.sender.as_deref()).map(name),
        received: row.received.as_deref().map(name),
        replayed: row.replayed.as_deref().map(name),
        behind: row.behind,
        delay: receiver.and_then(|receiver| delay(row, receiver)),
        paused: row.paused,
        conflicts: row.conflicts,
        heard: receiver.and_then(|receiver| receiver.heard).map(|seconds| seconds.max(0.0)),
    }
}

/// What a replica that keeps up may have in flight, in bytes: less than is sent at a time.
const IN_FLIGHT: u64 = 64 << 10;

/// How long an answer takes at most, in seconds; who was heard of within it is there.
const ANSWER: f64 = 10.0;

/// How far the replay is behind, in seconds, where that can be known.
///
/// A replica only knows what its receiver heard. While that streams, this holds, the first that fits:
///
/// - All that the primary said it had is received, and all that was received is replayed: 0, however long ago the last
///   transaction was, for an idle primary writes none. It counts as replayed, too, when the replay waits for the rest
///   of a record whose beginning was received: a transaction that is not yet committed may leave it so for long.
/// - A transaction was replayed while we looked: its age. No other number is as exact.
/// - The replay is not paused and moves, or has replayed all that came and was sent something a moment ago. It keeps up
///   when little is left (less than 64 KB): 0. When much is left, without the end of a transaction, nobody can tell:
///   the age of the last one would be an hour after an hour's rest.
/// - The replay rests although something is left: it is paused, or something holds it. The oldest transaction that is
///   missing came after the last one replayed, so the age of that one is the most that the delay can be. Before
///   version 10 a rest of a record looks the same, so then it is not known when little is left.
///
/// Without a streaming receiver nobody here knows what the primary wrote since, and the age of the last
/// transaction says nothing: a primary that rests looks like one that was lost. The same holds for a receiver
/// whose primary has been silent for longer than it ever is: after half of `wal_receiver_timeout` the receiver
/// asks, and is answered within a moment.
fn delay(row: &rows::Replica, receiver: &rows::Receiver) -> Option<f64> {
    if receiver.status != "streaming" {
        return None;
    }
    let timeout = receiver.timeout.unwrap_or(0.0);
    if timeout > 0.0 && receiver.heard.is_some_and(|heard| heard > timeout / 2.0 + ANSWER) {
        return None;
    }
    let age = row.replayed_age.map(|seconds| seconds.max(0.0));
    let (behind, to_receive) = (row.behind?, row.to_receive?);
    let all_replayed = behind == 0 || row.waits == Some(true);
    if to_receive == 0 && all_replayed {
        return Some(0.0);
    }
    if row.committed || row.paused {
        return age;
    }
    let little = behind.saturating_add(to_receive) < IN_FLIGHT;
    let fresh = receiver.heard.is_some_and(|heard| heard < ANSWER);
    if row.moved || (all_replayed && fresh) {
        return little.then_some(0.0);
    }
    if row.waits.is_none() && little { None } else { age }
}
