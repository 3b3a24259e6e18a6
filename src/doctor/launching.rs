//! What servers are launched from, and whether there is room for them.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::group::there;
use super::{Examined, Finding, known};
use crate::fleet::room::architecture;
use crate::fleet::words::{age, count, grouped};
use crate::fleet::{Image, LaunchSource, Role, Server, SubnetRoom};

/// What the group launches, and its image.
pub(super) fn launch(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(group) = there(examined) else { return Vec::new() };
    let (name, snapshot) = (&group.name, examined.patient.snapshot);
    let environment = &examined.patient.place.name;
    let release = format!("Make a release, and deploy it: quarterdeck plan create-release {environment}");
    let Some(source) = &group.launch else {
        return vec![Finding::bad(format!("{name} names nothing to launch"), release)];
    };
    let label = source.label();
    let settings = match known(&format!("What {name} launches is"), &snapshot.launch) {
        Ok(all) => all.get(source),
        Err(unknown) => return vec![unknown],
    };
    let Some(settings) = settings else {
        return vec![Finding::bad(format!("{name} launches {label}, which does not exist"), release)];
    };
    let Some(image) = &settings.image else {
        return vec![Finding::bad(format!("{label} names no image"), release)];
    };
    let images = match known(&format!("Whether image {image} exists is"), &snapshot.images) {
        Ok(images) => images,
        Err(unknown) => return vec![unknown],
    };
    vec![match images.get(image).map(|image: &Image| image.state.as_str()) {
        Some("available") => Finding::good(format!("{label}, with image {image}")),
        Some("pending") => {
            Finding::warning(format!("Image {image} is not ready yet"), "Wait until it is available")
                .seen(format!("{name} launches {label}"))
        }
        Some(state) => Finding::bad(format!("Image {image} is {state}: nothing can be launched"), release)
            .seen(format!("{name} launches {label}")),
        None => Finding::bad(format!("There is no image {image} any more: nothing can be launched"), release)
            .seen(format!("{name} launches {label}")),
    }]
}

/// Launch configurations are on their way out, and moving versions move by themselves (R7).
pub(super) fn kind(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(group) = there(examined) else { return Vec::new() };
    let Some(source) = &group.launch else { return Vec::new() };
    vec![match source {
        LaunchSource::Configuration { name } => Finding::warning(
            format!("{} launches from a launch configuration", group.name),
            "Move the group to a launch template: make one of the same settings, and point the group at its version",
        )
        .seen(name.as_str())
        .seen("accounts made since October 2024 cannot make launch configurations, and no type newer than 2022 has them"),
        LaunchSource::Template { .. } if source.is_floating() => Finding::warning(
            format!("{} launches whatever version is newest or the default", group.name),
            "Point it at a numbered version: else one made ahead of time is launched before anybody deploys it",
        )
        .seen(source.label()),
        LaunchSource::Template { .. } => {
            Finding::good(format!("{} launches a numbered version of a template", group.name))
        }
    }]
}

/// What the group launches runs on the servers that it launches.
pub(super) fn fits(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(group) = there(examined) else { return Vec::new() };
    let snapshot = examined.patient.snapshot;
    let settings = group.launch.as_ref().and_then(|source| snapshot.launch.value()?.get(source));
    let Some((image, kind)) =
        settings.and_then(|one| Some((one.image.as_ref()?, one.instance_type.as_ref()?)))
    else {
        return Vec::new();
    };
    let Some(known) = snapshot.images.value().and_then(|all| all.get(image)) else { return Vec::new() };
    match (known.architecture.as_deref(), architecture(kind)) {
        (Some(of_image), Some(of_type)) if of_image != of_type => vec![
            Finding::bad(
                format!("{} launches image {image} on {kind}, which cannot run it", group.name),
                "Make a release for that type, or launch it on a type of the image's architecture",
            )
            .seen(format!("the image is for {of_image}, the type is {of_type}")),
        ],
        (Some(of_image), Some(_)) => {
            vec![Finding::good(format!("image {image} and {kind} are both {of_image}"))]
        }
        _ => vec![Finding::unknown(
            format!("Whether {kind} runs image {image} is not known"),
            "Compare their architectures in EC2",
        )],
    }
}

/// Whoever gets a web server to fetch a page for him gets its credentials, where no token is asked for.
pub(super) fn tokens(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(group) = there(examined) else { return Vec::new() };
    let settings =
        group.launch.as_ref().and_then(|source| examined.patient.snapshot.launch.value()?.get(source));
    let Some(settings) = settings else { return Vec::new() };
    let label = settings.resolved.label();
    let cure =
        "Make a template version with the metadata option HttpTokens set to `required`, and a release of it";
    vec![match settings.tokens_required {
        Some(true) => {
            Finding::good(format!("servers of {label} want a token from whoever asks for their credentials"))
        }
        Some(false) => Finding::warning(
            format!("Servers of {label} give their credentials to whoever asks without a token (HttpTokens)"),
            cure,
        ),
        None => Finding::unknown(
            format!("Whether servers of {label} want a token (HttpTokens) is as image and account say"),
            cure,
        ),
    }]
}

