//! new-server: a cache, a database primary or a replica, from an empty Ubuntu image to a server in use.

pub(super) mod judge;
pub(super) mod lane;
pub(super) mod place;
pub(super) mod volume;

use super::draft::Draft;
use super::{Facts, Options, Refused};
use crate::fleet::{Role, RoomQuestion, SubnetChoice, Zone, words};
use crate::plan::{Address, Lasts};
use crate::recipe::build;
use lane::Build;

/// The most servers of one plan.
const MOST: u32 = 20;

/// What is asked for.
struct Asked {
    role: Role,
    count: u32,
    /// Those that could not be finished stay.
    keep: bool,
}

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let asked = asked(options)?;
    facts.current("the servers were", &facts.snapshot.servers)?;
    let primary = judge::is_free(draft, facts, &asked.role)?;
    judge::database(draft, facts, &asked.role)?;
    judge::secrets(facts, &asked.role)?;
    volume::judge(draft, facts, &asked.role)?;
    let people = judge::people(draft, facts)?;
    let zones = place::zones(facts, options, &asked.role, asked.count as usize)?;
    let servers = zones.iter().map(|zone| Ok((place::server(facts, &asked.role, zone)?, &zone.zone)));
    let servers = servers.collect::<Result<Vec<_>, Refused>>()?;
    super::room::check(draft, facts, asked.count, "it is launched")?;
    let role = &asked.role;
    draft.title(match asked.count {
        1 => format!("make a {role} server"),
        count => format!("make {count} {role} servers"),
    });
    if servers.iter().any(|(server, _)| server.key_name.is_none()) {
        draft.note(
            "No server of the environment shows a key pair: the image itself has to let in whoever runs this.",
        );
    }
    if asked.keep {
        draft.goes_on();
        draft.note(format!(
            "A server that cannot be finished stays, tagged {role}-PENDING: `quarterdeck runs resume` goes on with it once that \
             is mended, and `quarterdeck runs undo` terminates it."
        ));
    }
    let build = Build {
        facts,
        people: &people,
        primary: primary.map(Address::Known),
        lasts: if asked.keep { Lasts::Stays } else { Lasts::UnlessStopped },
    };
    let several = servers.len() > 1;
    for (number, (server, zone)) in (1_u32..).zip(servers) {
        let lane = if several { format!("{role} {number}") } else { role.to_string() };
        build.server(draft, &lane, role, server, zone, &[]);
    }
    Ok(())
}

/// Where they go, and what they are.
pub(super) fn room(facts: &Facts<'_>, options: &Options) -> Option<RoomQuestion> {
    let asked = asked(options).ok()?;
    let zones = place::zones(facts, options, &asked.role, asked.count as usize).ok()?;
    let instance_type = place::server(facts, &asked.role, zones.first()?).ok()?.instance_type;
    let mut subnets: Vec<String> = zones.iter().filter_map(|zone| zone.subnet.clone()).collect();
    subnets.sort();
    subnets.dedup();
    let subnets = if subnets.is_empty() {
        let mut all: Vec<Zone> = zones.into_iter().map(|place| place.zone).collect();
        all.sort();
        all.dedup();
        SubnetChoice::DefaultOf(all)
    } else {
        SubnetChoice::Named(subnets)
    };
    Some(RoomQuestion { subnets, instance_type: Some(instance_type) })
}

/// Whether there is no server yet that shows what the config does not say.
pub(super) fn is_first(facts: &Facts<'_>, options: &Options) -> bool {
    asked(options).is_ok_and(|asked| place::is_first(facts, &asked.role))
}

fn asked(options: &Options) -> Result<Asked, Refused> {
    let known = build::ROLES.iter().map(Role::word);
    let Some(word) = &options.role else {
        let known: Vec<&str> = known.collect();
        return Err(Refused::Usage(format!(
            "say what the server is for: --role {}",
            known.join(", --role ")
        )));
    };
    let role = Role::parse(word);
    match role {
        Role::Web | Role::Worker | Role::Combo => {
            return Err(Refused::Usage(format!(
                "new-server builds no {role} server: it builds {}. Web servers come from the group, by create-release and \
                 deploy-serial",
                build::ROLES.iter().map(Role::word).collect::<Vec<_>>().join(", ")
            )));
        }
        Role::Other(_) | Role::Untagged => return Err(Refused::unknown("role", word, known)),
        Role::Cache | Role::DbPrimary | Role::DbReplica => {}
    }
    let count = options.count.unwrap_or(1);
    if !(1..=MOST).contains(&count) {
        return Err(Refused::Usage(format!("--count wants a number from 1 to {MOST}, not {count}")));
    }
    if count > 1 && role != Role::DbReplica {
        return Err(Refused::Usage(format!(
            "an environment has one {role} server, and --count asks for {}: leave --count out",
            words::grouped(count.into())
        )));
    }
    Ok(Asked { role, count, keep: options.keep_failed })
}
