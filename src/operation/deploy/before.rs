//! What is looked at before any deploy through the group.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::draft::Draft;
use super::super::facts::{age, stays};
use super::super::refused::some;
use super::super::release::{Launchable, releases};
use super::super::{Facts, Refused, room};
use crate::fleet::{Activity, Group, LaunchSource, LoadBalancerName, Process, Role, Server};

/// The least that a new server is given to come into service.
const PATIENCE_S: u64 = 600;

/// What a deploy through the group goes by.
pub(in super::super) struct Target<'f> {
    pub(in super::super) group: &'f Group,
    /// Every load balancer that counts, the config's and the group's.
    pub(in super::super) balancers: Vec<LoadBalancerName>,
    /// What members are to run.
    pub(in super::super) to: Launchable,
    /// What they ran before: a numbered version. The group goes back to it when the deploy stops.
    pub(in super::super) from: LaunchSource,
    /// How many members there are now, those on their way out apart.
    pub(in super::super) members: u32,
    /// How long a new server may take until it is in service.
    pub(in super::super) patience_s: u32,
}

/// Looks at everything, and refuses what would go wrong.
pub(super) fn look<'f>(
    draft: &mut Draft<'_>,
    facts: &Facts<'f>,
    to: Launchable,
) -> Result<Target<'f>, Refused> {
    let group = facts.group()?;
    facts.all_current()?;
    let environment = &facts.place.name;
    let members: Vec<_> = group.members.iter().filter(|member| stays(member)).collect();
    if members.is_empty() || group.desired == 0 {
        return Err(Refused::State(format!(
            "{} is empty: nobody serves {environment}, and there is nothing to replace. Give it servers with \
             set-sizes; they run what it launches, so that a release is made and set first",
            group.name
        )));
    }
    let balancers = balancers(draft, facts, group)?;
    one_primary(facts)?;
    let from = launched(facts, group, &to)?;
    draft.assume_sizes_and_launch(group);
    draft.assume_release(&to.launch);
    baked_secrets(draft, facts, &to)?;
    baked_addresses(draft, facts, &to)?;
    baked_users(draft, facts, &to);
    if group.is_moving() {
        draft.note(format!("{} is not at rest: servers come or go already.", group.name));
    }
    let patience_s = patience(draft, facts, group)?;
    let members = u32::try_from(members.len()).unwrap_or(u32::MAX);
    Ok(Target { group, balancers, to, from, members, patience_s })
}

/// The same of a release that is made on the way: what the group launches until then, and nothing of what is baked into it.
pub(in super::super) struct Ahead<'f> {
    pub(in super::super) group: &'f Group,
    pub(in super::super) balancers: Vec<LoadBalancerName>,
    pub(in super::super) members: u32,
    pub(in super::super) patience_s: u32,
}

/// Looks at a group whose servers are replaced by a release that is not there yet; none where it has no servers.
pub(in super::super) fn ahead<'f>(
    draft: &mut Draft<'_>,
    facts: &Facts<'f>,
    group: &'f Group,
) -> Result<Option<Ahead<'f>>, Refused> {
    let members = group.members.iter().filter(|member| stays(member)).count();
    if members == 0 || group.desired == 0 {
        draft.note(format!("{} has no servers: what it launches next is of the new release.", group.name));
        return Ok(None);
    }
    one_template(group)?;
    let balancers = balancers(draft, facts, group)?;
    let patience_s = patience(draft, facts, group)?;
    Ok(Some(Ahead { group, balancers, members: u32::try_from(members).unwrap_or(u32::MAX), patience_s }))
}

/// So many servers beside those there are have to fit: under the group's most, which is raised where it is too small,
/// and into its subnets and the account's quota, which are not.
pub(super) fn has_room(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    target: &Target<'_>,
    beside: u32,
) -> Result<(), Refused> {
    let group = target.group;
    let wanted = group.desired.max(target.members).saturating_add(beside);
    room::check(draft, facts, room::missing(group, wanted), &format!("{} launches", group.name))
}

