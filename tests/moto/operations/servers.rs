//! new-server.

use std::path::Path;
use std::sync::Arc;

use quarterdeck::engine::run::NotBegun;
use quarterdeck::engine::store::RunState;
use quarterdeck::fleet::{BuildPlace, Role, RolePlace, ZonePlace};
use quarterdeck::remote::Input;
use quarterdeck::template::{Ground, SiteFacts};
use serde_json::{Value, json};

use crate::deploying::{Site, place};

const SECRET: &str = "correct-horse-battery";

impl Site {
    /// An environment without a cache, whose config says what a new one is.
    fn wants_a_cache(&mut self) {
        let named = json!({ "Filters": [{ "Name": "name", "Values": ["*ubuntu*"] }] });
        let image = self.wire.call("ec2", "describe_images", &named)["Images"][0]["ImageId"].clone();
        let kind = RolePlace {
            instance_type: Some("t3.small".into()),
            security_groups: vec!["myproject-sg".into(), "myproject-cache-sg".into()],
            volume_gb: None,
            volume_type: None,
        };
        let zone = ZonePlace { zone: "us-east-1c".into(), subnet: None };
        self.topology.environments[0].build = Arc::new(BuildPlace {
            image: Some(image.as_str().unwrap().into()),
            zones: vec![zone],
            roles: vec![(Role::Cache, kind)],
            ..BuildPlace::default()
        });
        let ground = Ground { secrets: ["broker_password".to_owned()].into(), ..Ground::default() };
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
        self.project = Some((facts, Arc::new(|_, _| Ok(Input::new(SECRET.as_bytes().to_vec())))));
        let old =
            json!({ "Resources": self.servers("cache"), "Tags": [{ "Key": "role", "Value": "cache-OLD" }] });
        self.change("ec2", "create_tags", &old);
    }

    /// The instance that is there and was not, as EC2 tells of it.
    fn new_one(&self, before: &[String]) -> Value {
        let new: Vec<String> = self.there().into_iter().filter(|id| !before.contains(id)).collect();
        assert_eq!(new.len(), 1, "{new:?}");
        let told = self.wire.call("ec2", "describe_instances", &json!({ "InstanceIds": new }));
        told["Reservations"][0]["Instances"][0].clone()
    }
}

/// Whether some file below a directory has these words in it.
fn somewhere(dir: &Path, words: &str) -> bool {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            somewhere(&path, words)
        } else {
            String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(words)
        }
    })
}

#[test]
fn a_cache_is_built_and_in_use_and_its_secret_is_nowhere() {
    place("operations::servers::a_cache_is_built_and_in_use_and_its_secret_is_nowhere", &[], |site| {
        let refused = site.refused("new-server --role cache");
        assert!(refused.contains("has a cache server in use"), "{refused}");
        site.wants_a_cache();
        let before = site.there();
        let run = site.apply("new-server --role cache");
        let server = site.new_one(&before);
        let tag = |key: &str| {
            let all = server["Tags"].as_array().unwrap();
            all.iter().find(|tag| tag["Key"] == key).unwrap()["Value"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            (tag("role"), tag("environment"), tag("Name")),
            ("cache".into(), "staging".into(), "myproject_staging_cache".into())
        );
        assert_eq!(
            (&server["InstanceType"], &server["Placement"]["AvailabilityZone"]),
            (&json!("t3.small"), &json!("us-east-1c"))
        );
        let mut groups = super::strings(&server["SecurityGroups"], |one| &one["GroupName"]);
        groups.sort();
        assert_eq!(groups, ["myproject-cache-sg", "myproject-sg"]);
        let done = site.hosts.done_on(server["InstanceId"].as_str().unwrap());
        assert!(done.iter().any(|verb| verb.starts_with("build rabbitmq")), "{done:?}");
        assert_eq!(site.hosts.done().len(), done.len(), "no other server is touched");
        assert!(somewhere(site.dir.path(), "myproject_staging_cache"), "the journal is there");
        assert!(!somewhere(site.dir.path(), SECRET), "no secret is written down");
        let stays = site.not_undone(&run);
        assert!(matches!(stays, NotBegun::Sealed(_)), "what is in use is not taken away: {stays}");
        assert!(site.refused("new-server --role cache").contains("has a cache server in use"));
    });
}

#[test]
fn a_server_that_cannot_be_finished_leaves_nothing() {
    place("operations::servers::a_server_that_cannot_be_finished_leaves_nothing", &[], |site| {
        site.wants_a_cache();
        let before = site.there();
        site.hosts.fail("build rabbitmq");
        let (_, state) = site.run("new-server --role cache");
        assert_eq!(state, RunState::Failed);
        assert_eq!(site.there(), before);
        let (kept, state) = site.run("new-server --role cache --keep-failed");
        assert_eq!(state, RunState::Failed);
        let server = site.new_one(&before);
        let pending = json!({ "Key": "role", "Value": "cache-PENDING" });
        assert!(server["Tags"].as_array().unwrap().contains(&pending), "{server}");
        site.undo(&kept);
        assert_eq!(site.there(), before);
    });
}
