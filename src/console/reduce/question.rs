//! Questions and their answers.

use crossterm::event::{KeyCode, KeyEvent};

use super::{hidden, news, plan, run, shell, toast, work};
use crate::console::action::Action;
use crate::console::dialogs::{Asks, Scope, Then, pick};
use crate::console::event::Effect;
use crate::console::state::{Overlay, State};
use crate::fleet::{EnvironmentName, Severity};
use crate::remote::Target;

/// An action while something is asked. `None`: it is meant for the screen below.
pub fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let Some(Overlay::Question(question)) = &mut state.overlay else { return None };
    state.dirty = true;
    match action {
        Action::Close => {
            let back = question.back.take();
            state.overlay = back.map(Overlay::Run);
            Some(Vec::new())
        }
        Action::Open if matches!(question.asks, Asks::Hidden(_)) => Some(hidden::entered(state)),
        Action::Open if matches!(question.asks, Asks::Secret(_)) => Some(hidden::entered_secret(state)),
        Action::Open => {
            if let Some(then) = question.on_enter().cloned() {
                return Some(go_on(state, then));
            }
            let words = match &question.asks {
                Asks::Word { word, what, .. } => Some(format!("{what}: {word}; esc leaves it")),
                Asks::Key(choices) => {
                    choices.first().map(|c| format!("{} to {}; esc leaves it", c.key, c.words))
                }
                Asks::Hidden(_) | Asks::Secret(_) => None,
            };
            if let Some(words) = words {
                toast::show(state, words, Severity::Unknown);
            }
            Some(Vec::new())
        }
        Action::Down => {
            question.top =
                (question.top + 1).min(crate::console::views::question_lines(question, state.size));
            Some(Vec::new())
        }
        Action::Up => {
            question.top = question.top.saturating_sub(1);
            Some(Vec::new())
        }
        Action::Quit | Action::Suspend | Action::Redraw => None,
        _ => Some(Vec::new()),
    }
}

/// A key that answers; none where it is typed.
pub fn answered(state: &mut State, key: KeyEvent) -> Option<Vec<Effect>> {
    let Some(Overlay::Question(question)) = &state.overlay else { return None };
    let KeyCode::Char(c) = key.code else { return None };
    match (question.on_key(c).cloned(), &question.asks) {
        (Some(then), _) => Some(go_on(state, then)),
        (None, Asks::Key(_)) => Some(Vec::new()),
        (None, Asks::Word { .. } | Asks::Hidden(_) | Asks::Secret(_)) => None,
    }
}

/// The answer is yes.
pub fn go_on(state: &mut State, then: Then) -> Vec<Effect> {
    let question = state.overlay.take();
    state.dirty = true;
    if let Some(obstacle) = obstacle(state, &then) {
        if let Some(Overlay::Question(question)) = question {
            state.overlay = question.back.map(Overlay::Run);
        }
        toast::show(state, obstacle, Severity::Warn);
        return Vec::new();
    }
    match then {
        Then::Run(wish) => news::run(state, *wish),
        Then::Cancel(ticket) => run::cancelled(state, ticket, None),
        Then::CancelHost(ticket, host) => run::cancelled(state, ticket, Some(host)),
        Then::Shell(target) => shell::open(state, target),
        Then::Trust { target, fingerprint, replaces } => {
            vec![Effect::Trust { target, fingerprint, replaces }]
        }
        Then::Start(wish) => plan::start(state, *wish),
        Then::AskTakeOver(wish, held) => {
            plan::ask_take_over(state, *wish, &held);
            Vec::new()
        }
        Then::AskWithout(wish) => {
            plan::ask_without(state, *wish);
            Vec::new()
        }
        Then::PlanAgain(ticket) => plan::again(state, ticket, None),
        Then::Override(ticket, word) => plan::again(state, ticket, Some(word)),
        Then::Stop(ticket, cancel) => work::stop(state, ticket, cancel),
        Then::Look(id) => work::open(state, &id),
        Then::Quit => news::leave(state),
        Then::StopAndQuit => news::leave_after(state, Some(crate::engine::run::Cancel::AfterStep)),
        Then::WaitAndQuit => news::leave_after(state, None),
        Then::QuitNow => vec![Effect::Quit],
        Then::Stay => news::stay(state),
    }
}

/// What has come between the question and its answer: it may have stood there for long.
fn obstacle(state: &State, then: &Then) -> Option<String> {
    let is_there = |environment: &EnvironmentName, target: &Target| {
        let scope = Scope::Server(target.instance().clone());
        pick(state, environment, &scope).hosts.iter().any(|host| host.target == *target)
    };
    match then {
        Then::Start(wish) if state.is_read_only(&wish.environment) => {
            Some(format!("{} is read-only now: nothing was begun", wish.environment))
        }
        Then::Run(wish) if state.is_read_only(&wish.environment) => {
            Some(format!("{} is read-only now: nothing was run", wish.environment))
        }
        Then::Run(wish) if !wish.hosts.iter().all(|host| is_there(&wish.environment, &host.target)) => {
            Some("The servers have changed meanwhile: nothing was run; look again".to_owned())
        }
        Then::Shell(target) => {
            let server = state.snapshot.server(target.instance());
            let environment = server.and_then(|server| server.environment.as_ref());
            match environment {
                Some(environment) if state.is_read_only(environment) => {
                    Some(format!("{environment} is read-only now: no shell was opened"))
                }
                Some(environment) if is_there(environment, target) => None,
                _ => Some("The server has changed meanwhile: no shell was opened".to_owned()),
            }
        }
        _ => None,
    }
}
