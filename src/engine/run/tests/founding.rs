//! What environments stand on is made once, and taken away again as far as this run has made it and nobody uses it.

use std::time::Duration;

use super::super::{StepEnd, Story, resume};
use super::kit::{ENVIRONMENT, Kit, Told, plan, step};
use crate::cloud::{CloudChange, CloudRead};
use crate::engine::store::RunState;
use crate::fleet::{
    HealthCheck, ImageId, Listener, NewGroup, NewKeyPair, NewLoadBalancer, NewSecurityGroup, NewTemplate,
    Origin, Rule, Sizes, SubnetChoice, Thing, Zone,
};
use crate::plan::{Action, Lasts, NewThing, Opening, OpeningFrom, Plan, SecurityGroupRef, Slot, Step, Undo};
use crate::sandbox::{Fault, FaultKind, Scenario};

/// The most records that the run writes.
const MOST: usize = 80;

fn slot(name: &str) -> Slot {
    Slot(name.into())
}

fn make(id: u16, after: &[u16], name: &str, thing: NewThing) -> Step {
    let action = Action::Make { slot: slot(name), thing: Box::new(thing) };
    step(id, after, action, Lasts::Stays, Undo::Reverse("it is deleted".into()))
}

fn open(id: u16, after: &[u16], group: &str, from: &[(u16, OpeningFrom)]) -> Step {
    let openings = from.iter().map(|(port, from)| Opening { port: *port, from: from.clone() }).collect();
    let action = Action::Open { group: later(group), openings };
    step(id, after, action, Lasts::Stays, Undo::Reverse("they are closed again".into()))
}

fn later(name: &str) -> SecurityGroupRef {
    SecurityGroupRef::Later(slot(name))
}

fn tags() -> Vec<(String, String)> {
    vec![("deployment".into(), "myproject".into()), ("environment".into(), ENVIRONMENT.into())]
}

fn balancer(subnets: Vec<String>) -> NewLoadBalancer {
    let listener = |protocol: &str, port| Listener {
        protocol: protocol.into(),
        port,
        instance_protocol: protocol.into(),
        instance_port: port,
        certificate: (port == 443).then(|| "arn:aws:acm:us-east-1:123456789012:certificate/1".into()),
    };
    NewLoadBalancer {
        name: Kit::balancer(),
        listeners: vec![listener("HTTP", 80), listener("HTTPS", 443)],
        health_check: HealthCheck {
            target: "HTTPS:443/healthcheck.html".into(),
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            healthy_threshold: 2,
            unhealthy_threshold: 2,
        },
        subnets,
        security_groups: Vec::new(),
        draining_s: 60,
        tags: tags(),
    }
}

/// Everything in small: a key, two security groups that name each other, a load balancer, a template and its group.
async fn founding(kit: &Kit) -> Plan {
    let vpc = kit.cloud.vpcs().await.unwrap().remove(0).id;
    let zones = ["us-east-1a", "us-east-1b"].map(Zone::new).to_vec();
    let subnets = kit.cloud.subnets(&SubnetChoice::DefaultOf(zones)).await.unwrap();
    let subnets: Vec<String> = subnets.into_iter().map(|one| one.id).collect();
    let image: ImageId = kit.cloud.topology().environments[0].build.image.clone().unwrap();
    let group = |name: &str| {
        let (description, tags) = ("for a test".into(), tags());
        NewThing::SecurityGroup(NewSecurityGroup { name: name.into(), description, vpc: vpc.clone(), tags })
    };
    let public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFirstContact jane".into();
    let key = NewKeyPair { name: "first-contact".into(), public_key, tags: tags() };
    let template = NewTemplate {
        name: "myproject-staging-web".into(),
        description: "myproject_staging_lc_2026.01.15-12.30.00_5e6f7081928374655647382910fedcba01234567"
            .into(),
        image: Some(image),
        instance_type: "t3.medium".into(),
        security_groups: Vec::new(),
        public_address: false,
        key_name: Some("first-contact".into()),
        instance_profile: None,
        tags: tags(),
    };
    let of_group = NewGroup {
        name: Kit::group_name(),
        launch: None,
        sizes: Sizes { min: 0, desired: 0, max: 2 },
        subnets: subnets.clone(),
        balancers: vec![Kit::balancer()],
        grace_s: 300,
        member_tags: tags(),
        tags: Vec::new(),
    };
    let world = OpeningFrom::Network("0.0.0.0/0".into());
    let of = |name: &str| OpeningFrom::Group(later(name));
    plan(vec![
        make(1, &[], "key", NewThing::KeyPair(key)),
        make(2, &[], "web", group("a-web-sg")),
        make(3, &[], "lb", group("a-lb-sg")),
        open(4, &[2, 3], "lb", &[(80, world.clone()), (443, world), (22, of("web"))]),
        open(5, &[2, 3], "web", &[(80, of("lb")), (443, of("lb"))]),
        make(
            6,
            &[3, 4],
            "balancer",
            NewThing::LoadBalancer { balancer: balancer(subnets), later: vec![slot("lb")] },
        ),
        make(
            7,
            &[1, 2],
            "template",
            NewThing::Template {
                template,
                image: None,
                later: vec![slot("web")],
                group: Some(Kit::group_name()),
            },
        ),
        make(8, &[6, 7], "group", NewThing::Group { group: of_group, launch: Some(slot("template")) }),
    ])
}

