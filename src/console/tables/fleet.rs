//! The fleet: a row per environment, worst thing first.

mod measured;

use super::cells::{
    glyph, grouped, left, nothing, number, right, said, sorted, state as stated, unknown, unknown_because,
};
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Cell, Column, Piece, Row, RowId, SortKey, Table};
use crate::console::theme::Scope;
use crate::console::views::headline;
use crate::fleet::overview::{BalancerCount, RoleCount};
use crate::fleet::text::one_line;
use crate::fleet::{FailureKind, Overview, Role, Severity};
use crate::triage::Finding;

/// What counts first stands longest when it gets narrow.
const COLUMNS: [Column; 9] = [
    left("ENVIRONMENT", 13, 28, 0),
    left("RELEASE", 7, 14, 4),
    left("WEB", 13, 28, 0),
    left("WORKER", 6, 12, 5),
    right("QUEUE", 20, 20, 1),
    left("PRIMARY", 16, 20, 3),
    left("REPLICA", 22, 22, 2),
    left("GROUP", 13, 44, 6),
    left("CACHE", 6, 12, 7),
];

/// Rows for all environments.
pub fn build(state: &State) -> Table {
    let empty = super::empty::fleet(state);
    let mut overviews: Vec<&Overview> = state.overviews.iter().collect();
    if super::empty::nothing_read(state) {
        overviews.clear();
    }
    // Stable: equals stay in the config's order.
    overviews.sort_by_key(|o| (std::cmp::Reverse(severity(state, o)), !o.production));
    let rows = overviews.into_iter().map(|o| row(state, o)).collect();
    Table { columns: COLUMNS.to_vec(), rows, empty, leads: true, ..Table::default() }
}

/// As bad as the worst of what is seen at a glance and of what triage tells, which looks closer.
fn severity(state: &State, overview: &Overview) -> Severity {
    overview.severity.max(worst(state, overview).map_or(Severity::Idle, |finding| finding.severity))
}

/// The worst finding that nobody has seen.
fn worst<'s>(state: &'s State, overview: &Overview) -> Option<&'s Finding> {
    let triage = state.triage_of(&overview.name)?;
    // What is not known is told beside each cell.
    let counts = |finding: &&Finding| {
        matches!(finding.severity, Severity::Down | Severity::Warn)
            && finding.acknowledged.is_none()
            && !finding.clearing
    };
    // Of equals the first: triage has them in the order of attention.
    triage.causes().filter(counts).min_by_key(|finding| std::cmp::Reverse(finding.severity))
}

/// What triage tells where nothing that is seen at a glance is as bad.
fn told(state: &State, overview: &Overview) -> Option<Vec<Piece>> {
    let finding = worst(state, overview).filter(|finding| finding.severity > overview.severity)?;
    Some(vec![glyph(finding.severity), Piece::new(one_line(&finding.title), said(finding.severity))])
}

fn row(state: &State, overview: &Overview) -> Row {
    let mut details = headline::runs(state, &overview.name);
    details.extend(headline::locks(state, overview));
    details.extend(told(state, overview));
    let notes = headline::notes(state, overview);
    if !notes.is_empty() {
        details.push(notes);
    }
    Row {
        id: RowId::Environment(overview.name.clone()),
        severity: severity(state, overview),
        cells: vec![
            name(overview, severity(state, overview)),
            release(state, overview),
            web(overview),
            suffering(state, overview, &overview.worker, &Role::Worker),
            measured::queue(state, overview),
            measured::primary(state, overview),
            measured::replica(state, overview),
            group(state, overview),
            suffering(state, overview, &overview.cache, &Role::Cache),
        ],
        details,
        dimmed: false,
        section: None,
    }
}

fn name(overview: &Overview, severity: Severity) -> Cell {
    let name = overview.name.as_str();
    let mut pieces = vec![glyph(severity), Piece::new(name, Scope::TextStrong)];
    if overview.production && !name.to_lowercase().contains("prod") {
        pieces.push(Piece::new(" ", Scope::Text));
        pieces.push(Piece::new(" PROD ", Scope::BadgeProduction));
    }
    Cell { pieces, key: SortKey::Text(name.to_owned()) }
}

fn release(state: &State, overview: &Overview) -> Cell {
    let Some(changeset) = &overview.release.changeset else {
        return if overview.severity == Severity::Idle { nothing() } else { unknown() };
    };
    let mut pieces = vec![Piece::new(changeset.short(), Scope::Text)];
    if let Some(at) = overview.release.made_at {
        pieces.push(Piece::new(format!("  {}", age::since(at, state.now)), Scope::TextDim));
    }
    let made = overview.release.made_at.map(jiff::Timestamp::as_second);
    sorted(Cell { pieces, key: SortKey::Unknown }, number(made))
}

