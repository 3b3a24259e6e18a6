//! Which services run, and since when.

use super::{disk, queue};
use crate::sandbox::hosts::server::{self, Host};
use crate::sandbox::needs;
use crate::sandbox::places::{CELERY_WORKERS, DEPLOYMENT};
use crate::sandbox::read::View;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// Gunicorn that cannot work is started again so often.
pub(in crate::sandbox) const RESTART: i64 = 140 * SECOND;
/// And falls over so long after it was started.
pub(in crate::sandbox) const STANDS: i64 = 125 * SECOND;

/// A systemd unit, by its name without `.service`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sandbox) struct Unit {
    pub(in crate::sandbox) name: &'static str,
    /// What systemd calls it.
    pub(in crate::sandbox) description: &'static str,
    pub(in crate::sandbox) up: bool,
    pub(in crate::sandbox) since: i64,
    pub(in crate::sandbox) pid: u32,
}

const UNITS: &[(&str, &str, &[&str])] = &[
    ("nginx", "A high performance web server and a reverse proxy server", &["web"]),
    ("supervisor", "Supervisor process control system for UNIX", &["web", "worker"]),
    ("redis-server", "Advanced key-value store", &["cache"]),
    ("rabbitmq-server", "RabbitMQ Messaging Server", &["cache"]),
    ("memcached", "memcached daemon", &["cache"]),
    ("postgresql", "PostgreSQL RDBMS", &["db-primary", "db-replica"]),
    ("postgresql@15-main", "PostgreSQL Cluster 15-main", &["db-primary", "db-replica"]),
    ("chrony", "chrony, an NTP client/server", &[]),
    ("ssh", "OpenBSD Secure Shell server", &[]),
];

/// The units of a server's role, and those that every server has.
pub(in crate::sandbox) fn units(view: &View<'_>, host: &Host) -> Vec<Unit> {
    let role = host.role.word();
    let here = UNITS.iter().filter(|(_, _, roles)| roles.is_empty() || roles.contains(&role));
    here.map(|(name, description, _)| unit(view, host, name, description)).collect()
}

/// The unit of this name, with or without `.service`.
pub(in crate::sandbox) fn find(view: &View<'_>, host: &Host, name: &str) -> Option<Unit> {
    let name = name.strip_suffix(".service").unwrap_or(name);
    units(view, host).into_iter().find(|unit| unit.name == name)
}

fn unit(view: &View<'_>, host: &Host, name: &'static str, description: &'static str) -> Unit {
    // The umbrella over the clusters stands for the one that there is.
    let touched = host
        .touched
        .get(name)
        .or_else(|| (name == "postgresql@15-main").then(|| host.touched.get("postgresql")).flatten());
    let boot = host.booted_at() + 5 * SECOND + view.dice.between(&format!("unit {name}"), 0, 0, 6_000);
    let since = touched.map_or(boot, |touched| touched.since);
    Unit {
        name,
        description,
        up: touched.is_none_or(|touched| touched.up),
        since,
        pid: pid(view, host, name, since),
    }
}

/// Whether a unit of this name is here and runs.
pub(in crate::sandbox) fn is_up(view: &View<'_>, host: &Host, name: &str) -> bool {
    find(view, host, name).is_some_and(|unit| unit.up)
}

/// A process id that lasts as long as the process.
pub(in crate::sandbox) fn pid(view: &View<'_>, host: &Host, what: &str, since: i64) -> u32 {
    let pid = view.dice.between(&format!("pid {} {what}", host.id), since.cast_unsigned(), 640, 32_000);
    u32::try_from(pid).unwrap_or(640)
}

/// How a program under Supervisor fares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::sandbox) enum State {
    Running {
        pid: u32,
    },
    Starting,
    /// It fell over, and is started again.
    Backoff,
    Stopped,
}

/// A program under Supervisor.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sandbox) struct Program {
    pub(in crate::sandbox) group: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) state: State,
    pub(in crate::sandbox) since: i64,
    /// How often it was started again in the last hour.
    pub(in crate::sandbox) restarts: i64,
}

impl Program {
    /// `production-web:production-server`; the name alone where the group has the same.
    pub(in crate::sandbox) fn full_name(&self) -> String {
        if self.group == self.name { self.name.clone() } else { format!("{}:{}", self.group, self.name) }
    }
}

/// What Supervisor runs, in the order it lists them; none where it is not, or does not run.
pub(in crate::sandbox) fn programs(view: &View<'_>, host: &Host) -> Option<Vec<Program>> {
    let supervisor = find(view, host, "supervisor").filter(|unit| unit.up)?;
    let environment = &host.environment;
    let full = |group: &str, name: &str| (format!("{environment}-{group}"), format!("{environment}-{name}"));
    let mut names = vec![full("pgbouncer", "pgbouncer"), full("pgbouncer", "stunnel")];
    if host.role.word() == "web" {
        names.push(full("web", "server"));
    } else {
        if is_first(view, host) {
            names.push(full("celery", "celerybeat"));
            names.push(full("celery", "celerycam"));
        }
        names.extend(CELERY_WORKERS.iter().map(|(name, _)| full("celery", &format!("celeryd-{name}"))));
    }
    names.sort();
    Some(names.into_iter().map(|(group, name)| program(view, host, &supervisor, group, name)).collect())
}

