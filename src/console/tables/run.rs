//! A run's servers, a row each.

use super::cells;
use crate::console::panes::{Likeness, Member, Run};
use crate::console::state::State;
use crate::console::table::{Cell, Piece, Row, RowId, SortKey, Table};
use crate::console::theme::Scope;
use crate::fleet::text;

/// Builds it. Looks at one line of each server.
pub fn build(state: &State, run: &Run) -> Table {
    let likeness = run.likeness();
    let several = run.members.len() > 1;
    let rows = run.members.iter().zip(likeness).map(|(member, likeness)| Row {
        id: RowId::Server(member.instance().clone()),
        severity: member.state.severity(),
        cells: vec![
            cells::text(member.host.name.as_str(), Scope::Text),
            cells::state(member.state.severity(), member.words(state.now)),
            took(state, member),
            code(member),
            rate(state, member),
            if several { like(run, likeness) } else { cells::nothing() },
            last(member),
        ],
        details: Vec::new(),
        dimmed: false,
        section: None,
    });
    Table {
        columns: vec![
            cells::left("SERVER", 8, 20, 0),
            cells::left("STATE", 10, 22, 0),
            cells::right("TOOK", 4, 8, 4),
            cells::right("EXIT", 4, 4, 3),
            cells::right("RATE", 6, 8, 5),
            cells::left("OUTPUT", 10, 16, 2),
            cells::left("LAST LINE", 9, 400, 1),
        ],
        rows: rows.collect(),
        empty: "◌ This run is no longer kept here.\nIts output is on disk: `quarterdeck runs list` names it."
            .into(),
        ..Table::default()
    }
}

fn took(state: &State, member: &Member) -> Cell {
    let Some(took) = member.state.took(state.now) else { return cells::nothing() };
    let key = SortKey::Number(took.as_secs_f64());
    cells::sorted(cells::dim(crate::console::views::run::clock(took)), key)
}

fn code(member: &Member) -> Cell {
    match member.state.code() {
        Some(code) => cells::sorted(
            cells::text(code.to_string(), cells::said(member.state.severity())),
            SortKey::Number(f64::from(code)),
        ),
        None => cells::nothing(),
    }
}

fn rate(state: &State, member: &Member) -> Cell {
    match member.rate(state.now) {
        0 => cells::nothing(),
        rate => {
            let rate = usize::try_from(rate).unwrap_or(usize::MAX);
            let key = cells::number(i64::try_from(rate).ok());
            cells::sorted(cells::dim(format!("{}/s", cells::grouped(rate))), key)
        }
    }
}

fn like(run: &Run, likeness: Likeness) -> Cell {
    match likeness {
        Likeness::Same(count) if count == run.members.len() => cells::dim("= all the same"),
        Likeness::Same(count) => cells::dim(format!("= {count} of {}", run.members.len())),
        Likeness::Differs => cells::state(crate::fleet::Severity::Warn, "differs"),
        Likeness::Unknown => cells::nothing(),
    }
}

/// Why it ended as it did where that needs words, else the newest line.
fn last(member: &Member) -> Cell {
    if let Some(reason) = member.state.reason() {
        return cells::text(text::one_line(&reason), cells::said(member.state.severity()));
    }
    match member.pane.lines.last() {
        Some(entry) => {
            let line = text::one_line(entry.text.as_str().trim());
            Cell { key: SortKey::Text(line.clone()), pieces: vec![Piece::new(line, Scope::Text)] }
        }
        None => cells::nothing(),
    }
}