/// R5: several load balancers all count, and each must be one that the group registers new members with.
fn balancers(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    group: &Group,
) -> Result<Vec<LoadBalancerName>, Refused> {
    if group.load_balancers.is_empty() {
        return Err(Refused::State(format!(
            "{} has no load balancer: nobody could tell whether new servers are in service. Attach one, or deploy with \
             deploy-web",
            group.name
        )));
    }
    if let Some(target_group) = group.target_groups.first() {
        let target_group =
            target_group.rsplit_once(":targetgroup/").map_or(target_group.as_str(), |(_, name)| name);
        return Err(Refused::State(format!(
            "{} also joins target group {target_group}: whether new servers are healthy there is not looked at, and so \
             nothing is taken away. Detach it, or deploy with deploy-web",
            group.name
        )));
    }
    let mut all: Vec<LoadBalancerName> =
        facts.balancers()?.into_iter().map(|balancer| balancer.name.clone()).collect();
    if let Some(missing) = all.iter().find(|name| !group.load_balancers.contains(name)) {
        return Err(Refused::State(format!(
            "{} does not register its servers with {missing}, which the config names: attach it to the group, or mend \
             `load_balancers`",
            group.name
        )));
    }
    for name in &group.load_balancers {
        if !all.contains(name) {
            draft.note(format!(
                "{} also uses {name}, which the config does not name: it counts, too.",
                group.name
            ));
            all.push(name.clone());
        }
    }
    Ok(all)
}

/// Two primaries: nobody could say which database is migrated.
pub(super) fn one_primary(facts: &Facts<'_>) -> Result<(), Refused> {
    let primaries = facts.servers(&[Role::DbPrimary, Role::Combo])?;
    if primaries.len() > 1 {
        return Err(Refused::State(format!(
            "{} has {} servers of role db-primary: {}. Settle which one it is, and tag the other db-primary-OLD",
            facts.place.name,
            primaries.len(),
            some(primaries.iter().map(|server| &server.id))
        )));
    }
    Ok(())
}

/// Where types have templates of their own, a new server could not be told from an old one.
fn one_template(group: &Group) -> Result<(), Refused> {
    match group.overrides.first() {
        None => Ok(()),
        Some(other) => Err(Refused::State(format!(
            "{} launches some instance types from a template of their own ({}): which servers are old cannot be told. \
             Deploy with deploy-web, or give all types one template",
            group.name,
            other.label()
        ))),
    }
}

/// What members were launched from so far, as a numbered version.
fn launched(facts: &Facts<'_>, group: &Group, to: &Launchable) -> Result<LaunchSource, Refused> {
    one_template(group)?;
    let Some(launch) = &group.launch else {
        return Err(Refused::State(format!(
            "what {} launches was deleted: point it at a release with the AWS console first",
            group.name
        )));
    };
    // Of what members run, most: the release before, where it can still be launched.
    let there = |source: &LaunchSource| facts.releases.iter().any(|settings| settings.resolved == *source);
    let others =
        group.members.iter().filter(|member| stays(member)).filter_map(|member| member.launch.clone());
    let mut others: Vec<LaunchSource> =
        others.filter(|source| *source != to.launch && !source.is_floating()).collect();
    others.sort();
    let same = others.chunk_by(|a, b| a == b);
    if !launch.is_floating() {
        let most = same.filter(|same| same.first().is_some_and(&there)).max_by_key(|same| same.len());
        let before = most.and_then(|same| same.first()).filter(|_| *launch == to.launch);
        return Ok(before.unwrap_or(launch).clone());
    }
    // A version that was made ahead of time is $Latest already: what members run is what there was before.
    let resolved = facts.snapshot.current_launch(group).filter(|source| !source.is_floating());
    let most = same.max_by_key(|same| same.len()).and_then(|same| same.first().cloned());
    let found = match resolved {
        Some(source) if source != to.launch => Some(source),
        resolved => most.or(resolved),
    };
    found.ok_or_else(|| {
        Refused::Facts(format!(
            "{} follows {}, and which version that is now is not known: refresh and ask again",
            group.name,
            launch.label()
        ))
    })
}

/// Replicas, and then other servers whose addresses images carry, that are newer than something.
pub(in super::super) fn newer_than<'f>(
    facts: &Facts<'f>,
    made_at: Timestamp,
) -> Result<(Vec<&'f Server>, Vec<&'f Server>), Refused> {
    let servers = facts.servers(&[Role::DbPrimary, Role::Combo, Role::Cache, Role::DbReplica])?;
    let newer = servers.into_iter().filter(|server| server.in_role_since().is_some_and(|at| at > made_at));
    Ok(newer.partition(|server| server.role.role == Role::DbReplica))
}

/// Servers that say that secrets changed after something was made.
pub(in super::super) fn other_secrets<'f>(
    facts: &Facts<'f>,
    made_at: Timestamp,
) -> Result<Vec<&'f Server>, Refused> {
    let servers = facts.servers(&[Role::DbPrimary, Role::Combo])?;
    Ok(servers.into_iter().filter(|server| server.secrets_since().is_some_and(|at| at > made_at)).collect())
}

