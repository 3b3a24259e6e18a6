//! What is changed on a group.

use quarterdeck::cloud::{CloudChange, CloudError, CloudRead};
use quarterdeck::fleet::{Group, LaunchSource, Process, Sizes};
use serde_json::{Value, json};

use super::{Account, account, in_service};

fn suspended(group: &Group) -> Vec<&str> {
    group.suspended.iter().map(|s| s.process.as_str()).collect()
}

fn sizes(min: u32, desired: u32, max: u32) -> Sizes {
    Sizes { min, desired, max }
}

#[test]
fn processes_are_suspended_and_resumed_by_name_and_no_others() {
    account("groups::processes_are_suspended_and_resumed_by_name_and_no_others", &[], async |a| {
        let group = a.group();
        a.change.suspend(&group, &[Process::AzRebalance, Process::Launch]).await.unwrap();
        let first = a.read_group().await;
        assert_eq!(suspended(&first), ["AZRebalance", "Launch"]);
        a.change.suspend(&group, &[Process::Launch, Process::HealthCheck]).await.unwrap();
        let found = a.read_group().await;
        assert_eq!(suspended(&found), ["AZRebalance", "HealthCheck", "Launch"]);
        assert!(
            first.suspended.iter().all(|old| found.suspended.contains(old)),
            "those that were stay as they were"
        );
        a.change.resume(&group, &[Process::Launch]).await.unwrap();
        assert_eq!(suspended(&a.read_group().await), ["AZRebalance", "HealthCheck"]);
        // To AWS no process means every process.
        a.change.suspend(&group, &[]).await.unwrap();
        a.change.resume(&group, &[]).await.unwrap();
        assert_eq!(suspended(&a.read_group().await), ["AZRebalance", "HealthCheck"]);
        assert_eq!((a.count("SuspendProcesses"), a.count("ResumeProcesses")), (2, 1));
        let error = a.change.suspend(&"nobody".into(), &[Process::Launch]).await.unwrap_err();
        assert!(matches!(&error, CloudError::Absent(said) if said.contains("group nobody")), "{error:?}");
    });
}

#[test]
fn sizes_are_set_together_and_contradicting_ones_are_refused_and_change_nothing() {
    let name = "groups::sizes_are_set_together_and_contradicting_ones_are_refused_and_change_nothing";
    account(name, &[], async |a| {
        let before = a.read_group().await.sizes();
        let error = a.change.set_sizes(&a.group(), sizes(3, 2, 4)).await.unwrap_err();
        assert!(matches!(error, CloudError::Refused(_)) && !error.is_open(), "{error:?}");
        assert_eq!(a.read_group().await.sizes(), before);
        a.change.set_sizes(&a.group(), sizes(2, 3, 6)).await.unwrap();
        let grown = a.group_when("three in service", |group| in_service(group) == 3).await;
        assert_eq!(grown.sizes(), sizes(2, 3, 6));
        a.change.set_sizes(&a.group(), before).await.unwrap();
        a.group_when("two members", |group| group.members.len() == 2 && group.sizes() == before).await;
    });
}

#[test]
fn termination_policies_are_set_in_order_and_obeyed() {
    account("groups::termination_policies_are_set_in_order_and_obeyed", &["--behind", "1"], async |a| {
        let policies = ["NewestInstance".to_owned(), "Default".to_owned()];
        a.change.set_policies(&a.group(), &policies).await.unwrap();
        assert_eq!(a.read_group().await.termination_policies, policies);
        let before = a.read_group().await;
        let oldest = before.members.iter().find(|m| m.launch != before.launch).unwrap().instance.clone();
        a.change.set_sizes(&a.group(), sizes(1, 1, 4)).await.unwrap();
        let after = a.group_when("one member", |group| group.members.len() == 1).await;
        assert_eq!(after.members[0].instance, oldest);
        a.change.set_policies(&a.group(), &[]).await.unwrap();
        assert_eq!(a.read_group().await.termination_policies, ["Default"]);
    });
}

/// Points the group at what it launched before, adds a member and expects it to be of that.
async fn goes_back(a: Account, older: LaunchSource) {
    a.change.set_launch(&a.group(), &older).await.unwrap();
    let group = a.read_group().await;
    assert_eq!(group.launch.as_ref(), Some(&older));
    let kept: Vec<_> = group.members.iter().map(|m| m.instance.clone()).collect();
    a.change.set_sizes(&a.group(), sizes(1, group.desired + 1, 6)).await.unwrap();
    let grown = a.group_when("one more", |g| in_service(g) == kept.len() + 1).await;
    let new = grown.members.iter().find(|m| !kept.contains(&m.instance)).unwrap();
    assert_eq!(
        new.launch.as_ref(),
        Some(&older),
        "the next scale-out launches what the group was pointed at"
    );
    let settings = a.cloud.launch_settings(std::slice::from_ref(&older)).await.unwrap();
    let servers = a.cloud.servers(&"myproject".into()).await.unwrap();
    let server = servers.iter().find(|s| s.id == new.instance).unwrap();
    assert_eq!(Some(&server.image), settings[0].image.as_ref());
}

