//! The maintenance page.

use insta::assert_snapshot;

use super::*;
use crate::fleet::{Fact, HealthState, Power, Role, measured};
use crate::plan::{Lasts, Plan};

const HOLD: (Opt, &str) = (Opt::HoldGroup, "");

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

/// Makes an incident of a fleet that is well.
type Spoil<'a> = &'a dyn Fn(&mut World);

/// The page is put up after the group is held still.
fn is_held_first(plan: &Plan) {
    let hold = &plan.steps[0];
    assert_eq!(hold.title, "suspend HealthCheck, ReplaceUnhealthy, AZRebalance, AlarmNotification");
    assert_eq!(hold.lasts, Lasts::Stays, "until somebody says that the incident is over");
    assert!(waits_for(plan, the(plan, "put the maintenance page up"), hold));
}

#[test]
fn r1_in_an_incident_the_page_goes_up_only_after_the_group_is_held_still() {
    let role = |world: &mut World, id: &str, power: Power| {
        let server = world.parts.servers.iter_mut().find(|server| server.id.as_str() == id).unwrap();
        server.power = power;
    };
    let spoiled: [(&str, Spoil<'_>); 5] = [
        ("db-primary i-staging-db-primary is stopped", &|w| role(w, "i-staging-db-primary", Power::Stopped)),
        ("db-replica i-staging-db-replica is stopping", &|w| {
            role(w, "i-staging-db-replica", Power::Stopping);
        }),
        ("cache i-staging-cache has redis-server failed", &|w| {
            let unit = |name: &str, active: &str| measured::Unit {
                name: name.into(),
                active: active.into(),
                sub: "failed".into(),
                since: None,
                restarts: 0,
            };
            let units = vec![unit("cron", "failed"), unit("redis-server", "failed")];
            w.measure("i-staging-cache", Fact::Units(measured::Units { units }));
        }),
        ("staging has no server of role db-primary", &|w| {
            w.place.roles = vec![Role::Web, Role::DbPrimary];
            role(w, "i-staging-db-primary", Power::Terminated);
        }),
        ("2 of 3 web servers fail the check of staging-lb", &|w| {
            let health = w.parts.health.get_mut("staging-lb").unwrap();
            health[0].state = HealthState::OutOfService;
            health[2].state = HealthState::OutOfService;
        }),
    ];
    for (wrong, spoil) in spoiled {
        let mut world = World::new(3);
        spoil(&mut world);
        let refused = world.plan("begin-upgrade", &[]).unwrap_err();
        assert_eq!(refused.word(), Some("group-at-work"));
        let text = refused.to_string();
        assert!(text.starts_with(wrong) && text.contains("Give --hold-group"), "{text}");
        is_held_first(&world.plan("begin-upgrade", &[HOLD]).unwrap());
        let typed = world.plan("begin-upgrade", &[(Opt::Override, "group-at-work")]).unwrap();
        assert_eq!((typed.steps.len(), typed.overrides.len()), (1, 1));
        world.suspend(&["HealthCheck", "ReplaceUnhealthy", "AZRebalance", "AlarmNotification"]);
        assert_eq!(world.plan("begin-upgrade", &[]).unwrap().steps.len(), 1, "held already");
    }
}

#[test]
fn r1_a_server_that_does_not_answer_is_an_incident_and_one_that_was_not_asked_is_none() {
    let world = World::new(2);
    assert!(world.plan("begin-upgrade", &[]).is_ok(), "nothing was measured");
    let mut snapshot = world.snapshot();
    let unreachable = measured_unreachable();
    snapshot.measured.insert("i-staging-db-primary".into(), std::sync::Arc::new(unreachable));
    let refused = world.plan_from(&snapshot, "begin-upgrade", &[]).unwrap_err().to_string();
    assert!(refused.starts_with("db-primary i-staging-db-primary cannot be reached"), "{refused}");
}

fn measured_unreachable() -> crate::fleet::Measured {
    let failure = crate::fleet::Failure {
        since: crate::fleet::sample::epoch(),
        kind: crate::fleet::FailureKind::Unreachable,
        message: "no route to host".into(),
    };
    crate::fleet::Measured { unreachable: Some(failure), ..crate::fleet::Measured::default() }
}

#[test]
fn r1_the_group_is_held_also_where_the_page_is_up_already_or_is_to_be_unhealthy() {
    let mut world = World::new(2);
    let unhealthy = world.plan("begin-upgrade", &[HOLD, (Opt::Unhealthy, "")]).unwrap();
    is_held_first(&unhealthy);
    world.page("i-staging-web0", true, true);
    world.page("i-staging-web1", true, true);
    let plan = world.plan("begin-upgrade", &[HOLD]).unwrap();
    assert_eq!(plan.steps.len(), 1);
    assert!(plan.title.starts_with("hold staging-ag still"), "{}", plan.title);
}

#[test]
fn r1_the_end_of_an_upgrade_says_how_what_is_held_goes_on() {
    let mut world = World::new(2);
    world.page("i-staging-web0", true, true);
    let said = |world: &World| {
        let notes = world.plan("end-upgrade", &[]).unwrap().notes;
        notes.into_iter().find(|note| note.contains("resume-processes"))
    };
    assert_eq!(said(&world), None);
    world.suspend(&["AZRebalance", "HealthCheck", "Launch"]);
    assert_eq!(
        said(&world).unwrap(),
        "HealthCheck, AZRebalance of staging-ag stay suspended. When all web servers are in service: quarterdeck apply \
         resume-processes staging --processes HealthCheck,AZRebalance"
    );
    // Also where somebody else took the page off.
    for server in ["i-staging-web0", "i-staging-web1"] {
        world.page(server, false, false);
    }
    assert_eq!(
        world.refused("end-upgrade", &[]),
        "the page of 2 web servers is off already: nothing to do. HealthCheck, AZRebalance of staging-ag stay suspended. \
         When all web servers are in service: quarterdeck apply resume-processes staging --processes \
         HealthCheck,AZRebalance"
    );
    world.group().suspended.clear();
    assert_eq!(world.refused("end-upgrade", &[]), "the page of 2 web servers is off already: nothing to do");
}
