//! The screen of a run: where its panes stand, and what is drawn in them.

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pane::{self, PaneWidget};
use crate::console::panes::{Arrangement, HostState, Member, Run};
use crate::console::state::State;
use crate::console::table::{Piece, RowId};
use crate::console::tables::cells;
use crate::console::theme::Scope;
use crate::fleet::Severity;

/// The fewest cells and lines of a pane in a grid.
const LEAST: (u16, u16) = (36, 5);
/// The fewest lines of the pane below a list.
const LEAST_BELOW: u16 = 4;

/// Whether panes fill the screen, and there is no list.
#[must_use]
pub fn fills(state: &State) -> bool {
    state.run().is_some_and(|run| run.zoomed || run.arrangement == Arrangement::Grid)
}

/// How many of so many lines the pane below the list takes; none on other screens.
#[must_use]
pub fn lines_below(state: &State, lines: u16) -> Option<u16> {
    let run = state.run()?;
    if fills(state) {
        return Some(0);
    }
    let rows = u16::try_from(run.members.len()).unwrap_or(u16::MAX);
    let list = rows.min((lines / 2).max(3)).min(lines);
    let below = lines - list;
    Some(if below >= LEAST_BELOW { below } else { 0 })
}

/// The selected server, by its place in the run.
#[must_use]
pub fn selected(state: &State) -> Option<usize> {
    let run = state.run()?;
    let cursor = state.views.get(state.screen()).and_then(|view| view.cursor.as_ref());
    let place = run
        .members
        .iter()
        .position(|member| matches!(cursor, Some(RowId::Server(id)) if id == member.instance()));
    place.or((!run.members.is_empty()).then_some(0))
}

/// Where panes stand, by the servers' places in the run, titles included.
#[must_use]
pub fn places(state: &State, rows: Rect, below: Option<Rect>) -> Vec<(usize, Rect)> {
    let (Some(run), Some(selected)) = (state.run(), selected(state)) else { return Vec::new() };
    if run.zoomed {
        return vec![(selected, rows)];
    }
    if run.arrangement == Arrangement::List {
        return below.map(|area| (selected, area)).into_iter().collect();
    }
    grid(rows, run.members.len(), selected)
}

/// Panes side by side; the one selected is among those seen.
fn grid(area: Rect, count: usize, selected: usize) -> Vec<(usize, Rect)> {
    let count = u16::try_from(count).unwrap_or(u16::MAX).max(1);
    let fit = |cells: u16, least: u16| (cells / least).max(1);
    // As near to the shape of a screen as fits: never wider than needed for all.
    let columns = (1..=fit(area.width, LEAST.0))
        .find(|columns| {
            count.div_ceil(*columns) <= *columns * 2 && count.div_ceil(*columns) <= fit(area.height, LEAST.1)
        })
        .unwrap_or(fit(area.width, LEAST.0));
    let lines = count.div_ceil(columns).min(fit(area.height, LEAST.1));
    let (width, height) = (area.width / columns, area.height / lines);
    let line = u16::try_from(selected).unwrap_or(0) / columns;
    let first = line.saturating_sub(lines - 1) * columns;
    let shown = (first..count).take(usize::from(lines * columns));
    let mut places = Vec::new();
    for member in shown {
        let (column, line) = ((member - first) % columns, (member - first) / columns);
        let last = line + 1 == lines;
        let y = area.y + line * height;
        let height = if last { area.bottom() - y } else { height };
        places.push((usize::from(member), Rect::new(area.x + column * width, y, width, height)));
    }
    places
}

/// The lines of a pane, below its title.
#[must_use]
pub fn body(area: Rect) -> Rect {
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}

