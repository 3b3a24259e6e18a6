//! Runs of plans: they begin, go on, are stopped, and end; those of the past are listed, opened and taken up again.

use super::{again, navigation, news, plan, refresh, toast};
use crate::console::action::Action;
use crate::console::age;
use crate::console::dialogs::{Asks, Choice, Question, Then};
use crate::console::event::{Begun, Effect, Notice};
use crate::console::panes::Ticket;
use crate::console::screen::{Page, Screen};
use crate::console::state::{Overlay, State};
use crate::console::table::RowId;
use crate::console::work::{Obstacle, Opened, Record, Start, StartWish, Work};
use crate::engine::RunId;
use crate::engine::run::{Cancel, Entry, Grip, News, Way};
use crate::engine::store::RunState;
use crate::fleet::Severity;
use crate::fleet::text::one_line;
use crate::plan::StepId;
use crate::plan::typed::Typed;

/// It has begun, or has not.
pub fn begun(state: &mut State, ticket: Ticket, begun: Result<Box<Begun>, Obstacle>) -> Vec<Effect> {
    let Begun { id, dir, story } = match begun {
        Ok(begun) => *begun,
        Err(why) => {
            let wish = wish_of(state, ticket);
            let mut effects = plan::not_begun(state, ticket, wish, why);
            effects.extend(news::settle_leaving(state));
            return effects;
        }
    };
    let work = Work::begun(ticket, id, dir, story, state.now);
    toast::show(state, format!("Run {} has begun", work.id), Severity::Ok);
    state.desk.add(work);
    // The run takes the place of its plan: going back leads to what was there before.
    let here = *state.screen() == Screen::Plan(ticket);
    for screen in &mut state.trail.screens {
        if *screen == Screen::Plan(ticket) {
            *screen = Screen::Work(ticket);
        }
    }
    if here {
        navigation::arrive(state);
    } else {
        refresh::rebuild(state);
    }
    let mut effects = vec![Effect::History];
    if state.leaving && state.desk.stops_what_begins {
        effects.extend(stop(state, ticket, Cancel::AfterStep));
    }
    effects
}

/// What was asked for under this name: a plan, or a run to be taken up.
pub fn wish_of(state: &State, ticket: Ticket) -> Option<StartWish> {
    if let Some(sheet) = state.desk.sheet(ticket) {
        let start = Start::Begin(Box::new(sheet.plan()?.clone()));
        return Some(StartWish {
            ticket,
            environment: sheet.wish.environment.clone(),
            start,
            grip: Grip::Take,
            typed: Typed::default(),
        });
    }
    let work = state.desk.work(ticket)?;
    let start = Start::TakeUp { id: work.id.clone(), undo: work.wants_undo };
    Some(StartWish {
        ticket,
        environment: work.environment.clone(),
        start,
        grip: Grip::Take,
        typed: Typed::default(),
    })
}

/// News of runs.
pub fn told(state: &mut State, news: Vec<(Ticket, News)>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (ticket, one) in news {
        let ends = matches!(one, News::Finished { .. });
        let begins = match &one {
            News::Entry(entry) => match &**entry {
                Entry::Begun { step, .. } => Some(*step),
                Entry::Ended { step, end, .. } if !end.is_good() => Some(*step),
                _ => None,
            },
            _ => None,
        };
        let Some(work) = state.desk.work_mut(ticket) else { continue };
        work.take(one);
        if let Some(step) = begins {
            follow(state, ticket, step);
        }
        if ends {
            effects.extend(ended(state, ticket));
        }
    }
    state.dirty = true;
    if matches!(state.screen(), Screen::Work(_) | Screen::Fleet | Screen::Environment { .. }) {
        refresh::rebuild(state);
    } else {
        refresh::plan_wake(state);
    }
    effects.extend(news::settle_leaving(state));
    effects
}

/// The step that says most of a run that was opened is selected, unless another one was before.
fn look_at(state: &mut State, ticket: Ticket, step: Option<StepId>) {
    let view = state.views.entry(Screen::Work(ticket)).or_default();
    if view.cursor.is_none() {
        view.cursor = step.map(|step| RowId::Line(step.to_string()));
    }
}

/// The step that has begun is selected, unless somebody is just looking at another one.
fn follow(state: &mut State, ticket: Ticket, step: StepId) {
    if state.now < state.held_until {
        return;
    }
    let view = state.views.entry(Screen::Work(ticket)).or_default();
    view.cursor = Some(RowId::Line(step.to_string()));
}

