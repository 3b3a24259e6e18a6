//! What changes of groups and load balancers do to a world.

use super::{assert_sound, memory, now, step};
use crate::cloud::{CloudChange, CloudError, CloudRead};
use crate::fleet::{
    Group, GroupName, HealthState, InstanceId, LaunchSource, LoadBalancerName, MemberHealth, Sizes,
};
use crate::sandbox::{SandboxCloud, Scenario, held};

pub(super) fn group_of(cloud: &SandboxCloud, environment: &str) -> Group {
    let name = GroupName::new(format!("myproject-{environment}-ag"));
    now(cloud.groups(&[name])).unwrap().remove(0)
}

pub(super) fn balancer_of(environment: &str) -> LoadBalancerName {
    LoadBalancerName::new(format!("myproject-{environment}-lb"))
}

pub(super) fn health_of(cloud: &SandboxCloud, environment: &str) -> Vec<MemberHealth> {
    now(cloud.member_health(&balancer_of(environment))).unwrap()
}

pub(super) fn in_service(cloud: &SandboxCloud, environment: &str) -> usize {
    health_of(cloud, environment).iter().filter(|h| h.state == HealthState::InService).count()
}

/// What an environment could launch, newest first.
pub(super) fn releases_of(cloud: &SandboxCloud, environment: &str) -> Vec<LaunchSource> {
    let like = group_of(cloud, environment).launch.unwrap();
    let all = now(cloud.releases(&like, &format!("myproject_{environment}_lc_"))).unwrap();
    all.into_iter().map(|settings| settings.resolved).collect()
}

