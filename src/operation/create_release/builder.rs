//! The server that an image is made of: a web server as the config has it, else as those that there are.

use super::super::security_groups::security_groups;
use super::super::{Facts, Refused, room};
use super::Base;
use crate::fleet::{Group, ImageId, NewServer};

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
    let server = NewServer {
        image: image.clone(),
        instance_type,
        zone,
        security_groups: security_groups(
            facts,
            "web",
            &place.web.security_groups,
            subnet.is_some(),
            like,
            like,
        )?,
        public_address: subnet.is_some() && facts.topology.ssh_address.is_public(),
        subnet,
        // Scripts that ask AWS for something while it is baked have the rights of the servers that boot the image.
        instance_profile: base.instance_profile.clone(),
        tokens_required: base.tokens_required,
        key_name: like.and_then(|server| server.key_name.clone()),
        // What lies on a volume of its own is no part of the image.
        volumes: Vec::new(),
        tags: tags.map(|(key, value)| (key.to_owned(), value)).to_vec(),
    };
    room::runs(facts, server)
}
