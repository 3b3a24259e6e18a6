//! Runs begin, go on and end; and leaving the console while something runs.

use std::path::PathBuf;

use super::navigation;
use super::{refresh, toast};
use crate::console::dialogs::{Asks, Choice, Question, Then};
use crate::console::event::{Effect, Notice};
use crate::console::panes::{ExecWish, Run, Ticket};
use crate::console::screen::Screen;
use crate::console::state::{Overlay, State};
use crate::console::tables::cells;
use crate::engine::run::Cancel;
use crate::engine::{Progress, RunId};
use crate::fleet::Severity;

/// Asks for a run, and shows it.
pub fn run(state: &mut State, wish: ExecWish) -> Vec<Effect> {
    let ticket = wish.ticket;
    state.shelf.add(Run::new(wish.clone(), state.now));
    state.shelf.marks.clear();
    navigation::visit(state, Screen::Run(ticket));
    vec![Effect::Exec(Box::new(wish))]
}

/// It has begun, or has not.
pub fn began(state: &mut State, ticket: Ticket, begun: Result<(RunId, PathBuf), String>) -> Vec<Effect> {
    let now = state.now;
    let Some(run) = state.shelf.run_mut(ticket) else { return Vec::new() };
    match begun {
        Ok((id, output_dir)) => {
            run.id = Some(id);
            run.output_dir = Some(output_dir);
        }
        Err(why) => {
            run.refuse(&why, now);
            toast::show(state, format!("Not begun: {why}"), Severity::Down);
        }
    }
    shown(state, ticket)
}

/// News of runs. What this costs depends on what came, not on what is kept.
pub fn news(state: &mut State, news: Vec<(Ticket, Progress)>) -> Vec<Effect> {
    let mut over = Vec::new();
    let mut seen = Vec::new();
    for (ticket, progress) in news {
        let ends = matches!(progress, Progress::Finished { .. });
        let now = state.now;
        if let Some(run) = state.shelf.run_mut(ticket) {
            run.take(progress, now);
        } else if let Some(logs) = state.shelf.logs_mut(ticket) {
            logs.take(progress, now);
        }
        if ends {
            over.push(ticket);
        }
        if seen.last() != Some(&ticket) {
            seen.push(ticket);
        }
    }
    let mut told: Vec<Effect> = over.into_iter().flat_map(|ticket| ended(state, ticket)).collect();
    let mut effects: Vec<Effect> = seen.into_iter().flat_map(|ticket| shown(state, ticket)).collect();
    effects.append(&mut told);
    if state.shelf.going_on().next().is_none()
        && state.desk.going_on().next().is_none()
        && asks_to_leave(state)
    {
        // What was asked about is over.
        state.overlay = None;
    }
    effects.extend(settle_leaving(state));
    effects
}

/// Whoever wants to leave does once nothing goes on any more.
pub fn settle_leaving(state: &State) -> Option<Effect> {
    let over = state.shelf.unfinished().next().is_none() && plans(state) == 0;
    (state.leaving && over).then_some(Effect::Quit)
}

/// The screen is made anew where the run is on it; elsewhere its badge is.
fn shown(state: &mut State, ticket: Ticket) -> Vec<Effect> {
    state.dirty = true;
    if *state.screen() == Screen::Run(ticket) {
        refresh::rebuild(state);
    } else {
        refresh::plan_wake(state);
    }
    Vec::new()
}

/// A run that ends elsewhere than on the screen is told of; whoever looks elsewhere altogether is told in any case.
fn ended(state: &mut State, ticket: Ticket) -> Vec<Effect> {
    let Some(run) = state.shelf.run(ticket) else { return Vec::new() };
    let counts = run.counts();
    let mut words = format!("Run {} is over: {} of {} done", run.name(), counts.done, run.members.len());
    for (count, word) in
        [(counts.failed, "failed"), (counts.unknown, "unknown"), (counts.cancelled, "cancelled")]
    {
        if count > 0 {
            words = format!("{words}, {count} {word}");
        }
    }
    let severity = run.severity();
    let word = match severity {
        Severity::Ok => "done",
        Severity::Idle => "cancelled",
        _ => "failed",
    };
    let notice = Notice {
        run: run.name(),
        state: word,
        environment: run.wish.environment.to_string(),
        operation: "exec".into(),
        words: words.clone(),
    };
    if *state.screen() != Screen::Run(ticket) {
        toast::show(state, words, severity);
    }
    vec![Effect::Notify(Box::new(notice)), Effect::History]
}

/// How many runs of plans go on, or are just being begun.
fn plans(state: &State) -> usize {
    state.desk.going_on().count() + state.desk.beginning()
}

