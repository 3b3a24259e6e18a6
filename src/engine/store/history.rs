//! Runs of the past, read back.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};

use super::record::{Began, Record, RunState, ServerEnd};
use super::{RECORD, Store};
use crate::engine::RunId;
use crate::engine::run::{Entry, Story};

/// The longest line of a record that is read; a longer one is none of ours.
const LONGEST: u64 = 4 * 1024 * 1024;

/// A run, as its record tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// What was asked for.
    pub began: Began,
    /// How it stands with it.
    pub state: RunState,
    /// When it was over, if it is.
    pub finished: Option<Timestamp>,
    /// How it ended on servers, in the order in which it ended.
    pub ends: Vec<ServerEnd>,
    /// Servers where it never began, and why.
    pub skipped: Vec<(usize, String)>,
    /// Servers that were asked and whose end is not recorded: it runs, or it was interrupted.
    pub open: Vec<usize>,
    /// Why the output on disk is not complete, if it is not.
    pub unrecorded: Option<String>,
    /// What has happened, if a plan was executed.
    pub story: Option<Box<Story>>,
}

/// How much there is of a run: compared before all of it is read once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    running: bool,
    record: u64,
    output: u64,
}

/// A run that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// There is none of this id.
    #[error("there is no run {0}")]
    Absent(RunId),
    /// Its files cannot be read.
    #[error("the run's record {} cannot be read: {error}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl Store {
    /// All runs that can be read, latest first.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn runs(&self) -> io::Result<Vec<Past>> {
        let mut ids = self.ids()?;
        ids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ids.iter().filter_map(|id| self.run(id).ok()).collect())
    }

    /// One run.
    ///
    /// # Errors
    /// When there is none of this id, or its record makes no sense.
    pub fn run(&self, id: &RunId) -> Result<Past, Unreadable> {
        let path = self.dir().join(id.as_str()).join(RECORD);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Unreadable::Absent(id.clone()));
            }
            file => file,
        };
        let read = file.and_then(|file| {
            // Asked first: a run that ends in between is then read to its end.
            let running = is_locked(&file);
            read(BufReader::new(file), running)
        });
        read.map_err(|error| Unreadable::Failed { path, error })
    }

    /// A run's record as it is on disk.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn record(&self, id: &RunId) -> Result<Vec<u8>, Unreadable> {
        let path = self.dir().join(id.as_str()).join(RECORD);
        fs::read(&path).map_err(|error| Unreadable::Failed { path, error })
    }

    /// How much there is of a run on disk. Files only grow: the same stamp is the same run.
    #[must_use]
    pub fn stamp(&self, id: &RunId) -> Stamp {
        let record = self.dir().join(id.as_str()).join(RECORD);
        Stamp {
            running: self.is_running(id),
            record: record.metadata().map_or(0, |data| data.len()),
            output: self.output_size(id),
        }
    }

    /// Whether the run's lock is held.
    pub(super) fn is_running(&self, id: &RunId) -> bool {
        File::open(self.dir().join(id.as_str()).join(RECORD)).is_ok_and(|file| is_locked(&file))
    }

    /// The files with output of a run.
    pub(super) fn outputs(&self, id: &RunId) -> Vec<PathBuf> {
        let files = fs::read_dir(self.dir().join(id.as_str())).into_iter().flatten().flatten();
        let paths = files.map(|file| file.path());
        paths.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect()
    }

    /// How many bytes of output a run has on disk.
    pub(super) fn output_size(&self, id: &RunId) -> u64 {
        self.outputs(id).iter().filter_map(|path| path.metadata().ok()).map(|data| data.len()).sum()
    }
}

fn is_locked(file: &File) -> bool {
    flock(file, FlockOperation::NonBlockingLockShared).is_err()
}

fn read(mut from: impl BufRead, running: bool) -> io::Result<Past> {
    let mut past: Option<Past> = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if from.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        // A last line without its end was cut off when the program or the machine died.
        let Some(whole) = line.strip_suffix(b"\n") else { continue };
        let Ok(record) = serde_json::from_slice(whole) else {
            // A whole line that makes no sense to us: of a plan's journal nothing may be passed over.
            past.iter_mut().filter_map(|past| past.story.as_mut()).for_each(|story| story.newer = true);
            continue;
        };
        match (record, &mut past) {
            (Record::Began(began), None) => {
                let state = if running { RunState::Running } else { RunState::Interrupted };
                let (ends, skipped, open) = (Vec::new(), Vec::new(), Vec::new());
                let began = *began;
                let (finished, unrecorded, story) = (None, None, None);
                past = Some(Past { began, state, finished, ends, skipped, open, unrecorded, story });
            }
            (record, Some(past)) => past.take_in(record),
            (_, None) => break,
        }
    }
    past.ok_or_else(|| io::Error::other("it does not begin as one"))
}

impl Past {
    fn take_in(&mut self, record: Record) {
        match record {
            Record::Asked { server, .. } if server < self.began.servers.len() => self.open.push(server),
            Record::Ended(end) if end.server < self.began.servers.len() => {
                self.open.retain(|server| *server != end.server);
                self.ends.push(end);
            }
            Record::Skipped { server, why, .. } if server < self.began.servers.len() => {
                self.skipped.push((server, why));
            }
            Record::Unrecorded { why, .. } => self.unrecorded = Some(why),
            Record::Operation(entry) => self.take_in_entry(&entry),
            // Part of a plan's journal, which must not be read with holes.
            Record::Other => self.story.iter_mut().for_each(|story| story.newer = true),
            Record::Finished { at, state } => {
                self.finished = Some(at);
                self.state = state;
            }
            _ => {}
        }
    }

    fn take_in_entry(&mut self, entry: &Entry) {
        match (entry, &mut self.story) {
            (Entry::Planned { plan }, None) => self.story = Some(Box::new(Story::new((**plan).clone()))),
            (entry, Some(story)) => story.take_in(entry),
            (_, None) => {}
        }
        if let Entry::Resumed { .. } = entry {
            // It had an end, and goes on.
            self.finished = None;
            if self.state != RunState::Running {
                self.state = RunState::Interrupted;
            }
        }
    }
}
