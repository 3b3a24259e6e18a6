//! What happened in each environment, as segments of an hour: `<environment>.timeline/<second>-<n>.jsonl`. A file has one
//! writer: of several consoles only the one that holds the lock writes, and a new one begins a new file. So nothing is
//! written twice, and a line that was cut off is the last of its file.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rustix::fs::{FlockOperation, flock};

use super::{History, HistoryError};
use crate::fleet::EnvironmentName;
use crate::timeline::{Line, Recording};

/// For how long it is kept.
pub(super) const KEEPS: SignedDuration = SignedDuration::from_hours(24);
/// The most bytes of all environments together.
pub(super) const MOST: u64 = 50_000_000;
/// How long a segment is, in seconds.
const HOUR: i64 = 3_600;
/// The longest line that is read; a longer one is none of ours.
const LONGEST: u64 = 4 << 20;
/// How often another number is tried when a file of that name is there.
const ATTEMPTS: u32 = 1_000;

/// A file on disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Segment {
    began: i64,
    number: u32,
    path: PathBuf,
}

/// Writes what is recorded, while it holds the lock of the fleet.
#[derive(Debug)]
pub struct Scribe {
    history: History,
    lock: Option<File>,
    open: BTreeMap<EnvironmentName, (i64, PathBuf, File)>,
    most: u64,
}

impl History {
    /// What was recorded of an environment from a moment on until another, and of the hour before.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn recording(
        &self,
        environment: &EnvironmentName,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Recording, HistoryError> {
        let dir = self.timeline(environment);
        let failed = |place: &Path| {
            let place = place.to_owned();
            move |error| HistoryError::Read { place, error }
        };
        let segments = segments(&dir).map_err(failed(&dir))?;
        let mut recording = Recording::default();
        for (n, segment) in segments.iter().enumerate() {
            let ends = segments.get(n + 1).map_or(i64::MAX, |next| next.began);
            if ends >= since.as_second() && segment.began <= until.as_second() {
                read(&segment.path, until, &mut recording).map_err(failed(&segment.path))?;
            }
        }
        Ok(recording)
    }

    /// Who writes, once it gets the lock.
    #[must_use]
    pub fn scribe(&self) -> Scribe {
        Scribe { history: self.clone(), lock: None, open: BTreeMap::new(), most: MOST }
    }

    fn timeline(&self, environment: &EnvironmentName) -> PathBuf {
        self.file(environment.as_str(), "timeline")
    }

    /// The segments of all environments, the oldest first.
    fn all_segments(&self) -> Vec<Segment> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let dirs = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "timeline"));
        let mut all: Vec<Segment> = dirs.flat_map(|dir| segments(&dir).unwrap_or_default()).collect();
        all.sort();
        all
    }
}

