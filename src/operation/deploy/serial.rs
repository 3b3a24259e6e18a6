//! deploy-serial: no downtime. The worker first, then each web server is replaced by a new one that is in service before
//! the old one goes.

use std::collections::BTreeSet;

use super::super::code::{self, Code};
use super::super::draft::{Draft, step};
use super::super::facts::stays;
use super::super::release::Launchable;
use super::super::{Facts, Options, Refused};
use super::before::{self, Target};
use super::migrations::{self, Meeting};
use super::{new_relic, point, workers};
use crate::fleet::{Group, InstanceId, LoadBalancerName, Process, words};
use crate::plan::{Kind, Lasts, Step, StepId, Undo};

/// What would change the group's members or sizes under the run's hands.
pub(in super::super) const QUIET: [Process; 3] =
    [Process::AzRebalance, Process::AlarmNotification, Process::ScheduledActions];

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
    let group = target.group;
    let serving = in_service(facts, group, &target.balancers)?;
    // Where nobody serves, one at a time would only take longer.
    let batch = if serving == 0 && options.batch.is_none() {
        group.desired.max(1)
    } else {
        batch(options, group.desired)?
    };
    let old = old_members(&target);
    if old > 0 {
        before::has_room(draft, facts, &target, batch)?;
    }
    let migrate = migrations::look(draft, facts, options, &code, Meeting::OldCodeGoesOn)?;
    let worker = workers::lane(draft, facts, options, &code, &migrate, &[])?;
    if old == 0 && group.launch.as_ref() == Some(&target.to.launch) {
        return Err(Refused::Nothing(format!(
            "{} launches {} already, and all its servers run it. To bring its code to the workers again use \
             deploy-worker, to web servers as they are deploy-web",
            group.name,
            target.to.named()
        )));
    }
    draft.title(format!("deploy {}, {} at a time", target.to.named(), words::count(batch.into(), "server")));
    // R5: the group moves no server between zones meanwhile, and neither an alarm nor the clock changes its sizes.
    let quiet = draft.set_processes(group, &QUIET, true, Lasts::UntilTheEnd, &worker.ready);
    let mut after: Vec<StepId> = worker.done.clone();
    after.extend(quiet);
    let needed = [Process::Launch, Process::Terminate, Process::AddToLoadBalancer];
    let pointed = point::point(draft, &target, batch, &needed, &after);
    if serving == 0 {
        draft.note(
            "No server is in service at every load balancer now: nothing can get worse, and all are replaced at once unless \
             --batch says otherwise.",
        );
    }
    let rounds = group.desired.div_ceil(batch);
    let deadline = rounds.saturating_mul(target.patience_s.saturating_add(600)).min(86_400);
    let replace = draft.add(Step {
        after: pointed.ready.clone(),
        before: Some(format!("{} on {}", words::count(old.into(), "server"), target.from.label())),
        becomes: Some(format!(
            "{} on {}",
            words::count(group.desired.into(), "server"),
            target.to.launch.label()
        )),
        undo: Undo::Reverse(format!("replaced again, from {}", target.from.label())),
        deadline_s: deadline,
        destructive: true,
        lasts: Lasts::UnlessStopped,
        settles: pointed.steps.iter().chain(&worker.steps).copied().chain([draft.next()]).collect(),
        ..step(
            "web",
            format!("replace web servers {batch} at a time: new in service, then old out"),
            group.name.as_str(),
            point::converge(&target, &facts.place.layout, Kind::Replace, batch, serving.min(group.desired)),
        )
    });
    let put_back = quiet.into_iter().chain(pointed.restore).collect();
    let last =
        draft.restore("group", "put the group back as it was", group.name.as_str(), put_back, &[replace]);
    new_relic::tell(draft, facts, &code, worker.first, &[last.unwrap_or(replace)]);
    Ok(())
}

/// How many at a time.
fn batch(options: &Options, desired: u32) -> Result<u32, Refused> {
    match options.batch {
        Some(0) => Err(Refused::Usage("--batch wants at least 1".into())),
        Some(batch) => Ok(batch.min(desired.max(1))),
        None => Ok(1),
    }
}

/// Members that were launched from something else.
pub(super) fn old_members(target: &Target<'_>) -> u32 {
    let is_old =
        |member: &&crate::fleet::Member| stays(member) && member.launch.as_ref() != Some(&target.to.launch);
    u32::try_from(target.group.members.iter().filter(is_old).count()).unwrap_or(u32::MAX)
}

/// Members that are in service at every load balancer.
pub(in super::super) fn in_service(
    facts: &Facts<'_>,
    group: &Group,
    balancers: &[LoadBalancerName],
) -> Result<u32, Refused> {
    let mut serving: Option<BTreeSet<&InstanceId>> = None;
    for balancer in balancers {
        let here = facts.in_service(balancer)?;
        serving = Some(match serving {
            Some(so_far) => so_far.intersection(&here).copied().collect(),
            None => here,
        });
    }
    let serving = serving.unwrap_or_default();
    let members = group.members.iter().filter(|member| serving.contains(&member.instance)).count();
    Ok(u32::try_from(members).unwrap_or(u32::MAX))
}
