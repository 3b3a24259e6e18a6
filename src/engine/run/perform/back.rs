//! Taking back: settings to the values found before, what was made away again. What somebody else changed meanwhile is
//! left alone and told; what cannot be put back is told with how to do it by hand.

use std::sync::Arc;

use super::converge::{let_go, towards};
use super::moves::sides;
use super::set::assign;
use super::{AGREEING, LOOK_AGAIN, StepStop, Worker, job, made, open, relay, secrets, thing};
use crate::engine::run::entry::{Entry, Left, StepEnd, Way};
use crate::engine::run::world::launch_of;
use crate::fleet::{InstanceId, LaunchSource, Sizes};
use crate::plan::{Action, Converge, Kind, Page, Setting, StepId, Undo, Value};

/// A step of the plan that puts back what earlier ones changed for the time being, latest first.
pub(super) async fn restore(worker: &mut Worker, steps: &[StepId]) -> Result<StepEnd, StepStop> {
    let mut any = false;
    for id in steps.iter().rev() {
        let story = worker.book.story().await;
        if story.of(*id).is_none_or(|step| step.began.is_none() || step.undone.is_some()) {
            continue;
        }
        let priors = story.priors(*id);
        drop(story);
        any |= !priors.is_empty();
        let left = settings(worker, priors).await?;
        for one in &left {
            worker
                .book
                .say(&worker.world, Some(worker.step.id), true, format!("{}: {}", one.what, one.why))
                .await;
        }
        worker.book.write_if_possible(Entry::Undone { step: *id, left, at: worker.world.now() }).await;
    }
    Ok(if any { StepEnd::Done } else { StepEnd::AlreadySo })
}

/// Takes a step back as far as the way says, and gives what is left of it.
pub(in crate::engine::run) async fn take_back(mut worker: Worker, way: Way) -> Result<Vec<Left>, StepStop> {
    let step = Arc::clone(&worker.step);
    let mut left = Vec::new();
    match &step.action {
        Action::Converge(converge) if matches!(converge.kind, Kind::Replace | Kind::Grow) => {
            left.extend(members(&mut worker, converge, way).await?);
        }
        Action::Job(job) => {
            if let Err(stop) = job::take_back(&mut worker, job).await {
                let what = format!("{} on the server", job.name);
                left.push(not_done(stop, &what, "taken back")?);
            }
        }
        Action::Relay(relay) => {
            if let Err(stop) = relay::take_back(&mut worker, relay).await {
                left.push(not_done(
                    stop,
                    &format!("{} on the server that it went to", relay.file),
                    "deleted",
                )?);
            }
        }
        Action::Launch { .. } | Action::Image { .. } | Action::Release { .. } => {
            left.extend(made::take_back(&mut worker).await?);
        }
        Action::Make { thing, .. } => left.extend(thing::take_back(&mut worker, thing).await?),
        Action::Open { .. } => left.extend(open::take_back(&mut worker).await?),
        Action::Secrets(change) => {
            if let Err(stop) = secrets::take_back(&mut worker, change).await {
                left.push(not_done(stop, "the file of secrets", "as it was before")?);
            }
        }
        _ => {}
    }
    if step.undo == Undo::Restore || matches!(step.action, Action::Converge(_)) {
        let priors = worker.book.story().await.priors(step.id);
        left.extend(settings(&mut worker, priors).await?);
    }
    Ok(left)
}

/// What could not be taken back, unless nothing more may be done at all.
pub(super) fn not_done(stop: StepStop, what: &str, wanted: &str) -> Result<Left, StepStop> {
    match stop {
        StepStop::LockLost(_) => Err(stop),
        StepStop::Failed(why)
        | StepStop::Denied(why)
        | StepStop::Stopped(why)
        | StepStop::Unknown(why)
        | StepStop::Unrecorded(why) => Ok(Left {
            what: what.to_owned(),
            wanted: wanted.to_owned(),
            found: None,
            why,
            cure: format!("see that it is {wanted}"),
            foreign: false,
        }),
    }
}

