//! Whether a server can be reached, and whether its probes tell something.

use super::{Look, Trouble, TroubleKind};
use crate::fleet::{FailureKind, Severity, Since, Topic, words};

/// Services that a topic asks, by how their units' names begin. Of PostgreSQL the cluster's: the umbrella over clusters is
/// active whatever they do.
const SERVICES: [(Topic, &str); 4] = [
    (Topic::Postgres, "postgresql@"),
    (Topic::RabbitMq, "rabbitmq"),
    (Topic::Redis, "redis"),
    (Topic::Memcached, "memcached"),
];

impl Look<'_> {
    pub(super) fn reach(&mut self) {
        if let Some(question) = &self.measured.host_key {
            if question.pinned.is_empty() {
                let text = "has a host key that nobody has confirmed: nothing is measured on it";
                self.add(Severity::Unknown, TroubleKind::HostKeyUnknown, "host key?", text);
            } else {
                let text = "shows another host key than before: nothing is measured on it";
                self.add(Severity::Warn, TroubleKind::HostKeyChanged, "host key changed", text);
            }
            return;
        }
        if let Some(failure) = &self.measured.unreachable {
            let word = failure.kind.word();
            self.found.push(Trouble {
                severity: Severity::Unknown,
                kind: TroubleKind::Unreachable,
                topic: None,
                about: None,
                short: format!("ssh: {word}"),
                text: format!("cannot be reached over ssh: {word}"),
                since: Some(Since { at: failure.since, turned: self.measured.reached_at.is_some() }),
            });
            return;
        }
        for topic in Topic::ALL {
            self.unread(topic);
        }
        (self.topic, self.as_of) = (None, None);
    }

    /// The unit of a topic's service, where systemd says now that it is active.
    fn active(&self, topic: Topic) -> Option<&str> {
        let (_, begins) = SERVICES.into_iter().find(|(of, _)| *of == topic)?;
        let reading = self.measured.reading(Topic::Units)?;
        let units =
            self.measured.units().filter(|_| self.yardstick.is_current(Topic::Units, reading, None))?;
        let unit =
            units.units.iter().find(|unit| unit.name.starts_with(begins) && unit.active == "active")?;
        Some(&unit.name)
    }

    /// A probe that failed, or that has told nothing new for long. What is not installed is no trouble.
    fn unread(&mut self, topic: Topic) {
        let Some(reading) = self.measured.reading(topic) else { return };
        let word = topic.word();
        let failure = reading.failure().filter(|f| f.kind != FailureKind::Absent);
        let current = self.yardstick.is_current(topic, reading, None);
        let (why, since) = match failure {
            Some(failure) if reading.value().is_none() || !current => (failure.kind.word(), failure.since),
            None if !current && reading.failure().is_none() => {
                let Some(at) = reading.read_at() else { return };
                ("nothing new", at)
            }
            _ => return,
        };
        let waits = failure.is_some_and(|failure| failure.kind == FailureKind::Unreachable);
        if let Some(unit) = self.active(topic).filter(|_| waits) {
            self.found.push(Trouble {
                severity: Severity::Down,
                kind: TroubleKind::Silent,
                topic: Some(topic),
                about: Some(unit.to_owned()),
                short: format!("{word} silent"),
                text: format!("has {} running, and gets no answer from it", words::name(unit)),
                since: Some(Since { at: since, turned: true }),
            });
            return;
        }
        self.found.push(Trouble {
            severity: Severity::Unknown,
            kind: TroubleKind::Unread,
            topic: Some(topic),
            about: None,
            short: format!("{word}?"),
            text: format!("does not tell about {word}: {why}"),
            since: Some(Since { at: since, turned: true }),
        });
    }
}
