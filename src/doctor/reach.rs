//! Security groups: whether everybody reaches whom they need, and who reaches more than that (R26).

use std::collections::BTreeSet;

use super::{Examined, Finding};
use crate::fleet::reach::{Exposure, Need, Party, SSH, exposed, is_reached, needs, sources};
use crate::fleet::{Ground, Role, SecurityGroup, SecurityGroupId};

/// What there is to judge; nothing where the ground was not looked at.
struct Look<'a> {
    all: &'a [SecurityGroup],
    networks: Vec<String>,
    /// Roles with their groups, as the config names them, else as their servers show.
    roles: Vec<(Role, Vec<&'a SecurityGroup>)>,
    /// Names in the config of groups that are not there.
    missing: BTreeSet<String>,
    /// Groups of the load balancers.
    balancers: Vec<&'a SecurityGroup>,
}

/// What could not be read of it, as a finding.
fn unread(ground: &Ground) -> Option<Finding> {
    let why = ground.security_groups.as_ref().err().or(ground.vpcs.as_ref().err())?;
    let cure = "Allow ec2:DescribeSecurityGroups and ec2:DescribeVpcs: README has the policy";
    Some(Finding::unknown("Which security groups there are is not known", cure).seen(why))
}

fn look<'a>(examined: &Examined<'a>) -> Option<Result<Look<'a>, Finding>> {
    let ground = examined.patient.ground?;
    if let Some(unread) = unread(ground) {
        return Some(Err(unread));
    }
    let all = ground.security_groups.as_ref().ok()?.as_slice();
    let vpcs = ground.vpcs.as_ref().ok()?;
    let of_servers = examined.servers.iter().find_map(|server| server.vpc.as_deref());
    let rooms = ground.subnets.as_ref().ok();
    let of_subnets = || rooms.and_then(|rooms| rooms.iter().find_map(|room| room.vpc.as_deref()));
    let vpc = of_servers.or_else(of_subnets);
    let vpc = vpcs.iter().find(|one| vpc.map_or(one.is_default, |id| one.id == id)).or_else(|| vpcs.first());
    let (mut roles, mut missing) = (Vec::new(), BTreeSet::new());
    for role in [Role::Web, Role::Worker, Role::Cache, Role::DbPrimary, Role::DbReplica, Role::Combo] {
        let mut groups: Vec<&SecurityGroup> = Vec::new();
        for name in examined.patient.place.build.role(&role).security_groups {
            match vpc.and_then(|vpc| ground.security_group(&vpc.id, &name)) {
                Some(group) => groups.push(group),
                None if examined.patient.place.has_role(&role) => {
                    missing.insert(name);
                }
                None => {}
            }
        }
        let servers = examined.of_roles(std::slice::from_ref(&role));
        for id in servers.iter().flat_map(|server| &server.security_group_ids) {
            let found = all.iter().find(|group| group.id.as_str() == id);
            groups.extend(found.filter(|found| !groups.iter().any(|known| known.id == found.id)));
        }
        if !groups.is_empty() {
            roles.push((role, groups));
        }
    }
    let known = examined.patient.snapshot.load_balancers.value();
    let names = &examined.patient.place.load_balancers;
    let ids: Vec<&SecurityGroupId> = names
        .iter()
        .filter_map(|name| known?.get(name))
        .flat_map(|balancer| &balancer.security_groups)
        .collect();
    let balancers = all.iter().filter(|group| ids.contains(&&group.id)).collect();
    let networks = vpc.map(|vpc| vpc.networks.clone()).unwrap_or_default();
    Some(Ok(Look { all, networks, roles, missing, balancers }))
}

/// Judges what was looked at.
fn judged<'a>(
    examined: &Examined<'a>,
    judge: impl FnOnce(&Look<'a>, String) -> Vec<Finding>,
) -> Vec<Finding> {
    let cure = format!("quarterdeck plan create-foundation {}", examined.patient.place.name);
    match look(examined) {
        None => Vec::new(),
        Some(Err(unread)) => vec![unread],
        Some(Ok(look)) => judge(&look, cure),
    }
}

/// The groups that the config names are there.
pub(super) fn exist(examined: &Examined<'_>) -> Vec<Finding> {
    judged(examined, |look, cure| {
        if look.missing.is_empty() {
            let all: BTreeSet<&str> =
                look.roles.iter().flat_map(|(_, groups)| groups).map(|group| group.name.as_str()).collect();
            if all.is_empty() {
                return Vec::new();
            }
            return vec![Finding::good(format!(
                "{} are there",
                all.into_iter().collect::<Vec<_>>().join(", ")
            ))];
        }
        let missing: Vec<&str> = look.missing.iter().map(String::as_str).collect();
        let what = match missing.as_slice() {
            [one] => format!("There is no security group {one}"),
            several => format!("There are no security groups {}", several.join(", ")),
        };
        vec![Finding::bad(what, cure)]
    })
}

