//! What could not be read.

use super::json::FailureJson;
use crate::fleet::{Failure, FailureKind, Measured, Reading, Server, Snapshot, Topology};
use crate::probe;

/// Every failed read that matters for what was asked, in a fixed order. That a load balancer of the config
/// does not exist is an answer, not a failure.
pub(crate) fn failures(snapshot: &Snapshot, topology: &Topology) -> Vec<FailureJson> {
    let mut found = Vec::new();
    let mut add = |what: String, failure: Option<&Failure>| {
        found.extend(failure.map(|f| FailureJson::new(what, f)));
    };
    add("identity".into(), snapshot.identity.failure());
    add("servers".into(), snapshot.servers.failure());
    add("groups".into(), snapshot.groups.failure());
    add("load balancers".into(), snapshot.load_balancers.failure());
    for name in topology.load_balancers() {
        let failure = snapshot.health.get(&name).and_then(Reading::failure);
        let absent = snapshot.load_balancers.value().is_some_and(|all| !all.contains_key(&name));
        let answered = absent && failure.is_some_and(|f| f.kind == FailureKind::Absent);
        add(format!("health of {name}"), failure.filter(|_| !answered));
    }
    add("launch settings".into(), snapshot.launch.failure());
    add("images".into(), snapshot.images.failure());
    add("locks".into(), snapshot.locks.failure());
    add("status checks".into(), snapshot.checks.failure());
    for (source, reading) in &snapshot.certificates {
        add(format!("certificates of {source}"), reading.failure());
    }
    for place in &topology.environments {
        for server in snapshot.servers_of(&place.name) {
            if let Some(measured) = snapshot.measured(&server.id) {
                unmeasured(server, measured, &mut add);
            }
        }
    }
    found
}

/// That servers were to be measured and none could be asked.
pub(crate) fn of_all_servers(why: &str, now: jiff::Timestamp) -> FailureJson {
    let failure = Failure { since: now, kind: FailureKind::Other, message: why.to_owned() };
    FailureJson::new("measurements".into(), &failure)
}

/// What was not measured on a server that was asked: one failure for all when it could not be reached, else one
/// for each topic.
fn unmeasured(server: &Server, measured: &Measured, add: &mut impl FnMut(String, Option<&Failure>)) {
    if measured.unreachable.is_some() {
        add(server.id.to_string(), measured.unreachable.as_ref());
        return;
    }
    for section in probe::due(&server.role.role) {
        let what = format!("{} of {}", section.topic.word(), server.id);
        match (measured.reading(section.topic), measured.reached_at) {
            (Some(reading), _) => add(what, reading.failure()),
            (None, Some(since)) => {
                let message = format!("{} had not told it in time; look again", server.id);
                add(what, Some(&Failure { since, kind: FailureKind::Other, message }));
            }
            (None, None) => {}
        }
    }
}