/// What new servers are built from, where the config names it.
pub(super) fn base(examined: &Examined<'_>) -> Vec<Finding> {
    let place = examined.patient.place;
    let Some(id) = &place.build.image else { return Vec::new() };
    let images = match known(&format!("Whether image {id} exists is"), &examined.patient.snapshot.images) {
        Ok(images) => images,
        Err(unknown) => return vec![unknown],
    };
    let name = "`ami` under `instance_settings` in fabulaws-config.yml";
    let Some(image) = images.get(id) else {
        return vec![Finding::bad(
            format!("There is no image {id}: no server can be built"),
            format!("Name one of this region as {name}"),
        )];
    };
    let types = place.build.roles.iter().filter_map(|(role, of)| Some((role, of.instance_type.as_ref()?)));
    let others = types.filter(|(_, kind)| {
        let of_image = image.architecture.as_deref();
        architecture(kind).is_some_and(|of_type| of_image.is_some_and(|of_image| of_image != of_type))
    });
    let others: Vec<String> = others.map(|(role, kind)| format!("{role} is {kind}")).collect();
    if others.is_empty() {
        return vec![Finding::good(format!("image {id} is there to build servers from"))];
    }
    let what = format!("Image {id} does not run on every type that `instance_types` names");
    let of_image = image.architecture.as_deref().unwrap_or("?");
    let mut finding = Finding::bad(what, format!("Name other types, or another image as {name}"));
    finding = finding.seen(format!("the image is for {of_image}"));
    vec![others.into_iter().fold(finding, Finding::seen)]
}

/// R8: an image carries the addresses of its time.
pub(super) fn stale(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(group) = there(examined) else { return Vec::new() };
    let snapshot = examined.patient.snapshot;
    let Some(source) = &group.launch else { return Vec::new() };
    if snapshot.servers.value().is_none() {
        return Vec::new();
    }
    let release = snapshot.release_of_launch(source);
    let label = source.label();
    let Some(made_at) = release.made_at else {
        return vec![Finding::unknown(
            format!("When the image of {label} was made is not known"),
            "If the database or the cache was replaced since, make a new release",
        )];
    };
    let environment = &examined.patient.place.name;
    let cure = format!("Make the release anew: quarterdeck plan create-release {environment}");
    let newer = |roles: &[Role]| {
        let servers = examined.of_roles(roles).into_iter();
        servers.filter(|server| server.launched_at.is_some_and(|at| at > made_at)).collect::<Vec<_>>()
    };
    let (vital, replicas) = (newer(&[Role::DbPrimary, Role::Combo, Role::Cache]), newer(&[Role::DbReplica]));
    let mut found = Vec::new();
    if !vital.is_empty() {
        let what = "The release may know addresses of servers that are gone".to_owned();
        found.push(with(Finding::bad(what, &cure), &label, &vital, made_at));
    }
    let rotated = examined.of_roles(&[Role::DbPrimary, Role::Combo]).into_iter();
    if let Some(at) = rotated.filter_map(Server::secrets_since).find(|at| *at > made_at) {
        let later = age(at.duration_since(made_at));
        let what = "The release has secrets that count no more".to_owned();
        found.push(
            Finding::bad(what, &cure).seen(format!("they were rotated {later} after the image of {label}")),
        );
    }
    let left: Vec<&Server> = examined
        .of_roles(&[Role::DbReplica])
        .into_iter()
        .filter(|server| server.left().is_some_and(|left| left.since > made_at))
        .collect();
    if !left.is_empty() {
        let what = "The release reads from a replica that was left".to_owned();
        let say = |finding: Finding, server: &&Server| {
            finding.seen(format!("leave-replicas was run for {}", server.id))
        };
        found.push(left.iter().fold(Finding::bad(what, &cure), say));
    }
    if !replicas.is_empty() {
        let what = "The release may not know every replica".to_owned();
        found.push(with(Finding::warning(what, &cure), &label, &replicas, made_at));
    }
    if found.is_empty() {
        found.push(Finding::good(format!("{label} is newer than its database and cache")));
    }
    found
}

fn with(mut finding: Finding, label: &str, servers: &[&Server], made_at: Timestamp) -> Finding {
    for server in servers {
        let later = server.launched_at.map_or_else(String::new, |at| age(at.duration_since(made_at)));
        let role = &server.role.role;
        finding
            .evidence
            .push(format!("{role} {} was launched {later} after the image of {label}", server.id));
    }
    finding
}

