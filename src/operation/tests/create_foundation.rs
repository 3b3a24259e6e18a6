//! create-foundation: what is made, what is opened, and what is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::fleet::sample::certificate;
use crate::fleet::{
    BuildPlace, Certificate, CertificateSource, Ground, KeyPair, Listener, LoadBalancer, Origin, Role,
    RolePlace, Rule, SecurityGroup, Vpc, ZonePlace,
};
use crate::plan::{Action, NewThing};

const CERTIFICATE: (Opt, &str) =
    (Opt::Certificate, "arn:aws:acm:us-east-1:123456789012:certificate/1f3a7c2e-90ab-4cde");
const OFFICE: (Opt, &str) = (Opt::SshFrom, "203.0.113.0/24");
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@laptop";

/// As FabulAWS's own example names them: a group of all, some of one role, and a cache server in several.
const NAMED: [(Role, &[&str]); 5] = [
    (Role::Web, &["shop-sg", "shop-web-sg"]),
    (Role::Worker, &["shop-sg", "shop-worker-sg"]),
    (Role::Cache, &["shop-sg", "shop-cache-sg", "shop-queue-sg", "shop-session-sg"]),
    (Role::DbPrimary, &["shop-sg", "shop-db-sg"]),
    (Role::DbReplica, &["shop-sg", "shop-db-sg"]),
];

fn group(name: &str, rules: &[Rule]) -> SecurityGroup {
    let id = format!("sg-of-{name}");
    SecurityGroup {
        id: id.as_str().into(),
        name: name.into(),
        vpc: Some("vpc-1".into()),
        rules: rules.to_vec(),
    }
}

fn network(port: u16, from: &str) -> Rule {
    Rule::tcp(port, Origin::Network(from.into()))
}

fn from(port: u16, name: &str) -> Rule {
    Rule::tcp(port, Origin::Group(format!("sg-of-{name}").as_str().into()))
}

/// Nothing is there but the VPC.
fn empty() -> World {
    let mut world = World::new(0);
    world.parts.servers.clear();
    let zone = |zone: &str, subnet: &str| ZonePlace { zone: zone.into(), subnet: Some(subnet.into()) };
    let roles = NAMED.map(|(role, names)| {
        let security_groups = names.iter().map(|name| (*name).to_owned()).collect();
        (role, RolePlace { security_groups, ..RolePlace::default() })
    });
    world.place.build = Arc::new(BuildPlace {
        zones: vec![zone("us-east-1a", "subnet-1"), zone("us-east-1b", "subnet-2")],
        roles: roles.to_vec(),
        ..BuildPlace::default()
    });
    world.ground = Some(Ground {
        vpcs: Ok(vec![Vpc { id: "vpc-1".into(), networks: vec!["10.0.0.0/16".into()], is_default: true }]),
        subnets: world.room.as_ref().unwrap().subnets.clone(),
        security_groups: Ok(Vec::new()),
        keys: Ok(Vec::new()),
        balancers: Ok(Vec::new()),
        certificates: certificates(),
    });
    world
}

/// The certificates there are: one for the site.
fn certificates() -> BTreeMap<CertificateSource, Result<Vec<Certificate>, String>> {
    let ours = certificate(CERTIFICATE.1, &["staging.example.com"]);
    BTreeMap::from([(CertificateSource::Acm, Ok(vec![ours])), (CertificateSource::Iam, Ok(Vec::new()))])
}