impl Scribe {
    /// Whether it is ours to write. Another console may have been at it until now.
    ///
    /// # Errors
    /// The lock's file cannot be made.
    pub fn holds(&mut self) -> Result<bool, HistoryError> {
        if self.lock.is_some() {
            return Ok(true);
        }
        let place = self.history.dir.join("timeline.lock");
        let open = || -> io::Result<Option<File>> {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.history.dir)?;
            let mut options = OpenOptions::new();
            let file = options.create(true).append(true).mode(0o600).open(&place)?;
            Ok(flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok().then_some(file))
        };
        self.lock = open().map_err(|error| HistoryError::Write { place: place.clone(), error })?;
        Ok(self.lock.is_some())
    }

    /// Whether what is written of this moment begins a segment.
    #[must_use]
    pub fn begins(&self, environment: &EnvironmentName, at: Timestamp) -> bool {
        self.open.get(environment).is_none_or(|(began, ..)| hour(*began) != hour(at.as_second()))
    }

    /// Writes lines of a moment; those of a new segment with its head.
    ///
    /// # Errors
    /// They cannot be written: the next ones begin a segment.
    pub fn append(
        &mut self,
        environment: &EnvironmentName,
        at: Timestamp,
        lines: &[Line],
    ) -> Result<(), HistoryError> {
        if lines.is_empty() {
            return Ok(());
        }
        if self.begins(environment, at) {
            let dir = self.history.timeline(environment);
            let made = make(&dir, at.as_second());
            let (path, file) = made.map_err(|error| HistoryError::Write { place: dir, error })?;
            self.open.insert(environment.clone(), (at.as_second(), path, file));
            self.prune(at);
        }
        let Some((_, path, file)) = self.open.get_mut(environment) else { return Ok(()) };
        let mut bytes = Vec::new();
        let written = lines.iter().try_for_each(|line| {
            serde_json::to_writer(&mut bytes, line)?;
            bytes.push(b'\n');
            Ok(())
        });
        let written = written.and_then(|()| file.write_all(&bytes));
        if let Err(error) = written {
            let place = path.clone();
            self.open.remove(environment);
            return Err(HistoryError::Write { place, error });
        }
        Ok(())
    }

    /// Drops what is older than it is kept, and then the oldest, until the rest is small enough.
    fn prune(&self, now: Timestamp) {
        let all = self.history.all_segments();
        let kept = now.checked_sub(KEEPS).unwrap_or(Timestamp::MIN).as_second();
        let is_open = |segment: &Segment| self.open.values().any(|(_, path, _)| *path == segment.path);
        let mut left = Vec::new();
        for segment in all {
            // A segment ends at the latest with its hour.
            if hour(segment.began) * HOUR + HOUR <= kept && !is_open(&segment) {
                let _ = fs::remove_file(&segment.path);
            } else {
                let size = fs::metadata(&segment.path).map_or(0, |meta| meta.len());
                left.push((segment, size));
            }
        }
        let mut bytes: u64 = left.iter().map(|(_, size)| size).sum();
        for (segment, size) in left {
            // What is written until the next time comes on top: a tenth is kept free for it.
            if bytes <= self.most / 10 * 9 {
                return;
            }
            if !is_open(&segment) && fs::remove_file(&segment.path).is_ok() {
                bytes -= size;
            }
        }
    }

    #[cfg(test)]
    pub(super) fn with_most(mut self, most: u64) -> Self {
        self.most = most;
        self
    }
}

const fn hour(second: i64) -> i64 {
    second.div_euclid(HOUR)
}

/// A new file for a segment that begins at this second.
fn make(dir: &Path, second: i64) -> io::Result<(PathBuf, File)> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    for number in 0..ATTEMPTS {
        let path = dir.join(format!("{second}-{number}.jsonl"));
        match OpenOptions::new().create_new(true).append(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return Ok((path, file?)),
        }
    }
    Err(io::Error::other("no number is free for another segment"))
}

/// The segments in a directory, the oldest first; nothing else that may lie there.
fn segments(dir: &Path) -> io::Result<Vec<Segment>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let parse = |path: PathBuf| {
        let (began, number) = path.file_name()?.to_str()?.strip_suffix(".jsonl")?.rsplit_once('-')?;
        Some(Segment { began: began.parse().ok()?, number: number.parse().ok()?, path })
    };
    let mut all: Vec<Segment> = entries.flatten().filter_map(|entry| parse(entry.path())).collect();
    all.sort();
    Ok(all)
}

/// Takes in a segment's lines, those of later moments left out. What makes no sense is passed over.
fn read(path: &Path, until: Timestamp, to: &mut Recording) -> io::Result<()> {
    let mut from = match File::open(path) {
        // Another console has dropped it meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => BufReader::new(file?),
    };
    let mut line = Vec::new();
    loop {
        line.clear();
        if from.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        // A last line without its end was cut off when the program or the machine died.
        let Some(whole) = line.strip_suffix(b"\n") else { continue };
        if let Ok(line) = serde_json::from_slice::<Line>(whole)
            && line.at().is_none_or(|at| at <= until)
        {
            to.take_in(line);
        }
    }
}
