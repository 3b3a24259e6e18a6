//! Deploys that find no room.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_refused_before_anything_changes() {
    for line in
        ["rollback staging", "rollback staging --full", "set-sizes staging --desired 4", "create-release"]
    {
        let kit = Kit::new();
        let release = kit.earlier("staging").await;
        let line = match line {
            "create-release" => "create-release staging --changeset 5e6f708192".to_owned(),
            "set-sizes staging --desired 4" => line.to_owned(),
            rollback => format!("{rollback} --release {release}"),
        };
        assert!(kit.plan(&line).await.is_ok(), "{line}");
        for zone in ["us-east-1a", "us-east-1b"] {
            kit.cloud.limit_addresses(zone, 0).unwrap();
        }
        let Err(Stop::Refused(why)) = kit.plan(&line).await else { panic!("{line} finds no address") };
        assert!(why.contains("has no free address") && why.contains("--override no-addresses"), "{why}");
        kit.cloud.limit_addresses("us-east-1a", 4_000).unwrap();
        kit.cloud.limit_vcpus(1).unwrap();
        let Err(Stop::Refused(why)) = kit.plan(&line).await else { panic!("{line} is over the quota") };
        assert!(why.contains("L-1216C47A") && why.contains("0 are left"), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn room_is_looked_at_by_four_requests_and_only_where_servers_are_launched() {
    let kit = Kit::new();
    let asked = || {
        let requests = kit.cloud.requests();
        let count = |action: &str| requests.get(action).copied().unwrap_or(0);
        ["ec2:DescribeSubnets", "servicequotas:GetServiceQuota", "ec2:DescribeInstanceTypes"].map(count)
    };
    kit.plan("set-sizes staging --desired 1").await.unwrap();
    kit.plan("suspend-processes staging").await.unwrap();
    assert_eq!(asked(), [0, 0, 0]);
    kit.plan("set-sizes staging --desired 3").await.unwrap();
    assert_eq!(asked(), [1, 1, 1]);
}
