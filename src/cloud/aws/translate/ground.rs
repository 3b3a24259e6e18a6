//! VPCs, security groups and key pairs.

use aws_sdk_ec2::types as sdk;

use super::{text, text_or_unknown};
use crate::fleet::text::one_line;
use crate::fleet::{KeyPair, Origin, Protocol, Rule, SecurityGroup, SecurityGroupId, Vpc};

/// The VPC; none when it has no id.
pub fn vpc(found: &sdk::Vpc) -> Option<Vpc> {
    let more = found.cidr_block_association_set().iter().filter_map(|one| text(one.cidr_block()));
    let v6 = found.ipv6_cidr_block_association_set().iter().filter_map(|one| text(one.ipv6_cidr_block()));
    let mut networks: Vec<String> = text(found.cidr_block()).into_iter().chain(more).chain(v6).collect();
    networks.sort();
    networks.dedup();
    Some(Vpc { id: text(found.vpc_id())?, networks, is_default: found.is_default().unwrap_or(false) })
}

/// The security group; none when it has no id.
pub fn security_group(found: &sdk::SecurityGroup) -> Option<SecurityGroup> {
    let mut rules: Vec<Rule> = found.ip_permissions().iter().flat_map(rules).collect();
    rules.sort();
    rules.dedup();
    Some(SecurityGroup {
        id: SecurityGroupId::new(text(found.group_id())?),
        name: text_or_unknown(found.group_name()),
        vpc: text(found.vpc_id()),
        rules,
    })
}

/// EC2 puts all that may reach the same ports into one. Without ports, all are meant; of ICMP they are kinds of messages.
fn rules(permission: &sdk::IpPermission) -> Vec<Rule> {
    let protocol = Protocol::parse(&text_or_unknown(permission.ip_protocol()));
    let port = |number: Option<i32>, otherwise: u16| {
        number.filter(|n| *n >= 0).and_then(|n| u16::try_from(n).ok()).unwrap_or(otherwise)
    };
    let (first, last) = (port(permission.from_port(), 0), port(permission.to_port(), u16::MAX));
    let networks = permission.ip_ranges().iter().filter_map(|range| range.cidr_ip());
    let networks = networks.chain(permission.ipv6_ranges().iter().filter_map(|range| range.cidr_ipv6()));
    let groups = permission.user_id_group_pairs().iter().filter_map(|pair| pair.group_id());
    let lists = permission.prefix_list_ids().iter().filter_map(|list| list.prefix_list_id());
    networks
        .map(|network| Origin::Network(one_line(network)))
        .chain(groups.map(|id| Origin::Group(SecurityGroupId::new(one_line(id)))))
        .chain(lists.map(|id| Origin::PrefixList(one_line(id))))
        .map(|from| Rule { protocol: protocol.clone(), first, last, from })
        .collect()
}

/// The key pair; none when it has no name.
pub fn key_pair(found: &sdk::KeyPairInfo) -> Option<KeyPair> {
    Some(KeyPair { name: text(found.key_name())?, fingerprint: text(found.key_fingerprint()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_origin_of_a_permission_becomes_a_rule_of_its_own() {
        let permission = sdk::IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(5432)
            .to_port(5432)
            .ip_ranges(sdk::IpRange::builder().cidr_ip("10.0.0.0/8").build())
            .ipv6_ranges(sdk::Ipv6Range::builder().cidr_ipv6("::/0").build())
            .user_id_group_pairs(sdk::UserIdGroupPair::builder().group_id("sg-1").build())
            .prefix_list_ids(sdk::PrefixListId::builder().prefix_list_id("pl-1").build())
            .build();
        let all = sdk::IpPermission::builder()
            .ip_protocol("-1")
            .ip_ranges(sdk::IpRange::builder().cidr_ip("0.0.0.0/0").build())
            .build();
        let group = sdk::SecurityGroup::builder().group_id("sg-9").group_name("db\u{1b}[2J");
        let group = security_group(&group.ip_permissions(permission).ip_permissions(all).build()).unwrap();
        assert!(!group.name.contains('\u{1b}'));
        let said: Vec<String> = group.rules.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "everything from 0.0.0.0/0",
                "5432 from 10.0.0.0/8",
                "5432 from ::/0",
                "5432 from sg-1",
                "5432 from pl-1"
            ]
        );
        assert_eq!(security_group(&sdk::SecurityGroup::builder().build()), None);
    }

    #[test]
    fn a_vpc_has_each_of_its_networks_once() {
        let block = |cidr: &str| sdk::VpcCidrBlockAssociation::builder().cidr_block(cidr).build();
        let found = sdk::Vpc::builder().vpc_id("vpc-1").cidr_block("10.0.0.0/16").is_default(true);
        let found = found.cidr_block_association_set(block("10.0.0.0/16"));
        let found = vpc(&found.cidr_block_association_set(block("10.1.0.0/16")).build()).unwrap();
        assert_eq!(found.networks, ["10.0.0.0/16", "10.1.0.0/16"]);
        assert!(found.is_default);
    }
}
