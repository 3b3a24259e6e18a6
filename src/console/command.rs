//! The command that prints what is on screen.

use super::panes::Run;
use super::screen::Screen;
use super::state::State;
use super::work::Sheet;
use crate::fleet::text::shell_word;

/// `quarterdeck … describe [ENV]`, ready for a shell.
#[must_use]
pub fn of_state(state: &State) -> String {
    if let Some(run) = state.run() {
        return of_run(state, run);
    }
    if let Some(work) = state.work() {
        return of_named(state, work.id.as_str());
    }
    if let Some(plan) = state.sheet().and_then(Sheet::plan) {
        return of_plan(state, &plan.command);
    }
    if let Some(logs) = state.logs() {
        return logs.wish.headless.clone();
    }
    let mut words = vec!["quarterdeck".to_owned()];
    words.extend(state.globals.iter().map(|word| shell_word(word)));
    let command = match state.screen() {
        Screen::Triage(_) => "triage",
        Screen::Timeline(_) => "timeline",
        _ => "describe",
    };
    words.push(command.into());
    match state.screen() {
        Screen::Fleet
        | Screen::Run(_)
        | Screen::Logs(_)
        | Screen::Plan(_)
        | Screen::Work(_)
        | Screen::Server { environment: None, .. } => {}
        Screen::Environment { name, .. }
        | Screen::Server { environment: Some(name), .. }
        | Screen::Triage(name)
        | Screen::Timeline(name) => words.push(shell_word(name.as_str())),
    }
    if let (Some(as_of), Screen::Triage(_)) = (&state.past, state.screen()) {
        words.extend(["--at".to_owned(), as_of.past.at.to_string()]);
    }
    words.join(" ")
}

/// What shows the same run later: `quarterdeck … runs show ID`.
fn of_run(state: &State, run: &Run) -> String {
    of_named(state, &run.name())
}

/// The command of a plan, with the options that lead to the same fleet.
fn of_plan(state: &State, command: &str) -> String {
    let Some(rest) = command.strip_prefix("quarterdeck ") else { return command.to_owned() };
    let globals = state.globals.iter().map(|word| shell_word(word));
    ["quarterdeck".to_owned()]
        .into_iter()
        .chain(globals)
        .chain([rest.to_owned()])
        .collect::<Vec<_>>()
        .join(" ")
}

fn of_named(state: &State, id: &str) -> String {
    let globals = state.globals.iter().map(|word| shell_word(word));
    let words = ["runs".to_owned(), "show".to_owned(), id.to_owned()];
    ["quarterdeck".to_owned()].into_iter().chain(globals).chain(words).collect::<Vec<_>>().join(" ")
}

/// These words after the program's name and the options that lead to the same fleet, ready for a shell.
#[must_use]
pub fn with_globals(state: &State, words: &[String]) -> String {
    let words = state.globals.iter().chain(words).map(|word| shell_word(word));
    ["quarterdeck".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}
