//! Runbooks for what users see: load balancers, web servers, the group, releases.

use super::{Step, end_none, fails, ids, most_fail};
use crate::fleet::measured::HttpAnswer;
use crate::fleet::{InstanceId, Role, Topic};
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;
use crate::triage::rules::Symptom;

#[allow(clippy::too_many_lines, reason = "an arm for each kind")]
pub(super) fn steps(patient: &Patient<'_>, symptom: &Symptom) -> Vec<Step> {
    let environment = patient.place.name.as_str();
    match symptom.key.kind {
        Kind::NoMember => none_serves(patient, symptom),
        Kind::WebOut | Kind::WebFails => some_fail(patient, symptom),
        Kind::NoBalancer => vec![
            Step::look("look at the load balancers", "load balancer"),
            Step::plan(
                "make what is missing",
                "makes only what is not there",
                "create-foundation",
                Vec::new(),
            ),
            register(),
        ],
        Kind::DrainingOff => vec![
            Step::look("look at the load balancer", "load balancer"),
            Step::people(
                "switch connection draining on in the AWS console, as long as the slowest request takes: at once, and nobody notices",
            ),
        ],
        Kind::Certificate => vec![
            Step::command(
                "see which certificates there are",
                "changes nothing",
                &["certificates", environment],
            ),
            Step::look("look at what the load balancer serves", "load balancer"),
            Step::people(
                "ask for a new one in ACM, or validate its names, where it does not renew by itself",
            ),
            Step::people("then serve it: replace-certificate, with its ARN"),
        ],
        Kind::Errors | Kind::Slow => {
            let mut steps = vec![Step::look("look at who answers, and how", "load balancer")];
            steps.extend(
                first_web(patient)
                    .map(|id| Step::logs("read what the application logs", &id, Some("gunicorn"))),
            );
            steps.push(Step::look("look at the database", "database"));
            if symptom.key.kind == Kind::Errors {
                steps.push(Step::plan(
                    "go back to the release before",
                    "if it began with a deploy",
                    "rollback",
                    Vec::new(),
                ));
            }
            steps.extend(more_servers(patient));
            steps
        }
        Kind::Surge => {
            let mut steps = vec![Step::look("look at who answers, and how", "load balancer")];
            steps.extend(more_servers(patient));
            steps
        }
        Kind::Churn => {
            let mut steps = vec![end_none(patient, "nothing else changes; those that serve stay")];
            steps.extend(
                first_web(patient).map(|id| {
                    Step::logs("read which answers the health check gets", &id, Some("nginx-access"))
                }),
            );
            steps.push(Step::look("look at the members and their reasons", "load balancer"));
            steps.push(Step::plan(
                "go back to the release before",
                "if it began with a deploy",
                "rollback",
                Vec::new(),
            ));
            steps.push(Step::plan(
                "let the group work again",
                "once new servers become healthy",
                "resume-processes",
                vec![("processes", "HealthCheck,ReplaceUnhealthy".into())],
            ));
            steps
        }
        Kind::LaunchFails => vec![
            Step::look("look at the group's activities", "group"),
            Step::command(
                "check quotas, zones, image and addresses",
                "changes nothing",
                &["doctor", environment],
            ),
        ],
        Kind::LaunchMissing => vec![Step::look("look at the group and what it launches", "group")]
            .into_iter()
            .chain(made_anew(patient, "its image is gone"))
            .chain([Step::plan(
                "or go back to an earlier release that is there",
                "its code is older",
                "rollback",
                Vec::new(),
            )])
            .collect(),
        Kind::NoGroup => vec![
            Step::command("check what else is missing", "changes nothing", &["doctor", environment]),
            Step::plan(
                "make what is missing",
                "makes only what is not there",
                "create-environment",
                Vec::new(),
            ),
        ],
        Kind::Suspended => {
            let processes = patient.group().map(|group| {
                group.suspended.iter().map(|s| s.process.as_str()).collect::<Vec<_>>().join(",")
            });
            let all = processes.filter(|all| !all.is_empty());
            let options = all.map(|all| vec![("processes", all)]).unwrap_or_default();
            let mut steps = vec![Step::look("find out who suspended them, and why", "runs")];
            let launches = patient.group().is_some_and(|group| group.is_suspended("Launch"));
            let stale = launches.then(|| patient.newer_than_the_release()).flatten();
            let aside = match stale {
                Some(server) => {
                    steps.extend(made_anew(
                        patient,
                        &format!("it is older than {}, whose address it lacks (R8)", server.id.short()),
                    ));
                    "after that: what is launched until then lacks an address (R8)"
                }
                None => "once nobody needs them suspended",
            };
            // R1: those that fail now would be ended all at once. One of them is replaced, as it should be.
            let ends = end_none(patient, "").done;
            if ends && most_fail(patient) {
                steps.push(Step::people(
                    "resume them once web servers are healthy again: the group would end those that fail",
                ));
            } else {
                let aside = if ends && fails(patient) {
                    "the group then ends those that fail their health check, and launches others"
                } else {
                    aside
                };
                steps.push(Step::plan("resume them", aside, "resume-processes", options));
            }
            steps
        }
        Kind::Maintenance | Kind::HealthOverride => vec![
            Step::look("find out who put it up, and why", "runs"),
            Step::plan("take it off", "where Django answers its own health check", "end-upgrade", Vec::new()),
        ],
        Kind::MixedReleases => {
            let release = patient.row.release.changeset.as_ref().map(|c| c.as_str().to_owned());
            let options = release.map(|c| vec![("release", c)]).unwrap_or_default();
            vec![
                Step::look("look at the servers' releases", "servers"),
                Step::plan(
                    "bring all servers to the group's release",
                    "no downtime",
                    "deploy-serial",
                    options,
                ),
            ]
        }
        Kind::CodeDiffers => {
            let release = patient.row.release.changeset.as_ref().map(|c| c.as_str().to_owned());
            let options = release.map(|c| vec![("release", c)]).unwrap_or_default();
            let worker = symptom.key.about == Role::Worker.word();
            let operation = if worker { "deploy-worker" } else { "deploy-web" };
            vec![
                Step::look("look at what was deployed", "runs"),
                Step::plan("deploy the release there", "", operation, options),
            ]
        }
        Kind::AtMax => {
            let mut steps = vec![Step::look("look at the load", "charts")];
            steps.extend(more_servers(patient));
            steps
        }
        Kind::Stray => vec![
            Step::look("look at the servers", "servers"),
            Step::plan(
                "terminate it",
                "asks first",
                "terminate-server",
                vec![("servers", ids(&symptom.servers))],
            ),
        ],
        _ => vec![Step::look("look at the group's activities", "group")],
    }
}

