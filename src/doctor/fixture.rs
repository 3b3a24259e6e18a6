//! An environment for tests in which every check is content, to be spoiled by the test.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::fleet::measured::{Program, Site, Supervisor};
use crate::fleet::sample::{self, Parts, epoch};
use crate::fleet::{
    Fact, HealthCheck, Identity, InstanceId, LaunchSettings, LaunchSource, Listener, Measured, Origin, Rule,
    SecurityGroup, Source, SubnetRoom, Topic, VcpuClass, VcpuRoom, Vpc,
};
use crate::template::{self, Drift, Hook, ServerDrift, Standing};

/// Everything that a patient borrows.
pub(crate) struct World {
    pub(crate) parts: Parts,
    pub(crate) topology: Topology,
    pub(crate) measured: BTreeMap<InstanceId, Measured>,
    pub(crate) project: Option<ProjectFacts>,
    pub(crate) site: Option<SiteFacts>,
    pub(crate) names: Option<Vec<Lookup>>,
    pub(crate) served: Option<Vec<Served>>,
    pub(crate) rights: Option<RightsFacts>,
    pub(crate) console: Option<Result<(), String>>,
    pub(crate) room: Option<Room>,
    pub(crate) ground: Option<Ground>,
    pub(crate) no_remote: Option<String>,
    /// Done to the snapshot last.
    pub(crate) spoil: fn(&mut Snapshot),
}

/// A template's version of the release.
pub(crate) fn version(version: &str) -> LaunchSource {
    LaunchSource::Template { id: "lt-1".into(), name: "production-web".into(), version: version.into() }
}

/// Something measured just now.
pub(crate) fn reading(fact: Fact) -> (Topic, Reading<Fact>) {
    let topic = fact.topic();
    (topic, Reading::taken(Source::Probe(topic), fact, epoch()))
}

/// Supervisor with one program.
pub(crate) fn program(name: &str, state: &str) -> Fact {
    let (group, name) = ("production-celery".to_owned(), name.to_owned());
    let program = Program { group, name, state: state.into(), ..Program::default() };
    Fact::Supervisor(Supervisor { programs: vec![program] })
}

impl World {
    /// Everything as it should be.
    pub(crate) fn new() -> Self {
        let mut parts = Parts::default();
        let mut place = parts.add("production", 2);
        place.build = crate::fleet::BuildPlace { image: Some("ami-1".into()), ..Default::default() }.into();
        launched_from_a_template(&mut parts);
        shaped(&mut parts);
        let mut measured: BTreeMap<InstanceId, Measured> = BTreeMap::new();
        for server in &parts.servers {
            let facts = match server.role.role {
                Role::Web => [reading(Fact::Site(Site::default()))].into(),
                Role::Worker => [reading(program("production-celerybeat", "RUNNING"))].into(),
                _ => BTreeMap::new(),
            };
            let of_server = Measured { reached_at: Some(epoch()), facts, ..Measured::default() };
            measured.insert(server.id.clone(), of_server);
        }
        Self {
            topology: Topology {
                deployment: "myproject".into(),
                region: "us-east-1".into(),
                environments: vec![place],
                ssh_address: crate::fleet::AddressChoice::Private,
            },
            parts,
            measured,
            project: Some(project()),
            site: Some(site()),
            names: Some(vec![
                leads("production.example.com", &["192.0.2.7", "192.0.2.8"]),
                leads("production-lb.elb.example.com", &["192.0.2.8"]),
            ]),
            rights: Some(rights(&[])),
            console: Some(Ok(())),
            served: Some(vec![shows("production.example.com", 200)]),
            room: Some(Room { subnets: Ok(vec![subnet("a", 200), subnet("b", 90)]), vcpus: Ok(vcpus(8)) }),
            ground: Some(ground()),
            no_remote: None,
            spoil: |_| {},
        }
    }

