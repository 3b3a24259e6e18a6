//! What the doctor is told that somebody had to read or ask for.

use jiff::Timestamp;

use crate::fleet::Role;

/// Something wrong with the project's config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectProblem {
    /// An error; otherwise a warning.
    pub is_error: bool,
    /// The place and what is wrong: `fabulaws-config.yml:3:5: …`.
    pub text: String,
}

/// What the config says of the servers of one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleFacts {
    /// The role.
    pub role: Role,
    /// `instance_types`.
    pub instance_type: Option<String>,
    /// `volume_sizes`, in GB.
    pub volume_size: Option<u32>,
    /// `security_groups`.
    pub has_security_group: bool,
}

/// The file of secrets, as the file system and git see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretsFile {
    /// Where it is.
    pub path: String,
    /// Its mode, where files have one.
    pub mode: Option<u32>,
    /// Whether git leaves it alone; none where nobody knows, as outside a repository.
    pub is_ignored: Option<bool>,
    /// What could not be read in it, with its place.
    pub problems: Vec<String>,
}

/// What the project's files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectFacts {
    /// What `config check` holds against the config and the preferences, notes apart.
    pub problems: Vec<ProjectProblem>,
    /// The roles of `valid_roles`.
    pub roles: Vec<RoleFacts>,
    /// Names of secrets that the config wants a value of.
    pub secrets: usize,
    /// The file of secrets; none where there is none.
    pub secrets_file: Option<SecretsFile>,
    /// `avail_zones`, in full.
    pub zones: Vec<String>,
    /// Zones of `avail_zones` without a subnet, where `subnets` names any.
    pub without_subnet: Vec<String>,
    /// `fs_encrypt`: data volumes are unlocked by hand.
    pub uses_luks: bool,
}

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// These addresses.
    Addresses(Vec<String>),
    /// DNS has no such name.
    Nothing,
    /// It was not told: why.
    Unknown(String),
}

/// A name that was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The name.
    pub name: String,
    /// What it leads to.
    pub leads_to: Named,
}

/// A certificate as whoever connects is shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The names that it is good for.
    pub names: Vec<String>,
    /// Until when it is good.
    pub expires_at: Option<Timestamp>,
}

/// What a load balancer shows whoever asks for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The domain.
    pub domain: String,
    /// The load balancer's own name in DNS.
    pub by: String,
    /// The certificate, or why it is not known.
    pub told: Result<Shown, String>,
}
