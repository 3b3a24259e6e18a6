//! A small fleet with something wrong in it, made by hand so that every screen has something to say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::config::Preferences;
use crate::console::layout;
use crate::console::screen::Screen;
use crate::console::state::{Begin, Look, State};
use crate::console::table::TableView;
use crate::console::theme::{self, Depth};
use crate::console::trail::Trail;
use crate::console::{keymap::Keymap, tables};
use crate::fleet::*;

pub fn now() -> Timestamp {
    "2026-11-22T03:00:00Z".parse().unwrap()
}

pub fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() - seconds).unwrap()
}

fn launch(environment: &str, version: u32) -> LaunchSource {
    LaunchSource::Template {
        id: format!("lt-{environment}"),
        name: format!("myproject_{environment}_lt"),
        version: version.to_string(),
    }
}

struct Maker {
    snapshot: Snapshot,
    servers: BTreeMap<InstanceId, Server>,
    groups: BTreeMap<GroupName, Group>,
    balancers: BTreeMap<LoadBalancerName, LoadBalancer>,
    launch: BTreeMap<LaunchSource, LaunchSettings>,
    images: BTreeMap<ImageId, Image>,
}

fn server(environment: &str, role: &str, id: &str, up: i64, image: &str) -> Server {
    let n = id.bytes().fold(7u32, |sum, b| (sum * 31 + u32::from(b)) % 199);
    let tag = RoleTag::parse(role);
    let web = tag.role == Role::Web;
    Server {
        id: id.into(),
        name: Some(format!("myproject_{environment}_{role}")),
        environment: Some(environment.into()),
        role: tag,
        power: Power::Running,
        power_reason: None,
        zone: if n % 2 == 0 { "us-east-1c".into() } else { "us-east-1e".into() },
        instance_type: if web { "c5.large".into() } else { "m5.xlarge".into() },
        image: image.into(),
        launched_at: Some(ago(up)),
        private_address: Some(format!("10.0.1.{n}")),
        public_address: web.then(|| format!("203.0.113.{n}")),
        private_dns: Some(format!("ip-10-0-1-{n}.ec2.internal")),
        public_dns: None,
        vpc: Some("vpc-0a1b2c3d".into()),
        subnet: Some("subnet-0a1b2c3d".into()),
        key_name: Some("myproject-deploy".into()),
        instance_profile: None,
        security_groups: vec![format!("myproject-{}-sg", if web { "web" } else { "db" })],
        security_group_ids: vec![if web { "sg-0a1b" } else { "sg-0c2d" }.into()],
        volumes: BTreeMap::from([
            ("/dev/sda1".to_owned(), "vol-0c11".to_owned()),
            ("/dev/sdf".to_owned(), "vol-0c12".to_owned()),
        ]),
        group: web.then(|| GroupName::new(format!("myproject-{environment}-ag"))),
        tags: BTreeMap::from([
            ("Name".to_owned(), format!("myproject_{environment}_{role}")),
            ("deployment".to_owned(), "myproject".to_owned()),
            ("environment".to_owned(), environment.to_owned()),
            ("owner".to_owned(), "運用チーム".to_owned()),
            ("role".to_owned(), role.to_owned()),
        ]),
    }
}

