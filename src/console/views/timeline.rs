//! Around the list of what happened: numbers over time above it, and under it the selected entry, with how it stood then.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::chronicle::Chronicle;
use crate::console::screen::Screen;
use crate::console::state::State;
use crate::console::table::{Piece, RowId};
use crate::console::tables::{cells, timeline_id};
use crate::console::theme::Scope;
use crate::console::widgets::message::wrap;
use crate::console::widgets::spark;
use crate::console::widgets::text::Pen;
use crate::fleet::text::{one_line, sentences};
use crate::fleet::{EnvironmentName, Series, Severity, words};
use crate::timeline::{Entry, Number, stood};

/// Cells of the words before each line.
const LABEL: usize = 9;
/// The fewest lines of the list, where there is room for both.
const LIST: u16 = 5;
/// So much time the charts show.
const SHOWN: SignedDuration = SignedDuration::from_hours(3);
/// Cells of a chart's name, and of its number.
const NAME: usize = 17;
const VALUE: usize = 9;
/// The most and the fewest cells of a chart.
const CELLS: (usize, usize) = (90, 10);

/// What was read of the environment on the screen.
fn chronicle(state: &State) -> Option<&Chronicle> {
    let Screen::Timeline(name) = state.screen() else { return None };
    state.chronicles.of(name)?.as_ref().ok().map(AsRef::as_ref)
}

/// The entry under the cursor, on the screen of the timeline.
#[must_use]
pub fn selected(state: &State) -> Option<(&Chronicle, &Entry)> {
    let chronicle = chronicle(state)?;
    let RowId::Line(line) = state.views.get(state.screen())?.cursor.as_ref()? else { return None };
    let entry = chronicle.timeline.entries.iter().find(|entry| timeline_id(entry) == *line)?;
    Some((chronicle, entry))
}

/// How many of so many lines the selected entry takes; none on other screens. The list keeps half.
#[must_use]
pub fn lines_below(state: &State, room: u16) -> Option<u16> {
    let Screen::Timeline(_) = state.screen() else { return None };
    let rows = u16::try_from(state.table.rows.len()).unwrap_or(u16::MAX);
    if rows == 0 {
        return Some(0);
    }
    Some(room.saturating_sub(rows.min((room / 2).max(LIST))))
}

/// The headline: since when somebody looked, and how much was seen.
#[must_use]
pub fn headline(state: &State, name: &EnvironmentName) -> Vec<Piece> {
    let Some(told) = state.chronicles.of(name) else {
        return vec![Piece::new("◌ reading", Scope::Severity(Severity::Unknown))];
    };
    let Ok(chronicle) = told else {
        return vec![Piece::new("✖ cannot be read", Scope::Severity(Severity::Down))];
    };
    let timeline = &chronicle.timeline;
    let gaps = timeline.gaps().count();
    let mut pieces = vec![Piece::new("the last 24 hours", Scope::TextStrong)];
    let recorded = match timeline.recorded {
        Some(at) => format!("  · recorded since {}", at.strftime("%m-%d %H:%M UTC")),
        None => "  · nobody has recorded anything".to_owned(),
    };
    pieces.push(Piece::new(recorded, Scope::TextDim));
    if gaps > 0 {
        let words = format!(" · ◌ {}", cells::count(gaps, "gap"));
        pieces.push(Piece::new(words, Scope::Severity(Severity::Unknown)));
    }
    pieces
}

/// How many charts there is room for beside the list: none on a small screen.
const fn most(height: u16) -> usize {
    match height {
        ..18 => 0,
        18..30 => 4,
        30..45 => 6,
        _ => 9,
    }
}

/// Numbers that have been written down in the time that is shown.
fn numbers(state: &State) -> impl Iterator<Item = Number> {
    let chronicle = chronicle(state);
    let recent = move |number: &Number| {
        let until = chronicle?.timeline.until;
        let points = chronicle?.recording.number(*number)?;
        points.range(until.checked_sub(SHOWN).ok()?..=until).next()
    };
    Number::ALL.into_iter().filter(move |number| recent(number).is_some()).take(most(state.size.1))
}

