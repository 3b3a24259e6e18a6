//! Runbooks for servers, machines, runs and reads.

use super::{Remedy, Step, hold_still, ids, leave, resync};
use crate::fleet::Role;
use crate::fleet::text::{one_line, shell_word};
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;
use crate::triage::rules::Symptom;

pub(super) fn steps(patient: &Patient<'_>, symptom: &Symptom) -> Vec<Step> {
    let environment = patient.place.name.as_str();
    let first = symptom.servers.first();
    let mut steps = Vec::new();
    match symptom.key.kind {
        Kind::ServerMissing => missing(patient, symptom, &mut steps),
        Kind::ServiceDown => stopped(patient, symptom, &mut steps),
        Kind::DiskFull => {
            if symptom.key.about.starts_with("web/") {
                steps.extend(super::spare_all(patient));
            }
            let mount = symptom.key.about.split_once('/').map_or("/", |(_, mount)| mount);
            steps.extend(first.map(|id| {
                // Of one file system, and only what is large: without a pipe, so that its failure is seen.
                let command = format!("du -xh --threshold=200M {}", shell_word(&one_line(mount)));
                Step::run("see what fills it", "changes nothing", id, command)
            }));
            steps.extend(first.map(|id| {
                let aside = "keeps the newest 200 MB of the journal";
                Step::run("free what the journal keeps", aside, id, "journalctl --vacuum-size=200M")
            }));
            steps.extend(first.map(Step::shell));
        }
        Kind::Unreachable => {
            steps.push(Step::look("look at what AWS says of it", "servers"));
            steps.extend(first.map(Step::shell));
            steps.push(Step::people("look at its status checks and console output in the AWS console"));
            let role = first.and_then(|id| patient.snapshot.server(id)).map(|server| &server.role.role);
            if role == Some(&Role::Cache) {
                steps.push(super::replace_cache("if it is gone for good: "));
            }
        }
        Kind::HostKeyChanged | Kind::HostKeyUnknown => {
            steps.extend(first.map(|id| {
                let aside = if symptom.key.kind == Kind::HostKeyChanged {
                    "only if it was built anew: else somebody may stand between"
                } else {
                    "with the one on the instance's console output"
                };
                Step::new(
                    "compare its fingerprint, and trust it",
                    aside,
                    Remedy::Trust { server: id.clone() },
                )
            }));
        }
        Kind::Leftovers => {
            steps.push(Step::look("find out which run left it: that can be resumed or undone", "runs"));
            let options = vec![("servers", ids(&symptom.servers))];
            steps.push(Step::plan(
                "terminate it, once nobody misses anything",
                "of a database an image of its disks is made first",
                "terminate-server",
                options,
            ));
        }
        Kind::Memory | Kind::Swap | Kind::Load => {
            let command = "ps -eo pid,user,pcpu,pmem,etime,comm --sort=-pmem";
            steps.extend(first.map(|id| Step::run("see who uses it", "changes nothing", id, command)));
            steps.extend(first.map(Step::shell));
        }
        Kind::Clock => {
            steps.extend(first.map(|id| {
                Step::run(
                    "see whom it asks for the time",
                    "changes nothing",
                    id,
                    "chronyc tracking || timedatectl",
                )
            }));
            steps.extend(first.map(|id| {
                Step::run(
                    "have it set its clock again",
                    "its clock jumps by what it is off; what runs there goes on",
                    id,
                    "systemctl restart chrony || systemctl restart systemd-timesyncd",
                )
            }));
        }
        Kind::LeftBehind | Kind::SilentLock => {
            steps.push(Step::look("look at the runs", "runs"));
            steps.push(Step::command(
                "see who held the lock, and what is left",
                "changes nothing",
                &["lock", "show", environment],
            ));
            let number = symptom.key.about.rsplit(' ').next().unwrap_or_default();
            let take_over = ["lock", "put-back", environment, "--take-over", number];
            steps.push(Step::command("put the values back", "if that machine is gone", &take_over));
        }
        Kind::AtWork => steps.push(Step::look("look at the run", "runs")),
        _ => steps.push(Step::command("check what may be read", "changes nothing", &["doctor", environment])),
    }
    steps
}

/// A unit that does not run. Without `PostgreSQL` of a replica web servers may fail, whose health check asks every database (R1).
fn stopped(patient: &Patient<'_>, symptom: &Symptom, steps: &mut Vec<Step>) {
    let first = symptom.servers.first();
    let unit = symptom.key.about.rsplit('/').next().unwrap_or_default();
    let replica = symptom.key.about.starts_with("db-replica/postgresql");
    if replica {
        steps.extend(super::spare(patient));
    } else if symptom.key.about.starts_with("web/") {
        steps.extend(super::spare_all(patient));
    }
    let log = if replica { "postgresql" } else { "journal" };
    steps.extend(first.map(|id| Step::logs("read why", id, Some(log))));
    steps.extend(
        first.map(|id| Step::run(format!("start {unit} again"), "", id, format!("systemctl restart {unit}"))),
    );
    if replica {
        steps.push(leave(patient, &symptom.servers));
        steps.extend(first.map(resync));
    }
    steps.extend(first.map(Step::shell));
}

fn missing(patient: &Patient<'_>, symptom: &Symptom, steps: &mut Vec<Step>) {
    let role = Role::parse(&symptom.key.about);
    match role {
        Role::Cache => {
            // Its plan holds the group and puts the page up before anything else (R1), and ends both itself.
            steps.push(super::replace_cache(""));
            steps.push(super::until_somebody_knows(patient));
            steps.extend(super::let_in_again(patient));
        }
        Role::DbReplica => {
            steps.extend(super::spare(patient));
            steps.push(leave(patient, &symptom.servers));
            steps.push(new_server("build another replica", "the primary goes on", "db-replica"));
        }
        Role::Worker => {
            let mut options = vec![("role", "worker".to_owned())];
            // R17: beat comes to the new one.
            options.extend(symptom.servers.first().map(|id| ("replaces", id.as_str().to_owned())));
            let words = "build a new worker in its place";
            steps.push(Step::plan(words, "takes some minutes", "new-server", options));
        }
        _ => {
            steps.push(hold_still(patient));
            steps.push(Step::plan("promote a replica", "if there is one", "promote-replica", Vec::new()));
        }
    }
    steps.push(Step::look("look at the servers", "servers"));
}

fn new_server(words: &str, aside: &str, role: &str) -> Step {
    Step::plan(words, aside, "new-server", vec![("role", role.to_owned())])
}
