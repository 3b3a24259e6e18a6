//! What a converge step does next: pure, from what is seen of the group.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::run::world::{in_service, words_of};
use crate::fleet::{Group, InstanceId, LaunchSource, LoadBalancerName, Member, MemberHealth, Process, Sizes};
use crate::plan::{Converge, Kind};

/// What is seen of a group at one moment.
#[derive(Clone, Debug)]
pub(in crate::engine::run) struct Seen {
    /// The group.
    pub(in crate::engine::run) group: Group,
    /// What members are to be launched from.
    pub(in crate::engine::run) to: LaunchSource,
    /// What each load balancer says of its members.
    pub(in crate::engine::run) health: BTreeMap<LoadBalancerName, Vec<MemberHealth>>,
    /// Members that answered the check on their own port.
    pub(in crate::engine::run) passed: BTreeSet<InstanceId>,
    /// What others answered last.
    pub(in crate::engine::run) answers: BTreeMap<InstanceId, String>,
    /// Members that this step has registered with a load balancer, or taken out of it: asked once, they are waited for.
    pub(in crate::engine::run) asked: BTreeSet<(LoadBalancerName, InstanceId)>,
    /// For how many seconds each member has been waited for.
    pub(in crate::engine::run) waited: BTreeMap<InstanceId, i64>,
    /// For how many seconds the group has been waited for to launch.
    pub(in crate::engine::run) idle: i64,
    /// For how many seconds no further member has come into service: a group replaces those that it judges unhealthy,
    /// and each new one would have its own time for ever.
    pub(in crate::engine::run) stalled: i64,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine::run) enum Move {
    /// Nothing is left to do.
    Done,
    /// Wait; this is what for, and the members that are waited for.
    Wait(String, Vec<InstanceId>),
    /// Give the group these sizes.
    Resize(Sizes),
    /// Terminate these members, one after another; the group wants so many less.
    LetGo(Vec<InstanceId>),
    /// Register these with a load balancer.
    Register(LoadBalancerName, Vec<InstanceId>),
    /// Take these out of a load balancer.
    Deregister(LoadBalancerName, Vec<InstanceId>),
    /// It cannot go on; these new members are bad.
    Stop(String, Vec<InstanceId>),
}

/// Members by what they were launched from.
pub(in crate::engine::run) struct Sides<'a> {
    pub(in crate::engine::run) new: Vec<&'a Member>,
    pub(in crate::engine::run) old: Vec<&'a Member>,
}

/// Members that are not on their way out.
pub(in crate::engine::run) fn sides<'a>(group: &'a Group, to: &LaunchSource) -> Sides<'a> {
    // What is on standby, or being detached, was put there by somebody and is theirs.
    let ours = group
        .members
        .iter()
        .filter(|member| member.lifecycle.starts_with("Pending") || member.lifecycle == "InService");
    let (new, old) = ours.partition(|member| member.launch.as_ref() == Some(to));
    Sides { new, old }
}

/// What to do next.
pub(in crate::engine::run) fn next(seen: &Seen, converge: &Converge) -> Move {
    match converge.kind {
        Kind::Replace => replace(seen, converge),
        Kind::Grow => grow(seen, converge),
        Kind::Join => join(seen, converge),
        Kind::Shrink => shrink(seen, converge),
        // Pages are set server by server, see there.
        Kind::Page(_) => Move::Done,
    }
}

impl Seen {
    fn serves(&self, converge: &Converge, member: &Member) -> bool {
        member.lifecycle == "InService"
            && converge.balancers.iter().all(|balancer| {
                self.health.get(balancer).is_some_and(|health| in_service(health, &member.instance))
            })
    }

    fn answers(&self, converge: &Converge, member: &Member) -> bool {
        converge.check.is_none() || self.passed.contains(&member.instance)
    }

    fn runs(member: &Member) -> bool {
        member.lifecycle == "InService"
    }

