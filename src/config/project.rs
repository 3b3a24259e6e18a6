//! `fabulaws-config.yml` as types: what is not written, or wrong, is at its default.

use std::path::PathBuf;
use std::sync::Arc;

use super::mapping::Mapping;
use super::problem::Position;
use super::section::{At, Table};
use super::tree::Node;

/// A FabulAWS project's configuration.
#[derive(Clone, Debug)]
pub struct Project {
    /// The file it was read from.
    pub file: PathBuf,
    /// The whole file as a tree, with every key that is not known here: templates may use them.
    pub tree: Arc<Node>,
    /// How servers are made.
    pub instances: InstanceSettings,
    /// Names, users, paths and commands.
    pub names: Names,
    /// What runs on servers.
    pub servers: Servers,
    /// Deployments, environments and roles.
    pub places: Places,
    /// What the project has in AWS.
    pub aws: Aws,
    /// `disable_known_hosts`. It is obeyed only together with `[ssh] check_host_keys = false` in `quarterdeck.toml`.
    pub disable_known_hosts: Option<At<bool>>,
}

/// `instance_settings`: how servers are made.
#[derive(Clone, Debug, Default)]
pub struct InstanceSettings {
    /// The Ubuntu image new servers start from.
    pub ami: Option<String>,
    /// What names of key pairs begin with.
    pub key_prefix: String,
    /// Groups of administrators on the servers.
    pub admin_groups: Vec<At<String>>,
    /// Whether packages are upgraded on new servers.
    pub run_upgrade: bool,
    /// Where the data volume is mounted; older files call it `secure_root`.
    pub app_root: Option<String>,
    /// Where homes were kept encrypted, in older files.
    pub secure_home: Option<String>,
    /// The file system of the data volume.
    pub fs_type: Option<String>,
    /// Whether the data volume is a LUKS volume that is unlocked by hand.
    pub fs_encrypt: bool,
    /// Whether the data volume is encrypted by EBS.
    pub ebs_encrypt: bool,
    /// The mirror of Ubuntu's packages.
    pub ubuntu_mirror: Option<String>,
    /// Swap as a multiple of memory.
    pub swap_multiplier: f64,
}

/// Names, users, paths and commands.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The project: the first part of database names, and the Django package.
    pub project: Option<At<String>>,
    /// The user who owns the code.
    pub deploy_user: Option<String>,
    /// The user the web server and Celery run as.
    pub webserver_user: Option<String>,
    /// The database user.
    pub database_user: Option<String>,
    /// The home under which everything lives.
    pub home: Option<String>,
    /// The Python that virtualenvs are made with.
    pub python: Option<String>,
    /// The repository.
    pub repo: Option<String>,
    /// `git` or `hg`.
    pub vcs_cmd: Option<At<String>>,
    /// The command that prints the changeset checked out.
    pub latest_changeset_cmd: Option<String>,
    /// The WSGI application.
    pub wsgi_app: Option<String>,
    /// The requirements file, from the code's root.
    pub requirements_file: Option<String>,
    /// A directory of source distributions, from the code's root.
    pub requirements_sdists: Option<String>,
    /// The settings module for `manage.py`.
    pub settings_managepy: Option<String>,
    /// The template of `local_settings.py`.
    pub localsettings_template: Option<String>,
    /// Where `local_settings.py` goes, from the project's package.
    pub local_settings_py_relative_path: Option<String>,
    /// `static_html.upgrade_message`: the maintenance page.
    pub upgrade_message: Option<String>,
    /// `static_html.healthcheck_override`: what answers the health check during maintenance.
    pub healthcheck_override: Option<String>,
    /// The directory of administrators' public keys.
    pub ssh_keys: Option<String>,
    /// Names of the secrets.
    pub password_names: Vec<At<String>>,
    /// The key that backups are encrypted for.
    pub backup_key_fingerprint: Option<String>,
}

