//! What `describe --json` prints: a shape of its own, versioned, described in `docs/describe-json.md`.
//!
//! These types are the promise. They are filled from the snapshot here, and change only together with
//! [`VERSION`] when something is renamed, removed, or means something else.

use jiff::Timestamp;
use serde::Serialize;

use super::levels::{ConnectionsJson, LagJson, MetricsJson, QueueJson};
use super::locks::{self, LockJson};
use super::measured::MeasuredJson;
use crate::cli::certificates::CertificateFacts;
use crate::fleet::{
    Endpoint, EnvironmentPlace, Failure, FailureKind, Group, LoadBalancer, MemberHealth, Overview, Reading,
    Release, Server, Snapshot, Topology, Yardstick,
};

/// The shape's version.
pub(crate) const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub(crate) struct Document {
    version: u32,
    deployment: String,
    region: Option<String>,
    profile: Option<String>,
    endpoint_url: Option<String>,
    sandbox: bool,
    time: Timestamp,
    identity: Option<IdentityJson>,
    environments: Vec<EnvironmentJson>,
    elsewhere: Option<Vec<ServerJson>>,
    failures: Vec<FailureJson>,
}

#[derive(Debug, Serialize)]
struct IdentityJson {
    account: String,
    arn: String,
}

#[derive(Debug, Serialize)]
struct EnvironmentJson {
    name: String,
    production: bool,
    severity: &'static str,
    domains: Vec<String>,
    release: Option<ReleaseJson>,
    servers: Option<Vec<ServerJson>>,
    load_balancers: Vec<LoadBalancerJson>,
    group: Option<GroupJson>,
    queue: QueueJson,
    connections: ConnectionsJson,
    lag: LagJson,
    locks: Option<Vec<LockJson>>,
    notes: Vec<NoteJson>,
}

#[derive(Debug, Serialize)]
struct ReleaseJson {
    changeset: Option<String>,
    made_at: Option<Timestamp>,
    image: Option<String>,
    launch: Option<String>,
}

#[derive(Debug, Serialize)]
struct ServerJson {
    id: String,
    name: Option<String>,
    environment: Option<String>,
    role: String,
    standing: &'static str,
    state: &'static str,
    state_reason: Option<String>,
    zone: String,
    #[serde(rename = "type")]
    instance_type: String,
    launched_at: Option<Timestamp>,
    private_address: Option<String>,
    public_address: Option<String>,
    private_dns: Option<String>,
    public_dns: Option<String>,
    group: Option<String>,
    release: ReleaseJson,
    behind: Option<bool>,
    load_balancers: Vec<MembershipJson>,
    measured: Option<MeasuredJson>,
}

