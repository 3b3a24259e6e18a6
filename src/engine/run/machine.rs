//! What a run does next: pure, from its story, what is at work, and what the operator wishes.

use std::collections::BTreeSet;

use super::entry::{StepEnd, Way};
use super::story::Story;
use crate::engine::store::RunState;
use crate::plan::StepId;

/// How the reason ends of a run that somebody undoes.
pub(super) const UNDOES: &str = "undoes the run";

/// What the operator wants of a run that goes on. The greater wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cancel {
    /// To go on.
    #[default]
    No,
    /// Stop once the steps at work have come to an end; put back what is temporary.
    AfterStep,
    /// Stop at once; put back what is temporary and take back what can be.
    NowAndUndo,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Begin a step.
    Begin(StepId),
    /// The steps at work shall come to a point where they can stop.
    StopSoon,
    /// The steps at work shall stop where they are.
    StopNow,
    /// Go another way from here on.
    Turn(Way, String),
    /// Take a step back.
    TakeBack(StepId),
    /// The run is over.
    Finish(RunState),
}

/// What to do next. An empty answer is to wait for what is at work; with nothing at work there is always an order.
#[must_use]
pub fn next(story: &Story, at_work: &BTreeSet<StepId>, cancel: Cancel) -> Vec<Order> {
    match story.way {
        Way::Forward => forward(story, at_work, cancel),
        way if cancel == Cancel::NowAndUndo && way < Way::Undo && !story.is_sealed() => {
            turned(at_work, Way::Undo, "cancelled: stop now and undo".into())
        }
        _ if !at_work.is_empty() => vec![Order::StopNow],
        _ => match story.to_put_back().first() {
            Some(step) => vec![Order::TakeBack(*step)],
            None => vec![Order::Finish(ending(story, cancel))],
        },
    }
}

fn forward(story: &Story, at_work: &BTreeSet<StepId>, cancel: Cancel) -> Vec<Order> {
    if cancel == Cancel::NowAndUndo {
        if story.is_sealed() {
            // Undoing would take the servers away that serve.
            let why =
                "cancelled: stop now; old servers have gone, new ones are in use or old secrets are gone, so nothing is undone"
                    .into();
            return turned(at_work, Way::Stop, why);
        }
        return turned(at_work, Way::Undo, "cancelled: stop now and undo".into());
    }
    if let Some((step, why)) = story.failure() {
        return turned(at_work, Way::Stop, format!("step {} did not end well: {why}", step.id));
    }
    if story.is_complete() {
        if story.to_put_back().is_empty() {
            return vec![Order::Finish(RunState::Done)];
        }
        return turned(at_work, Way::Stop, "all is done: what is left is put back".into());
    }
    if cancel == Cancel::AfterStep {
        return turned(at_work, Way::Stop, "cancelled: stop after this step".into());
    }
    let ended_well = |id: &StepId| {
        story.of(*id).and_then(|step| step.ended.as_ref()).is_some_and(|(_, end)| end.is_good())
    };
    let ready = story.each().filter(|(step, state)| {
        state.ended.is_none() && !at_work.contains(&step.id) && step.after.iter().all(ended_well)
    });
    ready.map(|(step, _)| Order::Begin(step.id)).collect()
}

/// Another way is gone only once nothing is at work: no half step is left unrecorded.
fn turned(at_work: &BTreeSet<StepId>, way: Way, why: String) -> Vec<Order> {
    if at_work.is_empty() {
        return vec![Order::Turn(way, why)];
    }
    vec![if way == Way::Undo { Order::StopNow } else { Order::StopSoon }]
}

/// How a run that did not go to its good end is called.
fn ending(story: &Story, cancel: Cancel) -> RunState {
    // Whoever asked for a run to be undone has it undone, however it had ended.
    if story.turned.as_ref().is_some_and(|(_, why)| why.ends_with(UNDOES)) {
        return RunState::Cancelled;
    }
    // It had come to its good end, and was taken up for what was left.
    if story.way == Way::Stop && story.is_complete() {
        return RunState::Done;
    }
    let failed = story
        .steps
        .iter()
        .filter_map(|step| step.ended.as_ref())
        .any(|(_, end)| matches!(end, StepEnd::Failed(_) | StepEnd::Unknown(_)));
    let cancelled =
        cancel != Cancel::No || story.turned.as_ref().is_some_and(|(_, why)| why.starts_with("cancelled"));
    if cancelled && !failed { RunState::Cancelled } else { RunState::Failed }
}
