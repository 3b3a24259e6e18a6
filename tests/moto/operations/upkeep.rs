//! update-people and upgrade-packages.

use std::sync::Arc;

use quarterdeck::fleet::Person;
use quarterdeck::remote::Input;
use quarterdeck::template::{Ground, SiteFacts};

use crate::deploying::place;

#[test]
fn every_server_gets_the_people_of_the_project_and_the_cloud_stays_as_it_was() {
    place(
        "operations::upkeep::every_server_gets_the_people_of_the_project_and_the_cloud_stays_as_it_was",
        &[],
        |site| {
            let ana = Person {
                user: "ana".into(),
                full_name: "Ana".into(),
                keys: vec!["ssh-ed25519 AAAA ana".into()],
            };
            let ground = Ground { people: Some(Ok(vec![ana])), ..Ground::default() };
            let facts = SiteFacts {
                settings: None,
                services: Vec::new(),
                missing: Vec::new(),
                tells_new_relic: false,
                secrets_file: "fabsecrets_staging.py".into(),
                hooks: Vec::new(),
                drift: None,
                ground,
            };
            site.project = Some((facts, Arc::new(|_, _| Ok(Input::new(Vec::new())))));
            let before = site.there();
            site.apply("update-people");
            for server in &before {
                let done = site.hosts.done_on(server);
                let verbs: Vec<&str> = done.iter().map(String::as_str).collect();
                assert_eq!(
                    verbs,
                    ["build people", "build leavers", "build sudoers", "build image-user"],
                    "{server}"
                );
            }
            assert_eq!(site.there(), before);
        },
    );
}

#[test]
fn celery_stops_and_starts_on_the_worker_alone() {
    place("operations::upkeep::celery_stops_and_starts_on_the_worker_alone", &[], |site| {
        let before = site.there();
        site.apply("restart-celery --kill");
        let worker = site.servers("worker").remove(0);
        assert_eq!(site.hosts.done_on(&worker), ["celery kill", "celery start"]);
        assert!(site.hosts.order().iter().all(|server| *server == worker));
        assert_eq!(site.there(), before);
    });
}

#[test]
fn packages_come_to_one_server_after_the_other_the_primary_last() {
    place("operations::upkeep::packages_come_to_one_server_after_the_other_the_primary_last", &[], |site| {
        let before = site.there();
        site.apply("upgrade-packages");
        let order = site.hosts.order();
        assert_eq!(order.len(), before.len(), "once each");
        assert_eq!(order.last(), site.servers("db-primary").first());
        assert_eq!(site.there(), before);
    });
}

#[test]
fn r10_volumes_are_opened_primary_and_cache_first_and_the_cloud_stays_as_it_was() {
    let name =
        "operations::upkeep::r10_volumes_are_opened_primary_and_cache_first_and_the_cloud_stays_as_it_was";
    place(name, &[], |site| {
        let mut build = (*site.topology.environments[0].build).clone();
        build.fs_encrypt = true;
        site.topology.environments[0].build = Arc::new(build);
        let before = site.there();
        site.apply("unlock-and-mount");
        let order = site.hosts.order();
        let at = |role: &str| order.iter().position(|one| *one == site.servers(role)[0]).unwrap();
        assert!(at("db-primary") < at("db-replica") && at("cache") < at("db-replica"), "{order:?}");
        assert!(at("db-replica") < at("worker"), "{order:?}");
        assert!(site.servers("web").iter().all(|member| !order.contains(member)));
        assert!(order.iter().all(|server| site.hosts.done_on(server) == ["build unlock"]));
        assert_eq!(site.there(), before);
    });
}
