//! RabbitMQ's queues and alarms.

use std::cmp::Reverse;

use serde::Deserialize;
use serde_json::Value;

use super::Unread;
use super::reading::{MOST, complaint, name};
use super::request::Body;
use crate::fleet::measured::{Queue, RabbitMq};
use crate::fleet::{Fact, FailureKind, Layout};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

/// A queue as rabbitmqctl prints it; a queue that is down has no numbers.
#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    messages_ready: Option<Value>,
    messages_unacknowledged: Option<Value>,
    consumers: Option<Value>,
}

/// What is read of the status.
#[derive(Debug, Deserialize)]
struct Status {
    alarms: Vec<Value>,
    rabbitmq_version: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Vhost {
    name: String,
}

/// Reads what it printed.
pub(super) fn read(body: &Body<'_>, layout: &Layout) -> Result<Fact, Unread> {
    let vhost = &layout.vhost;
    let said = |words: &str| body.errors.iter().any(|line| line.to_lowercase().contains(words));
    let missing = || {
        let message =
            format!("RabbitMQ has no virtual host {vhost}: it was never made here, or has another name");
        Unread::new(FailureKind::Absent, message)
    };
    if said("no_such_vhost") || (said("virtual host") && said("does not exist")) {
        return Err(missing());
    }
    let unread = || complaint(body, "rabbitmqctl", "RabbitMQ");
    if body.code != 0 {
        return Err(unread());
    }
    let mut parts = body.lines.splitn(2, |line| line.trim() == "status");
    let (queues, rest) = (parts.next().unwrap_or_default(), parts.next().ok_or_else(unread)?);
    let mut parts = rest.splitn(2, |line| line.trim() == "vhosts");
    let (status, vhosts) = (parts.next().unwrap_or_default(), parts.next());
    let status: Status = serde_json::from_str(&status.concat()).map_err(|_| unread())?;
    if let Some(vhosts) = vhosts {
        let vhosts: Vec<Vhost> = serde_json::from_str(&vhosts.concat()).map_err(|_| unread())?;
        if !vhosts.iter().any(|one| one.name == *vhost) {
            return Err(missing());
        }
    }
    Ok(Fact::RabbitMq(RabbitMq {
        version: status.rabbitmq_version.as_deref().map(name),
        vhost: vhost.clone(),
        queues: kept(listed(queues).ok_or_else(unread)?),
        memory_alarm: status.alarms.iter().any(|alarm| is_about(alarm, "memory")),
        disk_alarm: status.alarms.iter().any(|alarm| is_about(alarm, "disk")),
    }))
}

/// The list of queues: one JSON text that may span lines, for it is one queue per line.
fn listed(lines: &[&str]) -> Option<Vec<Queue>> {
    let rows: Vec<Row> = serde_json::from_str(&lines.join("\n")).ok()?;
    Some(rows.iter().map(queue).collect())
}

fn queue(row: &Row) -> Queue {
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_u64);
    let numbers = (number(&row.messages_ready), number(&row.messages_unacknowledged), number(&row.consumers));
    let name = name(&row.name);
    let (Some(ready), Some(unacknowledged), Some(consumers)) = numbers else {
        return Queue { name, unknown: true, ..Queue::default() };
    };
    let consumers = u32::try_from(consumers).unwrap_or(u32::MAX);
    Queue { name, ready, unacknowledged, consumers, unknown: false }
}

/// Where there are too many, those that count and are down or deepest; in the order of their names.
fn kept(mut queues: Vec<Queue>) -> Vec<Queue> {
    if queues.len() > MOST {
        queues.sort_by_key(|queue| {
            let depth = queue.ready.saturating_add(queue.unacknowledged);
            (queue.is_bookkeeping(), Reverse((queue.unknown, depth)))
        });
        queues.truncate(MOST);
    }
    queues.sort_by(|a, b| a.name.cmp(&b.name));
    queues
}

/// Whether an alarm is about a resource: an object that names it, or in older versions a list that holds it.
fn is_about(alarm: &Value, resource: &str) -> bool {
    match alarm {
        Value::String(text) => text == resource,
        Value::Array(values) => values.iter().any(|value| is_about(value, resource)),
        Value::Object(fields) => fields.iter().any(|(key, value)| key != "node" && is_about(value, resource)),
        _ => false,
    }
}
