//! Drives one job from asking to its end.

use std::future::pending;
use std::mem::take;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::select;
use tokio::time::{Instant, sleep_until};

use super::Inner;
use super::channel::Channel;
use super::complaint::{is_from_sudo, wants_password};
use super::ending::{natural, of_durable, stopped};
use super::host::{Host, Lane, Loud, Phase, Progress, Way};
use super::plan::{Kind, Payload, Plan};
use super::stream::Flow;
use crate::remote::clean_text::CleanText;
use crate::remote::{Ended, Ending, JobEnd, Line, Outcome, Refusal, Stream, Target};

/// What is read at once, at most.
const PIECE: usize = 64 * 1024;

/// So many lines may come of one piece, roughly: a line is larger in memory than on the wire, and very short ones are
/// so many that the batches of twenty servers would fill it.
const MOST_LINES: usize = 2_000;

/// A line that has begun is shown when nothing ended it for so long.
const UNFINISHED: Duration = Duration::from_millis(100);

/// How long the server has to say that what was to be ended has ended: the script takes three seconds at most.
const GRACE: Duration = Duration::from_secs(8);

/// When one stream said the end, how long the other may take.
const OTHER: Duration = Duration::from_secs(2);

/// Lines kept for a reader who is behind while a job is being ended.
const MOST_LATE: usize = 10_000;

/// What printed so much will print more.
const MUCH: u64 = 1024 * 1024;

/// Why a job is being ended from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Cancelled,
    Deadline,
}

