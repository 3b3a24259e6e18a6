//! forget-releases: old images, their snapshots and what launches them, never one in use.

use std::collections::BTreeSet;

use super::draft::{Draft, step};
use super::release::{Launchable, releases};
use super::{Facts, Options, Refused};
use crate::fleet::{ImageId, LaunchSource, words};
use crate::plan::{Action, Repeat, Step, Undo};

/// How many are kept where nobody says.
const KEEP: u32 = 5;

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let keep = options.keep.unwrap_or(KEEP);
    if keep == 0 {
        return Err(Refused::Usage(
            "--keep wants at least 1: without any release there is no rollback".into(),
        ));
    }
    let group = facts.group()?;
    facts.all_current()?;
    draft.assume_launch(group);
    let (launches, mut images) = in_use(facts)?;
    let used = |one: &Launchable| {
        launches.contains(&one.launch) || one.image.as_ref().is_some_and(|image| images.contains(image))
    };
    let (in_use, free): (Vec<Launchable>, Vec<Launchable>) =
        releases(facts).into_iter().partition(|one| one.is_current || used(one));
    let newest = usize::try_from(keep).unwrap_or(usize::MAX).min(free.len());
    let (kept, old) = free.split_at(newest);
    if old.is_empty() {
        return Err(Refused::Nothing(format!(
            "{} has {} beside those in use, and {keep} are kept: nothing to do",
            facts.place.name,
            words::count(u64::try_from(free.len()).unwrap_or(u64::MAX), "release")
        )));
    }
    // An image may be booted by several releases.
    images.extend(kept.iter().chain(&in_use).filter_map(|one| one.image.clone()));
    let count = words::count(u64::try_from(old.len()).unwrap_or(u64::MAX), "release");
    draft.title(format!("forget {count} of {}, keep the newest {keep} and those in use", facts.place.name));
    draft.cannot_undo(format!("{count}, with images and snapshots: nobody can roll back to them any more"));
    let mut after = Vec::new();
    // The oldest first: what is left when this is stopped is the newest.
    let with_images: Vec<(&Launchable, Option<ImageId>)> =
        old.iter().map(|one| (one, one.image.clone().filter(|image| images.insert(image.clone())))).collect();
    for (one, image) in with_images.into_iter().rev() {
        let what = if image.is_some() { "with its image and snapshots" } else { "its image stays in use" };
        let id = draft.add(Step {
            after,
            before: Some(one.launch.label()),
            becomes: Some("not there".into()),
            undo: Undo::Cannot("it is gone".into()),
            repeat: Repeat::Repeatable,
            deadline_s: 300,
            destructive: true,
            soft: true,
            ..step(
                "release",
                format!("forget {}, {what}", one.named()),
                one.launch.label(),
                Action::Forget { launch: Some(one.launch.clone()), image },
            )
        });
        after = vec![id];
    }
    Ok(())
}

/// What groups and servers of any environment use.
fn in_use(facts: &Facts<'_>) -> Result<(BTreeSet<LaunchSource>, BTreeSet<ImageId>), Refused> {
    let snapshot = facts.snapshot;
    let mut launches = BTreeSet::new();
    for group in facts.known("the groups are", &snapshot.groups)?.values() {
        launches.extend(group.launch.iter().cloned());
        launches.extend(snapshot.current_launch(group));
        launches.extend(group.overrides.iter().cloned());
        launches.extend(group.members.iter().filter_map(|member| member.launch.clone()));
    }
    let servers = facts.known("the servers are", &snapshot.servers)?;
    let images = servers.values().filter(|server| !server.is_gone()).map(|server| server.image.clone());
    Ok((launches, images.collect()))
}
