//! The journal of a run of a plan: the record's lines, each on disk before what comes after it happens.
//!
//! Whoever writes it holds the file's lock: no lock, no runner. A line that was cut off when the machine died is
//! removed when the run is taken up again: what it announced had not begun.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::history::{Past, Unreadable};
use super::output::{Output, Writer};
use super::record::{Began, Record, RunState};
use super::{RECORD, Store, line_of, output};
use crate::engine::run::{Again, Entry, Story};
use crate::engine::{EngineError, RunId};
use crate::fleet::text::one_line;
use crate::plan::Plan;
use crate::remote::Line;

/// A journal that is being written. Cheap to clone; the lock goes with the last one.
#[derive(Clone, Debug)]
pub struct Journal {
    id: RunId,
    dir: PathBuf,
    token: String,
    file: Arc<Mutex<File>>,
    outputs: Arc<Mutex<Vec<(String, Output)>>>,
    #[cfg(test)]
    pub(in crate::engine) halt: Option<crate::engine::run::Halt>,
}

/// Why a run cannot be taken up again.
#[derive(Debug, thiserror::Error)]
pub enum ReopenError {
    /// There is none, or it cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Somebody is at it.
    #[error("run {0} goes on: another quarterdeck on this machine runs it")]
    Running(RunId),
    /// It came to its end, and nothing is left of it.
    #[error("run {0} is over ({1}), and nothing of it is left to do")]
    Over(RunId, &'static str),
    /// It was begun on another fleet.
    #[error(
        "run {id} was begun on another fleet ({theirs}) than this one ({ours}): take it up where it was begun, with the same \
         project, --profile, --region and --endpoint-url"
    )]
    Elsewhere {
        /// The run.
        id: RunId,
        /// Where it was begun.
        theirs: String,
        /// Where it was asked for.
        ours: String,
    },
    /// It is not the run of a plan.
    #[error("run {0} is a command on servers, which cannot be taken up again: run it once more")]
    NoPlan(RunId),
    /// A later version wrote in it.
    #[error("run {0} was written by a newer quarterdeck: take it up again with that one")]
    Newer(RunId),
    /// The system would not.
    #[error("run {id} cannot be taken up again, for its journal {} cannot be written: {error}", path.display())]
    Failed {
        /// The run.
        id: RunId,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl Store {
    /// Begins the journal of a plan's run. When this returns, the plan is on disk, and the run ours.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be begun.
    pub fn begin_plan(&self, plan: &Plan, who: &str, account: Option<&str>) -> Result<Journal, EngineError> {
        let failed = |error| EngineError::Record { place: self.dir().to_owned(), error };
        let (id, dir) = self.make().map_err(failed)?;
        let (fleet, account) = (self.fleet.clone(), account.map(str::to_owned));
        let head = Began { fleet, account, ..Began::of_plan(&id, self.now(), plan, who) };
        let begun = self.first_line(&dir, head).map(|file| {
            let journal = Journal::of(id, dir.clone(), file);
            #[cfg(test)]
            let journal = journal.with_halt(self.halt.clone());
            journal.append(&Record::Operation(Box::new(Entry::Planned { plan: Box::new(plan.clone()) })))?;
            Ok(journal)
        });
        begun.and_then(|journal| journal).inspect_err(|_| drop(fs::remove_dir_all(&dir))).map_err(failed)
    }

    /// Nothing, where a run is of this store's fleet.
    ///
    /// # Errors
    /// It was begun on another: settings of the same name are others there.
    pub fn here(&self, past: &Past) -> Result<(), ReopenError> {
        if self.is_of(&past.began) {
            return Ok(());
        }
        let name = |fleet: Option<&str>| one_line(fleet.unwrap_or("unknown"));
        let (theirs, ours) = (name(past.began.fleet.as_deref()), name(self.fleet()));
        Err(ReopenError::Elsewhere { id: past.began.id.clone(), theirs, ours })
    }

    /// Takes up the journal of a run that was interrupted, or that ended and left something.
    ///
    /// # Errors
    /// When there is no such run, or it cannot be taken up.
    pub fn reopen(&self, id: &RunId) -> Result<(Journal, Past), ReopenError> {
        let path = self.dir().join(id.as_str()).join(RECORD);
        let failed = |error| ReopenError::Failed { id: id.clone(), path: path.clone(), error };
        // Said first: a run that is not there is not made by opening it.
        self.here(&self.run(id)?)?;
        let mut file = OpenOptions::new().read(true).append(true).open(&path).map_err(failed)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(ReopenError::Running(id.clone()));
        }
        cut_off(&mut file).map_err(failed)?;
        let mut past = self.run(id)?;
        // We hold the lock ourselves.
        if past.finished.is_none() {
            past.state = RunState::Interrupted;
        }
        let story = past.story.as_ref().ok_or_else(|| ReopenError::NoPlan(id.clone()))?;
        if story.newer || story.plan.version > crate::plan::VERSION {
            return Err(ReopenError::Newer(id.clone()));
        }
        let dir = self.dir().join(id.as_str());
        let journal = Journal::of(id.clone(), dir, file);
        #[cfg(test)]
        let journal = journal.with_halt(self.halt.clone());
        Ok((journal, past))
    }
}

