//! Draws state. Nothing here changes anything or waits.

pub mod banner;
pub mod charts;
mod choices;
pub mod detail;
mod dialog;
pub mod footer;
mod header;
pub(super) mod headline;
mod logs;
mod logs_dialog;
pub mod overlay;
mod pane;
pub mod panel;
pub mod panes;
mod plan;
mod question;
pub mod run;
pub mod step;
pub mod timeline;
pub mod top;
pub mod triage;
pub mod work;

pub(super) use question::lines as question_lines;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::layout::{self, Areas};
use super::state::State;
use super::table::Piece;
use super::theme::Scope;
use super::widgets::ascii;
use super::widgets::table::TableWidget;
use super::widgets::text::Pen;

/// Draws the whole screen.
pub fn draw(frame: &mut Frame, state: &State) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    buffer.set_style(area, state.look.theme.style(Scope::Text));
    // The frame may have another size than the state until the resize has come through.
    match layout::areas(state)
        .filter(|areas| areas.footer.bottom() <= area.bottom() && areas.footer.width <= area.width)
    {
        Some(areas) => draw_parts(buffer, state, &areas),
        None => too_small(buffer, state),
    }
    if state.preferences.ascii {
        ascii::translate(buffer);
    }
}

fn draw_parts(buffer: &mut Buffer, state: &State, areas: &Areas) {
    header::draw(buffer, areas.header, state);
    if let Some(area) = areas.banner {
        banner::draw(buffer, area, state);
    }
    if let Some(area) = areas.headline {
        headline::draw(buffer, area, state);
    }
    if let Some(area) = areas.top {
        top::draw(buffer, area, state);
    }
    let widget = TableWidget {
        table: &state.table,
        view: state.views.get(state.screen()),
        theme: &state.look.theme,
        marks: &state.shelf.marks,
    };
    if let Some(grid) = charts::grid(state) {
        charts::draw(buffer, areas.rows, state, &grid);
    } else if !panes::fills(state) {
        if let Some(area) = areas.titles {
            widget.titles(buffer, area);
        }
        widget.rows(buffer, areas.rows);
    }
    if let (Some(area), super::screen::Screen::Triage(_)) = (areas.panel, state.screen()) {
        triage::draw(buffer, area, state);
    } else if let (Some(area), super::screen::Screen::Timeline(_)) = (areas.panel, state.screen()) {
        timeline::draw(buffer, area, state);
    } else if state.work().is_some() {
        work::draw(buffer, areas, state);
    } else if panes::is_here(state) && panes::count(state) > 0 {
        panes::draw(buffer, state, areas.rows, areas.panel);
    } else if let Some(area) = areas.panel {
        panel::draw(buffer, area, state);
    }
    if let Some(area) = areas.detail {
        detail::draw(buffer, area, state);
    }
    footer::draw(buffer, areas.footer, state);
    let below =
        Rect { y: areas.header.bottom(), height: areas.footer.y - areas.header.bottom(), ..areas.header };
    overlay::draw(buffer, below, state);
}

/// What is said when nothing else fits.
fn too_small(buffer: &mut Buffer, state: &State) {
    let area = buffer.area;
    let pen = Pen::new(&state.look.theme, Scope::Text);
    let say = |text: &str| [Piece::new(text, Scope::Text)];
    let wanted = format!("Please make this {}×{} or larger.", layout::MIN_WIDTH, layout::MIN_HEIGHT);
    pen.write(buffer, (area.x, area.y), area.width, &say(&wanted));
    if area.height > 1 {
        let badges = header::badge_words(state).join(" ");
        pen.write(buffer, (area.x, area.y + 1), area.width, &say(&badges));
    }
}

#[cfg(test)]
pub(crate) mod tests;
