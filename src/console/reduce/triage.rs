//! The screen of triage: going there, doing what a finding proposes, and saying something of it.

use super::{dialog, logs, navigation, operate, plan, shell, toast};
use crate::console::action::Action;
use crate::console::dialogs::Scope;
use crate::console::event::Effect;
use crate::console::findings::SNOOZE;
use crate::console::line::{LineInput, LineKind};
use crate::console::screen::{Page, Screen};
use crate::console::state::{Overlay, State};
use crate::console::table::RowId;
use crate::console::views::triage::selected;
use crate::console::work::PlanWish;
use crate::fleet::{EnvironmentName, Severity};
use crate::operation::{self, Options};
use crate::triage::{Key, Remedy, Step};

/// To what is wrong in the environment that is selected.
pub fn visit(state: &mut State) -> Vec<Effect> {
    state.overlay = None;
    let Some((name, _)) = dialog::about(state) else {
        toast::show(state, "Select an environment to see what is wrong there", Severity::Unknown);
        return Vec::new();
    };
    navigation::visit(state, Screen::Triage(name));
    // What is on the screen now was read now.
    told_again(state, None)
}

/// The environment whose findings are on the screen.
pub fn shown(state: &State) -> Option<EnvironmentName> {
    match state.screen() {
        Screen::Triage(name) => Some(name.clone()),
        _ => None,
    }
}

/// An action on the screen of triage. `None`: it is as on every screen.
pub fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let Screen::Triage(_) = state.screen() else { return None };
    let does =
        number(action).is_some() || matches!(action, Action::Acknowledge | Action::Snooze | Action::Note);
    if does && just_led(state) {
        toast::show(state, "What the keys are for here has just changed: look again", Severity::Warn);
        return Some(Vec::new());
    }
    if let Some(number) = number(action) {
        return Some(remedy(state, number));
    }
    match action {
        Action::Open | Action::Detail => {
            if selected(state).is_some() {
                state.overlay = Some(Overlay::Detail { top: 0 });
            }
            Some(Vec::new())
        }
        Action::Acknowledge => Some(acknowledge(state, false)),
        Action::Snooze => Some(acknowledge(state, true)),
        Action::Note => {
            if let Some((name, _, finding)) = selected(state) {
                let before = finding.noted.as_ref().map_or_else(String::new, |noted| noted.words.clone());
                let about = Some((name.clone(), finding.key.clone()));
                let line = LineInput { about, ..LineInput::new(LineKind::Note, before) };
                state.overlay = Some(Overlay::Line(line));
            }
            Some(Vec::new())
        }
        _ => None,
    }
}

/// Which step of the runbook a key is for.
const fn number(action: Action) -> Option<usize> {
    match action {
        Action::Do1 => Some(0),
        Action::Do2 => Some(1),
        Action::Do3 => Some(2),
        Action::Do4 => Some(3),
        Action::Do5 => Some(4),
        Action::Do6 => Some(5),
        Action::Do7 => Some(6),
        Action::Do8 => Some(7),
        Action::Do9 => Some(8),
        _ => None,
    }
}

/// Opens what a step of the selected finding's runbook is. Nothing is changed before it is confirmed there.
fn remedy(state: &mut State, number: usize) -> Vec<Effect> {
    let chosen = selected(state)
        .and_then(|(name, _, finding)| finding.runbook.get(number).map(|step| (name.clone(), step.clone())));
    let Some((environment, step)) = chosen else {
        toast::show(state, "There is no such step", Severity::Unknown);
        return Vec::new();
    };
    if step.done {
        toast::show(state, format!("It is so already: {}", step.words), Severity::Ok);
        return Vec::new();
    }
    match step.remedy.clone() {
        Remedy::Plan { operation, options } => planned(state, environment, operation, &options),
        Remedy::Run { server, command, sudo } => {
            dialog::open_with(state, environment, Scope::Server(server), &command, sudo);
            // A second press of an impatient finger is no part of the command.
            state.led_at = Some(state.now);
            Vec::new()
        }
        Remedy::Logs { server, log } => {
            logs::open_with(state, environment, Scope::Server(server), log);
            Vec::new()
        }
        Remedy::Shell { server } => {
            let screen = state.server_screen(&server);
            navigation::visit(state, screen);
            shell::ask(state)
        }
        Remedy::Trust { server } => {
            let screen = state.server_screen(&server);
            navigation::visit(state, screen);
            shell::ask_key(state);
            Vec::new()
        }
        Remedy::Look { page } => {
            let page = Page::ALL.into_iter().find(|p| p.title() == page).unwrap_or(Page::Servers);
            let meant = selected(state).and_then(|(_, _, finding)| finding.servers.first().cloned());
            navigation::visit(state, Screen::Environment { name: environment, page });
            if let Some(id) = meant {
                navigation::select_id(state, &RowId::Server(id));
            }
            if page == Page::Runs { vec![Effect::History] } else { Vec::new() }
        }
        Remedy::Command { .. } => copied(state, &environment, &step),
        Remedy::People => {
            // The whole of it is on the screen: a toast would cut it.
            let words = "That is for people to do, outside of Quarterdeck; the line says what";
            toast::show(state, words, Severity::Idle);
            Vec::new()
        }
    }
}

