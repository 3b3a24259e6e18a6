//! The parts of a refresh: each is one call of the cloud port, with its own deadline.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Limits;
use crate::cloud::{Answer, CloudError, CloudRead};
use crate::fleet::{
    Activity, Certificate, CertificateSource, CreditMode, EnvironmentName, FailureKind, Group, GroupName,
    Identity, Image, ImageId, InstanceId, LaunchSettings, LaunchSource, LoadBalancer, LoadBalancerName, Lock,
    MachineStatus, MemberHealth, MetricKey, Series, Server, Source, Topology,
};
use crate::plan::lock::{self, Written};

/// How many activities of a group are read.
const ACTIVITIES: u8 = 20;

/// How far back metrics are read.
const WINDOW: Duration = Duration::from_secs(60 * 60);

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Identity,
    Servers,
    Groups,
    LoadBalancers,
    Locks,
    Health(LoadBalancerName),
    Activities(GroupName),
    Launch(Vec<LaunchSource>),
    Images(Vec<ImageId>),
    /// All of a source; those of these ARNs closely.
    Certificates(CertificateSource, Vec<String>),
    /// Of the machines below these servers.
    Checks(Vec<InstanceId>),
    CreditModes(Vec<InstanceId>),
    /// Of these load balancers.
    Draining(Vec<LoadBalancerName>),
    /// What runs out slowly.
    Balances(Vec<MetricKey>),
    Metrics(Vec<MetricKey>),
}

impl Part {
    /// Where its answer comes from.
    pub(crate) const fn source(&self) -> Source {
        match self {
            Self::Identity => Source::StsGetCallerIdentity,
            Self::Servers => Source::Ec2DescribeInstances,
            Self::Groups => Source::AutoScalingDescribeGroups,
            Self::LoadBalancers => Source::ElbDescribeLoadBalancers,
            Self::Locks => Source::SsmGetParametersByPath,
            Self::Health(_) => Source::ElbDescribeInstanceHealth,
            Self::Activities(_) => Source::AutoScalingDescribeActivities,
            Self::Launch(_) => Source::LaunchSettings,
            Self::Images(_) => Source::Ec2DescribeImages,
            Self::Certificates(source, _) => source.reading(),
            Self::Checks(_) => Source::Ec2InstanceStatus,
            Self::CreditModes(_) => Source::Ec2CreditSpecifications,
            Self::Draining(_) => Source::ElbAttributes,
            Self::Metrics(_) | Self::Balances(_) => Source::CloudWatchGetMetricData,
        }
    }
}

/// What a part gave.
#[derive(Debug)]
pub(crate) enum Found {
    Identity(Identity),
    Servers(Vec<Server>),
    Groups(Vec<Group>),
    LoadBalancers(Vec<LoadBalancer>),
    Locks(BTreeMap<EnvironmentName, Vec<Lock>>),
    Health(Vec<MemberHealth>),
    Activities(Vec<Activity>),
    Launch(Vec<LaunchSettings>),
    Images(Vec<Image>),
    Certificates(Vec<Certificate>),
    Checks(BTreeMap<InstanceId, MachineStatus>),
    CreditModes(BTreeMap<InstanceId, CreditMode>),
    Draining(BTreeMap<LoadBalancerName, Option<u32>>),
    Metrics(BTreeMap<MetricKey, Series>),
}

/// A part that has ended, well or not.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) part: Part,
    /// The cloud's time when the request left: what is known is at least this fresh.
    pub(crate) at: Timestamp,
    pub(crate) result: Answer<Found>,
}

/// Reads one part. Always ends: a call that hangs ends at the deadline, as a failure.
pub(crate) async fn fetch(
    cloud: Arc<dyn CloudRead>,
    topology: Arc<Topology>,
    part: Part,
    limits: Limits,
) -> Outcome {
    let mut tried = 0;
    loop {
        let at = cloud.now();
        let result = match tokio::time::timeout(limits.deadline, read(&*cloud, &topology, &part)).await {
            Ok(result) => result,
            Err(_) => Err(CloudError::Unreachable(format!(
                "No answer to {} within {} s: check the network and the endpoint",
                part.source().action(),
                limits.deadline.as_secs()
            ))),
        };
        match result {
            Err(error) if error.kind() == FailureKind::Throttled && tried < limits.retries => {
                tokio::time::sleep(limits.retry_after * 2_u32.pow(tried)).await;
                tried += 1;
            }
            result => return Outcome { part, at, result },
        }
    }
}

/// The call behind a part. What asks about nothing makes no request.
async fn read(cloud: &dyn CloudRead, topology: &Topology, part: &Part) -> Answer<Found> {
    Ok(match part {
        Part::Identity => Found::Identity(cloud.identity().await?),
        Part::Servers => Found::Servers(cloud.servers(&topology.deployment).await?),
        Part::Groups => {
            let names = topology.groups();
            Found::Groups(if names.is_empty() { Vec::new() } else { cloud.groups(&names).await? })
        }
        Part::LoadBalancers => {
            let names = topology.load_balancers();
            Found::LoadBalancers(if names.is_empty() {
                Vec::new()
            } else {
                cloud.load_balancers(&names).await?
            })
        }
        Part::Locks => {
            let deployment = &topology.deployment;
            let notes = cloud.notes(&lock::root(deployment)).await?;
            let written =
                notes.iter().map(|note| Written { name: &note.name, text: &note.text, at: note.written_at });
            Found::Locks(lock::locks(deployment, written))
        }
        Part::Health(name) => Found::Health(cloud.member_health(name).await?),
        Part::Activities(name) => Found::Activities(cloud.activities(name, ACTIVITIES).await?),
        Part::Launch(sources) if sources.is_empty() => Found::Launch(Vec::new()),
        Part::Launch(sources) => Found::Launch(cloud.launch_settings(sources).await?),
        Part::Images(ids) if ids.is_empty() => Found::Images(Vec::new()),
        Part::Images(ids) => Found::Images(cloud.images(ids).await?),
        Part::Certificates(source, closely) => {
            Found::Certificates(cloud.certificates(*source, closely).await?)
        }
        Part::Checks(ids) => Found::Checks(cloud.machine_status(ids).await?),
        Part::CreditModes(ids) => Found::CreditModes(cloud.credit_modes(ids).await?),
        Part::Draining(names) => Found::Draining(cloud.draining(names).await?),
        Part::Metrics(keys) | Part::Balances(keys) => Found::Metrics(cloud.metrics(keys, WINDOW).await?),
    })
}
