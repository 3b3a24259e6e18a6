//! The server that an image is made of: a web server as the config has it, else as those that there are.

use std::collections::BTreeMap;

use super::super::{Facts, Refused};
use super::Base;
use crate::fleet::{Group, ImageId, NewServer, Server};

/// The tag `role` of a server that takes no part yet.
pub(super) const ROLE: &str = "web-PENDING";

/// The server to launch.
pub(super) fn server(
    facts: &Facts<'_>,
    group: &Group,
    base: &Base,
    image: &ImageId,
) -> Result<NewServer, Refused> {
    let (place, deployment) = (facts.place, &facts.topology.deployment);
    let environment = &place.name;
    // One of the group's own servers shows whatever the config does not say.
    let web = facts.web()?;
    let like = web.iter().find(|server| group.member(&server.id).is_some()).or_else(|| web.first()).copied();
    let kind = place.web.instance_type.clone().or_else(|| base.instance_type.clone());
    let Some(instance_type) = kind.or_else(|| like.map(|server| server.instance_type.clone())) else {
        return Err(Refused::State(format!(
            "which type of server a web server of {environment} is, is not known: name it in fabulaws-config.yml under \
             `instance_types`"
        )));
    };
    let subnet = place.web.subnets.first().or_else(|| group.subnets.first()).cloned();
    let subnet = subnet.or_else(|| like.and_then(|server| server.subnet.clone()));
    // A subnet has its zone.
    let zone = if subnet.is_none() { group.zones.first().cloned() } else { None };
    let tags = [
        ("Name", format!("{deployment}_{environment}_{ROLE}")),
        ("deployment", deployment.to_string()),
        ("environment", environment.to_string()),
        ("role", ROLE.to_owned()),
    ];
    Ok(NewServer {
        image: image.clone(),
        instance_type,
        zone,
        security_groups: security_groups(facts, subnet.is_some(), like)?,
        public_address: subnet.is_some() && facts.topology.ssh_address.is_public(),
        subnet,
        // Scripts that ask AWS for something while it is baked have the rights of the servers that boot the image.
        instance_profile: base.instance_profile.clone(),
        tokens_required: base.tokens_required,
        key_name: like.and_then(|server| server.key_name.clone()),
        tags: tags.map(|(key, value)| (key.to_owned(), value)).to_vec(),
    })
}

/// Its security groups: in a subnet EC2 takes ids only.
fn security_groups(facts: &Facts<'_>, subnet: bool, like: Option<&Server>) -> Result<Vec<String>, Refused> {
    let named = &facts.place.web.security_groups;
    if named.is_empty() {
        return like.map(|server| server.security_group_ids.clone()).filter(|ids| !ids.is_empty()).ok_or_else(|| {
            Refused::State(format!(
                "which security groups a web server of {} is in, is not known: name them in fabulaws-config.yml under \
                 `security_groups`",
                facts.place.name
            ))
        });
    }
    if !subnet {
        return Ok(named.clone());
    }
    let known = known_ids(facts, like);
    let id = |name: &String| {
        if name.starts_with("sg-") {
            return Ok(name.clone());
        }
        known.get(name.as_str()).map(|id| (*id).to_owned()).ok_or_else(|| {
            Refused::State(format!(
                "the id of security group {} is not known, for no server in the same VPC is in it: write its id \
                 (sg-…) in fabulaws-config.yml under `security_groups`",
                crate::fleet::text::one_line(name)
            ))
        })
    };
    named.iter().map(id).collect()
}

/// Ids of security groups by their names, as servers of the same VPC show them.
fn known_ids<'f>(facts: &Facts<'f>, like: Option<&Server>) -> BTreeMap<&'f str, &'f str> {
    let all = facts.snapshot.servers.value().into_iter().flat_map(BTreeMap::values);
    let near = all.filter(|server| like.is_none_or(|like| like.vpc == server.vpc));
    let pairs = near.flat_map(|server| server.security_groups.iter().zip(&server.security_group_ids));
    pairs.map(|(name, id)| (name.as_str(), id.as_str())).collect()
}
