//! Draws the dialog that asks which logs to follow.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::dialogs::LogsDialog;
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::tables::cells;
use crate::console::theme::Scope;
use crate::console::widgets::message::wrap;
use crate::console::widgets::sheet::Sheet;
use crate::fleet::Severity;

/// The widest it gets.
const WIDEST: u16 = 92;

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, dialog: &LogsDialog) {
    let room = area.width.saturating_sub(8).min(WIDEST - 4);
    let mut lines = vec![scope(dialog)];
    for (n, (id, _)) in dialog.logs.iter().enumerate() {
        let chosen = dialog.chosen.contains(id);
        let scope = if chosen { Scope::TextStrong } else { Scope::TextDim };
        let hosts = dialog.picked.hosts.len();
        let mut line =
            vec![Piece::new(if chosen { " ✓ " } else { " · " }, Scope::Key), Piece::new(id.name(), scope)];
        if n == 0 && hosts == 0 {
            line.clear();
        }
        lines.push(line);
    }
    let sudo =
        if dialog.sudo { "read as root (sudo -n): most logs are root's" } else { "read as the login user" };
    lines.push(vec![
        Piece::new(" ‹ ", Scope::Key),
        Piece::new(sudo, Scope::Text),
        Piece::new(" ›", Scope::Key),
    ]);
    let cursor = dialog.cursor.min(lines.len() - 1);
    if area.height >= 20 {
        lines.push(Vec::new());
        for left in &dialog.picked.left_out {
            let words = format!("left out: {} ({})", left.name, left.why);
            lines.push(vec![Piece::new(words, Scope::Severity(Severity::Unknown))]);
        }
        for line in wrap(&dialog.headless(&state.globals), room) {
            lines.push(vec![Piece::new(line, Scope::TextDim)]);
        }
    }
    let title = format!("Follow logs in {}", dialog.environment);
    let aside = if area.width < 70 {
        "space · enter · esc"
    } else {
        "space choose · a all · enter follow · esc close"
    };
    let sheet = Sheet { title: &title, aside, lines: &lines, top: 0, cursor: Some(cursor), widest: WIDEST };
    sheet.draw(buffer, area, &state.look.theme);
}

fn scope(dialog: &LogsDialog) -> Vec<Piece> {
    let words = dialog.scope().map(ToString::to_string).unwrap_or_default();
    vec![
        Piece::new(" ‹ ", Scope::Key),
        Piece::new(words, Scope::TextStrong),
        Piece::new(" › ", Scope::Key),
        Piece::new(cells::count(dialog.picked.hosts.len(), "server"), Scope::TextDim),
    ]
}
