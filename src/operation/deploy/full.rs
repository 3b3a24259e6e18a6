//! deploy-full: with the maintenance page. New servers come up beside the old ones, the page goes up, the workers migrate,
//! new servers join, old ones leave, the page goes away.

use super::super::code::{self, Code};
use super::super::draft::{Draft, step};
use super::super::release::Launchable;
use super::super::{Facts, Options, Refused};
use super::before;
use super::migrations::{self, Meeting};
use super::serial::old_members;
use super::{new_relic, point, workers};
use crate::fleet::{Group, Process, words};
use crate::plan::{Action, Assignment, Converge, Kind, Lasts, Page, Setting, Step, StepId, Undo, Value};
use crate::recipe::page;

/// Suspended from the beginning until the page is off (R3).
const QUIET: [Process; 5] = [
    Process::AddToLoadBalancer,
    Process::AlarmNotification,
    Process::AzRebalance,
    Process::ReplaceUnhealthy,
    Process::ScheduledActions,
];

pub(in super::super) fn plan(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
) -> Result<(), Refused> {
    let to = code::release(facts, options)?;
    deploy(draft, facts, options, to)
}

/// Deploys a release that was chosen.
pub(in super::super) fn deploy(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    to: Launchable,
) -> Result<(), Refused> {
    let target = before::look(draft, facts, to)?;
    let code = Code::from(&target.to);
    let (group, layout) = (target.group, &facts.place.layout);
    let name = group.name.as_str();
    let (old, count) = (old_members(&target), group.desired);
    if old > 0 {
        before::has_room(draft, facts, &target, count)?;
    }
    let migrate = migrations::look(draft, facts, options, &code, Meeting::Nobody)?;
    if old == 0 {
        return Err(Refused::Nothing(format!(
            "all servers of {name} run {} already: nothing to replace. To bring its code to the workers again use \
             deploy-worker, to web servers as they are deploy-web",
            target.to.named()
        )));
    }
    draft.title(format!("deploy {} with the maintenance page", target.to.named()));
    draft
        .noticed("users see the maintenance page from when the new servers run until the old ones have left");
    draft.cannot_undo(format!(
        "{} terminated; rollback --full brings their release back",
        words::count(old.into(), "old server")
    ));
    let quiet = draft.set_processes(group, &QUIET, true, Lasts::UntilTheEnd, &[]);
    let after: Vec<StepId> = quiet.into_iter().collect();
    let pointed = point::point(draft, &target, count, &[Process::Launch, Process::Terminate], &after);
    let run = |kind, at_least| point::converge(&target, layout, kind, count, at_least);
    let servers = words::count(count.into(), "server");
    let patience = target.patience_s;
    let grow = draft.add(Step {
        after: pointed.ready.clone(),
        becomes: Some(format!("{servers} more, on {}", target.to.launch.label())),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("the new servers are terminated".into()),
        deadline_s: patience.saturating_add(900),
        ..step("web", "launch new servers beside the old ones", name, reached(run(Kind::Grow, 0), layout))
    });
    let launch = suspend_launch(draft, group, &[grow]);
    let up = draft.add(Step {
        after: vec![launch],
        becomes: Some(Page::Healthy.word().into()),
        lasts: Lasts::UntilTheEnd,
        undo: Undo::Restore,
        deadline_s: 600,
        noticed: Some("the maintenance page".into()),
        ..step(
            "web",
            "put the maintenance page up on all servers, old and new",
            name,
            reached(run(Kind::Page(Page::Healthy), 0), layout),
        )
    });
    let worker = workers::lane(draft, facts, options, &code, &migrate, &[up])?;
    let mut settles: Vec<StepId> = pointed.steps.iter().chain(&worker.steps).copied().chain([grow]).collect();
    // What has come back to life on the new code belongs to what stays.
    let mut joins: Vec<StepId> = worker.ready.clone();
    joins.extend(&worker.done);
    let join = StepId(joins.iter().map(|id| id.0).max().unwrap_or(0) + 1);
    settles.push(join);
    let join = draft.add(Step {
        after: joins,
        before: Some("not registered".into()),
        becomes: Some(format!("{servers} in service")),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("the new servers are taken out of the load balancers".into()),
        deadline_s: patience.saturating_add(600),
        settles,
        ..step("web", "register the new servers with every load balancer", name, run(Kind::Join, 0))
    });
    let shrink = draft.add(Step {
        after: vec![join],
        before: Some(format!("{} on {}", words::count(old.into(), "server"), target.from.label())),
        becomes: Some("terminated".into()),
        undo: Undo::Cannot("they are gone; rollback --full brings their release back".into()),
        deadline_s: 4_500,
        destructive: true,
        ..step("web", "take the old servers out and terminate them", name, run(Kind::Shrink, count))
    });
    let off = draft.restore("web", "take the maintenance page off", name, vec![up], &[shrink]);
    let put_back = quiet.into_iter().chain(pointed.restore).chain([launch]).collect();
    let mut last: Vec<StepId> = off.into_iter().collect();
    let back = draft.restore("group", "put the group back as it was", name, put_back, &last);
    last.extend(back);
    new_relic::tell(draft, facts, &code, worker.first, &last);
    Ok(())
}

/// Before the schema is migrated Django cannot be asked: that a server answers at all is what the page needs.
fn reached(action: Action, layout: &crate::fleet::Layout) -> Action {
    match action {
        Action::Converge(one) => {
            Action::Converge(Box::new(Converge { check: Some(page::show(layout)), ..*one }))
        }
        other => other,
    }
}

/// R3: a server launched from here on would have no page.
fn suspend_launch(draft: &mut Draft<'_>, group: &Group, after: &[StepId]) -> StepId {
    let setting = Setting::Process { group: group.name.clone(), process: Process::Launch };
    draft.add(Step {
        after: after.to_vec(),
        before: Some(Value::Active.to_string()),
        becomes: Some(Value::Suspended.to_string()),
        lasts: Lasts::UntilTheEnd,
        undo: Undo::Restore,
        ..step(
            "group",
            "suspend Launch: a new server would have no page",
            group.name.as_str(),
            Action::Set { settings: vec![Assignment { setting, to: Value::Suspended }] },
        )
    })
}