impl Maker {
    fn environment(&mut self, name: &str, webs: &[(&str, i64)], version: u32, changeset: &str, age: i64) {
        let source = launch(name, version);
        let image = format!("ami-{changeset}");
        let stamp = ago(age).strftime("%Y.%m.%d-%H.%M.%S").to_string();
        self.images.insert(
            image.as_str().into(),
            Image {
                id: image.as_str().into(),
                name: Some(format!("myproject_{name}_web_{stamp}_{changeset}")),
                state: "available".into(),
                architecture: Some("x86_64".into()),
                created_at: Some(ago(age)),
            },
        );
        self.launch.insert(
            source.clone(),
            LaunchSettings {
                source: source.clone(),
                resolved: source.clone(),
                image: Some(image.as_str().into()),
                instance_type: Some("c5.large".into()),
                instance_profile: None,
                tokens_required: None,
                description: Some(format!("myproject_{name}_lc_{stamp}_{changeset}")),
                created_at: Some(ago(age)),
            },
        );
        let group = GroupName::new(format!("myproject-{name}-ag"));
        let balancer = LoadBalancerName::new(format!("myproject-{name}-lb"));
        for (id, up) in webs {
            let made = server(name, "web", id, *up, &image);
            self.servers.insert(made.id.clone(), made);
        }
        let members: Vec<InstanceId> = webs.iter().map(|(id, _)| InstanceId::from(*id)).collect();
        let wanted = u32::try_from(webs.len()).unwrap();
        self.groups.insert(
            group.clone(),
            Group {
                name: group.clone(),
                min: wanted.saturating_sub(1).max(1),
                desired: wanted,
                max: wanted * 2,
                launch: Some(source.clone()),
                overrides: Vec::new(),
                load_balancers: vec![balancer.clone()],
                target_groups: Vec::new(),
                health_check_type: "ELB".into(),
                grace_period: Duration::from_secs(300),
                suspended: Vec::new(),
                termination_policies: vec!["OldestLaunchTemplate".into(), "Default".into()],
                members: members
                    .iter()
                    .map(|id| Member {
                        instance: id.clone(),
                        lifecycle: "InService".into(),
                        healthy: true,
                        launch: Some(source.clone()),
                        zone: "us-east-1c".into(),
                        protected: false,
                    })
                    .collect(),
                zones: vec!["us-east-1c".into(), "us-east-1e".into()],
                subnets: vec!["subnet-0a1b2c3d".into()],
                created_at: Some(ago(86_400 * 300)),
            },
        );
        let listener = |port, protocol: &str| Listener {
            protocol: protocol.into(),
            port,
            instance_protocol: protocol.into(),
            instance_port: port,
            certificate: (port == 443)
                .then(|| "arn:aws:acm:us-east-1:123456789012:certificate/1f3a7c2e-90ab-4cde".to_owned()),
        };
        self.balancers.insert(
            balancer.clone(),
            LoadBalancer {
                name: balancer.clone(),
                dns_name: Some(format!("myproject-{name}-lb-1234.us-east-1.elb.amazonaws.com")),
                scheme: Some("internet-facing".into()),
                listeners: vec![listener(80, "HTTP"), listener(443, "HTTPS")],
                health_check: Some(HealthCheck {
                    target: "HTTPS:443/healthcheck.html".into(),
                    interval: Duration::from_secs(10),
                    timeout: Duration::from_secs(5),
                    healthy_threshold: 3,
                    unhealthy_threshold: 2,
                }),
                zones: vec!["us-east-1c".into(), "us-east-1e".into()],
                security_groups: vec!["sg-4".into()],
                members: members.clone(),
                created_at: Some(ago(86_400 * 400)),
            },
        );
        let health = members.iter().map(in_service).collect();
        self.snapshot
            .health
            .insert(balancer, Reading::taken(Source::ElbDescribeInstanceHealth, health, ago(3)));
    }

    fn metrics(&mut self, subject: &Subject, measure: Measure, numbers: impl Fn(i64) -> f64) {
        let points = (0..60).map(|n| (ago((60 - n) * 60), numbers(n))).collect();
        let series = Series { period: Duration::from_secs(60), points };
        self.snapshot.metrics.insert(
            MetricKey { subject: subject.clone(), measure },
            Reading::taken(Source::CloudWatchGetMetricData, series, ago(40)),
        );
    }
}

fn in_service(id: &InstanceId) -> MemberHealth {
    MemberHealth { instance: id.clone(), state: HealthState::InService, reason_code: None, description: None }
}

#[allow(clippy::cast_precision_loss)]
pub fn wave(n: i64, low: f64, high: f64) -> f64 {
    low + (high - low) * (0.5 + 0.5 * (n as f64 / 6.0).sin())
}

