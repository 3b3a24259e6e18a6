//! What environments stand on: security groups, key pairs, load balancers, launch templates and groups, made and deleted.

use rusqlite::{OptionalExtension, params};

use super::{Changed, absent, launch, refused};
use crate::cloud::CloudError;
use crate::fleet::{
    LaunchSource, NewGroup, NewKeyPair, NewLoadBalancer, NewSecurityGroup, NewTemplate, Origin, Rule,
    SecurityGroupId, is_network,
};
use crate::sandbox::ground;
use crate::sandbox::places::{DEPLOYMENT, REGION};
use crate::sandbox::read::View;
use crate::sandbox::rows::{Event, launch_key, schedule};

/// A group looks at itself so long after it was made, in milliseconds.
const NOTICED: i64 = 3_000;

#[allow(clippy::unnecessary_wraps, reason = "changes end with it")]
fn taken<T>(what: &str, code: &str) -> Changed<T> {
    Ok(Err(CloudError::Exists(format!("There is a {what} already ({code})."))))
}

pub(super) fn create_security_group(view: &View<'_>, new: &NewSecurityGroup) -> Changed<SecurityGroupId> {
    if new.name.is_empty() || new.name.starts_with("sg-") || new.description.is_empty() {
        return refused(
            "Nothing was made: a security group has a description, and a name that is no id (InvalidParameterValue).",
        );
    }
    if new.vpc != view.dice.id("vpc", "vpc", 0) {
        return absent(format!("Nothing was made: there is no VPC {} (InvalidVpcID.NotFound).", new.vpc));
    }
    let id = ground::id(view.dice, &new.name);
    if exists(view, "SELECT 1 FROM security_groups WHERE id = ?1", &id)? {
        return taken(&format!("security group {}", new.name), "InvalidGroup.Duplicate");
    }
    ground::insert(view.c, &id, &new.vpc, &new.name, view.now)?;
    ground::tag(view.c, "security-group", &id, &new.tags)?;
    Ok(Ok(SecurityGroupId::new(id)))
}

fn exists(view: &View<'_>, query: &str, subject: &str) -> rusqlite::Result<bool> {
    view.c.prepare_cached(query)?.exists([subject])
}

/// Whether a security group is known; one that was just made is not, for a while.
fn is_known(view: &View<'_>, group: &str) -> rusqlite::Result<bool> {
    let born: Option<i64> = view
        .c
        .prepare_cached("SELECT made_at FROM security_groups WHERE id = ?1")?
        .query_row([group], |row| row.get(0))
        .optional()?;
    Ok(born.is_some_and(|born| !view.is_unlisted(born)))
}

/// Why rules cannot be changed there.
fn problem(view: &View<'_>, group: &str, rules: &[Rule]) -> rusqlite::Result<Option<CloudError>> {
    let groups = rules.iter().filter_map(|rule| match &rule.from {
        Origin::Group(id) => Some(id.as_str()),
        _ => None,
    });
    for id in std::iter::once(group).chain(groups) {
        if !is_known(view, id)? {
            let words = format!("There is no security group {id} in the sandbox (InvalidGroup.NotFound).");
            return Ok(Some(CloudError::Absent(words)));
        }
    }
    let wrong = rules.iter().find(|rule| match &rule.from {
        Origin::Network(network) => !is_network(network),
        _ => false,
    });
    Ok(wrong.map(|rule| {
        let words = format!("Nothing was changed: {} is no network (InvalidParameterValue).", rule.from);
        CloudError::Refused(words)
    }))
}

pub(super) fn authorize(view: &View<'_>, group: &str, rules: &[Rule]) -> Changed<()> {
    if let Some(problem) = problem(view, group, rules)? {
        return Ok(Err(problem));
    }
    for rule in rules {
        ground::add(view.c, group, rule)?;
    }
    Ok(Ok(()))
}

pub(super) fn revoke(view: &View<'_>, group: &str, rules: &[Rule]) -> Changed<()> {
    if let Some(problem) = problem(view, group, &[])? {
        return Ok(Err(problem));
    }
    for rule in rules {
        ground::remove(view.c, group, rule)?;
    }
    Ok(Ok(()))
}

pub(super) fn delete_security_group(view: &View<'_>, group: &str) -> Changed<()> {
    if !is_known(view, group)? {
        return Ok(Ok(()));
    }
    if let Some(why) = view.user_of(group)? {
        return refused(format!("{group} was not deleted: {why} (DependencyViolation)."));
    }
    view.moment().change("DELETE FROM openings WHERE group_id = ?1", group)?;
    view.moment().change("DELETE FROM security_groups WHERE id = ?1", group)?;
    ground::untag(view.c, "security-group", group).map(Ok)
}

