//! deploy-web: new code on the web servers there are, a few at a time, each out of the load balancer meanwhile.

use std::collections::BTreeMap;

use super::super::code::{Code, choose_code};
use super::super::draft::{Draft, step};
use super::super::refused::some;
use super::super::registration::{DRAINING_S, ids, in_service_in_s};
use super::super::settings::{On, Settings};
use super::super::{Facts, Options, Refused};
use super::migrations::schema_of;
use super::workers::{job, new_code, packages};
use crate::fleet::{Changeset, Group, InstanceId, LoadBalancer, Power, Process, Role, Server, words};
use crate::plan::{Action, Assignment, Condition, Lasts, Setting, Step, StepId, Undo, Value};
use crate::recipe::{code, health, manage, services};

/// What the group does not do while servers are out.
const QUIET: [Process; 4] =
    [Process::AlarmNotification, Process::AzRebalance, Process::ReplaceUnhealthy, Process::ScheduledActions];

pub(in super::super) fn plan(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
) -> Result<(), Refused> {
    let to = choose_code(facts, options)?;
    facts.all_current()?;
    let all = facts.web()?;
    let servers = if options.servers.is_empty() {
        all.clone()
    } else {
        facts.named(&options.servers, &[Role::Web, Role::Combo])?
    };
    if let Some(server) = servers.iter().find(|server| server.power != Power::Running) {
        let (id, state) = (&server.id, server.power.word());
        return Err(Refused::State(format!(
            "web server {id} is {state}: start it, or name others with --servers"
        )));
    }
    if servers.is_empty() {
        return Err(Refused::State(format!("{} has no web server that is in use", facts.place.name)));
    }
    let batch = match options.batch {
        Some(0) => return Err(Refused::Usage("--batch wants at least 1".into())),
        batch => usize::try_from(batch.unwrap_or(1)).unwrap_or(usize::MAX),
    };
    let balancers = facts.balancers()?;
    somebody_serves(draft, facts, &servers, &balancers, batch)?;
    let count = words::count(u64::try_from(servers.len()).unwrap_or(u64::MAX), "web server");
    draft.title(format!("deploy {} in place to {count}", to.named()));
    if let Some(schema) = schema_of(facts).filter(|schema| !schema.is_same(&to.changeset)) {
        draft.note("The database is not migrated, and workers stay as they are: deploy-worker does both.");
        let gained =
            facts.repo.and_then(|repo| repo.between(&schema, &to.changeset)).map(|between| &between.gained);
        if let Some(gained) = gained.filter(|gained| !gained.is_empty()) {
            let names = some(gained.iter().map(|migration| &migration.name));
            draft.refuse_unless(
                "unmigrated",
                format!(
                    "{} needs migrations that the database has not had: {names}. Pages that use them would fail. Use \
                     deploy-worker first, which migrates",
                    to.changeset.short()
                ),
            )?;
        }
    }
    draft.assume_servers(
        &Role::Web,
        facts.servers(&[Role::Web])?.iter().map(|server| server.id.clone()).collect(),
    );
    draft.assume_combos()?;
    let group = facts.group()?;
    let launched = facts.snapshot.current_launch(group).filter(|launch| {
        let baked = facts.snapshot.release_of_launch(launch).changeset;
        baked.is_none_or(|baked| !baked.is_same(&to.changeset))
    });
    if let Some(launch) = launched {
        draft.note(format!(
            "{} still launches {}: a new server comes with that code, until a release is deployed through the group.",
            group.name,
            launch.label()
        ));
    }
    let quiet = draft.set_processes(group, &QUIET, true, Lasts::UntilTheEnd, &[]);
    let settings = Settings::of(draft, facts, options, &to.changeset)?;
    let same = Same::new(facts, settings, &balancers);
    let mut after: Vec<StepId> = quiet.into_iter().collect();
    for some in servers.chunks(batch) {
        let mut ends = Vec::with_capacity(some.len());
        for server in some {
            ends.extend(one(draft, facts, &to, server, &same, &after));
        }
        after = ends;
    }
    restore(draft, group, quiet, &after);
    Ok(())
}

fn restore(draft: &mut Draft<'_>, group: &Group, quiet: Option<StepId>, after: &[StepId]) {
    let steps = quiet.into_iter().collect();
    draft.restore("group", "put the group back as it was", group.name.as_str(), steps, after);
}

/// Refuses when nobody would be left in service.
fn somebody_serves(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    servers: &[&Server],
    balancers: &[&LoadBalancer],
    batch: usize,
) -> Result<(), Refused> {
    for balancer in balancers {
        let serving = facts.in_service(&balancer.name)?;
        let taken = servers.iter().filter(|server| serving.contains(&server.id)).count().min(batch);
        if taken > 0 && serving.len() <= taken {
            draft.refuse_unless("last-server", format!(
                "{} would have no server in service meanwhile. Take fewer at a time with --batch, give the group more \
                 servers, or use deploy-full",
                balancer.name
            ))?;
            draft.noticed(format!("nobody answers at {} while its servers are out", balancer.name));
        }
    }
    Ok(())
}

