//! The port to the project's repository: subjects and authors of changesets, and the migrations between two of them.
//!
//! [`git`] asks the operator's own clone. What it tells is plain data, so that planners need no repository.

pub mod git;
mod migration;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

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

/// The newest changeset of a branch, by the word of where everybody pushes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The branch.
    pub branch: String,
    /// Its newest changeset; or why it is not known, and what to do.
    pub changeset: Result<Changeset, String>,
}

/// What lies between two changesets, where that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Untold {
    /// From this one.
    pub from: Changeset,
    /// To this one.
    pub to: Changeset,
    /// Why it is not known, and what to do.
    pub why: String,
}

/// Something that the repository can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The newest changeset of a branch.
    Head(String),
    /// What is known of a changeset.
    Commit(Changeset),
    /// What lies between two changesets.
    Between(Changeset, Changeset),
}

/// A way to the repository that does not keep anybody waiting who has something else to do: adds the answers to what was
/// told before.
pub type Asking =
    Arc<dyn Fn(Vec<Question>, RepoFacts) -> Pin<Box<dyn Future<Output = RepoFacts> + Send>> + Send + Sync>;

/// What the repository was asked and told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RepoFacts {
    /// Branches that somebody asked about.
    pub heads: Vec<Head>,
    /// Changesets that somebody asked about.
    pub commits: Vec<Commit>,
    /// Pairs that somebody asked about.
    pub between: Vec<Between>,
    /// Pairs that it did not tell of.
    pub untold: Vec<Untold>,
}

impl RepoFacts {
    /// Asks, and takes in what is told. Waits, at most for the repository's own deadline. That a branch's head is not
    /// known is a fact as well, for an operation refuses with the reason; and so is what lies between two changesets.
    ///
    /// # Errors
    /// When the repository did not tell.
    pub fn ask(&mut self, repo: &dyn Repo, question: &Question) -> Result<(), RepoError> {
        match question {
            Question::Head(branch) => {
                let told = repo.head(branch);
                let changeset = told.clone().map_err(|error| error.to_string());
                self.heads.push(Head { branch: branch.clone(), changeset });
                told.map(drop)
            }
            Question::Commit(changeset) => repo.commit(changeset).map(|commit| self.commits.push(commit)),
            Question::Between(from, to) => match repo.between(from, to) {
                Ok(between) => {
                    self.between.push(between);
                    Ok(())
                }
                Err(error) => {
                    let why = error.to_string();
                    self.untold.push(Untold { from: from.clone(), to: to.clone(), why });
                    Err(error)
                }
            },
        }
    }

    /// What was told of a branch's head, if that was asked.
    #[must_use]
    pub fn head(&self, branch: &str) -> Option<&Head> {
        self.heads.iter().find(|head| head.branch == branch)
    }

    /// What is known of a changeset.
    #[must_use]
    pub fn commit(&self, changeset: &Changeset) -> Option<&Commit> {
        self.commits.iter().find(|commit| commit.changeset.is_same(changeset))
    }

    /// What lies between two changesets, if that was asked.
    #[must_use]
    pub fn between(&self, from: &Changeset, to: &Changeset) -> Option<&Between> {
        self.between.iter().find(|between| between.from.is_same(from) && between.to.is_same(to))
    }

    /// Why it is not known what lies between two changesets, if that was asked and not told.
    #[must_use]
    pub fn untold(&self, from: &Changeset, to: &Changeset) -> Option<&str> {
        let found = self.untold.iter().find(|one| one.from.is_same(from) && one.to.is_same(to));
        found.map(|one| one.why.as_str())
    }
}
