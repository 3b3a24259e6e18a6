//! The logs of one server, over as many connections as it takes.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::overlap::{KEPT, Seen};
use super::patience::{Patience, words};
use crate::engine::progress::Wish;
use crate::engine::tally::Counter;
use crate::engine::{End, Progress};
use crate::remote::{Ended, Ending, Follow, Job, Line, Outcome, RemoteRead, Target};

/// Once a connection is back, the logs' last lines come in one go: when nothing came for so long, that was all.
const QUIET: Duration = Duration::from_millis(500);

/// A log that is never quiet is not waited for any longer.
const RESTLESS: Duration = Duration::from_secs(3);

pub(super) struct Host {
    place: usize,
    target: Target,
    logs: Follow,
    read: Arc<dyn RemoteRead>,
    progress: mpsc::Sender<Progress>,
    seen: Seen,
    counter: Counter,
}

impl Host {
    pub(super) fn new(
        place: usize,
        target: Target,
        logs: Follow,
        read: &Arc<dyn RemoteRead>,
        progress: &mpsc::Sender<Progress>,
    ) -> Self {
        let seen = Seen::new(logs.past);
        let (read, progress) = (Arc::clone(read), progress.clone());
        Self { place, target, logs, read, progress, seen, counter: Counter::new() }
    }

    /// Follows them until it is cancelled, or asking again makes no sense.
    pub(super) async fn follow(mut self, mut wishes: watch::Receiver<Wish>) -> End {
        let host = self.place;
        let mut patience = Patience::default();
        let mut job = self.read.follow(&self.target, &self.logs);
        self.tell(Progress::Began { host, at: self.read.now() }).await;
        let ending = loop {
            let mut ending = self.carry(job, &mut wishes).await;
            let pause = if self.logs.once { None } else { patience.after(&ending) };
            let Some(pause) = pause else { break ending };
            let cancelled = {
                let why = words(&ending.outcome);
                let mut waiting = pin!(async {
                    self.tell(Progress::Broken { host, why, pause }).await;
                    sleep(pause).await;
                });
                tokio::select! {
                    () = &mut waiting => false,
                    () = wished(&mut wishes, host) => true,
                }
            };
            if cancelled {
                ending.outcome = Outcome::Cancelled { ended: Ended::Yes };
                break ending;
            }
            self.seen.again();
            job = self.read.follow(&self.target, &Follow { past: KEPT, ..self.logs.clone() });
        };
        let tally = self.counter.tally();
        self.tell(Progress::Ended { host, ending: ending.clone(), tally }).await;
        End::Ended { ending, tally }
    }

    /// One connection's lines, to its end.
    async fn carry(&mut self, job: Job, wishes: &mut watch::Receiver<Wish>) -> Ending {
        let host = self.place;
        let canceller = job.canceller();
        // A reader who is behind does not keep it from being cancelled.
        let mut reading = pin!(self.read_on(job));
        let mut asked = false;
        loop {
            tokio::select! {
                ending = &mut reading => return ending,
                () = wished(wishes, host), if !asked => {
                    asked = true;
                    canceller.cancel();
                }
            }
        }
    }

    async fn read_on(&mut self, mut job: Job) -> Ending {
        let (mut quiet, mut first): (Option<Instant>, Option<Instant>) = (None, None);
        loop {
            let at = quiet.unwrap_or_else(Instant::now);
            tokio::select! {
                lines = job.lines() => {
                    let Some(lines) = lines else { break };
                    let lines = self.seen.take(lines);
                    self.lines(lines).await;
                    let now = Instant::now();
                    let last = *first.get_or_insert(now) + RESTLESS;
                    quiet = self.seen.waits().then(|| last.min(now + QUIET));
                    if self.seen.is_full() {
                        quiet = Some(now);
                    }
                }
                () = sleep_until(at), if quiet.is_some() => {
                    quiet = None;
                    self.settle().await;
                }
            }
        }
        if self.seen.waits() {
            self.settle().await;
        }
        job.ended().await
    }

    async fn settle(&mut self) {
        let (lines, gap) = self.seen.settle();
        self.tell(Progress::Back { host: self.place, gap }).await;
        self.lines(lines).await;
    }

    async fn lines(&mut self, lines: Vec<Line>) {
        lines.iter().filter(|line| !line.unfinished).for_each(|line| self.counter.add(line));
        if !lines.is_empty() {
            self.tell(Progress::Lines { host: self.place, lines }).await;
        }
    }

    async fn tell(&self, news: Progress) {
        let _ = self.progress.send(news).await;
    }
}

/// Returns when it is to end on this server, or nobody is left who could want it.
async fn wished(wishes: &mut watch::Receiver<Wish>, host: usize) {
    let _ = wishes.wait_for(|wish| wish.cancel || wish.hosts.contains(&host)).await;
}
