//! What stands between the application and its databases, and Supervisor.

use super::{Lines, Source, time};
use crate::sandbox::hosts::truth::services::{RESTART, STANDS, failing_since};
use crate::sandbox::waves::{daily, whole};

pub(super) fn pgbouncer(source: &Source, start: i64) -> Lines {
    let at = start + i64::try_from(source.draw("pgbouncer", 0) % 50_000).unwrap_or(0);
    let luck = source.draw("pgbouncer", start);
    let stamp = |at| time(at, "%Y-%m-%d %H:%M:%S.%3f UTC");
    let transactions = whole(source.share * 3.0 * daily(start.div_euclid(60_000))) + luck % 4;
    let mut lines = vec![(
        at,
        format!(
            "{} [841] LOG stats: {transactions} xacts/s, {} queries/s, {} client parses/s, 0 server parses/s, 0 binds/s, \
             in {} B/s, out {} B/s, xact {} us, query {} us, wait {} us",
            stamp(at),
            transactions * 3,
            luck % 3,
            transactions * 410,
            transactions * 2_300,
            900 + luck % 700,
            300 + luck % 250,
            luck % 20
        ),
    )];
    if luck.is_multiple_of(5) {
        let at = source.moment("login", start, 60_000, 1);
        let (database, user) = (format!("myproject_{}", source.host.environment), "myproject");
        lines.push((
            at,
            format!(
                "{} [841] LOG C-0x{:x}: {database}/{user}@127.0.0.1:{} login attempt: db={database} user={user} tls=no",
                stamp(at),
                luck & 0xffff_ffff,
                32_000 + luck % 28_000
            ),
        ));
    }
    lines
}

pub(super) fn stunnel(source: &Source, start: i64) -> Lines {
    let at = source.moment("stunnel", start, 80_000, 0);
    let luck = source.draw("stunnel", start);
    let stamp = time(at, "%Y.%m.%d %H:%M:%S");
    let thread = luck % 900;
    let service = if luck.is_multiple_of(3) { "replica0" } else { "default" };
    let mut lines = vec![(
        at,
        format!(
            "{stamp} LOG5[{thread}]: Service [{service}] accepted connection from 127.0.0.1:{}",
            32_000 + luck % 28_000
        ),
    )];
    lines.push((at + 4, format!("{stamp} LOG5[{thread}]: s_connect: connected 10.0.3.10:5432")));
    lines
}

pub(super) fn supervisor(source: &Source, start: i64) -> Lines {
    let Some(since) = failing_since(&source.host) else { return Vec::new() };
    let name = format!("{}-server", source.host.environment);
    let mut lines = Vec::new();
    let first = (start - since).max(0) / RESTART;
    for turn in [first, first + 1] {
        let began = since + turn * RESTART;
        let pid = source.draw("gunicorn pid", turn * 16) % 30_000 + 900;
        for (at, level, text) in [
            (began, "INFO", format!("spawned: '{name}' with pid {pid}")),
            (
                began + 2_004,
                "INFO",
                format!(
                    "success: {name} entered RUNNING state, process has stayed up for > than 2 seconds (startsecs)"
                ),
            ),
            (began + STANDS, "WARN", format!("exited: {name} (exit status 3; not expected)")),
        ] {
            lines.push((at, format!("{} {level} {text}", time(at, "%Y-%m-%d %H:%M:%S,%3f"))));
        }
    }
    lines.retain(|(at, _)| (start..start + 20_000).contains(at));
    lines
}
