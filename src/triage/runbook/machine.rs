//! Runbooks for the machines below servers: what EC2 checks, what AWS plans, and what runs out.

use super::{Step, hold_still, ids, leave};
use crate::fleet::Role;
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;
use crate::triage::rules::Symptom;

/// What reads and writes, and what waits for it, without a tool that may not be there.
const WAITS: &str = "vmstat 1 5; ps -eo pid,user,stat,wchan:24,etime,comm | awk 'NR==1 || $3 ~ /^D/'";

pub(super) fn steps(patient: &Patient<'_>, symptom: &Symptom) -> Vec<Step> {
    let role = symptom.servers.first().and_then(|id| patient.snapshot.server(id)).map(|s| &s.role.role);
    let role =
        role.cloned().unwrap_or_else(|| Role::parse(symptom.key.about.split('/').next().unwrap_or("")));
    let first = symptom.servers.first();
    match symptom.key.kind {
        Kind::StatusCheck => broken(patient, symptom, &role),
        Kind::Retirement => retired(patient, symptom, &role),
        Kind::PlannedWork => planned(symptom),
        Kind::CreditsLow => {
            let command = "ps -eo pid,user,pcpu,etime,comm --sort=-pcpu";
            let mut steps: Vec<Step> = first
                .map(|id| Step::run("see who uses its cores", "changes nothing", id, command))
                .into_iter()
                .collect();
            steps.push(Step::people(
                "switch it to unlimited credits in the AWS console: at once, without a reboot, and billed",
            ));
            steps.extend(larger(&role));
            steps
        }
        _ => {
            let mut steps: Vec<Step> = first
                .map(|id| Step::run("see what waits for its disks", "changes nothing", id, WAITS))
                .into_iter()
                .collect();
            steps.push(Step::people(
                "turn the volume into gp3 in the AWS console: it stays in use, and gp3 has no bursts to run out",
            ));
            steps
        }
    }
}

/// EC2's check fails.
fn broken(patient: &Patient<'_>, symptom: &Symptom, role: &Role) -> Vec<Step> {
    let hardware = !symptom.key.about.ends_with("/instance");
    let mut steps = Vec::new();
    match role {
        Role::Web => steps.extend(replace_web(patient, symptom)),
        Role::Cache | Role::DbPrimary | Role::Combo => steps.push(hold_still(patient)),
        // The health check asks every database (R1).
        Role::DbReplica => steps.extend(super::spare(patient)),
        _ => {}
    }
    if !hardware {
        let options = vec![("servers", ids(&symptom.servers))];
        let aside = "its own system does not answer; broken hardware needs other hardware instead";
        steps.push(Step::plan("reboot it", aside, "reboot-server", options));
    }
    match role {
        Role::DbPrimary => steps.push(promote()),
        Role::DbReplica => steps.push(leave(patient, &symptom.servers)),
        _ => {}
    }
    // What can be had beside the old one changes nothing for anybody; without its cache everybody is logged out.
    let beside = matches!(role, Role::Worker | Role::DbReplica);
    if *role == Role::Worker {
        steps.push(new_worker(symptom, true));
    } else {
        steps.extend(build_another(role).filter(|_| beside));
    }
    if hardware && *role != Role::Web {
        steps.push(move_it("it keeps its disks and its private address"));
    }
    steps.extend(build_another(role).filter(|_| !beside));
    steps.push(Step::look("look at the servers", "servers"));
    steps
}

/// AWS stops or ends it at a time that is known.
fn retired(patient: &Patient<'_>, symptom: &Symptom, role: &Role) -> Vec<Step> {
    let mut steps =
        vec![Step::look("look at the server, and plan it for a quiet hour before then", "servers")];
    match role {
        Role::Web => steps.extend(replace_web(patient, symptom)),
        Role::DbPrimary => {
            steps.push(hold_still(patient));
            steps.push(move_it("the site is away for some minutes"));
            steps.push(promote());
        }
        Role::Cache | Role::Combo => {
            steps.push(hold_still(patient));
            steps.push(move_it("the site is away for some minutes; never under another name (R18)"));
        }
        _ => steps.push(move_it("it keeps its disks and its private address")),
    }
    if *role == Role::Worker {
        steps.push(new_worker(symptom, false));
    } else {
        steps.extend(build_another(role));
    }
    steps
}

/// Another worker in the place of one, which EC2 stops first where nobody can ask it. R17: beat comes to the new one.
fn new_worker(symptom: &Symptom, silent: bool) -> Step {
    let mut options = vec![("role", "worker".to_owned())];
    options.extend(symptom.servers.first().map(|id| ("replaces", id.as_str().to_owned())));
    options.extend(silent.then(|| ("stop-old", String::new())));
    let aside = if silent {
        "EC2 stops the old one before the new one begins; takes some minutes"
    } else {
        "the old one ends its tasks before the new one begins; takes some minutes"
    };
    Step::plan("build a new worker in its place", aside, "new-server", options)
}

/// AWS reboots it, or works on its hardware.
fn planned(symptom: &Symptom) -> Vec<Step> {
    let options = vec![("servers", ids(&symptom.servers))];
    vec![
        Step::look("look at the server, and at who depends on it then", "servers"),
        Step::plan(
            "reboot it at an hour of yours, before then",
            "does for a reboot of the instance; not for work on its hardware",
            "reboot-server",
            options,
        ),
        Step::people("or choose another start for the event in the AWS console, where it may be moved"),
    ]
}

fn replace_web(patient: &Patient<'_>, symptom: &Symptom) -> Vec<Step> {
    let servers = || vec![("servers", ids(&symptom.servers))];
    let group = patient.group().is_some();
    let aside = if group { "the group launches another one in its place" } else { "asks first" };
    vec![
        Step::plan(
            "take it out of the load balancer",
            "the others go on",
            "remove-from-load-balancer",
            servers(),
        ),
        Step::plan("then end it", aside, "terminate-server", servers()),
    ]
}

fn move_it(costs: &str) -> Step {
    let words =
        format!("stop it and start it again in the AWS console: that moves it to other hardware, {costs}");
    Step::people(words)
}

fn promote() -> Step {
    let aside = "holds the group and puts the page up itself; its plan says what may be lost";
    Step::plan("promote a replica", aside, "promote-replica", Vec::new())
}

/// Another server for the role, where that can be had beside the old one.
fn build_another(role: &Role) -> Option<Step> {
    let (words, aside) = match role {
        Role::Worker => ("build a new worker", "takes some minutes"),
        Role::DbReplica => ("build another replica", "the primary goes on"),
        Role::Cache => ("build a new cache server", "everybody is logged out, and tasks that wait are lost"),
        _ => return None,
    };
    Some(Step::plan(words, aside, "new-server", vec![("role", role.word().to_owned())]))
}

/// A larger type, or one with cores of its own.
fn larger(role: &Role) -> Vec<Step> {
    let mut steps = vec![Step::people(match role {
        Role::Web => "give the role a type with cores of its own in the config, and make a release with it",
        _ => "give the role a type with cores of its own in the config: m or c instead of t",
    })];
    if *role == Role::Web {
        let aside = "takes some minutes; deploys nothing";
        steps.push(Step::plan("make a release with another type", aside, "create-release", Vec::new()));
    }
    steps.extend(build_another(role));
    steps
}
