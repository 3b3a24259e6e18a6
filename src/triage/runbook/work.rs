//! Runbooks for queue, caches, Celery and programs.

use super::{Step, hold_still};
use crate::fleet::text::shell_word;
use crate::fleet::{InstanceId, Role, words};
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;
use crate::triage::rules::Symptom;

/// Redis gets half of what it has on top, as far as the machine has it to give: half of what is free there. None where that
/// is not known, or too little to help.
fn more_memory(patient: &Patient<'_>, id: &InstanceId) -> Option<(String, String)> {
    let measured = patient.snapshot.measured(id)?;
    let (redis, machine) = (measured.redis()?, measured.machine()?);
    let more = (redis.memory_most / 2).min(machine.memory_available / 2);
    let most = redis.memory_most.checked_add(more)?;
    let words = format!("let it have {} instead of {}", words::bytes(most), words::bytes(redis.memory_most));
    (redis.memory_most > 0 && more >= redis.memory_most / 10)
        .then(|| (words, format!("redis-cli config set maxmemory {most}")))
}

/// What lets publishers go on at once: for its memory alarm half of the machine's memory, where a quarter of that is free; for
/// its disk alarm the room that old journals take.
fn room_for_rabbitmq(patient: &Patient<'_>, id: &InstanceId) -> Option<Step> {
    let measured = patient.snapshot.measured(id)?;
    let rabbit = measured.rabbitmq()?;
    if rabbit.disk_alarm {
        let (aside, command) = ("keeps the newest 200 MB of the journal", "journalctl --vacuum-size=200M");
        return Some(Step::run("free what the journal keeps", aside, id, command));
    }
    let machine = measured.machine()?;
    let words = "let RabbitMQ have half of the memory";
    let aside = "until it starts again; publishers go on at once";
    (rabbit.memory_alarm && machine.memory_available >= machine.memory_total / 4)
        .then(|| Step::run(words, aside, id, "rabbitmqctl set_vm_memory_high_watermark 0.5"))
}

#[allow(clippy::too_many_lines, reason = "an arm for each kind")]
pub(super) fn steps(patient: &Patient<'_>, symptom: &Symptom) -> Vec<Step> {
    let environment = &patient.place.name;
    let first = symptom.servers.first();
    let worker = patient.running(&Role::Worker).map(|server| server.id.clone()).next();
    let mut steps = Vec::new();
    match symptom.key.kind {
        Kind::CacheDown => {
            let unit = symptom.key.about.rsplit('/').next().unwrap_or_default();
            let log = cache_log(unit);
            // R1: without sessions every health check fails; without the others pages are slow, or some fail.
            let sessions = unit.starts_with("redis");
            if sessions {
                steps.push(hold_still(patient));
            }
            steps.extend(first.map(|id| {
                let aside = "quicker than anything else, and loses nothing more";
                Step::run(format!("start {unit} again"), aside, id, format!("systemctl start {unit}"))
            }));
            steps.extend(first.map(|id| Step::logs("read why it stopped", id, log)));
            if !unit.starts_with("memcached") {
                steps.push(super::replace_cache("if it cannot be started: "));
            }
            if sessions {
                steps.extend(super::let_in_again(patient));
            } else {
                steps.extend(super::spare(patient));
            }
        }
        Kind::ServiceSilent => silent(patient, symptom, &mut steps),
        Kind::QueueBlocked => {
            steps.extend(super::spare_all(patient));
            steps.push(Step::look("look at what fills it", "queues"));
            steps.extend(first.map(|id| Step::logs("read what RabbitMQ says", id, Some("rabbitmq"))));
            steps.extend(
                first.map(|id| {
                    Step::run("see how much room is left", "changes nothing", id, "df -h; free -m")
                }),
            );
            steps.extend(first.and_then(|id| room_for_rabbitmq(patient, id)));
            if worker.is_some() {
                let aside = "if its workers hang on it";
                steps.push(Step::plan(
                    "start Celery again, to drain it",
                    aside,
                    "restart-celery",
                    Vec::new(),
                ));
            }
        }
        Kind::RedisFull => {
            steps.push(Step::look("look at Redis", "queues"));
            steps.extend(first.map(|id| {
                Step::run(
                    "see what its memory is used for",
                    "changes nothing",
                    id,
                    "redis-cli info memory; redis-cli info keyspace",
                )
            }));
            let more = first.and_then(|id| Some((id, more_memory(patient, id)?)));
            steps.extend(more.map(|(id, (words, command))| {
                let aside = "until Redis starts again; sessions in it are never to be evicted";
                Step::run(words, aside, id, command)
            }));
            steps.push(Step::people(
                "take away what fills it, or build a larger cache server: sessions in it are never to be evicted",
            ));
            steps.push(super::replace_cache("with a larger type under `instance_types`: "));
            steps.extend(first.map(Step::shell));
        }
        Kind::CeleryDown | Kind::Unheard | Kind::NoBeat => {
            let id = first
                .filter(|id| patient.snapshot.server(id).is_some_and(|s| s.role.role != Role::Cache))
                .cloned()
                .or(worker);
            steps.extend(id.iter().map(|id| Step::logs("read what Celery logs", id, None)));
            let servers = || vec![("servers", id.iter().map(ToString::to_string).collect::<String>())];
            if id.is_some() {
                let aside = "tasks under way end before";
                steps.push(Step::plan("start Celery again", aside, "restart-celery", servers()));
                let mut options = servers();
                options.push(("kill", String::new()));
                let aside = "if it does not end: its tasks are cut";
                steps.push(Step::plan("kill it, and start it again", aside, "restart-celery", options));
            }
            steps.push(deploy_worker(patient));
        }
        Kind::QueueGrows => {
            steps.push(Step::look("look at the queues and who works on them", "queues"));
            steps.extend(worker.iter().map(|id| Step::logs("read what Celery logs", id, None)));
            let options = vec![("role", "worker".to_owned())];
            steps.push(Step::plan("build another worker", "takes some minutes", "new-server", options));
        }
        Kind::Unacknowledged => {
            steps.push(Step::look("look at what the workers run", "queues"));
            steps.extend(worker.iter().map(|id| Step::logs("read what Celery logs", id, None)));
            if let Some(id) = &worker {
                let aside =
                    "what it has taken and not begun goes back to the queue; tasks under way end before";
                let options = vec![("servers", id.to_string())];
                steps.push(Step::plan("start Celery again", aside, "restart-celery", options));
            }
        }
        Kind::TwoBeats => {
            steps.extend(symptom.servers.get(1).map(|id| {
                let command = format!("supervisorctl stop {environment}-celery:{environment}-celerybeat");
                Step::run(format!("stop it on {}", id.short()), "the other one goes on", id, command)
            }));
            steps.push(Step::look("look at the servers", "servers"));
        }
        Kind::LongTask => {
            steps.push(Step::look("look at what runs", "queues"));
            steps.extend(first.map(|id| Step::logs("read what Celery logs", id, None)));
            steps.extend(first.map(Step::shell));
        }
        Kind::ProgramDown | Kind::Restarts => {
            let program = symptom.key.about.rsplit('/').next().unwrap_or_default();
            if symptom.key.about.starts_with("web/") {
                steps.extend(super::spare_all(patient));
            }
            steps.extend(first.map(|id| Step::logs("read why", id, program_log(program))));
            let down = symptom.key.kind == Kind::ProgramDown;
            if let Some(id) = first.filter(|_| down) {
                let command = format!("supervisorctl start {}", full_name(patient, id, program));
                steps.push(Step::run(format!("start {program} again"), "", id, command));
            }
            if !down {
                steps.push(Step::plan(
                    "go back to the release before",
                    "if it began with a deploy",
                    "rollback",
                    Vec::new(),
                ));
            }
            steps.extend(first.map(Step::shell));
        }
        _ => {}
    }
    steps
}

