//! The selected finding under the list: what users notice, what speaks for and against it, and what to do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::action::Action;
use crate::console::age;
use crate::console::screen::Screen;
use crate::console::state::State;
use crate::console::table::{Piece, RowId};
use crate::console::tables::cells;
use crate::console::theme::Scope;
use crate::console::widgets::message::wrap;
use crate::console::widgets::text::Pen;
use crate::fleet::text::sentences;
use crate::fleet::{EnvironmentName, Severity};
use crate::triage::{Evidence, Finding, Triage};

/// Cells of the words before each line.
const LABEL: usize = 9;
/// The fewest lines of the list, where there is room for both.
const LIST: u16 = 4;

/// The finding under the cursor, on the screen of triage.
#[must_use]
pub fn selected(state: &State) -> Option<(&EnvironmentName, &Triage, &Finding)> {
    let Screen::Triage(name) = state.screen() else { return None };
    let triage = state.triage_of(name)?;
    let cursor = state.views.get(state.screen())?.cursor.as_ref()?;
    let RowId::Line(line) = cursor else { return None };
    let all = triage.findings.iter().chain(&triage.watched);
    let finding = all.into_iter().find(|finding| finding.key.to_string() == *line)?;
    Some((name, triage, finding))
}

/// How many of so many lines the selected finding takes; none on other screens. The list keeps what it needs, up to a
/// third.
#[must_use]
pub fn lines_below(state: &State, room: u16) -> Option<u16> {
    let Screen::Triage(_) = state.screen() else { return None };
    let rows = u16::try_from(state.table.rows.len()).unwrap_or(u16::MAX);
    if rows == 0 {
        return Some(0);
    }
    let list = rows.min((room / 3).max(LIST));
    Some(room.saturating_sub(list))
}

/// The headline: how much this rests on.
#[must_use]
pub fn headline(state: &State, name: &EnvironmentName) -> Vec<Piece> {
    let Some(triage) = state.triage_of(name) else {
        return vec![Piece::new("◌ reading", Scope::Severity(Severity::Unknown))];
    };
    let causes = triage.causes().count();
    let severity = triage.worst().unwrap_or(Severity::Ok);
    // What is only watched is on other screens already.
    let watched = triage.watched.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok);
    let yet = if causes == 0 && watched > severity { " yet" } else { "" };
    let severity = if yet.is_empty() { severity } else { watched };
    let mut pieces = vec![
        cells::glyph(severity),
        Piece::new(format!("{}{yet}", cells::count(causes, "finding")), Scope::TextStrong),
        Piece::new(format!("  · {}", cells::count(triage.facts, "fact")), Scope::TextDim),
    ];
    // Whoever came here by mistake is sent on.
    let elsewhere = state.topology.environments.iter().filter(|place| place.name != *name);
    let worse = elsewhere.filter_map(|place| Some((state.triage_of(&place.name)?.worst()?, &place.name)));
    if let Some((worst, other)) = worse.max_by_key(|(worst, _)| *worst).filter(|(worst, _)| *worst > severity)
    {
        let words = format!(" · {} {other} is worse", worst.glyph());
        pieces.insert(2, Piece::new(words, Scope::Severity(worst)));
    }
    if let Some(oldest) = triage.oldest {
        pieces.push(Piece::new(format!(", oldest {}", age::since(oldest, state.now)), Scope::TextDim));
    }
    if !triage.unknown.is_empty() {
        let words = format!(" · ◌ {} unknown", triage.unknown.len());
        pieces.push(Piece::new(words, Scope::Severity(Severity::Unknown)));
    }
    if !triage.watched.is_empty() {
        pieces.push(Piece::new(format!(" · {} watched", triage.watched.len()), Scope::TextDim));
    }
    pieces
}

