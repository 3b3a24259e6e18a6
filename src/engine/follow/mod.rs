//! Follows logs of many servers, and goes on when connections break.

mod host;
mod overlap;
mod patience;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::drive::WAITING;
use super::{Control, End, EngineError, FollowRequest, Progress, Summary};
use crate::logs::{Log, LogId};
use crate::remote::{Follow, RemoteRead};

/// Logs that are followed. They are no run: nothing of them is kept, for the servers keep them.
#[derive(Debug)]
pub struct Following {
    /// Their lines, each with its `source`; how it ended on a server, when it did.
    pub progress: mpsc::Receiver<Progress>,
    /// Ends it.
    pub control: Control,
}

/// Follows logs on all servers at once, until it is cancelled. Where a connection breaks, it is made again, later and
/// later, and lines that were told before are not told again. To be called inside a Tokio runtime.
///
/// # Errors
/// When there is nothing to follow.
pub fn follow(read: Arc<dyn RemoteRead>, request: FollowRequest) -> Result<Following, EngineError> {
    if request.hosts.is_empty() {
        return Err(EngineError::NoServers);
    }
    let (control, wishes) = Control::new();
    let (progress, reader) = mpsc::channel(WAITING);
    let began = read.now();
    let never = || End::Skipped("it never came to it".into());
    let mut ends: Vec<End> = request.hosts.iter().map(|_| never()).collect();
    let mut tasks = JoinSet::new();
    for (place, (server, logs, _)) in request.hosts.into_iter().enumerate() {
        let host = host::Host::new(place, server.target, logs, &read, &progress);
        let wishes = wishes.clone();
        tasks.spawn(async move { (place, host.follow(wishes).await) });
    }
    tokio::spawn(async move {
        while let Some(done) = tasks.join_next().await {
            if let Ok((place, end)) = done {
                ends[place] = end;
            }
        }
        let cancelled = wishes.borrow().cancel;
        let summary = Summary { began, finished: read.now(), ends, cancelled };
        let _ = progress.send(Progress::Finished { summary }).await;
    });
    Ok(Following { progress: reader, control })
}

/// What to follow for these logs, with so many lines of the past of each, and which log each source is: files first,
/// then, if any log has units, the journal.
#[must_use]
pub fn sources(logs: &[Log], past: u32, sudo: bool) -> (Follow, Vec<LogId>) {
    let (mut files, mut ids) = (Vec::new(), Vec::new());
    for log in logs {
        files.extend(log.files.iter().cloned());
        ids.extend(log.files.iter().map(|_| log.id.clone()));
    }
    let in_journal: Vec<&Log> = logs.iter().filter(|log| !log.units.is_empty()).collect();
    // Lines of several units come as one source.
    match in_journal.as_slice() {
        [] => {}
        [only] => ids.push(only.id.clone()),
        _ => ids.push(LogId::Journal),
    }
    let units = in_journal.iter().flat_map(|log| log.units.iter().cloned()).collect();
    (Follow { files, units, past, sudo, once: false }, ids)
}
