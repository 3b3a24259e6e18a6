//! What was measured on a server as lines: what it is, how it is, and the details. The pages put them in columns.

mod database;
mod host;
mod queues;
mod services;

use jiff::Timestamp;

use super::cells::{glyph, said};
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Cell, Piece, SortKey};
use crate::console::theme::Scope;
use crate::console::widgets::spark;
use crate::fleet::measured::Measured;
use crate::fleet::overview::Gap;
use crate::fleet::thresholds::Pair;
use crate::fleet::{Fact, FailureKind, Gauge, Reading, Series, Server, Severity, Topic};

/// Bars of a trend within a line.
const BARS: usize = 24;
/// The fewest columns of a screen whose lines have bars.
const ROOMY: u16 = 100;

/// One thing that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is.
    pub what: String,
    /// How bad; idle where it is not judged.
    pub severity: Severity,
    /// How it is, in a few words.
    pub words: String,
    /// The rest.
    pub details: Vec<Piece>,
}

impl Line {
    /// Something that is not judged.
    pub fn plain(what: impl Into<String>, words: impl Into<String>) -> Self {
        Self { what: what.into(), severity: Severity::Idle, words: words.into(), details: Vec::new() }
    }

    /// Something that is judged.
    pub fn judged(what: impl Into<String>, severity: Severity, words: impl Into<String>) -> Self {
        Self { severity, ..Self::plain(what, words) }
    }

    /// The same with more words, set apart by dots.
    pub fn and<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        for word in words {
            if !self.details.is_empty() {
                self.details.push(Piece::new(" · ", Scope::TextDim));
            }
            self.details.push(Piece::new(word, Scope::Text));
        }
        self
    }

    /// The same with bars in front of its details.
    fn drawn(mut self, bars: Vec<Piece>) -> Self {
        if !bars.is_empty() {
            let rest = std::mem::take(&mut self.details);
            self.details = bars;
            if !rest.is_empty() {
                self.details.push(Piece::new("  ", Scope::Text));
            }
            self.details.extend(rest);
        }
        self
    }

    /// How it is, as a cell: a glyph only where it is judged.
    pub fn state(&self) -> Cell {
        let mut pieces = vec![Piece::new(self.words.as_str(), said(self.severity))];
        if self.severity > Severity::Idle {
            pieces.insert(0, glyph(self.severity));
        }
        Cell { pieces, key: SortKey::Text(self.words.clone()) }
    }

    /// Everything in one cell.
    pub fn value(&self) -> Cell {
        let mut cell = self.state();
        if !self.details.is_empty() {
            let gap = if self.words.is_empty() { "" } else { "  " };
            cell.pieces.push(Piece::new(gap, Scope::Text));
            cell.pieces.extend(self.details.iter().cloned());
        }
        cell
    }
}

/// A server with what was measured on it.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub state: &'a State,
    pub server: &'a Server,
    pub measured: &'a Measured,
}

impl Subject<'_> {
    /// A number's history in a few bars.
    fn bars(&self, gauge: Gauge, limits: Option<Pair>, full: Option<f64>) -> Vec<Piece> {
        self.small(self.measured.trends.get(&gauge), limits, full)
    }

    /// A small line, where there is room for one beside the words.
    fn small(&self, trend: Option<&Series>, limits: Option<Pair>, full: Option<f64>) -> Vec<Piece> {
        let trend = trend.filter(|series| series.points.len() > 1 && self.state.size.0 >= ROOMY);
        trend.map_or_else(Vec::new, |series| {
            let full = full.or_else(|| spark::calm(series, limits));
            spark::bars(&spark::condensed(series, BARS), BARS, 0, limits, full)
        })
    }

    /// Whether what was measured of a topic is no longer current, or never was.
    pub fn is_old(&self, topic: Topic) -> bool {
        Gap::of(Some(self.measured), topic, &self.state.yardstick()).is_some()
    }

    /// How long ago that was: `2d`.
    fn since(&self, at: Timestamp) -> String {
        age::since(at, self.state.now)
    }

    /// The lines of a topic: what is known of it, however old, and why nothing newer is.
    pub fn lines(&self, topic: Topic) -> Vec<Line> {
        let Some(reading) = self.measured.reading(topic) else { return Vec::new() };
        let mut lines = reading.value().map_or_else(Vec::new, |fact| self.of_fact(fact));
        lines.extend(self.failure(topic, reading));
        lines
    }

    /// Why a topic could not be read the last time.
    fn failure(&self, topic: Topic, reading: &Reading<Fact>) -> Option<Line> {
        let failure = reading.failure()?;
        let since = match self.since(failure.since).as_str() {
            "now" => "now".to_owned(),
            word => format!("since {word}"),
        };
        let what = if reading.value().is_some() { "last attempt" } else { topic.word() };
        Some(if failure.kind == FailureKind::Absent {
            Line::plain(what, "not installed").and([failure.message.as_str()])
        } else {
            let words = format!("{} {since}", failure.kind.word());
            Line::judged(what, Severity::Unknown, words).and([failure.message.as_str()])
        })
    }

    fn of_fact(&self, fact: &Fact) -> Vec<Line> {
        match fact {
            Fact::Machine(machine) => self.machine(machine),
            Fact::Disks(disks) => self.disks(disks),
            Fact::Upkeep(upkeep) => host::upkeep(upkeep),
            Fact::Units(units) => self.units(units),
            Fact::Supervisor(supervisor) => self.supervisor(supervisor),
            Fact::Postgres(postgres) => self.postgres(postgres),
            Fact::RabbitMq(rabbitmq) => self.rabbitmq(rabbitmq),
            Fact::Redis(redis) => self.redis(redis),
            Fact::Memcached(memcached) => queues::memcached(memcached),
            Fact::Celery(celery) => self.celery(celery),
            Fact::PgBouncer(pgbouncer) => self.pgbouncer(pgbouncer),
            Fact::Code(code) => self.code(code),
            Fact::Site(site) => services::site(site),
        }
    }

    /// Why nothing is measured at all; nothing where the server can be reached.
    pub fn reach(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        if let Some(question) = &self.measured.host_key {
            let (severity, words) = if question.pinned.is_empty() {
                (Severity::Unknown, "not confirmed by anybody")
            } else {
                (Severity::Warn, "another one than before")
            };
            let presented = question.presented.as_ref().map(|key| format!("shown {key}"));
            let pinned = question.pinned.iter().map(|key| format!("known {key}"));
            let all = presented.into_iter().chain(pinned).chain(question.note.clone());
            lines.push(Line::judged("host key", severity, words).and(all));
        } else if let Some(failure) = &self.measured.unreachable {
            let words = format!("{} since {}", failure.kind.word(), self.since(failure.since));
            let line = Line::judged("ssh", Severity::Unknown, words);
            lines.push(line.and([failure.message.as_str()]));
        }
        if !lines.is_empty() && self.measured.reached_at.is_some() {
            let at = self.measured.reached_at.map_or_else(String::new, |at| age::ago(at, self.state.now));
            lines.push(Line::plain("reached", format!("last {at}")).and(["what is below was measured then"]));
        }
        lines
    }
}
