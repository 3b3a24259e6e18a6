//! What a planner is told, and whether it is new enough to act on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::Refused;
use super::refused::some;
use crate::fleet::{
    EnvironmentName, EnvironmentPlace, Ground, Group, HealthState, InstanceId, LaunchSettings, LoadBalancer,
    LoadBalancerName, Member, MemberHealth, Reading, Role, Room, Server, Snapshot, Topology, words,
};
use crate::repo::RepoFacts;
use crate::template::SiteFacts;

/// For so long a fact is good enough for a step that takes something away.
pub const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// What a planner is told. It reads nothing by itself.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The fleet.
    pub snapshot: &'a Snapshot,
    /// What the config says should exist.
    pub topology: &'a Topology,
    /// The environment.
    pub place: &'a EnvironmentPlace,
    /// What could be launched in the place of what the group launches, newest first.
    pub releases: &'a [LaunchSettings],
    /// The cloud's time.
    pub now: Timestamp,
    /// How old a fact may be for a step that takes something away: [`FRESH`], on the cloud's clock.
    pub fresh: SignedDuration,
    /// What room there is for the servers that are launched, where it was looked at.
    pub room: Option<&'a Room>,
    /// What environments stand on, where it was looked at.
    pub ground: Option<&'a Ground>,
    /// What the repository tells, where it was asked.
    pub repo: Option<&'a RepoFacts>,
    /// What the project's templates and secrets are; none where there is no project.
    pub site: Option<&'a SiteFacts>,
}

/// The environment of this name.
///
/// # Errors
/// When there is none: the nearest one.
pub fn place<'t>(topology: &'t Topology, name: &str) -> Result<&'t EnvironmentPlace, Refused> {
    let known = topology.environments.iter().map(|place| place.name.as_str());
    topology
        .environment(&EnvironmentName::new(name))
        .ok_or_else(|| Refused::unknown("environment", name, known))
}

impl<'a> Facts<'a> {
    /// A reading's value, however old.
    pub(super) fn known<T>(&self, what: &str, reading: &'a Reading<T>) -> Result<&'a T, Refused> {
        reading.value().ok_or_else(|| {
            let action = reading.source().action();
            Refused::Facts(reading.failure().map_or_else(
                || format!("{what} not known yet: {action} was not read so far; wait for it, or refresh"),
                |failure| {
                    let since = age(self.now.duration_since(failure.since));
                    let message = &failure.message;
                    format!("{what} not known: {action} fails since {since}: {message}; mend that first")
                },
            ))
        })
    }

    /// Refuses what is unknown, too old, or could not be read again.
    pub(super) fn current<T>(&self, what: &str, reading: &'a Reading<T>) -> Result<(), Refused> {
        self.known(what, reading)?;
        let action = reading.source().action();
        let Some(old) = reading.age(self.now) else { return Ok(()) };
        if let Some(failure) = reading.failure() {
            let (old, message) = (age(old), &failure.message);
            return Err(Refused::Facts(format!(
                "{what} last known {old} ago, and {action} fails since: {message}; nothing is taken away on \
                 facts that may be wrong: mend that, or wait until it can be read again"
            )));
        }
        if old > self.fresh {
            let (old, most) = (age(old), age(self.fresh));
            return Err(Refused::Facts(format!(
                "{what} last read {old} ago, by {action}; nothing is taken away on facts older than {most}: refresh \
                 and ask again"
            )));
        }
        Ok(())
    }

    /// Refuses unless servers, groups, load balancers and health are all fresh.
    pub(super) fn all_current(&self) -> Result<(), Refused> {
        let snapshot = self.snapshot;
        self.current("the servers were", &snapshot.servers)?;
        self.current("the groups were", &snapshot.groups)?;
        self.current("the load balancers were", &snapshot.load_balancers)?;
        for name in &self.place.load_balancers {
            if let Some(health) = snapshot.health.get(name) {
                self.current(&format!("the health at {name} was"), health)?;
            }
        }
        Ok(())
    }

    /// The environment's group.
    pub(super) fn group(&self) -> Result<&'a Group, Refused> {
        let environment = &self.place.name;
        let Some(name) = &self.place.group else {
            return Err(Refused::State(format!(
                "{environment} has no group: name it under `auto_scaling_groups` in fabulaws-config.yml"
            )));
        };
        self.known("the groups are", &self.snapshot.groups)?.get(name).ok_or_else(|| {
            let region = &self.topology.region;
            Refused::State(format!(
                "there is no group {name} in {region}: make it, or mend `auto_scaling_groups` in fabulaws-config.yml"
            ))
        })
    }

