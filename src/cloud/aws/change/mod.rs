//! The changing half of the adapter.
//!
//! | change | requests |
//! |---|---|
//! | what a group launches from now on | two: a mixed instances policy is kept but for its template |
//! | a launch configuration or template version | two: what is copied is read first; three where disks name snapshots |
//! | deletion of an image | two, and one per snapshot |
//! | the shape of a load balancer | two: its health check, its attributes |
//! | rules of a security group of which some are there, or gone, already | one more per rule |
//! | deletion of notes | one per 10 |
//! | termination of several servers of which one is unknown | one per server |
//! | anything else | one |
//!
//! **Nothing is sent twice after an answer that leaves open whether it happened**: these clients never repeat by
//! themselves. Only where AWS asked for fewer requests is a change sent again here, for it did not happen. What is
//! read on the way to a change goes through the reading clients, which do repeat.

mod autoscaling;
mod balancer;
mod cloudfront;
mod disks;
mod ec2;
mod elb;
mod ground;
mod images;
mod launch;
mod rehearse;
mod ssm;
mod template;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};

use super::AwsCloud;
use super::clients::Clients;
use crate::cloud::{Answer, CloudChange, CloudError, LaunchSpec, Rehearsal, ServerSpec};
use crate::fleet::{
    DistributionId, GroupName, ImageId, InstanceId, LaunchSource, LoadBalancerName, NewGroup, NewKeyPair,
    NewLoadBalancer, NewSecurityGroup, NewTemplate, Process, Rule, SecurityGroupId, Sizes,
};

/// How long a change waits before it is sent again, each time that AWS asks for fewer requests.
const BUSY: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// How long a refusal is not believed: EC2 does not know at once, at every place, what was just made or deleted.
const PATIENCE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// The same account and region, to be changed through the SDK. Made only where changes are allowed.
#[derive(Clone, Debug)]
pub struct AwsChange {
    /// What is read on the way.
    read: AwsCloud,
    /// The clients that never repeat.
    once: AwsCloud,
}

impl AwsCloud {
    /// The changing half. Never called with `--read-only`.
    #[must_use]
    pub fn change(&self) -> AwsChange {
        let once = Self { way: Arc::new(self.way.once()), ..self.clone() };
        AwsChange { read: self.clone(), once }
    }
}

impl AwsChange {
    /// The clients that never repeat.
    fn clients(&self) -> Arc<Clients> {
        self.once.clients()
    }

    /// Sends a change, and again only while AWS asks for fewer requests.
    async fn send<T, E, F>(&self, action: &'static str, about: &str, request: impl Fn() -> F) -> Answer<T>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut pauses = BUSY.into_iter();
        loop {
            let call = self.once.call(action, about).changing();
            match (request().await.map_err(|e| call.fail(e)), pauses.next()) {
                (Err(CloudError::Throttled(_)), Some(pause)) => tokio::time::sleep(pause).await,
                (answer, _) => return answer,
            }
        }
    }

    /// Ends a change when its deadline has passed.
    fn within<'a, T: Send + 'a>(
        &'a self,
        action: &'static str,
        change: impl Future<Output = Answer<T>> + Send + 'a,
    ) -> impl Future<Output = Answer<T>> + Send + 'a {
        // Futures of the SDK are large: this one goes to the heap before it is moved any further.
        let change = Box::pin(change);
        async move {
            self.once.in_time(change).await.unwrap_or_else(|| {
                Err(CloudError::Unreachable(format!(
                    "{action} in {} had not ended after {} s and was given up; it may have happened all the same: \
                     look before asking again",
                    self.once.endpoint.region,
                    self.once.deadlines.read.as_secs_f32()
                )))
            })
        }
    }
}

/// Does it again for a while as long as it fails so, and then lets it be: `None`.
async fn unless<T, F>(change: impl Fn() -> F, is_passing: impl Fn(&CloudError) -> bool) -> Answer<Option<T>>
where
    F: Future<Output = Answer<T>>,
{
    let mut pauses = PATIENCE.into_iter();
    loop {
        match (change().await, pauses.next()) {
            (Err(error), Some(pause)) if is_passing(&error) => tokio::time::sleep(pause).await,
            (Err(error), None) if is_passing(&error) => return Ok(None),
            (answer, _) => return answer.map(Some),
        }
    }
}

/// Whether AWS does not know the thing.
const fn is_absent(error: &CloudError) -> bool {
    matches!(error, CloudError::Absent(_))
}

/// What is said of several things: the name when there is one, else how many.
fn listed(kind: &str, names: &[impl ToString]) -> String {
    match names {
        [one] => format!("{kind} {}", one.to_string()),
        many => format!("{} {kind}s", many.len()),
    }
}

/// An answer that says yes and leaves out what was asked for.
fn incomplete(action: &str, missing: &str) -> CloudError {
    CloudError::Other(format!(
        "the answer to {action} names no {missing}: it may have happened; look before asking again"
    ))
}

#[async_trait]
impl CloudChange for AwsChange {
    async fn rehearse(&self, rehearsal: &Rehearsal) -> Answer<bool> {
        self.within(rehearse::action(rehearsal), rehearse::rehearse(self, rehearsal)).await
    }

    async fn suspend(&self, group: &GroupName, processes: &[Process]) -> Answer<()> {
        self.within(autoscaling::SUSPEND, autoscaling::suspend(self, group, processes)).await
    }

    async fn resume(&self, group: &GroupName, processes: &[Process]) -> Answer<()> {
        self.within(autoscaling::RESUME, autoscaling::resume(self, group, processes)).await
    }