impl Journal {
    fn of(id: RunId, dir: PathBuf, file: File) -> Self {
        Self {
            id,
            token: token_of(&dir),
            dir,
            file: Arc::new(Mutex::new(file)),
            outputs: Arc::default(),
            #[cfg(test)]
            halt: None,
        }
    }

    /// With a death at a chosen record.
    #[cfg(test)]
    pub(in crate::engine) fn with_halt(mut self, halt: Option<crate::engine::run::Halt>) -> Self {
        self.halt = halt;
        self
    }

    /// As if its holder had died.
    #[cfg(test)]
    pub(in crate::engine) fn let_go(&self) {
        let file = self.file.lock().unwrap();
        flock(&*file, FlockOperation::Unlock).unwrap();
    }

    /// The run.
    #[must_use]
    pub const fn id(&self) -> &RunId {
        &self.id
    }

    /// Names the run over all machines: its first line's digest. The same after a crash.
    #[must_use]
    pub fn token(&self) -> String {
        self.token.clone()
    }

    /// Removes a run that never became one.
    pub(in crate::engine) fn discard(self) {
        let _ = fs::remove_dir_all(&self.dir);
    }

    /// Where the run's files are.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes a line. When this returns, it is on disk.
    ///
    /// # Errors
    /// When the disk will not take it.
    pub fn append(&self, record: &Record) -> io::Result<()> {
        let line = line_of(record)?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let before = file.seek(SeekFrom::End(0))?;
        let written = file.write_all(&line).and_then(|()| file.sync_data());
        // Half a line would make the next one unreadable.
        written.inspect_err(|_| drop(file.set_len(before)))
    }

    /// Keeps what a server printed.
    ///
    /// # Errors
    /// When the disk will not take it.
    pub fn keep(&self, instance: &str, lines: &[Line]) -> io::Result<()> {
        let (mut writer, mut bytes) = (Writer::default(), Vec::new());
        for line in lines.iter().filter(|line| !line.unfinished) {
            writer.line(line, &mut bytes);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let mut outputs = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
        let place = outputs.iter().position(|(known, _)| known == instance).unwrap_or_else(|| {
            outputs.push((instance.to_owned(), Output::new(self.dir.join(output::file_name(instance)))));
            outputs.len() - 1
        });
        outputs[place].1.append(&bytes)
    }
}

/// The first line says who, when and what: no two runs begin alike.
fn token_of(dir: &Path) -> String {
    let mut first = Vec::new();
    let read =
        File::open(dir.join(RECORD)).and_then(|file| BufReader::new(file).read_until(b'\n', &mut first));
    if read.is_err() {
        first = dir.as_os_str().as_encoded_bytes().to_vec();
    }
    let digest = Sha256::digest(&first);
    digest.iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Removes a last line that has no end.
fn cut_off(file: &mut File) -> io::Result<()> {
    const PIECE: u64 = 64 * 1024;
    let length = file.seek(SeekFrom::End(0))?;
    let mut end = length;
    while end > 0 {
        let begin = end.saturating_sub(PIECE);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(begin))?;
        Read::by_ref(file).take(end - begin).read_to_end(&mut bytes)?;
        if let Some(place) = bytes.iter().rposition(|byte| *byte == b'\n') {
            let keep = begin + place as u64 + 1;
            return if keep == length { Ok(()) } else { file.set_len(keep).and_then(|()| file.sync_data()) };
        }
        end = begin;
    }
    Ok(())
}

impl Past {
    /// What would be done if it were taken up again, or undone.
    #[must_use]
    pub fn again(&self, undo: bool) -> Again {
        self.story.as_deref().map_or(Again::Nothing, |story| story.again(self.state, undo))
    }

    /// What is not as it was found, if anything.
    #[must_use]
    pub fn left(&self) -> Vec<&crate::engine::run::Left> {
        self.story.as_deref().map(Story::left).unwrap_or_default()
    }
}
