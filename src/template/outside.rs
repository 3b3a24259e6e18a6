//! What secrets need of the world outside the project's directory: a program that tells those which the file has not, and
//! whoever masks values in what servers print.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::secrets::{ProjectSecrets, Secret};

/// Asks a program for the secret of an environment by its name; says why not, with the program's name and nothing of what it
/// printed. Waits for it.
pub type Ask = Arc<dyn Fn(&str, &str) -> Result<Secret, String> + Send + Sync>;

/// Is told values that are masked from then on, beside those it knows.
pub type Mask = Arc<dyn Fn(Vec<Secret>) + Send + Sync>;

/// The ways out, and what was told by them.
#[derive(Clone, Default)]
pub struct Outside {
    /// The program's name, and how it is asked; none where there is none.
    pub(super) ask: Option<(String, Ask)>,
    /// Who masks; nobody where no servers are asked.
    pub(super) mask: Option<Mask>,
    /// What the program has told, by environment and name: it is asked anew for each plan, not for each text of a run.
    told: Arc<Mutex<BTreeMap<(String, String), Secret>>>,
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside")
            .field("program", &self.ask.as_ref().map(|(name, _)| name))
            .finish_non_exhaustive()
    }
}

impl Outside {
    /// These ways: a program with its name, and who masks.
    #[must_use]
    pub fn new(ask: Option<(String, Ask)>, mask: Option<Mask>) -> Self {
        Self { ask, mask, told: Arc::default() }
    }

    /// Asks for those of the names that are not there, and takes them in; gives why for each that could not be had. `anew`
    /// forgets what was told before.
    pub(super) fn complete<'n>(
        &self,
        environment: &str,
        names: impl Iterator<Item = &'n str>,
        found: &mut ProjectSecrets,
        anew: bool,
    ) -> BTreeMap<String, String> {
        let mut failed = BTreeMap::new();
        let Some((_, ask)) = &self.ask else { return failed };
        for name in names {
            if found.values.contains_key(name) {
                continue;
            }
            let key = (environment.to_owned(), name.to_owned());
            let known = self.told.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
            match known.filter(|_| !anew).map_or_else(|| ask(environment, name), Ok) {
                Ok(secret) => {
                    self.masks(vec![secret.clone()]);
                    self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(key, secret.clone());
                    found.values.insert(name.to_owned(), secret);
                }
                Err(why) => {
                    failed.insert(name.to_owned(), why);
                }
            }
        }
        failed
    }

    /// These values are masked from now on.
    pub(super) fn masks(&self, values: Vec<Secret>) {
        if let Some(mask) = &self.mask {
            mask(values);
        }
    }
}
