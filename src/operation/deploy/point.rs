//! What serial and full deploys do to the group alike: pin it, make room, point it at the release, let it launch.

use super::super::draft::{Draft, step};
use super::before::Target;
use crate::fleet::{Group, LaunchSource, Layout, Process, Sizes};
use crate::plan::{Action, Assignment, Lasts, Setting, Step, StepId, Undo, Value};
use crate::plan::{Converge, Kind};
use crate::recipe::health;

/// Steps that point a group at a release.
pub(super) struct Pointed {
    /// From here on the group launches the release.
    pub(super) ready: Vec<StepId>,
    /// What is put back in the end.
    pub(super) restore: Vec<StepId>,
    /// What goes back when the run stops.
    pub(super) steps: Vec<StepId>,
}

/// Points the group at the release, with room for so many servers more.
pub(super) fn point(
    draft: &mut Draft<'_>,
    target: &Target<'_>,
    room: u32,
    needed: &[Process],
    after: &[StepId],
) -> Pointed {
    let group = target.group;
    let mut before = after.to_vec();
    before.extend(pin(draft, group, &target.from));
    let sizes = make_room(draft, group, target.members, room, after);
    before.push(sizes);
    let mut pointed = Pointed { ready: before.clone(), restore: vec![sizes], steps: Vec::new() };
    if group.launch.as_ref() != Some(&target.to.launch) || target.from != target.to.launch {
        let setting = Setting::Launch { group: group.name.clone() };
        let to = Value::Launch(target.to.launch.clone());
        let id = draft.add(Step {
            after: before,
            before: Some(target.from.label()),
            becomes: Some(target.to.launch.label()),
            lasts: Lasts::UnlessStopped,
            undo: Undo::Restore,
            ..step(
                "group",
                "point the group at the release",
                group.name.as_str(),
                Action::Set { settings: vec![Assignment { setting, to }] },
            )
        });
        pointed.ready = vec![id];
        pointed.steps.push(id);
    }
    // Only now: until here it would have launched something else.
    let suspended: Vec<Process> =
        needed.iter().copied().filter(|process| group.is_suspended(process.word())).collect();
    if let Some(id) = draft.set_processes(group, &suspended, false, Lasts::UntilTheEnd, &pointed.ready) {
        let words: Vec<&str> = suspended.iter().map(|process| process.word()).collect();
        draft.note(format!(
            "{} is suspended: it works during the run, and is suspended again after it.",
            words.join(", ")
        ));
        pointed.restore.push(id);
        pointed.ready = vec![id];
    }
    pointed
}

/// R7: a group that follows a moving version is pinned to the one it has. R6: one that launches the release already, from
/// a deploy that came to nothing, goes back to what its servers run, so that it launches that again should this one stop.
pub(in super::super) fn pin(draft: &mut Draft<'_>, group: &Group, from: &LaunchSource) -> Option<StepId> {
    let now = group.launch.as_ref().filter(|launch| launch.is_floating() || *launch != from)?;
    let (title, stays) = if now.is_floating() {
        draft.note(format!(
            "{} follows {}: it is pinned, and stays so, for it would launch whatever version is made next.",
            group.name,
            now.label()
        ));
        ("pin the group to the version it has", "the group stays pinned to a numbered version")
    } else {
        draft.note(format!(
            "{} launches {} already, though servers run {}: should the deploy stop, it launches that again.",
            group.name,
            now.label(),
            from.label()
        ));
        ("point the group back at what its servers run", "the group launches what its servers run")
    };
    let setting = Setting::Launch { group: group.name.clone() };
    Some(draft.add(Step {
        before: Some(now.label()),
        becomes: Some(from.label()),
        undo: Undo::Cannot(stays.into()),
        ..step(
            "group",
            title,
            group.name.as_str(),
            Action::Set { settings: vec![Assignment { setting, to: Value::Launch(from.clone()) }] },
        )
    }))
}

/// R3: raising the most is a step of its own that is shown and put back.
pub(in super::super) fn make_room(
    draft: &mut Draft<'_>,
    group: &Group,
    members: u32,
    room: u32,
    after: &[StepId],
) -> StepId {
    let setting = Setting::Sizes { group: group.name.clone() };
    let before = group.sizes();
    let needed = before.desired.max(members).saturating_add(room);
    let name = group.name.as_str();
    if needed <= before.max {
        return draft.add(Step {
            after: after.to_vec(),
            before: Some(before.to_string()),
            lasts: Lasts::UntilTheEnd,
            undo: Undo::Restore,
            ..step(
                "group",
                "keep its sizes, which change during the run",
                name,
                Action::Keep { settings: vec![setting] },
            )
        });
    }
    let to = Sizes { max: needed, ..before };
    draft.add(Step {
        after: after.to_vec(),
        before: Some(before.to_string()),
        becomes: Some(to.to_string()),
        lasts: Lasts::UntilTheEnd,
        undo: Undo::Restore,
        ..step(
            "group",
            format!("make room for {room} more"),
            name,
            Action::Set { settings: vec![Assignment { setting, to: Value::Sizes(to) }] },
        )
    })
}

/// A converge step's work, on this target.
pub(super) fn converge(
    target: &Target<'_>,
    layout: &Layout,
    kind: Kind,
    batch: u32,
    at_least: u32,
) -> Action {
    Action::Converge(Box::new(Converge {
        kind,
        group: target.group.name.clone(),
        balancers: target.balancers.clone(),
        to: Value::Launch(target.to.launch.clone()),
        batch,
        at_least,
        count: target.group.desired,
        patience_s: target.patience_s,
        check: Some(health::ask(layout)),
        back: Some(Value::Launch(target.from.clone())),
    }))
}
