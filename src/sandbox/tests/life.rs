//! How a world goes on.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::{assert_sound, dump_of, memory, now, step};
use crate::cloud::CloudRead;
use crate::fleet::{Group, GroupName, HealthState, LoadBalancerName, MemberHealth};
use crate::sandbox::dice::Dice;
use crate::sandbox::rows::{Event, schedule};
use crate::sandbox::tick::Moment;
use crate::sandbox::{SandboxCloud, Scenario, held};

const GROUP: &str = "myproject-production-ag";

fn group(cloud: &SandboxCloud) -> Group {
    now(cloud.groups(&[GroupName::new(GROUP)])).unwrap().remove(0)
}

fn health(cloud: &SandboxCloud) -> Vec<MemberHealth> {
    now(cloud.member_health(&LoadBalancerName::new("myproject-production-lb"))).unwrap()
}

fn in_service(cloud: &SandboxCloud) -> usize {
    health(cloud).iter().filter(|h| h.state == HealthState::InService).count()
}

/// Lets something happen to a world from outside, now.
fn meddle(cloud: &SandboxCloud, deed: impl FnOnce(&Moment<'_>)) {
    let at = cloud.now().as_millisecond();
    deed(&Moment { c: &held(&cloud.inner.connection), dice: Dice::new(cloud.seed()), at });
}

#[test]
fn the_same_seed_and_steps_make_the_same_world_and_another_seed_another_one() {
    let world = |scenario, seed| {
        let cloud = SandboxCloud::in_memory(scenario, seed).unwrap();
        step(&cloud, 40_000);
        dump_of(&cloud)
    };
    for scenario in [Scenario::Calm, Scenario::Incident, Scenario::Deploying] {
        assert_eq!(world(scenario, 7), world(scenario, 7));
        assert_ne!(world(scenario, 7), world(scenario, 8));
    }
}

#[test]
fn one_leap_and_many_steps_with_reads_between_lead_to_the_same_world() {
    let (leap, steps) = (memory(Scenario::Deploying), memory(Scenario::Deploying));
    step(&leap, 5_000);
    for n in 0..500 {
        step(&steps, 10);
        if n % 7 == 0 {
            group(&steps);
            health(&steps);
        }
    }
    assert_eq!(dump_of(&leap), dump_of(&steps));
}

#[test]
fn the_clock_stands_still_until_it_is_stepped() {
    let cloud = memory(Scenario::Calm);
    assert_eq!(cloud.now().to_string(), "2026-01-15T12:00:00Z");
    health(&cloud);
    assert_eq!(cloud.now().to_string(), "2026-01-15T12:00:00Z");
    step(&cloud, 90);
    assert_eq!(cloud.now().to_string(), "2026-01-15T12:01:30Z");
}

#[test]
fn the_group_replaces_a_terminated_member() {
    let cloud = memory(Scenario::Calm);
    let victim = group(&cloud).members[0].instance.clone();
    meddle(&cloud, |moment| moment.terminate(GROUP, victim.as_str(), "by hand".to_owned()).unwrap());
    let mut seen = BTreeSet::new();
    for _ in 0..40 {
        step(&cloud, 10);
        assert_sound(&held(&cloud.inner.connection));
        seen.extend(group(&cloud).members.into_iter().map(|m| m.lifecycle));
    }
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), ["InService", "Pending", "Terminating"]);
    let after = group(&cloud);
    assert_eq!(after.members.len(), 4);
    assert!(after.member(&victim).is_none());
    assert_eq!((in_service(&cloud), health(&cloud).len()), (4, 4));
    let newest = now(cloud.activities(&after.name, 1)).unwrap().remove(0);
    assert!(newest.description.starts_with("Launching") && newest.status == "Successful", "{newest:?}");
}

#[test]
fn a_member_that_fails_is_seen_first_by_the_balancer_and_then_replaced_by_the_group() {
    let cloud = memory(Scenario::Calm);
    meddle(&cloud, |moment| schedule(moment.c, moment.at + 1, Event::Mishap, GROUP).unwrap());
    step(&cloud, 25);
    assert_eq!(in_service(&cloud), 3);
    let victim = health(&cloud).into_iter().find(|h| h.state == HealthState::OutOfService).unwrap();
    assert!(group(&cloud).member(&victim.instance).unwrap().healthy);
    step(&cloud, 35);
    assert!(!group(&cloud).member(&victim.instance).unwrap().healthy);
    step(&cloud, 300);
    assert_eq!((in_service(&cloud), group(&cloud).members.len()), (4, 4));
    assert!(group(&cloud).member(&victim.instance).is_none());
    assert_eq!(cloud.troubles().unwrap(), []);
}