/// Puts settings back to the values found before, latest first. What does not answer at once is put back after
/// everything else, so that a server that hangs keeps no other waiting.
async fn settings(worker: &mut Worker, priors: Vec<(Setting, Value)>) -> Result<Vec<Left>, StepStop> {
    let priors = of_servers_that_are_there(worker, priors).await;
    let all: Vec<Setting> = priors.iter().map(|(setting, _)| setting.clone()).collect();
    let (mut at_once, mut later) = (Vec::new(), Vec::new());
    for ((setting, prior), found) in priors.into_iter().zip(worker.world.each_setting(&all).await) {
        match found {
            Some(found) => at_once.push((setting, prior, found)),
            None => later.push((setting, prior)),
        }
    }
    arrived(worker, &mut at_once).await;
    let mut left = put_back(worker, at_once).await?;
    let mut found_later = Vec::with_capacity(later.len());
    for (setting, prior) in later {
        match worker.patiently(async |world| world.setting(&setting).await).await {
            Ok(found) => found_later.push((setting, prior, found)),
            Err(StepStop::LockLost(words)) => return Err(StepStop::LockLost(words)),
            Err(
                StepStop::Failed(why)
                | StepStop::Denied(why)
                | StepStop::Stopped(why)
                | StepStop::Unknown(why)
                | StepStop::Unrecorded(why),
            ) => left.push(unset(&setting, &prior, None, why, false)),
        }
    }
    left.extend(put_back(worker, found_later).await?);
    Ok(left)
}

/// Waits for changes that were asked for just now, and whose old value is still seen: the request may be on its way from a
/// run that was killed, and AWS may tell what was before. That one did not happen takes agreeing answers.
async fn arrived(worker: &mut Worker, found: &mut [(Setting, Value, Value)]) {
    loop {
        let (now, story) = (worker.world.now(), worker.book.story().await);
        let is_open = |(setting, prior, found): &(Setting, Value, Value)| {
            let asked = story.asked_otherwise(setting, prior).filter(|_| found == prior);
            asked.is_some_and(|at| now.duration_since(at) < AGREEING)
        };
        let open: Vec<usize> = (0..found.len()).filter(|n| found.get(*n).is_some_and(is_open)).collect();
        drop(story);
        if open.is_empty() {
            return;
        }
        worker.book.status(worker.step.id, "looking whether what was asked for last still arrives".into());
        worker.world.ports.read.pause(LOOK_AGAIN).await;
        worker.world.forget();
        let asked: Vec<Setting> =
            open.iter().filter_map(|n| found.get(*n)).map(|(setting, ..)| setting.clone()).collect();
        for (n, answer) in open.into_iter().zip(worker.world.each_setting(&asked).await) {
            if let (Some((_, _, found)), Some(answer)) = (found.get_mut(n), answer) {
                *found = answer;
            }
        }
    }
}

/// Puts back what has another value than before, latest first.
async fn put_back(worker: &mut Worker, priors: Vec<(Setting, Value, Value)>) -> Result<Vec<Left>, StepStop> {
    let mut left = Vec::new();
    let mut wanted = Vec::new();
    for (setting, prior, found) in priors.into_iter().rev() {
        if found == prior {
            continue;
        }
        let story = worker.book.story().await;
        let ours = story.ours(&setting).contains(&&found);
        let converges = story.plan.steps.iter().any(|step| matches!(step.action, Action::Converge(_)));
        drop(story);
        if let (Setting::Sizes { group }, Value::Sizes(was), Value::Sizes(is)) = (&setting, &prior, &found)
            && ours
            && converges
            && is.desired > was.desired
        {
            // Whoever lowers what a group wants lets the group choose who goes.
            let group = worker.patiently(async |world| world.group(group).await).await?;
            let there = group.members.iter().filter(|member| member.lifecycle == "InService").count();
            if there > was.desired as usize {
                let kept = Value::Sizes(Sizes { desired: is.desired, max: was.max.max(is.desired), ..*was });
                let why = format!("{there} servers are there, and the group would choose which of them go");
                left.push(unset(&setting, &prior, Some(&found), why, false));
                if kept != found {
                    wanted.push((setting, kept));
                }
                continue;
            }
        }
        if ours {
            wanted.push((setting, prior));
        } else {
            let why = "somebody else changed it meanwhile, so it was left as it is".to_owned();
            left.push(unset(&setting, &prior, Some(&found), why, true));
        }
    }
    // One by one where several fail, so that one that cannot be put back keeps no other.
    if assign_or_lost(worker, wanted.clone()).await?.is_err() {
        for (setting, prior) in wanted {
            if let Err(why) = assign_or_lost(worker, vec![(setting.clone(), prior.clone())]).await? {
                left.push(unset(&setting, &prior, None, why, false));
            }
        }
    }
    Ok(left)
}