/// R8, R16: an image carries the secrets of its time.
fn baked_secrets(draft: &mut Draft<'_>, facts: &Facts<'_>, to: &Launchable) -> Result<(), Refused> {
    if other_secrets(facts, to.made_at)?.is_empty() {
        return Ok(());
    }
    let short = to.changeset.short();
    draft.refuse_unless(
        "old-secrets",
        format!(
            "Secrets were rotated since the image of {} was made: its servers have the old ones, and database or queue \
             would refuse them. Make the release anew with create-release --changeset {short} --override again",
            to.named()
        ),
    )
}

/// R8: an image carries the addresses of its time.
fn baked_addresses(draft: &mut Draft<'_>, facts: &Facts<'_>, to: &Launchable) -> Result<(), Refused> {
    let (replicas, vital) = newer_than(facts, to.made_at)?;
    if !replicas.is_empty() {
        let list = some(replicas.iter().map(|server| &server.id));
        draft.note(format!("The image is older than replica {list}, and may not know its address."));
    }
    let left: Vec<&Server> = facts
        .servers(&[Role::DbReplica])?
        .into_iter()
        .filter(|replica| replica.left().is_some_and(|left| left.since > to.made_at))
        .collect();
    if !left.is_empty() {
        draft.refuse_unless(
            "old-addresses",
            format!(
                "The image of {} was made before {} was left, and its servers would read from that again. Make the release anew \
                 with create-release, or have everybody read from it again with use-replicas",
                to.named(),
                some(left.iter().map(|replica| &replica.id))
            ),
        )?;
    }
    if vital.is_empty() {
        return Ok(());
    }
    let list = some(vital.iter().map(|server| format!("{} {}", server.role.role, server.id)));
    draft.refuse_unless(
        "old-addresses",
        format!(
            "The image of {} is older than {list} in that role: the addresses and settings baked into it may be those of a \
             server that is gone. Make the release anew with create-release",
            to.named()
        ),
    )
}

/// R23: an image has the users of its time, and their keys.
fn baked_users(draft: &mut Draft<'_>, facts: &Facts<'_>, to: &Launchable) {
    let is_older = |one: &Launchable| one.made_at > to.made_at && one.image != to.image;
    if releases(facts).iter().any(is_older) {
        draft.note(format!(
            "The image of {} was made {} ago, and there is a newer one: users and keys on its servers are those of then. \
             Whoever was removed since comes back; remove them again, or make the release anew with create-release \
             --changeset {} --override again.",
            to.changeset.short(),
            age(facts.now.duration_since(to.made_at)),
            to.changeset.short()
        ));
    }
}

/// How long a new server may take; R5: the group must not judge it before it has booted.
fn patience(draft: &mut Draft<'_>, facts: &Facts<'_>, group: &Group) -> Result<u32, Refused> {
    let grace = group.grace_period;
    let boot = facts
        .snapshot
        .activities
        .get(&group.name)
        .and_then(crate::fleet::Reading::value)
        .into_iter()
        .flatten()
        .filter(|activity| activity.description.starts_with("Launching") && activity.status == "Successful")
        .take(5)
        .filter_map(took)
        .max();
    let judges = group.health_check_type == "ELB"
        && ![Process::HealthCheck, Process::ReplaceUnhealthy].iter().any(|p| group.is_suspended(p.word()));
    match boot {
        Some(boot) if judges && boot > grace => draft.refuse_unless(
            "short-grace",
            format!(
                "{} judges a server {} after its launch, and the last ones took {} to boot: new servers would be \
                 terminated before they can answer. Raise its health check grace period",
                group.name,
                told(grace),
                told(boot)
            ),
        )?,
        Some(boot) => {
            draft.note(format!("The last servers took {} to boot; the group's grace period is {}.", told(boot), told(grace)));
        }
        None => draft.note(format!(
            "How long servers take to boot was not seen lately; the group's grace period is {}.",
            told(grace)
        )),
    }
    let wanted =
        (boot.map_or(0, |boot| boot.as_secs() * 3)).max(grace.as_secs() + 300).clamp(PATIENCE_S, 3_600);
    Ok(u32::try_from(wanted).unwrap_or(3_600))
}

fn took(activity: &Activity) -> Option<Duration> {
    let time = activity.ended_at?.duration_since(activity.started_at?);
    Duration::try_from(time).ok()
}

fn told(time: Duration) -> String {
    age(SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX))
}
