//! The command that prints what is on screen.

use super::panes::Run;
use super::screen::Screen;
use super::state::State;
use super::work::Sheet;

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
    words.extend(state.globals.iter().map(|word| quote(word)));
    words.push("describe".into());
    match state.screen() {
        Screen::Fleet
        | Screen::Run(_)
        | Screen::Logs(_)
        | Screen::Plan(_)
        | Screen::Work(_)
        | Screen::Server { environment: None, .. } => {}
        Screen::Environment { name, .. } | Screen::Server { environment: Some(name), .. } => {
            words.push(quote(name.as_str()));
        }
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
    let globals = state.globals.iter().map(|word| quote(word));
    ["quarterdeck".to_owned()]
        .into_iter()
        .chain(globals)
        .chain([rest.to_owned()])
        .collect::<Vec<_>>()
        .join(" ")
}

fn of_named(state: &State, id: &str) -> String {
    let globals = state.globals.iter().map(|word| quote(word));
    let words = ["runs".to_owned(), "show".to_owned(), id.to_owned()];
    ["quarterdeck".to_owned()].into_iter().chain(globals).chain(words).collect::<Vec<_>>().join(" ")
}

/// A word as a POSIX shell reads it back.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn a_shell_reads_back_the_same_word() {
        assert_eq!(quote("us-east-1"), "us-east-1");
        assert_eq!(quote("my config.yml"), "'my config.yml'");
        assert_eq!(quote("a'b"), "'a'\\''b'");
        assert_eq!(quote("$(x)"), "'$(x)'");
        assert_eq!(quote(""), "''");
    }
}
