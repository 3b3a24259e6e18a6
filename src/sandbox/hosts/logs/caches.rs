//! RabbitMQ and Redis.

use super::{Lines, Source, time};

/// A span of its log, in milliseconds.
pub(super) const RABBITMQ: i64 = 60_000;

pub(super) fn rabbitmq(source: &Source, start: i64) -> Lines {
    let mut lines = connections(source, start);
    let alarm = source.host.trouble("rabbit-alarm").map(|trouble| trouble.since);
    if let Some(at) = alarm.filter(|at| (start..start + RABBITMQ).contains(at)) {
        let node = format!("rabbit@{}", source.host.hostname());
        let texts = [
            format!("memory resource limit alarm set on node '{node}'."),
            "*** Publishers will be blocked until this alarm clears ***".to_owned(),
        ];
        let time = time(at, "%Y-%m-%d %H:%M:%S.%6f");
        lines.extend(texts.map(|text| (at, format!("{time}+00:00 [warning] <0.472.0> {text}"))));
        lines.sort_by_key(|(at, _)| *at);
    }
    lines
}

fn connections(source: &Source, start: i64) -> Lines {
    let luck = source.draw("rabbitmq", start);
    if source.clients.is_empty() || !luck.is_multiple_of(3) {
        return Vec::new();
    }
    let client = &source.clients[usize::try_from(luck >> 8).unwrap_or(0) % source.clients.len()];
    let at = source.moment("rabbitmq", start, 50_000, 0);
    let process = format!("<0.{}.0>", 700 + luck % 90_000);
    let way = format!("{client}:{} -> {}:5672", 32_000 + luck % 28_000, source.host.address());
    let vhost = format!("myproject_{}", source.host.environment);
    let line = |at: i64, text: String| {
        (at, format!("{}+00:00 [info] {process} {text}", time(at, "%Y-%m-%d %H:%M:%S.%6f")))
    };
    vec![
        line(at, format!("accepting AMQP connection {process} ({way})")),
        line(
            at + 9,
            format!(
                "connection {process} ({way}): user 'myproject' authenticated and granted access to vhost '{vhost}'"
            ),
        ),
        line(
            at + 4_300,
            format!("closing AMQP connection {process} ({way}, vhost: '{vhost}', user: 'myproject')"),
        ),
    ]
}

pub(super) fn redis(source: &Source, start: i64) -> Lines {
    let (server, child) = (788, 2_000 + source.draw("redis", start) % 28_000);
    let changes = 100 + source.draw("redis", start) % 9_000;
    let copied = 1 + source.draw("redis", start) % 40;
    let line = |at: i64, pid: u64, role: char, text: String| {
        (at, format!("{pid}:{role} {} * {text}", time(at, "%d %b %Y %H:%M:%S.%3f")))
    };
    let at = start + 12_000 + i64::try_from(source.draw("redis", 0) % 60_000).unwrap_or(0);
    vec![
        line(at, server, 'M', format!("{changes} changes in 300 seconds. Saving...")),
        line(at + 4, server, 'M', format!("Background saving started by pid {child}")),
        line(at + 2_100, child, 'C', "DB saved on disk".to_owned()),
        line(
            at + 2_101,
            child,
            'C',
            format!("Fork CoW for RDB: current {copied} MB, peak {copied} MB, average {} MB", copied / 2),
        ),
        line(at + 2_180, server, 'M', "Background saving terminated with success".to_owned()),
    ]
}
