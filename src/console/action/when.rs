//! Whether an action would do something just now.

use crate::console::screen::Screen;
use crate::console::state::State;
use crate::console::table::RowId;
use crate::console::work::{NoPlan, Sheet, Stage, Work};
use crate::engine::run::Again;
use crate::operation::{OPERATIONS, Operation};

pub(super) fn always(_: &State) -> bool {
    true
}

pub(super) fn has_rows(state: &State) -> bool {
    !state.table.rows.is_empty()
}

pub(super) fn has_columns(state: &State) -> bool {
    !state.table.columns.is_empty()
}

pub(super) fn has_themes(state: &State) -> bool {
    state.look.themes.len() > 1
}

pub(super) fn is_sorted(state: &State) -> bool {
    state.view().sort.is_some()
}

pub(super) fn can_open(state: &State) -> bool {
    state.opens().is_some()
        || state.run().is_some_and(|run| !run.zoomed)
        || state.work().is_some_and(|work| !work.printers.zoomed)
}

pub(super) fn can_close(state: &State) -> bool {
    state.overlay.is_some() || !state.view().filter.is_empty() || off_fleet(state)
}

pub(super) fn can_go_back(state: &State) -> bool {
    state.trail.at > 0
}

pub(super) fn can_go_forward(state: &State) -> bool {
    state.trail.at + 1 < state.trail.screens.len()
}

pub(super) fn off_fleet(state: &State) -> bool {
    *state.screen() != Screen::Fleet
}

pub(super) fn on_environment(state: &State) -> bool {
    matches!(state.screen(), Screen::Environment { .. })
}

pub(super) fn has_subject(state: &State) -> bool {
    state.subject().is_some()
}

pub(super) fn has_address(state: &State) -> bool {
    match state.subject() {
        Some(RowId::Server(id)) => state.snapshot.server(&id).is_some_and(|s| s.address().is_some()),
        _ => false,
    }
}

pub(super) fn has_server(state: &State) -> bool {
    matches!(state.subject(), Some(RowId::Server(_)))
}

pub(super) fn has_runs(state: &State) -> bool {
    let here = state.run_screens();
    here.iter().any(|screen| screen != state.screen())
        || (here.is_empty() && state.desk.open().next().is_some())
}

pub(super) fn has_panes(state: &State) -> bool {
    state.run().is_some() || state.logs().is_some() || has_printers(state)
}

pub(super) fn has_needle(state: &State) -> bool {
    state.run().is_some_and(|run| !run.looks.needle.is_empty())
        || state.logs().is_some_and(|logs| !logs.looks.needle.is_empty())
        || state.work().is_some_and(|work| !work.printers.looks.needle.is_empty())
}

pub(super) fn has_several(state: &State) -> bool {
    state.run().is_some_and(|run| run.members.len() > 1)
        || state.work().is_some_and(|work| work.printers.all.len() > 1)
}

pub(super) fn goes_on(state: &State) -> bool {
    state.run().is_some_and(|run| !run.is_over())
        || state.work().is_some_and(crate::console::work::Work::can_be_cancelled)
}

pub(super) fn has_key_question(state: &State) -> bool {
    crate::console::reduce::key_question(state).is_some()
}

pub(super) fn has_link(state: &State) -> bool {
    crate::console::links::of_state(state).is_ok()
}

fn has_printers(state: &State) -> bool {
    state.work().is_some_and(|work| !work.printers.all.is_empty())
}

/// The environment in which an operation would be planned, where that can be done from this console.
fn workplace(state: &State) -> bool {
    state.desk.can_change
        && crate::console::reduce::about(state).is_some_and(|(name, _)| !state.is_read_only(&name))
}

pub(super) fn can_operate(state: &State) -> bool {
    workplace(state)
}

pub(super) fn can_deploy(state: &State) -> bool {
    workplace(state) && operations("deploy").next().is_some()
}

pub(super) fn can_roll_back(state: &State) -> bool {
    workplace(state) && operations("rollback").next().is_some()
}

fn operations(word: &str) -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().filter(move |operation| operation.name.starts_with(word))
}

pub(super) fn has_plan(state: &State) -> bool {
    state.sheet().is_some_and(|sheet| sheet.stage != Stage::Planning)
}

fn has_ready_plan(state: &State) -> bool {
    state.sheet().is_some_and(|sheet| sheet.plan().is_some())
}

/// Something whose details can be shown.
pub(super) fn has_detail(state: &State) -> bool {
    has_ready_plan(state) || has_finding(state) || crate::console::views::timeline::selected(state).is_some()
}

pub(super) fn has_finding(state: &State) -> bool {
    crate::console::views::triage::selected(state).is_some()
}

pub(super) fn can_triage(state: &State) -> bool {
    !matches!(state.screen(), Screen::Triage(_)) && crate::console::reduce::about(state).is_some()
}

pub(super) fn can_see_timeline(state: &State) -> bool {
    !matches!(state.screen(), Screen::Timeline(_)) && crate::console::reduce::about(state).is_some()
}

pub(super) fn can_begin(state: &State) -> bool {
    let refused = |sheet: &Sheet| match &sheet.stage {
        Stage::Refused(NoPlan { word, lacks, .. }) => word.is_some() || !lacks.is_empty(),
        _ => false,
    };
    let ready = |sheet: &Sheet| (sheet.plan().is_some() || refused(sheet)) && !sheet.beginning;
    state.sheet().is_some_and(|sheet| ready(sheet) && !state.is_read_only(&sheet.wish.environment))
}

pub(super) fn can_resume(state: &State) -> bool {
    can_again(state, false)
}

pub(super) fn can_undo(state: &State) -> bool {
    can_again(state, true)
}

fn can_again(state: &State, undo: bool) -> bool {
    let can = |work: &Work| {
        !state.is_read_only(&work.environment) && matches!(work.again(undo), Again::Forward | Again::Back(_))
    };
    state.desk.can_change && state.work().is_some_and(can)
}

pub(super) fn can_save(state: &State) -> bool {
    has_panes(state) || has_ready_plan(state)
}

pub(super) fn has_moment(state: &State) -> bool {
    crate::console::views::timeline::selected(state).is_some()
}

pub(super) fn in_past(state: &State) -> bool {
    state.past.is_some()
}
