//! What is to be opened so that everybody reaches whom they need.

use std::collections::BTreeMap;

use super::super::draft::{Draft, step};
use super::super::refused::some;
use super::super::{Facts, Options, Refused};
use super::balancers::Balancers;
use super::groups::{Groups, Made};
use super::{MAKING_S, Site};
use crate::fleet::ground::ANYWHERE;
use crate::fleet::reach::{Party, SSH, is_reached, needs};
use crate::fleet::{Origin, Role, Rule, SecurityGroup, SecurityGroupId};
use crate::plan::{Action, Opening, OpeningFrom, Repeat, SecurityGroupRef, Step, Undo};

/// What is missing in a group.
pub(super) struct Missing {
    group: SecurityGroupRef,
    openings: Vec<Opening>,
    /// As people read it.
    said: Vec<String>,
    /// Names of groups that it speaks of.
    names: Vec<String>,
}

/// Missing openings by the name of the group.
pub(super) type Open = BTreeMap<String, Missing>;

/// A way that is not there.
struct Way<'w> {
    /// The group, by its name and as rules say it.
    into: (&'w str, SecurityGroupRef),
    port: u16,
    from: OpeningFrom,
    /// What that is called, and the group that it is, if it is one.
    called: &'w str,
    name: Option<&'w str>,
}

fn add(open: &mut Open, way: Way<'_>) {
    let (name, group) = way.into;
    let entry = open.entry(name.to_owned()).or_insert_with(|| Missing {
        group,
        openings: Vec::new(),
        said: Vec::new(),
        names: Vec::new(),
    });
    let opening = Opening { port: way.port, from: way.from };
    if !entry.openings.contains(&opening) {
        entry.openings.push(opening);
        entry.said.push(format!("{} from {}", way.port, way.called));
        entry.names.extend(way.name.map(ToOwned::to_owned));
    }
}

/// Everything that is missing.
pub(super) fn missing(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    site: &Site<'_>,
    groups: &Groups<'_>,
    balancers: &Balancers<'_>,
    options: &Options,
) -> Result<Open, Refused> {
    let mut open = Open::new();
    let roles: Vec<Role> = groups.roles.iter().map(|(role, _)| role.clone()).collect();
    to_balancers(draft, groups, balancers, &mut open);
    for need in needs(&roles) {
        let Party::Role(to) = &need.to else { continue };
        let there = groups.known_of(to);
        let Some(into) = groups.own(to, need.port) else { continue };
        match &need.from {
            Party::Balancer => from_balancers(site, groups, balancers, (to, need.port), &mut open),
            Party::Role(from) => {
                let ids: Vec<SecurityGroupId> =
                    groups.known_of(from).iter().map(|group| group.id.clone()).collect();
                let Some(source) = groups.own(from, 0) else { continue };
                if !is_reached(&there, need.port, &ids, &site.vpc.networks) {
                    let from = OpeningFrom::Group(groups.reference(source));
                    let into = (into.as_str(), groups.reference(into));
                    add(&mut open, Way { into, port: need.port, from, called: source, name: Some(source) });
                }
            }
            Party::World | Party::Operators => {}
        }
    }
    ssh(draft, facts, groups, &roles, options, &mut open)?;
    Ok(open)
}

/// A load balancer that nobody reaches is opened to everybody; one that somebody reaches is as somebody wants it.
fn to_balancers(draft: &mut Draft<'_>, groups: &Groups<'_>, balancers: &Balancers<'_>, open: &mut Open) {
    let is_of_servers = |id: &SecurityGroupId| groups.known().any(|group| group.id == *id);
    for (balancer, of) in &balancers.known {
        let own = of.iter().find(|group| !is_of_servers(&group.id));
        for port in [80, 443] {
            let is_open = of.iter().flat_map(|group| &group.rules).any(|rule| rule.serves(port));
            if is_open || of.is_empty() || balancer.scheme.as_deref() == Some("internal") {
                continue;
            }
            let Some(own) = own else {
                draft.note(format!(
                    "Nobody reaches port {port} of {}, whose security groups servers are in, too: give it one of its own.",
                    balancer.name
                ));
                continue;
            };
            world(open, &own.name, &SecurityGroupRef::Known(own.id.clone()), port);
        }
    }
    for new in balancers.missing() {
        let there = balancers.groups().find(|group| group.name == new.group);
        for port in [80, 443] {
            if !there.is_some_and(|group| group.rules.iter().any(|rule| rule.serves(port))) {
                world(open, &new.group, &new.reference(), port);
            }
        }
    }
}

