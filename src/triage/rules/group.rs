//! The Auto Scaling group: what it does again and again, what it cannot do, and what somebody has stopped.

use jiff::{SignedDuration, Timestamp};

use super::Symptom;
use crate::fleet::{Activity, FailureKind, Group, Reading, Severity, Since, words};
use crate::triage::finding::Evidence;
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;

/// Activities of so long ago say something of now.
const LATELY: SignedDuration = SignedDuration::from_mins(60);

/// So many members ended for their health within that time are no accident.
const CHURNS: usize = 3;

/// Whether it is there, as large as it wants, and free to work.
pub fn group(patient: &Patient<'_>) -> Vec<Symptom> {
    let Some(name) = &patient.place.group else { return Vec::new() };
    let groups = &patient.snapshot.groups;
    let Some(group) = patient.group() else {
        let absent = patient.row.group_failure == Some(FailureKind::Absent) && !patient.servers.is_empty();
        let title = format!("The group {name} does not exist: no web server is replaced or added");
        let symptom = || Symptom::new(Kind::NoGroup, name.as_str(), Severity::Down, title);
        return if absent {
            vec![symptom().because(patient.read(groups, format!("there is no {name}")))]
        } else {
            Vec::new()
        };
    };
    [suspended(patient, group), short(patient, group), at_max(patient, group), strays(patient, group)]
        .into_iter()
        .flatten()
        .collect()
}

fn suspended(patient: &Patient<'_>, group: &Group) -> Option<Symptom> {
    if group.suspended.is_empty() {
        return None;
    }
    let names: Vec<&str> = group.suspended.iter().map(|s| s.process.as_str()).collect();
    let what = if group.is_suspended("Launch") {
        "Dead web servers are not replaced"
    } else if group.is_suspended("HealthCheck") || group.is_suspended("ReplaceUnhealthy") {
        "Unhealthy web servers are not replaced"
    } else {
        "The group does not do all of its work"
    };
    let title =
        format!("{what}: suspended {} {}", if names.len() == 1 { "is" } else { "are" }, names.join(", "));
    let mut symptom = Symptom::new(Kind::Suspended, group.name.as_str(), Severity::Warn, title);
    let mut since: Option<Timestamp> = None;
    for process in &group.suspended {
        let when = suspended_at(&process.reason);
        since = since.into_iter().chain(when).min();
        let text = format!("{}: {}", process.process, process.reason);
        symptom = symptom.because(patient.read(&patient.snapshot.groups, text));
    }
    Some(symptom.since(since.map(|at| Since { at, turned: true })))
}

/// AWS's words: `User suspended at 2026-11-22T02:41:07Z`.
fn suspended_at(reason: &str) -> Option<Timestamp> {
    reason.split_whitespace().find_map(|word| word.trim_end_matches('.').parse().ok())
}

fn short(patient: &Patient<'_>, group: &Group) -> Option<Symptom> {
    let serving = group.members.iter().filter(|m| m.lifecycle == "InService").count();
    let wanted = usize::try_from(group.desired).unwrap_or(usize::MAX);
    if serving >= wanted {
        return None;
    }
    let title = format!("The group has {serving} of the {wanted} web servers that it wants");
    let read = patient.read(&patient.snapshot.groups, format!("{serving} InService, wants {wanted}"));
    Some(Symptom::new(Kind::GroupShort, group.name.as_str(), Severity::Warn, title).because(read))
}

fn at_max(patient: &Patient<'_>, group: &Group) -> Option<Symptom> {
    // A group that may not grow at all is meant to be so.
    if group.desired < group.max || group.min == group.max {
        return None;
    }
    let title = format!("The group is as large as it may be: {} web servers", group.max);
    let read =
        patient.read(&patient.snapshot.groups, format!("wants {}, at most {}", group.desired, group.max));
    let symptom = Symptom::new(Kind::AtMax, group.name.as_str(), Severity::Warn, title);
    Some(symptom.because(read).users("nothing yet; with more traffic answers get slow"))
}

