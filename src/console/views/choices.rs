//! Draws the list of operations, and what one of them is told.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::theme::Scope;
use crate::console::widgets::message::wrap;
use crate::console::widgets::sheet::Sheet;
use crate::console::widgets::text::{cut, width};
use crate::console::work::{Choices, Line, LineKind, OperationList};
use crate::fleet::Severity;
use crate::operation::{Operation, Opt};

/// The widest it gets.
const WIDEST: u16 = 104;

/// Draws the list.
pub fn list(buffer: &mut Buffer, area: Rect, state: &State, list: &OperationList) {
    let typed = list.input.lines().first().map_or("", String::as_str);
    let short = area.width < 60;
    let room = area.width.saturating_sub(8).min(WIDEST - 4);
    let longest = list.matches.iter().map(|o| width(o.name)).max().unwrap_or(0);
    let mut lines: Vec<Vec<Piece>> = list
        .matches
        .iter()
        .map(|operation| {
            let fill = usize::from(longest.saturating_sub(width(operation.name)));
            let mut line =
                vec![Piece::new(format!("{}{}", operation.name, " ".repeat(fill)), Scope::TextStrong)];
            if !short {
                let summary = cut(operation.summary, room.saturating_sub(longest + 3));
                line.push(Piece::new(format!("  {summary}"), Scope::TextDim));
            }
            line
        })
        .collect();
    if lines.is_empty() {
        lines.push(vec![Piece::new("nothing matches", Scope::TextDim)]);
    }
    let title = format!("{}: {typed}█", list.environment);
    let cursor = (!list.matches.is_empty()).then_some(list.cursor);
    let aside = if short { "enter · esc" } else { "enter choose · nothing is done yet · esc close" };
    Sheet { title: &title, aside, lines: &lines, top: 0, cursor, widest: WIDEST }.draw(
        buffer,
        area,
        &state.look.theme,
    );
}

/// Draws what is chosen.
pub fn choices(buffer: &mut Buffer, area: Rect, state: &State, choices: &Choices) {
    let room = area.width.saturating_sub(8).min(WIDEST - 4);
    let (mut lines, cursor) = (Vec::new(), choices.cursor);
    let label_cells = choices.lines.iter().map(|line| width(line.opt.name())).max().unwrap_or(0) + 2;
    let mut before = None;
    for (n, line) in choices.lines.iter().enumerate() {
        let first = before != Some(line.opt);
        before = Some(line.opt);
        let label = if first { line.opt.name() } else { "" };
        let fill = usize::from(label_cells.saturating_sub(width(label)));
        let mut pieces = vec![Piece::new(format!("{label}{}", " ".repeat(fill)), Scope::TextDim)];
        pieces.extend(value(choices.operation, line, n == cursor));
        lines.push(pieces);
    }
    if let Some(why) = &choices.no_releases {
        let words = format!("releases: {why}");
        for line in wrap(&words, room.saturating_sub(label_cells)) {
            let lead = " ".repeat(usize::from(label_cells));
            lines.push(vec![
                Piece::new(lead, Scope::Text),
                Piece::new(line, Scope::Severity(Severity::Unknown)),
            ]);
        }
    }
    if area.height >= 16 {
        lines.push(Vec::new());
        let line = choices.lines.get(cursor);
        let more = line.map_or(&[][..], |line| line.more.as_slice());
        let help = line.map(|line| line.opt.help()).filter(|_| more.is_empty());
        for line in help.into_iter().chain(more.iter().map(String::as_str)).flat_map(|text| wrap(text, room))
        {
            lines.push(vec![Piece::new(line, Scope::TextDim)]);
        }
    }
    let title = format!("{} in {}", choices.operation.name, choices.environment);
    let keys = match choices.lines.get(cursor).map(|line| line.kind) {
        Some(LineKind::Check | LineKind::Pick) => "space choose · ",
        _ => "type · ",
    };
    let aside = if area.width < 60 {
        "enter plan · esc".to_owned()
    } else {
        format!("{keys}enter see the plan · esc close")
    };
    Sheet { title: &title, aside: &aside, lines: &lines, top: 0, cursor: Some(cursor), widest: WIDEST }.draw(
        buffer,
        area,
        &state.look.theme,
    );
}

/// What counts where nothing is typed.
fn unsaid(operation: &Operation, opt: Opt) -> &'static str {
    match opt {
        Opt::Branch if operation.takes.contains(&Opt::Release) => "none: a release is deployed",
        Opt::Branch => "the one that the config names",
        Opt::Changeset => "the branch's newest",
        // What makes a group has nothing that could stay.
        Opt::Desired if operation.takes.contains(&Opt::Branch) => "2",
        Opt::Min if operation.takes.contains(&Opt::Branch) => "as many as it wants",
        Opt::Max if operation.takes.contains(&Opt::Branch) => "twice as many as it wants",
        Opt::Min | Opt::Desired | Opt::Max => "as it is",
        Opt::SshFrom => "none: nobody is let in more",
        Opt::Certificate if operation.takes.contains(&Opt::PublicKey) => "that of the deployment's others",
        Opt::Certificate => "type its ARN, or choose one below",
        Opt::PublicKey => "none",
        Opt::Batch => "1",
        Opt::Release => "type it, or choose one below",
        Opt::To => "/var/lib/postgresql/backups",
        Opt::Backup => "type its path on the primary",
        Opt::From => "type its name, such as production",
        Opt::Keep if operation.takes.contains(&Opt::To) => "all of them",
        Opt::Secret => "type a name, or several with commas between them",
        _ => "as usual",
    }
}

fn value(operation: &Operation, line: &Line, focused: bool) -> Vec<Piece> {
    let strong = if focused || line.on { Scope::TextStrong } else { Scope::Text };
    match line.kind {
        LineKind::Check => {
            let mark = if line.on { "[x] " } else { "[ ] " };
            vec![Piece::new(mark, Scope::Key), Piece::new(line.label.as_str(), strong)]
        }
        LineKind::Pick => {
            let mark = if line.on { "(•) " } else { "( ) " };
            vec![Piece::new(mark, Scope::Key), Piece::new(line.label.as_str(), strong)]
        }
        LineKind::Number | LineKind::Text if line.text.is_empty() && !focused => {
            vec![Piece::new(unsaid(operation, line.opt), Scope::TextDim)]
        }
        LineKind::Number | LineKind::Text => {
            let end = if focused { "█" } else { "" };
            vec![
                Piece::new(if focused { "› " } else { "" }, Scope::Key),
                Piece::new(line.text.as_str(), Scope::TextStrong),
                Piece::new(end, Scope::TextStrong),
            ]
        }
    }
}
