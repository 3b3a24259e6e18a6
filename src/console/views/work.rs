//! The screen of a run step by step: what stands above the steps, and beside or below them the servers at work and the
//! release that moves.

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pane::{self, PaneWidget};
use super::run::{body, clock};
use crate::console::layout::Areas;
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::tables::{cells, left_words, step_state};
use crate::console::theme::Scope;
use crate::console::widgets::message::wrap;
use crate::console::widgets::text::Pen;
use crate::console::work::{Body, Printer, Wave, Work, waves};
use crate::engine::run::Story;
use crate::engine::store::RunState;
use crate::fleet::Severity;
use crate::fleet::text::one_line;

/// From so many columns on, servers stand beside the steps.
const WIDE: u16 = 110;
/// The fewest lines of a pane.
const LEAST: u16 = 4;
/// The most members of a group that are drawn one by one.
const MOST_DOTS: usize = 24;

/// Whether a pane fills the screen.
#[must_use]
pub fn fills(state: &State) -> bool {
    state.work().is_some_and(|work| work.printers.zoomed && !work.printers.all.is_empty())
}

/// Cells of the steps.
#[must_use]
pub fn rows_width(state: &State) -> u16 {
    let width = state.size.0;
    if is_beside(state) { width - width * 9 / 20 } else { width }
}

/// Whether servers stand beside the steps rather than below.
#[must_use]
pub fn is_beside(state: &State) -> bool {
    let printers = state.work().is_some_and(|work| !work.printers.all.is_empty());
    state.size.0 >= WIDE && printers && !fills(state)
}

fn waves_of(state: &State, work: &Work) -> Vec<Wave> {
    // What the group is now says nothing about a run that was over long ago.
    let story = work.story().filter(|_| work.goes_on());
    story.map(|story| waves(story, &state.snapshot)).unwrap_or_default()
}

/// How many of so many lines stand below the steps.
#[must_use]
pub fn lines_below(state: &State, lines: u16) -> Option<u16> {
    let work = state.work()?;
    if fills(state) {
        return Some(0);
    }
    let waves = u16::try_from(waves_of(state, work).len()).unwrap_or(0).min(lines / 3);
    if work.printers.all.is_empty() || is_beside(state) {
        return Some(waves);
    }
    let rows = state.table.rows.iter().map(|row| 1 + row.details.len()).sum::<usize>();
    let rows = u16::try_from(rows).unwrap_or(u16::MAX);
    // Who prints nothing just now gives way to the steps.
    let talks = shown(work, 1).first().is_some_and(|place| is_at_work(work, &work.printers.all[*place]));
    let most = if talks || !work.goes_on() {
        (lines / 2).max(3)
    } else {
        lines.saturating_sub(LEAST + 1 + waves).max(3)
    };
    let list = rows.min(most).min(lines);
    let below = lines - list;
    Some(if below > LEAST + waves { below } else { waves })
}

/// Where panes stand, by the printers' places, titles included.
#[must_use]
pub fn places(state: &State, areas: &Areas) -> Vec<(usize, Rect)> {
    let Some(work) = state.work() else { return Vec::new() };
    if fills(state) {
        return vec![(work.printers.focus, areas.rows)];
    }
    if let Some(side) = areas.side {
        let fit = (side.height / (LEAST + 2)).clamp(1, 4);
        return stack(side, &shown(work, usize::from(fit)));
    }
    let waves = u16::try_from(waves_of(state, work).len()).unwrap_or(0);
    match areas.panel {
        Some(panel) if panel.height > waves + LEAST => {
            let area = Rect { height: panel.height - waves, ..panel };
            stack(area, &[work.printers.focus])
        }
        _ => Vec::new(),
    }
}

/// The servers that are seen: those at work first, the selected one in any case, in the order in which they came.
fn shown(work: &Work, fit: usize) -> Vec<usize> {
    let all = &work.printers.all;
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|place| {
        (*place != work.printers.focus, !is_at_work(work, &all[*place]), std::cmp::Reverse(*place))
    });
    order.truncate(fit);
    order.sort_unstable();
    order
}

fn is_at_work(work: &Work, printer: &Printer) -> bool {
    let mut steps = work.story().into_iter().flat_map(|story| story.at_work().map(|step| step.id));
    work.goes_on() && steps.any(|id| printer.step == Some(id))
}

