//! Room for more servers, as the adapter reads it and as the program speaks of it.

use quarterdeck::cloud::{CloudError, CloudRead};
use quarterdeck::fleet::{RoomQuestion, SubnetChoice, VcpuClass};
use serde_json::{Value, json};

use crate::kit::{Endpoint, Project, Wire, with_credentials};
use crate::library::{run, seeded};

const STANDARD: &str = "L-1216C47A";
const NEW: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// A subnet of sixteen addresses, of which AWS keeps five.
fn small_subnet(wire: &Wire) -> String {
    let vpcs = wire.call("ec2", "describe_vpcs", &json!({}));
    let made = wire.call(
        "ec2",
        "create_subnet",
        &json!({"VpcId": vpcs["Vpcs"][0]["VpcId"], "CidrBlock": "172.31.250.0/28", "AvailabilityZone": "us-east-1a"}),
    );
    made["Subnet"]["SubnetId"].as_str().unwrap().to_owned()
}

#[test]
fn subnets_tell_their_free_addresses_and_one_that_is_gone_is_left_out() {
    let name = "room::subnets_tell_their_free_addresses_and_one_that_is_gone_is_left_out";
    with_credentials(name, seeded(&[]), |url, _| {
        let wire = Wire::to(url);
        let small = small_subnet(&wire);
        run(async |cloud| {
            let asked = SubnetChoice::Named(vec!["subnet-0123456789abcdef0".into(), small.clone()]);
            let found = cloud.subnets(&asked).await.unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!((&found[0].id, found[0].zone.as_str(), found[0].free), (&small, "us-east-1a", 11));
            let zones = SubnetChoice::DefaultOf(vec!["us-east-1a".into(), "us-east-1c".into()]);
            let found = cloud.subnets(&zones).await.unwrap();
            let zones: Vec<&str> = found.iter().map(|subnet| subnet.zone.as_str()).collect();
            assert_eq!(zones, ["us-east-1a", "us-east-1c"], "the default ones only");
            assert!(found.iter().all(|subnet| subnet.free > 4_000), "{found:?}");
            let before = wire.requests();
            assert_eq!(cloud.subnets(&SubnetChoice::Named(Vec::new())).await, Ok(Vec::new()));
            assert_eq!(wire.requests(), before, "no ids would mean all subnets");
        });
    });
}

#[test]
fn a_region_offers_its_zones_and_networks_to_a_new_project() {
    let name = "room::a_region_offers_its_zones_and_networks_to_a_new_project";
    with_credentials(name, seeded(&[]), |url, _| {
        let wire = Wire::to(url);
        let small = small_subnet(&wire);
        run(async |cloud| {
            let count = || wire.requests().values().sum::<usize>();
            let before = count();
            let offers = cloud.offers().await.unwrap();
            assert_eq!(count() - before, 4, "one each for zones, networks, subnets and images");
            assert_eq!(offers.zones[0].as_str(), "us-east-1a");
            assert!(offers.vpcs[0].is_default && offers.vpcs[0].cidr.contains('/'), "{:?}", offers.vpcs);
            let subnet = offers.subnets.iter().find(|one| one.id == small).unwrap();
            assert_eq!((subnet.zone.as_str(), &subnet.vpc), ("us-east-1a", &offers.vpcs[0].id));
            assert!(offers.subnet(&offers.vpcs[0].id, "us-east-1c").is_some());
        });
    });
}

#[test]
fn everything_that_runs_in_the_account_counts_against_the_quota_foreign_servers_too() {
    let name = "room::everything_that_runs_in_the_account_counts_against_the_quota_foreign_servers_too";
    with_credentials(name, seeded(&["--foreign", "2"]), |url, made| {
        let wire = Wire::to(url);
        wire.quota(STANDARD, 640);
        run(async |cloud| {
            let before = cloud.vcpus(VcpuClass::Standard, "m5.4xlarge").await.unwrap();
            // Two web servers, four others, two of somebody else, of two vCPUs each.
            assert_eq!((before.limit, before.used, before.each), (640, 16, 16));
            let foreign = &made["foreign"][0];
            wire.call("ec2", "stop_instances", &json!({"InstanceIds": [foreign]}));
            let after = cloud.vcpus(VcpuClass::Standard, "t3.medium").await.unwrap();
            assert_eq!((after.used, after.each), (14, 2), "what is stopped does not count");
            let unknown = cloud.vcpus(VcpuClass::Standard, "t9.huge").await.unwrap_err();
            assert!(unknown.to_string().contains("no servers of type t9.huge"), "{unknown}");
            let other = cloud.vcpus(VcpuClass::P, "p4d.24xlarge").await.unwrap_err();
            assert!(
                matches!(&other, CloudError::Absent(said) if said.contains("quota L-417A185B")),
                "{other:?}"
            );
        });
    });
}