    /// How it stands with a member that is waited for.
    fn state(&self, converge: &Converge, member: &Member) -> String {
        let id = &member.instance;
        if !Self::runs(member) {
            return format!("{id} is {}", member.lifecycle.to_lowercase());
        }
        for balancer in &converge.balancers {
            let health = self.health.get(balancer).map(Vec::as_slice).unwrap_or_default();
            if converge.kind != Kind::Grow && !in_service(health, id) {
                return format!("{id} at {balancer}: {}", words_of(health, id));
            }
        }
        match self.answers.get(id) {
            Some(answer) => format!("{id} answers for itself: {answer}"),
            None => format!("{id} was not asked yet"),
        }
    }

    /// Waits for members, or stops when one has had its time.
    fn wait(&self, converge: &Converge, waiting: &[&Member], done: usize, all: usize) -> Move {
        let patience = i64::from(converge.patience_s);
        let waited = |member: &Member| self.waited.get(&member.instance).copied().unwrap_or(0);
        let bad = waiting.iter().find(|member| waited(member) > patience);
        let bad = bad.or_else(|| waiting.first().filter(|_| self.stalled > patience));
        if let Some(first) = bad {
            let why = format!(
                "a new server is not in service after {} min: {}",
                converge.patience_s.div_ceil(60),
                self.state(converge, first)
            );
            return Move::Stop(why, waiting.iter().map(|member| member.instance.clone()).collect());
        }
        let words = waiting.first().map(|member| self.state(converge, member)).unwrap_or_default();
        Move::Wait(
            format!("{done} of {all} new in service; {words}"),
            waiting.iter().map(|member| member.instance.clone()).collect(),
        )
    }

