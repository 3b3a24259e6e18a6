//! PostgreSQL, RabbitMQ and Redis.

use super::{Look, TroubleKind};
use crate::fleet::measured::{Connections, Postgres, Redis, Replica, Slot};
use crate::fleet::thresholds::{Pair, judge};
use crate::fleet::{Role, Severity, Topic, words};

const MIB: f64 = 1_048_576.0;

impl Connections {
    /// In use, in percent of the most.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        (self.most > 0).then(|| f64::from(self.total()) * 100.0 / f64::from(self.most))
    }
}

impl Slot {
    /// How bad it is that it holds WAL back. One that nobody uses fills the disk, unless something bounds it.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // bytes as MiB
    pub fn severity(&self, limits: Pair) -> Severity {
        match self.status.as_deref() {
            Some("lost") => return Severity::Down,
            Some("unreserved") => return Severity::Warn,
            _ => {}
        }
        let by_size = self.retained.map_or(Severity::Ok, |bytes| judge(bytes as f64 / MIB, limits));
        if self.active { by_size } else { by_size.max(Severity::Warn) }
    }
}

impl Replica {
    /// How bad it is, and the words of a column, when its replay does not simply go on.
    #[must_use]
    pub fn hindered(&self) -> Option<(Severity, &'static str)> {
        match (&self.receiver, self.paused) {
            (_, true) => Some((Severity::Warn, "paused")),
            (None, false) => Some((Severity::Down, "no receiver")),
            (Some(_), false) => None,
        }
    }
}

impl Redis {
    /// How bad its use of memory is; none without a limit.
    #[must_use]
    pub fn severity(&self, limits: Pair) -> Severity {
        self.memory_percent().map_or(Severity::Ok, |percent| judge(percent, limits))
    }
}