pub(super) fn import_key_pair(view: &View<'_>, key: &NewKeyPair) -> Changed<()> {
    if !key.public_key.starts_with("ssh-") && !key.public_key.starts_with("ecdsa-") {
        return refused("Nothing was made: that is no public key (InvalidKey.Format).");
    }
    if exists(view, "SELECT 1 FROM key_pairs WHERE name = ?1", &key.name)? {
        return taken(&format!("key pair {}", key.name), "InvalidKeyPair.Duplicate");
    }
    view.c
        .prepare_cached("INSERT INTO key_pairs (name, public_key, made_at) VALUES (?1, ?2, ?3)")?
        .execute(params![key.name, key.public_key, view.now])?;
    ground::tag(view.c, "key-pair", &key.name, &key.tags).map(Ok)
}

pub(super) fn delete_key_pair(view: &View<'_>, name: &str) -> Changed<()> {
    view.moment().change("DELETE FROM key_pairs WHERE name = ?1", name)?;
    ground::untag(view.c, "key-pair", name).map(Ok)
}

/// The environment that a thing belongs to, by its tags.
fn environment<'t>(view: &View<'_>, tags: &'t [(String, String)]) -> Changed<&'t str> {
    let find = |name: &str| tags.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let found = find("environment").filter(|_| find("deployment") == Some(DEPLOYMENT));
    let Some(name) = found else {
        return refused(
            "Nothing was made: the sandbox knows things by their tags deployment and environment.",
        );
    };
    if !exists(view, "SELECT 1 FROM environments WHERE name = ?1", name)? {
        return refused(format!("Nothing was made: the sandbox has no environment {name}."));
    }
    Ok(Ok(name))
}

pub(super) fn create_balancer(view: &View<'_>, new: &NewLoadBalancer) -> Changed<()> {
    let name = new.name.as_str();
    let environment = match environment(view, &new.tags)? {
        Ok(environment) => environment,
        Err(error) => return Ok(Err(error)),
    };
    if exists(view, "SELECT 1 FROM balancers WHERE name = ?1", name)? {
        return taken(&format!("load balancer {name}"), "DuplicateLoadBalancerName");
    }
    if new.subnets.is_empty() || new.subnets.iter().any(|subnet| view.zone_of(subnet).is_none()) {
        return refused(format!("{name} was not made: it names a subnet that is not there (InvalidSubnet)."));
    }
    for group in &new.security_groups {
        if !is_known(view, group.as_str())? {
            return absent(format!(
                "{name} was not made: there is no security group {group} (InvalidSecurityGroup)."
            ));
        }
    }
    let digits = view.dice.between(name, view.now.cast_unsigned(), 1_000_000_000, 1_999_999_999);
    // Its health check is AWS's own until somebody gives it another one.
    view.c
        .prepare_cached(
            "INSERT INTO balancers (name, environment, dns_name, scheme, target, interval, timeout,
             healthy_threshold, unhealthy_threshold, created_at)
             VALUES (?1, ?2, ?3, 'internet-facing', 'TCP:80', 30, 5, 10, 2, ?4)",
        )?
        .execute(params![
            name,
            environment,
            format!("{name}-{digits}.{REGION}.elb.amazonaws.com"),
            view.now
        ])?;
    for one in &new.listeners {
        view.c
            .prepare_cached(
                "INSERT INTO listeners (balancer, port, protocol, instance_port, instance_protocol, certificate)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                name,
                one.port,
                one.protocol,
                one.instance_port,
                one.instance_protocol,
                one.certificate
            ])?;
    }
    for group in &new.security_groups {
        view.c
            .prepare_cached("INSERT INTO balancer_groups (balancer, group_id) VALUES (?1, ?2)")?
            .execute([name, group.as_str()])?;
    }
    ground::tag(view.c, "load-balancer", name, &new.tags).map(Ok)
}

pub(super) fn configure_balancer(view: &View<'_>, new: &NewLoadBalancer) -> Changed<()> {
    let check = &new.health_check;
    let changed = view
        .c
        .prepare_cached(
            "UPDATE balancers SET target = ?2, interval = ?3, timeout = ?4, healthy_threshold = ?5,
             unhealthy_threshold = ?6 WHERE name = ?1",
        )?
        .execute(params![
            new.name.as_str(),
            check.target,
            check.interval.as_secs().cast_signed(),
            check.timeout.as_secs().cast_signed(),
            check.healthy_threshold,
            check.unhealthy_threshold
        ])?;
    if changed == 0 {
        return absent(format!(
            "There is no load balancer {} in the sandbox (LoadBalancerNotFound).",
            new.name
        ));
    }
    Ok(Ok(()))
}

pub(super) fn delete_balancer(view: &View<'_>, name: &str) -> Changed<()> {
    let moment = view.moment();
    for query in [
        "DELETE FROM registrations WHERE balancer = ?1",
        "DELETE FROM listeners WHERE balancer = ?1",
        "DELETE FROM balancer_groups WHERE balancer = ?1",
        "DELETE FROM group_balancers WHERE balancer = ?1",
        "DELETE FROM balancers WHERE name = ?1",
    ] {
        moment.change(query, name)?;
    }
    ground::untag(view.c, "load-balancer", name).map(Ok)
}

