//! Pages that list facts: what, how it is, and the details; and where a fact comes from.

use jiff::Timestamp;

use super::cells::{dim, glyph, said, state as stated};
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Cell, Piece, Row, RowId, SortKey};
use crate::console::theme::Scope;
use crate::fleet::{InstanceId, Reading, Server, Severity, Snapshot, Source};

/// A row of a page of facts.
pub struct Fact {
    section: String,
    id: RowId,
    severity: Severity,
    cells: Vec<Cell>,
    details: Vec<Vec<Piece>>,
}

impl Fact {
    /// A fact under a section; `key` tells it from others of its section.
    pub fn new(section: &str, key: &str, cells: Vec<Cell>) -> Self {
        let id = RowId::Line(format!("{section}/{key}"));
        Self { section: section.into(), id, severity: Severity::Idle, cells, details: Vec::new() }
    }

    /// What is judged: named, glyph and words, details.
    pub fn judged(section: &str, what: &str, severity: Severity, words: &str, details: Cell) -> Self {
        let cells = vec![plain_text(what), stated(severity, words), details];
        Self { severity, ..Self::new(section, what, cells) }
    }

    /// The same about a server, which can be opened.
    pub fn of_server(self, id: &InstanceId) -> Self {
        Self { id: RowId::Server(id.clone()), ..self }
    }

    /// The same with this severity.
    pub fn with(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// The same with a line under it.
    pub fn detail(mut self, line: Vec<Piece>) -> Self {
        self.details.push(line);
        self
    }

    /// The row.
    pub fn row(self) -> Row {
        Row {
            id: self.id,
            severity: self.severity,
            cells: self.cells,
            details: self.details,
            dimmed: false,
            section: Some(self.section),
        }
    }
}

/// Ordinary text that sorts as itself.
pub fn plain_text(words: &str) -> Cell {
    super::cells::text(words, Scope::Text)
}

/// Several words in a cell, less important ones dimmed: the first is the fact.
pub fn list<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> Cell {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut key = String::new();
    for word in words {
        if !pieces.is_empty() {
            pieces.push(Piece::new(" · ", Scope::TextDim));
        }
        key.push_str(word.as_ref());
        pieces.push(Piece::new(word.as_ref(), Scope::Text));
    }
    if pieces.is_empty() { super::cells::nothing() } else { Cell { pieces, key: SortKey::Text(key) } }
}

/// A server as a fact names it: glyph, short id, role.
pub fn server_name(snapshot: &Snapshot, id: &InstanceId, severity: Severity) -> Cell {
    let mut pieces = vec![glyph(severity), Piece::new(id.short(), Scope::TextStrong)];
    match snapshot.server(id) {
        Some(Server { role, .. }) => {
            pieces.push(Piece::new(format!(" {}", role.role), Scope::Text));
        }
        None if snapshot.servers.value().is_some() => {
            pieces.push(Piece::new(" not of this deployment", said(Severity::Warn)));
        }
        None => {}
    }
    Cell { pieces, key: SortKey::Text(id.to_string()) }
}

/// How old a fact is, where it comes from, and when exactly it was read.
pub fn source<T>(state: &State, reading: &Reading<T>) -> [Cell; 3] {
    let action = match reading.source() {
        Source::Probe(topic) => format!("ssh, {}", topic.word()),
        source => source.action().to_owned(),
    };
    let age = reading.age(state.now).map_or("?".to_owned(), age::shown);
    let read = reading.read_at().map_or_else(super::cells::nothing, |at| dim(moment(at)));
    match reading.failure() {
        None => [dim(age), dim(action), read],
        Some(failure) => [
            super::cells::text(age, Scope::AgeStale),
            super::cells::text(
                format!("{}: {action}", failure.kind.word()),
                Scope::Severity(Severity::Unknown),
            ),
            read,
        ],
    }
}

/// A moment to the second, in UTC: `2026-11-20 08:30:05Z`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