    async fn set_sizes(&self, group: &GroupName, sizes: Sizes) -> Answer<()> {
        self.within(autoscaling::UPDATE, autoscaling::set_sizes(self, group, sizes)).await
    }

    async fn set_policies(&self, group: &GroupName, policies: &[String]) -> Answer<()> {
        self.within(autoscaling::UPDATE, autoscaling::set_policies(self, group, policies)).await
    }

    async fn set_launch(&self, group: &GroupName, launch: &LaunchSource) -> Answer<()> {
        self.within(autoscaling::UPDATE, autoscaling::set_launch(self, group, launch)).await
    }

    async fn register(&self, balancer: &LoadBalancerName, servers: &[InstanceId]) -> Answer<()> {
        self.within(elb::REGISTER, elb::register(self, balancer, servers)).await
    }

    async fn deregister(&self, balancer: &LoadBalancerName, servers: &[InstanceId]) -> Answer<()> {
        self.within(elb::DEREGISTER, elb::deregister(self, balancer, servers)).await
    }

    async fn terminate_member(&self, server: &InstanceId, shrink: bool) -> Answer<()> {
        self.within(autoscaling::TERMINATE, autoscaling::terminate_member(self, server, shrink)).await
    }

    async fn launch(&self, server: &ServerSpec) -> Answer<InstanceId> {
        self.within(ec2::RUN, ec2::launch(self, server)).await
    }

    async fn tag(&self, server: &InstanceId, tags: &[(String, String)]) -> Answer<()> {
        self.within(ec2::TAG, ec2::tag(self, server, tags)).await
    }

    async fn terminate(&self, servers: &[InstanceId]) -> Answer<()> {
        self.within(ec2::TERMINATE, ec2::terminate(self, servers)).await
    }

    async fn reboot(&self, servers: &[InstanceId]) -> Answer<()> {
        self.within(ec2::REBOOT, ec2::reboot(self, servers)).await
    }

    async fn stop(&self, servers: &[InstanceId]) -> Answer<()> {
        self.within(ec2::STOP, ec2::stop(self, servers)).await
    }

    async fn create_image(&self, server: &InstanceId, name: &str) -> Answer<ImageId> {
        self.within(images::CREATE, images::create(self, server, name)).await
    }

    async fn create_launch(&self, launch: &LaunchSpec) -> Answer<LaunchSource> {
        self.within(launch::action(&launch.like), launch::create(self, launch)).await
    }

    async fn delete_launch(&self, launch: &LaunchSource) -> Answer<()> {
        self.within(launch::deletion(launch), launch::delete(self, launch)).await
    }

    async fn delete_image(&self, image: &ImageId) -> Answer<()> {
        self.within(images::DEREGISTER, images::delete(self, image)).await
    }

    async fn create_security_group(&self, group: &NewSecurityGroup) -> Answer<SecurityGroupId> {
        self.within(ground::CREATE, ground::create(self, group)).await
    }

    async fn authorize(&self, group: &SecurityGroupId, rules: &[Rule]) -> Answer<()> {
        self.within(ground::AUTHORIZE, ground::authorize(self, group, rules)).await
    }

    async fn revoke(&self, group: &SecurityGroupId, rules: &[Rule]) -> Answer<()> {
        self.within(ground::REVOKE, ground::revoke(self, group, rules)).await
    }

    async fn delete_security_group(&self, group: &SecurityGroupId) -> Answer<()> {
        self.within(ground::DELETE, ground::delete(self, group)).await
    }

    async fn import_key_pair(&self, key: &NewKeyPair) -> Answer<()> {
        self.within(ground::IMPORT, ground::import(self, key)).await
    }

    async fn delete_key_pair(&self, name: &str) -> Answer<()> {
        self.within(ground::FORGET, ground::forget(self, name)).await
    }

    async fn create_load_balancer(&self, new: &NewLoadBalancer) -> Answer<()> {
        self.within(balancer::CREATE, balancer::create(self, new)).await
    }

    async fn configure_load_balancer(&self, new: &NewLoadBalancer) -> Answer<()> {
        self.within(balancer::CONFIGURE, balancer::configure(self, new)).await
    }

    async fn set_certificate(&self, balancer: &LoadBalancerName, port: u16, arn: &str) -> Answer<()> {
        self.within(elb::CERTIFICATE, elb::set_certificate(self, balancer, port, arn)).await
    }

    async fn delete_load_balancer(&self, name: &LoadBalancerName) -> Answer<()> {
        self.within(balancer::DELETE, balancer::delete(self, name)).await
    }

    async fn create_template(&self, new: &NewTemplate) -> Answer<LaunchSource> {
        self.within(template::CREATE, template::create(self, new)).await
    }

    async fn delete_template(&self, name: &str) -> Answer<()> {
        self.within(template::DELETE, template::delete(self, name)).await
    }

    async fn create_group(&self, new: &NewGroup) -> Answer<()> {
        self.within(template::CREATE_GROUP, template::create_group(self, new)).await
    }

    async fn delete_group(&self, group: &GroupName) -> Answer<()> {
        self.within(template::DELETE_GROUP, template::delete_group(self, group)).await
    }

    async fn invalidate(
        &self,
        distribution: &DistributionId,
        paths: &[String],
        reference: &str,
    ) -> Answer<String> {
        self.within(cloudfront::INVALIDATE, cloudfront::invalidate(self, distribution, paths, reference))
            .await
    }

    async fn put_note(&self, name: &str, text: &str, replace: bool) -> Answer<()> {
        self.within(ssm::PUT, ssm::put(self, name, text, replace)).await
    }

    async fn delete_notes(&self, names: &[String]) -> Answer<()> {
        self.within(ssm::DELETE, ssm::delete(self, names)).await
    }
}
