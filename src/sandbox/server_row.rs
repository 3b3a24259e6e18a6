//! An instance's row as a server. What AWS would make up itself (names of disks and hosts) follows from the row.

use std::collections::BTreeMap;

use rusqlite::Row;

use super::clock::timestamp;
use super::dice::Dice;
use super::ground;
use super::places::{ACCOUNT, DEPLOYMENT, REGION};
use crate::fleet::{EnvironmentName, GroupName, ImageId, InstanceId, Power, RoleTag, Server, Zone};

/// The public address that belongs to a private one: from the range kept for benchmarks, never reached.
fn public_address(private: u32) -> u32 {
    let (environment, net, host) = ((private >> 16) & 31, (private >> 8) & 15, private & 255);
    0xc612_0000 | (environment << 12) | (net << 8) | host
}

/// The four numbers of an address.
fn spelled(address: u32, between: char) -> String {
    let [a, b, c, d] = address.to_be_bytes();
    format!("{a}{between}{b}{between}{c}{between}{d}")
}

/// The server of one row of `instances`, in the order of [`super::read`]'s columns.
pub(super) fn server(
    dice: Dice,
    row: &Row<'_>,
    id: &str,
    vpc: &str,
    subnet: &dyn Fn(&str) -> Option<String>,
) -> rusqlite::Result<Server> {
    let environment = row.get_ref(1)?.as_str()?;
    let role = row.get_ref(2)?.as_str()?;
    let power = Power::parse(row.get_ref(3)?.as_str()?);
    let zone = row.get_ref(5)?.as_str()?;
    let group: Option<String> = row.get(11)?;
    let name = format!("{DEPLOYMENT}_{environment}_{role}");
    let mut tags = BTreeMap::from([
        ("Name".to_owned(), name.clone()),
        ("deployment".to_owned(), DEPLOYMENT.to_owned()),
        ("environment".to_owned(), environment.to_owned()),
        ("role".to_owned(), role.to_owned()),
    ]);
    if let Some(group) = &group {
        tags.insert("aws:autoscaling:groupName".to_owned(), group.clone());
    }
    // AWS takes a terminated instance's network and disks away, and a stopped one's public address.
    let gone = power == Power::Terminated;
    let private: u32 = row.get(10)?;
    let public = (!gone && power != Power::Stopped).then(|| public_address(private));
    let private = (!gone).then_some(private);
    let base = RoleTag::parse(role).role;
    let volume = |device: &str| (device.to_owned(), dice.id("vol", &format!("{id} {device}"), 0));
    let mut volumes = BTreeMap::new();
    if !gone {
        volumes.extend([volume("/dev/sda1")]);
        if matches!(base.word(), "db-primary" | "db-replica" | "cache") {
            volumes.extend([volume("/dev/sdf")]);
        }
    }
    let security_groups =
        if gone { Vec::new() } else { vec![ground::common(), ground::of_role(base.word())] };
    Ok(Server {
        id: InstanceId::new(id),
        name: Some(name),
        environment: Some(EnvironmentName::new(environment)),
        role: RoleTag::parse(role),
        power,
        power_reason: row.get(4)?,
        zone: Zone::new(zone),
        instance_type: row.get(6)?,
        image: ImageId::new(row.get_ref(7)?.as_str()?),
        launched_at: Some(timestamp(row.get(9)?)),
        private_address: private.map(|a| spelled(a, '.')),
        public_address: public.map(|a| spelled(a, '.')),
        private_dns: private.map(|a| format!("ip-{}.ec2.internal", spelled(a, '-'))),
        public_dns: public.map(|a| format!("ec2-{}.compute-1.amazonaws.com", spelled(a, '-'))),
        vpc: (!gone).then(|| vpc.to_owned()),
        subnet: if gone { None } else { subnet(zone) },
        key_name: Some(DEPLOYMENT.to_owned()),
        instance_profile: Some(format!("arn:aws:iam::{ACCOUNT}:instance-profile/{DEPLOYMENT}-{REGION}")),
        security_group_ids: security_groups.iter().map(|name| ground::id(dice, name)).collect(),
        security_groups,
        volumes,
        group: group.map(GroupName::new),
        tags,
    })
}
