//! Something that is played out on a server over simulated time, and ended as the port promises.

use std::time::Duration;

use tokio::sync::watch;

use super::output::Output;
use super::server::{self, Host};
use crate::cloud::{Answer, CloudError};
use crate::fleet::Power;
use crate::remote::{Ended, Ending, JobEnd, Line, Outcome, Refusal, Stream, Target};
use crate::sandbox::SandboxCloud;
use crate::sandbox::fault::Blow;
use crate::sandbox::read::View;

/// The most real time, in milliseconds, that is waited for a server that does not answer.
const LONGEST_SILENCE: u64 = 700;
/// The world is looked at again after so much real time of waiting, in milliseconds.
const LOOK_AGAIN: u64 = 1_000;
/// So many bytes are handed on at a time.
const BATCH: usize = 16 * 1024;

/// What happens next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Bytes on standard output.
    Out(String),
    /// Bytes on standard error.
    Err(String),
    /// A whole line of a log, with the log's place in the request.
    Log(u16, String),
    /// What `tail` says about a log, with its place.
    Complaint(u16, String),
    /// Simulated milliseconds go by.
    Wait(i64),
    /// It ends with this code.
    Exit(u8),
}

/// What comes after something, given its exit code.
type Next = Box<dyn FnOnce(View<'_>, &Host, u8) -> rusqlite::Result<Play> + Send>;

/// What is played out.
pub(super) struct Play {
    pub(super) steps: Box<dyn Iterator<Item = Step> + Send>,
    /// How it ends when no step says so.
    pub(super) ending: Outcome,
    pub(super) next: Option<Next>,
}

impl Play {
    /// These steps; without a word about it the end is code 0.
    pub(super) fn of(steps: impl IntoIterator<Item = Step, IntoIter: Send + 'static>) -> Self {
        Self { steps: Box::new(steps.into_iter()), ending: Outcome::Done { code: 0 }, next: None }
    }

    /// And then this, made of the world as it will be.
    pub(super) fn then<F>(self, next: F) -> Self
    where
        F: FnOnce(View<'_>, &Host, u8) -> rusqlite::Result<Self> + Send + 'static,
    {
        Self { next: Some(Box::new(next)), ..self }
    }

    /// Up to where it would wait.
    fn cut(self) -> Self {
        let steps = self.steps.take_while(|step| !matches!(step, Step::Wait(_)));
        Self { steps: Box::new(steps), next: None, ..self }
    }

    /// Nothing but this end.
    pub(super) fn ending(outcome: Outcome) -> Self {
        Self { steps: Box::new(std::iter::empty()), ending: outcome, next: None }
    }
}

/// Where and for how long something is played out.
pub(super) struct Session {
    cloud: SandboxCloud,
    /// What is asked, as faults name it.
    action: &'static str,
    target: Target,
    /// In simulated milliseconds.
    deadline: Option<i64>,
    /// Whether what is played changes the world.
    changes: bool,
    end: JobEnd,
}

impl Session {
    pub(super) fn new(
        cloud: &SandboxCloud,
        action: &'static str,
        target: &Target,
        deadline: Option<Duration>,
        end: JobEnd,
    ) -> Self {
        let now = cloud.time().as_millisecond();
        let deadline =
            deadline.map(|limit| now.saturating_add(i64::try_from(limit.as_millis()).unwrap_or(i64::MAX)));
        Self { cloud: cloud.clone(), action, target: target.clone(), deadline, changes: false, end }
    }

    /// What is played may change the world.
    pub(super) const fn changing(mut self) -> Self {
        self.changes = true;
        self
    }

    /// Plays what `play` makes of the server.
    pub(super) async fn run<F>(mut self, play: F)
    where
        F: FnOnce(View<'_>, &Host) -> rusqlite::Result<Play> + Send + 'static,
    {
        let blow = self.cloud.blow(self.action);
        let reached =
            if matches!(blow, Some(Blow::Refused(_))) { Err(self.no_way()) } else { self.reach().await };
        let (outcome, started) = match reached {
            Err(refusal) => (Outcome::NotStarted(refusal), None),
            Ok(()) => match self.look(self.changes, play).await {
                Err(error) => (Outcome::NotStarted(super::refused(self.target.to_string(), &error)), None),
                Ok(None) => (Outcome::NotStarted(self.silent()), None),
                Ok(Some(play)) => {
                    let started = self.cloud.time();
                    let outcome = self.play_until(play, blow.is_some()).await;
                    let began = !matches!(outcome, Outcome::NotStarted(_));
                    (outcome, began.then_some(started))
                }
            },
        };
        let at = self.cloud.time();
        self.end.end(Ending { outcome, started, at, before: Vec::new() });
    }

    /// Connects; takes the time that it would take.
    pub(super) async fn reach(&self) -> Result<(), Refusal> {
        let server = self.target.to_string();
        let state = self.state().await;
        let state = state.map_err(|error| super::refused(server.clone(), &error))?;
        match state {
            Some((Power::Running, true)) => {
                self.pause(self.latency()).await;
                Ok(())
            }
            Some((Power::Running | Power::Pending, _)) => {
                let detail = format!("connect to host {} port 22: Connection refused", self.target.address());
                Err(Refusal::Refused { server, detail })
            }
            _ => {
                self.pause(LONGEST_SILENCE).await;
                Err(self.silent())
            }
        }
    }

    /// Plays it, perhaps on a connection that breaks: what is read, at once; what is done, when it is done.
    async fn play_until(&mut self, play: Play, breaks: bool) -> Outcome {
        if !breaks {
            return self.play(play).await;
        }
        let play = if self.changes { play } else { play.cut() };
        match self.play(play).await {
            outcome @ Outcome::NotStarted(_) => outcome,
            _ => lost("Connection reset by peer"),
        }
    }

    fn no_way(&self) -> Refusal {
        let detail = format!("connect to host {} port 22: No route to host", self.target.address());
        Refusal::Unreachable { server: self.target.to_string(), detail }
    }

    fn silent(&self) -> Refusal {
        let detail = format!("connect to host {} port 22: Connection timed out", self.target.address());
        Refusal::TimedOut { server: self.target.to_string(), detail }
    }

    /// The way to a server and back, in real milliseconds.
    fn latency(&self) -> u64 {
        let entity = format!("way {}", self.target.instance());
        let moment = self.cloud.time().as_millisecond().cast_unsigned();
        self.cloud.dice().between(&entity, moment, 3, 40).unsigned_abs()
    }

    /// Lets real time go by, in milliseconds; none in a world whose clock is stepped by hand.
    async fn pause(&self, milliseconds: u64) {
        if self.cloud.is_running() {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
    }

    /// Whether the server runs and has booted; none when there is none.
    async fn state(&self) -> Answer<Option<(Power, bool)>> {
        let id = self.target.instance().as_str().to_owned();
        self.ask(false, move |view| server::state(&view, &id)).await
    }

    /// Looks at the server in the present world, or changes it; none when the server is not there.
    async fn look<T, F>(&self, changes: bool, answer: F) -> Answer<Option<T>>
    where
        T: Send + 'static,
        F: FnOnce(View<'_>, &Host) -> rusqlite::Result<T> + Send + 'static,
    {
        let id = self.target.instance().as_str().to_owned();
        self.ask(changes, move |view| match server::host(&view, &id)? {
            Some(host) => answer(view, &host).map(Some),
            None => Ok(None),
        })
        .await
    }

    /// Asks the world, in its turn.
    async fn ask<T, F>(&self, changes: bool, answer: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(View<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let cloud = self.cloud.clone();
        let ask = move || if changes { cloud.change(answer) } else { cloud.answer(answer) };
        if !self.cloud.is_running() {
            return ask();
        }
        // They would only queue for the one connection, each with a thread.
        let _turn = self.cloud.turn().await;
        tokio::task::spawn_blocking(ask)
            .await
            .map_err(|_| CloudError::Other("the sandbox's answer was interrupted".to_owned()))?
    }

    async fn play(&mut self, first: Play) -> Outcome {
        let mut out = Output::default();
        let mut play = first;
        loop {
            let ending = match self.steps(play.steps, &mut out).await {
                Ok(code) => code.map_or(play.ending, |code| Outcome::Done { code }),
                Err(outcome) => return outcome,
            };
            let (Some(next), Outcome::Done { code }) = (play.next, &ending) else {
                let rest = out.finish(self.cloud.time());
                return self.say(rest).await.err().unwrap_or(ending);
            };
            let code = *code;
            play = match self.look(self.changes, move |view, host| next(view, host, code)).await {
                Ok(Some(next)) => next,
                Ok(None) => return lost("the server went away"),
                Err(error) => return lost(&error.to_string()),
            };
        }
    }

    /// Plays steps; gives the exit code if one says so.
    async fn steps(
        &mut self,
        steps: impl Iterator<Item = Step> + Send,
        out: &mut Output,
    ) -> Result<Option<u8>, Outcome> {
        for step in steps {
            let waiting = match step {
                Step::Out(text) => out.feed(Stream::Out, &text, self.cloud.time()),
                Step::Err(text) => out.feed(Stream::Err, &text, self.cloud.time()),
                Step::Log(source, text) => out.log(Stream::Out, source, &text, self.cloud.time()),
                Step::Complaint(source, text) => out.log(Stream::Err, source, &text, self.cloud.time()),
                Step::Wait(milliseconds) => {
                    let until = self.cloud.time().as_millisecond().saturating_add(milliseconds);
                    self.say(out.shown(self.cloud.time())).await?;
                    self.wait(until).await?;
                    0
                }
                Step::Exit(code) => return Ok(Some(code)),
            };
            if waiting >= BATCH {
                self.say(out.take()).await?;
            }
        }
        Ok(None)
    }

    /// Hands lines on, as fast as they are read.
    async fn say(&mut self, lines: Vec<Line>) -> Result<(), Outcome> {
        if *self.end.cancelled.borrow() {
            return Err(Outcome::Cancelled { ended: Ended::Yes });
        }
        if lines.is_empty() {
            return Ok(());
        }
        let deadline = until(&self.cloud, self.deadline);
        tokio::select! {
            sent = self.end.lines.send(lines) => sent.map_err(|_| Outcome::Cancelled { ended: Ended::Yes }),
            () = JobEnd::cancelled(&mut self.end.cancelled) => Err(Outcome::Cancelled { ended: Ended::Yes }),
            () = deadline => Err(Outcome::DeadlineReached { ended: Ended::Yes }),
        }
    }

    /// Waits for a simulated time; ends early when it is cancelled, its deadline comes, or the server goes.
    async fn wait(&mut self, moment: i64) -> Result<(), Outcome> {
        loop {
            let first = self.deadline.map_or(moment, |deadline| deadline.min(moment));
            let waited = until(&self.cloud, Some(first));
            tokio::select! {
                () = waited => {}
                () = JobEnd::cancelled(&mut self.end.cancelled) => {
                    return Err(Outcome::Cancelled { ended: Ended::Yes });
                }
                () = look_again(&self.cloud) => {}
            }
            // Looking brings the world's time on, too.
            match self.state().await {
                Ok(Some((Power::Running, _))) => {}
                Ok(_) => return Err(lost("the server went away")),
                Err(error) => return Err(lost(&error.to_string())),
            }
            let now = self.cloud.time().as_millisecond();
            if now >= moment {
                return Ok(());
            }
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                return Err(Outcome::DeadlineReached { ended: Ended::Yes });
            }
        }
    }
}

fn lost(detail: &str) -> Outcome {
    Outcome::Lost { detail: detail.to_owned() }
}

/// Returns when it is time to look at the world again; never in one whose clock is stepped by hand.
async fn look_again(cloud: &SandboxCloud) {
    if cloud.is_running() {
        tokio::time::sleep(Duration::from_millis(LOOK_AGAIN)).await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// Returns at a simulated time; never without one.
async fn until(cloud: &SandboxCloud, moment: Option<i64>) {
    let Some(moment) = moment else { return std::future::pending().await };
    let mut stepped: watch::Receiver<i64> = cloud.stepped();
    loop {
        let left = moment.saturating_sub(cloud.time().as_millisecond());
        if left <= 0 {
            return;
        }
        if cloud.is_running() {
            // Rounded up, or the last millisecond would be waited for in circles.
            let real = left.saturating_mul(1_000) / cloud.anchor_speed().max(1) + 1;
            tokio::time::sleep(Duration::from_millis(real.unsigned_abs().min(LOOK_AGAIN))).await;
        } else if stepped.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}
