//! The site as the server itself sees it.

use super::Unread;
use super::reading::{complaint, short, value};
use super::request::Body;
use crate::fleet::measured::{HttpAnswer, Site};
use crate::fleet::{Fact, Layout};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

/// Reads what it printed.
pub(super) fn read(body: &Body<'_>, _: &Layout) -> Result<Fact, Unread> {
    let is = |key: &str| match value(body, key) {
        Some("yes") => Some(true),
        Some("no") => Some(false),
        _ => None,
    };
    let (Some(maintenance), Some(health_override)) = (is("maintenance"), is("override")) else {
        return Err(complaint(body, "curl", "the site"));
    };
    Ok(Fact::Site(Site {
        nginx: answer(body, "nginx"),
        gunicorn: answer(body, "gunicorn"),
        maintenance,
        health_override,
    }))
}

/// What curl said below a heading.
fn answer(body: &Body<'_>, whom: &str) -> Option<HttpAnswer> {
    let start = body.lines.iter().position(|line| line.trim() == whom)? + 1;
    let lines = body.lines.get(start..)?;
    let lines = lines.split(|line| line.trim() == "gunicorn").next()?;
    let end = lines.iter().position(|line| line.starts_with("answer="))?;
    let (status, seconds) = lines[end].strip_prefix("answer=")?.trim().split_once(' ')?;
    let status = status.parse().ok()?;
    let problem = lines[..end].iter().find_map(|line| line.trim().strip_prefix("curl: ")).map(short);
    let problem = problem.or_else(|| (status == 0).then(|| "there was no answer".to_owned()));
    Some(HttpAnswer { status, milliseconds: milliseconds(seconds.trim())?, problem })
}

/// From seconds with a decimal point or comma.
fn milliseconds(seconds: &str) -> Option<u32> {
    let seconds: f64 = seconds.replace(',', ".").parse().ok()?;
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    u32::try_from(duration.as_millis()).ok()
}
