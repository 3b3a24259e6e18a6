//! restart-celery: Celery on the workers ends and starts again; what hangs is killed where that was asked for.
//!
//! A worker that hangs hears no TERM, and Supervisor gives it ten minutes. Whoever cannot wait that long is told which tasks
//! are cut.

use super::deploy::{can_be_asked, keeper_of_beat};
use super::draft::Draft;
use super::on_servers::{kill_celery, lane, start_celery, stop_celery};
use super::refused::some;
use super::{Facts, Options, Refused};
use crate::fleet::{Role, Server, words};
use crate::plan::{Step, StepId};
use crate::recipe::celery;

const ROLES: [Role; 2] = [Role::Worker, Role::Combo];

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let all = facts.servers(&ROLES)?;
    let meant =
        if options.servers.is_empty() { all.clone() } else { facts.named(&options.servers, &ROLES)? };
    if meant.is_empty() {
        return Err(Refused::State(format!(
            "{} has no worker in use: build one with new-server --role worker",
            facts.place.name
        )));
    }
    for worker in &meant {
        can_be_asked(facts, worker)?;
    }
    draft.title(format!("start Celery again on {}", some(meant.iter().map(|worker| lane(worker)))));
    draft.goes_on();
    draft.noticed("tasks wait until Celery runs again");
    if options.kill {
        cut(draft, facts, &meant)?;
    }
    let beat = keeper_of_beat(facts, &all).map(|server| &server.id);
    let mut ends: Vec<StepId> = Vec::new();
    // One after the other: an old beat is stopped before the new one starts (R17), and some tasks go on meanwhile.
    for worker in meant {
        let has_beat = beat == Some(&worker.id);
        let stop = if options.kill { kill_celery } else { stop_celery };
        let stopped = draft.add(stop(facts, worker, has_beat, &ends));
        let start = Step { settles: vec![stopped], ..start_celery(facts, worker, has_beat, &[stopped]) };
        ends = vec![draft.add(start)];
    }
    Ok(())
}

/// Says which tasks are cut; such as are seen to run want a word more.
fn cut(draft: &mut Draft<'_>, facts: &Facts<'_>, workers: &[&Server]) -> Result<(), Refused> {
    let after = celery::KILL_AFTER_S;
    let mut running = Vec::new();
    let mut silent = Vec::new();
    for worker in workers {
        let celery = facts.snapshot.measured(&worker.id).and_then(|measured| measured.celery());
        match celery.filter(|celery| !celery.workers.is_empty()) {
            None => silent.push(lane(worker)),
            Some(celery) => running.extend(celery.workers.iter().flat_map(|one| &one.running).map(|task| {
                let time = task.seconds.map_or_else(String::new, |s| format!(" (for {})", words::seconds(s)));
                format!("{}{time}", words::name(&task.name))
            })),
        }
    }
    if !silent.is_empty() {
        draft.note(format!(
            "Celery does not answer on {}: which tasks run there cannot be told. Those that are cut are begun again only where \
             Celery acknowledges them late.",
            some(silent)
        ));
    }
    if running.is_empty() {
        return Ok(());
    }
    draft.noticed(format!("tasks that have not ended after {after} s are cut: {}", some(&running)));
    draft.refuse_unless(
        "cut-tasks",
        format!(
            "these tasks run now, and are cut if they have not ended after {after} s: {}. Without --kill they may take until \
             Supervisor kills them, {} s",
            some(&running),
            celery::STOP_WAIT_S
        ),
    )
}
