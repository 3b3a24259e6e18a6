//! Load, memory, swap and clock.

use super::Unread;
use super::reading::value;
use super::request::Body;
use crate::fleet::measured::Machine;
use crate::fleet::{Fact, FailureKind, Layout};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

/// Reads what it printed.
pub(super) fn read(body: &Body<'_>, _: &Layout) -> Result<Fact, Unread> {
    let value = |name: &str| value(body, name);
    let number = |name: &str| value(name).and_then(|text| text.parse::<u64>().ok());
    let kilobytes = |name: &str| number(name).map(|kilobytes| kilobytes.saturating_mul(1024));
    let missing = || Unread::new(FailureKind::Other, "/proc/loadavg or /proc/meminfo could not be read");
    let mut load = [0.0; 3];
    let words = value("load").ok_or_else(missing)?;
    for (slot, word) in load.iter_mut().zip(words.split(' ')) {
        *slot = word.parse().map_err(|_| missing())?;
    }
    let swap_total = kilobytes("SwapTotal").unwrap_or(0);
    let clock = body
        .at
        .zip(number("milliseconds"))
        .and_then(|(at, theirs)| i64::try_from(theirs).ok().map(|theirs| theirs - at.as_millisecond()));
    Ok(Fact::Machine(Machine {
        cores: number("cores").and_then(|cores| u32::try_from(cores).ok()).unwrap_or(1),
        load,
        memory_total: kilobytes("MemTotal").ok_or_else(missing)?,
        memory_available: kilobytes("MemAvailable").ok_or_else(missing)?,
        swap_total,
        swap_used: swap_total.saturating_sub(kilobytes("SwapFree").unwrap_or(0)),
        up_seconds: number("up").unwrap_or(0),
        clock_ahead_ms: clock,
        clock_synchronised: match value("synchronised") {
            Some("yes") => Some(true),
            Some("no") => Some(false),
            _ => None,
        },
    }))
}
