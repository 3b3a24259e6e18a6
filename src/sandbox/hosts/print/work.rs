//! Supervisor, Celery and `PgBouncer`: what web servers and workers run.

use std::fmt::Write;

use serde_json::json;

use super::Section;
use crate::sandbox::hosts::exec;
use crate::sandbox::hosts::server::{self, Host};
use crate::sandbox::hosts::truth::{database, queue, services};
use crate::sandbox::needs;
use crate::sandbox::places::{CELERY_WORKERS, DEPLOYMENT};
use crate::sandbox::read::View;
use crate::sandbox::waves::fraction;

pub(super) fn supervisor(view: &View<'_>, host: &Host) -> Section {
    if services::find(view, host, "supervisor").is_none() {
        return Section::missing("supervisorctl");
    }
    let Some(programs) = services::programs(view, host) else {
        let out = "unix:///var/run/supervisor.sock no such file\n".to_owned();
        return Section { out: out + "log\n", code: 4, ..Section::default() };
    };
    let mut out: String =
        programs.iter().map(|program| exec::supervised(view.now, program)).collect::<Vec<_>>().concat();
    out += "log\n";
    for program in programs.iter().filter(|program| program.restarts > 0) {
        let _ = writeln!(out, "again {} {}", program.restarts, program.name);
    }
    let running = |program: &services::Program| matches!(program.state, services::State::Running { .. });
    let code = if programs.iter().all(running) { 0 } else { 3 };
    Section { out, code, ..Section::default() }
}

/// Whoever is asked answers for all workers of the environment.
pub(super) fn celery(view: &View<'_>, host: &Host) -> rusqlite::Result<Section> {
    if !matches!(host.role.word(), "web" | "worker") {
        return Ok(Section::missing("celery"));
    }
    if let Some(need) = needs::of_tasks(view.c, &host.environment)? {
        return Ok(Section::failed(format!("{}\n", need.words()), 1));
    }
    let mut out = String::new();
    for peer in server::peers(view, &host.environment, "worker")? {
        let Some(worker) = server::host(view, &peer.id)? else { continue };
        for (name, slots) in CELERY_WORKERS {
            if !services::works(view, &worker, name) {
                continue;
            }
            let tasks = services::tasks(view, &worker, name);
            let reserved = queue::reserved(&worker, name, tasks.len());
            let node = format!("celery@worker.{name}.{}", worker.hostname());
            let begun = queue::begun(view, &worker, name)?;
            let told = json!({"name": node, "slots": slots, "reserved": reserved, "begun": begun});
            let _ = writeln!(out, "{}", json!({"worker": told}));
            for task in tasks {
                let seconds = fraction(view.now - task.started, 1_000);
                let fields = json!({"worker": node, "id": task.id, "name": task.name, "seconds": seconds});
                let _ = writeln!(out, "{}", json!({"task": fields}));
            }
        }
    }
    let _ = writeln!(out, "{}", json!({"done": true}));
    Ok(Section::of(out))
}

pub(super) fn pgbouncer(view: &View<'_>, host: &Host) -> rusqlite::Result<Section> {
    if !matches!(host.role.word(), "web" | "worker") {
        return Ok(Section::missing("psql"));
    }
    let up = services::programs(view, host).into_iter().flatten().any(|program| {
        program.name.ends_with("-pgbouncer") && matches!(program.state, services::State::Running { .. })
    });
    if !up {
        let out = "psql: error: connection to server at \"127.0.0.1\", port 5432 failed: Connection refused\n\
                   \tIs the server running on that host and accepting TCP/IP connections?\n";
        return Ok(Section { out: out.to_owned(), code: 2, ..Section::default() });
    }
    let clients = database::count_clients(view, host)?;
    let pool = database::pool(view, &host.id, host.load, clients);
    let mut out = String::new();
    let full = host.trouble("pool-full");
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some clients")]
    let all_waiting = full.map_or(0, |trouble| trouble.amount as u64);
    let mut tell = |database: &str, user: &str, active: u64, servers: database::Pool, mode: &str| {
        let waiting = if database.starts_with(DEPLOYMENT) { all_waiting } else { 0 };
        let columns = [
            ("cl_active", active),
            ("cl_waiting", waiting),
            ("cl_cancel_req", 0),
            ("sv_active", servers.active),
            ("sv_idle", servers.idle),
            ("sv_used", 0),
            ("sv_tested", 0),
            ("sv_login", 0),
            ("maxwait", 0),
            ("maxwait_us", 0),
        ];
        let columns = columns.map(|(name, number)| format!("{name}|{number}\n")).concat();
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = write!(out, "{gap}database|{database}\nuser|{user}\n{columns}pool_mode|{mode}\n");
    };
    tell(&format!("{DEPLOYMENT}_{}", host.environment), DEPLOYMENT, pool.active + 3, pool, "transaction");
    for n in 0..server::count(view, &host.environment, "db-replica")? {
        let pool = database::Pool { active: pool.active / 4, idle: pool.idle / 3 };
        tell(&format!("replica{n}"), DEPLOYMENT, pool.active, pool, "transaction");
    }
    tell("pgbouncer", "pgbouncer", 1, database::Pool::default(), "statement");
    Ok(Section::of(out))
}