/// All that there is, in words, once every answer agrees.
async fn there(kit: &Kit) -> Vec<String> {
    kit.cloud.pause(Duration::from_secs(120)).await;
    let mut all: Vec<String> = Vec::new();
    for group in kit.cloud.security_groups().await.unwrap() {
        all.push(format!("{} {:?}", group.name, group.rules));
    }
    all.extend(kit.cloud.key_pairs().await.unwrap().into_iter().map(|key| key.name));
    for balancer in kit.cloud.load_balancers(&[Kit::balancer()]).await.unwrap() {
        let (check, groups) = (balancer.health_check.unwrap().target, balancer.security_groups.len());
        all.push(format!("{} {check} {groups} {}", balancer.name, balancer.listeners.len()));
    }
    for group in kit.cloud.groups(&[Kit::group_name()]).await.unwrap() {
        all.push(format!("{} {:?} {:?}", group.name, group.sizes(), group.load_balancers));
    }
    let template = Thing::Template { name: "myproject-staging-web".into() };
    all.extend(kit.cloud.thing(&template).await.unwrap().map(|_| template.to_string()));
    all
}

async fn assert_made(kit: &Kit, told: &Told, when: &str) {
    assert_eq!(told.state, RunState::Done, "{when}: {:?}", told.story.failure());
    let there = there(kit).await;
    assert_eq!(there.len(), 6, "{when}: {there:?}");
    assert!(there.contains(&"first-contact".to_owned()), "{when}: {there:?}");
    let balancer = format!("{} HTTPS:443/healthcheck.html 1 2", Kit::balancer());
    assert!(there.contains(&balancer), "{when}: {there:?}");
    let groups = kit.cloud.security_groups().await.unwrap();
    assert_eq!(groups.iter().map(|group| group.rules.len()).collect::<Vec<_>>(), [3, 2], "{when}");
}

