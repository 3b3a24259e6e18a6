//! Who holds an environment's lock, and what runs have left beside theirs that is not put back.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A holder shows every minute that it is alive. One who has not for so long may be gone.
const SILENT_AFTER: SignedDuration = SignedDuration::from_mins(3);

/// Which lock a run holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockKind {
    /// One run at a time per environment.
    Environment,
    /// Making a release ahead of time: never in the way of an incident.
    Release,
}

impl LockKind {
    /// Its part of the lock's name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Environment => "lock",
            Self::Release => "release",
        }
    }
}

/// Who took a lock, and for what. Every text is one printable line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Who and from where: `jane@laptop`.
    pub who: String,
    /// As whom towards AWS.
    pub identity: String,
    /// The run's id on that machine.
    pub run: String,
    /// The operation.
    pub operation: String,
    /// The step it was at when it was last seen.
    pub step: String,
    /// Since when, by that machine's clock.
    pub since: Timestamp,
    /// How the run ended.
    pub ended: Option<String>,
}

/// How it stands with a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grip {
    /// It is held.
    Held,
    /// Its holder gave it back.
    Released,
    /// Somebody took it over.
    TakenOver,
}

/// A lock that is held, or one whose run has left something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// Which.
    pub kind: LockKind,
    /// Its number; the highest one holds.
    pub number: u64,
    /// How it stands with it.
    pub grip: Grip,
    /// Who took it; none if its note makes no sense or is gone.
    pub holder: Option<Holder>,
    /// When the holder was last seen alive.
    pub seen: Option<Timestamp>,
    /// What its run has changed for the time being and not put back: the setting and the value it should have.
    pub to_put_back: Vec<String>,
    /// Whether more lies beside it that makes no sense.
    pub unreadable: bool,
}

impl Lock {
    /// Whether it is held.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.grip == Grip::Held
    }

    /// Whether its run has anything to put back.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.unreadable || !self.to_put_back.is_empty()
    }

    /// Whether its holder was not seen for a while when this was read. That is not to say that it is gone.
    #[must_use]
    pub fn is_silent(&self, read_at: Timestamp) -> bool {
        self.is_held() && self.seen.is_none_or(|seen| read_at.duration_since(seen) > SILENT_AFTER)
    }
}
