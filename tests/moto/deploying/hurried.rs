//! The cloud on a clock that runs faster than ours: what waits for minutes is over in seconds, over the wire all the
//! same.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use quarterdeck::cloud::aws::AwsCloud;
use quarterdeck::cloud::{Answer, CloudRead, Note};
use quarterdeck::fleet::{
    Activity, Certificate, CertificateSource, CreditMode, DeploymentName, Endpoint, FoundThing, Group,
    GroupName, Identity, Image, ImageId, InstanceId, KeyPair, LaunchSettings, LaunchSource, LoadBalancer,
    LoadBalancerName, MachineStatus, MemberHealth, MetricKey, SecurityGroup, Series, Server, SubnetChoice,
    SubnetRoom, Thing, VcpuClass, VcpuRoom, Vpc,
};

/// Seconds of its clock for one of ours.
pub const SPEED: u32 = 40;

/// The cloud, hurried.
pub struct Hurried {
    cloud: AwsCloud,
    began: (Timestamp, Instant),
}

impl Hurried {
    /// With a clock that has run since then.
    pub const fn since(began: (Timestamp, Instant), cloud: AwsCloud) -> Self {
        Self { cloud, began }
    }
}

#[async_trait]
impl CloudRead for Hurried {
    fn now(&self) -> Timestamp {
        self.began.0 + SignedDuration::try_from(self.began.1.elapsed() * SPEED).unwrap()
    }

    async fn pause(&self, time: Duration) {
        self.cloud.pause(time / SPEED).await;
    }

    fn endpoint(&self) -> &Endpoint {
        self.cloud.endpoint()
    }

    async fn identity(&self) -> Answer<Identity> {
        self.cloud.identity().await
    }

    async fn servers(&self, deployment: &DeploymentName) -> Answer<Vec<Server>> {
        self.cloud.servers(deployment).await
    }

    async fn machine_status(&self, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, MachineStatus>> {
        self.cloud.machine_status(ids).await
    }

    async fn draining(
        &self,
        balancers: &[LoadBalancerName],
    ) -> Answer<BTreeMap<LoadBalancerName, Option<u32>>> {
        self.cloud.draining(balancers).await
    }

    async fn credit_modes(&self, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, CreditMode>> {
        self.cloud.credit_modes(ids).await
    }

    async fn groups(&self, names: &[GroupName]) -> Answer<Vec<Group>> {
        self.cloud.groups(names).await
    }

    async fn load_balancers(&self, names: &[LoadBalancerName]) -> Answer<Vec<LoadBalancer>> {
        self.cloud.load_balancers(names).await
    }

    async fn member_health(&self, balancer: &LoadBalancerName) -> Answer<Vec<MemberHealth>> {
        self.cloud.member_health(balancer).await
    }

    async fn launch_settings(&self, sources: &[LaunchSource]) -> Answer<Vec<LaunchSettings>> {
        self.cloud.launch_settings(sources).await
    }

    async fn images(&self, ids: &[ImageId]) -> Answer<Vec<Image>> {
        self.cloud.images(ids).await
    }

    async fn console_output(&self, instance: &InstanceId) -> Answer<Option<String>> {
        self.cloud.console_output(instance).await
    }

    async fn activities(&self, group: &GroupName, limit: u8) -> Answer<Vec<Activity>> {
        self.cloud.activities(group, limit).await
    }

    async fn metrics(&self, keys: &[MetricKey], window: Duration) -> Answer<BTreeMap<MetricKey, Series>> {
        self.cloud.metrics(keys, window).await
    }

    async fn releases(&self, like: &LaunchSource, prefix: &str) -> Answer<Vec<LaunchSettings>> {
        self.cloud.releases(like, prefix).await
    }

    async fn images_named(&self, prefix: &str) -> Answer<Vec<Image>> {
        self.cloud.images_named(prefix).await
    }

    async fn notes(&self, path: &str) -> Answer<Vec<Note>> {
        self.cloud.notes(path).await
    }

    async fn subnets(&self, choice: &SubnetChoice) -> Answer<Vec<SubnetRoom>> {
        self.cloud.subnets(choice).await
    }

    async fn vcpus(&self, class: VcpuClass, instance_type: &str) -> Answer<VcpuRoom> {
        self.cloud.vcpus(class, instance_type).await
    }

    async fn vpcs(&self) -> Answer<Vec<Vpc>> {
        self.cloud.vpcs().await
    }

    async fn security_groups(&self) -> Answer<Vec<SecurityGroup>> {
        self.cloud.security_groups().await
    }

    async fn key_pairs(&self) -> Answer<Vec<KeyPair>> {
        self.cloud.key_pairs().await
    }

    async fn certificates(&self, source: CertificateSource, closely: &[String]) -> Answer<Vec<Certificate>> {
        self.cloud.certificates(source, closely).await
    }

    async fn thing(&self, thing: &Thing) -> Answer<Option<FoundThing>> {
        self.cloud.thing(thing).await
    }
}
