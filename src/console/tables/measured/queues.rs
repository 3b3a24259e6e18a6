//! RabbitMQ, Redis, Memcached.

use super::{Line, Subject};
use crate::fleet::measured::{Memcached, Queue, RabbitMq, Redis};
use crate::fleet::overview::measured::per_minute;
use crate::fleet::thresholds::judge;
use crate::fleet::{Gauge, Severity, words};

/// The most queues listed.
const QUEUES: usize = 200;

impl Subject<'_> {
    pub(super) fn rabbitmq(&self, rabbitmq: &RabbitMq) -> Vec<Line> {
        let limits = self.state.preferences.thresholds.queue_depth;
        let (depth, at_least) = (rabbitmq.depth(), rabbitmq.at_least());
        #[allow(clippy::cast_precision_loss)] // messages
        let severity = judge(at_least as f64, limits).max(if depth.is_none() {
            Severity::Unknown
        } else {
            Severity::Ok
        });
        let trend = self.measured.trends.get(&Gauge::QueueDepth);
        let rate = trend.and_then(|series| per_minute(series, self.state.now)).and_then(rate);
        let number = |known: Option<u64>| known.map_or_else(|| "?".to_owned(), words::grouped);
        let unacknowledged = format!("{} unacknowledged", number(rabbitmq.unacknowledged()));
        let all = Line::judged("all queues", severity, format!("{} waiting", number(depth)))
            .and([Some(unacknowledged), rate].into_iter().flatten())
            .drawn(self.bars(Gauge::QueueDepth, Some(limits), None));
        let mut lines = vec![all];
        lines.push(alarms(rabbitmq));
        let mut queues: Vec<&Queue> = rabbitmq.counting().collect();
        queues
            .sort_by(|a, b| (b.ready, b.unacknowledged, &a.name).cmp(&(a.ready, a.unacknowledged, &b.name)));
        lines.extend(queues.iter().take(QUEUES).map(|queue| self.queue(queue)));
        let more = queues.len().saturating_sub(QUEUES);
        if more > 0 {
            lines.push(Line::plain("queues", format!("{more} more")));
        }
        let folded: Vec<&Queue> = rabbitmq.queues.iter().filter(|queue| queue.is_bookkeeping()).collect();
        if !folded.is_empty() {
            let waiting: u64 = folded.iter().map(|queue| queue.ready).sum();
            let words = format!("{} waiting", words::grouped(waiting));
            let count = words::count(u64::try_from(folded.len()).unwrap_or(0), "queue");
            let line = Line::plain("Celery's own", words);
            lines.push(line.and([format!("{count} for remote control and events, not counted")]));
        }
        let version = rabbitmq.version.as_deref().unwrap_or("?");
        lines.push(Line::plain("RabbitMQ", version).and([format!("vhost {}", rabbitmq.vhost)]));
        lines
    }

    fn queue(&self, queue: &Queue) -> Line {
        let limits = self.state.preferences.thresholds.queue_depth;
        if queue.unknown {
            let line = Line::judged(words::name(&queue.name), Severity::Unknown, "? waiting");
            return line.and(["it is down and tells no numbers"]);
        }
        #[allow(clippy::cast_precision_loss)] // messages
        let by_depth = judge(queue.ready as f64, limits);
        let severity = if queue.is_unheard() { by_depth.max(Severity::Warn) } else { by_depth };
        let heard = match queue.consumers {
            0 if queue.ready > 0 => "nobody listens".to_owned(),
            consumers => words::count(u64::from(consumers), "consumer"),
        };
        let trend = self.measured.queues.get(&queue.name);
        let rate = trend.and_then(|series| per_minute(series, self.state.now)).and_then(rate);
        let bars = self.small(trend, Some(limits), None);
        let unacknowledged = format!("{} unacknowledged", words::grouped(queue.unacknowledged));
        Line::judged(words::name(&queue.name), severity, format!("{} waiting", words::grouped(queue.ready)))
            .and([Some(heard), Some(unacknowledged), rate].into_iter().flatten())
            .drawn(bars)
    }

    pub(super) fn redis(&self, redis: &Redis) -> Vec<Line> {
        let limits = self.state.preferences.thresholds.redis;
        let (severity, words, bound) = match redis.memory_percent() {
            Some(percent) => {
                let bound = format!("of {}, {}", words::bytes(redis.memory_most), redis.policy);
                (redis.severity(limits), format!("{percent:.0}%"), bound)
            }
            None => (Severity::Ok, words::bytes(redis.memory_used), "without a limit".to_owned()),
        };
        #[allow(clippy::cast_precision_loss)] // bytes
        let most = redis.memory_most as f64 / 100.0;
        let pair = (redis.memory_most > 0).then_some((limits.0 * most, limits.1 * most));
        let memory = Line::judged("Redis memory", severity, words).and([bound]).drawn(self.bars(
            Gauge::RedisMemory,
            pair,
            None,
        ));
        let evicts = redis.evicted > 0 && redis.policy != "noeviction";
        let evicted = format!("{} thrown away for want of memory", words::grouped(redis.evicted));
        let keys = Line::judged(
            "Redis keys",
            if evicts { Severity::Warn } else { Severity::Idle },
            words::grouped(redis.keys),
        )
        .and([evicted]);
        let clients = Line::plain("Redis clients", words::grouped(u64::from(redis.clients))).and([
            format!("{} wait in a call", redis.blocked),
            format!("{} refused so far", words::grouped(redis.rejected)),
        ]);
        let append = redis.append_only.then(|| {
            if redis.append_ok { "appended to a file".to_owned() } else { "append to the file failed".into() }
        });
        let saved = redis.save_ok && (!redis.append_only || redis.append_ok);
        let disk = Line::judged(
            "Redis on disk",
            if saved { Severity::Ok } else { Severity::Warn },
            if redis.save_ok { "last snapshot well" } else { "last snapshot failed" },
        )
        .and(
            [Some(format!("{} since", words::count(redis.unsaved, "change"))), append].into_iter().flatten(),
        );
        #[allow(clippy::cast_precision_loss)] // seconds
        let up = format!("up {}", words::seconds(redis.up_seconds as f64));
        let version = Line::plain("Redis", redis.version.as_str()).and([redis.role.clone(), up]);
        vec![memory, keys, clients, disk, version]
    }
}