/// Everything is there, and as narrow as can be.
fn whole() -> World {
    let mut world = empty();
    let ground = world.ground.as_mut().unwrap();
    ground.security_groups = Ok(vec![
        group("shop-sg", &[network(22, "203.0.113.0/24")]),
        group("shop-web-sg", &[from(80, "staging-lb-sg"), from(443, "staging-lb-sg")]),
        group("shop-worker-sg", &[]),
        group("shop-cache-sg", &[from(11_211, "shop-sg")]),
        group("shop-queue-sg", &[network(5672, "10.0.0.0/8")]),
        group("shop-session-sg", &[from(6379, "shop-web-sg"), from(6379, "shop-worker-sg")]),
        group(
            "shop-db-sg",
            &[from(5432, "shop-web-sg"), from(5432, "shop-worker-sg"), from(5432, "shop-db-sg")],
        ),
        group("staging-lb-sg", &[network(443, "198.51.100.0/24"), network(80, "198.51.100.0/24")]),
    ]);
    ground.balancers = Ok(vec![balancer("staging-lb", CERTIFICATE.1)]);
    ground.keys = Ok(vec![KeyPair { name: "myproject".into(), fingerprint: None }]);
    world
}

fn balancer(name: &str, certificate: &str) -> LoadBalancer {
    LoadBalancer {
        name: name.into(),
        dns_name: None,
        scheme: Some("internet-facing".into()),
        listeners: vec![Listener {
            protocol: "HTTPS".into(),
            port: 443,
            instance_protocol: "HTTPS".into(),
            instance_port: 443,
            certificate: Some(certificate.into()),
        }],
        health_check: None,
        zones: Vec::new(),
        security_groups: vec![format!("sg-of-{name}-sg").as_str().into()],
        members: Vec::new(),
        created_at: None,
    }
}

fn groups(world: &mut World) -> &mut Vec<SecurityGroup> {
    world.ground.as_mut().unwrap().security_groups.as_mut().unwrap()
}

fn rules<'w>(world: &'w mut World, name: &str) -> &'w mut Vec<Rule> {
    &mut groups(world).iter_mut().find(|group| group.name == name).unwrap().rules
}

#[test]
fn where_there_is_nothing_everything_is_made_with_exactly_the_rules_that_are_needed() {
    let plan = empty().plan("create-foundation", &[OFFICE, CERTIFICATE, (Opt::PublicKey, KEY)]).unwrap();
    assert_snapshot!(show(&plan));
    assert!(plan.check().is_ok());
}

#[test]
fn where_everything_is_there_nothing_is_to_be_done_and_an_environment_of_narrow_rules_stays_so() {
    let refused = whole().refused("create-foundation", &[]);
    assert!(refused.contains("nothing is to be made") && !refused.contains("More"), "{refused}");
}

#[test]
fn r26_what_is_open_beside_is_told_with_its_exact_source_and_never_closed() {
    let mut world = whole();
    rules(&mut world, "shop-sg").push(network(22, "0.0.0.0/0"));
    rules(&mut world, "shop-db-sg").push(network(5432, "192.0.2.0/24"));
    let refused = world.refused("create-foundation", &[]);
    for told in [
        "SSH is open to everybody (0.0.0.0/0) in shop-sg",
        "the database (5432) is open to a network outside the VPC (192.0.2.0/24) in shop-db-sg",
    ] {
        assert!(refused.contains(told), "{refused}");
    }
    rules(&mut world, "shop-db-sg").remove(0);
    let plan = world.plan("create-foundation", &[]).unwrap();
    assert_eq!(plan.notes.len(), 2, "{:?}", plan.notes);
    let [step] = plan.steps.as_slice() else { panic!("{:?}", plan.steps) };
    assert!(matches!(&step.action, Action::Open { .. }), "nothing else is changed");
    assert_eq!(step.becomes.as_deref(), Some("5432 from shop-web-sg"));
}

#[test]
fn missing_rules_go_to_the_group_that_speaks_of_the_port_and_name_the_group_of_one_role() {
    for (name, missing, wanted) in [
        ("shop-cache-sg", 0, "11211 from shop-web-sg, 11211 from shop-worker-sg"),
        ("shop-queue-sg", 0, "5672 from shop-web-sg, 5672 from shop-worker-sg"),
        ("shop-session-sg", 1, "6379 from shop-worker-sg"),
        ("shop-db-sg", 2, "5432 from shop-db-sg"),
        ("shop-web-sg", 1, "443 from staging-lb-sg"),
    ] {
        let mut world = whole();
        rules(&mut world, name).remove(missing);
        let plan = world.plan("create-foundation", &[]).unwrap();
        let [step] = plan.steps.as_slice() else { panic!("{name}: {:?}", plan.steps) };
        assert_eq!((step.target.as_str(), step.becomes.as_deref()), (name, Some(wanted)));
    }
}

