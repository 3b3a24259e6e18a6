//! Answers on disk, so that the setup can be left and taken up again. There are no secrets among them.

use serde::{Deserialize, Serialize};

use super::ground::Answers;

/// The shape's version.
const VERSION: u32 = 1;

/// What is kept of a setup that was left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    version: u32,
    /// The answers.
    pub answers: Answers,
}

impl Kept {
    /// These answers.
    #[must_use]
    pub const fn new(answers: Answers) -> Self {
        Self { version: VERSION, answers }
    }

    /// As text for the file.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// From the file's text; nothing when it is another version's, or damaged: then one begins anew.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|kept: &Self| kept.version == VERSION)
    }
}
