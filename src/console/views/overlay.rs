//! What stands on top of a screen: help, palette, problems, freshness. The filter is drawn by the footer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{choices, dialog, logs_dialog, question, step};
use crate::console::action::Action;
use crate::console::limits;
use crate::console::palette::Entry;
use crate::console::state::{Overlay, State};
use crate::console::table::Piece;
use crate::console::theme::Scope;
use crate::console::widgets::message::wrap;
use crate::console::widgets::sheet::Sheet;
use crate::console::widgets::text::{cut, width};
use crate::console::{age, help};
use crate::fleet::{Failure, FailureKind, Reading, Severity, Snapshot, Topic};

/// The widest the help and the palette get.
const HELP: u16 = 92;
/// The most cells of a line of problems.
const PROBLEMS: u16 = 100;
/// The most cells of a line of reads.
const FRESHNESS: u16 = 110;

/// Draws what is on top, if anything.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State) {
    let theme = &state.look.theme;
    let hint = |action| state.look.keymap.hint(state.contexts(), action).unwrap_or_default();
    let close = format!("{} close", hint(Action::Close));
    match &state.overlay {
        None | Some(Overlay::Filter { .. } | Overlay::Line(_)) => {}
        Some(Overlay::Run(dialog)) => dialog::draw(buffer, area, state, dialog),
        Some(Overlay::Logs(dialog)) => logs_dialog::draw(buffer, area, state, dialog),
        Some(Overlay::Operations(list)) => choices::list(buffer, area, state, list),
        Some(Overlay::Choices(chosen)) => choices::choices(buffer, area, state, chosen),
        Some(Overlay::Detail { top }) => {
            let lines = step::lines(state, area.width);
            let widest = step::WIDEST;
            Sheet { title: "In full", aside: &close, lines: &lines, top: *top, cursor: None, widest }
                .draw(buffer, area, theme);
        }
        Some(Overlay::Question(question)) => question::draw(buffer, area, state, question),
        Some(Overlay::Help { top }) => {
            let lines = help_lines(state);
            let sheet =
                Sheet { title: "Help", aside: &close, lines: &lines, top: *top, cursor: None, widest: HELP };
            sheet.draw(buffer, area, theme);
        }
        Some(Overlay::Palette { input, matches, cursor }) => {
            let typed = input.lines().first().map_or("", String::as_str);
            let mut lines: Vec<_> = matches.iter().map(entry).collect();
            if lines.is_empty() {
                lines.push(vec![Piece::new("nothing matches", Scope::TextDim)]);
            }
            let title = format!(": {typed}█");
            let cursor = (!matches.is_empty()).then_some(*cursor);
            let aside = format!("{} go · {close}", hint(Action::Open));
            Sheet { title: &title, aside: &aside, lines: &lines, top: 0, cursor, widest: HELP }
                .draw(buffer, area, theme);
        }
        Some(Overlay::Problems { top }) => {
            let lines = problems(state, area.width.saturating_sub(8).min(PROBLEMS));
            let sheet = Sheet {
                title: "Problems",
                aside: &close,
                lines: &lines,
                top: *top,
                cursor: None,
                widest: 104,
            };
            sheet.draw(buffer, area, theme);
        }
        Some(Overlay::Freshness { top }) => {
            let lines = freshness(state, area.width.saturating_sub(8).min(FRESHNESS));
            let sheet = Sheet {
                title: "Freshness",
                aside: &close,
                lines: &lines,
                top: *top,
                cursor: None,
                widest: 114,
            };
            sheet.draw(buffer, area, theme);
        }
    }
}

/// How many lines the list on top has, as it is drawn.
#[must_use]
pub fn lines(state: &State) -> usize {
    let room = |widest: u16| state.size.0.saturating_sub(8).min(widest);
    match &state.overlay {
        Some(Overlay::Help { .. }) => help_lines(state).len(),
        Some(Overlay::Problems { .. }) => problems(state, room(PROBLEMS)).len(),
        Some(Overlay::Freshness { .. }) => freshness(state, room(FRESHNESS)).len(),
        Some(Overlay::Palette { matches, .. }) => matches.len(),
        Some(Overlay::Detail { .. }) => step::lines(state, state.size.0).len(),
        Some(
            Overlay::Filter { .. }
            | Overlay::Line(_)
            | Overlay::Run(_)
            | Overlay::Logs(_)
            | Overlay::Operations(_)
            | Overlay::Choices(_)
            | Overlay::Question(_),
        )
        | None => 0,
    }
}

