//! Whether something is wrong that makes a group terminate its members (R1): the web servers' health check asks every
//! database and the cache.

use super::{Facts, facts::stays};
use crate::fleet::{Group, HealthState, Power, Process, Role, Server, Severity, words};

/// What a group does by itself that would empty it in an incident, in the order of R1.
pub(super) const HELD: [Process; 4] =
    [Process::HealthCheck, Process::ReplaceUnhealthy, Process::AzRebalance, Process::AlarmNotification];

/// Servers that the health check asks.
const ASKED: [Role; 4] = [Role::DbPrimary, Role::Combo, Role::DbReplica, Role::Cache];

/// Units without which such a server does not answer.
const UNITS: [&str; 3] = ["postgresql", "rabbitmq", "redis"];

/// Those of the held processes that still work.
pub(super) fn working(group: &Group) -> Vec<Process> {
    HELD.into_iter().filter(|process| !group.is_suspended(process.word())).collect()
}

/// Those that are suspended.
pub(super) fn held(group: &Group) -> Vec<Process> {
    HELD.into_iter().filter(|process| group.is_suspended(process.word())).collect()
}

/// What is wrong, as the beginning of a sentence; none where nothing is known to be. What is not known is not wrong.
pub(super) fn seen(facts: &Facts<'_>, group: &Group) -> Option<String> {
    database_or_cache(facts).or_else(|| most_web_servers(facts, group))
}

fn database_or_cache(facts: &Facts<'_>) -> Option<String> {
    let servers = facts.servers(&ASKED).ok()?;
    let broken = servers.iter().find_map(|server| {
        let what = trouble(facts, server)?;
        Some(format!("{} {} {what}", server.role.role, server.id))
    });
    broken.or_else(|| {
        // A combo server is the primary.
        let has = |roles: &[Role]| servers.iter().any(|server| roles.contains(&server.role.role));
        let named = |role: &Role| facts.place.roles.contains(role);
        let lost = (named(&Role::DbPrimary) && !has(&[Role::DbPrimary, Role::Combo]))
            .then_some(Role::DbPrimary)
            .or_else(|| (named(&Role::Cache) && !has(&[Role::Cache])).then_some(Role::Cache))?;
        Some(format!("{} has no server of role {lost}", facts.place.name))
    })
}

fn trouble(facts: &Facts<'_>, server: &Server) -> Option<String> {
    if matches!(server.power, Power::Stopping | Power::Stopped) {
        return Some(format!("is {}", server.power.word()));
    }
    let measured = facts.snapshot.measured(&server.id)?;
    if measured.unreachable.is_some() {
        return Some("cannot be reached".into());
    }
    let units = &measured.units()?.units;
    let down = units.iter().find(|unit| {
        unit.severity() == Severity::Down && UNITS.iter().any(|name| unit.name.starts_with(name))
    });
    down.map(|unit| format!("has {} {}", words::name(&unit.name), unit.active))
}

/// Whether users get errors from most web servers, or from all that are asked.
pub(super) fn web_fails(facts: &Facts<'_>, group: &Group) -> bool {
    most_web_servers(facts, group).is_some()
}

/// More than half of the members fail the check of a load balancer.
fn most_web_servers(facts: &Facts<'_>, group: &Group) -> Option<String> {
    let members: Vec<_> = group.members.iter().filter(|member| stays(member)).collect();
    facts.place.load_balancers.iter().find_map(|balancer| {
        let failing = members.iter().filter(|member| {
            let health = facts.snapshot.health_of(balancer, &member.instance);
            health.is_some_and(|health| health.state == HealthState::OutOfService)
        });
        let (failing, all) = (failing.count(), members.len());
        (failing * 2 > all).then(|| format!("{failing} of {all} web servers fail the check of {balancer}"))
    })
}
