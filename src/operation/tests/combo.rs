//! R22: one server that is primary, web server and worker at once.

use super::*;
use crate::fleet::sample::server;
use crate::plan::{Action, HostJob, Step};
use crate::template::{SiteFacts, Source};

/// An environment whose worker, primary and one web server are one server.
fn world() -> World {
    let mut world = World::with_releases(2);
    world.parts.servers.retain(|one| !["worker", "db-primary"].contains(&one.role.role.word()));
    let mut combo = server("i-staging-combo", "staging", "combo");
    combo.private_address = Some("10.0.1.77".into());
    world.parts.servers.push(combo);
    world.code("i-staging-combo", "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678");
    world
}

fn job(step: &Step) -> &HostJob {
    let Action::Job(job) = &step.action else { panic!("{step:?}") };
    job
}

const LATEST: (Opt, &str) = (Opt::Release, "latest");

#[test]
fn r22_a_combo_server_is_the_worker_and_serves_the_new_code_that_it_shares() {
    for operation in ["deploy-worker", "deploy-serial", "deploy-full"] {
        let plan = world().plan(operation, &[LATEST]).unwrap();
        for title in ["stop Celery", "check out the code", "migrate", "start Celery"] {
            assert_eq!(the(&plan, title).target, "i-staging-combo", "{operation}");
        }
        let (restart, health) = (the(&plan, "restart Gunicorn"), the(&plan, "wait until Django"));
        assert!(waits_for(&plan, restart, the(&plan, "migrate")) && waits_for(&plan, health, restart));
        let back = job(the(&plan, "check out the code")).back.as_ref().unwrap();
        assert!(back.contains("what='web'"), "and the old code again when the run stops: {back}");
        assert!(
            plan.assumes.iter().any(|one| one.fact.to_string() == "combo servers of staging"),
            "{operation}: {}",
            show(&plan)
        );
        if operation == "deploy-full" {
            assert!(waits_for(&plan, the(&plan, "register the new servers"), health));
        }
    }
}

#[test]
fn r22_a_combo_server_is_the_primary_of_settings_and_a_second_one_is_refused() {
    let mut world = world();
    let source = Source {
        ours: false,
        template: "deployment/templates/local_settings.py".into(),
        sources: "d1".into(),
        unknown: Vec::new(),
    };
    world.site = Some(SiteFacts {
        ground: crate::template::Ground::default(),
        services: Vec::new(),
        settings: Some(Ok(source)),
        missing: Vec::new(),
        tells_new_relic: false,
        secrets_file: "fabsecrets_staging.py".into(),
        drift: None,
        hooks: Vec::new(),
    });
    let plan = world.plan("deploy-worker", &[LATEST]).unwrap();
    let written = the(&plan, "write the settings").becomes.clone().unwrap();
    assert!(written.contains("primary 10.0.1.77"), "{written}");
    world.parts.servers.push(server("i-staging-db-primary", "staging", "db-primary"));
    for operation in ["deploy-worker", "deploy-serial", "deploy-full"] {
        let refused = world.refused(operation, &[LATEST]);
        assert!(refused.contains("2 servers of role db-primary"), "{operation}: {refused}");
    }
}

#[test]
fn r22_an_image_that_is_older_than_the_combo_server_has_another_primary_s_address() {
    let mut world = world();
    let combo = world.parts.servers.iter_mut().find(|one| one.id.as_str() == "i-staging-combo").unwrap();
    combo.launched_at = Some("2026-11-21T12:00:00Z".parse().unwrap());
    let refused = world.plan("deploy-serial", &[LATEST]).unwrap_err();
    assert_eq!(refused.word(), Some("old-addresses"));
    assert!(refused.to_string().contains("older than combo i-staging-combo"), "{refused}");
}

#[test]
fn r22_code_that_goes_to_a_combo_server_in_place_goes_back_with_its_gunicorn() {
    let plan = world().plan("deploy-web", &[LATEST, (Opt::Servers, "i-staging-combo")]).unwrap();
    let back = job(the(&plan, "check out the code")).back.as_ref().unwrap();
    assert!(back.contains("what='web'"), "{back}");
}
