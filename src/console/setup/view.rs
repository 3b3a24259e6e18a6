//! Draws the setup: a header, the question with the answers beside it, or the files, and a footer with keys.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::SetupState;
use super::lines::{self, Line};
use crate::console::action::{Action, Context};
use crate::console::layout::{MIN_HEIGHT, MIN_WIDTH};
use crate::console::table::Piece;
use crate::console::theme::Scope;
use crate::console::widgets::ascii;
use crate::console::widgets::text::{Pen, width_of};
use crate::setup::{Kind, Place};

/// From so many columns on the answers stand beside the question.
const BESIDE: u16 = 76;

/// Draws the whole screen.
pub fn draw(frame: &mut Frame, state: &SetupState) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    buffer.set_style(area, state.look.theme.style(Scope::Text));
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        let pen = Pen::new(&state.look.theme, Scope::Text);
        let text = format!("Please make this {MIN_WIDTH}×{MIN_HEIGHT} or larger.");
        pen.write(buffer, (0, 0), area.width, &[Piece::new(text, Scope::Text)]);
    } else {
        parts(buffer, state, area);
    }
    if state.ascii {
        ascii::translate(buffer);
    }
}

fn parts(buffer: &mut Buffer, state: &SetupState, area: Rect) {
    bar(buffer, state, Rect { height: 1, ..area }, Scope::Header, &header(state, area.width), &badges(state));
    let top = u16::from(area.height >= 16);
    let body = Rect::new(area.x + 1, area.y + 1 + top, area.width - 2, area.height - 2 - top);
    match state.wizard.place() {
        Place::Ask(_) => asking(buffer, state, body),
        Place::Review => review(buffer, state, body),
        _ => write(buffer, state, body, &lines::said(state, body.width)),
    }
    let last = Rect { y: area.bottom() - 1, height: 1, ..area };
    bar(buffer, state, last, Scope::Footer, &footer(state), &[]);
}

fn asking(buffer: &mut Buffer, state: &SetupState, body: Rect) {
    let Some(asked) = state.wizard.asked() else { return };
    if body.width + 2 < BESIDE {
        write(buffer, state, body, &lines::question(state, &asked, body.width, body.height));
        return;
    }
    let side = (body.width / 3).clamp(26, 56);
    let main = Rect { width: (body.width - side - 3).min(100), ..body };
    let aside = Rect { x: body.right() - side, width: side, ..body };
    write(buffer, state, main, &lines::question(state, &asked, main.width, main.height));
    write(buffer, state, aside, &lines::answers(state, aside.width, aside.height));
}

fn review(buffer: &mut Buffer, state: &SetupState, body: Rect) {
    let about = lines::about_files(state, body.width, usize::from(body.height / 3));
    let used = rows(&about) + u16::from(!about.is_empty() && body.height > 12);
    write(buffer, state, body, &about);
    let body = Rect { y: body.y + used, height: body.height - used, ..body };
    let files = lines::files(state);
    let most = if body.height > 12 { body.height / 2 } else { 2 };
    let height = rows(&files).min(most);
    // The chosen one is always seen.
    let from = (state.file + 1).saturating_sub(usize::from(height));
    write(buffer, state, Rect { height, ..body }, files.get(from..).unwrap_or_default());
    let gap = u16::from(body.height > 8);
    let below = Rect { y: body.y + height + gap, height: body.height.saturating_sub(height + gap), ..body };
    write(buffer, state, below, &lines::text(state));
}

fn rows(lines: &[Line]) -> u16 {
    u16::try_from(lines.len()).unwrap_or(u16::MAX)
}

fn write(buffer: &mut Buffer, state: &SetupState, area: Rect, lines: &[Line]) {
    let pen = Pen::new(&state.look.theme, Scope::Text);
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        pen.write(buffer, (area.x, y), area.width, line);
    }
}

fn bar(buffer: &mut Buffer, state: &SetupState, area: Rect, scope: Scope, left: &[Piece], right: &[Piece]) {
    let theme = &state.look.theme;
    buffer.set_style(area, theme.style(scope));
    let pen = Pen::new(theme, scope);
    let cells = width_of(right);
    let room = area.width.saturating_sub(2 + cells);
    pen.write(buffer, (area.x + 1, area.y), room, left);
    if cells > 0 && cells < area.width {
        pen.write(buffer, (area.right() - 1 - cells, area.y), cells, right);
    }
}

fn header(state: &SetupState, width: u16) -> Vec<Piece> {
    let rows = state.wizard.rows();
    let progress = match state.wizard.place() {
        Place::Ask(_) => {
            let at = rows.iter().position(|row| row.now).unwrap_or(0) + 1;
            format!("question {at} of {}", rows.len())
        }
        Place::Review => "the files".into(),
        Place::Written => "done".into(),
        _ => String::new(),
    };
    let name = if width >= 60 { "quarterdeck  " } else { "" };
    vec![
        Piece::new(name, Scope::TextStrong),
        Piece::new("setup  ", Scope::TextStrong),
        Piece::new(progress, Scope::Text),
    ]
}

fn badges(state: &SetupState) -> Vec<Piece> {
    if state.sandbox { vec![Piece::new(" SANDBOX ", Scope::BadgeSandbox)] } else { Vec::new() }
}

/// The keys that work here, as the keymap has them.
fn footer(state: &SetupState) -> Vec<Piece> {
    let asked = state.wizard.asked();
    let choice = asked.as_ref().is_some_and(|asked| asked.question.kind == Kind::Choice);
    let offers = !state.wizard.offers().is_empty();
    let mut actions: Vec<(Action, &str)> = Vec::new();
    match state.wizard.place() {
        Place::Ask(_) => {
            actions.push((Action::Open, if choice { "take" } else { "accept" }));
            if offers {
                actions.push((Action::Down, "choose"));
            }
            actions.push((Action::Close, "back"));
            actions.push((Action::Quit, "leave for now"));
        }
        Place::Review => actions.extend([
            (Action::Open, "write them"),
            (Action::Next, "next file"),
            (Action::Down, "scroll"),
            (Action::Close, "back to the questions"),
            (Action::Quit, "leave"),
        ]),
        Place::Written => actions.push((Action::Open, "leave the setup")),
        _ => actions.push((Action::Quit, "leave")),
    }
    let mut pieces = Vec::new();
    for (action, title) in actions {
        let Some(keys) = state.look.keymap.hint(&[Context::Input], action) else { continue };
        let item = [Piece::new(keys, Scope::Key), Piece::new(format!(" {title}   "), Scope::Text)];
        if width_of(&pieces) + width_of(&item) <= state.size.0 + 1 {
            pieces.extend(item);
        }
    }
    pieces
}
