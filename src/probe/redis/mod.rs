//! Redis.

use super::Unread;
use super::reading::{complaint, name};
use super::request::Body;
use crate::fleet::measured::Redis;
use crate::fleet::{Fact, FailureKind, Layout};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

/// Reads what it printed.
pub(super) fn read(body: &Body<'_>, _: &Layout) -> Result<Fact, Unread> {
    let value = |key: &str| body.lines.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let number = |key: &str| value(key).and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
    let count = |key: &str| u32::try_from(number(key)).unwrap_or(u32::MAX);
    let Some(version) = value("redis_version").map(name) else {
        return Err(refused(body));
    };
    Ok(Fact::Redis(Box::new(Redis {
        version,
        role: value("role").map(name).unwrap_or_default(),
        up_seconds: number("uptime_in_seconds"),
        memory_used: number("used_memory"),
        memory_most: number("maxmemory"),
        policy: value("maxmemory_policy").map(name).unwrap_or_default(),
        clients: count("connected_clients"),
        blocked: count("blocked_clients"),
        evicted: number("evicted_keys"),
        rejected: number("rejected_connections"),
        save_ok: value("rdb_last_bgsave_status").is_none_or(|status| status.trim() == "ok"),
        unsaved: number("rdb_changes_since_last_save"),
        append_only: number("aof_enabled") == 1,
        append_ok: ["aof_last_write_status", "aof_last_bgrewrite_status"]
            .iter()
            .all(|key| value(key).is_none_or(|status| status.trim() == "ok")),
        keys: body.lines.iter().filter_map(|line| keys(line)).fold(0, u64::saturating_add),
    })))
}

/// `db0:keys=12,expires=3,avg_ttl=0`.
fn keys(line: &str) -> Option<u64> {
    let (database, counts) = line.strip_prefix("db")?.split_once(':')?;
    database.parse::<u32>().ok()?;
    counts.split(',').find_map(|count| count.strip_prefix("keys=")?.parse().ok())
}

fn refused(body: &Body<'_>) -> Unread {
    let said = |word: &str| body.lines.iter().chain(&body.errors).any(|line| line.contains(word));
    if said("NOAUTH") || said("WRONGPASS") || said("NOPERM") {
        let message = "Redis wants a password (requirepass): FabulAWS sets none, and none is sent from here";
        return Unread::new(FailureKind::Denied, message);
    }
    complaint(body, "redis-cli", "Redis")
}
