//! Plans and runs: how long a plan for a thousand servers takes to make, how long deploys of twenty take on the sandbox's
//! clock, and what they ask of AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use quarterdeck::cloud::{CloudChange, CloudRead};
use quarterdeck::engine::Store;
use quarterdeck::engine::run::{Grip, Launch, News, Pages, Ports, Started, Story, begin};
use quarterdeck::engine::store::RunState;
use quarterdeck::fleet::{
    EnvironmentPlace, Group, HealthState, LaunchSettings, LaunchSource, Sizes, Snapshot, Topology,
};
use quarterdeck::operation::{self, Facts, Options};
use quarterdeck::plan::{Action, Page};
use quarterdeck::sandbox::{SandboxCloud, Scenario};
use quarterdeck::{fleet, recipe, refresh};
use support::{Row, median_ms, report};

/// Plans of which the middle one counts.
const TIMES: usize = 15;
/// Web servers of the deploys.
const SERVERS: u32 = 20;
/// What FabulAWS sleeps for each old server of a serial deploy at least, in seconds, whatever the servers say.
const FIXED_SLEEPS_S: f64 = 50.0;

fn main() {
    let mut rows = Vec::new();
    planning(&mut rows);
    report("Plans for 1,000 web servers", &rows);
    let mut rows = Vec::new();
    deploying(&mut rows);
    report("Deploys of 20 web servers, on the sandbox's clock", &rows);
}

/// An environment of so many web servers, all in service.
struct World {
    cloud: SandboxCloud,
    topology: Topology,
    place: EnvironmentPlace,
    dir: tempfile::TempDir,
}

impl World {
    async fn of(servers: u32) -> Self {
        let cloud = SandboxCloud::in_memory_with_tokio(Scenario::Calm, 7).unwrap();
        let topology = cloud.topology();
        let place = operation::place(&topology, "staging").unwrap().clone();
        let world = Self { cloud, topology, place, dir: tempfile::tempdir().unwrap() };
        let name = world.place.group.clone().unwrap();
        let sizes = Sizes { min: servers, desired: servers, max: servers * 2 };
        world.cloud.set_sizes(&name, sizes).await.unwrap();
        world.cloud.pause(Duration::from_secs(900)).await;
        assert_eq!(world.group().await.members.len(), servers as usize);
        world
    }

    async fn group(&self) -> Group {
        self.cloud.groups(&[self.place.group.clone().unwrap()]).await.unwrap().remove(0)
    }

    async fn facts(&self) -> (Snapshot, Vec<LaunchSettings>) {
        let cloud = Arc::new(self.cloud.clone());
        let topology = Topology { environments: vec![self.place.clone()], ..self.topology.clone() };
        let snapshot = refresh::once(cloud, None, Arc::new(topology), refresh::Limits::ONCE).await;
        let like = self.group().await.launch.unwrap();
        (snapshot, self.cloud.releases(&like, "myproject_staging_lc_").await.unwrap())
    }

    fn plan(
        &self,
        (snapshot, releases): &(Snapshot, Vec<LaunchSettings>),
        operation: &str,
        options: &Options,
    ) -> quarterdeck::plan::Plan {
        let facts = Facts {
            snapshot,
            topology: &self.topology,
            place: &self.place,
            releases,
            now: self.cloud.now(),
            fresh: SignedDuration::from_hours(1),
            room: None,
            ground: None,
            repo: None,
            site: None,
        };
        operation::find(operation)
            .unwrap()
            .plan(&facts, options)
            .unwrap_or_else(|refused| panic!("{operation}: {refused}"))
    }

    async fn run(&self, operation: &str, options: &Options) -> Story {
        let facts = self.facts().await;
        let plan = self.plan(&facts, operation, options);
        let page = |page| recipe::page::set(&self.place.layout, page);
        let ports = Ports {
            read: Arc::new(self.cloud.clone()),
            change: Arc::new(self.cloud.clone()),
            look: Arc::new(self.cloud.hosts()),
            act: Arc::new(self.cloud.hosts_change()),
            deployment: self.topology.deployment.clone(),
            address: self.topology.ssh_address,
            pages: Pages {
                show: recipe::page::show(&self.place.layout),
                off: page(Page::Off),
                healthy: page(Page::Healthy),
                unhealthy: page(Page::Unhealthy),
            },
            evidence: None,
            texts: None,
            secrets: None,
        };
        let cloud = self.cloud.clone();
        let store = Store::new(self.dir.path(), Arc::new(move || cloud.now()));
        let launch = Launch { who: "bench".into(), identity: String::new(), grip: Grip::Take };
        ended(begin(ports, store, plan, launch).await.unwrap()).await
    }

