//! What a lock's note says.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cloud::Note;
use crate::fleet::text::one_line;
use crate::plan::{Setting, Value};

/// The most bytes of a note; SSM takes 4,096.
pub(super) const BODY: usize = 4_000;

/// The word in the path of what is to be put back.
pub(super) const RESTORE: &str = "restore";

/// Who holds a lock, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockNote {
    /// Who: `jane@laptop`.
    pub who: String,
    /// As whom towards AWS.
    #[serde(default)]
    pub identity: String,
    /// Names this run over all machines.
    pub token: String,
    /// The run's id on that machine.
    pub run: String,
    /// The operation.
    pub operation: String,
    /// The step it is at, in words.
    pub step: String,
    /// Since when.
    pub since: Timestamp,
    /// When the holder was last seen alive.
    pub seen: Timestamp,
    /// From whom it was taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_from: Option<u64>,
    /// When it was given back, and how the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Timestamp>,
    /// How the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

impl LockNote {
    /// As it is written: within the bound, whatever the words are.
    #[must_use]
    pub fn text(&self) -> String {
        let short = |text: &str| one_line(text).chars().take(200).collect::<String>();
        let bounded = Self {
            who: short(&self.who),
            identity: short(&self.identity),
            step: short(&self.step),
            ended: self.ended.as_deref().map(short),
            ..self.clone()
        };
        serde_json::to_string(&bounded).unwrap_or_default()
    }
}

/// A setting that is to be put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outstanding {
    /// Which.
    pub setting: Setting,
    /// The value found before.
    pub value: Value,
    /// Every value that the run may have given it: any other is somebody else's.
    pub ours: Vec<Value>,
}

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
        Self { number, note: serde_json::from_str(&note.text).ok() }
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
