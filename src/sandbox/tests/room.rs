//! How much a world has room for.

use super::changed::{group_of, refused};
use super::made::builder;
use super::{assert_sound, dump_of, memory, now, step};
use crate::cloud::{CloudChange, CloudRead};
use crate::fleet::{Room, RoomQuestion, Sizes, SubnetChoice, VcpuClass};
use crate::sandbox::{Fault, FaultKind, SandboxCloud, Scenario, held};

fn room(cloud: &SandboxCloud) -> Room {
    let subnets = SubnetChoice::Named(group_of(cloud, "staging").subnets);
    now(cloud.room(&RoomQuestion { subnets, instance_type: Some("t3.medium".into()) }))
}

fn free(cloud: &SandboxCloud) -> Vec<u32> {
    room(cloud).subnets.unwrap().iter().map(|subnet| subnet.free).collect()
}

fn grow(cloud: &SandboxCloud, desired: u32) {
    let group = group_of(cloud, "staging");
    now(cloud.set_sizes(&group.name, Sizes { min: 1, desired, max: 20 })).unwrap();
    step(cloud, 300);
}

#[test]
fn looking_at_the_room_changes_nothing_and_says_what_is_free_and_what_one_more_takes() {
    let cloud = memory(Scenario::Calm);
    let before = dump_of(&cloud);
    let found = room(&cloud);
    let subnets = found.subnets.unwrap();
    assert_eq!(
        subnets.iter().map(|subnet| subnet.zone.as_str()).collect::<Vec<_>>(),
        ["us-east-1a", "us-east-1b"]
    );
    assert_eq!(
        subnets.iter().map(|subnet| subnet.id.clone()).collect::<Vec<_>>(),
        group_of(&cloud, "staging").subnets
    );
    let vcpus = found.vcpus.unwrap();
    assert_eq!((vcpus.class, vcpus.each, vcpus.limit), (VcpuClass::Standard, 2, 512));
    assert!(vcpus.used > 20 && vcpus.used < 128, "{vcpus:?}");
    assert_eq!(dump_of(&cloud), before);
    grow(&cloud, 4);
    assert_eq!(room(&cloud).vcpus.unwrap().used, vcpus.used + 4);
    let default = SubnetChoice::DefaultOf(vec!["us-east-1b".into()]);
    let found = now(cloud.subnets(&default)).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].free, subnets[1].free - 1);
}

#[test]
fn a_group_takes_another_subnet_where_one_is_full_and_says_so_when_all_are() {
    let cloud = memory(Scenario::Calm);
    let taken = free(&cloud).iter().map(|free| 4_091 - free).collect::<Vec<_>>();
    cloud.limit_addresses("us-east-1a", taken[0]).unwrap();
    cloud.limit_addresses("us-east-1b", taken[1] + 3).unwrap();
    grow(&cloud, 5);
    assert_eq!((group_of(&cloud, "staging").members.len(), free(&cloud)), (5, vec![0, 0]));
    grow(&cloud, 6);
    let group = group_of(&cloud, "staging");
    assert_eq!(group.members.len(), 5);
    let activities = now(cloud.activities(&group.name, 1)).unwrap();
    let said = activities[0].status_message.clone().unwrap();
    assert!(said.contains("not enough free addresses in subnet"), "{said}");
    refused(now(cloud.launch(&builder(&cloud, "t"))), "InsufficientFreeAddressesInSubnet");
    assert_sound(&held(&cloud.inner.connection));
    cloud.limit_addresses("us-east-1a", taken[0] + 9).unwrap();
    step(&cloud, 120);
    assert_eq!(group_of(&cloud, "staging").members.len(), 6, "it tries again");
}

#[test]
fn nothing_is_launched_beyond_the_quota() {
    let cloud = memory(Scenario::Calm);
    let used = room(&cloud).vcpus.unwrap().used;
    cloud.limit_vcpus(used + 3).unwrap();
    grow(&cloud, 4);
    let group = group_of(&cloud, "staging");
    assert_eq!(group.members.len(), 3);
    let said = now(cloud.activities(&group.name, 1)).unwrap()[0].status_message.clone().unwrap();
    assert!(said.contains("VcpuLimitExceeded"), "{said}");
    refused(now(cloud.launch(&builder(&cloud, "t"))), "VcpuLimitExceeded");
}

#[test]
fn what_cannot_be_read_says_why_and_the_other_half_is_known() {
    let cloud = memory(Scenario::Calm);
    cloud.inject(Fault { action: Some("servicequotas:GetServiceQuota"), kind: FaultKind::Deny });
    let found = room(&cloud);
    assert!(found.subnets.is_ok());
    assert!(found.vcpus.unwrap_err().contains("servicequotas:GetServiceQuota"));
    let nowhere = SubnetChoice::DefaultOf(Vec::new());
    for (kind, why) in
        [(None, "nothing says"), (Some("mac2.metal"), "which quota servers of type mac2.metal")]
    {
        let asked = RoomQuestion { subnets: nowhere.clone(), instance_type: kind.map(Into::into) };
        let found = now(cloud.room(&asked));
        assert!(found.vcpus.unwrap_err().contains(why), "{kind:?}");
    }
}
