//! The port to the project's repository: subjects and authors of changesets, and the migrations between two of them.
//!
//! [`git`] asks the operator's own clone. What it tells is plain data, so that planners need no repository.

pub mod git;
mod migration;

use jiff::Timestamp;
use serde::Serialize;

use crate::fleet::Changeset;

/// Why the repository did not tell. Every message says what happened and what to do, on one printable line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepoError {
    /// There is no clone where one was looked for, or no git.
    #[error("{0}")]
    NoClone(String),
    /// The branch or changeset is not there.
    #[error("{0}")]
    Absent(String),
    /// It took too long.
    #[error("{0}")]
    Slow(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// The repository. Every call waits, at most for the adapter's own deadline.
pub trait Repo: Send + Sync {
    /// The newest changeset of a branch, by the word of where everybody pushes to.
    ///
    /// # Errors
    /// When there is no such branch, or nobody can be asked.
    fn head(&self, branch: &str) -> Result<Changeset, RepoError>;

    /// What is known of a changeset.
    ///
    /// # Errors
    /// When the clone has no such changeset: it has to be fetched.
    fn commit(&self, changeset: &Changeset) -> Result<Commit, RepoError>;

    /// What lies between two changesets.
    ///
    /// # Errors
    /// When the clone lacks one of them.
    fn between(&self, from: &Changeset, to: &Changeset) -> Result<Between, RepoError>;
}

/// One changeset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// In full.
    pub changeset: Changeset,
    /// The first line of its message, made printable.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub at: Option<Timestamp>,
}

/// What in a migration breaks code that does not know it (R13).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "danger", content = "what", rename_all = "kebab-case")]
pub enum Danger {
    /// A table goes.
    DropsTable(String),
    /// A column goes.
    DropsColumn(String),
    /// A table has another name.
    RenamesTable(String),
    /// A column has another name.
    RenamesColumn(String),
    /// A column must have a value, and old code gives none.
    RequiresColumn(String),
}

impl Danger {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::DropsTable(what) => format!("drops table {what}"),
            Self::DropsColumn(what) => format!("drops column {what}"),
            Self::RenamesTable(what) => format!("renames table {what}"),
            Self::RenamesColumn(what) => format!("renames column {what}"),
            Self::RequiresColumn(what) => format!("adds NOT NULL column {what}"),
        }
    }
}

/// A migration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Migration {
    /// `exports.0042_add_index`.
    pub name: String,
    /// What breaks old code.
    pub dangers: Vec<Danger>,
    /// What it does cannot be told from its text: it runs SQL or Python of its own, or is not as usual.
    pub unclear: bool,
}

/// What lies between two changesets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Between {
    /// From this one.
    pub from: Changeset,
    /// To this one.
    pub to: Changeset,
    /// Commits of `to` that `from` has not, newest first; bounded.
    pub commits: Vec<Commit>,
    /// Migrations that `to` has and `from` has not.
    pub gained: Vec<Migration>,
    /// Migrations that `from` has and `to` has not: code goes back, the schema does not.
    pub lost: Vec<Migration>,
}

/// What the repository was asked and told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RepoFacts {
    /// Changesets that somebody asked about.
    pub commits: Vec<Commit>,
    /// Pairs that somebody asked about.
    pub between: Vec<Between>,
}

/// Whether one is the beginning of the other: names of releases may hold a short form.
fn same(a: &Changeset, b: &Changeset) -> bool {
    let (a, b) = (a.as_str(), b.as_str());
    a.len().min(b.len()) >= 7 && (a.starts_with(b) || b.starts_with(a)) || a == b
}

impl RepoFacts {
    /// What is known of a changeset.
    #[must_use]
    pub fn commit(&self, changeset: &Changeset) -> Option<&Commit> {
        self.commits.iter().find(|commit| same(&commit.changeset, changeset))
    }

    /// What lies between two changesets, if that was asked.
    #[must_use]
    pub fn between(&self, from: &Changeset, to: &Changeset) -> Option<&Between> {
        self.between.iter().find(|between| same(&between.from, from) && same(&between.to, to))
    }
}
