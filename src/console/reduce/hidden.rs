//! What is typed for a run and shown nowhere: asked after the run was agreed to, and before it begins.

use super::{operate, plan, question, toast};
use crate::console::dialogs::{Asks, Hidden, Missing, Question, Then};
use crate::console::event::Effect;
use crate::console::panes::Ticket;
use crate::console::state::{Overlay, State};
use crate::console::work::{KeepWish, NoPlan, Stage, Start, StartWish};
use crate::engine::run::Story;
use crate::fleet::Severity;
use crate::plan::typed::{Typed, Wanted, wrong};

/// What has to be typed next, if anything has to be.
#[must_use]
pub fn next(state: &State, wish: &StartWish) -> Option<Hidden> {
    let all = match &wish.start {
        Start::Begin(plan) => plan.wants_typed(),
        Start::TakeUp { undo: true, .. } => Vec::new(),
        Start::TakeUp { undo: false, .. } => {
            let story = state.desk.work(wish.ticket).and_then(|work| work.story());
            story.map(Story::wants_typed).unwrap_or_default()
        }
    };
    let wanted = all.into_iter().find(|one| wish.typed.get(&one.name).is_none())?;
    Some(Hidden { wanted, first: Typed::default(), wish: Box::new(wish.clone()) })
}

/// Asks for it.
pub fn ask(state: &mut State, hidden: Hidden) {
    let Wanted { name, anew } = &hidden.wanted;
    let mut lines = vec![(
        Severity::Idle,
        "It goes to the servers on standard input. No plan, journal or file has it, and it is asked for again when the run \
         is taken up"
            .to_owned(),
    )];
    if *anew {
        lines.push((Severity::Warn, "It is chosen now: keep it where it is not lost".into()));
    }
    let title = if hidden.first.get(name).is_some() { format!("{name}, once more") } else { name.clone() };
    let question = Question::new(title, lines, Asks::Hidden(hidden));
    state.overlay = Some(Overlay::Question(Box::new(question)));
    state.dirty = true;
}

/// `enter`: it was typed. One that is chosen is typed twice.
pub fn entered(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Question(question)) = &state.overlay else { return Vec::new() };
    let Asks::Hidden(hidden) = &question.asks else { return Vec::new() };
    let (mut hidden, value) = (hidden.clone(), question.typed().to_owned());
    let Wanted { name, anew } = hidden.wanted.clone();
    if let Some(why) = wrong(&value, anew) {
        toast::show(state, format!("{name} {why}"), Severity::Warn);
        return Vec::new();
    }
    match hidden.first.get(&name) {
        None if anew => {
            hidden.first.put(name, value);
            ask(state, hidden);
            return Vec::new();
        }
        Some(first) if first != value => {
            hidden.first = Typed::default();
            ask(state, hidden);
            toast::show(state, format!("{name} was not the same twice: type it again"), Severity::Warn);
            return Vec::new();
        }
        _ => {}
    }
    hidden.wish.typed.put(name, value);
    question::go_on(state, Then::Start(hidden.wish))
}

/// Asks for the secrets without which there is no plan on the screen.
pub fn ask_missing(state: &mut State) {
    let Some(sheet) = state.sheet() else { return };
    let Stage::Refused(NoPlan { lacks, .. }) = &sheet.stage else { return };
    let environment = sheet.wish.environment.clone();
    if lacks.is_empty() || operate::obstacle(state, &environment).is_some() {
        return;
    }
    let wish = KeepWish { ticket: sheet.ticket, environment, typed: Typed::default() };
    ask_next(state, Missing { names: lacks.clone(), wish });
}

/// Asks for the next of them; gives them away when all are there.
fn ask_next(state: &mut State, missing: Missing) -> Vec<Effect> {
    state.dirty = true;
    let Some((place, name)) = missing.next() else {
        state.overlay = None;
        toast::show(state, "The file of secrets is written…", Severity::Changing);
        return vec![Effect::KeepSecrets(Box::new(missing.wish))];
    };
    let environment = &missing.wish.environment;
    let lines = vec![
        (Severity::Warn, format!("{environment} has no value of it, and cannot be planned without one")),
        (
            Severity::Idle,
            "It goes into the project's file of secrets, which is nobody else's to read, and nowhere else. Then the plan is \
             made anew"
                .to_owned(),
        ),
    ];
    let title = format!("{name} ({} of {})", place + 1, missing.names.len());
    let question = Question::new(title, lines, Asks::Secret(missing));
    state.overlay = Some(Overlay::Question(Box::new(question)));
    Vec::new()
}

/// `enter`: a secret was typed.
pub fn entered_secret(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Question(question)) = &state.overlay else { return Vec::new() };
    let Asks::Secret(missing) = &question.asks else { return Vec::new() };
    let Some((_, name)) = missing.next() else { return Vec::new() };
    let (name, value) = (name.to_owned(), question.typed().to_owned());
    if let Some(why) = wrong(&value, false) {
        toast::show(state, format!("{name} {why}"), Severity::Warn);
        return Vec::new();
    }
    let mut missing = missing.clone();
    missing.wish.typed.put(name, value);
    ask_next(state, missing)
}

/// They are in their file, or not.
pub fn kept(state: &mut State, ticket: Ticket, kept: Result<String, String>) -> Vec<Effect> {
    match kept {
        Err(why) => {
            toast::show(state, why, Severity::Down);
            Vec::new()
        }
        Ok(words) => {
            let waits =
                state.desk.sheet(ticket).is_some_and(|sheet| matches!(sheet.stage, Stage::Refused(_)));
            let effects = if waits { plan::again(state, ticket, None) } else { Vec::new() };
            toast::show(state, words, Severity::Ok);
            effects
        }
    }
}
