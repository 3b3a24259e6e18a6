//! A run step by step; and a command of the past, server by server.

use jiff::SignedDuration;

use super::cells;
use super::plan::{row_id, target};
use crate::console::state::State;
use crate::console::table::{Cell, Piece, Row, RowId, SortKey, Table};
use crate::console::theme::Scope;
use crate::console::views::run::clock;
use crate::console::widgets::message::wrap;
use crate::console::work::{Body, PastServer, Usual, Work};
use crate::engine::Verdict;
use crate::engine::run::{Left, StepEnd, StepStory};
use crate::fleet::text::one_line;
use crate::fleet::{InstanceId, Severity};
use crate::plan::{Lasts, Step, Undo};

/// The most lines that say why a step ended as it did.
const WHY: usize = 4;

/// Builds it.
pub fn build(state: &State, work: &Work) -> Table {
    match &work.body {
        Body::Unread => {
            Table { empty: format!("◌ Reading run {} from disk …", work.id), ..Table::default() }
        }
        Body::Servers(servers) => of_servers(servers),
        Body::Steps(story) => {
            let usual = state.desk.usual(&story.plan.operation, &work.environment, Some(&work.id));
            let room = crate::console::views::work::rows_width(state).saturating_sub(8).max(20);
            let rows = story.each().map(|(step, told)| row(state, work, step, told, &usual, room));
            Table {
                columns: vec![
                    cells::left("STEP", 20, 70, 0),
                    cells::left("ON", 10, 30, 4),
                    cells::left("STATE", 10, 18, 1),
                    cells::right("TOOK", 5, 8, 2),
                    cells::right("USUALLY", 7, 8, 3),
                ],
                rows: rows.collect(),
                ..Table::default()
            }
        }
    }
}

/// How a step stands, in a word or two.
#[must_use]
pub fn state_of(work: &Work, step: &Step, told: &StepStory) -> (Severity, &'static str) {
    let lasts = step.lasts;
    let goes_on = work.goes_on();
    match (&told.began, &told.ended, &told.undone) {
        (None, ..) => (Severity::Idle, if goes_on { "waiting" } else { "never begun" }),
        (_, Some((_, end)), Some((_, left)))
            if end.is_good() && left.is_empty() && lasts == Lasts::UntilTheEnd =>
        {
            (Severity::Ok, "put back")
        }
        (_, _, Some((_, left))) if left.is_empty() => {
            let ended = matches!(step.undo, Undo::Nothing | Undo::Cannot(_));
            (Severity::Idle, if ended { "ended" } else { "taken back" })
        }
        (_, _, Some((_, left))) if left.iter().all(|left| left.foreign) => (Severity::Warn, "left as it is"),
        (_, _, Some(_)) => (Severity::Down, "not taken back"),
        (_, None, _) if goes_on => (Severity::Changing, "at work"),
        (_, None, _) => (Severity::Unknown, "interrupted"),
        (_, Some((_, StepEnd::Done)), _) => (Severity::Ok, "done"),
        (_, Some((_, StepEnd::AlreadySo)), _) => (Severity::Ok, "already so"),
        (_, Some((_, StepEnd::Warned(_))), _) => (Severity::Warn, "done, warned"),
        (_, Some((_, StepEnd::Failed(_))), _) => (Severity::Down, "failed"),
        (_, Some((_, StepEnd::Stopped(_))), _) => (Severity::Idle, "stopped"),
        (_, Some((_, StepEnd::Unknown(_))), _) => (Severity::Unknown, "unknown"),
    }
}

fn row(state: &State, work: &Work, step: &Step, told: &StepStory, usual: &Usual, room: u16) -> Row {
    let (severity, words) = state_of(work, step, told);
    let title = format!("{:>2} {}", step.id, one_line(&step.title));
    let waits = told.began.is_none();
    let name = Cell {
        pieces: vec![
            cells::glyph(severity),
            Piece::new(title, if waits { Scope::TextDim } else { Scope::Text }),
        ],
        key: SortKey::Number(f64::from(step.id.0)),
    };
    Row {
        id: row_id(step),
        severity,
        cells: vec![
            name,
            target(step),
            cells::text(words, cells::said(severity)),
            took(state, work, told),
            usually(usual, step),
        ],
        details: details(work, step, told, room),
        dimmed: false,
        section: None,
    }
}