fn strays(patient: &Patient<'_>, group: &Group) -> Option<Symptom> {
    if group.members.is_empty() {
        return None;
    }
    let strays: Vec<_> = patient
        .of_role(&crate::fleet::Role::Web)
        .filter(|s| s.role.role == crate::fleet::Role::Web && s.group.as_ref() != Some(&group.name))
        .filter(|s| group.member(&s.id).is_none())
        .map(|s| s.id.clone())
        .collect();
    if strays.is_empty() {
        return None;
    }
    let title = match strays.len() {
        1 => format!("The web server {} does not belong to the group", strays[0].short()),
        n => format!("{n} web servers do not belong to the group"),
    };
    let text = format!("{} is tagged web and no member of {}", Patient::named(&strays), group.name);
    let read = patient.read(&patient.snapshot.servers, text);
    Some(Symptom::new(Kind::Stray, group.name.as_str(), Severity::Warn, title).because(read).on(strays))
}

fn activities<'a>(patient: &Patient<'a>, group: &Group) -> Vec<&'a Activity> {
    let now = patient.yardstick.now;
    let recent = |a: &&Activity| a.started_at.is_some_and(|at| now.duration_since(at) <= LATELY);
    let all = patient.snapshot.activities.get(&group.name).and_then(Reading::value);
    all.into_iter().flatten().filter(recent).collect()
}

fn said(patient: &Patient<'_>, group: &Group, text: String) -> Evidence {
    let reading = patient.snapshot.activities.get(&group.name);
    let source = crate::fleet::Source::AutoScalingDescribeActivities.action().to_owned();
    Evidence { text, source, at: reading.and_then(Reading::read_at) }
}

/// Members are ended for their health, others take their place and are ended, too.
pub fn churn(patient: &Patient<'_>) -> Vec<Symptom> {
    let Some(group) = patient.group() else { return Vec::new() };
    let ended: Vec<&Activity> = activities(patient, group)
        .into_iter()
        .filter(|a| a.description.starts_with("Terminating") && a.cause.contains("health check"))
        .collect();
    let stopped = group.is_suspended("ReplaceUnhealthy") || group.is_suspended("HealthCheck");
    if ended.len() < CHURNS || stopped {
        return Vec::new();
    }
    let first = ended.iter().filter_map(|a| a.started_at).min();
    let last = ended.iter().filter_map(|a| a.started_at).max();
    // What ended long ago by itself is no churn: the newest must be recent for the pace of the others.
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    // Where everybody serves again it is over sooner.
    let serving =
        group.members.iter().filter(|member| member.lifecycle == "InService" && member.healthy).count();
    let calm = patient.row.balancers.iter().all(|balancer| balancer.severity == Severity::Ok)
        && u32::try_from(serving).is_ok_and(|serving| serving >= group.desired);
    // A pace that is slow is waited for: the next one may still come.
    let pace = last
        .duration_since(first)
        .checked_div(i32::try_from(ended.len() - 1).unwrap_or(1))
        .unwrap_or_default();
    let lately =
        if calm { (pace * 2).max(SignedDuration::from_mins(5)) } else { SignedDuration::from_mins(20) };
    if patient.yardstick.now.duration_since(last) > lately {
        return Vec::new();
    }
    let title = format!(
        "Web servers are ended and launched again and again: {} in {}",
        ended.len(),
        words::seconds(patient.yardstick.now.duration_since(first).as_secs_f64())
    );
    let mut symptom = Symptom::new(Kind::Churn, group.name.as_str(), Severity::Down, title)
        .users("requests fail as servers go; in the end nobody answers")
        .since(Some(Since { at: first, turned: true }));
    for activity in ended.iter().take(3) {
        let text = format!("{}: {}", activity.description, activity.cause);
        symptom = symptom.because(said(patient, group, text));
    }
    vec![symptom]
}

