//! Brings a group's members to where they should be, a few at a time. Each change is an intent of its own; after a
//! crash the group is looked at again and only what is left is done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use jiff::Timestamp;

use super::moves::{Move, Seen, next, sides};
use super::set::assign;
use super::{AGREEING, Halt, LOOK_AGAIN, StepStop, Worker};
use crate::engine::run::entry::{Mutation, StepEnd};
use crate::engine::run::world::{AT_ONCE, Trouble, World, launch_of};
use crate::fleet::{Group, GroupName, InstanceId, LaunchSource, LoadBalancerName, Sizes};
use crate::plan::{Converge, Kind, Page, Setting, Value};

/// What a step remembers between two looks.
struct Memory {
    passed: BTreeSet<InstanceId>,
    answers: BTreeMap<InstanceId, String>,
    since: BTreeMap<InstanceId, Timestamp>,
    idle: Option<Timestamp>,
    /// Since when members are waited for and none of them came into service.
    stalled: Option<Timestamp>,
    /// How many had.
    ready: usize,
    /// Since when a load balancer refuses to register members.
    refused: Option<Timestamp>,
    /// Who was registered with, or taken out of, which load balancer.
    asked: BTreeSet<(LoadBalancerName, InstanceId)>,
}

/// Does a converge step.
pub(super) async fn converge(worker: &mut Worker, converge: &Converge) -> Result<StepEnd, StepStop> {
    if let Kind::Page(page) = converge.kind {
        return pages(worker, &converge.group, page).await;
    }
    let slots = worker.book.story().await.slots.clone();
    let to =
        launch_of(&converge.to, &slots).map_err(|trouble| StepStop::Failed(trouble.words().to_owned()))?;
    towards(worker, converge, to).await
}

/// Brings the members to what they are to be launched from.
pub(super) async fn towards(
    worker: &mut Worker,
    converge: &Converge,
    to: LaunchSource,
) -> Result<StepEnd, StepStop> {
    let mut memory = Memory {
        passed: BTreeSet::new(),
        answers: BTreeMap::new(),
        since: BTreeMap::new(),
        idle: None,
        stalled: None,
        ready: 0,
        refused: None,
        asked: BTreeSet::new(),
    };
    let mut any = false;
    loop {
        let seen = look(worker, converge, &to, &mut memory).await?;
        let next = next(&seen, converge);
        if !matches!(next, Move::Wait(..)) {
            // Between two items nothing is half done.
            worker.may_go_on(Halt::Soon)?;
        }
        match next {
            Move::Done => return Ok(if any { StepEnd::Done } else { StepEnd::AlreadySo }),
            Move::Wait(words, members) => {
                let now = worker.world.now();
                if members.is_empty() {
                    memory.idle.get_or_insert(now);
                } else {
                    memory.idle = None;
                }
                let ready = sides(&seen.group, &to).new.len().saturating_sub(members.len());
                if members.is_empty() || ready > memory.ready {
                    memory.stalled = None;
                }
                memory.ready = ready;
                memory.stalled.get_or_insert(now);
                memory.since.retain(|id, _| members.contains(id));
                for id in members {
                    memory.since.entry(id).or_insert(now);
                }
                worker.book.status(worker.step.id, words.clone());
                worker.in_time(&words)?;
                // Nothing boots or drains within seconds: what lasts is looked at less often, least where a few seconds
                // more are no loss.
                let since = memory.stalled.map_or(0, |since| now.duration_since(since).as_secs());
                let pace = match (since, converge.kind) {
                    (0..=10, Kind::Replace | Kind::Grow) => LOOK_AGAIN,
                    (61.., Kind::Grow) => LOOK_AGAIN * 3,
                    _ => LOOK_AGAIN * 2,
                };
                worker.pause(pace).await?;
            }
            Move::Resize(sizes) => {
                memory.stalled = None;
                launches(worker, converge, &to, &seen.group).await?;
                resize(worker, &converge.group, sizes).await?;
            }
            Move::LetGo(members) => {
                // Taken for granted when the plan was made, and once more before servers go.
                worker.assume().await?;
                launches(worker, converge, &to, &seen.group).await?;
                let_go(worker, &converge.group, &members).await?;
            }
            Move::Register(balancer, members) => {
                match membership(worker, &balancer, &members, Value::Registered).await {
                    Ok(()) => {
                        memory.refused = None;
                        memory.asked(&balancer, members);
                    }
                    // R25: a load balancer takes a while to know who was just launched, and who has gone meanwhile is
                    // not among them at the next look. What is denied stays so, and ends the step at once.
                    Err(StepStop::Failed(why)) => {
                        let now = worker.world.now();
                        let since = *memory.refused.get_or_insert(now);
                        if now.duration_since(since) > AGREEING * 2 {
                            return Err(StepStop::Failed(why));
                        }
                        worker.book.status(worker.step.id, why.clone());
                        worker.in_time(&why)?;
                        worker.pause(LOOK_AGAIN * 2).await?;
                    }
                    Err(stop) => return Err(stop),
                }
            }
            Move::Deregister(balancer, members) => {
                membership(worker, &balancer, &members, Value::NotRegistered).await?;
                memory.asked(&balancer, members);
            }
            Move::Stop(why, bad) => {
                return Err(StepStop::Failed(with_evidence(worker, why, bad.first()).await));
            }
        }
        any = true;
    }
}