#[test]
fn a_group_launches_from_the_launch_configuration_it_is_pointed_at() {
    let name = "groups::a_group_launches_from_the_launch_configuration_it_is_pointed_at";
    account(name, &["--behind", "1"], async |a| {
        let gone = LaunchSource::Configuration { name: "gone".into() };
        let error = a.change.set_launch(&a.group(), &gone).await.unwrap_err();
        assert!(matches!(&error, CloudError::Absent(said) if said.contains("gone")), "{error:?}");
        let group = a.read_group().await;
        let older = group.members.iter().find(|m| m.launch != group.launch).unwrap().launch.clone().unwrap();
        goes_back(a, older).await;
    });
}

#[test]
fn a_group_launches_from_the_numbered_template_version_it_is_pointed_at() {
    let name = "groups::a_group_launches_from_the_numbered_template_version_it_is_pointed_at";
    account(name, &["--launch", "lt", "--behind", "1"], async |a| {
        let group = a.read_group().await;
        assert!(group.launch.unwrap().is_floating());
        let older = group.members.iter().find_map(|m| m.launch.clone().filter(|l| l.label().ends_with("v1")));
        goes_back(a, older.unwrap()).await;
    });
}

#[test]
fn a_mixed_instances_policy_keeps_its_instance_types_when_its_template_changes() {
    let name = "groups::a_mixed_instances_policy_keeps_its_instance_types_when_its_template_changes";
    account(name, &["--launch", "lt", "--behind", "1"], async |a| {
        let Some(LaunchSource::Template { id, name, .. }) = a.read_group().await.launch else { panic!() };
        let policy = json!({
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": id, "Version": "2"},
                "Overrides": [{"InstanceType": "t3.large"}, {"InstanceType": "t3a.large"}],
            },
            "InstancesDistribution": {"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 50},
        });
        let update = json!({"AutoScalingGroupName": a.group().as_str(), "MixedInstancesPolicy": policy});
        a.wire.call("autoscaling", "update_auto_scaling_group", &update);
        let described = || {
            let asked = json!({"AutoScalingGroupNames": [a.group().as_str()]});
            let found = a.wire.call("autoscaling", "describe_auto_scaling_groups", &asked);
            found["AutoScalingGroups"][0]["MixedInstancesPolicy"].clone()
        };
        let before: Value = described();
        let older = LaunchSource::Template { id, name, version: "1".into() };
        a.change.set_launch(&a.group(), &older).await.unwrap();
        assert_eq!(a.read_group().await.launch, Some(older));
        let after = described();
        assert_eq!(after["InstancesDistribution"], before["InstancesDistribution"]);
        assert_eq!(after["LaunchTemplate"]["Overrides"], before["LaunchTemplate"]["Overrides"]);
        assert_eq!(after["LaunchTemplate"]["Overrides"].as_array().unwrap().len(), 2);
        a.change.set_sizes(&a.group(), sizes(1, 2, 5)).await.unwrap();
        assert_eq!(described(), after, "a change of sizes leaves the policy alone");
    });
}

#[test]
fn a_terminated_member_is_replaced_unless_the_group_shrinks_or_may_not_launch() {
    let name = "groups::a_terminated_member_is_replaced_unless_the_group_shrinks_or_may_not_launch";
    account(name, &["--web", "3"], async |a| {
        let [first, second, third] = a.servers("web").try_into().unwrap();
        let is_member = |group: &Group, id| group.member(id).is_some();
        a.change.terminate_member(&first, false).await.unwrap();
        let group = a.group_when("a replacement", |g| !is_member(g, &first) && in_service(g) == 3).await;
        assert_eq!(group.desired, 3);
        a.change.terminate_member(&second, true).await.unwrap();
        let group = a.group_when("one less", |g| !is_member(g, &second) && in_service(g) == 2).await;
        assert_eq!(group.desired, 2);
        a.change.suspend(&a.group(), &[Process::Launch]).await.unwrap();
        a.change.terminate_member(&third, false).await.unwrap();
        let group = a.group_when("no replacement", |g| g.members.len() == 1).await;
        assert_eq!(group.desired, 2);
        a.change.resume(&a.group(), &[Process::Launch]).await.unwrap();
        a.group_when("the one that was missing", |g| in_service(g) == 2).await;
        let error = a.change.terminate_member(&"i-0123456789abcdef0".into(), false).await.unwrap_err();
        assert!(matches!(error, CloudError::Absent(_)), "{error:?}");
        a.change.set_sizes(&a.group(), sizes(2, 2, 4)).await.unwrap();
        let member = a.read_group().await.members[0].instance.clone();
        let error = a.change.terminate_member(&member, true).await.unwrap_err();
        assert!(matches!(&error, CloudError::Refused(said) if said.contains("minSize")), "{error:?}");
    });
}
