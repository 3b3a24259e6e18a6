//! The security groups that the config names for the roles of an environment.

use std::collections::{BTreeMap, BTreeSet};

use super::super::draft::Draft;
use super::super::refused::some;
use super::super::{Facts, Refused};
use super::balancers::Balancers;
use super::{Site, make, read, tags};
use crate::fleet::text::one_line;
use crate::fleet::{NewSecurityGroup, Role, SecurityGroup};
use crate::plan::{NewThing, SecurityGroupRef, Slot, StepId};

/// Roles whose servers have to reach each other.
const ROLES: [Role; 6] =
    [Role::Web, Role::Worker, Role::Cache, Role::DbPrimary, Role::DbReplica, Role::Combo];

/// Words in the names of groups that a service has of its own, where a cache server is in several.
const HINTS: [(u16, &[&str]); 3] =
    [(5672, &["queue", "rabbit"]), (6379, &["session", "redis"]), (11_211, &["cache", "memcache"])];

/// Security groups by their names in the config.
pub(super) struct Groups<'g> {
    /// Each role with its groups.
    pub(super) roles: Vec<(Role, Vec<String>)>,
    /// What there is of them; none is to be made.
    found: BTreeMap<String, Option<&'g SecurityGroup>>,
}

/// A group that is made or known: what rules say of it, and what a step waits for.
pub(super) type Made = BTreeMap<String, StepId>;

/// The slot of a group that is made.
pub(super) fn slot(name: &str) -> Slot {
    Slot(format!("security group {name}"))
}

impl<'g> Groups<'g> {
    pub(super) fn of(draft: &mut Draft<'_>, facts: &Facts<'_>, site: &Site<'g>) -> Result<Self, Refused> {
        let all = read("the security groups are", &site.ground.security_groups)?;
        let environment = &facts.place.name;
        let wanted = ROLES.into_iter().filter(|role| match facts.place.roles.as_slice() {
            [] => *role != Role::Combo || !facts.place.build.role(role).security_groups.is_empty(),
            some => some.contains(role),
        });
        let (mut roles, mut unnamed) = (Vec::new(), Vec::new());
        for role in wanted {
            let names = facts.place.build.role(&role).security_groups;
            if names.is_empty() {
                unnamed.push(role);
            } else {
                roles.push((role, names));
            }
        }
        if roles.is_empty() {
            return Err(Refused::State(format!(
                "which security groups the servers of {environment} are in is not known: name them in \
                 fabulaws-config.yml under `security_groups`, and they are made"
            )));
        }
        if !unnamed.is_empty() {
            draft.note(format!(
                "The config names no security groups for servers of role {}: nothing is made or opened for them.",
                some(&unnamed)
            ));
        }
        let mut found = BTreeMap::new();
        for name in roles.iter().flat_map(|(_, names)| names) {
            let known = site.ground.security_group(&site.vpc.id, name);
            if known.is_none() && name.starts_with("sg-") {
                return Err(Refused::State(format!(
                    "there is no security group {}, which the config names: mend `security_groups` in fabulaws-config.yml; \
                     one that is to be made is given by a name",
                    one_line(name)
                )));
            }
            if let Some(elsewhere) = all.iter().find(|one| one.name == *name).filter(|_| known.is_none()) {
                draft.note(format!(
                    "A security group {} is in VPC {} ({}), not in {}: it is another one.",
                    one_line(name),
                    elsewhere.vpc.as_deref().unwrap_or("?"),
                    elsewhere.id,
                    site.vpc.id
                ));
            }
            found.insert(name.clone(), known);
        }
        Ok(Self { roles, found })
    }

    /// Those there are.
    pub(super) fn known(&self) -> impl Iterator<Item = &'g SecurityGroup> {
        self.found.values().filter_map(|known| *known)
    }

    /// Names of those that are to be made.
    pub(super) fn missing(&self) -> impl Iterator<Item = &String> {
        self.found.iter().filter(|(_, known)| known.is_none()).map(|(name, _)| name)
    }

    /// The groups of a role that there are.
    pub(super) fn known_of(&self, role: &Role) -> Vec<&'g SecurityGroup> {
        self.names(role).iter().filter_map(|name| self.found.get(name).copied().flatten()).collect()
    }

    fn names(&self, role: &Role) -> &[String] {
        self.roles.iter().find(|(known, _)| known == role).map_or(&[], |(_, names)| names)
    }

    /// How many roles are in a group.
    fn shared_by(&self, name: &str) -> usize {
        self.roles.iter().filter(|(_, names)| names.iter().any(|own| own == name)).count()
    }

    /// The group of a role that says most of it: which the fewest others are in; of several the one whose name speaks of
    /// the port, else the first.
    pub(super) fn own(&self, role: &Role, port: u16) -> Option<&String> {
        let names = self.names(role);
        let fewest = names.iter().map(|name| self.shared_by(name)).min()?;
        let mut own = names.iter().filter(|name| self.shared_by(name) == fewest);
        let hints = HINTS.iter().find(|(of, _)| *of == port).map_or(&[][..], |(_, words)| *words);
        let speaks = |name: &&String| hints.iter().any(|hint| name.contains(hint));
        own.clone().find(speaks).or_else(|| own.next())
    }

    /// The group of a role that most others are in, too.
    pub(super) fn common(&self, role: &Role) -> Option<&String> {
        let names = self.names(role);
        let most = names.iter().map(|name| self.shared_by(name)).max()?;
        names.iter().find(|name| self.shared_by(name) == most)
    }

    /// How a rule names it.
    pub(super) fn reference(&self, name: &str) -> SecurityGroupRef {
        match self.found.get(name).copied().flatten() {
            Some(known) => SecurityGroupRef::Known(known.id.clone()),
            None => SecurityGroupRef::Later(slot(name)),
        }
    }

    /// Adds the steps that make what is missing, those of load balancers among them.
    pub(super) fn steps(
        &self,
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        site: &Site<'_>,
        balancers: &Balancers<'_>,
    ) -> Made {
        let mut made = Made::new();
        for name in self.missing() {
            let roles: Vec<&Role> =
                self.roles.iter().filter(|(_, names)| names.contains(name)).map(|(role, _)| role).collect();
            let words = format!("{} servers of {}", some(&roles), facts.topology.deployment);
            made.insert(name.clone(), group(draft, facts, site, name, words));
        }
        for name in balancers.new_groups() {
            let words = format!("load balancer of {} {}", facts.topology.deployment, facts.place.name);
            made.insert(name.clone(), group(draft, facts, site, &name, words));
        }
        made
    }
}

fn group(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    site: &Site<'_>,
    name: &str,
    description: String,
) -> StepId {
    let vpc = site.vpc.id.clone();
    let tags = tags(facts, name, others(facts).contains(name));
    let new = NewSecurityGroup { name: name.to_owned(), description, vpc, tags };
    make(draft, "security groups", "make a security group", NewThing::SecurityGroup(new), &[])
}

/// Groups that other environments are in, too.
fn others(facts: &Facts<'_>) -> BTreeSet<String> {
    let others = facts.topology.environments.iter().filter(|place| place.name != facts.place.name);
    others
        .flat_map(|place| place.build.roles.iter().flat_map(|(_, role)| role.security_groups.clone()))
        .collect()
}
