//! Planners and engine together, on a simulated cloud whose clock leaps to whatever is waited for.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;

use super::*;
use crate::cli::args::{Command, CommandLine, Headless};
use crate::cloud::{CloudChange, CloudRead};
use crate::engine::Store;
use crate::engine::run::{News, Started, Story};
use crate::engine::store::RunState;
use crate::fleet::{EnvironmentName, Group, Sizes};
use crate::sandbox::{SandboxCloud, Scenario};

mod building;
mod copying;
mod creating;
mod dying;
mod every;
mod forgetting;
mod founding;
mod moving;
mod pushing;
mod recreating;
mod releases;
mod replacing;
mod replicas;
mod room;
mod rotating;
mod terminating;

struct Kit {
    cloud: SandboxCloud,
    target: Target,
    dir: tempfile::TempDir,
}

impl Kit {
    fn new() -> Self {
        Self::of(Scenario::Calm)
    }

    fn of(scenario: Scenario) -> Self {
        let cloud = SandboxCloud::in_memory_with_tokio(scenario, 7).unwrap();
        let target = Target {
            topology: Arc::new(cloud.topology()),
            cloud_change: Some(Arc::new(cloud.clone())),
            remote: Some(Arc::new(cloud.hosts())),
            change: Some(Arc::new(cloud.hosts_change())),
            cloud: Arc::new(cloud.clone()),
            no_remote: None,
            clone: None,
            templates: None,
            speed: 1.0,
            problems: Vec::new(),
        };
        Self { cloud, target, dir: tempfile::tempdir().unwrap() }
    }

    fn store(&self) -> Store {
        let cloud = self.cloud.clone();
        Store::new(self.dir.path(), Arc::new(move || cloud.now()))
    }

    fn place(&self, environment: &str) -> EnvironmentPlace {
        self.target.topology.environment(&EnvironmentName::new(environment)).unwrap().clone()
    }

    async fn group(&self, environment: &str) -> Group {
        let name = self.place(environment).group.unwrap();
        self.cloud.groups(&[name]).await.unwrap().remove(0)
    }

    async fn plan(&self, line: &str) -> Result<Plan, Stop> {
        let line = CommandLine::parse_from(format!("quarterdeck plan {line}").split(' '));
        let Some(Command::Headless(Headless::Plan(options))) = line.command else { panic!("a plan") };
        planned(&self.target, &options).await
    }

    async fn apply(&self, line: &str) -> (RunState, Story) {
        let (_, state, story) = self.ends(line).await;
        (state, story)
    }

    async fn earlier(&self, environment: &str) -> String {
        let group = self.group(environment).await;
        let launch = group.launch.unwrap();
        let all = self.cloud.releases(&launch, &format!("myproject_{environment}_lc_")).await.unwrap();
        let other = all.into_iter().find(|one| one.resolved != launch).unwrap();
        let name = match &other.resolved {
            crate::fleet::LaunchSource::Configuration { name } => name.clone(),
            crate::fleet::LaunchSource::Template { .. } => other.description.unwrap(),
        };
        crate::fleet::release::parse_name(&name).unwrap().1.short().to_owned()
    }

    /// A group of so many servers, all in service.
    async fn grown(&self, environment: &str, count: u32) {
        let group = self.group(environment).await;
        let sizes = Sizes { min: count, desired: count, max: count * 2 };
        self.cloud.set_sizes(&group.name, sizes).await.unwrap();
        self.cloud.pause(Duration::from_secs(900)).await;
        assert_eq!(self.group(environment).await.members.len(), count as usize);
    }
}

async fn told(started: Started) -> (RunState, Story) {
    let Started { story, mut news, .. } = started;
    let mut story = *story;
    while let Some(next) = news.recv().await {
        match next {
            News::Entry(entry) => story.take_in(&entry),
            News::Finished { state, .. } => return (state, story),
            _ => {}
        }
    }
    panic!("a run ends with a word")
}

