//! begin-upgrade and end-upgrade: the maintenance page on the web servers.

use super::draft::{Draft, step};
use super::incident;
use super::processes::page_of;
use super::refused::some;
use super::{Facts, Options, Refused};
use crate::fleet::{Group, LoadBalancer, Process, Role, Server, words};
use crate::plan::{Action, Assignment, Fact, Lasts, Page, Setting, Step, StepId, Undo, Value};

pub(super) fn begin(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let servers = servers(facts, options)?;
    let page = if options.unhealthy { Page::Unhealthy } else { Page::Healthy };
    if options.unhealthy {
        unhealthy_is_safe(draft, facts, options, &servers)?;
    }
    let held = hold(draft, facts, options, &servers)?;
    draft.title(format!("put the maintenance page up on {}", told(&servers)));
    draft.noticed("users see the maintenance page until end-upgrade");
    set(draft, facts, &servers, page, held)?;
    if let Some(group) = group_of(facts, &servers)
        && !group.is_suspended(Process::Launch.word())
    {
        draft.note(format!(
            "A server that {} launches meanwhile comes without the page. To rule that out, suspend Launch first.",
            group.name
        ));
    }
    Ok(())
}

pub(super) fn end(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let servers = servers(facts, options)?;
    let down: Vec<_> =
        servers.iter().filter(|server| is_down(facts, server)).map(|server| &server.id).collect();
    if !down.is_empty() {
        let group = group_of(facts, &servers).filter(|g| !g.is_suspended(Process::ReplaceUnhealthy.word()));
        let harm =
            group.map_or_else(String::new, |group| format!(", and {} would terminate them", group.name));
        draft.refuse_unless("site-down", format!(
            "Without the page the health check is Django's own, and Gunicorn does not answer it well on {}: users would \
             see errors{harm}. Mend that first",
            some(down)
        ))?;
    }
    draft.title(format!("take the maintenance page off {}", told(&servers)));
    draft.noticed("users see the site again");
    let held = group_of(facts, &servers).and_then(|group| still_held(facts, group));
    match (set(draft, facts, &servers, Page::Off, None), held) {
        (Ok(()), Some(held)) => draft.note(held),
        // That the page is off already is no reason to say nothing of a group that stays still.
        (Err(Refused::Nothing(words)), Some(held)) => {
            return Err(Refused::Nothing(format!("{words}. {held}")));
        }
        (set, _) => return set,
    }
    Ok(())
}

/// R1: in an incident the group is held still before anything else, or it would terminate the web servers while somebody
/// mends what they ask for.
fn hold(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    servers: &[&Server],
) -> Result<Option<StepId>, Refused> {
    if options.hold_group {
        let group = facts.group()?;
        let held = draft.set_processes(group, &incident::HELD, true, Lasts::Stays, &[]);
        if held.is_some() {
            draft.note(format!(
                "{} replaces no server and follows no alarm until its processes are resumed; end-upgrade says how.",
                group.name
            ));
        }
        return Ok(held);
    }
    let Some(group) = group_of(facts, servers) else { return Ok(None) };
    let working = incident::working(group);
    if let Some(wrong) = incident::seen(facts, group).filter(|_| !working.is_empty()) {
        draft.refuse_unless("group-at-work", format!(
            "{wrong}, and {} still does {} by itself: it may terminate the web servers one after the other. Give \
             --hold-group, which suspends that before the page goes up",
            group.name,
            some(working.iter().map(|process| process.word()))
        ))?;
    }
    Ok(None)
}

/// What begin-upgrade has held goes on only when somebody says so: whether the incident is over is not ours to tell.
fn still_held(facts: &Facts<'_>, group: &Group) -> Option<String> {
    let held: Vec<&str> = incident::held(group).into_iter().map(Process::word).collect();
    if held.is_empty() {
        return None;
    }
    Some(format!(
        "{} of {} stay suspended. When all web servers are in service: quarterdeck apply resume-processes {} \
         --processes {}",
        held.join(", "),
        group.name,
        facts.place.name,
        held.join(",")
    ))
}

/// Whether Gunicorn was seen to answer with something else than 200.
fn is_down(facts: &Facts<'_>, server: &Server) -> bool {
    let site = facts.snapshot.measured(&server.id).and_then(|measured| measured.site());
    site.and_then(|site| site.gunicorn.as_ref()).is_some_and(|answer| answer.status != 200)
}

