//! What a lock's note says.

use std::fmt;

use crate::cloud::Note;
use crate::fleet::text::one_line;
use crate::plan::lock::{LockNote, Outstanding};

/// The most bytes of a note; SSM takes 4,096.
pub(super) const BODY: usize = 4_000;

/// A lock that somebody holds or held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its number.
    pub number: u64,
    /// What its note says; none if it makes no sense.
    pub note: Option<LockNote>,
}

impl Held {
    pub(super) fn read(number: u64, note: &Note) -> Self {
        Self { number, note: LockNote::read(&note.text) }
    }

    /// Whether it was given back. A note that makes no sense was not.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.note.as_ref().is_some_and(|note| note.released.is_some())
    }

    pub(super) fn is_of(&self, note: &LockNote) -> bool {
        self.note.as_ref().is_some_and(|ours| ours.token == note.token)
    }

    /// Who, on one printable line.
    #[must_use]
    pub fn who(&self) -> String {
        self.note
            .as_ref()
            .map_or_else(|| "somebody whose note cannot be read".into(), |note| one_line(&note.who))
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(note) = &self.note else {
            return write!(
                f,
                "the lock (number {}) is held, but its note makes no sense. Find out who is at work; if nobody is, take \
                 it over with --take-over {}",
                self.number, self.number
            );
        };
        write!(
            f,
            "{} holds the lock (number {}) since {:.0} for {}, at {}; last seen {:.0}. Wait for it, or, if that machine is \
             gone, take it over with --take-over {}",
            one_line(&note.who),
            self.number,
            note.since,
            one_line(&note.operation),
            one_line(&note.step),
            note.seen,
            self.number
        )
    }
}

/// Values to put back, in texts of at most so many bytes.
pub(super) fn chunks(values: &[Outstanding], most: usize) -> Vec<String> {
    let mut texts = Vec::new();
    let mut some: Vec<String> = Vec::new();
    let mut size = 2;
    for value in values {
        let Ok(text) = serde_json::to_string(value) else { continue };
        if size + text.len() + 1 > most && !some.is_empty() {
            texts.push(format!("[{}]", some.join(",")));
            some.clear();
            size = 2;
        }
        size += text.len() + 1;
        some.push(text);
    }
    if !some.is_empty() {
        texts.push(format!("[{}]", some.join(",")));
    }
    texts
}