/// A run is over: whoever looks elsewhere is told, and the history has one more.
fn ended(state: &mut State, ticket: Ticket) -> Vec<Effect> {
    let Some(work) = state.desk.work(ticket) else { return Vec::new() };
    let left = work.left().iter().filter(|left| !left.foreign).count();
    let what = if left > 0 { format!(", {left} not as it was") } else { String::new() };
    let words =
        format!("Run {} {} in {}: {}{what}", work.id, work.operation(), work.environment, work.state.word());
    let (severity, state_word) = (work.severity(), work.state.word());
    if *state.screen() != Screen::Work(ticket) {
        toast::show(state, words.clone(), severity);
    }
    if is_asked_about(state, ticket) {
        state.overlay = None;
    }
    let mut effects = vec![Effect::History];
    effects.extend(notice_of(state, ticket, state_word, &words));
    effects
}

fn is_asked_about(state: &State, ticket: Ticket) -> bool {
    let Some(Overlay::Question(question)) = &state.overlay else { return false };
    let about = |choice: &Choice| matches!(choice.then, Then::Stop(of, _) if of == ticket);
    matches!(&question.asks, Asks::Key(choices) if choices.iter().any(about))
}

/// What somebody who looks elsewhere is told of a run.
pub fn notice_of(state: &State, ticket: Ticket, word: &'static str, words: &str) -> Option<Effect> {
    let notice = |run: String, environment: &str, operation: &str| Notice {
        run,
        state: word,
        environment: environment.to_owned(),
        operation: operation.to_owned(),
        words: words.to_owned(),
    };
    if let Some(work) = state.desk.work(ticket) {
        let notice = notice(work.id.to_string(), work.environment.as_str(), work.operation());
        return Some(Effect::Notify(Box::new(notice)));
    }
    let sheet = state.desk.sheet(ticket)?;
    let notice = notice(String::new(), sheet.wish.environment.as_str(), sheet.wish.operation);
    Some(Effect::Notify(Box::new(notice)))
}

