//! The AWS adapter of the cloud port.
//!
//! | what is read | requests |
//! |---|---|
//! | servers | one per 1,000 instances of the deployment; foreign instances are filtered out by EC2 |
//! | groups, launch configurations | one per 100 names |
//! | load balancers | one per 100 names; when one is missing, one more per 400 that the account has |
//! | health of members | one per load balancer, however many members |
//! | template versions | one per template |
//! | images | one per 200 ids, or per 1,000 of a name |
//! | releases | one per 100 launch configurations of the account, or per 200 versions of the template |
//! | notes | one per 10 |
//! | room for more servers, when something is planned | one for subnets; three for vCPUs, and one more per 1,000 instances that run in the account |
//! | what environments stand on, when something is planned or judged | one each for VPCs and key pairs, one for security groups per 1,000 in the region |
//! | certificates | one per 1,000 of ACM, or of IAM, and one for each that our load balancers serve |
//! | what whoever asks may do, when it is judged | one for a role's name, and one per 100 actions |
//! | a thing by its name, when it is made or deleted | one |
//! | what a region has, when a project is set up | one each for zones, networks, subnets and Ubuntu's images |
//! | console output | one or two per server whose host key is not known yet |
//! | activities | one per group |
//! | metrics | one per 500 queries; CloudWatch bills each query |
//!
//! Nothing else costs a request per server. Every request is logged at debug level with its AWS action. No SDK
//! type leaves this folder, and every text but a note's passes `fleet::text::one_line` on its way out.
//!
//! What changes something is [`AwsChange`], a type of its own that nobody makes who may only read.

mod autoscaling;
mod certificates;
mod change;
mod clean_xml;
mod clients;
mod cloudwatch;
mod connect;
mod ec2;
mod elb;
mod errors;
mod ground;
mod machines;
mod offers;
mod region;
mod releases;
mod rights;
mod room;
mod ssm;
mod sts;
mod translate;
pub(crate) mod x509;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use change::AwsChange;
pub use connect::{Deadlines, Options, connect};

use super::{Answer, CloudError, CloudRead, Note};
use crate::fleet::{
    Activity, Certificate, CertificateSource, CreditMode, DeploymentName, Endpoint, FoundThing, Group,
    GroupName, Identity, Image, ImageId, InstanceId, KeyPair, LaunchSettings, LaunchSource, LoadBalancer,
    LoadBalancerName, MachineStatus, MemberHealth, MetricKey, RegionOffers, SecurityGroup, Series, Server,
    Source, SubnetChoice, SubnetRoom, Thing, VcpuClass, VcpuRoom, Vpc,
};
use clients::{Clients, Way};
use errors::Call;

/// One AWS account and region, read through the SDK. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct AwsCloud {
    endpoint: Endpoint,
    deadlines: Deadlines,
    way: Arc<Way>,
}

impl AwsCloud {
    /// One request about to be made: it is logged, and what is returned explains how it failed.
    fn call(&self, action: &'static str, about: &str) -> Call {
        let call = Call::new(action, about, &self.endpoint);
        tracing::debug!(target: "quarterdeck::aws", action, about = call.about(), "request");
        call
    }

    /// The clients of the moment.
    fn clients(&self) -> Arc<Clients> {
        self.way.clients()
    }

    /// Ends a read of several requests when their common deadline has passed.
    async fn within<T>(&self, action: &'static str, read: impl Future<Output = Answer<T>>) -> Answer<T> {
        self.in_time(read).await.unwrap_or_else(|| {
            Err(CloudError::Unreachable(format!(
                "{action} in {} had not ended after {} s and was given up; try again, and if it stays so look \
                 for what slows the connection",
                self.endpoint.region,
                self.deadlines.read.as_secs_f32()
            )))
        })
    }

    /// What the work gives; none when its deadline has passed. After a failure for want of credentials they are
    /// looked for anew first.
    async fn in_time<T>(&self, work: impl Future<Output = Answer<T>>) -> Option<Answer<T>> {
        let work = Box::pin(work);
        let work = async {
            self.way.renew(&self.endpoint).await;
            work.await
        };
        let answer = tokio::time::timeout(self.deadlines.read, work).await.ok()?;
        if let Err(CloudError::Credentials(_)) = &answer {
            self.way.doubt();
        }
        Some(answer)
    }
}

#[async_trait]
impl CloudRead for AwsCloud {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    async fn identity(&self) -> Answer<Identity> {
        self.within(Source::StsGetCallerIdentity.action(), sts::identity(self)).await
    }

    async fn servers(&self, deployment: &DeploymentName) -> Answer<Vec<Server>> {
        self.within(Source::Ec2DescribeInstances.action(), ec2::servers(self, deployment)).await
    }

