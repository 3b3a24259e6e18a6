//! The files that Supervisor, `PgBouncer`, Stunnel and Nginx read on web servers and workers, where FabulAWS puts them.

use serde::{Deserialize, Serialize};

use super::{Layout, Role};

/// A file of a service. Each is made of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceFile {
    /// What Supervisor starts Gunicorn by.
    Entrypoint,
    /// Supervisor's programs.
    Supervisor,
    /// New Relic's agent beside Gunicorn.
    NewRelicWeb,
    /// New Relic's agent beside Celery.
    NewRelicCelery,
    /// Who may use `PgBouncer`.
    PgBouncerUsers,
    /// `PgBouncer`'s databases and pools.
    PgBouncer,
    /// Stunnel's ports towards the databases.
    Stunnel,
    /// Whom Nginx lets in, where it asks for a password.
    NginxPassword,
    /// The site, for Nginx.
    Nginx,
    /// The server's own addresses, as they stand in its files.
    OwnAddresses,
}

/// Whose a file is, and who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAccess {
    /// The deploy user's; everybody may read it.
    Open,
    /// The deploy user's; everybody may run it.
    Run,
    /// The deploy user's; nobody else may read it but root, who Supervisor runs as.
    Deploy,
    /// Of whom the site runs as, and nobody else may read it.
    Site,
    /// Root's; everybody may read it.
    Root,
    /// Root's; Nginx may read it.
    Nginx,
}

impl ServiceFile {
    /// All of them, in the order in which they are put in place.
    pub const ALL: [Self; 10] = [
        Self::Entrypoint,
        Self::Supervisor,
        Self::NewRelicWeb,
        Self::NewRelicCelery,
        Self::PgBouncerUsers,
        Self::PgBouncer,
        Self::Stunnel,
        Self::NginxPassword,
        Self::Nginx,
        Self::OwnAddresses,
    ];

    /// The name of its template; a project's own of this name comes first.
    #[must_use]
    pub const fn template(self) -> &'static str {
        match self {
            Self::Entrypoint => "gunicorn-entrypoint.sh",
            Self::Supervisor => "supervisor.conf",
            Self::NewRelicWeb | Self::NewRelicCelery => "newrelic.ini",
            Self::PgBouncerUsers => "pgbouncer-users.txt",
            Self::PgBouncer => "pgbouncer.ini",
            Self::Stunnel => "stunnel.conf",
            Self::NginxPassword => "nginx.passwd",
            Self::Nginx => "nginx.conf",
            Self::OwnAddresses => "own-addresses",
        }
    }

    /// Whether a project may have a template of its own for it.
    #[must_use]
    pub const fn is_projects_to_write(self) -> bool {
        !matches!(self, Self::NginxPassword | Self::OwnAddresses)
    }

    /// The variable in which a script finds its text.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Entrypoint => "entrypoint",
            Self::Supervisor => "supervisor",
            Self::NewRelicWeb => "newrelic_web",
            Self::NewRelicCelery => "newrelic_celery",
            Self::PgBouncerUsers => "pgbouncer_users",
            Self::PgBouncer => "pgbouncer",
            Self::Stunnel => "stunnel",
            Self::NginxPassword => "nginx_password",
            Self::Nginx => "nginx",
            Self::OwnAddresses => "own_addresses",
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(self, layout: &Layout) -> String {
        let Layout { services, code, .. } = layout;
        let (environment, project) = (&code.environment, &code.project);
        match self {
            Self::Entrypoint => format!("{services}/supervisor/gunicorn-{environment}-entrypoint.sh"),
            Self::Supervisor => format!("{services}/supervisor/{environment}.conf"),
            Self::NewRelicWeb => format!("{services}/newrelic-{environment}-web.ini"),
            Self::NewRelicCelery => format!("{services}/newrelic-{environment}-celery.ini"),
            Self::PgBouncerUsers => format!("{services}/pgbouncer/pgbouncer-users.txt"),
            Self::PgBouncer => format!("{services}/pgbouncer/pgbouncer-{environment}.ini"),
            Self::Stunnel => format!("{services}/stunnel/{environment}.conf"),
            Self::NginxPassword => format!("/etc/nginx/{project}.passwd"),
            Self::Nginx => format!("{services}/nginx/{environment}.conf"),
            Self::OwnAddresses => "/var/lib/quarterdeck/own-addresses".into(),
        }
    }

    /// Whose it is. R15: what holds a password is for whom the site runs as only.
    #[must_use]
    pub const fn access(self) -> FileAccess {
        match self {
            Self::Entrypoint => FileAccess::Run,
            Self::Supervisor => FileAccess::Deploy,
            Self::NewRelicWeb | Self::NewRelicCelery | Self::PgBouncerUsers | Self::PgBouncer => {
                FileAccess::Site
            }
            Self::Stunnel | Self::Nginx => FileAccess::Open,
            Self::NginxPassword => FileAccess::Nginx,
            Self::OwnAddresses => FileAccess::Root,
        }
    }

    /// Whether servers of this role have it. R22: a combo is web server and worker.
    #[must_use]
    pub const fn is_for(self, role: &Role) -> bool {
        match self {
            Self::Supervisor | Self::PgBouncerUsers | Self::PgBouncer | Self::Stunnel => {
                matches!(role, Role::Web | Role::Worker | Role::Combo)
            }
            Self::NewRelicCelery => matches!(role, Role::Worker | Role::Combo),
            Self::Entrypoint | Self::NewRelicWeb | Self::NginxPassword | Self::Nginx | Self::OwnAddresses => {
                matches!(role, Role::Web | Role::Combo)
            }
        }
    }

    /// The secrets without which it would be wrong.
    #[must_use]
    pub const fn secrets(self) -> &'static [&'static str] {
        match self {
            Self::PgBouncer => &["database_password"],
            Self::NginxPassword => &["basic_auth_username", "basic_auth_password"],
            Self::NewRelicWeb | Self::NewRelicCelery => &["newrelic_license_key"],
            _ => &[],
        }
    }
}
