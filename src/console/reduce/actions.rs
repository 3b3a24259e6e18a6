//! What every action does: one arm each.

use super::navigation::{self, Step};
use super::{
    dialog, filter, lines, logs, news, operate, overlay, past, plan, run, shell, sort, timeline, toast,
    triage, work,
};
use crate::console::action::Action;
use crate::console::event::Effect;
use crate::console::palette::Target;
use crate::console::screen::{Page, Screen};
use crate::console::state::{Overlay, State};
use crate::console::table::RowId;
use crate::console::{command, links};
use crate::fleet::Severity;

/// Does what a key, a click or the palette asks for.
#[allow(clippy::too_many_lines, reason = "an arm for each action")]
pub fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if state.overlay.is_some()
        && let Some(effects) = overlay::act(state, action)
    {
        return effects;
    }
    state.dirty = true;
    if let Some(effects) = past::act(state, action) {
        return effects;
    }
    if action == Action::Open
        && let Some(effects) = work::open_selected(state)
    {
        return effects;
    }
    let own = triage::act(state, action)
        .or_else(|| timeline::act(state, action))
        .or_else(|| plan::act(state, action))
        .or_else(|| work::act(state, action))
        .or_else(|| run::act(state, action));
    if let Some(effects) = own.or_else(|| lines::act(state, action)) {
        return effects;
    }
    match action {
        Action::Open => navigation::open(state),
        Action::Close => close(state),
        Action::Down => navigation::select(state, Step::Rows(1)),
        Action::Up => navigation::select(state, Step::Rows(-1)),
        Action::PageDown => navigation::select(state, Step::Screens(1)),
        Action::PageUp => navigation::select(state, Step::Screens(-1)),
        Action::First => navigation::select(state, Step::First),
        Action::Last => navigation::select(state, Step::Last),
        Action::Filter => filter::open(state),
        Action::Palette => overlay::open_palette(state),
        Action::Help => overlay::toggle(state, Overlay::Help { top: 0 }),
        Action::Problems => overlay::toggle(state, Overlay::Problems { top: 0 }),
        Action::Freshness => overlay::toggle(state, Overlay::Freshness { top: 0 }),
        Action::SortNext => sort::step(state, true),
        Action::SortPrevious => sort::step(state, false),
        Action::SortReverse => sort::reverse(state),
        Action::SortNatural => sort::natural(state),
        Action::Back => leave_overlay(state, navigation::back),
        Action::Forward => leave_overlay(state, navigation::forward),
        Action::Fleet => leave_overlay(state, |state| navigation::visit(state, Screen::Fleet)),
        Action::PageServers => navigation::page(state, Page::Servers),
        Action::PageLoadBalancer => navigation::page(state, Page::LoadBalancer),
        Action::PageGroup => navigation::page(state, Page::Group),
        Action::PageDatabase => navigation::page(state, Page::Database),
        Action::PageQueues => navigation::page(state, Page::Queues),
        Action::PageCharts => navigation::page(state, Page::Charts),
        Action::PageRuns => {
            navigation::page(state, Page::Runs);
            return vec![Effect::History];
        }
        Action::NextPage => navigation::turn_page(state, true),
        Action::PreviousPage => navigation::turn_page(state, false),
        Action::NextTheme => next_theme(state),
        Action::CopyId => return copy(state, id(state)),
        Action::CopyAddress => return copy(state, address(state)),
        Action::CopyCommand => return copy(state, Ok(command::of_state(state))),
        Action::CopyLink => return browse(state),
        Action::Refresh => {
            toast::show(state, "Reading everything again", Severity::Ok);
            return vec![Effect::Refresh];
        }
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return news::suspend(state),
        Action::Quit => return news::quit(state),
        Action::Operate => return operate::open(state, ""),
        Action::Deploy => return operate::open(state, "deploy"),
        Action::Rollback => return operate::open(state, "rollback"),
        Action::Exec => leave_overlay(state, dialog::open),
        Action::Logs => leave_overlay(state, logs::open),
        Action::Shell => return shell::ask(state),
        Action::HostKey => shell::ask_key(state),
        Action::Mark => mark(state),
        Action::Runs => return runs(state),
        Action::Triage => return triage::visit(state),
        Action::Timeline => return timeline::visit(state),
        // These are for the screens of plans, runs and triage, and for dialogs.
        Action::Do1
        | Action::Do2
        | Action::AsOf
        | Action::Earlier
        | Action::Later
        | Action::Now
        | Action::Do3
        | Action::Do4
        | Action::Do5
        | Action::Do6
        | Action::Do7
        | Action::Do8
        | Action::Do9
        | Action::Acknowledge
        | Action::Snooze
        | Action::Note
        | Action::Begin
        | Action::PlanAgain
        | Action::Detail
        | Action::Resume
        | Action::Undo
        | Action::Follow
        | Action::Search
        | Action::SearchNext
        | Action::SearchPrevious
        | Action::Narrow
        | Action::OnlyErrors
        | Action::Level
        | Action::Wrap
        | Action::Timestamps
        | Action::Zoom
        | Action::View
        | Action::Next
        | Action::Previous
        | Action::Save
        | Action::CopyLine
        | Action::CopySeen
        | Action::CopyAll
        | Action::Cancel => {}
    }
    Vec::new()
}

