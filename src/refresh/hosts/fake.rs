//! Scripted servers for tests: each says what it is told, and what was asked is noted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::fleet::sample::epoch;
use crate::fleet::{InstanceId, Topic};
use crate::probe::Request;
use crate::remote::clean_text::clean_lines;
use crate::remote::host_keys::{HostKey, Origin, Pin, Trust};
use crate::remote::{
    Ending, Follow, Job, JobEnd, JobName, Line, Outcome, Refusal, RemoteRead, ScriptId, Seen, Stream, Target,
};

/// How a visit goes.
#[derive(Clone, Debug, Default)]
pub(crate) enum Manner {
    #[default]
    Answer,
    Refuse(Refusal),
    Hang,
    Garbage,
    Flood,
}

/// One visit as it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) instance: InstanceId,
    pub(crate) topics: Vec<Topic>,
    pub(crate) at: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Servers {
    pub(crate) manners: BTreeMap<InstanceId, Manner>,
    /// Servers with a key have it checked.
    pub(crate) keys: BTreeMap<InstanceId, HostKey>,
    pub(crate) pins: BTreeMap<InstanceId, Vec<Pin>>,
    pub(crate) asked: Vec<Asked>,
    running: BTreeMap<InstanceId, usize>,
    pub(crate) most_at_once: usize,
    pub(crate) overlapped: bool,
}

/// The servers; clones share one world.
#[derive(Clone, Debug)]
pub(crate) struct FakeRemote {
    servers: Arc<Mutex<Servers>>,
    begun: Instant,
}

impl FakeRemote {
    pub(crate) fn new() -> Self {
        Self { servers: Arc::default(), begun: Instant::now() }
    }

    pub(crate) fn servers(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn manner(&self, instance: &str, manner: Manner) {
        self.servers().manners.insert(instance.into(), manner);
    }

    pub(crate) fn times(&self, instance: &str) -> Vec<u64> {
        let asked = &self.servers().asked;
        asked.iter().filter(|a| a.instance.as_str() == instance).map(|a| a.at.as_secs()).collect()
    }

    fn refusal(&self, target: &Target) -> Option<Refusal> {
        let servers = self.servers();
        let key = servers.keys.get(target.instance())?.clone();
        let server = target.to_string();
        match servers.pins.get(target.instance()) {
            None => Some(Refusal::UnknownHostKey { server, presented: key }),
            Some(pins) if pins.iter().any(|pin| pin.key == key) => None,
            Some(pins) => {
                let pinned = pins.iter().map(|pin| pin.key.clone()).collect();
                Some(Refusal::ChangedHostKey { server, pinned, presented: Some(key) })
            }
        }
    }
}

fn ending(outcome: Outcome, at: Timestamp) -> Ending {
    Ending { outcome, started: None, at, before: Vec::new() }
}

async fn say(end: &JobEnd, at: Timestamp, stream: Stream, texts: &[String]) -> bool {
    let texts = clean_lines(texts.join("\n").as_bytes());
    let lines = texts.into_iter().map(|text| Line { at, stream, source: None, unfinished: false, text });
    end.lines.send(lines.collect()).await.is_ok()
}

fn printed(request: &Request, load: usize) -> Vec<String> {
    let nonce = request.nonce();
    let mut lines = Vec::new();
    for topic in request.topics() {
        lines.push(format!("@{nonce} begin {}", topic.word()));
        if *topic == Topic::Machine {
            lines.push(format!("load={load} 0 0"));
            lines.extend(["cores=1", "MemTotal=1000", "MemAvailable=500"].map(str::to_owned));
        }
        lines.push(format!("@{nonce} end {} 0", topic.word()));
    }
    lines
}

#[async_trait]
impl RemoteRead for FakeRemote {
    fn now(&self) -> Timestamp {
        epoch() + SignedDuration::try_from(self.begun.elapsed()).unwrap()
    }

    fn probe(&self, _: &Target, _: ScriptId) -> Job {
        Job::new().0
    }

    fn measure(&self, target: &Target, request: &Request) -> Job {
        let (job, mut end) = Job::new();
        let (me, target, request) = (self.clone(), target.clone(), request.clone());
        let instance = target.instance().clone();
        let (manner, count) = {
            let mut servers = self.servers();
            let at = self.begun.elapsed();
            servers.asked.push(Asked { instance: instance.clone(), topics: request.topics().to_vec(), at });
            let running = servers.running.entry(instance.clone()).or_default();
            *running += 1;
            let overlaps = *running > 1;
            servers.overlapped |= overlaps;
            servers.most_at_once = servers.most_at_once.max(servers.running.values().sum());
            let manner = servers.manners.get(&instance).cloned().unwrap_or_default();
            (manner, servers.asked.iter().filter(|a| a.instance == instance).count())
        };
        let refusal = self.refusal(&target);
        tokio::spawn(async move {
            let outcome = match (manner, refusal) {
                (Manner::Refuse(refusal), _) | (_, Some(refusal)) => Outcome::NotStarted(refusal),
                (Manner::Hang, _) => {
                    JobEnd::cancelled(&mut end.cancelled).await;
                    Outcome::Lost { detail: String::new() }
                }
                (Manner::Garbage, _) => {
                    say(&end, me.now(), Stream::Out, &["This account is not available.".into()]).await;
                    Outcome::Done { code: 1 }
                }
                (Manner::Flood, _) => {
                    let line = "x".repeat(8000);
                    while say(&end, me.now(), Stream::Out, &vec![line.clone(); 50]).await {}
                    Outcome::Lost { detail: String::new() }
                }
                (Manner::Answer, _) => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    say(&end, me.now(), Stream::Out, &printed(&request, count)).await;
                    Outcome::Done { code: 0 }
                }
            };
            if let Some(running) = me.servers().running.get_mut(&instance) {
                *running -= 1;
            }
            end.end(ending(outcome, me.now()));
        });
        job
    }

    fn follow(&self, _: &Target, _: &Follow) -> Job {
        Job::new().0
    }

    fn attach(&self, _: &Target, _: &JobName, _: Seen) -> Job {
        Job::new().0
    }

    async fn presented_key(&self, target: &Target) -> Result<HostKey, Refusal> {
        let key = self.servers().keys.get(target.instance()).cloned();
        key.ok_or_else(|| Refusal::TimedOut { server: target.to_string(), detail: String::new() })
    }

    fn pins(&self, target: &Target) -> Result<Vec<Pin>, Refusal> {
        Ok(self.servers().pins.get(target.instance()).cloned().unwrap_or_default())
    }

    async fn trust(&self, target: &Target, word: Trust) -> Result<Vec<Pin>, Refusal> {
        let (keys, origin) = match word {
            Trust::Console(keys) => (keys, Origin::Console),
            Trust::Operator(print) | Trust::Replace(print) => {
                let key = self.presented_key(target).await?;
                if !key.has_fingerprint(&print) {
                    let detail = format!("it presents {key} now, which is not {print}; nothing was pinned");
                    return Err(Refusal::Failed { server: target.to_string(), detail });
                }
                (vec![key], Origin::Operator)
            }
        };
        let pins: Vec<Pin> = keys.into_iter().map(|key| Pin { key, origin, at: Some(self.now()) }).collect();
        self.servers().pins.insert(target.instance().clone(), pins.clone());
        Ok(pins)
    }
}
