//! What a snapshot and an interest call for. Pure.

use std::collections::BTreeSet;

use crate::fleet::{
    CertificateSource, CreditMode, GroupName, ImageId, InstanceId, Interest, LaunchSource, LoadBalancerName,
    Measure, MetricKey, Power, Snapshot, Subject, Topology,
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

/// The images of servers that are not terminated, of what groups launch, and those that new servers are built from.
pub(crate) fn images(snapshot: &Snapshot, topology: &Topology) -> BTreeSet<ImageId> {
    let bases = topology.environments.iter().filter_map(|place| place.build.image.clone());
    let servers = snapshot.servers.value().into_iter().flat_map(|all| all.values());
    let launch = snapshot.launch.value().into_iter().flat_map(|all| all.values());
    servers
        .filter(|s| s.power != Power::Terminated && !s.image.as_str().is_empty())
        .map(|s| s.image.clone())
        .chain(launch.filter_map(|l| l.image.clone()))
        .chain(bases)
        .collect()
}

/// The certificates of a source that our load balancers serve.
pub(crate) fn certificates(snapshot: &Snapshot, source: CertificateSource) -> BTreeSet<String> {
    let balancers = snapshot.load_balancers.value().into_iter().flat_map(|all| all.values());
    let served = balancers.flat_map(|balancer| &balancer.listeners).filter_map(|one| one.certificate.clone());
    served.filter(|arn| CertificateSource::of(arn) == Some(source)).collect()
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

/// The servers whose machines are asked about: those in use of our environments that run.
fn running<'a>(
    snapshot: &'a Snapshot,
    topology: &'a Topology,
) -> impl Iterator<Item = &'a crate::fleet::Server> {
    let servers = snapshot.servers.value().into_iter().flat_map(|all| all.values());
    servers.filter(|server| {
        server.power == Power::Running
            && server.is_target()
            && server.environment.as_ref().is_some_and(|name| topology.environment(name).is_some())
    })
}

/// Those of them.
pub(crate) fn machines(snapshot: &Snapshot, topology: &Topology) -> Vec<InstanceId> {
    running(snapshot, topology).map(|server| server.id.clone()).collect()
}

/// Those of burstable types.
pub(crate) fn burstable(snapshot: &Snapshot, topology: &Topology) -> Vec<InstanceId> {
    let burstable = running(snapshot, topology)
        .filter(|server| CreditMode::usual(&server.instance_type).is_some())
        .map(|server| server.id.clone());
    burstable.collect()
}

/// What may run out: credits of servers that are held back without them, and bursts of volumes.
pub(crate) fn balances(snapshot: &Snapshot, topology: &Topology) -> Vec<MetricKey> {
    let modes = snapshot.credit_modes.value();
    let mut keys = Vec::new();
    for server in running(snapshot, topology) {
        let told = modes.and_then(|all| all.get(&server.id)).copied();
        if told.or_else(|| CreditMode::usual(&server.instance_type)) == Some(CreditMode::Standard) {
            let subject = Subject::Server(server.id.clone());
            keys.push(MetricKey { subject, measure: Measure::Credits });
        }
        let volumes = server.volumes.values().cloned().map(Subject::Volume);
        keys.extend(volumes.map(|subject| MetricKey { subject, measure: Measure::Burst }));
    }
    keys
}

/// How many queries of `GetMetricData` a metric costs: the error rate is put together from the errors of
/// servers and load balancer and the number of requests.
const fn queries(measure: Measure) -> usize {
    match measure {
        Measure::ErrorRate => 4,
        Measure::Requests
        | Measure::Latency
        | Measure::SurgeQueue
        | Measure::Cpu
        | Measure::Credits
        | Measure::Burst => 1,
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
