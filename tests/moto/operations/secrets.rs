//! rotate-secret and push-secrets.

use std::sync::{Arc, Mutex};

use quarterdeck::fleet::SECRETS_TAG;
use quarterdeck::plan::TextOf;
use quarterdeck::remote::Input;
use quarterdeck::template::{Ground, SiteFacts, Source};
use serde_json::json;

use super::strings;
use crate::deploying::place;

fn facts() -> SiteFacts {
    let source = Source {
        template: "local_settings.py".into(),
        ours: false,
        sources: "d1".into(),
        unknown: Vec::new(),
    };
    SiteFacts {
        settings: Some(Ok(source)),
        services: Vec::new(),
        missing: Vec::new(),
        tells_new_relic: false,
        secrets_file: "fabsecrets_staging.py".into(),
        hooks: Vec::new(),
        drift: None,
        ground: Ground {
            secrets: ["broker_password", "database_password"].map(ToOwned::to_owned).into(),
            ..Ground::default()
        },
    }
}

#[test]
fn a_password_is_rotated_on_every_server_and_the_group_launches_a_release_that_has_it() {
    place(
        "operations::secrets::a_password_is_rotated_on_every_server_and_the_group_launches_a_release_that_has_it",
        &[],
        |site| {
            let facts = facts();
            let told = Arc::new(Mutex::new(Vec::new()));
            let asked = Arc::clone(&told);
            let texts = move |file: &quarterdeck::plan::JobFile, _: &_| {
                if let TextOf::Secret { name } = &file.of {
                    asked.lock().unwrap().push(name.clone());
                }
                Ok(Input::new(b"hunter22".to_vec()))
            };
            site.project = Some((facts, Arc::new(texts)));
            let (before, launched) = (site.there(), site.told_group());
            let id = site.apply("rotate-secret --secret database_password,broker_password");
            assert_eq!(site.there(), before, "the builder has gone, and nobody else");
            let after = site.told_group();
            let source = |group: &serde_json::Value| {
                json!([group["LaunchConfigurationName"], group["LaunchTemplate"]])
            };
            assert_ne!(source(&after), source(&launched));
            assert_eq!(after["SuspendedProcesses"], launched["SuspendedProcesses"]);
            let told = told.lock().unwrap().clone();
            assert!(told.contains(&"database_password".into()) && told.contains(&"broker_password".into()));
            for role in ["db-primary", "db-replica", "cache"] {
                for server in site.servers(role) {
                    let done = site.hosts.done_on(&server);
                    assert!(done.iter().any(|verb| verb == "build password"), "{role}: {done:?}");
                }
            }
            for server in site.servers("web") {
                let done = site.hosts.done_on(&server);
                assert!(done.iter().any(|verb| verb == "supervisor restart web"), "{done:?}");
            }
            let asked = json!({ "InstanceIds": site.servers("db-primary") });
            let tags = site.wire.call("ec2", "describe_instances", &asked);
            let tags = strings(&tags["Reservations"][0]["Instances"][0]["Tags"], |tag| &tag["Key"]);
            assert!(tags.contains(&SECRETS_TAG.to_owned()), "{tags:?}");
            // What was there before is kept nowhere.
            assert!(site.not_undone(&id).to_string().contains("kept no more"));
        },
    );
}

#[test]
fn secrets_come_to_every_server_and_no_service_gets_a_new_password() {
    place(
        "operations::secrets::secrets_come_to_every_server_and_no_service_gets_a_new_password",
        &[],
        |site| {
            let texts = |_: &quarterdeck::plan::JobFile, _: &_| Ok(Input::new(b"hunter22".to_vec()));
            site.project = Some((facts(), Arc::new(texts)));
            let (before, launched) = (site.there(), site.told_group());
            site.apply("push-secrets");
            assert_eq!(site.there(), before, "the builder has gone, and nobody else");
            let after = site.told_group();
            let source = |group: &serde_json::Value| {
                json!([group["LaunchConfigurationName"], group["LaunchTemplate"]])
            };
            assert_ne!(source(&after), source(&launched));
            assert_eq!(after["SuspendedProcesses"], launched["SuspendedProcesses"]);
            for server in site.servers("db-replica") {
                let done = site.hosts.done_on(&server);
                assert!(!done.iter().any(|verb| verb == "build password"), "{done:?}");
            }
            for (role, wanted) in [("db-primary", 1), ("cache", 1)] {
                for server in site.servers(role) {
                    let done = site.hosts.done_on(&server);
                    let tried = done.iter().filter(|verb| *verb == "build password").count();
                    assert_eq!(tried, wanted, "{role} is only asked: {done:?}");
                }
            }
            for server in site.servers("web") {
                let done = site.hosts.done_on(&server);
                assert!(done.iter().any(|verb| verb == "supervisor restart web"), "{done:?}");
            }
            let asked = json!({ "InstanceIds": site.servers("db-primary") });
            let tags = site.wire.call("ec2", "describe_instances", &asked);
            let tags = strings(&tags["Reservations"][0]["Instances"][0]["Tags"], |tag| &tag["Key"]);
            assert!(tags.contains(&SECRETS_TAG.to_owned()), "{tags:?}");
        },
    );
}