/// Production with a failing web server, staging in the middle of a change, testing all right.
#[allow(clippy::too_many_lines)]
pub fn snapshot() -> Snapshot {
    let mut maker = Maker {
        snapshot: Snapshot::default(),
        servers: BTreeMap::new(),
        groups: BTreeMap::new(),
        balancers: BTreeMap::new(),
        launch: BTreeMap::new(),
        images: BTreeMap::new(),
    };
    let day = 86_400;
    maker.environment(
        "production",
        &[("i-0a11aaaa", 2 * day), ("i-0b22bbbb", 2 * day), ("i-0c3fcccc", 2 * day), ("i-0d44dddd", 2 * day)],
        41,
        "a1b2c3d4e5",
        2 * day,
    );
    maker.environment(
        "staging",
        &[("i-0aa1aaaa", 5 * 3_600), ("i-0aa2bbbb", 120)],
        17,
        "77aa01cfff",
        3 * 3_600,
    );
    maker.environment("testing", &[("i-0bb1aaaa", 6 * 3_600)], 3, "e4f5a6b777", 5 * 3_600);
    for (environment, roles) in [
        (
            "production",
            &[
                ("worker", "i-0d77"),
                ("cache", "i-0e21"),
                ("db-primary", "i-0f10"),
                ("db-replica", "i-0f11"),
                ("worker-OLD", "i-0d01"),
            ][..],
        ),
        (
            "staging",
            &[
                ("worker", "i-1d77"),
                ("cache", "i-1e21"),
                ("db-primary", "i-1f10"),
                ("db-replica", "i-1f11"),
                ("db-replica-PENDING", "i-1f12"),
            ],
        ),
        ("testing", &[("worker", "i-2d77"), ("cache", "i-2e21"), ("db-primary", "i-2f10")]),
    ] {
        for (n, (role, id)) in (1i64..).zip(roles) {
            let made = server(environment, role, &format!("{id}9999"), 40 * day * n, "ami-base");
            maker.servers.insert(made.id.clone(), made);
        }
    }
    maker.servers.get_mut("i-0d019999").unwrap().power = Power::Stopped;
    let production = maker.snapshot.health.get_mut("myproject-production-lb").unwrap();
    let mut members = production.value().unwrap().clone();
    members[2].state = HealthState::OutOfService;
    members[2].reason_code = Some("Instance".into());
    members[2].description = Some(
        "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.".into(),
    );
    production.succeed(members, ago(3));
    let staging = maker.snapshot.health.get_mut("myproject-staging-lb").unwrap();
    let mut members = staging.value().unwrap().clone();
    members[1].state = HealthState::OutOfService;
    members[1].reason_code = Some("ELB".into());
    members[1].description = Some("Instance registration is still in progress.".into());
    staging.succeed(members, ago(3));
    let group = maker.groups.get_mut("myproject-staging-ag").unwrap();
    group.suspended = vec![SuspendedProcess {
        process: "AZRebalance".into(),
        reason: "User suspended at 2026-11-22T02:54:00Z".into(),
    }];
    group.members[0].launch = Some(launch("staging", 16));
    group.members[1].lifecycle = "Pending".into();
    let activity = |id: &str,
                    what: &str,
                    status: &str,
                    began: i64,
                    ended: Option<i64>,
                    message: Option<&str>| {
        Activity {
        id: id.into(),
        description: what.into(),
        cause: "At 2026-11-22T02:57:40Z a user request updated the AutoScalingGroup constraints, changing the desired capacity from 1 to 2.".into(),
        started_at: Some(ago(began)),
        ended_at: ended.map(ago),
        status: status.into(),
        status_message: message.map(str::to_owned),
        progress: if ended.is_some() { 100 } else { 30 },
    }
    };
    for (name, activities) in [
        (
            "staging",
            vec![
                activity("a2", "Launching a new EC2 instance: i-0aa2bbbb", "InProgress", 140, None, None),
                activity(
                    "a1",
                    "Launching a new EC2 instance",
                    "Failed",
                    900,
                    Some(890),
                    Some(
                        "We currently do not have sufficient c5.large capacity in the Availability Zone you requested (us-east-1e).",
                    ),
                ),
            ],
        ),
        (
            "production",
            vec![activity(
                "b1",
                "Launching a new EC2 instance: i-0d44dddd",
                "Successful",
                2 * day,
                Some(2 * day - 90),
                None,
            )],
        ),
    ] {
        maker.snapshot.activities.insert(
            GroupName::new(format!("myproject-{name}-ag")),
            Reading::taken(Source::AutoScalingDescribeActivities, activities, ago(20)),
        );
    }
    let subject = Subject::LoadBalancer("myproject-production-lb".into());
    maker.metrics(&subject, Measure::Requests, |n| wave(n, 350.0, 470.0));
    maker.metrics(&subject, Measure::Latency, |n| {
        if n > 45 { 300.0 + 25.0 * wave(n, 3.0, 14.0) } else { wave(n, 180.0, 220.0) }
    });
    maker.metrics(&subject, Measure::ErrorRate, |n| if n > 46 { wave(n, 3.0, 6.0) } else { 0.05 });
    maker.metrics(&subject, Measure::SurgeQueue, |_| 0.0);
    maker.metrics(&Subject::Group("myproject-production-ag".into()), Measure::Cpu, |n| wave(n, 30.0, 60.0));
    maker.metrics(&Subject::Server("i-0a11aaaa".into()), Measure::Cpu, |n| wave(n, 20.0, 60.0));
    maker.metrics(&Subject::Server("i-0c3fcccc".into()), Measure::Cpu, |n| wave(n, 70.0, 99.0));
    let Maker { mut snapshot, servers, groups, balancers, launch, images } = maker;
    let identity = Identity {
        account: "123456789012".into(),
        arn: "arn:aws:sts::123456789012:assumed-role/ops/jane".into(),
    };
    snapshot.identity = Reading::taken(Source::StsGetCallerIdentity, identity, ago(100));
    snapshot.servers = Reading::taken(Source::Ec2DescribeInstances, servers, ago(3));
    snapshot.groups = Reading::taken(Source::AutoScalingDescribeGroups, groups, ago(5));
    snapshot.load_balancers = Reading::taken(Source::ElbDescribeLoadBalancers, balancers, ago(5));
    snapshot.launch = Reading::taken(Source::LaunchSettings, launch, ago(30));
    snapshot.images = Reading::taken(Source::Ec2DescribeImages, images, ago(30));
    super::measured::measure(&mut snapshot);
    snapshot
}

