//! A server that goes while something is put back on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::{Ports, begin};
use super::kit::{Kit, plan, step, told};
use crate::cloud::{CloudChange, CloudRead};
use crate::engine::store::RunState;
use crate::plan::{Action, Assignment, Lasts, Page, Setting, StepId, Undo, Value};
use crate::remote::{
    Command, CommandLine, DurableJob, Ending, Job, JobName, Outcome, Refusal, RemoteChange, RemoteRead,
    Target, Upload,
};
use crate::sandbox::{SandboxCloud, SandboxHostsChange};

/// Servers of which whoever is told to take the page off is terminated just then.
struct Going {
    cloud: SandboxCloud,
    act: SandboxHostsChange,
    went: Arc<AtomicBool>,
}

impl RemoteChange for Going {
    fn exec(&self, target: &Target, command: Command) -> Job {
        if !command.text.contains("page off") {
            return self.act.exec(target, command);
        }
        let (job, end) = Job::new();
        let (cloud, went, target) = (self.cloud.clone(), Arc::clone(&self.went), target.clone());
        tokio::spawn(async move {
            if !went.swap(true, Ordering::SeqCst) {
                cloud.terminate_member(target.instance(), true).await.unwrap();
            }
            let (server, detail) = (target.to_string(), "connection timed out".to_owned());
            let outcome = Outcome::NotStarted(Refusal::TimedOut { server, detail });
            end.end(Ending { outcome, started: None, at: cloud.now(), before: Vec::new() });
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
async fn a_page_is_not_taken_off_a_server_that_goes_meanwhile_and_nobody_waits_for_it() {
    let kit = Kit::new();
    let instance = kit.members().await.remove(0);
    let settings = vec![Assignment { setting: Setting::Page { instance }, to: Value::Page(Page::Healthy) }];
    let plan = plan(vec![
        step(1, &[], Action::Set { settings }, Lasts::UntilTheEnd, Undo::Restore),
        step(2, &[1], Action::Restore { steps: vec![StepId(1)] }, Lasts::Stays, Undo::Nothing),
    ]);
    let (cloud, went) = (kit.cloud.clone(), Arc::new(AtomicBool::new(false)));
    let act = Going { cloud: cloud.clone(), act: cloud.hosts_change(), went: Arc::clone(&went) };
    let ports =
        Ports { look: Arc::new(cloud.hosts()) as Arc<dyn RemoteRead>, act: Arc::new(act), ..kit.ports() };
    let before = cloud.now();
    let told = told(begin(ports, kit.store(), plan, Kit::launch("jane@laptop")).await.unwrap()).await;
    assert_eq!(told.state, RunState::Done, "{:?}", told.story.failure());
    assert!(went.load(Ordering::SeqCst) && told.story.left().is_empty(), "{:?}", told.story.left());
    assert!(cloud.now().duration_since(before).as_secs() < 120);
}
