//! What the setup's screen says, as pieces of text.

use super::SetupState;
use crate::console::table::Piece;
use crate::console::theme::Scope;
use crate::console::widgets::message::wrap;
use crate::console::widgets::text::cut;
use crate::fleet::Severity;
use crate::fleet::text::one_line;
use crate::setup::{Asked, Kind, Place, Row, ShownKind, Verdict};

/// A line.
pub(super) type Line = Vec<Piece>;

fn line(text: impl Into<String>, scope: Scope) -> Line {
    vec![Piece::new(text, scope)]
}

fn wrapped(out: &mut Vec<Line>, text: &str, scope: Scope, width: u16) {
    out.extend(wrap(&one_line(text), width).into_iter().map(|text| line(text, scope)));
}

/// The question, how it can be answered, and what the check says. Small screens have no empty lines.
pub(super) fn question(state: &SetupState, asked: &Asked, width: u16, height: u16) -> Vec<Line> {
    let roomy = height >= 14;
    let mut out = Vec::new();
    let gap = |out: &mut Vec<Line>| {
        if roomy {
            out.push(Vec::new());
        }
    };
    if roomy && let Some((title, mark)) = state.wizard.last_mark() {
        let text = format!("{} {title}: {}", mark.severity.glyph(), mark.text);
        wrapped(&mut out, &text, Scope::Severity(mark.severity), width);
        out.push(Vec::new());
    }
    wrapped(&mut out, &asked.sentence(), Scope::TextStrong, width);
    let why: Vec<String> = wrap(asked.question.why, width);
    let most = if roomy { why.len() } else { 1 };
    out.extend(why.into_iter().take(most).map(|text| line(text, Scope::TextDim)));
    gap(&mut out);
    if asked.question.kind != Kind::Choice {
        out.push(field(state, asked, width));
    }
    out.extend(verdict(state, width, if roomy { 4 } else { 2 }));
    let left = usize::from(height).saturating_sub(out.len() + usize::from(roomy));
    let offers = offers(state, asked, width, left);
    if !offers.is_empty() {
        gap(&mut out);
        out.extend(offers);
    }
    out
}

/// What is typed, or what would be taken when nothing is.
fn field(state: &SetupState, asked: &Asked, width: u16) -> Line {
    let mut pieces = vec![Piece::new("› ", Scope::Key)];
    let text = state.text();
    let secret = asked.question.kind == Kind::Secret;
    if text.is_empty() {
        pieces.push(Piece::new(" ", Scope::Match));
        let hint = match state.wizard.suggestion() {
            Some(answer) => format!(" {}", one_line(&answer)),
            None if asked.question.optional => " nothing".into(),
            None => String::new(),
        };
        pieces.push(Piece::new(cut(&hint, width.saturating_sub(12)), Scope::TextDim));
        if !hint.is_empty() {
            pieces.push(Piece::new("  (enter)", Scope::TextDim));
        }
        return pieces;
    }
    let shown: Vec<char> = if secret { vec!['•'; text.chars().count()] } else { text.chars().collect() };
    let at = state.input.cursor().1.min(shown.len());
    let room = usize::from(width.max(6)) - 3;
    let from = at.saturating_sub(room.saturating_sub(1));
    let before: String = shown[from..at].iter().collect();
    let under = shown.get(at).map_or_else(|| " ".to_owned(), ToString::to_string);
    let after: String = shown.iter().skip(at + 1).take(room.saturating_sub(at - from)).collect();
    pieces.extend([
        Piece::new(before, Scope::TextStrong),
        Piece::new(under, Scope::Match),
        Piece::new(after, Scope::TextStrong),
    ]);
    pieces
}

fn verdict(state: &SetupState, width: u16, most: usize) -> Vec<Line> {
    let mut out = Vec::new();
    let say = |out: &mut Vec<Line>, severity: Severity, text: &str| {
        let text = format!("{} {}", severity.glyph(), one_line(text));
        let lines = wrap(&text, width);
        out.extend(lines.into_iter().take(most).map(|text| line(text, Scope::Severity(severity))));
    };
    if state.wizard.is_waiting() {
        say(&mut out, Severity::Changing, "looking…");
        return out;
    }
    match state.wizard.verdict() {
        Some(Verdict::Good(text)) if text.is_empty() => say(&mut out, Severity::Ok, "ok"),
        Some(Verdict::Good(text)) => say(&mut out, Severity::Ok, &text),
        Some(Verdict::Unsure(text)) => say(&mut out, Severity::Unknown, &text),
        Some(Verdict::Doubt(text)) => say(&mut out, Severity::Warn, &text),
        Some(Verdict::Bad(text)) => say(&mut out, Severity::Down, &text),
        None => {
            if let Some(why) = state.wizard.without_offers() {
                say(&mut out, Severity::Unknown, &format!("not known: {why}"));
            }
        }
    }
    out
}

/// What can be taken, around the chosen one.
fn offers(state: &SetupState, asked: &Asked, width: u16, room: usize) -> Vec<Line> {
    let offers = state.wizard.offers();
    if room == 0 {
        return Vec::new();
    }
    let from = state.chosen.map_or(0, |at| (at + 1).saturating_sub(room));
    let widest = offers.iter().map(|offer| offer.value.chars().count()).max().unwrap_or(0);
    let widest = widest.min(usize::from(width / 2));
    let usual = state.wizard.suggestion();
    let rows = offers.iter().enumerate().skip(from).take(room);
    rows.map(|(n, offer)| {
        let chosen = state.chosen == Some(n);
        let is_usual = usual.as_ref() == Some(&offer.value) && asked.question.kind != Kind::Secret;
        let value = cut(&one_line(&offer.value), u16::try_from(widest).unwrap_or(40));
        let scope = if chosen { Scope::TextStrong } else { Scope::Text };
        let pad = widest.saturating_sub(value.chars().count());
        vec![
            Piece::new(if chosen { "› " } else { "  " }, Scope::Key),
            Piece::new(format!("{value}{}", " ".repeat(pad)), scope),
            Piece::new(format!("  {}", one_line(&offer.what)), Scope::TextDim),
            Piece::new(if is_usual { "  (usual)" } else { "" }, Scope::TextDim),
        ]
    })
    .collect()
}