fn stack(area: Rect, which: &[usize]) -> Vec<(usize, Rect)> {
    let count = u16::try_from(which.len()).unwrap_or(1).max(1);
    let height = area.height / count;
    let at = |(n, place): (u16, &usize)| {
        let y = area.y + n * height;
        let height = if n + 1 == count { area.bottom() - y } else { height };
        (*place, Rect { y, height, ..area })
    };
    (0..count).zip(which).map(at).collect()
}

/// Draws panes and waves.
pub fn draw(buffer: &mut Buffer, areas: &Areas, state: &State) {
    let Some(work) = state.work() else { return };
    let places = places(state, areas);
    let several = places.len() > 1;
    for (place, area) in places {
        let Some(printer) = work.printers.all.get(place) else { continue };
        // A column stays free beside the steps.
        let area =
            if areas.side.is_some() { Rect { x: area.x + 1, width: area.width - 1, ..area } } else { area };
        title(buffer, area, state, work, printer, several && place == work.printers.focus);
        let widget = PaneWidget {
            pane: &printer.pane,
            looks: &work.printers.looks,
            theme: &state.look.theme,
            depth: state.look.depth,
            lead: &|_| Vec::new(),
            lead_cells: 0,
            empty: "nothing printed yet",
        };
        widget.draw(buffer, body(area));
    }
    if let Some(side) = areas.side {
        let pen = Pen::new(&state.look.theme, Scope::Text);
        for y in side.y..side.bottom() {
            pen.write(buffer, (side.x, y), 1, &[Piece::new("│", Scope::ChartAxis)]);
        }
    }
    let Some(panel) = areas.panel else { return };
    let waves = waves_of(state, work);
    let height = u16::try_from(waves.len()).unwrap_or(0).min(panel.height);
    for (wave, y) in waves.iter().zip(panel.bottom() - height..panel.bottom()) {
        let pen = Pen::new(&state.look.theme, Scope::Text);
        pen.write(buffer, (panel.x + 1, y), panel.width.saturating_sub(2), &wave_line(wave, panel.width));
    }
}

fn title(buffer: &mut Buffer, area: Rect, state: &State, work: &Work, printer: &Printer, selected: bool) {
    let line = Rect { height: 1.min(area.height), ..area };
    let id = crate::fleet::InstanceId::new(printer.instance.as_str());
    let role = state.snapshot.server(&id).map(|server| server.role.role.to_string()).unwrap_or_default();
    let step = printer.step.and_then(|id| work.story()?.plan.step(id));
    let told = printer.step.and_then(|id| work.story()?.of(id));
    let mut left = vec![
        cells::glyph(step.zip(told).map_or(Severity::Idle, |(step, told)| step_state(work, step, told).0)),
        Piece::new(format!("{} {role}", id.short()), Scope::TextStrong),
    ];
    if let Some(step) = step {
        left.push(Piece::new(format!("  {} {}", step.id, one_line(&step.title)), Scope::TextDim));
    }
    let mut right = Vec::new();
    if !printer.pane.follows() {
        right.push(Piece::new("  scrolled", Scope::Severity(Severity::Changing)));
    }
    if !work.printers.looks.filter.is_empty() {
        let words = format!("  only “{}”", work.printers.looks.filter);
        right.push(Piece::new(words, Scope::Severity(Severity::Warn)));
    }
    pane::title(buffer, line, &state.look.theme, &left, &right, selected);
}

/// `web-ag  old ○○  leaving ◌  pending ◐  in service ●●`.
fn wave_line(wave: &Wave, cells_: u16) -> Vec<Piece> {
    let all = wave.old + wave.leaving + wave.pending + wave.serving;
    let dots = all <= MOST_DOTS && usize::from(cells_) > all + 54;
    let mut pieces = vec![
        cells::glyph(wave.severity),
        Piece::new(if cells_ < 100 { String::new() } else { format!("{}  ", wave.group) }, Scope::TextDim),
    ];
    for (word, count, glyph, scope) in [
        ("old", wave.old, "○", Scope::Text),
        ("leaving", wave.leaving, "◌", Scope::TextDim),
        ("pending", wave.pending, "◐", Scope::Severity(Severity::Changing)),
        ("in service", wave.serving, "●", Scope::Severity(Severity::Ok)),
    ] {
        if count == 0 && word == "leaving" {
            continue;
        }
        pieces.push(Piece::new(format!("{word} "), Scope::TextDim));
        let shown = if dots { glyph.repeat(count) } else { glyph.to_owned() };
        let shown = if count == 0 { String::new() } else { format!("{shown} ") };
        pieces.push(Piece::new(shown, scope));
        let number = format!("{count}  ");
        pieces.push(Piece::new(number, Scope::Text));
    }
    pieces.push(Piece::new(format!("of {}", wave.count), Scope::TextDim));
    pieces
}

