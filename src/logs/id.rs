//! Names of logs.

use std::fmt;

use serde::{Serialize, Serializer};

/// A log, whatever file or unit it is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogId {
    /// Requests, as Nginx answered them.
    NginxAccess,
    /// What Nginx complains about.
    NginxError,
    /// Gunicorn and the application in it.
    Gunicorn,
    /// One Celery worker, by its name in `celery_workers`.
    Celery(String),
    /// Celery's scheduler.
    CeleryBeat,
    /// Celery's events camera.
    CeleryCamera,
    /// `PgBouncer`.
    PgBouncer,
    /// Stunnel.
    Stunnel,
    /// `PostgreSQL`.
    Postgresql,
    /// `RabbitMQ`.
    RabbitMq,
    /// Redis.
    Redis,
    /// Memcached.
    Memcached,
    /// Supervisor itself.
    Supervisor,
    /// The system's log file.
    Syslog,
    /// The journal: every unit.
    Journal,
}

impl LogId {
    /// The word for it, on the command line too: `nginx-access`, `celery-main`.
    #[must_use]
    pub fn name(&self) -> String {
        let word = match self {
            Self::NginxAccess => "nginx-access",
            Self::NginxError => "nginx-error",
            Self::Gunicorn => "gunicorn",
            Self::Celery(worker) => return format!("celery-{worker}"),
            Self::CeleryBeat => "celery-beat",
            Self::CeleryCamera => "celery-camera",
            Self::PgBouncer => "pgbouncer",
            Self::Stunnel => "stunnel",
            Self::Postgresql => "postgresql",
            Self::RabbitMq => "rabbitmq",
            Self::Redis => "redis",
            Self::Memcached => "memcached",
            Self::Supervisor => "supervisor",
            Self::Syslog => "syslog",
            Self::Journal => "journal",
        };
        word.to_owned()
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

impl Serialize for LogId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
