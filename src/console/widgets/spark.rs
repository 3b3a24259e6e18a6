//! Sparklines: a row of small bars, scaled to their own range, coloured by threshold.

use std::time::Duration;

use jiff::Timestamp;

use crate::console::table::Piece;
use crate::console::theme::Scope;
use crate::fleet::{Series, Severity, thresholds};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// From where on a number warns, and from where on it is down.
pub type Limits = Option<(f64, f64)>;

/// The severity of a number.
#[must_use]
pub fn judge(value: f64, limits: Limits) -> Severity {
    match limits {
        Some(limits) => thresholds::judge(value, limits),
        None => Severity::Ok,
    }
}

/// The newest `cells` points as bars, with `missing` more that did not come. A gap stays a gap. The scale goes from the smallest number to the largest,
/// but spans at least half of the largest: what hardly moves stays low and calm, what climbs is seen to climb.
#[must_use]
pub fn bars(series: &Series, cells: usize, missing: usize, limits: Limits, full: Option<f64>) -> Vec<Piece> {
    let slots = slots(series, cells, missing);
    let largest = slots.iter().flatten().copied().fold(0.0_f64, f64::max);
    let smallest = slots.iter().flatten().copied().fold(largest, f64::min);
    let (smallest, span) = match full {
        Some(full) => (0.0, full),
        None => (smallest, (largest - smallest).max(largest / 2.0)),
    };
    let mut pieces: Vec<Piece> = Vec::new();
    for slot in slots {
        let (bar, scope) = match slot {
            Some(value) => {
                let scope = match judge(value, limits) {
                    Severity::Ok => Scope::Chart,
                    bad => Scope::Severity(bad),
                };
                (bar(value - smallest, span), scope)
            }
            None => (' ', Scope::Chart),
        };
        match pieces.last_mut() {
            Some(last) if last.scope == scope => last.text.push(bar),
            _ => pieces.push(Piece::new(bar.to_string(), scope)),
        }
    }
    pieces
}

/// The scale for a number that is far below its threshold: a fifth of that, so that noise stays low and calm.
#[must_use]
pub fn calm(series: &Series, limits: Limits) -> Option<f64> {
    let (warn, _) = limits?;
    let largest = series.points.iter().map(|(_, value)| *value).fold(0.0_f64, f64::max);
    (largest < warn / 5.0).then_some(warn / 5.0)
}

/// All of a series in so many cells, where it has more points than that: each cell is the mean of its share of
/// the time. What climbs for an hour is seen to climb, however few the cells.
#[must_use]
#[allow(clippy::cast_precision_loss)] // a few points
pub fn condensed(series: &Series, cells: usize) -> Series {
    let (Some((first, _)), Some((last, _))) = (series.points.first(), series.points.last()) else {
        return series.clone();
    };
    let span = last.as_second() - first.as_second();
    let period = i64::try_from(series.period.as_secs()).unwrap_or(60).max(1);
    let count = i64::try_from(series.points.len()).unwrap_or(1);
    // Never finer than the points really came: a cell between two of them is no gap.
    let apart = (span + count - 2).div_euclid((count - 1).max(1)).max(period);
    let each = (span + period).div_euclid(i64::try_from(cells.max(1)).unwrap_or(1)).max(apart);
    let mut points: Vec<(Timestamp, f64)> = Vec::new();
    let mut counted = 0.0;
    for (at, value) in series.points.iter().rev().filter(|(_, value)| value.is_finite()) {
        let back = (last.as_second() - at.as_second()) / each;
        let Ok(slot) = Timestamp::from_second(last.as_second() - back * each) else { continue };
        match points.last_mut() {
            Some((begin, mean)) if *begin == slot => {
                counted += 1.0;
                *mean += (value - *mean) / counted;
            }
            _ => {
                counted = 1.0;
                points.push((slot, *value));
            }
        }
    }
    points.reverse();
    Series { period: Duration::from_secs(u64::try_from(each).unwrap_or(60)), points }
}

fn bar(height: f64, span: f64) -> char {
    if span <= 0.0 || !height.is_finite() {
        return BARS[0];
    }
    let share = (height / span).clamp(0.0, 1.0) * 7.0;
    let level = (0u8..8).rev().find(|level| f64::from(*level) <= share.round()).unwrap_or(0);
    BARS[usize::from(level)]
}