/// `growing 90/min`, `draining 12/min`; nothing below one a minute.
fn rate(per_minute: f64) -> Option<String> {
    match per_minute {
        rate if rate >= 1.0 => Some(format!("growing {rate:.0}/min")),
        rate if rate <= -1.0 => Some(format!("draining {:.0}/min", -rate)),
        _ => None,
    }
}

fn alarms(rabbitmq: &RabbitMq) -> Line {
    let alarms: Vec<&str> = [(rabbitmq.memory_alarm, "memory"), (rabbitmq.disk_alarm, "disk")]
        .into_iter()
        .filter_map(|(is, what)| is.then_some(what))
        .collect();
    if alarms.is_empty() {
        Line::judged("alarms", Severity::Ok, "none")
    } else {
        Line::judged("alarms", Severity::Down, alarms.join(", ")).and(["publishers are blocked"])
    }
}

pub(super) fn memcached(memcached: &Memcached) -> Vec<Line> {
    let asked = memcached.hits + memcached.misses;
    #[allow(clippy::cast_precision_loss)] // counts as percent
    let hits = (asked > 0).then(|| format!("{:.0}% found", memcached.hits as f64 * 100.0 / asked as f64));
    let memory = Line::plain("Memcached", words::bytes(memcached.bytes)).and(
        [
            Some(format!("of {}", words::bytes(memcached.most))),
            hits,
            Some(format!("{} thrown away", words::grouped(memcached.evictions))),
            Some(words::count(u64::from(memcached.connections), "connection")),
            Some(memcached.version.clone()),
        ]
        .into_iter()
        .flatten(),
    );
    vec![memory]
}