#[test]
fn a_new_member_boots_before_it_is_in_service() {
    let cloud = memory(Scenario::Deploying);
    let pending = group(&cloud).members.into_iter().find(|m| m.lifecycle == "Pending").unwrap().instance;
    let state = |cloud: &SandboxCloud| health(cloud).into_iter().find(|h| h.instance == pending);
    assert_eq!(state(&cloud), None);
    step(&cloud, 30);
    let registering = state(&cloud).unwrap();
    assert!(registering.is_changing(), "{registering:?}");
    step(&cloud, 120);
    assert_eq!(state(&cloud).unwrap().state, HealthState::InService);
}

#[test]
fn a_deploy_replaces_one_server_after_the_other_and_keeps_all_that_are_wanted_in_service() {
    let cloud = memory(Scenario::Deploying);
    let mut minutes = 0;
    while group(&cloud).is_suspended("AZRebalance") {
        let members = group(&cloud).members;
        assert!(in_service(&cloud) >= 4 && members.len() <= 6, "{members:?}");
        step(&cloud, 60);
        minutes += 1;
        assert!(minutes < 30, "the deploy does not end");
    }
    assert!(minutes > 3, "the deploy was over after {minutes} minutes");
    let done = group(&cloud);
    assert_eq!((done.desired, done.suspended.len()), (4, 0));
    step(&cloud, 180);
    let done = group(&cloud);
    assert_eq!(done.members.len(), 4);
    assert!(done.members.iter().all(|m| m.launch == done.launch));
    step(&cloud, 20 * 60);
    assert_ne!(group(&cloud).launch, done.launch, "the next release is on its way");
}

#[test]
fn a_server_being_built_takes_part_later() {
    let cloud = memory(Scenario::Deploying);
    let pending = |cloud: &SandboxCloud| {
        let servers = now(cloud.servers(&cloud.topology().deployment)).unwrap();
        servers.iter().filter(|s| s.role.standing == crate::fleet::Standing::Pending).count()
    };
    assert_eq!(pending(&cloud), 1);
    step(&cloud, 15 * 60);
    assert_eq!(pending(&cloud), 0);
}

#[test]
fn a_new_instance_is_missing_from_some_reads_for_a_few_seconds_and_then_from_none() {
    let mut missing = 0;
    for seed in 0..8 {
        let cloud = SandboxCloud::in_memory(Scenario::Calm, seed).unwrap();
        meddle(&cloud, |moment| {
            let raise = "UPDATE groups SET desired = 5 WHERE name = ?1";
            moment.change(raise, GROUP).unwrap();
            schedule(moment.c, moment.at + 1, Event::Reconcile, GROUP).unwrap();
        });
        for second in 0..20 {
            cloud.advance(Duration::from_secs(1)).unwrap();
            let members = group(&cloud).members;
            assert_eq!(members.len(), 5);
            let servers = now(cloud.servers(&cloud.topology().deployment)).unwrap();
            let known = members.iter().all(|m| servers.iter().any(|s| s.id == m.instance));
            assert!(known || second < 5, "still missing after {second} s");
            missing += u32::from(!known);
        }
    }
    assert!((8..=32).contains(&missing), "{missing} of 40");
}

#[test]
fn a_suspended_launch_leaves_the_group_short() {
    let cloud = memory(Scenario::Calm);
    let victim = group(&cloud).members[0].instance.clone();
    meddle(&cloud, |moment| {
        moment.change("INSERT INTO suspensions VALUES (?1, 'Launch', 'User suspended')", GROUP).unwrap();
        moment.terminate(GROUP, victim.as_str(), "by hand".to_owned()).unwrap();
    });
    step(&cloud, 600);
    assert_eq!(group(&cloud).members.len(), 3);
}

#[test]
fn a_gone_instance_is_listed_for_an_hour() {
    let cloud = memory(Scenario::Calm);
    let victim = group(&cloud).members[0].instance.clone();
    meddle(&cloud, |moment| moment.terminate(GROUP, victim.as_str(), "by hand".to_owned()).unwrap());
    let listed = |cloud: &SandboxCloud| {
        let servers = now(cloud.servers(&cloud.topology().deployment)).unwrap();
        servers.into_iter().find(|s| s.id == victim)
    };
    step(&cloud, 300);
    let gone = listed(&cloud).unwrap();
    assert!(gone.is_gone() && gone.private_address.is_none() && gone.power_reason.is_some());
    step(&cloud, 3_600);
    assert_eq!(listed(&cloud), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_steps_keep_the_world_sound(
        scenario in prop::sample::select(vec![Scenario::Calm, Scenario::Incident, Scenario::Deploying]),
        seed in any::<u64>(),
        steps in prop::collection::vec((0_u64..4_000, any::<bool>()), 1..12),
    ) {
        let cloud = SandboxCloud::in_memory(scenario, seed).unwrap();
        assert_sound(&held(&cloud.inner.connection));
        for (seconds, mishap) in steps {
            if mishap {
                meddle(&cloud, |moment| schedule(moment.c, moment.at + 1, Event::Mishap, GROUP).unwrap());
            }
            let before = cloud.now();
            step(&cloud, seconds + 1);
            prop_assert!(cloud.now() > before);
            assert_sound(&held(&cloud.inner.connection));
        }
    }
}
