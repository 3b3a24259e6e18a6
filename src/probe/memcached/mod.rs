//! Memcached.

use super::Unread;
use super::reading::{complaint, name};
use super::request::Body;
use crate::fleet::measured::Memcached;
use crate::fleet::{Fact, FailureKind, Layout};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

/// Reads what it printed.
pub(super) fn read(body: &Body<'_>, _: &Layout) -> Result<Fact, Unread> {
    let value = |key: &str| {
        let mut lines = body.lines.iter().filter_map(|line| line.strip_prefix("STAT ")?.split_once(' '));
        lines.find(|(name, _)| *name == key).map(|(_, value)| value.trim())
    };
    let number = |key: &str| value(key).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let Some(version) = value("version").map(name) else {
        if body.lines.iter().any(|line| line.contains("unauthenticated")) {
            let message = "Memcached wants a password: FabulAWS sets none, and none is sent from here";
            return Err(Unread::new(FailureKind::Denied, message));
        }
        return Err(complaint(body, "bash", "Memcached"));
    };
    Ok(Fact::Memcached(Memcached {
        version,
        bytes: number("bytes"),
        most: number("limit_maxbytes"),
        connections: u32::try_from(number("curr_connections")).unwrap_or(u32::MAX),
        evictions: number("evictions"),
        hits: number("get_hits"),
        misses: number("get_misses"),
    }))
}