fn planned(
    state: &mut State,
    environment: EnvironmentName,
    operation: &'static str,
    told: &[(&'static str, String)],
) -> Vec<Effect> {
    if let Some(why) = operate::obstacle(state, &environment) {
        toast::show(state, why, Severity::Unknown);
        return Vec::new();
    }
    let mut options = Options::default();
    let mut taken = || -> Result<&'static operation::Operation, operation::Refused> {
        let row = operation::find(operation)?;
        for (name, value) in told {
            options.set(row.option(name)?, value)?;
        }
        Ok(row)
    };
    match taken() {
        // Which release is for the operator to choose, from those that there are.
        Ok(row) if row.lacks_a_release(&options) => operate::choose(state, environment, row, None),
        Ok(row) => {
            let wish = PlanWish { ticket: state.shelf.ticket(), environment, operation: row.name, options };
            plan::ask(state, wish)
        }
        Err(refused) => {
            toast::show(state, refused.to_string(), Severity::Warn);
            Vec::new()
        }
    }
}

fn copied(state: &mut State, environment: &EnvironmentName, step: &Step) -> Vec<Effect> {
    let place = state.topology.environment(environment);
    let Some(words) = place.and_then(|place| step.remedy.words(place)) else { return Vec::new() };
    let text = crate::console::command::with_globals(state, &words);
    toast::show(state, format!("Copied, for a shell: {text}"), Severity::Ok);
    vec![Effect::Copy(text)]
}

/// The steps of the selected finding's runbook have changed: a number may have come to mean something else.
pub(super) fn watch_steps(state: &mut State) {
    let offered = selected(state).map(|(_, _, finding)| {
        let words = finding.runbook.iter().map(|step| step.words.clone());
        (finding.key.clone(), words.collect::<Vec<_>>())
    });
    let changed = matches!((&state.offered, &offered), (Some((before, old)), Some((key, new))) if before == key && old != new);
    if changed {
        state.led_at = Some(state.now);
    }
    state.offered = offered;
}

/// Whether the selection, or what its numbers mean, has changed by itself within the time that a finger takes.
pub(super) fn just_led(state: &State) -> bool {
    // On the cloud's clock, which a simulated one may have run faster.
    let finger =
        jiff::SignedDuration::try_from_secs_f64(1.2 * state.speed.clamp(1.0, 1e4)).unwrap_or_default();
    state.led_at.is_some_and(|at| state.now.duration_since(at) < finger)
}

/// The selected finding's name and environment.
fn key(state: &State) -> Option<(EnvironmentName, Key)> {
    selected(state).map(|(name, _, finding)| (name.clone(), finding.key.clone()))
}

/// Says that it was seen; a second time takes that back.
fn acknowledge(state: &mut State, for_a_while: bool) -> Vec<Effect> {
    let Some((name, key)) = key(state) else { return Vec::new() };
    let seen = selected(state).is_some_and(|(_, _, finding)| finding.acknowledged.is_some());
    let yardstick = state.yardstick();
    let until = for_a_while.then(|| state.now.checked_add(SNOOZE).unwrap_or(jiff::Timestamp::MAX));
    let effect = state.findings.say(&name, &yardstick, |memory, triage, who| {
        let finding = triage.findings.iter().find(|finding| finding.key == key);
        match finding {
            Some(_) if seen && !for_a_while => memory.forget(&key),
            Some(finding) => memory.acknowledge(finding, who, yardstick.now, until),
            None => {}
        }
    });
    let words = match (seen && !for_a_while, for_a_while) {
        (true, _) => "It counts again",
        (_, true) => "Quiet for an hour, unless it gets worse",
        (_, false) => "Quiet until it is over or gets worse",
    };
    toast::show(state, words, Severity::Ok);
    told_again(state, effect)
}

/// The note was typed.
pub fn noted(state: &mut State, words: &str, (name, key): (EnvironmentName, Key)) -> Vec<Effect> {
    let yardstick = state.yardstick();
    let words = crate::fleet::text::one_line(words);
    let effect =
        state.findings.say(&name, &yardstick, |memory, _, who| memory.note(&key, &words, who, yardstick.now));
    told_again(state, effect)
}

/// Shows what was said at once.
fn told_again(state: &mut State, effect: Option<Effect>) -> Vec<Effect> {
    let mut effects = super::refresh::judge(state);
    effects.extend(effect);
    effects
}