    /// The load balancers of the environment, as the config names them.
    pub(super) fn balancers(&self) -> Result<Vec<&'a LoadBalancer>, Refused> {
        let all = self.known("the load balancers are", &self.snapshot.load_balancers)?;
        let found = |name: &LoadBalancerName| {
            all.get(name).ok_or_else(|| {
                let region = &self.topology.region;
                Refused::State(format!(
                    "there is no load balancer {name} in {region}: make it, or mend `load_balancers` in \
                     fabulaws-config.yml"
                ))
            })
        };
        if self.place.load_balancers.is_empty() {
            let environment = &self.place.name;
            return Err(Refused::State(format!(
                "{environment} has no load balancer: name it under `load_balancers` in fabulaws-config.yml"
            )));
        }
        self.place.load_balancers.iter().map(found).collect()
    }

    /// What a load balancer says of its members, by instance.
    pub(super) fn in_service(
        &self,
        balancer: &LoadBalancerName,
    ) -> Result<BTreeSet<&'a InstanceId>, Refused> {
        let Some(reading) = self.snapshot.health.get(balancer) else {
            return Err(Refused::Facts(format!(
                "the health at {balancer} is not known yet: wait for it, or refresh"
            )));
        };
        let health = self.known(&format!("the health at {balancer} is"), reading)?;
        let serving = |member: &&MemberHealth| member.state == HealthState::InService;
        Ok(health.iter().filter(serving).map(|member| &member.instance).collect())
    }

    /// The servers in use of these roles, in order of their ids.
    pub(super) fn servers(&self, roles: &[Role]) -> Result<Vec<&'a Server>, Refused> {
        let all = self.known("the servers are", &self.snapshot.servers)?;
        let mine = |server: &&Server| {
            server.environment.as_ref() == Some(&self.place.name)
                && server.is_target()
                && roles.contains(&server.role.role)
        };
        Ok(all.values().filter(mine).collect())
    }

    /// The servers that answer the site's users.
    pub(super) fn web(&self) -> Result<Vec<&'a Server>, Refused> {
        self.servers(&[Role::Web, Role::Combo])
    }

    /// The servers of these ids, or beginnings of ids: of this environment, in use and running.
    pub(super) fn named(&self, asked: &[InstanceId], roles: &[Role]) -> Result<Vec<&'a Server>, Refused> {
        let all = self.known("the servers are", &self.snapshot.servers)?;
        let environment = &self.place.name;
        let mut found: BTreeMap<&InstanceId, &Server> = BTreeMap::new();
        for word in asked {
            let exact = all.get(word);
            let near: Vec<&Server> = exact.map_or_else(
                || all.values().filter(|server| server.id.as_str().starts_with(word.as_str())).collect(),
                |server| vec![server],
            );
            let [server] = near.as_slice() else {
                let own = all.values().filter(|server| server.environment.as_ref() == Some(environment));
                return Err(if near.is_empty() {
                    let known: Vec<&str> = own.map(|server| server.id.as_str()).collect();
                    Refused::unknown("server", word.as_str(), known)
                } else {
                    let which = some(near.iter().map(|server| &server.id));
                    Refused::Usage(format!("`{word}` can be several servers: {which}; write more of the id"))
                });
            };
            self.may_be_meant(server, roles)?;
            found.insert(&server.id, server);
        }
        Ok(found.into_values().collect())
    }

    fn may_be_meant(&self, server: &Server, roles: &[Role]) -> Result<(), Refused> {
        let (id, environment) = (&server.id, &self.place.name);
        if server.environment.as_ref() != Some(environment) {
            let other = server.environment.as_ref().map_or("none", EnvironmentName::as_str);
            return Err(Refused::Usage(format!(
                "server {id} is of environment {other}, not of {environment}"
            )));
        }
        if !server.is_target() {
            let why = if server.is_gone() {
                format!("it is {}", server.power.word())
            } else {
                let tag = server.tags.get("role").map_or("-PENDING or -OLD", String::as_str);
                format!("its role is {tag}, which takes no part")
            };
            return Err(Refused::State(format!("server {id} cannot be used: {why}")));
        }
        if !roles.contains(&server.role.role) {
            let (role, wanted) = (&server.role.role, some(roles));
            return Err(Refused::Usage(format!(
                "server {id} is a {role}, and this is for servers of role {wanted}"
            )));
        }
        Ok(())
    }
}

/// Whether a member of a group is not on its way out.
pub(super) fn stays(member: &Member) -> bool {
    !(member.lifecycle.starts_with("Terminat") || member.lifecycle.starts_with("Detach"))
}

/// An age as people say it.
pub(super) fn age(age: SignedDuration) -> String {
    words::seconds(age.as_secs_f64())
}
