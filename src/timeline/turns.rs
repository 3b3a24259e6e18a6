//! When a number turned: it crossed its threshold, or left what is usual for it, and came back.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::number::Number;
use crate::fleet::{Severity, Thresholds};

/// So many points in a row turn a number: one alone is noise.
const TURNS: usize = 2;
/// So many in a row bring it back.
const RETURNS: usize = 3;
/// What is usual is told by so many points, and by so many at least.
const USUAL: (usize, usize) = (60, 20);
/// How far from the usual a number must be, in typical deviations.
const FAR: f64 = 8.0;
/// A typical deviation of the median deviation, where chance is normal.
const TYPICAL: f64 = 1.4826;

/// A stretch in which a number was not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Turn {
    pub(super) from: Timestamp,
    /// When it was back; none if it is still so.
    pub(super) back: Option<Timestamp>,
    pub(super) severity: Severity,
    /// What it was when it turned, and the furthest that it went.
    pub(super) first: f64,
    pub(super) worst: f64,
    /// What was usual, where that and not a threshold was left.
    pub(super) usual: Option<f64>,
}

/// Every turn of a number.
pub(super) fn turns(number: Number, points: &BTreeMap<Timestamp, f64>, thresholds: &Thresholds) -> Vec<Turn> {
    match number.limits(thresholds) {
        Some(limits) => over(points, limits),
        None => unusual(number, points),
    }
}

/// Over its threshold. It is back once it is a tenth below.
fn over(points: &BTreeMap<Timestamp, f64>, (warn, down): (f64, f64)) -> Vec<Turn> {
    let severity = |value: f64| if value >= down { Severity::Down } else { Severity::Warn };
    let mut walk = Walk::default();
    for (at, value) in points {
        let out = *value >= if walk.is_out() { warn * 0.9 } else { warn };
        walk.step(*at, *value, out, severity(*value), None);
    }
    walk.done
}

/// Far from what was usual in the hour before.
fn unusual(number: Number, points: &BTreeMap<Timestamp, f64>) -> Vec<Turn> {
    let mut walk = Walk::default();
    let mut usual: VecDeque<f64> = VecDeque::new();
    for (at, value) in points {
        if usual.len() < USUAL.1 {
            usual.push_back(*value);
            continue;
        }
        let (middle, far) = range(number, &usual);
        let out = (value - middle).abs() > far;
        walk.step(*at, *value, out, Severity::Warn, Some(middle));
        // What is far away does not become usual by lasting a few minutes; by lasting an hour it does.
        if !walk.is_out() {
            usual.push_back(*value);
        } else if walk.lasts >= USUAL.0 {
            walk.end(*at);
            usual.clear();
        }
        if usual.len() > USUAL.0 {
            usual.pop_front();
        }
    }
    walk.done
}

/// The middle, and how far from it is far.
fn range(number: Number, usual: &VecDeque<f64>) -> (f64, f64) {
    let middle_of = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    let middle = middle_of(usual.iter().copied().collect());
    let deviation = middle_of(usual.iter().map(|value| (value - middle).abs()).collect());
    // One web server fewer is told by itself; half of the requests is what people would call a turn.
    let least = match number {
        Number::InService => 0.5,
        Number::Connections => (middle * 0.5).max(10.0),
        _ => (middle * 0.5).max(1.0),
    };
    (middle, (deviation * TYPICAL * FAR).max(least))
}

#[derive(Default)]
struct Walk {
    done: Vec<Turn>,
    open: bool,
    /// Points in a row on the other side, with the first of them.
    other: Vec<(Timestamp, f64)>,
    lasts: usize,
}

impl Walk {
    fn is_out(&self) -> bool {
        self.open
    }

    fn step(&mut self, at: Timestamp, value: f64, out: bool, severity: Severity, usual: Option<f64>) {
        if self.open {
            self.lasts += 1;
        }
        if out == self.open {
            self.other.clear();
            if let Some(turn) = self.done.last_mut().filter(|_| self.open) {
                turn.take_in(value, severity);
            }
            return;
        }
        self.other.push((at, value));
        let needed = if self.open { RETURNS } else { TURNS };
        if self.other.len() < needed {
            return;
        }
        let first = self.other.first().copied().unwrap_or((at, value));
        if self.open {
            self.end(first.0);
            return;
        }
        self.open = true;
        self.lasts = self.other.len();
        let turn = Turn { from: first.0, back: None, severity, first: first.1, worst: first.1, usual };
        self.done.push(turn);
        let all = std::mem::take(&mut self.other);
        if let Some(turn) = self.done.last_mut() {
            for (_, value) in all {
                turn.take_in(value, severity);
            }
        }
    }

    fn end(&mut self, at: Timestamp) {
        self.open = false;
        self.other.clear();
        self.lasts = 0;
        if let Some(turn) = self.done.last_mut() {
            turn.back = Some(at);
        }
    }
}

impl Turn {
    fn take_in(&mut self, value: f64, severity: Severity) {
        let far = |value: f64| self.usual.map_or(value, |usual| (value - usual).abs());
        if far(value) > far(self.worst) {
            self.worst = value;
        }
        self.severity = self.severity.max(severity);
    }
}
