//! Drives a run: starts the jobs that the state machine wants started, tells it how they ended, and hands on what
//! comes of it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::jobs::{Action, Event, Jobs, Rules};
use super::progress::Wish;
use super::store::{Clock, Record};
use super::store::{Recording, RunState, Scribe, Writer};
use super::tally::Counter;
use super::{Control, End, EngineError, ExecRequest, Progress, Running, Store, Summary, Tally, Verdict};
use crate::remote::{Canceller, Command, Ending, Job, RemoteChange};

/// Batches of lines that wait for a slow reader, all servers together; then the servers wait, too.
pub(super) const WAITING: usize = 32;

/// Runs a command on servers. When this returns, the run's record is on disk and the first servers are being asked.
/// To be called inside a Tokio runtime.
///
/// # Errors
/// When nothing was begun: the request makes no sense, or the record cannot be written.
pub async fn exec(
    change: Arc<dyn RemoteChange>,
    store: Store,
    request: ExecRequest,
) -> Result<Running, EngineError> {
    check(&request)?;
    let clock = store.clock();
    let dir = store.dir().to_owned();
    let request = Arc::new(request);
    let (keeper, asked) = (store, Arc::clone(&request));
    let begun = tokio::task::spawn_blocking(move || keeper.begin(&asked)).await;
    let recording =
        begun.map_err(|error| EngineError::Record { place: dir, error: std::io::Error::other(error) })??;
    let (id, output_dir) = (recording.id.clone(), recording.dir.clone());
    let rules = Rules { at_once: request.at_once, stop_on_failure: request.stop_on_failure };
    let names = request.hosts.iter().map(|host| host.name.clone()).collect();
    let start = move |host: usize| {
        let command = Command::new(request.command.clone(), request.deadline).sudo(request.sudo);
        change.exec(&request.hosts[host].target, command)
    };
    let (progress, control) = launch(names, rules, clock, recording, start);
    Ok(Running { id, output_dir, progress, control })
}

fn check(request: &ExecRequest) -> Result<(), EngineError> {
    if request.hosts.is_empty() {
        return Err(EngineError::NoServers);
    }
    if request.command.trim().is_empty() {
        return Err(EngineError::Command("it is empty"));
    }
    if request.command.contains('\0') {
        return Err(EngineError::Command("it holds a NUL character"));
    }
    let mut seen = BTreeSet::new();
    match request.hosts.iter().find(|host| !seen.insert(host.target.instance())) {
        Some(host) => Err(EngineError::Twice(host.target.instance().to_string())),
        None => Ok(()),
    }
}

/// Starts a driver.
fn launch(
    names: Vec<String>,
    rules: Rules,
    clock: Clock,
    recording: Recording,
    start: impl Fn(usize) -> Job + Send + Sync + 'static,
) -> (mpsc::Receiver<Progress>, Control) {
    let (control, wishes) = Control::new();
    let (progress, reader) = mpsc::channel(WAITING);
    let hosts = names.len();
    let driver = Driver {
        began: clock(),
        jobs: Jobs::new(hosts, rules),
        names,
        clock,
        scribe: recording.scribe(),
        recording,
        start: Box::new(start),
        progress,
        waiting: VecDeque::new(),
        cancellers: vec![None; hosts],
        ends: vec![None; hosts],
        over: false,
    };
    tokio::spawn(driver.run(wishes));
    (reader, control)
}

/// What a server's task tells when it is over there.
type Over = (usize, Ending, Tally);

struct Driver {
    names: Vec<String>,
    clock: Clock,
    began: Timestamp,
    jobs: Jobs,
    recording: Recording,
    scribe: Scribe,
    start: Box<dyn Fn(usize) -> Job + Send + Sync>,
    progress: mpsc::Sender<Progress>,
    /// News of our own that wait for the reader: at most one for each server and one more.
    waiting: VecDeque<Progress>,
    cancellers: Vec<Option<Canceller>>,
    ends: Vec<Option<End>>,
    over: bool,
}

