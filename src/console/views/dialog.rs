//! Draws the dialog that asks what to run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::dialogs::{Field, RunDialog};
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::theme::Scope;
use crate::console::widgets::message::wrap;
use crate::console::widgets::sheet::Sheet;
use crate::console::widgets::text::{cut, width};
use crate::fleet::Severity;

/// The widest it gets.
const WIDEST: u16 = 104;
/// The most suggestions seen at once.
const SUGGESTIONS: usize = 5;
/// The most lines that name servers.
const SERVERS: usize = 3;

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, dialog: &RunDialog) {
    let (lines, cursor) = lines(state, dialog, area.width.saturating_sub(8).min(WIDEST - 4), area.height);
    let title = format!("Run in {}", dialog.environment);
    let aside =
        if area.width < 70 { "tab · enter · esc" } else { "tab next field · enter go on · esc close" };
    let sheet = Sheet { title: &title, aside, lines: &lines, top: 0, cursor: Some(cursor), widest: WIDEST };
    sheet.draw(buffer, area, &state.look.theme);
}

/// A field's name; those of short screens are short.
fn label(field: Field, small: bool) -> String {
    let (word, short) = match field {
        Field::Servers => ("servers", "on"),
        Field::Command => ("command", "$"),
        Field::Sudo => ("sudo", "sudo"),
        Field::AtOnce => ("at once", "pace"),
        Field::Stop => ("on failure", "fail"),
    };
    if small { format!("{short:<5} ") } else { format!("{word:<11} ") }
}

fn lines(state: &State, dialog: &RunDialog, room: u16, height: u16) -> (Vec<Vec<Piece>>, usize) {
    let small = height < 18;
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let mut cursor = 0;
    let indent = width(&label(Field::Servers, small));
    let inner = room.saturating_sub(indent + 1);
    for field in Field::ALL {
        let focused = dialog.field == field;
        if focused {
            cursor = lines.len();
        }
        let mut line = vec![Piece::new(label(field, small), Scope::TextDim)];
        line.extend(value(dialog, field, focused, inner));
        lines.push(line);
        let mut more = |pieces: Vec<Piece>| {
            let mut line = vec![Piece::new(" ".repeat(usize::from(indent)), Scope::Text)];
            line.extend(pieces);
            lines.push(line);
        };
        match field {
            Field::Servers if !small => servers(dialog, inner).into_iter().for_each(more),
            Field::Command if focused => {
                let most = if small { 1 } else { SUGGESTIONS };
                suggestions(dialog, inner, most).into_iter().for_each(&mut more);
            }
            _ => {}
        }
    }
    if !small {
        lines.push(Vec::new());
        for line in wrap(&dialog.headless(&state.globals), room) {
            lines.push(vec![Piece::new(line, Scope::TextDim)]);
        }
    }
    (lines, cursor)
}

/// What a field holds now.
fn value(dialog: &RunDialog, field: Field, focused: bool, room: u16) -> Vec<Piece> {
    let turn = |words: String| {
        let scope = if focused { Scope::TextStrong } else { Scope::Text };
        let arrow = |text: &str| Piece::new(if focused { text } else { "" }, Scope::Key);
        vec![arrow("‹ "), Piece::new(words, scope), arrow(" ›")]
    };
    match field {
        Field::Servers => {
            let count = dialog.picked.hosts.len();
            let words = dialog.scope().map(ToString::to_string).unwrap_or_default();
            let mut pieces = turn(words);
            let servers = if count == 1 { "  1 server".to_owned() } else { format!("  {count} servers") };
            pieces.push(Piece::new(servers, Scope::TextStrong));
            pieces
        }
        Field::Command if dialog.text().is_empty() && !focused => {
            vec![Piece::new("nothing yet", Scope::TextDim)]
        }
        Field::Command if focused => typed(dialog, room),
        Field::Command => vec![Piece::new(dialog.text(), Scope::TextStrong)],
        Field::Sudo => turn(if dialog.sudo { "as root (sudo -n)" } else { "as the login user" }.into()),
        Field::AtOnce => turn(dialog.at_once.words()),
        Field::Stop => turn(
            if dialog.stop_on_failure { "no other server begins" } else { "go on with the others" }.into(),
        ),
    }
}

/// The command with the cursor in it: of a long one the part around the cursor.
fn typed(dialog: &RunDialog, room: u16) -> Vec<Piece> {
    let chars: Vec<char> = dialog.text().chars().collect();
    let at = dialog.command.cursor().1.min(chars.len());
    let room = usize::from(room.max(4)) - 1;
    let from = at.saturating_sub(room.saturating_sub(1));
    // Where it does not begin on the screen that is seen.
    let before: String = chars[from..at].iter().collect();
    let before = if from > 0 { format!("…{}", before.chars().skip(1).collect::<String>()) } else { before };
    let under: String = chars.get(at).map_or_else(|| " ".to_owned(), ToString::to_string);
    let after: String = chars.iter().skip(at + 1).take(room.saturating_sub(at - from)).collect();
    vec![
        Piece::new(before, Scope::TextStrong),
        Piece::new(under, Scope::Match),
        Piece::new(after, Scope::TextStrong),
    ]
}

fn servers(dialog: &RunDialog, room: u16) -> Vec<Vec<Piece>> {
    let names: Vec<&str> = dialog.picked.hosts.iter().map(|host| host.name.as_str()).collect();
    let mut wrapped = wrap(&names.join(", "), room);
    if wrapped.len() > SERVERS {
        wrapped.truncate(SERVERS);
        if let Some(last) = wrapped.last_mut() {
            *last = format!("{} …", cut(last, room.saturating_sub(2)));
        }
    }
    let mut lines: Vec<Vec<Piece>> =
        wrapped.into_iter().map(|line| vec![Piece::new(line, Scope::TextDim)]).collect();
    let left: Vec<String> =
        dialog.picked.left_out.iter().map(|l| format!("{} ({})", l.name, l.why)).collect();
    if !left.is_empty() {
        for line in wrap(&format!("left out: {}", left.join(", ")), room).into_iter().take(2) {
            lines.push(vec![Piece::new(line, Scope::Severity(Severity::Unknown))]);
        }
    }
    lines
}

fn suggestions(dialog: &RunDialog, room: u16, most: usize) -> Vec<Vec<Piece>> {
    let first = dialog.chosen.map_or(0, |at| (at + 1).saturating_sub(most));
    let fitting = dialog.fitting.iter().enumerate().skip(first).take(most);
    fitting
        .filter_map(|(n, which)| {
            let suggestion = dialog.known.get(*which)?;
            let chosen = dialog.chosen == Some(n);
            let mark = if chosen { "› " } else { "  " };
            let text = match &suggestion.name {
                Some(name) => format!("{name}: {}", suggestion.command),
                None => suggestion.command.clone(),
            };
            let scope = if chosen { Scope::TextStrong } else { Scope::TextDim };
            Some(vec![Piece::new(mark, Scope::Key), Piece::new(cut(&text, room.saturating_sub(2)), scope)])
        })
        .collect()
}