impl Look<'_> {
    pub(super) fn postgres(&mut self) {
        let Some(postgres) = self.measured.postgres() else { return };
        self.about(Topic::Postgres);
        let limits = self.yardstick.thresholds;
        if postgres.in_recovery && self.plays(&[Role::DbPrimary, Role::Combo]) {
            let text = "is tagged as the primary and replays another server's WAL";
            self.add(Severity::Down, TroubleKind::DatabaseRole, "is a replica", text);
        }
        if !postgres.in_recovery && self.plays(&[Role::DbReplica]) {
            let text = "is tagged as a replica and takes writes of its own";
            self.add(Severity::Down, TroubleKind::DatabaseRole, "is no replica", text);
        }
        if let Some(percent) = postgres.connections.percent() {
            let (used, most) = (postgres.connections.total(), postgres.connections.most);
            let text = format!("has {used} of {most} PostgreSQL connections in use");
            let severity = judge(percent, limits.connections);
            self.add(severity, TroubleKind::Connections, format!("{used}/{most} conn"), text);
        }
        if let Some(age) = postgres.oldest_transaction {
            let who =
                postgres.oldest_who.as_deref().map_or(String::new(), |w| format!(" ({})", words::name(w)));
            let text = format!("has a transaction open for {}{who}", words::seconds(age));
            let short = format!("transaction {}", words::short_seconds(age));
            self.add(judge(age, limits.oldest_transaction), TroubleKind::Transaction, short, text);
        }
        for slot in &postgres.slots {
            let name = words::name(&slot.name);
            let held = slot.retained.map_or("an unknown amount".into(), words::bytes);
            let text = match slot.status.as_deref() {
                Some("lost") => format!("has lost WAL that its slot {name} needs"),
                _ if slot.active => format!("holds {held} of WAL back for its slot {name}"),
                _ => format!("holds {held} of WAL back for its slot {name}, which nobody uses"),
            };
            let severity = slot.severity(limits.retained_wal_mb);
            self.add_about(Some(&slot.name), severity, TroubleKind::Slot, format!("slot {name}"), text);
        }
        self.replica(postgres);
    }

    fn replica(&mut self, postgres: &Postgres) {
        let Some(replica) = postgres.replica.as_ref().filter(|_| postgres.in_recovery) else { return };
        match replica.hindered() {
            Some((severity, "paused")) => {
                let text = "has its replay paused by somebody";
                self.add(severity, TroubleKind::Paused, "replay paused", text);
            }
            Some((severity, word)) => {
                let text = "has no WAL receiver: it hears nothing from its primary";
                self.add(severity, TroubleKind::Receiver, word, text);
            }
            None => {}
        }
        if let Some(delay) = replica.delay {
            let severity = judge(delay, self.yardstick.thresholds.lag_seconds);
            let text = format!("replays {} behind", words::seconds(delay));
            let short = format!("replay {}", words::short_seconds(delay));
            self.add(severity, TroubleKind::Lag, short, text);
        }
    }

    pub(super) fn rabbitmq(&mut self) {
        let Some(rabbitmq) = self.measured.rabbitmq() else { return };
        self.about(Topic::RabbitMq);
        for (alarm, what) in [(rabbitmq.memory_alarm, "memory"), (rabbitmq.disk_alarm, "disk")] {
            if alarm {
                let text = format!("has RabbitMQ block publishers: {what} alarm");
                self.add(Severity::Down, TroubleKind::Alarm, format!("rabbit {what} alarm"), text);
            }
        }
        let depth = rabbitmq.at_least();
        let unknown = rabbitmq.counting().filter(|queue| queue.unknown).count();
        if unknown > 0 {
            let queues = words::count(u64::try_from(unknown).unwrap_or(u64::MAX), "queue");
            let text =
                format!("has {queues} without numbers: RabbitMQ has lost touch with where they are kept");
            self.add(Severity::Unknown, TroubleKind::Queue, "queue ?", text);
        }
        #[allow(clippy::cast_precision_loss)] // messages
        let severity = judge(depth as f64, self.yardstick.thresholds.queue_depth);
        let short = format!("queue {}", words::grouped(depth));
        let text = format!("has {} waiting", words::count(depth, "message"));
        self.add(severity, TroubleKind::Queue, short, text);
        let handed: u64 = rabbitmq.counting().map(|queue| queue.unacknowledged).sum();
        #[allow(clippy::cast_precision_loss)] // messages
        let severity = judge(handed as f64, self.yardstick.thresholds.unacknowledged);
        let short = format!("{} unacknowledged", words::grouped(handed));
        let text = format!("has {} handed out and not acknowledged", words::count(handed, "message"));
        self.add(severity, TroubleKind::Unacknowledged, short, text);
        for queue in rabbitmq.counting().filter(|queue| queue.is_unheard()) {
            let name = words::name(&queue.name);
            let text =
                format!("has {} in “{name}”, to which nobody listens", words::count(queue.ready, "message"));
            let short = format!("nobody hears {name}");
            self.add_about(Some(&queue.name), Severity::Warn, TroubleKind::Unheard, short, text);
        }
    }

    pub(super) fn redis(&mut self) {
        let Some(redis) = self.measured.redis() else { return };
        self.about(Topic::Redis);
        if let Some(percent) = redis.memory_percent() {
            let severity = redis.severity(self.yardstick.thresholds.redis);
            let then = if redis.policy == "noeviction" { "then writes fail" } else { "then keys go" };
            let text = format!("has Redis at {percent:.0}% of its memory, {then}");
            self.add(severity, TroubleKind::Redis, format!("redis {percent:.0}%"), text);
        }
        if redis.evicted > 0 && redis.policy != "noeviction" {
            let keys = words::count(redis.evicted, "key");
            let text = format!("has Redis throw keys away ({keys} so far, sessions among them)");
            self.add(Severity::Warn, TroubleKind::Redis, "redis evicts", text);
        }
        if !redis.save_ok {
            let text = "has Redis fail to write its snapshot";
            self.add(Severity::Warn, TroubleKind::Redis, "redis save failed", text);
        }
        if redis.append_only && !redis.append_ok {
            let text = "has Redis fail to append to its file";
            self.add(Severity::Warn, TroubleKind::Redis, "redis append failed", text);
        }
    }
}
