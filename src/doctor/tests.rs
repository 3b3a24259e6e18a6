//! What each check finds, and what it leaves alone.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;

use super::FindingSeverity::{Bad, Good, Unknown, Warning};
use super::fixture::{World, drift, everything_wrong, leads, program, rights, shows, subnet, vcpus, version};
use super::*;
use crate::fleet::lock::{Grip, Holder, Lock, LockKind};
use crate::fleet::measured::{Site, Unit, Units};
use crate::fleet::sample::epoch;
use crate::fleet::{
    Activity, BuildPlace, Certificate, CertificateSource, Fact, Failure, HostKeyQuestion, LaunchSource,
    Origin, Power, Renewal, RolePlace, Rule, SuspendedProcess,
};
use crate::template::{Source, Standing};

fn found(world: &World, name: &str) -> Vec<Finding> {
    world.examined(|_, checked| {
        let one = checked.into_iter().find(|one| one.check.name == name);
        one.unwrap_or_else(|| panic!("no check {name}")).findings
    })
}

/// The findings of a check in a world that was spoiled.
fn spoiled(name: &str, spoil: impl FnOnce(&mut World)) -> Vec<Finding> {
    let mut world = World::new();
    spoil(&mut world);
    found(&world, name)
}

#[test]
fn r16_a_secret_that_differs_is_named_with_the_server_and_both_ways_to_mend_it() {
    let mut found = spoiled("secrets-drift", |w| w.site().drift = Some(drift(Ok(Standing::Differs))));
    let finding = found.remove(0);
    assert_eq!(finding.evidence, ["database_password is another one on worker i-worker"]);
    let cure = finding.cure.unwrap();
    assert!(cure.contains("secrets pull production") && cure.contains("push-secrets production"), "{cure}");
    let same = spoiled("secrets-drift", |w| w.site().drift = Some(drift(Ok(Standing::Same))));
    assert_eq!(
        (same[0].severity, same[0].what.as_str()),
        (Good, "no secret differs in settings of 1 server")
    );
}

/// What a check is to find: its name, how the world is spoiled, how bad that is, and a part of what is said.
type Row = (&'static str, fn(&mut World), FindingSeverity, &'static str);

const PROJECT: &[Row] = &[
    (
        "config",
        |w| w.project().problems.push(ProjectProblem { is_error: true, text: "f.yml:3:1: error: x".into() }),
        Bad,
        "The config has 1 error",
    ),
    (
        "config",
        |w| w.project().problems.push(ProjectProblem { is_error: false, text: "f.yml:3:1: warning".into() }),
        Warning,
        "The config has 1 warning",
    ),
    ("secrets", |w| w.site().missing.push("broker_password".into()), Bad, "No value of broker_password"),
    (
        "secrets-drift",
        |w| w.site().drift = Some(drift(Ok(Standing::Differs))),
        Warning,
        "Secrets here differ from the servers': database_password",
    ),
    ("secrets-drift", |w| w.site().drift = Some(drift(Err("no answer"))), Unknown, "is not known"),
    ("secrets-file", |w| w.secrets_file().mode = Some(0o644), Bad, "Others on this machine can read"),
    ("secrets-file", |w| w.secrets_file().is_ignored = Some(false), Bad, "git would commit"),
    ("secrets-file", |w| w.secrets_file().is_ignored = None, Unknown, "is not known"),
    ("secrets-file", |w| w.secrets_file().problems.push("f.py:2: x".into()), Warning, "was not read"),
    ("templates", |w| w.site().settings = None, Bad, "The settings cannot be written"),
    ("templates", |w| w.site().settings = Some(Err("l.py:3: x".into())), Bad, "cannot be written"),
    (
        "templates",
        |w| settings(w).unknown.push("databse_password".into()),
        Warning,
        "asks for databse_password, which nobody has",
    ),
    ("hooks", |w| w.site().hooks[0].is_replaced = false, Warning, "the task post_bootstrap"),
    ("encryption", |w| w.project().uses_luks = true, Bad, "boot locked"),
    ("roles", |w| w.project().roles[1].volume_size = None, Bad, "No server of role worker can be launched"),
    (
        "roles",
        |w| w.project().roles[2].instance_type = Some("r5.large".into()),
        Warning,
        "The cache is of another type",
    ),
];

