//! Load balancers: whether they are there, and whether they are what a deploy relies on.

use super::{Examined, Finding, known};
use crate::fleet::{Listener, LoadBalancer, Role};

/// What users reach, and where it goes.
const WANTED: [(u16, &str); 2] = [(80, "HTTP"), (443, "HTTPS")];

pub(super) fn exist(examined: &Examined<'_>) -> Vec<Finding> {
    let place = examined.patient.place;
    if place.load_balancers.is_empty() {
        if !place.has_role(&Role::Web) {
            return Vec::new();
        }
        return vec![Finding::bad(
            format!("{} has no load balancer", place.name),
            "Name it under `load_balancers` in fabulaws-config.yml",
        )];
    }
    let all = match known("Whether the load balancers exist is", &examined.patient.snapshot.load_balancers) {
        Ok(all) => all,
        Err(unknown) => return vec![unknown],
    };
    let judged = place.load_balancers.iter().map(|name| {
        if all.contains_key(name) {
            return Finding::good(format!("{name} exists"));
        }
        Finding::bad(
            format!("There is no load balancer {name} in {}", examined.patient.topology.region),
            format!(
                "Make it, with what else is missing: quarterdeck plan create-foundation {}; or correct `load_balancers` in \
                 fabulaws-config.yml",
                place.name
            ),
        )
    });
    judged.collect()
}

/// Those that exist; one that does not is told once.
fn there<'a>(examined: &Examined<'a>) -> Vec<&'a LoadBalancer> {
    let patient = examined.patient;
    let names = patient.place.load_balancers.iter();
    names.filter_map(|name| patient.snapshot.load_balancer(name)).collect()
}

pub(super) fn listeners(examined: &Examined<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for balancer in there(examined) {
        let before = found.len();
        for (port, protocol) in WANTED {
            found.extend(listener(balancer, port, protocol));
        }
        if found.len() == before {
            found.push(Finding::good(format!("{} takes 80 and 443", balancer.name)));
        }
    }
    found
}

fn listener(balancer: &LoadBalancer, port: u16, protocol: &str) -> Option<Finding> {
    let name = &balancer.name;
    let right = format!("{port} {protocol} to {port} {protocol}");
    let Some(listener) = balancer.listeners.iter().find(|listener| listener.port == port) else {
        let what = format!("{name} does not take {protocol}: it has no listener on {port}");
        let cure = format!("Add a listener {right}");
        // A site may be there for HTTPS alone.
        return Some(if port == 443 { Finding::bad(what, cure) } else { Finding::warning(what, cure) });
    };
    let is_right = listener.protocol == protocol
        && listener.instance_protocol == protocol
        && listener.instance_port == port;
    if !is_right {
        let what = format!("{name} sends {port} elsewhere than a deploy expects");
        return Some(
            Finding::bad(what, format!("Replace that listener by one {right}")).seen(told(listener)),
        );
    }
    (protocol == "HTTPS" && listener.certificate.is_none()).then(|| {
        Finding::bad(
            format!("{name} has no certificate on {port}"),
            "Give that listener the certificate of the site's domains",
        )
    })
}

fn told(listener: &Listener) -> String {
    let Listener { protocol, port, instance_protocol, instance_port, .. } = listener;
    format!("{port} {protocol} to {instance_port} {instance_protocol}")
}

pub(super) fn health(examined: &Examined<'_>) -> Vec<Finding> {
    let path = &examined.patient.place.layout.health_path;
    let path = if path.is_empty() { "/healthcheck.html" } else { path };
    let wanted = format!("HTTPS:443{path}");
    let judged = there(examined).into_iter().map(|balancer| {
        let name = &balancer.name;
        match &balancer.health_check {
            Some(check) if check.target == wanted => Finding::good(format!("{name} asks {wanted}")),
            Some(check) => Finding::bad(
                format!("{name} asks for another page than the health check"),
                format!(
                    "Set its ping target to {wanted}: during a full deploy only that page says what it should"
                ),
            )
            .seen(format!("it asks {}", check.target)),
            None => Finding::unknown(
                format!("What {name} asks its servers is not known"),
                format!("See to it that its ping target is {wanted}"),
            ),
        }
    });
    judged.collect()
}

pub(super) fn zones(examined: &Examined<'_>) -> Vec<Finding> {
    let patient = examined.patient;
    let Some(group) = patient.place.group.as_ref().and_then(|name| patient.snapshot.group(name)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    // Where AWS names no zones there is nothing to compare.
    for balancer in there(examined).into_iter().filter(|balancer| !balancer.zones.is_empty()) {
        let unserved = group.zones.iter().filter(|zone| !balancer.zones.contains(zone));
        let unserved: Vec<&str> = unserved.map(crate::fleet::Zone::as_str).collect();
        if unserved.is_empty() {
            found.push(Finding::good(format!("{} serves the zones of {}", balancer.name, group.name)));
        } else {
            let zones = unserved.join(", ");
            found.push(Finding::bad(
                format!("{} launches into {zones}, which {} does not serve", group.name, balancer.name),
                format!("Enable {zones} at {}, or take it from the group", balancer.name),
            ));
        }
    }
    found
}
