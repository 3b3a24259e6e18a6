//! Which servers are measured, and in what order. Pure.

use std::sync::Arc;

use crate::fleet::{
    AddressChoice, Failure, FailureKind, InstanceId, Interest, Layout, Power, Role, Server, Snapshot,
    Topology,
};
use crate::remote::Target;

/// A server that is to be measured.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) instance: InstanceId,
    pub(crate) role: Role,
    /// Its environment, or it itself, is looked at.
    pub(crate) looked_at: bool,
}

/// Servers whose numbers stand on the fleet screen: lag and queue depth.
const fn is_on_fleet_screen(role: &Role) -> bool {
    matches!(role, Role::Cache | Role::DbPrimary | Role::DbReplica | Role::Combo)
}

/// Whether a server can be measured at all: ours, in use, and running.
fn can_be(server: &Server, topology: &Topology) -> bool {
    let ours = server.environment.as_ref().is_some_and(|name| topology.environment(name).is_some());
    ours && server.is_target() && server.power == Power::Running
}

/// The servers to measure, most wanted first: those looked at, then databases and caches of environments looked
/// at, then the rest of these, then databases and caches elsewhere.
pub(crate) fn wanted(snapshot: &Snapshot, topology: &Topology, interest: &Interest) -> Vec<Wanted> {
    let servers = snapshot.servers.value().into_iter().flat_map(|all| all.values());
    let mut found: Vec<(u8, Wanted)> = servers
        .filter(|server| can_be(server, topology))
        .filter_map(|server| {
            let itself = interest.servers.contains(&server.id);
            let around = server.environment.as_ref().is_some_and(|name| interest.environments.contains(name));
            let basic = is_on_fleet_screen(&server.role.role);
            let rank = match (itself, around, basic) {
                (true, _, _) => 0,
                (_, true, true) => 1,
                (_, true, false) => 2,
                (_, _, true) => 3,
                _ => return None,
            };
            let (instance, role) = (server.id.clone(), server.role.role.clone());
            Some((rank, Wanted { instance, role, looked_at: rank < 3 }))
        })
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, wanted)| wanted).collect()
}

/// Whether anything measured on this server still says something about it: it runs, or may run.
pub(crate) fn is_kept(snapshot: &Snapshot, instance: &InstanceId) -> bool {
    // Without an answer nobody knows that it has gone.
    snapshot.servers.value().is_none_or(|all| {
        all.get(instance).is_some_and(|s| matches!(s.power, Power::Running | Power::Unknown) && s.is_target())
    })
}

/// Where things are on the server.
pub(crate) fn layout(server: &Server, topology: &Topology) -> Arc<Layout> {
    let place = server.environment.as_ref().and_then(|name| topology.environment(name));
    place.map(|place| Arc::clone(&place.layout)).unwrap_or_default()
}

/// How to reach the server, or why it cannot be tried.
pub(crate) fn target(server: &Server, choice: AddressChoice) -> Result<Target, Failure> {
    let failed = |message| Failure { since: jiff::Timestamp::UNIX_EPOCH, kind: FailureKind::Absent, message };
    let Some(address) = server.ssh_address(choice).filter(|address| !address.is_empty()) else {
        let (what, instead) = match choice {
            AddressChoice::PublicDns => ("public DNS name", "private_ip_address"),
            AddressChoice::Public => ("public address", "private_ip_address"),
            AddressChoice::PrivateDns => ("private DNS name", "private_ip_address"),
            AddressChoice::Private => ("private address", "public_dns_name"),
        };
        return Err(failed(format!(
            "{} has no {what} for ssh to go to: see `ec2_attr_for_ssh` in the project's config; \
             `{instead}` is another choice",
            server.id
        )));
    };
    Target::new(server.id.clone(), address).map_err(|bad| failed(bad.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fleet::sample::{epoch, server};
    use crate::fleet::{Reading, RoleTag, Source};
    use crate::refresh::fake::fleet;

    fn snapshot(servers: Vec<Server>) -> Snapshot {
        let all: BTreeMap<_, _> = servers.into_iter().map(|s| (s.id.clone(), s)).collect();
        Snapshot {
            servers: Reading::taken(Source::Ec2DescribeInstances, all, epoch()),
            ..Snapshot::default()
        }
    }

    fn ids(wanted: &[Wanted]) -> Vec<&str> {
        wanted.iter().map(|w| w.instance.as_str()).collect()
    }

    #[test]
    fn databases_and_caches_are_wanted_everywhere_and_all_servers_where_somebody_looks() {
        let (cloud, topology) = fleet(&[("staging", 1), ("production", 2)]);
        let snapshot = snapshot(cloud.world().servers.clone());
        let nobody = wanted(&snapshot, &topology, &Interest::default());
        assert_eq!(nobody.len(), 6, "{nobody:?}");
        assert!(nobody.iter().all(|w| is_on_fleet_screen(&w.role) && !w.looked_at));
        let look = Interest {
            environments: ["production".into()].into(),
            servers: ["i-production-web1".into()].into(),
            ..Interest::default()
        };
        assert_eq!(
            ids(&wanted(&snapshot, &topology, &look)),
            [
                "i-production-web1",
                "i-production-cache",
                "i-production-db-primary",
                "i-production-db-replica",
                "i-production-web0",
                "i-production-worker",
                "i-staging-cache",
                "i-staging-db-primary",
                "i-staging-db-replica",
            ]
        );
    }

    #[test]
    fn what_is_being_built_is_old_stopped_or_not_ours_is_left_alone() {
        let (_, topology) = fleet(&[("staging", 0)]);
        let mut stopped = server("i-stopped", "staging", "cache");
        stopped.power = Power::Stopped;
        let mut pending = server("i-pending", "staging", "cache");
        pending.role = RoleTag::parse("cache-PENDING");
        let mut old = server("i-old", "staging", "db-primary");
        old.role = RoleTag::parse("db-primary-OLD");
        let foreign = server("i-foreign", "elsewhere", "cache");
        let snapshot = snapshot(vec![stopped, pending, old, foreign]);
        let look = Interest { environments: ["staging".into()].into(), ..Interest::default() };
        assert_eq!(ids(&wanted(&snapshot, &topology, &look)), [""; 0]);
        assert!(!is_kept(&snapshot, &"i-stopped".into()));
    }

    #[test]
    fn a_server_without_the_wanted_address_says_what_to_change() {
        let server = server("i-1", "staging", "web");
        assert_eq!(target(&server, AddressChoice::Private).unwrap().address(), "10.0.1.12");
        let failure = target(&server, AddressChoice::PublicDns).unwrap_err();
        assert!(
            failure.message.contains("i-1")
                && failure.message.contains("public DNS name")
                && failure.message.contains("ec2_attr_for_ssh"),
            "{failure:?}"
        );
    }
}
