//! create-foundation: what an environment stands on, as far as it is missing: security groups with the rules that its roles
//! need, a key pair for first contact, load balancers. What is there is checked, and stays as it is but for missing rules;
//! what is open beside that is told, and never closed.

mod balancers;
mod groups;
mod ways;

use super::draft::{Draft, step};
use super::{Facts, Options, Refused};
use crate::fleet::reach::exposed;
use crate::fleet::text::one_line;
use crate::fleet::{Ground, GroundQuestion, NewKeyPair, SubnetChoice, SubnetRoom, Vpc, Zone, is_network};
use crate::plan::{Action, Fact, NewThing, Repeat, Slot, Step, StepId, Undo, Value};

/// How long a thing may take until it is there, in seconds.
const MAKING_S: u32 = 300;

/// What is to be looked at.
pub(super) fn ground(facts: &Facts<'_>) -> GroundQuestion {
    let zones = &facts.place.build.zones;
    let named: Vec<String> = zones.iter().filter_map(|zone| zone.subnet.clone()).collect();
    let subnets = if named.is_empty() {
        SubnetChoice::DefaultOf(zones.iter().map(|zone| zone.zone.clone()).collect())
    } else {
        SubnetChoice::Named(named)
    };
    GroundQuestion { subnets, balancers: facts.topology.load_balancers(), certificates: None }
}

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    networks(options)?;
    let Some(found) = facts.ground else {
        return Err(Refused::Facts("what the environment stands on was not looked at: ask once more".into()));
    };
    let site = Site::of(facts, found)?;
    let groups = groups::Groups::of(draft, facts, &site)?;
    let balancers = balancers::Balancers::of(draft, facts, &site, options)?;
    let open = ways::missing(draft, facts, &site, &groups, &balancers, options)?;
    let key = key(draft, facts, &site, options)?;
    let more: Vec<String> = {
        let known: Vec<_> = groups.known().chain(balancers.groups()).collect();
        exposed(&known, &site.vpc.networks).iter().map(ToString::to_string).collect()
    };
    if key.is_none() && open.is_empty() && groups.missing().next().is_none() && balancers.missing().is_empty()
    {
        let environment = &facts.place.name;
        let words = format!(
            "{environment} has its security groups with the rules that they need, and its load balancers: nothing is to \
             be made"
        );
        return Err(Refused::Nothing(if more.is_empty() {
            words
        } else {
            format!("{words}. More is open than has to be: {}", more.join("; "))
        }));
    }
    for one in more {
        draft.note(format!("{}: nothing is closed here.", upper(&one)));
    }
    draft.goes_on();
    draft.title(format!("make what {} stands on", facts.place.name));
    if let Some(key) = key {
        make(draft, "key pair", "make a key pair, of a public key", NewThing::KeyPair(key), &[]);
    }
    let made = groups.steps(draft, facts, &site, &balancers);
    let opened = ways::steps(draft, open, &made);
    balancers.steps(draft, facts, &site, &made, &opened);
    Ok(())
}

/// The first letter large.
fn upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What the networks of operators look like.
fn networks(options: &Options) -> Result<(), Refused> {
    match options.ssh_from.iter().find(|network| !is_network(network)) {
        None => Ok(()),
        Some(wrong) => Err(Refused::Usage(format!(
            "--ssh-from wants networks, such as 203.0.113.0/24, or 203.0.113.7/32 for one address; not `{}`",
            one_line(wrong)
        ))),
    }
}

/// Where everything goes.
struct Site<'g> {
    ground: &'g Ground,
    vpc: &'g Vpc,
    /// A subnet of each zone of the config, in its order.
    subnets: Vec<&'g SubnetRoom>,
}

impl<'g> Site<'g> {
    fn of(facts: &Facts<'_>, ground: &'g Ground) -> Result<Self, Refused> {
        let zones = &facts.place.build.zones;
        let environment = &facts.place.name;
        if zones.is_empty() {
            return Err(Refused::State(format!(
                "which zones {environment} is in is not known: list them in fabulaws-config.yml under `avail_zones`"
            )));
        }
        let rooms = read("the subnets are", &ground.subnets)?;
        let mut subnets: Vec<&SubnetRoom> = Vec::new();
        for place in zones {
            let found = match &place.subnet {
                Some(id) => rooms.iter().find(|room| room.id == *id),
                None => rooms.iter().find(|room| room.zone == place.zone),
            };
            let Some(found) = found else { return Err(no_subnet(&place.zone, place.subnet.as_deref())) };
            // A load balancer takes one subnet of each zone.
            if !subnets.iter().any(|known| known.zone == found.zone) {
                subnets.push(found);
            }
        }
        let of = subnets.first().and_then(|subnet| subnet.vpc.as_deref());
        if let Some(other) = subnets.iter().find(|subnet| subnet.vpc.as_deref() != of) {
            return Err(Refused::State(format!(
                "the subnets of {environment} are in several VPCs ({} is in {}, others are in {}): security groups of one \
                 do not reach into another; mend `subnets` in fabulaws-config.yml",
                other.id,
                other.vpc.as_deref().unwrap_or("none"),
                of.unwrap_or("none")
            )));
        }
        let vpc = read("the VPCs are", &ground.vpcs)?.iter().find(|vpc| Some(vpc.id.as_str()) == of);
        let vpc = vpc.ok_or_else(|| {
            Refused::Facts(format!(
                "the VPC of the subnets, {}, is not told by AWS",
                of.unwrap_or("which has no id")
            ))
        })?;
        Ok(Self { ground, vpc, subnets })
    }
}

