//! What taking a run up again would do, or taking it back: told before it is agreed to, and what the engine goes by.

use super::entry::Way;
use super::story::Story;
use crate::engine::store::RunState;
use crate::fleet::text::one_line;
use crate::plan::{StepId, Undo};

/// What would be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// Nothing: the run goes on by itself, or nothing of it is left to do.
    Nothing,
    /// Nothing: there is no way back any more but another operation.
    Sealed,
    /// What the plan has left to do.
    Forward,
    /// These steps are taken back in this order, and nothing else is done. None of them: only the run is brought to its end.
    Back(Vec<StepId>),
}

/// The same in words, for whoever has to agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgainWords {
    /// What happens.
    pub what: &'static str,
    /// The steps that are taken back, in order.
    pub back: Vec<String>,
    /// What was done and stays.
    pub stays: Vec<String>,
}

impl Story {
    /// What would be done if a run in this state were taken up, or undone.
    #[must_use]
    pub fn again(&self, state: RunState, undo: bool) -> Again {
        if state == RunState::Running {
            return Again::Nothing;
        }
        let mut told = self.clone();
        if let Some(way) = self.turns(state, undo) {
            told.way = way;
        }
        told.taken_up();
        if undo && told.is_sealed() {
            return Again::Sealed;
        }
        let over = state != RunState::Interrupted;
        let forward = told.way == Way::Forward && !(over && told.is_complete());
        let back = told.to_put_back();
        match forward {
            true => Again::Forward,
            false if over && back.is_empty() => Again::Nothing,
            false => Again::Back(back),
        }
    }

    /// Which way it turns before it is taken up: back, where that is asked for, and away from forward, where it has ended or a
    /// step did not end well and nobody came to write the turn down. What goes on all the same goes on from there.
    pub(super) fn turns(&self, state: RunState, undo: bool) -> Option<Way> {
        let (to, turns) = if undo {
            (Way::Undo, self.way != Way::Undo)
        } else {
            let stopped = state != RunState::Interrupted || self.failure().is_some();
            (Way::Stop, self.way == Way::Forward && stopped)
        };
        turns.then_some(to)
    }

    /// What that means.
    #[must_use]
    pub fn again_words(&self, again: &Again, state: RunState, undo: bool) -> AgainWords {
        let what = match again {
            Again::Forward if state == RunState::Interrupted => {
                "What is known to be done is not done again; what is not known is looked at first"
            }
            Again::Forward => "What did not end well is done once more, and the run goes on from there",
            Again::Back(steps) if steps.is_empty() => {
                "Nothing is left to take back: the run is brought to its end"
            }
            Again::Back(_) if undo => {
                "What these steps did is taken back in this order, to what was found before them:"
            }
            Again::Back(_) => {
                "What these steps changed is put back in this order; the run itself does not go on:"
            }
            Again::Sealed => "There is no way back any more: undoing would take away what serves",
            Again::Nothing if undo => "Nothing of it is left to undo",
            Again::Nothing => "Nothing of it is left to do",
        };
        let Again::Back(back) = again else { return AgainWords { what, ..AgainWords::default() } };
        let step = |id: &StepId| {
            let step = self.plan.steps.get(id.place())?;
            let back = match &step.undo {
                Undo::Reverse(words) => format!(": {words}"),
                Undo::Nothing | Undo::Restore | Undo::Cannot(_) => String::new(),
            };
            Some(one_line(&format!("{id} {} on {}{back}", step.title, step.target)))
        };
        let stays = self.each().filter_map(|(step, told)| match &step.undo {
            Undo::Cannot(why) if undo && told.began.is_some() => {
                Some(one_line(&format!("{} {}: {why}", step.id, step.title)))
            }
            _ => None,
        });
        AgainWords { what, back: back.iter().filter_map(step).collect(), stays: stays.collect() }
    }
}
