//! What was measured on a server, as `describe --json` prints it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::fleet::{Fact, Failure, FailureKind, Measured, Reading};

#[derive(Debug, Serialize)]
pub(crate) struct MeasuredJson {
    reached_at: Option<Timestamp>,
    unreachable: Option<WhyJson>,
    host_key: Option<HostKeyJson>,
    facts: BTreeMap<&'static str, FactJson>,
}

#[derive(Debug, Serialize)]
struct HostKeyJson {
    presented: Option<String>,
    pinned: Vec<String>,
}

/// One topic: what was read, when, and why the last attempt failed if it did.
#[derive(Debug, Serialize)]
struct FactJson {
    read_at: Option<Timestamp>,
    value: Option<Content>,
    failure: Option<WhyJson>,
}

#[derive(Debug, Serialize)]
struct WhyJson {
    kind: FailureKind,
    since: Timestamp,
    message: String,
}

impl From<&Failure> for WhyJson {
    fn from(failure: &Failure) -> Self {
        Self { kind: failure.kind, since: failure.since, message: failure.message.clone() }
    }
}

impl From<&Reading<Fact>> for FactJson {
    fn from(reading: &Reading<Fact>) -> Self {
        Self {
            read_at: reading.read_at(),
            value: reading.value().cloned().map(Content),
            failure: reading.failure().map(Into::into),
        }
    }
}

impl From<&Measured> for MeasuredJson {
    fn from(measured: &Measured) -> Self {
        Self {
            reached_at: measured.reached_at,
            unreachable: measured.unreachable.as_ref().map(Into::into),
            host_key: measured.host_key.as_ref().map(|question| HostKeyJson {
                presented: question.presented.clone(),
                pinned: question.pinned.clone(),
            }),
            facts: measured.facts.iter().map(|(topic, reading)| (topic.word(), reading.into())).collect(),
        }
    }
}

/// A fact without its topic, which is its key.
#[derive(Debug)]
struct Content(Fact);

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Fact::Machine(fact) => fact.serialize(to),
            Fact::Disks(fact) => fact.serialize(to),
            Fact::Upkeep(fact) => fact.serialize(to),
            Fact::Units(fact) => fact.serialize(to),
            Fact::Postgres(fact) => fact.serialize(to),
            Fact::RabbitMq(fact) => fact.serialize(to),
            Fact::Redis(fact) => fact.serialize(to),
            Fact::Memcached(fact) => fact.serialize(to),
            Fact::Supervisor(fact) => fact.serialize(to),
            Fact::Celery(fact) => fact.serialize(to),
            Fact::PgBouncer(fact) => fact.serialize(to),
            Fact::Code(fact) => fact.serialize(to),
            Fact::Site(fact) => fact.serialize(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::fleet::measured as facts;

    /// One of each, with one of everything in it.
    fn one_of_each() -> Vec<Fact> {
        let answer = || Some(facts::HttpAnswer::default());
        vec![
            Fact::Machine(facts::Machine::default()),
            Fact::Disks(facts::Disks { mounts: vec![facts::Mount::default()] }),
            Fact::Upkeep(facts::Upkeep::default()),
            Fact::Units(facts::Units { units: vec![facts::Unit::default()] }),
            Fact::Postgres(Box::new(facts::Postgres {
                standbys: vec![facts::Standby::default()],
                slots: vec![facts::Slot::default()],
                replica: Some(facts::Replica::default()),
                ..facts::Postgres::default()
            })),
            Fact::RabbitMq(facts::RabbitMq {
                queues: vec![facts::Queue::default()],
                ..facts::RabbitMq::default()
            }),
            Fact::Redis(Box::default()),
            Fact::Memcached(facts::Memcached::default()),
            Fact::Supervisor(facts::Supervisor { programs: vec![facts::Program::default()] }),
            Fact::Celery(facts::Celery {
                workers: vec![facts::CeleryWorker {
                    running: vec![facts::Task::default()],
                    ..facts::CeleryWorker::default()
                }],
            }),
            Fact::PgBouncer(facts::PgBouncer { pools: vec![facts::Pool::default()] }),
            Fact::Code(facts::Code::default()),
            Fact::Site(facts::Site { nginx: answer(), gunicorn: answer(), ..facts::Site::default() }),
        ]
    }

    fn keys(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(all) => {
                for (key, value) in all {
                    found.push(key.clone());
                    keys(value, found);
                }
            }
            Value::Array(all) => all.iter().for_each(|value| keys(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_key_of_every_fact_is_written_down() {
        let (_, written) = include_str!("../../../docs/describe-json.md").split_once("## Values").unwrap();
        let all = one_of_each();
        assert_eq!(all.len(), crate::fleet::Topic::ALL.len());
        for fact in all {
            let topic = fact.topic().word();
            assert!(written.contains(&format!("| `{topic}` |")), "{topic}");
            let mut found = Vec::new();
            keys(&serde_json::to_value(Content(fact)).unwrap(), &mut found);
            for key in found {
                assert!(written.contains(&format!("`{key}`")), "{key} of {topic}");
            }
        }
    }
}
