//! How servers of an environment are built, as the config says it, and the people who work on them.

use super::{ImageId, Role, Zone};

/// What the config says of new servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildPlace {
    /// The image that they boot: `instance_settings.ami`.
    pub image: Option<ImageId>,
    /// Zones that they may be in, in the config's order.
    pub zones: Vec<ZonePlace>,
    /// What each role is launched with.
    pub roles: Vec<(Role, RolePlace)>,
    /// Whether packages are upgraded first: `run_upgrade`.
    pub upgrades: bool,
    /// The mirror of Ubuntu's packages, with `{region}` filled in.
    pub mirror: Option<String>,
    /// Groups of administrators: `admin_groups`.
    pub admin_groups: Vec<String>,
    /// Swap in hundredths of the machine's memory: `swap_multiplier`.
    pub swap_percent: u32,
    /// Where the data volume is mounted: `app_root`.
    pub volume_root: Option<String>,
    /// The file system of data volumes: `fs_type`.
    pub fs_type: Option<String>,
    /// Whether data volumes are to be LUKS volumes: `fs_encrypt`.
    pub fs_encrypt: bool,
    /// Whether EBS encrypts data volumes: `ebs_encrypt`.
    pub ebs_encrypt: bool,
    /// PostgreSQL: `db_settings`.
    pub database: DatabasePlace,
    /// What runs the project's code.
    pub app: AppPlace,
    /// Where logs are shipped to.
    pub logs: LogsPlace,
}

/// Where the config ships logs to; nowhere without any of the three.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogsPlace {
    /// A log server, or a whole line of rsyslog's: `syslog_server`.
    pub syslog: Option<String>,
    /// A host that takes GELF: `gelf_log_host`.
    pub gelf: Option<String>,
    /// The id of the key that CloudWatch is written with: `awslogs_access_key_id`.
    pub cloudwatch_key: Option<String>,
    /// The deployment, of which CloudWatch's groups have their names.
    pub deployment: String,
    /// The region.
    pub region: String,
    /// Files beside those that every role has: `extra_log_files`.
    pub files: Vec<LogFilePlace>,
}

/// A file of log lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilePlace {
    /// What its lines are tagged with.
    pub tag: String,
    /// Its path, which may have `*` in it.
    pub path: String,
}

/// What the config says of servers that run the project's code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppPlace {
    /// The repository: `repo`.
    pub repo: Option<String>,
    /// The Python that virtualenvs are made with, a path or a name: `python`.
    pub python: Option<String>,
    /// Packages that they want: `app_server_packages`.
    pub packages: Vec<String>,
    /// The version of Node: `node_version`.
    pub node: Option<String>,
    /// The version of `lessc`: `less_version`.
    pub less: Option<String>,
    /// Where what users send is kept.
    pub media_root: String,
    /// Where static files are collected.
    pub static_root: String,
}

/// A zone, and the subnet of servers in it; none is the zone's default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZonePlace {
    /// The zone in full.
    pub zone: Zone,
    /// Its subnet.
    pub subnet: Option<String>,
}

/// What the config says of the servers of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolePlace {
    /// The type.
    pub instance_type: Option<String>,
    /// Security groups, by name or id.
    pub security_groups: Vec<String>,
    /// The size of the data volume in GB; none is no volume.
    pub volume_gb: Option<u32>,
    /// The type of the data volume.
    pub volume_type: Option<String>,
}

/// What the config says of PostgreSQL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabasePlace {
    /// Settings of `postgresql.conf`, as they are written.
    pub settings: Vec<(String, String)>,
    /// Packages; none are the distribution's.
    pub packages: Vec<String>,
    /// Networks that may connect.
    pub networks: Vec<String>,
}

/// Somebody who works on the servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The user's name.
    pub user: String,
    /// The full name; empty where nobody wrote it down.
    pub full_name: String,
    /// Public keys, a line each.
    pub keys: Vec<String>,
}

impl BuildPlace {
    /// What a role is launched with.
    #[must_use]
    pub fn role(&self, role: &Role) -> RolePlace {
        self.roles.iter().find(|(known, _)| known == role).map(|(_, place)| place.clone()).unwrap_or_default()
    }
}
