//! Security groups, what they let in, and key pairs.

use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, TagSpecification, UserIdGroupPair,
};

use super::{AwsChange, ec2, incomplete};
use crate::cloud::{Answer, CloudError};
use crate::fleet::{NewKeyPair, NewSecurityGroup, Origin, Protocol, Rule, SecurityGroupId};

pub const CREATE: &str = "ec2:CreateSecurityGroup";
pub const AUTHORIZE: &str = "ec2:AuthorizeSecurityGroupIngress";
pub const REVOKE: &str = "ec2:RevokeSecurityGroupIngress";
pub const DELETE: &str = "ec2:DeleteSecurityGroup";
pub const IMPORT: &str = "ec2:ImportKeyPair";
pub const FORGET: &str = "ec2:DeleteKeyPair";

/// Tags from a thing's first moment.
pub fn tagged(of: ResourceType, tags: &[(String, String)]) -> Option<TagSpecification> {
    let all = TagSpecification::builder().resource_type(of).set_tags(Some(ec2::written(tags)));
    (!tags.is_empty()).then(|| all.build())
}

/// `CreateSecurityGroup`.
pub async fn create(change: &AwsChange, group: &NewSecurityGroup) -> Answer<SecurityGroupId> {
    let request = change.clients().ec2.create_security_group();
    let request = request.group_name(&group.name).description(&group.description).vpc_id(&group.vpc);
    let request = request
        .set_tag_specifications(tagged(ResourceType::SecurityGroup, &group.tags).map(|tags| vec![tags]));
    let about = format!("security group {}", group.name);
    let made = change.send(CREATE, &about, || request.clone().send()).await?;
    made.group_id().map(SecurityGroupId::new).ok_or_else(|| incomplete(CREATE, "security group"))
}

/// `AuthorizeSecurityGroupIngress`. When one of the rules is there EC2 refuses all: then each is asked for by itself.
pub async fn authorize(change: &AwsChange, group: &SecurityGroupId, rules: &[Rule]) -> Answer<()> {
    if rules.is_empty() {
        return Ok(());
    }
    match let_in(change, group, rules).await {
        Err(CloudError::Exists(_)) => {}
        answer => return answer,
    }
    for rule in rules {
        match let_in(change, group, std::slice::from_ref(rule)).await {
            Ok(()) | Err(CloudError::Exists(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn let_in(change: &AwsChange, group: &SecurityGroupId, rules: &[Rule]) -> Answer<()> {
    let request = change.clients().ec2.authorize_security_group_ingress().group_id(group.as_str());
    let request = request.set_ip_permissions(Some(rules.iter().map(permission).collect()));
    change.send(AUTHORIZE, &about(group), || request.clone().send()).await?;
    Ok(())
}

/// `RevokeSecurityGroupIngress`. When one of the rules is gone EC2 refuses all: then each is asked for by itself.
pub async fn revoke(change: &AwsChange, group: &SecurityGroupId, rules: &[Rule]) -> Answer<()> {
    if rules.is_empty() {
        return Ok(());
    }
    match close(change, group, rules).await {
        Err(CloudError::Absent(said)) if said.contains("InvalidPermission") => {}
        answer => return answer,
    }
    for rule in rules {
        match close(change, group, std::slice::from_ref(rule)).await {
            Err(CloudError::Absent(said)) if said.contains("InvalidPermission") => {}
            answer => answer?,
        }
    }
    Ok(())
}

async fn close(change: &AwsChange, group: &SecurityGroupId, rules: &[Rule]) -> Answer<()> {
    let request = change.clients().ec2.revoke_security_group_ingress().group_id(group.as_str());
    let request = request.set_ip_permissions(Some(rules.iter().map(permission).collect()));
    change.send(REVOKE, &about(group), || request.clone().send()).await?;
    Ok(())
}

/// `DeleteSecurityGroup`.
pub async fn delete(change: &AwsChange, group: &SecurityGroupId) -> Answer<()> {
    let request = change.clients().ec2.delete_security_group().group_id(group.as_str());
    match change.send(DELETE, &about(group), || request.clone().send()).await {
        Ok(_) | Err(CloudError::Absent(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn about(group: &SecurityGroupId) -> String {
    format!("security group {group}")
}

/// Where everything is let in, EC2 wants no ports.
fn permission(rule: &Rule) -> IpPermission {
    let mut permission = IpPermission::builder().ip_protocol(rule.protocol.word());
    if rule.protocol != Protocol::All {
        permission = permission.from_port(i32::from(rule.first)).to_port(i32::from(rule.last));
    }
    match &rule.from {
        Origin::Network(network) if network.contains(':') => {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(network).build())
        }
        Origin::Network(network) => permission.ip_ranges(IpRange::builder().cidr_ip(network).build()),
        Origin::Group(id) => {
            permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(id.as_str()).build())
        }
        Origin::PrefixList(id) => {
            permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).build())
        }
    }
    .build()
}

/// `ImportKeyPair`: the public half only.
pub async fn import(change: &AwsChange, key: &NewKeyPair) -> Answer<()> {
    let request = change.clients().ec2.import_key_pair().key_name(&key.name);
    let request = request.public_key_material(Blob::new(key.public_key.as_bytes()));
    let request =
        request.set_tag_specifications(tagged(ResourceType::KeyPair, &key.tags).map(|tags| vec![tags]));
    let about = format!("key pair {}", key.name);
    change.send(IMPORT, &about, || request.clone().send()).await?;
    Ok(())
}

/// `DeleteKeyPair`.
pub async fn forget(change: &AwsChange, name: &str) -> Answer<()> {
    let request = change.clients().ec2.delete_key_pair().key_name(name);
    match change.send(FORGET, &format!("key pair {name}"), || request.clone().send()).await {
        Ok(_) | Err(CloudError::Absent(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_written_as_ec2_wants_it() {
        let tcp = permission(&Rule::tcp(443, Origin::Network("0.0.0.0/0".into())));
        assert_eq!((tcp.ip_protocol(), tcp.from_port(), tcp.to_port()), (Some("tcp"), Some(443), Some(443)));
        assert_eq!(tcp.ip_ranges()[0].cidr_ip(), Some("0.0.0.0/0"));
        let v6 = permission(&Rule::tcp(443, Origin::Network("::/0".into())));
        assert_eq!(v6.ipv6_ranges()[0].cidr_ipv6(), Some("::/0"));
        let group = permission(&Rule::tcp(5432, Origin::Group("sg-1".into())));
        assert_eq!(group.user_id_group_pairs()[0].group_id(), Some("sg-1"));
        let all = Rule { protocol: Protocol::All, ..Rule::tcp(0, Origin::PrefixList("pl-1".into())) };
        let all = permission(&all);
        assert_eq!((all.ip_protocol(), all.from_port()), (Some("-1"), None));
        assert_eq!(all.prefix_list_ids()[0].prefix_list_id(), Some("pl-1"));
    }
}
