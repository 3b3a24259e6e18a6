//! Whole deploys on a cloud that others wrote, with the real planners, engine and journal, and with everything that can
//! go wrong between the two. The servers are simulated; on real ones see `tests/lab_fleet/deploying.rs`.

pub mod hosts;
pub mod hurried;
mod runs;
mod trouble;

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use quarterdeck::cloud::aws::AwsChange;
use quarterdeck::cloud::{CloudChange, CloudRead, LaunchSpec};
use quarterdeck::config;
use quarterdeck::engine::run::{
    Grip, Launch, News, NotBegun, Pages, Ports, Secrets, Started, Story, Texts, begin, resume,
};
use quarterdeck::engine::store::RunState;
use quarterdeck::engine::{RunId, Store};
use quarterdeck::fleet::{
    Group, GroupName, HealthState, ImageId, InstanceId, LaunchSource, LoadBalancerName, Topology,
};
use quarterdeck::operation::{self, FRESH, Facts, Options};
use quarterdeck::plan::typed::{PASSPHRASE, Typed};
use quarterdeck::plan::{Page, Plan};
use quarterdeck::template::SiteFacts;
use quarterdeck::{recipe, refresh};
use serde_json::Value;

use self::hosts::Hosts;
use self::hurried::{Hurried, SPEED};
use crate::kit::{Wire, with_credentials};
use crate::library::{run, seeded};

/// The code of the release that is deployed.
pub const NEW: &str = "feedfacefeedfacefeedfacefeedfacefeedface";

/// An environment of two web servers, with a release more than they run.
pub struct Site {
    began: (Timestamp, Instant),
    pub hosts: Hosts,
    pub wire: Wire,
    pub topology: Topology,
    pub staging: Value,
    pub dir: tempfile::TempDir,
    /// What is deployed.
    pub release: LaunchSource,
    image: ImageId,
    /// What the project's templates and secrets are, and what makes their texts; none where there is no project.
    pub project: Option<(SiteFacts, Texts)>,
}

/// The site, and one program that looks after it. What it has begun ends with it, wherever that stands, as with a kill.
pub struct Life<'s> {
    site: &'s Site,
    pub cloud: Arc<Hurried>,
    pub change: AwsChange,
}

impl Deref for Life<'_> {
    type Target = Site;

    fn deref(&self) -> &Site {
        self.site
    }
}

/// Runs the body of the test `deploying::<name>` on such an environment.
fn site(name: &str, seed: &'static [&'static str], body: impl FnOnce(&Site)) {
    place(&format!("deploying::{name}"), seed, |site| body(site));
}

/// Runs the body of the test of this name on such an environment.
pub fn place(name: &str, seed: &'static [&'static str], body: impl FnOnce(&mut Site)) {
    with_credentials(name, seeded(seed), |url, made| {
        let home = std::env::var("HOME").unwrap();
        let project = config::load(None, Path::new(&home)).project.unwrap();
        let topology = Topology { region: "us-east-1".into(), ..project.topology(None).unwrap() };
        let staging = made["envs"]["staging"].clone();
        let group: GroupName = staging["group"].as_str().unwrap().into();
        let began = (Timestamp::now(), Instant::now());
        let (image, release) = run(async |cloud| {
            let change = cloud.change();
            make_release(&Hurried::since(began, cloud), &change, &group, NEW).await
        });
        let (hosts, dir) = (Hosts::default(), tempfile::tempdir().unwrap());
        let wire = Wire::to(url);
        body(&mut Site { began, hosts, wire, topology, staging, dir, release, image, project: None });
    });
}

impl Site {
    pub fn live<T>(&self, life: impl AsyncFnOnce(Life<'_>) -> T) -> T {
        run(async |cloud| {
            let change = cloud.change();
            life(Life { site: self, cloud: Arc::new(Hurried::since(self.began, cloud)), change }).await
        })
    }
}

/// A release as somebody else would make one.
pub async fn make_release(
    cloud: &Hurried,
    change: &AwsChange,
    group: &GroupName,
    code: &str,
) -> (ImageId, LaunchSource) {
    let group = cloud.groups(std::slice::from_ref(group)).await.unwrap().remove(0);
    let at = cloud.now().strftime("%Y.%m.%d-%H.%M.%S").to_string();
    let like = group.launch.clone().unwrap();
    let image = change
        .create_image(&group.members[0].instance, &format!("myproject_staging_web_{at}_{code}"))
        .await
        .unwrap();
    while cloud.images(std::slice::from_ref(&image)).await.unwrap()[0].state != "available" {
        cloud.pause(std::time::Duration::from_secs(4)).await;
    }
    let spec = LaunchSpec {
        like,
        image: image.clone(),
        name: format!("myproject_staging_lc_{at}_{code}"),
        instance_type: None,
    };
    (image, change.create_launch(&spec).await.unwrap())
}

impl Life<'_> {
    fn ports(&self) -> Ports {
        let mut typed = Typed::default();
        typed.put(PASSPHRASE, "correct horse");
        let place = operation::place(&self.topology, "staging").unwrap();
        Ports {
            read: Arc::clone(&self.cloud) as Arc<dyn CloudRead>,
            change: Arc::new(self.change.clone()),
            look: Arc::new(self.hosts.clone()),
            act: Arc::new(self.hosts.clone()),
            deployment: self.topology.deployment.clone(),
            address: self.topology.ssh_address,
            pages: Pages {
                show: recipe::page::show(&place.layout),
                off: recipe::page::set(&place.layout, Page::Off),
                healthy: recipe::page::set(&place.layout, Page::Healthy),
                unhealthy: recipe::page::set(&place.layout, Page::Unhealthy),
            },
            evidence: None,
            texts: self.project.as_ref().map(|(_, texts)| Arc::clone(texts)),
            // Which file is written, and how, is the project's own affair.
            secrets: self.project.as_ref().map(|_| -> Secrets { Arc::new(|_| Ok(())) }),
        }
        .told(typed)
    }