/// R17: beat and the camera are on one of several workers.
fn is_first(view: &View<'_>, host: &Host) -> bool {
    let workers = server::peers(view, &host.environment, host.role.word()).unwrap_or_default();
    workers.first().is_none_or(|first| first.id == host.id)
}

fn program(view: &View<'_>, host: &Host, supervisor: &Unit, group: String, name: String) -> Program {
    let touched =
        host.touched.get(&format!("program {name}")).filter(|touched| touched.since > supervisor.since);
    let since = touched.map_or(supervisor.since + 1_200, |touched| touched.since);
    if touched.is_some_and(|touched| !touched.up) {
        return Program { group, name, state: State::Stopped, since, restarts: 0 };
    }
    let running = |since| State::Running { pid: pid(view, host, &name, since) };
    if !name.ends_with("-server") || failing_since(host).is_none() {
        let state = running(since);
        return Program { group, name, state, since, restarts: 0 };
    }
    let (started, age, count) = gunicorn_turn(view.now, host);
    let state = match age {
        ..2_000 => State::Starting,
        STANDS.. => State::Backoff,
        _ => running(started),
    };
    Program { group, name, state, since: started, restarts: count }
}

/// Since when Gunicorn falls over again and again.
pub(in crate::sandbox) fn failing_since(host: &Host) -> Option<i64> {
    let touched = host.touched.values().map(|touched| touched.since).max().unwrap_or(0);
    host.trouble("unhealthy").map(|trouble| trouble.since.max(touched))
}

/// When Gunicorn was last started, how long ago, and how often in the last hour, as long as it cannot work.
pub(in crate::sandbox) fn gunicorn_turn(now: i64, host: &Host) -> (i64, i64, i64) {
    let since = failing_since(host).unwrap_or(now);
    let turns = (now - since).max(0) / RESTART;
    let started = since + turns * RESTART;
    (started, now - started, turns.min(60 * MINUTE / RESTART))
}

/// Whether Gunicorn takes requests.
pub(in crate::sandbox) fn gunicorn_listens(view: &View<'_>, host: &Host) -> bool {
    programs(view, host)
        .into_iter()
        .flatten()
        .any(|program| program.name.ends_with("-server") && matches!(program.state, State::Running { .. }))
}

/// What a bad release says to every request.
pub(in crate::sandbox) const BAD_CODE: &str =
    "ImportError: cannot import name 'Invoice' from 'myproject.billing.models'";

/// What is wrong with the application on this server, in its own words.
pub(in crate::sandbox) fn application_error(view: &View<'_>, host: &Host) -> Option<&'static str> {
    if host.trouble("unhealthy").is_none() {
        let missing = needs::of_site(view.c, &host.environment).ok().flatten();
        return host.spoilt.map(|_| BAD_CODE).or_else(|| missing.map(needs::Need::words));
    }
    Some(if disk::is_full(view, host) {
        "OSError: [Errno 28] No space left on device"
    } else {
        "django.db.utils.OperationalError: connection to server at \"127.0.0.1\", port 5432 failed: server closed \
         the connection unexpectedly"
    })
}

/// Whether a Celery worker runs on a server.
pub(in crate::sandbox) fn works(view: &View<'_>, host: &Host, worker: &str) -> bool {
    programs(view, host).into_iter().flatten().any(|program| {
        program.name.ends_with(&format!("-celeryd-{worker}"))
            && matches!(program.state, State::Running { .. })
    })
}

/// The tasks that a Celery worker runs.
pub(in crate::sandbox) fn tasks(view: &View<'_>, host: &Host, worker: &str) -> Vec<queue::Task> {
    if works(view, host, worker) { queue::running(view, host, worker) } else { Vec::new() }
}

/// The command line of a program under Supervisor.
pub(in crate::sandbox) fn command_line(host: &Host, program: &str) -> String {
    let environment = &host.environment;
    let root = format!("/home/{DEPLOYMENT}/www/{environment}");
    let services = format!("/home/{DEPLOYMENT}/services");
    match program.strip_prefix(environment).map(|name| name.trim_start_matches('-')).unwrap_or_default() {
        "pgbouncer" => format!("/usr/sbin/pgbouncer {services}/pgbouncer/pgbouncer-{environment}.ini"),
        "stunnel" => format!("/usr/bin/stunnel4 {services}/stunnel/{environment}.conf"),
        "server" => format!(
            "{root}/env/bin/python3 {root}/env/bin/gunicorn --bind=0.0.0.0:8000 --workers=5 --timeout=60 {DEPLOYMENT}.wsgi:application"
        ),
        "celerybeat" => format!("{root}/env/bin/celery --app={DEPLOYMENT} beat --loglevel=INFO"),
        "celerycam" => format!("{root}/env/bin/celery --app={DEPLOYMENT} events --frequency=2"),
        name => {
            let worker = name.trim_start_matches("celeryd-");
            let slots =
                CELERY_WORKERS.iter().find(|(known, _)| *known == worker).map_or(1, |(_, slots)| *slots);
            let queue = queue::queue_of(worker);
            format!(
                "{root}/env/bin/celery --app={DEPLOYMENT} worker --queues={queue} --concurrency={slots} --hostname=worker.{worker}.%h"
            )
        }
    }
}
