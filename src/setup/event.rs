//! What the setup is told and what it asks for, and how it is shown.

use std::collections::BTreeMap;

use super::facts::Branches;
use super::files::PlannedFile;
use super::kept::Kept;
use crate::config::secrets::Secret;
use crate::fleet::{RegionOffers, Severity};

/// Something to look at in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Whether a repository answers, and what it has.
    Repository(String),
    /// The text of a file below the project's directory.
    Text(String),
    /// What a domain resolves to.
    Domain(String),
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A repository's branches; or why not.
    Repository(Result<Branches, String>),
    /// A file's text, nothing where there is none; or why it could not be read.
    Text(Result<Option<String>, String>),
    /// Addresses, none where the name is not known; or why nobody could be asked.
    Domain(Result<Vec<String>, String>),
}

/// What happens to the setup.
#[derive(Clone, Debug)]
pub enum Event {
    /// The answer reads so now.
    Typed(String),
    /// It is given.
    Accept,
    /// The question before.
    Back,
    /// What was looked for, by its ticket.
    Found(u64, Found),
    /// What a region has, or why that is not known.
    Offers(String, Result<RegionOffers, String>),
    /// What is on disk now, and values for secrets.
    Gathered(Gathered),
    /// The files are written; or why not.
    Wrote(Result<(), String>),
    /// Enough for now.
    Leave,
}

/// What files are made of, beside answers.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Texts of files that are there, by path.
    pub files: BTreeMap<String, Secret>,
    /// Values of secrets, by `environment/name`: made, or printed by the command.
    pub secrets: BTreeMap<String, Secret>,
    /// What went wrong with the command, for people.
    pub problems: Vec<String>,
}

/// What the setup asks for.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Look at something, and tell it with this ticket.
    Look(u64, Probe),
    /// Ask what a region has.
    Offers(String),
    /// Keep the answers.
    Keep(Kept),
    /// Read these files, and have values made for these secrets.
    Gather {
        /// Paths.
        files: Vec<String>,
        /// `environment/name`.
        secrets: Vec<String>,
        /// The command that prints them; random ones without.
        command: Option<String>,
        /// The project's name, for the command.
        project: String,
    },
    /// Write these.
    Write(Vec<PlannedFile>),
    /// It is over: with files, or left.
    End,
}

/// Where the setup is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a question, by its key.
    Ask(String),
    /// The files are being made.
    Gathering,
    /// The files are shown.
    Review,
    /// They are being written.
    Writing,
    /// They are written.
    Written,
    /// It was left.
    Left,
}

/// How an answer came through its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Good, a warning, or not known.
    pub severity: Severity,
    /// What was said.
    pub text: String,
}

/// One line of the list of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: String,
    /// What was asked.
    pub title: String,
    /// The answer; nothing yet.
    pub answer: Option<String>,
    /// How it came through.
    pub mark: Option<Mark>,
    /// Whether it is asked now.
    pub now: bool,
}
