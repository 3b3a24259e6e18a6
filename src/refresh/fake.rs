//! A scripted cloud for tests: says what it is told, counts calls, and notes how many run at once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::cloud::{Answer, CloudError, CloudRead, Note};
use crate::fleet::sample::Parts;
pub(crate) use crate::fleet::sample::{configuration, epoch};
use crate::fleet::{
    Activity, Certificate, CertificateSource, CreditMode, DeploymentName, Endpoint, FoundThing, Group,
    GroupName, Identity, Image, ImageId, InstanceId, KeyPair, LaunchSettings, LaunchSource, LoadBalancer,
    LoadBalancerName, MachineStatus, MemberHealth, MetricKey, SecurityGroup, Series, Server, Source,
    SubnetChoice, SubnetRoom, Thing, Topology, VcpuClass, VcpuRoom, Vpc,
};

/// How a call goes.
#[derive(Clone, Debug, Default)]
pub(crate) enum Script {
    #[default]
    Answer,
    Fail(CloudError),
    Hang,
    Slow(Duration),
}

#[derive(Debug, Default)]
pub(crate) struct World {
    parts: Parts,
    /// By the AWS action's name.
    pub(crate) scripts: BTreeMap<&'static str, Script>,
    pub(crate) calls: Vec<(&'static str, Duration)>,
    pub(crate) metric_requests: Vec<Vec<MetricKey>>,
    pub(crate) image_requests: Vec<Vec<ImageId>>,
    pub(crate) launch_requests: Vec<Vec<LaunchSource>>,
    pub(crate) notes: Vec<Note>,
    pub(crate) consoles: BTreeMap<InstanceId, String>,
    pub(crate) running: BTreeMap<&'static str, usize>,
    pub(crate) most_at_once: usize,
    pub(crate) most_alike: BTreeMap<&'static str, usize>,
}

impl Deref for World {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.parts
    }
}

/// The cloud; clones share one world.
#[derive(Clone, Debug)]
pub(crate) struct Fake {
    world: Arc<Mutex<World>>,
    begun: Instant,
    pub(crate) endpoint: Endpoint,
}

struct Running<'a>(&'a Fake, &'static str);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(n) = self.0.world().running.get_mut(self.1) {
            *n -= 1;
        }
    }
}

impl Fake {
    pub(crate) fn new(world: World) -> Self {
        let endpoint = Endpoint { region: "us-east-1".into(), ..Endpoint::default() };
        Self { world: Arc::new(Mutex::new(world)), begun: Instant::now(), endpoint }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn script(&self, source: Source, script: Script) {
        self.world().scripts.insert(source.action(), script);
    }

    pub(crate) fn calls(&self, source: Source) -> usize {
        self.world().calls.iter().filter(|(action, _)| *action == source.action()).count()
    }

    pub(crate) fn all_calls(&self) -> usize {
        self.world().calls.len()
    }

    async fn call(&self, source: Source) -> Answer<()> {
        let action = source.action();
        let script = {
            let mut world = self.world();
            world.calls.push((action, self.begun.elapsed()));
            *world.running.entry(action).or_default() += 1;
            let (all, alike) = (world.running.values().sum(), world.running[action]);
            world.most_at_once = world.most_at_once.max(all);
            let most = world.most_alike.entry(action).or_default();
            *most = alike.max(*most);
            world.scripts.get(action).cloned().unwrap_or_default()
        };
        let _running = Running(self, action);
        match script {
            Script::Answer => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok(())
            }
            Script::Fail(error) => Err(error),
            Script::Hang => std::future::pending().await,
            Script::Slow(time) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
        }
    }
}

