//! Logs: which are followed, since when, and when no longer. What is on the screen is followed, and nothing else.

use crossterm::event::{KeyCode, KeyEvent};

use super::dialog::about;
use super::navigation::{self, Step, target};
use super::{refresh, toast};
use crate::console::action::Action;
use crate::console::dialogs::{LogsDialog, Scope, pick, scopes};
use crate::console::event::Effect;
use crate::console::panes::{FollowWish, Logs, Ticket};
use crate::console::screen::Screen;
use crate::console::state::{Overlay, State};
use crate::fleet::{EnvironmentName, Layout, Severity};

/// Lines of the past of each log.
const PAST: u32 = 50;

/// Asks which logs of what is selected.
pub fn open(state: &mut State) {
    let Some((environment, selected)) = about(state) else {
        toast::show(state, "Select an environment or a server to follow its logs", Severity::Unknown);
        return;
    };
    let mut dialog = LogsDialog {
        scopes: scopes(state, &environment, selected.as_ref()),
        environment,
        scope: 0,
        picked: crate::console::dialogs::Picked::default(),
        logs: Vec::new(),
        chosen: std::collections::BTreeSet::new(),
        sudo: true,
        cursor: 0,
    };
    pick_again(state, &mut dialog);
    state.overlay = Some(Overlay::Logs(Box::new(dialog)));
}

/// Opens it for a scope, with one log chosen, or the usual ones.
pub fn open_with(state: &mut State, environment: EnvironmentName, scope: Scope, log: Option<&str>) {
    let mut dialog = LogsDialog {
        scopes: scopes(state, &environment, None),
        environment,
        scope: 0,
        picked: crate::console::dialogs::Picked::default(),
        logs: Vec::new(),
        chosen: std::collections::BTreeSet::new(),
        sudo: true,
        cursor: 0,
    };
    dialog.scopes.insert(0, scope);
    pick_again(state, &mut dialog);
    let wanted = dialog.logs.iter().map(|(id, _)| id).find(|id| log == Some(id.name().as_str())).cloned();
    if let Some(wanted) = wanted {
        dialog.chosen = [wanted].into();
    }
    state.overlay = Some(Overlay::Logs(Box::new(dialog)));
}

fn layout(state: &State, environment: &EnvironmentName) -> Layout {
    state.topology.environment(environment).map(|place| (*place.layout).clone()).unwrap_or_default()
}

fn pick_again(state: &State, dialog: &mut LogsDialog) {
    let picked = dialog.scope().map(|scope| pick(state, &dialog.environment, scope)).unwrap_or_default();
    let layout = layout(state, &dialog.environment);
    dialog.pick(picked, &layout);
}

/// An action while it is asked. `None`: it is meant for the screen below.
pub fn act(state: &mut State, action: Action, step: Option<Step>) -> Option<Vec<Effect>> {
    let screenful = usize::from(state.size.1.saturating_sub(8)).max(1);
    let Some(Overlay::Logs(dialog)) = &mut state.overlay else { return None };
    state.dirty = true;
    match (action, step) {
        (_, Some(step)) => dialog.cursor = target(dialog.cursor, dialog.last() + 1, screenful, step),
        (Action::Next, _) => dialog.cursor = (dialog.cursor + 1) % (dialog.last() + 1),
        (Action::Previous, _) => {
            dialog.cursor = (dialog.cursor + dialog.last()) % (dialog.last() + 1);
        }
        (Action::Close, _) => state.overlay = None,
        (Action::Open, _) => begin(state),
        _ => return None,
    }
    Some(Vec::new())
}

/// A key that changes what is chosen.
pub fn toggled(state: &mut State, key: KeyEvent) -> Option<Vec<Effect>> {
    let Some(Overlay::Logs(dialog)) = &mut state.overlay else { return None };
    state.dirty = true;
    let forward = match key.code {
        KeyCode::Char(' ') | KeyCode::Right => true,
        KeyCode::Left => false,
        KeyCode::Char('a') => {
            let all = dialog.chosen.len() == dialog.logs.len();
            let ids = dialog.logs.iter().map(|(id, _)| id.clone());
            dialog.chosen = ids.filter(|_| !all).collect();
            return Some(Vec::new());
        }
        _ => return Some(Vec::new()),
    };
    match dialog.cursor {
        0 => {
            let count = dialog.scopes.len().max(1);
            dialog.scope = (dialog.scope + if forward { 1 } else { count - 1 }) % count;
            let mut dialog = dialog.clone();
            pick_again(state, &mut dialog);
            state.overlay = Some(Overlay::Logs(dialog));
        }
        place => match dialog.logs.get(place - 1).map(|(id, _)| id.clone()) {
            Some(id) => dialog.toggle(&id),
            None => dialog.sudo = !dialog.sudo,
        },
    }
    Some(Vec::new())
}

/// Shows the chosen logs; being on the screen they are followed.
fn begin(state: &mut State) {
    let Some(Overlay::Logs(dialog)) = state.overlay.take() else { return };
    let hosts = dialog.hosts(&layout(state, &dialog.environment));
    if hosts.is_empty() {
        let why = if dialog.picked.hosts.is_empty() {
            "None of these servers can be asked"
        } else {
            "Choose at least one log"
        };
        state.overlay = Some(Overlay::Logs(dialog));
        toast::show(state, why, Severity::Unknown);
        return;
    }
    let wish = FollowWish {
        ticket: state.shelf.ticket(),
        environment: dialog.environment.clone(),
        scope: dialog.scope().map(ToString::to_string).unwrap_or_default(),
        hosts,
        past: PAST,
        sudo: dialog.sudo,
        headless: dialog.headless(&state.globals),
    };
    let ticket = wish.ticket;
    state.shelf.add_logs(Logs::new(wish));
    navigation::visit(state, Screen::Logs(ticket));
}

/// What is on the screen now is followed, what was no longer is.
pub fn settle(state: &mut State) -> Vec<Effect> {
    let wanted = state.logs().map(|logs| logs.ticket);
    if wanted == state.shelf.followed {
        return Vec::new();
    }
    let now = state.now;
    let mut effects = Vec::new();
    if let Some(before) = std::mem::replace(&mut state.shelf.followed, wanted) {
        if let Some(logs) = state.shelf.logs_mut(before) {
            logs.stop(now);
        }
        effects.push(Effect::Unfollow(before));
    }
    if let Some(logs) = wanted.and_then(|ticket| state.shelf.logs_mut(ticket)) {
        logs.follow(now);
        effects.push(Effect::Follow(Box::new(logs.wish.clone())));
    }
    state.dirty = true;
    effects
}

/// It could not be begun.
pub fn refused(state: &mut State, ticket: Ticket, why: &str) -> Vec<Effect> {
    let now = state.now;
    if let Some(logs) = state.shelf.logs_mut(ticket) {
        logs.refuse(why, now);
    }
    toast::show(state, format!("Not followed: {why}"), Severity::Down);
    Vec::new()
}

/// Lines that have waited long enough are shown.
pub fn flush(state: &mut State) {
    let now = state.now;
    if let Screen::Logs(ticket) = *state.screen()
        && let Some(logs) = state.shelf.logs_mut(ticket)
    {
        logs.flush(now);
        state.dirty = true;
    }
    refresh::plan_wake(state);
}