    fn store(&self) -> Store {
        let cloud = Arc::clone(&self.cloud);
        Store::new(self.dir.path(), Arc::new(move || cloud.now()))
    }

    pub async fn plan(&self, operation: &str, options: &Options) -> Result<Plan, String> {
        let place = operation::place(&self.topology, "staging").unwrap();
        let cloud = Arc::clone(&self.cloud) as Arc<dyn CloudRead>;
        let snapshot =
            refresh::once(cloud, None, Arc::new(self.topology.clone()), refresh::Limits::ONCE).await;
        let releases = match self.group().await.launch {
            Some(like) => self.cloud.releases(&like, "myproject_staging_lc_").await.unwrap(),
            None => Vec::new(),
        };
        let mut facts = Facts {
            snapshot: &snapshot,
            topology: &self.topology,
            place,
            releases: &releases,
            now: self.cloud.now(),
            fresh: SignedDuration::from_secs(FRESH.as_secs() * i64::from(SPEED)),
            room: None,
            ground: None,
            repo: None,
            site: self.project.as_ref().map(|(site, _)| site),
        };
        let operation = operation::find(operation).unwrap();
        let ground = match operation.ground(&facts, options) {
            Some(asked) => Some(self.cloud.ground(&asked).await),
            None => None,
        };
        facts.ground = ground.as_ref();
        let room = match operation.room(&facts, options) {
            Some(asked) => Some(self.cloud.room(&asked).await),
            None => None,
        };
        facts.room = room.as_ref();
        operation.plan(&facts, options).map_err(|refused| refused.to_string())
    }

    /// Deploys the release in this way, and waits for the end.
    async fn deploy(&self, operation: &str) -> (RunState, Story) {
        ended(self.begin(operation).await).await
    }

    async fn begin(&self, operation: &str) -> Started {
        let options = Options { release: Some(NEW.into()), ..Options::default() };
        self.begin_with(operation, &options).await
    }

    pub async fn begin_with(&self, operation: &str, options: &Options) -> Started {
        let plan = self.plan(operation, options).await.unwrap_or_else(|why| panic!("{operation}: {why}"));
        begin(self.ports(), self.store(), plan, launch()).await.unwrap()
    }

    async fn again(&self, id: &RunId, undo: bool) -> Started {
        self.take_up(id, undo).await.unwrap()
    }

    pub async fn take_up(&self, id: &RunId, undo: bool) -> Result<Started, NotBegun> {
        resume(self.ports(), self.store(), id.clone(), undo, launch()).await
    }

    pub async fn group(&self) -> Group {
        let name: GroupName = self.staging["group"].as_str().unwrap().into();
        self.cloud.groups(&[name]).await.unwrap().remove(0)
    }

    /// Members that stay, in order.
    pub async fn members(&self) -> Vec<InstanceId> {
        let group = self.group().await;
        let staying = group.members.iter().filter(|member| !member.lifecycle.starts_with("Terminat"));
        let mut ids: Vec<InstanceId> = staying.map(|member| member.instance.clone()).collect();
        ids.sort();
        ids
    }

    /// Servers in service at the load balancer, in order.
    pub async fn serving(&self) -> Vec<InstanceId> {
        let balancer: LoadBalancerName = self.staging["load_balancer"].as_str().unwrap().into();
        let health = self.cloud.member_health(&balancer).await.unwrap();
        let serving = health.into_iter().filter(|member| member.state == HealthState::InService);
        let mut ids: Vec<InstanceId> = serving.map(|member| member.instance).collect();
        ids.sort();
        ids
    }

    /// What a run borrows.
    async fn kept(&self) -> String {
        let group = self.group().await;
        let mut suspended: Vec<&str> = group.suspended.iter().map(|one| one.process.as_str()).collect();
        suspended.sort_unstable();
        format!(
            "{} {suspended:?} {:?} {:?}",
            group.sizes(),
            group.termination_policies,
            self.hosts_with_page().await
        )
    }

    async fn hosts_with_page(&self) -> Vec<InstanceId> {
        let members = self.members().await;
        self.hosts.pages().into_iter().filter(|server| members.contains(server)).collect()
    }

    /// That the release is deployed, and everything else is as it was.
    async fn assert_deployed(&self, kept: &str, old: &[InstanceId]) {
        let group = self.group().await;
        assert_eq!(group.launch.as_ref(), Some(&self.release));
        assert_eq!(self.kept().await, kept);
        let members = self.members().await;
        assert_eq!(members.len(), old.len());
        assert!(members.iter().all(|id| !old.contains(id)), "{members:?}");
        assert_eq!(self.serving().await, members);
    }

    /// That nothing but code on workers was touched: the same servers serve, and the group launches what it did.
    async fn assert_untouched(&self, kept: &str, old: &[InstanceId], launch: Option<&LaunchSource>) {
        assert_eq!(self.group().await.launch.as_ref(), launch);
        assert_eq!(self.kept().await, kept);
        assert_eq!((self.members().await, self.serving().await), (old.to_vec(), old.to_vec()));
    }
}

fn launch() -> Launch {
    Launch {
        who: "ana@laptop".into(),
        identity: "arn:aws:iam::123456789012:user/ana".into(),
        grip: Grip::Take,
    }
}

/// Follows a run to its end.
pub async fn ended(started: Started) -> (RunState, Story) {
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
