//! A release that moves through a group: which members are old, on their way, or in service.

use crate::engine::run::{Bound, Story};
use crate::fleet::{GroupName, HealthState, LaunchSource, LoadBalancerName, Member, Severity, Snapshot};
use crate::plan::{Action, Converge, Kind, Value};

/// How the members of a group stand towards a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wave {
    /// The group.
    pub group: GroupName,
    /// Members that were launched from something else and are not on their way out.
    pub old: usize,
    /// Members on their way out.
    pub leaving: usize,
    /// New ones that are not in service yet.
    pub pending: usize,
    /// New ones in service at every load balancer.
    pub serving: usize,
    /// How many there are to be in the end.
    pub count: usize,
    /// Whether it is as it should be in the end.
    pub severity: Severity,
}

/// A wave for each group that the plan moves to another release.
#[must_use]
pub fn waves(story: &Story, snapshot: &Snapshot) -> Vec<Wave> {
    let mut waves: Vec<Wave> = Vec::new();
    for step in &story.plan.steps {
        let Action::Converge(converge) = &step.action else { continue };
        if matches!(converge.kind, Kind::Page(_)) || waves.iter().any(|wave| wave.group == converge.group) {
            continue;
        }
        waves.extend(wave(story, converge, snapshot));
    }
    waves
}

fn wave(story: &Story, converge: &Converge, snapshot: &Snapshot) -> Option<Wave> {
    let group = snapshot.group(&converge.group)?;
    let to = match &converge.to {
        Value::Launch(launch) => Some(launch),
        Value::Later(slot) => match story.slots.get(slot) {
            Some(Bound::Launch(launch)) => Some(launch),
            _ => None,
        },
        _ => None,
    };
    let balancers: &[LoadBalancerName] =
        if converge.balancers.is_empty() { &group.load_balancers } else { &converge.balancers };
    let mut wave = Wave {
        group: group.name.clone(),
        old: 0,
        leaving: 0,
        pending: 0,
        serving: 0,
        count: usize::try_from(converge.count).unwrap_or(0),
        severity: Severity::Changing,
    };
    for member in &group.members {
        let place = match (is_new(member, to), member.lifecycle.starts_with("Terminat")) {
            (_, true) => &mut wave.leaving,
            (false, _) => &mut wave.old,
            (true, _) if serves(member, balancers, snapshot) => &mut wave.serving,
            (true, _) => &mut wave.pending,
        };
        *place += 1;
    }
    if wave.old + wave.pending + wave.leaving == 0 && wave.serving >= wave.count {
        wave.severity = Severity::Ok;
    }
    Some(wave)
}

fn is_new(member: &Member, to: Option<&LaunchSource>) -> bool {
    to.is_some_and(|to| member.launch.as_ref() == Some(to))
}

fn serves(member: &Member, balancers: &[LoadBalancerName], snapshot: &Snapshot) -> bool {
    let at = |name: &LoadBalancerName| {
        let health = snapshot.health_of(name, &member.instance);
        health.is_some_and(|health| health.state == HealthState::InService)
    };
    member.lifecycle == "InService" && balancers.iter().all(at)
}