pub(super) fn create_template(view: &View<'_>, new: &NewTemplate) -> Changed<LaunchSource> {
    let known = "SELECT 1 FROM launches WHERE name = ?1 AND template IS NOT NULL AND gone = 0";
    if exists(view, known, &new.name)? {
        return taken(
            &format!("launch template {}", new.name),
            "InvalidLaunchTemplateName.AlreadyExistsException",
        );
    }
    let Some(image) = &new.image else {
        return refused("Nothing was made: the sandbox's templates name an image.");
    };
    let id = view.dice.id("lt", &format!("made {}", new.name), view.now.cast_unsigned());
    let key = launch_key(Some(&id), &new.name, Some(1));
    view.c
        .prepare_cached(
            "INSERT INTO launches (key, template, name, version, image, instance_type, description, created_at)
             VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            key,
            id,
            new.name,
            image.as_str(),
            new.instance_type,
            new.description,
            view.now
        ])?;
    ground::tag(view.c, "template", &id, &new.tags)?;
    Ok(Ok(LaunchSource::Template { id, name: new.name.clone(), version: "1".to_owned() }))
}

/// Its rows stay, for servers that were launched from it.
pub(super) fn delete_template(view: &View<'_>, name: &str) -> Changed<()> {
    let id: Option<String> = view
        .c
        .prepare_cached(
            "SELECT template FROM launches WHERE name = ?1 AND template IS NOT NULL AND gone = 0",
        )?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if let Some(id) = id {
        view.moment().change("UPDATE launches SET gone = 1 WHERE template = ?1", &id)?;
        ground::untag(view.c, "template", &id)?;
    }
    Ok(Ok(()))
}

pub(super) fn create_group(view: &View<'_>, new: &NewGroup) -> Changed<()> {
    let name = new.name.as_str();
    let environment = match environment(view, &new.member_tags)? {
        Ok(environment) => environment,
        Err(error) => return Ok(Err(error)),
    };
    if exists(view, "SELECT 1 FROM groups WHERE name = ?1", name)? {
        return taken(&format!("group {name}"), "AlreadyExists");
    }
    let found = match &new.launch {
        Some(source) => launch::find(view, source)?,
        None => None,
    };
    let Some(found) = found else {
        return refused(format!(
            "{name} was not made: it names nothing that it can launch (ValidationError)."
        ));
    };
    let sizes = new.sizes;
    if sizes.min > sizes.max || !(sizes.min..=sizes.max).contains(&sizes.desired) {
        return refused(format!("{name} was not made: its sizes contradict each other (ValidationError)."));
    }
    if new.subnets.is_empty() || new.subnets.iter().any(|subnet| view.zone_of(subnet).is_none()) {
        return refused(format!(
            "{name} was not made: it names a subnet that is not there (ValidationError)."
        ));
    }
    for balancer in &new.balancers {
        if !exists(view, "SELECT 1 FROM balancers WHERE name = ?1", balancer.as_str())? {
            return refused(format!(
                "{name} was not made: there is no load balancer {balancer}; provided load balancers may not be \
                 valid (ValidationError)."
            ));
        }
    }
    view.c
        .prepare_cached(
            "INSERT INTO groups (name, environment, smallest, desired, largest, launch, health_check_type, grace,
             policies, created_at, launched, terminated, mishaps, releases, deploying)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'ELB', ?7, 'Default', ?8, 0, 0, 0, 40, NULL)",
        )?
        .execute(params![
            name,
            environment,
            sizes.min,
            sizes.desired,
            sizes.max,
            found.key,
            new.grace_s,
            view.now
        ])?;
    for balancer in &new.balancers {
        view.c
            .prepare_cached("INSERT INTO group_balancers (group_name, balancer) VALUES (?1, ?2)")?
            .execute([name, balancer.as_str()])?;
    }
    ground::tag(view.c, "group", name, &new.tags)?;
    schedule(view.c, view.now + NOTICED, Event::Reconcile, name).map(Ok)
}

pub(super) fn delete_group(view: &View<'_>, name: &str) -> Changed<()> {
    if exists(view, "SELECT 1 FROM members WHERE group_name = ?1", name)? {
        return refused(format!("{name} was not deleted: it has servers (ResourceInUse)."));
    }
    let moment = view.moment();
    for query in [
        "DELETE FROM suspensions WHERE group_name = ?1",
        "DELETE FROM group_balancers WHERE group_name = ?1",
        "DELETE FROM events WHERE subject = ?1",
        "DELETE FROM groups WHERE name = ?1",
    ] {
        moment.change(query, name)?;
    }
    ground::untag(view.c, "group", name).map(Ok)
}
