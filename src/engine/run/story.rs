//! What has happened in a run so far, told by its journal. The engine decides by it, the screens draw it, and after a
//! crash it is all there is: one fold for all of them.

use jiff::Timestamp;

use super::entry::{Entry, Left, Mutation, MutationEnd, Slots, StepEnd, Way};
use crate::engine::lock::Outstanding;
use crate::plan::{Action, InstanceRef, Kind, Lasts, Plan, SecretsTo, Setting, Step, StepId, Undo, Value};

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
    /// The plan.
    pub plan: Plan,
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
    pub fn new(plan: Plan) -> Self {
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