const CLOUD: &[Row] = &[
    (
        "identity",
        |w| w.spoil = |s| fail(&mut s.identity, FailureKind::Credentials),
        Bad,
        "does not accept the credentials",
    ),
    (
        "permissions",
        |w| w.spoil = |s| s.images.fail(FailureKind::Denied, "x", epoch()),
        Unknown,
        "ec2:DescribeImages is denied",
    ),
    (
        "changes",
        |w| w.rights = Some(rights(&["ec2:CreateImage"])),
        Warning,
        "ec2:CreateImage is not allowed: create-release, create-environment",
    ),
    (
        "changes",
        |w| w.rights = Some(rights(&RIGHTS.iter().map(|right| right.action).collect::<Vec<_>>())),
        Warning,
        "may look, and change nothing",
    ),
    ("changes", |w| unsimulated(w, &[]), Unknown, "Which of 39 actions"),
    ("changes", |w| unsimulated(w, &["ec2:RunInstances"]), Warning, "ec2:RunInstances is not allowed"),
    (
        "console",
        |w| w.console = Some(Err("ask for ec2:GetConsoleOutput".into())),
        Unknown,
        "Consoles of servers cannot be read",
    ),
    ("lock", |w| w.spoil = |s| lock(s, Grip::Held, &[]), Warning, "Somebody is at work"),
    ("lock", |w| w.spoil = |s| lock(s, Grip::Released, &["Launch: on"]), Bad, "A run has left something"),
    ("load-balancers", |w| w.parts.load_balancers.clear(), Bad, "There is no load balancer production-lb"),
    ("load-balancers", |w| w.place().load_balancers.clear(), Bad, "production has no load balancer"),
    ("listeners", |w| w.parts.load_balancers[0].listeners.truncate(1), Bad, "does not take HTTPS"),
    ("listeners", |w| drop(w.parts.load_balancers[0].listeners.remove(0)), Warning, "does not take HTTP:"),
    ("listeners", |w| w.parts.load_balancers[0].listeners[1].certificate = None, Bad, "no certificate"),
    (
        "listeners",
        |w| w.parts.load_balancers[0].listeners[1].instance_port = 80,
        Bad,
        "sends 443 elsewhere than a deploy expects",
    ),
    ("health-check", |w| w.parts.load_balancers[0].health_check = None, Unknown, "is not known"),
    (
        "health-check",
        |w| w.parts.load_balancers[0].health_check.as_mut().unwrap().target = "TCP:443".into(),
        Bad,
        "another page than the health check",
    ),
    ("served-zones", |w| w.parts.load_balancers[0].zones.truncate(1), Bad, "us-east-1b, which production-lb"),
    ("certificate", |w| ends_in(w, 20), Warning, "for production.example.com: 20 days left"),
    ("certificate", |w| ends_in(w, 5), Bad, "5 days left"),
    ("certificate", |w| ends_in(w, -3), Bad, "expired 3 days ago"),
    ("certificate", |w| served(w).status = Some("PENDING_VALIDATION".into()), Bad, "not ISSUED"),
    ("certificate", |w| served(w).expires_at = None, Unknown, "ends is not known"),
    (
        "certificate",
        |w| served(w).names = None,
        Unknown,
        "is good that production-lb on 443 serves is not known",
    ),
    ("certificate", |w| served(w).arn.push('x'), Bad, "does not exist any more"),
    (
        "certificate",
        |w| served(w).renewal = Some(Renewal::Stuck("FAILED".into())),
        Warning,
        "does not get on",
    ),
    (
        "certificate",
        |w| w.place().domains.push("www.example.com".into()),
        Bad,
        "is not good for www.example.com",
    ),
    ("certificate", |w| w.spoil = |s| denied(s), Unknown, "is denied"),
    ("served", |w| w.served = Some(vec![shows("production.example.com", 3)]), Bad, "3 days left"),
    ("served", |w| w.served = Some(vec![shows("production.example.com", 12)]), Warning, "12 days left"),
    ("served", |w| w.served = Some(vec![shows("www.example.org", 90)]), Bad, "for other names"),
    (
        "served",
        |w| w.served.as_mut().unwrap()[0].told = Err("connection refused".into()),
        Unknown,
        "shows whoever asks for production.example.com is not known",
    ),
    ("domains", |w| w.place().domains.clear(), Bad, "production has no domain"),
    ("domains", |w| w.place().domains.insert(0, "*.example.com".into()), Bad, "is a wildcard"),
    ("domains", |w| dns(w).leads_to = Named::Nothing, Bad, "DNS does not know production.example.com"),
    ("domains", |w| dns(w).leads_to = Named::Unknown("late".into()), Unknown, "leads is not known"),
    (
        "domains",
        |w| *dns(w) = leads("production.example.com", &["198.51.100.1"]),
        Warning,
        "does not lead to a load balancer",
    ),
];

