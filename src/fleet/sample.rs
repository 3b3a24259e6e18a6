//! Environments for tests: as they should be, to be spoiled by the test.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    Activity, Certificate, CertificateSource, EnvironmentPlace, Group, HealthState, Image, LaunchSettings,
    LaunchSource, LoadBalancer, LoadBalancerName, Member, MemberHealth, Power, Reading, RoleTag, Server,
    Snapshot, Source,
};

/// When samples are read.
pub(crate) fn epoch() -> Timestamp {
    "2026-11-22T03:00:00Z".parse().unwrap()
}

/// A server with nothing special about it.
pub(crate) fn server(id: &str, environment: &str, role: &str) -> Server {
    Server {
        id: id.into(),
        name: Some(format!("myproject_{environment}_{role}")),
        environment: Some(environment.into()),
        role: RoleTag::parse(role),
        power: Power::Running,
        power_reason: None,
        zone: "us-east-1a".into(),
        instance_type: "c5.large".into(),
        image: "ami-1".into(),
        launched_at: Some(epoch() - SignedDuration::from_hours(48)),
        private_address: Some("10.0.1.12".into()),
        public_address: None,
        private_dns: None,
        public_dns: None,
        vpc: None,
        subnet: None,
        key_name: None,
        instance_profile: None,
        security_groups: vec![format!("myproject-{role}-sg")],
        security_group_ids: vec![format!("sg-{role}")],
        volumes: BTreeMap::new(),
        group: (role == "web").then(|| format!("{environment}-ag").as_str().into()),
        tags: BTreeMap::new(),
    }
}

/// A certificate of these names that is good for 200 days.
pub(crate) fn certificate(arn: &str, names: &[&str]) -> Certificate {
    let source = CertificateSource::of(arn).unwrap();
    Certificate {
        arn: arn.into(),
        source,
        name: names.first().copied().unwrap_or("site").into(),
        names: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        status: (source == CertificateSource::Acm).then(|| "ISSUED".into()),
        expires_at: Some(epoch() + SignedDuration::from_hours(24 * 200)),
        in_use: Some(true),
        used_by: Vec::new(),
        renewal: Some(super::Renewal::Automatic),
    }
}

/// A configuration that names its release.
pub(crate) fn configuration(environment: &str, changeset: &str) -> LaunchSource {
    LaunchSource::Configuration {
        name: format!("myproject_{environment}_lc_2026.11.20-08.30.05_{changeset}"),
    }
}

/// What a cloud holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) servers: Vec<Server>,
    pub(crate) groups: Vec<Group>,
    pub(crate) load_balancers: Vec<LoadBalancer>,
    pub(crate) health: BTreeMap<LoadBalancerName, Vec<MemberHealth>>,
    pub(crate) launch: Vec<LaunchSettings>,
    pub(crate) images: Vec<Image>,
    pub(crate) activities: Vec<Activity>,
    pub(crate) certificates: Vec<Certificate>,
}

