//! What is kept of runs, below `<state>/runs/<id>/`: the record (`run.jsonl`) and the whole output of each server
//! (`<instance>.txt`), readable by their owner only.
//!
//! The record is on disk before any server is asked, and whoever runs it holds a lock on it: no lock and no last
//! line means interrupted. A command stands there as it was given; what servers printed is cleaned and masked.

mod history;
mod journal;
mod output;
mod prune;
mod record;
mod recording;

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::fs::{FlockOperation, flock};

pub use history::{Past, Stamp, Unreadable};
pub use journal::{Journal, ReopenError};
pub use output::{OutputLine, output_in, read_output};
pub use record::{Began, OPERATION, Record, RecordedServer, RunState, ServerEnd, VERSION};

use super::{EngineError, ExecRequest, RunId};
pub(super) use output::Writer;
pub(super) use recording::{Recording, Scribe};

/// What says the time: the port's clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The file with the record.
const RECORD: &str = "run.jsonl";

/// Its name before it is complete.
const UNSEEN: &str = ".run.jsonl";

/// How often another number is tried when another console took it.
const ATTEMPTS: u32 = 1_000;

/// Where runs are kept. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    dir: PathBuf,
    clock: Clock,
    fleet: Option<String>,
    #[cfg(test)]
    halt: Option<super::run::Halt>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Store {
    /// Runs below `<state>/runs`. Touches nothing.
    #[must_use]
    pub fn new(state: &Path, clock: Clock) -> Self {
        Self {
            dir: state.join("runs"),
            clock,
            fleet: None,
            #[cfg(test)]
            halt: None,
        }
    }

    /// For this fleet: its name stands in the records of what is begun, and what was begun on another is not taken up here.
    #[must_use]
    pub fn of(mut self, fleet: String) -> Self {
        self.fleet = Some(fleet);
        self
    }

    /// The fleet's name, if it is for one.
    #[must_use]
    pub fn fleet(&self) -> Option<&str> {
        self.fleet.as_deref()
    }

    /// Whether a run is of this fleet. One that says nothing of it is of every one.
    #[must_use]
    pub fn is_of(&self, began: &Began) -> bool {
        match (&self.fleet, &began.fleet) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        }
    }

    /// With a death at a chosen record of the runs that it begins or takes up.
    #[cfg(test)]
    pub(crate) fn with_halt(mut self, halt: super::run::Halt) -> Self {
        self.halt = Some(halt);
        self
    }

    /// The directory with a directory for each run.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(super) fn clock(&self) -> Clock {
        Arc::clone(&self.clock)
    }

    /// The file with what a server printed in a run; it is not there if it printed nothing.
    #[must_use]
    pub fn output(&self, run: &RunId, instance: &str) -> PathBuf {
        output_in(&self.dir.join(run.as_str()), instance)
    }

    /// Writes the record's first line. When this returns, it is on disk, and ours.
    pub(super) fn begin(&self, request: &ExecRequest) -> Result<Recording, EngineError> {
        let failed = |error| EngineError::Record { place: self.dir.clone(), error };
        let (id, dir) = self.make().map_err(failed)?;
        let began = Began { fleet: self.fleet.clone(), ..Began::of(&id, self.now(), request) };
        let file = self.first_line(&dir, began).inspect_err(|_| {
            // Half a record is none.
            let _ = fs::remove_dir_all(&dir);
        });
        let file = file.map_err(failed)?;
        let instances: Vec<String> =
            request.hosts.iter().map(|host| host.target.instance().to_string()).collect();
        let pruned = self.clone();
        tokio::task::spawn_blocking(move || pruned.prune(prune::MOST_RUNS, prune::MOST_BYTES));
        Ok(Recording::start(id, dir, file, &instances, self.clone()))
    }

    /// A new directory under the next free number of the day.
    fn make(&self) -> io::Result<(RunId, PathBuf)> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let day = self.now().to_zoned(TimeZone::UTC).date();
        let last = self.ids()?.into_iter().filter(|id| id.parts().0 == day.to_string()).max();
        let next = last.map_or(1, |id| id.parts().1 + 1);
        for number in next..next + ATTEMPTS {
            let id = RunId::of(day, number);
            let dir = self.dir.join(id.as_str());
            match DirBuilder::new().mode(0o700).create(&dir) {
                Ok(()) => return Ok((id, dir)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("no number is free for another run"))
    }

    fn first_line(&self, dir: &Path, began: Began) -> io::Result<File> {
        let mut options = OpenOptions::new();
        // Nobody sees it before it is locked and has its first line: a reader's own lock would be in the way.
        let unseen = dir.join(UNSEEN);
        let mut file = options.create_new(true).append(true).mode(0o600).open(&unseen)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        file.write_all(&line_of(&Record::Began(Box::new(began)))?)?;
        file.sync_all()?;
        fs::rename(&unseen, dir.join(RECORD))?;
        // The name as well.
        File::open(dir)?.sync_all()?;
        File::open(&self.dir)?.sync_all()?;
        Ok(file)
    }

    /// The ids of all runs that have a directory, in no order.
    fn ids(&self) -> io::Result<Vec<RunId>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        Ok(entries.flatten().filter_map(|entry| RunId::parse(entry.file_name().to_str()?)).collect())
    }
}

fn line_of(record: &Record) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    Ok(line)
}