/// The operator wants to leave: not without a word while something runs.
pub fn quit(state: &mut State) -> Vec<Effect> {
    let (commands, plans) = (state.shelf.going_on().count(), plans(state));
    if state.leaving && plans == 0 {
        return vec![Effect::Quit];
    }
    if commands + plans == 0 {
        return leave(state);
    }
    if asks_to_leave(state) {
        // Leaving twice by habit must not end what nobody read about.
        let words = if plans == 0 {
            "y ends what runs, and leaves; esc stays"
        } else {
            "One of the keys above says what becomes of the run; esc stays"
        };
        toast::show(state, words, Severity::Unknown);
        return Vec::new();
    }
    let mut lines = Vec::new();
    for work in state.desk.going_on() {
        let words =
            format!("run {} in {}, {}: {}", work.id, work.environment, work.words(), work.operation());
        lines.push((Severity::Changing, words));
    }
    let beginning = state.desk.beginning();
    if beginning > 0 {
        lines.push((Severity::Changing, format!("{} just being begun", cells::count(beginning, "run"))));
    }
    for run in state.shelf.going_on() {
        let counts = run.counts();
        lines.push((
            Severity::Changing,
            format!(
                "run {} in {}, on {} of {} servers: {}",
                run.name(),
                run.wish.environment,
                counts.running + counts.waiting,
                run.members.len(),
                run.wish.command
            ),
        ));
    }
    let (choices, what) = answers(state.leaving, commands, plans);
    lines.push((Severity::Idle, what.into()));
    let title = match commands + plans {
        1 => "A run goes on".to_owned(),
        n => format!("{n} runs go on"),
    };
    state.overlay = Some(Overlay::Question(Box::new(Question::new(title, lines, Asks::Key(choices)))));
    Vec::new()
}

/// What can become of what goes on.
fn answers(leaving: bool, commands: usize, plans: usize) -> (Vec<Choice>, &'static str) {
    let choice = |key, words: &str, then| Choice { key, words: words.to_owned(), then };
    if plans == 0 {
        return (
            vec![choice('y', "end what runs, and leave", Then::Quit)],
            "Leaving ends it on the servers, and waits a moment for their word that it has ended",
        );
    }
    if leaving {
        return (
            vec![
                choice('h', "stay here after all; what was asked to stop still stops", Then::Stay),
                choice('i', "leave at once: the run is interrupted where it is", Then::QuitNow),
            ],
            "The console leaves as soon as it is over. Interrupted, it holds the lock and what it changed for the \
             time being until somebody resumes or undoes it",
        );
    }
    let stop = if commands > 0 {
        "end commands, stop plans after their steps, and leave then"
    } else {
        "stop after the steps at work, put back, and leave then"
    };
    (
        vec![
            choice('s', stop, Then::StopAndQuit),
            choice('w', "wait until it is over, and leave then", Then::WaitAndQuit),
        ],
        "The run is executed by this console: it ends with it",
    )
}

/// Stepping aside would leave what runs without a reader: the servers would wait, with their locks held.
pub fn suspend(state: &mut State) -> Vec<Effect> {
    if state.shelf.going_on().next().is_none() && plans(state) == 0 {
        return vec![Effect::Suspend];
    }
    let words =
        "Not suspended: a run goes on, and without a reader it would stand still. Wait for it or cancel it";
    toast::show(state, words, Severity::Unknown);
    Vec::new()
}

/// Whether it is being asked whether to leave.
fn asks_to_leave(state: &State) -> bool {
    let leaves = |choice: &Choice| {
        matches!(choice.then, Then::Quit | Then::StopAndQuit | Then::WaitAndQuit | Then::QuitNow | Then::Stay)
    };
    let Some(Overlay::Question(question)) = &state.overlay else { return false };
    matches!(&question.asks, Asks::Key(choices) if choices.iter().any(leaves))
}

/// The console is not left when what runs is over.
pub fn stay(state: &mut State) -> Vec<Effect> {
    (state.leaving, state.desk.stops_what_begins) = (false, false);
    toast::show(state, "The console stays", Severity::Ok);
    Vec::new()
}

/// Ends everything, and leaves when it has ended.
pub fn leave(state: &mut State) -> Vec<Effect> {
    state.overlay = None;
    state.leaving = true;
    let tickets: Vec<Ticket> = state.shelf.going_on().map(|run| run.ticket).collect();
    // A plan may have been begun since it was asked.
    if state.shelf.unfinished().next().is_none() && plans(state) == 0 {
        return vec![Effect::Quit];
    }
    toast::show(state, "Ending what runs on the servers…", Severity::Changing);
    let mut effects: Vec<Effect> =
        tickets.into_iter().flat_map(|ticket| super::run::cancelled(state, ticket, None)).collect();
    effects.push(Effect::LeaveSoon);
    effects
}

/// Leaves when everything is over; plans are stopped like this before, and commands ended, or all is waited for.
pub fn leave_after(state: &mut State, stop: Option<Cancel>) -> Vec<Effect> {
    state.overlay = None;
    state.leaving = true;
    let mut effects = Vec::new();
    state.desk.stops_what_begins = stop.is_some();
    if let Some(cancel) = stop {
        let plans: Vec<Ticket> = state.desk.going_on().map(|work| work.ticket).collect();
        let commands: Vec<Ticket> = state.shelf.going_on().map(|run| run.ticket).collect();
        effects.extend(plans.into_iter().flat_map(|ticket| super::work::stop(state, ticket, cancel)));
        effects.extend(commands.into_iter().flat_map(|ticket| super::run::cancelled(state, ticket, None)));
    }
    toast::show(state, "Leaving when it is over; ctrl-c once more asks again", Severity::Changing);
    effects.extend(settle_leaving(state));
    effects
}
