//! What `runuser -u postgres -- psql` and `redis-cli` tell, and the little that they change.

use std::fmt::Write;

use super::{Scene, Steps, failed, out, services, unknown};
use crate::sandbox::hosts::print;
use crate::sandbox::hosts::truth::{database, services as truth};
use crate::sandbox::places::DEPLOYMENT;
use crate::sandbox::waves::fraction;

/// Only PostgreSQL's own user is needed.
pub(super) fn runuser(scene: &Scene<'_>, arguments: &[String]) -> rusqlite::Result<Steps> {
    let psql = arguments.iter().position(|word| word == "psql");
    let query = arguments.iter().position(|word| word == "-c").and_then(|at| arguments.get(at + 1));
    let (Some(_), Some(query)) = (psql, query) else {
        let text = "runuser: the simulated server knows only `runuser -u postgres -- psql … -c QUERY`\n";
        return Ok(failed(text.to_owned(), 1));
    };
    if scene.user != "root" {
        return Ok(failed("runuser: may not be used by non-root users\n".to_owned(), 1));
    }
    if !scene.host.role.word().starts_with("db-") {
        return Ok(unknown("psql"));
    }
    if !truth::is_up(&scene.view, scene.host, "postgresql@15-main") {
        let text = "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: No such file or directory\n";
        return Ok(failed(text.to_owned(), 2));
    }
    if query.contains("pg_wal_replay_resume") {
        services::end_troubles(scene, "replica-paused")?;
        return Ok(out("\n".to_owned()));
    }
    if query.contains("pg_terminate_backend") && query.contains("'idle'") {
        services::end_troubles(scene, "connections-full")?;
        return Ok(out("t\n".to_owned()));
    }
    if query.contains("pg_terminate_backend") {
        services::end_troubles(scene, "long-transaction")?;
        services::end_troubles(scene, "replica-lagging")?;
        return Ok(out("t\n".to_owned()));
    }
    if query.contains("pg_stat_activity") && query.contains("xact_start") {
        return Ok(out(transactions(scene)));
    }
    if query.contains("pg_stat_activity") {
        return holders(scene).map(out);
    }
    Ok(failed("The simulated server knows only queries of pg_stat_activity, pg_terminate_backend and pg_wal_replay_resume.\n".to_owned(), 1))
}

fn transactions(scene: &Scene<'_>) -> String {
    let mut text = String::new();
    let mut tell = |pid: u32, since: i64, more: f64| {
        let seconds = fraction(scene.view.now - since, 1_000) + more;
        let minutes = seconds / 60.0;
        let _ = writeln!(text, "{pid} reporting active {minutes:.0} min SELECT");
    };
    if let Some(holding) = database::holding(scene.host) {
        tell(holding.pid, holding.since, 0.0);
    }
    if let Some(trouble) = scene.host.trouble("long-transaction") {
        tell(9_412, trouble.since, trouble.amount);
    }
    text
}

fn holders(scene: &Scene<'_>) -> rusqlite::Result<String> {
    let clients = database::clients(&scene.view, scene.host)?;
    let mut text = String::new();
    let full = scene.host.trouble("connections-full").is_some();
    for (n, client) in clients.iter().enumerate() {
        let pool = database::pool(&scene.view, &client.id, scene.host.load, clients.len());
        let most = database::most_connections(clients.len());
        let idle = if full && n == 0 { most / 2 } else { pool.idle };
        let address = crate::sandbox::hosts::server::spelled(client.address);
        let _ = writeln!(text, "{idle} {DEPLOYMENT} {address} idle");
    }
    Ok(text)
}

/// What Redis may use, until it starts again.
fn limit(scene: &Scene<'_>, bytes: &str) -> rusqlite::Result<Steps> {
    if !truth::is_up(&scene.view, scene.host, "redis-server") {
        let text = "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n";
        return Ok(failed(text.to_owned(), 1));
    }
    let Ok(bytes) = bytes.parse::<f64>() else {
        return Ok(out("ERR CONFIG SET failed - argument must be a memory value\n".to_owned()));
    };
    services::end_troubles(scene, "redis-limit")?;
    scene
        .view
        .c
        .prepare_cached(
            "INSERT OR REPLACE INTO troubles (subject, kind, since, until, amount) VALUES (?1, 'redis-limit', ?2, NULL, ?3)",
        )?
        .execute(rusqlite::params![scene.host.id, scene.view.now, bytes])?;
    Ok(out("OK\n".to_owned()))
}

/// What Redis says of itself.
pub(super) fn redis_cli(scene: &Scene<'_>, arguments: &[String]) -> rusqlite::Result<Steps> {
    if truth::find(&scene.view, scene.host, "redis-server").is_none() {
        return Ok(unknown("redis-cli"));
    }
    let words: Vec<String> = arguments.iter().map(|word| word.to_lowercase()).collect();
    if let [config, set, name, bytes] = &words[..]
        && (config.as_str(), set.as_str(), name.as_str()) == ("config", "set", "maxmemory")
    {
        return limit(scene, bytes);
    }
    if words.first().is_none_or(|word| word != "info") {
        let text = "The simulated server knows only `redis-cli info [SECTION]` and `redis-cli config set maxmemory BYTES`.\n";
        return Ok(failed(text.to_owned(), 1));
    }
    let (text, code) = print::redis_info(&scene.view, scene.host)?;
    if code != 0 {
        return Ok(failed(text, code));
    }
    let wanted = arguments.get(1).map(|section| section.to_lowercase());
    let sections = text.split("\n\n").filter(|section| {
        let name = section.lines().next().unwrap_or_default().trim_start_matches("# ").to_lowercase();
        wanted.as_ref().is_none_or(|wanted| name == *wanted)
    });
    Ok(out(sections.collect::<Vec<_>>().join("\n\n") + "\n"))
}
