//! The table of what operations can be told: for the command line, the help and the screen.

/// Something an operation can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Opt {
    /// Processes of the group.
    Processes,
    /// The fewest members.
    Min,
    /// The wanted members.
    Desired,
    /// The most members.
    Max,
    /// Servers.
    Servers,
    /// Load balancers.
    Balancers,
    /// The release.
    Release,
    /// A branch, whose head is meant.
    Branch,
    /// A changeset.
    Changeset,
    /// How many servers at a time.
    Batch,
    /// No migrations.
    NoMigrate,
    /// No files of services.
    NoServices,
    /// With the maintenance page instead of server by server.
    Full,
    /// The page without the healthy answer.
    Unhealthy,
    /// The group held still first.
    HoldGroup,
    /// How many releases are kept.
    Keep,
    /// What new servers are for.
    Role,
    /// The zone that they are in.
    Zone,
    /// How many of them.
    Count,
    /// Those that could not be finished stay.
    KeepFailed,
    /// From the empty image.
    FromBase,
    /// Networks from which operators reach servers.
    SshFrom,
    /// The certificate of a load balancer.
    Certificate,
    /// The key that a new server is first reached with.
    PublicKey,
    /// The server whose place the new one takes.
    Replaces,
    /// The old server is stopped by EC2.
    StopOld,
    /// What does not end is killed.
    Kill,
    /// Secrets.
    Secret,
    /// The environment that data come from.
    From,
    /// A backup.
    Backup,
    /// A directory on a server.
    To,
    /// Words that override refusals.
    Override,
}

/// What is written after an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Flag,
    /// A number.
    Number,
    /// A word.
    Word,
    /// Words with commas between them.
    Words,
}

impl Opt {
    /// All of them.
    pub const ALL: [Self; 32] = [
        Self::Processes,
        Self::Min,
        Self::Desired,
        Self::Max,
        Self::Servers,
        Self::Balancers,
        Self::Release,
        Self::Branch,
        Self::Changeset,
        Self::Batch,
        Self::NoMigrate,
        Self::NoServices,
        Self::Full,
        Self::Unhealthy,
        Self::HoldGroup,
        Self::Keep,
        Self::Role,
        Self::Zone,
        Self::Count,
        Self::KeepFailed,
        Self::FromBase,
        Self::SshFrom,
        Self::Certificate,
        Self::PublicKey,
        Self::Replaces,
        Self::StopOld,
        Self::Kill,
        Self::Secret,
        Self::From,
        Self::Backup,
        Self::To,
        Self::Override,
    ];

