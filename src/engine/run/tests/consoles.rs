//! A server that was just launched is known by what it prints on its console. Why it cannot be asked yet is told while
//! the run waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;

use super::super::{News, Ports, Story, begin};
use super::kit::{Kit, told, until};
use super::making::good;
use crate::cloud::CloudRead;
use crate::engine::store::RunState;
use crate::probe::Request;
use crate::remote::host_keys::{HostKey, Pin, Trust};
use crate::remote::{
    Command, CommandLine, DurableJob, Ending, Follow, Job, JobName, Outcome, Refusal, RemoteChange,
    RemoteRead, ScriptId, Seen, Target, Upload,
};
use crate::sandbox::{Fault, FaultKind, SandboxCloud, SandboxHosts, SandboxHostsChange};

/// Servers whose host keys are not known until the console's are pinned.
#[derive(Clone)]
struct Strangers {
    cloud: SandboxCloud,
    look: SandboxHosts,
    act: SandboxHostsChange,
    known: Arc<AtomicBool>,
}

impl Strangers {
    fn of(kit: &Kit) -> Ports {
        let cloud = kit.cloud.clone();
        let (look, act) = (cloud.hosts(), cloud.hosts_change());
        let all = Arc::new(Self { cloud, look, act, known: Arc::default() });
        Ports { look: Arc::clone(&all) as Arc<dyn RemoteRead>, act: all, ..kit.ports() }
    }

    fn unless_unknown(&self, target: &Target, job: impl FnOnce() -> Job) -> Job {
        if self.known.load(Ordering::SeqCst) {
            return job();
        }
        let (job, end) = Job::new();
        let presented =
            HostKey::parse(include_str!("../../../remote/host_keys/testdata/ed25519.pub")).unwrap();
        let outcome = Outcome::NotStarted(Refusal::UnknownHostKey { server: target.to_string(), presented });
        end.end(Ending { outcome, started: None, at: self.cloud.now(), before: Vec::new() });
        job
    }
}

impl RemoteChange for Strangers {
    fn exec(&self, target: &Target, command: Command) -> Job {
        self.unless_unknown(target, || self.act.exec(target, command))
    }
    fn upload(&self, target: &Target, upload: Upload) -> Job {
        self.act.upload(target, upload)
    }
    fn start(&self, target: &Target, job: DurableJob) -> Job {
        self.unless_unknown(target, || self.act.start(target, job))
    }
    fn stop(&self, target: &Target, name: &JobName) -> Job {
        self.act.stop(target, name)
    }
    fn forget(&self, target: &Target, name: &JobName) -> Job {
        self.act.forget(target, name)
    }
    fn shell(&self, target: &Target) -> CommandLine {
        self.act.shell(target)
    }
}

#[async_trait]
impl RemoteRead for Strangers {
    fn now(&self) -> Timestamp {
        self.look.now()
    }
    fn probe(&self, target: &Target, script: ScriptId) -> Job {
        self.look.probe(target, script)
    }
    fn measure(&self, target: &Target, request: &Request) -> Job {
        self.look.measure(target, request)
    }
    fn follow(&self, target: &Target, logs: &Follow) -> Job {
        self.look.follow(target, logs)
    }
    fn attach(&self, target: &Target, name: &JobName, seen: Seen) -> Job {
        self.look.attach(target, name, seen)
    }
    async fn presented_key(&self, target: &Target) -> Result<HostKey, Refusal> {
        self.look.presented_key(target).await
    }
    fn pins(&self, target: &Target) -> Result<Vec<Pin>, Refusal> {
        self.look.pins(target)
    }
    async fn trust(&self, _: &Target, word: Trust) -> Result<Vec<Pin>, Refusal> {
        assert!(matches!(word, Trust::Console(keys) if !keys.is_empty()));
        self.known.store(true, Ordering::SeqCst);
        Ok(Vec::new())
    }
}

const DENIED: Fault = Fault { action: Some("ec2:GetConsoleOutput"), kind: FaultKind::Deny };

#[tokio::test(start_paused = true)]
async fn that_a_console_may_not_be_read_is_told_and_the_run_goes_on_once_it_may() {
    let kit = Kit::new();
    kit.cloud.inject(DENIED);
    let launch = Kit::launch("jane@laptop");
    let mut started = begin(Strangers::of(&kit), kit.store(), good(&kit).await, launch).await.unwrap();
    let mut story = (*started.story).clone();
    let is_told = |_: &Story, news: &News| matches!(news, News::Status { text, .. } if text.contains("ec2:GetConsoleOutput"));
    until(&mut started, &mut story, is_told).await;
    kit.cloud.clear_faults();
    assert_eq!(told(started).await.state, RunState::Done);
}

#[tokio::test(start_paused = true)]
async fn a_console_that_may_never_be_read_is_named_as_the_reason_of_the_failure() {
    let kit = Kit::new();
    kit.cloud.inject(DENIED);
    let launch = Kit::launch("jane@laptop");
    let ended = told(begin(Strangers::of(&kit), kit.store(), good(&kit).await, launch).await.unwrap()).await;
    let (step, why) = ended.story.failure().unwrap();
    assert!(step.id.0 == 2 && why.contains("ec2:GetConsoleOutput") && why.contains("host key"), "{why}");
}
