//! What suspended processes keep a group from doing.

use super::changed::{balancer_of, group_of, health_of, in_service};
use super::{memory, now, step};
use crate::cloud::{CloudChange, CloudRead};
use crate::fleet::{Group, ImageId, InstanceId, Process, Sizes};
use crate::sandbox::{SandboxCloud, Scenario};

const ENVIRONMENT: &str = "staging";

fn group(cloud: &SandboxCloud) -> Group {
    group_of(cloud, ENVIRONMENT)
}

fn want(cloud: &SandboxCloud, desired: u32) {
    let group = group(cloud);
    now(cloud.set_sizes(&group.name, Sizes { min: 1, desired, max: 4 })).unwrap();
}

fn suspend(cloud: &SandboxCloud, processes: &[Process]) {
    now(cloud.suspend(&group(cloud).name, processes)).unwrap();
}

fn resume(cloud: &SandboxCloud, processes: &[Process]) {
    now(cloud.resume(&group(cloud).name, processes)).unwrap();
}

fn image(cloud: &SandboxCloud) -> ImageId {
    let launch = group(cloud).launch.unwrap();
    now(cloud.launch_settings(&[launch])).unwrap().remove(0).image.unwrap()
}

#[test]
fn suspended_processes_are_told_with_a_reason_and_resumed_one_by_one() {
    let cloud = memory(Scenario::Calm);
    suspend(&cloud, &[Process::Launch, Process::AzRebalance]);
    let first = group(&cloud).suspended;
    assert!(first.iter().all(|s| s.reason.starts_with("User suspended at 2026-")), "{first:?}");
    step(&cloud, 60);
    // Suspending again changes nothing.
    suspend(&cloud, &Process::ALL);
    assert_eq!(group(&cloud).suspended.len(), Process::ALL.len());
    assert!(first.iter().all(|s| group(&cloud).suspended.contains(s)));
    resume(&cloud, &[Process::Launch]);
    let left = group(&cloud);
    assert!(!left.is_suspended("Launch") && left.is_suspended("AZRebalance"));
}

#[test]
fn without_launch_nothing_is_launched_until_it_is_resumed() {
    let cloud = memory(Scenario::Calm);
    suspend(&cloud, &[Process::Launch]);
    want(&cloud, 4);
    step(&cloud, 600);
    assert_eq!(group(&cloud).members.len(), 2);
    resume(&cloud, &[Process::Launch]);
    step(&cloud, 180);
    assert_eq!(in_service(&cloud, ENVIRONMENT), 4);
}

#[test]
fn without_terminate_nothing_is_taken_away_until_it_is_resumed() {
    let cloud = memory(Scenario::Calm);
    suspend(&cloud, &[Process::Terminate]);
    want(&cloud, 1);
    step(&cloud, 600);
    assert_eq!(in_service(&cloud, ENVIRONMENT), 2);
    resume(&cloud, &[Process::Terminate]);
    step(&cloud, 180);
    assert_eq!((group(&cloud).members.len(), in_service(&cloud, ENVIRONMENT)), (1, 1));
}

/// Members launched while this is suspended stand outside for good, unless somebody registers them.
#[test]
fn without_add_to_load_balancer_new_members_are_never_registered_by_the_group() {
    let cloud = memory(Scenario::Calm);
    suspend(&cloud, &[Process::AddToLoadBalancer]);
    want(&cloud, 4);
    step(&cloud, 300);
    assert_eq!((group(&cloud).members.len(), health_of(&cloud, ENVIRONMENT).len()), (4, 2));
    resume(&cloud, &[Process::AddToLoadBalancer]);
    step(&cloud, 600);
    assert_eq!(health_of(&cloud, ENVIRONMENT).len(), 2);
    let all: Vec<InstanceId> = group(&cloud).members.into_iter().map(|m| m.instance).collect();
    now(cloud.register(&balancer_of(ENVIRONMENT), &all)).unwrap();
    step(&cloud, 25);
    assert_eq!(in_service(&cloud, ENVIRONMENT), 4);
}

#[test]
fn servers_of_a_bad_image_never_become_healthy_and_the_group_replaces_them_again_and_again() {
    let cloud = memory(Scenario::Calm);
    cloud.spoil_image(&image(&cloud)).unwrap();
    // Those that run it already fail as well; nobody judges them.
    suspend(&cloud, &[Process::HealthCheck]);
    step(&cloud, 600);
    assert_eq!((group(&cloud).members.len(), in_service(&cloud, ENVIRONMENT)), (2, 0));
    let before: Vec<InstanceId> = group(&cloud).members.into_iter().map(|m| m.instance).collect();
    let reason = health_of(&cloud, ENVIRONMENT)[0].description.clone().unwrap();
    assert!(reason.contains("UnhealthyThreshold"), "{reason}");
    resume(&cloud, &[Process::HealthCheck]);
    step(&cloud, 1_200);
    let after = group(&cloud);
    assert!(before.iter().all(|gone| after.member(gone).is_none()));
    assert_eq!(in_service(&cloud, ENVIRONMENT), 0);
}

#[test]
fn without_replace_unhealthy_an_unhealthy_member_stays() {
    let cloud = memory(Scenario::Calm);
    suspend(&cloud, &[Process::ReplaceUnhealthy]);
    let before = group(&cloud).members.len();
    cloud.spoil_image(&image(&cloud)).unwrap();
    step(&cloud, 1_200);
    let after = group(&cloud);
    assert_eq!(after.members.len(), before);
    assert!(after.members.iter().all(|m| !m.healthy), "{:?}", after.members);
}

#[test]
fn a_group_without_its_image_says_why_it_launches_nothing() {
    let cloud = memory(Scenario::Calm);
    now(cloud.delete_image(&image(&cloud))).unwrap();
    want(&cloud, 3);
    step(&cloud, 30);
    let newest = now(cloud.activities(&group(&cloud).name, 1)).unwrap().remove(0);
    assert_eq!(newest.status, "Failed");
    assert!(newest.status_message.as_deref().unwrap_or_default().contains("does not exist"), "{newest:?}");
    assert_eq!(group(&cloud).members.len(), 2);
    let older = super::changed::releases_of(&cloud, ENVIRONMENT).remove(1);
    now(cloud.set_launch(&group(&cloud).name, &older)).unwrap();
    step(&cloud, 300);
    assert_eq!(in_service(&cloud, ENVIRONMENT), 3);
}
