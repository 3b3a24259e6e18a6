//! Draws a question and its answers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::dialogs::{Asks, Question};
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::tables::cells;
use crate::console::theme::Scope;
use crate::console::widgets::message::wrap;
use crate::console::widgets::sheet::Sheet;
use crate::console::widgets::text::width;
use crate::fleet::Severity;

/// The widest it gets.
const WIDEST: u16 = 104;

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, question: &Question) {
    let room = room(area.width);
    let mut answers = answers(question, room, area.height);
    let facts = facts(question, room);
    let (seen, gap) = seen(facts.len(), answers.len(), area.height);
    let top = question.top.min(facts.len() - seen);
    let below = facts.len() - seen - top;
    let mut lines: Vec<Vec<Piece>> = facts.into_iter().skip(top).take(seen).collect();
    lines.extend(gap.then(Vec::new));
    lines.append(&mut answers);
    let back = if question.back.is_some() { "esc back" } else { "esc no" };
    let more = if top + below > 0 { format!("↑↓ {below} more · {back}") } else { back.to_owned() };
    let sheet =
        Sheet { title: &question.title, aside: &more, lines: &lines, top: 0, cursor: None, widest: WIDEST };
    sheet.draw(buffer, area, &state.look.theme);
}

fn room(width: u16) -> u16 {
    width.saturating_sub(8).min(WIDEST - 4)
}

/// How many lines of facts are seen, and whether an empty one stands before the answers: these are always seen.
fn seen(facts: usize, answers: usize, height: u16) -> (usize, bool) {
    let inside = usize::from(height.saturating_sub(4)).max(2);
    let left = inside.saturating_sub(answers);
    if facts < left { (facts, true) } else { (facts.min(left), false) }
}

/// How far the facts can be scrolled on a screen of this size.
#[must_use]
pub fn lines(question: &Question, (width, height): (u16, u16)) -> usize {
    let room = room(width);
    // The header and the footer are no part of it.
    let height = height.saturating_sub(2);
    let facts = facts(question, room).len();
    facts - seen(facts, answers(question, room, height).len(), height).0
}

fn facts(question: &Question, room: u16) -> Vec<Vec<Piece>> {
    let mut lines = Vec::new();
    for (severity, text) in &question.lines {
        let parts =
            if width(text) + 2 <= room { vec![text.clone()] } else { wrap(text, room.saturating_sub(2)) };
        for (n, part) in parts.into_iter().enumerate() {
            let lead = match (n, severity) {
                (0, severity) if *severity != Severity::Idle => cells::glyph(*severity),
                _ => Piece::new("  ", Scope::Text),
            };
            lines.push(vec![lead, Piece::new(part, cells::said(*severity))]);
        }
    }
    lines
}

fn answers(question: &Question, room: u16, height: u16) -> Vec<Vec<Piece>> {
    match &question.asks {
        Asks::Key(choices) => choices
            .iter()
            .map(|choice| {
                vec![
                    Piece::new(format!("  {}  ", choice.key), Scope::Key),
                    Piece::new(choice.words.clone(), Scope::TextStrong),
                ]
            })
            .collect(),
        Asks::Hidden(_) | Asks::Secret(_) => {
            let typed = question.typed().chars().count();
            // More than fits is not counted on the screen.
            let dots = "•".repeat(typed.min(usize::from(room.saturating_sub(24))));
            let mut line = vec![
                Piece::new("  › ", Scope::Key),
                Piece::new(dots, Scope::TextStrong),
                Piece::new("█", Scope::TextStrong),
            ];
            if typed > 0 {
                line.push(Piece::new("  enter goes on", Scope::Key));
            }
            vec![line]
        }
        Asks::Word { word, what, .. } => {
            let asked = if height < 14 { format!("type {word}") } else { format!("{what}: {word}") };
            let mut lines: Vec<Vec<Piece>> = wrap(&asked, room.saturating_sub(2))
                .into_iter()
                .map(|line| vec![Piece::new(format!("  {line}"), Scope::Text)])
                .collect();
            let fits = question.on_enter().is_some();
            let mut line = vec![
                Piece::new("  › ", Scope::Key),
                Piece::new(question.typed(), Scope::TextStrong),
                Piece::new("█", Scope::TextStrong),
            ];
            if fits {
                line.push(Piece::new("  enter goes on", Scope::Key));
            }
            lines.push(line);
            lines
        }
    }
}
