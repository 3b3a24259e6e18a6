//! Something that runs on a server: its lines as they come, and its end.

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use super::clean_text::CleanText;
use super::outcome::Outcome;

/// Batches that wait for a slow reader; then the server waits, too.
const BATCHES: usize = 16;

/// Where a line was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// A line, cleaned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When it arrived, by the port's clock.
    pub at: Timestamp,
    /// Where it was printed.
    pub stream: Stream,
    /// Which of several followed logs it belongs to, by its place in the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<u16>,
    /// The line has not ended: a prompt, or progress. The next line of this stream and source takes its place.
    pub unfinished: bool,
    /// The text.
    pub text: CleanText,
}

/// All there is to say in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// How it ended.
    pub outcome: Outcome,
    /// When it began on the server; none if it did not, or nobody knows.
    pub started: Option<Timestamp>,
    /// When the end was known.
    pub at: Timestamp,
    /// What the server printed before the command ran: a profile's output, sudo's complaint. At most a few lines.
    pub before: Vec<CleanText>,
}

/// A running job. Dropping it cancels it.
#[derive(Debug)]
pub struct Job {
    lines: mpsc::Receiver<Vec<Line>>,
    cancel: Canceller,
    ending: oneshot::Receiver<Ending>,
}

/// Cancels a job from elsewhere.
#[derive(Clone, Debug)]
pub struct Canceller(watch::Sender<bool>);

impl Canceller {
    /// Asks for the job's end on the server; its outcome says whether it came. Asking twice is asking once.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

/// The other end of a [`Job`], for adapters.
#[derive(Debug)]
pub struct JobEnd {
    /// Lines in batches; sending waits while the reader is behind.
    pub lines: mpsc::Sender<Vec<Line>>,
    /// Turns true when the job is to be cancelled, and closes when nobody holds it any more.
    pub cancelled: watch::Receiver<bool>,
    ending: oneshot::Sender<Ending>,
}

impl JobEnd {
    /// Says how it ended.
    pub fn end(self, ending: Ending) {
        let _ = self.ending.send(ending);
    }

    /// Returns when the job is cancelled or dropped.
    pub async fn cancelled(receiver: &mut watch::Receiver<bool>) {
        let _ = receiver.wait_for(|cancelled| *cancelled).await;
    }
}

impl Job {
    /// A job and its other end.
    #[must_use]
    pub fn new() -> (Self, JobEnd) {
        let (sender, lines) = mpsc::channel(BATCHES);
        let (cancel, cancelled) = watch::channel(false);
        let (ended, ending) = oneshot::channel();
        let job = Self { lines, cancel: Canceller(cancel), ending };
        (job, JobEnd { lines: sender, cancelled, ending: ended })
    }

    /// The next lines, oldest first; none when there are no more.
    pub async fn lines(&mut self) -> Option<Vec<Line>> {
        self.lines.recv().await
    }

    /// Asks for its end on the server.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Something that can cancel it while it is read elsewhere. As long as it is held, dropping the job does not
    /// cancel it.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.cancel.clone()
    }

    /// Reads on, throwing lines away, until it has ended.
    pub async fn ended(mut self) -> Ending {
        while self.lines.recv().await.is_some() {}
        self.take_ending().await
    }

    /// All finished lines, and the end. For output known to be short: lines after the first `most` are thrown
    /// away.
    pub async fn collect(mut self, most: usize) -> (Vec<Line>, Ending) {
        let mut kept = Vec::new();
        while let Some(batch) = self.lines.recv().await {
            kept.extend(batch.into_iter().filter(|line| !line.unfinished).take(most - kept.len()));
        }
        let ending = self.take_ending().await;
        (kept, ending)
    }

    async fn take_ending(self) -> Ending {
        let Self { cancel, ending, .. } = self;
        let ending = ending.await.unwrap_or_else(|_| Ending {
            outcome: Outcome::Lost { detail: "the program is ending".into() },
            started: None,
            at: Timestamp::UNIX_EPOCH,
            before: Vec::new(),
        });
        drop(cancel);
        ending
    }
}