const GROUP: &[Row] = &[
    ("group", |w| w.parts.groups.clear(), Bad, "There is no group production-ag"),
    ("group", |w| w.place().group = None, Bad, "production has no group"),
    ("architecture", |w| w.parts.launch[0].instance_type = Some("t4g.small".into()), Bad, "cannot run it"),
    ("architecture", |w| w.parts.images[0].architecture = None, Unknown, "is not known"),
    ("tokens", |w| w.parts.launch[0].tokens_required = Some(false), Warning, "without a token"),
    ("tokens", |w| w.parts.launch[0].tokens_required = None, Unknown, "as image and account say"),
    ("base-image", |w| base(w, "ami-gone", "c5.large"), Bad, "There is no image ami-gone"),
    ("base-image", |w| base(w, "ami-1", "t4g.small"), Bad, "does not run on every type"),
    ("launch", |w| w.parts.groups[0].launch = None, Bad, "names nothing to launch"),
    ("launch", |w| w.parts.launch.clear(), Bad, "production-web v37, which does not exist"),
    ("launch", |w| w.parts.images.clear(), Bad, "There is no image ami-1 any more"),
    ("launch", |w| w.parts.images[0].state = "pending".into(), Warning, "is not ready yet"),
    ("launch", |w| w.parts.images[0].state = "failed".into(), Bad, "ami-1 is failed"),
    (
        "launch-kind",
        |w| w.parts.groups[0].launch = Some(LaunchSource::Configuration { name: "lc".into() }),
        Warning,
        "from a launch configuration",
    ),
    (
        "launch-kind",
        |w| w.parts.groups[0].launch = Some(version("$Latest")),
        Warning,
        "whatever version is newest",
    ),
    ("release", |w| launched(w, &Role::Cache), Bad, "addresses of servers that are gone"),
    ("release", |w| launched(w, &Role::DbReplica), Warning, "may not know every replica"),
    ("release", |w| w.parts.launch[0].description = None, Unknown, "is not known"),
    ("grace", |w| w.spoil = |s| boots(s, 400), Bad, "judges new servers before they have booted"),
    ("grace", |w| w.parts.groups[0].grace_period = Duration::ZERO, Warning, "after 0.0 s"),
    ("sizes", |w| w.parts.groups[0].desired = 0, Bad, "wants no server at all"),
    ("sizes", |w| w.parts.groups[0].desired = 1, Warning, "wants one server"),
    ("sizes", |w| w.parts.groups[0].max = 2, Warning, "cannot grow under load"),
    ("processes", |w| suspend(w, "Launch"), Warning, "production-ag launches nothing"),
    ("processes", |w| suspend(w, "HealthCheck"), Warning, "has suspended: HealthCheck"),
    ("zones", |w| w.parts.groups[0].zones.truncate(1), Warning, "in one zone"),
    ("zones", |w| w.project().without_subnet.push("us-east-1b".into()), Bad, "No subnet in us-east-1b"),
    (
        "security-groups",
        |w| named(w, &["myproject-web-sg", "no-such-sg"]),
        Bad,
        "There is no security group no-such-sg",
    ),
    ("security-groups", |w| ground(w).security_groups = Err("denied".into()), Unknown, "is not known"),
    ("ways", |w| drop(w.rules("sg-db-primary").remove(0)), Bad, "keep apart who needs each other"),
    ("ways", |w| w.rules("sg-lb").clear(), Bad, "keep apart"),
    ("ways", |w| w.rules("sg-web").retain(|rule| !rule.serves(443)), Bad, "keep apart"),
    ("ways", |w| ground(w).vpcs = Err("denied".into()), Unknown, "is not known"),
    ("ssh-open", |w| w.rules("sg-web").push(network(22, "0.0.0.0/0")), Warning, "open to everybody"),
    ("inner-ports", |w| w.rules("sg-cache").push(network(6379, "0.0.0.0/0")), Bad, "open to everybody"),
    (
        "inner-ports",
        |w| w.rules("sg-db-primary").push(network(5432, "198.51.100.0/24")),
        Warning,
        "networks outside the VPC",
    ),
    ("addresses", |w| w.room().subnets = Ok(vec![subnet("a", 0)]), Bad, "No address is free"),
    ("addresses", |w| w.room().subnets = Ok(vec![subnet("a", 1)]), Warning, "1 address is free"),
    ("addresses", |w| w.room().subnets = Ok(Vec::new()), Bad, "None of the subnets"),
    (
        "addresses",
        |w| w.room().subnets = Ok(vec![subnet("a", 0), subnet("b", 90)]),
        Warning,
        "subnet-a in us-east-1a is full",
    ),
    ("addresses", |w| w.room().subnets = Err("denied".into()), Unknown, "not known"),
    ("vcpus", |w| w.room().vcpus = Ok(vcpus(31)), Bad, "quota of vCPUs is used up"),
    ("vcpus", |w| w.room().vcpus = Ok(vcpus(29)), Warning, "too small for a full deploy"),
    ("vcpus", |w| w.room().vcpus = Err("denied".into()), Unknown, "not known"),
];

