//! replace-cache-server.

use std::sync::Arc;

use quarterdeck::engine::run::NotBegun;
use quarterdeck::fleet::{BuildPlace, Role, RolePlace, ZonePlace};
use quarterdeck::remote::Input;
use quarterdeck::template::{Ground, SiteFacts, Source};
use serde_json::{Value, json};

use super::strings;
use crate::deploying::{Site, place};

impl Site {
    /// What the config says of a new cache server, and settings that are written for it.
    fn knows_caches(&mut self) {
        let named = json!({ "Filters": [{ "Name": "name", "Values": ["*ubuntu*"] }] });
        let image = self.wire.call("ec2", "describe_images", &named)["Images"][0]["ImageId"].clone();
        let kind = RolePlace {
            instance_type: Some("t3.small".into()),
            security_groups: vec!["myproject-sg".into(), "myproject-cache-sg".into()],
            volume_gb: None,
            volume_type: None,
        };
        self.topology.environments[0].build = Arc::new(BuildPlace {
            image: Some(image.as_str().unwrap().into()),
            zones: vec![ZonePlace { zone: "us-east-1c".into(), subnet: None }],
            roles: vec![(Role::Cache, kind)],
            ..BuildPlace::default()
        });
        let source = Source {
            template: "local_settings.py".into(),
            ours: false,
            sources: "d1".into(),
            unknown: Vec::new(),
        };
        let secrets = ["broker_password", "database_password"].map(ToOwned::to_owned).into();
        let facts = SiteFacts {
            settings: Some(Ok(source)),
            services: Vec::new(),
            missing: Vec::new(),
            tells_new_relic: false,
            secrets_file: "fabsecrets_staging.py".into(),
            hooks: Vec::new(),
            drift: None,
            ground: Ground { secrets, ..Ground::default() },
        };
        self.project = Some((facts, Arc::new(|_, _| Ok(Input::new(b"hunter22".to_vec())))));
    }

    /// The instance whose tag `role` is this, as EC2 tells of it.
    fn of_role(&self, role: &str) -> Value {
        let asked = json!({ "Filters": [
            { "Name": "tag:role", "Values": [role] }, { "Name": "tag:environment", "Values": ["staging"] },
            { "Name": "instance-state-name", "Values": ["running", "stopped"] }] });
        let told = self.wire.call("ec2", "describe_instances", &asked);
        let found = told["Reservations"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{role}: {told}");
        found[0]["Instances"][0].clone()
    }

    /// The old one is out of use, another one is in it, and the group is as it was but for what it launches.
    fn has_another_cache(&self, old: &str, before: &Value, there: &[String]) -> String {
        assert_eq!(self.of_role("cache-OLD")["InstanceId"], old);
        let new = self.of_role("cache");
        assert_eq!(
            (&new["InstanceType"], &new["Placement"]["AvailabilityZone"]),
            (&json!("t3.small"), &json!("us-east-1c"))
        );
        let id = new["InstanceId"].as_str().unwrap().to_owned();
        let more: Vec<String> = self.there().into_iter().filter(|one| !there.contains(one)).collect();
        assert_eq!(more, std::slice::from_ref(&id), "and no builder");
        let after = self.told_group();
        let source = |group: &Value| json!([group["LaunchConfigurationName"], group["LaunchTemplate"]]);
        assert_ne!(source(&after), source(before), "R8");
        assert_eq!(after["SuspendedProcesses"], before["SuspendedProcesses"]);
        assert!(self.hosts.pages().is_empty());
        id
    }
}

#[test]
fn r18_a_cache_server_that_works_is_replaced_and_what_it_holds_goes_over_first() {
    place(
        "operations::caches::r18_a_cache_server_that_works_is_replaced_and_what_it_holds_goes_over_first",
        &[],
        |site| {
            site.knows_caches();
            let old = site.servers("cache").remove(0);
            let (before, there) = (site.told_group(), site.there());
            let run = site.apply("replace-cache-server");
            let new = site.has_another_cache(&old, &before, &there);
            let done = site.hosts.done();
            let at = |verb: &str| {
                done.iter().position(|one| one == verb).unwrap_or_else(|| panic!("{verb}: {done:?}"))
            };
            let order = [
                "celery quiet",
                "cache drain",
                "celery stop",
                "cache dump",
                "cache load",
                "build works",
                "celery start",
            ];
            assert!(order.map(at).is_sorted(), "{done:?}");
            assert!(
                at("celery stop") < at("cache tasks") && at("cache tasks") < at("build works"),
                "{done:?}"
            );
            let on_new = site.hosts.done_on(&new);
            assert!(on_new.iter().any(|verb| verb.starts_with("build rabbitmq")), "{on_new:?}");
            let on_old = site.hosts.done_on(&old);
            assert_eq!(on_old, ["cache look", "cache drain", "cache dump", "cache forget"]);
            for web in site.servers("web") {
                let done = site.hosts.done_on(&web);
                assert_eq!(
                    strings(&json!(done), |one| one),
                    ["cache reach", "settings", "supervisor restart web", "health"]
                );
            }
            let stays = site.not_undone(&run);
            assert!(matches!(stays, NotBegun::Sealed(_)), "what is in use is not taken away: {stays}");
        },
    );
}

#[test]
fn r1_one_that_ec2_has_stopped_is_replaced_behind_the_page_and_nobody_asks_it() {
    place(
        "operations::caches::r1_one_that_ec2_has_stopped_is_replaced_behind_the_page_and_nobody_asks_it",
        &[],
        |site| {
            site.knows_caches();
            let old = site.servers("cache").remove(0);
            site.change("ec2", "stop_instances", &json!({ "InstanceIds": [old] }));
            let (before, there) = (site.told_group(), site.there());
            site.apply("replace-cache-server");
            site.has_another_cache(&old, &before, &there);
            assert!(site.hosts.done_on(&old).is_empty());
        },
    );
}
