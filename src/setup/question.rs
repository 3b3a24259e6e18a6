//! What a question is: one row of the table, and one asking of it.

use std::fmt;

use super::event::{Found, Probe};
use super::ground::Ground;
use crate::config::Project;
use crate::config::edit::Wanted;
use crate::fleet::Severity;

/// How often a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Each {
    /// Once.
    Once,
    /// For every environment.
    Environment,
    /// For every role.
    Role,
    /// For every zone.
    Zone,
    /// For every secret of every environment: `staging/secret_key`.
    Secret,
}

/// How it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// With a line of text; what is offered can be taken.
    Line,
    /// With several words.
    Words,
    /// With one of those that are offered.
    Choice,
    /// With a line that is never shown, kept or written down anywhere but in the file of secrets.
    Secret,
}

/// Something that can be taken instead of typing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The answer.
    pub value: String,
    /// What it is.
    pub what: String,
}

impl Offer {
    /// An answer and what it is.
    pub fn new(value: impl Into<String>, what: impl Into<String>) -> Self {
        Self { value: value.into(), what: what.into() }
    }
}

/// What a check makes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Good; what was found, if there is something to tell.
    Good(String),
    /// It could not be checked: taken, with a warning.
    Unsure(String),
    /// Probably wrong: taken when it is given once more.
    Doubt(String),
    /// It cannot be so.
    Bad(String),
}

impl Verdict {
    /// Good, without a word.
    #[must_use]
    pub const fn fine() -> Self {
        Self::Good(String::new())
    }

    /// How an answer that was taken all the same is marked.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Good(_) => Severity::Ok,
            Self::Unsure(_) => Severity::Unknown,
            Self::Doubt(_) | Self::Bad(_) => Severity::Warn,
        }
    }

    /// What it says.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Good(text) | Self::Unsure(text) | Self::Doubt(text) | Self::Bad(text) => text,
        }
    }
}

/// Keys of the config and what they should hold.
pub type Edits = Vec<(Vec<String>, Wanted)>;

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Question {
    /// Its name.
    pub id: &'static str,
    /// Two words for the list of answers.
    pub title: &'static str,
    /// How often it is asked.
    pub each: Each,
    /// The sentence that asks; `{}` is what it is about.
    pub ask: &'static str,
    /// The line that explains.
    pub why: &'static str,
    /// How it is answered.
    pub kind: Kind,
    /// Whether no answer is one.
    pub optional: bool,
    /// Whether it is answered better once the region has told what it has.
    pub wants_offers: bool,
    /// Whether it is asked at all.
    pub when: fn(&Ground<'_>, &str) -> bool,
    /// The answer that is good where nothing else is known.
    pub default: fn(&Ground<'_>, &str) -> Option<String>,
    /// Answers to take.
    pub offers: fn(&Ground<'_>, &str) -> Vec<Offer>,
    /// What is known of an answer without looking anywhere.
    pub check: fn(&Ground<'_>, &str, &str) -> Verdict,
    /// What has to be looked at.
    pub probe: fn(&Ground<'_>, &str, &str) -> Option<Probe>,
    /// What that makes of it.
    pub judge: fn(&Ground<'_>, &str, &Found) -> Verdict,
    /// The answer as the config has it now.
    pub current: fn(&Project, &str) -> Option<String>,
    /// What the config says with this answer.
    pub edits: fn(&Ground<'_>, &str, &str) -> Edits,
}

/// A question with nothing to it; rows say what differs.
pub(super) const PLAIN: Question = Question {
    id: "",
    title: "",
    each: Each::Once,
    ask: "",
    why: "",
    kind: Kind::Line,
    optional: false,
    wants_offers: false,
    when: |_, _| true,
    default: |_, _| None,
    offers: |_, _| Vec::new(),
    check: |_, _, _| Verdict::fine(),
    probe: |_, _, _| None,
    judge: |_, _, _| Verdict::fine(),
    current: |_, _| None,
    edits: |_, _, _| Vec::new(),
};

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("id", &self.id).finish_non_exhaustive()
    }
}

/// One asking of a question.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The row.
    pub question: &'static Question,
    /// What it is about: an environment, a role; empty when it is asked once.
    pub item: String,
}

impl Asked {
    /// Its name among the answers: `branch`, `branch:staging`.
    #[must_use]
    pub fn key(&self) -> String {
        key(self.question.id, &self.item)
    }

    /// The sentence that asks.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.question.ask.replace("{}", &self.item)
    }

    /// Words for the list of answers.
    #[must_use]
    pub fn title(&self) -> String {
        if self.item.is_empty() {
            self.question.title.to_owned()
        } else {
            format!("{} {}", self.question.title, self.item)
        }
    }
}

/// The name of an answer.
pub(super) fn key(id: &str, item: &str) -> String {
    if item.is_empty() { id.to_owned() } else { format!("{id}:{item}") }
}