const SERVERS: &[Row] = &[
    ("primary", |w| w.without(&Role::DbPrimary), Bad, "There is no db-primary"),
    ("primary", |w| w.with("i-2", "db-primary"), Bad, "There are 2 servers of role db-primary"),
    ("replica", |w| w.without(&Role::DbReplica), Warning, "There is no db-replica"),
    ("worker", |w| w.without(&Role::Worker), Bad, "There is no worker"),
    ("cache", |w| power(w, &Role::Cache, Power::Stopped), Bad, "cache i-production-cache is stopped"),
    ("cache", |w| w.with("i-2", "cache"), Bad, "There are 2 servers of role cache"),
    ("leftovers", |w| w.with("i-2", "web-PENDING"), Warning, "never finished"),
    ("leftovers", |w| w.with("i-2", "worker-OLD"), Warning, "i-2, once of role worker"),
    ("ssh", |w| w.no_remote = Some("no ssh".into()), Bad, "cannot be asked at all"),
    ("ssh", |w| unreachable(w, FailureKind::Unreachable), Bad, "cannot be reached over ssh"),
    ("ssh", |w| unreachable(w, FailureKind::Other), Unknown, "cannot be reached over ssh"),
    ("ssh", |w| w.measured.clear(), Unknown, "was not asked in time"),
    ("host-keys", |w| key(w, &[]), Warning, "Nobody has confirmed the host key of cache"),
    ("host-keys", |w| key(w, &["ED25519 SHA256:old"]), Bad, "another host key than the pinned one"),
    (
        "services",
        |w| w.tell("i-production-cache", unit("redis-server", "failed")),
        Bad,
        "redis-server failed",
    ),
    ("beat", |w| w.tell("i-production-worker", program("celerybeat", "STOPPED")), Warning, "runs nowhere"),
    ("beat", |w| w.on("i-production-worker").facts.clear(), Unknown, "is not known"),
    ("page", |w| w.tell("i-production-web0", maintained()), Warning, "maintenance page is up on web"),
];

fn settings(world: &mut World) -> &mut Source {
    world.site().settings.as_mut().unwrap().as_mut().unwrap()
}

fn dns(world: &mut World) -> &mut Lookup {
    &mut world.names.as_mut().unwrap()[0]
}