/// The answers so far, around the question that is asked.
pub(super) fn answers(state: &SetupState, width: u16, height: u16) -> Vec<Line> {
    let rows = state.wizard.rows();
    let now = rows.iter().position(|row| row.now).unwrap_or(rows.len());
    let height = usize::from(height);
    // As much of what is to come as there is room for, and always the one that is asked.
    let from = (now + 1 + (height / 3)).min(rows.len()).saturating_sub(height);
    let title = rows.iter().map(|row| row.title.chars().count()).max().unwrap_or(0);
    let title = title.min(usize::from(width / 2));
    rows.iter().skip(from).take(height).map(|row| answer(row, title)).collect()
}

fn answer(row: &Row, wide: usize) -> Line {
    let title = cut(&row.title, u16::try_from(wide).unwrap_or(20));
    let title = format!("{title:<wide$}  ");
    // What an earlier setup or a config brought was not looked at this time.
    let severity = row.mark.as_ref().map_or(Severity::Idle, |mark| mark.severity);
    match &row.answer {
        _ if row.now => {
            vec![Piece::new("› ", Scope::Key), Piece::new(title, Scope::TextStrong)]
        }
        None => vec![Piece::new("  ", Scope::Text), Piece::new(title, Scope::TextDim)],
        Some(answer) => {
            let answer = if answer.is_empty() { "–".to_owned() } else { one_line(answer) };
            vec![
                Piece::new(format!("{} ", severity.glyph()), Scope::Severity(severity)),
                Piece::new(title, Scope::TextDim),
                Piece::new(answer, Scope::Text),
            ]
        }
    }
}

/// The files: which there are.
pub(super) fn files(state: &SetupState) -> Vec<Line> {
    let Some(plan) = state.wizard.plan() else { return Vec::new() };
    let rows = plan.files.iter().enumerate();
    rows.map(|(n, file)| {
        let chosen = n == state.file;
        let scope = if chosen { Scope::TextStrong } else { Scope::Text };
        vec![
            Piece::new(if chosen { "› " } else { "  " }, Scope::Key),
            Piece::new(format!("{:<8} ", file.change.word()), Scope::TextDim),
            Piece::new(one_line(&file.path), scope),
        ]
    })
    .collect()
}

/// The lines of the file that is looked at, from the first one seen.
pub(super) fn text(state: &SetupState) -> Vec<Line> {
    let file = state.wizard.plan().and_then(|plan| plan.files.get(state.file));
    let shown = file.map(|file| file.shown.as_slice()).unwrap_or_default();
    let lines = shown.iter().skip(state.top);
    lines
        .map(|shown| {
            let (mark, scope) = match shown.kind {
                ShownKind::Added => ("+ ", Scope::Severity(Severity::Ok)),
                ShownKind::Removed => ("- ", Scope::Severity(Severity::Down)),
                ShownKind::Same | ShownKind::Gap => ("  ", Scope::TextDim),
            };
            let text = if shown.kind == ShownKind::Added { Scope::Text } else { scope };
            vec![Piece::new(mark, scope), Piece::new(one_line(&shown.text), text)]
        })
        .collect()
}

/// What stands above the files.
pub(super) fn about_files(state: &SetupState, width: u16, most: usize) -> Vec<Line> {
    let mut out = Vec::new();
    if let Some(why) = state.wizard.failed() {
        wrapped(&mut out, &format!("✖ not written: {why}"), Scope::Severity(Severity::Down), width);
    }
    if let Some(plan) = state.wizard.plan() {
        for note in &plan.notes {
            wrapped(&mut out, &format!("▲ {note}"), Scope::Severity(Severity::Warn), width);
        }
    }
    if out.len() > most {
        out.truncate(most.saturating_sub(1));
        out.push(line("…", Scope::TextDim));
    }
    out
}

/// What is said where nothing is asked.
pub(super) fn said(state: &SetupState, width: u16) -> Vec<Line> {
    let mut out = Vec::new();
    match state.wizard.place() {
        Place::Gathering => wrapped(&mut out, "◐ making the files…", Scope::Text, width),
        Place::Writing => wrapped(&mut out, "◐ writing the files…", Scope::Text, width),
        Place::Written => {
            let ground = state.wizard.ground();
            let environments = ground.environments();
            let first = environments.iter().find(|name| !ground.is_production(name)).or(environments.first());
            let name = first.map_or("ENV", String::as_str);
            wrapped(&mut out, "● The files are written.", Scope::Severity(Severity::Ok), width);
            out.push(Vec::new());
            for (command, what) in [
                ("quarterdeck config check".to_owned(), "finds what is wrong with them"),
                (format!("quarterdeck doctor {name}"), "looks at everything that running it takes"),
                (
                    format!("quarterdeck plan create-environment {name}"),
                    "shows what would be made in AWS, step by step",
                ),
            ] {
                out.push(vec![Piece::new("  ", Scope::Text), Piece::new(command, Scope::TextStrong)]);
                out.push(vec![Piece::new("      ", Scope::Text), Piece::new(what, Scope::TextDim)]);
            }
        }
        _ => {}
    }
    out
}
