//! Queues, and the tasks that come out of them.

use super::{MINUTE, services};
use crate::sandbox::dice::Dice;
use crate::sandbox::hosts::server::{self, Host};
use crate::sandbox::places::CELERY_WORKERS;
use crate::sandbox::read::View;
use crate::sandbox::waves::{daily, fraction, wave, whole};

/// Tasks that come with a growing queue's beginning, per message a minute that it grows.
const BURST: f64 = 107.0;
/// So much of what comes in another worker takes beside it.
const HELPS: f64 = 25.0;
/// A worker takes so many tasks ahead for each that it can run.
const AHEAD: u64 = 4;

/// The queue that a Celery worker listens to.
pub(in crate::sandbox) fn queue_of(worker: &str) -> &str {
    if worker == "main" { "celery" } else { worker }
}

/// A running task.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sandbox) struct Task {
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) name: &'static str,
    pub(in crate::sandbox) started: i64,
}

/// A queue as the broker sees it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sandbox) struct Queue {
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) ready: u64,
    pub(in crate::sandbox) unacknowledged: u64,
    pub(in crate::sandbox) consumers: usize,
}

const TASKS: [&str; 6] = [
    "myproject.mail.tasks.send_receipt",
    "myproject.search.tasks.update_index",
    "myproject.survey.tasks.recount",
    "myproject.accounts.tasks.clear_sessions",
    "myproject.media.tasks.make_thumbnail",
    "myproject.billing.tasks.sync_invoice",
];
const EXPORT: &str = "myproject.survey.tasks.export_results";

fn task_id(dice: Dice, entity: &str, count: u64) -> String {
    let digits = dice.hex(&format!("task {entity}"), count, 32);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// A task from its beginning to its end.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sandbox) struct Run {
    pub(in crate::sandbox) task: Task,
    pub(in crate::sandbox) ends: i64,
    /// Which of the worker's processes runs it, from 0.
    pub(in crate::sandbox) slot: u32,
}

fn slots(worker: &str) -> u32 {
    CELERY_WORKERS.iter().find(|(name, _)| *name == worker).map_or(1, |(_, slots)| *slots)
}

/// What a Celery worker on a server runs at any time from `from` to `to`, whether or not it is up.
pub(in crate::sandbox) fn runs(dice: Dice, host: &Host, worker: &str, from: i64, to: i64) -> Vec<Run> {
    (0..slots(worker)).flat_map(|slot| runs_of(dice, host, worker, slot, from, to)).collect()
}

fn runs_of(dice: Dice, host: &Host, worker: &str, slot: u32, from: i64, to: i64) -> Vec<Run> {
    let entity = format!("{} {worker} {slot}", host.id);
    let run = |turn: i64, name, started, ends| {
        let task = Task { id: task_id(dice, &entity, turn.cast_unsigned()), name, started };
        Run { task, ends, slot }
    };
    let mut all = Vec::new();
    let stuck = host.trouble("busy").filter(|_| worker == "exports");
    if let Some(trouble) = stuck {
        // Each export takes most of an hour, and the next one begins at once.
        let length = 52 * MINUTE + dice.between(&entity, 0, 0, 9) * MINUTE;
        let first = trouble.since + i64::from(slot) * 900;
        for turn in ((from - first) / length).max(0)..=(to - first).div_euclid(length) {
            all.push(run(turn, EXPORT, first + turn * length, first + (turn + 1) * length));
        }
    }
    let to = stuck.map_or(to, |trouble| to.min(trouble.since));
    let period = 20_000 + dice.between(&entity, 1, 0, 20_000);
    let moved = dice.between(&entity, 2, 0, 60_000);
    for turn in (from + moved).div_euclid(period)..=(to + moved).div_euclid(period) {
        let started = turn * period - moved;
        let busy =
            (0.1 + 0.25 * daily(started.div_euclid(MINUTE))) * if host.load > 100.0 { 1.0 } else { 0.4 };
        let key = turn.cast_unsigned();
        if dice.unit(&entity, key) >= busy {
            continue;
        }
        let length = whole(fraction(period, 1) * (0.2 + 0.7 * dice.unit(&entity, key ^ 1 << 40)));
        let kind = usize::try_from(dice.draw(&entity, key ^ 1 << 41) % 6).unwrap_or(0);
        let name = if worker == "exports" { EXPORT } else { TASKS[kind] };
        let ends = started + length.cast_signed();
        if started <= to && ends > from {
            all.push(run(turn, name, started, ends));
        }
    }
    all
}

/// What a Celery worker on a server runs now, whether or not it is up.
pub(super) fn running(view: &View<'_>, host: &Host, worker: &str) -> Vec<Task> {
    runs(view.dice, host, worker, view.now, view.now).into_iter().map(|run| run.task).collect()
}

