//! What keys do on the screen of a run: one pane or all, the next server, the end of the run.

use super::{lines, toast};
use crate::console::action::Action;
use crate::console::dialogs::{Asks, Choice, Question, Then};
use crate::console::event::Effect;
use crate::console::panes::{Arrangement, Run, Ticket};
use crate::console::screen::Screen;
use crate::console::state::{Overlay, State};
use crate::console::views;
use crate::fleet::Severity;

/// An action on the screen of a run. `None`: it is as on every screen.
pub fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    state.run()?;
    let selected = views::panes::selected(state)?;
    match action {
        Action::Open => zoom(state, true),
        Action::Close if is_back_to_all(state) => zoom(state, false),
        Action::Zoom => {
            let zoomed = state.run().is_some_and(|run| run.zoomed);
            zoom(state, !zoomed);
        }
        Action::View => view(state),
        Action::Next => turn(state, selected, true),
        Action::Previous => turn(state, selected, false),
        Action::Cancel => ask_cancel(state, selected),
        _ => return None,
    }
    Some(Vec::new())
}

fn change(state: &mut State, change: impl FnOnce(&mut Run)) {
    if let Screen::Run(ticket) = *state.screen()
        && let Some(run) = state.shelf.run_mut(ticket)
    {
        change(run);
    }
}

fn is_back_to_all(state: &State) -> bool {
    state.run().is_some_and(|run| run.zoomed && run.members.len() > 1)
}

fn zoom(state: &mut State, zoomed: bool) {
    change(state, |run| run.zoomed = zoomed || run.members.len() == 1);
}

fn view(state: &mut State) {
    change(state, |run| {
        run.zoomed = run.members.len() == 1;
        run.arrangement = match run.arrangement {
            Arrangement::List => Arrangement::Grid,
            Arrangement::Grid => Arrangement::List,
        };
    });
}

fn turn(state: &mut State, selected: usize, forward: bool) {
    let count = views::panes::count(state);
    if count > 1 {
        lines::select(state, (selected + if forward { 1 } else { count - 1 }) % count);
    }
}

fn ask_cancel(state: &mut State, selected: usize) {
    let Some(run) = state.run().filter(|run| !run.is_over()) else {
        toast::show(state, "This run is over", Severity::Unknown);
        return;
    };
    let counts = run.counts();
    let ticket = run.ticket;
    let mut choices =
        vec![Choice { key: 'y', words: "end it on all servers".into(), then: Then::Cancel(ticket) }];
    let member = &run.members[selected];
    if run.members.len() > 1 && !member.state.is_over() {
        choices.push(Choice {
            key: 'o',
            words: format!("only on {}", member.host.name),
            then: Then::CancelHost(ticket, selected),
        });
    }
    let lines = vec![
        (Severity::Changing, format!("It runs on {} of {} servers", counts.running, run.members.len())),
        (
            Severity::Idle,
            "The command and everything it started is ended there; each server says whether it is".into(),
        ),
    ];
    let title = format!("Cancel run {}?", run.name());
    state.overlay = Some(Overlay::Question(Box::new(Question::new(title, lines, Asks::Key(choices)))));
}

/// The end of a run was asked for.
pub fn cancelled(state: &mut State, ticket: Ticket, only: Option<usize>) -> Vec<Effect> {
    let Some(run) = state.shelf.run_mut(ticket) else { return Vec::new() };
    for (n, member) in run.members.iter_mut().enumerate() {
        member.cancelling |= only.is_none_or(|only| only == n);
    }
    match only {
        Some(host) => vec![Effect::CancelHost(ticket, host)],
        None => vec![Effect::CancelRun(ticket)],
    }
}