    /// Lets the group have so many members.
    fn want(&self, converge: &Converge, desired: u32) -> Move {
        let sizes = self.group.sizes();
        if self.group.is_suspended(Process::Launch.word()) {
            let why = format!("{} launches nothing: its process Launch is suspended", self.group.name);
            return Move::Stop(why, Vec::new());
        }
        if desired > sizes.max {
            let why =
                format!("{} may have {} members at most, and needs {desired}", self.group.name, sizes.max);
            return Move::Stop(why, Vec::new());
        }
        if sizes.desired != desired {
            return Move::Resize(Sizes { desired, ..sizes });
        }
        if self.idle > i64::from(converge.patience_s) {
            let why = format!(
                "{} has launched nothing for {} min although it wants {desired}: see its activities",
                self.group.name,
                converge.patience_s.div_ceil(60)
            );
            return Move::Stop(why, Vec::new());
        }
        Move::Wait(format!("{} launches", self.group.name), Vec::new())
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn replace(seen: &Seen, converge: &Converge) -> Move {
    let Sides { new, old } = sides(&seen.group, &seen.to);
    let serving = |member: &&&Member| seen.serves(converge, member);
    let ready = |member: &&&Member| seen.serves(converge, member) && seen.answers(converge, member);
    let done = new.iter().filter(ready).count();
    let waiting: Vec<&Member> = new.iter().filter(|member| !ready(member)).copied().collect();
    if !waiting.is_empty() {
        return seen.wait(converge, &waiting, done, converge.count as usize);
    }
    let all = number(new.len() + old.len());
    if old.is_empty() {
        return match all.cmp(&converge.count) {
            std::cmp::Ordering::Less => seen.want(converge, converge.count),
            _ if seen.group.desired != converge.count && all == converge.count => {
                Move::Resize(Sizes { desired: converge.count, ..seen.group.sizes() })
            }
            _ => Move::Done,
        };
    }
    let spare = all.saturating_sub(converge.count);
    if spare == 0 {
        let some = converge.batch.max(1).min(number(old.len()));
        return seen.want(converge, converge.count + some);
    }
    // The worst go first: they serve nobody.
    let mut going: Vec<&Member> = old;
    going.sort_by_key(|member| (seen.serves(converge, member), member.instance.clone()));
    let mut left = number(new.iter().filter(serving).count() + going.iter().filter(serving).count());
    let mut chosen = Vec::new();
    for member in going.into_iter().take(spare as usize) {
        let serves = seen.serves(converge, member);
        if serves && left <= converge.at_least {
            break;
        }
        left -= u32::from(serves);
        chosen.push(member.instance.clone());
    }
    if chosen.is_empty() {
        let why = format!("only {left} are in service, and {} must be at any time", converge.at_least);
        return Move::Stop(why, Vec::new());
    }
    Move::LetGo(chosen)
}

fn grow(seen: &Seen, converge: &Converge) -> Move {
    let Sides { new, old } = sides(&seen.group, &seen.to);
    let ready = |member: &&&Member| Seen::runs(member) && seen.answers(converge, member);
    let done = new.iter().filter(ready).count();
    if number(new.len()) < converge.count {
        return seen.want(converge, number(old.len()) + converge.count);
    }
    let waiting: Vec<&Member> = new.iter().filter(|member| !ready(member)).copied().collect();
    if waiting.is_empty() { Move::Done } else { seen.wait(converge, &waiting, done, converge.count as usize) }
}

fn join(seen: &Seen, converge: &Converge) -> Move {
    let Sides { new, .. } = sides(&seen.group, &seen.to);
    for balancer in &converge.balancers {
        let health = seen.health.get(balancer).map(Vec::as_slice).unwrap_or_default();
        let missing =
            new.iter().filter(|member| !health.iter().any(|known| known.instance == member.instance));
        // A load balancer takes a while to know a new member: asked once, it is waited for.
        let missing: Vec<InstanceId> = missing
            .filter(|member| !seen.asked.contains(&(balancer.clone(), member.instance.clone())))
            .map(|member| member.instance.clone())
            .collect();
        if !missing.is_empty() {
            return Move::Register(balancer.clone(), missing);
        }
    }
    // R2: a static file may answer the load balancer; whoever joins answers for itself.
    let ready = |member: &&&Member| seen.serves(converge, member) && seen.answers(converge, member);
    let waiting: Vec<&Member> = new.iter().filter(|member| !ready(member)).copied().collect();
    let done = new.len() - waiting.len();
    if number(done) >= converge.count && waiting.is_empty() {
        return Move::Done;
    }
    if waiting.is_empty() {
        let why = format!("{done} new servers are there, and {} should be", converge.count);
        return Move::Stop(why, Vec::new());
    }
    seen.wait(converge, &waiting, done, converge.count as usize)
}

fn shrink(seen: &Seen, converge: &Converge) -> Move {
    let Sides { new, old } = sides(&seen.group, &seen.to);
    if old.is_empty() {
        return Move::Done;
    }
    // R2: a static file may answer the load balancer; before old ones go, each new one answers for itself.
    let ready = |member: &&&Member| seen.serves(converge, member) && seen.answers(converge, member);
    let waiting: Vec<&Member> = new.iter().filter(|member| !ready(member)).copied().collect();
    let serving = number(new.len() - waiting.len());
    if serving < converge.at_least {
        if !waiting.is_empty() {
            return seen.wait(converge, &waiting, new.len() - waiting.len(), converge.count as usize);
        }
        let why = format!("only {serving} new servers are in service, and {} must be", converge.at_least);
        return Move::Stop(why, Vec::new());
    }
    for balancer in &converge.balancers {
        let health = seen.health.get(balancer).map(Vec::as_slice).unwrap_or_default();
        let there = |member: &&&Member| health.iter().any(|known| known.instance == member.instance);
        let asked = |member: &&&Member| seen.asked.contains(&(balancer.clone(), member.instance.clone()));
        let here: Vec<InstanceId> =
            old.iter().filter(there).filter(|m| !asked(m)).map(|member| member.instance.clone()).collect();
        if !here.is_empty() {
            return Move::Deregister(balancer.clone(), here);
        }
        let leaving: Vec<InstanceId> =
            old.iter().filter(there).map(|member| member.instance.clone()).collect();
        if let Some(first) = leaving.first() {
            return Move::Wait(
                format!("{first} is leaving {balancer}: {}", words_of(health, first)),
                leaving,
            );
        }
    }
    Move::LetGo(old.iter().map(|member| member.instance.clone()).collect())
}
