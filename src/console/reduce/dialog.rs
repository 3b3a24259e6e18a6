//! The dialog that asks what to run.

use crossterm::event::{KeyCode, KeyEvent};

use super::navigation::Step;
use super::toast;
use crate::console::action::Action;
use crate::console::dialogs::{
    Asks, AtOnce, Choice, DEADLINE, Field, Picked, Question, RunDialog, Scope, Suggestion, Then, pick, scopes,
};
use crate::console::event::Effect;
use crate::console::panes::ExecWish;
use crate::console::state::{Overlay, State};
use crate::console::table::RowId;
use crate::fleet::{EnvironmentName, InstanceId, Severity};

/// What a dialog is about: the environment, and the server that is selected in it.
#[must_use]
pub fn about(state: &State) -> Option<(EnvironmentName, Option<InstanceId>)> {
    match state.subject()? {
        RowId::Environment(name) => Some((name, None)),
        RowId::Server(id) => {
            let own = state.snapshot.server(&id).and_then(|s| s.environment.clone());
            Some((own.or_else(|| state.environment().cloned())?, Some(id)))
        }
        RowId::Line(_) => None,
    }
}

/// Opens it for what is selected, or for the servers that are marked.
pub fn open(state: &mut State) {
    let Some((environment, selected)) = about(state) else {
        toast::show(state, "Select an environment or a server to run something on it", Severity::Unknown);
        return;
    };
    if state.is_read_only(&environment) {
        toast::show(
            state,
            format!("Read-only: nothing is run in {environment} from here"),
            Severity::Unknown,
        );
        return;
    }
    let dialog = dialog(state, environment, selected.as_ref());
    state.overlay = Some(Overlay::Run(Box::new(dialog)));
}

/// Opens it for a scope, with a command to look at before it is run.
pub fn open_with(state: &mut State, environment: EnvironmentName, scope: Scope, command: &str, sudo: bool) {
    if state.is_read_only(&environment) {
        let words = format!("Read-only: nothing is run in {environment} from here");
        toast::show(state, words, Severity::Unknown);
        return;
    }
    let picked = pick(state, &environment, &scope);
    let mut dialog = dialog(state, environment, None);
    dialog.scopes.insert(0, scope);
    (dialog.scope, dialog.picked, dialog.sudo) = (0, picked, sudo);
    *dialog.command = ratatui_textarea::TextArea::new(vec![command.to_owned()]);
    dialog.command.move_cursor(ratatui_textarea::CursorMove::End);
    dialog.suggest();
    state.overlay = Some(Overlay::Run(Box::new(dialog)));
}

fn dialog(state: &State, environment: EnvironmentName, selected: Option<&InstanceId>) -> RunDialog {
    let scopes = scopes(state, &environment, selected);
    // From a run: the same servers again, and its command is the newest of those known.
    let again = state
        .run()
        .map(|run| Scope::Marked(run.members.iter().map(|member| member.instance().clone()).collect()));
    let again = again.filter(|_| state.run().is_some_and(|run| run.members.len() > 1 && !run.zoomed));
    let scopes: Vec<Scope> = again.into_iter().chain(scopes).collect();
    let picked = scopes.first().map(|scope| pick(state, &environment, scope)).unwrap_or_default();
    let run_before = state.shelf.commands.iter().map(|c| Suggestion { name: None, command: c.clone() });
    let saved = state.preferences.snippets.iter();
    let saved =
        saved.map(|(name, command)| Suggestion { name: Some(name.clone()), command: command.clone() });
    let mut dialog = RunDialog {
        production: state.topology.environment(&environment).is_none_or(|place| place.production),
        environment,
        scopes,
        scope: 0,
        picked,
        command: Box::default(),
        sudo: false,
        at_once: AtOnce::All,
        stop_on_failure: false,
        field: Field::Command,
        known: run_before.chain(saved).collect(),
        fitting: Vec::new(),
        chosen: None,
        typed: String::new(),
    };
    dialog.suggest();
    dialog
}

/// An action while it is open. `None`: it is meant for the screen below.
pub fn act(state: &mut State, action: Action, step: Option<Step>) -> Option<Vec<Effect>> {
    state.dirty = true;
    let Some(Overlay::Run(dialog)) = &mut state.overlay else { return None };
    match (action, step) {
        (Action::Close, _) => state.overlay = None,
        (Action::Next, _) => dialog.turn(true),
        (Action::Previous, _) => dialog.turn(false),
        (_, Some(Step::Rows(by))) if dialog.field == Field::Command => dialog.choose(by > 0),
        (_, Some(Step::Rows(by))) => dialog.turn(by > 0),
        (_, Some(_)) => {}
        (Action::Open, _) => return Some(confirm(state)),
        _ => return None,
    }
    Some(Vec::new())
}