impl Driver {
    async fn run(mut self, mut wishes: watch::Receiver<Wish>) {
        let (tell, mut told) = mpsc::channel(self.names.len().max(1));
        let mut tasks = JoinSet::new();
        let mut held = true;
        let reader = self.progress.clone();
        self.handle(Event::Begin, &tell, &mut tasks);
        while !(self.over && self.waiting.is_empty() && tasks.is_empty()) {
            select! {
                // What cannot be told to anybody is thrown away.
                room = reader.reserve(), if !self.waiting.is_empty() => {
                    let news = self.waiting.pop_front();
                    if let (Ok(room), Some(news)) = (room, news) {
                        room.send(news);
                    }
                }
                Some((host, ending, tally)) = told.recv() => {
                    self.ended((host, ending, tally), &tell, &mut tasks);
                }
                changed = wishes.changed(), if held => {
                    // Nobody is left who could want anything of it, its end least of all.
                    held = changed.is_ok();
                    let wish = wishes.borrow_and_update().clone();
                    if wish.cancel || !held {
                        self.handle(Event::Cancel, &tell, &mut tasks);
                    }
                    for host in wish.hosts {
                        self.handle(Event::CancelHost(host), &tell, &mut tasks);
                    }
                }
                why = self.recording.failure() => self.waiting.push_back(Progress::Unrecorded { why }),
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            }
        }
        self.finish().await;
    }

    fn handle(&mut self, event: Event, tell: &mpsc::Sender<Over>, tasks: &mut JoinSet<()>) {
        for action in self.jobs.handle(event) {
            match action {
                Action::Start(host) => {
                    let at = (self.clock)();
                    self.record(Record::Asked { server: host, at });
                    let job = (self.start)(host);
                    self.cancellers[host] = Some(job.canceller());
                    let (scribe, progress) = (self.scribe.clone(), self.progress.clone());
                    tasks.spawn(carry(host, at, job, scribe, progress, tell.clone()));
                }
                Action::Cancel(host) => {
                    if let Some(canceller) = &self.cancellers[host] {
                        canceller.cancel();
                    }
                }
                Action::Skip { host, why } => {
                    self.ends[host] = Some(End::Skipped(why.clone()));
                    self.record(Record::Skipped { server: host, at: (self.clock)(), why: why.clone() });
                    self.waiting.push_back(Progress::Skipped { host, why });
                }
                Action::Finish => self.over = true,
            }
        }
    }

    fn ended(&mut self, over: Over, tell: &mpsc::Sender<Over>, tasks: &mut JoinSet<()>) {
        let (host, ending, tally) = over;
        let verdict = Verdict::of(&ending.outcome);
        let words = format!("{}: {}", self.names[host], ending.outcome);
        let end = End::Ended { ending, tally };
        self.record(Record::of(host, (self.clock)(), &end));
        self.ends[host] = Some(end);
        self.cancellers[host] = None;
        self.handle(Event::Ended { host, verdict, words }, tell, tasks);
    }

    fn record(&self, record: Record) {
        self.scribe.record(record);
    }

    async fn finish(self) {
        let finished = (self.clock)();
        let never = || End::Skipped("it never came to it".into());
        let ends = self.ends.into_iter().map(|end| end.unwrap_or_else(never)).collect();
        let summary = Summary { began: self.began, finished, ends, cancelled: self.jobs.is_cancelled() };
        drop(self.scribe);
        let state = match &summary {
            _ if summary.is_success() => RunState::Done,
            // What failed or is not known stays so, whoever cancelled the rest.
            _ if summary.count(Verdict::Failed) + summary.count(Verdict::Unknown) > 0 => RunState::Failed,
            _ if summary.cancelled => RunState::Cancelled,
            _ => RunState::Failed,
        };
        if let Some(why) = self.recording.finish(Record::Finished { at: finished, state }).await {
            let _ = self.progress.send(Progress::Unrecorded { why }).await;
        }
        let _ = self.progress.send(Progress::Finished { summary }).await;
    }
}

/// Carries one server's lines to the disk and to the reader, and tells its end.
async fn carry(
    host: usize,
    at: Timestamp,
    mut job: Job,
    scribe: Scribe,
    progress: mpsc::Sender<Progress>,
    tell: mpsc::Sender<Over>,
) {
    let _ = progress.send(Progress::Began { host, at }).await;
    let mut counter = Counter::new();
    let mut writer = Writer::default();
    while let Some(lines) = job.lines().await {
        let mut bytes = Vec::new();
        for line in lines.iter().filter(|line| !line.unfinished) {
            counter.add(line);
            writer.line(line, &mut bytes);
        }
        // The disk comes first: it is complete also when nobody looks.
        if !bytes.is_empty() {
            scribe.output(host, bytes).await;
        }
        let _ = progress.send(Progress::Lines { host, lines }).await;
    }
    let ending = job.ended().await;
    let tally = counter.tally();
    // The record and the next server do not wait for the reader.
    let _ = tell.send((host, ending.clone(), tally)).await;
    let _ = progress.send(Progress::Ended { host, ending, tally }).await;
}
