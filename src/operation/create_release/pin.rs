//! A group that follows a moving version is pinned before a release is made, and only while nobody else changes the
//! environment.

use super::super::deploy;
use super::super::draft::Draft;
use super::super::{Facts, Refused};
use crate::fleet::{Group, LaunchSource, LockKind};
use crate::plan::StepId;

/// R7: from here on a new version changes nothing for the group.
pub(super) fn pin(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    group: &Group,
    to: &LaunchSource,
) -> Result<Option<StepId>, Refused> {
    if group.launch.as_ref().is_some_and(LaunchSource::is_floating) {
        draft.assume_launch(group);
        nobody_changes(draft, facts, group)?;
    }
    let pinned = deploy::pin(draft, group, to);
    if let Some(pin) = pinned {
        draft.look_again_before(pin);
    }
    Ok(pinned)
}

/// Pinning a group changes what it launches, which is for the holder of the environment's lock, and this run holds that
/// for releases only: a deploy that is at work would find something else than it has set.
fn nobody_changes(draft: &mut Draft<'_>, facts: &Facts<'_>, group: &Group) -> Result<(), Refused> {
    let environment = &facts.place.name;
    let Some(locks) = facts.snapshot.locks.value() else {
        draft.note(format!(
            "Whether somebody else changes {environment} now is not known: see that nobody deploys while {} is pinned.",
            group.name
        ));
        return Ok(());
    };
    let mut all = locks.get(environment).into_iter().flatten();
    let Some(held) = all.find(|lock| lock.kind == LockKind::Environment && lock.is_held()) else {
        draft.assume_unlocked();
        return Ok(());
    };
    let holder = held.holder.as_ref();
    let (who, what) = holder.map_or(("somebody", "a run"), |one| (one.who.as_str(), one.operation.as_str()));
    Err(Refused::State(format!(
        "{} follows a moving version and has to be pinned first, which nobody may do while {who} changes {environment} \
         ({what}, lock {}). Wait until that has ended; quarterdeck lock show {environment} tells",
        group.name, held.number
    )))
}