/// A key that changes what is chosen, where nothing is typed.
pub fn toggled(state: &mut State, key: KeyEvent) -> Option<Vec<Effect>> {
    let Some(Overlay::Run(dialog)) = &mut state.overlay else { return None };
    if dialog.field == Field::Command {
        return None;
    }
    let forward = match key.code {
        KeyCode::Char(' ') | KeyCode::Right => true,
        KeyCode::Left => false,
        _ => return Some(Vec::new()),
    };
    state.dirty = true;
    match dialog.field {
        Field::Servers => {
            let count = dialog.scopes.len().max(1);
            dialog.scope = (dialog.scope + if forward { 1 } else { count - 1 }) % count;
            let (environment, scope) = (dialog.environment.clone(), dialog.scope().cloned());
            let picked = scope.map(|scope| pick(state, &environment, &scope)).unwrap_or_default();
            if let Some(Overlay::Run(dialog)) = &mut state.overlay {
                dialog.picked = picked;
            }
        }
        Field::Sudo => dialog.sudo = !dialog.sudo,
        Field::AtOnce => dialog.at_once = dialog.at_once.step(forward, dialog.picked.hosts.len()),
        Field::Stop => dialog.stop_on_failure = !dialog.stop_on_failure,
        Field::Command => {}
    }
    Some(Vec::new())
}

/// Shows what will be done, and asks whether really.
fn confirm(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Run(mut dialog)) = state.overlay.take() else { return Vec::new() };
    if let Some(obstacle) = dialog.obstacle() {
        state.overlay = Some(Overlay::Run(dialog));
        toast::show(state, obstacle, Severity::Unknown);
        return Vec::new();
    }
    // What the servers are now counts, not what they were when the dialog opened.
    if let Some(scope) = dialog.scope().cloned() {
        let now = pick(state, &dialog.environment, &scope);
        if now != dialog.picked {
            dialog.picked = now;
            state.overlay = Some(Overlay::Run(dialog));
            toast::show(state, "The servers have changed meanwhile: look again", Severity::Warn);
            return Vec::new();
        }
    }
    let wish = ExecWish {
        ticket: state.shelf.ticket(),
        environment: dialog.environment.clone(),
        hosts: dialog.picked.hosts.clone(),
        command: dialog.text().trim().to_owned(),
        sudo: dialog.sudo,
        at_once: dialog.at_once.limit().filter(|n| *n < dialog.picked.hosts.len()),
        stop_on_failure: dialog.stop_on_failure,
        deadline: DEADLINE,
    };
    let count = wish.hosts.len();
    let servers = if count == 1 { "1 server".to_owned() } else { format!("{count} servers") };
    let title = format!("Run on {servers} of {}?", dialog.environment);
    let lines = summary(state, &dialog, &wish);
    let then = Then::Run(Box::new(wish));
    let asks = if dialog.production {
        Asks::Word {
            word: dialog.environment.as_str().to_owned(),
            what: "To go on, type the environment's name",
            then,
        }
    } else {
        Asks::Key(vec![Choice { key: 'y', words: "run it".into(), then }])
    };
    let mut question = Question::new(title, lines, asks);
    question.back = Some(dialog);
    state.overlay = Some(Overlay::Question(Box::new(question)));
    Vec::new()
}

fn summary(state: &State, dialog: &RunDialog, wish: &ExecWish) -> Vec<(Severity, String)> {
    let as_whom = if wish.sudo { "as root (sudo -n)" } else { "as the login user" };
    let stop = if wish.stop_on_failure { "; no other begins once one failed" } else { "" };
    let names: Vec<&str> = wish.hosts.iter().map(|host| host.name.as_str()).collect();
    let mut lines = vec![
        (Severity::Warn, wish.command.clone()),
        (Severity::Idle, format!("{as_whom}, {}{stop}", dialog.at_once.words())),
        (Severity::Idle, format!("on {}", names.join(", "))),
    ];
    lines.extend(left_out(&dialog.picked));
    lines.push((Severity::Idle, dialog.headless(&state.globals)));
    lines
}

/// Servers that are left out, and why, in a line.
fn left_out(picked: &Picked) -> Option<(Severity, String)> {
    let each: Vec<String> = picked.left_out.iter().map(|l| format!("{} ({})", l.name, l.why)).collect();
    (!each.is_empty()).then(|| (Severity::Unknown, format!("left out: {}", each.join(", "))))
}
