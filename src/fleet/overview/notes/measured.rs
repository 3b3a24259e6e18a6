//! Notes on what was measured: on servers, and by CloudWatch at the load balancers.

use std::collections::BTreeMap;

use super::super::{Note, Overview, troubles};
use crate::fleet::measured::{Queue, RabbitMq};
use crate::fleet::{InstanceId, Measure, Server, Severity, Snapshot, Trouble, TroubleKind, Yardstick, words};

/// The most queues named one by one.
const QUEUES: usize = 3;

/// Everything worth a line.
pub(super) fn notes(
    snapshot: &Snapshot,
    row: &Overview,
    servers: &[&Server],
    yardstick: &Yardstick,
) -> Vec<Note> {
    let mut notes = traffic(row);
    notes.extend(queues(snapshot, row, yardstick));
    notes.extend(beats(snapshot, servers, yardstick));
    notes.extend(troubled(row));
    notes
}

fn traffic(row: &Overview) -> Vec<Note> {
    let notes = row.traffic.iter().map(|traffic| {
        let (name, value) = (&traffic.name, traffic.value);
        let text = match traffic.measure {
            Measure::ErrorRate => format!("{value:.1}% of the answers at {name} are 5xx"),
            Measure::Latency => format!("Answers at {name} take {value:.0} ms"),
            Measure::SurgeQueue => format!("{value:.0} requests wait at {name} for a server"),
            Measure::Requests | Measure::Cpu | Measure::Credits | Measure::Burst => {
                format!("{} at {name}: {value:.0}", traffic.measure.word())
            }
        };
        Note { severity: traffic.severity, text, since: None, lock: None }
    });
    notes.collect()
}

/// Queues are of the environment, not of the server that holds them.
fn queues(snapshot: &Snapshot, row: &Overview, yardstick: &Yardstick) -> Vec<Note> {
    let mut notes = Vec::new();
    let current = row.troubles.iter().filter(|(_, found)| {
        found.iter().any(|t| {
            matches!(t.kind, TroubleKind::Queue | TroubleKind::Unheard) && t.severity > Severity::Unknown
        })
    });
    let growth = row.queues.per_minute.filter(|rate| *rate >= 1.0);
    let grows = growth.map_or(String::new(), |rate| format!(", growing {rate:.0}/min"));
    for rabbitmq in current.filter_map(|(id, _)| snapshot.measured(id)?.rabbitmq()) {
        let mut unheard: Vec<&Queue> = rabbitmq.counting().filter(|queue| queue.is_unheard()).collect();
        unheard.sort_by_key(|queue| std::cmp::Reverse(queue.ready));
        let more = unheard.len().saturating_sub(QUEUES);
        for queue in unheard.iter().take(QUEUES) {
            let (name, waiting) = (words::name(&queue.name), words::grouped(queue.ready));
            let rate = if unheard.len() == 1 { grows.as_str() } else { "" };
            let text = format!("Nobody listens to “{name}”: {waiting} waiting{rate}");
            notes.push(Note { severity: Severity::Warn, text, since: None, lock: None });
        }
        if more > 0 {
            let text =
                format!("Nobody listens to {}", words::count(u64::try_from(more).unwrap_or(0), "more queue"));
            notes.push(Note { severity: Severity::Warn, text, since: None, lock: None });
        }
        let depth = rabbitmq.at_least();
        #[allow(clippy::cast_precision_loss)] // messages
        let severity = crate::fleet::thresholds::judge(depth as f64, yardstick.thresholds.queue_depth);
        if severity > Severity::Ok {
            let text = format!("{} waiting{grows}{}", words::count(depth, "message"), fullest(rabbitmq));
            let text = if rabbitmq.depth().is_none() { format!("At least {text}") } else { text };
            notes.push(Note { severity, text, since: None, lock: None });
        }
    }
    notes
}

/// The fullest queue and who listens to it: `; most in “exports” (one consumer)`.
fn fullest(rabbitmq: &RabbitMq) -> String {
    let fullest = rabbitmq.counting().max_by_key(|queue| queue.ready);
    fullest.map_or(String::new(), |queue| {
        let consumers = words::count(u64::from(queue.consumers), "consumer");
        format!("; most in “{}” ({consumers})", words::name(&queue.name))
    })
}

fn beats(snapshot: &Snapshot, servers: &[&Server], yardstick: &Yardstick) -> Option<Note> {
    let beats = troubles::beats(snapshot, servers, yardstick);
    let names: Vec<&str> = beats.iter().map(InstanceId::as_str).collect();
    (beats.len() > 1).then(|| {
        let text = format!(
            "Celery's beat runs {} times, on {}: tasks are sent twice",
            names.len(),
            names.join(", ")
        );
        Note { severity: Severity::Warn, text, since: None, lock: None }
    })
}

/// Troubles of a kind in one sentence: the worst, and how many servers more.
fn troubled(row: &Overview) -> Vec<Note> {
    let mut kinds: BTreeMap<TroubleKind, Vec<(&InstanceId, &Trouble)>> = BTreeMap::new();
    for (id, found) in &row.troubles {
        for trouble in found {
            let told = matches!(trouble.kind, TroubleKind::Queue | TroubleKind::Unheard);
            if !told || trouble.severity <= Severity::Unknown {
                kinds.entry(trouble.kind).or_default().push((id, trouble));
            }
        }
    }
    let notes = kinds.into_values().filter_map(|mut all| {
        all.sort_by_key(|(id, trouble)| (std::cmp::Reverse(trouble.severity), *id));
        let (first, worst) = *all.first()?;
        let mut others: Vec<&InstanceId> = all.iter().map(|(id, _)| *id).filter(|id| *id != first).collect();
        others.dedup();
        let here = all.iter().filter(|(id, _)| *id == first).count() - 1;
        let mut text = format!("{first} {}", worst.text);
        if here > 0 {
            text = format!("{text} (and {here} more there)");
        }
        text = match others.as_slice() {
            [] => text,
            [other] => format!("{text}; {other} too"),
            others => format!("{text}; {} more servers too", others.len()),
        };
        Some(Note { severity: worst.severity, text, since: worst.since, lock: None })
    });
    notes.collect()
}
