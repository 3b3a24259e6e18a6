//! Servers for tests: each does what its instance id says, when it is let.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::{Clock, ExecRequest, Host};
use crate::fleet::Role;
use crate::remote::clean_text::CleanText;
use crate::remote::{
    Command, CommandLine, DurableJob, Ended, Ending, Job, JobEnd, JobName, Line, Outcome, RemoteChange,
    Stream, Target, Upload,
};

/// What a server does when it is asked.
#[derive(Clone)]
pub(super) struct Deed {
    /// Batches of lines.
    pub(super) batches: Vec<Vec<Line>>,
    /// Its end waits for a permit, or for being cancelled.
    pub(super) gate: Option<Arc<Semaphore>>,
    /// Its end.
    pub(super) outcome: Outcome,
}

impl Deed {
    pub(super) fn printing(lines: &[(Stream, &str)], code: u8) -> Self {
        let lines = lines.iter().map(|(stream, text)| line(*stream, text)).collect();
        Self { batches: vec![lines], gate: None, outcome: Outcome::Done { code } }
    }

    pub(super) fn behind(mut self, gate: &Arc<Semaphore>) -> Self {
        self.gate = Some(Arc::clone(gate));
        self
    }
}

pub(super) fn line(stream: Stream, text: &str) -> Line {
    Line { at: now(), stream, source: None, unfinished: false, text: CleanText::one_line(text) }
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_795_348_800).unwrap()
}

pub(super) fn clock() -> Clock {
    Arc::new(now)
}

/// The fake port. Remembers who was asked.
#[derive(Default)]
pub(super) struct Servers {
    deeds: BTreeMap<String, Deed>,
    pub(super) asked: Mutex<Vec<String>>,
}

impl Servers {
    pub(super) fn new<const N: usize>(deeds: [(&str, Deed); N]) -> Arc<Self> {
        let deeds = deeds.into_iter().map(|(name, deed)| (name.to_owned(), deed)).collect();
        Arc::new(Self { deeds, asked: Mutex::default() })
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A request for all of them, in order of their names.
    pub(super) fn request(&self, command: &str) -> ExecRequest {
        ExecRequest {
            environment: "staging".into(),
            hosts: self.deeds.keys().map(|name| host(name)).collect(),
            command: command.into(),
            sudo: false,
            at_once: None,
            stop_on_failure: false,
            deadline: Duration::from_secs(60),
            who: "jane@laptop".into(),
        }
    }
}

pub(super) fn host(instance: &str) -> Host {
    let target = Target::new(instance.into(), "10.0.0.1").unwrap();
    Host { target, name: format!("{instance} web"), role: Role::Web, environment: "staging".into() }
}

async fn play(deed: Deed, mut end: JobEnd) {
    for batch in deed.batches {
        let _ = end.lines.send(batch).await;
    }
    let outcome = match deed.gate {
        None => deed.outcome,
        Some(gate) => tokio::select! {
            biased;
            () = JobEnd::cancelled(&mut end.cancelled) => Outcome::Cancelled { ended: Ended::Yes },
            permit = gate.acquire() => {
                permit.unwrap().forget();
                deed.outcome
            }
        },
    };
    end.end(Ending { outcome, started: Some(now()), at: now(), before: Vec::new() });
}

impl RemoteChange for Servers {
    fn exec(&self, target: &Target, _: Command) -> Job {
        let name = target.instance().to_string();
        let deed = self.deeds[&name].clone();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        let (job, end) = Job::new();
        tokio::spawn(play(deed, end));
        job
    }

    fn upload(&self, _: &Target, _: Upload) -> Job {
        unreachable!("the engine uploads nothing")
    }

    fn start(&self, _: &Target, _: DurableJob) -> Job {
        unreachable!("the engine starts no durable job")
    }

    fn stop(&self, _: &Target, _: &JobName) -> Job {
        unreachable!("the engine starts no durable job")
    }

    fn forget(&self, _: &Target, _: &JobName) -> Job {
        unreachable!("the engine starts no durable job")
    }

    fn shell(&self, _: &Target) -> CommandLine {
        unreachable!("the engine opens no shell")
    }
}
