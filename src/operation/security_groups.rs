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
    subnet: Option<&str>,
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
    let Some(subnet) = subnet else { return Ok(named.to_vec()) };
    let known = known_ids(facts, like);
    let id = |name: &String| {
        if name.starts_with("sg-") {
            return Ok(name.clone());
        }
        let found = known.get(name.as_str()).map(|id| (*id).to_owned());
        found.or_else(|| of_ground(facts, subnet, name)).ok_or_else(|| {
            Refused::State(format!(
                "the id of security group {} is not known, for no server in the same VPC is in it: make it by \
                 create-foundation, or write the id of another one (sg-…) in fabulaws-config.yml under `security_groups`",
                crate::fleet::text::one_line(name)
            ))
        })
    };
    named.iter().map(id).collect()
}

/// The id of a security group in the VPC of this subnet, where that was looked at.
fn of_ground(facts: &Facts<'_>, subnet: &str, name: &str) -> Option<String> {
    let ground = facts.ground?;
    let room = ground.subnets.as_ref().ok()?.iter().find(|room| room.id == subnet)?;
    ground.security_group(room.vpc.as_deref()?, name).map(|group| group.id.to_string())
}

/// Ids of security groups by their names, as servers of the same VPC show them.
pub(super) fn known_ids<'f>(facts: &Facts<'f>, like: Option<&Server>) -> BTreeMap<&'f str, &'f str> {
    let all = facts.snapshot.servers.value().into_iter().flat_map(BTreeMap::values);
    let near = all.filter(|server| like.is_none_or(|like| like.vpc == server.vpc));
    let pairs = near.flat_map(|server| server.security_groups.iter().zip(&server.security_group_ids));
    pairs.map(|(name, id)| (name.as_str(), id.as_str())).collect()
}
