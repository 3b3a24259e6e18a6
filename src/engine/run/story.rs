//! What has happened in a run so far, told by its journal. The engine decides by it, the screens draw it, and after a
//! crash it is all there is: one fold for all of them.

use std::sync::Arc;

use jiff::Timestamp;

use super::entry::{Entry, Left, Mutation, MutationEnd, Slots, StepEnd, Way};
use crate::plan::{Action, Kind, Plan, SecretsTo, Setting, Step, StepId, Value};

/// How far a step is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepStory {
    /// When it began last.
    pub began: Option<Timestamp>,
    /// When it ended, and how.
    pub ended: Option<(Timestamp, StepEnd)>,
    /// When it was taken back, and what is left of it.
    pub undone: Option<(Timestamp, Vec<Left>)>,
    /// Values noted before others change them.
    pub noted: Vec<(Setting, Value)>,
    /// What was said of it, latest last; warnings are marked.
    pub said: Vec<(bool, String)>,
}

/// A change that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentStory {
    /// Its name in the run.
    pub id: u32,
    /// For which step.
    pub step: StepId,
    /// Whether the step was being taken back.
    pub back: bool,
    /// What.
    pub mutation: Mutation,
    /// When.
    pub at: Timestamp,
    /// What came of it; none if that was not written down any more.
    pub end: Option<MutationEnd>,
}

impl IntentStory {
    /// Whether it may have happened.
    #[must_use]
    pub const fn may_have_happened(&self) -> bool {
        !matches!(self.end, Some(MutationEnd::NotDone(_)))
    }
}

/// A run of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// The plan, which stays as it was made: a copy of the story does not copy it.
    pub plan: Arc<Plan>,
    /// Each step, in the plan's order.
    pub steps: Vec<StepStory>,
    /// All changes, in order.
    pub intents: Vec<IntentStory>,
    /// Values made on the way.
    pub slots: Slots,
    /// Which way it goes, and since when and why it does not go forward.
    pub way: Way,
    /// Why it turned.
    pub turned: Option<(Timestamp, String)>,
    /// The number of its lock; the outer none is not taken yet, the inner one without.
    pub lock: Option<Option<u64>>,
    /// What was said of the run as a whole.
    pub said: Vec<(bool, String)>,
    /// Whether the journal holds entries that this version does not know.
    pub newer: bool,
}

impl Story {
    /// A run that has not begun.
    #[must_use]
    pub fn new(plan: impl Into<Arc<Plan>>) -> Self {
        let plan = plan.into();
        let steps = vec![StepStory::default(); plan.steps.len()];
        Self {
            plan,
            steps,
            intents: Vec::new(),
            slots: Slots::new(),
            way: Way::Forward,
            turned: None,
            lock: None,
            said: Vec::new(),
            newer: false,
        }
    }

    /// Takes in the next entry. What does not fit changes nothing.
    pub fn take_in(&mut self, entry: &Entry) {
        match entry {
            Entry::Planned { .. } => {}
            Entry::Resumed { .. } => self.taken_up(),
            Entry::Lock { number, .. } => self.lock = Some(*number),
            Entry::Begun { step, at } => {
                if let Some(step) = self.at(*step) {
                    step.began = Some(*at);
                    step.ended = None;
                }
            }
            Entry::Intent { id, step, back, mutation, at } => {
                let (id, step, back, mutation, at) = (*id, *step, *back, mutation.clone(), *at);
                self.intents.push(IntentStory { id, step, back, mutation, at, end: None });
            }
            Entry::Outcome { id, result, .. } => {
                if let Some(intent) = self.intents.iter_mut().rev().find(|intent| intent.id == *id) {
                    intent.end = Some(result.clone());
                }
            }
            Entry::Noted { step, setting, value, .. } => {
                if let Some(step) = self.at(*step)
                    && !step.noted.iter().any(|(noted, _)| noted == setting)
                {
                    step.noted.push((setting.clone(), value.clone()));
                }
            }
            Entry::Bound { slot, value, .. } => {
                self.slots.insert(slot.clone(), value.clone());
            }
            Entry::Said { step, warning, text, .. } => {
                let said = match step.and_then(|step| self.at(step)) {
                    Some(step) => &mut step.said,
                    None => &mut self.said,
                };
                said.push((*warning, text.clone()));
            }
            Entry::Ended { step, end, at } => {
                if let Some(step) = self.at(*step) {
                    step.ended = Some((*at, end.clone()));
                }
            }
            Entry::Undone { step, left, at } => {
                if let Some(step) = self.at(*step) {
                    step.undone = Some((*at, left.clone()));
                }
            }
            Entry::Turned { way, why, at } => {
                // A run that takes things back never goes forward again by itself.
                self.way = *way;
                self.turned = Some((*at, why.clone()));
            }
        }
    }

    pub(super) fn taken_up(&mut self) {
        let again = self.goes_on();
        if again {
            let anew = self.put_back_and_done_anew();
            self.forget(&anew);
        }
        for step in &mut self.steps {
            // What could not be put back is tried again; what somebody else changed stays theirs.
            step.undone.take_if(|(_, left)| left.iter().any(|left| !left.foreign));
            if again {
                step.ended.take_if(|(_, end)| !end.is_good());
            }
        }
        if again {
            self.way = Way::Forward;
            self.turned = None;
        }
    }