/// What runs on servers.
#[derive(Clone, Debug, Default)]
pub struct Servers {
    /// PgBouncer's port.
    pub pgbouncer_port: Option<u16>,
    /// Gunicorn's port by environment.
    pub server_ports: Table<u16>,
    /// `local` or `remote`: who serves static files.
    pub static_hosting: Option<At<String>>,
    /// Celery workers and their options.
    pub celery_workers: Table<String>,
    /// The Celery application.
    pub celery_application: Option<String>,
    /// For templates: the class that takes pictures of Celery's events; empty: none does.
    pub celery_camera: Option<String>,
    /// Gunicorn workers per core; 4 when not given.
    pub gunicorn_worker_multiplier: Option<u64>,
    /// Gunicorn's timeout in seconds; 30 when not given.
    pub gunicorn_timeout: Option<u64>,
    /// Gunicorn's worker class; `sync` when not given.
    pub gunicorn_worker_class: Option<String>,
    /// Packages of web servers and workers.
    pub app_server_packages: Vec<At<String>>,
    /// `db_settings`: PostgreSQL.
    pub database: DatabaseSettings,
    /// Environments behind basic authentication.
    pub use_basic_auth: Table<bool>,
    /// More log files to ship.
    pub extra_log_files: Vec<LogFile>,
    /// Where syslog goes: `host:port`, or lines for rsyslog.
    pub syslog_server: Option<String>,
    /// Where GELF goes; older files call it `log_host`.
    pub gelf_log_host: Option<String>,
    /// The access key of the CloudWatch log agent.
    pub awslogs_access_key_id: Option<String>,
    /// The version of Node.
    pub node_version: Option<String>,
    /// The version of `lessc`.
    pub less_version: Option<String>,
}

/// `db_settings`: PostgreSQL.
#[derive(Clone, Debug, Default)]
pub struct DatabaseSettings {
    /// Settings as in `postgresql.conf`.
    pub settings: Table<String>,
    /// Packages.
    pub packages: Vec<At<String>>,
    /// Networks that may connect.
    pub networks: Vec<At<String>>,
    /// Whether resources are tuned to the server.
    pub tune: Option<bool>,
    /// The kind of load it is tuned for.
    pub tune_type: Option<String>,
    /// Kernel setting `shmmax` in bytes.
    pub shmmax: Option<u64>,
    /// Kernel setting `shmall` in pages.
    pub shmall: Option<u64>,
    /// Whether the kernel may not kill PostgreSQL when memory is short.
    pub disable_oom: Option<bool>,
}

/// A log file to ship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// Its path on the server.
    pub path: At<String>,
    /// What its lines are tagged with.
    pub tag: String,
    /// How its lines are dated.
    pub date_format: String,
}

/// Deployments, environments and roles.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The deployment that is meant when none is named.
    pub default_deployment: Option<At<String>>,
    /// Every deployment.
    pub deployments: Vec<At<String>>,
    /// Every environment, in the order of the file.
    pub environments: Vec<At<String>>,
    /// Environments that are production; nothing when the file does not say, which means `production`.
    pub production_environments: Option<Vec<At<String>>>,
    /// Every role.
    pub valid_roles: Vec<At<String>>,
    /// Branches by deployment and environment.
    pub branches: Mapping<At<String>>,
    /// Domains by environment; the first names the site.
    pub site_domains_map: Table<Vec<At<String>>>,
}

/// What the project has in AWS.
#[derive(Clone, Debug, Default)]
pub struct Aws {
    /// The region.
    pub region: Option<At<String>>,
    /// Letters of zones, or zones in full.
    pub avail_zones: Vec<At<String>>,
    /// Subnets by zone, letter or in full; nothing for the default VPC.
    pub subnets: Option<At<Table<At<String>>>>,
    /// `public_dns_name` or `private_ip_address`: how servers are reached.
    pub ec2_attr_for_ssh: Option<At<String>>,
    /// Security groups by environment and role.
    pub security_groups: Mapping<Vec<At<String>>>,
    /// Instance types by environment and role.
    pub instance_types: Mapping<At<String>>,
    /// Sizes of data volumes in GB, by environment and role.
    pub volume_sizes: Mapping<u32>,
    /// Types of data volumes by environment and role.
    pub volume_types: Mapping<At<String>>,
    /// Load balancers by deployment and environment; several all count.
    pub load_balancers: Mapping<Vec<At<String>>>,
    /// Auto Scaling groups by deployment and environment.
    pub auto_scaling_groups: Mapping<At<String>>,
    /// `CloudFront` distributions by deployment and environment.
    pub cloudfront_distribution_ids: Mapping<Vec<At<String>>>,
}

impl Project {
    /// Where a top-level key stands; the start of the file when it is not there.
    #[must_use]
    pub fn at(&self, key: &str) -> Position {
        self.tree.entry(key).map_or(Position::START, |entry| entry.at)
    }

    /// Whether host keys are checked: always, unless the project and the preference (`[ssh] check_host_keys`)
    /// both say no.
    #[must_use]
    pub fn checks_host_keys(&self, preference: bool) -> bool {
        preference || !self.disable_known_hosts.as_ref().is_some_and(|flag| flag.value)
    }
}