/// The newest numbers, one slot per period, gaps as `None`; at most `cells`, the newest last. Behind them stand
/// as many gaps as points are `missing` since.
#[must_use]
pub fn slots(series: &Series, cells: usize, missing: usize) -> Vec<Option<f64>> {
    let Some((last, _)) = series.points.last() else { return Vec::new() };
    let period = i64::try_from(series.period.as_secs()).unwrap_or(60).max(1);
    let mut slots = Vec::new();
    for (at, value) in series.points.iter().rev() {
        // Points of our own come now a little early, now a little late.
        let back = (last.as_second().saturating_sub(at.as_second()) + period / 2) / period;
        let Ok(back) = usize::try_from(back).map(|back| back.saturating_add(missing)) else { continue };
        if back >= cells {
            break;
        }
        while slots.len() < back {
            slots.push(None);
        }
        if slots.len() == back {
            slots.push(Some(*value).filter(|v| v.is_finite()));
        }
    }
    slots.reverse();
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(i64, f64)]) -> Series {
        let points = points
            .iter()
            .map(|(minute, value)| (Timestamp::from_second(1_800_000_000 + minute * 60).unwrap(), *value));
        Series { period: Duration::from_secs(60), points: points.collect() }
    }

    fn text(pieces: &[Piece]) -> String {
        pieces.iter().map(|p| p.text.as_str()).collect()
    }

    #[test]
    fn a_share_of_something_full_is_drawn_as_one_so_that_busy_looks_busy() {
        let busy = series(&[(0, 96.0), (1, 98.0), (2, 97.0)]);
        assert_eq!(text(&bars(&busy, 10, 0, None, Some(100.0))), "███");
        assert_eq!(text(&bars(&series(&[(0, 3.0), (1, 50.0)]), 10, 0, None, Some(100.0))), "▁▅");
    }

    #[test]
    fn what_hardly_moves_stays_low_and_what_climbs_is_seen_to_climb() {
        assert_eq!(text(&bars(&series(&[(0, 96.0), (1, 98.0), (2, 97.0)]), 10, 0, None, None)), "▁▁▁");
        assert_eq!(text(&bars(&series(&[(0, 100.0), (1, 150.0), (2, 300.0)]), 10, 0, None, None)), "▁▃█");
    }

    #[test]
    fn bars_are_scaled_to_their_range_and_gaps_stay_gaps() {
        let series = series(&[(0, 0.0), (1, 50.0), (3, 100.0)]);
        assert_eq!(text(&bars(&series, 10, 0, None, None)), "▁▅ █");
        assert_eq!(text(&bars(&series, 3, 0, None, None)), "▁ █");
        // What has not come since is a gap at the right.
        assert_eq!(text(&bars(&series, 5, 2, None, None)), "▁ █  ");
        assert_eq!(text(&bars(&series, 5, 40, None, None)), "");
    }

    #[test]
    fn noise_far_below_the_threshold_stays_flat() {
        let noise = series(&[(0, 0.0), (1, 1.0), (2, 0.0)]);
        let limits = Some((1_000.0, 5_000.0));
        assert_eq!(text(&bars(&noise, 6, 0, limits, calm(&noise, limits))), "▁▁▁");
        assert_eq!(calm(&series(&[(0, 300.0)]), limits), None);
        assert_eq!(calm(&noise, None), None);
    }

    #[test]
    fn points_that_come_less_often_than_planned_leave_no_gaps() {
        let late: Vec<(i64, f64)> = (0..20u8).map(|n| (i64::from(n), 1.0)).collect();
        let series = Series { period: Duration::from_secs(15), ..series(&late) };
        for cells in [6, 19, 24] {
            let drawn = text(&bars(&condensed(&series, cells), cells, 0, None, None));
            assert!(!drawn.contains(' '), "{cells}: {drawn}");
        }
    }

    #[test]
    fn an_hour_in_a_few_cells_still_climbs() {
        let hour: Vec<(i64, f64)> = (0..60u8).map(|n| (i64::from(n), f64::from(n))).collect();
        let condensed = condensed(&series(&hour), 6);
        assert_eq!(condensed.points.len(), 6);
        assert_eq!(text(&bars(&condensed, 6, 0, None, None)), "▁▂▄▅▇█");
        assert_eq!(super::condensed(&series(&[(0, 1.0), (1, 2.0)]), 6).points.len(), 2);
        assert_eq!(super::condensed(&series(&[]), 6).points, []);
    }

    #[test]
    fn numbers_over_a_threshold_have_its_severity() {
        let pieces = bars(&series(&[(0, 1.0), (1, 5.0), (2, 9.0)]), 10, 0, Some((5.0, 9.0)), None);
        let scopes: Vec<_> = pieces.iter().map(|p| p.scope).collect();
        assert_eq!(scopes, [Scope::Chart, Scope::Severity(Severity::Warn), Scope::Severity(Severity::Down)]);
    }

    #[test]
    fn nothing_and_nonsense_draw_nothing_wrong() {
        assert_eq!(text(&bars(&series(&[]), 10, 0, None, None)), "");
        assert_eq!(text(&bars(&series(&[(0, f64::NAN), (1, 0.0)]), 10, 0, None, None)), " ▁");
    }
}