    /// Whether taking it up again does once more what did not end well, and goes on: the plan is made for that, and
    /// nothing of it was taken back, or nothing but what is done anew.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        let anew = self.put_back_and_done_anew();
        // What was being put back when it died is put back first: it is neither as it was nor as it should be.
        let is_left = |(_, left): &(_, Vec<Left>)| left.iter().any(|left| !left.foreign);
        let some_left = self.steps.iter().any(|step| step.undone.as_ref().is_some_and(is_left));
        let half_put_back = self.plan.redoes && (some_left || !self.to_put_back().is_empty());
        self.plan.goes_on
            && self.way == Way::Stop
            && !self.is_complete()
            && !half_put_back
            && self.each().all(|(step, told)| {
                told.undone.is_none() || self.is_put_back_by_the_plan(step.id) || anew.contains(&step.id)
            })
    }

    /// Whether a step of the plan has put it back on the good way.
    pub(super) fn is_put_back_by_the_plan(&self, id: StepId) -> bool {
        self.each().any(|(step, told)| told.began.is_some() && step.action.restores().contains(&id))
    }

    fn at(&mut self, step: StepId) -> Option<&mut StepStory> {
        self.steps.get_mut(step.place())
    }

    /// A step of the plan with its story.
    #[must_use]
    pub fn each(&self) -> impl DoubleEndedIterator<Item = (&Step, &StepStory)> {
        self.plan.steps.iter().zip(&self.steps)
    }

    /// A step's story.
    #[must_use]
    pub fn of(&self, step: StepId) -> Option<&StepStory> {
        self.steps.get(step.place())
    }

    /// The next free name of an intent.
    #[must_use]
    pub fn next_intent(&self) -> u32 {
        self.intents.iter().map(|intent| intent.id).max().map_or(1, |id| id + 1)
    }

    /// What a step has to put back: each setting with the value found before it first changed it or noted it.
    #[must_use]
    pub fn priors(&self, step: StepId) -> Vec<(Setting, Value)> {
        let mut priors = self.of(step).map(|step| step.noted.clone()).unwrap_or_default();
        let ours = self.intents.iter().filter(|intent| intent.step == step && !intent.back);
        for intent in ours.filter(|intent| intent.may_have_happened()) {
            if let Mutation::Set { setting, from, .. } = &intent.mutation
                && !priors.iter().any(|(known, _)| known == setting)
            {
                priors.push((setting.clone(), from.clone()));
            }
        }
        priors
    }

    /// Every value that this run may have given a setting.
    #[must_use]
    pub fn ours(&self, setting: &Setting) -> Vec<&Value> {
        let set = self.intents.iter().filter(|intent| intent.may_have_happened());
        let values = set.filter_map(|intent| match &intent.mutation {
            Mutation::Set { setting: known, to, .. } if known == setting => Some(to),
            Mutation::TerminateMember { sizes: Some((known, to)), .. } if known == setting => Some(to),
            _ => None,
        });
        values.collect()
    }

    /// When this run has asked last for another value of a setting than this one; none where it did not, or has asked for
    /// this one since.
    #[must_use]
    pub fn asked_otherwise(&self, setting: &Setting, value: &Value) -> Option<Timestamp> {
        let asked = self.intents.iter().rev().filter(|intent| intent.may_have_happened());
        let mut last = asked.filter_map(|intent| match &intent.mutation {
            Mutation::Set { setting: known, to, .. } if known == setting => Some((to, intent.at)),
            // A member that goes takes its place along.
            Mutation::TerminateMember { sizes: Some((known, to)), .. } if known == setting => {
                Some((to, intent.at))
            }
            _ => None,
        });
        last.next().filter(|(to, _)| *to != value).map(|(_, at)| at)
    }

    /// Whether old servers have begun to go, or new ones are in use: from then on there is no way back but another
    /// operation. A plan that goes on puts servers to use one after the other: undoing it takes those away that are not in
    /// use, once it is known of each whether it is.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.each().any(|(step, story)| match &step.action {
            _ if step.seals => story.ended.as_ref().is_some_and(|(_, end)| end.is_good()),
            Action::Converge(converge) => story.began.is_some() && converge.kind == Kind::Shrink,
            Action::Tag { .. } if self.plan.goes_on => story.began.is_some() && story.ended.is_none(),
            Action::Tag { .. } => story.began.is_some(),
            // What servers had before is not known any more.
            Action::Secrets(change) => story.began.is_some() && change.to == SecretsTo::Forgotten,
            _ => false,
        })
    }

    /// What was not put back, if anything: to be told until it is.
    #[must_use]
    pub fn left(&self) -> Vec<&Left> {
        self.steps.iter().filter_map(|step| step.undone.as_ref()).flat_map(|(_, left)| left).collect()
    }

    /// Whether every step has ended well.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.steps.iter().all(|step| step.ended.as_ref().is_some_and(|(_, end)| end.is_good()))
    }

    /// The steps at work.
    pub fn at_work(&self) -> impl Iterator<Item = &Step> {
        self.each().filter(|(_, story)| story.began.is_some() && story.ended.is_none()).map(|(step, _)| step)
    }

    /// The first step that did not end well, and why.
    #[must_use]
    pub fn failure(&self) -> Option<(&Step, &str)> {
        self.each().find_map(|(step, story)| {
            let (_, end) = story.ended.as_ref()?;
            (!end.is_good()).then_some((step, end.why()?))
        })
    }
}
