//! What a snapshot and an interest call for. Pure.

use std::collections::BTreeSet;

use crate::fleet::{
    GroupName, ImageId, Interest, LaunchSource, LoadBalancerName, Measure, MetricKey, Power, Snapshot,
    Subject, Topology,
};

/// The most queries that `GetMetricData` takes in one request.
pub(crate) const QUERIES: usize = 500;

/// Everything that groups and their members are launched from.
pub(crate) fn launch_sources(snapshot: &Snapshot) -> BTreeSet<LaunchSource> {
    let groups = snapshot.groups.value().into_iter().flat_map(|all| all.values());
    groups
        .flat_map(|g| g.launch.iter().chain(g.members.iter().filter_map(|m| m.launch.as_ref())))
        .cloned()
        .collect()
}

/// The images of servers that are not terminated, and of what groups launch.
pub(crate) fn images(snapshot: &Snapshot) -> BTreeSet<ImageId> {
    let servers = snapshot.servers.value().into_iter().flat_map(|all| all.values());
    let launch = snapshot.launch.value().into_iter().flat_map(|all| all.values());
    servers
        .filter(|s| s.power != Power::Terminated && !s.image.as_str().is_empty())
        .map(|s| s.image.clone())
        .chain(launch.filter_map(|l| l.image.clone()))
        .collect()
}

/// The groups whose activities somebody looks at.
pub(crate) fn groups(interest: &Interest, topology: &Topology) -> BTreeSet<GroupName> {
    let looked_at = topology.environments.iter().filter(|e| interest.environments.contains(&e.name));
    looked_at.filter_map(|e| e.group.clone()).collect()
}

/// The load balancers somebody looks at.
pub(crate) fn balancers(interest: &Interest, topology: &Topology) -> BTreeSet<LoadBalancerName> {
    let looked_at = topology.environments.iter().filter(|e| interest.environments.contains(&e.name));
    looked_at.flat_map(|e| e.load_balancers.iter().cloned()).collect()
}

/// The metrics somebody looks at: load balancers and groups of environments, CPU of single servers.
pub(crate) fn metrics(interest: &Interest, topology: &Topology) -> BTreeSet<MetricKey> {
    let of_balancers = balancers(interest, topology).into_iter().flat_map(|name| {
        Measure::OF_LOAD_BALANCER
            .map(|measure| MetricKey { subject: Subject::LoadBalancer(name.clone()), measure })
    });
    let of_groups = groups(interest, topology).into_iter().map(Subject::Group);
    let of_servers = interest.servers.iter().cloned().map(Subject::Server);
    of_balancers
        .chain(of_groups.chain(of_servers).map(|subject| MetricKey { subject, measure: Measure::Cpu }))
        .collect()
}

/// How many queries of `GetMetricData` a metric costs: the error rate is put together from the errors of
/// servers and load balancer and the number of requests.
const fn queries(measure: Measure) -> usize {
    match measure {
        Measure::ErrorRate => 4,
        Measure::Requests | Measure::Latency | Measure::SurgeQueue | Measure::Cpu => 1,
    }
}

/// Cuts metrics into requests of at most [`QUERIES`] queries.
pub(crate) fn chunks(keys: impl IntoIterator<Item = MetricKey>) -> Vec<Vec<MetricKey>> {
    let mut chunks: Vec<Vec<MetricKey>> = Vec::new();
    let mut room = 0;
    for key in keys {
        let cost = queries(key.measure);
        match chunks.last_mut() {
            Some(chunk) if cost <= room => chunk.push(key),
            _ => {
                chunks.push(vec![key]);
                room = QUERIES;
            }
        }
        room -= cost;
    }
    chunks
}

/// Whether anything of the topology is on its way from one state to another.
pub(crate) fn is_changing(snapshot: &Snapshot, topology: &Topology) -> bool {
    let ours = |name: &crate::fleet::EnvironmentName| topology.environment(name).is_some();
    let servers = snapshot.servers.value().into_iter().flat_map(|all| all.values()).any(|s| {
        s.environment.as_ref().is_some_and(ours)
            && matches!(s.power, Power::Pending | Power::Stopping | Power::ShuttingDown)
    });
    let groups = || snapshot.groups.value().into_iter().flat_map(|all| all.values());
    servers
        || groups().any(crate::fleet::Group::is_moving)
        || snapshot
            .health
            .values()
            .filter_map(|h| h.value())
            .flatten()
            .any(crate::fleet::MemberHealth::is_changing)
        || snapshot
            .activities
            .values()
            .filter_map(|a| a.value())
            .flatten()
            .any(|a| a.ended_at.is_none() && a.status == "InProgress")
}
