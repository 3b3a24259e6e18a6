//! Subnets, as far as room in them goes.

use aws_sdk_ec2::types::Subnet;

use super::{count, text, text_or_unknown};
use crate::fleet::{SubnetRoom, Zone};

/// A subnet; none when it has no id, or does not say how many addresses are free.
pub fn subnet(found: &Subnet) -> Option<SubnetRoom> {
    Some(SubnetRoom {
        id: text(found.subnet_id())?,
        zone: Zone::new(text_or_unknown(found.availability_zone())),
        vpc: text(found.vpc_id()),
        free: found.available_ip_address_count().map(|free| count(Some(free)))?,
    })
}
