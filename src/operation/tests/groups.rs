//! Processes, sizes, load balancers.

use insta::assert_snapshot;

use super::*;
use crate::fleet::{FailureKind, HealthState, Power};

#[test]
fn suspending_touches_only_what_is_active() {
    let mut world = World::new(2);
    world.suspend(&["AZRebalance"]);
    let plan = world.plan("suspend-processes", &[(Opt::Processes, "AZRebalance,Launch")]).unwrap();
    assert_snapshot!(show(&plan));
    let again = world.refused("suspend-processes", &[(Opt::Processes, "AZRebalance")]);
    assert_eq!(again, "AZRebalance of staging-ag is suspended already: nothing to do");
}

#[test]
fn resuming_says_what_the_group_does_from_then_on() {
    let mut world = World::new(3);
    world.suspend(&["Launch", "AddToLoadBalancer", "ScheduledActions"]);
    world.parts.load_balancers[0].members.pop();
    let plan = world.plan("resume-processes", &[]).unwrap();
    assert_snapshot!(show(&plan));
}

#[test]
fn r6_launch_is_not_resumed_while_the_group_would_launch_what_nobody_runs() {
    let mut world = World::new(2);
    world.suspend(&["Launch"]);
    let new = crate::fleet::sample::configuration("staging", "77aa01cd");
    world.group().launch = Some(new);
    let options = [(Opt::Processes, "Launch")];
    let refused = world.plan("resume-processes", &options).unwrap_err();
    assert_eq!(refused.word(), Some("unproven-release"));
    let text = refused.to_string();
    assert!(text.contains("_77aa01cd") && text.contains("Deploy or roll back first"), "{text}");
    let typed = [options[0], (Opt::Override, "unproven-release")];
    let plan = world.plan("resume-processes", &typed).unwrap();
    assert!(plan.overrides[0].starts_with("unproven-release: "), "{:?}", plan.overrides);
}

#[test]
fn r4_replacing_is_not_resumed_while_servers_say_that_they_are_unhealthy() {
    let mut world = World::new(2);
    world.suspend(&["ReplaceUnhealthy"]);
    world.page("i-staging-web1", true, false);
    let refused = world.plan("resume-processes", &[(Opt::Processes, "ReplaceUnhealthy")]).unwrap_err();
    assert_eq!(refused.word(), Some("lose-servers"));
    assert!(refused.to_string().contains("i-staging-web1"), "{refused}");
}

#[test]
fn sizes_are_set_and_waited_for() {
    let world = World::new(2);
    assert_snapshot!("more", show(&world.plan("set-sizes", &[(Opt::Desired, "4")]).unwrap()));
    assert_snapshot!("fewer", show(&world.plan("set-sizes", &[(Opt::Desired, "1")]).unwrap()));
}

#[test]
fn a_group_that_cannot_grow_is_not_waited_for() {
    let mut world = World::new(2);
    world.suspend(&["Launch"]);
    let plan = world.plan("set-sizes", &[(Opt::Desired, "4")]).unwrap();
    assert_eq!(plan.steps.len(), 1);
    assert!(plan.notes[0].starts_with("Launch is suspended"), "{:?}", plan.notes);
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    let world = World::new(2);
    let refused = |options: &[(Opt, &str)]| world.refused("set-sizes", options);
    assert_eq!(refused(&[]), "set-sizes wants --min, --desired or --max; staging-ag has 2 of 1–200 now");
    assert_eq!(refused(&[(Opt::Desired, "2")]), "staging-ag has 2 of 1–200 already: nothing to do");
    assert_eq!(refused(&[(Opt::Max, "1")]), "2 wanted is outside 1–1: give --desired as well");
    assert_eq!(
        refused(&[(Opt::Min, "5"), (Opt::Max, "3")]),
        "the fewest (5) would be more than the most (3): give both"
    );
    let none = world.plan("set-sizes", &[(Opt::Min, "0"), (Opt::Desired, "0")]).unwrap_err();
    assert_eq!(none.word(), Some("no-servers"));
}

#[test]
fn servers_are_registered_with_every_load_balancer_that_does_not_know_them() {
    let mut world = World::new(3);
    world.parts.load_balancers[0].members.truncate(1);
    assert_snapshot!("add", show(&world.plan("add-to-load-balancer", &[]).unwrap()));
    let one = world.plan("add-to-load-balancer", &[(Opt::Servers, "i-staging-web2")]).unwrap();
    assert_eq!(one.title, "register i-staging-web2 with the load balancer");
}