/// Whether the group launches what its members are to be. Where somebody else has pointed it elsewhere meanwhile, every new
/// member would be taken for an old one, and servers come and go without an end.
async fn launches(
    worker: &mut Worker,
    converge: &Converge,
    to: &LaunchSource,
    seen: &Group,
) -> Result<(), StepStop> {
    if !matches!(converge.kind, Kind::Replace | Kind::Grow) || seen.launch.as_ref() == Some(to) {
        return Ok(());
    }
    let since = worker.world.now();
    loop {
        // R25: what was asked for just now may not be told yet.
        worker.world.forget();
        let group = worker.patiently(async |world| world.group(&converge.group).await).await?;
        let Some(launch) = group.launch.filter(|launch| launch != to) else { return Ok(()) };
        let words = format!(
            "{} launches {}, and not {} as this run has set it: somebody else has changed that, and nothing more is \
             launched or ended. Undo the run, or make another one",
            converge.group,
            Value::Launch(launch),
            Value::Launch(to.clone())
        );
        if worker.world.now().duration_since(since) > AGREEING {
            return Err(StepStop::Failed(words));
        }
        worker.book.status(worker.step.id, words.clone());
        worker.in_time(&words)?;
        worker.pause(LOOK_AGAIN).await?;
    }
}

impl Memory {
    fn asked(&mut self, balancer: &LoadBalancerName, members: Vec<InstanceId>) {
        self.asked.extend(members.into_iter().map(|member| (balancer.clone(), member)));
    }
}

async fn look(
    worker: &mut Worker,
    converge: &Converge,
    to: &LaunchSource,
    memory: &mut Memory,
) -> Result<Seen, StepStop> {
    let group = worker.patiently(async |world| world.group_lately(&converge.group).await).await?;
    let mut health = BTreeMap::new();
    // Growing happens outside the load balancers.
    for balancer in converge.balancers.iter().filter(|_| converge.kind != Kind::Grow) {
        let members = worker.patiently(async |world| world.health_lately(balancer).await).await?;
        health.insert(balancer.clone(), members);
    }
    if let Some(check) = &converge.check {
        let new = sides(&group, to).new;
        let asked: Vec<InstanceId> = new
            .into_iter()
            .filter(|member| member.lifecycle == "InService" && !memory.passed.contains(&member.instance))
            .map(|member| member.instance.clone())
            .collect();
        for some in asked.chunks(AT_ONCE) {
            let world = &worker.world;
            let answers =
                join_all(some.iter().map(async |id| (id.clone(), world.look(id, check, false).await)));
            for (id, answer) in answers.await {
                match answer {
                    Ok(_) => {
                        memory.answers.remove(&id);
                        memory.passed.insert(id);
                    }
                    Err(trouble) => {
                        memory.answers.insert(id, trouble.words().to_owned());
                    }
                }
            }
        }
    }
    let now = worker.world.now();
    let seconds = |at: &Timestamp| now.duration_since(*at).as_secs();
    Ok(Seen {
        group,
        to: to.clone(),
        health,
        passed: memory.passed.clone(),
        answers: memory.answers.clone(),
        asked: memory.asked.clone(),
        waited: memory.since.iter().map(|(id, at)| (id.clone(), seconds(at))).collect(),
        idle: memory.idle.as_ref().map_or(0, seconds),
        stalled: memory.stalled.as_ref().map_or(0, seconds),
    })
}

