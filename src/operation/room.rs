//! Whether there is room for the servers that an operation launches: looked at before anything else, because a deploy that
//! stops half way for want of an address is worse than one that never begins.

use super::draft::Draft;
use super::facts::stays;
use super::{Facts, Options, Refused, code};
use crate::fleet::room::architecture;
use crate::fleet::{
    Group, NewServer, Room, RoomQuestion, SubnetChoice, SubnetRoom, VcpuRoom, ZonePlace, words,
};

/// Of an operation that launches nothing.
pub(super) const fn none(_: &Facts<'_>, _: &Options) -> Option<RoomQuestion> {
    None
}

/// Of one that launches what a release is.
pub(super) fn of_release(facts: &Facts<'_>, options: &Options) -> Option<RoomQuestion> {
    let group = facts.group().ok()?;
    let to = code::release(facts, options).ok()?.launch;
    let settings = facts.releases.iter().find(|settings| settings.resolved == to);
    Some(RoomQuestion {
        subnets: subnets(group),
        instance_type: settings.and_then(|settings| settings.instance_type.clone()),
    })
}

/// Of one that lets a group launch what it launches now; none when the group wants no more than it does.
pub(super) fn of_group(facts: &Facts<'_>, options: &Options) -> Option<RoomQuestion> {
    let group = facts.group().ok()?;
    if options.desired.is_none_or(|desired| desired <= group.desired) {
        return None;
    }
    let launch = group.launch.as_ref();
    let settings = launch.and_then(|launch| facts.snapshot.launch.value()?.get(launch));
    // Where types have templates of their own, nobody knows which one comes.
    let told = settings.filter(|_| group.overrides.is_empty());
    Some(RoomQuestion {
        subnets: subnets(group),
        instance_type: told.and_then(|settings| settings.instance_type.clone()),
    })
}

/// Of these servers, where they go. Their types may differ: the quota is looked at by the first one's.
pub(super) fn of_servers(all: Vec<(NewServer, ZonePlace)>) -> Option<RoomQuestion> {
    let instance_type = all.first()?.0.instance_type.clone();
    let mut subnets: Vec<String> = all.iter().filter_map(|(_, zone)| zone.subnet.clone()).collect();
    subnets.sort();
    subnets.dedup();
    let mut zones: Vec<_> = all.into_iter().map(|(_, zone)| zone.zone).collect();
    zones.sort();
    zones.dedup();
    let subnets =
        if subnets.is_empty() { SubnetChoice::DefaultOf(zones) } else { SubnetChoice::Named(subnets) };
    Some(RoomQuestion { subnets, instance_type: Some(instance_type) })
}

fn subnets(group: &Group) -> SubnetChoice {
    if group.subnets.is_empty() {
        SubnetChoice::DefaultOf(group.zones.clone())
    } else {
        SubnetChoice::Named(group.subnets.clone())
    }
}

/// How many servers a group launches until it has so many members.
pub(super) fn missing(group: &Group, wanted: u32) -> u32 {
    let there = group.members.iter().filter(|member| stays(member)).count();
    wanted.saturating_sub(u32::try_from(there).unwrap_or(u32::MAX))
}

/// Refuses a server whose type cannot run its image. What is not known of the image is no reason.
pub(super) fn runs(facts: &Facts<'_>, server: NewServer) -> Result<NewServer, Refused> {
    let image = facts.snapshot.images.value().and_then(|all| all.get(&server.image));
    let of_image = image.and_then(|image| image.architecture.as_deref());
    let (kind, id) = (&server.instance_type, &server.image);
    match (of_image, architecture(kind)) {
        (Some(of_image), Some(of_type)) if of_image != of_type => Err(Refused::State(format!(
            "image {id} is for {of_image}, and servers of type {kind} are {of_type}: they would not start; name an image of \
             the same architecture as `ami`, or another type under `instance_types` in fabulaws-config.yml"
        ))),
        _ => Ok(server),
    }
}

/// Refuses when so many servers do not fit; `place` is where they would: `staging-ag launches`. What is not known is
/// noted.
pub(super) fn check(draft: &mut Draft<'_>, facts: &Facts<'_>, more: u32, place: &str) -> Result<(), Refused> {
    if more == 0 {
        return Ok(());
    }
    let servers = format!("{} more", words::count(more.into(), "server"));
    let Some(Room { subnets, vcpus }) = facts.room else {
        draft.note(format!("Whether there is room for {servers} was not looked at."));
        return Ok(());
    };
    let unknown =
        |what: &str, why: &str| format!("{what} for {servers} is not known: {}.", why.trim_end_matches('.'));
    match subnets {
        Ok(subnets) if !subnets.is_empty() => addresses(draft, subnets, more, &servers, place)?,
        other => {
            let why = other.as_ref().map_or_else(String::as_str, |_| "AWS knows none of the subnets");
            draft.note(unknown(&format!("Whether there are addresses where {place}"), why));
        }
    }
    match vcpus {
        Ok(vcpus) => quota(draft, facts, *vcpus, more, &servers)?,
        Err(why) => draft.note(unknown("Whether the quota of vCPUs has room", why)),
    }
    Ok(())
}

fn addresses(
    draft: &mut Draft<'_>,
    subnets: &[SubnetRoom],
    more: u32,
    servers: &str,
    place: &str,
) -> Result<(), Refused> {
    let told = |subnet: &SubnetRoom| {
        let free = match subnet.free {
            0 => "no free address".to_owned(),
            1 => "1 free address".to_owned(),
            n => format!("{} free addresses", words::grouped(n.into())),
        };
        format!("{} in {} has {free}", subnet.id, subnet.zone)
    };
    let free = subnets.iter().fold(0_u32, |sum, subnet| sum.saturating_add(subnet.free));
    if free < more {
        let all: Vec<String> = subnets.iter().map(told).collect();
        return draft.refuse_unless(
            "no-addresses",
            format!(
                "{servers} {} not fit where {place}: {}. Let go what holds addresses there, or give it another subnet",
                if more == 1 { "does" } else { "do" },
                all.join(", ")
            ),
        );
    }
    // A group spreads what it launches, and takes another subnet where one is full.
    let share = more.div_ceil(u32::try_from(subnets.len()).unwrap_or(u32::MAX));
    let tight: Vec<String> = subnets.iter().filter(|subnet| subnet.free < share).map(told).collect();
    if !tight.is_empty() {
        draft.note(format!(
            "{}: what does not fit there comes into the other subnets, and zones have different numbers of servers.",
            tight.join(", ")
        ));
    }
    Ok(())
}

fn quota(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    vcpus: VcpuRoom,
    more: u32,
    servers: &str,
) -> Result<(), Refused> {
    let VcpuRoom { class, limit, used, each } = vcpus;
    let (needed, left) = (each.saturating_mul(more), limit.saturating_sub(used));
    if needed <= left {
        return Ok(());
    }
    let number = |n: u32| words::grouped(n.into());
    draft.refuse_unless(
        "over-quota",
        format!(
            "{servers} would take {}, and {} left: of the {} that this account may run on demand in {} of the class \
             {class}, {} run, everybody's servers counted. Ask AWS to raise quota {}, or let go what is not needed",
            words::count(needed.into(), "vCPU"),
            if left == 1 { "1 is".to_owned() } else { format!("{} are", number(left)) },
            number(limit),
            facts.topology.region,
            number(used),
            class.code()
        ),
    )
}
