//! What was measured on the server itself, topic by topic.

use super::{Facts, row_of};
use crate::console::table::Cell;
use crate::console::tables::cells::{self, dim, state as stated};
use crate::console::tables::facts::{Fact, plain_text, source};
use crate::console::tables::measured::{Line, Subject};
use crate::console::tables::services::troubles;
use crate::console::theme::Scope;
use crate::fleet::{Power, Severity, Standing, Topic};

/// The section that a topic stands in.
const fn section(topic: Topic) -> &'static str {
    match topic {
        Topic::Machine => "machine",
        Topic::Disks => "disks",
        Topic::Units | Topic::Supervisor => "services",
        Topic::Postgres => "database",
        Topic::RabbitMq => "queues",
        Topic::Redis | Topic::Memcached => "caches",
        Topic::Celery => "celery",
        Topic::PgBouncer => "pools",
        Topic::Code => "code",
        Topic::Site => "site",
        Topic::Upkeep => "upkeep",
    }
}

/// Topics in the order of the page: what serves first, what carries it after that.
const ORDER: [Topic; 13] = [
    Topic::Code,
    Topic::Site,
    Topic::Units,
    Topic::Supervisor,
    Topic::Celery,
    Topic::PgBouncer,
    Topic::Postgres,
    Topic::RabbitMq,
    Topic::Redis,
    Topic::Memcached,
    Topic::Machine,
    Topic::Disks,
    Topic::Upkeep,
];

impl Facts<'_> {
    /// What is wrong, as measured on it, before everything else.
    pub(super) fn wrong(&mut self) {
        let (state, server) = (self.state, self.server);
        let Some(measured) = state.snapshot.measured(&server.id) else { return };
        for (n, trouble) in troubles(state, server).iter().enumerate() {
            let reading = trouble.topic.and_then(|topic| measured.reading(topic));
            let none = || [cells::nothing(), dim("ssh"), cells::nothing()];
            let from = reading.map_or_else(none, |reading| source(state, reading));
            let what = trouble.topic.map_or("ssh", Topic::word);
            let line = Line::judged(what, trouble.severity, trouble.text.as_str());
            self.line("wrong", n, &line, Some(trouble.severity), &from);
        }
    }

    /// Whether the server can be reached, and why nothing is measured where it is not.
    pub(super) fn reach(&mut self) {
        let (state, server) = (self.state, self.server);
        let none = [cells::nothing(), dim("ssh"), cells::nothing()];
        let Some(measured) = state.snapshot.measured(&server.id) else {
            let words = match (server.power, server.role.standing) {
                (Power::Running, Standing::Active | Standing::Pending) => "nothing yet",
                _ => "nothing: it takes no part",
            };
            self.line("measured", 0, &Line::plain("on the server", words), None, &none);
            return;
        };
        for (n, line) in (Subject { state, server, measured }).reach().iter().enumerate() {
            self.line("measured", n, line, Some(line.severity), &none);
        }
    }

    pub(super) fn measured(&mut self) {
        let (state, server) = (self.state, self.server);
        let Some(measured) = state.snapshot.measured(&server.id) else { return };
        let subject = Subject { state, server, measured };
        for topic in ORDER {
            let Some(reading) = measured.reading(topic) else { continue };
            let mut from = source(state, reading);
            if subject.is_old(topic) && reading.read_at().is_some() {
                let age: String = from[0].pieces.iter().map(|piece| piece.text.as_str()).collect();
                from[0] = cells::text(age, Scope::AgeStale);
            }
            for (n, line) in subject.lines(topic).iter().enumerate() {
                let key = n + 1_000 * ORDER.iter().position(|t| *t == topic).unwrap_or(0);
                self.line(section(topic), key, line, Some(line.severity), &from);
            }
        }
    }

    fn line(
        &mut self,
        section: &str,
        number: usize,
        line: &Line,
        severity: Option<Severity>,
        from: &[Cell; 3],
    ) {
        let value = match severity {
            Some(_) => line.value(),
            None => stated(Severity::Idle, &line.words),
        };
        // Several lines may be about the same thing: the place among them tells them apart.
        let key = format!("{number}/{}", line.what);
        let fact = Fact::new(section, &key, row_of(plain_text(&line.what), value, from.clone()));
        self.all.push(fact.with(line.severity));
    }
}