#[test]
fn a_load_balancer_that_nobody_reaches_is_opened_and_one_for_some_stays_as_it_is() {
    let mut world = whole();
    rules(&mut world, "staging-lb-sg").clear();
    let plan = world.plan("create-foundation", &[]).unwrap();
    assert_eq!(plan.steps[0].becomes.as_deref(), Some("80 from everybody, 443 from everybody"));
    let ground = world.ground.as_mut().unwrap();
    ground.balancers.as_mut().unwrap()[0].scheme = Some("internal".into());
    assert!(world.refused("create-foundation", &[]).contains("nothing is to be made"));
    let mut world = whole();
    let own = groups(&mut world).iter().find(|group| group.name == "shop-web-sg").unwrap().id.clone();
    world.ground.as_mut().unwrap().balancers.as_mut().unwrap()[0].security_groups = vec![own];
    rules(&mut world, "shop-web-sg").clear();
    let plan = world.plan("create-foundation", &[]).unwrap();
    assert!(plan.notes.iter().any(|note| note.contains("give it one of its own")), "{:?}", plan.notes);
    assert!(
        plan.steps.iter().all(|step| !step.becomes.as_deref().unwrap_or_default().contains("everybody")),
        "servers are not opened to everybody: {:?}",
        plan.steps
    );
}

#[test]
fn ssh_is_opened_from_where_it_was_asked_for_and_from_everywhere_only_where_that_was_typed() {
    let mut world = whole();
    rules(&mut world, "shop-sg").clear();
    let refused = world.refused("create-foundation", &[]);
    assert!(refused.contains("--ssh-from") && refused.contains("web, worker"), "{refused}");
    let plan = world.plan("create-foundation", &[OFFICE]).unwrap();
    assert_eq!(plan.steps.len(), 1, "in the group that all are in: {:?}", plan.steps);
    assert_eq!(plan.steps[0].target, "shop-sg");
    let typed = world.plan("create-foundation", &[(Opt::SshFrom, "0.0.0.0/0")]).unwrap();
    assert!(typed.notes.iter().any(|note| note.contains("as was asked")), "{:?}", typed.notes);
    for wrong in ["203.0.113.7", "office", "203.0.113.0/33", "203.0.113.0/24,x"] {
        let refused = world.refused("create-foundation", &[(Opt::SshFrom, wrong)]);
        assert!(refused.contains("--ssh-from wants networks"), "{refused}");
    }
    let within = whole().refused("create-foundation", &[(Opt::SshFrom, "203.0.113.9/32")]);
    assert!(within.contains("nothing is to be made"), "it is open by a wider rule: {within}");
}

