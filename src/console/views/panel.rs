//! Under the servers of a wide screen: each load balancer in a line, its numbers in the next.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::screen::{Page, Screen};
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::tables::cells;
use crate::console::tables::charts::{limits, shown};
use crate::console::theme::Scope;
use crate::console::widgets::spark;
use crate::console::widgets::text::{Pen, width_of};
use crate::fleet::{LoadBalancerName, Measure, MetricKey, Severity, Subject};

/// The fewest columns and lines of a screen that has it.
const LEAST: (u16, u16) = (120, 24);
/// The most load balancers in it.
const MOST: usize = 2;

fn balancers(state: &State) -> &[LoadBalancerName] {
    let Screen::Environment { name, page: Page::Servers } = state.screen() else { return &[] };
    // What load balancers are is not recorded.
    if state.past.is_some() || state.size.0 < LEAST.0 || state.size.1 < LEAST.1 || state.table.rows.is_empty()
    {
        return &[];
    }
    let all = state.topology.environment(name).map_or(&[][..], |p| p.load_balancers.as_slice());
    &all[..all.len().min(MOST)]
}

/// How many lines it wants; 0 when it does not belong on this screen.
#[must_use]
pub fn lines(state: &State) -> u16 {
    u16::try_from(balancers(state).len() * 2).unwrap_or(0)
}

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State) {
    for (y, name) in (area.y..area.bottom()).step_by(2).zip(balancers(state)) {
        let line = Rect { y, height: 1, ..area };
        shape(buffer, line, state, name);
        numbers(buffer, Rect { y: y + 1, ..line }, state, name);
    }
}

fn shape(buffer: &mut Buffer, area: Rect, state: &State, name: &LoadBalancerName) {
    let mut pieces = vec![
        Piece::new("── ", Scope::ChartAxis),
        Piece::new("Load balancer ", Scope::TextDim),
        Piece::new(name.as_str(), Scope::TextStrong),
    ];
    if let Some(balancer) = state.snapshot.load_balancer(name) {
        let listeners =
            balancer.listeners.iter().map(|l| format!("{}→{} {}", l.port, l.instance_port, l.protocol));
        let check = balancer.health_check.iter().map(|c| format!("check {}", c.target));
        for word in listeners.chain(check) {
            pieces.push(Piece::new(" · ", Scope::TextDim));
            pieces.push(Piece::new(word, Scope::Text));
        }
    } else {
        pieces.push(Piece::new("  ? not read", Scope::Severity(Severity::Unknown)));
    }
    pieces.push(Piece::new(" ", Scope::Text));
    let pen = Pen::new(&state.look.theme, Scope::Text);
    let room = area.width.saturating_sub(2);
    let rest = room.saturating_sub(width_of(&pieces));
    pieces.push(Piece::new("─".repeat(usize::from(rest)), Scope::ChartAxis));
    pen.write(buffer, (area.x + 1, area.y), room, &pieces);
}

fn numbers(buffer: &mut Buffer, area: Rect, state: &State, name: &LoadBalancerName) {
    let room = usize::from(area.width.saturating_sub(5)) / Measure::OF_LOAD_BALANCER.len();
    let pen = Pen::new(&state.look.theme, Scope::Text);
    for (n, measure) in Measure::OF_LOAD_BALANCER.into_iter().enumerate() {
        let key = MetricKey { subject: Subject::LoadBalancer(name.clone()), measure };
        let limits = limits(state, measure);
        let mut pieces = vec![Piece::new(format!("{} ", measure.word()), Scope::TextDim)];
        let series = state.snapshot.series(&key);
        let missing = series.map_or(0, |s| s.missing(state.now, state.between_metrics()));
        let bars = |pieces: &mut Vec<Piece>, rest: usize| {
            let used = usize::from(width_of(pieces)) + rest;
            let cells = room.saturating_sub(used).min(24);
            pieces.extend(
                series.into_iter().flat_map(|s| spark::bars(s, cells, missing, limits, measure.full())),
            );
        };
        match cells::now_of(state, state.snapshot.metrics.get(&key)) {
            Ok(last) => {
                let severity = spark::judge(last, limits);
                pieces.push(Piece::new(format!("{} ", shown(last, measure)), cells::said(severity)));
                bars(&mut pieces, 4);
                if severity > Severity::Ok {
                    let glyph = format!(" {}", severity.glyph());
                    pieces.push(Piece::new(glyph, Scope::Severity(severity)));
                }
            }
            Err(instead) => {
                pieces.extend([instead, Piece::new(" ", Scope::Text)]);
                bars(&mut pieces, 2);
            }
        }
        let x = area.x + 4 + u16::try_from(n * room).unwrap_or(0);
        pen.write(buffer, (x, area.y), u16::try_from(room).unwrap_or(0).saturating_sub(1), &pieces);
    }
}
