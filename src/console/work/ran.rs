//! A run of the past, as the timeline tells it.

use super::past::lock;
use crate::engine::run::{StepEnd, Story};
use crate::engine::store::{Past, RunState};
use crate::fleet::Severity;
use crate::timeline::Ran;

/// What the timeline is told of a run.
#[must_use]
pub fn ran(past: &Past) -> Ran {
    let story = past.story.as_deref();
    let steps = story.into_iter().flat_map(Story::each).filter_map(|(step, told)| {
        let (at, end) = told.ended.as_ref()?;
        let how = match end {
            StepEnd::Done => "done".to_owned(),
            StepEnd::AlreadySo => "already so".to_owned(),
            StepEnd::Warned(why) => format!("done, with a warning: {why}"),
            StepEnd::Failed(why) => format!("failed: {why}"),
            StepEnd::Stopped(why) => format!("stopped: {why}"),
            StepEnd::Unknown(why) => format!("unknown: {why}"),
        };
        Some((*at, format!("{} ({}): {how}", step.title, step.target)))
    });
    Ran {
        id: past.began.id.to_string(),
        operation: story.map_or_else(|| past.began.kind.clone(), |story| story.plan.operation.clone()),
        what: story.map_or_else(|| past.began.command.clone(), |story| story.plan.title.clone()),
        who: past.began.who.clone(),
        at: past.began.at,
        finished: past.finished,
        word: past.state.word(),
        severity: match past.state {
            RunState::Done => Severity::Ok,
            RunState::Running => Severity::Changing,
            RunState::Cancelled => Severity::Warn,
            RunState::Failed | RunState::Interrupted => Severity::Down,
        },
        turned: story.and_then(|story| story.turned.clone()),
        steps: steps.collect(),
        left: past
            .left()
            .into_iter()
            .map(|left| format!("{} should be {}", left.what, left.wanted))
            .collect(),
        lock: story.and_then(lock),
    }
}
