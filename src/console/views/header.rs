//! The header: where, who, how fresh, how many things are wrong, which badges. One line always.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{banner, headline};
use crate::console::panes::Run;
use crate::console::screen::Screen;
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::tables::cells;
use crate::console::theme::Scope;
use crate::console::widgets::text::{Pen, width_of};
use crate::console::{age, limits};
use crate::fleet::{EnvironmentName, FailureKind, Severity};

/// A part of the header. Parts of the highest rank are left out first; 0 always stays.
struct Part {
    rank: u8,
    pieces: Vec<Piece>,
}

fn part(rank: u8, text: impl Into<String>, scope: Scope) -> Part {
    Part { rank, pieces: vec![Piece::new(text, scope)] }
}

fn in_production(state: &State) -> bool {
    state
        .environment()
        .and_then(|name| state.topology.environment(name))
        .is_some_and(|place| place.production)
}

/// The badges that must be seen, as words.
pub(super) fn badge_words(state: &State) -> Vec<&'static str> {
    badges(state).into_iter().map(|(word, _)| word).collect()
}

fn badges(state: &State) -> Vec<(&'static str, Scope)> {
    let read_only = state.read_only
        || state.environment().is_some_and(|name| state.preferences.read_only_environments.contains(name));
    [
        (state.endpoint.url.is_some() && !state.endpoint.sandbox, "CUSTOM ENDPOINT", Scope::BadgeEndpoint),
        (read_only, "READ-ONLY", Scope::BadgeReadOnly),
        (in_production(state), "PRODUCTION", Scope::BadgeProduction),
        (state.endpoint.sandbox, "SANDBOX", Scope::BadgeSandbox),
    ]
    .into_iter()
    .filter(|(is, ..)| *is)
    .map(|(_, word, scope)| (word, scope))
    .collect()
}

/// How much room the right half has: what must be seen is said in fewer words before it is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Wide,
    Narrow,
    Tight,
}

impl Room {
    /// The words for this much room.
    fn of(self, wide: String, narrow: String, tight: String) -> String {
        match self {
            Self::Wide => wide,
            Self::Narrow => narrow,
            Self::Tight => tight,
        }
    }
}

/// How fresh the screen is: a glyph, a word, and since when.
fn freshness(state: &State, room: Room) -> (String, Scope) {
    if let Some(as_of) = &state.past {
        let moment = as_of.past.at.strftime("%H:%M:%S").to_string();
        let text = room.of(format!("◷ AS OF {moment}"), format!("◷ {moment}"), format!("◷ {moment}"));
        return (text, Scope::AgeStale);
    }
    let snapshot = &state.snapshot;
    if let Some(until) = state.pulse.slowed_until.filter(|until| *until > state.now) {
        let wait = age::shown(until.duration_since(state.now));
        let wait = if wait == "now" { "soon".to_owned() } else { format!("in {wait}") };
        let text = room.of(format!("◌ throttled, retry {wait}"), "◌ throttled".into(), "◌".into());
        return (text, Scope::AgeStale);
    }
    let failing = banner::failures(snapshot).filter(|(_, f, _)| f.kind != FailureKind::Denied);
    let since = failing.map(|(_, f, _)| (f.since, f.kind)).min_by_key(|(since, _)| *since);
    let outdated = |wide: &str, age: &str| {
        (room.of(format!("▲ {wide}{age}"), format!("▲ stale {age}"), format!("▲ {age}")), Scope::AgeStale)
    };
    let Some(oldest) = limits::oldest(state) else {
        return match since {
            Some((since, kind)) => {
                let age = age::since(since, state.now);
                let text = format!("▲ {} {age}", kind.word());
                (room.of(text, format!("▲ failed {age}"), format!("▲ {age}")), Scope::AgeStale)
            }
            None if banner::failures(snapshot).next().is_some() => {
                (room.of("◌ forbidden".into(), "◌ forbidden".into(), "◌".into()), Scope::AgeStale)
            }
            None => ("◌ reading".to_owned(), Scope::AgeOld),
        };
    };
    let old = state.now.duration_since(oldest);
    if let Some((since, _)) = since {
        return outdated("stale since ", &age::since(since, state.now));
    }
    let shown = age::shown(old);
    if old > limits::beat(state) {
        outdated("stale ", &shown)
    } else if state.is_resting() {
        // Ages stand still between refreshes: this is the moment that they are of.
        let moment = state.now.strftime("%H:%M UTC");
        let text =
            room.of(format!("● live, as of {moment}"), format!("● as of {moment}"), format!("● {moment}"));
        (text, Scope::AgeFresh)
    } else if shown == "now" {
        ("● live".to_owned(), Scope::AgeFresh)
    } else {
        (format!("● live {shown}"), Scope::AgeFresh)
    }
}