#[track_caller]
pub(super) fn refused<T: std::fmt::Debug>(answer: Result<T, CloudError>, words: &str) {
    match answer {
        Err(error @ CloudError::Refused(_)) => {
            assert!(error.to_string().contains(words), "“{words}” is not in: {error}");
            assert!(!error.is_open());
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
pub(super) fn absent<T: std::fmt::Debug>(answer: &Result<T, CloudError>) {
    assert!(matches!(answer, Err(CloudError::Absent(_))), "{answer:?}");
}

fn sizes(min: u32, desired: u32, max: u32) -> Sizes {
    Sizes { min, desired, max }
}

#[test]
fn a_group_grows_and_shrinks_to_the_sizes_it_is_given() {
    let cloud = memory(Scenario::Calm);
    let name = group_of(&cloud, "staging").name;
    now(cloud.set_sizes(&name, sizes(1, 4, 6))).unwrap();
    assert_eq!(group_of(&cloud, "staging").sizes(), sizes(1, 4, 6));
    step(&cloud, 180);
    assert_eq!((group_of(&cloud, "staging").members.len(), in_service(&cloud, "staging")), (4, 4));
    now(cloud.set_sizes(&name, sizes(1, 2, 4))).unwrap();
    step(&cloud, 180);
    assert_eq!((group_of(&cloud, "staging").members.len(), in_service(&cloud, "staging")), (2, 2));
    assert_sound(&held(&cloud.inner.connection));
}

#[test]
fn sizes_that_contradict_each_other_are_refused_and_change_nothing() {
    let cloud = memory(Scenario::Calm);
    let before = group_of(&cloud, "production");
    for (wrong, words) in [
        (sizes(2, 9, 8), "desired 9 is not between"),
        (sizes(4, 3, 8), "desired 3 is not between"),
        (sizes(5, 5, 4), "minimum 5 would be above its maximum 4"),
    ] {
        refused(now(cloud.set_sizes(&before.name, wrong)), words);
    }
    absent(&now(cloud.set_sizes(&GroupName::new("none"), sizes(1, 1, 1))));
    assert_eq!(group_of(&cloud, "production"), before);
}

#[test]
fn termination_policies_decide_who_goes_first() {
    let cloud = memory(Scenario::Calm);
    let group = group_of(&cloud, "production");
    refused(now(cloud.set_policies(&group.name, &["Nicest".to_owned()])), "no termination policy Nicest");
    now(cloud.set_policies(&group.name, &["NewestInstance".to_owned()])).unwrap();
    assert_eq!(group_of(&cloud, "production").termination_policies, ["NewestInstance"]);
    let launched = |id: &InstanceId| {
        let servers = now(cloud.servers(&cloud.topology().deployment)).unwrap();
        servers.into_iter().find(|server| server.id == *id).unwrap().launched_at
    };
    let mut ages: Vec<_> =
        group.members.iter().map(|m| (launched(&m.instance), m.instance.clone())).collect();
    ages.sort();
    now(cloud.set_sizes(&group.name, sizes(1, 2, 8))).unwrap();
    step(&cloud, 180);
    let left: Vec<InstanceId> =
        group_of(&cloud, "production").members.into_iter().map(|m| m.instance).collect();
    assert_eq!(left.len(), 2);
    // One of each zone, the older one of both.
    assert!(ages[..2].iter().all(|(_, id)| left.contains(id)), "{ages:?} {left:?}");
}

#[test]
fn a_group_launches_what_it_is_pointed_at() {
    for environment in ["staging", "testing"] {
        let cloud = memory(Scenario::Calm);
        let group = group_of(&cloud, environment);
        let older = releases_of(&cloud, environment).remove(1);
        assert_ne!(Some(&older), group.launch.as_ref());
        now(cloud.set_launch(&group.name, &older)).unwrap();
        assert_eq!(group_of(&cloud, environment).launch.as_ref(), Some(&older));
        let before: Vec<InstanceId> = group.members.iter().map(|m| m.instance.clone()).collect();
        now(cloud.set_sizes(&group.name, sizes(1, group.desired + 1, group.max))).unwrap();
        step(&cloud, 180);
        let after = group_of(&cloud, environment);
        let new = after.members.iter().find(|m| !before.contains(&m.instance)).unwrap();
        assert_eq!(new.launch.as_ref(), Some(&older));
    }
    let cloud = memory(Scenario::Calm);
    let unknown = LaunchSource::Configuration { name: "none".into() };
    refused(now(cloud.set_launch(&group_of(&cloud, "testing").name, &unknown)), "there is no none");
}

#[test]
fn a_version_that_moves_is_told_as_it_was_set_and_launches_the_newest() {
    let cloud = memory(Scenario::Calm);
    let group = group_of(&cloud, "staging");
    let Some(LaunchSource::Template { id, name, .. }) = group.launch.clone() else { panic!("{group:?}") };
    let moving = LaunchSource::Template { id, name, version: "$Latest".into() };
    now(cloud.set_launch(&group.name, &moving)).unwrap();
    assert_eq!(group_of(&cloud, "staging").launch, Some(moving));
    now(cloud.set_sizes(&group.name, sizes(1, 3, 4))).unwrap();
    step(&cloud, 60);
    let newest = releases_of_number(&cloud, group.launch.as_ref().unwrap());
    assert!(group_of(&cloud, "staging").members.iter().all(|m| m.launch == Some(newest.clone())));
}

fn releases_of_number(cloud: &SandboxCloud, like: &LaunchSource) -> LaunchSource {
    now(cloud.releases(like, "")).unwrap().remove(0).resolved
}

#[test]
fn a_member_is_terminated_for_good_or_replaced_and_never_below_the_minimum() {
    let cloud = memory(Scenario::Calm);
    let group = group_of(&cloud, "production");
    let victims: Vec<InstanceId> = group.members.iter().map(|m| m.instance.clone()).collect();
    now(cloud.terminate_member(&victims[0], true)).unwrap();
    assert_eq!(group_of(&cloud, "production").desired, 3);
    // Asked again, it is on its way already.
    now(cloud.terminate_member(&victims[0], true)).unwrap();
    assert_eq!(group_of(&cloud, "production").desired, 3);
    now(cloud.terminate_member(&victims[1], false)).unwrap();
    step(&cloud, 240);
    let after = group_of(&cloud, "production");
    assert_eq!((after.desired, after.members.len(), in_service(&cloud, "production")), (3, 3, 3));
    assert!(victims[..2].iter().all(|gone| after.member(gone).is_none()));
    now(cloud.terminate_member(&victims[2], true)).unwrap();
    refused(now(cloud.terminate_member(&victims[3], true)), "below its minimum 2");
    absent(&now(cloud.terminate_member(&InstanceId::new("i-none"), true)));
    assert_sound(&held(&cloud.inner.connection));
}

#[test]
fn a_server_taken_out_of_a_load_balancer_drains_and_can_come_back() {
    let cloud = memory(Scenario::Calm);
    let balancer = balancer_of("staging");
    let server = group_of(&cloud, "staging").members[0].instance.clone();
    let state = || health_of(&cloud, "staging").into_iter().find(|h| h.instance == server);
    let one = std::slice::from_ref(&server);
    now(cloud.deregister(&balancer, one)).unwrap();
    let draining = state().unwrap();
    assert!(draining.description.unwrap().contains("deregistration"), "it still has requests");
    step(&cloud, 10);
    assert!(state().is_some());
    step(&cloud, 30);
    assert_eq!(state(), None);
    now(cloud.deregister(&balancer, one)).unwrap();
    now(cloud.register(&balancer, one)).unwrap();
    now(cloud.register(&balancer, one)).unwrap();
    step(&cloud, 5);
    assert_eq!(state().unwrap().state, HealthState::OutOfService);
    step(&cloud, 20);
    assert_eq!(state().unwrap().state, HealthState::InService);
    // Taken out and in again at once: the first draining does not end the second stay.
    now(cloud.deregister(&balancer, one)).unwrap();
    now(cloud.register(&balancer, one)).unwrap();
    step(&cloud, 60);
    assert_eq!(state().unwrap().state, HealthState::InService);
}

#[test]
fn what_a_load_balancer_does_not_know_is_refused_whole() {
    let cloud = memory(Scenario::Calm);
    let server = group_of(&cloud, "staging").members[0].instance.clone();
    let both = [server.clone(), InstanceId::new("i-none")];
    refused(now(cloud.register(&balancer_of("testing"), &both)), "InvalidInstance");
    refused(now(cloud.deregister(&balancer_of("staging"), &both)), "InvalidInstance");
    absent(&now(cloud.register(&LoadBalancerName::new("none"), &[server])));
    step(&cloud, 60);
    assert_eq!((health_of(&cloud, "testing").len(), in_service(&cloud, "staging")), (1, 2));
}