/// An action on the screen of a run. `None`: it is as on every screen.
pub fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let ticket = match state.screen() {
        Screen::Work(ticket) => *ticket,
        _ => return None,
    };
    let work = state.desk.work_mut(ticket)?;
    match action {
        Action::Next => work.printers.turn(true),
        Action::Previous => work.printers.turn(false),
        Action::Zoom if !work.printers.all.is_empty() => work.printers.zoomed = !work.printers.zoomed,
        Action::Close if work.printers.zoomed => work.printers.zoomed = false,
        Action::Open | Action::View => plan::detail(state),
        Action::Cancel => ask_stop(state, ticket),
        Action::Resume => again::ask(state, ticket, false),
        Action::Undo => again::ask(state, ticket, true),
        Action::Refresh if !work.is_ours || !work.goes_on() => {
            let id = work.id.clone();
            return Some(vec![Effect::History, Effect::OpenPast(ticket, id), Effect::Refresh]);
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn ask_stop(state: &mut State, ticket: Ticket) {
    let Some(work) = state.desk.work(ticket) else { return };
    let way = work.story().map_or(Way::Forward, |story| story.way);
    if work.is_ours && work.goes_on() && way == Way::Undo {
        toast::show(state, "It is being undone: that goes on to its end", Severity::Unknown);
        return;
    }
    if !work.can_be_cancelled() {
        let words = match (work.goes_on(), work.is_ours) {
            (false, _) => "This run is over",
            (true, false) => "This run is another console's: it is stopped there",
            (true, true) => "It is being undone already",
        };
        toast::show(state, words, Severity::Unknown);
        return;
    }
    let at: Vec<String> = work
        .story()
        .into_iter()
        .flat_map(|story| story.at_work().map(|step| format!("{} {}", step.id, one_line(&step.title))))
        .collect();
    let mut lines = Vec::new();
    if !at.is_empty() {
        lines.push((Severity::Changing, format!("At work: {}", at.join("; "))));
    }
    lines.extend(again::goes_back_when_stopped(work));
    let choice =
        |key, words: &str, cancel| Choice { key, words: words.to_owned(), then: Then::Stop(ticket, cancel) };
    let mut choices = Vec::new();
    if work.cancel == Cancel::No && way == Way::Forward {
        choices.push(choice('s', "stop after what is at work", Cancel::AfterStep));
    }
    let sealed = work.story().is_some_and(crate::engine::run::Story::is_sealed);
    let undo = if sealed {
        "stop now; there is no way back any more"
    } else {
        "stop now and undo what can be undone"
    };
    choices.push(choice('u', undo, Cancel::NowAndUndo));
    let title = format!("Stop run {}?", work.id);
    state.overlay = Some(Overlay::Question(Box::new(Question::new(title, lines, Asks::Key(choices)))));
}

/// Its end is asked for.
pub fn stop(state: &mut State, ticket: Ticket, cancel: Cancel) -> Vec<Effect> {
    let Some(work) = state.desk.work_mut(ticket) else { return Vec::new() };
    work.cancel = work.cancel.max(cancel);
    state.dirty = true;
    vec![Effect::Stop(ticket, cancel)]
}

/// The history came in. What was interrupted is asked about once.
pub fn history(state: &mut State, read: Result<Vec<Record>, String>) -> Vec<Effect> {
    match read {
        Ok(records) => (state.desk.history, state.desk.unread) = (Some(records), None),
        Err(why) => state.desk.unread = Some(one_line(&why)),
    }
    if !std::mem::replace(&mut state.desk.asked, true) {
        greet(state);
    }
    state.dirty = true;
    refresh::rebuild(state);
    Vec::new()
}

/// Runs that were interrupted, or that left something, are not to be forgotten.
fn greet(state: &mut State) {
    let open: Vec<Record> = state.desk.open().cloned().collect();
    let Some(newest) = open.first().filter(|_| state.overlay.is_none()) else { return };
    let line = |past: &Record| {
        let (done, all) = past.progress;
        let (severity, how) = match past.state {
            RunState::Interrupted => (Severity::Warn, format!("interrupted after {done} of {all} steps")),
            state => (Severity::Down, format!("{}, {} not as it was", state.word(), past.left.len())),
        };
        let ago = age::ago(past.at, state.now);
        let words = format!(
            "{} {} in {} ({}, {ago}): {how}",
            past.id,
            past.operation,
            past.environment,
            one_line(&past.who)
        );
        (severity, words)
    };
    let mut lines: Vec<_> = open.iter().take(5).map(line).collect();
    if open.len() > 5 {
        lines.push((
            Severity::Idle,
            format!("and {} more, on the pages of their environments", open.len() - 5),
        ));
    }
    lines.push((Severity::Idle, "There it can be resumed or undone. Until then every screen says so".into()));
    let title = match open.len() {
        1 => "A run is not finished".to_owned(),
        n => format!("{n} runs are not finished"),
    };
    let words = format!("look at {}", newest.id);
    let then = Then::Look(newest.id.clone());
    let question = Question::new(title, lines, Asks::Key(vec![Choice { key: 'l', words, then }]));
    state.overlay = Some(Overlay::Question(Box::new(question)));
}

/// To a run of the history: one that is kept here, or one that is read from disk.
pub fn open(state: &mut State, id: &RunId) -> Vec<Effect> {
    let here = state.shelf.runs().find(|run| run.id.as_ref() == Some(id)).map(|run| run.ticket);
    if let Some(ticket) = here {
        navigation::visit(state, Screen::Run(ticket));
        return Vec::new();
    }
    if let Some(work) = state.desk.by_id(id) {
        let (ticket, is_live) = (work.ticket, work.is_ours && work.goes_on());
        navigation::visit(state, Screen::Work(ticket));
        return if is_live { Vec::new() } else { vec![Effect::OpenPast(ticket, id.clone())] };
    }
    let Some(past) = state.desk.history.iter().flatten().find(|past| past.id == *id).cloned() else {
        return Vec::new();
    };
    let ticket = state.shelf.ticket();
    state.desk.add(Work::unread(ticket, past.id.clone(), past.environment, past.at));
    navigation::visit(state, Screen::Work(ticket));
    vec![Effect::OpenPast(ticket, past.id)]
}

/// The selected row of the history is opened.
pub fn open_selected(state: &mut State) -> Option<Vec<Effect>> {
    let Screen::Environment { page: Page::Runs, .. } = state.screen() else { return None };
    let Some(RowId::Line(id)) = state.view().cursor else { return None };
    let id = RunId::parse(&id)?;
    Some(open(state, &id))
}

/// A run of the past was read.
pub fn opened(state: &mut State, ticket: Ticket, opened: Result<Box<Opened>, String>) -> Vec<Effect> {
    let mut effects = Vec::new();
    match opened {
        Ok(opened) => {
            // Taken up meanwhile, it is known better here.
            if let Some(work) = state.desk.work_mut(ticket).filter(|work| !(work.is_ours && work.goes_on())) {
                // One that goes on elsewhere is read again and again; when it is over its badge changes, too.
                let was_going_on = work.story().is_some() && work.goes_on();
                let before = work.step_to_look_at();
                work.read(*opened);
                let (is_over, step) = (was_going_on && !work.goes_on(), work.step_to_look_at());
                match step.filter(|step| was_going_on && before != Some(*step)) {
                    Some(step) => follow(state, ticket, step),
                    None => look_at(state, ticket, step),
                }
                if is_over {
                    effects.push(Effect::History);
                }
            }
        }
        Err(why) => toast::show(state, why, Severity::Down),
    }
    state.dirty = true;
    refresh::rebuild(state);
    effects
}
