//! The maintenance page.

use insta::assert_snapshot;

use super::*;
use crate::fleet::{Fact, measured};

#[test]
fn the_page_goes_up_on_every_web_server_healthy_towards_the_load_balancer() {
    let mut world = World::new(2);
    world.page("i-staging-web0", false, false);
    world.page("i-staging-web1", false, false);
    assert_snapshot!(show(&world.plan("begin-upgrade", &[]).unwrap()));
}

#[test]
fn the_page_comes_off_where_django_answers() {
    let mut world = World::new(2);
    world.page("i-staging-web0", true, true);
    assert_snapshot!(show(&world.plan("end-upgrade", &[]).unwrap()));
    let site = measured::Site {
        maintenance: true,
        health_override: true,
        gunicorn: Some(measured::HttpAnswer { status: 500, ..Default::default() }),
        ..Default::default()
    };
    world.measure("i-staging-web1", Fact::Site(site));
    let refused = world.plan("end-upgrade", &[]).unwrap_err();
    assert_eq!(refused.word(), Some("site-down"));
    assert!(refused.to_string().contains("i-staging-web1"), "{refused}");
}

#[test]
fn a_page_that_is_up_already_is_not_put_up_again() {
    let mut world = World::new(1);
    world.page("i-staging-web0", true, true);
    let refused = world.refused("begin-upgrade", &[]);
    assert!(refused.ends_with("already: nothing to do"), "{refused}");
}

#[test]
fn r4_an_unhealthy_page_is_only_for_one_deregistered_server_or_a_group_that_replaces_nothing() {
    let mut world = World::new(2);
    let all = [(Opt::Unhealthy, "")];
    let one = [(Opt::Unhealthy, ""), (Opt::Servers, "i-staging-web1")];
    for options in [&all[..], &one[..]] {
        let refused = world.refused("begin-upgrade", options);
        assert!(
            refused.contains("would terminate the servers") && refused.contains("ReplaceUnhealthy"),
            "{refused}"
        );
    }
    world.parts.load_balancers[0].members.pop();
    assert!(world.plan("begin-upgrade", &one).unwrap().is_destructive());
    assert!(world.plan("begin-upgrade", &all).is_err());
    world.suspend(&["ReplaceUnhealthy"]);
    let plan = world.plan("begin-upgrade", &all).unwrap();
    assert!(
        plan.assumes.iter().any(|one| one.fact.to_string() == "ReplaceUnhealthy of staging-ag"),
        "{plan:?}"
    );
}
