//! Where new servers go, and what they are: as the config has it, else as those of the role that there are.

use std::collections::BTreeMap;

use super::super::{Facts, Options, Refused};
use crate::fleet::{NewServer, Role, RolePlace, Server, Standing, ZonePlace};

/// The zone that was asked for, by its letter or in full (R22); none where nobody asked.
pub(super) fn asked(facts: &Facts<'_>, options: &Options) -> Result<Option<ZonePlace>, Refused> {
    let Some(word) = &options.zone else { return Ok(None) };
    let zones = &facts.place.build.zones;
    let in_full = format!("{}{word}", facts.topology.region);
    let found = zones.iter().find(|place| [word, &in_full].contains(&&place.zone.as_str().to_owned()));
    let known = zones.iter().map(|place| place.zone.as_str());
    found.cloned().map(Some).ok_or_else(|| {
        if zones.is_empty() {
            return no_zones(facts);
        }
        Refused::unknown("zone in fabulaws-config.yml", word, known)
    })
}

/// The zones of so many new servers: each the one that is least used then, by servers of the role first, by all of the
/// environment's then, and in the config's order.
pub(in super::super) fn zones(
    facts: &Facts<'_>,
    options: &Options,
    role: &Role,
    count: usize,
) -> Result<Vec<ZonePlace>, Refused> {
    if let Some(zone) = asked(facts, options)? {
        return Ok(vec![zone; count]);
    }
    let zones = &facts.place.build.zones;
    if zones.is_empty() {
        return Err(no_zones(facts));
    }
    let all = facts.known("the servers are", &facts.snapshot.servers)?;
    let of_environment = all.values().filter(|server| {
        server.environment.as_ref() == Some(&facts.place.name)
            && !server.is_gone()
            && server.role.standing != Standing::Old
    });
    let (mut own, mut any): (BTreeMap<&str, usize>, BTreeMap<&str, usize>) = Default::default();
    for server in of_environment {
        *any.entry(server.zone.as_str()).or_default() += 1;
        if server.role.role == *role {
            *own.entry(server.zone.as_str()).or_default() += 1;
        }
    }
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count {
        let used = |place: &&ZonePlace| {
            let zone = place.zone.as_str();
            (own.get(zone).copied().unwrap_or(0), any.get(zone).copied().unwrap_or(0))
        };
        let Some(place) = zones.iter().min_by_key(used) else { break };
        let zone = place.zone.as_str();
        *own.entry(zone).or_default() += 1;
        *any.entry(zone).or_default() += 1;
        chosen.push(place.clone());
    }
    Ok(chosen)
}

fn no_zones(facts: &Facts<'_>) -> Refused {
    Refused::State(format!(
        "which zones servers of {} may be in is not known: list them in fabulaws-config.yml under `avail_zones`",
        facts.place.name
    ))
}

/// The server to launch in this zone.
pub(in super::super) fn server(
    facts: &Facts<'_>,
    role: &Role,
    zone: &ZonePlace,
) -> Result<NewServer, Refused> {
    let (build, environment) = (&facts.place.build, &facts.place.name);
    let Some(image) = &build.image else {
        return Err(Refused::State(
            "the config names no image for new servers: write the id of an Ubuntu 22.04 or 24.04 image of the region \
             into fabulaws-config.yml as `ami`, under `instance_settings`"
                .into(),
        ));
    };
    let place = build.role(role);
    let like = like(facts, role)?;
    let of_role = same(like, role).map(|server| server.instance_type.clone());
    let kind = place.instance_type.clone().or(of_role);
    let Some(instance_type) = kind else {
        return Err(Refused::State(format!(
            "which type of server a {role} server of {environment} is, is not known: name it in fabulaws-config.yml \
             under `instance_types`"
        )));
    };
    let deployment = &facts.topology.deployment;
    let tags = [
        ("Name", format!("{deployment}_{environment}_{role}")),
        ("deployment", deployment.to_string()),
        ("environment", environment.to_string()),
        ("role", format!("{role}-PENDING")),
    ];
    Ok(NewServer {
        image: image.clone(),
        instance_type,
        security_groups: security_groups(facts, role, &place, zone.subnet.is_some(), like)?,
        // A subnet has its zone.
        zone: zone.subnet.is_none().then(|| zone.zone.clone()),
        public_address: zone.subnet.is_some() && facts.topology.ssh_address.is_public(),
        instance_profile: same(like, role).and_then(|server| server.instance_profile.clone()),
        // Whatever asks for metadata on a server of today knows to show a token.
        tokens_required: Some(true),
        subnet: zone.subnet.clone(),
        key_name: like.and_then(|server| server.key_name.clone()),
        tags: tags.map(|(key, value)| (key.to_owned(), value)).to_vec(),
    })
}

/// A server that shows what the config does not say: of the role if there is one, else of the environment.
fn like<'f>(facts: &Facts<'f>, role: &Role) -> Result<Option<&'f Server>, Refused> {
    let all = facts.known("the servers are", &facts.snapshot.servers)?;
    let mine = || {
        all.values()
            .filter(|server| server.environment.as_ref() == Some(&facts.place.name) && !server.is_gone())
    };
    Ok(mine().find(|server| server.role.role == *role).or_else(|| mine().find(|one| one.key_name.is_some())))
}

/// It, if it is of the role.
fn same<'f>(like: Option<&'f Server>, role: &Role) -> Option<&'f Server> {
    like.filter(|server| server.role.role == *role)
}

/// Its security groups: in a subnet EC2 takes ids only.
fn security_groups(
    facts: &Facts<'_>,
    role: &Role,
    place: &RolePlace,
    subnet: bool,
    like: Option<&Server>,
) -> Result<Vec<String>, Refused> {
    let same = same(like, role);
    if place.security_groups.is_empty() {
        let ids = same.map(|server| server.security_group_ids.clone()).filter(|ids| !ids.is_empty());
        return ids.ok_or_else(|| {
            Refused::State(format!(
                "which security groups a {role} server of {} is in, is not known: name them in fabulaws-config.yml \
                 under `security_groups`",
                facts.place.name
            ))
        });
    }
    if !subnet {
        return Ok(place.security_groups.clone());
    }
    let all = facts.known("the servers are", &facts.snapshot.servers)?.values();
    let known: BTreeMap<&str, &str> = all
        .flat_map(|server| server.security_groups.iter().zip(&server.security_group_ids))
        .map(|(name, id)| (name.as_str(), id.as_str()))
        .collect();
    let id = |name: &String| {
        if name.starts_with("sg-") {
            return Ok(name.clone());
        }
        known.get(name.as_str()).map(|id| (*id).to_owned()).ok_or_else(|| {
            Refused::State(format!(
                "the id of security group {} is not known, for no server that there is is in it: write its id (sg-…) in \
                 fabulaws-config.yml under `security_groups`",
                crate::fleet::text::one_line(name)
            ))
        })
    };
    place.security_groups.iter().map(id).collect()
}
