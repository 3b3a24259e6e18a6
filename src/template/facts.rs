//! What planners know of templates and secrets, without a value.

/// A template that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path from the project's directory.
    pub template: String,
    /// A digest of it and of the config.
    pub sources: String,
    /// Names that it asks for and nobody has: nothing will stand there.
    pub unknown: Vec<String>,
}

/// What is known before anything is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFacts {
    /// The template of the settings, or why it cannot be used; none where the config names none.
    pub settings: Option<Result<Source, String>>,
    /// Secrets that the config names and the file of secrets has not.
    pub missing: Vec<String>,
    /// Whether there is a key for New Relic among the secrets.
    pub tells_new_relic: bool,
    /// Where secrets are looked for.
    pub secrets_file: String,
    /// What servers are built with.
    pub ground: super::Ground,
}
