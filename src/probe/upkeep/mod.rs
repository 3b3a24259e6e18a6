//! Reboot required and pending upgrades.

use super::Unread;
use super::reading::{complaint, name, value};
use super::request::Body;
use crate::fleet::measured::Upkeep;
use crate::fleet::{Fact, Layout};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

/// Reads what it printed.
pub(super) fn read(body: &Body<'_>, _: &Layout) -> Result<Fact, Unread> {
    let reboot_required = match value(body, "reboot") {
        Some("yes") => true,
        Some("no") => false,
        _ => return Err(complaint(body, "sh", "it")),
    };
    let count = |key: &str| value(body, key).and_then(|count| count.parse().ok());
    Ok(Fact::Upkeep(Upkeep {
        reboot_required,
        upgrades: count("upgrades"),
        security: count("security"),
        system: value(body, "system").map(name).filter(|system| !system.is_empty()),
    }))
}
