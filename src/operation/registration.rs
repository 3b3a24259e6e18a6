//! add-to-load-balancer and remove-from-load-balancer: which web servers get requests.

use std::collections::BTreeSet;

use super::draft::{Draft, step};
use super::processes::page_of;
use super::refused::some;
use super::{Facts, Options, Refused};
use crate::fleet::{InstanceId, LoadBalancer, LoadBalancerName, Power, Process, Role, Server, words};
use crate::plan::{Action, Assignment, Condition, Page, Setting, Step, Undo, Value};

const ROLES: [Role; 2] = [Role::Web, Role::Combo];

/// The longest that a classic load balancer drains, and a little more.
pub(super) const DRAINING_S: u32 = 3_700;

/// The load balancers that were asked for, or all of the environment's.
pub(super) fn asked<'f>(facts: &Facts<'f>, options: &Options) -> Result<Vec<&'f LoadBalancer>, Refused> {
    let all = facts.balancers()?;
    let known: Vec<&str> = all.iter().map(|balancer| balancer.name.as_str()).collect();
    if let Some(wrong) = options.balancers.iter().find(|name| !known.contains(&name.as_str())) {
        let kind = format!("load balancer of {}", facts.place.name);
        return Err(Refused::unknown(&kind, wrong.as_str(), known));
    }
    let wanted = |name: &LoadBalancerName| options.balancers.is_empty() || options.balancers.contains(name);
    Ok(all.into_iter().filter(|balancer| wanted(&balancer.name)).collect())
}

pub(super) fn add(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let balancers = asked(facts, options)?;
    let servers =
        if options.servers.is_empty() { facts.web()? } else { facts.named(&options.servers, &ROLES)? };
    if servers.is_empty() {
        return Err(Refused::State(format!("{} has no web server that is in use", facts.place.name)));
    }
    if let Some(server) = servers.iter().find(|server| server.power != Power::Running) {
        let (id, state) = (&server.id, server.power.word());
        return Err(Refused::State(format!(
            "server {id} is {state}: it cannot come into service; start it, or name others with --servers"
        )));
    }
    let mut all = BTreeSet::new();
    for balancer in balancers {
        let known: BTreeSet<&InstanceId> = balancer.members.iter().collect();
        let new: Vec<&Server> =
            servers.iter().copied().filter(|server| !known.contains(&server.id)).collect();
        if let Some(server) =
            new.iter().find(|s| !balancer.zones.is_empty() && !balancer.zones.contains(&s.zone))
        {
            let (id, zone, name) = (&server.id, &server.zone, &balancer.name);
            return Err(Refused::State(format!(
                "server {id} is in zone {zone}, which {name} does not serve: add the zone to the load balancer first"
            )));
        }
        register(draft, balancer, &new);
        all.extend(new.into_iter().map(|server| &server.id));
    }
    if all.is_empty() {
        return Err(Refused::Nothing(format!(
            "{} registered already: nothing to do",
            if servers.len() == 1 { "the server is" } else { "the servers are" }
        )));
    }
    for server in servers.iter().filter(|server| all.contains(&server.id)) {
        page_is_no_trap(draft, facts, server)?;
    }
    draft.title(format!("register {} with the load balancer", some(&all)));
    draft.noticed("requests go to these servers as soon as they are in service");
    Ok(())
}

/// A page that says unhealthy keeps a server out for good, and then the group terminates it (R4).
fn page_is_no_trap(draft: &mut Draft<'_>, facts: &Facts<'_>, server: &Server) -> Result<(), Refused> {
    match page_of(facts, server) {
        Some(Page::Unhealthy) => draft.refuse_unless("unhealthy-page", format!(
            "Server {} shows the maintenance page and says that it is unhealthy: it would not come into service, and \
             the group may terminate it. Take its page off with end-upgrade first",
            server.id
        )),
        Some(Page::Healthy) => {
            draft.note(format!("Server {} shows the maintenance page: users would see it.", server.id));
            Ok(())
        }
        Some(Page::Off) | None => Ok(()),
    }
}

/// How long a registered server may take until it is in service.
pub(super) fn in_service_in_s(balancer: &LoadBalancer) -> u32 {
    balancer.health_check.as_ref().map_or(600, |check| {
        let counted = check.interval.as_secs().saturating_mul(check.healthy_threshold.into());
        u32::try_from(counted).unwrap_or(u32::MAX).saturating_add(300).min(3_600)
    })
}

