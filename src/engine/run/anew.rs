//! What was put back because a run stopped, and is done once more when that is taken up.

use std::collections::BTreeSet;

use super::entry::{Mutation, MutationEnd};
use super::story::{StepStory, Story};
use crate::plan::StepId;

impl Story {
    /// Steps that were put back wholly, and those that have begun after them: all of it is as if it had never happened, but
    /// for what says so itself. None where the plan is not made for that, or where one of them has made something that is
    /// gone.
    pub(super) fn put_back_and_done_anew(&self) -> BTreeSet<StepId> {
        let mut anew = BTreeSet::new();
        if !self.plan.redoes {
            return anew;
        }
        for (step, told) in self.each() {
            let is_put_back = told.undone.as_ref().is_some_and(|(_, left)| left.is_empty())
                && !self.is_put_back_by_the_plan(step.id);
            let follows = step.after.iter().any(|id| anew.contains(id));
            if is_put_back || follows {
                if told.began.is_some() && step.action.makes().is_some() {
                    return BTreeSet::new();
                }
                anew.insert(step.id);
            }
        }
        anew
    }

    /// Forgets what was done by these steps: they begin once more, and look at what they find then.
    pub(super) fn forget(&mut self, anew: &BTreeSet<StepId>) {
        let steps = self.plan.steps.iter().zip(&mut self.steps);
        for (_, told) in steps.filter(|(step, _)| anew.contains(&step.id)) {
            *told = StepStory { said: std::mem::take(&mut told.said), ..StepStory::default() };
        }
        let taken_back = || Some(MutationEnd::NotDone("it was taken back, and is done anew".into()));
        for intent in self.intents.iter_mut().filter(|intent| anew.contains(&intent.step)) {
            if matches!(intent.mutation, Mutation::Set { .. } | Mutation::Job { .. } | Mutation::Relay { .. })
            {
                intent.end = taken_back();
            }
        }
    }
}
