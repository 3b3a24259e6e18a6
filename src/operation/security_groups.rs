//! The security groups of a server to be launched: as the config has them, else those of a server like it.

use std::collections::BTreeMap;

use super::{Facts, Refused};
use crate::fleet::Server;

/// Security groups of a new server of this kind: those `named` in the config, by their ids in a subnet, where EC2 takes
/// nothing else; where none is named those of `same`, a server of the kind. `like` is in the VPC that the new server
/// will be in: another VPC may have a group of the same name.
pub(super) fn security_groups(
    facts: &Facts<'_>,
    kind: &str,
    named: &[String],
    subnet: bool,
    same: Option<&Server>,
    like: Option<&Server>,
) -> Result<Vec<String>, Refused> {
    if named.is_empty() {
        return same.map(|server| server.security_group_ids.clone()).filter(|ids| !ids.is_empty()).ok_or_else(|| {
            Refused::State(format!(
                "which security groups a {kind} server of {} is in, is not known: name them in fabulaws-config.yml \
                 under `security_groups`",
                facts.place.name
            ))
        });
    }
    if !subnet {
        return Ok(named.to_vec());
    }
    let known = known_ids(facts, like);
    let id = |name: &String| {
        if name.starts_with("sg-") {
            return Ok(name.clone());
        }
        let shown = known.get(name.as_str()).map(|id| (*id).to_owned());
        shown.or_else(|| of_ground(facts, like, name)).ok_or_else(|| {
            Refused::State(format!(
                "the id of security group {} is not known, for no server in the same VPC is in it: make it by \
                 create-foundation, or write the id of another one (sg-…) in fabulaws-config.yml under `security_groups`",
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

/// The id of a security group that is there, where that was looked at.
fn of_ground(facts: &Facts<'_>, like: Option<&Server>, name: &str) -> Option<String> {
    let ground = facts.ground?;
    let of_subnets = || ground.subnets.as_ref().ok()?.iter().find_map(|room| room.vpc.as_deref());
    let vpc = like.and_then(|like| like.vpc.as_deref()).or_else(of_subnets)?;
    ground.security_group(vpc, name).map(|group| group.id.to_string())
}

/// The key pair that create-foundation makes, where it was looked at.
pub(super) fn first_contact(facts: &Facts<'_>) -> Option<String> {
    let name = facts.topology.deployment.as_str();
    let keys = facts.ground?.keys.as_ref().ok()?;
    keys.iter().any(|key| key.name == name).then(|| name.to_owned())
}

/// Whether a server that is built is one of the first: no server shows the ids of the security groups that the config
/// names for it and others.
pub(super) fn are_unknown(facts: &Facts<'_>) -> bool {
    let known = known_ids(facts, None);
    let named = facts.place.build.roles.iter().flat_map(|(_, role)| &role.security_groups);
    named.into_iter().any(|name| !name.starts_with("sg-") && !known.contains_key(name.as_str()))
}
