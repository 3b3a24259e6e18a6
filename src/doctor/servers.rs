//! The servers there are: how many of each role, and whether they can be reached.

use super::{Examined, Finding, FindingSeverity, known};
use crate::fleet::words::count;
use crate::fleet::{AddressChoice, FailureKind, Measured, Power, Role, Server, Standing};

/// Roles that do a role's work; those that the project has not are not missed.
fn wanted<'a>(examined: &Examined<'a>, role: &Role, or: &[Role]) -> Option<Result<Vec<&'a Server>, Finding>> {
    let snapshot = examined.patient.snapshot;
    let roles: Vec<Role> = std::iter::once(role).chain(or).cloned().collect();
    let there = examined.of_roles(&roles);
    if !examined.patient.place.has_role(role) && there.is_empty() {
        return None;
    }
    let known = known(&format!("Whether there is a {role} is"), &snapshot.servers);
    Some(known.map(|_| there))
}

/// Exactly one, or at least one, that runs.
fn judge(examined: &Examined<'_>, role: &Role, or: &[Role], why_one: Option<&str>) -> Vec<Finding> {
    let servers = match wanted(examined, role, or) {
        None => return Vec::new(),
        Some(Err(unknown)) => return vec![unknown],
        Some(Ok(servers)) => servers,
    };
    let runs = |server: &&&Server| matches!(server.power, Power::Running | Power::Pending | Power::Unknown);
    let running = servers.iter().filter(runs).count();
    let mut found: Vec<Finding> = Vec::new();
    for server in servers.iter().filter(|server| !runs(server)) {
        found.push(Finding::bad(
            format!("{role} {} is {}", server.id, server.power.word()),
            "Start it, or, if another one has taken its place, tag it as OLD",
        ));
    }
    match running {
        0 if servers.is_empty() => found.push(Finding::bad(
            format!("There is no {role} in {}", examined.patient.place.name),
            format!(
                "quarterdeck plan new-server {0} --role {role}; where all is new, quarterdeck plan create-environment {0}",
                examined.patient.place.name
            ),
        )),
        0 | 1 => {}
        n => {
            if let Some(why) = why_one {
                let mut finding = Finding::bad(
                    format!("There are {n} servers of role {role}, and {why}"),
                    "Find out which of them the others use, and tag the rest as OLD",
                );
                let ids = servers.iter().filter(runs).map(|server| format!("{}, {}", server.id, server.zone));
                finding.evidence.extend(ids);
                found.push(finding);
            }
        }
    }
    if found.is_empty() {
        let ids: Vec<&str> = servers.iter().map(|server| server.id.as_str()).collect();
        found.push(Finding::good(format!("{role} {}", ids.join(", "))));
    }
    found
}

pub(super) fn primary(examined: &Examined<'_>) -> Vec<Finding> {
    judge(examined, &Role::DbPrimary, &[Role::Combo], Some("only one can be written to"))
}

pub(super) fn worker(examined: &Examined<'_>) -> Vec<Finding> {
    judge(examined, &Role::Worker, &[Role::Combo], None)
}

pub(super) fn cache(examined: &Examined<'_>) -> Vec<Finding> {
    judge(examined, &Role::Cache, &[], Some("tasks and sessions are looked for on one"))
}

pub(super) fn replica(examined: &Examined<'_>) -> Vec<Finding> {
    let mut found = judge(examined, &Role::DbReplica, &[], None);
    // Nothing stands still without one, but nothing can be promoted either.
    for finding in &mut found {
        finding.severity = finding.severity.min(FindingSeverity::Warning);
    }
    found
}

pub(super) fn leftovers(examined: &Examined<'_>) -> Vec<Finding> {
    if let Err(unknown) = known("Which servers there are is", &examined.patient.snapshot.servers) {
        return vec![unknown];
    }
    let mut found: Vec<Finding> = Vec::new();
    for server in &examined.servers {
        let (id, role) = (&server.id, &server.role.role);
        match server.role.standing {
            Standing::Active => {}
            Standing::Pending => found.push(
                Finding::warning(
                    format!("{id}, for role {role}, was never finished, or is being made"),
                    "If nobody makes it now, terminate it",
                )
                .seen(format!("its role is {role}-PENDING, and it is {}", server.power.word())),
            ),
            Standing::Old => found.push(
                Finding::warning(
                    format!("{id}, once of role {role}, is still kept, and costs money"),
                    "Terminate it once nobody wants its data any more",
                )
                .seen(format!("its role is {role}-OLD, and it is {}", server.power.word())),
            ),
        }
    }
    if found.is_empty() {
        found.push(Finding::good("no server is PENDING or OLD"));
    }
    found
}