/// Does what an entry of the palette says.
pub fn follow(state: &mut State, target: Target) -> Vec<Effect> {
    match target {
        Target::Action(action) => return act(state, action),
        Target::Environment(name) => {
            let screen = state.environment_screen(&name);
            navigation::visit(state, screen);
        }
        Target::Server(id) => {
            let screen = state.server_screen(&id);
            navigation::visit(state, screen);
        }
        Target::Theme(name) => use_theme(state, &name),
        Target::Run(screen) => navigation::visit(state, screen),
    }
    Vec::new()
}

fn leave_overlay(state: &mut State, go: impl FnOnce(&mut State)) {
    state.overlay = None;
    go(state);
}

/// The filter goes first, then one level up. On the fleet there is nothing left to close.
fn close(state: &mut State) {
    if state.view().filter.is_empty() {
        navigation::up(state);
    } else {
        filter::drop(state);
    }
}

fn copy(state: &mut State, text: Result<String, &'static str>) -> Vec<Effect> {
    match text {
        Ok(text) => {
            toast::show(state, format!("Copied: {text}"), Severity::Ok);
            vec![Effect::Copy(text)]
        }
        Err(why) => {
            toast::show(state, why, Severity::Unknown);
            Vec::new()
        }
    }
}

/// The address is copied in any case: the browser may be on another machine.
fn browse(state: &mut State) -> Vec<Effect> {
    let link = links::of_state(state);
    let address = link.clone();
    let mut effects = copy(state, link);
    effects.extend(address.ok().map(Effect::Browse));
    effects
}

fn id(state: &State) -> Result<String, &'static str> {
    match state.subject() {
        Some(RowId::Environment(name)) => Ok(name.as_str().to_owned()),
        Some(RowId::Server(id)) => Ok(id.as_str().to_owned()),
        Some(RowId::Line(_)) | None => Err("Nothing is selected that has an id"),
    }
}

fn address(state: &State) -> Result<String, &'static str> {
    let Some(RowId::Server(id)) = state.subject() else {
        return Err("Select a server to copy its address");
    };
    let server = state.snapshot.server(&id).ok_or("This server was not read yet")?;
    server.address().map(str::to_owned).ok_or("This server has no address")
}

/// Marks the selected server, or takes its mark away, and goes on to the next.
fn mark(state: &mut State) {
    let Some(RowId::Server(id)) = state.subject() else { return };
    let marks = &mut state.shelf.marks;
    if !marks.remove(&id) {
        marks.insert(id);
    }
    navigation::select(state, Step::Rows(1));
}

/// To the newest run that goes on, or else the newest; from a run to the one before it.
fn runs(state: &mut State) -> Vec<Effect> {
    let all = state.run_screens();
    let next = match all.iter().position(|screen| screen == state.screen()) {
        Some(here) => all.get(here + 1).or_else(|| all.first()),
        None => all.iter().find(|screen| goes_on(state, screen)).or_else(|| all.first()),
    };
    if let Some(screen) = next.cloned() {
        leave_overlay(state, |state| navigation::visit(state, screen));
        return Vec::new();
    }
    // Nothing was run from here yet; what another console has left open is what one looks for.
    let open = state.desk.open().next().map(|past| past.id.clone());
    if let Some(open) = open {
        state.overlay = None;
        return super::work::open(state, &open);
    }
    toast::show(state, "No command has been run from this console yet", Severity::Idle);
    Vec::new()
}

fn goes_on(state: &State, screen: &Screen) -> bool {
    match screen {
        Screen::Run(ticket) => state.shelf.going_on().any(|run| run.ticket == *ticket),
        Screen::Work(ticket) => state.desk.going_on().any(|work| work.ticket == *ticket),
        _ => false,
    }
}

fn next_theme(state: &mut State) {
    let themes = &state.look.themes;
    let at = themes.iter().position(|t| t.name == state.look.theme.name);
    let next = at.map_or(0, |at| (at + 1) % themes.len());
    if let Some(name) = themes.get(next).map(|t| t.name.clone()) {
        use_theme(state, &name);
    }
}

fn use_theme(state: &mut State, name: &str) {
    if let Some(theme) = state.look.themes.iter().find(|t| t.name == name) {
        state.look.theme = theme.clone();
        state.chosen_theme = Some(name.to_owned());
        toast::show(state, format!("Theme: {name}"), Severity::Ok);
    }
}