/// Tasks that a worker has taken and not begun.
pub(in crate::sandbox) fn reserved(host: &Host, worker: &str, running: usize) -> u64 {
    let full = running > 0 && host.trouble("busy").is_some() && worker == "exports";
    if full { u64::from(slots(worker)) * (AHEAD - 1) } else { 0 }
}

/// How many tasks a worker has begun since it was started: a count that only grows.
pub(in crate::sandbox) fn begun(view: &View<'_>, worker: &Host, name: &str) -> rusqlite::Result<u64> {
    let slots = f64::from(slots(name));
    let quick = slots * if worker.load > 100.0 { 0.6 } else { 0.25 };
    let stuck = worker.trouble("busy").filter(|_| name == "exports");
    let until = stuck.map_or(view.now, |trouble| trouble.since.clamp(worker.booted_at(), view.now));
    let minutes = |from: i64, to: i64| fraction((to - from).max(0), MINUTE);
    let mut begun = minutes(worker.booted_at(), until) * quick + minutes(until, view.now) * slots / 52.0;
    // One that came to help with a growing queue takes several times as much as comes in.
    if let Some(first) = server::peers(view, &worker.environment, "cache")?.first()
        && let Some(broker) = server::host(view, &first.id)?
        && let Some(trouble) = broker.trouble("queue-growing").filter(|_| name == "exports")
        && worker.booted_at() > trouble.since
    {
        begun += minutes(worker.booted_at(), view.now) * trouble.amount * HELPS;
    }
    Ok(whole(begun))
}

/// The queues of an environment, as the broker on this server sees them. The broker of several cache servers is the
/// first.
pub(in crate::sandbox) fn queues(view: &View<'_>, host: &Host) -> rusqlite::Result<Vec<Queue>> {
    let brokers = server::peers(view, &host.environment, "cache")?;
    if brokers.first().is_none_or(|first| first.id != host.id) {
        return Ok(Vec::new());
    }
    let mut workers = Vec::new();
    for peer in server::peers(view, &host.environment, "worker")? {
        workers.extend(server::host(view, &peer.id)?);
    }
    let mut queues = Vec::new();
    for (worker, _) in CELERY_WORKERS {
        let name = queue_of(worker);
        let mut queue = Queue { name: name.to_owned(), ready: 0, unacknowledged: 0, consumers: 0 };
        for peer in &workers {
            if services::works(view, peer, worker) {
                let running = services::tasks(view, peer, worker).len();
                queue.consumers += 1;
                queue.unacknowledged += running as u64 + reserved(peer, worker, running);
                for kind in ["pidbox", "celeryev"] {
                    queues.push(bookkeeping(view, peer, worker, kind));
                }
            }
        }
        queue.ready = ready(view, host, name, &workers, queue.consumers);
        queues.push(queue);
    }
    queues.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(queues)
}

fn bookkeeping(view: &View<'_>, worker: &Host, name: &str, kind: &str) -> Queue {
    let name = match kind {
        "pidbox" => format!("celery@worker.{name}.{}.celery.pidbox", worker.hostname()),
        _ => format!("celeryev.{}", task_id(view.dice, &format!("{} {name} events", worker.id), 0)),
    };
    Queue { name, ready: 0, unacknowledged: 0, consumers: 1 }
}

fn ready(view: &View<'_>, host: &Host, name: &str, workers: &[Host], consumers: usize) -> u64 {
    let day = daily(view.now.div_euclid(MINUTE));
    let scale = if host.load > 100.0 { 9.0 } else { 2.0 };
    let scale = if name == "celery" { scale } else { scale / 3.0 };
    let height = wave(view.dice, &format!("queue {name} {}", host.id), view.now, 45_000);
    let shallow = whole(scale * day * (height * 1.6 - 0.5).max(0.0));
    let mut grown = 0.0;
    if let Some(trouble) = host.trouble("queue-growing").filter(|_| name == "exports") {
        // Another worker takes several times as much as comes in.
        let mut since: Vec<i64> =
            workers.iter().map(Host::booted_at).filter(|at| *at > trouble.since).collect();
        since.sort_unstable();
        let until = since.first().copied().unwrap_or(view.now).min(view.now);
        let minutes = fraction(until - trouble.since, MINUTE);
        let taken = fraction(view.now - until, MINUTE) * trouble.amount * HELPS;
        grown = (trouble.amount * (minutes + BURST * (minutes / 2.0).clamp(0.0, 1.0)) - taken).max(0.0);
    }
    if consumers == 0 {
        // Nobody takes anything: it grows with what comes in.
        let stopped = workers.iter().flat_map(|worker| worker.touched.values()).filter(|touched| !touched.up);
        let since = stopped.map(|touched| touched.since).max().unwrap_or(view.now);
        grown += fraction(view.now - since, MINUTE) * (2.0 + host.load * day / 8.0);
    }
    shallow + whole(grown)
}
