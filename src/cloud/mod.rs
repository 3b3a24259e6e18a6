//! The cloud port: what the console asks of AWS, in our own words.
//!
//! Adapters: `aws` (the SDK) and `sandbox` (a simulated fleet). No SDK type leaves an adapter. The port is
//! split in [`CloudRead`] and [`CloudChange`]. With read-only nothing that changes the cloud is ever constructed.

#[cfg(feature = "aws")]
pub mod aws;
mod change;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use change::{CloudChange, LaunchSpec, Rehearsal, ServerSpec};

use crate::fleet::{
    Activity, Certificate, CertificateSource, CreditMode, DeploymentName, Endpoint, FailureKind, FoundThing,
    Ground, GroundQuestion, Group, GroupName, Identity, Image, ImageId, InstanceId, KeyPair, LaunchSettings,
    LaunchSource, LoadBalancer, LoadBalancerName, MachineStatus, MemberHealth, MetricKey, RegionOffers, Room,
    RoomQuestion, SecurityGroup, Series, Server, SubnetChoice, SubnetRoom, Thing, VcpuClass, VcpuRoom, Vpc,
};

/// Why the cloud did not answer as asked. The kinds are what a caller must decide on; every message says
/// what happened, to what, and what to do next, on one printable line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// AWS asked for fewer requests (`Throttling`, `RequestLimitExceeded`): try again later, less often.
    #[error("{0}")]
    Throttled(String),
    /// The credentials may not do this; the message names the action.
    #[error("{0}")]
    Denied(String),
    /// No credentials, or expired ones.
    #[error("{0}")]
    Credentials(String),
    /// Refused, timed out, no such host: nothing is known about the cloud's state.
    #[error("{0}")]
    Unreachable(String),
    /// The named thing does not exist.
    #[error("{0}")]
    Absent(String),
    /// Something of this name is there already.
    #[error("{0}")]
    Exists(String),
    /// AWS refused it for what was asked, and nothing happened.
    #[error("{0}")]
    Refused(String),
    /// Anything else, an answer that makes no sense among it.
    #[error("{0}")]
    Other(String),
}

impl CloudError {
    /// The kind a reading remembers.
    #[must_use]
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::Throttled(_) => FailureKind::Throttled,
            Self::Denied(_) => FailureKind::Denied,
            Self::Credentials(_) => FailureKind::Credentials,
            Self::Unreachable(_) => FailureKind::Unreachable,
            Self::Absent(_) => FailureKind::Absent,
            Self::Exists(_) | Self::Refused(_) | Self::Other(_) => FailureKind::Other,
        }
    }

    /// Whether a change that ended so may have happened all the same.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Other(_))
    }
}

/// A small text kept in the cloud under a name (an SSM parameter).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its name, a path: `/quarterdeck/…`.
    pub name: String,
    /// What it says.
    pub text: String,
    /// When it was last written.
    pub written_at: Option<Timestamp>,
}

/// What every read gives.
pub type Answer<T> = Result<T, CloudError>;

/// The reading half of the cloud. Every call ends within the adapter's own deadline.
#[async_trait]
pub trait CloudRead: Send + Sync {
    /// The clock of this cloud; the sandbox's runs at its own speed.
    fn now(&self) -> Timestamp;

    /// Returns when so much of this cloud's time has passed. The engine waits in no other way, so that a simulated
    /// cloud waits at its own speed.
    async fn pause(&self, time: Duration);

    /// Where it leads.
    fn endpoint(&self) -> &Endpoint;

    /// Who we are (STS `GetCallerIdentity`).
    async fn identity(&self) -> Answer<Identity>;

    /// Every instance tagged with this deployment, terminated ones too while AWS lists them
    /// (EC2 `DescribeInstances`, one paginated call).
    async fn servers(&self, deployment: &DeploymentName) -> Answer<Vec<Server>>;