/// Draws the panes.
pub fn draw(buffer: &mut Buffer, state: &State, rows: Rect, below: Option<Rect>) {
    let Some(run) = state.run() else { return };
    let selected = selected(state);
    for (n, area) in places(state, rows, below) {
        let Some(member) = run.members.get(n) else { continue };
        let in_grid = run.arrangement == Arrangement::Grid && !run.zoomed;
        title(buffer, area, state, run, member, in_grid && selected == Some(n));
        let reason = member.state.reason();
        let empty = match &member.state {
            HostState::Waiting => "waits for its turn",
            HostState::Asked { .. } | HostState::Running { .. } => "nothing printed yet",
            _ => reason.as_deref().unwrap_or("printed nothing"),
        };
        let widget = PaneWidget {
            pane: &member.pane,
            looks: &run.looks,
            theme: &state.look.theme,
            depth: state.look.depth,
            lead: &|_| Vec::new(),
            lead_cells: 0,
            empty,
        };
        widget.draw(buffer, body(area));
    }
}

fn title(buffer: &mut Buffer, area: Rect, state: &State, run: &Run, member: &Member, selected: bool) {
    let line = Rect { height: 1.min(area.height), ..area };
    let severity = member.state.severity();
    let mut left = vec![
        cells::glyph(severity),
        Piece::new(member.host.name.as_str(), Scope::TextStrong),
        Piece::new(format!("  {}", member.words(state.now)), cells::said(severity)),
    ];
    if let Some(took) = member.state.took(state.now) {
        left.push(Piece::new(format!("  {}", clock(took)), Scope::TextDim));
    }
    if let Some(reason) = member.state.reason().filter(|_| !member.pane.lines.is_empty()) {
        left.push(Piece::new(format!("  {reason}"), cells::said(severity)));
    }
    let pane = &member.pane;
    let mut right = Vec::new();
    let mut add = |words: String, scope: Scope| right.push(Piece::new(format!("  {words}"), scope));
    if !run.looks.needle.is_empty() {
        add(format!("“{}” {}", run.looks.needle, cells::count(pane.hits(), "line")), Scope::TextDim);
    }
    if run.looks.only_errors {
        add("stderr".into(), Scope::Severity(Severity::Warn));
    }
    if !run.looks.filter.is_empty() {
        add(format!("only “{}”", run.looks.filter), Scope::Severity(Severity::Warn));
    }
    let lines = usize::try_from(pane.lines.end()).unwrap_or(usize::MAX);
    if lines > 0 {
        add(cells::count(lines, "line"), Scope::TextDim);
    }
    if pane.lines.first() > 0 {
        add("oldest only on disk".into(), Scope::TextDim);
    }
    if !pane.follows() {
        add("scrolled".into(), Scope::Severity(Severity::Changing));
    }
    pane::title(buffer, line, &state.look.theme, &left, &right, selected);
}

/// How a run stands, in a line: numbers first, then what it is.
#[must_use]
pub fn headline(state: &State, run: &Run) -> Vec<Piece> {
    let counts = run.counts();
    let all = run.members.len();
    let mut pieces = vec![
        cells::glyph(run.severity()),
        Piece::new(format!("{} of {} done", counts.done, all), Scope::TextStrong),
    ];
    for (count, severity, word) in [
        (counts.failed, Severity::Down, "failed"),
        (counts.unknown, Severity::Unknown, "unknown"),
        (counts.running, Severity::Changing, "running"),
        (counts.waiting, Severity::Idle, "waiting"),
        (counts.cancelled, Severity::Idle, "cancelled"),
        (counts.skipped, Severity::Idle, "not begun"),
    ] {
        if count > 0 {
            pieces.push(Piece::new("  ", Scope::Text));
            pieces.push(cells::glyph(severity));
            pieces.push(Piece::new(format!("{count} {word}"), cells::said(severity)));
        }
    }
    let end = run.over_at.unwrap_or(state.now);
    pieces.push(Piece::new(format!("  {}  ", clock(end.duration_since(run.asked_at))), Scope::TextDim));
    if let Some(trouble) = &run.trouble {
        pieces.push(Piece::new(format!("▲ {trouble}  "), Scope::Severity(Severity::Warn)));
    }
    let sudo = if run.wish.sudo { "sudo " } else { "" };
    pieces.push(Piece::new(format!("{sudo}{}", run.wish.command), Scope::Text));
    pieces
}

/// A span of time as a clock shows it: `0:41`, `1:02:03`.
#[must_use]
pub fn clock(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
