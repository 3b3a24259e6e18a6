//! Where new servers go, and what they are: as the config has it, else as those of the role that there are.

use std::collections::{BTreeMap, BTreeSet};

use super::super::security_groups::{first_contact, security_groups};
use super::super::{Facts, Options, Refused, room};
use crate::fleet::{InstanceId, NewServer, Role, Server, Standing, ZonePlace};

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

/// The zones of so many new servers, in the order in which they are launched.
pub(in super::super) fn zones(
    facts: &Facts<'_>,
    options: &Options,
    role: &Role,
    count: usize,
) -> Result<Vec<ZonePlace>, Refused> {
    if let Some(zone) = asked(facts, options)? {
        return Ok(vec![zone; count]);
    }
    let mut spread = Spread::of(facts)?;
    (0..count).map(|_| spread.next(role)).collect()
}

/// How servers are spread over zones: each new one goes where fewest are, of its role first, of all of the environment's
/// then, and in the config's order.
pub(in super::super) struct Spread<'f> {
    facts: &'f Facts<'f>,
    /// How many are where, by role and zone.
    own: BTreeMap<(String, &'f str), usize>,
    any: BTreeMap<&'f str, usize>,
}

impl<'f> Spread<'f> {
    /// As it is now.
    pub(in super::super) fn of(facts: &'f Facts<'f>) -> Result<Self, Refused> {
        Self::without(facts, &BTreeSet::new())
    }

    /// As it is once these are gone.
    pub(in super::super) fn without(
        facts: &'f Facts<'f>,
        leave: &BTreeSet<&InstanceId>,
    ) -> Result<Self, Refused> {
        let mut spread = Self { facts, own: BTreeMap::new(), any: BTreeMap::new() };
        let all = facts.known("the servers are", &facts.snapshot.servers)?;
        let of_environment = all.values().filter(|server| {
            server.environment.as_ref() == Some(&facts.place.name)
                && !server.is_gone()
                && server.role.standing != Standing::Old
                && !leave.contains(&server.id)
        });
        for server in of_environment {
            spread.count(&server.role.role, server.zone.as_str());
        }
        Ok(spread)
    }

    fn count(&mut self, role: &Role, zone: &'f str) {
        *self.own.entry((role.to_string(), zone)).or_default() += 1;
        *self.any.entry(zone).or_default() += 1;
    }

    /// The zone of the next server of this role.
    pub(in super::super) fn next(&mut self, role: &Role) -> Result<ZonePlace, Refused> {
        let name = role.to_string();
        let used = |place: &&ZonePlace| {
            let zone = place.zone.as_str();
            let own = self.own.iter().find(|((of, at), _)| *of == name && *at == zone);
            (own.map_or(0, |(_, count)| *count), self.any.get(zone).copied().unwrap_or(0))
        };
        let place =
            self.facts.place.build.zones.iter().min_by_key(used).ok_or_else(|| no_zones(self.facts))?;
        self.count(role, place.zone.as_str());
        Ok(place.clone())
    }
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
    let server = NewServer {
        image: image.clone(),
        instance_type,
        security_groups: security_groups(
            facts,
            role.word(),
            &place.security_groups,
            zone.subnet.is_some(),
            same(like, role),
            like,
        )?,
        // A subnet has its zone.
        zone: zone.subnet.is_none().then(|| zone.zone.clone()),
        public_address: zone.subnet.is_some() && facts.topology.ssh_address.is_public(),
        instance_profile: same(like, role).and_then(|server| server.instance_profile.clone()),
        // Whatever asks for metadata on a server of today knows to show a token.
        tokens_required: Some(true),
        subnet: zone.subnet.clone(),
        key_name: like.and_then(|server| server.key_name.clone()).or_else(|| first_contact(facts)),
        volumes: super::volume::volumes(build, role),
        tags: tags.map(|(key, value)| (key.to_owned(), value)).to_vec(),
    };
    room::runs(facts, server)
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
