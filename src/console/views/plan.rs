//! What stands above the steps of a plan: what users notice, what cannot be undone, what else is to be known.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::age;
use crate::console::reduce::took_before;
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::tables::cells;
use crate::console::theme::Scope;
use crate::console::widgets::message::wrap;
use crate::console::widgets::text::{Pen, width};
use crate::console::work::{Sheet, Stage};
use crate::fleet::Severity;
use crate::fleet::text::{one_line, sentences};
use crate::plan::Plan;

/// Cells of the words before each line.
const LABEL: u16 = 18;

/// The title of the plan, and how old the facts are that it stands on.
#[must_use]
pub fn headline(sheet: &Sheet) -> Vec<Piece> {
    match &sheet.stage {
        Stage::Planning => vec![
            cells::glyph(Severity::Changing),
            Piece::new(format!("planning {}", sheet.wish.operation), Scope::TextStrong),
        ],
        Stage::Refused(_) => vec![
            cells::glyph(Severity::Down),
            Piece::new(format!("no plan for {}", sheet.wish.operation), Scope::TextStrong),
        ],
        Stage::Ready(plan) => vec![
            Piece::new("Plan: ", Scope::TextDim),
            Piece::new(one_line(&plan.title), Scope::TextStrong),
            Piece::new(format!("  {}", cells::count(plan.steps.len(), "step")), Scope::TextDim),
        ],
    }
}

/// How old the facts are.
#[must_use]
pub fn aside(state: &State, sheet: &Sheet) -> Vec<Piece> {
    if sheet.beginning {
        return vec![Piece::new("◐ beginning…", Scope::Severity(Severity::Changing))];
    }
    let Some(read_at) = sheet.read_at() else { return Vec::new() };
    let old = age::since(read_at, state.now);
    let words = if old == "now" { "facts just read".to_owned() } else { format!("facts {old} old") };
    let fresh = state.now.duration_since(read_at) <= state.after(FRESH).duration_since(state.now);
    let scope = if fresh { Scope::AgeFresh } else { Scope::AgeStale };
    let glyph = if fresh { " ●" } else { " ▲" };
    vec![Piece::new(words, Scope::TextDim), Piece::new(glyph, scope)]
}

/// Facts older than this are read again before the run begins, and look so.
const FRESH: std::time::Duration = std::time::Duration::from_secs(30);

/// The lines, the most important first; each wrapped to so many cells.
#[must_use]
pub fn lines(state: &State, plan: &Plan, cells: u16) -> Vec<Vec<Piece>> {
    let small = cells < 70;
    let mut lines = Vec::new();
    let mut add = |label: &str, short: &str, scope: Scope, text: &str| {
        let lead = if small { width(short) } else { LABEL };
        for (n, line) in wrap(&sentences(text), cells.saturating_sub(lead + 2)).into_iter().enumerate() {
            let shown = match (n, small) {
                (0, true) => short.to_owned(),
                (0, false) => format!("{label:<18}"),
                _ => " ".repeat(usize::from(lead)),
            };
            lines.push(vec![Piece::new(shown, scope), Piece::new(line, Scope::Text)]);
        }
    };
    let usual = state.desk.usual(&plan.operation, &plan.environment, None);
    let took = took_before(&usual).map_or_else(String::new, |words| format!("; {words}"));
    match &plan.noticed {
        Some(noticed) => {
            let warn = Scope::Severity(Severity::Warn);
            add("USERS NOTICE", "▲ noticed: ", warn, &format!("{noticed}{took}"));
        }
        None => add(
            "USERS NOTICE",
            "● ",
            Scope::Severity(Severity::Ok),
            &format!("{}{took}", if small { "users notice nothing" } else { "nothing" }),
        ),
    }
    for text in &plan.cannot_undo {
        add("CANNOT BE UNDONE", "✖ stays: ", Scope::Severity(Severity::Down), text);
    }
    for text in &plan.overrides {
        add("OVERRIDDEN", "▲ overridden: ", Scope::Severity(Severity::Warn), text);
    }
    for text in &plan.notes {
        add("NOTE", "· ", Scope::TextDim, text);
    }
    lines
}

/// Draws as many as there is room for; the last one says how to see the rest.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, lines: &[Vec<Piece>]) {
    let pen = Pen::new(&state.look.theme, Scope::Text);
    let room = area.width.saturating_sub(2);
    let fits = usize::from(area.height);
    let cut = lines.len() > fits;
    for (n, (line, y)) in lines.iter().zip(area.y..area.bottom()).enumerate() {
        if cut && n + 1 == fits {
            let key =
                state.look.keymap.hint(state.screen().contexts(), crate::console::action::Action::Detail);
            let key = key.map_or_else(String::new, |key| format!(": {key}"));
            let words = format!("… {} more{key}", cells::count(lines.len() - n, "line"));
            let first: Vec<Piece> = if fits == 1 { line.clone() } else { Vec::new() };
            let used = pen.write(buffer, (area.x + 1, y), room.saturating_sub(width(&words) + 2), &first);
            let gap = u16::from(used > 0);
            pen.write(
                buffer,
                (area.x + 1 + used + gap, y),
                room,
                &[Piece::new(words, Scope::Severity(Severity::Warn))],
            );
            break;
        }
        pen.write(buffer, (area.x + 1, y), room, line);
    }
}