impl Parts {
    /// Adds an environment as it should be, with so many web servers.
    pub(crate) fn add(&mut self, name: &str, web: usize) -> EnvironmentPlace {
        let (group, balancer) = (format!("{name}-ag"), format!("{name}-lb"));
        let ids: Vec<String> = (0..web).map(|n| format!("i-{name}-web{n}")).collect();
        self.servers.extend(ids.iter().map(|id| server(id, name, "web")));
        for role in ["worker", "cache", "db-primary", "db-replica"] {
            self.servers.push(server(&format!("i-{name}-{role}"), name, role));
        }
        let launch = configuration(name, "a1b2c3d4");
        let member = |id: &String| Member {
            instance: id.as_str().into(),
            lifecycle: "InService".into(),
            healthy: true,
            launch: Some(launch.clone()),
            zone: "us-east-1a".into(),
            protected: false,
        };
        self.groups.push(Group {
            name: group.as_str().into(),
            min: 1,
            desired: u32::try_from(web).unwrap(),
            max: 200,
            launch: Some(launch.clone()),
            overrides: Vec::new(),
            load_balancers: vec![balancer.as_str().into()],
            target_groups: Vec::new(),
            health_check_type: "ELB".into(),
            grace_period: Duration::from_secs(300),
            suspended: Vec::new(),
            termination_policies: Vec::new(),
            members: ids.iter().map(member).collect(),
            zones: vec!["us-east-1a".into()],
            subnets: Vec::new(),
            created_at: None,
        });
        self.load_balancers.push(LoadBalancer {
            name: balancer.as_str().into(),
            dns_name: Some(format!("{balancer}.elb.example.com")),
            scheme: None,
            listeners: Vec::new(),
            health_check: None,
            zones: Vec::new(),
            security_groups: Vec::new(),
            members: ids.iter().map(|id| id.as_str().into()).collect(),
            created_at: None,
        });
        let healthy = ids.iter().map(|id| MemberHealth {
            instance: id.as_str().into(),
            state: HealthState::InService,
            reason_code: None,
            description: None,
        });
        self.health.insert(balancer.as_str().into(), healthy.collect());
        self.launch.push(LaunchSettings {
            source: launch.clone(),
            resolved: launch,
            image: Some("ami-1".into()),
            instance_type: None,
            instance_profile: None,
            tokens_required: None,
            description: None,
            created_at: None,
        });
        if self.images.is_empty() {
            let image = Image {
                id: "ami-1".into(),
                name: None,
                state: "available".into(),
                architecture: Some("x86_64".into()),
                created_at: None,
            };
            self.images.push(image);
        }
        EnvironmentPlace {
            name: name.into(),
            production: name == "production",
            group: Some(group.as_str().into()),
            load_balancers: vec![balancer.as_str().into()],
            domains: vec![format!("{name}.example.com")],
            roles: Vec::new(),
            branch: None,
            distributions: Vec::new(),
            web: super::WebPlace::default(),
            layout: std::sync::Arc::default(),
            build: std::sync::Arc::default(),
        }
    }

    fn certificates(&self) -> BTreeMap<CertificateSource, Reading<BTreeMap<String, Certificate>>> {
        let of = |source| {
            let all = self.certificates.iter().filter(|one| one.source == source);
            all.map(|one| (one.arn.clone(), one.clone())).collect::<BTreeMap<_, _>>()
        };
        let read = CertificateSource::ALL.map(|source| (source, of(source)));
        let known = read.into_iter().filter(|(_, all)| !all.is_empty());
        known.map(|(source, all)| (source, Reading::taken(source.reading(), all, epoch()))).collect()
    }

    /// All of it, read at [`epoch`].
    pub(crate) fn snapshot(&self) -> Snapshot {
        fn all<K: Ord, T: Clone>(
            source: Source,
            list: &[T],
            key: impl Fn(&T) -> K,
        ) -> Reading<BTreeMap<K, T>> {
            Reading::taken(source, list.iter().map(|t| (key(t), t.clone())).collect(), epoch())
        }
        let health = |members: &Vec<MemberHealth>| {
            Reading::taken(Source::ElbDescribeInstanceHealth, members.clone(), epoch())
        };
        Snapshot {
            servers: all(Source::Ec2DescribeInstances, &self.servers, |s| s.id.clone()),
            groups: all(Source::AutoScalingDescribeGroups, &self.groups, |g| g.name.clone()),
            load_balancers: all(Source::ElbDescribeLoadBalancers, &self.load_balancers, |b| b.name.clone()),
            health: self.health.iter().map(|(name, members)| (name.clone(), health(members))).collect(),
            launch: all(Source::LaunchSettings, &self.launch, |l| l.source.clone()),
            images: all(Source::Ec2DescribeImages, &self.images, |i| i.id.clone()),
            certificates: self.certificates(),
            ..Snapshot::default()
        }
    }
}