/// How many lines the charts take, with the one below that tells the moment.
#[must_use]
pub fn lines_above(state: &State) -> u16 {
    let charts = u16::try_from(numbers(state).count()).unwrap_or(0);
    let narrow = usize::from(state.size.0) < NAME + VALUE + 5 + CELLS.1;
    if charts == 0 || narrow { 0 } else { charts + 1 }
}

/// The charts above the list: a line each, and when the selected entry was.
#[must_use]
pub fn charts(state: &State, width: u16) -> Vec<Vec<Piece>> {
    let Some(chronicle) = chronicle(state) else { return Vec::new() };
    let cells = usize::from(width).saturating_sub(NAME + VALUE + 5).min(CELLS.0);
    if cells < CELLS.1 {
        return Vec::new();
    }
    let until = chronicle.timeline.until;
    let span = Span { from: until.checked_sub(SHOWN).unwrap_or(until), until, cells };
    let moment = selected(state).map(|(_, entry)| entry.at);
    let mut lines = Vec::new();
    for number in numbers(state) {
        let Some(points) = chronicle.recording.number(number) else { continue };
        let inside = points.range(span.from..=until);
        let series = span.series(inside.map(|(at, value)| (*at, *value)));
        let then = chronicle.recording.number_at(number, moment.unwrap_or(until));
        let limits = number.limits(&state.preferences.thresholds);
        let severity = then.map_or(Severity::Unknown, |value| spark::judge(value, limits));
        let value = then.map_or_else(|| "?".to_owned(), |value| number.shown(value));
        let mut line = vec![
            Piece::new(format!("{:<NAME$}", number.word()), Scope::TextDim),
            Piece::new(format!("{value:>VALUE$}  "), cells::said(severity)),
        ];
        let missing = missing(&series, until);
        let bars = spark::bars(&series, cells, missing, limits, None);
        // What was recorded for a part of the time only stands over that part of the axis.
        let drawn: usize = bars.iter().map(|piece| piece.text.chars().count()).sum();
        line.push(Piece::new(" ".repeat(cells.saturating_sub(drawn)), Scope::Chart));
        line.extend(bars);
        lines.push(line);
    }
    if !lines.is_empty() {
        lines.push(span.axis(moment));
    }
    lines
}

/// The stretch of time that the charts show.
struct Span {
    from: Timestamp,
    until: Timestamp,
    cells: usize,
}

impl Span {
    fn seconds(&self) -> u64 {
        let all = u64::try_from(SHOWN.as_secs()).unwrap_or(1);
        (all / u64::try_from(self.cells).unwrap_or(1)).max(1)
    }

    /// In which cell a moment is.
    fn cell(&self, at: Timestamp) -> Option<usize> {
        let since = u64::try_from(at.duration_since(self.from).as_secs()).ok()?;
        usize::try_from(since / self.seconds()).ok().filter(|cell| *cell <= self.cells)
    }

    /// A number, a mean for each cell.
    #[allow(clippy::cast_precision_loss)] // a few points
    fn series(&self, points: impl Iterator<Item = (Timestamp, f64)>) -> Series {
        let mut all: Vec<(f64, usize)> = vec![(0.0, 0); self.cells + 1];
        for (at, value) in points {
            if let Some(cell) = self.cell(at).and_then(|cell| all.get_mut(cell)) {
                *cell = (cell.0 + value, cell.1 + 1);
            }
        }
        let period = SignedDuration::from_secs(i64::try_from(self.seconds()).unwrap_or(1));
        let mut at = self.from;
        let mut series = Series { period: Duration::from_secs(self.seconds()), points: Vec::new() };
        for (sum, count) in all {
            if count > 0 {
                series.points.push((at, sum / count as f64));
            }
            at = at.checked_add(period).unwrap_or(self.until);
        }
        series
    }

