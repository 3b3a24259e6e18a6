//! The footer: pages, the keys that work here, and where in the rows one is. A passing message stands here
//! too, so that it never covers a row.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::action::{Action, Danger};
use crate::console::layout::{self, Hit};
use crate::console::past;
use crate::console::screen::{Page, Screen};
use crate::console::state::{Overlay, State};
use crate::console::table::Piece;
use crate::console::theme::Scope;
use crate::console::widgets::placing;
use crate::console::widgets::text::{Pen, width, width_of};
use crate::fleet::Severity;

/// A part of the footer that can be clicked.
struct Item {
    x: u16,
    width: u16,
    hit: Hit,
    pieces: Vec<Piece>,
}

/// What is offered on every screen as it was.
const PAST: &[Action] = &[
    Action::Help,
    Action::Earlier,
    Action::Later,
    Action::Now,
    Action::Open,
    Action::Triage,
    Action::Timeline,
    Action::AsOf,
    Action::Detail,
    Action::Filter,
    Action::Palette,
];

/// What is offered on a screen, most useful first.
#[allow(clippy::too_many_lines, reason = "a list for each screen")]
fn offered(screen: &Screen) -> &'static [Action] {
    match screen {
        Screen::Triage(_) => &[
            Action::Help,
            Action::Do1,
            Action::Detail,
            Action::Acknowledge,
            Action::Note,
            Action::Close,
            Action::Snooze,
            Action::Exec,
            Action::Logs,
            Action::CopyCommand,
            Action::Refresh,
        ],
        Screen::Timeline(_) => &[
            Action::Help,
            Action::Open,
            Action::AsOf,
            Action::Detail,
            Action::Filter,
            Action::Triage,
            Action::CopyCommand,
            Action::Close,
            Action::Logs,
            Action::Refresh,
        ],
        Screen::Fleet => &[
            Action::Help,
            Action::Open,
            Action::Triage,
            Action::Filter,
            Action::Operate,
            Action::Exec,
            Action::Logs,
            Action::Palette,
            Action::Refresh,
            Action::SortNext,
            Action::Freshness,
            Action::Quit,
        ],
        Screen::Environment { .. } => &[
            Action::Help,
            Action::Triage,
            Action::Filter,
            Action::Open,
            Action::Close,
            Action::Operate,
            Action::Exec,
            Action::Logs,
            Action::Shell,
            Action::Palette,
            Action::CopyAddress,
            Action::SortNext,
            Action::Refresh,
            Action::CopyLink,
        ],
        Screen::Logs(_) => &[
            Action::Help,
            Action::Follow,
            Action::Search,
            Action::Narrow,
            Action::Level,
            Action::Save,
            Action::Close,
            Action::Logs,
            Action::Wrap,
            Action::Timestamps,
            Action::CopySeen,
        ],
        Screen::Plan(_) => &[
            Action::Help,
            Action::Begin,
            Action::Detail,
            Action::Save,
            Action::CopyCommand,
            Action::Close,
            Action::PlanAgain,
        ],
        Screen::Work(_) => &[
            Action::Help,
            Action::Cancel,
            Action::Resume,
            Action::Undo,
            Action::Open,
            Action::Follow,
            Action::Zoom,
            Action::Close,
            Action::Search,
            Action::Narrow,
            Action::Save,
            Action::CopyCommand,
        ],
        Screen::Run(_) => &[
            Action::Help,
            Action::Follow,
            Action::Search,
            Action::Zoom,
            Action::Save,
            Action::Cancel,
            Action::Close,
            Action::View,
            Action::Narrow,
            Action::OnlyErrors,
            Action::Wrap,
            Action::Timestamps,
            Action::CopySeen,
        ],
        Screen::Server { .. } => &[
            Action::Help,
            Action::Close,
            Action::Exec,
            Action::Logs,
            Action::Shell,
            Action::CopyId,
            Action::CopyAddress,
            Action::CopyLink,
            Action::Filter,
            Action::Palette,
            Action::Refresh,
        ],
    }
}

/// The key to name for an action here.
fn hint(state: &State, action: Action) -> Option<String> {
    let past = state.past.as_ref().and_then(|_| past::contexts(state.screen()));
    state.look.keymap.hint(past.unwrap_or_else(|| state.screen().contexts()), action)
}

/// Where in the rows one is, when not all are seen: `21–40 of 200`.
fn position(state: &State) -> String {
    let marked = state.shelf.marks.len();
    let marked = if marked > 0 { format!("{marked} marked  ") } else { String::new() };
    marked + &seen_of(state)
}

fn seen_of(state: &State) -> String {
    let view = state.views.get(state.screen());
    let all = state.table.rows.len();
    let order = placing::order(&state.table, view);
    let filter = view.map_or("", |v| v.filter.as_str());
    if all == 0
        || layout::areas(state).is_none()
        || super::panes::fills(state)
        || super::charts::grid(state).is_some()
    {
        return String::new();
    }
    let lines = layout::table_lines(state);
    let top = placing::top(&state.table, view, &order, lines);
    let placed = placing::place(&state.table, &order, top, lines);
    let shown = match (placed.first(), placed.last()) {
        (Some(first), Some(last)) if placed.len() < order.len() => {
            format!("{}–{} of {}", first.position + 1, last.position + 1, order.len())
        }
        _ if filter.is_empty() => String::new(),
        _ => format!("{} of {all}", order.len()),
    };
    if filter.is_empty() { shown } else { format!("“{filter}” {shown}") }
}

