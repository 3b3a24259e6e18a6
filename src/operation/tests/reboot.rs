//! reboot-server and reboot-environment.

use insta::assert_snapshot;

use super::*;
use crate::plan::{Action, Lasts, Plan, Step};

fn boots(plan: &Plan) -> Vec<&Step> {
    plan.steps.iter().filter(|step| matches!(step.action, Action::Reboot { .. })).collect()
}

fn boot<'p>(plan: &'p Plan, server: &str) -> &'p Step {
    boots(plan).into_iter().find(|step| step.target == server).unwrap_or_else(|| panic!("{server}"))
}

#[test]
fn a_whole_environment_as_it_is_shown() {
    let world = World::new(2);
    assert_snapshot!(show(&world.plan("reboot-environment", &[]).unwrap()));
}

#[test]
fn r1_the_group_is_held_still_first_and_goes_on_last() {
    let world = World::new(2);
    for (operation, options) in
        [("reboot-environment", &[][..]), ("reboot-server", &[(Opt::Servers, "i-staging-web0")][..])]
    {
        let plan = world.plan(operation, options).unwrap();
        let hold = &plan.steps[0];
        assert!(hold.title.starts_with("suspend HealthCheck, ReplaceUnhealthy"), "{}", hold.title);
        assert!(boots(&plan).iter().all(|boot| waits_for(&plan, boot, hold)));
        let last = plan.steps.last().unwrap();
        assert!(last.action.restores().contains(&hold.id), "{}", last.title);
    }
}

#[test]
fn r5_web_servers_boot_one_after_the_other_drained_before_and_healthy_by_themselves_after() {
    let world = World::new(2);
    let plan = world.plan("reboot-environment", &[]).unwrap();
    let (first, second) = (boot(&plan, "i-staging-web0"), boot(&plan, "i-staging-web1"));
    assert!(waits_for(&plan, second, first));
    let drained = the(&plan, "wait until requests under way at i-staging-web0");
    let back = the(&plan, "register i-staging-web0 again");
    let serves = the(&plan, "wait until i-staging-web0 is in service");
    assert!(waits_for(&plan, first, drained) && waits_for(&plan, back, first));
    let healthy =
        steps(&plan, "wait until Django answers").into_iter().find(|step| waits_for(&plan, back, step));
    assert!(healthy.is_some(), "R2: by Django's own word");
    assert!(waits_for(&plan, second, serves));
}

#[test]
fn databases_and_cache_boot_behind_the_page_with_celery_stopped_and_the_primary_when_its_replica_is_back() {
    let world = World::new(2);
    let plan = world.plan("reboot-environment", &[]).unwrap();
    let page = the(&plan, "put the maintenance page up");
    let celery = the(&plan, "stop Celery");
    let [replica, cache, primary] =
        ["i-staging-db-replica", "i-staging-cache", "i-staging-db-primary"].map(|id| boot(&plan, id));
    for step in [replica, cache, primary] {
        assert!(waits_for(&plan, step, page) && waits_for(&plan, step, celery), "{}", step.target);
    }
    assert!(waits_for(&plan, primary, replica) && waits_for(&plan, cache, replica));
    assert!(
        waits_for(&plan, page, boot(&plan, "i-staging-web1")),
        "what can go wrong without harm goes first"
    );
    assert!(waits_for(&plan, the(&plan, "start Celery"), primary));
    assert!(plan.noticed.as_ref().unwrap().contains("db-primary i-staging-db-primary"), "{:?}", plan.noticed);
}

#[test]
fn a_database_that_does_not_come_back_leaves_the_page_up_and_the_group_held() {
    let world = World::new(2);
    let plan = world.plan("reboot-environment", &[]).unwrap();
    let replica = boot(&plan, "i-staging-db-replica");
    let settled: Vec<_> =
        plan.steps.iter().filter(|step| step.id < replica.id).flat_map(|step| &step.settles).collect();
    for title in ["suspend ", "put the maintenance page up", "stop Celery"] {
        let step = the(&plan, title);
        assert!(settled.contains(&&step.id) && step.lasts == Lasts::UnlessStopped, "{title}");
    }
    assert!(plan.goes_on);
}

#[test]
fn a_worker_boots_without_a_page_when_its_tasks_have_ended() {
    let world = World::new(1);
    let plan = world.plan("reboot-server", &[(Opt::Servers, "i-staging-worker")]).unwrap();
    let titles: Vec<&str> = plan.steps.iter().map(|step| step.title.as_str()).collect();
    assert_eq!(titles.len(), 5, "{titles:?}");
    assert!(titles[1].starts_with("stop Celery") && titles[2].starts_with("boot it again"), "{titles:?}");
    assert!(steps(&plan, "put the maintenance page up").is_empty());
}

#[test]
fn r10_locked_disks_and_a_lone_server_are_refused_unless_somebody_says_so() {
    let world = World::new(1);
    let lone = world.plan("reboot-server", &[(Opt::Servers, "i-staging-web0")]).unwrap_err();
    assert_eq!(lone.word(), Some("last-server"), "{lone}");
    let mut world = World::new(2);
    let mut build = (*world.place.build).clone();
    build.fs_encrypt = true;
    world.place.build = build.into();
    let locked = world.plan("reboot-environment", &[]).unwrap_err();
    assert_eq!(locked.word(), Some("locked-disks"), "{locked}");
    assert!(world.refused("reboot-server", &[]).contains("--servers"));
}
