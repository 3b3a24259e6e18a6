//! The findings of an environment: a row for each cause, and under it what follows from it.

use super::cells::{self, glyph, left, right, said};
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Cell, Column, Piece, Row, RowId, SortKey, Table};
use crate::console::theme::Scope;
use crate::fleet::text::one_line;
use crate::fleet::{EnvironmentName, Severity};
use crate::triage::{Finding, Triage};

const COLUMNS: [Column; 3] =
    [left("FINDING", 24, 200, 0), right("SINCE", 5, 14, 1), left("USERS", 50, 60, 2)];
/// From so many cells on there is room for what users notice beside what is wrong; below the list it stands anyway.
const WIDE: u16 = 110;

/// Rows for what is wrong.
pub fn build(state: &State, name: &EnvironmentName) -> Table {
    let triage = state.triage_of(name);
    let columns = if state.size.0 < WIDE { &COLUMNS[..2] } else { &COLUMNS };
    let mut rows = triage.map(|triage| rows(state, triage)).unwrap_or_default();
    for row in &mut rows {
        row.cells.truncate(columns.len());
    }
    let heads = triage.map(heads).unwrap_or_default();
    let empty = empty(state, name, triage);
    Table { columns: columns.to_vec(), rows, heads, empty, leads: true, ..Table::default() }
}

/// What follows from a cause stays below it.
fn heads(triage: &Triage) -> Vec<usize> {
    let cause = |(at, finding): (usize, &Finding)| match &finding.under {
        Some(cause) => triage.findings.iter().position(|other| other.key == *cause).unwrap_or(at),
        None => at,
    };
    let told = triage.findings.len();
    let watched = told..told + triage.watched.len();
    triage.findings.iter().enumerate().map(cause).chain(watched).collect()
}

fn rows(state: &State, triage: &Triage) -> Vec<Row> {
    let told = triage.findings.iter().map(|finding| row(state, finding, false));
    told.chain(triage.watched.iter().map(|finding| row(state, finding, true))).collect()
}

/// What stands before the title, which may be cut.
fn word(finding: &Finding, watched: bool) -> String {
    let words = [
        (watched, "watched: "),
        (finding.clearing, "no longer so: "),
        (finding.acknowledged.is_some(), "seen: "),
        (finding.noted.is_some(), "noted: "),
    ];
    words.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect()
}

fn row(state: &State, finding: &Finding, watched: bool) -> Row {
    let follows = finding.under.is_some();
    let quiet = finding.acknowledged.is_some() || finding.clearing || watched;
    let severity = if finding.clearing || watched { Severity::Idle } else { finding.severity };
    let scope = if follows || quiet { Scope::TextDim } else { Scope::TextStrong };
    let pieces = vec![
        Piece::new(if follows { "  └ " } else { "" }, Scope::TextDim),
        glyph(severity),
        Piece::new(word(finding, watched), Scope::TextDim),
        Piece::new(one_line(&finding.title), scope),
    ];
    let users = match &finding.users {
        Some(users) if !follows => cells::text(one_line(users), said(finding.severity)),
        _ => Cell::default(),
    };
    Row {
        id: RowId::Line(finding.key.to_string()),
        severity,
        cells: vec![Cell { pieces, key: SortKey::Text(finding.title.clone()) }, since(state, finding), users],
        details: Vec::new(),
        dimmed: quiet,
        section: None,
    }
}

fn since(state: &State, finding: &Finding) -> Cell {
    let shown = age::since(finding.since.at, state.now);
    let words = match (shown.as_str(), finding.since.turned) {
        ("now", _) => "now".to_owned(),
        (age, true) => age.to_owned(),
        (age, false) => format!("≥ {age}"),
    };
    cells::sorted(cells::dim(words), cells::number(Some(finding.since.at.as_second())))
}

fn empty(state: &State, name: &EnvironmentName, triage: Option<&Triage>) -> String {
    if state.topology.environment(name).is_none() {
        return format!("◌ The config has no environment {name}.");
    }
    match triage {
        None => "◌ Nothing was read yet.\nWhat is wrong is told as soon as facts are in.".to_owned(),
        Some(triage) if triage.facts == 0 => "◌ Nothing is known of this environment.".to_owned(),
        Some(triage) => {
            let watched = match triage.watched.len() {
                0 => String::new(),
                n => format!("\n{} may become one if it lasts.", cells::count(n, "thing")),
            };
            format!("{} Nothing is wrong in what was read.{watched}", Severity::Ok.glyph())
        }
    }
}
