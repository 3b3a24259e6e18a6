//! Builds each screen's table from the snapshot. Pure.

mod balancer;
pub(super) mod cells;
pub(super) mod charts;
mod database;
mod empty;
mod facts;
mod fleet;
mod group;
mod history;
mod measured;
mod pages;
mod past;
mod plan;
mod queues;
mod run;
mod server;
mod servers;
pub(super) mod services;
mod state_of;
mod timeline;
mod triage;
pub(super) mod work;

use super::screen::{Page, Screen};
use super::state::State;
use super::table::Table;
use super::widgets::columns;

pub use servers::CPU;
pub use state_of::severity_of;
pub use timeline::id as timeline_id;
pub use work::{left_words, state_of as step_state};

/// The table of the current screen.
#[must_use]
pub fn build(state: &State) -> Table {
    let then = state.past.as_ref().and_then(|as_of| past::build(as_of, state.screen()));
    if let Some(mut table) = then {
        table.content_widths = columns::measure(&table);
        return table;
    }
    let mut table = match state.screen() {
        Screen::Fleet => fleet::build(state),
        Screen::Environment { name, page: Page::Servers } => servers::build(state, name),
        Screen::Environment { name, page: Page::LoadBalancer } => balancer::build(state, name),
        Screen::Environment { name, page: Page::Group } => group::build(state, name),
        Screen::Environment { name, page: Page::Database } => database::build(state, name),
        Screen::Environment { name, page: Page::Queues } => queues::build(state, name),
        Screen::Environment { name, page: Page::Charts } => charts::build(state, name),
        Screen::Environment { name, page: Page::Runs } => history::build(state, name),
        Screen::Plan(ticket) => match state.desk.sheet(*ticket) {
            Some(sheet) => plan::build(state, sheet),
            None => gone("◌ This plan is no longer kept here.\nGo back and plan it anew."),
        },
        Screen::Work(ticket) => match state.desk.work(*ticket) {
            Some(work) => work::build(state, work),
            None => gone("◌ This run is no longer kept here.\nThe runs of its environment list it."),
        },
        Screen::Triage(name) => triage::build(state, name),
        Screen::Timeline(name) => timeline::build(state, name),
        Screen::Server { id, .. } => server::build(state, id),
        Screen::Logs(_) => Table {
            empty: "◌ These logs are no longer kept here.\nGo back to the servers and follow them anew."
                .into(),
            ..Table::default()
        },
        Screen::Run(ticket) => state.shelf.run(*ticket).map(|run| run::build(state, run)).unwrap_or_default(),
    };
    table.content_widths = columns::measure(&table);
    table
}

fn gone(words: &str) -> Table {
    Table { empty: words.to_owned(), ..Table::default() }
}