fn fail<T>(reading: &mut Reading<T>, kind: FailureKind) {
    *reading = Reading::never(reading.source());
    let action = reading.source().action();
    reading.fail(kind, format!("ask for {action}"), epoch());
}

fn launched(world: &mut World, role: &Role) {
    let server = world.parts.servers.iter_mut().find(|server| server.role.role == *role).unwrap();
    server.launched_at = Some(epoch() - SignedDuration::from_hours(1));
}

fn power(world: &mut World, role: &Role, power: Power) {
    world.parts.servers.iter_mut().find(|server| server.role.role == *role).unwrap().power = power;
}

/// What servers are built from, and the type of a role.
fn base(world: &mut World, image: &str, kind: &str) {
    let place = RolePlace { instance_type: Some(kind.into()), ..RolePlace::default() };
    let build =
        BuildPlace { image: Some(image.into()), roles: vec![(Role::Web, place)], ..BuildPlace::default() };
    world.place().build = build.into();
}

/// IAM does not simulate, and EC2 says no to these.
fn unsimulated(world: &mut World, denied: &[&str]) {
    let tried = denied.iter().map(|action| ((*action).to_owned(), false)).collect();
    world.rights = Some(RightsFacts { simulated: Err("ask for iam:SimulatePrincipalPolicy".into()), tried });
}

/// The certificate that is served.
fn served(world: &mut World) -> &mut Certificate {
    &mut world.parts.certificates[0]
}

fn ends_in(world: &mut World, days: i64) {
    served(world).expires_at = Some(epoch() + SignedDuration::from_hours(24 * days));
}

fn denied(snapshot: &mut Snapshot) {
    let mut reading = Reading::never(crate::fleet::Source::AcmCertificates);
    fail(&mut reading, FailureKind::Denied);
    snapshot.certificates.insert(CertificateSource::Acm, reading);
}

fn suspend(world: &mut World, process: &str) {
    let reason = "User suspended at 02:50".into();
    world.parts.groups[0].suspended.push(SuspendedProcess { process: process.into(), reason });
}

fn boots(snapshot: &mut Snapshot, seconds: i64) {
    let launch = Activity {
        id: "1".into(),
        description: "Launching a new EC2 instance: i-1".into(),
        cause: String::new(),
        started_at: Some(epoch() - SignedDuration::from_secs(seconds)),
        ended_at: Some(epoch()),
        status: "Successful".into(),
        status_message: None,
        progress: 100,
    };
    let source = crate::fleet::Source::AutoScalingDescribeActivities;
    snapshot.activities.insert("production-ag".into(), Reading::taken(source, vec![launch], epoch()));
}

fn lock(snapshot: &mut Snapshot, grip: Grip, left: &[&str]) {
    let holder = Holder {
        who: "jane@laptop".into(),
        identity: String::new(),
        run: "2026-11-22-0007".into(),
        operation: "deploy-full".into(),
        step: String::new(),
        since: epoch() - SignedDuration::from_mins(7),
        ended: None,
    };
    let lock = Lock {
        kind: LockKind::Environment,
        number: 12,
        grip,
        holder: Some(holder),
        seen: Some(epoch()),
        to_put_back: left.iter().map(|text| (*text).to_owned()).collect(),
        unreadable: false,
    };
    snapshot.locks.succeed([("production".into(), vec![lock])].into(), epoch());
}

fn unreachable(world: &mut World, kind: FailureKind) {
    let failure = Failure { since: epoch(), kind, message: "connection timed out".into() };
    let measured = world.on("i-production-cache");
    (measured.reached_at, measured.unreachable) = (None, Some(failure));
}

fn key(world: &mut World, pinned: &[&str]) {
    let pinned = pinned.iter().map(|key| (*key).to_owned()).collect();
    let presented = Some("ED25519 SHA256:new".into());
    world.on("i-production-cache").host_key = Some(HostKeyQuestion { presented, pinned, note: None });
}

fn ground(world: &mut World) -> &mut Ground {
    world.ground.as_mut().unwrap()
}

fn network(port: u16, from: &str) -> Rule {
    Rule::tcp(port, Origin::Network(from.into()))
}