async fn assign_or_lost(
    worker: &mut Worker,
    wanted: Vec<(Setting, Value)>,
) -> Result<Result<(), String>, StepStop> {
    match assign(worker, wanted).await {
        Ok(_) => Ok(Ok(())),
        Err(StepStop::LockLost(words)) => Err(StepStop::LockLost(words)),
        Err(
            StepStop::Failed(why)
            | StepStop::Denied(why)
            | StepStop::Stopped(why)
            | StepStop::Unknown(why)
            | StepStop::Unrecorded(why),
        ) => Ok(Err(why)),
    }
}

/// Without the settings of servers that are gone: they have nothing to put back.
async fn of_servers_that_are_there(
    worker: &Worker,
    mut priors: Vec<(Setting, Value)>,
) -> Vec<(Setting, Value)> {
    let of = |setting: &Setting| match setting {
        Setting::Membership { instance, .. } | Setting::Page { instance } => Some(instance.clone()),
        _ => None,
    };
    if !priors.iter().any(|(setting, _)| of(setting).is_some()) {
        return priors;
    }
    if let Ok(all) = worker.world.ports.read.servers(&worker.world.ports.deployment).await {
        let there = |id: &InstanceId| worker.world.is_among(&all, id);
        priors.retain(|(setting, _)| of(setting).is_none_or(|id| there(&id)));
    }
    priors
}

fn unset(setting: &Setting, prior: &Value, found: Option<&Value>, why: String, foreign: bool) -> Left {
    Left {
        what: setting.to_string(),
        wanted: prior.to_string(),
        found: found.map(ToString::to_string),
        why,
        cure: cure(setting, prior),
        foreign,
    }
}

/// How to put a setting right by hand.
fn cure(setting: &Setting, prior: &Value) -> String {
    match (setting, prior) {
        (Setting::Process { group, process }, Value::Active) => format!(
            "aws autoscaling resume-processes --auto-scaling-group-name {group} --scaling-processes {process}"
        ),
        (Setting::Process { group, process }, _) => format!(
            "aws autoscaling suspend-processes --auto-scaling-group-name {group} --scaling-processes {process}"
        ),
        (Setting::Sizes { group }, Value::Sizes(sizes)) => format!(
            "aws autoscaling update-auto-scaling-group --auto-scaling-group-name {group} --min-size {} \
             --desired-capacity {} --max-size {}",
            sizes.min, sizes.desired, sizes.max
        ),
        (Setting::Launch { group }, Value::Launch(LaunchSource::Configuration { name })) => format!(
            "aws autoscaling update-auto-scaling-group --auto-scaling-group-name {group} \
             --launch-configuration-name {name}"
        ),
        (Setting::Launch { group }, Value::Launch(LaunchSource::Template { id, version, .. })) => format!(
            "aws autoscaling update-auto-scaling-group --auto-scaling-group-name {group} --launch-template \
             'LaunchTemplateId={id},Version={version}'"
        ),
        (Setting::Membership { balancer, instance }, Value::Registered) => format!(
            "aws elb register-instances-with-load-balancer --load-balancer-name {balancer} --instances {instance}"
        ),
        (Setting::Membership { balancer, instance }, _) => format!(
            "aws elb deregister-instances-from-load-balancer --load-balancer-name {balancer} --instances {instance}"
        ),
        (Setting::Certificate { balancer, port }, Value::Certificate(arn)) => format!(
            "aws elb set-load-balancer-listener-ssl-certificate --load-balancer-name {balancer} --load-balancer-port \
             {port} --ssl-certificate-id {arn}"
        ),
        (Setting::Page { instance }, Value::Page(Page::Off)) => {
            format!("remove 503.html and the health check's file from services/nginx/html on {instance}")
        }
        (setting, prior) => format!("make {setting} {prior} again"),
    }
}

