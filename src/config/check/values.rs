//! Rules on single values.

use std::net::IpAddr;

use super::super::mapping::{Cell, Mapping};
use super::super::problem::{ProblemSeverity, Problems};
use super::super::section::At;
use super::Context;
use crate::fleet::words::nearest;

pub fn domains(context: &Context<'_>, out: &mut Problems) {
    for (environment, domains) in &context.project.places.site_domains_map {
        if let Some(first) = domains.first()
            && (first.starts_with('.') || first.contains('*'))
        {
            let right =
                domains.iter().skip(1).find(|domain| !domain.starts_with('.') && !domain.contains('*'));
            let what = format!(
                "the first domain of `{}` is the wildcard `{}`, but it names the site; put a plain one first",
                environment.value, first.value
            );
            out.add(ProblemSeverity::Error, first.at, &what, right.map(|domain| domain.value.clone()));
        }
        for domain in domains {
            if domain.contains("://") || domain.contains(['/', ':', ' ']) || domain.is_empty() {
                out.error(
                    domain.at,
                    format!("`{}` is no domain; write it without scheme, port and path", domain.value),
                );
            }
        }
    }
}

pub fn zones(context: &Context<'_>, out: &mut Problems) {
    let Some(region) = &context.project.aws.region else { return };
    for zone in &context.project.aws.avail_zones {
        let letter = zone.strip_prefix(region.as_str()).unwrap_or(zone);
        if letter.len() == 1 && letter.starts_with(|c: char| c.is_ascii_lowercase()) {
            continue;
        }
        let what = format!(
            "`{}` is no zone of {}; write its letter, or `{}a` in full",
            zone.value, region.value, region.value
        );
        let last = zone.chars().last().filter(char::is_ascii_lowercase);
        out.add(ProblemSeverity::Error, zone.at, &what, last.map(String::from));
    }
}

pub fn subnets(context: &Context<'_>, out: &mut Problems) {
    let project = context.project;
    let Some(subnets) = project.aws.subnets.as_ref().filter(|subnets| !subnets.value.is_empty()) else {
        return;
    };
    for zone in &project.aws.avail_zones {
        if project.subnet(zone).is_none() {
            out.error(
                zone.at,
                format!(
                    "the zone `{}` has no subnet in `subnets`; give it one as `{}` or `{}`",
                    zone.value,
                    zone.value,
                    project.zone_in_full(zone)
                ),
            );
        }
    }
    for (zone, subnet) in &subnets.value {
        let full = project.zone_in_full(zone);
        if !project.aws.avail_zones.iter().any(|known| project.zone_in_full(known) == full) {
            let known = project.aws.avail_zones.iter().map(|zone| zone.as_str());
            let what = format!("`subnets` names the zone `{}`, which is not in `avail_zones`", zone.value);
            let right = nearest(zone, known).filter(|_| zone.value.len() > 1).map(str::to_owned);
            out.add(ProblemSeverity::Note, zone.at, &what, right);
        }
        if !subnet.starts_with("subnet-") {
            out.error(subnet.at, format!("`{}` is no subnet; their ids begin with `subnet-`", subnet.value));
        }
    }
}

const ADDRESSES: [&str; 5] =
    ["public_dns_name", "private_ip_address", "private_dns_name", "ip_address", "dns_name"];
const FILE_SYSTEMS: [&str; 4] = ["ext3", "ext4", "xfs", "btrfs"];
const VOLUMES: [&str; 7] = ["gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"];

pub fn words(context: &Context<'_>, out: &mut Problems) {
    let (aws, names) = (&context.project.aws, &context.project.names);
    if let Some(region) = &aws.region
        && !crate::fleet::region::KNOWN.contains(&region.as_str())
        && !region.starts_with("us-gov-")
    {
        let what = format!("`region` is `{}`, which is no region known here", region.value);
        let right = nearest(region, crate::fleet::region::KNOWN).map(str::to_owned);
        out.add(ProblemSeverity::Warning, region.at, &what, right);
    }
    if let Some(address) = &aws.ec2_attr_for_ssh {
        among("ec2_attr_for_ssh", address, &ADDRESSES, out);
    }
    if let Some(hosting) = &context.project.servers.static_hosting {
        among("static_hosting", hosting, &["local", "remote"], out);
    }
    if let Some(vcs) = &names.vcs_cmd {
        let program =
            vcs.split_whitespace().next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        among("vcs_cmd", &At::new(program.to_owned(), vcs.at), &["git", "hg"], out);
    }
    each(&aws.volume_types, |kind| among("volume_types", kind, &VOLUMES, out));
    let settings = context.project.tree.get("instance_settings");
    if let (Some(kind), Some(node)) =
        (&context.project.instances.fs_type, settings.and_then(|node| node.get("fs_type")))
    {
        among("fs_type", &At::new(kind.clone(), node.at), &FILE_SYSTEMS, out);
    }
    for network in &context.project.servers.database.networks {
        if !is_network(network) {
            let example = "they look like `10.0.0.0/8`";
            out.error(network.at, format!("`{}` is no network that may connect; {example}", network.value));
        }
    }
}

