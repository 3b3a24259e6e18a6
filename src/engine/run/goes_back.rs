//! What goes back when a run does not go forward: which steps, in which order, and what of it lies beside the lock.

use jiff::Timestamp;

use super::entry::{Left, Mutation, Way};
use super::story::{IntentStory, StepStory, Story};
use crate::engine::lock::Outstanding;
use crate::plan::{Action, InstanceRef, Lasts, Setting, Step, StepId, Undo, Value};

impl Story {
    /// Whether a step that would be put back when the run stops stays: one that settles it has ended well.
    #[must_use]
    pub fn is_settled(&self, id: StepId) -> bool {
        self.each().any(|(step, story)| {
            step.settles.contains(&id) && story.ended.as_ref().is_some_and(|(_, end)| end.is_good())
        })
    }

    /// Steps that hold something which is to be put back whatever way the run ends, latest end first.
    #[must_use]
    pub fn to_put_back(&self) -> Vec<StepId> {
        // What the plan has put back itself, and could not, is tried again whatever way it goes.
        let restored = |id: StepId| {
            self.each().any(|(step, story)| {
                step.action.restores().contains(&id)
                    && story.ended.as_ref().is_some_and(|(_, end)| end.is_good())
            })
        };
        // Of a run that came to its good end nothing else goes back: it has what it was made for.
        let complete = self.is_complete();
        let temporary = |step: &Step| match (step.lasts, self.way) {
            (Lasts::UntilTheEnd, _) => true,
            (Lasts::Stays, _) if self.plan.goes_on && self.is_settled(step.id) => false,
            (Lasts::UnlessStopped, Way::Stop) => {
                restored(step.id) || (!complete && !self.is_settled(step.id))
            }
            (Lasts::UnlessStopped, Way::Forward) => restored(step.id),
            (Lasts::UnlessStopped | Lasts::Stays, way) => way == Way::Undo,
        };
        let mut steps: Vec<(Option<Timestamp>, StepId)> = self
            .each()
            .filter(|(step, story)| {
                let goes_back = match step.undo {
                    Undo::Nothing | Undo::Cannot(_) => self.may_still_run(step, story),
                    Undo::Restore | Undo::Reverse(_) => temporary(step),
                };
                story.began.is_some() && story.undone.is_none() && goes_back
            })
            // What has not ended was at work last.
            .map(|(step, story)| (story.ended.as_ref().map(|(at, _)| *at), step.id))
            .collect();
        steps.sort_by_key(|(ended, id)| (ended.is_some(), std::cmp::Reverse(*ended), std::cmp::Reverse(*id)));
        steps.into_iter().map(|(_, id)| id).collect()
    }

    /// Whether a command that nobody has seen the end of may still run on a server: it is ended before anything that it could
    /// meet is taken back, though itself it cannot be. One on a server that this run has launched goes with that.
    fn may_still_run(&self, step: &Step, story: &StepStory) -> bool {
        let is_open = |intent: &IntentStory| {
            intent.step == step.id
                && !intent.back
                && intent.end.is_none()
                && matches!(intent.mutation, Mutation::Job { .. })
        };
        self.way != Way::Forward
            && story.ended.is_none()
            && matches!(&step.action, Action::Job(job) if matches!(job.server, InstanceRef::Known(_)))
            && self.intents.iter().any(is_open)
    }

    /// Settings that are not put back yet, with the values they should have in the end: for whoever takes over.
    #[must_use]
    pub fn outstanding(&self) -> Vec<Outstanding> {
        let held = self.each().filter(|(step, story)| {
            story.began.is_some()
                && step.lasts != Lasts::Stays
                && step.undo == Undo::Restore
                && (step.lasts != Lasts::UnlessStopped
                    || !self.is_settled(step.id)
                    // It stays when the run stops, and is still to go back: whoever takes over has to know.
                    || self.each().any(|(later, _)| later.action.restores().contains(&step.id)))
        });
        let mut all: Vec<Outstanding> = Vec::new();
        for (setting, value) in held.flat_map(|(step, story)| still_held(self.priors(step.id), story)) {
            if !all.iter().any(|known| known.setting == setting) {
                let ours = latest(&self.ours(&setting));
                all.push(Outstanding { setting, value, ours });
            }
        }
        all
    }
}

/// The latest values of a setting, each once: what is found is one of them, or the one before, unless it is somebody else's.
/// A note beside the lock holds few bytes, and a rollout asks for sizes again and again.
fn latest(ours: &[&Value]) -> Vec<Value> {
    const MOST: usize = 8;
    let mut kept: Vec<Value> = Vec::new();
    for value in ours.iter().rev() {
        if kept.len() < MOST && !kept.contains(*value) {
            kept.insert(0, (*value).clone());
        }
    }
    kept
}

/// Of what a step has to put back, that which is not: all of it until it was tried, then what could not be. What somebody
/// else has changed is theirs.
fn still_held(mut priors: Vec<(Setting, Value)>, story: &StepStory) -> Vec<(Setting, Value)> {
    let Some((_, left)) = &story.undone else { return priors };
    let ours: Vec<&Left> = left.iter().filter(|left| !left.foreign).collect();
    let named = |setting: &Setting| {
        let words = setting.to_string();
        ours.iter().any(|left| left.what == words)
    };
    if ours.is_empty() || priors.iter().any(|(setting, _)| named(setting)) {
        priors.retain(|(setting, _)| named(setting));
    }
    priors
}
