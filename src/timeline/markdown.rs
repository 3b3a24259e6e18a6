//! A timeline for the post-mortem, as Markdown. Times are UTC.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::entry::{Entry, Happening, Timeline};
use crate::fleet::words;

/// The whole document.
#[must_use]
pub fn document(timeline: &Timeline, heading: &str) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        // To a text nothing can fail.
        let _ = writeln!(out, "{text}");
    };
    line(&format!("# Timeline: {}", plain(timeline.environment.as_str())));
    line("");
    line(&plain(heading));
    line("");
    line(&format!("From {} to {}, all times UTC.", moment(timeline.since), moment(timeline.until)));
    line("");
    line("## Gaps");
    line("");
    let gaps: Vec<(Timestamp, Timestamp)> = timeline.gaps().collect();
    if gaps.is_empty() {
        line("None: somebody looked all the time.");
    }
    for (from, to) in &gaps {
        let lasted = words::seconds(to.duration_since(*from).as_secs_f64());
        line(&format!("- {} to {} ({lasted}): nobody looked", moment(*from), moment(*to)));
    }
    line("");
    line("## What happened");
    line("");
    let told: Vec<&Entry> = timeline.entries.iter().filter(|e| e.happening != Happening::Gap).collect();
    if told.is_empty() {
        line("Nothing that was recorded.");
        return out;
    }
    line("| UTC | until | what | how bad | |");
    line("|---|---|---|---|---|");
    for entry in &told {
        line(&row(entry, timeline));
    }
    let mut with_evidence = told.iter().filter(|entry| !entry.evidence.is_empty()).peekable();
    if with_evidence.peek().is_some() {
        line("");
        line("## Evidence");
        line("");
    }
    for entry in with_evidence {
        line(&format!("- {} {} ({})", moment(entry.at), plain(&entry.title), plain(&entry.source)));
        for text in &entry.evidence {
            line(&format!("  - {}", plain(text)));
        }
    }
    out
}

fn row(entry: &Entry, timeline: &Timeline) -> String {
    let at = match entry.after {
        Some(after) => format!("{} to {}", moment(after), clock(entry.at, after)),
        None if entry.at < timeline.since => format!("before, {}", moment(entry.at)),
        None => moment(entry.at),
    };
    let until = entry.until.map_or_else(String::new, |until| clock(until, entry.at));
    format!(
        "| {at} | {until} | {} | {} | {} |",
        entry.happening.word(),
        entry.severity.word(),
        plain(&entry.title)
    )
}

/// With its day.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Without its day, where that is the same.
fn clock(at: Timestamp, other: Timestamp) -> String {
    let same = at.strftime("%Y-%m-%d").to_string() == other.strftime("%Y-%m-%d").to_string();
    if same { at.strftime("%H:%M:%S").to_string() } else { moment(at) }
}

/// Text that means nothing to Markdown.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
