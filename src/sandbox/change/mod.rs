//! The sandbox behind the changing half of the cloud port, with AWS's own refusals. Each change is one transaction
//! that brings the world to the present, changes rows and writes down what follows.

mod balancer;
mod cdn;
mod ground;
mod group;
mod launch;
mod note;
mod power;
mod server;

use async_trait::async_trait;

use super::SandboxCloud;
use super::read::View;
use super::tick::Moment;
use crate::cloud::{Answer, CloudChange, CloudError, LaunchSpec, ServerSpec};
use crate::fleet::{
    DistributionId, GroupName, ImageId, InstanceId, LaunchSource, LoadBalancerName, NewGroup, NewKeyPair,
    NewLoadBalancer, NewSecurityGroup, NewTemplate, Process, Rule, SecurityGroupId, Sizes,
};

/// What a change gives: an error of the world, or AWS's answer.
type Changed<T> = rusqlite::Result<Answer<T>>;

/// Something that AWS does not do.
#[allow(clippy::unnecessary_wraps, reason = "changes end with it")]
fn refused<T>(why: impl Into<String>) -> Changed<T> {
    Ok(Err(CloudError::Refused(why.into())))
}

/// Something that is not there.
#[allow(clippy::unnecessary_wraps, reason = "changes end with it")]
fn absent<T>(why: impl Into<String>) -> Changed<T> {
    Ok(Err(CloudError::Absent(why.into())))
}

impl<'a> View<'a> {
    /// The present, as things that happen see it.
    const fn moment(&self) -> Moment<'a> {
        Moment { c: self.c, dice: self.dice, at: self.now }
    }
}

#[async_trait]
impl CloudChange for SandboxCloud {
    async fn suspend(&self, group: &GroupName, processes: &[Process]) -> Answer<()> {
        let (group, processes) = (group.as_str().to_owned(), processes.to_vec());
        self.write("autoscaling:SuspendProcesses", move |view| group::suspend(&view, &group, &processes))
            .await
    }

    async fn resume(&self, group: &GroupName, processes: &[Process]) -> Answer<()> {
        let (group, processes) = (group.as_str().to_owned(), processes.to_vec());
        self.write("autoscaling:ResumeProcesses", move |view| group::resume(&view, &group, &processes)).await
    }

    async fn set_sizes(&self, group: &GroupName, sizes: Sizes) -> Answer<()> {
        let group = group.as_str().to_owned();
        self.write(UPDATE_GROUP, move |view| group::set_sizes(&view, &group, sizes)).await
    }

    async fn set_policies(&self, group: &GroupName, policies: &[String]) -> Answer<()> {
        let (group, policies) = (group.as_str().to_owned(), policies.to_vec());
        self.write(UPDATE_GROUP, move |view| group::set_policies(&view, &group, &policies)).await
    }

    async fn set_launch(&self, group: &GroupName, launch: &LaunchSource) -> Answer<()> {
        let (group, launch) = (group.as_str().to_owned(), launch.clone());
        self.write(UPDATE_GROUP, move |view| group::set_launch(&view, &group, &launch)).await
    }

    async fn register(&self, balancer: &LoadBalancerName, servers: &[InstanceId]) -> Answer<()> {
        let (balancer, servers) = (balancer.as_str().to_owned(), servers.to_vec());
        self.write("elasticloadbalancing:RegisterInstancesWithLoadBalancer", move |view| {
            balancer::register(&view, &balancer, &servers)
        })
        .await
    }

    async fn deregister(&self, balancer: &LoadBalancerName, servers: &[InstanceId]) -> Answer<()> {
        let (balancer, servers) = (balancer.as_str().to_owned(), servers.to_vec());
        self.write("elasticloadbalancing:DeregisterInstancesFromLoadBalancer", move |view| {
            balancer::deregister(&view, &balancer, &servers)
        })
        .await
    }

    async fn terminate_member(&self, server: &InstanceId, shrink: bool) -> Answer<()> {
        let server = server.as_str().to_owned();
        self.write("autoscaling:TerminateInstanceInAutoScalingGroup", move |view| {
            group::terminate_member(&view, &server, shrink)
        })
        .await
    }

    async fn launch(&self, server: &ServerSpec) -> Answer<InstanceId> {
        let server = server.clone();
        self.write("ec2:RunInstances", move |view| server::launch(&view, &server)).await
    }

    async fn tag(&self, server: &InstanceId, tags: &[(String, String)]) -> Answer<()> {
        let (server, tags) = (server.as_str().to_owned(), tags.to_vec());
        self.write("ec2:CreateTags", move |view| server::tag(&view, &server, &tags)).await
    }

    async fn terminate(&self, servers: &[InstanceId]) -> Answer<()> {
        let servers = servers.to_vec();
        self.write("ec2:TerminateInstances", move |view| server::terminate(&view, &servers)).await
    }

    async fn reboot(&self, servers: &[InstanceId]) -> Answer<()> {
        let servers = servers.to_vec();
        self.write("ec2:RebootInstances", move |view| power::reboot(&view, &servers)).await
    }

    async fn stop(&self, servers: &[InstanceId]) -> Answer<()> {
        let servers = servers.to_vec();
        self.write("ec2:StopInstances", move |view| power::stop(&view, &servers)).await
    }

    async fn create_image(&self, server: &InstanceId, name: &str) -> Answer<ImageId> {
        let (server, name) = (server.as_str().to_owned(), name.to_owned());
        self.write("ec2:CreateImage", move |view| server::create_image(&view, &server, &name)).await
    }

