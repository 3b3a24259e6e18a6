//! What environments stand on: VPCs, security groups, key pairs; and things by their names, with their tags. Asked when
//! something is planned, judged or made.

use std::collections::BTreeMap;

use aws_sdk_ec2::types as ec2;

use super::ec2::filter;
use super::{AwsCloud, translate};
use crate::cloud::{Answer, CloudError};
use crate::fleet::text::one_line;
use crate::fleet::{FoundThing, KeyPair, SecurityGroup, Source, Thing, Vpc};

pub const VPCS: &str = "ec2:DescribeVpcs";
pub const SECURITY_GROUPS: &str = "ec2:DescribeSecurityGroups";
pub const KEY_PAIRS: &str = "ec2:DescribeKeyPairs";
const TEMPLATES: &str = "ec2:DescribeLaunchTemplates";
const BALANCER_TAGS: &str = "elasticloadbalancing:DescribeTags";

/// The most security groups in an answer.
const PAGE: i32 = 1000;

/// `DescribeVpcs`.
pub async fn vpcs(cloud: &AwsCloud) -> Answer<Vec<Vpc>> {
    let call = cloud.call(VPCS, "all VPCs");
    let found = cloud.clients().ec2.describe_vpcs().send().await.map_err(|e| call.fail(e))?;
    Ok(found.vpcs().iter().filter_map(translate::vpc).collect())
}

/// `DescribeSecurityGroups` of everything.
pub async fn security_groups(cloud: &AwsCloud) -> Answer<Vec<SecurityGroup>> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let call = cloud.call(SECURITY_GROUPS, "all security groups");
        let request = cloud.clients().ec2.describe_security_groups().max_results(PAGE);
        let page = request.set_next_token(token.clone()).send().await.map_err(|e| call.fail(e))?;
        found.extend(page.security_groups().iter().filter_map(translate::security_group));
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            found.sort_by(|a: &SecurityGroup, b: &SecurityGroup| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
            return Ok(found);
        }
        token = next;
    }
}

/// `DescribeKeyPairs` of everything.
pub async fn key_pairs(cloud: &AwsCloud) -> Answer<Vec<KeyPair>> {
    let call = cloud.call(KEY_PAIRS, "all key pairs");
    let found = cloud.clients().ec2.describe_key_pairs().send().await.map_err(|e| call.fail(e))?;
    Ok(found.key_pairs().iter().filter_map(translate::key_pair).collect())
}

/// The action that looks for it first.
pub const fn action(thing: &Thing) -> &'static str {
    match thing {
        Thing::SecurityGroup { .. } => SECURITY_GROUPS,
        Thing::KeyPair { .. } => KEY_PAIRS,
        Thing::LoadBalancer { .. } => BALANCER_TAGS,
        Thing::Template { .. } => TEMPLATES,
        Thing::Group { .. } => Source::AutoScalingDescribeGroups.action(),
    }
}

/// The thing, if it is there. EC2 and the others are asked with filters where they have them, for a plain name that is
/// missing is an error.
pub async fn thing(cloud: &AwsCloud, thing: &Thing) -> Answer<Option<FoundThing>> {
    let call = cloud.call(action(thing), &thing.to_string());
    let clients = cloud.clients();
    match thing {
        Thing::SecurityGroup { vpc, name } => {
            let request = clients.ec2.describe_security_groups();
            let request = request.filters(filter("vpc-id", [vpc.as_str()]));
            let request = request.filters(filter("group-name", [name.as_str()]));
            let found = request.send().await.map_err(|e| call.fail(e))?;
            let found = found.security_groups().iter().find(|one| one.group_name() == Some(name));
            Ok(found.and_then(|one| of_ec2(one.group_id(), one.tags())))
        }
        Thing::KeyPair { name } => {
            let request = clients.ec2.describe_key_pairs().filters(filter("key-name", [name.as_str()]));
            let found = request.send().await.map_err(|e| call.fail(e))?;
            let found = found.key_pairs().iter().find(|one| one.key_name() == Some(name));
            Ok(found.and_then(|one| of_ec2(one.key_name(), one.tags())))
        }
        Thing::Template { name } => {
            let request = clients.ec2.describe_launch_templates();
            let request = request.filters(filter("launch-template-name", [name.as_str()]));
            let found = request.send().await.map_err(|e| call.fail(e))?;
            let found = found.launch_templates().iter().find(|one| one.launch_template_name() == Some(name));
            Ok(found.and_then(|one| of_ec2(one.launch_template_id(), one.tags())))
        }
        Thing::Group { name } => {
            let request = clients.autoscaling.describe_auto_scaling_groups();
            let found =
                request.auto_scaling_group_names(name.as_str()).send().await.map_err(|e| call.fail(e))?;
            let found = found.auto_scaling_groups().iter().find(|one| {
                // One that is being deleted is listed until its servers are gone.
                one.auto_scaling_group_name() == Some(name.as_str()) && one.status().is_none()
            });
            Ok(found.map(|one| FoundThing {
                id: name.to_string(),
                tags: tags(one.tags().iter().map(|tag| (tag.key(), tag.value()))),
            }))
        }
        Thing::LoadBalancer { name } => {
            let request = clients.elb.describe_tags().load_balancer_names(name.as_str());
            let found = match request.send().await.map_err(|e| call.fail(e)) {
                Err(CloudError::Absent(_)) => return Ok(None),
                found => found?,
            };
            let all = found.tag_descriptions();
            let found = all.iter().find(|one| one.load_balancer_name() == Some(name.as_str()));
            Ok(found.map(|one| FoundThing {
                id: name.to_string(),
                tags: tags(one.tags().iter().map(|tag| (Some(tag.key()), tag.value()))),
            }))
        }
    }
}

fn of_ec2(id: Option<&str>, all: &[ec2::Tag]) -> Option<FoundThing> {
    Some(FoundThing { id: one_line(id?), tags: tags(all.iter().map(|tag| (tag.key(), tag.value()))) })
}

fn tags<'t>(all: impl Iterator<Item = (Option<&'t str>, Option<&'t str>)>) -> BTreeMap<String, String> {
    all.filter_map(|(key, value)| Some((one_line(key?), one_line(value.unwrap_or_default())))).collect()
}
