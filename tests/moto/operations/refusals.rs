//! What is asked for wrongly, and environments that are not as they have to be: a refusal that says what to do, and nothing
//! changes.

use quarterdeck::operation::{self, Options};
use serde_json::json;

use crate::deploying::{NEW, place};

#[test]
fn words_that_are_wrong_get_the_nearest_right_ones_and_change_nothing() {
    let name = "operations::refusals::words_that_are_wrong_get_the_nearest_right_ones_and_change_nothing";
    place(name, &[], |site| {
        let unknown = operation::find("deploy-seriall").unwrap_err().to_string();
        assert!(unknown.contains("did you mean `deploy-serial`?"), "{unknown}");
        let elsewhere = operation::place(&site.topology, "stagin").unwrap_err().to_string();
        assert!(elsewhere.contains("did you mean `staging`?"), "{elsewhere}");
        for (line, says) in [
            ("deploy-serial --release 0000000", "staging has no release `0000000`; there are"),
            ("remove-from-load-balancer --servers i-0123456789abcdef0", "i-0123456789abcdef0"),
            ("add-to-load-balancer --balancers myproject-staging-l", "did you mean `myproject-staging-lb`?"),
            ("set-sizes --min 5 --max 2", "more than the most"),
            ("set-sizes --desired 40", "outside"),
            ("forget-releases --keep 0", "at least 1"),
            ("rollback --release latest", "wants an earlier release"),
            ("new-server --role wbe", "there is no role `wbe`"),
            ("create-release --branch main --changeset 1234567", "leave one of them out"),
        ] {
            let refused = site.refused(line);
            assert!(refused.contains(says), "{line}: {refused}");
        }
        let changes = site.wire.requests().into_iter().filter(|(action, _)| action == "PutParameter");
        assert_eq!(changes.count(), 0, "nobody has even asked for the lock");
    });
}

#[test]
fn an_environment_that_is_not_as_it_has_to_be_is_told_what_it_lacks() {
    let name = "operations::refusals::an_environment_that_is_not_as_it_has_to_be_is_told_what_it_lacks";
    place(name, &[], |site| {
        let deploy = format!("deploy-serial --release {NEW}");
        let retag = |role: &str, to: &str| {
            let tags = json!([{ "Key": "role", "Value": to }]);
            let servers = site.servers(role);
            site.change("ec2", "create_tags", &json!({ "Resources": servers, "Tags": tags }));
        };
        retag("db-replica", "db-primary");
        for line in [&deploy, &format!("deploy-worker --release {NEW}")] {
            let two = site.refused(line);
            assert!(
                two.contains("db-primary") && site.servers("db-replica").iter().any(|id| two.contains(id)),
                "{two}"
            );
        }
        retag("db-replica", "db-replica");
        retag("worker", "worker-OLD");
        let none = site.refused(&format!("deploy-worker --release {NEW}"));
        assert!(none.contains("has no worker"), "{none}");
        retag("worker", "worker");
        // A group that serves nobody, and one that nobody reaches.
        let empty = json!({ "AutoScalingGroupName": site.name("group"), "MinSize": 0, "DesiredCapacity": 0 });
        site.change("autoscaling", "update_auto_scaling_group", &empty);
        site.live(async |life| {
            for _ in 0..100 {
                let gone = life.plan("begin-upgrade", &Options::default()).await.is_err();
                if gone && life.members().await.is_empty() {
                    break;
                }
                quarterdeck::cloud::CloudRead::pause(&*life.cloud, std::time::Duration::from_secs(8)).await;
            }
        });
        let empty = site.refused(&deploy);
        assert!(empty.contains("is empty: nobody serves staging"), "{empty}");
        let bare = site.refused("begin-upgrade");
        assert!(bare.contains("has no web server that is in use"), "{bare}");
    });
}

#[test]
fn names_that_the_config_has_and_aws_has_not_or_knows_otherwise() {
    let name = "operations::refusals::names_that_the_config_has_and_aws_has_not_or_knows_otherwise";
    place(name, &[], |site| {
        let deploy = format!("deploy-serial --release {NEW}");
        // Somebody has pointed the group at a launch configuration of their own: what is deployed is still ours.
        let image = site.name("image");
        let made =
            json!({ "LaunchConfigurationName": "by-hand", "ImageId": image, "InstanceType": "t3.medium" });
        site.change("autoscaling", "create_launch_configuration", &made);
        let to = json!({ "AutoScalingGroupName": site.name("group"), "LaunchConfigurationName": "by-hand" });
        site.change("autoscaling", "update_auto_scaling_group", &to);
        let foreign = site.refused("deploy-serial --release by-hand");
        assert!(foreign.contains("`by-hand`"), "{foreign}");
        site.apply(&deploy);
        assert!(site.told_group()["LaunchConfigurationName"].as_str().unwrap().ends_with(NEW));
        // A load balancer that is not there.
        let place = &mut site.topology.environments[0];
        let balancers = std::mem::replace(&mut place.load_balancers, vec!["nobody-lb".into()]);
        let gone = site.refused("add-to-load-balancer");
        assert!(gone.contains("nobody-lb"), "{gone}");
        site.topology.environments[0].load_balancers = Vec::new();
        let none = site.refused("add-to-load-balancer");
        assert!(none.contains("load balancer"), "{none}");
        let place = &mut site.topology.environments[0];
        place.load_balancers = balancers;
        place.group = None;
        let ungrouped = site.refused("suspend-processes");
        assert!(ungrouped.contains("group"), "{ungrouped}");
    });
}
