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
        let named = json!({ "Filters": [{ "Name": "name", "Values": ["*ubuntu*"] }] });
        let image = self.wire.call("ec2", "describe_images", &named)["Images"][0]["ImageId"].clone();
        for role in ["web", "worker", "cache", "db-primary", "db-replica"] {
            let old = json!({
                "Resources": self.servers(role), "Tags": [{ "Key": "role", "Value": format!("{role}-OLD") }]
            });
            self.change("ec2", "create_tags", &old);
        }
        let roles = [Role::DbPrimary, Role::DbReplica, Role::Cache, Role::Worker, Role::Web].map(|role| {
            let kind = RolePlace {
                instance_type: Some("t3.small".into()),
                security_groups: vec!["myproject-sg".into()],
                ..RolePlace::default()
            };
            (role, kind)
        });
        // A server that a group launches into a subnet has no public address here.
        self.topology.ssh_address = AddressChoice::Private;
        let place = &mut self.topology.environments[0];
        place.group = Some(GROUP.into());
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
