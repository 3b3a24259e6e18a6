//! What the logs of a server say: lines of every program in its own format, as a function of seed, server and time.

mod application;
mod caches;
mod database;
mod pools;
mod system;
mod web;

use crate::remote::Follow;
use crate::sandbox::dice::Dice;
use crate::sandbox::hosts::server::{self, Host};
use crate::sandbox::hosts::session::{Play, Step};
use crate::sandbox::places::{CELERY_WORKERS, DEPLOYMENT};
use crate::sandbox::read::View;

/// A followed log is looked at so often, in real milliseconds.
const EVERY: i64 = 250;
/// The most lines of one log that are handed out at a time: where simulated time runs fast, the newest.
const MOST_AT_ONCE: usize = 400;
/// The most spans of time that are looked at for lines of the past.
const MOST_SPANS: i64 = 3_000;

/// Whose log.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) dice: Dice,
    pub(super) host: Host,
    /// Requests per second that reach this server at the busiest hour.
    pub(super) share: f64,
    /// Its place among the web servers and workers, for lines of others about them.
    clients: Vec<String>,
}

/// Lines of a span of time, with their times.
type Lines = Vec<(i64, String)>;

/// A kind of log: what its lines of a span that begins at a time are, and how long a span is in milliseconds.
#[derive(Clone, Copy)]
struct Kind {
    span: i64,
    lines: fn(&Source, i64) -> Lines,
}

impl Source {
    pub(super) fn of(view: &View<'_>, host: &Host) -> rusqlite::Result<Self> {
        let web = server::peers(view, &host.environment, "web")?;
        let count = u32::try_from(web.len().max(1)).unwrap_or(u32::MAX);
        let worker = server::peers(view, &host.environment, "worker")?;
        let clients = web.iter().chain(&worker).map(|peer| server::spelled(peer.address)).collect();
        Ok(Self { dice: view.dice, host: host.clone(), share: host.load / f64::from(count), clients })
    }

    /// The log of this path; none when there is no such file here.
    fn file(&self, path: &str) -> Option<Kind> {
        let role = self.host.role.word();
        let (directory, name) = path.rsplit_once('/')?;
        let ours = directory == format!("/home/{DEPLOYMENT}/www/{}/log", self.host.environment);
        let (app, database) = (matches!(role, "web" | "worker"), role.starts_with("db-"));
        match name {
            "access.log" if ours && role == "web" => Some(Kind { span: 1_000, lines: web::access }),
            "error.log" if ours && role == "web" => Some(Kind { span: 10_000, lines: web::error }),
            "gunicorn.log" if ours && role == "web" => {
                Some(Kind { span: 5_000, lines: application::gunicorn })
            }
            "celerybeat.log" if ours && role == "worker" => {
                Some(Kind { span: 60_000, lines: application::beat })
            }
            "celerycam.log" if ours && role == "worker" => {
                Some(Kind { span: 600_000, lines: application::camera })
            }
            "pgbouncer.log" if ours && app => Some(Kind { span: 60_000, lines: pools::pgbouncer }),
            "stunnel.log" if ours && app => Some(Kind { span: 90_000, lines: pools::stunnel }),
            "supervisord.log" if app && directory == "/var/log/supervisor" => {
                Some(Kind { span: 20_000, lines: pools::supervisor })
            }
            "redis-server.log" if role == "cache" => Some(Kind { span: 300_000, lines: caches::redis }),
            "syslog" if directory == "/var/log" => Some(Kind { span: 30_000, lines: system::journal }),
            _ if directory == "/var/log/rabbitmq" && role == "cache" && name.starts_with("rabbit@") => {
                Some(Kind { span: caches::RABBITMQ, lines: caches::rabbitmq })
            }
            _ if directory == "/var/log/postgresql" && database && name.starts_with("postgresql-") => {
                Some(Kind { span: 20_000, lines: database::postgresql })
            }
            _ if ours && role == "worker" => {
                let worker = name.strip_prefix("celeryd-")?.strip_suffix(".log")?;
                let first = CELERY_WORKERS.first().is_some_and(|(known, _)| *known == worker);
                let lines = if first { application::celery_main } else { application::celery_exports };
                CELERY_WORKERS
                    .iter()
                    .any(|(known, _)| *known == worker)
                    .then_some(Kind { span: 5_000, lines })
            }
            _ => None,
        }
    }

    /// The files that are here, for who asks for a list.
    pub(super) fn files(&self) -> Vec<String> {
        let ours = format!("/home/{DEPLOYMENT}/www/{}/log", self.host.environment);
        let mut all: Vec<String> = [
            "access",
            "error",
            "gunicorn",
            "celeryd-main",
            "celeryd-exports",
            "celerybeat",
            "celerycam",
            "pgbouncer",
            "stunnel",
        ]
        .map(|name| format!("{ours}/{name}.log"))
        .to_vec();
        all.extend(
            [
                "/var/log/supervisor/supervisord.log",
                "/var/log/redis/redis-server.log",
                "/var/log/postgresql/postgresql-15-main.log",
                "/var/log/syslog",
            ]
            .map(ToOwned::to_owned),
        );
        all.push(format!("/var/log/rabbitmq/rabbit@{}.log", self.host.hostname()));
        all.retain(|path| self.file(path).is_some());
        all
    }

