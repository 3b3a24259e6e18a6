//! What AWS answers when it is not well.

use quarterdeck::engine::store::RunState;
use serde_json::json;

use super::{Life, site};

/// Every change that a deploy through a group makes.
const CHANGES: [&str; 9] = [
    "PutParameter",
    "DeleteParameters",
    "SuspendProcesses",
    "ResumeProcesses",
    "UpdateAutoScalingGroup",
    "RegisterInstancesWithLoadBalancer",
    "DeregisterInstancesFromLoadBalancer",
    "TerminateInstanceInAutoScalingGroup",
    "SetDesiredCapacity",
];

/// Every read.
const READS: [&str; 6] = [
    "DescribeInstances",
    "DescribeAutoScalingGroups",
    "DescribeLoadBalancers",
    "DescribeInstanceHealth",
    "DescribeLaunchConfigurations",
    "GetParametersByPath",
];

/// A whole deploy with every one of these calls ending so, the first times it is made.
fn all_is_well_in_spite_of(
    name: &str,
    operation: &'static str,
    faults: &[(&'static str, &'static str, i32)],
) {
    site(name, &["--web", "2"], |site| {
        site.live(async |life| {
            let (kept, old) = (life.kept().await, life.members().await);
            let started = life.begin_under(operation, faults).await;
            let (state, story) = super::ended(started).await;
            life.wire.faults(&[]);
            assert_eq!(state, RunState::Done, "{:?}", story.failure());
            assert!(story.left().is_empty(), "{:?}", story.left());
            life.assert_deployed(&kept, &old).await;
        });
    });
}

impl Life<'_> {
    /// Begins with all well; then these faults set in.
    async fn begin_under(
        &self,
        operation: &str,
        faults: &[(&str, &str, i32)],
    ) -> quarterdeck::engine::run::Started {
        let started = self.begin(operation).await;
        self.wire.faults(faults);
        started
    }
}

#[test]
fn throttling_of_every_call_only_takes_time() {
    let faults: Vec<_> = CHANGES.iter().chain(&READS).map(|action| (*action, "Throttling", 3)).collect();
    all_is_well_in_spite_of("trouble::throttling_of_every_call_only_takes_time", "deploy-full", &faults);
}

#[test]
fn a_change_that_takes_effect_without_an_answer_is_found_and_not_made_twice() {
    let name = "trouble::a_change_that_takes_effect_without_an_answer_is_found_and_not_made_twice";
    let faults: Vec<_> = CHANGES[2..].iter().map(|action| (*action, "drop", 2)).collect();
    all_is_well_in_spite_of(name, "deploy-full", &faults);
}

#[test]
fn a_serial_deploy_terminates_each_old_server_once_whatever_becomes_of_the_answers() {
    let name = "trouble::a_serial_deploy_terminates_each_old_server_once_whatever_becomes_of_the_answers";
    let faults = [("TerminateInstanceInAutoScalingGroup", "drop", 2), ("UpdateAutoScalingGroup", "drop", 2)];
    all_is_well_in_spite_of(name, "deploy-serial", &faults);
}

#[test]
fn r25_a_load_balancer_that_does_not_know_new_members_yet_is_asked_again() {
    let name = "trouble::r25_a_load_balancer_that_does_not_know_new_members_yet_is_asked_again";
    let faults = [("RegisterInstancesWithLoadBalancer", "InvalidInstance", 3)];
    all_is_well_in_spite_of(name, "deploy-full", &faults);
}

#[test]
fn r6_an_image_that_never_becomes_healthy_leaves_the_old_servers_and_no_trap() {
    let name = "trouble::r6_an_image_that_never_becomes_healthy_leaves_the_old_servers_and_no_trap";
    site(name, &["--web", "2"], |site| {
        site.wire.health(site.image.as_str(), "OutOfService");
        site.live(async |life| {
            let (kept, old, launch) = (life.kept().await, life.members().await, life.group().await.launch);
            let (state, story) = life.deploy("deploy-serial").await;
            assert_eq!(state, RunState::Failed);
            let (_, why) = story.failure().unwrap();
            assert!(why.contains("UnhealthyThreshold"), "the load balancer's own words: {why}");
            assert!(story.left().is_empty(), "{:?}", story.left());
            life.assert_untouched(&kept, &old, launch.as_ref()).await;
        });
    });
}

#[test]
fn a_server_that_dies_in_the_middle_is_made_up_for() {
    let name = "trouble::a_server_that_dies_in_the_middle_is_made_up_for";
    site(name, &["--web", "2"], |site| {
        site.live(async |life| {
            let (kept, old) = (life.kept().await, life.members().await);
            let started = life.begin("deploy-serial").await;
            let victim = old[0].to_string();
            life.wire.call("ec2", "terminate_instances", &json!({ "InstanceIds": [victim] }));
            let (state, story) = super::ended(started).await;
            assert_eq!(state, RunState::Done, "{:?}", story.failure());
            life.assert_deployed(&kept, &old).await;
        });
    });
}

#[test]
fn two_operators_one_environment_the_second_is_told_who_is_at_work() {
    let name = "trouble::two_operators_one_environment_the_second_is_told_who_is_at_work";
    site(name, &["--web", "2"], |site| {
        site.live(async |life| {
            let first = life.begin("deploy-serial").await;
            let options =
                quarterdeck::operation::Options { release: Some(super::NEW.into()), ..Default::default() };
            let plan = life.plan("deploy-serial", &options).await.unwrap();
            let dir = tempfile::tempdir().unwrap();
            let cloud = std::sync::Arc::clone(&life.cloud);
            let store = quarterdeck::engine::Store::new(
                dir.path(),
                std::sync::Arc::new(move || quarterdeck::cloud::CloudRead::now(&*cloud)),
            );
            let refused = quarterdeck::engine::run::begin(life.ports(), store, plan, super::launch()).await;
            let said = refused.expect_err("the lock is held").to_string();
            assert!(said.contains("ana@laptop") && said.contains("deploy-serial"), "{said}");
            let (state, _) = super::ended(first).await;
            assert_eq!(state, RunState::Done);
        });
    });
}