/// New members that are not in service go; with everything undone, the old release takes the new one's place again.
async fn members(worker: &mut Worker, converge: &Converge, way: Way) -> Result<Vec<Left>, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let Ok(to) = launch_of(&converge.to, &slots) else { return Ok(Vec::new()) };
    let prior = match &converge.back {
        Some(back) => launch_of(back, &slots).ok(),
        None => prior_launch(worker, converge).await,
    };
    if let Some(prior) = &prior {
        // First of all: whatever goes must not come again from the new release.
        let setting = Setting::Launch { group: converge.group.clone() };
        let found = worker.patiently(async |world| world.setting(&setting).await).await?;
        if found == Value::Launch(to.clone()) {
            assign(worker, vec![(setting, Value::Launch(prior.clone()))]).await?;
        }
    }
    let group = worker.patiently(async |world| world.group(&converge.group).await).await?;
    let new: Vec<InstanceId> =
        sides(&group, &to).new.into_iter().map(|member| member.instance.clone()).collect();
    let mut left = Vec::new();
    if converge.kind == Kind::Grow {
        if let Err(stop) = let_go(worker, &converge.group, &new).await {
            left.push(not_done(stop, "servers that the run launched", "terminated")?);
        }
        return Ok(left);
    }
    for id in new {
        let mut serves = true;
        for balancer in &converge.balancers {
            let health = worker.patiently(async |world| world.health_lately(balancer).await).await?;
            serves &= super::super::world::in_service(&health, &id);
        }
        if !serves && let Err(stop) = let_go(worker, &converge.group, std::slice::from_ref(&id)).await {
            left.push(not_done(stop, &format!("{id}, which never came into service"), "terminated")?);
        }
    }
    // One more than is wanted may serve already: which one goes is not left to the group, which would choose by zone and
    // age, and so the old ones.
    let group = worker.patiently(async |world| world.group(&converge.group).await).await?;
    let both = sides(&group, &to);
    let surplus = (both.new.len() + both.old.len()).saturating_sub(converge.count as usize);
    let spare: Vec<InstanceId> =
        both.new.iter().rev().take(surplus).map(|member| member.instance.clone()).collect();
    if !spare.is_empty()
        && let Err(stop) = let_go(worker, &converge.group, &spare).await
    {
        left.push(not_done(stop, "servers beyond the number that is wanted", "terminated")?);
    }
    let (new, old) = (both.new.len() - spare.len(), both.old.len());
    if way == Way::Stop && new > 0 && old > 0 {
        let text = format!("{new} servers run {}, {old} still run what was there before", to.label());
        worker.book.say(&worker.world, Some(worker.step.id), true, text).await;
    }
    if let (Way::Undo, Some(prior)) = (way, prior) {
        make_room(worker, converge).await?;
        let reversed = Converge { to: Value::Launch(prior.clone()), ..converge.clone() };
        if let Err(stop) = towards(worker, &reversed, prior).await {
            left.push(not_done(stop, &format!("members of {}", converge.group), "back on the old release")?);
        }
    }
    Ok(left)
}

/// Replacing takes room under the maximum, which may have been put back before; it is put back again with the sizes.
async fn make_room(worker: &mut Worker, converge: &Converge) -> Result<(), StepStop> {
    let setting = Setting::Sizes { group: converge.group.clone() };
    let found = worker.patiently(async |world| world.setting(&setting).await).await?;
    let needed = converge.count + converge.batch.max(1);
    if let Value::Sizes(sizes) = found
        && sizes.max < needed
    {
        let entry = Entry::Noted {
            step: worker.step.id,
            setting: setting.clone(),
            value: found,
            at: worker.world.now(),
        };
        worker.write(entry).await?;
        assign(worker, vec![(setting, Value::Sizes(Sizes { max: needed, ..sizes }))]).await?;
    }
    Ok(())
}

/// What the group launched before the run pointed it elsewhere.
async fn prior_launch(worker: &Worker, converge: &Converge) -> Option<LaunchSource> {
    let story = worker.book.story().await;
    let setting = Setting::Launch { group: converge.group.clone() };
    let mut priors = story.plan.steps.iter().flat_map(|step| story.priors(step.id));
    priors.find_map(|(known, value)| match value {
        Value::Launch(launch) if known == setting => Some(launch),
        _ => None,
    })
}
