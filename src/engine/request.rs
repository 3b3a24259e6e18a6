//! What the engine is asked for.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fleet::{EnvironmentName, Role};
use crate::logs::LogId;
use crate::remote::{Follow, Target};

/// Names a run: `2026-11-22-0007`, the day in UTC and a number. Unique per state directory, and later runs sort
/// after earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// The id, if the text is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.get(11..)?;
        let date: jiff::civil::Date = text.get(..10)?.parse().ok()?;
        let fits = text.as_bytes()[10] == b'-'
            && (4..=9).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit())
            && date.to_string() == text[..10];
        fits.then(|| Self(text.to_owned()))
    }

    /// The id of the `number`th run of a day.
    #[must_use]
    pub fn of(day: jiff::civil::Date, number: u32) -> Self {
        Self(format!("{day}-{number:04}"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day and the number.
    pub(super) fn parts(&self) -> (&str, u32) {
        (&self.0[..10], self.0[11..].parse().unwrap_or(0))
    }
}

impl Ord for RunId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.parts().cmp(&other.parts()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for RunId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl TryFrom<String> for RunId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is no id of a run, such as 2026-11-22-0007"))
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A server that takes part in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// How it is reached.
    pub target: Target,
    /// How it is called: printable, on one line.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its environment.
    pub environment: EnvironmentName,
}

/// A command to run on servers.
#[derive(Clone, Debug)]
pub struct ExecRequest {
    /// The environment the servers belong to.
    pub environment: EnvironmentName,
    /// The servers, each once, in the order in which they begin.
    pub hosts: Vec<Host>,
    /// For the login user's shell. It stands on the servers' process lists and in the history: no secrets.
    pub command: String,
    /// Through `sudo -n`.
    pub sudo: bool,
    /// So many at a time: 1 is one after another, none is all at once.
    pub at_once: Option<usize>,
    /// Once one failed, or its end is unknown, no other begins; those that run go on.
    pub stop_on_failure: bool,
    /// For each server, from asking to the end; then the command is ended there.
    pub deadline: Duration,
    /// Who asks, for the record: `jane@laptop`.
    pub who: String,
}

/// Logs to follow, of many servers at once.
#[derive(Clone, Debug, Default)]
pub struct FollowRequest {
    /// The servers; what to follow on each; and which log each of the follow's sources is, files first.
    pub hosts: Vec<(Host, Follow, Vec<LogId>)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_thousandth_run_of_a_day_comes_after_those_before_it() {
        let id = |number| RunId::of(jiff::civil::date(2026, 11, 22), number);
        assert!(id(10_000) > id(9_999) && id(1) < id(2));
    }

    #[test]
    fn ids_of_runs_are_told_from_other_names() {
        let id = RunId::of(jiff::civil::date(2026, 11, 22), 7);
        assert_eq!(id.as_str(), "2026-11-22-0007");
        assert_eq!(RunId::parse(id.as_str()), Some(id.clone()));
        assert_eq!(id.parts(), ("2026-11-22", 7));
        assert!(RunId::parse("2026-11-22-12345").is_some());
        let none =
            ["", "2026-11-22", "2026-11-22-", "2026-11-22-7", "2026-13-22-0007", "../x", "2026-11-22_0007"];
        for text in none.into_iter().chain(["2026-11-22-000x", "2026-11-2é-0007", "2026-11-22-0007/.."]) {
            assert_eq!(RunId::parse(text), None, "{text:?}");
        }
    }
}
