//! A step of a plan.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Action;

/// Names a step within its plan: its place, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u16);

impl StepId {
    /// Its place in the plan's steps, from 0 on.
    #[must_use]
    pub fn place(self) -> usize {
        usize::from(self.0).wrapping_sub(1)
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// For how long what a step changes is meant to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lasts {
    /// It stays; only undoing the run takes it back.
    Stays,
    /// It stays if the run comes to its good end; whatever stops the run takes it back, so that nothing half done is
    /// left as a trap.
    UnlessStopped,
    /// It is put back whatever way the run ends. On the good way a later step of the plan does it.
    UntilTheEnd,
}

/// What takes a step back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "undo", content = "words", rename_all = "kebab-case")]
pub enum Undo {
    /// It changes nothing.
    Nothing,
    /// The settings it changed go back to the values found before.
    Restore,
    /// What it made or replaced is taken back as the words say.
    Reverse(String),
    /// It cannot be taken back; the words say what stays.
    Cannot(String),
}

/// What to do when nobody knows whether it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// Doing it again does no harm.
    Repeatable,
    /// Whether it happened can be found out, and is, first.
    Check,
    /// Only a person can tell: the run asks.
    Ask,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in the plan.
    pub id: StepId,
    /// Steps that must have ended well before; all of them earlier ones.
    pub after: Vec<StepId>,
    /// What works side by side with other lanes: `worker`, `group`, `web`.
    pub lane: String,
    /// What it does, beginning with a verb.
    pub title: String,
    /// On what, as it is called.
    pub target: String,
    /// What exactly.
    pub action: Action,
    /// The value before, where there is one to show.
    pub before: Option<String>,
    /// The value after.
    pub becomes: Option<String>,
    /// For how long.
    pub lasts: Lasts,
    /// What takes it back.
    pub undo: Undo,
    /// After an unknown outcome.
    pub repeat: Repeat,
    /// How long it may take, in seconds.
    pub deadline_s: u32,
    /// What users notice of it.
    pub noticed: Option<String>,
    /// It takes something away that does not come back by itself: what the plan assumes is read again before it.
    pub destructive: bool,
    /// Its failure is told and the run goes on.
    pub soft: bool,
    /// Steps that stay ([`Lasts::UnlessStopped`]) once this one has ended well, whatever stops the run later: itself or
    /// earlier ones. From then on what they made is what users are served by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settles: Vec<StepId>,
    /// Once this one has ended well there is no way back: undoing is refused, and the run is gone on with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub seals: bool,
}
