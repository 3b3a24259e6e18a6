//! Texts that a job finds in variables of its script: made as it begins, for they may hold secrets.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Slot;
use crate::fleet::{Changeset, EnvironmentName, ServiceFile};

/// A text that is made as the job begins. It may hold secrets: neither plan nor journal has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFile {
    /// What it is made of.
    #[serde(flatten)]
    pub of: TextOf,
    /// The variable of the script that holds the text.
    pub variable: String,
    /// The environment whose it is.
    pub environment: EnvironmentName,
}

/// What a text is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum TextOf {
    /// A template.
    Template {
        /// Its path from the project's directory; its name where it is not the project's.
        path: String,
        /// Whether it is one that comes with the program.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        ours: bool,
        /// The file of a service that it is for; none for the settings.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<ServiceFile>,
        /// A digest of the template and the config when the plan was made: with others nothing is written.
        sources: String,
        /// What it is told that is not in the config.
        site: Box<Site>,
    },
    /// A secret of the project.
    Secret {
        /// Its name.
        name: String,
    },
    /// An executable of the project, as it is when the job begins.
    Hook {
        /// Its path from the project's directory.
        path: String,
    },
    /// What somebody types as the run begins, and again when it is taken up: it is kept nowhere.
    Typed {
        /// What it is called.
        name: String,
        /// Whether it is chosen by that: then it is typed twice.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        anew: bool,
    },
    /// A secret of the project as it was before it was changed: for what takes a job back, and for nothing else.
    SecretBefore {
        /// Its name.
        name: String,
        /// What it is kept under.
        note: String,
    },
    /// The private address of a server.
    Address {
        /// Which.
        address: Address,
    },
}

/// The private address of a server that there is, or that an earlier step launches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Address {
    /// This one.
    Known(String),
    /// That of a server which an earlier step launches.
    Later {
        /// Where the server's id goes.
        later: Slot,
    },
}

impl Address {
    /// That of a server which an earlier step launches.
    #[must_use]
    pub const fn later(slot: Slot) -> Self {
        Self::Later { later: slot }
    }

    /// Where the server's id comes from, as long as the address is not known.
    #[must_use]
    pub const fn slot(&self) -> Option<&Slot> {
        match self {
            Self::Known(_) => None,
            Self::Later { later } => Some(later),
        }
    }

    /// The address, once it is known.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(address) => Some(address),
            Self::Later { .. } => None,
        }
    }
}

impl From<&str> for Address {
    fn from(address: &str) -> Self {
        Self::Known(address.to_owned())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(address) => f.pad(address),
            Self::Later { later } => write!(f, "that of the new {later}"),
        }
    }
}

impl JobFile {
    /// The addresses in what it is made of.
    #[must_use]
    pub fn addresses(&self) -> Vec<&Address> {
        match &self.of {
            TextOf::Template { site, .. } => {
                let Site { primary, replicas, cache, .. } = &**site;
                [primary, cache].into_iter().chain(replicas).collect()
            }
            TextOf::Secret { .. }
            | TextOf::SecretBefore { .. }
            | TextOf::Typed { .. }
            | TextOf::Hook { .. } => Vec::new(),
            TextOf::Address { address } => vec![address],
        }
    }

    /// The same, to be looked up.
    pub fn addresses_mut(&mut self) -> Vec<&mut Address> {
        match &mut self.of {
            TextOf::Template { site, .. } => {
                let Site { primary, replicas, cache, .. } = &mut **site;
                let mut all = vec![primary, cache];
                all.extend(replicas);
                all
            }
            TextOf::Secret { .. }
            | TextOf::SecretBefore { .. }
            | TextOf::Typed { .. }
            | TextOf::Hook { .. } => Vec::new(),
            TextOf::Address { address } => vec![address],
        }
    }

    /// Whether it is only for what takes the job back.
    #[must_use]
    pub const fn is_for_the_way_back(&self) -> bool {
        matches!(self.of, TextOf::SecretBefore { .. })
    }

    /// Whether it is made of nothing that belongs to a project.
    #[must_use]
    pub const fn is_address(&self) -> bool {
        matches!(self.of, TextOf::Address { .. })
    }
}

impl TextOf {
    /// As it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Template { path, .. } | Self::Hook { path } => path,
            Self::Secret { name } | Self::SecretBefore { name, .. } | Self::Typed { name, .. } => name,
            Self::Address { .. } => "the address of a server",
        }
    }
}

/// What a template is told of an environment as it was when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The role of the server that it is for.
    pub role: String,
    /// The code that it goes with.
    pub changeset: Changeset,
    /// The private address of the primary.
    pub primary: Address,
    /// Private addresses of the replicas, the oldest first: the numbers in their names stay (R19).
    pub replicas: Vec<Address>,
    /// The private address of the cache and queue server.
    pub cache: Address,
}
