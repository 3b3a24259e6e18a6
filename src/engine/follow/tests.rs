use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::engine::Host;
use crate::fleet::{Layout, Role};
use crate::logs::logs_of;
use crate::probe::Request;
use crate::remote::clean_text::CleanText;
use crate::remote::host_keys::{HostKey, Pin, Trust};
use crate::remote::{
    Ended, Ending, Job, JobEnd, JobName, Line, Outcome, Refusal, ScriptId, Seen, Stream, Target,
};

/// One connection: the lines it brings, and its end; without one it goes on until it is cancelled.
type Connection = (Vec<&'static str>, Option<Outcome>);

/// A server whose connections come one after the other, each having lasted a minute.
struct Server {
    connections: Mutex<VecDeque<Connection>>,
    asked: Mutex<Vec<Follow>>,
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_348_800).unwrap()
}

impl Server {
    fn with(connections: Vec<Connection>) -> Arc<Self> {
        Arc::new(Self { connections: Mutex::new(connections.into()), asked: Mutex::default() })
    }
}

async fn play(lines: Vec<&str>, outcome: Option<Outcome>, mut end: JobEnd) {
    let line = |text| Line {
        at: now(),
        stream: Stream::Out,
        source: Some(0),
        unfinished: false,
        text: CleanText::one_line(text),
    };
    if !lines.is_empty() {
        let _ = end.lines.send(lines.into_iter().map(line).collect()).await;
    }
    let outcome = if let Some(outcome) = outcome {
        outcome
    } else {
        JobEnd::cancelled(&mut end.cancelled).await;
        Outcome::Cancelled { ended: Ended::Yes }
    };
    let started = (!matches!(outcome, Outcome::NotStarted(_))).then(|| now() - SignedDuration::from_secs(60));
    end.end(Ending { outcome, started, at: now(), before: Vec::new() });
}

#[async_trait]
impl RemoteRead for Server {
    fn now(&self) -> Timestamp {
        now()
    }

    fn follow(&self, _: &Target, logs: &Follow) -> Job {
        self.asked.lock().unwrap().push(logs.clone());
        let (lines, outcome) = self.connections.lock().unwrap().pop_front().unwrap_or_default();
        let (job, end) = Job::new();
        tokio::spawn(play(lines, outcome, end));
        job
    }

    fn probe(&self, _: &Target, _: ScriptId) -> Job {
        unreachable!("logs need no probe")
    }

    fn measure(&self, _: &Target, _: &Request) -> Job {
        unreachable!("logs need no probe")
    }

    fn attach(&self, _: &Target, _: &JobName, _: Seen) -> Job {
        unreachable!("logs are no job")
    }

    async fn presented_key(&self, _: &Target) -> Result<HostKey, Refusal> {
        unreachable!("nobody asks for keys")
    }

    fn pins(&self, _: &Target) -> Result<Vec<Pin>, Refusal> {
        unreachable!("nobody asks for keys")
    }

    async fn trust(&self, _: &Target, _: Trust) -> Result<Vec<Pin>, Refusal> {
        unreachable!("nobody asks for keys")
    }
}

fn lost() -> Outcome {
    Outcome::Lost { detail: String::new() }
}

fn away() -> Outcome {
    let (server, detail) = ("i-1".to_owned(), "no answer".to_owned());
    Outcome::NotStarted(Refusal::Refused { server, detail })
}

fn begin(server: &Arc<Server>, once: bool) -> Following {
    let target = Target::new("i-1".into(), "10.0.0.1").unwrap();
    let host = Host { target, name: "web".into(), role: Role::Web, environment: "staging".into() };
    let logs = Follow { files: vec!["/log".into()], past: 50, once, ..Follow::default() };
    let hosts = vec![(host, logs, vec![LogId::Syslog])];
    follow(Arc::clone(server) as _, FollowRequest { hosts }).unwrap()
}

/// News in short.
async fn told(following: &mut Following, most: usize) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < most {
        let news = tokio::time::timeout(Duration::from_secs(7200), following.progress.recv()).await.unwrap();
        let Some(news) = news else { break };
        all.push(match news {
            Progress::Lines { lines, .. } => {
                lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(" ")
            }
            Progress::Broken { why, pause, .. } => format!("broken: {why}; {} s", pause.as_secs()),
            Progress::Back { gap, .. } => format!("back, gap {gap}"),
            Progress::Ended { ending, .. } => format!("ended: {}", ending.outcome),
            Progress::Finished { .. } => "finished".into(),
            _ => continue,
        });
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_made_again_and_its_lines_are_told_once() {
    let server = Server::with(vec![
        (vec!["a", "b"], Some(lost())),
        (vec![], Some(away())),
        (vec!["a", "b", "c"], None),
    ]);
    let mut following = begin(&server, false);
    let news = told(&mut following, 5).await;
    assert_eq!(
        news[..3],
        [
            "a b",
            "broken: the connection broke; 1 s",
            "broken: i-1 refused the connection: no ssh server listens there (no answer); 2 s"
        ]
    );
    assert_eq!(news[3..], ["back, gap false", "c"]);
    let asked: Vec<u32> = server.asked.lock().unwrap().iter().map(|logs| logs.past).collect();
    assert_eq!(asked, [50, overlap::KEPT, overlap::KEPT]);
    following.control.cancel();
    assert_eq!(told(&mut following, 9).await, ["ended: cancelled: ended on the server", "finished"]);
}

#[tokio::test(start_paused = true)]
async fn cancelling_is_heard_between_two_connections() {
    let server = Server::with(vec![(vec!["a"], Some(lost()))]);
    let mut following = begin(&server, false);
    assert_eq!(told(&mut following, 2).await.len(), 2);
    following.control.cancel_host(0);
    assert_eq!(told(&mut following, 9).await, ["ended: cancelled: ended on the server", "finished"]);
    assert_eq!(server.asked.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_away_is_given_up() {
    let connections =
        std::iter::once((vec!["a"], Some(lost()))).chain((0..100).map(|_| (vec![], Some(away()))));
    let server = Server::with(connections.collect());
    let mut following = begin(&server, false);
    let news = told(&mut following, 200).await;
    assert_eq!(news.iter().filter(|news| news.starts_with("broken")).count(), 64);
    assert!(news[news.len() - 2].starts_with("ended: i-1 refused"), "{news:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_only_looked_at_once_is_asked_once() {
    let server = Server::with(vec![(vec!["a"], Some(lost()))]);
    let news = told(&mut begin(&server, true), 9).await;
    assert_eq!(news, ["a", "ended: unknown: the connection broke while it ran", "finished"]);
}

#[test]
fn every_source_has_its_log() {
    for role in [Role::Web, Role::Worker, Role::Cache, Role::DbPrimary, Role::Combo] {
        let (follow, ids) = sources(&logs_of(&role, &Layout::default()), 10, true);
        assert_eq!(ids.len(), follow.files.len() + usize::from(!follow.units.is_empty()), "{role}");
        assert_eq!((follow.past, follow.sudo), (10, true));
    }
    let cache: Vec<Log> =
        logs_of(&Role::Cache, &Layout::default()).into_iter().filter(|log| log.usual).collect();
    assert_eq!(sources(&cache, 0, false).1.last(), Some(&LogId::Memcached));
}
