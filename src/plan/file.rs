//! Files that a job finds, written from the project's own templates.

use serde::{Deserialize, Serialize};

use crate::fleet::{Changeset, EnvironmentName};

/// A text that is made from a template of the project as the job begins. It may hold secrets: neither plan nor journal
/// has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFile {
    /// The template, as a path from the project's directory.
    pub template: String,
    /// A digest of the template and the config when the plan was made: with others nothing is written.
    pub sources: String,
    /// The variable of the script that holds the text.
    pub variable: String,
    /// What the template is told that is not in the config.
    pub site: Site,
}

/// What a template is told of an environment as it was when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The environment.
    pub environment: EnvironmentName,
    /// The role of the server that it is for.
    pub role: String,
    /// The code that it goes with.
    pub changeset: Changeset,
    /// The private address of the primary.
    pub primary: String,
    /// Private addresses of the replicas, the oldest first: the numbers in their names stay (R19).
    pub replicas: Vec<String>,
    /// The private address of the cache and queue server.
    pub cache: String,
}
