//! The screen of the timeline: going there, reading it again while it is seen, and opening what an entry is of.

use std::sync::Arc;

use super::{dialog, navigation, refresh, toast, work};
use crate::console::action::Action;
use crate::console::chronicle::Chronicle;
use crate::console::event::Effect;
use crate::console::screen::{Page, Screen};
use crate::console::state::{Overlay, State};
use crate::console::table::RowId;
use crate::console::views::timeline::selected;
use crate::engine::RunId;
use crate::fleet::{EnvironmentName, Severity};
use crate::timeline::About;

/// To what happened in the environment that is selected.
pub fn visit(state: &mut State) -> Vec<Effect> {
    state.overlay = None;
    let Some((name, _)) = dialog::about(state) else {
        toast::show(state, "Select an environment to see what happened there", Severity::Unknown);
        return Vec::new();
    };
    navigation::visit(state, Screen::Timeline(name.clone()));
    ask(state, &name, true)
}

/// Asks for it to be read, where that is due.
fn ask(state: &mut State, name: &EnvironmentName, anyway: bool) -> Vec<Effect> {
    let (now, speed) = (state.now, state.speed);
    let due = state.chronicles.ask(name, now, speed, anyway);
    if due { vec![Effect::Timeline(name.clone())] } else { Vec::new() }
}

/// Something new was read of the fleet: what is on the screen is read again, too.
pub fn again(state: &mut State) -> Vec<Effect> {
    match state.screen().clone() {
        Screen::Timeline(name) => ask(state, &name, false),
        _ => Vec::new(),
    }
}

/// It was read.
pub fn told(state: &mut State, name: EnvironmentName, told: Result<Arc<Chronicle>, String>) -> Vec<Effect> {
    state.chronicles.take(name, told);
    state.dirty = true;
    refresh::rebuild(state);
    Vec::new()
}

/// An action on this screen. `None`: it is as on every screen.
pub fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let Screen::Timeline(name) = state.screen() else { return None };
    let name = name.clone();
    match action {
        Action::Detail => {
            if selected(state).is_some() {
                state.overlay = Some(Overlay::Detail { top: 0 });
            }
            Some(Vec::new())
        }
        Action::Open => Some(open(state, name)),
        _ => None,
    }
}

/// Opens what the selected entry is of.
fn open(state: &mut State, environment: EnvironmentName) -> Vec<Effect> {
    let Some(about) = selected(state).map(|(_, entry)| entry.about.clone()) else { return Vec::new() };
    let page = |page| Screen::Environment { name: environment.clone(), page };
    match about {
        About::Environment => navigation::visit(state, page(Page::Servers)),
        About::Group => navigation::visit(state, page(Page::Group)),
        About::LoadBalancer(_) => navigation::visit(state, page(Page::LoadBalancer)),
        About::Server(id) => {
            let screen = state.server_screen(&id);
            navigation::visit(state, screen);
        }
        About::Finding(key) => {
            let is_there = state
                .triage_of(&environment)
                .is_some_and(|triage| triage.findings.iter().any(|finding| finding.key.to_string() == key));
            navigation::visit(state, Screen::Triage(environment));
            navigation::select_id(state, &RowId::Line(key));
            if !is_there {
                toast::show(state, "It is over: this is what is wrong now", Severity::Idle);
            }
            return refresh::judge(state);
        }
        About::Run(id) => {
            let effects = RunId::parse(&id).map(|id| work::open(state, &id)).unwrap_or_default();
            if let Screen::Timeline(_) = state.screen() {
                toast::show(state, format!("Run {id} is not kept on this machine any more"), Severity::Idle);
            }
            return effects;
        }
    }
    Vec::new()
}