/// Members in service of each load balancer, the worst one first.
fn web(overview: &Overview) -> Cell {
    if overview.balancers.is_empty() {
        return role(&overview.web);
    }
    let mut balancers: Vec<&BalancerCount> = overview.balancers.iter().collect();
    balancers.sort_by_key(|b| std::cmp::Reverse(b.severity));
    let mut pieces = Vec::new();
    let mut least = None;
    for balancer in balancers {
        if !pieces.is_empty() {
            pieces.push(Piece::new("  ", Scope::Text));
        }
        pieces.push(glyph(balancer.severity));
        let words = match (balancer.in_service, balancer.registered, balancer.failure) {
            (Some(serving), Some(all), _) => {
                let missing = all.saturating_sub(serving);
                least = Some(least.map_or(missing, |l: usize| l.max(missing)));
                format!("{}/{}", grouped(serving), grouped(all))
            }
            (_, _, Some(FailureKind::Absent)) if overview.severity == Severity::Idle => {
                pieces.clear();
                continue;
            }
            (_, _, Some(failure)) => format!("? {}", failure.word()),
            _ => "?".to_owned(),
        };
        pieces.push(Piece::new(words, said(balancer.severity)));
    }
    if pieces.is_empty() {
        return nothing();
    }
    sorted(Cell { pieces, key: SortKey::Unknown }, number(least.and_then(|l| i64::try_from(l).ok())))
}

/// The same, no better than what ails one of them: a server that runs is little without what runs on it.
fn suffering(state: &State, overview: &Overview, count: &RoleCount, of: &Role) -> Cell {
    let mine = overview
        .troubles
        .iter()
        .filter(|(id, _)| state.snapshot.server(id).is_some_and(|server| server.role.role == *of));
    let worst = mine.flat_map(|(_, troubles)| troubles).map(|trouble| trouble.severity).max();
    let severity = worst.filter(|worst| *worst > Severity::Ok && count.severity == Severity::Ok);
    role(&RoleCount { severity: severity.unwrap_or(count.severity), ..count.clone() })
}

/// Running servers of a role; how many there should be only where some are missing.
pub fn role(count: &RoleCount) -> Cell {
    let Some(running) = count.running else { return unknown() };
    let key = number(i64::try_from(running).ok());
    let cell = match (count.total, count.pending, count.severity) {
        (0, 0, Severity::Warn) => stated(Severity::Warn, "none"),
        (0, 0, _) => return nothing(),
        (0, pending, severity) => stated(severity, format!("{pending} new")),
        (total, _, severity) if running == total => stated(severity, grouped(total)),
        (total, _, severity) => stated(severity, format!("{}/{}", grouped(running), grouped(total))),
    };
    sorted(cell, key)
}

/// In service, limits, and what is suspended: `4/2–8 ●`.
fn group(state: &State, overview: &Overview) -> Cell {
    let named = state.topology.environment(&overview.name).is_some_and(|place| place.group.is_some());
    let Some(group) = &overview.group else {
        return match overview.group_failure {
            Some(FailureKind::Absent) if overview.severity == Severity::Idle => nothing(),
            Some(FailureKind::Absent) => stated(Severity::Down, "missing"),
            Some(failure) => unknown_because(failure.word()),
            None if named => unknown(),
            None => nothing(),
        };
    };
    let (min, desired, max) = group.sizes;
    let mut pieces = vec![Piece::new(format!("{}/{min}–{max} ", group.in_service), Scope::Text)];
    if usize::try_from(desired).is_ok_and(|wanted| wanted != group.in_service) {
        pieces.push(Piece::new(format!("want {desired} "), Scope::Severity(Severity::Changing)));
    }
    match group.suspended.as_slice() {
        [] if group.severity == Severity::Ok => {
            pieces.push(Piece::new(Severity::Ok.glyph(), Scope::Severity(Severity::Ok)));
        }
        [] => {
            pieces.push(glyph(group.severity));
            pieces.push(Piece::new(group.severity.word(), said(group.severity)));
        }
        suspended => {
            pieces.push(glyph(Severity::Warn));
            let words = if suspended.len() <= 2 {
                format!("{} off", suspended.join(", "))
            } else {
                format!("{} processes off", suspended.len())
            };
            pieces.push(Piece::new(words, Scope::Severity(Severity::Warn)));
        }
    }
    sorted(Cell { pieces, key: SortKey::Unknown }, number(i64::try_from(group.in_service).ok()))
}
