//! What Celery's workers are doing.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Unread;
use super::reading::{MOST, complaint, name};
use super::request::Body;
use crate::fleet::measured::{Celery, CeleryWorker, Task};
use crate::fleet::{Fact, FailureKind, Layout};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Row {
    Worker { name: String, slots: Option<u32>, reserved: u32, begun: Option<u64> },
    Task { worker: String, id: Option<String>, name: Option<String>, seconds: Option<f64> },
    Done(bool),
}

/// Reads what it printed.
pub(super) fn read(body: &Body<'_>, layout: &Layout) -> Result<Fact, Unread> {
    if layout.celery_app.is_empty() {
        let message = "the config names no `celery_application`: nobody here can ask Celery";
        return Err(Unread::new(FailureKind::Absent, message));
    }
    let mut workers: BTreeMap<String, CeleryWorker> = BTreeMap::new();
    let mut done = false;
    for line in &body.lines {
        match serde_json::from_str(line) {
            Ok(Row::Worker { name: worker, slots, reserved, begun }) if workers.len() < MOST => {
                let told = CeleryWorker { name: name(&worker), slots, running: Vec::new(), reserved, begun };
                workers.insert(worker, told);
            }
            Ok(Row::Task { worker, id, name: task, seconds }) => {
                let Some(worker) = workers.get_mut(&worker) else { continue };
                if worker.running.len() < MOST {
                    let text = |text: Option<String>| text.as_deref().map(name).unwrap_or_default();
                    let seconds = seconds.map(|seconds| seconds.max(0.0));
                    worker.running.push(Task { id: text(id), name: text(task), seconds });
                }
            }
            Ok(Row::Done(told)) => done |= told,
            // What the project prints when it is imported.
            Ok(Row::Worker { .. }) | Err(_) => {}
        }
    }
    if !done {
        return Err(complaint(body, "python", "Celery's broker"));
    }
    Ok(Fact::Celery(Celery { workers: workers.into_values().collect() }))
}
