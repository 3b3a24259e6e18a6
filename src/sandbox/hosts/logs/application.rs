//! Gunicorn and Celery.

use super::{Lines, Source, time};
use crate::sandbox::hosts::truth::queue::{self, Run};
use crate::sandbox::hosts::truth::services::{BAD_CODE, RESTART, STANDS, failing_since};

/// A task may take so long before its worker warns.
const SOFT_LIMIT: i64 = 30 * 60_000;

fn gunicorn_line(at: i64, pid: u64, level: &str, text: &str) -> (i64, String) {
    (at, format!("[{} +0000] [{pid}] [{level}] {text}", time(at, "%Y-%m-%d %H:%M:%S")))
}

pub(super) fn gunicorn(source: &Source, start: i64) -> Lines {
    let pid = |n: i64| source.draw("gunicorn pid", n) % 30_000 + 900;
    let Some(since) = failing_since(&source.host).filter(|since| start + 5_000 > *since) else {
        if let Some(since) = source.host.spoilt.filter(|since| start + 5_000 > *since) {
            return bad_code(start.max(since), start + 5_000);
        }
        if !source.draw("autorestart", start).is_multiple_of(240) {
            return Vec::new();
        }
        let at = source.moment("autorestart", start, 4_000, 0);
        return vec![
            gunicorn_line(at, pid(start), "INFO", "Autorestarting worker after current request."),
            gunicorn_line(at + 40, pid(start), "INFO", &format!("Worker exiting (pid: {})", pid(start))),
            gunicorn_line(
                at + 400,
                pid(start + 1),
                "INFO",
                &format!("Booting worker with pid: {}", pid(start + 1)),
            ),
        ];
    };
    let full = source.host.trouble("disk-full").is_some();
    let mut lines = Vec::new();
    let first = (start - since).max(0) / RESTART;
    for turn in [first, first + 1] {
        let began = since + turn * RESTART;
        let (master, worker) = (pid(turn * 16), pid(turn * 16 + 1));
        lines.extend([
            gunicorn_line(began, master, "INFO", "Starting gunicorn 23.0.0"),
            gunicorn_line(
                began + 20,
                master,
                "INFO",
                &format!("Listening at: http://0.0.0.0:8000 ({master})"),
            ),
            gunicorn_line(began + 21, master, "INFO", "Using worker: sync"),
            gunicorn_line(began + 60, worker, "INFO", &format!("Booting worker with pid: {worker}")),
        ]);
        for check in 1..(STANDS / 10_000) {
            let error = if full {
                "OSError: [Errno 28] No space left on device"
            } else {
                "django.db.utils.OperationalError: server closed the connection unexpectedly"
            };
            lines.extend(traceback(began + check * 10_000, error));
        }
        let fallen = began + STANDS;
        lines.extend([
            gunicorn_line(fallen - 3_000, master, "CRITICAL", &format!("WORKER TIMEOUT (pid:{worker})")),
            gunicorn_line(
                fallen - 1_000,
                master,
                "ERROR",
                &format!("Worker (pid:{worker}) was sent SIGKILL! Perhaps out of memory?"),
            ),
            gunicorn_line(fallen - 500, master, "ERROR", "Shutting down: Master"),
            gunicorn_line(fallen - 499, master, "ERROR", "Reason: Worker failed to boot."),
        ]);
    }
    lines.retain(|(at, _)| (start..start + 5_000).contains(at));
    lines
}

/// What Django logs for a health check that fails.
fn traceback(at: i64, error: &str) -> [(i64, String); 4] {
    [
        format!(
            "{} ERROR django.request Internal Server Error: /healthcheck.html",
            time(at, "%Y-%m-%d %H:%M:%S,%3f")
        ),
        "Traceback (most recent call last):".to_owned(),
        "  File \"/home/myproject/www/code_root/myproject/health.py\", line 31, in check".to_owned(),
        error.to_owned(),
    ]
    .map(|line| (at, line))
}

/// Every check of the load balancer fails the same way.
fn bad_code(from: i64, to: i64) -> Lines {
    let first = (from + 9_999).div_euclid(10_000);
    let checks = (first..).map(|n| n * 10_000).take_while(|at| *at < to);
    checks.flat_map(|at| traceback(at, BAD_CODE)).collect()
}

pub(super) fn celery_main(source: &Source, start: i64) -> Lines {
    celery(source, "main", start)
}

pub(super) fn celery_exports(source: &Source, start: i64) -> Lines {
    celery(source, "exports", start)
}

fn celery(source: &Source, worker: &str, start: i64) -> Lines {
    let mut lines = Vec::new();
    let line = |at: i64, level: &str, process: &str, text: String| {
        (at, format!("[{}: {level}/{process}] {text}", time(at, "%Y-%m-%d %H:%M:%S,%3f")))
    };
    let end = start + 5_000;
    for Run { task, ends, slot } in queue::runs(source.dice, &source.host, worker, start, end) {
        let process = format!("ForkPoolWorker-{}", slot + 1);
        let (name, id) = (task.name, &task.id);
        lines.push(line(task.started, "INFO", "MainProcess", format!("Task {name}[{id}] received")));
        let thousandths = ends - task.started;
        if thousandths >= SOFT_LIMIT {
            lines.push(line(
                task.started + SOFT_LIMIT,
                "WARNING",
                "MainProcess",
                format!("Soft time limit (1800s) exceeded for {name}[{id}]"),
            ));
            let text = format!("Task {name}[{id}] raised unexpected: SoftTimeLimitExceeded()");
            lines.push(line(ends, "ERROR", &process, text));
        } else {
            let took = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
            lines.push(line(ends, "INFO", &process, format!("Task {name}[{id}] succeeded in {took}s: None")));
        }
    }
    lines.retain(|(at, _)| (start..end).contains(at));
    lines
}

pub(super) fn beat(_: &Source, start: i64) -> Lines {
    let minute = start.div_euclid(60_000);
    let due: &[(i64, &str)] = &[
        (1, "heartbeat (myproject.monitor.tasks.heartbeat)"),
        (5, "update-index (myproject.search.tasks.update_index)"),
        (15, "clear-sessions (myproject.accounts.tasks.clear_sessions)"),
    ];
    let due = due.iter().filter(|(every, _)| minute % every == 0);
    let line = |(n, (_, task)): (i64, &(i64, &str))| {
        let at = start + 3 * n;
        (
            at,
            format!(
                "[{}: INFO/MainProcess] Scheduler: Sending due task {task}",
                time(at, "%Y-%m-%d %H:%M:%S,%3f")
            ),
        )
    };
    (0..).zip(due).map(line).collect()
}

pub(super) fn camera(source: &Source, start: i64) -> Lines {
    let at = source.moment("camera", start, 600_000, 0);
    let count = source.draw("camera of", start) % 90;
    let line =
        format!("[{}: INFO/MainProcess] Shutter: {count} tasks recorded", time(at, "%Y-%m-%d %H:%M:%S,%3f"));
    vec![(at, line)]
}
