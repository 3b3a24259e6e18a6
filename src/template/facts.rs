//! What planners know of templates and secrets, without a value.

use crate::fleet::ServiceFile;

/// A template that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path from the project's directory; its name where it is not the project's.
    pub template: String,
    /// Whether it is one that comes with the program.
    pub ours: bool,
    /// A digest of it and of the config.
    pub sources: String,
    /// Names that it asks for and nobody has: nothing will stand there.
    pub unknown: Vec<String>,
}

/// A task of the fabfile that FabulAWS would call. It is never run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// Where it stands, `fabfile.py:12`.
    pub at: String,
    /// Where its replacement belongs, from the project's directory.
    pub path: String,
    /// Whether that is there and may be executed.
    pub is_replaced: bool,
    /// Whether what is there can be run on a server, or why not; none where nothing is there.
    pub runs: Option<Result<(), String>>,
}

impl SiteFacts {
    /// Names of secrets that have no value.
    pub fn lacking(&self) -> impl Iterator<Item = &str> {
        // Behind a name may stand why a program did not tell it.
        self.missing.iter().filter_map(|name| name.split(' ').next())
    }
}

/// What is known before anything is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFacts {
    /// The template of the settings, or why it cannot be used; none where the config names none.
    pub settings: Option<Result<Source, String>>,
    /// The files of services that the environment wants, and the template of each, or why it cannot be used.
    pub services: Vec<(ServiceFile, Result<Source, String>)>,
    /// Secrets that the config names and the file of secrets has not.
    pub missing: Vec<String>,
    /// Whether there is a key for New Relic among the secrets.
    pub tells_new_relic: bool,
    /// Where secrets are looked for.
    pub secrets_file: String,
    /// Hooks of the fabfile, in its order.
    pub hooks: Vec<Hook>,
    /// What servers are built with.
    pub ground: super::Ground,
    /// How secrets stand to those in the settings of servers; none where servers were not asked.
    pub drift: Option<super::Drift>,
}