#[tokio::test(start_paused = true)]
async fn every_deploy_and_its_way_back_comes_to_its_good_end() {
    for (environment, line) in [
        ("staging", "rollback staging"),
        ("staging", "rollback staging --full"),
        ("testing", "rollback testing"),
        ("production", "rollback production --batch 2"),
    ] {
        let kit = Kit::new();
        let before = kit.group(environment).await;
        let release = kit.earlier(environment).await;
        let (state, story) = kit.apply(&format!("{line} --release {release}")).await;
        assert_eq!(state, RunState::Done, "{line}: {:?}", story.failure());
        assert!(story.left().is_empty(), "{line}: {:?}", story.left());
        let after = kit.group(environment).await;
        assert_eq!((after.sizes(), &after.suspended), (before.sizes(), &before.suspended), "{line}");
        assert_ne!(after.launch, before.launch, "{line}");
        let staying = after.members.iter().filter(|member| !member.lifecycle.starts_with("Terminat"));
        assert!(staying.into_iter().all(|member| member.launch == after.launch), "{line}: {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_deploy_of_twenty_servers_costs_less_than_150_requests_of_the_engine() {
    let kit = Kit::new();
    kit.grown("staging", 20).await;
    let release = kit.earlier("staging").await;
    let plan = kit.plan(&format!("rollback staging --full --release {release}")).await.unwrap();
    let count = || kit.cloud.requests().values().sum::<u64>();
    let before = count();
    let place = kit.place("staging");
    let launch = launch(&kit.target, None, false).await;
    let ports = ports(&kit.target, &place).unwrap();
    let (state, story) = told(begin(ports, kit.store(), plan, launch).await.unwrap()).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    let requests = count() - before;
    assert!(requests < 150, "{requests}: {:?}", kit.cloud.requests());
}

#[tokio::test(start_paused = true)]
async fn a_serial_deploy_of_twenty_servers_takes_little_more_than_they_take_to_boot() {
    let kit = Kit::new();
    kit.grown("staging", 20).await;
    let release = kit.earlier("staging").await;
    let (state, story) = kit.apply(&format!("rollback staging --release {release} --batch 4")).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    let (_, told) =
        story.each().find(|(step, _)| matches!(step.action, crate::plan::Action::Converge(_))).unwrap();
    let took = told.ended.as_ref().unwrap().0.duration_since(told.began.unwrap()).as_secs();
    // Of each round: launched within 35 s, booted within 100 s, checked after 20 s.
    let bound = 5 * (35 + 100 + 20);
    assert!(took * 10 <= bound * 11, "{took} s, and the bound is {bound} s");
}

/// A release made after all others, whose servers never answer.
async fn spoiled(kit: &Kit, environment: &str) -> String {
    let group = kit.group(environment).await;
    let name = "myproject_x_web_2026.01.15-12.30.00_bad0bad0bad0";
    let image = kit.cloud.create_image(&group.members[0].instance, name).await.unwrap();
    kit.cloud.pause(Duration::from_secs(300)).await;
    let name = format!("myproject_{environment}_lc_2026.01.15-12.30.00_bad0bad0bad0");
    let spec = crate::cloud::LaunchSpec {
        like: group.launch.unwrap(),
        image: image.clone(),
        name,
        instance_type: None,
    };
    kit.cloud.create_launch(&spec).await.unwrap();
    kit.cloud.spoil_image(&image).unwrap();
    "bad0bad".into()
}

#[tokio::test(start_paused = true)]
async fn r6_a_deploy_of_a_bad_release_keeps_the_old_servers_in_service_and_leaves_no_trap() {
    for (environment, operation) in [
        ("staging", "deploy-serial staging"),
        ("production", "deploy-serial production --batch 4"),
        ("testing", "deploy-serial testing"),
        ("staging", "deploy-full staging"),
        ("production", "deploy-full production"),
    ] {
        let kit = Kit::new();
        let release = spoiled(&kit, environment).await;
        let before = kit.group(environment).await;
        let plan = kit.plan(&format!("{operation} --release {release} --override unproven-release")).await;
        let plan = plan.unwrap_or_else(|stop| panic!("{operation}: {stop}"));
        let place = kit.place(environment);
        let launch = launch(&kit.target, None, false).await;
        let started = begin(ports(&kit.target, &place).unwrap(), kit.store(), plan, launch).await.unwrap();
        let (state, story) = told(started).await;
        assert_eq!(state, RunState::Failed, "{operation}");
        assert!(story.left().is_empty(), "{operation}: {:?}", story.left());
        kit.cloud.pause(Duration::from_secs(900)).await;
        let after = kit.group(environment).await;
        assert_eq!((after.sizes(), &after.launch), (before.sizes(), &before.launch), "{operation}");
        assert_eq!(after.suspended, before.suspended, "{operation}");
        let ids = |group: &Group| {
            let mut all: Vec<_> = group.members.iter().map(|member| member.instance.clone()).collect();
            all.sort();
            all
        };
        assert_eq!(ids(&after), ids(&before), "{operation}: the same servers");
        for balancer in &place.load_balancers {
            let health = kit.cloud.member_health(balancer).await.unwrap();
            let serving =
                health.iter().filter(|one| one.state == crate::fleet::HealthState::InService).count();
            assert_eq!(serving, before.members.len(), "{operation}: {health:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_deploy_is_not_undone_once_old_servers_have_gone() {
    let kit = Kit::new();
    let release = kit.earlier("staging").await;
    let plan = kit.plan(&format!("rollback staging --full --release {release}")).await.unwrap();
    let place = kit.place("staging");
    let who = launch(&kit.target, None, false).await;
    let started = begin(ports(&kit.target, &place).unwrap(), kit.store(), plan, who.clone()).await.unwrap();
    let id = started.id.clone();
    assert_eq!(told(started).await.0, RunState::Done);
    let error =
        crate::engine::run::resume(ports(&kit.target, &place).unwrap(), kit.store(), id, true, who).await;
    let words = error.unwrap_err().to_string();
    assert!(words.contains("rollback"), "{words}");
}