#[test]
fn a_server_is_taken_out_and_drained_while_others_serve() {
    let world = World::new(3);
    let plan = world.plan("remove-from-load-balancer", &[(Opt::Servers, "i-staging-web1")]).unwrap();
    assert_snapshot!("remove", show(&plan));
}

#[test]
fn the_last_server_in_service_leaves_only_when_that_is_typed() {
    let mut world = World::new(2);
    world.parts.health.values_mut().for_each(|members| members[0].state = HealthState::OutOfService);
    let asked = [(Opt::Servers, "i-staging-web1")];
    let refused = world.plan("remove-from-load-balancer", &asked).unwrap_err();
    assert_eq!(refused.word(), Some("last-server"));
    let plan = world.plan("remove-from-load-balancer", &[asked[0], (Opt::Override, "last-server")]).unwrap();
    assert!(plan.is_destructive());
}

#[test]
fn servers_that_are_not_meant_are_refused_by_what_they_are() {
    let mut world = World::new(2);
    world.parts.add("production", 1);
    let refused = |world: &World, server| world.refused("add-to-load-balancer", &[(Opt::Servers, server)]);
    let unknown = refused(&world, "i-staging-wbe1");
    assert_eq!(unknown, "there is no server `i-staging-wbe1`; did you mean `i-staging-web1`?");
    let several = refused(&world, "i-staging-web");
    assert!(several.contains("i-staging-web0, i-staging-web1; write more"), "{several}");
    let other = refused(&world, "i-production-web0");
    assert_eq!(other, "server i-production-web0 is of environment production, not of staging");
    let role = refused(&world, "i-staging-cache");
    assert_eq!(role, "server i-staging-cache is a cache, and this is for servers of role web, combo");
    world.parts.servers[0].power = Power::Stopped;
    world.parts.load_balancers[0].members.clear();
    let stopped = refused(&world, "i-staging-web0");
    assert!(
        stopped.starts_with("server i-staging-web0 is stopped: it cannot come into service"),
        "{stopped}"
    );
}

#[test]
fn r4_a_server_that_says_it_is_unhealthy_is_not_registered() {
    let mut world = World::new(2);
    world.parts.load_balancers[0].members.truncate(1);
    world.page("i-staging-web1", true, false);
    let refused = world.plan("add-to-load-balancer", &[]).unwrap_err();
    assert_eq!(refused.word(), Some("unhealthy-page"));
}

#[test]
fn nothing_is_taken_away_on_facts_that_are_old_or_could_not_be_read() {
    let mut world = World::new(3);
    let options = [(Opt::Servers, "i-staging-web1")];
    world.age = jiff::SignedDuration::from_secs(31);
    assert_eq!(
        world.refused("remove-from-load-balancer", &options),
        "the servers were last read 31 s ago, by ec2:DescribeInstances; nothing is taken away on facts older than \
         30 s: refresh and ask again"
    );
    assert!(world.plan("suspend-processes", &[]).is_ok(), "that takes nothing away");
    world.age = jiff::SignedDuration::from_secs(12);
    let mut snapshot = world.snapshot();
    snapshot.groups.fail(FailureKind::Throttled, "Throttling: Rate exceeded", world.now());
    let refused = world.plan_from(&snapshot, "remove-from-load-balancer", &options).unwrap_err().to_string();
    assert!(
        refused.starts_with("the groups were last known 12 s ago, and autoscaling:Describe"),
        "{refused}"
    );
    assert!(refused.contains("Rate exceeded") && refused.contains("wait until it can be read"), "{refused}");
    let never = crate::fleet::Snapshot::default();
    let refused = world.plan_from(&never, "suspend-processes", &[]).unwrap_err().to_string();
    assert!(
        refused.starts_with("the groups are not known yet: autoscaling:DescribeAutoScalingGroups"),
        "{refused}"
    );
}

#[test]
fn what_the_config_names_and_aws_has_not_is_named() {
    let mut world = World::new(1);
    world.parts.groups.clear();
    let refused = world.refused("suspend-processes", &[]);
    assert!(refused.starts_with("there is no group staging-ag in us-east-1"), "{refused}");
    world.place.group = None;
    assert!(world.refused("set-sizes", &[(Opt::Min, "1")]).starts_with("staging has no group"));
    world.place.load_balancers.clear();
    assert!(world.refused("add-to-load-balancer", &[]).starts_with("staging has no load balancer"));
    let balancer = [(Opt::Balancers, "staging-lbb")];
    let other = World::new(1).refused("add-to-load-balancer", &balancer);
    assert!(other.ends_with("did you mean `staging-lb`?"), "{other}");
}