fn servers<'f>(facts: &Facts<'f>, options: &Options) -> Result<Vec<&'f Server>, Refused> {
    let servers = if options.servers.is_empty() {
        facts.web()?
    } else {
        facts.named(&options.servers, &[Role::Web, Role::Combo])?
    };
    if servers.is_empty() {
        return Err(Refused::State(format!("{} has no web server that is in use", facts.place.name)));
    }
    Ok(servers)
}

fn told(servers: &[&Server]) -> String {
    match servers {
        [server] => server.id.to_string(),
        _ => words::count(u64::try_from(servers.len()).unwrap_or(u64::MAX), "web server"),
    }
}

fn set(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    servers: &[&Server],
    page: Page,
    held: Option<StepId>,
) -> Result<(), Refused> {
    let pages: Vec<Option<Page>> = servers.iter().map(|server| page_of(facts, server)).collect();
    if pages.iter().all(|known| *known == Some(page)) {
        // Pages that are up already are no reason to let the group go on.
        if held.is_some() {
            draft.title(format!("hold {} still, whose maintenance page is up already", facts.group()?.name));
            return Ok(());
        }
        let word = page.word();
        return Err(Refused::Nothing(format!(
            "the page of {} is {word} already: nothing to do",
            told(servers)
        )));
    }
    if options_name_all(facts, servers) {
        draft.assume_servers(&Role::Web, web_ids(facts)?);
        draft.assume_combos()?;
    }
    let settings: Vec<Assignment> = servers
        .iter()
        .map(|server| Assignment {
            setting: Setting::Page { instance: server.id.clone() },
            to: Value::Page(page),
        })
        .collect();
    for (server, known) in servers.iter().zip(&pages) {
        let reading = facts.snapshot.measured(&server.id).and_then(|m| m.reading(crate::fleet::Topic::Site));
        if let (Some(known), Some(reading)) = (known, reading)
            && page == Page::Unhealthy
        {
            let setting = Setting::Page { instance: server.id.clone() };
            draft.assume(Fact::Setting(setting), Value::Page(*known), reading);
        }
    }
    let mut before: Vec<&str> = pages.iter().flatten().map(|page| page.word()).collect();
    before.sort_unstable();
    before.dedup();
    let before = if before.len() == 1 && pages.iter().all(Option::is_some) { before.first() } else { None };
    let title =
        if page == Page::Off { "take the maintenance page off" } else { "put the maintenance page up" };
    draft.add(Step {
        after: held.into_iter().collect(),
        before: before.map(|word| (*word).to_owned()),
        becomes: Some(page.word().into()),
        undo: Undo::Restore,
        deadline_s: 300,
        noticed: Some(if page == Page::Off { "the site is back" } else { "the maintenance page" }.into()),
        destructive: page == Page::Unhealthy,
        ..step("web", title, told(servers), Action::Set { settings })
    });
    Ok(())
}

fn web_ids(facts: &Facts<'_>) -> Result<Vec<crate::fleet::InstanceId>, Refused> {
    Ok(facts.servers(&[Role::Web])?.iter().map(|server| server.id.clone()).collect())
}

fn options_name_all(facts: &Facts<'_>, servers: &[&Server]) -> bool {
    facts.web().is_ok_and(|all| all.len() == servers.len())
}

/// The group that one of these servers is a member of.
fn group_of<'f>(facts: &Facts<'f>, servers: &[&Server]) -> Option<&'f Group> {
    facts.group().ok().filter(|group| servers.iter().any(|server| group.member(&server.id).is_some()))
}

/// R4: a group terminates members that say they are unhealthy.
fn unhealthy_is_safe(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    servers: &[&Server],
) -> Result<(), Refused> {
    facts.all_current()?;
    let balancers = facts.balancers()?;
    let registered = |server: &&&Server| {
        balancers.iter().any(|balancer: &&LoadBalancer| balancer.members.contains(&server.id))
    };
    if servers.len() == 1 && !servers.iter().any(|server| registered(&server)) {
        return Ok(());
    }
    let Some(group) = group_of(facts, servers) else { return Ok(()) };
    if options.hold_group {
        return Ok(());
    }
    let setting = Setting::Process { group: group.name.clone(), process: Process::ReplaceUnhealthy };
    if group.is_suspended(Process::ReplaceUnhealthy.word()) {
        draft.assume(Fact::Setting(setting), Value::Suspended, &facts.snapshot.groups);
        return Ok(());
    }
    Err(Refused::State(format!(
        "{} would terminate the servers that say they are unhealthy. Leave out --unhealthy; or give \
         --hold-group, which suspends its ReplaceUnhealthy first; or take one server out of the load balancer and name it with --servers",
        group.name
    )))
}