    /// Its name, without the dashes before it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Min => "min",
            Self::Desired => "desired",
            Self::Max => "max",
            Self::Servers => "servers",
            Self::Balancers => "balancers",
            Self::Release => "release",
            Self::Branch => "branch",
            Self::Changeset => "changeset",
            Self::Batch => "batch",
            Self::NoMigrate => "no-migrate",
            Self::NoServices => "no-services",
            Self::Full => "full",
            Self::Unhealthy => "unhealthy",
            Self::HoldGroup => "hold-group",
            Self::Keep => "keep",
            Self::Role => "role",
            Self::Zone => "zone",
            Self::Count => "count",
            Self::KeepFailed => "keep-failed",
            Self::FromBase => "from-base",
            Self::SshFrom => "ssh-from",
            Self::Certificate => "certificate",
            Self::PublicKey => "public-key",
            Self::Replaces => "replaces",
            Self::StopOld => "stop-old",
            Self::Kill => "kill",
            Self::Secret => "secret",
            Self::From => "from",
            Self::Backup => "backup",
            Self::To => "to",
            Self::Override => "override",
        }
    }

    /// What is written after it.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::NoMigrate
            | Self::NoServices
            | Self::Full
            | Self::Unhealthy
            | Self::HoldGroup
            | Self::KeepFailed
            | Self::FromBase
            | Self::StopOld
            | Self::Kill => Kind::Flag,
            Self::Min | Self::Desired | Self::Max | Self::Batch | Self::Keep | Self::Count => Kind::Number,
            Self::Release
            | Self::Branch
            | Self::Changeset
            | Self::Role
            | Self::Zone
            | Self::Certificate
            | Self::PublicKey
            | Self::Replaces
            | Self::From
            | Self::Backup
            | Self::To => Kind::Word,
            Self::Processes
            | Self::Servers
            | Self::Balancers
            | Self::SshFrom
            | Self::Secret
            | Self::Override => Kind::Words,
        }
    }

    /// The name of its value in help; empty for a flag.
    #[must_use]
    pub const fn value_name(self) -> &'static str {
        match self {
            Self::Processes => "PROCESS,…",
            Self::Servers => "SERVER,…",
            Self::Balancers | Self::Secret => "NAME,…",
            Self::Release => "RELEASE",
            Self::Branch => "BRANCH",
            Self::Changeset => "CHANGESET",
            Self::Override => "WORD,…",
            Self::Role => "ROLE",
            Self::Zone => "ZONE",
            Self::SshFrom => "CIDR,…",
            Self::Certificate => "ARN",
            Self::PublicKey => "KEY",
            Self::Replaces => "SERVER",
            Self::From => "ENV",
            Self::Backup => "PATH",
            Self::To => "DIR",
            Self::Min | Self::Desired | Self::Max | Self::Batch | Self::Keep | Self::Count => "N",
            Self::NoMigrate
            | Self::NoServices
            | Self::Full
            | Self::Unhealthy
            | Self::HoldGroup
            | Self::KeepFailed
            | Self::FromBase
            | Self::StopOld
            | Self::Kill => "",
        }
    }

    /// What it is for.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Processes => "processes of the group, such as Launch,AZRebalance; without it, all of them",
            Self::Min => "the fewest servers the group may have",
            Self::Desired => "the servers the group wants",
            Self::Max => "the most servers the group may have",
            Self::Servers => "servers, by their instance ids or the beginning of one",
            Self::Balancers => "load balancers; without it, all of the environment's",
            Self::Release => {
                "a changeset or its beginning, a launch configuration's name, a template version, or `latest`"
            }
            Self::Branch => "a branch, whose newest changeset is meant, by the word of the project's origin",
            Self::Changeset => "a changeset, by its hash; the repository is not asked",
            Self::Batch => "how many servers are replaced at a time; 1 without it",
            Self::NoMigrate => "leave the database's schema as it is",
            Self::NoServices => "leave the files of Supervisor, PgBouncer, Stunnel and Nginx as they are",
            Self::Full => "with the maintenance page and all servers at once, rather than one by one",
            Self::Unhealthy => "let the load balancer take the servers out while the page is up",
            Self::HoldGroup => {
                "first suspend what would make the group lose its servers in an incident: HealthCheck, ReplaceUnhealthy, \
                 AZRebalance and AlarmNotification"
            }
            Self::Keep => {
                "how many are kept: releases beside those in use, or backups, the new one among them"
            }
            Self::Role => "what the new server is for: cache, db-primary, db-replica, worker, web or combo",
            Self::Zone => "its zone, by its letter or in full; without it, the one that is least used",
            Self::Count => "how many servers are made at the same time; 1 without it",
            Self::KeepFailed => "let a server that could not be finished stay, for a look at it",
            Self::FromBase => "build upon the empty image of the config instead of the last release's",
            Self::SshFrom => "networks from which operators reach the servers, such as 203.0.113.0/24",
            Self::Certificate => {
                "the ARN of the certificate that a load balancer serves; for a new one the default is what the deployment's \
                 others serve"
            }
            Self::PublicKey => {
                "the public key, as ssh-keygen writes it, with which new servers are first reached; a private key is \
                 never asked for"
            }
            Self::Replaces => "the worker whose place the new one takes, with beat where it has that",
            Self::StopOld => {
                "have EC2 stop the old server, which need not answer, and wait until it is stopped"
            }
            Self::Kill => "kill what has not ended by itself after 30 s; its tasks are cut",
            Self::Secret => "names of secrets, such as database_password or broker_password",
            Self::From => "the environment whose data are copied, such as production",
            Self::Backup => {
                "the file of a backup, by its path on the primary, or on the server that --servers names"
            }
            Self::To => "the directory on the server that the backup is written into",
            Self::Override => "words of refusals that are not to count; the refusal names its own",
        }
    }

    /// The option of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim_start_matches('-');
        Self::ALL.into_iter().find(|opt| opt.name() == name)
    }
}
