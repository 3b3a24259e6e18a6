//! PostgreSQL, as its views tell about it: one JSON object per line.

use serde_json::{Value, json};

use super::Section;
use crate::sandbox::clock::timestamp;
use crate::sandbox::hosts::server::{self, Host};
use crate::sandbox::hosts::truth::{MINUTE, database, services};
use crate::sandbox::needs;
use crate::sandbox::places::DEPLOYMENT;
use crate::sandbox::read::View;
use crate::sandbox::waves::{fraction, wave};

const VERSION: &str = "15.6 (Ubuntu 15.6-1.pgdg24.04+1)";

pub(super) fn print(view: &View<'_>, host: &Host) -> rusqlite::Result<Section> {
    let replica = match host.role.word() {
        "db-primary" => false,
        "db-replica" => true,
        _ => return Ok(Section::missing("psql")),
    };
    let Some(cluster) = services::find(view, host, "postgresql@15-main").filter(|unit| unit.up) else {
        let socket = "connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed";
        let text =
            format!("psql: error: {socket}: No such file or directory\n\tIs the server running locally?\n");
        return Ok(Section::failed(text, 2));
    };
    let clients = database::count_clients(view, host)?;
    let lag = if replica { database::lag(view, host) } else { 0 };
    let (written, replayed) =
        (database::position(host.load, view.now), database::position(host.load, view.now - lag));
    let mut rows = vec![json!({"server": {
        "version": VERSION,
        "recovery": replica,
        "started": timestamp(cluster.since).strftime("%Y-%m-%dT%H:%M:%S%.f+00:00").to_string(),
        "position": database::spelled(replayed),
        "timeline": 3,
        "connections": database::most_connections(clients),
        "wal_keep": 1_073_741_824,
        "slot_keep": 8_589_934_592_u64,
    }})];
    if replica {
        let cut = needs::is_broken(view.c, &host.environment, "db-primary", "postgresql")?
            || host.trouble("receiver-lost").is_some();
        let primary = server::peers(view, &host.environment, "db-primary")?;
        // What is not sent is not received: it stands where it was when that ended.
        let (written, replayed) = if cut {
            let since = cut_since(view, host)?;
            let last = database::position(host.load, since);
            (last, replayed.min(last))
        } else {
            (written, replayed)
        };
        rows.extend(of_replica(view, host, primary.first().filter(|_| !cut), lag, written, replayed));
    } else {
        rows.extend(of_primary(view, host, written)?);
    }
    rows.push(json!({"size": {"bytes": database::size(view, host)}}));
    let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    Ok(Section::of(lines.join("\n") + "\n"))
}

