//! The Auto Scaling group.

use std::time::Duration;

use super::{Examined, Finding, known};
use crate::fleet::words::seconds;
use crate::fleet::{Activity, Group, Process, Reading, Role};

/// The group, where it is known and exists; what is wrong otherwise is told once, by [`exists`].
pub(super) fn there<'a>(examined: &Examined<'a>) -> Option<&'a Group> {
    let patient = examined.patient;
    patient.snapshot.group(patient.place.group.as_ref()?)
}

pub(super) fn exists(examined: &Examined<'_>) -> Vec<Finding> {
    let (place, patient) = (examined.patient.place, examined.patient);
    let Some(name) = &place.group else {
        if !place.has_role(&Role::Web) {
            return Vec::new();
        }
        return vec![Finding::bad(
            format!("{} has no group", place.name),
            "Name it under `auto_scaling_groups` in fabulaws-config.yml",
        )];
    };
    vec![match known("Whether the group exists is", &patient.snapshot.groups) {
        Ok(all) if all.contains_key(name) => Finding::good(format!("{name} exists")),
        Ok(_) => Finding::bad(
            format!("There is no group {name} in {}", patient.topology.region),
            format!(
                "quarterdeck plan create-environment {} makes it; or correct `auto_scaling_groups` in fabulaws-config.yml",
                place.name
            ),
        ),
        Err(unknown) => unknown,
    }]
}

/// R5: a server that is judged before it has booted is replaced for ever.
pub(super) fn grace(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(group) = there(examined) else { return Vec::new() };
    let (name, grace) = (&group.name, group.grace_period);
    if group.health_check_type != "ELB" {
        return vec![Finding::good(format!("{name} asks EC2 alone whether a server is well"))];
    }
    let activities = examined.patient.snapshot.activities.get(name).and_then(Reading::value);
    let is_launch = |one: &&Activity| one.description.starts_with("Launching") && one.status == "Successful";
    let boot = activities.into_iter().flatten().filter(is_launch).take(5).filter_map(took).max();
    let told = |time: Duration| seconds(time.as_secs_f64());
    vec![match boot {
        Some(boot) if boot > grace => Finding::bad(
            format!("{name} judges new servers before they have booted"),
            format!("Raise its health check grace period above {}", told(boot)),
        )
        .seen(format!(
            "its grace period is {}, the last servers took up to {}",
            told(grace),
            told(boot)
        )),
        Some(boot) => {
            Finding::good(format!("grace period {}, and servers boot in {}", told(grace), told(boot)))
        }
        None if grace < Duration::from_secs(60) => Finding::warning(
            format!("{name} judges new servers after {}", told(grace)),
            "Raise its health check grace period to what a server takes to boot",
        )
        .seen("no launch was seen lately, so nobody knows how long that takes"),
        None => Finding::good(format!("grace period {}", told(grace))),
    }]
}

fn took(activity: &Activity) -> Option<Duration> {
    Duration::try_from(activity.ended_at?.duration_since(activity.started_at?)).ok()
}

pub(super) fn sizes(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(group) = there(examined) else { return Vec::new() };
    let (name, sizes, environment) = (&group.name, group.sizes(), &examined.patient.place.name);
    let set = |rest: &str| format!("quarterdeck plan set-sizes {environment} {rest}");
    let mut found = Vec::new();
    if group.desired == 0 {
        found.push(
            Finding::bad(format!("{name} wants no server at all"), set("--desired 2"))
                .seen(format!("its sizes are {sizes}")),
        );
    } else if group.desired == 1 && examined.patient.place.production {
        found.push(
            Finding::warning(
                format!("{name} wants one server: when that fails the site is down"),
                set("--desired 2"),
            )
            .seen(format!("its sizes are {sizes}")),
        );
    }
    if group.desired > 0 && group.desired >= group.max {
        let cure = set(&format!("--max {}", group.max.saturating_add(2)));
        found.push(
            Finding::warning(format!("{name} is at its most, and cannot grow under load"), cure)
                .seen(format!("its sizes are {sizes}")),
        );
    }
    if found.is_empty() {
        found.push(Finding::good(format!("{name} wants {sizes}")));
    }
    found
}

pub(super) fn suspended(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(group) = there(examined) else { return Vec::new() };
    let environment = &examined.patient.place.name;
    if group.suspended.is_empty() {
        return vec![Finding::good(format!("all processes of {} go on", group.name))];
    }
    let mut words: Vec<&str> = group.suspended.iter().map(|process| process.process.as_str()).collect();
    words.sort_unstable();
    let words = words.join(", ");
    let what = if group.is_suspended(Process::Launch.word()) {
        format!("{} launches nothing, and has suspended: {words}", group.name)
    } else {
        format!("{} has suspended: {words}", group.name)
    };
    let cure = format!("Once it is known why: quarterdeck plan resume-processes {environment}");
    let mut finding = Finding::warning(what, cure);
    for process in &group.suspended {
        finding.evidence.push(format!("{}: {}", process.process, process.reason));
    }
    vec![finding]
}
