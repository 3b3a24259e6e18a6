//! Web servers, one by one: they serve with the new addresses already, and become what the config says by the release.

use super::super::create_release;
use super::super::deploy::serial::in_service;
use super::super::deploy::{Ahead, make_room};
use super::super::draft::{Draft, step};
use super::super::{Facts, Refused};
use crate::fleet::{Group, Process, words};
use crate::plan::{Action, Assignment, Converge, Kind, Lasts, Setting, Step, StepId, Undo, Value};
use crate::recipe::health;

/// What has to work for that.
const NEEDED: [Process; 3] = [Process::Launch, Process::Terminate, Process::AddToLoadBalancer];

/// Replaces them once the group is pointed at the release; then it launches servers again by itself.
pub(super) fn replaced(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    (group, ahead): (&Group, Option<&Ahead<'_>>),
    back: Vec<StepId>,
    pointed: StepId,
) -> Result<(), Refused> {
    let last = match ahead {
        Some(ahead) => one_by_one(draft, facts, ahead, pointed)?,
        None => pointed,
    };
    let title = "let the group launch again by itself";
    draft.restore("group", title, group.name.as_str(), back, &[last]);
    Ok(())
}

fn one_by_one(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    ahead: &Ahead<'_>,
    pointed: StepId,
) -> Result<StepId, Refused> {
    let group = ahead.group;
    let sizes = make_room(draft, group, ahead.members, 1, &[pointed]);
    let ready = vec![sizes];
    // R6: should new servers not become healthy, it launches none of them by itself.
    let launching = if group.is_suspended(Process::Launch.word()) {
        None
    } else {
        Some(draft.add(Step {
            after: ready.clone(),
            before: Some(Value::Suspended.to_string()),
            becomes: Some(Value::Active.to_string()),
            lasts: Lasts::UntilTheEnd,
            undo: Undo::Restore,
            ..step(
                "group",
                "resume Launch while web servers are replaced",
                group.name.as_str(),
                Action::Set {
                    settings: vec![Assignment {
                        setting: Setting::Process { group: group.name.clone(), process: Process::Launch },
                        to: Value::Active,
                    }],
                },
            )
        }))
    };
    let suspended: Vec<Process> =
        NEEDED.into_iter().filter(|process| group.is_suspended(process.word())).collect();
    let resumed = draft.set_processes(group, &suspended, false, Lasts::UntilTheEnd, &ready);
    let serving = in_service(facts, group, &ahead.balancers)?;
    let held: Vec<StepId> = ready.into_iter().chain(launching).chain(resumed).collect();
    let count = words::count(group.desired.into(), "server");
    let converge = Converge {
        kind: Kind::Replace,
        group: group.name.clone(),
        balancers: ahead.balancers.clone(),
        to: Value::Later(create_release::made()),
        batch: 1,
        at_least: serving.min(group.desired),
        count: group.desired,
        patience_s: ahead.patience_s,
        check: Some(health::ask(&facts.place.layout)),
        // What never came into service goes again; the group goes on with the release.
        back: Some(Value::Later(create_release::made())),
    };
    let replaced = draft.add(Step {
        after: held.clone(),
        becomes: Some(format!("{count} of the new release")),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("new servers that never came into service are let go".into()),
        deadline_s: group.desired.saturating_mul(ahead.patience_s.saturating_add(600)).min(86_400),
        destructive: true,
        ..step(
            "web",
            "replace web servers one at a time: new in service, then old out",
            group.name.as_str(),
            Action::Converge(Box::new(converge)),
        )
    });
    let title = "put the group back as it was, but for what launches servers";
    let back = draft.restore("group", title, group.name.as_str(), held, &[replaced]);
    Ok(back.unwrap_or(replaced))
}
