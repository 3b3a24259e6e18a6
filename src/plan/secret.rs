//! Changes of the project's secrets, by name: neither plan nor journal has a value.

use serde::{Deserialize, Serialize};

use crate::fleet::EnvironmentName;

/// A change of secrets in the file of secrets, on the operator's machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretsChange {
    /// Of which environment.
    pub environment: EnvironmentName,
    /// Which.
    pub names: Vec<String>,
    /// What the values from before are kept under, in letters and digits.
    pub note: String,
    /// What becomes of them.
    pub to: SecretsTo,
}

/// What becomes of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretsTo {
    /// They get new values, and those from before are kept beside the file. Done again, it changes nothing.
    New,
    /// They get the values back that were kept.
    Before,
    /// Nothing is kept any more.
    Forgotten,
}
