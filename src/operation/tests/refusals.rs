//! Environments that are not as they have to be.

use super::*;
use crate::fleet::sample::server;
use crate::fleet::{FailureKind, LaunchSource, Power, Role};

const LATEST: (Opt, &str) = (Opt::Release, "latest");
const DEPLOYS: [&str; 2] = ["deploy-serial", "deploy-full"];

fn each(world: &World, begins: &str) {
    for operation in DEPLOYS {
        let refused = world.refused(operation, &[LATEST]);
        assert!(refused.starts_with(begins), "{operation}: {refused}");
    }
}

#[test]
fn a_release_that_is_not_named_or_not_known_is_refused_with_those_there_are() {
    let world = World::with_releases(2);
    assert_eq!(
        world.refused("deploy-serial", &[]),
        "say which release, with --release: latest is 77aa01c; before it a1b2c3d, 9f8e7d6"
    );
    let refused = |word| world.refused("deploy-serial", &[(Opt::Release, word)]);
    assert_eq!(refused("beef123"), "staging has no release `beef123`; there are 77aa01c, a1b2c3d, 9f8e7d6");
    let none = World::new(2).refused("deploy-full", &[LATEST]);
    assert_eq!(none, "staging has no release: make one with create-release");
}

#[test]
fn the_beginning_of_a_changeset_names_a_release_unless_it_could_be_two() {
    let mut world = World::with_releases(2);
    world.release("77aa99ff", "2026.11.21-11.00.00", "ami-3");
    let plan = world.plan("deploy-serial", &[(Opt::Release, "77aa0")]).unwrap();
    assert!(plan.title.contains("77aa01c"), "{}", plan.title);
    let two = world.refused("deploy-serial", &[(Opt::Release, "77aa")]);
    assert!(two.starts_with("`77aa` can be several releases: there are 77aa99ff, 77aa01cd"), "{two}");
    world.releases.pop();
    world.release("77aa01cd", "2026.11.21-12.00.00", "ami-3");
    let plan = world.plan("deploy-serial", &[(Opt::Release, "77aa0")]).unwrap();
    assert!(the(&plan, "point").becomes.as_ref().unwrap().contains("12.00.00"), "made twice: the newest");
}

#[test]
fn a_launch_configuration_of_another_environment_or_by_hand_is_not_deployed() {
    let mut world = World::with_releases(2);
    let foreign = ["myproject_production_lc_2026.11.21-10.00.00_77aa01cd", "by-hand"];
    for name in foreign {
        let mut settings = world.releases[0].clone();
        settings.resolved = LaunchSource::Configuration { name: name.into() };
        settings.source = settings.resolved.clone();
        world.releases.insert(0, settings);
        let refused = world.refused("deploy-serial", &[(Opt::Release, name)]);
        assert!(refused.starts_with(&format!("`{name}` was not made for staging")), "{refused}");
    }
    let plan = world.plan("deploy-serial", &[LATEST]).unwrap();
    assert!(plan.title.contains("77aa01c"), "latest is the environment's own");
    world.group().launch = Some(LaunchSource::Configuration { name: "by-hand".into() });
    let plan = world.plan("deploy-serial", &[LATEST]).unwrap();
    assert!(the(&plan, "point").before.as_ref().unwrap() == "by-hand", "and goes back to it");
}

#[test]
fn an_empty_group_is_not_deployed_to() {
    let mut world = World::with_releases(2);
    world.group().members.clear();
    each(&world, "staging-ag is empty");
    let mut world = World::with_releases(2);
    world.group().members.iter_mut().for_each(|member| member.lifecycle = "Terminating:Wait".into());
    each(&world, "staging-ag is empty");
}

#[test]
fn without_a_worker_nothing_is_deployed_unless_the_project_has_none() {
    let mut world = World::with_releases(2);
    world.parts.servers.retain(|server| server.role.role != Role::Worker);
    each(&world, "staging has no worker");
    assert!(world.refused("deploy-worker", &[LATEST]).starts_with("staging has no worker"));
    world.place.roles = vec![Role::Web, Role::Cache];
    let plan = world.plan("deploy-serial", &[LATEST]).unwrap();
    assert!(steps(&plan, "migrate").is_empty() && plan.notes.iter().any(|note| note.contains("no worker")));
}

