//! All that is known about the fleet at one moment, each part with its age and source.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Activity, Certificate, CertificateSource, CreditMode, EnvironmentName, Group, GroupName, Image, ImageId,
    InstanceId, LaunchSettings, LaunchSource, LoadBalancer, LoadBalancerName, Lock, MachineStatus, Measured,
    Member, MemberHealth, MetricKey, Reading, Release, Series, Server, Since, Source,
};

/// Who we are towards the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The account number.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
}

impl Identity {
    /// The part of the ARN that people recognise: `ops/jane` of `…:assumed-role/ops/jane`.
    #[must_use]
    pub fn who(&self) -> &str {
        let resource = self.arn.rsplit_once(':').map_or(self.arn.as_str(), |(_, r)| r);
        resource.strip_prefix("assumed-role/").or_else(|| resource.strip_prefix("user/")).unwrap_or(resource)
    }
}

/// The fleet as last read. Cheap to share, compared by nobody: a new one replaces it.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// Who we are.
    pub identity: Reading<Identity>,
    /// Every server of the deployment, whatever its state, by id.
    pub servers: Reading<BTreeMap<InstanceId, Server>>,
    /// The groups that the config names and that exist.
    pub groups: Reading<BTreeMap<GroupName, Group>>,
    /// The load balancers that the config names and that exist.
    pub load_balancers: Reading<BTreeMap<LoadBalancerName, LoadBalancer>>,
    /// What EC2 says of the machines below servers that run.
    pub checks: Reading<BTreeMap<InstanceId, MachineStatus>>,
    /// What becomes of servers of burstable types without CPU credits.
    pub credit_modes: Reading<BTreeMap<InstanceId, CreditMode>>,
    /// For how many seconds load balancers let requests end at a server that leaves; none where they do not.
    pub draining: Reading<BTreeMap<LoadBalancerName, Option<u32>>>,
    /// CPU credits and bursts of disks that are left.
    pub balances: BTreeMap<MetricKey, Reading<Series>>,
    /// Health of members, per load balancer.
    pub health: BTreeMap<LoadBalancerName, Reading<Vec<MemberHealth>>>,
    /// Since when each member is in its state, as far as was seen.
    pub since: BTreeMap<LoadBalancerName, BTreeMap<InstanceId, Since>>,
    /// Launch configurations and template versions in use.
    pub launch: Reading<BTreeMap<LaunchSource, LaunchSettings>>,
    /// Images in use. One that was asked for and is not here does not exist (any more).
    pub images: Reading<BTreeMap<ImageId, Image>>,
    /// Locks that are held, and those whose runs have left something, by environment. One that is not here has neither.
    pub locks: Reading<BTreeMap<EnvironmentName, Vec<Lock>>>,
    /// Recent activities, newest first, of the groups somebody looks at.
    pub activities: BTreeMap<GroupName, Reading<Vec<Activity>>>,
    /// Certificates that load balancers can serve, by ARN; of a source that none of ours serves one of, nothing is read.
    pub certificates: BTreeMap<CertificateSource, Reading<BTreeMap<String, Certificate>>>,
    /// Numbers over time.
    pub metrics: BTreeMap<MetricKey, Reading<Series>>,
    /// What was measured on servers, by server.
    #[serde(skip)]
    pub measured: BTreeMap<InstanceId, Arc<Measured>>,
    /// Counts up with every change; equal revisions are equal snapshots.
    pub revision: u64,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            identity: Reading::never(Source::StsGetCallerIdentity),
            servers: Reading::never(Source::Ec2DescribeInstances),
            groups: Reading::never(Source::AutoScalingDescribeGroups),
            load_balancers: Reading::never(Source::ElbDescribeLoadBalancers),
            checks: Reading::never(Source::Ec2InstanceStatus),
            credit_modes: Reading::never(Source::Ec2CreditSpecifications),
            draining: Reading::never(Source::ElbAttributes),
            balances: BTreeMap::new(),
            health: BTreeMap::new(),
            since: BTreeMap::new(),
            launch: Reading::never(Source::LaunchSettings),
            images: Reading::never(Source::Ec2DescribeImages),
            locks: Reading::never(Source::SsmGetParametersByPath),
            activities: BTreeMap::new(),
            certificates: BTreeMap::new(),
            metrics: BTreeMap::new(),
            measured: BTreeMap::new(),
            revision: 0,
        }
    }
}

impl Snapshot {
    /// The group of this name, if it was read and exists.
    #[must_use]
    pub fn group(&self, name: &GroupName) -> Option<&Group> {
        self.groups.value()?.get(name)
    }

    /// The load balancer of this name, if it was read and exists.
    #[must_use]
    pub fn load_balancer(&self, name: &LoadBalancerName) -> Option<&LoadBalancer> {
        self.load_balancers.value()?.get(name)
    }

    /// The certificate of this ARN: none where it is not known whether there is one, nothing where there is none.
    #[must_use]
    #[allow(clippy::option_option, reason = "not known is not the same as not there")]
    pub fn certificate(&self, arn: &str) -> Option<Option<&Certificate>> {
        let all = self.certificates.get(&CertificateSource::of(arn)?)?.value()?;
        Some(all.get(arn))
    }

    /// The server of this id.
    #[must_use]
    pub fn server(&self, id: &InstanceId) -> Option<&Server> {
        self.servers.value()?.get(id)
    }