fn of_primary(view: &View<'_>, host: &Host, written: u64) -> rusqlite::Result<Vec<Value>> {
    let mut all = database::Pool::default();
    let clients = database::clients(view, host)?;
    for client in &clients {
        let pool = database::pool(view, &client.id, host.load, clients.len());
        all.active += pool.active;
        all.idle += pool.idle;
    }
    if host.trouble("connections-full").is_some() {
        all.idle = database::most_connections(clients.len()).saturating_sub(all.active + 1);
    }
    let entity = format!("transactions {}", host.id);
    let open = view.dice.draw(&entity, (view.now / 5_000).cast_unsigned()) % 3;
    let mut rows = vec![json!({"connections": {
        "active": all.active,
        "idle": all.idle.saturating_sub(open),
        "idle_in_transaction": open.min(all.idle),
        "other": 0,
        "waiting": 0,
    }})];
    if let Some(trouble) = host.trouble("long-transaction") {
        let seconds = fraction(view.now - trouble.since, 1_000) + trouble.amount;
        rows.push(json!({"oldest": {"seconds": rounded(seconds), "user": "reporting", "pid": 9_412}}));
    } else if all.active > 0 {
        let seconds = 2.4 * wave(view.dice, &entity, view.now, 4_000).powi(3) + 0.01;
        let pid = services::pid(view, host, "transaction", view.now / 7_000);
        rows.push(json!({"oldest": {"seconds": rounded(seconds), "user": DEPLOYMENT, "pid": pid}}));
    }
    for (n, peer) in server::peers(view, &host.environment, "db-replica")?.iter().enumerate() {
        let Some(replica) = server::host(view, &peer.id)? else { continue };
        let (name, streams) = (format!("replica{n}"), services::is_up(view, &replica, "postgresql@15-main"));
        let streams = streams && replica.trouble("receiver-lost").is_none();
        let lag = database::lag(view, &replica);
        let behind = written - database::position(host.load, view.now - lag);
        if streams {
            rows.push(json!({"standby": {
                "name": name,
                "address": server::spelled(peer.address),
                "state": "streaming",
                "sync": "async",
                "sent_behind": 0,
                "flush_behind": behind.min(8_192),
                "replay_behind": behind,
                "replay_lag": (lag > 0).then(|| fraction(lag, 1_000)),
            }}));
        }
        let down = services::find(view, &replica, "postgresql@15-main").map_or(view.now, |unit| unit.since);
        let down = replica.trouble("receiver-lost").map_or(down, |trouble| trouble.since);
        let kept = if streams { behind } else { written - database::position(host.load, down) };
        let status = if kept > 1_073_741_824 { "extended" } else { "reserved" };
        rows.push(json!({"slot": {"name": name, "active": streams, "retained": kept, "status": status}}));
    }
    Ok(rows)
}

/// Since when a replica hears nothing: since its own receiver is lost, or its primary's service is down.
fn cut_since(view: &View<'_>, host: &Host) -> rusqlite::Result<i64> {
    if let Some(trouble) = host.trouble("receiver-lost") {
        return Ok(trouble.since);
    }
    let down = view
        .c
        .prepare_cached(
            "SELECT max(u.since) FROM units u JOIN instances i ON i.id = u.instance
             WHERE i.environment = ?1 AND i.role = 'db-primary' AND u.up = 0 AND u.unit LIKE 'postgresql%'",
        )?
        .query_row([&host.environment], |row| row.get::<_, Option<i64>>(0))?;
    Ok(down.unwrap_or(view.now))
}

fn of_replica(
    view: &View<'_>,
    host: &Host,
    primary: Option<&server::Peer>,
    lag: i64,
    written: u64,
    replayed: u64,
) -> Vec<Value> {
    let mut rows = Vec::new();
    if let Some(primary) = primary {
        rows.push(json!({"receiver": {
            "status": "streaming",
            "sender": server::spelled(primary.address),
            "timeline": 3,
            "latest": database::spelled(written),
            "heard": rounded(0.9 * wave(view.dice, &format!("heard {}", host.id), view.now, 1_700)),
            "timeout": 60,
        }}));
    }
    rows.push(json!({"replica": {
        "received": database::spelled(written),
        "replayed": database::spelled(replayed),
        "behind": written - replayed,
        "to_receive": 0,
        "waits": written == replayed,
        "replayed_age": rounded(fraction(lag, 1_000) + 0.004),
        "paused": host.trouble("replica-paused").is_some(),
        "conflicts": database::conflicts(view, host),
    }}));
    let holding = database::holding(host);
    let reading =
        3 + view.dice.draw(&format!("reading {}", host.id), (view.now / (2 * MINUTE)).cast_unsigned()) % 6;
    rows.push(json!({"connections": {
        "active": u64::from(holding.is_some()) + reading / 4,
        "idle": reading,
        "idle_in_transaction": 0,
        "other": 0,
        "waiting": 0,
    }}));
    if let Some(holding) = holding {
        let seconds = fraction(view.now - holding.since, 1_000);
        rows.push(json!({"oldest": {"seconds": seconds, "user": "reporting", "pid": holding.pid}}));
    }
    rows
}

/// To the millisecond.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}