    async fn create_launch(&self, launch: &LaunchSpec) -> Answer<LaunchSource> {
        let launch = launch.clone();
        let action = match &launch.like {
            LaunchSource::Configuration { .. } => "autoscaling:CreateLaunchConfiguration",
            LaunchSource::Template { .. } => "ec2:CreateLaunchTemplateVersion",
        };
        self.write(action, move |view| launch::create(&view, &launch)).await
    }

    async fn delete_launch(&self, launch: &LaunchSource) -> Answer<()> {
        let launch = launch.clone();
        let action = match &launch {
            LaunchSource::Configuration { .. } => "autoscaling:DeleteLaunchConfiguration",
            LaunchSource::Template { .. } => "ec2:DeleteLaunchTemplateVersions",
        };
        self.write(action, move |view| launch::delete(&view, &launch)).await
    }

    async fn delete_image(&self, image: &ImageId) -> Answer<()> {
        let image = image.as_str().to_owned();
        self.write("ec2:DeregisterImage", move |view| server::delete_image(&view, &image)).await
    }

    async fn create_security_group(&self, group: &NewSecurityGroup) -> Answer<SecurityGroupId> {
        let group = group.clone();
        self.write("ec2:CreateSecurityGroup", move |view| ground::create_security_group(&view, &group)).await
    }

    async fn authorize(&self, group: &SecurityGroupId, rules: &[Rule]) -> Answer<()> {
        let (group, rules) = (group.as_str().to_owned(), rules.to_vec());
        self.write("ec2:AuthorizeSecurityGroupIngress", move |view| ground::authorize(&view, &group, &rules))
            .await
    }

    async fn revoke(&self, group: &SecurityGroupId, rules: &[Rule]) -> Answer<()> {
        let (group, rules) = (group.as_str().to_owned(), rules.to_vec());
        self.write("ec2:RevokeSecurityGroupIngress", move |view| ground::revoke(&view, &group, &rules)).await
    }

    async fn delete_security_group(&self, group: &SecurityGroupId) -> Answer<()> {
        let group = group.as_str().to_owned();
        self.write("ec2:DeleteSecurityGroup", move |view| ground::delete_security_group(&view, &group)).await
    }

    async fn import_key_pair(&self, key: &NewKeyPair) -> Answer<()> {
        let key = key.clone();
        self.write("ec2:ImportKeyPair", move |view| ground::import_key_pair(&view, &key)).await
    }

    async fn delete_key_pair(&self, name: &str) -> Answer<()> {
        let name = name.to_owned();
        self.write("ec2:DeleteKeyPair", move |view| ground::delete_key_pair(&view, &name)).await
    }

    async fn create_load_balancer(&self, balancer: &NewLoadBalancer) -> Answer<()> {
        let balancer = balancer.clone();
        self.write("elasticloadbalancing:CreateLoadBalancer", move |view| {
            ground::create_balancer(&view, &balancer)
        })
        .await
    }

    async fn configure_load_balancer(&self, balancer: &NewLoadBalancer) -> Answer<()> {
        let balancer = balancer.clone();
        self.write("elasticloadbalancing:ConfigureHealthCheck", move |view| {
            ground::configure_balancer(&view, &balancer)
        })
        .await
    }

    async fn set_certificate(&self, balancer: &LoadBalancerName, port: u16, arn: &str) -> Answer<()> {
        let (balancer, arn) = (balancer.as_str().to_owned(), arn.to_owned());
        self.write("elasticloadbalancing:SetLoadBalancerListenerSSLCertificate", move |view| {
            balancer::set_certificate(&view, &balancer, port, &arn)
        })
        .await
    }

    async fn delete_load_balancer(&self, name: &LoadBalancerName) -> Answer<()> {
        let name = name.as_str().to_owned();
        self.write("elasticloadbalancing:DeleteLoadBalancer", move |view| {
            ground::delete_balancer(&view, &name)
        })
        .await
    }

    async fn create_template(&self, template: &NewTemplate) -> Answer<LaunchSource> {
        let template = template.clone();
        self.write("ec2:CreateLaunchTemplate", move |view| ground::create_template(&view, &template)).await
    }

    async fn delete_template(&self, name: &str) -> Answer<()> {
        let name = name.to_owned();
        self.write("ec2:DeleteLaunchTemplate", move |view| ground::delete_template(&view, &name)).await
    }

    async fn create_group(&self, group: &NewGroup) -> Answer<()> {
        let group = group.clone();
        self.write("autoscaling:CreateAutoScalingGroup", move |view| ground::create_group(&view, &group))
            .await
    }

    async fn delete_group(&self, group: &GroupName) -> Answer<()> {
        let group = group.as_str().to_owned();
        self.write("autoscaling:DeleteAutoScalingGroup", move |view| ground::delete_group(&view, &group))
            .await
    }

    async fn invalidate(
        &self,
        distribution: &DistributionId,
        paths: &[String],
        reference: &str,
    ) -> Answer<String> {
        let (distribution, reference) = (distribution.as_str().to_owned(), reference.to_owned());
        let paths = paths.to_vec();
        self.write("cloudfront:CreateInvalidation", move |view| {
            cdn::invalidate(&view, &distribution, &paths, &reference)
        })
        .await
    }

    async fn put_note(&self, name: &str, text: &str, replace: bool) -> Answer<()> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.write("ssm:PutParameter", move |view| note::put(&view, &name, &text, replace)).await
    }

    async fn delete_notes(&self, names: &[String]) -> Answer<()> {
        let names = names.to_vec();
        self.write("ssm:DeleteParameters", move |view| note::delete(&view, &names)).await
    }
}

const UPDATE_GROUP: &str = "autoscaling:UpdateAutoScalingGroup";