/// A service that hangs hears no wish to end: it is killed. PostgreSQL and RabbitMQ take up what they have on disk.
fn silent(patient: &Patient<'_>, symptom: &Symptom, steps: &mut Vec<Step>) {
    let unit = symptom.key.about.rsplit('/').next().unwrap_or_default();
    let Some(id) = symptom.servers.first() else { return };
    let (is_database, keeps) = (unit.starts_with("postgresql"), !unit.starts_with("memcached"));
    if is_database && patient.snapshot.server(id).is_some_and(|server| server.role.role != Role::DbReplica) {
        steps.push(hold_still(patient));
    }
    let log = if is_database { Some("postgresql") } else { cache_log(unit) };
    steps.push(Step::logs("read what it logs", id, log));
    let aside = if keeps { "it takes up what is on its disk" } else { "what it holds in memory is lost" };
    let unit = shell_word(unit);
    let command = format!("systemctl kill --signal=KILL {unit} && systemctl restart {unit}");
    steps.push(Step::run(format!("kill {unit} and start it again"), aside, id, command));
    if !is_database {
        steps.push(hold_still(patient));
    }
    if unit.starts_with("redis") || unit.starts_with("rabbitmq") {
        steps.push(super::replace_cache("if it stays silent: "));
    }
    steps.push(Step::shell(id));
}

fn cache_log(unit: &str) -> Option<&'static str> {
    [("redis", "redis"), ("rabbitmq", "rabbitmq"), ("memcached", "memcached")]
        .into_iter()
        .find_map(|(begins, log)| unit.starts_with(begins).then_some(log))
}

fn program_log(program: &str) -> Option<&'static str> {
    [
        ("pgbouncer", "pgbouncer"),
        ("stunnel", "stunnel"),
        ("celerybeat", "celery-beat"),
        ("server", "gunicorn"),
    ]
    .into_iter()
    .find_map(|(ends, log)| program.ends_with(ends).then_some(log))
}

/// A program with its group, as supervisorctl wants it.
fn full_name(patient: &Patient<'_>, id: &InstanceId, program: &str) -> String {
    let programs = patient.snapshot.measured(id).and_then(|m| m.supervisor()).map(|s| &s.programs);
    let found = programs.into_iter().flatten().find(|p| p.name == program);
    found
        .filter(|p| p.group != p.name)
        .map_or_else(|| program.to_owned(), |p| format!("{}:{program}", p.group))
}

fn deploy_worker(patient: &Patient<'_>) -> Step {
    let release = patient.row.release.changeset.as_ref().map(|c| c.as_str().to_owned());
    let options = release.map(|c| vec![("release", c)]).unwrap_or_default();
    Step::plan(
        "deploy the release to the worker again",
        "if its code or settings are wrong",
        "deploy-worker",
        options,
    )
}