/// Everything about the selected finding, in so many cells.
#[must_use]
pub fn lines(state: &State, width: u16) -> Vec<Vec<Piece>> {
    let Some((_, triage, finding)) = selected(state) else { return Vec::new() };
    let mut page = Page { lines: Vec::new(), width };
    // What is done about a consequence is mostly done in vain: its cause comes first.
    if let Some(cause) = finding.under.as_ref().and_then(|key| triage.findings.iter().find(|f| f.key == *key))
    {
        let words = format!("{} {}", cause.severity.glyph(), cause.title);
        page.add("cause", &words, "the row above: do that first", Scope::TextStrong);
    }
    if let Some(users) = &finding.users {
        page.add("users", users, "", Scope::Severity(finding.severity));
    }
    if finding.clearing {
        page.add("", "it is no longer so, since a moment", "", Scope::Text);
    }
    if !finding.confirmed {
        let lasts = finding.key.kind.rises_after().as_secs();
        page.add(
            "",
            &format!("it is so now, and told as a finding once it has lasted {lasts} s"),
            "",
            Scope::Text,
        );
    }
    // What to do stands before what it rests on: at night the first thing read is done.
    for (n, step) in finding.runbook.iter().take(9).enumerate() {
        let label = if n == 0 { "do" } else { "" };
        let scope = if step.remedy.changes() && !step.done { Scope::Text } else { Scope::TextDim };
        page.numbered(label, n + 1, &step.words, step.says(), scope);
    }
    for (n, evidence) in finding.because.iter().enumerate() {
        page.add(if n == 0 { "because" } else { "" }, &evidence.text, &source(state, evidence), Scope::Text);
    }
    for (n, evidence) in finding.against.iter().enumerate() {
        page.add(if n == 0 { "against" } else { "" }, &evidence.text, &source(state, evidence), Scope::Text);
    }
    for (n, what) in finding.unknown.iter().enumerate() {
        page.add(if n == 0 { "unknown" } else { "" }, what, "", Scope::Severity(Severity::Unknown));
    }
    for (n, other) in triage.consequences(&finding.key).enumerate() {
        let words = format!("{} {}", other.severity.glyph(), other.title);
        page.add(if n == 0 { "follows" } else { "" }, &words, "", Scope::TextDim);
    }
    if let Some(seen) = &finding.acknowledged {
        let until =
            seen.until.map_or_else(String::new, |at| at.strftime(", quiet until %H:%M UTC").to_string());
        let words = format!("by {}, {}{until}", seen.by, age::ago(seen.at, state.now));
        page.add("seen", &words, "", Scope::TextDim);
    }
    if let Some(noted) = &finding.noted {
        let aside = format!("{}, {}", noted.by, age::ago(noted.at, state.now));
        page.add("noted", &noted.words, &aside, Scope::Text);
    }
    page.lines
}

fn source(state: &State, evidence: &Evidence) -> String {
    let age = evidence.at.map_or_else(String::new, |at| format!(", {}", age::since(at, state.now)));
    format!("{}{age}", evidence.source)
}

/// A growing list of lines.
struct Page {
    lines: Vec<Vec<Piece>>,
    width: u16,
}

impl Page {
    fn room(&self) -> u16 {
        self.width.saturating_sub(u16::try_from(LABEL).unwrap_or(0) + 2)
    }

    fn add(&mut self, label: &str, text: &str, aside: &str, scope: Scope) {
        let text = sentences(text);
        let whole = if aside.is_empty() { text.clone() } else { format!("{text}  ({aside})") };
        let begins = text.chars().count();
        let mut seen = 0;
        for (n, line) in wrap(&whole, self.room()).into_iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            let scope = if seen > begins { Scope::TextDim } else { scope };
            seen += line.chars().count() + 1;
            self.lines
                .push(vec![Piece::new(format!("{label:<LABEL$}"), Scope::TextDim), Piece::new(line, scope)]);
        }
    }

    fn numbered(&mut self, label: &str, number: usize, words: &str, aside: &str, scope: Scope) {
        let whole = if aside.is_empty() { words.to_owned() } else { format!("{words}: {aside}") };
        for (n, line) in wrap(&sentences(&whole), self.room().saturating_sub(2)).into_iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            let number = if n == 0 { format!("{number} ") } else { "  ".to_owned() };
            self.lines.push(vec![
                Piece::new(format!("{label:<LABEL$}"), Scope::TextDim),
                Piece::new(number, Scope::Key),
                Piece::new(line, scope),
            ]);
        }
    }
}

/// Draws it, after a line between.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State) {
    let Some((_, _, finding)) = selected(state) else { return };
    let pen = Pen::new(&state.look.theme, Scope::Text);
    let room = area.width.saturating_sub(2);
    let title = [
        Piece::new("── ", Scope::ChartAxis),
        cells::glyph(finding.severity),
        Piece::new(crate::fleet::text::one_line(&finding.title), Scope::TextStrong),
    ];
    pen.write(buffer, (area.x + 1, area.y), room, &title);
    draw_lines(buffer, area, state, &lines(state, room));
}

/// Draws lines below a title; what does not fit is counted, with the key that shows it.
pub fn draw_lines(buffer: &mut Buffer, area: Rect, state: &State, all: &[Vec<Piece>]) {
    let pen = Pen::new(&state.look.theme, Scope::Text);
    let room = area.width.saturating_sub(2);
    let fits = usize::from(area.height.saturating_sub(1));
    let cut = all.len() > fits;
    for (n, (line, y)) in all.iter().zip(area.y + 1..area.bottom()).enumerate() {
        if cut && n + 1 == fits {
            let key = state.look.keymap.hint(state.screen().contexts(), Action::Detail);
            let key = key.map_or_else(String::new, |key| format!(": {key}"));
            let words = format!("… {} more{key}", cells::count(all.len() - n, "line"));
            pen.write(
                buffer,
                (area.x + 1, y),
                room,
                &[Piece::new(words, Scope::Severity(Severity::Unknown))],
            );
        } else {
            pen.write(buffer, (area.x + 1, y), room, line);
        }
    }
}