/// What is wrong, counted over all environments.
fn counts(state: &State) -> Vec<Piece> {
    let notes = || state.overviews.iter().flat_map(|o| headline::told(state, o));
    let mut pieces = Vec::new();
    for severity in [Severity::Down, Severity::Warn] {
        let count = notes().filter(|n| n.severity == severity).count();
        if count > 0 {
            if !pieces.is_empty() {
                pieces.push(Piece::new(" ", Scope::Text));
            }
            pieces.push(Piece::new(format!("{}{count}", severity.glyph()), Scope::Severity(severity)));
        }
    }
    pieces
}

/// Runs that go on and are not on the screen: how far the newest is, and how many there are.
fn runs(state: &State) -> Vec<Piece> {
    let elsewhere = || state.shelf.going_on().filter(|run| *state.screen() != Screen::Run(run.ticket));
    let mut pieces = works(state);
    if state.leaving {
        // It would be gone without a word.
        let before = if pieces.is_empty() { "" } else { "  " };
        pieces.push(Piece::new(format!("{before}leaving (ctrl-c: stay)"), Scope::Severity(Severity::Warn)));
    }
    let Some(newest) = elsewhere().next() else { return pieces };
    if !pieces.is_empty() {
        pieces.push(Piece::new("  ", Scope::Text));
    }
    let over = newest.members.iter().filter(|member| member.state.is_over()).count();
    let others = elsewhere().count() - 1;
    let others = if others > 0 { format!(" +{others}") } else { String::new() };
    let words = format!("run {over}/{}{others}", newest.members.len());
    let changing = Scope::Severity(Severity::Changing);
    pieces.extend([
        Piece::new(format!("{} ", Severity::Changing.glyph()), changing),
        Piece::new(words, changing),
    ]);
    pieces
}

/// Runs of plans: how far the newest is that goes on elsewhere than on the screen, and how many are not finished.
fn works(state: &State) -> Vec<Piece> {
    let elsewhere = || state.desk.going_on().filter(|work| *state.screen() != Screen::Work(work.ticket));
    let mut pieces = Vec::new();
    if let Some(newest) = elsewhere().next() {
        let (done, all) = newest.progress();
        let others = elsewhere().count() - 1;
        let others = if others > 0 { format!(" +{others}") } else { String::new() };
        let changing = Scope::Severity(Severity::Changing);
        let words = format!("{} {} {done}/{all}{others}", Severity::Changing.glyph(), newest.environment);
        pieces.push(Piece::new(words, changing));
    }
    let open = state.desk.open().count();
    if open > 0 {
        if !pieces.is_empty() {
            pieces.push(Piece::new("  ", Scope::Text));
        }
        let words = format!("{} {}", Severity::Down.glyph(), cells::count(open, "run"));
        pieces.push(Piece::new(format!("{words} open"), Scope::Severity(Severity::Down)));
    }
    pieces
}

fn left(state: &State) -> Vec<Part> {
    let mut parts = vec![part(5, "quarterdeck", Scope::TextStrong)];
    let deployment = state.topology.deployment.as_str();
    match state.screen() {
        Screen::Fleet => parts.push(part(0, deployment, Scope::TextStrong)),
        Screen::Environment { name, page } => {
            parts.push(part(4, deployment, Scope::Text));
            parts.push(part(0, name.as_str(), Scope::TextStrong));
            parts.push(part(2, format!("› {}", page.title()), Scope::Text));
        }
        Screen::Timeline(name) => {
            parts.push(part(4, deployment, Scope::Text));
            parts.push(part(0, name.as_str(), Scope::TextStrong));
            parts.push(part(2, "› timeline", Scope::Text));
        }
        Screen::Triage(name) => {
            parts.push(part(4, deployment, Scope::Text));
            parts.push(part(0, name.as_str(), Scope::TextStrong));
            parts.push(part(2, "› triage", Scope::Text));
        }
        Screen::Server { environment, id } => {
            parts.push(part(4, deployment, Scope::Text));
            let place = environment.as_ref().map_or("no environment", EnvironmentName::as_str);
            parts.push(part(0, place, Scope::TextStrong));
            parts.push(part(2, format!("› {id}"), Scope::TextStrong));
        }
        Screen::Logs(_) => {
            parts.push(part(4, deployment, Scope::Text));
            let place = state.environment().map_or("?", EnvironmentName::as_str);
            let scope = state.logs().map_or("", |logs| logs.wish.scope.as_str());
            let pieces = vec![
                Piece::new(format!("{place} › logs "), Scope::Text),
                Piece::new(scope, Scope::TextStrong),
            ];
            parts.push(Part { rank: 0, pieces });
        }
        Screen::Plan(_) => {
            parts.push(part(4, deployment, Scope::Text));
            let place = state.environment().map_or("?", EnvironmentName::as_str);
            let name = state.sheet().map_or("forgotten", |sheet| sheet.wish.operation);
            let pieces = vec![
                Piece::new(format!("{place} › plan "), Scope::Text),
                Piece::new(name, Scope::TextStrong),
            ];
            parts.push(Part { rank: 0, pieces });
        }
        Screen::Work(_) => {
            parts.push(part(4, deployment, Scope::Text));
            let place = state.environment().map_or("?", EnvironmentName::as_str);
            let name = state.work().map_or_else(|| "forgotten".into(), |work| work.id.to_string());
            let pieces =
                vec![Piece::new(format!("{place} › run "), Scope::Text), Piece::new(name, Scope::TextStrong)];
            parts.push(Part { rank: 0, pieces });
        }
        Screen::Run(_) => {
            parts.push(part(4, deployment, Scope::Text));
            let place = state.environment().map_or("?", EnvironmentName::as_str);
            let name = state.run().map_or_else(|| "forgotten".into(), Run::name);
            let pieces =
                vec![Piece::new(format!("{place} › run "), Scope::Text), Piece::new(name, Scope::TextStrong)];
            parts.push(Part { rank: 0, pieces });
        }
    }
    parts.push(part(6, state.endpoint.region.as_str(), Scope::Text));
    if let Some(identity) = state.snapshot.identity.value() {
        parts.push(part(8, format!("· {}", identity.account), Scope::Text));
        parts.push(part(9, format!("as {}", identity.who()), Scope::Text));
    } else if state.snapshot.identity.failure().is_some() {
        parts.push(part(9, "· who: ?", Scope::Severity(Severity::Unknown)));
    }
    if let Some(profile) = &state.endpoint.profile {
        parts.push(part(10, format!("({profile})"), Scope::Text));
    }
    parts
}