#[derive(Debug, Serialize)]
struct MembershipJson {
    name: String,
    registered: Option<bool>,
    state: Option<&'static str>,
    reason_code: Option<String>,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct LoadBalancerJson {
    name: String,
    exists: Option<bool>,
    dns_name: Option<String>,
    scheme: Option<String>,
    listeners: Option<Vec<ListenerJson>>,
    health_check: Option<HealthCheckJson>,
    in_service: Option<usize>,
    registered: Option<usize>,
    metrics: MetricsJson,
}

#[derive(Debug, Serialize)]
struct ListenerJson {
    protocol: String,
    port: u16,
    instance_protocol: String,
    instance_port: u16,
    certificate: Option<String>,
    served: Option<CertificateFacts>,
}

#[derive(Debug, Serialize)]
struct HealthCheckJson {
    target: String,
    interval_s: u64,
    timeout_s: u64,
    healthy_threshold: u32,
    unhealthy_threshold: u32,
}

#[derive(Debug, Serialize)]
struct GroupJson {
    name: String,
    exists: Option<bool>,
    min: Option<u32>,
    desired: Option<u32>,
    max: Option<u32>,
    in_service: Option<usize>,
    launch: Option<String>,
    health_check_type: Option<String>,
    grace_period_s: Option<u64>,
    suspended: Option<Vec<SuspendedJson>>,
}

#[derive(Debug, Serialize)]
struct SuspendedJson {
    process: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct NoteJson {
    severity: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct FailureJson {
    pub(crate) what: String,
    pub(crate) kind: FailureKind,
    pub(crate) since: Timestamp,
    pub(crate) message: String,
}

impl FailureJson {
    pub(crate) fn new(what: String, failure: &Failure) -> Self {
        Self { what, kind: failure.kind, since: failure.since, message: failure.message.clone() }
    }
}

/// What everything is made from.
pub(crate) struct Subject<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) topology: &'a Topology,
    pub(crate) overviews: &'a [Overview],
    pub(crate) endpoint: &'a Endpoint,
    /// Servers that belong to no environment of the config; `None` when only one environment was asked for.
    pub(crate) elsewhere: Option<Vec<&'a Server>>,
    pub(crate) now: Timestamp,
    pub(crate) yardstick: &'a Yardstick,
}

/// The document.
pub(crate) fn document(subject: &Subject<'_>, failures: Vec<FailureJson>) -> Document {
    let Subject { snapshot, topology, endpoint, .. } = subject;
    let region = if endpoint.region.is_empty() { &topology.region } else { &endpoint.region };
    let identity = snapshot.identity.value();
    Document {
        version: VERSION,
        deployment: topology.deployment.to_string(),
        region: (!region.is_empty()).then(|| region.clone()),
        profile: endpoint.profile.clone(),
        endpoint_url: endpoint.url.clone(),
        sandbox: endpoint.sandbox,
        time: subject.now,
        identity: identity.map(|i| IdentityJson { account: i.account.clone(), arn: i.arn.clone() }),
        environments: topology
            .environments
            .iter()
            .zip(subject.overviews)
            .map(|(place, overview)| environment(snapshot, place, overview, subject.yardstick))
            .collect(),
        elsewhere: subject
            .elsewhere
            .as_ref()
            .map(|servers| servers.iter().map(|s| server(snapshot, None, s)).collect()),
        failures,
    }
}

fn environment(
    snapshot: &Snapshot,
    place: &EnvironmentPlace,
    overview: &Overview,
    yardstick: &Yardstick,
) -> EnvironmentJson {
    let servers = snapshot.servers.value().map(|_| snapshot.servers_of(&place.name));
    let known = place.group.as_ref().is_some_and(|g| snapshot.group(g).is_some());
    EnvironmentJson {
        name: place.name.to_string(),
        production: place.production,
        severity: overview.severity.word(),
        domains: place.domains.clone(),
        release: known.then(|| release(&overview.release)),
        servers: servers.map(|all| all.into_iter().map(|s| server(snapshot, Some(place), s)).collect()),
        load_balancers: place
            .load_balancers
            .iter()
            .zip(&overview.balancers)
            .map(|(name, count)| {
                let found = snapshot.load_balancer(name);
                load_balancer(
                    name.as_str(),
                    &snapshot.load_balancers,
                    found,
                    (count.in_service, count.registered),
                    MetricsJson::of(snapshot, name, yardstick),
                    &|arn| served(snapshot, arn, yardstick),
                )
            })
            .collect(),
        group: place.group.as_ref().map(|name| group(name.as_str(), &snapshot.groups, snapshot.group(name))),
        queue: (&overview.queues).into(),
        connections: (&overview.connections).into(),
        lag: (&overview.lag).into(),
        locks: locks::of(snapshot, &place.name),
        notes: overview
            .notes
            .iter()
            .map(|n| NoteJson { severity: n.severity.word(), text: n.text.clone() })
            .collect(),
    }
}

fn release(release: &Release) -> ReleaseJson {
    ReleaseJson {
        changeset: release.changeset.as_ref().map(ToString::to_string),
        made_at: release.made_at,
        image: release.image.as_ref().map(ToString::to_string),
        launch: release.launch.clone(),
    }
}

fn server(snapshot: &Snapshot, place: Option<&EnvironmentPlace>, server: &Server) -> ServerJson {
    ServerJson {
        id: server.id.to_string(),
        name: server.name.clone(),
        environment: server.environment.as_ref().map(ToString::to_string),
        role: server.role.role.to_string(),
        standing: super::standing_word(server.role.standing),
        state: server.power.word(),
        state_reason: server.power_reason.clone(),
        zone: server.zone.to_string(),
        instance_type: server.instance_type.clone(),
        launched_at: server.launched_at,
        private_address: server.private_address.clone(),
        public_address: server.public_address.clone(),
        private_dns: server.private_dns.clone(),
        public_dns: server.public_dns.clone(),
        group: server.group.as_ref().map(ToString::to_string),
        release: release(&snapshot.release_of_server(server)),
        behind: snapshot.is_behind(server),
        load_balancers: place
            .map_or(&[][..], |p| &p.load_balancers)
            .iter()
            .map(|name| {
                let known = snapshot.health.get(name).and_then(Reading::value).is_some();
                membership(name.as_str(), known, snapshot.health_of(name, &server.id))
            })
            .collect(),
        measured: snapshot.measured(&server.id).map(Into::into),
    }
}

fn membership(name: &str, known: bool, health: Option<&MemberHealth>) -> MembershipJson {
    // AWS says `N/A` when there is nothing to say.
    let said = |text: Option<&String>| text.filter(|t| *t != "N/A").cloned();
    MembershipJson {
        name: name.to_owned(),
        registered: known.then_some(health.is_some()),
        state: health.map(|h| h.state.word()),
        reason_code: said(health.and_then(|h| h.reason_code.as_ref())),
        reason: said(health.and_then(|h| h.description.as_ref())),
    }
}

/// What is known of the certificate that a listener serves.
fn served(snapshot: &Snapshot, arn: &str, yardstick: &Yardstick) -> Option<CertificateFacts> {
    let found = snapshot.certificate(arn)??;
    Some(CertificateFacts::of(found, yardstick.now, &yardstick.thresholds))
}

fn load_balancer<T>(
    name: &str,
    all: &Reading<T>,
    found: Option<&LoadBalancer>,
    (in_service, registered): (Option<usize>, Option<usize>),
    metrics: MetricsJson,
    served: &dyn Fn(&str) -> Option<CertificateFacts>,
) -> LoadBalancerJson {
    LoadBalancerJson {
        name: name.to_owned(),
        exists: all.value().map(|_| found.is_some()),
        dns_name: found.and_then(|b| b.dns_name.clone()),
        scheme: found.and_then(|b| b.scheme.clone()),
        listeners: found.map(|b| {
            let listeners = b.listeners.iter().map(|l| ListenerJson {
                protocol: l.protocol.clone(),
                port: l.port,
                instance_protocol: l.instance_protocol.clone(),
                instance_port: l.instance_port,
                certificate: l.certificate.clone(),
                served: l.certificate.as_deref().and_then(served),
            });
            listeners.collect()
        }),
        health_check: found.and_then(|b| b.health_check.as_ref()).map(|check| HealthCheckJson {
            target: check.target.clone(),
            interval_s: check.interval.as_secs(),
            timeout_s: check.timeout.as_secs(),
            healthy_threshold: check.healthy_threshold,
            unhealthy_threshold: check.unhealthy_threshold,
        }),
        in_service,
        registered,
        metrics,
    }
}

fn group<T>(name: &str, all: &Reading<T>, found: Option<&Group>) -> GroupJson {
    let in_service = |g: &Group| g.members.iter().filter(|m| m.lifecycle == "InService").count();
    let suspended = |g: &Group| {
        let suspended = g.suspended.iter();
        suspended.map(|s| SuspendedJson { process: s.process.clone(), reason: s.reason.clone() }).collect()
    };
    GroupJson {
        name: name.to_owned(),
        exists: all.value().map(|_| found.is_some()),
        min: found.map(|g| g.min),
        desired: found.map(|g| g.desired),
        max: found.map(|g| g.max),
        in_service: found.map(in_service),
        launch: found.and_then(|g| g.launch.as_ref()).map(crate::fleet::LaunchSource::label),
        health_check_type: found.map(|g| g.health_check_type.clone()),
        grace_period_s: found.map(|g| g.grace_period.as_secs()),
        suspended: found.map(suspended),
    }
}
