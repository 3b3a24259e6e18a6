//! Queues: how much waits, since when, and for whom; and Celery's clock.

use jiff::SignedDuration;

use super::{Symptom, crossed};
use crate::fleet::measured::{Queue, RabbitMq};
use crate::fleet::thresholds::judge;
use crate::fleet::{InstanceId, Role, Severity, Topic, TroubleKind, words};
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;

/// What waits, and where nobody listens.
pub fn queues(patient: &Patient<'_>) -> Vec<Symptom> {
    let mut found = Vec::new();
    for (id, troubles) in &patient.row.troubles {
        let has = |kind| troubles.iter().any(|t| t.kind == kind && t.severity > Severity::Unknown);
        let Some(rabbit) = patient.measured(id, Topic::RabbitMq).and_then(|m| m.rabbitmq()) else { continue };
        if has(TroubleKind::Queue) {
            found.extend(grows(patient, id, rabbit));
        }
        if has(TroubleKind::Unacknowledged) {
            found.extend(handed_out(patient, id, rabbit));
        }
        if has(TroubleKind::Unheard) {
            found.extend(unheard(patient, id, rabbit));
        }
    }
    found
}

/// Work that comes in faster than it goes out; how fast, and when it would be done.
fn grows(patient: &Patient<'_>, id: &InstanceId, rabbit: &RabbitMq) -> Option<Symptom> {
    let depth = rabbit.at_least();
    let limits = patient.yardstick.thresholds.queue_depth;
    #[allow(clippy::cast_precision_loss)] // messages
    let severity = judge(depth as f64, limits);
    let fullest: &Queue = rabbit.counting().max_by_key(|queue| queue.ready)?;
    let rate = patient.row.queues.per_minute;
    #[allow(clippy::cast_precision_loss)] // messages
    let pace = match rate {
        Some(rate) if rate >= 1.0 => format!("grows {rate:.0}/min and never drains at this rate"),
        Some(rate) if rate <= -1.0 => {
            format!("drains {:.0}/min, empty in about {}", -rate, words::seconds(depth as f64 / -rate * 60.0))
        }
        Some(_) => "stands still".to_owned(),
        None => "how fast it moves is not known yet".to_owned(),
    };
    let title = format!(
        "{} waiting, most in “{}”: {pace}",
        words::count(depth, "message"),
        words::name(&fullest.name)
    );
    let consumers = words::count(u64::from(fullest.consumers), "consumer");
    let handed = words::grouped(fullest.unacknowledged);
    let text = format!(
        "“{}” has {} ready, {handed} handed out, {consumers}",
        words::name(&fullest.name),
        words::grouped(fullest.ready)
    );
    let symptom = Symptom::new(Kind::QueueGrows, "", severity, title)
        .users("work in the background is late")
        .since(patient.row.queues.trend.as_ref().and_then(|trend| crossed(&trend.points, limits.0)))
        .because(patient.probed(id, Topic::RabbitMq, text));
    let symptom = at_work(patient, symptom);
    let worker = patient.running(&Role::Worker).next();
    let celery = |text: String| match worker {
        Some(server) => patient.probed(&server.id, Topic::Celery, text),
        None => patient.probed(id, Topic::RabbitMq, text),
    };
    Some(match (rate, patient.row.queues.begun_per_minute) {
        // What is counted by two, one after the other, need not add up.
        (Some(net), Some(out)) => symptom.because(celery(format!(
            "about {:.0}/min come in, and Celery begins {out:.0}/min",
            (net + out).max(0.0)
        ))),
        (None, Some(out)) => symptom.because(celery(format!("Celery begins {out:.0}/min"))),
        (_, None) => symptom.unknown("how many tasks Celery begins a minute"),
    })
}

/// Who should work on it, and what they are busy with.
fn at_work(patient: &Patient<'_>, mut symptom: Symptom) -> Symptom {
    for server in patient.running(&Role::Worker) {
        let Some(celery) = patient.measured(&server.id, Topic::Celery).and_then(|m| m.celery()) else {
            symptom = symptom.unknown(format!("what Celery does on {}", server.id.short()));
            continue;
        };
        let running: usize = celery.workers.iter().map(|worker| worker.running.len()).sum();
        let slots: u32 = celery.workers.iter().filter_map(|worker| worker.slots).sum();
        let text = format!(
            "{} runs {running} of {slots} tasks at once in {}",
            server.id.short(),
            words::count(u64::try_from(celery.workers.len()).unwrap_or(0), "worker")
        );
        symptom = symptom.because(patient.probed(&server.id, Topic::Celery, text));
    }
    symptom
}

