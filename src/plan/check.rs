//! Whether a plan makes sense in itself.

use std::collections::BTreeSet;

use super::{Action, InstanceRef, Lasts, Plan, Slot, StepId, Undo, Value};

/// The most steps of a plan.
const MOST_STEPS: usize = 10_000;

/// Why a plan cannot be executed by anybody. A planner that makes one has a mistake; a plan read from a file may.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Written by a later version.
    #[error("the plan is of version {0}, which this quarterdeck does not know: use a newer one")]
    Version(u32),
    /// Nothing to do.
    #[error("the plan has no steps")]
    Empty,
    /// More than the bound.
    #[error("the plan has {0} steps; at most 10000 are possible")]
    TooLong(usize),
    /// Ids are places.
    #[error("step {0} does not stand in its place")]
    Misplaced(StepId),
    /// A step waits for itself, a later one, or one that is not there.
    #[error("step {0} waits for step {1}, which is not an earlier one")]
    Order(StepId, StepId),
    /// What a step needs is made by nobody before it.
    #[error("step {0} needs {1}, which no step before it makes")]
    Unmade(StepId, Slot),
    /// What is changed for the time being is put back by no step.
    #[error("step {0} changes something for the time being, and no step puts it back")]
    NotRestored(StepId),
    /// A step settles what is not its to settle.
    #[error("step {0} settles step {1}, which is no earlier one that is put back when the run stops")]
    Settles(StepId, StepId),
}

impl Plan {
    /// Checks the plan in itself.
    ///
    /// # Errors
    /// The first thing that makes no sense.
    pub fn check(&self) -> Result<(), PlanError> {
        if self.version > super::VERSION {
            return Err(PlanError::Version(self.version));
        }
        if self.steps.is_empty() {
            return Err(PlanError::Empty);
        }
        if self.steps.len() > MOST_STEPS {
            return Err(PlanError::TooLong(self.steps.len()));
        }
        let mut made: BTreeSet<&Slot> = BTreeSet::new();
        for (place, step) in self.steps.iter().enumerate() {
            if step.id.place() != place {
                return Err(PlanError::Misplaced(step.id));
            }
            let restored: &[StepId] = if let Action::Restore { steps } = &step.action { steps } else { &[] };
            if let Some(wrong) =
                step.after.iter().chain(restored).find(|other| **other >= step.id || other.0 == 0)
            {
                return Err(PlanError::Order(step.id, *wrong));
            }
            let settled = |other: &&StepId| {
                let lasts = self.steps.get(other.place()).map(|step| step.lasts);
                let may_go = match lasts {
                    Some(Lasts::UnlessStopped) => true,
                    Some(Lasts::Stays) => self.goes_on,
                    Some(Lasts::UntilTheEnd) | None => false,
                };
                **other > step.id || !may_go
            };
            if let Some(wrong) = step.settles.iter().find(settled) {
                return Err(PlanError::Settles(step.id, *wrong));
            }
            if let Some(slot) = step.action.needs().into_iter().find(|slot| !made.contains(slot)) {
                return Err(PlanError::Unmade(step.id, slot.clone()));
            }
            made.extend(step.action.makes());
        }
        let restored: BTreeSet<StepId> =
            self.steps.iter().flat_map(|step| step.action.restores()).copied().collect();
        let left = self.steps.iter().find(|step| {
            step.lasts == Lasts::UntilTheEnd && step.undo == Undo::Restore && !restored.contains(&step.id)
        });
        left.map_or(Ok(()), |step| Err(PlanError::NotRestored(step.id)))
    }
}

impl Action {
    /// The slot it fills.
    #[must_use]
    pub const fn makes(&self) -> Option<&Slot> {
        match self {
            Self::Launch { slot, .. }
            | Self::Image { slot, .. }
            | Self::Release { slot, .. }
            | Self::Make { slot, .. } => Some(slot),
            _ => None,
        }
    }

    /// The slots it needs filled.
    #[must_use]
    pub fn needs(&self) -> Vec<&Slot> {
        match self {
            Self::Set { settings } => settings.iter().filter_map(|one| one.to.slot()).collect(),
            Self::Converge(converge) => converge.to.slot().into_iter().collect(),
            Self::Job(job) => {
                let told = job.files.iter().flat_map(super::JobFile::addresses);
                job.server.slot().into_iter().chain(told.filter_map(super::Address::slot)).collect()
            }
            Self::Relay(relay) => relay.from.slot().into_iter().chain(relay.to.slot()).collect(),
            Self::Tag { server, .. } | Self::Reboot { server } | Self::Stop { server } => {
                server.slot().into_iter().collect()
            }
            Self::Image { of, .. } => of.slot().into_iter().collect(),
            Self::Release { release, .. } => vec![&release.image],
            Self::Make { thing, .. } => thing.needs(),
            Self::Open { group, openings } => {
                group.slot().into_iter().chain(openings.iter().filter_map(super::Opening::slot)).collect()
            }
            Self::Terminate { servers } => servers.iter().filter_map(InstanceRef::slot).collect(),
            Self::Await {
                condition: super::Condition::Reachable { instance } | super::Condition::Stopped { instance },
            } => instance.slot().into_iter().collect(),
            Self::Keep { .. }
            | Self::Restore { .. }
            | Self::Await { .. }
            | Self::Launch { .. }
            | Self::Invalidate { .. }
            | Self::Secrets(_)
            | Self::Forget { .. } => Vec::new(),
        }
    }

    /// The steps it puts back.
    #[must_use]
    pub fn restores(&self) -> &[StepId] {
        if let Self::Restore { steps } = self { steps } else { &[] }
    }
}

impl Value {
    /// The slot it will come from.
    #[must_use]
    pub const fn slot(&self) -> Option<&Slot> {
        if let Self::Later(slot) = self { Some(slot) } else { None }
    }
}

impl InstanceRef {
    /// The slot it will come from.
    #[must_use]
    pub const fn slot(&self) -> Option<&Slot> {
        if let Self::Later(slot) = self { Some(slot) } else { None }
    }
}