pub fn topology() -> Topology {
    let place = |name: &str, production| EnvironmentPlace {
        name: name.into(),
        production,
        group: Some(GroupName::new(format!("myproject-{name}-ag"))),
        load_balancers: vec![LoadBalancerName::new(format!("myproject-{name}-lb"))],
        domains: vec![format!("{name}.example.org")],
        roles: Vec::new(),
        branch: None,
        distributions: Vec::new(),
        web: crate::fleet::WebPlace::default(),
        layout: Arc::default(),
        build: Arc::default(),
    };
    Topology {
        deployment: "myproject".into(),
        region: "us-east-1".into(),
        environments: vec![place("testing", false), place("staging", false), place("production", true)],
        ssh_address: crate::fleet::AddressChoice::Private,
    }
}

/// The console on a snapshot, as it stands after the first read.
pub fn state(snapshot: Snapshot, screen: Screen, size: (u16, u16)) -> State {
    let (theme, problems) = theme::load("dark", &BTreeMap::new(), Depth::True);
    assert_eq!(problems, []);
    let mut state = State::new(Begin {
        topology: Arc::new(topology()),
        endpoint: Endpoint {
            region: "us-east-1".into(),
            profile: Some("ops".into()),
            url: None,
            sandbox: true,
        },
        can_change: true,
        read_only: false,
        preferences: Preferences::default(),
        look: Look { theme, keymap: Keymap::builtin("default").unwrap(), ..Look::default() },
        size,
        now: now(),
        speed: 1.0,
        globals: Vec::new(),
    });
    state.trail = Trail { screens: vec![screen], at: 0 };
    state.snapshot = Arc::new(snapshot);
    settle(&mut state);
    state
}

/// Derives what the reducer derives, and selects the first row.
pub fn settle(state: &mut State) {
    let yardstick = state.yardstick();
    state.overviews = overview::overviews(&state.snapshot, &state.topology, &yardstick);
    let (snapshot, topology) = (Arc::clone(&state.snapshot), Arc::clone(&state.topology));
    state.findings.look(&snapshot, &topology, &state.overviews, &yardstick, None);
    state.table = tables::build(state);
    let view = TableView {
        cursor: state.table.rows.first().map(|r| r.id.clone()),
        order: (0..state.table.rows.len()).collect(),
        ..TableView::default()
    };
    state.views.insert(state.screen().clone(), view);
    let _ = layout::table_lines(state);
}
