//! What is known before and while questions are asked. What could not be read says why, and stops nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Project;
use crate::fleet::RegionOffers;

/// Something that is looked up elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Known<T> {
    /// Nobody has asked yet.
    #[default]
    NotYet,
    /// It is being asked for.
    Asked,
    /// It is this.
    Yes(T),
    /// It could not be learned; why.
    No(String),
}

impl<T> Known<T> {
    /// The value, as far as it is known.
    #[must_use]
    pub const fn get(&self) -> Option<&T> {
        match self {
            Self::Yes(value) => Some(value),
            _ => None,
        }
    }
}

/// What a repository has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branches {
    /// The branch that a clone begins with.
    pub head: Option<String>,
    /// All of them.
    pub names: Vec<String>,
}

/// A public key of whoever sets up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MyKey {
    /// Its file, as people write it: `~/.ssh/id_ed25519.pub`.
    pub file: String,
    /// Its line.
    pub line: String,
}

/// Everything that defaults and checks are made of.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The name of the directory.
    pub directory: String,
    /// Who works here.
    pub user: String,
    /// Where the clone in this directory comes from.
    pub origin: Option<String>,
    /// Requirements files there are.
    pub requirements: Vec<String>,
    /// WSGI applications there are: `shop.wsgi:application`.
    pub wsgi: Vec<String>,
    /// Celery applications there are: `shop.celery`.
    pub celery: Vec<String>,
    /// Whether this directory holds the code, so that a file that is not here is none.
    pub has_code: bool,
    /// Public keys of whoever works here.
    pub keys: Vec<MyKey>,
    /// People who have a file of keys already.
    pub people: Vec<String>,
    /// The region of the profile or of the environment.
    pub region: Option<String>,
    /// What the region has that was answered; of which region.
    pub offers: BTreeMap<String, Known<RegionOffers>>,
    /// What the repository has that was answered; of which.
    pub branches: BTreeMap<String, Branches>,
    /// The config there is, as it is written and as it is understood.
    pub config: Option<(String, Project)>,
    /// Names of secrets that have a value, by environment.
    pub secrets: BTreeMap<String, BTreeSet<String>>,
    /// Whether there is a file of secrets that all environments share.
    pub shares_secrets: bool,
    /// On the simulated fleet.
    pub sandbox: bool,
}
