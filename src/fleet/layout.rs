//! Where things are on the servers of an environment, as FabulAWS lays them out.

use serde::Serialize;

/// Paths, names and ports on an environment's servers. Probes and logs are told by it where to look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// The user who owns the code.
    pub deploy_user: String,
    /// The user whom Gunicorn, Celery, `PgBouncer` and Stunnel run as; empty where the config does not say.
    pub webserver_user: String,
    /// `DJANGO_SETTINGS_MODULE`; empty where the config does not say.
    pub settings_module: String,
    /// `<home>`.
    pub home: String,
    /// `<home>/www/<environment>`.
    pub root: String,
    /// `<root>/log`.
    pub log_dir: String,
    /// `<root>/code_root`: the checkout.
    pub code_root: String,
    /// `<root>/env`: the virtualenv.
    pub virtualenv: String,
    /// `<home>/services`.
    pub services: String,
    /// `git` or `hg`.
    pub vcs: String,
    /// `<project>_<environment>`: the database.
    pub database: String,
    /// The application's database user.
    pub database_user: String,
    /// The fingerprint of the key that backups are encrypted for; empty where the config has none.
    pub backup_key: String,
    /// `<project>_<environment>`: RabbitMQ's virtual host.
    pub vhost: String,
    /// The Celery application, a Python path; empty where the config has none.
    pub celery_app: String,
    /// Names of the Celery workers, beat and the camera apart.
    pub celery_workers: Vec<String>,
    /// `PgBouncer`'s port.
    pub pgbouncer_port: u16,
    /// Gunicorn's port.
    pub gunicorn_port: u16,
    /// The site's first domain: the `Host` that the health check is asked with.
    pub site: String,
    /// The health check's path.
    pub health_path: String,
    /// What new code is put in place by.
    pub code: CodeLayout,
}

/// What new code on a server is put in place by. Recipes are told by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CodeLayout {
    /// The environment: the first part of Supervisor's groups and programs.
    pub environment: String,
    /// The project: the first part of what is linked into other programs' directories.
    pub project: String,
    /// Gunicorn's workers for each processor.
    pub gunicorn_multiplier: u64,
    /// The requirements file, from the checkout's root; empty where the config names none.
    pub requirements: String,
    /// The directory of source distributions, from the checkout's root; empty where packages come from their index.
    pub sdists: String,
    /// The settings of this server, as a path.
    pub local_settings: String,
    /// Static files are served by the web servers themselves, not from a bucket.
    pub static_local: bool,
    /// The maintenance page, as the project has it, from the checkout's root; empty where the config names none.
    pub upgrade_message: String,
    /// What answers the health check during maintenance, likewise.
    pub healthcheck_override: String,
}

/// Which of a server's addresses ssh goes to: `ec2_attr_for_ssh`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressChoice {
    /// `public_dns_name`, which is the default.
    #[default]
    PublicDns,
    /// `ip_address`.
    Public,
    /// `private_dns_name`.
    PrivateDns,
    /// `private_ip_address`.
    Private,
}

impl AddressChoice {
    /// Whether ssh goes to a public address: a subnet need not give one by itself, so that a launch has to ask for it.
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::PublicDns | Self::Public)
    }
}
