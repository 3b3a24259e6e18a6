//! terminate-server and terminate-environment: servers that belong to no group go, what holds data last and with an image
//! of its disks.

mod steps;

use super::draft::Draft;
use super::refused::some;
use super::{Facts, Options, Refused};
use crate::fleet::{Role, Server};

/// Roles in the order in which their servers go: whoever uses another goes before it.
const ORDER: [Role; 6] =
    [Role::Web, Role::Worker, Role::Combo, Role::Cache, Role::DbReplica, Role::DbPrimary];

/// terminate-server: those that are named.
pub(super) fn server(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    if options.servers.is_empty() {
        return Err(Refused::Usage("terminate-server wants --servers: which ones".into()));
    }
    facts.all_current()?;
    let servers = named(facts, options)?;
    in_no_group(facts, &servers)?;
    let leaving: Vec<&Role> = servers.iter().map(|server| &server.role.role).collect();
    for server in &servers {
        is_replaced(draft, facts, server, &leaving)?;
    }
    let list = some(servers.iter().map(|server| format!("{} {}", server.role.role, server.id)));
    draft.title(format!("terminate {list}"));
    draft.by_name();
    draft.goes_on();
    steps::all(draft, facts, &servers, &[])?;
    Ok(())
}

/// terminate-environment: every server, and the group's to the last.
pub(super) fn environment(draft: &mut Draft<'_>, facts: &Facts<'_>, _: &Options) -> Result<(), Refused> {
    facts.all_current()?;
    let environment = &facts.place.name;
    let group = if facts.place.group.is_some() { facts.group().ok() } else { None };
    let members = |server: &&Server| group.is_some_and(|group| group.member(&server.id).is_some());
    let all = facts.known("the servers are", &facts.snapshot.servers)?;
    let mine = |server: &&Server| server.environment.as_ref() == Some(environment) && !server.is_gone();
    let servers: Vec<&Server> = all.values().filter(mine).filter(|server| !members(server)).collect();
    let empty = group.is_none_or(|group| group.max == 0 && group.members.is_empty());
    if servers.is_empty() && empty {
        return Err(Refused::Nothing(format!("{environment} has no server: nothing to do")));
    }
    draft.refuse_unless(
        "no-site",
        format!(
            "{environment} would have no server left, and users no site. Its data would be in images of the database \
             servers' disks, and nowhere else"
        ),
    )?;
    draft.title(format!("terminate every server of {environment}"));
    draft.noticed("the site is gone");
    draft.by_name();
    draft.goes_on();
    let emptied = group.filter(|_| !empty).map(|group| steps::empty(draft, group));
    let last: Vec<_> = emptied.into_iter().collect();
    steps::all(draft, facts, &servers, &last)?;
    let stays: Vec<String> = group
        .iter()
        .map(|group| format!("group {}", group.name))
        .chain(facts.place.load_balancers.iter().map(|name| format!("load balancer {name}")))
        .collect();
    if !stays.is_empty() {
        draft.note(format!(
            "What stays, and may cost something: {}, releases with their images, security groups.",
            some(stays)
        ));
    }
    Ok(())
}

/// The servers that are meant, also those that are being built or are out of use.
fn named<'f>(facts: &Facts<'f>, options: &Options) -> Result<Vec<&'f Server>, Refused> {
    let all = facts.known("the servers are", &facts.snapshot.servers)?;
    let mine = |server: &&Server| server.environment.as_ref() == Some(&facts.place.name) && !server.is_gone();
    let mut found: Vec<&Server> = Vec::new();
    for asked in &options.servers {
        let fits = all.values().filter(mine).filter(|server| server.id.as_str().starts_with(asked.as_str()));
        match fits.collect::<Vec<_>>().as_slice() {
            [one] if found.iter().any(|known| known.id == one.id) => {}
            [one] => found.push(one),
            [] => {
                let known: Vec<&str> = all.values().filter(mine).map(|server| server.id.as_str()).collect();
                let what = format!("server of {}", facts.place.name);
                return Err(Refused::unknown(&what, asked.as_str(), known));
            }
            several => {
                return Err(Refused::Usage(format!(
                    "`{asked}` can be several servers: {}; write more of the id",
                    some(several.iter().map(|server| &server.id))
                )));
            }
        }
    }
    Ok(found)
}

/// A group launches another one in the place of a member.
fn in_no_group(facts: &Facts<'_>, servers: &[&Server]) -> Result<(), Refused> {
    let groups = facts.known("the groups are", &facts.snapshot.groups)?;
    for server in servers {
        if let Some(group) = groups.values().find(|group| group.member(&server.id).is_some()) {
            return Err(Refused::State(format!(
                "{} is a member of {}, which would launch another one in its place: set-sizes lets members go",
                server.id, group.name
            )));
        }
    }
    Ok(())
}

/// What is in use is not let go before others do its work.
fn is_replaced(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    server: &Server,
    leaving: &[&Role],
) -> Result<(), Refused> {
    let (id, role) = (&server.id, &server.role.role);
    if !server.is_target() {
        return Ok(());
    }
    let others =
        facts.servers(std::slice::from_ref(role))?.into_iter().filter(|other| other.id != *id).count();
    let leave = leaving.iter().filter(|other| ***other == *role).count();
    if others >= leave {
        return Ok(());
    }
    let users: &[Role] = match role {
        Role::DbPrimary | Role::Cache => &[Role::Web, Role::Worker, Role::Combo, Role::DbReplica],
        Role::DbReplica => &[Role::Web, Role::Worker, Role::Combo],
        _ => &[],
    };
    let users: Vec<&Server> =
        facts.servers(users)?.into_iter().filter(|one| one.role.role != *role).collect();
    let (word, why) = match role {
        Role::DbPrimary if !users.is_empty() => {
            ("last-primary", "its data are what the site is. Promote a replica first")
        }
        Role::Cache if !users.is_empty() => {
            ("last-cache", "sessions and tasks in its queues are lost, and the site fails without it")
        }
        Role::DbReplica if !users.is_empty() => {
            ("last-replica", "the settings of web servers and workers name it until the next deploy")
        }
        Role::Worker | Role::Combo => ("last-worker", "tasks would wait until there is another one"),
        Role::Web => ("last-server", "users would have no site"),
        _ => return Ok(()),
    };
    draft.refuse_unless(word, format!("{id} is the last {role} of {}: {why}", facts.place.name))
}