    async fn machine_status(&self, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, MachineStatus>> {
        self.within(Source::Ec2InstanceStatus.action(), machines::status(self, ids)).await
    }

    async fn credit_modes(&self, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, CreditMode>> {
        self.within(Source::Ec2CreditSpecifications.action(), machines::credit_modes(self, ids)).await
    }

    async fn groups(&self, names: &[GroupName]) -> Answer<Vec<Group>> {
        self.within(Source::AutoScalingDescribeGroups.action(), autoscaling::groups(self, names)).await
    }

    async fn load_balancers(&self, names: &[LoadBalancerName]) -> Answer<Vec<LoadBalancer>> {
        self.within(Source::ElbDescribeLoadBalancers.action(), elb::load_balancers(self, names)).await
    }

    async fn draining(
        &self,
        balancers: &[LoadBalancerName],
    ) -> Answer<BTreeMap<LoadBalancerName, Option<u32>>> {
        self.within(Source::ElbAttributes.action(), elb::draining(self, balancers)).await
    }

    async fn member_health(&self, balancer: &LoadBalancerName) -> Answer<Vec<MemberHealth>> {
        self.within(Source::ElbDescribeInstanceHealth.action(), elb::member_health(self, balancer)).await
    }

    async fn launch_settings(&self, sources: &[LaunchSource]) -> Answer<Vec<LaunchSettings>> {
        let read = async {
            let mut settings = autoscaling::launch_configurations(self, sources).await?;
            settings.extend(ec2::template_versions(self, sources).await?);
            Ok(settings)
        };
        self.within(Source::LaunchSettings.action(), read).await
    }

    async fn images(&self, ids: &[ImageId]) -> Answer<Vec<Image>> {
        self.within(Source::Ec2DescribeImages.action(), ec2::images(self, ids)).await
    }

    async fn console_output(&self, instance: &InstanceId) -> Answer<Option<String>> {
        self.within(Source::Ec2ConsoleOutput.action(), ec2::console_output(self, instance)).await
    }

    async fn activities(&self, group: &GroupName, limit: u8) -> Answer<Vec<Activity>> {
        let read = autoscaling::activities(self, group, limit);
        self.within(Source::AutoScalingDescribeActivities.action(), read).await
    }

    async fn metrics(&self, keys: &[MetricKey], window: Duration) -> Answer<BTreeMap<MetricKey, Series>> {
        let read = cloudwatch::metrics(self, keys, window);
        self.within(Source::CloudWatchGetMetricData.action(), read).await
    }

    async fn releases(&self, like: &LaunchSource, prefix: &str) -> Answer<Vec<LaunchSettings>> {
        self.within(Source::LaunchSettings.action(), releases::releases(self, like, prefix)).await
    }

    async fn images_named(&self, prefix: &str) -> Answer<Vec<Image>> {
        self.within(Source::Ec2DescribeImages.action(), ec2::images_named(self, prefix)).await
    }

    async fn notes(&self, path: &str) -> Answer<Vec<Note>> {
        self.within(ssm::ACTION, ssm::notes(self, path)).await
    }

    async fn subnets(&self, choice: &SubnetChoice) -> Answer<Vec<SubnetRoom>> {
        self.within(room::SUBNETS, room::subnets(self, choice)).await
    }

    async fn offers(&self) -> Answer<RegionOffers> {
        self.within(offers::ZONES, Box::pin(offers::offers(self))).await
    }

    async fn vcpus(&self, class: VcpuClass, instance_type: &str) -> Answer<VcpuRoom> {
        self.within(room::QUOTA, Box::pin(room::vcpus(self, class, instance_type))).await
    }

    async fn vpcs(&self) -> Answer<Vec<Vpc>> {
        self.within(ground::VPCS, ground::vpcs(self)).await
    }

    async fn security_groups(&self) -> Answer<Vec<SecurityGroup>> {
        self.within(ground::SECURITY_GROUPS, ground::security_groups(self)).await
    }

    async fn key_pairs(&self) -> Answer<Vec<KeyPair>> {
        self.within(ground::KEY_PAIRS, ground::key_pairs(self)).await
    }

    async fn certificates(&self, source: CertificateSource, closely: &[String]) -> Answer<Vec<Certificate>> {
        let read = Box::pin(certificates::certificates(self, source, closely));
        self.within(source.reading().action(), read).await
    }

    async fn allowed(
        &self,
        identity: &Identity,
        actions: &[&'static str],
        resources: &[String],
    ) -> Answer<BTreeMap<String, bool>> {
        self.within(rights::SIMULATE, Box::pin(rights::allowed(self, identity, actions, resources))).await
    }

    async fn thing(&self, thing: &Thing) -> Answer<Option<FoundThing>> {
        self.within(ground::action(thing), Box::pin(ground::thing(self, thing))).await
    }
}