/// The text, filled up to so many cells.
fn padded(text: &str, cells: u16) -> String {
    let text = cut(text, cells);
    let fill = usize::from(cells.saturating_sub(width(&text)));
    text + &" ".repeat(fill)
}

fn help_lines(state: &State) -> Vec<Vec<Piece>> {
    let keys_room = if state.size.0 < 70 { 12 } else { 22 };
    let room = state.size.0.saturating_sub(8).min(HELP - 4).saturating_sub(keys_room + 4);
    let mut lines = Vec::new();
    for line in help::lines(state) {
        match line {
            help::Line::Heading(title) => {
                if !lines.is_empty() {
                    lines.push(Vec::new());
                }
                lines.push(vec![Piece::new(title, Scope::Title)]);
            }
            help::Line::Keys { keys, description } => {
                let (keys, words) = (wrap(&keys, keys_room), wrap(description, room));
                for n in 0..keys.len().max(words.len()) {
                    let part = |of: &[String]| of.get(n).cloned().unwrap_or_default();
                    let keys = padded(&part(&keys), keys_room);
                    lines.push(vec![
                        Piece::new(format!("  {keys}  "), Scope::Key),
                        Piece::new(part(&words), Scope::Text),
                    ]);
                }
            }
        }
    }
    lines
}

fn entry(entry: &Entry) -> Vec<Piece> {
    vec![
        Piece::new(format!("{}  ", padded(&entry.title, 32)), Scope::Text),
        Piece::new(format!("{}  ", padded(&entry.keys, 10)), Scope::Key),
        Piece::new(entry.description.as_str(), Scope::TextDim),
    ]
}

fn problems(state: &State, room: u16) -> Vec<Vec<Piece>> {
    if state.look.problems.is_empty() {
        let words = "Config, keymap, theme and preferences are as they should be.";
        return vec![vec![Piece::new("● ", Scope::Severity(Severity::Ok)), Piece::new(words, Scope::Text)]];
    }
    let mut lines = Vec::new();
    for problem in &state.look.problems {
        for (n, line) in wrap(problem, room.saturating_sub(2)).into_iter().enumerate() {
            let lead = if n == 0 { "▲ " } else { "  " };
            lines
                .push(vec![Piece::new(lead, Scope::Severity(Severity::Warn)), Piece::new(line, Scope::Text)]);
        }
    }
    lines
}

/// One read: what, how old, and what went wrong.
struct Read<'a> {
    what: String,
    at: Option<jiff::Timestamp>,
    failure: Option<&'a Failure>,
    /// From which age on it is old, where that is not told by what it is.
    limit: Option<jiff::SignedDuration>,
}

fn read<T>(what: impl Into<String>, reading: &Reading<T>) -> Read<'_> {
    let what = format!("{:<22} {}", what.into(), reading.source().action());
    Read { what, at: reading.read_at(), failure: reading.failure(), limit: None }
}

/// What is measured on servers: a line per topic, by the one that was read longest ago, and with one of the
/// failures; and a line on those that cannot be reached.
fn probes(state: &State) -> Vec<Read<'_>> {
    let measured = || state.snapshot.measured.values();
    let of = |number: usize| {
        format!("{} of {}", number, super::super::tables::cells::count(measured().count(), "server"))
    };
    let mut reads = Vec::new();
    let unreachable = || measured().filter_map(|m| m.unreachable.as_ref());
    if let Some(failure) = unreachable().min_by_key(|failure| failure.since) {
        let what = format!("{:<22} no answer from {}", "ssh", of(unreachable().count()));
        let reached = measured().filter_map(|m| m.reached_at).max();
        reads.push(Read { what, at: reached, failure: Some(failure), limit: None });
    }
    for topic in Topic::ALL {
        let all = || measured().filter_map(|m| m.reading(topic));
        let failing = || all().filter_map(Reading::failure).filter(|f| f.kind != FailureKind::Absent);
        let (oldest, failed) = (all().filter_map(Reading::read_at).min(), failing().count());
        if all().next().is_none() {
            continue;
        }
        let bad = if failed == 0 { String::new() } else { format!(", failing on {failed}") };
        let what = format!("{:<22} ssh, on {}{bad}", topic.word(), of(all().count()));
        let failure = failing().min_by_key(|failure| failure.since);
        let limit = Some(state.yardstick().keeps(topic, false));
        reads.push(Read { what, at: oldest, failure, limit });
    }
    reads
}

