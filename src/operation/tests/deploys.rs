//! Whole plans of deploys, as they are shown.

use std::time::Instant;

use insta::assert_snapshot;

use super::*;
use crate::fleet::{Fact, measured};

#[test]
fn a_serial_deploy_as_it_is_shown() {
    let mut world = World::with_releases(3);
    let task = |name: &str| measured::Task { id: "1".into(), name: name.into(), seconds: Some(12.0) };
    let worker = measured::CeleryWorker { running: vec![task("a"), task("b")], ..Default::default() };
    world.measure("i-staging-worker", Fact::Celery(measured::Celery { workers: vec![worker] }));
    world.between("77aa01cd", vec![migration("exports.0042_add_index", &[])], vec![]);
    let plan = world.plan("deploy-serial", &[(Opt::Release, "latest")]).unwrap();
    assert_snapshot!(show(&plan));
}

#[test]
fn a_full_deploy_as_it_is_shown() {
    let mut world = World::with_releases(3);
    world.group().max = 4;
    world.between("77aa01cd", vec![], vec![]);
    let plan = world.plan("deploy-full", &[(Opt::Release, "77aa01cd"), (Opt::NoMigrate, "")]).unwrap();
    assert_snapshot!(show(&plan));
}

#[test]
fn a_deploy_to_two_workers_as_it_is_shown() {
    let mut world = World::with_releases(1);
    world.parts.servers.push(crate::fleet::sample::server("i-staging-worker2", "staging", "worker"));
    let beat = measured::Program {
        group: "staging-celery".into(),
        name: "staging-celerybeat".into(),
        state: "RUNNING".into(),
        ..Default::default()
    };
    world.measure("i-staging-worker2", Fact::Supervisor(measured::Supervisor { programs: vec![beat] }));
    let plan = world.plan("deploy-worker", &[(Opt::Release, "77aa")]).unwrap();
    assert_snapshot!(show(&plan));
}

#[test]
fn a_deploy_in_place_as_it_is_shown() {
    let world = World::with_releases(3);
    let plan = world.plan("deploy-web", &[(Opt::Release, "77aa01cd"), (Opt::Batch, "2")]).unwrap();
    assert_snapshot!(show(&plan));
}

#[test]
fn a_rollback_as_it_is_shown() {
    let mut world = World::with_releases(2);
    world.between("9f8e7d6c", vec![], vec![migration("exports.0042_add_index", &[])]);
    let plan = world.plan("rollback", &[(Opt::Release, "9f8e7d6c")]).unwrap();
    assert_snapshot!(show(&plan));
    let full = world.plan("rollback", &[(Opt::Release, "9f8e7d6c"), (Opt::Full, "")]).unwrap();
    assert_eq!(full.title, plan.title);
    assert!(!steps(&full, "put the maintenance page up").is_empty());
}

#[test]
fn a_serial_deploy_from_a_stopped_one_lets_the_group_launch_only_what_it_deploys() {
    let mut world = World::with_releases(2);
    world.suspend(&["Launch", "AZRebalance"]);
    let plan = world.plan("deploy-serial", &[(Opt::Release, "latest")]).unwrap();
    let resume = the(&plan, "resume Launch");
    assert!(waits_for(&plan, resume, the(&plan, "point the group")), "{}", show(&plan));
    assert!(waits_for(&plan, the(&plan, "replace web servers"), resume));
    assert_eq!(resume.lasts, crate::plan::Lasts::UntilTheEnd, "suspended again in the end");
    assert!(steps(&plan, "suspend AZRebalance").is_empty(), "it is already, and stays so");
}

#[test]
fn r6_a_deploy_to_what_the_group_launches_already_goes_back_to_what_its_servers_run() {
    let mut world = World::with_releases(2);
    let new = world.releases[0].resolved.clone();
    let old = world.group().launch.replace(new.clone()).unwrap();
    for operation in ["deploy-serial", "deploy-full"] {
        let plan = world.plan(operation, &[(Opt::Release, "77aa01cd")]).unwrap();
        let back = the(&plan, "point the group back at what its servers run");
        assert_eq!(back.becomes.as_deref(), Some(old.label().as_str()));
        let to = the(&plan, "point the group at the release");
        assert_eq!((&to.before, &to.becomes), (&Some(old.label()), &Some(new.label())));
        assert_eq!((to.lasts, &to.undo), (crate::plan::Lasts::UnlessStopped, &crate::plan::Undo::Restore));
        assert!(waits_for(&plan, to, back), "{}", show(&plan));
    }
    // What they run was deleted: there is nothing to go back to.
    world.releases.retain(|one| one.resolved != old);
    let plan = world.plan("deploy-serial", &[(Opt::Release, "77aa01cd")]).unwrap();
    assert!(steps(&plan, "point the group").is_empty(), "{}", show(&plan));
}

#[test]
fn every_plan_comes_back_from_json_and_is_the_same_when_it_is_made_again() {
    let world = World::with_releases(3);
    let release = [(Opt::Release, "77aa01cd")];
    for operation in ["deploy-serial", "deploy-full", "deploy-worker", "deploy-web"] {
        let plan = world.plan(operation, &release).unwrap();
        assert_eq!(plan.check(), Ok(()));
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<crate::plan::Plan>(&text).unwrap(), plan);
        assert_eq!(world.plan(operation, &release).unwrap(), plan);
    }
}

#[test]
fn planning_for_a_thousand_servers_does_not_grow_with_their_square() {
    let world = World::with_releases(1_000);
    let snapshot = world.snapshot();
    let release = [(Opt::Release, "77aa01cd")];
    for operation in
        ["deploy-serial", "deploy-full", "deploy-web", "begin-upgrade", "remove-from-load-balancer"]
    {
        let servers: Vec<String> = (0..1_000).map(|n| format!("i-staging-web{n}")).collect();
        let servers = servers.join(",");
        let options: &[(Opt, &str)] = match operation {
            "begin-upgrade" => &[],
            "remove-from-load-balancer" => &[(Opt::Servers, &servers), (Opt::Override, "last-server")],
            _ => &release,
        };
        let began = Instant::now();
        let plan = world.plan_from(&snapshot, operation, options).unwrap();
        let took = began.elapsed();
        eprintln!("{operation}: {} steps in {took:?}", plan.steps.len());
        // Not optimised, on a busy machine: the bench measures.
        assert!(took.as_secs() < 3, "{operation}: {took:?}");
    }
}
