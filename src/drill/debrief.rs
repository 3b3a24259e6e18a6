//! How well somebody did.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::table::{Drill, First};
use crate::fleet::words;

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// What.
    pub doing: Doing,
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// An operation was begun.
    Operation(String),
    /// A command was run.
    Command(String),
}

impl Doing {
    fn words(&self) -> &str {
        match self {
            Self::Operation(words) | Self::Command(words) => words,
        }
    }

    /// What makes things worse in an incident, or did before it was over, and why.
    fn harm(&self, cure: &str, over: bool) -> Option<&'static str> {
        let says = |part: &str| self.words().contains(part);
        match self {
            Self::Operation(name) if name.starts_with("terminate") => Some("a server is gone for good"),
            Self::Operation(name) if name.starts_with("deploy") && !cure.contains("deploy") => {
                Some("a deploy in an incident hides what was wrong")
            }
            Self::Operation(name) if name == "resume-processes" && !over && !cure.contains("resume") => {
                Some("the group ends servers that fail")
            }
            Self::Command(_) if says("rm ") => Some("what was removed is gone for good"),
            Self::Command(_) if says("systemctl stop") || says("supervisorctl stop") => {
                Some("one more service was stopped")
            }
            Self::Command(_) if says("reboot") || says("shutdown") => {
                Some("a server was booted without need")
            }
            Self::Operation(_) | Self::Command(_) => None,
        }
    }
}

/// How a drill went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Debrief {
    /// Which drill.
    pub drill: &'static str,
    /// Its seed.
    pub seed: u64,
    /// When it broke.
    pub began_at: Timestamp,
    /// Seconds until the cause was first read on the screen.
    pub seen_after: Option<i64>,
    /// Seconds until something was done.
    pub acted_after: Option<i64>,
    /// What was done first.
    pub first: Option<String>,
    /// Whether it was what the runbook does, or looks at.
    pub right: bool,
    /// Seconds until it was over.
    pub recovered_after: Option<i64>,
    /// What made it worse, and why.
    pub harmful: Vec<String>,
    /// What was put up or held, and is so still.
    pub left: Vec<String>,
    /// What the runbook does.
    pub runbook: &'static str,
}

/// Cells that a line of it takes at most.
const WIDTH: usize = 78;

/// Judges what was done between the beginning and now.
#[must_use]
pub fn debrief(
    drill: &Drill,
    seed: u64,
    began_at: Timestamp,
    seen_at: Option<Timestamp>,
    deeds: &[Deed],
    (recovered_at, left): (Option<Timestamp>, Vec<String>),
) -> Debrief {
    let after = |at: Timestamp| at.duration_since(began_at).max(SignedDuration::ZERO).as_secs();
    let mut deeds: Vec<&Deed> = deeds.iter().filter(|deed| deed.at >= began_at).collect();
    deeds.sort_by_key(|deed| deed.at);
    let first = deeds.first();
    Debrief {
        drill: drill.name,
        seed,
        began_at,
        seen_after: seen_at.map(after),
        acted_after: first.map(|deed| after(deed.at)),
        first: first.map(|deed| deed.doing.words().to_owned()),
        right: first.is_some_and(|deed| is_right(drill, &deed.doing)),
        recovered_after: recovered_at.map(after),
        harmful: deeds
            .iter()
            .filter_map(|deed| {
                let over = recovered_at.is_some_and(|at| deed.at >= at);
                Some(format!("{}: {}", deed.doing.words(), deed.doing.harm(drill.cure, over)?))
            })
            .collect(),
        left,
        runbook: drill.cure,
    }
}

/// Looking is never wrong: where the runbook begins with a look, any deed that harms nothing is as right.
fn is_right(drill: &Drill, doing: &Doing) -> bool {
    match (drill.first, doing) {
        (First::Plan(name), Doing::Operation(begun)) => name == begun,
        (First::Run(begins), Doing::Command(command)) => command.starts_with(begins),
        (First::Logs | First::Look, doing) => doing.harm(drill.cure, false).is_none(),
        (First::Plan(_), Doing::Command(_)) | (First::Run(_), Doing::Operation(_)) => false,
    }
}

impl Debrief {
    /// Its lines for people.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        #[allow(clippy::cast_precision_loss)] // seconds of a drill
        let after = |seconds: Option<i64>, none: &str| {
            seconds.map_or_else(|| none.to_owned(), |s| format!("after {}", words::seconds(s as f64)))
        };
        let first = match &self.first {
            Some(first) if self.right => format!(": {first} (right)"),
            Some(first) => format!(": {first} (the runbook begins otherwise)"),
            None => String::new(),
        };
        let mut lines = vec![
            format!("Drill {} (seed {}), began {:.0}", self.drill, self.seed, self.began_at),
            format!("  seen          {}", after(self.seen_after, "not on the screen of triage")),
            format!("  first action  {}{first}", after(self.acted_after, "none")),
            format!("  recovered     {}", after(self.recovered_after, "not yet")),
        ];
        if self.harmful.is_empty() {
            lines.push("  harmful       nothing".to_owned());
        }
        lines.extend(self.harmful.iter().map(|harm| format!("  harmful       {harm}")));
        lines.extend(self.left.iter().map(|left| format!("  still so      {left}")));
        lines.push(format!("  the runbook   {}", self.runbook));
        lines.iter().flat_map(|line| wrapped(line)).collect()
    }
}

/// A line in pieces that end with a word; what follows stands under what is told.
fn wrapped(line: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut now: Option<String> = None;
    for word in line.split(' ') {
        now = Some(match now.take() {
            None => word.to_owned(),
            Some(so_far) if so_far.chars().count() + 1 + word.chars().count() > WIDTH => {
                lines.push(so_far);
                format!("{:16}{word}", "")
            }
            Some(so_far) => format!("{so_far} {word}"),
        });
    }
    lines.extend(now);
    lines
}