/// Zones that servers go into.
pub(super) fn zones(examined: &Examined<'_>) -> Vec<Finding> {
    let mut zones: BTreeSet<&str> = BTreeSet::new();
    let mut found = Vec::new();
    if let Some(group) = there(examined) {
        zones.extend(group.zones.iter().map(crate::fleet::Zone::as_str));
    } else if let Some(project) = examined.patient.project {
        zones.extend(project.zones.iter().map(String::as_str));
    } else {
        return Vec::new();
    }
    if let Some(project) = examined.patient.project.filter(|project| !project.without_subnet.is_empty()) {
        found.push(Finding::bad(
            format!("No subnet in {}", project.without_subnet.join(", ")),
            "Name one for each zone of `avail_zones` under `subnets` in fabulaws-config.yml",
        ));
    }
    match zones.len() {
        0 => found.push(Finding::bad("No zone to launch servers in", "Name some under `avail_zones`")),
        1 => found.push(
            Finding::warning(
                "Web servers are in one zone: when that fails the site is down",
                "Give the group subnets in a second zone, and enable it at the load balancer",
            )
            .seen(zones.into_iter().collect::<Vec<_>>().join(", ")),
        ),
        n => found.push(Finding::good(format!(
            "{}: {}",
            count(n as u64, "zone"),
            zones.into_iter().collect::<Vec<_>>().join(", ")
        ))),
    }
    found
}

/// How many servers a deploy launches at most before the old ones leave: as many as there are wanted.
fn at_once(examined: &Examined<'_>) -> u32 {
    there(examined).map_or(1, |group| group.desired.max(1))
}

/// Free addresses.
pub(super) fn addresses(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(room) = examined.patient.room else { return Vec::new() };
    let subnets = match &room.subnets {
        Ok(subnets) => subnets,
        Err(why) => {
            let cure = "Allow ec2:DescribeSubnets to whoever asks, or ask again: README has the policy";
            return vec![Finding::unknown("Free addresses are not known", cure).seen(why)];
        }
    };
    if subnets.is_empty() {
        return vec![Finding::bad(
            "None of the subnets that servers go into exists",
            "Correct `subnets` in fabulaws-config.yml, or the group's own subnets",
        )];
    }
    let wanted = at_once(examined);
    let free = subnets.iter().fold(0_u32, |sum, subnet| sum.saturating_add(subnet.free));
    let cure = "Let go what holds addresses there, or give the group another subnet";
    let mut found: Vec<Finding> = Vec::new();
    if free == 0 {
        found.push(with_subnets(Finding::bad("No address is free for a new server", cure), subnets));
    } else if free < wanted {
        let what = format!(
            "{} free: a full deploy launches {} beside the old ones",
            if free == 1 {
                "1 address is".to_owned()
            } else {
                format!("{} addresses are", grouped(free.into()))
            },
            grouped(wanted.into())
        );
        found.push(with_subnets(Finding::warning(what, cure), subnets));
    } else {
        let full: Vec<&SubnetRoom> = subnets.iter().filter(|subnet| subnet.free == 0).collect();
        for subnet in full {
            found.push(Finding::warning(format!("{} in {} is full", subnet.id, subnet.zone), cure));
        }
    }
    if found.is_empty() {
        found.push(Finding::good(format!(
            "{} free in {}",
            count(free.into(), "address").replace("addresss", "addresses"),
            count(subnets.len() as u64, "subnet")
        )));
    }
    found
}

fn with_subnets(mut finding: Finding, subnets: &[SubnetRoom]) -> Finding {
    for subnet in subnets {
        finding.evidence.push(format!(
            "{} in {}: {} free",
            subnet.id,
            subnet.zone,
            grouped(subnet.free.into())
        ));
    }
    finding
}

/// The quota of what runs on demand.
pub(super) fn vcpus(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(room) = examined.patient.room else { return Vec::new() };
    let vcpus = match &room.vcpus {
        Ok(vcpus) => vcpus,
        Err(why) => {
            let cure = "Allow servicequotas:GetServiceQuota and ec2:DescribeInstanceTypes to whoever asks, or ask again";
            return vec![
                Finding::unknown("Whether the quota of vCPUs has room is not known", cure).seen(why),
            ];
        }
    };
    let left = vcpus.limit.saturating_sub(vcpus.used);
    let all = vcpus.each.saturating_mul(at_once(examined));
    let evidence = format!(
        "{} of {} in use in {}, class {}; a web server takes {}",
        grouped(vcpus.used.into()),
        count(vcpus.limit.into(), "vCPU"),
        examined.patient.topology.region,
        vcpus.class,
        vcpus.each
    );
    let cure = format!("Ask AWS to raise quota {}, or let go what is not needed", vcpus.class.code());
    vec![if left < vcpus.each {
        Finding::bad("The quota of vCPUs is used up: no web server can be launched", cure).seen(evidence)
    } else if left < all {
        Finding::warning("The quota of vCPUs is too small for a full deploy", cure)
            .seen(evidence)
            .seen(format!("a full deploy launches {} beside the old ones", grouped(at_once(examined).into())))
    } else {
        Finding::good(format!("{} left", count(left.into(), "vCPU")))
    }]
}