#[test]
fn a_worker_that_cannot_be_asked_stops_the_deploy_before_it_begins() {
    let mut world = World::with_releases(2);
    let worker = world.parts.servers.iter_mut().find(|server| server.role.role == Role::Worker).unwrap();
    worker.power = Power::Stopped;
    each(&world, "worker i-staging-worker is stopped: start it, or tag it worker-OLD");
    let world = World::with_releases(2);
    let mut snapshot = world.snapshot();
    let failure = crate::fleet::Failure {
        since: world.now(),
        kind: FailureKind::Unreachable,
        message: "connection refused".into(),
    };
    let measured = crate::fleet::Measured { unreachable: Some(failure), ..crate::fleet::Measured::default() };
    snapshot.measured.insert("i-staging-worker".into(), std::sync::Arc::new(measured));
    let refused = world.plan_from(&snapshot, "deploy-serial", &[LATEST]).unwrap_err().to_string();
    assert!(refused.contains("cannot be reached: connection refused"), "{refused}");
}

#[test]
fn two_primaries_are_settled_first() {
    let mut world = World::with_releases(2);
    world.parts.servers.push(server("i-staging-db2", "staging", "db-master"));
    each(&world, "staging has 2 servers of role db-primary: i-staging-db-primary, i-staging-db2");
    assert!(world.refused("deploy-worker", &[LATEST]).starts_with("staging has 2 servers"));
}

#[test]
fn a_group_without_a_load_balancer_or_with_one_that_is_not_looked_at_is_refused() {
    let mut world = World::with_releases(2);
    world.group().target_groups = vec!["arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/1".into()];
    each(&world, "staging-ag also joins target group web/1");
    world.group().load_balancers.clear();
    each(&world, "staging-ag has no load balancer");
}

#[test]
fn a_group_whose_old_servers_cannot_be_told_is_refused() {
    let mut world = World::with_releases(2);
    world.group().overrides = vec![LaunchSource::Configuration { name: "other".into() }];
    each(&world, "staging-ag launches some instance types from a template of their own (other)");
    world.group().overrides.clear();
    world.group().launch = None;
    each(&world, "what staging-ag launches was deleted");
}

#[test]
fn what_is_deployed_already_is_not_deployed_again_through_the_group() {
    let world = World::with_releases(2);
    let same = [(Opt::Release, "a1b2c3d4")];
    assert!(world.refused("deploy-serial", &same).contains("deploy-worker"));
    assert!(world.refused("deploy-full", &same).starts_with("all servers of staging-ag run a1b2c3d already"));
    assert!(world.plan("deploy-worker", &same).is_ok() && world.plan("deploy-web", &same).is_ok());
}

#[test]
fn facts_that_are_old_deploy_nothing() {
    let mut world = World::with_releases(2);
    world.age = jiff::SignedDuration::from_secs(95);
    for operation in ["deploy-serial", "deploy-full", "deploy-worker", "deploy-web", "forget-releases"] {
        let options: &[(Opt, &str)] = if operation == "forget-releases" { &[] } else { &[LATEST] };
        let refused = world.plan(operation, options).unwrap_err();
        assert!(matches!(refused, Refused::Facts(_)), "{operation}: {refused}");
        assert!(refused.to_string().contains("95 s ago"), "{refused}");
    }
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let world = World::with_releases(2);
    let zero = [LATEST, (Opt::Batch, "0")];
    assert_eq!(world.refused("deploy-serial", &zero), "--batch wants at least 1");
    assert_eq!(world.refused("deploy-web", &zero), "--batch wants at least 1");
    let many = world.plan("deploy-serial", &[LATEST, (Opt::Batch, "9")]).unwrap();
    assert!(many.title.ends_with("2 servers at a time"), "{}", many.title);
    assert!(world.refused("forget-releases", &[(Opt::Keep, "0")]).starts_with("--keep wants at least 1"));
    let both = [(Opt::Release, "9f8e7d6c"), (Opt::Full, ""), (Opt::Batch, "2")];
    assert!(world.refused("rollback", &both).contains("leave out --batch"));
}
