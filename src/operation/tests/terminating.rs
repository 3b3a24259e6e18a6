//! terminate-server and terminate-environment: the order, what is kept of databases, and what is refused.

use insta::assert_snapshot;

use super::*;
use crate::fleet::{Role, RoleTag};
use crate::plan::{Action, Plan, Undo};

fn id_of(world: &World, role: &str) -> String {
    let found = world.parts.servers.iter().find(|server| server.role.role.word() == role).unwrap();
    found.id.to_string()
}

/// The targets of the steps of this kind, in order.
fn of(plan: &Plan, is: impl Fn(&Action) -> bool) -> Vec<&str> {
    plan.steps.iter().filter(|step| is(&step.action)).map(|step| step.target.as_str()).collect()
}

fn refused(world: &World, server: &str) -> String {
    world.refused("terminate-server", &[(Opt::Servers, server)])
}

#[test]
fn a_whole_environment_as_it_is_shown() {
    let world = World::new(2);
    let plan = world.plan("terminate-environment", &[(Opt::Override, "no-site")]).unwrap();
    assert_snapshot!(show(&plan));
    assert!(plan.by_name, "its name is typed in every environment");
}

#[test]
fn r15_a_database_goes_last_and_never_without_an_image_of_its_disks() {
    let world = World::new(2);
    let plan = world.plan("terminate-environment", &[(Opt::Override, "no-site")]).unwrap();
    let ended = of(&plan, |action| matches!(action, Action::Terminate { .. }));
    assert_eq!(ended.last().copied(), Some(id_of(&world, "db-primary").as_str()), "{ended:?}");
    for role in ["db-replica", "db-primary"] {
        let server = id_of(&world, role);
        let step = |is: fn(&Action) -> bool| {
            plan.steps.iter().find(|step| step.target == server && is(&step.action)).unwrap()
        };
        let stopped = step(|action| matches!(action, Action::Job(_)));
        let image = step(|action| matches!(action, Action::Image { .. }));
        let gone = step(|action| matches!(action, Action::Terminate { .. }));
        assert!(waits_for(&plan, image, stopped) && waits_for(&plan, gone, image), "{role}");
        assert_eq!(image.undo, Undo::Nothing, "undoing the run never deletes the only copy");
        assert!(!image.soft && gone.destructive);
    }
    let members = ["i-staging-web0", "i-staging-web1"];
    assert!(ended.iter().all(|id| !members.contains(id)), "the group lets its members go itself: {ended:?}");
}

#[test]
fn what_is_in_use_is_let_go_only_when_somebody_says_so() {
    let world = World::new(2);
    for (role, word, why) in [
        ("db-primary", "last-primary", "Promote a replica first"),
        ("cache", "last-cache", "sessions and tasks"),
        ("worker", "last-worker", "tasks would wait"),
        ("db-replica", "last-replica", "until the next deploy"),
    ] {
        let server = id_of(&world, role);
        let told = refused(&world, &server);
        assert!(told.contains(why) && told.contains(word), "{told}");
        let plan = world.plan("terminate-server", &[(Opt::Servers, &server), (Opt::Override, word)]).unwrap();
        assert!(plan.by_name && plan.goes_on);
    }
    let told = world.refused("terminate-environment", &[]);
    assert!(told.contains("users no site") && told.contains("no-site"), "{told}");
}

#[test]
fn one_out_of_use_or_beside_another_one_goes_without_more_words() {
    let mut world = World::new(2);
    let replica = id_of(&world, "db-replica");
    let place = world.parts.servers.iter().position(|one| one.id.as_str() == replica).unwrap();
    world.parts.servers[place].role = RoleTag::parse("db-replica-OLD");
    let plan = world.plan("terminate-server", &[(Opt::Servers, &replica)]).unwrap();
    assert!(plan.overrides.is_empty());
    assert_eq!(of(&plan, |action| matches!(action, Action::Image { .. })), [replica.as_str()]);
    let mut second = world.parts.servers.iter().find(|one| one.role.role == Role::Worker).unwrap().clone();
    second.id = "i-staging-worker2".into();
    world.parts.servers.push(second);
    let plan = world.plan("terminate-server", &[(Opt::Servers, "i-staging-worker2")]).unwrap();
    assert!(plan.overrides.is_empty());
    let both = world.refused("terminate-server", &[(Opt::Servers, "i-staging-worker,i-staging-worker2")]);
    assert!(both.contains("the last worker") || both.contains("can be several"), "{both}");
}

#[test]
fn what_is_not_meant_is_refused_with_what_to_do() {
    let world = World::new(2);
    assert!(world.refused("terminate-server", &[]).contains("wants --servers"));
    let member = refused(&world, "i-staging-web0");
    assert!(member.contains("is a member of") && member.contains("set-sizes"), "{member}");
    assert!(refused(&world, "i-staging-wrong").contains("no server of staging"));
    assert!(refused(&world, "i-staging").contains("can be several servers"));
}
