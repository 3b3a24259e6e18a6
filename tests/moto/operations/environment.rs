//! create-environment.

use std::sync::Arc;

use quarterdeck::fleet::{AddressChoice, AppPlace, BuildPlace, Layout, Role, RolePlace, ZonePlace};
use quarterdeck::remote::Input;
use quarterdeck::template::{Ground, SiteFacts, Source};
use serde_json::json;

use crate::deploying::{Site, place};

/// A group that there is not yet.
const GROUP: &str = "myproject-staging-new-ag";

impl Site {
    /// An environment whose servers are all out of use, and whose config says what new ones are.
    fn wants_everything(&mut self) {
        for role in ["web", "worker", "cache", "db-primary", "db-replica"] {
            let old = json!({
                "Resources": self.servers(role), "Tags": [{ "Key": "role", "Value": format!("{role}-OLD") }]
            });
            self.change("ec2", "create_tags", &old);
        }
        self.knows_every_role("t3.small");
        self.topology.environments[0].group = Some(GROUP.into());
    }

    /// Servers whose tag `role` is this now.
    fn tagged(&self, role: &str) -> Vec<String> {
        let asked = json!({ "Filters": [
            { "Name": "tag:role", "Values": [role] }, { "Name": "tag:environment", "Values": ["staging"] },
            { "Name": "instance-state-name", "Values": ["running", "stopped"] }] });
        let told = self.wire.call("ec2", "describe_instances", &asked);
        let reservations = told["Reservations"].as_array().unwrap();
        let instances = reservations.iter().flat_map(|one| one["Instances"].as_array().unwrap());
        let mut ids: Vec<String> =
            instances.map(|one| one["InstanceId"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }

    /// The config says what new servers are.
    fn knows_every_role(&mut self, instance_type: &str) {
        let named = json!({ "Filters": [{ "Name": "name", "Values": ["*ubuntu*"] }] });
        let image = self.wire.call("ec2", "describe_images", &named)["Images"][0]["ImageId"].clone();
        let roles = [Role::DbPrimary, Role::DbReplica, Role::Cache, Role::Worker, Role::Web].map(|role| {
            let kind = RolePlace {
                instance_type: Some(instance_type.into()),
                security_groups: vec!["myproject-sg".into()],
                ..RolePlace::default()
            };
            (role, kind)
        });
        // A server that a group launches into a subnet has no public address here.
        self.topology.ssh_address = AddressChoice::Private;
        let place = &mut self.topology.environments[0];
        place.build = Arc::new(BuildPlace {
            image: Some(image.as_str().unwrap().into()),
            zones: ["us-east-1a", "us-east-1c"]
                .map(|zone| ZonePlace { zone: zone.into(), subnet: None })
                .to_vec(),
            roles: roles.to_vec(),
            app: AppPlace {
                repo: Some("https://git.example.com/myproject.git".into()),
                ..AppPlace::default()
            },
            ..BuildPlace::default()
        });
        let layout = Layout { celery_app: "myproject".into(), ..(*place.layout).clone() };
        place.layout = Arc::new(Layout { database_user: "myproject".into(), ..layout });
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
        self.project = Some((facts, Arc::new(|_, _| Ok(Input::new(b"TEXT = 1\n".to_vec())))));
    }
}

#[test]
fn from_nothing_every_role_is_made_and_the_group_launches_the_first_release() {
    let name =
        "operations::environment::from_nothing_every_role_is_made_and_the_group_launches_the_first_release";
    place(name, &[], |site| {
        site.wants_everything();
        let before = site.there();
        site.apply("create-environment --changeset a1b2c3d4");
        let new: Vec<String> = site.there().into_iter().filter(|id| !before.contains(id)).collect();
        let told = site.wire.call("ec2", "describe_instances", &json!({ "InstanceIds": new }));
        let reservations = told["Reservations"].as_array().unwrap();
        let instances = reservations.iter().flat_map(|one| one["Instances"].as_array().unwrap());
        let mut roles: Vec<String> = instances
            .map(|one| {
                let tags = one["Tags"].as_array().unwrap();
                tags.iter().find(|tag| tag["Key"] == "role").unwrap()["Value"].as_str().unwrap().to_owned()
            })
            .collect();
        roles.sort();
        assert_eq!(roles, ["cache", "db-primary", "db-replica", "web", "web", "worker"], "and no builder");
        let asked = json!({ "AutoScalingGroupNames": [GROUP] });
        let group =
            site.wire.call("autoscaling", "describe_auto_scaling_groups", &asked)["AutoScalingGroups"][0]
                .clone();
        assert_eq!(
            (&group["MinSize"], &group["DesiredCapacity"], &group["MaxSize"]),
            (&json!(2), &json!(2), &json!(4))
        );
        assert_eq!(
            (&group["HealthCheckType"], &group["LaunchTemplate"]["Version"]),
            (&json!("ELB"), &json!("1"))
        );
        let members = super::strings(&group["Instances"], |one| &one["InstanceId"]);
        for balancer in &site.topology.environments[0].load_balancers {
            let serving = site.in_service(balancer.as_str());
            assert!(members.iter().all(|member| serving.contains(member)), "{serving:?}");
        }
        let refused = site.refused("create-environment --changeset a1b2c3d4");
        assert!(refused.contains("has everything"), "{refused}");
    });
}

#[test]
fn every_server_is_made_anew_and_the_group_launches_a_release_that_knows_the_new_ones() {
    let name = "operations::environment::every_server_is_made_anew_and_the_group_launches_a_release_that_knows_the_new_ones";
    place(name, &[], |site| {
        site.knows_every_role("t3.large");
        site.topology.environments[0].web.instance_type = Some("t3.xlarge".into());
        let roles = ["db-primary", "db-replica", "cache", "worker"];
        let old = roles.map(|role| site.servers(role));
        let (before, web) = (site.told_group(), site.servers("web"));
        let run = site.apply("recreate-environment");
        for (role, old) in roles.iter().zip(&old) {
            let new = site.tagged(role);
            assert_eq!(new.len(), old.len(), "{role}");
            assert!(new.iter().all(|id| !old.contains(id)), "{role}: {new:?}");
            assert_eq!(&site.tagged(&format!("{role}-OLD")), old);
            let told = site.wire.call("ec2", "describe_instances", &json!({ "InstanceIds": new }));
            assert_eq!(told["Reservations"][0]["Instances"][0]["InstanceType"], "t3.large", "{role}");
            assert!(site.tagged(&format!("{role}-PENDING")).is_empty());
        }
        let after = site.told_group();
        let kept = |group: &serde_json::Value| {
            ["MinSize", "DesiredCapacity", "MaxSize", "SuspendedProcesses"].map(|key| group[key].clone())
        };
        assert_eq!(kept(&after), kept(&before));
        let members = super::strings(&after["Instances"], |one| &one["InstanceId"]);
        assert!(members.iter().all(|member| !web.contains(member)), "{members:?}");
        let told = site.wire.call("ec2", "describe_instances", &json!({ "InstanceIds": members }));
        assert_eq!(
            told["Reservations"][0]["Instances"][0]["InstanceType"], "t3.xlarge",
            "as the config has it now"
        );
        assert!(site.hosts.pages().is_empty());
        let done = site.hosts.done();
        let at = |verb: &str| {
            done.iter().position(|one| one == verb).unwrap_or_else(|| panic!("{verb}: {done:?}"))
        };
        let order = [
            "build candidate",
            "celery stop",
            "build stop",
            "build received",
            "build promote",
            "celery start",
        ];
        assert!(order.map(at).is_sorted(), "R11: {done:?}");
        assert!(
            at("cache load") < at("build received") && at("build promote") < at("build follow"),
            "{done:?}"
        );
        site.not_undone(&run);
    });
}
