//! A server that was just launched: nobody has pinned its host key yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;

use super::super::{Ports, begin};
use super::kit::{Kit, plan, step, told};
use crate::cloud::CloudRead;
use crate::engine::store::RunState;
use crate::plan::{Action, Condition, InstanceRef, Lasts, Undo};
use crate::probe::Request;
use crate::remote::host_keys::{HostKey, Pin, Trust};
use crate::remote::{
    Command, CommandLine, DurableJob, Ending, Follow, Job, JobName, Outcome, Refusal, RemoteChange,
    RemoteRead, ScriptId, Seen, Target, Upload,
};
use crate::sandbox::{SandboxHosts, SandboxHostsChange};

/// Servers that are strangers until their keys come from the console.
struct Strangers {
    look: SandboxHosts,
    act: SandboxHostsChange,
    known: AtomicBool,
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

#[async_trait]
impl RemoteChange for Strangers {
    fn exec(&self, target: &Target, command: Command) -> Job {
        if self.known.load(Ordering::SeqCst) {
            return self.act.exec(target, command);
        }
        let (job, end) = Job::new();
        let (look, target) = (self.look.clone(), target.clone());
        tokio::spawn(async move {
            let refusal = match look.presented_key(&target).await {
                Ok(presented) => Refusal::UnknownHostKey { server: target.to_string(), presented },
                Err(refusal) => refusal,
            };
            let at = look.now();
            end.end(Ending { outcome: Outcome::NotStarted(refusal), started: None, at, before: Vec::new() });
        });
        job
    }
    fn upload(&self, target: &Target, upload: Upload) -> Job {
        self.act.upload(target, upload)
    }
    fn start(&self, target: &Target, job: DurableJob) -> Job {
        self.act.start(target, job)
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

#[tokio::test(start_paused = true)]
async fn a_server_whose_host_key_nobody_knows_is_reached_once_ec2_tells_it() {
    let kit = Kit::new();
    let instance = kit.members().await.remove(0);
    let reachable = Condition::Reachable { instance: InstanceRef::Known(instance) };
    let plan = plan(vec![step(1, &[], Action::Await { condition: reachable }, Lasts::Stays, Undo::Nothing)]);
    let look = kit.cloud.hosts();
    let strangers =
        Arc::new(Strangers { look, act: kit.cloud.hosts_change(), known: AtomicBool::new(false) });
    let ports = Ports {
        look: Arc::clone(&strangers) as Arc<dyn RemoteRead>,
        act: Arc::clone(&strangers) as Arc<dyn RemoteChange>,
        ..kit.ports()
    };
    let before = kit.cloud.now();
    let told = told(begin(ports, kit.store(), plan, Kit::launch("jane@laptop")).await.unwrap()).await;
    assert_eq!(told.state, RunState::Done, "{:?}", told.story.failure());
    assert!(strangers.known.load(Ordering::SeqCst));
    assert!(kit.cloud.now().duration_since(before).as_secs() < 60, "without waiting for somebody else");
}
