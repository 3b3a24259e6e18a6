//! How a server fares, from everything that was said of it.

use crate::console::state::State;
use crate::fleet::{MemberHealth, Power, Server, Severity, Snapshot, Standing, Topology};

/// The severity of EC2's state for a server that should run.
pub fn power_severity(server: &Server) -> Severity {
    match (server.power, server.role.standing) {
        (Power::Unknown, _) => Severity::Unknown,
        (Power::Running, Standing::Active) => Severity::Ok,
        (Power::Pending | Power::ShuttingDown | Power::Stopping, _) | (Power::Running, Standing::Pending) => {
            Severity::Changing
        }
        (Power::Stopped, Standing::Active) => Severity::Down,
        (Power::Stopped | Power::Terminated | Power::Running, _) => Severity::Idle,
    }
}

/// The worst of everything that is said of a server, what was measured on it included.
#[must_use]
pub fn severity_of(state: &State, server: &Server) -> Severity {
    let said = server_severity(&state.snapshot, &state.topology, server);
    if server.role.standing != Standing::Active || server.is_gone() {
        return said;
    }
    let troubles = super::services::troubles(state, server);
    troubles.iter().map(|trouble| trouble.severity).fold(said, Severity::max)
}

/// The worst of EC2's state and what the load balancers of its environment say. Servers that take no part
/// are never worse than changing.
fn server_severity(snapshot: &Snapshot, topology: &Topology, server: &Server) -> Severity {
    let own = power_severity(server);
    if server.role.standing != Standing::Active || server.is_gone() {
        return own;
    }
    let balancers = server
        .environment
        .as_ref()
        .and_then(|name| topology.environment(name))
        .map_or(&[][..], |place| place.load_balancers.as_slice());
    let said = balancers.iter().filter_map(|b| snapshot.health_of(b, &server.id)).map(MemberHealth::severity);
    said.fold(own, Severity::max)
}
