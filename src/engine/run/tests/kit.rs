//! A world, a store, and plans written by hand.

use std::path::Path;
use std::sync::Arc;

use super::super::{Cancel, Grip, Halt, Launch, News, NotBegun, Pages, Ports, Started, Story, begin, resume};
use crate::cloud::CloudRead;
use crate::engine::RunId;
use crate::engine::store::{RunState, Store};
use crate::fleet::{Group, GroupName, InstanceId, LaunchSource, LoadBalancerName, Process, Sizes};
use crate::plan::{
    Action, Assignment, Assumption, Converge, Fact, Kind, Lasts, LockKind, Plan, Repeat, Setting, Step,
    StepId, Undo, VERSION, Value,
};
use crate::sandbox::{SandboxCloud, Scenario};

pub(super) const ENVIRONMENT: &str = "staging";

pub(super) struct Kit {
    pub(super) cloud: SandboxCloud,
    pub(super) dir: Arc<tempfile::TempDir>,
}

/// How a run ended.
pub(super) struct Told {
    pub(super) id: RunId,
    pub(super) state: RunState,
    pub(super) story: Story,
    pub(super) warnings: Vec<String>,
}

impl Kit {
    /// To be called with Tokio's clock paused.
    pub(super) fn new() -> Self {
        Self::of(Scenario::Calm)
    }

    pub(super) fn of(scenario: Scenario) -> Self {
        let cloud = SandboxCloud::in_memory_with_tokio(scenario, 7).unwrap();
        Self { cloud, dir: Arc::new(tempfile::tempdir().unwrap()) }
    }

    pub(super) fn store(&self) -> Store {
        let cloud = self.cloud.clone();
        Store::new(self.dir.path(), Arc::new(move || cloud.now()))
    }

    pub(super) fn store_at(&self, dir: &Path) -> Store {
        let cloud = self.cloud.clone();
        Store::new(dir, Arc::new(move || cloud.now()))
    }

    pub(super) fn ports(&self) -> Ports {
        let page = |page: &str| format!("# sandbox: page {page}\n");
        Ports {
            read: Arc::new(self.cloud.clone()),
            change: Arc::new(self.cloud.clone()),
            look: Arc::new(self.cloud.hosts()),
            act: Arc::new(self.cloud.hosts_change()),
            deployment: "myproject".into(),
            address: self.cloud.topology().ssh_address,
            pages: Pages {
                show: page("show"),
                off: page("off"),
                healthy: page("healthy"),
                unhealthy: page("unhealthy"),
            },
            evidence: None,
            texts: None,
            secrets: None,
        }
    }

    pub(super) fn group_name() -> GroupName {
        GroupName::new(format!("myproject-{ENVIRONMENT}-ag"))
    }

    pub(super) fn balancer() -> LoadBalancerName {
        LoadBalancerName::new(format!("myproject-{ENVIRONMENT}-lb"))
    }

    pub(super) async fn group(&self) -> Group {
        self.cloud.groups(&[Self::group_name()]).await.unwrap().remove(0)
    }

    pub(super) async fn members(&self) -> Vec<InstanceId> {
        let group = self.group().await;
        let mut all: Vec<_> = group.members.into_iter().map(|member| member.instance).collect();
        all.sort();
        all
    }

    /// What was launched before what is launched now.
    pub(super) async fn earlier(&self) -> LaunchSource {
        let now = self.group().await.launch.unwrap();
        let prefix = format!("myproject_{ENVIRONMENT}_lc_");
        let all = self.cloud.releases(&now, &prefix).await.unwrap();
        all.into_iter().map(|settings| settings.resolved).find(|one| *one != now).unwrap()
    }

    pub(super) fn launch(who: &str) -> Launch {
        Launch { who: who.into(), identity: "arn:test".into(), grip: Grip::Take }
    }

    pub(super) async fn begin(&self, plan: Plan) -> Result<Started, NotBegun> {
        begin(self.ports(), self.store(), plan, Self::launch("jane@laptop")).await
    }

    pub(super) async fn run(&self, plan: Plan) -> Told {
        told(self.begin(plan).await.unwrap()).await
    }

    /// Runs until so many records are written, and dies.
    pub(super) async fn die_after(&self, plan: Plan, records: usize) -> Result<RunId, Told> {
        let halt = Halt::after(records);
        let store = self.store().with_halt(halt.clone());
        let started = begin(self.ports(), store, plan, Self::launch("jane@laptop")).await.unwrap();
        let id = started.id.clone();
        tokio::select! {
            () = halt.died() => Ok(id),
            told = told(started) => Err(told),
        }
    }

    pub(super) async fn again(&self, id: RunId, undo: bool) -> Told {
        told(resume(self.ports(), self.store(), id, undo, Self::launch("jane@laptop")).await.unwrap()).await
    }

    /// What a run must leave as it was: sizes, suspended processes, policies, what is launched.
    pub(super) async fn shape(&self) -> (Sizes, Vec<String>, Vec<String>, Option<LaunchSource>) {
        let group = self.group().await;
        let mut suspended: Vec<String> = group.suspended.iter().map(|one| one.process.clone()).collect();
        suspended.sort();
        (group.sizes(), suspended, group.termination_policies.clone(), group.launch)
    }
}