/// How the run stands, in a line.
#[must_use]
pub fn headline(state: &State, work: &Work) -> Vec<Piece> {
    let severity = work.severity();
    let mut pieces = vec![cells::glyph(severity), Piece::new(work.words(), Scope::TextStrong)];
    let end = work.over_at.or_else(|| work.goes_on().then_some(state.now));
    if let (Some(end), false) = (end, matches!(work.body, Body::Unread)) {
        pieces.push(Piece::new(format!("  {}", clock(end.duration_since(work.began_at))), Scope::Text));
        let usual = state.desk.usual(work.operation(), &work.environment, Some(&work.id)).time();
        if let Some(seconds) = usual.filter(|_| work.goes_on()) {
            let span = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
            pieces.push(Piece::new(format!(" of about {}", clock(span)), Scope::TextDim));
        }
    }
    if let Some(who) = &work.who {
        pieces.push(Piece::new(format!("  {}", one_line(who)), Scope::TextDim));
    }
    let title = work.story().map_or(&work.command, |story| &story.plan.title);
    pieces.push(Piece::new(format!("  {}", one_line(title)), Scope::Text));
    pieces
}

/// Whether the journal is kept, and the lock held.
#[must_use]
pub fn aside(work: &Work) -> Vec<Piece> {
    if work.story().is_none() || !work.goes_on() {
        return Vec::new();
    }
    let (text, severity) = match (&work.unrecorded, work.story().and_then(|story| story.lock)) {
        (Some(_), _) => ("journal ✖", Severity::Down),
        (None, Some(None)) => ("journal ●  no lock ▲", Severity::Warn),
        (None, _) => ("journal ●", Severity::Ok),
    };
    vec![Piece::new(text, cells::said(severity))]
}

/// What has to be known before anything else: what is left in red with its cure, why it turned, what went wrong beside
/// the plan.
#[must_use]
pub fn lines(work: &Work, cells_: u16) -> Vec<Vec<Piece>> {
    let mut lines = Vec::new();
    let mut add = |severity: Severity, text: &str| {
        for (n, line) in wrap(&one_line(text), cells_.saturating_sub(4)).into_iter().enumerate() {
            let lead = if n == 0 { cells::glyph(severity) } else { Piece::new("  ", Scope::Text) };
            lines.push(vec![lead, Piece::new(line, cells::said(severity))]);
        }
    };
    if let Some(why) = &work.unrecorded {
        add(Severity::Down, &format!("{why}. Nothing more is changed but what puts things back"));
    }
    if !work.goes_on() {
        for left in work.left() {
            let (severity, words) = left_words(left);
            add(severity, &format!("NOT AS IT WAS: {words}"));
            if !left.foreign && !left.cure.is_empty() {
                add(Severity::Idle, &format!("to put it right: {}", left.cure));
            }
        }
        if work.state != RunState::Interrupted && work.has_left() && work.left().is_empty() {
            let words =
                "NOT AS IT WAS: what was changed for the time being is not put back; resume puts it back";
            add(Severity::Down, words);
        }
        if work.state != RunState::Interrupted && work.story().is_some_and(Story::goes_on) {
            let words = "What was made stays. Mend what failed: then r does that once more and goes on; u takes away what is \
                         not in use";
            add(Severity::Warn, words);
        }
        if work.state == RunState::Interrupted && work.story().is_some() {
            add(
                Severity::Warn,
                "Interrupted: whoever ran it went away. r resumes it, u undoes it; both ask first",
            );
        }
    }
    if let Some((_, why)) = work.story().and_then(|story| story.turned.as_ref()) {
        add(Severity::Warn, why);
    }
    if let Some((_, text)) =
        work.story().and_then(|story| story.said.iter().rev().find(|(warning, _)| *warning))
    {
        add(Severity::Warn, text);
    }
    for text in work.warnings.iter().rev().take(2).rev() {
        add(Severity::Warn, text);
    }
    lines
}
