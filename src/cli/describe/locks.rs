//! Locks, as `describe --json` prints them.

use jiff::Timestamp;
use serde::Serialize;

use crate::fleet::lock::Grip;
use crate::fleet::{EnvironmentName, Lock, LockKind, Snapshot};

/// A lock that is held, or whose run has left something.
#[derive(Debug, Serialize)]
pub(super) struct LockJson {
    kind: LockKind,
    number: u64,
    state: Grip,
    readable: bool,
    who: Option<String>,
    identity: Option<String>,
    operation: Option<String>,
    run: Option<String>,
    step: Option<String>,
    since: Option<Timestamp>,
    seen: Option<Timestamp>,
    silent: bool,
    to_put_back: Option<Vec<String>>,
}

/// Those of an environment; none where it is not known whether there are any.
pub(super) fn of(snapshot: &Snapshot, environment: &EnvironmentName) -> Option<Vec<LockJson>> {
    let read_at = snapshot.locks.read_at()?;
    let locks = snapshot.locks.value()?.get(environment).into_iter().flatten();
    Some(locks.map(|lock| json(lock, read_at)).collect())
}

fn json(lock: &Lock, read_at: Timestamp) -> LockJson {
    let holder = lock.holder.as_ref();
    LockJson {
        kind: lock.kind,
        number: lock.number,
        state: lock.grip,
        readable: holder.is_some(),
        who: holder.map(|holder| holder.who.clone()),
        identity: holder.map(|holder| holder.identity.clone()).filter(|identity| !identity.is_empty()),
        operation: holder.map(|holder| holder.operation.clone()),
        run: holder.map(|holder| holder.run.clone()),
        step: holder.map(|holder| holder.step.clone()),
        since: holder.map(|holder| holder.since),
        seen: lock.seen,
        silent: lock.is_silent(read_at),
        to_put_back: (!lock.unreadable).then(|| lock.to_put_back.clone()),
    }
}
