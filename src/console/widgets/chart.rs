//! A line chart in braille dots: axis labels, threshold colours, gaps where nothing was measured.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::spark::{Limits, judge, slots};
use super::text::{Pen, width};
use crate::console::table::Piece;
use crate::console::theme::{Scope, Theme};
use crate::fleet::{Series, Severity};

/// A chart.
pub struct Chart<'a> {
    /// The numbers.
    pub series: &'a Series,
    /// How many points did not come since the newest.
    pub missing: usize,
    /// From where on a number warns.
    pub limits: Limits,
    /// Writes a number with its unit.
    pub label: &'a dyn Fn(f64) -> String,
}

/// Dots of a cell, by column and line.
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// The newest numbers drawn: an hour of minutes.
const POINTS: usize = 60;

impl Chart<'_> {
    /// Draws the chart with its axes. The scale begins at 0 and ends at a round number.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, theme: &Theme) {
        let slots = slots(self.series, POINTS, self.missing);
        let largest = slots.iter().flatten().copied().fold(0.0_f64, f64::max);
        let top = legible(round_up(largest), self.label);
        let (high, low) = ((self.label)(top), (self.label)(0.0));
        let gutter = width(&high).max(width(&low)).max(6) + 1;
        if area.height < 3 || area.width < gutter + 6 {
            return;
        }
        let pen = Pen::new(theme, Scope::Text);
        let mut axis = |text: &str, y: u16| {
            let x = area.x + gutter - 1 - width(text).min(gutter - 1);
            pen.write(buffer, (x, y), gutter - 1, &[Piece::new(text, Scope::ChartAxis)]);
        };
        let plot = Rect::new(area.x + gutter, area.y, area.width - gutter, area.height - 1);
        axis(&high, plot.y);
        axis(&low, plot.bottom() - 1);
        let minutes = self.series.period.as_secs().max(1) * u64::try_from(POINTS).unwrap_or(60) / 60;
        let first = [Piece::new(format!("{minutes} min ago"), Scope::ChartAxis)];
        pen.write(buffer, (plot.x, plot.bottom()), plot.width, &first);
        let last = [Piece::new("now", Scope::ChartAxis)];
        pen.write(buffer, (plot.right().saturating_sub(3), plot.bottom()), 3, &last);
        self.plot(buffer, plot, &slots, top, theme);
    }

    fn plot(&self, buffer: &mut Buffer, plot: Rect, slots: &[Option<f64>], top: f64, theme: &Theme) {
        let columns = usize::from(plot.width) * 2;
        let lines = plot.height * 4;
        let mut before: Option<u16> = None;
        for cell in 0..plot.width {
            let mut dots = vec![0u32; usize::from(plot.height)];
            let mut worst = Severity::Ok;
            for half in 0..2u16 {
                let Some(value) = sample(slots, usize::from(cell * 2 + half), columns) else {
                    before = None;
                    continue;
                };
                worst = worst.max(judge(value, self.limits));
                let line = height(value, top, lines);
                // Dots between this and the one before make a line of it.
                let from = before.unwrap_or(line);
                for dot in from.min(line)..=from.max(line) {
                    let down = lines - 1 - dot;
                    if let Some(bits) = dots.get_mut(usize::from(down / 4)) {
                        *bits |= DOTS[usize::from(half)][usize::from(down % 4)];
                    }
                }
                before = Some(line);
            }
            let scope = if worst == Severity::Ok { Scope::Chart } else { Scope::Severity(worst) };
            for (bits, y) in dots.into_iter().zip(plot.y..) {
                if let (1.., Some(glyph)) = (bits, char::from_u32(0x2800 + bits)) {
                    let pen = Pen::new(theme, Scope::Text);
                    pen.write(buffer, (plot.x + cell, y), 1, &[Piece::new(glyph.to_string(), scope)]);
                }
            }
        }
    }
}

/// The number at a column of dots: the slot that covers it, the newest at the right edge.
fn sample(slots: &[Option<f64>], column: usize, columns: usize) -> Option<f64> {
    let place = column * POINTS / columns.max(1);
    // Fewer points than an hour stand at the right.
    let missing = POINTS.saturating_sub(slots.len());
    slots.get(place.checked_sub(missing)?).copied().flatten()
}

fn height(value: f64, top: f64, lines: u16) -> u16 {
    let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
    let wanted = (share * f64::from(lines.saturating_sub(1))).round();
    (0..lines).rev().find(|line| f64::from(*line) <= wanted).unwrap_or(0)
}

/// The next of 1, 2, 5, 10, 20, 50, … that is not smaller.
fn round_up(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let unit = 10f64.powf(value.log10().floor());
    let wanted = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].into_iter().find(|m| m * unit >= value);
    wanted.unwrap_or(10.0) * unit
}

/// A scale that ends where its own label would read as nothing ends higher: what is that small lies flat.
fn legible(top: f64, label: &dyn Fn(f64) -> String) -> f64 {
    let tells = |top: f64| label(top).contains(|c| ('1'..='9').contains(&c));
    std::iter::successors(Some(top), |top| Some(round_up(top * 1.5)))
        .take(40)
        .find(|top| tells(*top))
        .unwrap_or(top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        let words = [0.0, 1.0, 4.2, 47.0, 612.0, f64::NAN].map(|v| round_up(v).to_string());
        assert_eq!(words, ["1", "1", "5", "50", "800", "1"]);
    }

    #[test]
    fn no_scale_ends_at_what_its_label_calls_nothing() {
        let percent = |value: f64| if value <= 0.0 { "0%".to_owned() } else { format!("{value:.1}%") };
        assert_eq!(percent(legible(0.02, &percent)), "0.1%");
        assert_eq!(percent(legible(4.0, &percent)), "4.0%");
        assert_eq!(legible(0.5, &|_| "none".into()).to_bits(), 0.5f64.to_bits());
    }

    #[test]
    fn the_newest_number_stands_at_the_right_edge() {
        let slots = [Some(1.0), None, Some(3.0)];
        assert_eq!(sample(&slots, 119, 120), Some(3.0));
        assert_eq!(sample(&slots, 117, 120), None);
        assert_eq!(sample(&slots, 0, 120), None);
    }
}