fn took(state: &State, work: &Work, told: &StepStory) -> Cell {
    let Some(began) = told.began else { return cells::nothing() };
    let end = match (&told.ended, work.goes_on()) {
        (Some((at, _)), _) => *at,
        (None, true) => state.now,
        (None, false) => return cells::unknown(),
    };
    let took = end.duration_since(began);
    cells::sorted(cells::text(clock(took), Scope::Text), SortKey::Number(took.as_secs_f64()))
}

fn usually(usual: &Usual, step: &Step) -> Cell {
    let Some(seconds) = usual.step(&step.title) else { return cells::nothing() };
    let span = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    cells::sorted(cells::dim(clock(span)), SortKey::Number(span.as_secs_f64()))
}

/// Lines under a step: how it stands, why it ended as it did, what was said of it, and what of it is left.
fn details(work: &Work, step: &Step, told: &StepStory, room: u16) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let mut add = |severity: Severity, text: &str, most: usize| {
        let whole: Vec<String> = text.lines().flat_map(|line| wrap(&one_line(line), room)).collect();
        for (n, line) in whole.into_iter().filter(|line| !line.is_empty()).take(most).enumerate() {
            let lead = if n == 0 { cells::glyph(severity) } else { Piece::new("  ", Scope::Text) };
            lines.push(vec![lead, Piece::new(line, cells::said(severity))]);
        }
    };
    if let Some(status) = work.status.get(&step.id) {
        add(Severity::Changing, status, 2);
    }
    if let Some((_, end)) = &told.ended
        && let Some(why) = end.why()
    {
        let severity = if end.is_good() { Severity::Warn } else { Severity::Down };
        let severity = if matches!(end, StepEnd::Stopped(_)) { Severity::Idle } else { severity };
        add(severity, why, WHY);
    }
    let warnings: Vec<&String> =
        told.said.iter().filter(|(warning, _)| *warning).map(|(_, text)| text).collect();
    for text in warnings.iter().skip(warnings.len().saturating_sub(2)) {
        add(Severity::Warn, text, 2);
    }
    for left in told.undone.iter().flat_map(|(_, left)| left) {
        let (severity, text) = left_words(left);
        add(severity, &text, 3);
    }
    lines
}

/// What is left, in a line.
pub fn left_words(left: &Left) -> (Severity, String) {
    let found = left.found.as_ref().map_or_else(String::new, |found| format!(" and is {found}"));
    let text = format!("{} should be {}{found}: {}", left.what, left.wanted, left.why);
    (if left.foreign { Severity::Warn } else { Severity::Down }, one_line(&text))
}

fn of_servers(servers: &[PastServer]) -> Table {
    let severity = |server: &PastServer| match server.verdict {
        Some(Verdict::Done) => Severity::Ok,
        Some(Verdict::Failed) => Severity::Down,
        Some(Verdict::Cancelled | Verdict::Skipped) => Severity::Idle,
        Some(Verdict::Unknown) | None => Severity::Unknown,
    };
    let rows = servers.iter().map(|server| Row {
        id: RowId::Server(InstanceId::new(server.instance.as_str())),
        severity: severity(server),
        cells: vec![
            cells::text(server.name.as_str(), Scope::Text),
            cells::state(severity(server), server.verdict.map_or("?", Verdict::word)),
            cells::dim(cells::grouped(usize::try_from(server.lines).unwrap_or(usize::MAX))),
            cells::text(one_line(&server.words), Scope::Text),
        ],
        details: Vec::new(),
        dimmed: false,
        section: None,
    });
    Table {
        columns: vec![
            cells::left("SERVER", 8, 24, 0),
            cells::left("ENDED", 8, 14, 0),
            cells::right("LINES", 5, 9, 2),
            cells::left("HOW", 8, 200, 1),
        ],
        rows: rows.collect(),
        ..Table::default()
    }
}
