//! Choosing an operation, and telling it what it takes.

use crossterm::event::{KeyCode, KeyEvent};

use super::dialog::about;
use super::navigation::{Step, target};
use super::{plan, toast};
use crate::console::action::Action;
use crate::console::event::Effect;
use crate::console::state::{Overlay, State};
use crate::console::work::{Choices, LineKind, OperationList, PlanWish};
use crate::fleet::{EnvironmentName, InstanceId, Severity};
use crate::operation::{Offer, Operation, Opt};

/// Opens the list of the operations whose names begin so. Where there is only one, it is chosen.
pub fn open(state: &mut State, only: &'static str) -> Vec<Effect> {
    state.overlay = None;
    let Some((environment, selected)) = about(state) else {
        toast::show(state, "Select an environment or a server to do something with it", Severity::Unknown);
        return Vec::new();
    };
    if let Some(why) = obstacle(state, &environment) {
        toast::show(state, why, Severity::Unknown);
        return Vec::new();
    }
    let list = OperationList::new(environment, selected, only);
    match list.matches.as_slice() {
        [] => {
            toast::show(state, format!("There is no operation {only}"), Severity::Unknown);
            Vec::new()
        }
        [operation] => choose(state, list.environment.clone(), operation, list.selected.as_ref()),
        _ => {
            state.overlay = Some(Overlay::Operations(Box::new(list)));
            Vec::new()
        }
    }
}

/// Why nothing can be changed there from this console.
pub fn obstacle(state: &State, environment: &EnvironmentName) -> Option<String> {
    if state.is_read_only(environment) {
        return Some(format!("Read-only: nothing is changed in {environment} from here"));
    }
    (!state.desk.can_change).then(|| "There is no way to change anything from this console".to_owned())
}

/// An action while the list is open. `None`: it is meant for the screen below.
pub fn act_list(state: &mut State, action: Action, step: Option<Step>) -> Option<Vec<Effect>> {
    let screenful = usize::from(state.size.1.saturating_sub(6)).max(1);
    let Some(Overlay::Operations(list)) = &mut state.overlay else { return None };
    state.dirty = true;
    match (action, step) {
        (_, Some(step)) => list.cursor = target(list.cursor, list.matches.len(), screenful, step),
        (Action::Next, _) => list.cursor = target(list.cursor, list.matches.len(), screenful, Step::Rows(1)),
        (Action::Previous, _) => {
            list.cursor = target(list.cursor, list.matches.len(), screenful, Step::Rows(-1));
        }
        (Action::Close, _) => state.overlay = None,
        (Action::Open, _) => {
            let chosen = list.matches.get(list.cursor).copied();
            let (environment, selected) = (list.environment.clone(), list.selected.clone());
            return Some(
                chosen.map(|o| choose(state, environment, o, selected.as_ref())).unwrap_or_default(),
            );
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// Asks what it is told; with nothing to be told it is planned at once.
pub fn choose(
    state: &mut State,
    environment: EnvironmentName,
    operation: &'static Operation,
    selected: Option<&InstanceId>,
) -> Vec<Effect> {
    let choices = Choices::new(state, environment, operation, selected);
    if choices.lines.is_empty() {
        return plan_it(state, &choices);
    }
    let asks = operation.takes.contains(&Opt::Release).then(|| Effect::Releases(choices.environment.clone()));
    state.overlay = Some(Overlay::Choices(Box::new(choices)));
    state.dirty = true;
    asks.into_iter().collect()
}

/// The releases came in.
pub fn releases(
    state: &mut State,
    environment: &EnvironmentName,
    releases: Result<Vec<Offer>, String>,
) -> Vec<Effect> {
    let Some(Overlay::Choices(choices)) = &state.overlay else { return Vec::new() };
    if choices.environment != *environment || !choices.awaits_releases() {
        return Vec::new();
    }
    let mut choices = choices.clone();
    match releases {
        Ok(releases) => choices.list_releases(state, &releases),
        Err(why) => choices.no_releases = Some(why),
    }
    state.overlay = Some(Overlay::Choices(choices));
    state.dirty = true;
    Vec::new()
}

/// An action while it is asked. `None`: it is meant for the screen below.
pub fn act_choices(state: &mut State, action: Action, step: Option<Step>) -> Option<Vec<Effect>> {
    let screenful = usize::from(state.size.1.saturating_sub(8)).max(1);
    let Some(Overlay::Choices(choices)) = &mut state.overlay else { return None };
    state.dirty = true;
    let count = choices.lines.len().max(1);
    match (action, step) {
        (_, Some(step)) => choices.cursor = target(choices.cursor, count, screenful, step),
        (Action::Next, _) => choices.cursor = (choices.cursor + 1) % count,
        (Action::Previous, _) => choices.cursor = (choices.cursor + count - 1) % count,
        (Action::Close, _) => state.overlay = None,
        (Action::Open, _) => {
            let pick = choices.lines.get(choices.cursor).is_some_and(|l| l.kind == LineKind::Pick && !l.on);
            if pick {
                // The release under the cursor is meant.
                choices.toggle();
            }
            let choices = choices.clone();
            return Some(plan_it(state, &choices));
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// A key that changes what is chosen, or is typed.
pub fn typed(state: &mut State, key: KeyEvent) -> Option<Vec<Effect>> {
    let Some(Overlay::Choices(choices)) = &mut state.overlay else { return None };
    state.dirty = true;
    let typed = match key.code {
        KeyCode::Backspace => choices.write(None),
        KeyCode::Char(c) => choices.write(Some(c)),
        _ => true,
    };
    match key.code {
        KeyCode::Char(' ') if !typed => choices.toggle(),
        KeyCode::Char('a') if !typed => choices.toggle_all(),
        _ => {}
    }
    Some(Vec::new())
}

/// Asks for the plan, and shows it as soon as it is there.
fn plan_it(state: &mut State, choices: &Choices) -> Vec<Effect> {
    let options = match choices.options() {
        Ok(options) => options,
        Err(refused) => {
            toast::show(state, refused.to_string(), Severity::Warn);
            return Vec::new();
        }
    };
    // The form has them all: a refusal elsewhere would only lead back here.
    if choices.operation.lacks_a_release(&options) && !choices.lines.is_empty() {
        toast::show(state, "Choose a release, or type one: nothing is chosen yet", Severity::Warn);
        return Vec::new();
    }
    let wish = PlanWish {
        ticket: state.shelf.ticket(),
        environment: choices.environment.clone(),
        operation: choices.operation.name,
        options,
    };
    state.overlay = None;
    plan::ask(state, wish)
}
