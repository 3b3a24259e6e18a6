//! What was measured on an environment's servers, as its row shows it: queues, connections, lag.

use super::role;
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Cell, Piece, SortKey};
use crate::console::tables::cells::{glyph, said};
use crate::console::theme::Scope;
use crate::console::widgets::spark;
use crate::fleet::overview::{Gap, RoleCount};
use crate::fleet::thresholds::Pair;
use crate::fleet::{Overview, Series, Severity, words};

/// Bars of a small line.
const BARS: usize = 6;
/// The fewest columns of a screen whose rows have small lines and units.
const ROOMY: u16 = 110;

fn roomy(state: &State) -> bool {
    state.size.0 >= ROOMY
}

/// All of a trend in a few bars, filled up to their number.
fn line(trend: Option<&Series>, limits: Pair) -> Vec<Piece> {
    let series = trend.map(|trend| spark::condensed(trend, BARS));
    let mut pieces = series
        .map_or_else(Vec::new, |s| spark::bars(&s, BARS, 0, Some(limits), spark::calm(&s, Some(limits))));
    let drawn: usize = pieces.iter().map(|piece| piece.text.chars().count()).sum();
    pieces.insert(0, Piece::new(" ".repeat(BARS.saturating_sub(drawn)), Scope::Text));
    pieces
}

/// Why a number is not known, in a word; what was never tried is no trouble.
fn unmeasured(gap: Gap, roomy: bool) -> Piece {
    match gap {
        Gap::NotYet if roomy => Piece::new("not measured yet", Scope::TextDim),
        Gap::NoServer | Gap::NotYet => Piece::new("–", Scope::TextDim),
        gap => Piece::new(format!("◌ {}", gap.word()), Scope::Severity(Severity::Unknown)),
    }
}

/// The age of what is no longer current.
fn aged(state: &State, read_at: Option<jiff::Timestamp>) -> Piece {
    let age = read_at.map_or("?".to_owned(), |at| age::since(at, state.now));
    Piece::new(format!(" ? {age}"), Scope::AgeStale)
}

/// Messages waiting, how they moved, and how bad that is: `12,480 ▁▂▃▅▇█ ▲`.
pub fn queue(state: &State, overview: &Overview) -> Cell {
    let queues = &overview.queues;
    if queues.depth.is_none() && queues.gap.is_none() && queues.severity >= Severity::Unknown {
        // A queue is down, and told no numbers.
        let mark = Piece::new(format!(" {}", queues.severity.glyph()), Scope::Severity(queues.severity));
        return Cell { pieces: vec![Piece::new("?", Scope::TextDim), mark], key: SortKey::Unknown };
    }
    let (Some(depth), roomy) = (queues.depth, roomy(state)) else {
        let gap = queues.gap.unwrap_or(Gap::NotYet);
        return Cell { pieces: vec![unmeasured(gap, roomy(state))], key: SortKey::Unknown };
    };
    if queues.gap.is_some() {
        let number = Piece::new(words::grouped(depth), Scope::TextDim);
        return Cell { pieces: vec![number, aged(state, queues.read_at)], key: SortKey::Unknown };
    }
    let severity = queues.severity;
    let mut pieces = vec![Piece::new(words::grouped(depth), said(severity))];
    if roomy {
        pieces.push(Piece::new(" ", Scope::Text));
        pieces.extend(line(queues.trend.as_ref(), state.preferences.thresholds.queue_depth));
    }
    let mark = if severity > Severity::Ok { severity.glyph() } else { " " };
    pieces.push(Piece::new(format!(" {mark}"), Scope::Severity(severity)));
    #[allow(clippy::cast_precision_loss)] // messages
    let key = SortKey::Number(depth as f64);
    Cell { pieces, key }
}

/// The role's own cell where servers are missing, or nothing was measured on those that are there.
fn by_role(count: &RoleCount, gap: Option<Gap>) -> Option<Cell> {
    let whole = matches!(count.severity, Severity::Ok | Severity::Idle);
    let unmeasured = matches!(gap, Some(Gap::NoServer | Gap::NotYet));
    (!whole || unmeasured).then(|| role(count))
}

/// Connections in use of those there may be: `● 61/80 conn`.
pub fn primary(state: &State, overview: &Overview) -> Cell {
    let load = &overview.connections;
    if let Some(mut cell) = by_role(&overview.primary, load.gap) {
        if load.gap == Some(Gap::NotYet) {
            cell.pieces.push(Piece::new("  –", Scope::TextDim));
        }
        return cell;
    }
    let Some(used) = load.used else {
        let gap = load.gap.unwrap_or(Gap::NotYet);
        return Cell { pieces: vec![unmeasured(gap, roomy(state))], key: SortKey::Unknown };
    };
    let most = load.most.map_or(String::new(), |most| format!("/{most}"));
    let unit = if roomy(state) { " conn" } else { "" };
    if load.gap.is_some() {
        let number = Piece::new(format!("◌ {used}{most}"), Scope::TextDim);
        return Cell { pieces: vec![number, aged(state, load.read_at)], key: SortKey::Unknown };
    }
    let pieces = vec![
        glyph(load.severity),
        Piece::new(format!("{used}{most}"), said(load.severity)),
        Piece::new(unit, Scope::TextDim),
    ];
    Cell { pieces, key: SortKey::Number(f64::from(used)) }
}

/// How far the worst replica is behind, and how that moved: `▲ 48.2s ▁▁▂▅▇█`.
pub fn replica(state: &State, overview: &Overview) -> Cell {
    let lag = &overview.lag;
    if let Some(mut cell) = by_role(&overview.replica, lag.gap) {
        if lag.gap == Some(Gap::NotYet) {
            cell.pieces.push(Piece::new("  –", Scope::TextDim));
        }
        return cell;
    }
    if let (Some(gap), None) = (lag.gap, lag.seconds) {
        return Cell { pieces: vec![unmeasured(gap, roomy(state))], key: SortKey::Unknown };
    }
    let seconds = lag.seconds.map_or("?".to_owned(), words::short_seconds);
    let key = lag.seconds.map_or(SortKey::Unknown, SortKey::Number);
    if lag.gap.is_some() {
        let number = Piece::new(format!("◌ {seconds}"), Scope::TextDim);
        return Cell { pieces: vec![number, aged(state, lag.read_at)], key: SortKey::Unknown };
    }
    let words = lag.word.map_or(format!("{seconds:>5}"), str::to_owned);
    let mut pieces = vec![glyph(lag.severity), Piece::new(words, said(lag.severity))];
    if lag.witness == crate::fleet::overview::Witness::Primary {
        pieces.push(Piece::new(" by primary", Scope::TextDim));
    } else if roomy(state) && lag.word.is_none() {
        pieces.push(Piece::new(" ", Scope::Text));
        pieces.extend(line(lag.trend.as_ref(), state.preferences.thresholds.lag_seconds));
    }
    Cell { pieces, key }
}