    /// What the checks find.
    pub(crate) fn examined<T>(&self, look: impl FnOnce(&Patient<'_>, Vec<Checked>) -> T) -> T {
        let mut snapshot = self.parts.snapshot();
        let arn = "arn:aws:sts::123456789012:assumed-role/ops/jane".into();
        snapshot.identity.succeed(Identity { account: "123456789012".into(), arn }, epoch());
        snapshot.locks.succeed(BTreeMap::new(), epoch());
        snapshot.measured = self.measured.iter().map(|(id, m)| (id.clone(), Arc::new(m.clone()))).collect();
        (self.spoil)(&mut snapshot);
        let yardstick = Yardstick::at(epoch());
        let patient = Patient {
            snapshot: &snapshot,
            topology: &self.topology,
            place: &self.topology.environments[0],
            yardstick: &yardstick,
            project: self.project.as_ref(),
            site: self.site.as_ref(),
            names: self.names.as_deref(),
            served: self.served.as_deref(),
            rights: self.rights.as_ref(),
            console: self.console.as_ref(),
            room: self.room.as_ref(),
            ground: self.ground.as_ref(),
            no_remote: self.no_remote.as_deref(),
        };
        let checked = examine(&patient);
        look(&patient, checked)
    }

    pub(crate) fn place(&mut self) -> &mut EnvironmentPlace {
        &mut self.topology.environments[0]
    }

    pub(crate) fn project(&mut self) -> &mut ProjectFacts {
        self.project.as_mut().unwrap()
    }

    pub(crate) fn site(&mut self) -> &mut SiteFacts {
        self.site.as_mut().unwrap()
    }

    pub(crate) fn room(&mut self) -> &mut Room {
        self.room.as_mut().unwrap()
    }

    /// What a security group lets in.
    pub(crate) fn rules(&mut self, id: &str) -> &mut Vec<Rule> {
        let groups = self.ground.as_mut().unwrap().security_groups.as_mut().unwrap();
        &mut groups.iter_mut().find(|group| group.id.as_str() == id).unwrap().rules
    }

    pub(crate) fn secrets_file(&mut self) -> &mut SecretsFile {
        self.project().secrets_file.as_mut().unwrap()
    }

    /// What was measured on a server.
    pub(crate) fn on(&mut self, id: &str) -> &mut Measured {
        self.measured.entry(id.into()).or_default()
    }

    pub(crate) fn tell(&mut self, id: &str, fact: Fact) {
        let (topic, reading) = reading(fact);
        self.on(id).facts.insert(topic, reading);
    }

    /// Without the servers of a role.
    pub(crate) fn without(&mut self, role: &Role) {
        self.parts.servers.retain(|server| server.role.role != *role);
    }

    /// One more server, that can be reached.
    pub(crate) fn with(&mut self, id: &str, role: &str) {
        self.parts.servers.push(sample::server(id, "production", role));
        self.on(id).reached_at = Some(epoch());
    }
}

fn launched_from_a_template(parts: &mut Parts) {
    let launch = version("37");
    parts.groups[0].launch = Some(launch.clone());
    for member in &mut parts.groups[0].members {
        member.launch = Some(launch.clone());
    }
    parts.groups[0].zones.push("us-east-1b".into());
    parts.launch = vec![LaunchSettings {
        source: launch.clone(),
        resolved: launch,
        instance_type: Some("c5.large".into()),
        tokens_required: Some(true),
        description: Some("myproject_production_lc_2026.11.20-08.30.05_a1b2c3d4".into()),
        ..parts.launch[0].clone()
    }];
}

/// What may be changed: everything but these actions.
pub(crate) fn rights(denied: &[&str]) -> RightsFacts {
    let may = |right: &Right| (right.action.to_owned(), !denied.contains(&right.action));
    RightsFacts { simulated: Ok(RIGHTS.iter().map(may).collect()), tried: BTreeMap::new() }
}

/// The certificate that is served.
pub(crate) const CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/1f3a7c2e";

/// The load balancer shows whoever asks for production's domain a certificate for a name, that ends in so many days.
pub(crate) fn shows(name: &str, days: i64) -> Served {
    let expires_at = Some(epoch() + jiff::SignedDuration::from_hours(24 * days));
    Served {
        domain: "production.example.com".into(),
        by: "production-lb.elb.example.com".into(),
        told: Ok(Shown { names: vec![name.into()], expires_at }),
    }
}

fn shaped(parts: &mut Parts) {
    parts.certificates = vec![sample::certificate(CERTIFICATE, &["production.example.com"])];
    let listener = |port: u16, protocol: &str| Listener {
        protocol: protocol.into(),
        port,
        instance_protocol: protocol.into(),
        instance_port: port,
        certificate: (port == 443).then(|| CERTIFICATE.into()),
    };
    let balancer = &mut parts.load_balancers[0];
    balancer.security_groups = vec!["sg-lb".into()];
    balancer.listeners = vec![listener(80, "HTTP"), listener(443, "HTTPS")];
    balancer.zones = vec!["us-east-1a".into(), "us-east-1b".into()];
    balancer.health_check = Some(HealthCheck {
        target: "HTTPS:443/healthcheck.html".into(),
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
        healthy_threshold: 2,
        unhealthy_threshold: 2,
    });
}

/// Security groups that let in who has to, and nobody else.
fn ground() -> Ground {
    let from = |port: u16, role: &str| Rule::tcp(port, Origin::Group(format!("sg-{role}").as_str().into()));
    let office = || Rule::tcp(22, Origin::Network("203.0.113.0/24".into()));
    let world = |port: u16| Rule::tcp(port, Origin::Network("0.0.0.0/0".into()));
    let group = |role: &str, rules: Vec<Rule>| SecurityGroup {
        id: format!("sg-{role}").as_str().into(),
        name: format!("myproject-{role}-sg"),
        vpc: Some("vpc-1".into()),
        rules,
    };
    let inner = [5672, 6379, 11_211];
    let cache: Vec<Rule> =
        inner.iter().flat_map(|port| [from(*port, "web"), from(*port, "worker")]).collect();
    let database = |other: &str| vec![from(5432, "web"), from(5432, "worker"), from(5432, other)];
    Ground {
        vpcs: Ok(vec![Vpc { id: "vpc-1".into(), networks: vec!["10.0.0.0/16".into()], is_default: true }]),
        subnets: Ok(vec![subnet("a", 200)]),
        security_groups: Ok(vec![
            group("lb", vec![world(80), world(443)]),
            group("web", vec![from(80, "lb"), from(443, "lb"), office()]),
            group("worker", vec![office()]),
            group("cache", cache),
            group("db-primary", database("db-replica")),
            group("db-replica", database("db-primary")),
        ]),
        keys: Ok(Vec::new()),
        balancers: Ok(Vec::new()),
        certificates: BTreeMap::new(),
    }
}

fn project() -> ProjectFacts {
    let role = |role| RoleFacts {
        role,
        instance_type: Some("c5.large".into()),
        volume_size: Some(20),
        has_security_group: true,
    };
    ProjectFacts {
        problems: Vec::new(),
        roles: [Role::Web, Role::Worker, Role::Cache, Role::DbPrimary, Role::DbReplica].map(role).into(),
        secrets: 3,
        secrets_file: Some(SecretsFile {
            path: "fabsecrets_production.py".into(),
            mode: Some(0o600),
            is_ignored: Some(true),
            problems: Vec::new(),
        }),
        zones: vec!["us-east-1a".into(), "us-east-1b".into()],
        without_subnet: Vec::new(),
        uses_luks: false,
    }
}

fn site() -> SiteFacts {
    let source = template::Source {
        template: "deployment/templates/local_settings.py".into(),
        ours: false,
        sources: "0".into(),
        unknown: Vec::new(),
    };
    SiteFacts {
        ground: crate::template::Ground::default(),
        settings: Some(Ok(source)),
        services: Vec::new(),
        missing: Vec::new(),
        tells_new_relic: false,
        secrets_file: "fabsecrets_production.py".into(),
        drift: Some(drift(Ok(Standing::Same))),
        hooks: vec![Hook {
            name: "post_bootstrap".into(),
            at: "fabfile.py:12".into(),
            path: "deployment/hooks/post_bootstrap".into(),
            is_replaced: true,
            runs: Some(Ok(())),
        }],
    }
}

/// What a worker told of a secret.
pub(crate) fn drift(told: Result<Standing, &str>) -> Drift {
    let told = told.map(|standing| [("database_password".to_owned(), standing)].into());
    let (id, told) = ("i-worker".into(), told.map_err(ToOwned::to_owned));
    Drift { servers: vec![ServerDrift { id, role: Role::Worker, told }] }
}

/// A name that leads somewhere.
pub(crate) fn leads(name: &str, addresses: &[&str]) -> Lookup {
    let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
    Lookup { name: name.into(), leads_to: Named::Addresses(addresses) }
}

/// A subnet with so many free addresses.
pub(crate) fn subnet(letter: &str, free: u32) -> SubnetRoom {
    let zone = format!("us-east-1{letter}").as_str().into();
    SubnetRoom { id: format!("subnet-{letter}"), zone, vpc: Some("vpc-1".into()), free }
}

/// So many vCPUs in use of 32, where a server takes 2.
pub(crate) fn vcpus(used: u32) -> VcpuRoom {
    VcpuRoom { class: VcpuClass::Standard, limit: 32, used, each: 2 }
}

/// An environment where as much is wrong as can be at the same time.
pub(crate) fn everything_wrong() -> World {
    let mut world = World::new();
    wrong_project(&mut world);
    wrong_cloud(&mut world);
    wrong_servers(&mut world);
    world
}

fn wrong_project(world: &mut World) {
    world.site().drift = Some(drift(Ok(Standing::Differs)));
    let text = |text: &str| format!("fabulaws-config.yml:{text}");
    world.project().problems = vec![
        ProjectProblem { is_error: true, text: text("3:1: error: `region` is missing") },
        ProjectProblem { is_error: false, text: text("9:5: warning: the role `web` has no volume type") },
    ];
    world.project().roles[0].instance_type = None;
    world.project().uses_luks = true;
    world.secrets_file().mode = Some(0o644);
    world.secrets_file().is_ignored = Some(false);
    let template = "deployment/templates/local_settings.py";
    world.site().settings = Some(Err(format!("{template}:7: syntax error: unexpected end of block")));
    world.site().missing = vec!["broker_password".into(), "secret_key".into()];
    world.site().hooks[0].is_replaced = false;
}

fn wrong_cloud(world: &mut World) {
    let balancer = &mut world.parts.load_balancers[0];
    balancer.listeners = vec![Listener {
        protocol: "TCP".into(),
        port: 443,
        instance_protocol: "TCP".into(),
        instance_port: 8443,
        certificate: None,
    }];
    balancer.zones.truncate(1);
    if let Some(check) = &mut balancer.health_check {
        check.target = "TCP:443".into();
    }
    world.place().domains.insert(0, ".example.com".into());
    world.names = Some(vec![Lookup { name: "production.example.com".into(), leads_to: Named::Nothing }]);
    let group = &mut world.parts.groups[0];
    (group.launch, group.desired, group.max) = (Some(version("$Latest")), 1, 1);
    group.grace_period = Duration::from_secs(20);
    let (process, reason) = ("Launch".into(), "User suspended at 2026-11-22T02:50:00Z".into());
    group.suspended = vec![crate::fleet::SuspendedProcess { process, reason }];
    (world.parts.launch[0].source, world.parts.launch[0].image) =
        (version("$Latest"), Some("ami-gone".into()));
    let denied = "Not allowed: ask for servicequotas:GetServiceQuota".to_owned();
    world.room = Some(Room { subnets: Ok(vec![subnet("a", 0)]), vcpus: Err(denied) });
    world.rules("sg-web").push(Rule::tcp(22, Origin::Network("0.0.0.0/0".into())));
    world.rules("sg-db-primary").remove(0);
    world.rules("sg-db-primary").push(Rule::tcp(5432, Origin::Network("::/0".into())));
    world.spoil = |snapshot| {
        let message = "Not allowed: ask for ssm:GetParametersByPath";
        snapshot.locks = Reading::never(Source::SsmGetParametersByPath);
        snapshot.locks.fail(FailureKind::Denied, message, epoch());
    };
}

fn wrong_servers(world: &mut World) {
    world.without(&Role::DbReplica);
    world.with("i-production-second", "db-primary");
    world.with("i-production-half", "web-PENDING");
    for server in &mut world.parts.servers {
        match server.role.role {
            Role::Cache => server.power = crate::fleet::Power::Stopped,
            Role::DbPrimary => server.launched_at = Some(epoch()),
            _ => {}
        }
    }
    let failure = crate::fleet::Failure {
        since: epoch(),
        kind: FailureKind::Unreachable,
        message: "ssh to 10.0.1.12 timed out".into(),
    };
    world.on("i-production-second").unreachable = Some(failure);
    world.on("i-production-db-primary").host_key = Some(crate::fleet::HostKeyQuestion {
        presented: Some("ED25519 SHA256:new".into()),
        pinned: vec!["ED25519 SHA256:old".into()],
        note: None,
    });
    world.tell("i-production-web1", program("production-celerybeat", "RUNNING"));
    let site = Site { maintenance: true, health_override: true, ..Site::default() };
    world.tell("i-production-web0", Fact::Site(site));
    world.tell("i-production-web0", program("production-server", "FATAL"));
}
