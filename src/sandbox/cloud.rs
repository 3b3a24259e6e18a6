//! The sandbox behind the cloud port.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::places::{ACCOUNT, DEPLOYMENT};
use super::{SandboxCloud, hosts, metrics, room};
use crate::cloud::{Answer, CloudError, CloudRead, Note};
use crate::fleet::{
    Activity, Certificate, CertificateSource, CreditMode, DeploymentName, Endpoint, FoundThing, Group,
    GroupName, Identity, Image, ImageId, InstanceId, KeyPair, LaunchSettings, LaunchSource, LoadBalancer,
    LoadBalancerName, MachineStatus, MemberHealth, MetricKey, RegionOffers, SecurityGroup, Series, Server,
    SubnetChoice, SubnetRoom, Thing, VcpuClass, VcpuRoom, Vpc,
};

#[async_trait]
impl CloudRead for SandboxCloud {
    fn now(&self) -> Timestamp {
        self.time()
    }

    async fn pause(&self, time: Duration) {
        self.wait(time).await;
    }

    fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }

    async fn identity(&self) -> Answer<Identity> {
        self.read("sts:GetCallerIdentity", |_| {
            Ok(Identity {
                account: ACCOUNT.to_owned(),
                arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/sandbox/operator"),
            })
        })
        .await
    }

    async fn servers(&self, deployment: &DeploymentName) -> Answer<Vec<Server>> {
        let ours = deployment.as_str() == DEPLOYMENT;
        self.read("ec2:DescribeInstances", move |view| if ours { view.servers() } else { Ok(Vec::new()) })
            .await
    }

    async fn machine_status(&self, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, MachineStatus>> {
        let ids = ids.to_vec();
        self.read("ec2:DescribeInstanceStatus", move |view| view.machine_status(&ids)).await
    }

    async fn credit_modes(&self, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, CreditMode>> {
        let ids = ids.to_vec();
        self.read("ec2:DescribeInstanceCreditSpecifications", move |view| view.credit_modes(&ids)).await
    }

    async fn groups(&self, names: &[GroupName]) -> Answer<Vec<Group>> {
        let names = names.to_vec();
        self.read("autoscaling:DescribeAutoScalingGroups", move |view| view.groups(&names)).await
    }

    async fn load_balancers(&self, names: &[LoadBalancerName]) -> Answer<Vec<LoadBalancer>> {
        let names = names.to_vec();
        self.read("elasticloadbalancing:DescribeLoadBalancers", move |view| view.load_balancers(&names)).await
    }

    async fn draining(
        &self,
        balancers: &[LoadBalancerName],
    ) -> Answer<BTreeMap<LoadBalancerName, Option<u32>>> {
        let names = balancers.to_vec();
        self.read("elasticloadbalancing:DescribeLoadBalancerAttributes", move |view| view.draining(&names))
            .await
    }

    async fn member_health(&self, balancer: &LoadBalancerName) -> Answer<Vec<MemberHealth>> {
        let name = balancer.clone();
        self.read("elasticloadbalancing:DescribeInstanceHealth", move |view| view.member_health(&name))
            .await?
            .ok_or_else(|| {
                CloudError::Absent(format!(
                    "There is no load balancer {balancer} in the sandbox (LoadBalancerNotFound)."
                ))
            })
    }

    async fn launch_settings(&self, sources: &[LaunchSource]) -> Answer<Vec<LaunchSettings>> {
        let sources = sources.to_vec();
        self.read("ec2:DescribeLaunchTemplateVersions", move |view| view.launch_settings(&sources)).await
    }

    async fn images(&self, ids: &[ImageId]) -> Answer<Vec<Image>> {
        let ids = ids.to_vec();
        self.read("ec2:DescribeImages", move |view| view.images(&ids)).await
    }

    async fn console_output(&self, instance: &InstanceId) -> Answer<Option<String>> {
        let id = instance.as_str().to_owned();
        let printed =
            self.read("ec2:GetConsoleOutput", move |view| hosts::console::printed(&view, &id)).await?;
        match printed {
            Some(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            None => Err(CloudError::Absent(format!("There is no instance {instance} in the sandbox."))),
        }
    }

    async fn activities(&self, group: &GroupName, limit: u8) -> Answer<Vec<Activity>> {
        let name = group.clone();
        self.read("autoscaling:DescribeScalingActivities", move |view| view.activities(&name, limit))
            .await?
            .ok_or_else(|| {
                CloudError::Absent(format!("There is no group {group} in the sandbox (ValidationError)."))
            })
    }

    async fn metrics(&self, keys: &[MetricKey], window: Duration) -> Answer<BTreeMap<MetricKey, Series>> {
        let keys = keys.to_vec();
        self.read("cloudwatch:GetMetricData", move |view| metrics::read(&view, &keys, window)).await
    }

    async fn releases(&self, like: &LaunchSource, prefix: &str) -> Answer<Vec<LaunchSettings>> {
        let (like, prefix) = (like.clone(), prefix.to_owned());
        let action = match &like {
            LaunchSource::Configuration { .. } => "autoscaling:DescribeLaunchConfigurations",
            LaunchSource::Template { .. } => "ec2:DescribeLaunchTemplateVersions",
        };
        self.read(action, move |view| view.releases(&like, &prefix)).await
    }

    async fn images_named(&self, prefix: &str) -> Answer<Vec<Image>> {
        let prefix = prefix.to_owned();
        self.read("ec2:DescribeImages", move |view| view.images_named(&prefix)).await
    }

    async fn notes(&self, path: &str) -> Answer<Vec<Note>> {
        let path = path.to_owned();
        self.read("ssm:GetParametersByPath", move |view| view.notes(&path)).await
    }

    async fn subnets(&self, choice: &SubnetChoice) -> Answer<Vec<SubnetRoom>> {
        let choice = choice.clone();
        self.read("ec2:DescribeSubnets", move |view| view.subnets(&choice)).await
    }

    async fn offers(&self) -> Answer<RegionOffers> {
        self.read("ec2:DescribeAvailabilityZones", |view| Ok(view.offers())).await
    }

    async fn vcpus(&self, class: VcpuClass, instance_type: &str) -> Answer<VcpuRoom> {
        let limit = self.read("servicequotas:GetServiceQuota", |view| view.vcpus_limit()).await?;
        let used = self.read("ec2:DescribeInstances", move |view| view.vcpus_used(class)).await?;
        let kind = instance_type.to_owned();
        let each = self.read("ec2:DescribeInstanceTypes", move |_| Ok(room::size(&kind))).await?;
        let each = each.ok_or_else(|| {
            CloudError::Absent(format!("There are no servers of type {instance_type} in the sandbox."))
        })?;
        Ok(VcpuRoom { class, limit, used, each })
    }

    async fn vpcs(&self) -> Answer<Vec<Vpc>> {
        self.read("ec2:DescribeVpcs", |view| view.vpcs()).await
    }

    async fn security_groups(&self) -> Answer<Vec<SecurityGroup>> {
        self.read("ec2:DescribeSecurityGroups", |view| view.security_groups()).await
    }

    async fn key_pairs(&self) -> Answer<Vec<KeyPair>> {
        self.read("ec2:DescribeKeyPairs", |view| view.key_pairs()).await
    }

    async fn certificates(&self, source: CertificateSource, _: &[String]) -> Answer<Vec<Certificate>> {
        let action = match source {
            CertificateSource::Acm => "acm:ListCertificates",
            CertificateSource::Iam => "iam:ListServerCertificates",
        };
        self.read(action, move |view| view.certificates(source)).await
    }

    async fn allowed(
        &self,
        _: &Identity,
        actions: &[&'static str],
        _: &[String],
    ) -> Answer<BTreeMap<String, bool>> {
        let all: BTreeMap<String, bool> = actions.iter().map(|action| ((*action).to_owned(), true)).collect();
        self.read("iam:SimulatePrincipalPolicy", move |_| Ok(all.clone())).await
    }

    async fn thing(&self, thing: &Thing) -> Answer<Option<FoundThing>> {
        let thing = thing.clone();
        let action = match thing {
            Thing::SecurityGroup { .. } => "ec2:DescribeSecurityGroups",
            Thing::KeyPair { .. } => "ec2:DescribeKeyPairs",
            Thing::LoadBalancer { .. } => "elasticloadbalancing:DescribeTags",
            Thing::Template { .. } => "ec2:DescribeLaunchTemplates",
            Thing::Group { .. } => "autoscaling:DescribeAutoScalingGroups",
        };
        self.read(action, move |view| view.thing(&thing)).await
    }
}
