//! Supervisor's programs.

use std::collections::BTreeMap;

use super::Unread;
use super::reading::{bounded, complaint, name, short};
use super::request::Body;
use crate::fleet::measured::{Program, Supervisor};
use crate::fleet::{Fact, FailureKind, Layout};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

const STATES: &[&str] =
    &["RUNNING", "STOPPED", "STARTING", "BACKOFF", "FATAL", "EXITED", "STOPPING", "UNKNOWN"];

/// Reads what it printed.
pub(super) fn read(body: &Body<'_>, _: &Layout) -> Result<Fact, Unread> {
    let mut parts = body.lines.splitn(2, |line| line.trim() == "log");
    let (status, log) = (parts.next().unwrap_or_default(), parts.next());
    let programs: Vec<Program> = status.iter().filter_map(|line| program(line)).collect();
    // Without a program it is silent and content; with one that does not run the code is 3.
    if programs.is_empty() && (body.code != 0 || !status.iter().all(|line| line.trim().is_empty())) {
        return Err(refused(body));
    }
    let again: Option<BTreeMap<&str, u32>> = log.map(|lines| {
        let counts = lines.iter().filter_map(|line| line.strip_prefix("again ")?.split_once(' '));
        counts.filter_map(|(count, name)| Some((name, count.parse().ok()?))).collect()
    });
    let mut programs = bounded(programs);
    for program in &mut programs {
        program.restarts = again.as_ref().map(|again| again.get(program.name.as_str()).copied().unwrap_or(0));
    }
    Ok(Fact::Supervisor(Supervisor { programs }))
}

/// `group:name  STATE  detail`, or only the name where the group has the same.
fn program(line: &str) -> Option<Program> {
    let (full, rest) = line.split_once(' ')?;
    let rest = rest.trim();
    let (state, detail) = rest.split_once(' ').map_or((rest, ""), |(state, detail)| (state, detail.trim()));
    if !STATES.contains(&state) {
        return None;
    }
    let (group, own) = full.split_once(':').unwrap_or((full, full));
    let running = (state == "RUNNING").then(|| running(detail)).flatten();
    Some(Program {
        group: name(group),
        name: name(own),
        state: state.to_owned(),
        pid: running.map(|(pid, _)| pid),
        up_seconds: running.and_then(|(_, up)| up),
        restarts: None,
        detail: if running.is_some() { String::new() } else { short(detail) },
    })
}

/// `pid 109, uptime 1 day, 0:01:42`.
fn running(detail: &str) -> Option<(u32, Option<u64>)> {
    let (pid, rest) = detail.strip_prefix("pid ")?.split_once(',')?;
    Some((pid.parse().ok()?, rest.trim().strip_prefix("uptime ").and_then(uptime)))
}

/// `0:01:42`, `1 day, 0:01:42` or `12 days, 3:04:05`, as Python writes it.
fn uptime(text: &str) -> Option<u64> {
    let (days, clock) = match text.split_once(',') {
        Some((days, clock)) => (days.split(' ').next()?.parse::<u64>().ok()?, clock.trim()),
        None => (0, text.trim()),
    };
    let mut parts = clock.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let seconds = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)?;
    days.checked_mul(86_400)?.checked_add(seconds)
}

fn refused(body: &Body<'_>) -> Unread {
    let said = |word: &str| body.lines.iter().chain(&body.errors).any(|line| line.contains(word));
    if said(".sock no such file") {
        let message = "Supervisor does not run: it has no socket. Its unit `supervisor` says since when";
        return Unread::new(FailureKind::Unreachable, message);
    }
    complaint(body, "supervisorctl", "Supervisor")
}