impl Why {
    pub(super) const fn outcome(self, ended: Ended) -> Outcome {
        match self {
            Self::Cancelled => Outcome::Cancelled { ended },
            Self::Deadline => Outcome::DeadlineReached { ended },
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

/// Runs the plan and tells the job's other end.
pub(super) async fn drive(inner: Arc<Inner>, target: Target, mut plan: Plan, mut end: JobEnd) {
    let deadline = plan.deadline.map(|deadline| Instant::now() + deadline);
    let host = inner.host(&target);
    let progress = Progress::new();
    let opening = async {
        let slot = host.slot(plan.lane).await;
        let way = host.way(plan.lane);
        let channel = if plan.agent {
            progress.is(Phase::Asked);
            Channel::with_agent(&inner, &target, &plan.words)
        } else {
            host.open(&inner, way, &plan.words, &progress).await
        };
        (slot, way, channel)
    };
    let opened = select! {
        biased;
        () = JobEnd::cancelled(&mut end.cancelled) => Err(Why::Cancelled),
        () = until(deadline) => Err(Why::Deadline),
        opened = opening => Ok(opened),
    };
    let (outcome, started, before, late) = match opened {
        Err(why) => (unopened(why, &progress, &target), None, Vec::new(), Vec::new()),
        Ok((.., Err(refusal))) => (Outcome::NotStarted(refusal), None, Vec::new(), Vec::new()),
        Ok((slot, way, Ok(channel))) => {
            let payload = std::mem::replace(&mut plan.payload, Payload::Nothing);
            let mut run = Run::new(&inner, &host, &plan, deadline);
            let done = run.until_over(channel, payload, &mut end).await;
            let outcome = run.outcome(way, &target, done).await;
            let before = run.before();
            drop(slot);
            (outcome, run.started, before, run.lines)
        }
    };
    if !late.is_empty() {
        let _ = end.lines.send(late).await;
    }
    end.end(Ending { outcome, started, at: inner.options.clock.now(), before });
}

/// It was broken off before there was a session.
fn unopened(why: Why, progress: &Progress, target: &Target) -> Outcome {
    let server = target.to_string();
    match (progress.phase(), why) {
        (Phase::Asked, why) => why.outcome(Ended::Unknown),
        (_, Why::Cancelled) => Outcome::Cancelled { ended: Ended::Yes },
        (Phase::Waiting, Why::Deadline) => Outcome::NotStarted(Refusal::Busy {
            server,
            detail: "something else was running there, or the server opened no further session".into(),
        }),
        (Phase::Connecting, Why::Deadline) => {
            Outcome::NotStarted(Refusal::TimedOut { server, detail: "connecting took too long".into() })
        }
    }
}

/// How much to read next, after so many lines came of so much room.
fn room_after(room: usize, lines: usize) -> usize {
    if lines > MOST_LINES {
        (room / 2).max(PIECE / 32)
    } else if lines < MOST_LINES / 4 {
        (room * 2).min(PIECE)
    } else {
        room
    }
}

/// A job with an open session.
struct Run<'a> {
    inner: &'a Inner,
    host: &'a Host,
    plan: &'a Plan,
    deadline: Option<Instant>,
    out: Flow,
    err: Flow,
    /// Lines that wait for the reader.
    lines: Vec<Line>,
    stopping: Option<Why>,
    started: Option<Timestamp>,
    printed: u64,
    loud: Option<Loud<'a>>,
}

impl<'a> Run<'a> {
    fn new(inner: &'a Inner, host: &'a Host, plan: &'a Plan, deadline: Option<Instant>) -> Self {
        let secrets = inner.secrets();
        let header = if let Kind::Follow(header, _) = &plan.kind { Some(header.as_str()) } else { None };
        Self {
            inner,
            host,
            plan,
            deadline,
            out: Flow::new(Stream::Out, &plan.nonce, header, &secrets),
            err: Flow::new(Stream::Err, &plan.nonce, None, &secrets),
            lines: Vec::new(),
            stopping: None,
            started: None,
            printed: 0,
            loud: None,
        }
    }

    /// Reads until both streams are over, or nothing can be expected any more.
    async fn until_over(&mut self, mut channel: Channel, payload: Payload, end: &mut JobEnd) -> Channel {
        let mut input = channel.input.take();
        if let Some(input) = &mut input {
            // A pipe takes so little at once. It is not left to the writer, which may be ended before it begins:
            // the script can say how the command ended only when it knows the nonce.
            let _ = input.write_all(format!("{}\n", self.plan.greeting).as_bytes()).await;
        }
        let writer = tokio::spawn(async move {
            let Some(mut input) = input else { return };
            // A payload that broke off must not look complete: then the input ends right here.
            if payload.write(&mut input).await.is_ok() {
                // As long as the input is held open, the command lives.
                pending::<()>().await;
            }
        });
        let (mut out, mut err) = (vec![0; PIECE], vec![0; PIECE]);
        let (mut out_room, mut err_room) = (PIECE, PIECE);
        let (mut last_call, mut quiet): (Option<Instant>, Option<Instant>) = (None, None);
        let mut told = false;
        while !(self.out.is_over() && self.err.is_over()) {
            if last_call.is_none() && (self.out.end.is_some() || self.err.end.is_some()) {
                last_call = Some(Instant::now() + OTHER);
            }
            // A slow reader slows the server down, but does not keep a job from being ended.
            let reading = self.lines.is_empty() || self.stopping.is_some();
            select! {
                read = channel.out.read(&mut out[..out_room]), if reading && !self.out.closed => {
                    let lines = self.take_in(Stream::Out, &out[..read.unwrap_or(0)]);
                    self.take_along(&mut channel.out, &mut out[..out_room], lines);
                    out_room = room_after(out_room, lines);
                    quiet = self.next_look(quiet);
                }
                read = channel.err.read(&mut err[..err_room]), if reading && !self.err.closed => {
                    let lines = self.take_in(Stream::Err, &err[..read.unwrap_or(0)]);
                    err_room = room_after(err_room, lines);
                    quiet = self.next_look(quiet);
                }
                room = end.lines.reserve(), if !self.lines.is_empty() => {
                    let lines = take(&mut self.lines);
                    if let Ok(room) = room {
                        room.send(lines);
                    }
                }
                () = JobEnd::cancelled(&mut end.cancelled), if self.stopping.is_none() => {
                    self.stopping = Some(Why::Cancelled);
                }
                () = until(self.deadline), if self.stopping.is_none() => {
                    self.stopping = Some(Why::Deadline);
                }
                () = until(last_call) => break,
                () = until(quiet), if self.lines.is_empty() => {
                    quiet = None;
                    let at = self.inner.options.clock.now();
                    self.out.unfinished(at, &mut self.lines);
                    self.err.unfinished(at, &mut self.lines);
                }
            }
            if self.stopping.is_some() && !told {
                told = true;
                // The end of its input is what ends it on the server.
                writer.abort();
                last_call = Some(last_call.unwrap_or_else(|| Instant::now() + GRACE));
            }
        }
        writer.abort();
        channel
    }

    fn next_look(&self, quiet: Option<Instant>) -> Option<Instant> {
        let midway = self.out.is_midway() || self.err.is_midway();
        if midway { quiet.or_else(|| Some(Instant::now() + UNFINISHED)) } else { None }
    }

    /// What can be read already comes along with so many lines: whoever waits for them is woken once.
    fn take_along(&mut self, from: &mut (impl AsyncRead + Unpin), room: &mut [u8], mut lines: usize) {
        while lines < MOST_LINES / 2 && !self.out.is_over() {
            let Some(read) = from.read(room).now_or_never() else { return };
            lines += self.take_in(Stream::Out, &room[..read.unwrap_or(0)]);
        }
    }

    /// How many lines came of it is returned.
    fn take_in(&mut self, stream: Stream, bytes: &[u8]) -> usize {
        let at = self.inner.options.clock.now();
        let flow = if stream == Stream::Out { &mut self.out } else { &mut self.err };
        self.printed += bytes.len() as u64;
        if self.printed > MUCH && self.plan.lane == Lane::Run && !self.plan.agent && self.loud.is_none() {
            self.loud = Some(self.host.is_loud());
        }
        let from = self.lines.len();
        if bytes.is_empty() {
            flow.close(at, &mut self.lines);
        } else {
            flow.feed(bytes, at, &mut self.lines);
        }
        if self.started.is_none() && (self.out.started || self.err.started) {
            self.started = Some(at);
        }
        if let (Kind::Follow(header, files), Stream::Err) = (&self.plan.kind, stream) {
            for line in &mut self.lines[from..] {
                attribute(line, header, files);
            }
        }
        let came = self.lines.len() - from;
        if self.stopping.is_some() {
            self.lines.truncate(MOST_LATE);
        }
        came
    }

    /// What a profile or whatever stopped it printed.
    fn before(&self) -> Vec<CleanText> {
        let mut before = self.err.before();
        before.extend(self.out.before());
        before
    }

    async fn outcome(&self, way: Way, target: &Target, channel: Channel) -> Outcome {
        let server = target.to_string();
        let job = self.out.job.as_deref();
        if let (Kind::Durable(name), Some(job)) = (&self.plan.kind, job) {
            return of_durable(job, &server, name);
        }
        if let Some(end) = self.err.end.as_ref().or(self.out.end.as_ref()) {
            return match (self.stopping, end.left) {
                (Some(why), Some(left)) => why.outcome(stopped(left)),
                _ => natural(end, &server),
            };
        }
        if let Some(why) = self.stopping {
            return why.outcome(Ended::Unknown);
        }
        let code = channel.code().await;
        let words = self.before();
        let detail = words.iter().map(CleanText::as_str).collect::<Vec<_>>().join("; ");
        if self.started.is_none() {
            if self.plan.agent && code == Some(255) {
                return Outcome::NotStarted(self.inner.refusal(target, detail.as_bytes()).await);
            }
            if self.plan.sudo && wants_password(&detail) {
                return Outcome::NotStarted(Refusal::SudoPassword { server });
            }
            if self.plan.sudo && is_from_sudo(&detail) {
                return Outcome::NotStarted(Refusal::SudoDenied { server, detail });
            }
            if let Some(code) = code {
                let detail = format!("the session ended with code {code} before the command began: {detail}");
                return Outcome::NotStarted(Refusal::Failed { server, detail });
            }
        }
        let detail = if !self.plan.agent && self.host.is_connected(way).await {
            "the server ended the session"
        } else {
            ""
        };
        Outcome::Lost { detail: detail.into() }
    }
}

/// Followed logs: what tail says about a file belongs to that file, everything else is the journal's.
fn attribute(line: &mut Line, header: &str, files: &[String]) {
    let text = line.text.as_str();
    let named = text.find(header).and_then(|at| {
        let number: String =
            text[at + header.len()..].chars().skip(1).take_while(char::is_ascii_digit).collect();
        Some((number.parse::<u16>().ok()?, format!("{header}-{number}")))
    });
    if let Some((source, name)) = named {
        let file = files.get(usize::from(source)).map_or("", String::as_str);
        line.text = CleanText::one_line(&text.replace(&name, file));
        line.source = Some(source);
    } else {
        line.source = u16::try_from(files.len()).ok();
    }
}
