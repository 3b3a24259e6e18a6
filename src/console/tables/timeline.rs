//! What happened in an environment: a row for each entry, the newest first.

use super::cells::{self, dim, glyph, left, right};
use crate::console::state::State;
use crate::console::table::{Cell, Column, Piece, Row, RowId, SortKey, Table};
use crate::console::theme::Scope;
use crate::fleet::text::one_line;
use crate::fleet::{EnvironmentName, Severity, words};
use crate::timeline::{Entry, Happening, Timeline};

const COLUMNS: [Column; 4] =
    [left("UTC", 8, 14, 0), left("KIND", 8, 8, 2), left("WHAT", 24, 200, 0), right("LASTED", 6, 8, 1)];

/// What names an entry.
#[must_use]
pub fn id(entry: &Entry) -> String {
    format!("{} {} {}", entry.at, entry.happening.word(), entry.title)
}

/// Rows for what happened.
pub fn build(state: &State, name: &EnvironmentName) -> Table {
    let told = state.chronicles.of(name);
    let timeline = told.and_then(|told| told.as_ref().ok()).map(|chronicle| &chronicle.timeline);
    let rows =
        timeline.map(|timeline| timeline.entries.iter().rev().map(|entry| row(entry, timeline)).collect());
    let empty = match told {
        _ if state.topology.environment(name).is_none() => format!("◌ The config has no environment {name}."),
        None => "◌ Reading what was recorded …".to_owned(),
        Some(Err(why)) => format!("✖ {why}"),
        Some(Ok(_)) => "· Nothing has happened in the last day.".to_owned(),
    };
    Table {
        columns: COLUMNS.to_vec(),
        rows: rows.unwrap_or_default(),
        empty,
        leads: true,
        ..Table::default()
    }
}

fn row(entry: &Entry, timeline: &Timeline) -> Row {
    let gap = entry.happening == Happening::Gap;
    let scope = match entry.severity {
        _ if gap => Scope::TextDim,
        Severity::Down | Severity::Warn => Scope::TextStrong,
        Severity::Idle => Scope::TextDim,
        _ => Scope::Text,
    };
    let mut what = vec![glyph(entry.severity), Piece::new(one_line(&entry.title), scope)];
    if let Some(after) = entry.after {
        let words = format!("  at some time since {}", after.strftime("%H:%M"));
        what.push(Piece::new(words, Scope::TextDim));
    }
    Row {
        id: RowId::Line(id(entry)),
        severity: entry.severity,
        cells: vec![
            cells::sorted(time(entry, timeline), cells::number(Some(entry.at.as_second()))),
            dim(entry.happening.word()),
            Cell { pieces: what, key: SortKey::Text(entry.title.clone()) },
            lasted(entry, timeline),
        ],
        details: Vec::new(),
        dimmed: gap,
        section: None,
    }
}

/// With its day, where that is another one than today's.
fn time(entry: &Entry, timeline: &Timeline) -> Cell {
    let day = |at: jiff::Timestamp| at.strftime("%m-%d").to_string();
    let time = entry.at.strftime("%H:%M:%S").to_string();
    if day(entry.at) == day(timeline.until) {
        return cells::text(time, Scope::Text);
    }
    dim(format!("{} {time}", day(entry.at)))
}

fn lasted(entry: &Entry, timeline: &Timeline) -> Cell {
    let Some(until) = entry.until else { return Cell::default() };
    let seconds = until.duration_since(entry.at).as_secs_f64();
    let open = if until >= timeline.until { "≥ " } else { "" };
    let shown = format!("{open}{}", words::short_seconds(seconds.round()).replace(".0s", "s"));
    cells::sorted(dim(shown), cells::number(Some(until.duration_since(entry.at).as_secs())))
}