/// What the config names for web servers.
fn named(world: &mut World, names: &[&str]) {
    let security_groups = names.iter().map(|name| (*name).to_owned()).collect();
    let roles = vec![(Role::Web, RolePlace { security_groups, ..RolePlace::default() })];
    world.place().build = std::sync::Arc::new(BuildPlace { roles, ..BuildPlace::default() });
}

#[test]
fn r26_the_exact_source_of_what_is_open_is_told_and_narrow_rules_are_not() {
    let open = spoiled("inner-ports", |w| w.rules("sg-cache").push(network(6379, "192.0.2.0/24")));
    let said =
        "Redis (6379) is open to a network outside the VPC (192.0.2.0/24) in myproject-cache-sg (sg-cache)";
    assert_eq!(open[0].evidence, [said]);
    let closed = found(&World::new(), "inner-ports");
    assert!(
        closed[0].evidence.contains(
            &"5432 from myproject-db-primary-sg, myproject-db-replica-sg, \
                                      myproject-web-sg, myproject-worker-sg"
                .to_owned()
        ),
        "{closed:?}"
    );
    let inside = spoiled("inner-ports", |w| w.rules("sg-cache").push(network(6379, "10.0.9.0/24")));
    assert_eq!(inside[0].severity, Good);
    let missing = spoiled("ways", |w| drop(w.rules("sg-db-primary").remove(0)));
    assert_eq!(missing[0].evidence, ["nothing lets web reach db-primary on port 5432"]);
    assert_eq!(missing[0].cure.as_deref(), Some("quarterdeck plan create-foundation production"));
}

fn unit(name: &str, active: &str) -> Fact {
    let unit = Unit { name: name.into(), active: active.into(), sub: active.into(), ..Unit::default() };
    Fact::Units(Units { units: vec![unit] })
}

fn maintained() -> Fact {
    Fact::Site(Site { maintenance: true, ..Site::default() })
}

#[test]
fn an_environment_as_it_should_be_is_good_in_every_check() {
    World::new().examined(|_, checked| {
        for Checked { check, findings } in checked {
            assert!(!findings.is_empty(), "{} says nothing", check.name);
            for finding in findings {
                assert_eq!((finding.severity, finding.cure.as_deref()), (Good, None), "{}", finding.what);
            }
        }
    });
}

#[test]
fn where_everything_is_wrong_every_part_has_something_to_mend() {
    everything_wrong().examined(|_, checked| {
        for part in Part::ALL {
            let worst =
                checked.iter().filter(|one| one.check.part == part).filter_map(Checked::severity).max();
            let wanted = if part == Part::Access { Unknown } else { Bad };
            assert_eq!(worst, Some(wanted), "{part:?}");
        }
    });
}

#[test]
fn every_check_finds_what_it_is_for_and_names_a_cure() {
    let mut seen = BTreeSet::new();
    for (name, spoil, severity, what) in [PROJECT, CLOUD, GROUP, SERVERS].into_iter().flatten() {
        let findings = spoiled(name, *spoil);
        let finding = findings.iter().find(|finding| finding.what.contains(what));
        let finding = finding.unwrap_or_else(|| panic!("{name}: no “{what}” in {findings:#?}"));
        assert_eq!(finding.severity, *severity, "{name}: {}", finding.what);
        assert!(finding.cure.as_ref().is_some_and(|cure| !cure.is_empty()), "{name}: {}", finding.what);
        seen.insert(*name);
    }
    let all: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(seen, all, "a check without a row");
    assert_eq!(all.len(), CHECKS.len(), "two checks of one name");
}

#[test]
fn what_is_denied_is_unknown_and_names_the_permission() {
    for kind in [FailureKind::Denied, FailureKind::Throttled, FailureKind::Unreachable] {
        let mut world = World::new();
        world.spoil = match kind {
            FailureKind::Denied => |s| everything(s, FailureKind::Denied),
            FailureKind::Throttled => |s| everything(s, FailureKind::Throttled),
            _ => |s| everything(s, FailureKind::Unreachable),
        };
        world.examined(|_, checked| {
            let findings: Vec<&Finding> = checked.iter().flat_map(|one| &one.findings).collect();
            let bad: Vec<_> = findings.iter().filter(|finding| finding.severity == Bad).collect();
            assert!(bad.is_empty(), "{kind:?}: {bad:#?}");
            for action in ["ec2:DescribeInstances", "sts:GetCallerIdentity", "ssm:GetParametersByPath"] {
                let is_told =
                    |finding: &&&Finding| finding.severity == Unknown && finding.what.contains(action);
                assert!(
                    findings.iter().any(|finding| is_told(&finding)),
                    "{kind:?}: {action}: {findings:#?}"
                );
            }
        });
    }
}

