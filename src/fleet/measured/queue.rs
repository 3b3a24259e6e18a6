//! Queues, caches and who works on them.

use serde::Serialize;

/// RabbitMQ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RabbitMq {
    /// Its version.
    pub version: Option<String>,
    /// The virtual host.
    pub vhost: String,
    /// Every queue of the virtual host.
    pub queues: Vec<Queue>,
    /// Publishers are blocked: memory.
    pub memory_alarm: bool,
    /// Publishers are blocked: disk.
    pub disk_alarm: bool,
}

impl RabbitMq {
    /// Messages ready in the queues that count; Celery's own bookkeeping does not. None while one of them is down and
    /// tells no numbers.
    #[must_use]
    pub fn depth(&self) -> Option<u64> {
        self.counting().map(|queue| (!queue.unknown).then_some(queue.ready)).sum()
    }

    /// Messages ready in the queues that count and tell their numbers: at least so many wait.
    #[must_use]
    pub fn at_least(&self) -> u64 {
        self.counting().map(|queue| queue.ready).sum()
    }

    /// Messages handed out and not yet acknowledged; none while a queue that counts tells no numbers.
    #[must_use]
    pub fn unacknowledged(&self) -> Option<u64> {
        self.counting().map(|queue| (!queue.unknown).then_some(queue.unacknowledged)).sum()
    }

    /// The queues that count.
    pub fn counting(&self) -> impl Iterator<Item = &Queue> {
        self.queues.iter().filter(|queue| !queue.is_bookkeeping())
    }
}

/// One queue. In JSON its numbers are null where they are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(into = "Told")]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Messages waiting.
    pub ready: u64,
    /// Messages handed out and not yet acknowledged.
    pub unacknowledged: u64,
    /// Who listens.
    pub consumers: u32,
    /// It is down and tells no numbers: those here are 0 and say nothing.
    pub unknown: bool,
}

/// A queue as it is written out.
#[derive(Serialize)]
struct Told {
    name: String,
    ready: Option<u64>,
    unacknowledged: Option<u64>,
    consumers: Option<u32>,
}

impl From<Queue> for Told {
    fn from(queue: Queue) -> Self {
        let known = !queue.unknown;
        Self {
            name: queue.name,
            ready: known.then_some(queue.ready),
            unacknowledged: known.then_some(queue.unacknowledged),
            consumers: known.then_some(queue.consumers),
        }
    }
}

impl Queue {
    /// Messages wait and nobody listens.
    #[must_use]
    pub fn is_unheard(&self) -> bool {
        self.ready > 0 && self.consumers == 0 && !self.is_bookkeeping()
    }

    /// Celery's own: remote control and events, which say nothing about work.
    #[must_use]
    pub fn is_bookkeeping(&self) -> bool {
        self.name.starts_with("celeryev") || self.name.ends_with(".pidbox")
    }
}

/// Redis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Redis {
    /// Its version.
    pub version: String,
    /// `master` or `slave`.
    pub role: String,
    /// Seconds since it was started.
    pub up_seconds: u64,
    /// Memory in use in bytes.
    pub memory_used: u64,
    /// `maxmemory` in bytes; 0 is no limit.
    pub memory_most: u64,
    /// `maxmemory_policy`.
    pub policy: String,
    /// Connected clients.
    pub clients: u32,
    /// Clients that wait in a blocking call.
    pub blocked: u32,
    /// Keys thrown away for want of memory.
    pub evicted: u64,
    /// Connections refused for `maxclients`.
    pub rejected: u64,
    /// The last snapshot was written well.
    pub save_ok: bool,
    /// Changes since the last snapshot.
    pub unsaved: u64,
    /// Every change is appended to a file.
    pub append_only: bool,
    /// The last write of that file went well.
    pub append_ok: bool,
    /// Keys of all databases.
    pub keys: u64,
}

impl Redis {
    /// Memory in use in percent of the limit; none without one.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // bytes as percent
    pub fn memory_percent(&self) -> Option<f64> {
        (self.memory_most > 0).then(|| self.memory_used as f64 * 100.0 / self.memory_most as f64)
    }
}

/// Memcached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Memcached {
    /// Its version.
    pub version: String,
    /// Memory in use in bytes.
    pub bytes: u64,
    /// Memory it may use, in bytes.
    pub most: u64,
    /// Connections.
    pub connections: u32,
    /// Items thrown away for want of memory.
    pub evictions: u64,
    /// Items found.
    pub hits: u64,
    /// Items not found.
    pub misses: u64,
}

/// What Celery's workers are doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Celery {
    /// Every worker that answered.
    pub workers: Vec<CeleryWorker>,
}

/// One worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CeleryWorker {
    /// `main@host`.
    pub name: String,
    /// How many tasks it can run at a time; none if it did not say.
    pub slots: Option<u32>,
    /// Tasks that run.
    pub running: Vec<Task>,
    /// Tasks it has taken and not begun.
    pub reserved: u32,
    /// Tasks that it has begun since it was started; none if it did not say.
    pub begun: Option<u64>,
}

/// A running task.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// Its name, never its arguments.
    pub name: String,
    /// For how long it has run, in seconds.
    pub seconds: Option<f64>,
}
