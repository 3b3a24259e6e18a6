//! `PgBouncer`'s pools.

use super::Unread;
use super::reading::{bounded, complaint, name};
use super::request::Body;
use crate::fleet::measured::{PgBouncer, Pool};
use crate::fleet::{Fact, FailureKind, Layout};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

/// Reads what it printed.
pub(super) fn read(body: &Body<'_>, _: &Layout) -> Result<Fact, Unread> {
    let pools: Vec<Pool> = body.lines.split(|line| line.trim().is_empty()).filter_map(pool).collect();
    // Its own console is always there: an answer without any pool is none.
    if body.code != 0 || pools.is_empty() {
        return Err(refused(body));
    }
    let pools = pools.into_iter().filter(|pool| pool.database != "pgbouncer").collect();
    Ok(Fact::PgBouncer(PgBouncer { pools: bounded(pools) }))
}

/// The columns of one pool; most versions have more than these, and before 1.8 there were no microseconds.
fn pool(columns: &[&str]) -> Option<Pool> {
    let value =
        |key: &str| columns.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix('|')).map(str::trim);
    let count = |key: &str| value(key).and_then(|text| text.parse().ok()).unwrap_or(0_u32);
    let seconds = |key: &str| value(key).and_then(|text| text.parse().ok()).unwrap_or(0.0_f64);
    Some(Pool {
        database: name(value("database")?),
        user: name(value("user")?),
        clients_active: count("cl_active"),
        clients_waiting: count("cl_waiting"),
        servers_active: count("sv_active"),
        // `used` ones rest, too, for so long that they are tried before they are used again.
        servers_idle: count("sv_idle").saturating_add(count("sv_used")),
        longest_wait: (seconds("maxwait") + seconds("maxwait_us") / 1e6).max(0.0),
    })
}

fn refused(body: &Body<'_>) -> Unread {
    let said = |word: &str| body.lines.iter().chain(&body.errors).any(|line| line.contains(word));
    let users =
        ["no such user", "authentication failed", "not allowed", "no password supplied", "auth failed"];
    if users.iter().any(|word| said(word)) {
        let message =
            "PgBouncer does not let the user `stats` look: put it into `stats_users` of its ini file";
        return Unread::new(FailureKind::Denied, message);
    }
    complaint(body, "psql", "PgBouncer")
}