/// The servers that are asked: in use and running.
fn asked<'a>(examined: &Examined<'a>) -> Vec<(&'a Server, Option<&'a Measured>)> {
    let is_asked = |server: &&&Server| server.is_target() && server.power == Power::Running;
    let servers = examined.servers.iter().filter(is_asked);
    servers.map(|server| (*server, examined.patient.snapshot.measured(&server.id))).collect()
}

pub(super) fn ssh(examined: &Examined<'_>) -> Vec<Finding> {
    if let Some(why) = examined.patient.no_remote {
        return vec![Finding::bad("Servers cannot be asked at all", "Mend what stands there").seen(why)];
    }
    let (mut found, mut reached) = (Vec::new(), 0_u64);
    for (server, measured) in asked(examined) {
        let name = format!("{} {}", server.role.role, server.id);
        let Some(measured) = measured else {
            let what = format!("Whether {name} can be reached is not known: it was not asked in time");
            found.push(Finding::unknown(what, "Ask the doctor again"));
            continue;
        };
        // A question about its key is told by another check.
        if measured.host_key.is_some() {
            continue;
        }
        match &measured.unreachable {
            Some(failure) => {
                let what = format!("{name} cannot be reached over ssh");
                found.push(
                    match failure.kind {
                        FailureKind::Throttled | FailureKind::Other => {
                            Finding::unknown(what, "Ask the doctor again")
                        }
                        kind => Finding::bad(what, way(kind, examined.patient.topology.ssh_address)),
                    }
                    .seen(&failure.message),
                );
            }
            None if measured.reached_at.is_some() => reached += 1,
            None => {
                let what = format!("Whether {name} can be reached is not known: it has not answered in time");
                found.push(Finding::unknown(what, "Ask the doctor again"));
            }
        }
    }
    if found.is_empty() && reached > 0 {
        found.push(Finding::good(format!("{} can be reached", count(reached, "server"))));
    }
    found
}

fn way(kind: FailureKind, address: AddressChoice) -> String {
    match kind {
        FailureKind::Denied | FailureKind::Credentials => {
            "Load the right key into the agent, or name user and key with --user and --identity".into()
        }
        FailureKind::Absent if address == AddressChoice::PublicDns => {
            "Write `ec2_attr_for_ssh: private_ip_address` in fabulaws-config.yml, and go through VPN or a jump host".into()
        }
        FailureKind::Absent => "Correct `ec2_attr_for_ssh` in fabulaws-config.yml".into(),
        _ => "Open port 22 to this machine in its security group, or go through VPN or a jump host (~/.ssh/config)".into(),
    }
}

pub(super) fn host_keys(examined: &Examined<'_>) -> Vec<Finding> {
    let (mut found, mut pinned) = (Vec::new(), 0_u64);
    for (server, measured) in asked(examined) {
        let Some(measured) = measured else { continue };
        let Some(question) = &measured.host_key else {
            pinned += u64::from(measured.reached_at.is_some());
            continue;
        };
        let name = format!("{} {}", server.role.role, server.id);
        let mut finding = if question.pinned.is_empty() {
            Finding::warning(
                format!("Nobody has confirmed the host key of {name}"),
                format!("Compare its fingerprint, then quarterdeck trust {}", server.id),
            )
        } else {
            Finding::bad(
                format!("{name} shows another host key than the pinned one"),
                format!("Find out why; if it was rebuilt, quarterdeck trust {} --replace", server.id),
            )
        };
        finding.evidence.extend(question.presented.iter().map(|key| format!("it shows {key}")));
        finding.evidence.extend(question.pinned.iter().map(|key| format!("pinned is {key}")));
        finding.evidence.extend(question.note.iter().cloned());
        found.push(finding);
    }
    if found.is_empty() && pinned > 0 {
        found.push(Finding::good(format!("{} with a pinned host key", count(pinned, "server"))));
    }
    found
}