fn items(state: &State, cells: u16) -> Vec<Item> {
    let mut items = Vec::new();
    let mut x = 1;
    if let Screen::Environment { page: open, .. } = state.screen() {
        let short = cells < 92;
        // Six numbers, what stands around the open one, and the gaps.
        let named = !short || 21 + width(open.title()) < cells;
        for (number, page) in (1..).zip(Page::ALL) {
            let scope = if page == *open { Scope::TabActive } else { Scope::Tab };
            let text =
                if (short && page != *open) || !named { String::new() } else { format!(" {}", page.title()) };
            let mut pieces = vec![Piece::new(format!("{number}"), Scope::Key)];
            if page == *open {
                pieces = vec![Piece::new(format!("[{number}{text}]"), scope)];
            } else if !text.is_empty() {
                pieces.push(Piece::new(text, scope));
            }
            let width = width_of(&pieces);
            items.push(Item { x, width, hit: Hit::Page(page), pieces });
            x += width + 2;
        }
        x += 1;
    }
    let offered = if state.past.is_some() { PAST } else { offered(state.screen()) };
    for action in offered {
        let Some(keys) = hint(state, *action) else { continue };
        let by_state =
            matches!(state.screen(), Screen::Plan(_) | Screen::Work(_)) || super::panes::is_here(state);
        let changes = action.row().danger == Danger::Changes;
        if (by_state || changes || state.past.is_some()) && !action.is_enabled(state) {
            continue;
        }
        let pieces =
            vec![Piece::new(keys, Scope::Key), Piece::new(format!(" {}", action.row().title), Scope::Text)];
        let width = width_of(&pieces);
        if x + width + 1 > cells {
            continue;
        }
        items.push(Item { x, width, hit: Hit::Action(*action), pieces });
        x += width + 3;
    }
    items
}

/// The footer's cells that keys and pages may take.
fn room(state: &State) -> (u16, String) {
    let position = position(state);
    let taken = if position.is_empty() { 0 } else { width(&position) + 3 };
    (state.size.0.saturating_sub(taken), position)
}

/// What stands at a column of the footer.
#[must_use]
pub fn hit(state: &State, column: u16) -> Option<Hit> {
    if state.toast.is_some() || state.overlay.is_some() {
        return None;
    }
    let found = items(state, room(state).0).into_iter().find(|i| (i.x..i.x + i.width).contains(&column));
    found.map(|item| item.hit)
}

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State) {
    let theme = &state.look.theme;
    let fill = |buffer: &mut Buffer, scope: Scope| {
        buffer.set_style(area, theme.style(scope));
        Pen::new(theme, scope)
    };
    let wide = area.width.saturating_sub(2);
    if let Some(Overlay::Filter { input, .. }) = &state.overlay {
        let pen = fill(buffer, Scope::Input);
        let text = input.lines().first().map_or("", String::as_str);
        let (_, position) = room(state);
        let aside = format!("{position}   enter keep   esc clear");
        let aside = if area.width >= 70 { aside } else { String::new() };
        let pieces = [
            Piece::new("/ ", Scope::Key),
            Piece::new(text, Scope::TextStrong),
            Piece::new("█", Scope::TextStrong),
        ];
        let used = pen.write(buffer, (area.x + 1, area.y), wide, &pieces);
        let cells = width(&aside);
        if used + cells + 3 < wide {
            pen.write(
                buffer,
                (area.right() - 1 - cells, area.y),
                cells,
                &[Piece::new(aside, Scope::TextDim)],
            );
        }
        return;
    }
    if let Some(Overlay::Line(line)) = &state.overlay {
        let pen = fill(buffer, Scope::Input);
        let pieces = [
            Piece::new(line.prompt(), Scope::Key),
            Piece::new(line.text(), Scope::TextStrong),
            Piece::new("█", Scope::TextStrong),
        ];
        pen.write(buffer, (area.x + 1, area.y), wide, &pieces);
        return;
    }
    if let Some(toast) = &state.toast {
        let bad = toast.severity >= Severity::Warn;
        let pen = fill(buffer, if bad { Scope::ToastError } else { Scope::Toast });
        let text = format!("{} {}", toast.severity.glyph(), toast.text);
        pen.write(buffer, (area.x + 1, area.y), wide, &[Piece::new(text, Scope::Text)]);
        return;
    }
    let pen = fill(buffer, Scope::Footer);
    let (cells, position) = room(state);
    for item in items(state, cells) {
        pen.write(buffer, (area.x + item.x, area.y), item.width, &item.pieces);
    }
    if !position.is_empty() {
        let cells = width(&position);
        let x = area.right().saturating_sub(cells + 1);
        pen.write(buffer, (x, area.y), cells, &[Piece::new(position, Scope::Text)]);
    }
}
