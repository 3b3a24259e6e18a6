//! What was recorded of an environment or a server, for the screens whose facts of then nobody has kept: what is known of their
//! subject, and nothing else.

use super::cells::{dim, glyph, left, text};
use crate::console::past::AsOf;
use crate::console::screen::{Page, Screen};
use crate::console::table::{Cell, Column, Piece, Row, RowId, SortKey, Table};
use crate::console::theme::Scope;
use crate::fleet::text::one_line;
use crate::fleet::{EnvironmentName, Severity};
use crate::timeline::{Kind, Number, Thing};

const COLUMNS: [Column; 4] =
    [left("WHAT", 14, 34, 0), left("SERVER", 10, 21, 1), left("STATE", 12, 40, 0), left("SAYS", 20, 120, 2)];

/// The table of a screen; none where its own is drawn from the facts of then.
#[must_use]
pub fn build(as_of: &AsOf, screen: &Screen) -> Option<Table> {
    let unknown = |name: &EnvironmentName| {
        let words = format!("◌ Nobody looked at {name} then: how it stood is not known.");
        (!as_of.past.is_known(name)).then(|| Table { empty: words, ..Table::default() })
    };
    match screen {
        Screen::Environment { name, page: Page::Servers } | Screen::Triage(name) => unknown(name),
        Screen::Environment { name, page } => unknown(name)
            .or_else(|| Some(recorded(as_of, name, |thing| belongs(*page, thing.kind), Some(*page)))),
        Screen::Server { environment: Some(name), id } => unknown(name)
            .or_else(|| Some(recorded(as_of, name, |thing| thing.server.as_ref() == Some(id), None))),
        Screen::Server { environment: None, .. } => Some(nothing()),
        _ => None,
    }
}

fn nothing() -> Table {
    let empty = "◌ Nothing of this was recorded.\nWhat nobody recorded is not known, whatever it is now.";
    Table { empty: empty.into(), ..Table::default() }
}

/// Whether a kind of thing is told on a page.
const fn belongs(page: Page, kind: Kind) -> bool {
    match page {
        Page::LoadBalancer => matches!(kind, Kind::Member),
        Page::Group => matches!(kind, Kind::Sizes | Kind::Process | Kind::Launch),
        Page::Database => matches!(kind, Kind::Database | Kind::Receiver),
        Page::Queues | Page::Charts => false,
        Page::Servers | Page::Runs => matches!(kind, Kind::Lock),
    }
}

fn numbers_of(page: Page) -> &'static [Number] {
    match page {
        Page::LoadBalancer => {
            &[Number::InService, Number::Requests, Number::Latency, Number::Errors, Number::Surge]
        }
        Page::Group => &[Number::Cpu],
        Page::Database => &[Number::Connections, Number::Lag],
        Page::Queues => &[Number::Waiting],
        Page::Charts => &Number::ALL,
        Page::Servers | Page::Runs => &[],
    }
}

fn recorded(
    as_of: &AsOf,
    name: &EnvironmentName,
    is_of: impl Fn(&Thing) -> bool,
    page: Option<Page>,
) -> Table {
    let mut rows = Vec::new();
    for (thing, state) in as_of.past.states(name).filter(|(thing, _)| is_of(thing)) {
        let what = match (what(thing.kind), thing.name.is_empty()) {
            (what, true) => what.to_owned(),
            (what, false) => format!("{what} {}", one_line(&thing.name)),
        };
        let server = thing.server.as_ref().map_or("–", |id| id.as_str());
        let id = format!("{:?} {} {server}", thing.kind, thing.name);
        rows.push(row(id, what, server, state.severity, one_line(&state.word), one_line(&state.says)));
    }
    let wanted = page.map_or(&[][..], numbers_of);
    for (number, value) in as_of.past.numbers(name).filter(|(number, _)| wanted.contains(number)) {
        let what = number.word().to_owned();
        rows.push(row(what.clone(), what, "–", Severity::Ok, number.shown(value), String::new()));
    }
    if rows.is_empty() {
        return nothing();
    }
    Table { columns: COLUMNS.to_vec(), rows, ..Table::default() }
}

fn row(id: String, what: String, server: &str, severity: Severity, state: String, says: String) -> Row {
    let scope = if severity == Severity::Ok { Scope::Text } else { Scope::TextStrong };
    let pieces = vec![glyph(severity), Piece::new(state.clone(), scope)];
    Row {
        id: RowId::Line(id),
        severity,
        cells: vec![
            text(what, Scope::Text),
            dim(server),
            Cell { pieces, key: SortKey::Text(state) },
            dim(says),
        ],
        details: Vec::new(),
        dimmed: false,
        section: None,
    }
}

const fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Server => "instance",
        Kind::Member => "member of",
        Kind::Reach => "ssh",
        Kind::Unit => "unit",
        Kind::Program => "program",
        Kind::Code => "code",
        Kind::Page => "maintenance page",
        Kind::Override => "health override",
        Kind::Database => "database",
        Kind::Receiver => "WAL receiver",
        Kind::Sizes => "sizes of",
        Kind::Process => "process",
        Kind::Launch => "launches",
        Kind::Lock => "lock",
        Kind::Finding => "finding",
        Kind::Other => "?",
    }
}
