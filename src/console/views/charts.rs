//! The environment's charts, side by side, with those that do not fit a scroll away.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::screen::{Page, Screen};
use crate::console::state::State;
use crate::console::table::Piece;
use crate::console::tables::cells;
use crate::console::tables::charts::{Kind, chart, kinds_of, row_id};
use crate::console::theme::Scope;
use crate::console::widgets::chart::Chart;
use crate::console::widgets::text::Pen;
use crate::console::widgets::{placing, spark};

/// The fewest columns and lines of a screen that draws charts; smaller ones list them.
const LEAST: (u16, u16) = (60, 20);
/// The fewest and most lines of a chart, its title counted.
const LINES: (u16, u16) = (7, 16);

/// How charts stand on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    columns: u16,
}

/// The grid, where charts are drawn as such; `None` elsewhere.
#[must_use]
pub fn grid(state: &State) -> Option<Grid> {
    let on_charts = matches!(state.screen(), Screen::Environment { page: Page::Charts, .. });
    let (width, height) = state.size;
    if !on_charts
        || state.past.is_some()
        || width < LEAST.0
        || height < LEAST.1
        || state.table.rows.is_empty()
    {
        return None;
    }
    Some(Grid { columns: 1 + u16::from(width >= 100) + u16::from(width >= 180) })
}

impl Grid {
    /// Where each chart that is seen stands, by position in the order.
    #[must_use]
    pub fn places(&self, state: &State, area: Rect) -> Vec<(usize, Rect)> {
        let view = state.views.get(state.screen());
        let order = placing::order(&state.table, view);
        let count = u16::try_from(order.len()).unwrap_or(u16::MAX);
        if count == 0 || area.height == 0 {
            return Vec::new();
        }
        let all = count.div_ceil(self.columns);
        let height = (area.height / all).clamp(LINES.0, LINES.1).min(area.height);
        let seen = (area.height / height).max(1);
        let cursor = view.and_then(|v| placing::cursor(&state.table, v, &order)).unwrap_or(0);
        let line = u16::try_from(cursor).unwrap_or(0) / self.columns;
        let first = line.saturating_sub(seen - 1);
        let width = area.width / self.columns;
        (first * self.columns..count)
            .take(usize::from(seen * self.columns))
            .enumerate()
            .map(|(n, position)| {
                let n = u16::try_from(n).unwrap_or(0);
                let x = area.x + n % self.columns * width;
                let y = area.y + n / self.columns * height;
                (usize::from(position), Rect::new(x, y, width, height))
            })
            .collect()
    }

    /// The chart at a cell, by position in the order.
    #[must_use]
    pub fn hit(&self, state: &State, area: Rect, column: u16, line: u16) -> Option<usize> {
        let at = ratatui::layout::Position::new(column, line);
        self.places(state, area)
            .into_iter()
            .find(|(_, place)| place.contains(at))
            .map(|(position, _)| position)
    }
}

/// Draws the charts.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, grid: &Grid) {
    let Screen::Environment { name, .. } = state.screen() else { return };
    let kinds = kinds_of(state, name);
    let view = state.views.get(state.screen());
    let order = placing::order(&state.table, view);
    for (position, place) in grid.places(state, area) {
        let row = order.get(position).and_then(|n| state.table.rows.get(*n));
        let Some((row, kind)) = row.and_then(|row| Some((row, kinds.iter().find(|k| row_id(k) == row.id)?)))
        else {
            continue;
        };
        let selected = view.is_some_and(|v| v.cursor.as_ref() == Some(&row.id));
        draw_chart(buffer, place, state, kind, selected);
    }
}

/// One chart with its title.
pub fn draw_chart(buffer: &mut Buffer, area: Rect, state: &State, kind: &Kind, selected: bool) {
    let theme = &state.look.theme;
    let pen = Pen { selected, ..Pen::new(theme, Scope::Text) };
    let chart = chart(state, kind);
    let severity = chart.severity();
    let mut title = vec![
        Piece::new(if selected { "› " } else { "  " }, Scope::Key),
        cells::glyph(severity),
        Piece::new(chart.word, Scope::TextStrong),
        Piece::new("  ", Scope::Text),
    ];
    title.push(match &chart.now {
        Ok(value) => Piece::new(chart.shown(*value), cells::said(severity)),
        Err(instead) => instead.clone(),
    });
    title.push(Piece::new(format!("  {}", chart.subject), Scope::TextDim));
    pen.write(buffer, (area.x, area.y), area.width.saturating_sub(2), &title);
    let body = Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(2));
    if let Some(series) = chart.series {
        let label = |value: f64| chart.shown(value);
        // An hour of minutes, however often it was read.
        let series = &spark::condensed(series, 60);
        Chart { series, missing: chart.missing, limits: chart.limits, label: &label }
            .draw(buffer, body, theme);
        return;
    }
    let plain = Pen::new(theme, Scope::Text);
    let words = [Piece::new(chart.empty.as_str(), Scope::TextDim)];
    plain.write(buffer, (body.x + 2, body.y + 1), body.width, &words);
}