fn reads(snapshot: &Snapshot) -> Vec<Read<'_>> {
    let mut reads = vec![
        read("who we are", &snapshot.identity),
        read("servers", &snapshot.servers),
        read("groups", &snapshot.groups),
        read("load balancers", &snapshot.load_balancers),
        read("locks", &snapshot.locks),
    ];
    if snapshot.checks.value().is_some() || snapshot.checks.failure().is_some() {
        reads.push(read("status checks", &snapshot.checks));
    }
    if snapshot.credit_modes.value().is_some() || snapshot.credit_modes.failure().is_some() {
        reads.push(read("credit modes", &snapshot.credit_modes));
    }
    if snapshot.draining.value().is_some() || snapshot.draining.failure().is_some() {
        reads.push(read("draining", &snapshot.draining));
    }
    if let Some(worst) = snapshot.balances.values().min_by_key(|r| (r.failure().is_none(), r.read_at())) {
        reads.push(read("credits and bursts", worst));
    }
    reads.extend(
        snapshot.health.iter().map(|(name, r)| read(format!("health {}", cut(name.as_str(), 15)), r)),
    );
    reads.push(read("launch settings", &snapshot.launch));
    reads.push(read("images", &snapshot.images));
    reads.extend(
        snapshot.activities.iter().map(|(name, r)| read(format!("activity {}", cut(name.as_str(), 13)), r)),
    );
    let metrics = snapshot.metrics.values();
    // Metrics come in one request: the one that fares worst tells of all.
    if let Some(worst) = metrics.min_by_key(|r| (r.failure().is_none(), r.read_at())) {
        reads.push(read(format!("{} metrics", snapshot.metrics.len()), worst));
    }
    reads
}

fn freshness(state: &State, room: u16) -> Vec<Vec<Piece>> {
    let limit = |what: &str| match what {
        _ if ["load", "locks", "activity"].iter().any(|w| what.starts_with(w)) => limits::rare(state),
        _ if what.contains(" metrics ") => limits::rare(state),
        _ => limits::beat(state),
    };
    // These do not change: they are asked once.
    let once = |what: &str| ["who", "launch", "images"].iter().any(|w| what.starts_with(w));
    let mut lines = Vec::new();
    let all = reads(&state.snapshot).into_iter().chain(probes(state));
    for Read { what, at, failure, limit: own } in all {
        let old = at.map(|at| state.now.duration_since(at));
        let severity = match (failure.map(|f| f.kind), old) {
            (Some(FailureKind::Denied), _) | (None, None) => Severity::Unknown,
            (Some(_), _) => Severity::Warn,
            (None, Some(old)) if old > own.unwrap_or_else(|| limit(&what)) && !once(&what) => Severity::Warn,
            _ => Severity::Ok,
        };
        let shown = old.map_or("never".to_owned(), age::shown);
        let age_scope = match (old, severity) {
            (None, _) => Scope::AgeOld,
            (_, Severity::Warn) => Scope::AgeStale,
            (Some(old), _) if old.as_secs() < 15 => Scope::AgeFresh,
            _ => Scope::AgeOld,
        };
        lines.push(vec![
            Piece::new(format!("{} ", severity.glyph()), Scope::Severity(severity)),
            Piece::new(format!("{shown:>5}  "), age_scope),
            Piece::new(what, Scope::Text),
        ]);
        if let Some(failure) = failure {
            let since = age::since(failure.since, state.now);
            let words = format!("{} since {since}: {}", failure.kind.word(), failure.message);
            for line in wrap(&words, room.saturating_sub(10)) {
                lines.push(vec![
                    Piece::new("         ", Scope::Text),
                    Piece::new(line, Scope::Severity(severity)),
                ]);
            }
        }
    }
    let next = state.pulse.next_at.map(|at| at.duration_since(state.now).max(jiff::SignedDuration::ZERO));
    let next = match (state.pulse.in_flight, next) {
        (true, _) => "reading now".to_owned(),
        (false, Some(wait)) => match age::shown(wait).as_str() {
            "now" => "next read within 15s".to_owned(),
            word => format!("next read in {word}"),
        },
        (false, None) => "no read is due".to_owned(),
    };
    lines.push(Vec::new());
    lines.push(vec![Piece::new(next, Scope::TextDim)]);
    lines
}