/// Sees a run to its end.
pub(super) async fn told(started: Started) -> Told {
    let Started { id, story, mut news, .. } = started;
    let (mut story, mut warnings) = (*story, Vec::new());
    while let Some(next) = news.recv().await {
        match next {
            News::Entry(entry) => story.take_in(&entry),
            News::Warning { text } | News::Unrecorded { why: text } => warnings.push(text),
            News::Finished { state, .. } => return Told { id, state, story, warnings },
            News::Status { .. } | News::Lines { .. } => {}
        }
    }
    panic!("a run ends with a word")
}

/// Sees a run up to some news, and goes on reading it elsewhere.
pub(super) async fn until(started: &mut Started, story: &mut Story, is: impl Fn(&Story, &News) -> bool) {
    while let Some(next) = started.news.recv().await {
        if let News::Entry(entry) = &next {
            story.take_in(entry);
        }
        if is(story, &next) {
            return;
        }
    }
    panic!("it never came to that")
}

pub(super) fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        version: VERSION,
        operation: "test".into(),
        deployment: "myproject".into(),
        environment: ENVIRONMENT.into(),
        production: false,
        title: "a test".into(),
        command: format!("quarterdeck apply test {ENVIRONMENT}"),
        made_at: jiff::Timestamp::UNIX_EPOCH,
        lock: LockKind::Environment,
        noticed: None,
        cannot_undo: Vec::new(),
        notes: Vec::new(),
        overrides: Vec::new(),
        goes_on: false,
        redoes: false,
        by_name: false,
        assumes: Vec::new(),
        steps,
    }
}

pub(super) fn assume(mut plan: Plan, fact: Fact, value: Value) -> Plan {
    plan.assumes.push(Assumption { fact, value, read_at: jiff::Timestamp::UNIX_EPOCH });
    plan
}

pub(super) fn step(id: u16, after: &[u16], action: Action, lasts: Lasts, undo: Undo) -> Step {
    Step {
        id: StepId(id),
        after: after.iter().copied().map(StepId).collect(),
        lane: "group".into(),
        title: format!("do {id}"),
        target: "it".into(),
        action,
        before: None,
        becomes: None,
        lasts,
        undo,
        repeat: Repeat::Check,
        deadline_s: 3_600,
        noticed: None,
        destructive: false,
        soft: false,
        settles: Vec::new(),
        seals: false,
    }
}

pub(super) fn process(process: Process) -> Setting {
    Setting::Process { group: Kit::group_name(), process }
}

pub(super) fn suspend(id: u16, after: &[u16], processes: &[Process]) -> Step {
    let settings =
        processes.iter().map(|one| Assignment { setting: process(*one), to: Value::Suspended }).collect();
    step(id, after, Action::Set { settings }, Lasts::UntilTheEnd, Undo::Restore)
}

pub(super) fn sizes(id: u16, after: &[u16], sizes: Sizes) -> Step {
    let setting = Setting::Sizes { group: Kit::group_name() };
    let settings = vec![Assignment { setting, to: Value::Sizes(sizes) }];
    step(id, after, Action::Set { settings }, Lasts::UntilTheEnd, Undo::Restore)
}

pub(super) fn keep_sizes(id: u16) -> Step {
    let settings = vec![Setting::Sizes { group: Kit::group_name() }];
    step(id, &[], Action::Keep { settings }, Lasts::UntilTheEnd, Undo::Restore)
}

pub(super) fn point(id: u16, after: &[u16], to: LaunchSource) -> Step {
    let setting = Setting::Launch { group: Kit::group_name() };
    let settings = vec![Assignment { setting, to: Value::Launch(to) }];
    step(id, after, Action::Set { settings }, Lasts::UnlessStopped, Undo::Restore)
}

pub(super) fn restore(id: u16, after: &[u16], steps: &[u16]) -> Step {
    let steps = steps.iter().copied().map(StepId).collect();
    step(id, after, Action::Restore { steps }, Lasts::Stays, Undo::Nothing)
}

pub(super) fn converge(kind: Kind, to: LaunchSource, count: u32, batch: u32) -> Converge {
    Converge {
        kind,
        group: Kit::group_name(),
        balancers: vec![Kit::balancer()],
        to: Value::Launch(to),
        batch,
        at_least: count,
        count,
        patience_s: 600,
        check: Some("# sandbox: health\n".into()),
        back: None,
    }
}

pub(super) fn replace(id: u16, after: &[u16], to: LaunchSource, count: u32, batch: u32) -> Step {
    let action = Action::Converge(Box::new(converge(Kind::Replace, to, count, batch)));
    step(
        id,
        after,
        action,
        Lasts::UnlessStopped,
        Undo::Reverse("the old release takes its place again".into()),
    )
}

/// A serial deploy in small.
pub(super) fn serial(to: LaunchSource, count: u32, batch: u32) -> Plan {
    plan(vec![
        keep_sizes(1),
        suspend(2, &[], &[Process::AzRebalance, Process::AlarmNotification]),
        point(3, &[1, 2], to.clone()),
        replace(4, &[3], to, count, batch),
        restore(5, &[4], &[1, 2]),
    ])
}

pub(super) const NOW: Cancel = Cancel::NowAndUndo;