#[test]
fn a_read_that_is_denied_says_which_and_leaves_the_other_half() {
    let name = "room::a_read_that_is_denied_says_which_and_leaves_the_other_half";
    with_credentials(name, seeded(&[]), |url, _| {
        let wire = Wire::to(url);
        let asked = RoomQuestion {
            subnets: SubnetChoice::DefaultOf(vec!["us-east-1a".into()]),
            instance_type: Some("t3.medium".into()),
        };
        run(async |cloud| {
            wire.faults(&[("GetServiceQuota", "AccessDeniedException", -1)]);
            let room = cloud.room(&asked).await;
            assert_eq!(room.subnets.unwrap().len(), 1);
            let why = room.vcpus.unwrap_err();
            assert!(why.contains("may not servicequotas:GetServiceQuota"), "{why}");
            wire.faults(&[("DescribeSubnets", "UnauthorizedOperation", -1)]);
            let room = cloud.room(&asked).await;
            assert!(room.subnets.unwrap_err().contains("may not ec2:DescribeSubnets"));
            assert!(room.vcpus.is_ok());
            wire.faults(&[("DescribeInstanceTypes", "UnauthorizedOperation", -1)]);
            assert!(cloud.room(&asked).await.vcpus.unwrap_err().contains("ec2:DescribeInstanceTypes"));
        });
    });
}

fn plan(project: &Project, arguments: &[&str]) -> (i32, String) {
    let output = project.program().arg("plan").args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn a_deploy_that_does_not_fit_is_refused_by_the_program_with_what_is_missing() {
    let (endpoint, made) = Endpoint::seeded(&["--behind", "1"]);
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    let grow = ["set-sizes", "staging", "--desired", "4"];
    let (cost, (code, said)) = endpoint.counted(|| plan(&project, &grow));
    assert_eq!(code, 0, "{said}");
    let of = |action: &str| cost.get(action).copied().unwrap_or(0);
    assert_eq!(
        ["DescribeSubnets", "GetServiceQuota", "DescribeInstanceTypes", "DescribeInstances"].map(of),
        [1, 1, 1, 2]
    );
    assert!(!said.contains("is not known"), "{said}");
    let (cost, _) = endpoint.counted(|| project.describe());
    assert!(!cost.contains_key("DescribeSubnets") && !cost.contains_key("GetServiceQuota"), "{cost:?}");

    endpoint.quota(STANDARD, 13);
    let (code, said) = plan(&project, &grow);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("2 servers more would take 4 vCPUs, and 1 is left"), "{said}");
    endpoint.quota(STANDARD, 16);
    assert_eq!(plan(&project, &grow).0, 0, "it just fits");

    let subnet = small_subnet(&endpoint);
    let group = &made["envs"]["staging"]["group"];
    let arguments = json!({"AutoScalingGroupName": group, "VPCZoneIdentifier": subnet});
    let _: Value = endpoint.call("autoscaling", "update_auto_scaling_group", &arguments);
    for _ in 0..10 {
        endpoint.call("ec2", "create_network_interface", &json!({"SubnetId": subnet}));
    }
    let (code, said) = plan(&project, &grow);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains(&format!("{subnet} in us-east-1a has 1 free address")), "{said}");
    let changeset = NEW.replace("89", "77");
    let release = ["create-release", "staging", "--changeset", &changeset, "--override", "old-addresses"];
    let (code, said) = plan(&project, &release);
    assert_eq!(code, 0, "one fits: {said}");
    let typed = [grow.as_slice(), &["--override", "no-addresses"]].concat();
    assert_eq!(plan(&project, &typed).0, 0);
}