/// The group tries to launch, and cannot.
pub fn launches(patient: &Patient<'_>) -> Vec<Symptom> {
    let Some(group) = patient.group() else { return Vec::new() };
    let mut found: Vec<Symptom> = missing(patient, group).into_iter().collect();
    let all = activities(patient, group);
    let launched = |a: &&&Activity| a.description.starts_with("Launching");
    let newest = all.iter().filter(launched).max_by_key(|a| a.started_at);
    let Some(failed) = newest.filter(|a| a.status == "Failed") else { return found };
    let failures = all.iter().filter(launched).filter(|a| a.status == "Failed");
    let first = failures.clone().filter_map(|a| a.started_at).min();
    let why = failed.status_message.as_deref().unwrap_or("no reason given");
    let title = format!("The group cannot launch web servers: {}", plain(why));
    let mut symptom = Symptom::new(Kind::LaunchFails, group.name.as_str(), Severity::Down, title)
        .users("nothing while those that run are enough; none that dies is replaced")
        .since(first.map(|at| Since { at, turned: true }));
    for activity in failures.take(2) {
        let why = activity.status_message.as_deref().unwrap_or("no reason given");
        symptom = symptom.because(said(patient, group, format!("{}: {why}", activity.description)));
    }
    found.push(symptom);
    found
}

/// AWS's reasons in fewer words (R26).
fn plain(why: &str) -> &str {
    let says = |part: &str| why.contains(part);
    if says("InsufficientInstanceCapacity") || says("do not have sufficient") {
        "the zone has no servers of this type left"
    } else if says("VcpuLimitExceeded") || says("InstanceLimitExceeded") || says("vCPU capacity") {
        "the account's quota is used up"
    } else if says("InvalidAMIID") || says("image id") || says("AMI") && says("does not exist") {
        "its image does not exist"
    } else if says("InsufficientFreeAddresses") {
        "its subnets have no free addresses"
    } else {
        why
    }
}

fn missing(patient: &Patient<'_>, group: &Group) -> Option<Symptom> {
    let source = group.launch.as_ref();
    let gone = |what: String| {
        let title = format!("{what}: the group can launch nothing");
        Symptom::new(Kind::LaunchMissing, group.name.as_str(), Severity::Down, title)
            .users("nothing while those that run are enough; none that dies is replaced")
    };
    let launch = &patient.snapshot.launch;
    let Some(source) = source else {
        let read = patient.read(&patient.snapshot.groups, format!("{} names nothing to launch", group.name));
        return Some(gone("What the group launches is gone".into()).because(read));
    };
    let Some(settings) = launch.value()?.get(source) else {
        let read = patient.read(launch, format!("there is no {}", source.label()));
        return Some(gone(format!("{} does not exist", source.label())).because(read));
    };
    let image = settings.image.as_ref()?;
    let state = patient.snapshot.images.value()?.get(image).map(|image| image.state.as_str());
    let read = |text: String| patient.read(&patient.snapshot.images, text);
    match state {
        Some("available" | "pending") => None,
        Some(state) => {
            let text = format!("{image} is {state}");
            Some(gone(format!("The release's image {image} is {state}")).because(read(text)))
        }
        None => {
            let text = format!("there is no {image}, which {} launches", source.label());
            Some(gone(format!("The release's image {image} does not exist any more")).because(read(text)))
        }
    }
}

/// Web servers of several releases.
pub fn releases(patient: &Patient<'_>) -> Vec<Symptom> {
    let Some((group, row)) = patient.group().zip(patient.row.group.as_ref()) else { return Vec::new() };
    if row.behind == 0 {
        return Vec::new();
    }
    let behind: Vec<_> = patient
        .running(&crate::fleet::Role::Web)
        .filter(|s| patient.snapshot.is_behind(s) == Some(true))
        .map(|s| s.id.clone())
        .collect();
    let wanted = patient.row.release.changeset.as_ref().map_or("?", |c| c.short());
    let servers = words::count(u64::try_from(row.behind).unwrap_or(0), "web server");
    let verb = if row.behind == 1 { "runs" } else { "run" };
    let title = format!("{servers} {verb} another release than {wanted}, which the group launches");
    let read =
        patient.read(&patient.snapshot.groups, format!("{} of another release", Patient::named(&behind)));
    let symptom = Symptom::new(Kind::MixedReleases, group.name.as_str(), Severity::Warn, title);
    vec![symptom.users("pages differ from request to request").because(read).on(behind)]
}