fn register(draft: &mut Draft<'_>, balancer: &LoadBalancer, servers: &[&Server]) {
    let Some(list) = list(servers) else { return };
    let name = &balancer.name;
    let set = membership(draft, balancer, servers, true);
    draft.add(Step {
        after: vec![set],
        becomes: Some("InService".into()),
        deadline_s: in_service_in_s(balancer),
        ..step(
            "web",
            format!("wait until {list} in service"),
            name.as_str(),
            Action::Await {
                condition: Condition::InService { balancer: name.clone(), instances: ids(servers) },
            },
        )
    });
}

pub(super) fn remove(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let balancers = asked(facts, options)?;
    if options.servers.is_empty() {
        return Err(Refused::Usage("remove-from-load-balancer wants --servers: which ones".into()));
    }
    let servers = facts.named(&options.servers, &ROLES)?;
    facts.all_current()?;
    let mut all = BTreeSet::new();
    for balancer in balancers {
        let name = &balancer.name;
        let members: BTreeSet<&InstanceId> = balancer.members.iter().collect();
        let gone: Vec<&Server> =
            servers.iter().copied().filter(|server| members.contains(&server.id)).collect();
        if gone.is_empty() {
            continue;
        }
        let names = some(gone.iter().map(|server| &server.id));
        let in_service = facts.in_service(name)?;
        let leave: BTreeSet<&InstanceId> = gone.iter().map(|server| &server.id).collect();
        let left = in_service.difference(&leave).count();
        if left == 0 && !in_service.is_empty() {
            let advice = "Put another one in service first, or show the maintenance page with begin-upgrade";
            draft
                .refuse_unless("last-server", format!("{name} would have no server in service. {advice}"))?;
            draft.noticed(format!("nobody answers at {name}"));
        } else {
            let left = u64::try_from(left).unwrap_or(u64::MAX);
            draft.note(format!("{name} keeps {} in service.", words::count(left, "server")));
        }
        let set = membership(draft, balancer, &gone, false);
        draft.add(Step {
            after: vec![set],
            becomes: Some("drained".into()),
            deadline_s: DRAINING_S,
            ..step(
                "web",
                format!("wait until requests under way at {names} have ended"),
                name.as_str(),
                Action::Await {
                    condition: Condition::Drained { balancer: name.clone(), instances: ids(&gone) },
                },
            )
        });
        all.extend(gone.into_iter().map(|server| &server.id));
    }
    if all.is_empty() {
        return Err(Refused::Nothing("none of the servers is registered: nothing to do".into()));
    }
    draft.title(format!("take {} out of the load balancer", some(&all)));
    let is_member = |group: &&crate::fleet::Group| all.iter().any(|id| group.member(id).is_some());
    if let Some(group) = facts.group().ok().filter(is_member)
        && !group.is_suspended(Process::ReplaceUnhealthy.word())
    {
        draft.note(format!(
            "ReplaceUnhealthy of {} is active: it may replace a server that stays out. Suspend it first to keep the \
             server.",
            group.name
        ));
    }
    Ok(())
}

/// The step that registers servers, or takes them out.
fn membership(
    draft: &mut Draft<'_>,
    balancer: &LoadBalancer,
    servers: &[&Server],
    to: bool,
) -> crate::plan::StepId {
    let name = &balancer.name;
    let value = |registered| if registered { Value::Registered } else { Value::NotRegistered };
    let settings = servers
        .iter()
        .map(|server| {
            draft.assume_member(name, &server.id, !to);
            let setting = Setting::Membership { balancer: name.clone(), instance: server.id.clone() };
            Assignment { setting, to: value(to) }
        })
        .collect();
    let list = some(servers.iter().map(|server| &server.id));
    let title = if to { format!("register {list}") } else { format!("take out {list}") };
    draft.add(Step {
        before: Some(value(!to).to_string()),
        becomes: Some(value(to).to_string()),
        undo: Undo::Restore,
        destructive: !to,
        ..step("web", title, name.as_str(), Action::Set { settings })
    })
}

pub(super) fn ids(servers: &[&Server]) -> Vec<InstanceId> {
    servers.iter().map(|server| server.id.clone()).collect()
}

/// `i-1 is`, `i-1, i-2 are`; none for none.
fn list(servers: &[&Server]) -> Option<String> {
    let names = some(servers.iter().map(|server| &server.id));
    match servers.len() {
        0 => None,
        1 => Some(format!("{names} is")),
        _ => Some(format!("{names} are")),
    }
}
