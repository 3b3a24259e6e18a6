//! suspend-processes and resume-processes: what a group does by itself.

use super::draft::Draft;
use super::facts::stays;
use super::refused::some;
use super::{Facts, Options, Refused};
use crate::fleet::{Group, InstanceId, LaunchSource, Process, Server, words};
use crate::plan::Lasts;

/// Those that were asked for, once each and in AWS's order; all where none was.
fn asked(options: &Options) -> Vec<Process> {
    let all = options.processes.is_empty();
    Process::ALL.into_iter().filter(|process| all || options.processes.contains(process)).collect()
}

pub(super) fn suspend(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let group = facts.group()?;
    let processes = asked(options);
    if draft.set_processes(group, &processes, true, Lasts::Stays, &[]).is_none() {
        return Err(already(group, &processes, "suspended"));
    }
    draft.title(format!("suspend {} of {}", names(&processes), group.name));
    if processes.contains(&Process::Launch) {
        draft.note(
            "While Launch is suspended, nothing that dies is replaced, and no load makes the group grow.",
        );
    }
    if processes.contains(&Process::AddToLoadBalancer) {
        draft.note(
            "Servers launched while AddToLoadBalancer is suspended are never registered by the group: register them \
             with add-to-load-balancer.",
        );
    }
    if processes.contains(&Process::Terminate) && !processes.contains(&Process::Launch) {
        draft.note("With Terminate suspended and Launch active, AZRebalance can grow the group by a tenth.");
    }
    Ok(())
}

pub(super) fn resume(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let group = facts.group()?;
    let processes = asked(options);
    let step = draft.set_processes(group, &processes, false, Lasts::Stays, &[]);
    if step.is_none() {
        return Err(already(group, &processes, "active"));
    }
    draft.title(format!("resume {} of {}", names(&processes), group.name));
    let resumed = |process: Process| processes.contains(&process) && group.is_suspended(process.word());
    if resumed(Process::Launch) {
        launches(draft, facts, group)?;
        knows_the_servers(draft, facts, group)?;
    }
    if resumed(Process::AddToLoadBalancer) {
        let out = unregistered(facts, group);
        if !out.is_empty() {
            draft.note(format!(
                "Not registered with every load balancer, and not registered by resuming: {}. Use \
                 add-to-load-balancer.",
                some(out)
            ));
        }
    }
    if [Process::HealthCheck, Process::ReplaceUnhealthy, Process::Terminate].into_iter().any(resumed) {
        replaces(draft, facts, group)?;
    }
    Ok(())
}

fn names(processes: &[Process]) -> String {
    if processes.len() == Process::ALL.len() {
        return "all processes".into();
    }
    processes.iter().map(|process| process.word()).collect::<Vec<_>>().join(", ")
}

fn already(group: &Group, processes: &[Process], word: &str) -> Refused {
    let verb = if processes.len() == 1 { "is" } else { "are" };
    Refused::Nothing(format!("{} of {} {verb} {word} already: nothing to do", names(processes), group.name))
}

/// What a group would launch must be something that was seen to work (R6): a deploy that was stopped may have left it.
pub(super) fn launches(draft: &mut Draft<'_>, facts: &Facts<'_>, group: &Group) -> Result<(), Refused> {
    let Some(launch) = facts.snapshot.current_launch(group) else { return Ok(()) };
    let label = launch.label();
    let runs = |source: &Option<LaunchSource>| source.as_ref() == Some(&launch);
    let serving: Vec<_> = group.members.iter().filter(|m| stays(m) && m.lifecycle == "InService").collect();
    if !serving.is_empty() && !serving.iter().any(|member| member.healthy && runs(&member.launch)) {
        draft.refuse_unless(
            "unproven-release",
            format!(
                "With Launch active {} launches {label}, and no server in service runs that: a deploy may have \
                 stopped half way. Deploy or roll back first, which puts Launch right",
                group.name
            ),
        )?;
    }
    draft.note(format!("The group launches {label} from then on."));
    Ok(())
}

/// R8: what it would launch has the addresses of its time.
fn knows_the_servers(draft: &mut Draft<'_>, facts: &Facts<'_>, group: &Group) -> Result<(), Refused> {
    let Some(launch) = facts.snapshot.current_launch(group) else { return Ok(()) };
    let label = launch.label();
    let made_at = facts.snapshot.release_of_launch(&launch).made_at;
    let newer = made_at.map(|at| super::deploy::newer_than(facts, at)).transpose()?.map(|(_, vital)| vital);
    if let Some(newer) = newer.filter(|newer| !newer.is_empty()) {
        draft.refuse_unless(
            "old-addresses",
            format!(
                "{label}, which the group would launch, was made before {} came into use, and its servers would have another \
                 address (R8). First: quarterdeck apply create-release {environment} --override again, and deploy-serial \
                 {environment} --release latest",
                some(newer.iter().map(|server| format!("{} {}", server.role.role, server.id))),
                environment = facts.place.name
            ),
        )?;
    }
    Ok(())
}

/// Members that some load balancer does not know.
fn unregistered<'f>(facts: &Facts<'f>, group: &'f Group) -> Vec<&'f InstanceId> {
    let Ok(balancers) = facts.balancers() else { return Vec::new() };
    let known: Vec<std::collections::BTreeSet<&InstanceId>> =
        balancers.iter().map(|balancer| balancer.members.iter().collect()).collect();
    group
        .members
        .iter()
        .filter(|member| stays(member) && !known.iter().all(|all| all.contains(&member.instance)))
        .map(|member| &member.instance)
        .collect()
}

/// A group that judges again terminates what is unhealthy now (R4).
fn replaces(draft: &mut Draft<'_>, facts: &Facts<'_>, group: &Group) -> Result<(), Refused> {
    let paged = |id: &InstanceId| {
        facts
            .snapshot
            .measured(id)
            .and_then(|m| m.site())
            .is_some_and(|site| site.maintenance && !site.health_override)
    };
    let lost: Vec<&InstanceId> = group
        .members
        .iter()
        .filter(|member| stays(member) && (!member.healthy || paged(&member.instance)))
        .map(|member| &member.instance)
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    let several = words::count(u64::try_from(lost.len()).unwrap_or(u64::MAX), "server");
    draft.refuse_unless(
        "lose-servers",
        format!(
            "The group would soon terminate {several} that are unhealthy or say so by their maintenance page: {}. End \
             the upgrade or mend them first",
            some(lost)
        ),
    )
}

/// Whether a server's maintenance page was seen up, and how.
pub(super) fn page_of(facts: &Facts<'_>, server: &Server) -> Option<crate::plan::Page> {
    use crate::plan::Page;
    let site = facts.snapshot.measured(&server.id)?.site()?;
    Some(match (site.maintenance, site.health_override) {
        (false, _) => Page::Off,
        (true, true) => Page::Healthy,
        (true, false) => Page::Unhealthy,
    })
}