    /// What was measured on a server; none while nothing was tried.
    #[must_use]
    pub fn measured(&self, id: &InstanceId) -> Option<&Measured> {
        self.measured.get(id).map(Arc::as_ref)
    }

    /// The servers of an environment that are not gone, in order of role, standing, zone and id.
    #[must_use]
    pub fn servers_of(&self, environment: &EnvironmentName) -> Vec<&Server> {
        let mut found: Vec<&Server> = self
            .servers
            .value()
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter(|s| s.environment.as_ref() == Some(environment) && s.power != super::Power::Terminated)
            .collect();
        found.sort_by(|a, b| (&a.role, &a.zone, &a.id).cmp(&(&b.role, &b.zone, &b.id)));
        found
    }

    /// The servers of every environment that are not gone nor about to go, by environment, in order of id: one walk,
    /// for whoever looks at all environments.
    #[must_use]
    pub fn by_environment(&self) -> BTreeMap<&EnvironmentName, Vec<&Server>> {
        let mut all: BTreeMap<&EnvironmentName, Vec<&Server>> = BTreeMap::new();
        for server in self.servers.value().into_iter().flat_map(BTreeMap::values) {
            if let (Some(name), false) = (&server.environment, server.is_gone()) {
                all.entry(name).or_default().push(server);
            }
        }
        all
    }

    /// What a load balancer says of one instance.
    #[must_use]
    pub fn health_of(&self, balancer: &LoadBalancerName, instance: &InstanceId) -> Option<&MemberHealth> {
        self.health.get(balancer)?.value()?.iter().find(|m| m.instance == *instance)
    }

    /// Since when a member is in its state, as far as was seen.
    #[must_use]
    pub fn since(&self, balancer: &LoadBalancerName, instance: &InstanceId) -> Option<Since> {
        self.since.get(balancer)?.get(instance).copied()
    }

    /// Takes in a new read of a load balancer's members, and remembers since when each is as it is.
    pub fn note_members(&mut self, balancer: &LoadBalancerName, members: &[MemberHealth], at: Timestamp) {
        let before = self.health.get(balancer).and_then(Reading::value);
        let was: BTreeMap<_, _> = before.into_iter().flatten().map(|m| (&m.instance, m.severity())).collect();
        let old = self.since.get(balancer);
        let since = members.iter().map(|member| {
            let same = was.get(&member.instance) == Some(&member.severity());
            let kept = old.and_then(|all| all.get(&member.instance)).filter(|_| same);
            let since = kept.copied().unwrap_or(Since { at, turned: before.is_some() });
            (member.instance.clone(), since)
        });
        let since = since.collect();
        self.since.insert(balancer.clone(), since);
    }

    /// The metric's points, if ever read.
    #[must_use]
    pub fn series(&self, key: &MetricKey) -> Option<&Series> {
        self.metrics.get(key)?.value()
    }

    /// What the group launches now, with a moving version resolved where that was read.
    #[must_use]
    pub fn current_launch(&self, group: &Group) -> Option<LaunchSource> {
        let launch = group.launch.as_ref()?;
        let settings = self.launch.value().and_then(|all| all.get(launch));
        Some(settings.map_or_else(|| launch.clone(), |s| s.resolved.clone()))
    }

    /// The release that a launch source stands for.
    #[must_use]
    pub fn release_of_launch(&self, launch: &LaunchSource) -> Release {
        let settings = self.launch.value().and_then(|all| all.get(launch));
        let image_id = settings.and_then(|s| s.image.as_ref());
        let image = image_id.and_then(|id| self.images.value()?.get(id));
        let resolved = settings.map_or(launch, |s| &s.resolved);
        let name = match resolved {
            LaunchSource::Configuration { name } => Some(name.as_str()),
            LaunchSource::Template { .. } => settings.and_then(|s| s.description.as_deref()),
        };
        Release::from_parts(&[name], image, image_id, Some(resolved))
    }

    /// The release a server was launched with: from its group membership, else from its image.
    #[must_use]
    pub fn release_of_server(&self, server: &Server) -> Release {
        let member = server
            .group
            .as_ref()
            .and_then(|name| self.group(name))
            .and_then(|group| group.member(&server.id));
        let image = self.images.value().and_then(|all| all.get(&server.image));
        match member.and_then(|m| m.launch.as_ref()) {
            Some(launch) => {
                let release = self.release_of_launch(launch);
                if release.changeset.is_some() {
                    Release { image: Some(server.image.clone()), ..release }
                } else {
                    Release::from_parts(&[], image, Some(&server.image), Some(launch))
                }
            }
            None => Release::from_parts(&[], image, Some(&server.image), None),
        }
    }

    /// Whether a server was launched from something else than its group launches now; `None` when that is not
    /// known.
    #[must_use]
    pub fn is_behind(&self, server: &Server) -> Option<bool> {
        let group = self.group(server.group.as_ref()?)?;
        self.is_member_behind(group, group.member(&server.id)?)
    }

    /// Whether a member was launched from something else than its group launches now. `None` when that is not
    /// known, as where instance types have templates of their own: which of them the member should have been
    /// launched from, the group does not tell.
    #[must_use]
    pub fn is_member_behind(&self, group: &Group, member: &Member) -> Option<bool> {
        let current = self.current_launch(group)?;
        if current.is_floating() {
            return None;
        }
        let same = member.launch.as_ref() == Some(&current);
        if same || group.overrides.is_empty() { Some(!same) } else { None }
    }
}