    /// The lines of a log after one time, up to and with another one; the newest ones where there are too many.
    fn between(&self, kind: Kind, after: i64, to: i64, most: usize) -> Lines {
        let begin = after.max(self.host.booted_at());
        let mut found: Vec<Lines> = Vec::new();
        let mut count = 0;
        let mut span = to.div_euclid(kind.span);
        for _ in 0..MOST_SPANS {
            if count >= most || (span + 1) * kind.span <= begin {
                break;
            }
            let mut lines = (kind.lines)(self, span * kind.span);
            lines.retain(|(at, _)| *at > begin && *at <= to);
            lines.sort_by_key(|(at, _)| *at);
            count += lines.len();
            found.push(lines);
            span -= 1;
        }
        let lines: Lines = found.into_iter().rev().flatten().collect();
        let skip = lines.len().saturating_sub(most);
        lines.into_iter().skip(skip).collect()
    }

    /// The last lines of a file; none when there is no such file.
    pub(super) fn last(&self, path: &str, now: i64, most: usize) -> Option<Vec<String>> {
        let kind = self.file(path)?;
        Some(self.between(kind, 0, now, most).into_iter().map(|(_, line)| line).collect())
    }

    /// The lines of a file that come in a span of time.
    pub(super) fn fresh(&self, path: &str, after: i64, to: i64) -> Vec<String> {
        let kind = self.file(path);
        let lines = kind.map(|kind| self.between(kind, after, to, MOST_AT_ONCE)).unwrap_or_default();
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// The last lines of the journal, of these units or of all.
    pub(super) fn journal(&self, units: &[String], now: i64, most: usize) -> Vec<String> {
        let kind = Kind { span: 30_000, lines: system::journal };
        let mut lines =
            self.between(kind, 0, now, most.saturating_mul(if units.is_empty() { 1 } else { 20 }));
        lines.retain(|(_, line)| is_of(units, line));
        let skip = lines.len().saturating_sub(most);
        lines.into_iter().skip(skip).map(|(_, line)| line).collect()
    }

    /// A number of this server's for a moment.
    fn draw(&self, what: &str, at: i64) -> u64 {
        self.dice.draw(&format!("{what} {}", self.host.id), at.cast_unsigned())
    }

    /// A moment in a span of this length, by its number.
    fn moment(&self, what: &str, start: i64, span: i64, n: i64) -> i64 {
        let key = start.wrapping_mul(64).wrapping_add(n);
        start + self.dice.between(&format!("{what} {}", self.host.id), key.cast_unsigned(), 0, span - 1)
    }
}

/// Whether a line of the journal is of one of these units; every line is where none or all are meant.
fn is_of(units: &[String], line: &str) -> bool {
    units.is_empty()
        || units.iter().any(|unit| {
            let name = unit.strip_suffix(".service").unwrap_or(unit);
            unit == "*" || line.contains(&format!(" {name}["))
        })
}

/// Follows logs: first of the past, then what comes.
pub(super) fn follow(view: View<'_>, host: &Host, logs: &Follow, step: i64) -> rusqlite::Result<Play> {
    let source = Source::of(&view, host)?;
    let past = usize::try_from(logs.past).unwrap_or(usize::MAX).min(20_000);
    let mut steps = Vec::new();
    for (place, file) in (0_u16..).zip(&logs.files) {
        match source.last(file, view.now, past) {
            Some(lines) => steps.extend(lines.into_iter().map(|line| Step::Log(place, line))),
            None => steps.push(Step::Complaint(
                place,
                format!("tail: cannot open '{file}' for reading: No such file or directory"),
            )),
        }
    }
    if !logs.units.is_empty() {
        let place = u16::try_from(logs.files.len()).unwrap_or(u16::MAX);
        let lines = source.journal(&logs.units, view.now, past).into_iter();
        steps.extend(lines.map(|line| Step::Complaint(place, line)));
    }
    if logs.once {
        return Ok(Play::of(steps));
    }
    let logs = logs.clone();
    let after = view.now;
    steps.push(Step::Wait(step));
    Ok(Play::of(steps).then(move |view, host, _| go_on(view, host, logs, after, step)))
}

fn go_on(view: View<'_>, host: &Host, logs: Follow, after: i64, step: i64) -> rusqlite::Result<Play> {
    let source = Source::of(&view, host)?;
    let mut lines = Vec::new();
    for (place, file) in (0_u16..).zip(&logs.files) {
        if let Some(kind) = source.file(file) {
            let fresh = source.between(kind, after, view.now, MOST_AT_ONCE);
            lines.extend(fresh.into_iter().map(|(at, line)| (at, Step::Log(place, line))));
        }
    }
    if !logs.units.is_empty() {
        let place = u16::try_from(logs.files.len()).unwrap_or(u16::MAX);
        let kind = Kind { span: 30_000, lines: system::journal };
        let fresh = source.between(kind, after, view.now, MOST_AT_ONCE).into_iter();
        let fresh = fresh.filter(|(_, line)| is_of(&logs.units, line));
        lines.extend(fresh.map(|(at, line)| (at, Step::Complaint(place, line))));
    }
    lines.sort_by_key(|(at, _)| *at);
    let after = view.now;
    let steps = lines.into_iter().map(|(_, step)| step).chain([Step::Wait(step)]);
    Ok(Play::of(steps.collect::<Vec<_>>()).then(move |view, host, _| go_on(view, host, logs, after, step)))
}

/// How much simulated time goes by between two looks at a log.
pub(super) const fn step(speed: i64) -> i64 {
    let step = EVERY * speed / 1_000;
    if step < 1 { 1 } else { step }
}

/// A time as a program writes it.
fn time(at: i64, format: &str) -> String {
    crate::sandbox::clock::timestamp(at).strftime(format).to_string()
}