/// What workers have taken and do not finish: it is theirs until they acknowledge it, or die.
fn handed_out(patient: &Patient<'_>, id: &InstanceId, rabbit: &RabbitMq) -> Option<Symptom> {
    let handed: u64 = rabbit.counting().map(|queue| queue.unacknowledged).sum();
    #[allow(clippy::cast_precision_loss)] // messages
    let severity = judge(handed as f64, patient.yardstick.thresholds.unacknowledged);
    let fullest: &Queue = rabbit.counting().max_by_key(|queue| queue.unacknowledged)?;
    let name = words::name(&fullest.name);
    let title = format!("{} taken and not acknowledged, most of “{name}”", words::count(handed, "message"));
    let consumers = words::count(u64::from(fullest.consumers), "consumer");
    let text = format!("“{name}” has {} handed out to {consumers}", words::grouped(fullest.unacknowledged));
    let symptom = Symptom::new(Kind::Unacknowledged, "", severity, title)
        .users("tasks that were taken are not done")
        .because(patient.probed(id, Topic::RabbitMq, text));
    Some(at_work(patient, symptom))
}

fn unheard(patient: &Patient<'_>, id: &InstanceId, rabbit: &RabbitMq) -> Option<Symptom> {
    let mut unheard: Vec<&Queue> = rabbit.counting().filter(|queue| queue.is_unheard()).collect();
    unheard.sort_by_key(|queue| std::cmp::Reverse(queue.ready));
    let first = unheard.first()?;
    let name = words::name(&first.name);
    let title = match unheard.len() {
        1 => format!("Nobody listens to “{name}”: {} waiting", words::grouped(first.ready)),
        n => format!(
            "Nobody listens to {n} queues, “{name}” among them: {} waiting there",
            words::grouped(first.ready)
        ),
    };
    let mut symptom =
        Symptom::new(Kind::Unheard, "", Severity::Warn, title).users("what these tasks do does not happen");
    for queue in unheard.iter().take(4) {
        let text = format!(
            "“{}” has {} ready and no consumer",
            words::name(&queue.name),
            words::grouped(queue.ready)
        );
        symptom = symptom.because(patient.probed(id, Topic::RabbitMq, text));
    }
    Some(symptom)
}

/// How long ago Supervisor must have told for beat to be missed.
const TOLD: SignedDuration = SignedDuration::from_mins(5);

/// R17: beat runs on exactly one server.
pub fn beat(patient: &Patient<'_>) -> Vec<Symptom> {
    let mut runs: Vec<InstanceId> = Vec::new();
    let mut stopped: Vec<InstanceId> = Vec::new();
    let (mut all_told, mut workers) = (true, 0);
    for server in patient.running(&Role::Worker) {
        workers += 1;
        let measured = patient.measured(&server.id, Topic::Supervisor);
        let fresh = measured.and_then(|m| m.reading(Topic::Supervisor)?.age(patient.yardstick.now));
        let Some(supervisor) =
            measured.and_then(|m| m.supervisor()).filter(|_| fresh.is_some_and(|a| a <= TOLD))
        else {
            all_told = false;
            continue;
        };
        for program in supervisor.programs.iter().filter(|program| program.is_beat()) {
            if program.state == "RUNNING" {
                runs.push(server.id.clone());
            } else {
                stopped.push(server.id.clone());
            }
        }
    }
    if runs.len() > 1 {
        let title = format!("Celery's beat runs {} times: every periodic task is sent twice", runs.len());
        let mut symptom =
            Symptom::new(Kind::TwoBeats, "", Severity::Warn, title).users("mails and the like go out twice");
        for id in &runs {
            let text = format!("beat is RUNNING on {}", id.short());
            symptom = symptom.because(patient.probed(id, Topic::Supervisor, text));
        }
        return vec![symptom.on(runs)];
    }
    // A project without beat has no program of that name.
    if runs.is_empty() && !stopped.is_empty() && all_told && workers > 0 {
        let title = "Celery's beat runs nowhere: no periodic task is sent";
        let mut symptom =
            Symptom::new(Kind::NoBeat, "", Severity::Down, title).users("what happens by the clock does not");
        for id in &stopped {
            let text = format!("beat does not run on {}", id.short());
            symptom = symptom.because(patient.probed(id, Topic::Supervisor, text));
        }
        return vec![symptom.on(stopped)];
    }
    Vec::new()
}
