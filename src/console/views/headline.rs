//! The line under the header of environment and server screens: what is wrong there, first thing first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{logs, plan, run, timeline, triage, work};
use crate::console::age;
use crate::console::screen::Screen;
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::theme::Scope;
use crate::console::widgets::text::{Pen, width_of};
use crate::fleet::overview::LockRef;
use crate::fleet::text::one_line;
use crate::fleet::{EnvironmentName, Note, Overview, Release, Severity};

/// A release in a few words: `release a1b2c3d · 2d`.
fn release(release: &Release, state: &State) -> Vec<Piece> {
    let Some(changeset) = &release.changeset else { return Vec::new() };
    let mut pieces = vec![Piece::new("release ", Scope::TextDim), Piece::new(changeset.short(), Scope::Text)];
    if let Some(at) = release.made_at {
        pieces.push(Piece::new(format!(" · {}", age::ago(at, state.now)), Scope::TextDim));
    }
    pieces
}

/// The notes of an environment that tell what runs of this machine do not show themselves.
pub fn told<'a>(state: &'a State, overview: &'a Overview) -> impl Iterator<Item = &'a Note> {
    let is_shown = |lock: &LockRef| state.desk.tells_of(&overview.name, lock);
    overview.notes.iter().filter(move |note| !note.lock.as_ref().is_some_and(is_shown))
}

/// Who else works on an environment, and what has to be put back there: a line each.
pub fn locks(state: &State, overview: &Overview) -> Vec<Vec<Piece>> {
    told(state, overview).filter(|note| note.lock.is_some()).map(|note| words(note).into()).collect()
}

fn words(note: &Note) -> [Piece; 2] {
    let scope = Scope::Severity(note.severity);
    [Piece::new(format!("{} ", note.severity.glyph()), scope), Piece::new(note.text.as_str(), Scope::Text)]
}

/// The other notes of an environment in a line.
pub fn notes(state: &State, overview: &Overview) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for note in overview.notes.iter().filter(|note| note.lock.is_none()) {
        if !pieces.is_empty() {
            pieces.push(Piece::new(" · ", Scope::TextDim));
        }
        pieces.extend(words(note));
        if let Some(words) = note.since.and_then(|since| age::held(since, state.now)) {
            pieces.push(Piece::new(format!(" {words}"), Scope::TextDim));
        }
    }
    pieces
}

fn has_runs(state: &State, environment: &EnvironmentName) -> bool {
    !runs(state, environment).is_empty()
}