/// The code that runs, as a release of its own; and how the group comes to launch that.
fn made_anew(patient: &Patient<'_>, why: &str) -> Vec<Step> {
    let mut options = vec![("override", "again".to_owned())];
    options.extend(patient.row.release.changeset.iter().map(|code| ("changeset", code.as_str().to_owned())));
    vec![
        Step::plan("make the release anew, of the same code", why, "create-release", options),
        Step::plan(
            "bring it to the web servers, one at a time",
            "then the group launches it",
            "deploy-serial",
            vec![("release", "latest".to_owned())],
        ),
    ]
}

fn first_web(patient: &Patient<'_>) -> Option<InstanceId> {
    patient.running(&Role::Web).map(|server| server.id.clone()).next()
}

/// More web servers, within what the group may have.
fn more_servers(patient: &Patient<'_>) -> Option<Step> {
    let group = patient.group()?;
    let desired = group.desired.saturating_add(1);
    let mut options = vec![("desired", desired.to_string())];
    if desired > group.max {
        options.push(("max", desired.to_string()));
    }
    let words = format!("have {desired} web servers instead of {}", group.desired);
    Some(Step::plan(words, "takes some minutes", "set-sizes", options))
}

/// What Nginx answers the health check with, where that was asked.
fn answer(patient: &Patient<'_>, symptom: &Symptom) -> Option<u16> {
    symptom.servers.iter().find_map(|id| {
        let site = patient.measured(id, Topic::Site)?.site()?;
        site.nginx.as_ref().map(|answer| answer.status)
    })
}

