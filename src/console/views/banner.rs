//! One line under the header when something is wrong with reading, or with the console's own files.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::action::Action;
use crate::console::age;
use crate::console::past;
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::theme::Scope;
use crate::console::widgets::text::{Pen, width};
use crate::fleet::{Failure, FailureKind, Snapshot, Source};

/// The reads that every screen rests on, with their failures.
pub fn failures(snapshot: &Snapshot) -> impl Iterator<Item = (Source, &Failure, bool)> {
    let core = [
        (snapshot.servers.source(), snapshot.servers.failure(), snapshot.servers.value().is_some()),
        (snapshot.groups.source(), snapshot.groups.failure(), snapshot.groups.value().is_some()),
        (
            snapshot.load_balancers.source(),
            snapshot.load_balancers.failure(),
            snapshot.load_balancers.value().is_some(),
        ),
    ];
    let health = snapshot.health.values().map(|h| (h.source(), h.failure(), h.value().is_some()));
    core.into_iter().chain(health).filter_map(|(source, failure, known)| Some((source, failure?, known)))
}

/// What single columns and pages rest on and may not be read: each action once. Everything else goes on.
fn denied(snapshot: &Snapshot) -> impl Iterator<Item = (Source, &Failure, bool)> {
    let once = [
        (snapshot.launch.source(), snapshot.launch.failure()),
        (snapshot.images.source(), snapshot.images.failure()),
        (snapshot.locks.source(), snapshot.locks.failure()),
    ];
    let activities = snapshot.activities.values().find(|r| r.failure().is_some());
    let metrics = snapshot.metrics.values().find(|r| r.failure().is_some());
    once.into_iter()
        .chain(activities.map(|r| (r.source(), r.failure())))
        .chain(metrics.map(|r| (r.source(), r.failure())))
        .filter_map(|(source, failure)| Some((source, failure?, false)))
        .filter(|(_, failure, _)| failure.kind == FailureKind::Denied)
}

/// What it says, if anything, and what shows it whole.
fn told(state: &State) -> Option<(String, Action)> {
    if let Some(as_of) = &state.past {
        let contexts = past::contexts(state.screen()).unwrap_or_default();
        let key = |action| state.look.keymap.hint(contexts, action).unwrap_or_default();
        let (earlier, later, now) = (key(Action::Earlier), key(Action::Later), key(Action::Now));
        let keys = format!("{earlier} {later} from change to change · {now} back to now");
        return Some((format!("◷ {} · {keys}", as_of.words()), Action::Now));
    }
    let failing = failures(&state.snapshot)
        .filter(|(_, failure, _)| failure.kind != FailureKind::Throttled)
        .min_by_key(|(_, failure, _)| failure.since)
        .or_else(|| denied(&state.snapshot).next());
    if let Some((source, failure, known)) = failing {
        let since = age::since(failure.since, state.now);
        let since = if since == "now" { String::new() } else { format!(" since {since}") };
        let kept = if known { "; what is shown is older" } else { "" };
        let word = failure.kind.word();
        let text = format!("▲ {}: {word}{since}{kept} – {}", source.action(), failure.message);
        return Some((text, Action::Freshness));
    }
    let problems = &state.look.problems;
    let first = problems.first()?;
    let text = match problems.len() {
        1 => format!("▲ {first}"),
        n => format!("▲ {n} problems in the console's files – {first}"),
    };
    Some((text, Action::Problems))
}

/// What it says, if anything.
#[must_use]
pub fn text(state: &State) -> Option<String> {
    told(state).map(|(text, _)| text)
}

/// Draws it. What is cut names the key that shows it whole.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State) {
    let Some((text, whole)) = told(state) else { return };
    let theme = &state.look.theme;
    buffer.set_style(area, theme.style(Scope::Banner));
    let pen = Pen::new(theme, Scope::Banner);
    let room = area.width.saturating_sub(2);
    let hint = state.look.keymap.hint(state.contexts(), whole).filter(|_| width(&text) > room);
    let does = if whole == Action::Now { "now" } else { "more" };
    let hint = hint.map_or_else(String::new, |key| format!("  {key} {does}"));
    let left = room.saturating_sub(width(&hint));
    pen.write(buffer, (area.x + 1, area.y), left, &[Piece::new(text, Scope::Text)]);
    pen.write(buffer, (area.x + 1 + left, area.y), room - left, &[Piece::new(hint, Scope::Text)]);
}