fn world(open: &mut Open, name: &str, group: &SecurityGroupRef, port: u16) {
    let from = OpeningFrom::Network(ANYWHERE[0].to_owned());
    let way = Way { into: (name, group.clone()), port, from, called: "everybody", name: None };
    add(open, way);
}

/// The ways from each load balancer to web servers.
fn from_balancers(
    site: &Site<'_>,
    groups: &Groups<'_>,
    balancers: &Balancers<'_>,
    (to, port): (&Role, u16),
    open: &mut Open,
) {
    let there = groups.known_of(to);
    let Some(into) = groups.own(to, port) else { return };
    let into = (into.as_str(), groups.reference(into));
    let networks = &site.vpc.networks;
    for (balancer, of) in &balancers.known {
        if is_reached(&there, port, &balancer.security_groups, networks) {
            continue;
        }
        let Some(first) = of.first() else { continue };
        let from = OpeningFrom::Group(SecurityGroupRef::Known(first.id.clone()));
        add(open, Way { into: into.clone(), port, from, called: &first.name, name: None });
    }
    for new in balancers.missing() {
        let ids: Vec<SecurityGroupId> = balancers
            .groups()
            .filter(|group| group.name == new.group)
            .map(|group| group.id.clone())
            .collect();
        if !is_reached(&there, port, &ids, networks) {
            let from = OpeningFrom::Group(new.reference());
            let way = Way { into: into.clone(), port, from, called: &new.group, name: Some(&new.group) };
            add(open, way);
        }
    }
}

/// SSH from where it was asked for; where nobody asked, from wherever it is open, and that has to be somewhere.
fn ssh(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    groups: &Groups<'_>,
    roles: &[Role],
    options: &Options,
    open: &mut Open,
) -> Result<(), Refused> {
    let let_in = |role: &Role| -> Vec<&Rule> {
        let known: Vec<&SecurityGroup> = groups.known_of(role);
        known.into_iter().flat_map(|group| &group.rules).collect()
    };
    if options.ssh_from.is_empty() {
        let closed: Vec<&Role> =
            roles.iter().filter(|role| !let_in(role).iter().any(|rule| rule.serves(SSH))).collect();
        if closed.is_empty() {
            return Ok(());
        }
        return Err(Refused::Usage(format!(
            "from where operators reach {} servers of {} by SSH is not known: say it by --ssh-from, with the network of \
             your office or VPN (203.0.113.0/24)",
            some(closed),
            facts.place.name
        )));
    }
    for network in &options.ssh_from {
        if ANYWHERE.contains(&network.as_str()) {
            draft.note("SSH will be open to everybody, as was asked: a network of your own is safer.");
        }
        let wanted = Rule::tcp(SSH, Origin::Network(network.clone()));
        for role in roles {
            if let_in(role).iter().any(|rule| rule.covers(&wanted)) {
                continue;
            }
            let Some(into) = groups.common(role) else { continue };
            let from = OpeningFrom::Network(network.clone());
            let into = (into.as_str(), groups.reference(into));
            add(open, Way { into, port: SSH, from, called: network, name: None });
        }
    }
    Ok(())
}

/// Adds the steps that open what is missing, and gives that of each group.
pub(super) fn steps(draft: &mut Draft<'_>, open: Open, made: &Made) -> Made {
    let mut opened = Made::new();
    for (name, missing) in open {
        let mut after: Vec<_> =
            std::iter::once(&name).chain(&missing.names).filter_map(|name| made.get(name)).copied().collect();
        after.sort_unstable();
        after.dedup();
        let id = draft.add(Step {
            after,
            becomes: Some(missing.said.join(", ")),
            undo: Undo::Reverse("what was opened is closed again, unless somebody is in the group".into()),
            repeat: Repeat::Repeatable,
            deadline_s: MAKING_S,
            ..step(
                "security groups",
                "let in who has to reach it",
                name.as_str(),
                Action::Open { group: missing.group, openings: missing.openings },
            )
        });
        opened.insert(name, id);
    }
    opened
}
