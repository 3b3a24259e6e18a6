//! The screen of logs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pane::PaneWidget;
use crate::console::panes::{Following, Logs, Shown};
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::tables::cells;
use crate::console::theme::Scope;
use crate::console::widgets::text::{cut, width};
use crate::fleet::Severity;

/// The most cells of a log's name.
const LOG: u16 = 14;

/// Whether lines are from several servers, and from several logs.
fn several(logs: &Logs) -> (bool, bool) {
    let first = logs.origins.first();
    let other_log = logs.origins.iter().any(|origin| Some(&origin.id) != first.map(|first| &first.id));
    (logs.wish.hosts.len() > 1, other_log)
}

/// A server's name; where all have one role, it goes without saying.
fn server(logs: &Logs, host: usize) -> &str {
    let Some((first, _)) = logs.wish.hosts.first() else { return "?" };
    let one_role = logs.wish.hosts.iter().all(|(other, _)| other.role == first.role);
    match logs.wish.hosts.get(host) {
        Some((host, _)) if one_role => host.target.instance().short(),
        Some((host, _)) => &host.name,
        None => "?",
    }
}

/// Cells of a server's name.
fn server_cells(logs: &Logs) -> u16 {
    (0..logs.wish.hosts.len()).map(|host| width(server(logs, host))).max().unwrap_or(0).min(20)
}

/// Cells of what stands before each line: which server and log it is from, as far as that is a question.
#[must_use]
pub fn lead_cells(logs: &Logs, wide: u16) -> u16 {
    let (servers, names) = several(logs);
    let server = if servers { server_cells(logs) + 1 } else { 0 };
    let log = if names { LOG.min(log_cells(logs)) + 1 } else { 0 };
    (server + log).min(wide / 2)
}

fn log_cells(logs: &Logs) -> u16 {
    logs.origins.iter().map(|origin| width(&origin.id.name())).max().unwrap_or(0)
}

fn lead(logs: &Logs, row: &Shown<'_>, wide: u16) -> Vec<Piece> {
    let (servers, names) = several(logs);
    let Some(origin) = logs.origins.get(usize::from(row.entry.origin)) else { return Vec::new() };
    let log_room = if names { LOG.min(log_cells(logs)) } else { 0 };
    let server_room = lead_cells(logs, wide).saturating_sub(log_room + u16::from(names) + 1);
    let mut pieces = Vec::new();
    let mut add = |text: &str, room: u16, scope: Scope| {
        let text = cut(text, room);
        let fill = usize::from((room + 1).saturating_sub(width(&text)));
        pieces.push(Piece::new(text + &" ".repeat(fill), scope));
    };
    if servers && server_room > 2 {
        add(server(logs, origin.host), server_room, Scope::Text);
    }
    if names {
        add(&origin.id.name(), log_room, Scope::TextDim);
    }
    pieces
}

/// Draws the lines.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, logs: &Logs) {
    let widget = PaneWidget {
        pane: &logs.pane,
        looks: &logs.looks,
        theme: &state.look.theme,
        depth: state.look.depth,
        lead: &|row| lead(logs, row, area.width),
        lead_cells: lead_cells(logs, area.width),
        empty: "nothing was written yet, or nothing came yet",
    };
    widget.draw(buffer, area);
}

/// How following goes, in a line.
#[must_use]
pub fn headline(logs: &Logs) -> Vec<Piece> {
    let all = logs.hosts.len();
    let lost = logs.hosts.iter().filter(|host| matches!(host, Following::Over(_))).count();
    let again = logs.hosts.iter().filter(|host| matches!(host, Following::Again)).count();
    let asked = logs.hosts.iter().filter(|host| matches!(host, Following::Asked)).count();
    let mut pieces = Vec::new();
    let mut add = |severity: Option<Severity>, words: String, scope: Scope| {
        pieces.extend(severity.map(cells::glyph));
        pieces.push(Piece::new(format!("{words}  "), scope));
    };
    let bad = |severity: Severity| Scope::Severity(severity);
    if logs.is_over() {
        add(Some(Severity::Unknown), "not followed any more".into(), bad(Severity::Unknown));
    } else {
        let words = format!("following {} of {all}", cells::count(all - lost - asked - again, "server"));
        add(Some(Severity::Changing), words, Scope::TextStrong);
    }
    if asked > 0 && !logs.is_over() {
        add(Some(Severity::Changing), format!("{asked} silent so far"), Scope::Text);
    }
    if again > 0 && !logs.is_over() {
        add(Some(Severity::Warn), format!("{again} asked again"), bad(Severity::Warn));
    }
    if lost > 0 {
        add(Some(Severity::Unknown), format!("{lost} lost"), bad(Severity::Unknown));
    }
    if !logs.pane.follows() {
        add(Some(Severity::Changing), "held: f goes on".into(), bad(Severity::Changing));
    }
    let looks = &logs.looks;
    if let Some(level) = looks.level {
        add(None, format!("from {level} on"), bad(Severity::Warn));
    }
    if !looks.filter.is_empty() {
        add(None, format!("only “{}”", looks.filter), bad(Severity::Warn));
    }
    if !looks.needle.is_empty() {
        add(None, format!("“{}” {}", looks.needle, cells::count(logs.pane.hits(), "line")), Scope::TextDim);
    }
    add(None, cells::count(logs.pane.count(), "line"), Scope::TextDim);
    let mut names: Vec<String> = Vec::new();
    for origin in &logs.origins {
        let name = origin.id.name();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    add(None, names.join(", "), Scope::TextDim);
    pieces
}