/// The log that says why: what Nginx or Django refuses by rule, the application's own log does not have.
fn why(patient: &Patient<'_>, symptom: &Symptom, id: &InstanceId, there: &str) -> Step {
    match answer(patient, symptom) {
        Some(400..=404) => Step::logs("read which answers the health check gets", id, Some("nginx-access")),
        _ => Step::logs(format!("read what the application logs{there}"), id, Some("gunicorn")),
    }
}

/// What all answers have in common says where to look, and how that comes to the servers.
fn by_answer(patient: &Patient<'_>, symptom: &Symptom) -> Vec<Step> {
    let people = match answer(patient, symptom) {
        Some(401 | 403) => "free the health check's page from basic auth in the project's template of Nginx",
        Some(404) => "compare the health check's path with the application's, and mend the one that is wrong",
        Some(400) => {
            "add the server's own address to the allowed hosts: Django refuses the name it is asked by"
        }
        _ => return Vec::new(),
    };
    let release = patient.row.release.changeset.as_ref().map(|code| ("release", code.as_str().to_owned()));
    let bring = Step::plan(
        "then bring that to the web servers, as they are",
        "writes their settings and files of services anew; a release of it keeps it",
        "deploy-web",
        release.into_iter().collect(),
    );
    vec![Step::people(people), bring]
}

fn register() -> Step {
    Step::plan("register the web servers again", "those that run", "add-to-load-balancer", Vec::new())
}

fn none_serves(patient: &Patient<'_>, symptom: &Symptom) -> Vec<Step> {
    let mut steps = vec![end_none(patient, "nothing else changes; it would end them all for their health")];
    if patient.row.balancers.iter().any(|balancer| balancer.registered == Some(0)) {
        steps.push(Step::look("look at the servers and the group's activities", "group"));
        steps.push(register());
    }
    let server = symptom.servers.first().cloned().or_else(|| first_web(patient));
    steps.extend(server.iter().map(|id| why(patient, symptom, id, "")));
    steps.extend(by_answer(patient, symptom));
    steps.push(Step::look("look at the database and the queue", "database"));
    steps.push(Step::plan(
        "go back to the release before",
        "if it began with a deploy",
        "rollback",
        Vec::new(),
    ));
    steps
}

/// Whether Nginx runs and Django answers, and yet nobody hears that: Nginx then hears no wish to end, either.
fn nginx_hangs(patient: &Patient<'_>, id: &InstanceId) -> bool {
    let units = patient.measured(id, Topic::Units).and_then(|measured| measured.units());
    let runs =
        units.is_some_and(|all| all.units.iter().any(|one| one.name == "nginx" && one.active == "active"));
    let Some(site) = patient.measured(id, Topic::Site).and_then(|measured| measured.site()) else {
        return false;
    };
    let status = |answer: &Option<HttpAnswer>| answer.as_ref().map(|answer| answer.status);
    runs && status(&site.nginx) == Some(0) && status(&site.gunicorn).is_some_and(|status| status > 0)
}

fn some_fail(patient: &Patient<'_>, symptom: &Symptom) -> Vec<Step> {
    let Some(id) = symptom.servers.first() else { return Vec::new() };
    let mut steps = vec![why(patient, symptom, id, " there")];
    steps.extend(by_answer(patient, symptom));
    if nginx_hangs(patient, id) {
        let command = "systemctl kill --signal=KILL nginx && systemctl restart nginx";
        steps.push(Step::run(
            "kill Nginx there and start it again",
            "requests under way there fail",
            id,
            command,
        ));
    }
    let restart = format!("supervisorctl restart '{}-web:*'", patient.place.name);
    steps.push(Step::run("start Gunicorn there again", "requests under way there fail", id, restart));
    let registered = symptom.key.kind == Kind::WebFails;
    if registered {
        let options = vec![("servers", ids(&symptom.servers))];
        let aside = "waits for requests under way; the others go on";
        steps.push(Step::plan(
            "take it out of the load balancer",
            aside,
            "remove-from-load-balancer",
            options,
        ));
    }
    steps.push(Step::shell(id));
    steps
}