/// A badge where there is little room: where one is matters as much as the whole word.
fn short(word: &'static str) -> &'static str {
    match word {
        "PRODUCTION" => "PROD",
        "READ-ONLY" => "R/O",
        "CUSTOM ENDPOINT" => "ENDPOINT",
        word => word,
    }
}

fn right(state: &State, room: Room) -> Vec<Part> {
    let (text, scope) = freshness(state, room);
    // Old facts must be seen to be old, however narrow the screen.
    let rank = if scope == Scope::AgeStale { 1 } else { 3 };
    let mut parts = vec![part(rank, text, scope)];
    let runs = runs(state);
    if !runs.is_empty() {
        parts.push(Part { rank: 1, pieces: runs });
    }
    let counts = counts(state);
    if !counts.is_empty() {
        parts.push(Part { rank: 2, pieces: counts });
    }
    let badges = badges(state);
    for (word, scope) in badges {
        let word = if room == Room::Wide { word } else { short(word) };
        let rank = if matches!(scope, Scope::BadgeEndpoint) { 7 } else { 0 };
        parts.push(part(rank, format!(" {word} "), scope));
    }
    parts
}

/// Cells of a part, with what stands between it and the next.
fn cells(part: &Part) -> u16 {
    width_of(&part.pieces) + 2
}

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State) {
    let theme = &state.look.theme;
    let ground = if in_production(state) { Scope::HeaderProduction } else { Scope::Header };
    buffer.set_style(area, theme.style(ground));
    let pen = Pen::new(theme, ground);
    let (mut left, mut right) = (left(state), right(state, Room::Wide));
    let total = |left: &[Part], right: &[Part]| left.iter().chain(right).map(cells).sum::<u16>() + 1;
    let must = |part: &&Part| part.rank <= 1;
    // The name of what one looks at, how old it is, and the badges whole: else in fewer words.
    for room in [Room::Narrow, Room::Tight] {
        if left.iter().chain(&right).filter(must).map(cells).sum::<u16>() + 1 > area.width {
            right = self::right(state, room);
        }
    }
    while total(&left, &right) > area.width {
        let Some(worst) = left.iter().chain(&right).map(|p| p.rank).max().filter(|rank| *rank > 0) else {
            break;
        };
        left.retain(|p| p.rank != worst);
        right.retain(|p| p.rank != worst);
    }
    let right_cells: u16 = right.iter().map(cells).sum::<u16>().saturating_sub(1);
    let right_x = area.right().saturating_sub(right_cells).max(area.x);
    let mut x = area.x + 1;
    for (n, part) in left.iter().enumerate() {
        let room = right_x.saturating_sub(x + 1);
        x += pen.write(buffer, (x, area.y), room, &part.pieces);
        // What belongs together stands together: environment and page; region, account, who, profile.
        let joined = left.get(n + 1).is_some_and(|next| next.rank > 6 || next.rank == 2);
        x += if joined { 1 } else { 2 };
    }
    let mut x = right_x;
    for part in &right {
        let used = pen.write(buffer, (x, area.y), area.right().saturating_sub(x), &part.pieces);
        x += used + 2;
    }
}