#[async_trait]
impl CloudRead for Fake {
    fn now(&self) -> Timestamp {
        epoch() + SignedDuration::try_from(self.begun.elapsed()).unwrap()
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    async fn identity(&self) -> Answer<Identity> {
        self.call(Source::StsGetCallerIdentity).await?;
        let arn = "arn:aws:sts::123456789012:assumed-role/ops/jane".into();
        Ok(Identity { account: "123456789012".into(), arn })
    }

    async fn servers(&self, _: &DeploymentName) -> Answer<Vec<Server>> {
        self.call(Source::Ec2DescribeInstances).await?;
        Ok(self.world().servers.clone())
    }

    async fn machine_status(&self, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, MachineStatus>> {
        assert!(!ids.is_empty(), "no ids would mean all instances of the account");
        self.call(Source::Ec2InstanceStatus).await?;
        Ok(ids.iter().map(|id| (id.clone(), MachineStatus::default())).collect())
    }

    async fn credit_modes(&self, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, CreditMode>> {
        assert!(!ids.is_empty());
        self.call(Source::Ec2CreditSpecifications).await?;
        Ok(ids.iter().map(|id| (id.clone(), CreditMode::Standard)).collect())
    }

    async fn groups(&self, names: &[GroupName]) -> Answer<Vec<Group>> {
        assert!(!names.is_empty(), "no names would mean all groups");
        self.call(Source::AutoScalingDescribeGroups).await?;
        Ok(self.world().groups.iter().filter(|g| names.contains(&g.name)).cloned().collect())
    }

    async fn load_balancers(&self, names: &[LoadBalancerName]) -> Answer<Vec<LoadBalancer>> {
        assert!(!names.is_empty(), "no names would mean all load balancers");
        self.call(Source::ElbDescribeLoadBalancers).await?;
        Ok(self.world().load_balancers.iter().filter(|b| names.contains(&b.name)).cloned().collect())
    }

    async fn draining(
        &self,
        balancers: &[LoadBalancerName],
    ) -> Answer<BTreeMap<LoadBalancerName, Option<u32>>> {
        assert!(!balancers.is_empty());
        self.call(Source::ElbAttributes).await?;
        Ok(balancers.iter().map(|name| (name.clone(), Some(300))).collect())
    }

    async fn member_health(&self, balancer: &LoadBalancerName) -> Answer<Vec<MemberHealth>> {
        self.call(Source::ElbDescribeInstanceHealth).await?;
        let absent = || CloudError::Absent(format!("There is no load balancer {balancer}"));
        self.world().health.get(balancer).cloned().ok_or_else(absent)
    }

    async fn launch_settings(&self, sources: &[LaunchSource]) -> Answer<Vec<LaunchSettings>> {
        assert!(!sources.is_empty());
        self.world().launch_requests.push(sources.to_vec());
        self.call(Source::LaunchSettings).await?;
        Ok(self.world().launch.iter().filter(|l| sources.contains(&l.source)).cloned().collect())
    }

    async fn images(&self, ids: &[ImageId]) -> Answer<Vec<Image>> {
        assert!(!ids.is_empty());
        self.world().image_requests.push(ids.to_vec());
        self.call(Source::Ec2DescribeImages).await?;
        Ok(self.world().images.iter().filter(|i| ids.contains(&i.id)).cloned().collect())
    }

    async fn console_output(&self, instance: &InstanceId) -> Answer<Option<String>> {
        self.call(Source::Ec2ConsoleOutput).await?;
        Ok(self.world().consoles.get(instance).cloned())
    }

    async fn activities(&self, _: &GroupName, _: u8) -> Answer<Vec<Activity>> {
        self.call(Source::AutoScalingDescribeActivities).await?;
        Ok(self.world().activities.clone())
    }

    async fn metrics(&self, keys: &[MetricKey], _: Duration) -> Answer<BTreeMap<MetricKey, Series>> {
        self.world().metric_requests.push(keys.to_vec());
        self.call(Source::CloudWatchGetMetricData).await?;
        let now = self.now();
        let series = || Series { period: Duration::from_secs(60), points: vec![(now, 1.0)] };
        Ok(keys.iter().cloned().map(|key| (key, series())).collect())
    }

    async fn releases(&self, _: &LaunchSource, _: &str) -> Answer<Vec<LaunchSettings>> {
        Ok(self.world().launch.clone())
    }

    async fn images_named(&self, _: &str) -> Answer<Vec<Image>> {
        Ok(self.world().images.clone())
    }

    async fn notes(&self, path: &str) -> Answer<Vec<Note>> {
        self.call(Source::SsmGetParametersByPath).await?;
        Ok(self.world().notes.iter().filter(|note| note.name.starts_with(path)).cloned().collect())
    }

    async fn subnets(&self, _: &SubnetChoice) -> Answer<Vec<SubnetRoom>> {
        unreachable!("room is looked at when something is planned, never in the loop")
    }

    async fn vcpus(&self, _: VcpuClass, _: &str) -> Answer<VcpuRoom> {
        unreachable!("room is looked at when something is planned, never in the loop")
    }

    async fn vpcs(&self) -> Answer<Vec<Vpc>> {
        unreachable!("the ground is looked at when something is planned, never in the loop")
    }

    async fn security_groups(&self) -> Answer<Vec<SecurityGroup>> {
        unreachable!("the ground is looked at when something is planned, never in the loop")
    }

    async fn key_pairs(&self) -> Answer<Vec<KeyPair>> {
        unreachable!("the ground is looked at when something is planned, never in the loop")
    }

    async fn certificates(&self, source: CertificateSource, _: &[String]) -> Answer<Vec<Certificate>> {
        self.call(source.reading()).await?;
        let world = self.world();
        Ok(world.certificates.iter().filter(|one| one.source == source).cloned().collect())
    }

    async fn thing(&self, _: &Thing) -> Answer<Option<FoundThing>> {
        unreachable!("things are looked for by who makes them, never in the loop")
    }
}

/// A world of environments that are as they should be, and the config for it.
pub(crate) fn fleet(environments: &[(&str, usize)]) -> (Fake, Arc<Topology>) {
    let mut world = World::default();
    let environments = environments.iter().map(|(name, web)| world.add(name, *web)).collect();
    let topology = Topology {
        deployment: "myproject".into(),
        region: "us-east-1".into(),
        environments,
        ssh_address: crate::fleet::AddressChoice::Private,
    };
    (Fake::new(world), Arc::new(topology))
}

/// All environments on screen.
pub(crate) fn everything(topology: &Topology) -> BTreeSet<crate::fleet::EnvironmentName> {
    topology.environments.iter().map(|e| e.name.clone()).collect()
}