fn everything(snapshot: &mut Snapshot, kind: FailureKind) {
    fail(&mut snapshot.identity, kind);
    fail(&mut snapshot.servers, kind);
    fail(&mut snapshot.groups, kind);
    fail(&mut snapshot.load_balancers, kind);
    fail(&mut snapshot.launch, kind);
    fail(&mut snapshot.images, kind);
    fail(&mut snapshot.locks, kind);
    snapshot.measured.clear();
}

#[test]
fn without_a_project_its_files_are_not_judged() {
    let mut world = World::new();
    (world.project, world.site, world.names) = (None, None, None);
    world.examined(|_, checked| {
        for one in checked.iter().filter(|one| one.check.part == Part::Project) {
            assert_eq!(one.severity(), None, "{}", one.check.name);
        }
    });
}

#[test]
fn a_config_full_of_mistakes_does_not_hide_the_rest() {
    let findings = spoiled("config", |world| {
        let line = |n| ProjectProblem { is_error: true, text: format!("f.yml:{n}:1: error: x") };
        world.project().problems = (1..=30).map(line).collect();
    });
    assert_eq!(findings[0].what, "The config has 30 errors");
    assert_eq!(findings[0].evidence.len(), 11);
    assert_eq!(findings[0].evidence[10], "and 20 more");
}

#[test]
fn a_role_that_the_project_has_not_is_not_missed() {
    let findings = spoiled("worker", |world| {
        world.without(&Role::Worker);
        world.place().roles = vec![Role::Web, Role::DbPrimary];
    });
    assert_eq!(findings, []);
}

#[test]
fn a_combo_is_primary_and_worker() {
    let mut world = World::new();
    for role in [Role::DbPrimary, Role::Worker] {
        world.without(&role);
    }
    world.with("i-combo", "combo");
    for name in ["primary", "worker"] {
        assert_eq!(found(&world, name)[0].severity, Good, "{name}");
    }
}

#[test]
fn r8_an_image_older_than_the_database_is_to_be_made_anew() {
    let findings = spoiled("release", |world| launched(world, &Role::DbPrimary));
    assert_eq!(findings[0].severity, Bad);
    assert!(findings[0].evidence[0].starts_with("db-primary i-production-db-primary was launched 41h after"));
    assert!(findings[0].cure.as_ref().unwrap().contains("create-release production"));
}

#[test]
fn r10_luks_is_bad_where_there_is_a_group_and_nobody_s_business_where_there_is_none() {
    let findings = spoiled("encryption", |world| world.project().uses_luks = true);
    assert!(findings[0].cure.as_ref().unwrap().contains("ebs_encrypt: true"));
    let alone = spoiled("encryption", |world| {
        world.project().uses_luks = true;
        world.place().group = None;
    });
    assert_eq!(alone, []);
}

#[test]
fn r17_two_beats_are_bad_and_named() {
    let findings = spoiled("beat", |world| {
        world.with("i-second", "worker");
        world.tell("i-second", program("production-celerybeat", "RUNNING"));
    });
    assert_eq!(findings[0].severity, Bad);
    assert_eq!(findings[0].evidence, ["it runs on worker i-production-worker", "it runs on worker i-second"]);
}

#[test]
fn r20_a_hook_without_a_replacement_says_where_it_belongs() {
    let findings = spoiled("hooks", |world| world.site().hooks[0].is_replaced = false);
    assert_eq!(findings[0].evidence, ["it stands at fabfile.py:12"]);
    assert!(findings[0].cure.as_ref().unwrap().contains("deployment/hooks/post_bootstrap"));
}