    /// The line under the charts: how far back they reach, and the moment that is selected.
    fn axis(&self, moment: Option<Timestamp>) -> Vec<Piece> {
        let mark = moment.and_then(|at| self.cell(at)).map(|cell| cell.min(self.cells.saturating_sub(1)));
        let label = moment.map_or_else(String::new, |at| at.strftime("%H:%M:%S").to_string());
        let mut pieces = vec![Piece::new(format!("{:<NAME$}{label:>VALUE$}  ", "at"), Scope::TextDim)];
        match mark {
            Some(cell) => {
                pieces.push(Piece::new("─".repeat(cell), Scope::ChartAxis));
                pieces.push(Piece::new("▲", Scope::Key));
                pieces.push(Piece::new("─".repeat(self.cells - cell - 1), Scope::ChartAxis));
            }
            None => pieces.push(Piece::new("─".repeat(self.cells), Scope::ChartAxis)),
        }
        pieces
    }
}

/// How many cells at the end have no number.
fn missing(series: &Series, until: Timestamp) -> usize {
    let period = i64::try_from(series.period.as_secs()).unwrap_or(1).max(1);
    let last = series.points.last().map_or(0, |(at, _)| until.duration_since(*at).as_secs());
    usize::try_from(last / period).unwrap_or(0).saturating_sub(1)
}

/// Everything about the selected entry, and how it stood then, in so many cells.
#[must_use]
pub fn lines(state: &State, width: u16) -> Vec<Vec<Piece>> {
    let Some((chronicle, entry)) = selected(state) else { return Vec::new() };
    let mut page = Page { lines: Vec::new(), width };
    let when = entry.at.strftime("%Y-%m-%d %H:%M:%S UTC");
    let until = entry.until.map_or_else(String::new, |until| {
        let lasted = words::seconds(until.duration_since(entry.at).as_secs_f64());
        format!(" until {} ({lasted})", until.strftime("%H:%M:%S"))
    });
    let after = entry.after.map_or_else(String::new, |after| {
        format!(", or any time since {}: nobody looked", after.strftime("%H:%M:%S"))
    });
    page.add("when", &format!("{when}{until}{after} ({})", entry.source), Scope::TextDim);
    for (n, text) in entry.evidence.iter().enumerate() {
        page.add(if n == 0 { "because" } else { "" }, text, Scope::Text);
    }
    let then = stood(&chronicle.recording, entry.at);
    if then.is_empty() {
        page.add("then", "how it stood is not known: nobody looked", Scope::Severity(Severity::Unknown));
    }
    for (n, (severity, text)) in then.iter().enumerate() {
        let words = format!("{} {text}", severity.glyph());
        let scope = if *severity == Severity::Ok { Scope::Text } else { cells::said(*severity) };
        page.add(if n == 0 { "then" } else { "" }, &words, scope);
    }
    page.lines
}

/// A growing list of lines.
struct Page {
    lines: Vec<Vec<Piece>>,
    width: u16,
}

impl Page {
    fn add(&mut self, label: &str, text: &str, scope: Scope) {
        let room = self.width.saturating_sub(u16::try_from(LABEL).unwrap_or(0) + 2);
        for (n, line) in wrap(&sentences(text), room).into_iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            self.lines
                .push(vec![Piece::new(format!("{label:<LABEL$}"), Scope::TextDim), Piece::new(line, scope)]);
        }
    }
}

/// Draws it, after a line between.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State) {
    let Some((_, entry)) = selected(state) else { return };
    let title = [
        Piece::new("── ", Scope::ChartAxis),
        cells::glyph(entry.severity),
        Piece::new(one_line(&entry.title), Scope::TextStrong),
    ];
    let all = lines(state, area.width.saturating_sub(2));
    let pen = Pen::new(&state.look.theme, Scope::Text);
    pen.write(buffer, (area.x + 1, area.y), area.width.saturating_sub(2), &title);
    super::triage::draw_lines(buffer, area, state, &all);
}