/// Who needs somebody reaches them.
pub(super) fn ways(examined: &Examined<'_>) -> Vec<Finding> {
    judged(examined, |look, cure| {
        let roles: Vec<Role> = look.roles.iter().map(|(role, _)| role.clone()).collect();
        if roles.is_empty() {
            return Vec::new();
        }
        let of = |party: &Party| -> Vec<&SecurityGroup> {
            match party {
                Party::Balancer => look.balancers.clone(),
                Party::Role(role) => look
                    .roles
                    .iter()
                    .find(|(known, _)| known == role)
                    .map_or_else(Vec::new, |(_, groups)| groups.clone()),
                Party::World | Party::Operators => Vec::new(),
            }
        };
        let is_closed = |need: &&Need| {
            let (to, from) = (of(&need.to), of(&need.from));
            match (&need.to, &need.from) {
                // From where the site is used is nobody's business but the owner's: somebody reaches it, or nobody.
                (Party::Balancer, _) => {
                    !to.is_empty()
                        && !to.iter().any(|group| group.rules.iter().any(|rule| rule.serves(need.port)))
                }
                (_, Party::Balancer) if from.is_empty() => false,
                _ => {
                    let ids: Vec<SecurityGroupId> = from.iter().map(|group| group.id.clone()).collect();
                    !is_reached(&to, need.port, &ids, &look.networks)
                }
            }
        };
        let needs = needs(&roles);
        let closed: Vec<&Need> = needs.iter().filter(is_closed).collect();
        if closed.is_empty() {
            return vec![Finding::good("every role reaches what it needs")];
        }
        let mut finding = Finding::bad("Security groups keep apart who needs each other", cure);
        for need in closed {
            finding =
                finding.seen(format!("nothing lets {} reach {} on port {}", need.from, need.to, need.port));
        }
        vec![finding]
    })
}

/// Groups of servers and load balancers, each once.
fn every<'a>(look: &Look<'a>) -> Vec<&'a SecurityGroup> {
    let mut all: Vec<&SecurityGroup> = Vec::new();
    for group in look.roles.iter().flat_map(|(_, groups)| groups).chain(&look.balancers) {
        if !all.iter().any(|known| known.id == group.id) {
            all.push(group);
        }
    }
    all
}

/// R26: SSH from everywhere.
pub(super) fn ssh(examined: &Examined<'_>) -> Vec<Finding> {
    judged(examined, |look, _| {
        let all = every(look);
        if all.is_empty() {
            return Vec::new();
        }
        let open: Vec<String> = exposed(&all, &look.networks)
            .iter()
            .filter(|one| matches!(one, Exposure::Ssh { .. }))
            .map(ToString::to_string)
            .collect();
        if open.is_empty() {
            let from = sources(&all, look.all).into_iter().find(|line| line.starts_with(&format!("{SSH} ")));
            return vec![Finding::good(from.map_or_else(
                || "SSH is open to nobody".to_owned(),
                |from| format!("SSH is open to {}", from.trim_start_matches("22 from ")),
            ))];
        }
        let cure = "Open it to the networks that you work from (create-foundation --ssh-from), and then close it to others: \
                    aws ec2 revoke-security-group-ingress";
        let finding = Finding::warning("SSH is open to everybody", cure);
        vec![open.into_iter().fold(finding, Finding::seen)]
    })
}

/// R26: database, queue and caches for somebody outside.
pub(super) fn inner(examined: &Examined<'_>) -> Vec<Finding> {
    judged(examined, |look, _| {
        let all = every(look);
        if all.is_empty() {
            return Vec::new();
        }
        let open = exposed(&all, &look.networks);
        let open: Vec<(String, bool)> = open
            .iter()
            .filter_map(|one| match one {
                Exposure::Inner { rule, .. } => Some((one.to_string(), rule.from.is_anywhere())),
                Exposure::Ssh { .. } => None,
            })
            .collect();
        if open.is_empty() {
            let finding = Finding::good("database, queue and caches are reached from inside the VPC only");
            return vec![sources(&all, look.all).into_iter().fold(finding, Finding::seen)];
        }
        let cure = "Close it: aws ec2 revoke-security-group-ingress; those who need it are let in by their security group, by \
                    create-foundation";
        let finding = if open.iter().any(|(_, anywhere)| *anywhere) {
            Finding::bad("Database, queue or caches are open to everybody", cure)
        } else {
            Finding::warning("Database, queue or caches are open to networks outside the VPC", cure)
        };
        vec![open.into_iter().fold(finding, |finding, (told, _)| finding.seen(told))]
    })
}