async fn assert_nothing_left(kit: &Kit, told: &Told, when: &str) {
    assert!(told.story.left().is_empty(), "{when}: {:?}", told.story.left());
    assert_eq!(there(kit).await, Vec::<String>::new(), "{when}");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_everything_is_made_once() {
    for records in 1..MOST {
        let kit = Kit::of(Scenario::Empty);
        let id = match kit.die_after(founding(&kit).await, records).await {
            Ok(id) => id,
            Err(told) => {
                assert!(records > 30, "it was killed at least so often: {records}");
                return assert_made(&kit, &told, "unbroken").await;
            }
        };
        if kit.store().run(&id).unwrap().finished.is_some() {
            continue;
        }
        let told = kit.again(id, false).await;
        assert_made(&kit, &told, &records.to_string()).await;
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_and_undone_nothing_of_it_is_left() {
    for records in 1..MOST {
        let kit = Kit::of(Scenario::Empty);
        let Ok(id) = kit.die_after(founding(&kit).await, records).await else { return };
        if kit.store().run(&id).unwrap().finished.is_some() {
            continue;
        }
        let told = kit.again(id, true).await;
        assert_nothing_left(&kit, &told, &records.to_string()).await;
    }
    panic!("it never came to its end");
}

const CHANGES: [&str; 7] = [
    "ec2:ImportKeyPair",
    "ec2:CreateSecurityGroup",
    "ec2:AuthorizeSecurityGroupIngress",
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:ConfigureHealthCheck",
    "ec2:CreateLaunchTemplate",
    "autoscaling:CreateAutoScalingGroup",
];

#[tokio::test(start_paused = true)]
async fn what_happened_although_its_answer_was_lost_is_found_by_its_name_and_tags() {
    for action in CHANGES {
        for kind in [FaultKind::FailAfter(1), FaultKind::FailBefore(1), FaultKind::Throttle(3)] {
            let kit = Kit::of(Scenario::Empty);
            kit.cloud.inject(Fault { action: Some(action), kind });
            let told = kit.run(founding(&kit).await).await;
            assert_made(&kit, &told, &format!("{action} {kind:?}")).await;
            let undone = kit.again(told.id, true).await;
            assert_nothing_left(&kit, &undone, &format!("{action} {kind:?}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_although_the_answer_was_lost_is_gone() {
    for action in [
        "ec2:DeleteKeyPair",
        "ec2:DeleteSecurityGroup",
        "ec2:RevokeSecurityGroupIngress",
        "elasticloadbalancing:DeleteLoadBalancer",
        "ec2:DeleteLaunchTemplate",
        "autoscaling:DeleteAutoScalingGroup",
    ] {
        for kind in [FaultKind::FailAfter(1), FaultKind::FailBefore(1)] {
            let kit = Kit::of(Scenario::Empty);
            let told = kit.run(founding(&kit).await).await;
            kit.cloud.inject(Fault { action: Some(action), kind });
            let undone = kit.again(told.id, true).await;
            assert_nothing_left(&kit, &undone, &format!("{action} {kind:?}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_denied_change_fails_the_run_and_undoing_takes_away_what_was_made_before_it() {
    for action in CHANGES {
        let kit = Kit::of(Scenario::Empty);
        kit.cloud.inject(Fault { action: Some(action), kind: FaultKind::Deny });
        let told = kit.run(founding(&kit).await).await;
        assert_eq!(told.state, RunState::Failed, "{action}");
        kit.cloud.clear_faults();
        let undone = kit.again(told.id, true).await;
        assert_nothing_left(&kit, &undone, action).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_has_made_meanwhile_is_neither_taken_nor_taken_away() {
    let kit = Kit::of(Scenario::Empty);
    let theirs = NewKeyPair {
        name: "first-contact".into(),
        public_key: "ssh-ed25519 AAAAC3 somebody".into(),
        tags: Vec::new(),
    };
    kit.cloud.import_key_pair(&theirs).await.unwrap();
    kit.cloud.pause(Duration::from_secs(60)).await;
    let told = kit.run(founding(&kit).await).await;
    assert_eq!(told.state, RunState::Failed);
    let (_, why) = told.story.failure().unwrap();
    assert!(why.contains("key pair first-contact is there already") && why.contains("plan anew"), "{why}");
    let undone = kit.again(told.id, true).await;
    assert!(undone.story.left().is_empty(), "{:?}", undone.story.left());
    assert_eq!(there(&kit).await, ["first-contact"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_open_already_is_not_touched_and_stays_open_when_the_run_is_undone() {
    let kit = Kit::of(Scenario::Empty);
    let vpc = kit.cloud.vpcs().await.unwrap().remove(0).id;
    let (name, description) = ("theirs".into(), "theirs".into());
    let theirs = NewSecurityGroup { name, description, vpc, tags: Vec::new() };
    let id = kit.cloud.create_security_group(&theirs).await.unwrap();
    let wide = Rule::tcp(22, Origin::Network("10.0.0.0/8".into()));
    kit.cloud.authorize(&id, std::slice::from_ref(&wide)).await.unwrap();
    kit.cloud.pause(Duration::from_secs(60)).await;
    let network = |text: &str| OpeningFrom::Network(text.into());
    let openings = vec![
        Opening { port: 22, from: network("10.1.0.0/16") },
        Opening { port: 22, from: network("203.0.113.0/24") },
    ];
    let action = Action::Open { group: SecurityGroupRef::Known(id.clone()), openings: openings.clone() };
    let open = step(1, &[], action, Lasts::Stays, Undo::Reverse("they are closed again".into()));
    let told = kit.run(plan(vec![open.clone()])).await;
    assert_eq!(told.state, RunState::Done);
    let rules = async || kit.cloud.security_groups().await.unwrap().remove(0).rules;
    assert_eq!(rules().await.len(), 2, "the narrow one was let in by the wide one already");
    let again = kit.run(plan(vec![open])).await;
    assert_eq!(end_of(&again.story), StepEnd::AlreadySo);
    let undone = kit.again(told.id, true).await;
    assert!(undone.story.left().is_empty());
    assert_eq!(rules().await, [wide]);
}

fn end_of(story: &Story) -> StepEnd {
    story.steps[0].ended.clone().unwrap().1
}

#[tokio::test(start_paused = true)]
async fn what_is_in_use_stays_and_is_told_until_it_is_not() {
    let kit = Kit::of(Scenario::Empty);
    let told = kit.run(founding(&kit).await).await;
    kit.cloud.set_sizes(&Kit::group_name(), Sizes { min: 0, desired: 1, max: 2 }).await.unwrap();
    kit.cloud.pause(Duration::from_secs(600)).await;
    let undone = kit.again(told.id.clone(), true).await;
    let left: Vec<&str> = undone.story.left().iter().map(|left| left.what.as_str()).collect();
    assert!(left.iter().any(|what| what.starts_with("group myproject-staging-ag")), "{left:?}");
    assert!(left.iter().any(|what| what.starts_with("launch template")), "{left:?}");
    assert!(left.iter().any(|what| what.starts_with("load balancer")), "{left:?}");
    kit.cloud.set_sizes(&Kit::group_name(), Sizes { min: 0, desired: 0, max: 2 }).await.unwrap();
    kit.cloud.pause(Duration::from_secs(600)).await;
    let undone = resume(kit.ports(), kit.store(), told.id, true, Kit::launch("jane@laptop")).await.unwrap();
    let undone = super::kit::told(undone).await;
    assert_nothing_left(&kit, &undone, "undone").await;
}