#[test]
fn the_certificate_is_the_one_that_was_given_or_the_only_one_that_others_serve() {
    let mut world = whole();
    let ground = world.ground.as_mut().unwrap();
    ground.balancers = Ok(vec![balancer("production-lb", CERTIFICATE.1)]);
    let plan = world.plan("create-foundation", &[]).unwrap();
    assert!(plan.notes.iter().any(|note| note.contains(CERTIFICATE.1)), "{:?}", plan.notes);
    let Action::Make { thing, .. } = &plan.steps.last().unwrap().action else { panic!("{:?}", plan.steps) };
    let NewThing::LoadBalancer { balancer: new, .. } = &**thing else { panic!("{thing:?}") };
    assert_eq!(new.listeners[1].certificate.as_deref(), Some(CERTIFICATE.1));
    assert_eq!(new.subnets, ["subnet-1", "subnet-2"], "one of each zone");
    assert_eq!(new.security_groups, ["sg-of-staging-lb-sg".into()], "the one that is there");
    let ground = world.ground.as_mut().unwrap();
    let other = CERTIFICATE.1.replace("1f3a", "2f3a");
    ground.balancers.as_mut().unwrap().push(balancer("testing-lb", &other));
    assert!(world.refused("create-foundation", &[]).contains("choose one by --certificate"));
    world.ground.as_mut().unwrap().balancers = Ok(Vec::new());
    assert!(world.refused("create-foundation", &[]).contains("--certificate ARN"));
    let elsewhere = CERTIFICATE.1.replace("us-east-1", "eu-west-1");
    for (wrong, why) in [(elsewhere.as_str(), "is of region eu-west-1"), ("mine", "wants the ARN")] {
        let refused = world.refused("create-foundation", &[(Opt::Certificate, wrong)]);
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn only_the_public_half_of_a_key_is_taken_and_the_other_one_is_repeated_nowhere() {
    let mut world = whole();
    let there = world.plan("create-foundation", &[(Opt::PublicKey, KEY), OFFICE]);
    assert!(there.unwrap_err().to_string().contains("nothing is to be made"));
    world.ground.as_mut().unwrap().keys = Ok(Vec::new());
    let plan = world.plan("create-foundation", &[(Opt::PublicKey, KEY)]).unwrap();
    assert_eq!(plan.steps[0].target, "myproject");
    for wrong in
        ["-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXk", "ecdsa-sha2-nistp256 AAAAE2Vj", "ssh-rsa"]
    {
        let refused = world.refused("create-foundation", &[(Opt::PublicKey, wrong)]);
        assert!(refused.contains("id_ed25519.pub") && !refused.contains("b3Blbn"), "{refused}");
    }
}

#[test]
fn what_is_not_known_or_contradicts_itself_is_refused_with_what_to_do() {
    type Spoil = fn(&mut World);
    let cases: [(Spoil, &str); 8] = [
        (|world| world.ground = None, "was not looked at"),
        (|world| world.ground.as_mut().unwrap().security_groups = Err("denied".into()), "not known: denied"),
        (|world| world.ground.as_mut().unwrap().subnets = Ok(Vec::new()), "no subnet subnet-1"),
        (
            |world| world.ground.as_mut().unwrap().subnets.as_mut().unwrap()[1].vpc = Some("vpc-2".into()),
            "in several VPCs",
        ),
        (|world| world.ground.as_mut().unwrap().vpcs = Ok(Vec::new()), "is not told by AWS"),
        (|world| build(world, |build| build.zones.clear()), "under `avail_zones`"),
        (|world| build(world, |build| build.roles.clear()), "under `security_groups`"),
        (
            |world| build(world, |build| build.roles[0].1.security_groups = vec!["sg-0123".into()]),
            "there is no security group sg-0123",
        ),
    ];
    for (spoil, why) in cases {
        let mut world = whole();
        spoil(&mut world);
        let refused = world.refused("create-foundation", &[OFFICE]);
        assert!(refused.contains(why), "{why}: {refused}");
    }
}

fn build(world: &mut World, change: impl FnOnce(&mut BuildPlace)) {
    let mut build = (*world.place.build).clone();
    change(&mut build);
    world.place.build = Arc::new(build);
}

#[test]
fn roles_without_groups_are_told_and_a_name_in_another_vpc_is_another_group() {
    let mut world = whole();
    build(&mut world, |build| build.roles[1].1.security_groups.clear());
    groups(&mut world).iter_mut().find(|group| group.name == "shop-cache-sg").unwrap().vpc =
        Some("vpc-9".into());
    let plan = world.plan("create-foundation", &[OFFICE]).unwrap();
    let said = plan.notes.join("\n");
    assert!(said.contains("no security groups for servers of role worker"), "{said}");
    assert!(said.contains("shop-cache-sg is in VPC vpc-9"), "{said}");
    assert_eq!(plan.steps[0].target, "shop-cache-sg");
}
