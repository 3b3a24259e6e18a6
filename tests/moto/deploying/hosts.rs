//! Servers that do whatever they are told, at once: what is proved here is what happens in the cloud.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use quarterdeck::fleet::InstanceId;
use quarterdeck::probe::Request;
use quarterdeck::remote::clean_text::CleanText;
use quarterdeck::remote::host_keys::{HostKey, Pin, Trust};
use quarterdeck::remote::{
    Command, CommandLine, DurableJob, Ending, Follow, Input, Job, JobName, Line, Outcome, Refusal,
    RemoteChange, RemoteRead, ScriptId, Seen, Stream, Target, Upload,
};

#[derive(Default)]
struct State {
    /// The maintenance page of each server, in the recipe's word.
    pages: BTreeMap<InstanceId, String>,
    /// What each job came to.
    jobs: BTreeMap<JobName, u8>,
    /// Scripts whose verb begins so fail.
    fails: Option<String>,
    /// How often each was asked in which boot it is: it has booted in between.
    boots: BTreeMap<InstanceId, u32>,
    /// Verbs of durable jobs and where each was started, in their order.
    done: Vec<(InstanceId, String)>,
}

/// The servers, whichever there are.
#[derive(Clone, Default)]
pub struct Hosts(Arc<Mutex<State>>);

impl Hosts {
    /// Scripts whose verb begins so fail from now on.
    pub fn fail(&self, verb: &str) {
        self.0.lock().unwrap().fails = Some(verb.to_owned());
    }

    /// Servers whose maintenance page is up.
    pub fn pages(&self) -> Vec<InstanceId> {
        let state = self.0.lock().unwrap();
        state.pages.iter().filter(|(_, page)| *page != "off").map(|(server, _)| server.clone()).collect()
    }

    /// Verbs of durable jobs so far.
    pub fn done(&self) -> Vec<String> {
        self.0.lock().unwrap().done.iter().map(|(_, verb)| verb.clone()).collect()
    }

    /// The servers on which something was done, as it was begun.
    pub fn order(&self) -> Vec<String> {
        self.0.lock().unwrap().done.iter().map(|(on, _)| on.to_string()).collect()
    }

    /// Those on one server.
    pub fn done_on(&self, server: &str) -> Vec<String> {
        let state = self.0.lock().unwrap();
        let here = state.done.iter().filter(|(on, _)| on.as_str() == server);
        here.map(|(_, verb)| verb.clone()).collect()
    }

    /// The page of a server, in the recipe's word.
    pub fn page(&self, server: &str) -> String {
        self.0.lock().unwrap().pages.get(&InstanceId::new(server)).cloned().unwrap_or_else(|| "off".into())
    }

    fn play(&self, target: &Target, script: &str) -> (String, u8) {
        let verb = verb_of(script);
        let mut state = self.0.lock().unwrap();
        if state.fails.as_ref().is_some_and(|word| verb.starts_with(word)) {
            return (format!("{verb} fails, as the test wants it"), 1);
        }
        let said = match verb.split(' ').collect::<Vec<_>>()[..] {
            ["page", "show"] => {
                format!("page={}", state.pages.get(target.instance()).map_or("off", String::as_str))
            }
            ["boot", "show"] => {
                let asked = state.boots.entry(target.instance().clone()).or_default();
                *asked += 1;
                format!("boot-{asked}")
            }
            ["page", page] => {
                state.pages.insert(target.instance().clone(), page.to_owned());
                format!("page={page}")
            }
            // A file of three bytes that goes from one server to another.
            ["database" | "cache", "told"] => "bytes=3 sha256=5a5a about=4096".to_owned(),
            ["database" | "cache", "piece"] => "YWJj".to_owned(),
            ["database" | "cache", "have"] => "bytes=0".to_owned(),
            ["database" | "cache", "take"] => "bytes=3".to_owned(),
            ["database" | "cache", "whole"] => "sha256=5a5a".to_owned(),
            _ => verb,
        };
        (said, 0)
    }
}

fn verb_of(script: &str) -> String {
    script.lines().find_map(|line| line.strip_prefix("# sandbox: ")).unwrap_or_default().to_owned()
}

fn now() -> Timestamp {
    Timestamp::now()
}

fn ended(said: &str, outcome: Outcome) -> Job {
    let (job, end) = Job::new();
    let text = CleanText::one_line(said);
    let line = Line { at: now(), stream: Stream::Out, source: None, unfinished: false, text };
    // A channel that is new has room.
    end.lines.try_send(vec![line]).unwrap();
    end.end(Ending { outcome, started: Some(now()), at: now(), before: Vec::new() });
    job
}

fn text(input: &Input) -> String {
    String::from_utf8(input.bytes().to_vec()).unwrap()
}

#[async_trait]
impl RemoteRead for Hosts {
    fn now(&self) -> Timestamp {
        now()
    }

    fn probe(&self, _: &Target, _: ScriptId) -> Job {
        ended("", Outcome::Done { code: 0 })
    }

    fn measure(&self, _: &Target, _: &Request) -> Job {
        unreachable!("nothing is measured")
    }

    fn follow(&self, _: &Target, _: &Follow) -> Job {
        unreachable!("no logs are followed")
    }

    fn attach(&self, target: &Target, name: &JobName, _: Seen) -> Job {
        let code = self.0.lock().unwrap().jobs.get(name).copied();
        let (server, name) = (target.to_string(), name.to_string());
        code.map_or_else(
            || ended("", Outcome::NotStarted(Refusal::NoSuchJob { server, name })),
            |code| ended("over", Outcome::Done { code }),
        )
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

#[async_trait]
impl RemoteChange for Hosts {
    fn exec(&self, target: &Target, command: Command) -> Job {
        let is_script = command.text.contains("# sandbox: ");
        let script = command.input.as_ref().filter(|_| !is_script).map_or_else(|| command.text.clone(), text);
        let (said, code) = self.play(target, &script);
        ended(&said, Outcome::Done { code })
    }

    fn upload(&self, _: &Target, _: Upload) -> Job {
        unreachable!("nothing is uploaded")
    }

    fn start(&self, target: &Target, job: DurableJob) -> Job {
        let script = text(&job.script);
        if !self.0.lock().unwrap().jobs.contains_key(&job.name) {
            let (_, code) = self.play(target, &script);
            let mut state = self.0.lock().unwrap();
            state.done.push((target.instance().clone(), verb_of(&script)));
            state.jobs.insert(job.name, code);
        }
        ended("", Outcome::Done { code: 0 })
    }

    fn stop(&self, _: &Target, _: &JobName) -> Job {
        ended("", Outcome::Done { code: 0 })
    }

    fn forget(&self, _: &Target, _: &JobName) -> Job {
        ended("", Outcome::Done { code: 0 })
    }

    fn shell(&self, _: &Target) -> CommandLine {
        unreachable!("nobody opens a shell")
    }
}