/// What `pg_hba.conf` takes: an address with its prefix, or one of its words.
fn is_network(text: &str) -> bool {
    if matches!(text, "all" | "samenet" | "samehost") {
        return true;
    }
    let Some((address, prefix)) = text.split_once('/') else { return false };
    let (Ok(address), Ok(prefix)) = (address.parse::<IpAddr>(), prefix.parse::<u8>()) else { return false };
    prefix <= if address.is_ipv4() { 32 } else { 128 }
}

fn among(key: &str, word: &At<String>, known: &[&str], out: &mut Problems) {
    if !known.contains(&word.as_str()) {
        let what = format!("`{key}` is `{}`; it is one of {}", word.value, known.join(", "));
        let right = nearest(word, known.iter().copied()).map(str::to_owned);
        out.add(ProblemSeverity::Error, word.at, &what, right);
    }
}

fn each<'a, T>(mapping: &'a Mapping<T>, mut see: impl FnMut(&'a T)) {
    for (_, cell) in &mapping.rows {
        match cell {
            Cell::One(value) => see(value),
            Cell::Each(cells) => cells.iter().for_each(|(_, value)| see(value)),
        }
    }
}

pub fn aws_names(context: &Context<'_>, out: &mut Problems) {
    let aws = &context.project.aws;
    each(&aws.load_balancers, |names| {
        for name in names {
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if !plain || name.is_empty() || name.len() > 32 || name.starts_with('-') || name.ends_with('-') {
                let rule = "letters, digits and inner dashes, 32 at most";
                out.error(name.at, format!("`{}` cannot be the name of a load balancer: {rule}", name.value));
            }
        }
    });
    each(&aws.auto_scaling_groups, |name| {
        if name.is_empty() || name.len() > 255 || name.contains([':', '|']) {
            out.error(name.at, format!("`{}` cannot be the name of a group", name.value));
        }
    });
    each(&aws.instance_types, |kind| {
        let word = |part: &str| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) && part.chars().all(fits)
        };
        let shaped = kind.split_once('.').is_some_and(|(family, size)| word(family) && word(size));
        if !shaped {
            out.error(kind.at, format!("`{}` is no instance type; they look like `t3.medium`", kind.value));
        }
    });
    let is_image = |ami: &&str| {
        let id = ami.strip_prefix("ami-");
        id.is_some_and(|id| matches!(id.len(), 8 | 17) && id.chars().all(|c| c.is_ascii_hexdigit()))
    };
    if let Some(ami) = context.project.instances.ami.as_deref().filter(|ami| !is_image(ami)) {
        let entry = context.project.tree.get("instance_settings").and_then(|node| node.get("ami"));
        let at = entry.map(|node| node.at).unwrap_or_default();
        out.error(at, format!("`{ami}` is no image; their ids look like `ami-0123456789abcdef0`"));
    }
}

pub fn luks_with_groups(context: &Context<'_>, out: &mut Problems) {
    let project = context.project;
    if project.instances.fs_encrypt && !project.aws.auto_scaling_groups.rows.is_empty() {
        let entry = project.tree.get("instance_settings").and_then(|node| node.entry("fs_encrypt"));
        out.warning(
            entry.map(|entry| entry.at).unwrap_or_default(),
            "with `fs_encrypt` a web server that its group starts boots locked, fails its health check and is \
             replaced, again and again; use `ebs_encrypt: true` instead",
        );
    }
}

pub fn known_hosts(context: &Context<'_>, out: &mut Problems) {
    let at = context.project.at("disable_known_hosts");
    if !context.project.checks_host_keys(context.check_host_keys) {
        let what = "host keys are not checked, for quarterdeck.toml says `check_host_keys = false`, too: nobody \
                    notices when another machine answers; take out one of them";
        out.warning(at, what);
    } else if context.project.disable_known_hosts.as_ref().is_some_and(|flag| flag.value) {
        let what = "`disable_known_hosts` alone is not obeyed: host keys are checked; take it out";
        out.note(at, what);
    }
}

/// Old names: the key, within which mapping, and what to do.
const OLD_KEYS: &[(&str, &str, &str)] = &[
    ("", "log_host", "it is called `gelf_log_host` now"),
    ("instance_settings", "secure_root", "it is called `app_root` now"),
    ("instance_settings", "secure_home", "it does nothing any more"),
];

pub fn old_keys(context: &Context<'_>, out: &mut Problems) {
    for (within, key, advice) in OLD_KEYS {
        let tree = context.project.tree.as_ref();
        let node = if within.is_empty() { Some(tree) } else { tree.get(within) };
        if let Some(entry) = node.and_then(|node| node.entry(key))
            && !entry.value.is_null()
        {
            out.note(entry.at, format!("`{key}` is an old key; {advice}"));
        }
    }
}
