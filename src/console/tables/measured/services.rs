//! Services, the site, the code.

use super::{Line, Subject};
use crate::fleet::measured::{Celery, Code, HttpAnswer, PgBouncer, Program, Site, Supervisor, Units};
use crate::fleet::overview::{code_differs, release_for};
use crate::fleet::thresholds::judge;
use crate::fleet::{Severity, words};

/// The most tasks of a worker that are listed.
const TASKS: usize = 20;

impl Subject<'_> {
    pub(super) fn units(&self, units: &Units) -> Vec<Line> {
        let lines = units.units.iter().map(|unit| {
            let words = match unit.active.as_str() {
                "not-found" => "not installed".to_owned(),
                active if unit.sub.is_empty() || unit.sub == active => active.to_owned(),
                active => format!("{active} ({})", unit.sub),
            };
            let since = unit.since.map(|at| format!("since {}", self.since(at)));
            let restarts = (unit.restarts > 0).then(|| {
                format!("started again {} by systemd", words::count(u64::from(unit.restarts), "time"))
            });
            Line::judged(unit.name.as_str(), unit.severity(), words).and(since.into_iter().chain(restarts))
        });
        lines.collect()
    }

    pub(super) fn supervisor(&self, supervisor: &Supervisor) -> Vec<Line> {
        if supervisor.programs.is_empty() {
            return vec![Line::plain("supervisor", "no programs")];
        }
        supervisor.programs.iter().map(|program| self.program(program)).collect()
    }

    fn program(&self, program: &Program) -> Line {
        let restarts = program.restarts.unwrap_or(0);
        let often = judge(f64::from(restarts), self.state.preferences.thresholds.restarts);
        // Programs of a group begin alike, with the environment's name, and names may be cut at their end.
        let environment = self.server.environment.as_ref().map_or("", |name| name.as_str());
        let short = program.name.strip_prefix(environment).and_then(|rest| rest.strip_prefix('-'));
        let name = short.unwrap_or(&program.name).to_owned();
        let full = if program.group.is_empty() || program.group == program.name {
            program.name.clone()
        } else {
            format!("{}:{}", program.group, program.name)
        };
        #[allow(clippy::cast_precision_loss)] // seconds
        let up = program.up_seconds.map(|s| format!("up {}", words::seconds(s as f64)));
        let pid = program.pid.map(|pid| format!("pid {pid}"));
        let again = (restarts > 0)
            .then(|| format!("started {} in the last hour", words::count(u64::from(restarts), "time")));
        let detail = Some(program.detail.clone()).filter(|detail| !detail.is_empty());
        let severity = program.severity().max(if often > Severity::Ok { often } else { Severity::Idle });
        Line::judged(name, severity, program.state.to_lowercase())
            .and([up, again, pid, detail, Some(full)].into_iter().flatten())
    }

    pub(super) fn celery(&self, celery: &Celery) -> Vec<Line> {
        if celery.workers.is_empty() {
            return vec![Line::judged("workers", Severity::Down, "none answers")];
        }
        let limits = self.state.preferences.thresholds.task_seconds;
        let mut lines = Vec::new();
        for worker in &celery.workers {
            let slots = worker.slots.map_or("?".to_owned(), |slots| slots.to_string());
            let words = format!("{} of {slots} busy", worker.running.len());
            let reserved = format!("{} reserved", words::count(u64::from(worker.reserved), "task"));
            let name = worker.name.strip_prefix("celery@").unwrap_or(&worker.name);
            lines.push(Line::judged(name, Severity::Ok, words).and([reserved]));
            let mut tasks: Vec<_> = worker.running.iter().collect();
            tasks.sort_by(|a, b| b.seconds.unwrap_or(-1.0).total_cmp(&a.seconds.unwrap_or(-1.0)));
            for task in tasks.iter().take(TASKS) {
                let severity = task.seconds.map_or(Severity::Unknown, |seconds| judge(seconds, limits));
                let time = task.seconds.map_or("for ?".to_owned(), |s| format!("for {}", words::seconds(s)));
                let line = Line::judged("  runs", severity, time).and([task.name.as_str(), task.id.as_str()]);
                lines.push(line);
            }
            let more = tasks.len().saturating_sub(TASKS);
            if more > 0 {
                lines.push(Line::plain("  runs", format!("{more} more")));
            }
        }
        lines
    }

    pub(super) fn pgbouncer(&self, pgbouncer: &PgBouncer) -> Vec<Line> {
        if pgbouncer.pools.is_empty() {
            return vec![Line::plain("pools", "none")];
        }
        let limits = self.state.preferences.thresholds.pgbouncer_waiting;
        let lines = pgbouncer.pools.iter().map(|pool| {
            let severity = judge(f64::from(pool.clients_waiting), limits);
            let words = format!("{} waiting", pool.clients_waiting);
            let wait = (pool.clients_waiting > 0)
                .then(|| format!("the first for {}", words::seconds(pool.longest_wait)));
            let clients = format!("{} clients served", pool.clients_active);
            let servers =
                format!("{} connections in use, {} at rest", pool.servers_active, pool.servers_idle);
            let user = format!("as {}", pool.user);
            let rest = [wait, Some(clients), Some(servers), Some(user)];
            Line::judged(pool.database.as_str(), severity, words).and(rest.into_iter().flatten())
        });
        lines.collect()
    }

    pub(super) fn code(&self, code: &Code) -> Vec<Line> {
        let (state, server) = (self.state, self.server);
        let release = server.environment.as_ref().and_then(|name| state.overview(name)).map(|o| &o.release);
        let wanted = release.and_then(|release| release_for(&state.snapshot, server, release));
        let (severity, remark) = match code_differs(code, wanted.as_ref()) {
            Some(false) => (Severity::Ok, Some("as the release".to_owned())),
            Some(true) => {
                let wanted = wanted.as_ref().map_or("?", |wanted| wanted.short());
                (Severity::Changing, Some(format!("the release is {wanted}")))
            }
            None => (Severity::Idle, None),
        };
        let branch = code.branch.as_ref().map(|branch| format!("branch {branch}"));
        let changeset = code.changeset.chars().take(12).collect::<String>();
        vec![Line::judged("checked out", severity, changeset).and(remark.into_iter().chain(branch))]
    }
}

fn answer(what: &str, answer: Option<&HttpAnswer>) -> Line {
    let Some(answer) = answer else { return Line::judged(what, Severity::Unknown, "not asked") };
    let time = (answer.status > 0).then(|| format!("in {} ms", answer.milliseconds));
    let line = Line::judged(what, answer.severity(), answer.word());
    line.and(time.into_iter().chain(answer.problem.clone()))
}

pub(super) fn site(site: &Site) -> Vec<Line> {
    let page = if site.maintenance {
        Line::judged("maintenance", Severity::Warn, "the page is up")
    } else {
        Line::judged("maintenance", Severity::Ok, "no page")
    };
    let mut lines = vec![
        answer("health check", site.nginx.as_ref()),
        answer("past nginx", site.gunicorn.as_ref()).and(["Django's own answer"]),
        page,
    ];
    if site.health_override {
        let line = Line::judged("override", Severity::Warn, "a file answers the health check");
        lines.push(line.and(["whatever Django says"]));
    }
    lines
}
