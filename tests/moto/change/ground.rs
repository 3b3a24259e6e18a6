//! What environments stand on, made and deleted over the wire.

use std::time::Duration;

use quarterdeck::cloud::{CloudChange, CloudError, CloudRead};
use quarterdeck::fleet::{
    HealthCheck, LaunchSource, Listener, NewGroup, NewKeyPair, NewLoadBalancer, NewSecurityGroup,
    NewTemplate, Origin, Rule, SecurityGroupId, Sizes, SubnetChoice, Thing,
};
use serde_json::json;

use super::{Account, account};

const PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@laptop";

fn tags() -> Vec<(String, String)> {
    [("deployment", "myproject"), ("quarterdeck-run", "run-7")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec()
}

pub(super) fn world(port: u16) -> Rule {
    Rule::tcp(port, Origin::Network("0.0.0.0/0".into()))
}

pub(super) fn group(vpc: &str, name: &str) -> NewSecurityGroup {
    let description = "web servers of myproject".into();
    NewSecurityGroup { name: format!("new-{name}"), description, vpc: vpc.into(), tags: tags() }
}

pub(super) fn key(name: &str) -> NewKeyPair {
    NewKeyPair { name: name.into(), public_key: PUBLIC.into(), tags: tags() }
}

pub(super) fn balancer(
    name: &str,
    subnets: Vec<String>,
    security_groups: Vec<SecurityGroupId>,
) -> NewLoadBalancer {
    let listener = |protocol: &str, port| Listener {
        protocol: protocol.into(),
        port,
        instance_protocol: protocol.into(),
        instance_port: port,
        certificate: None,
    };
    NewLoadBalancer {
        name: name.into(),
        listeners: vec![listener("HTTP", 80), listener("TCP", 443)],
        health_check: HealthCheck {
            target: "HTTPS:443/healthcheck.html".into(),
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            healthy_threshold: 2,
            unhealthy_threshold: 3,
        },
        subnets,
        security_groups,
        draining_s: 60,
        tags: tags(),
    }
}

pub(super) fn template(name: &str, image: &str, security_groups: Vec<SecurityGroupId>) -> NewTemplate {
    NewTemplate {
        name: name.into(),
        description: "myproject_staging_lc_2026.11.23-09.00.00_feed".into(),
        image: Some(image.into()),
        instance_type: "t3.micro".into(),
        security_groups,
        public_address: false,
        key_name: None,
        instance_profile: None,
        tags: tags(),
    }
}

pub(super) fn scaling(name: &str, launch: LaunchSource, subnets: Vec<String>) -> NewGroup {
    NewGroup {
        name: name.into(),
        launch: Some(launch),
        sizes: Sizes { min: 0, desired: 0, max: 4 },
        subnets,
        balancers: Vec::new(),
        grace_s: 300,
        member_tags: vec![("role".into(), "web".into())],
        tags: tags(),
    }
}

/// The default VPC, and a subnet of two zones each.
async fn place(a: &Account) -> (String, Vec<String>) {
    let vpcs = a.cloud.vpcs().await.unwrap();
    let vpc = vpcs.into_iter().find(|vpc| vpc.is_default).unwrap();
    assert!(!vpc.networks.is_empty());
    let zones = SubnetChoice::DefaultOf(vec!["us-east-1a".into(), "us-east-1b".into()]);
    let subnets = a.cloud.subnets(&zones).await.unwrap();
    assert!(subnets.iter().all(|subnet| subnet.vpc.as_deref() == Some(vpc.id.as_str())), "{subnets:?}");
    (vpc.id, subnets.into_iter().map(|subnet| subnet.id).collect())
}

async fn run_of(a: &Account, thing: &Thing) -> Option<String> {
    a.cloud.thing(thing).await.unwrap().map(|found| found.tags["quarterdeck-run"].clone())
}

#[test]
fn a_security_group_is_made_once_lets_in_what_it_is_told_and_nothing_twice() {
    account(
        "ground::a_security_group_is_made_once_lets_in_what_it_is_told_and_nothing_twice",
        &[],
        async |a| {
            let (vpc, _) = place(&a).await;
            let new = group(&vpc, "web-sg");
            let id = a.change.create_security_group(&new).await.unwrap();
            let again = a.change.create_security_group(&new).await.unwrap_err();
            assert!(matches!(again, CloudError::Exists(_)), "{again:?}");
            let thing = Thing::SecurityGroup { vpc: vpc.clone(), name: new.name.clone() };
            assert_eq!(a.cloud.thing(&thing).await.unwrap().unwrap().id, id.as_str());
            assert_eq!(run_of(&a, &thing).await.as_deref(), Some("run-7"));

            let other = a.change.create_security_group(&group(&vpc, "db-sg")).await.unwrap();
            let inner = Rule::tcp(5432, Origin::Group(id.clone()));
            a.change.authorize(&id, &[world(443)]).await.unwrap();
            a.change.authorize(&id, &[world(80), world(443)]).await.unwrap();
            a.change.authorize(&other, std::slice::from_ref(&inner)).await.unwrap();
            let rules = async |id: &SecurityGroupId| {
                let all = a.cloud.security_groups().await.unwrap();
                all.into_iter().find(|group| group.id == *id).map(|group| group.rules)
            };
            assert_eq!(
                rules(&id).await.unwrap(),
                [world(80), world(443)],
                "one there already keeps out no other"
            );
            assert_eq!(rules(&other).await.unwrap(), std::slice::from_ref(&inner));

            a.change.revoke(&id, &[world(80), world(22)]).await.unwrap();
            assert_eq!(rules(&id).await.unwrap(), [world(443)], "one that is gone keeps in no other");
            let used = a.change.delete_security_group(&id).await;
            if let Err(used) = used {
                assert!(used.to_string().contains("DependencyViolation"), "{used}");
                a.change.revoke(&other, &[inner]).await.unwrap();
                a.change.delete_security_group(&id).await.unwrap();
            }
            assert_eq!(rules(&id).await, None);
            a.change.delete_security_group(&id).await.unwrap();
            assert_eq!(a.cloud.thing(&thing).await.unwrap(), None);
            let absent = a.change.authorize(&id, &[world(443)]).await.unwrap_err();
            assert!(matches!(absent, CloudError::Absent(_)), "{absent:?}");
        },
    );
}

#[test]
fn a_public_key_is_imported_once_and_forgotten() {
    account("ground::a_public_key_is_imported_once_and_forgotten", &[], async |a| {
        let thing = Thing::KeyPair { name: "myproject-first".into() };
        assert_eq!(a.cloud.thing(&thing).await.unwrap(), None);
        a.change.import_key_pair(&key("myproject-first")).await.unwrap();
        let again = a.change.import_key_pair(&key("myproject-first")).await.unwrap_err();
        assert!(matches!(again, CloudError::Exists(_)), "{again:?}");
        assert_eq!(run_of(&a, &thing).await.as_deref(), Some("run-7"));
        let names: Vec<String> = a.cloud.key_pairs().await.unwrap().into_iter().map(|key| key.name).collect();
        assert!(names.contains(&"myproject-first".to_owned()), "{names:?}");
        for _ in 0..2 {
            a.change.delete_key_pair("myproject-first").await.unwrap();
        }
        assert_eq!(a.cloud.thing(&thing).await.unwrap(), None);
    });
}

#[test]
fn a_load_balancer_is_made_in_its_shape_and_deleted() {
    account("ground::a_load_balancer_is_made_in_its_shape_and_deleted", &[], async |a| {
        let (vpc, subnets) = place(&a).await;
        let id = a.change.create_security_group(&group(&vpc, "lb-sg")).await.unwrap();
        let new = balancer("myproject-new-lb", subnets, vec![id.clone()]);
        a.change.create_load_balancer(&new).await.unwrap();
        let again = a.change.create_load_balancer(&new).await.unwrap_err();
        assert!(matches!(again, CloudError::Exists(_)), "{again:?}");
        for _ in 0..2 {
            a.change.configure_load_balancer(&new).await.unwrap();
        }
        let found = a.cloud.load_balancers(std::slice::from_ref(&new.name)).await.unwrap().remove(0);
        assert_eq!(found.health_check, Some(new.health_check.clone()));
        assert_eq!(found.listeners, new.listeners);
        assert_eq!(found.security_groups, [id]);
        let described = a.wire.call(
            "elb",
            "describe_load_balancers",
            &json!({"LoadBalancerNames": ["myproject-new-lb"]}),
        );
        let subnets = described["LoadBalancerDescriptions"][0]["Subnets"].as_array().unwrap().len();
        assert_eq!(subnets, 2, "{described}");
        let attributes = a.wire.call(
            "elb",
            "describe_load_balancer_attributes",
            &json!({"LoadBalancerName": "myproject-new-lb"}),
        );
        let attributes = &attributes["LoadBalancerAttributes"];
        assert_eq!(attributes["CrossZoneLoadBalancing"]["Enabled"], json!(true), "{attributes}");
        assert_eq!(attributes["ConnectionDraining"], json!({"Enabled": true, "Timeout": 60}), "{attributes}");
        let thing = Thing::LoadBalancer { name: new.name.clone() };
        assert_eq!(run_of(&a, &thing).await.as_deref(), Some("run-7"));
        for _ in 0..2 {
            a.change.delete_load_balancer(&new.name).await.unwrap();
        }
        assert_eq!(a.cloud.thing(&thing).await.unwrap(), None);
    });
}

#[test]
fn a_template_and_a_group_upon_it_are_made_with_their_tags_and_deleted() {
    account("ground::a_template_and_a_group_upon_it_are_made_with_their_tags_and_deleted", &[], async |a| {
        let (vpc, subnets) = place(&a).await;
        let id = a.change.create_security_group(&group(&vpc, "web-sg")).await.unwrap();
        let image = a.staging["image"].as_str().unwrap();
        let new = template("myproject-new-web", image, vec![id.clone()]);
        let made = a.change.create_template(&new).await.unwrap();
        let LaunchSource::Template { id: template_id, version, .. } = &made else { panic!("{made:?}") };
        assert!(template_id.starts_with("lt-") && version == "1");
        let other = NewTemplate { tags: vec![("quarterdeck-run".into(), "run-8".into())], ..new.clone() };
        let again = a.change.create_template(&other).await.unwrap_err();
        assert!(matches!(again, CloudError::Exists(_)), "{again:?}");
        let thing = Thing::Template { name: new.name.clone() };
        assert_eq!(run_of(&a, &thing).await.as_deref(), Some("run-7"));
        let settings = a.cloud.launch_settings(std::slice::from_ref(&made)).await.unwrap().remove(0);
        assert_eq!(settings.description.as_deref(), Some(new.description.as_str()));
        assert_eq!(settings.tokens_required, Some(true));

        let upon = NewGroup {
            balancers: vec![a.balancer()],
            ..scaling("myproject-new-ag", made.clone(), subnets.clone())
        };
        // That a second one of the same name is refused, moto does not know.
        a.change.create_group(&upon).await.unwrap();
        let found = a.cloud.groups(std::slice::from_ref(&upon.name)).await.unwrap().remove(0);
        assert_eq!((found.sizes(), &found.launch), (upon.sizes, &Some(made)));
        assert_eq!(found.load_balancers, upon.balancers);
        assert_eq!((found.health_check_type.as_str(), found.grace_period.as_secs()), ("ELB", 300));
        assert_eq!(found.subnets, subnets);
        let thing_of_group = Thing::Group { name: upon.name.clone() };
        assert_eq!(run_of(&a, &thing_of_group).await.as_deref(), Some("run-7"));
        let described = a.wire.call(
            "autoscaling",
            "describe_auto_scaling_groups",
            &json!({"AutoScalingGroupNames": ["myproject-new-ag"]}),
        );
        let tags = described["AutoScalingGroups"][0]["Tags"].as_array().unwrap().clone();
        let at_launch = |key: &str| {
            tags.iter().find(|tag| tag["Key"] == key).map(|tag| tag["PropagateAtLaunch"].clone()).unwrap()
        };
        assert_eq!((at_launch("role"), at_launch("quarterdeck-run")), (json!(true), json!(false)));

        // Nor that one with members is not deleted, nor what AWS says of a template that is gone.
        for _ in 0..2 {
            a.change.delete_group(&upon.name).await.unwrap();
        }
        a.change.delete_template(&new.name).await.unwrap();
        assert_eq!(a.cloud.thing(&thing_of_group).await.unwrap(), None);
        assert_eq!(a.cloud.thing(&thing).await.unwrap(), None);
    });
}
