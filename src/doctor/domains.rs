//! The site's domains, and where DNS leads to.

use super::{Examined, Finding, Lookup, Named};

fn is_wildcard(domain: &str) -> bool {
    domain.starts_with('.') || domain.contains('*')
}

pub(super) fn domains(examined: &Examined<'_>) -> Vec<Finding> {
    let place = examined.patient.place;
    let Some(first) = place.domains.first() else {
        return vec![Finding::bad(
            format!("{} has no domain", place.name),
            "Name its domains under `site_domains_map` in fabulaws-config.yml, the site's own first",
        )];
    };
    let mut found = Vec::new();
    if is_wildcard(first) {
        found.push(Finding::bad(
            format!("The first domain {first} is a wildcard, and it names the site"),
            "Put a plain domain first in `site_domains_map`",
        ));
    }
    let Some(names) = examined.patient.names else { return found };
    let leads_to =
        |name: &str| names.iter().find(|lookup| lookup.name == name).map(|lookup| &lookup.leads_to);
    let dns_names: Vec<&str> = place
        .load_balancers
        .iter()
        .filter_map(|name| examined.patient.snapshot.load_balancer(name)?.dns_name.as_deref())
        .collect();
    let own: Vec<&String> = dns_names
        .iter()
        .filter_map(|name| match leads_to(name)? {
            Named::Addresses(addresses) => Some(addresses),
            _ => None,
        })
        .flatten()
        .collect();
    for domain in place.domains.iter().filter(|domain| !is_wildcard(domain)) {
        if let Some(lookup) = names.iter().find(|lookup| lookup.name == *domain) {
            found.push(one(lookup, domain == first, &own, &dns_names));
        }
    }
    found
}

fn one(lookup: &Lookup, is_first: bool, own: &[&String], dns_names: &[&str]) -> Finding {
    let name = &lookup.name;
    match &lookup.leads_to {
        Named::Unknown(why) => Finding::unknown(
            format!("Where {name} leads is not known"),
            "Look at the resolver of this machine",
        )
        .seen(why),
        Named::Nothing => {
            let target = dns_names.first().copied().unwrap_or("the load balancer");
            let what = format!("DNS does not know {name}");
            let cure = format!("Make it an alias of {target}, or take it out of `site_domains_map`");
            if is_first { Finding::bad(what, cure) } else { Finding::warning(what, cure) }
        }
        Named::Addresses(addresses) if own.is_empty() => {
            Finding::good(format!("{name} leads to {}", addresses.join(", ")))
        }
        Named::Addresses(addresses) if addresses.iter().any(|address| own.contains(&address)) => {
            Finding::good(format!("{name} leads to its load balancer"))
        }
        Named::Addresses(addresses) => Finding::warning(
            format!("{name} does not lead to a load balancer of this environment"),
            format!(
                "If no proxy or CDN stands in front of it, make it an alias of {}",
                dns_names.first().copied().unwrap_or("the load balancer")
            ),
        )
        .seen(format!("it leads to {}", addresses.join(", "))),
    }
}
