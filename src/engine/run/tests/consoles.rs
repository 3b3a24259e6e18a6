//! A server that was just launched is known by what it prints on its console. Why it cannot be asked yet is told while
//! the run waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;

use super::super::{News, Ports, Story, begin};
use super::kit::{Kit, plan, step, told, until};
use super::making::good;
use super::relay::{Instead, Relay};
use crate::cloud::CloudRead;
use crate::engine::store::RunState;
use crate::plan::{Action, Condition, InstanceRef, Lasts, Undo};
use crate::probe::Request;
use crate::remote::host_keys::{HostKey, Pin, Trust};
use crate::remote::{
    Ending, Follow, Job, JobName, Outcome, Refusal, RemoteChange, RemoteRead, ScriptId, Seen, Target,
};
use crate::sandbox::{Fault, FaultKind, SandboxHosts};

/// Servers whose host keys are not known until the console's are pinned.
struct Strangers {
    look: SandboxHosts,
    known: Arc<AtomicBool>,
}

impl Strangers {
    /// The way to them, and whether they are known.
    fn of(kit: &Kit) -> (Ports, Arc<AtomicBool>) {
        let (look, known) = (kit.cloud.hosts(), Arc::new(AtomicBool::new(false)));
        let (hosts, asked) = (look.clone(), Arc::clone(&known));
        let instead: Instead = Box::new(move |target, _| {
            if asked.load(Ordering::SeqCst) {
                return None;
            }
            let (job, end) = Job::new();
            let (look, target) = (hosts.clone(), target.clone());
            tokio::spawn(async move {
                let refusal = match look.presented_key(&target).await {
                    Ok(presented) => Refusal::UnknownHostKey { server: target.to_string(), presented },
                    Err(refusal) => refusal,
                };
                let outcome = Outcome::NotStarted(refusal);
                end.end(Ending { outcome, started: None, at: look.now(), before: Vec::new() });
            });
            Some(job)
        });
        let look: Arc<dyn RemoteRead> = Arc::new(Self { look, known: Arc::clone(&known) });
        let act: Arc<dyn RemoteChange> = Arc::new(Relay::new(kit.cloud.hosts_change(), instead));
        (Ports { look, act, ..kit.ports() }, known)
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
    async fn trust(&self, target: &Target, word: Trust) -> Result<Vec<Pin>, Refusal> {
        assert!(matches!(&word, Trust::Console(keys) if !keys.is_empty()), "by nothing else: {word:?}");
        let pins = self.look.trust(target, word).await?;
        self.known.store(true, Ordering::SeqCst);
        Ok(pins)
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_host_key_nobody_knows_is_reached_once_ec2_tells_it() {
    let kit = Kit::new();
    let instance = kit.members().await.remove(0);
    let reachable = Condition::Reachable { instance: InstanceRef::Known(instance) };
    let plan = plan(vec![step(1, &[], Action::Await { condition: reachable }, Lasts::Stays, Undo::Nothing)]);
    let (ports, known) = Strangers::of(&kit);
    let before = kit.cloud.now();
    let told = told(begin(ports, kit.store(), plan, Kit::launch("jane@laptop")).await.unwrap()).await;
    assert_eq!(told.state, RunState::Done, "{:?}", told.story.failure());
    assert!(known.load(Ordering::SeqCst));
    assert!(kit.cloud.now().duration_since(before).as_secs() < 60, "without waiting for somebody else");
}

const DENIED: Fault = Fault { action: Some("ec2:GetConsoleOutput"), kind: FaultKind::Deny };

#[tokio::test(start_paused = true)]
async fn that_a_console_may_not_be_read_is_told_and_the_run_goes_on_once_it_may() {
    let kit = Kit::new();
    kit.cloud.inject(DENIED);
    let launch = Kit::launch("jane@laptop");
    let mut started = begin(Strangers::of(&kit).0, kit.store(), good(&kit).await, launch).await.unwrap();
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
    let ended =
        told(begin(Strangers::of(&kit).0, kit.store(), good(&kit).await, launch).await.unwrap()).await;
    let (step, why) = ended.story.failure().unwrap();
    assert!(step.id.0 == 2 && why.contains("ec2:GetConsoleOutput") && why.contains("host key"), "{why}");
}