/// What is the same for every server, and what is known of each.
struct Same<'f> {
    requirements: String,
    settings: Settings,
    /// Title, name and script of what comes then.
    then: Vec<(&'static str, &'static str, String)>,
    health: String,
    /// Load balancers by the servers registered with them.
    registered: BTreeMap<InstanceId, Vec<&'f LoadBalancer>>,
    /// The code in the image that a member of the group was launched from.
    baked: BTreeMap<InstanceId, Changeset>,
}

impl<'f> Same<'f> {
    fn new(facts: &Facts<'f>, settings: Settings, balancers: &[&'f LoadBalancer]) -> Self {
        let layout = &facts.place.layout;
        let mut registered: BTreeMap<InstanceId, Vec<&LoadBalancer>> = BTreeMap::new();
        for balancer in balancers {
            for id in &balancer.members {
                registered.entry(id.clone()).or_default().push(balancer);
            }
        }
        let members = facts.group().map(|group| group.members.as_slice()).unwrap_or_default();
        let baked = members.iter().filter_map(|member| {
            let release = facts.snapshot.release_of_launch(member.launch.as_ref()?);
            Some((member.instance.clone(), release.changeset?))
        });
        let mut then = Vec::new();
        if layout.code.static_local {
            then.push(("collect static files", "collectstatic", manage::collectstatic(layout)));
            then.push(("compress static files", "compress", manage::compress(layout)));
        }
        then.push(("restart Gunicorn", "gunicorn-restart", services::restart(layout, services::Group::Web)));
        Self {
            requirements: code::requirements(layout),
            settings,
            then,
            health: health::wait(layout, 120),
            registered,
            baked: baked.collect(),
        }
    }
}

/// One server: out, new code, healthy by itself, in again.
fn one(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    to: &Code,
    server: &Server,
    same: &Same<'_>,
    after: &[StepId],
) -> Vec<StepId> {
    let mine = same.registered.get(&server.id).cloned().unwrap_or_default();
    let mut out = Vec::new();
    let mut drained = after.to_vec();
    for balancer in &mine {
        let (taken, wait) = take_out(draft, balancer, server, after);
        out.push(taken);
        drained.push(wait);
    }
    let code = draft.add(new_code(facts, server, to, same.baked.get(&server.id), &drained));
    let mut last = draft.add(packages(server, same.requirements.clone(), &[code]));
    let beat = server.role.role == Role::Combo;
    let written = draft.chain(last, same.settings.steps(facts, "web", &On::server(server, beat)));
    last = written.last().copied().unwrap_or(last);
    let mut new = vec![code];
    if same.settings.is_written() {
        new.extend(written);
    }
    for (title, name, script) in &same.then {
        last = draft.add(Step {
            after: vec![last],
            deadline_s: 1_800,
            ..job(server, title, name, script.clone())
        });
    }
    // R2: by Django's own word, before anybody is sent there.
    let health = job(server, "wait until Django answers its own check", "health", same.health.clone());
    // From here on it serves by the new code: what stops the run later takes that back from nobody.
    last = draft.add(Step { after: vec![last], deadline_s: 240, settles: new, ..health });
    if out.is_empty() {
        return vec![last];
    }
    let title = format!("register {} again", server.id);
    let Some(back) = draft.restore("web", &title, server.id.as_str(), out, &[last]) else {
        return vec![last];
    };
    let ends = mine.into_iter().map(|balancer| {
        let name = &balancer.name;
        let condition = Condition::InService { balancer: name.clone(), instances: ids(&[server]) };
        draft.add(Step {
            after: vec![back],
            becomes: Some("InService".into()),
            deadline_s: in_service_in_s(balancer),
            ..step(
                "web",
                format!("wait until {} is in service", server.id),
                name.as_str(),
                Action::Await { condition },
            )
        })
    });
    ends.collect()
}

/// Takes a server out for the time being, and waits until requests under way have ended.
pub(in super::super) fn take_out(
    draft: &mut Draft<'_>,
    balancer: &LoadBalancer,
    server: &Server,
    after: &[StepId],
) -> (StepId, StepId) {
    let name = &balancer.name;
    let setting = Setting::Membership { balancer: name.clone(), instance: server.id.clone() };
    let taken = draft.add(Step {
        after: after.to_vec(),
        before: Some(Value::Registered.to_string()),
        becomes: Some(Value::NotRegistered.to_string()),
        lasts: Lasts::UntilTheEnd,
        undo: Undo::Restore,
        destructive: true,
        ..step(
            "web",
            format!("take {} out", server.id),
            name.as_str(),
            Action::Set { settings: vec![Assignment { setting, to: Value::NotRegistered }] },
        )
    });
    let condition = Condition::Drained { balancer: name.clone(), instances: ids(&[server]) };
    let title = format!("wait until requests under way at {} have ended", server.id);
    let wait = draft.add(Step {
        after: vec![taken],
        becomes: Some("drained".into()),
        deadline_s: DRAINING_S,
        ..step("web", title, name.as_str(), Action::Await { condition })
    });
    (taken, wait)
}