/// What is being done in an environment, and what runs have left there: a line each.
pub fn runs(state: &State, environment: &EnvironmentName) -> Vec<Vec<Piece>> {
    if state.past.is_some() {
        return Vec::new();
    }
    let line = |severity: Severity, words: String, aside: String| {
        vec![
            Piece::new(format!("{} ", severity.glyph()), Scope::Severity(severity)),
            Piece::new(words, Scope::Text),
            Piece::new(aside, Scope::TextDim),
        ]
    };
    let mut lines = Vec::new();
    for work in state.desk.going_on().filter(|work| work.environment == *environment) {
        let step = work.story().and_then(|story| story.at_work().next());
        let step = step.map_or_else(String::new, |step| format!(", {}", one_line(&step.title)));
        let words = format!("{}, {}{step}", work.operation(), work.words());
        lines.push(line(Severity::Changing, words, format!(" ({})", age::since(work.began_at, state.now))));
    }
    for past in state.desk.elsewhere().filter(|past| past.environment == *environment) {
        let words = format!("{} goes on in another console", past.operation);
        let aside = format!(" ({}, {})", one_line(&past.who), age::since(past.at, state.now));
        lines.push(line(Severity::Changing, words, aside));
    }
    for past in state.desk.open_in(environment) {
        let (severity, words) = match past.left.first() {
            Some(left) => {
                let (_, words) = crate::console::tables::left_words(left);
                (Severity::Down, format!("{} left: {words}", past.operation))
            }
            None if past.holds => (Severity::Down, format!("{} has not put everything back", past.operation)),
            None => (Severity::Down, format!("{} was interrupted: resume or undo it", past.operation)),
        };
        lines.push(line(severity, words, format!(" (run {}, {})", past.id, age::ago(past.at, state.now))));
    }
    lines
}

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State) {
    let pen = Pen::new(&state.look.theme, Scope::Text);
    let overview = state.environment().and_then(|name| state.overviews.iter().find(|o| o.name == *name));
    let right = match (state.screen(), overview) {
        (Screen::Environment { .. } | Screen::Triage(_) | Screen::Timeline(_), Some(overview)) => {
            release(&overview.release, state)
        }
        (Screen::Plan(_), _) => state.sheet().map(|sheet| plan::aside(state, sheet)).unwrap_or_default(),
        (Screen::Work(_), _) => state.work().map(work::aside).unwrap_or_default(),
        _ => Vec::new(),
    };
    let left = match (state.screen(), overview) {
        (Screen::Triage(name), _) => triage::headline(state, name),
        (Screen::Timeline(name), _) => timeline::headline(state, name),
        (Screen::Logs(_), _) => state.logs().map(logs::headline).unwrap_or_default(),
        (Screen::Plan(_), _) => state.sheet().map(plan::headline).unwrap_or_default(),
        (Screen::Work(_), _) => state.work().map(|run| work::headline(state, run)).unwrap_or_default(),
        (Screen::Run(_), _) => state.run().map(|run| run::headline(state, run)).unwrap_or_default(),
        (Screen::Server { id, .. }, _) => match state.snapshot.server(id) {
            Some(server) => server_line(state, server),
            None => vec![Piece::new("◌ not known", Scope::Severity(Severity::Unknown))],
        },
        (_, Some(overview)) if !overview.notes.is_empty() || has_runs(state, &overview.name) => {
            let mut pieces: Vec<Piece> = Vec::new();
            let others = locks(state, overview).into_iter().chain([notes(state, overview)]);
            for part in runs(state, &overview.name).into_iter().chain(others) {
                if !pieces.is_empty() && !part.is_empty() {
                    pieces.push(Piece::new(" · ", Scope::TextDim));
                }
                pieces.extend(part);
            }
            pieces
        }
        (_, Some(overview)) => {
            let text = match overview.severity {
                Severity::Ok => "nothing wrong in what was read",
                Severity::Idle => "nothing is here yet",
                other => other.word(),
            };
            let severity = overview.severity;
            vec![
                Piece::new(format!("{} ", severity.glyph()), Scope::Severity(severity)),
                Piece::new(text, Scope::TextDim),
            ]
        }
        _ => vec![Piece::new(
            "◌ the config has no environment of this name",
            Scope::Severity(Severity::Unknown),
        )],
    };
    let room = area.width.saturating_sub(2);
    let aside = width_of(&right);
    // What is wrong matters more than which release runs.
    let shows_right = aside > 0 && width_of(&left).min(room / 2) + aside + 3 <= room;
    let left_room = if shows_right { room - aside - 3 } else { room };
    pen.write(buffer, (area.x + 1, area.y), left_room, &left);
    if shows_right {
        pen.write(buffer, (area.right() - 1 - aside, area.y), aside, &right);
    }
}

fn server_line(state: &State, server: &crate::fleet::Server) -> Vec<Piece> {
    let severity = crate::console::tables::severity_of(state, server);
    let name = server.name.as_deref().unwrap_or("no name");
    vec![
        Piece::new(format!("{} ", severity.glyph()), Scope::Severity(severity)),
        Piece::new(name, Scope::TextStrong),
        Piece::new(format!("  {}  {}", server.role.role, server.power.word()), Scope::Text),
        Piece::new(format!("  {}", server.address().unwrap_or("?")), Scope::TextDim),
    ]
}
