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
                ground,
            };
            site.project = Some((facts, Arc::new(|_, _| Ok(Input::new(Vec::new())))));
            let before = site.there();
            site.apply("update-people");
            for server in &before {
                let done = site.hosts.done_on(server);
                let verbs: Vec<&str> = done.iter().map(String::as_str).collect();
                assert_eq!(verbs, ["build people", "build leavers", "build sudoers"], "{server}");
            }
            assert_eq!(site.there(), before);
        },
    );
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