fn no_subnet(zone: &Zone, named: Option<&str>) -> Refused {
    Refused::State(named.map_or_else(
        || {
            format!(
                "zone {zone} has no default subnet: name one in fabulaws-config.yml under `subnets`, or make the default \
                 one (aws ec2 create-default-subnet --availability-zone {zone})"
            )
        },
        |id| format!("there is no subnet {id} of zone {zone}: mend `subnets` in fabulaws-config.yml"),
    ))
}

/// What was read, or why not.
fn read<'r, T>(what: &str, read: &'r Result<Vec<T>, String>) -> Result<&'r Vec<T>, Refused> {
    read.as_ref().map_err(|why| Refused::Facts(format!("{what} not known: {why}; mend that first")))
}

/// The tags of a thing.
fn tags(facts: &Facts<'_>, name: &str, shared: bool) -> Vec<(String, String)> {
    let mut tags = vec![("Name", name.to_owned()), ("deployment", facts.topology.deployment.to_string())];
    if !shared {
        tags.push(("environment", facts.place.name.to_string()));
    }
    tags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Adds a step that makes a thing, which is taken for missing.
fn make(draft: &mut Draft<'_>, lane: &str, title: &str, thing: NewThing, after: &[StepId]) -> StepId {
    let named = thing.thing();
    let target = match &thing {
        NewThing::SecurityGroup(group) => group.name.clone(),
        NewThing::KeyPair(key) => key.name.clone(),
        NewThing::LoadBalancer { balancer, .. } => balancer.name.to_string(),
        NewThing::Template { template, .. } => template.name.clone(),
        NewThing::Group { group, .. } => group.name.to_string(),
    };
    draft.assume_now(Fact::Thing { thing: named.clone() }, Value::Absent);
    draft.add(Step {
        after: after.to_vec(),
        before: Some("not there".into()),
        becomes: Some("there".into()),
        undo: Undo::Reverse("it is deleted, unless something uses it".into()),
        repeat: Repeat::Check,
        deadline_s: MAKING_S,
        ..step(lane, title, target, Action::Make { slot: Slot(named.to_string()), thing: Box::new(thing) })
    })
}

/// The key pair to make; none where servers have one, or nobody gave a key.
fn key(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    site: &Site<'_>,
    options: &Options,
) -> Result<Option<NewKeyPair>, Refused> {
    let name = facts.topology.deployment.to_string();
    let all = read("the key pairs are", &site.ground.keys)?;
    let is_there = all.iter().any(|key| key.name == name);
    let Some(key) = &options.public_key else {
        if !is_there && !has_servers(facts)? {
            draft.note(format!(
                "There is no key pair {name}, and no --public-key was given: new servers are first reached as their image \
                 lets you in."
            ));
        }
        return Ok(None);
    };
    is_public(key)?;
    if is_there {
        draft.note(format!("The key pair {name} is there already, and stays as it is."));
        return Ok(None);
    }
    Ok(Some(NewKeyPair { tags: tags(facts, &name, true), name, public_key: key.clone() }))
}

/// Whether somebody has reached servers of the environment already.
fn has_servers(facts: &Facts<'_>) -> Result<bool, Refused> {
    let all = facts.known("the servers are", &facts.snapshot.servers)?;
    let mut mine = all.values().filter(|server| server.environment.as_ref() == Some(&facts.place.name));
    Ok(mine.any(|server| !server.is_gone()))
}

/// EC2 takes RSA and ED25519. What is not a public key is not repeated here: it may be the other half.
fn is_public(key: &str) -> Result<(), Refused> {
    let mut words = key.split_whitespace();
    let kind = words.next().is_some_and(|kind| ["ssh-ed25519", "ssh-rsa"].contains(&kind));
    let plain = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    // One that was cut off is no whole number of groups of four.
    let whole =
        |body: &str| body.starts_with("AAAA") && body.len().is_multiple_of(4) && body.chars().all(plain);
    let body = words.next().is_some_and(whole);
    if kind && body {
        return Ok(());
    }
    Err(Refused::Usage(
        "--public-key wants the whole line of a file such as ~/.ssh/id_ed25519.pub, of kind ssh-ed25519 or ssh-rsa, which \
         EC2 takes"
            .into(),
    ))
}