    fn earlier(&self, (snapshot, releases): &(Snapshot, Vec<LaunchSettings>)) -> Options {
        let group = snapshot.group(self.place.group.as_ref().unwrap()).unwrap();
        let now = snapshot.current_launch(group);
        let other = releases.iter().find(|one| Some(&one.resolved) != now.as_ref()).unwrap();
        let name = match &other.resolved {
            LaunchSource::Configuration { name } => name.clone(),
            LaunchSource::Template { .. } => other.description.clone().unwrap(),
        };
        let changeset = fleet::release::parse_name(&name).unwrap().1;
        Options { release: Some(changeset.short().to_owned()), ..Options::default() }
    }
}

async fn ended(started: Started) -> Story {
    let Started { story, mut news, .. } = started;
    let mut story = *story;
    while let Some(next) = news.recv().await {
        match next {
            News::Entry(entry) => story.take_in(&entry),
            News::Finished { state, .. } => {
                assert_eq!(state, RunState::Done, "{:?}", story.failure());
                return story;
            }
            _ => {}
        }
    }
    panic!("a run ends with a word")
}

/// A runtime whose time leaps to whatever is waited for.
fn leaping<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(work)
}

fn planning(rows: &mut Vec<Row>) {
    leaping(async {
        let world = World::of(1_000).await;
        let facts = world.facts().await;
        let earlier = world.earlier(&facts);
        for (what, operation) in [
            ("rollback, serial", "rollback"),
            ("deploy-full", "deploy-full"),
            ("deploy-web, steps of its own for each server", "deploy-web"),
            ("begin-upgrade", "begin-upgrade"),
        ] {
            let options = if operation == "begin-upgrade" { Options::default() } else { earlier.clone() };
            let mut steps = 0;
            let mut times: Vec<Duration> = (0..TIMES)
                .map(|_| {
                    let begun = Instant::now();
                    steps = black_box(world.plan(&facts, operation, &options)).steps.len();
                    begun.elapsed()
                })
                .collect();
            rows.push(Row {
                what,
                measured: median_ms(&mut times),
                budget: Some(50.0),
                unit: "ms",
                how: format!("median of {TIMES}, {steps} steps"),
            });
        }
    });
}

/// From when the group wants one server more until it is in service.
async fn one_server(world: &World) -> f64 {
    let name = world.place.group.clone().unwrap();
    let group = world.group().await;
    let wants = |desired| Sizes { min: group.min, desired, max: desired.max(group.max) };
    let begun = world.cloud.now();
    world.cloud.set_sizes(&name, wants(group.desired + 1)).await.unwrap();
    let balancer = &world.place.load_balancers[0];
    loop {
        let health = world.cloud.member_health(balancer).await.unwrap();
        let serving = health.iter().filter(|one| one.state == HealthState::InService).count();
        if serving > group.desired as usize {
            return seconds(begun, world.cloud.now());
        }
        world.cloud.pause(Duration::from_secs(1)).await;
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

fn deploying(rows: &mut Vec<Row>) {
    let (servers, each) = leaping(async {
        let world = World::of(SERVERS).await;
        let mut all = 0.0;
        for _ in 0..5 {
            all += one_server(&world).await;
        }
        (f64::from(SERVERS), all / 5.0)
    });
    let bound = servers * each;
    let took = leaping(async {
        let world = World::of(SERVERS).await;
        let options = world.earlier(&world.facts().await);
        let story = world.run("rollback", &options).await;
        let (_, told) = story.each().find(|(step, _)| matches!(step.action, Action::Converge(_))).unwrap();
        seconds(told.began.unwrap(), told.ended.as_ref().unwrap().0)
    });
    rows.push(Row {
        what: "serial deploy, one at a time",
        measured: took / bound,
        budget: Some(1.1),
        unit: "×",
        how: format!("{took:.0} s; the bound is {servers} × {each:.0} s, in which one server boots and is found healthy"),
    });
    let theirs = bound + servers * FIXED_SLEEPS_S;
    rows.push(Row {
        what: "the same by FabulAWS's schedule",
        measured: theirs / bound,
        budget: None,
        unit: "×",
        how: format!(
            "{theirs:.0} s; {FIXED_SLEEPS_S} s of fixed sleeps for each server. Saved: {:.0} s a server",
            (theirs - took) / servers
        ),
    });
    rows.push(Row {
        what: "saved for each server is at least 45 s",
        measured: 45.0 / ((theirs - took) / servers),
        budget: Some(1.0),
        unit: "×",
        how: "45 s by what is saved".into(),
    });
    let requests = leaping(async {
        let world = World::of(SERVERS).await;
        let options = Options { full: true, ..world.earlier(&world.facts().await) };
        let count = || world.cloud.requests().values().sum::<u64>();
        let before = count();
        world.run("rollback", &options).await;
        count() - before
    });
    rows.push(Row {
        what: "full deploy, requests to AWS",
        measured: f64::from(u32::try_from(requests).unwrap()),
        budget: Some(150.0),
        unit: "",
        how: "the engine's and the plan's own; FabulAWS makes 501".into(),
    });
}