    /// What EC2 says of the machines below those of these servers that run (EC2 `DescribeInstanceStatus`: one request for a
    /// hundred, else in pages over all that runs in the account).
    async fn machine_status(&self, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, MachineStatus>>;

    /// What becomes of these servers, all of burstable types, without CPU credits (EC2
    /// `DescribeInstanceCreditSpecifications`, 1,000 servers a request).
    async fn credit_modes(&self, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, CreditMode>>;

    /// Those of the named groups that exist (`DescribeAutoScalingGroups`, 100 names a request).
    async fn groups(&self, names: &[GroupName]) -> Answer<Vec<Group>>;

    /// Those of the named load balancers that exist (`DescribeLoadBalancers`).
    async fn load_balancers(&self, names: &[LoadBalancerName]) -> Answer<Vec<LoadBalancer>>;

    /// For how many seconds each of these load balancers lets requests end at a server that leaves; none where draining is off
    /// (`DescribeLoadBalancerAttributes`, one request each).
    async fn draining(
        &self,
        balancers: &[LoadBalancerName],
    ) -> Answer<BTreeMap<LoadBalancerName, Option<u32>>>;

    /// Health of every member (`DescribeInstanceHealth`, one request).
    async fn member_health(&self, balancer: &LoadBalancerName) -> Answer<Vec<MemberHealth>>;

    /// What these configurations and template versions say; those that are gone are left out
    /// (`DescribeLaunchConfigurations` in one call, `DescribeLaunchTemplateVersions` once per template).
    async fn launch_settings(&self, sources: &[LaunchSource]) -> Answer<Vec<LaunchSettings>>;

    /// Those of the images that exist (EC2 `DescribeImages`, one request).
    async fn images(&self, ids: &[ImageId]) -> Answer<Vec<Image>>;

    /// What the instance printed on its console, as far as AWS keeps it: the newest 64 KB; none when it keeps
    /// nothing (EC2 `GetConsoleOutput`, one request, and another where the first shows no host keys). It is raw:
    /// not cleaned for a terminal.
    async fn console_output(&self, instance: &InstanceId) -> Answer<Option<String>>;

    /// The group's newest activities, newest first (`DescribeScalingActivities`, one request).
    async fn activities(&self, group: &GroupName, limit: u8) -> Answer<Vec<Activity>>;

    /// The numbers of the last `window`, at one-minute periods where AWS has them
    /// (`GetMetricData`, at most 500 queries a request; billed per metric).
    /// A key without points gives an empty series; one that CloudWatch could not or would not tell is absent.
    async fn metrics(&self, keys: &[MetricKey], window: Duration) -> Answer<BTreeMap<MetricKey, Series>>;

    /// The launch configurations of this prefix, or the versions of this launch template, newest first, as far as they
    /// name a release (`DescribeLaunchConfigurations`, `DescribeLaunchTemplateVersions`). `prefix` is
    /// `<deployment>_<environment>_lc_`.
    async fn releases(&self, like: &LaunchSource, prefix: &str) -> Answer<Vec<LaunchSettings>>;

    /// Images of this deployment's own account whose names begin so (`DescribeImages`, one paginated call).
    async fn images_named(&self, prefix: &str) -> Answer<Vec<Image>>;

    /// Notes whose names begin with this path (SSM `GetParametersByPath`, 10 a request), in order of their names.
    async fn notes(&self, path: &str) -> Answer<Vec<Note>>;

    /// The subnets there are of these, with their free addresses (EC2 `DescribeSubnets`, one request).
    async fn subnets(&self, choice: &SubnetChoice) -> Answer<Vec<SubnetRoom>>;

    /// The vCPUs that the account may run of a class, what it runs of it whoever launched that, and what one server of
    /// this type takes (Service Quotas `GetServiceQuota`, EC2 `DescribeInstances` of everything that runs,
    /// `DescribeInstanceTypes`): to be asked when something is planned, not again and again.
    async fn vcpus(&self, class: VcpuClass, instance_type: &str) -> Answer<VcpuRoom>;

    /// Every VPC of the region (EC2 `DescribeVpcs`, one request).
    async fn vpcs(&self) -> Answer<Vec<Vpc>>;

    /// Every security group of the region with what it lets in (EC2 `DescribeSecurityGroups`, one paginated call): to be
    /// asked when something is planned or judged, not again and again.
    async fn security_groups(&self) -> Answer<Vec<SecurityGroup>>;

    /// Every key pair of the region (EC2 `DescribeKeyPairs`, one request).
    async fn key_pairs(&self) -> Answer<Vec<KeyPair>>;

    /// The certificates that ACM (in this region) or IAM keeps for load balancers (ACM `ListCertificates` in pages, IAM
    /// `ListServerCertificates`). Those of these ARNs are looked at closely, a request each (ACM `DescribeCertificate`):
    /// how their renewal goes, and all of their names. One of them that is not in the answer does not exist.
    async fn certificates(&self, source: CertificateSource, closely: &[String]) -> Answer<Vec<Certificate>>;

    /// The thing of this name with its tags, if it is there: `DescribeSecurityGroups`, `DescribeKeyPairs`,
    /// `DescribeLaunchTemplates`, `DescribeAutoScalingGroups`, or `DescribeLoadBalancers` and `DescribeTags`.
    async fn thing(&self, thing: &Thing) -> Answer<Option<FoundThing>>;

    /// What environments stand on, read side by side.
    async fn ground(&self, asked: &GroundQuestion) -> Ground {
        let both = futures_util::future::join(self.vpcs(), self.subnets(&asked.subnets));
        let balancers = async {
            if asked.balancers.is_empty() {
                Ok(Vec::new())
            } else {
                self.load_balancers(&asked.balancers).await
            }
        };
        let certificates = async {
            let mut known = BTreeMap::new();
            for source in asked.certificates.iter().flat_map(|_| CertificateSource::ALL) {
                let closely = asked.certificates.iter().flatten();
                let closely: Vec<String> =
                    closely.filter(|arn| CertificateSource::of(arn) == Some(source)).cloned().collect();
                let found = self.certificates(source, &closely).await;
                known.insert(source, found.map_err(|error| error.to_string()));
            }
            known
        };
        let others = futures_util::future::join3(self.security_groups(), self.key_pairs(), balancers);
        let ((vpcs, subnets), (groups, keys, balancers), certificates) =
            futures_util::future::join3(both, others, certificates).await;
        Ground {
            vpcs: vpcs.map_err(|error| error.to_string()),
            subnets: subnets.map_err(|error| error.to_string()),
            security_groups: groups.map_err(|error| error.to_string()),
            keys: keys.map_err(|error| error.to_string()),
            balancers: balancers.map_err(|error| error.to_string()),
            certificates,
        }
    }

    /// What the region has for a new project to choose from: zones, networks, subnets, Ubuntu's newest images (EC2
    /// `DescribeAvailabilityZones`, `DescribeVpcs`, `DescribeSubnets`, `DescribeImages`): to be asked when something is
    /// set up.
    async fn offers(&self) -> Answer<RegionOffers> {
        Err(CloudError::Other("what the region has for a new project cannot be asked here".into()))
    }

    /// Which of these actions whoever asks may do on these resources, or on any, as far as IAM says by simulation (IAM
    /// `SimulatePrincipalPolicy`, and `GetRole` where it is a role): to be asked when something is judged.
    async fn allowed(
        &self,
        identity: &Identity,
        actions: &[&'static str],
        resources: &[String],
    ) -> Answer<BTreeMap<String, bool>> {
        let _ = (identity, actions, resources);
        Err(CloudError::Other("what whoever asks may do cannot be asked here".into()))
    }

    /// What room there is for more servers, both kinds read side by side.
    async fn room(&self, asked: &RoomQuestion) -> Room {
        let vcpus = async {
            let Some(kind) = &asked.instance_type else {
                return Err("which type of server that is, nothing says".to_owned());
            };
            match VcpuClass::of(kind) {
                Some(class) => self.vcpus(class, kind).await.map_err(|error| error.to_string()),
                None => Err(format!("which quota servers of type {kind} count against, is not known here")),
            }
        };
        let (subnets, vcpus) = futures_util::future::join(self.subnets(&asked.subnets), vcpus).await;
        Room { subnets: subnets.map_err(|error| error.to_string()), vcpus }
    }
}