async fn resize(worker: &mut Worker, group: &GroupName, sizes: Sizes) -> Result<(), StepStop> {
    let setting = Setting::Sizes { group: group.clone() };
    assign(worker, vec![(setting, Value::Sizes(sizes))]).await.map(|_| ())
}

async fn membership(
    worker: &mut Worker,
    balancer: &LoadBalancerName,
    members: &[InstanceId],
    to: Value,
) -> Result<(), StepStop> {
    let settings = members.iter().map(|instance| {
        (Setting::Membership { balancer: balancer.clone(), instance: instance.clone() }, to.clone())
    });
    assign(worker, settings.collect()).await.map(|_| ())
}

/// Terminates members; the group wants so many less.
pub(super) async fn let_go(
    worker: &mut Worker,
    group: &GroupName,
    members: &[InstanceId],
) -> Result<(), StepStop> {
    let found = worker.patiently(async |world| world.group(group).await).await?;
    let mut sizes = found.sizes();
    let staying = members.iter().filter(|member| !is_gone(&found, member));
    let mutations: Vec<Mutation> = staying
        .map(|member| {
            sizes.desired = sizes.desired.saturating_sub(1);
            let sizes = Some((Setting::Sizes { group: group.clone() }, Value::Sizes(sizes)));
            Mutation::TerminateMember { instance: member.clone(), sizes }
        })
        .collect();
    if mutations.is_empty() {
        return Ok(());
    }
    let again = AtomicBool::new(false);
    worker
        .mutate(
            mutations,
            async |world| {
                // Asked twice, a member must not make the group shrink twice.
                let found = if again.swap(true, Ordering::Relaxed) {
                    world.group(group).await?
                } else {
                    found.clone()
                };
                world.forget();
                for member in members.iter().filter(|member| !is_gone(&found, member)) {
                    world.ports.change.terminate_member(member, true).await.map_err(Trouble::from)?;
                }
                Ok(())
            },
            async |world: std::sync::Arc<World>| {
                let found = world.group(group).await?;
                Ok(members.iter().all(|member| is_gone(&found, member)).then_some(()))
            },
        )
        .await
}

fn is_gone(group: &crate::fleet::Group, member: &InstanceId) -> bool {
    group.member(member).is_none_or(|member| member.lifecycle.starts_with("Terminat"))
}

/// The maintenance page of every member, those that come meanwhile included.
async fn pages(worker: &mut Worker, group: &GroupName, page: Page) -> Result<StepEnd, StepStop> {
    let mut done: BTreeSet<InstanceId> = BTreeSet::new();
    let mut any = false;
    loop {
        let found = worker.patiently(async |world| world.group(group).await).await?;
        let members = found.members.iter().filter(|member| member.lifecycle == "InService");
        let left: Vec<InstanceId> =
            members.map(|member| member.instance.clone()).filter(|id| !done.contains(id)).collect();
        if left.is_empty() {
            return Ok(if any { StepEnd::Done } else { StepEnd::AlreadySo });
        }
        worker.may_go_on(Halt::Now)?;
        worker.book.status(worker.step.id, format!("{} of {} servers", done.len(), found.members.len()));
        let settings =
            left.iter().map(|instance| (Setting::Page { instance: instance.clone() }, Value::Page(page)));
        match assign(worker, settings.collect()).await {
            Ok(changed) => {
                any |= changed;
                done.extend(left);
            }
            Err(StepStop::Failed(why)) => {
                // Some may have gone meanwhile: they need no page.
                let found = worker.patiently(async |world| world.group(group).await).await?;
                let gone: Vec<InstanceId> =
                    left.into_iter().filter(|instance| is_gone(&found, instance)).collect();
                if gone.is_empty() {
                    return Err(StepStop::Failed(why));
                }
                done.extend(gone);
            }
            Err(stop) => return Err(stop),
        }
    }
}

/// Why it stops, with the last lines of the server's logs.
async fn with_evidence(worker: &mut Worker, why: String, bad: Option<&InstanceId>) -> String {
    let Some(bad) = bad else { return why };
    let Some(script) = worker.world.ports.evidence.clone() else { return why };
    match worker.world.look(bad, &script, true).await {
        Ok(lines) if !lines.is_empty() => {
            let last = lines.iter().rev().take(8).rev().cloned().collect::<Vec<_>>().join("\n  ");
            format!("{why}\n  its last log lines:\n  {last}")
        }
        _ => why,
    }
}
