//! The table of logs: for each, on which roles it is and where it lies, as FabulAWS lays it out and where Debian
//! and Ubuntu have it by default.

use super::LogId;
use crate::fleet::{Layout, Role};

/// A log and all places where it may be. Not every place exists on every server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Which one.
    pub id: LogId,
    /// Files, by absolute path. A `*` in the last part stands for what is not known, such as a version: the
    /// newest match is meant.
    pub files: Vec<String>,
    /// Units of the journal. `*` is all of them.
    pub units: Vec<String>,
    /// Whether it is followed when nobody says which.
    pub usual: bool,
}

/// Which servers have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    Web,
    Worker,
    /// Web and worker.
    App,
    Cache,
    Db,
    All,
}

/// One row: the log, where it is, its files, its units, whether it is usual. `{log}` is the project's log directory.
type Row = (LogId, On, &'static [&'static str], &'static [&'static str], bool);

/// The table; Celery's workers have names and come beside it.
const TABLE: &[Row] = &[
    (LogId::NginxAccess, On::Web, &["{log}/access.log", "/var/log/nginx/access.log"], &[], true),
    (LogId::NginxError, On::Web, &["{log}/error.log", "/var/log/nginx/error.log"], &[], true),
    (LogId::Gunicorn, On::Web, &["{log}/gunicorn.log"], &[], true),
    (LogId::CeleryBeat, On::Worker, &["{log}/celerybeat.log"], &[], true),
    (LogId::CeleryCamera, On::Worker, &["{log}/celerycam.log"], &[], true),
    (LogId::PgBouncer, On::App, &["{log}/pgbouncer.log", "/var/log/postgresql/pgbouncer.log"], &[], true),
    (LogId::Stunnel, On::App, &["{log}/stunnel.log", "/var/log/stunnel4/stunnel.log"], &[], true),
    (LogId::RabbitMq, On::Cache, &["/var/log/rabbitmq/rabbit@*.log"], &[], true),
    (LogId::Redis, On::Cache, &["/var/log/redis/redis-server.log", "/var/log/redis/redis.log"], &[], true),
    (LogId::Memcached, On::Cache, &["/var/log/memcached.log"], &["memcached"], true),
    (LogId::Postgresql, On::Db, &["/var/log/postgresql/postgresql-*-*.log"], &[], true),
    (LogId::Supervisor, On::App, &["/var/log/supervisor/supervisord.log"], &[], true),
    (LogId::Syslog, On::All, &["/var/log/syslog", "/var/log/messages"], &[], false),
    (LogId::Journal, On::All, &[], &["*"], false),
];

fn has(role: &Role, on: On) -> bool {
    match (role, on) {
        (_, On::All)
        | (Role::Web, On::Web | On::App)
        | (Role::Worker, On::Worker | On::App)
        | (Role::Cache, On::Cache)
        | (Role::DbPrimary | Role::DbReplica, On::Db) => true,
        (Role::Combo, on) => on != On::Cache,
        _ => false,
    }
}

/// The logs of a server of this role, the more telling ones first.
#[must_use]
pub fn logs_of(role: &Role, layout: &Layout) -> Vec<Log> {
    let mut logs: Vec<Log> = TABLE
        .iter()
        .filter(|(_, on, ..)| has(role, *on))
        .map(|(id, _, files, units, usual)| Log {
            id: id.clone(),
            files: files.iter().filter_map(|file| place(file, &layout.log_dir)).collect(),
            units: units.iter().map(|unit| (*unit).to_owned()).collect(),
            usual: *usual,
        })
        .filter(|log| !log.files.is_empty() || !log.units.is_empty())
        .collect();
    if has(role, On::Worker) {
        let workers = layout.celery_workers.iter().filter_map(|worker| {
            let files = vec![place(&format!("{{log}}/celeryd-{worker}.log"), &layout.log_dir)?];
            Some(Log { id: LogId::Celery(worker.clone()), files, units: Vec::new(), usual: true })
        });
        let at = logs.iter().position(|log| log.id == LogId::CeleryBeat).unwrap_or(logs.len());
        logs.splice(at..at, workers.collect::<Vec<_>>());
    }
    logs
}

/// The file, unless it would be in a log directory that the config does not tell.
fn place(file: &str, log_dir: &str) -> Option<String> {
    match file.strip_prefix("{log}") {
        Some(rest) => log_dir.starts_with('/').then(|| format!("{}{rest}", log_dir.trim_end_matches('/'))),
        None => Some(file.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        Layout {
            log_dir: "/home/app/www/staging/log".into(),
            celery_workers: vec!["main".into(), "exports".into()],
            ..Layout::default()
        }
    }

    fn names(role: &Role) -> Vec<String> {
        logs_of(role, &layout()).iter().map(|log| log.id.name()).collect()
    }

    #[test]
    fn each_role_has_the_logs_of_what_runs_there() {
        let web = ["nginx-access", "nginx-error", "gunicorn", "pgbouncer", "stunnel", "supervisor"];
        assert_eq!(names(&Role::Web)[..6], web);
        let worker = names(&Role::Worker);
        assert_eq!(worker[..4], ["celery-main", "celery-exports", "celery-beat", "celery-camera"]);
        assert_eq!(names(&Role::Cache)[..3], ["rabbitmq", "redis", "memcached"]);
        assert_eq!(names(&Role::DbReplica), ["postgresql", "syslog", "journal"]);
        assert_eq!(names(&Role::Untagged), ["syslog", "journal"]);
        assert!(names(&Role::Combo).len() > 12 && !names(&Role::Combo).contains(&"redis".into()));
    }

    #[test]
    fn files_of_the_project_come_first_and_none_is_made_up_without_its_directory() {
        let log = |layout: &Layout| logs_of(&Role::Web, layout)[0].files.clone();
        assert_eq!(log(&layout()), ["/home/app/www/staging/log/access.log", "/var/log/nginx/access.log"]);
        assert_eq!(log(&Layout::default()), ["/var/log/nginx/access.log"]);
        let without = logs_of(&Role::Worker, &Layout { log_dir: String::new(), ..layout() });
        assert!(without.iter().all(|log| !matches!(log.id, LogId::Celery(_) | LogId::CeleryBeat)));
        assert!(without.iter().flat_map(|log| &log.files).all(|file| file.starts_with('/')));
    }
}
