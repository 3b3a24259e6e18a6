//! systemd units of the role.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Unread;
use super::reading::{bounded, complaint, name};
use super::request::Body;
use crate::fleet::measured::{Unit, Units};
use crate::fleet::{Fact, Layout, Role};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

const WEB: &[&str] = &["nginx", "supervisor"];
const WORKER: &[&str] = &["supervisor"];
const CACHE: &[&str] = &["redis-server", "rabbitmq-server", "memcached"];
const DATABASE: &[&str] = &["postgresql"];
const COMBO: &[&str] = &["postgresql", "nginx", "supervisor"];

/// May be there or not: `FabulAWS` runs `PgBouncer` and Stunnel under Supervisor and leaves the packages' own units off.
const WELCOME: &[&str] =
    &["stunnel4", "pgbouncer", "chrony", "ntp", "ntpsec", "systemd-timesyncd", "fail2ban"];

/// What runs on servers of the role, as the script wants it: the units expected there, and those that may be there.
pub(super) fn of(role: &Role) -> (String, String) {
    let wanted = match role {
        Role::Web => WEB,
        Role::Worker => WORKER,
        Role::Cache => CACHE,
        Role::DbPrimary | Role::DbReplica => DATABASE,
        Role::Combo => COMBO,
        Role::Other(_) | Role::Untagged => &[],
    };
    // Nobody knows what an unknown role runs: whatever of ours is there is shown.
    let others: &[&[&str]] = if wanted.is_empty() { &[COMBO, CACHE, WELCOME] } else { &[WELCOME] };
    let list = |names: &mut dyn Iterator<Item = &&str>| {
        names.map(|name| format!("{name}.service")).collect::<Vec<_>>().join(" ")
    };
    (list(&mut wanted.iter()), list(&mut others.iter().copied().flatten()))
}

/// Reads what it printed. A systemctl that failed half way has left units out, and tells nothing.
pub(super) fn read(body: &Body<'_>, _: &Layout) -> Result<Fact, Unread> {
    let wanted: Vec<&str> = body
        .lines
        .iter()
        .find_map(|line| line.strip_prefix("wanted="))
        .map(|names| names.split_whitespace().collect())
        .unwrap_or_default();
    let blocks = body.lines.split(|line| line.trim().is_empty());
    let shown: Vec<(Vec<&str>, Unit)> = blocks.filter_map(unit).collect();
    if body.code != 0 || shown.is_empty() {
        return Err(complaint(body, "systemctl", "systemd"));
    }
    let clusters = shown.iter().any(|(names, unit)| {
        names.iter().any(|name| name.starts_with("postgresql@")) && unit.active != "not-found"
    });
    let mut units: BTreeMap<(usize, String), Unit> = BTreeMap::new();
    for (names, unit) in shown {
        // Debian's umbrella over the clusters is up whatever they are.
        if unit.name == "postgresql" && clusters {
            continue;
        }
        let place = wanted.iter().position(|wanted| names.contains(wanted));
        if place.is_some() || (unit.active == "active" && unit.sub == "running") || unit.active == "failed" {
            units.insert((place.unwrap_or(usize::MAX), unit.name.clone()), unit);
        }
    }
    Ok(Fact::Units(Units { units: bounded(units.into_values().collect()) }))
}

/// One block of `systemctl show`, with all names of the unit.
fn unit<'a>(block: &[&'a str]) -> Option<(Vec<&'a str>, Unit)> {
    let value =
        |key: &str| block.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::trim);
    let id = value("Id").filter(|id| !id.is_empty())?;
    let load = value("LoadState").unwrap_or_default();
    let active = if load == "not-found" { load } else { value("ActiveState")? };
    // A masked unit cannot be started: that is what fencing looks like.
    let sub = if matches!(load, "loaded" | "not-found" | "") { value("SubState")? } else { load };
    let entered = value("ActiveEnterTimestamp").filter(|_| active == "active").and_then(time);
    let since = entered.or_else(|| value("StateChangeTimestamp").and_then(time));
    let names = value("Names").unwrap_or(id).split_whitespace().chain([id]).collect();
    let unit = Unit {
        name: name(id.strip_suffix(".service").unwrap_or(id)),
        active: name(active),
        sub: name(sub),
        since,
        restarts: value("NRestarts").and_then(|count| count.parse().ok()).unwrap_or(0),
    };
    Some((names, unit))
}

/// `Sun 2026-11-22 21:58:32 UTC`; the script asks for UTC.
fn time(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace().skip(1);
    let (date, clock) = (words.next()?, words.next()?);
    if words.next() != Some("UTC") {
        return None;
    }
    let time: DateTime = format!("{date}T{clock}").parse().ok()?;
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
