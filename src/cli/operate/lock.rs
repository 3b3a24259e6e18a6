//! `lock`: who holds an environment's lock, and putting back what a holder who is gone has left.

use std::sync::Arc;

use serde_json::json;

use super::{launch, ports, show, watch};
use crate::cli::args::{Globals, LockCommand};
use crate::cli::exec::{confirmed, store};
use crate::cli::exit::{Exit, Stop};
use crate::cli::stream::Printer;
use crate::cli::target::Target;
use crate::cli::{complain, signals, text};
use crate::engine::lock::{Held, LockPlace, Outstanding};
use crate::engine::run::begin;
use crate::engine::run::left_behind::launched_by;
use crate::fleet::{EnvironmentPlace, Server, Snapshot};
use crate::operation::{self, put_back};
use crate::plan::{LockKind, Plan, Setting, Value};

/// Shows it, or puts back.
pub(crate) async fn run(globals: &Globals, target: Target, command: &LockCommand) -> Result<Exit, Stop> {
    match command {
        LockCommand::Show { environment } => {
            let place = operation::place(&target.topology, environment)?;
            signals::unless_interrupted(shown(globals, &target, place)).await
        }
        LockCommand::PutBack { environment, take_over, confirmation } => {
            let place = operation::place(&target.topology, environment)?;
            if globals.read_only {
                return Err(Stop::Refused("--read-only: nothing is changed".into()));
            }
            let read = Arc::clone(&target.cloud);
            let lock = LockPlace::new(read, &target.topology.deployment, &place.name, LockKind::Environment);
            let values = signals::unless_interrupted(async {
                lock.outstanding(*take_over).await.map_err(|error| Stop::Failed(error.to_string()))
            })
            .await?;
            let plan = signals::unless_interrupted(plan(&target, place, *take_over, &values)).await?;
            if !globals.json {
                for line in show::plan(&plan) {
                    complain(&line);
                }
            }
            let again = format!("{} --confirm {}", plan.command, place.name);
            confirmed(place, confirmation, &again)?;
            if confirmation.confirm.is_none() && !confirmation.yes {
                return Err(Stop::Refused(format!(
                    "nothing was done. If you mean it:\n  {} --yes",
                    plan.command
                )));
            }
            let launch = launch(&target, Some(*take_over), false).await;
            let started = begin(ports(&target, place)?, store(globals, &target)?, plan, launch).await?;
            watch::watch(started, globals.json).await
        }
    }
}

/// Puts back what is as the lost run left it; what somebody else has changed since is theirs, and how many servers there
/// are is never lowered by it.
async fn plan(
    target: &Target,
    place: &EnvironmentPlace,
    number: u64,
    outstanding: &[Outstanding],
) -> Result<Plan, Stop> {
    let (snapshot, _) = super::facts(target, place).await;
    let (mut values, mut notes) = (Vec::new(), Vec::new());
    for one in outstanding {
        let (setting, mut value) = (one.setting.clone(), one.value.clone());
        let found = found(&snapshot, &setting);
        if found.as_ref().is_some_and(|found| *found != value && !one.ours.contains(found)) {
            let found = found.map(|found| found.to_string()).unwrap_or_default();
            notes.push(format!(
                "{setting} is {found}: somebody else has changed it since, so it is left as it is"
            ));
            continue;
        }
        if let (Value::Sizes(was), Some(Value::Sizes(is))) = (&mut value, &found)
            && was.desired < is.desired
        {
            notes.push(format!(
                "{setting}: it wanted {} servers, now {}. Lowering that would let the group choose who goes: see which \
                 serve, and end the others by hand",
                was.desired, is.desired
            ));
            (was.desired, was.max) = (is.desired, was.max.max(is.desired));
        }
        values.push((setting, value));
    }
    notes.push(
        "What that run did on servers (a stopped Celery, other code) is not put back: see what runs there"
            .into(),
    );
    let deployment = &target.topology.deployment;
    let mut plan = put_back::plan(deployment, place, number, &values, target.cloud.now())?;
    plan.notes.extend(notes);
    Ok(plan)
}

/// A group's setting as it is now; none where it is not the group's, or not known.
fn found(snapshot: &Snapshot, setting: &Setting) -> Option<Value> {
    let group = snapshot.group(setting.group()?)?;
    Some(match setting {
        Setting::Process { process, .. } if group.is_suspended(process.word()) => Value::Suspended,
        Setting::Process { .. } => Value::Active,
        Setting::Sizes { .. } => Value::Sizes(group.sizes()),
        Setting::Policies { .. } => Value::Policies(group.termination_policies.clone()),
        Setting::Launch { .. } => Value::Launch(group.launch.clone()?),
        Setting::Membership { .. } | Setting::Page { .. } => return None,
    })
}

/// The servers that its holder has launched and not terminated.
async fn launched(target: &Target, held: Option<&Held>) -> Vec<Server> {
    let Some(note) = held.and_then(|held| held.note.as_ref()) else { return Vec::new() };
    let found = launched_by(&*target.cloud, &target.topology.deployment, note).await;
    found.unwrap_or_else(|error| {
        complain(&format!("quarterdeck: which servers it has launched is not known: {error}"));
        Vec::new()
    })
}

async fn shown(globals: &Globals, target: &Target, place: &EnvironmentPlace) -> Result<Exit, Stop> {
    let mut bytes = Vec::new();
    for kind in [LockKind::Environment, LockKind::Release] {
        let read = Arc::clone(&target.cloud);
        let lock = LockPlace::new(read, &target.topology.deployment, &place.name, kind);
        let held = lock.holder().await.map_err(|error| Stop::Failed(error.to_string()))?;
        let outstanding = match &held {
            Some(held) => lock.outstanding(held.number).await.unwrap_or_default(),
            None => Vec::new(),
        };
        let launched = launched(target, held.as_ref()).await;
        if globals.json {
            let document = json!({
                "version": 1, "environment": place.name.as_str(), "lock": kind,
                "held": held.as_ref().map(|held| json!({ "number": held.number, "note": held.note })),
                "to_put_back": outstanding,
                "launched": launched.iter().map(|server| server.id.as_str()).collect::<Vec<_>>(),
            });
            text::write_json(&mut bytes, &document)?;
            continue;
        }
        let words = match &held {
            Some(held) => held.to_string(),
            None => format!(
                "nobody holds the {} of {}",
                if kind == LockKind::Environment { "lock" } else { "release lock" },
                place.name
            ),
        };
        bytes.extend(format!("{words}\n").into_bytes());
        for Outstanding { setting, value, .. } in &outstanding {
            bytes.extend(format!("  to be put back: {setting} to {value}\n").into_bytes());
        }
        for server in &launched {
            bytes.extend(
                format!("  launched by it, and still there: {} ({})\n", server.id, server.role.role)
                    .into_bytes(),
            );
        }
    }
    let printer = Printer::start();
    printer.print(bytes).await;
    printer.finish().await?;
    Ok(Exit::Done)
}
