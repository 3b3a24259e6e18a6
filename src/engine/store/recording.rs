//! Writes a run's files while it goes on, behind a bounded channel: a disk that is slow slows the servers.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::output::Output;
use super::record::Record;
use super::{Store, line_of};
use crate::engine::RunId;

/// Batches of lines that wait for the disk.
const WAITING: usize = 32;

/// The most that is kept of a run's output, all servers together, in bytes.
const MOST: u64 = 2_000_000_000;

/// So much of the disk is left to others, in bytes; looked at every [`STRIDE`].
const FLOOR: u64 = 500_000_000;
const STRIDE: u64 = 16_000_000;

/// How long the end of a run waits for the disk.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something to write.
#[derive(Debug)]
enum Entry {
    /// Output of a server, in whole lines, with its place among those that wait.
    Output(usize, Vec<u8>, OwnedSemaphorePermit),
    /// A line of the record.
    Record(Record),
}

/// A run's files. Dropping it without [`Recording::finish`] leaves the run interrupted.
#[derive(Debug)]
pub(in crate::engine) struct Recording {
    pub(in crate::engine) id: RunId,
    pub(in crate::engine) dir: PathBuf,
    scribe: Scribe,
    failures: mpsc::Receiver<String>,
    writer: JoinHandle<()>,
}

/// Writes from elsewhere.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Scribe {
    /// Output is bounded by its places, records by the number of servers.
    entries: mpsc::UnboundedSender<Entry>,
    places: Arc<Semaphore>,
}

impl Scribe {
    /// Output of a server, in whole lines.
    pub(in crate::engine) async fn output(&self, host: usize, bytes: Vec<u8>) {
        if let Ok(place) = Arc::clone(&self.places).acquire_owned().await {
            let _ = self.entries.send(Entry::Output(host, bytes, place));
        }
    }

    /// A line of the record. Never waits: whoever cancels is heard while the disk is slow.
    pub(in crate::engine) fn record(&self, record: Record) {
        let _ = self.entries.send(Entry::Record(record));
    }
}

impl Recording {
    /// To be called inside a Tokio runtime.
    pub(super) fn start(id: RunId, dir: PathBuf, record: File, instances: &[String], store: Store) -> Self {
        let (sender, mut entries) = mpsc::unbounded_channel();
        let (failed, failures) = mpsc::channel(1);
        let outputs =
            instances.iter().map(|name| Output::new(dir.join(super::output::file_name(name)))).collect();
        let mut files =
            Files { dir: dir.clone(), store, record, outputs, failed: Some(failed), kept: 0, looked: 0 };
        let writer = tokio::task::spawn_blocking(move || {
            while let Some(entry) = entries.blocking_recv() {
                files.write(entry);
            }
        });
        let scribe = Scribe { entries: sender, places: Arc::new(Semaphore::new(WAITING)) };
        Self { id, dir, scribe, failures, writer }
    }

    /// Something to write with.
    pub(in crate::engine) fn scribe(&self) -> Scribe {
        self.scribe.clone()
    }

    /// Returns when something could not be written, with what happened; at most once.
    pub(in crate::engine) async fn failure(&mut self) -> String {
        match self.failures.recv().await {
            Some(why) => why,
            None => std::future::pending().await,
        }
    }

    /// Writes the last line and waits until it is on disk. Every scribe must have been dropped. If something could
    /// not be written and that was not told yet, tells it.
    pub(in crate::engine) async fn finish(self, record: Record) -> Option<String> {
        let Self { dir, scribe, mut failures, writer, .. } = self;
        scribe.record(record);
        drop(scribe);
        if timeout(PATIENCE, writer).await.is_err() {
            return Some(format!(
                "the disk does not answer: the record in {} may lack its end",
                dir.display()
            ));
        }
        failures.try_recv().ok()
    }
}

/// The writing end.
struct Files {
    dir: PathBuf,
    store: Store,
    record: File,
    outputs: Vec<Output>,
    /// Gone once a failure was told.
    failed: Option<mpsc::Sender<String>>,
    /// Bytes of output so far, and when free space was looked at last.
    kept: u64,
    looked: u64,
}

impl Files {
    fn write(&mut self, entry: Entry) {
        match entry {
            Entry::Output(host, bytes, _place) if self.failed.is_some() => {
                let written = self
                    .room(bytes.len() as u64)
                    .and_then(|()| self.outputs.get_mut(host).map_or(Ok(()), |output| output.append(&bytes)));
                self.told(written);
            }
            // What is on disk stays a beginning of the output, without holes.
            Entry::Output(..) => {}
            Entry::Record(record) => {
                let last = matches!(record, Record::Finished { .. });
                let written = line_of(&record).and_then(|line| self.record.write_all(&line));
                let written = written.and_then(|()| if last { self.record.sync_all() } else { Ok(()) });
                self.told(written);
            }
        }
    }

    /// Whether so many bytes more may be kept: a command that prints without end must not fill the disk, on which
    /// records and host keys lie, too.
    fn room(&mut self, bytes: u64) -> io::Result<()> {
        self.kept += bytes;
        if self.kept > MOST {
            return Err(io::Error::other("2 GB of output are kept of one run, and no more"));
        }
        if self.looked == 0 || self.kept - self.looked >= STRIDE {
            self.looked = self.kept;
            let found = rustix::fs::statvfs(&self.dir)?;
            if found.f_bavail.saturating_mul(found.f_frsize) < FLOOR {
                return Err(io::Error::other("less than 500 MB are free on its disk"));
            }
        }
        Ok(())
    }

    /// The first failure is told, and tried to be recorded.
    fn told(&mut self, written: io::Result<()>) {
        let Err(error) = written else { return };
        let Some(failed) = self.failed.take() else { return };
        let why = format!("no more output is kept of this run in {}: {error}", self.dir.display());
        let record = Record::Unrecorded { at: self.store.now(), why: why.clone() };
        if let Ok(line) = line_of(&record) {
            let _ = self.record.write_all(&line);
        }
        let _ = failed.try_send(why);
    }
}
