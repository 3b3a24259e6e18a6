//! `lock`: who holds an environment's lock, and putting back what a holder who is gone has left.

use std::sync::Arc;

use serde_json::json;

use super::{launch, ports, show, watch};
use crate::cli::args::{Confirmation, Globals, LockCommand};
use crate::cli::exec::{confirmed, store};
use crate::cli::exit::{Exit, Stop};
use crate::cli::stream::Printer;
use crate::cli::target::Target;
use crate::cli::{complain, signals, text};
use crate::engine::lock::{Held, LockError, LockPlace, Outstanding};
use crate::engine::run::begin;
use crate::engine::run::left_behind::launched_by;
use crate::fleet::{EnvironmentPlace, Lock, Server, Snapshot};
use crate::operation::{self, put_back};
use crate::plan::lock::{self, Written};
use crate::plan::{LockKind, Setting, Value};

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
            let (wanted, notes) =
                signals::unless_interrupted(async { Ok::<_, Stop>(wanted(&target, place, &values).await) })
                    .await?;
            if wanted.is_empty() && !values.is_empty() {
                return forget(&target, place, &lock, *take_over, &notes, confirmation).await;
            }
            let deployment = &target.topology.deployment;
            let mut plan = put_back::plan(deployment, place, *take_over, &wanted, target.cloud.now())?;
            plan.notes.extend(notes);
            if !globals.json {
                for line in show::plan(&plan) {
                    complain(&line);
                }
            }
            meant(place, confirmation, &plan.command)?;
            let launch = launch(&target, Some(*take_over), false).await;
            let started = begin(ports(&target, place)?, store(globals, &target)?, plan, launch).await?;
            watch::watch(started, globals.json).await
        }
    }
}

/// Puts back what is as the lost run left it; what somebody else has changed since is theirs, and how many servers there
/// are is never lowered by it.
async fn wanted(
    target: &Target,
    place: &EnvironmentPlace,
    outstanding: &[Outstanding],
) -> (Vec<(Setting, Value)>, Vec<String>) {
    let (snapshot, _) = super::facts(target, place, None, false).await;
    let (mut values, mut notes) = (Vec::new(), Vec::new());
    for one in outstanding {
        let (setting, mut value) = (one.setting.clone(), one.value.clone());
        if is_gone(&snapshot, &setting) {
            notes.push(format!("{setting}: that server is gone, and nothing is to be put back on it"));
            continue;
        }
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
    (values, notes)
}

/// Whether the operator means it.
fn meant(place: &EnvironmentPlace, confirmation: &Confirmation, command: &str) -> Result<(), Stop> {
    confirmed(place, confirmation, &format!("{command} --confirm {}", place.name))?;
    if confirmation.confirm.is_none() && !confirmation.yes {
        return Err(Stop::Refused(format!("nothing was done. If you mean it:\n  {command} --yes")));
    }
    Ok(())
}

/// Removes what lies beside a lock that nobody holds and what nobody can put back any more.
async fn forget(
    target: &Target,
    place: &EnvironmentPlace,
    lock: &LockPlace,
    number: u64,
    notes: &[String],
    confirmation: &Confirmation,
) -> Result<Exit, Stop> {
    let failed = |error: LockError| Stop::Failed(error.to_string());
    for note in notes {
        complain(note);
    }
    if let Some(held) = lock.holder().await.map_err(failed)?.filter(|held| held.number == number) {
        return Err(Stop::Refused(format!("nothing of it can be put back, and {held}")));
    }
    meant(place, confirmation, &put_back::command(&place.name, number))?;
    let change = ports(target, place)?.change;
    lock.forget(&change, number).await.map_err(failed)?;
    complain(&format!("nothing of lock {number} is left to be put back, and its values are forgotten"));
    Ok(Exit::Done)
}

/// Whether a setting is of a server that is known not to be there any more.
fn is_gone(snapshot: &Snapshot, setting: &Setting) -> bool {
    let (Setting::Membership { instance, .. } | Setting::Page { instance }) = setting else { return false };
    snapshot.servers.value().is_some_and(|all| all.get(instance).is_none_or(Server::is_gone))
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
        Setting::Membership { .. } | Setting::Certificate { .. } | Setting::Page { .. } => return None,
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
    let locks = locks(target, place).await?;
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
            let document = document(place, kind, held.as_ref(), &outstanding, &launched, &locks);
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
        for lock in earlier(&locks, kind) {
            bytes.extend(left(lock, place).into_bytes());
        }
    }
    let printer = Printer::start();
    printer.print(bytes).await;
    printer.finish().await?;
    Ok(Exit::Done)
}

/// What is printed for programs.
fn document(
    place: &EnvironmentPlace,
    kind: LockKind,
    held: Option<&Held>,
    outstanding: &[Outstanding],
    launched: &[Server],
    locks: &[Lock],
) -> serde_json::Value {
    let left = earlier(locks, kind).map(|lock| {
        json!({
            "number": lock.number, "who": lock.holder.as_ref().map(|holder| &holder.who),
            "to_put_back": lock.to_put_back,
        })
    });
    json!({
        "version": 1, "environment": place.name.as_str(), "lock": kind,
        "held": held.map(|held| json!({ "number": held.number, "note": held.note })),
        "to_put_back": outstanding,
        "launched": launched.iter().map(|server| server.id.as_str()).collect::<Vec<_>>(),
        "left": left.collect::<Vec<_>>(),
    })
}

/// Locks that are held, and those beside which something lies.
async fn locks(target: &Target, place: &EnvironmentPlace) -> Result<Vec<Lock>, Stop> {
    let deployment = &target.topology.deployment;
    let notes = target.cloud.notes(&lock::root(deployment)).await;
    let notes = notes.map_err(|error| Stop::Failed(error.to_string()))?;
    let written =
        notes.iter().map(|note| Written { name: &note.name, text: &note.text, at: note.written_at });
    Ok(lock::locks(deployment, written).remove(&place.name).unwrap_or_default())
}

/// Those that nobody holds any more.
fn earlier(locks: &[Lock], kind: LockKind) -> impl Iterator<Item = &Lock> {
    locks.iter().filter(move |lock| lock.kind == kind && !lock.is_held())
}

/// What a run has left, and how it is put back.
fn left(lock: &Lock, place: &EnvironmentPlace) -> String {
    let who = lock.holder.as_ref().map_or("somebody", |holder| holder.who.as_str());
    let mut text = format!("the run of lock {} ({who}) has left something", lock.number);
    if lock.kind == LockKind::Environment {
        text += ": ";
        text += &put_back::command(&place.name, lock.number);
    }
    for value in &lock.to_put_back {
        text += "\n  to be put back: ";
        text += value;
    }
    if lock.unreadable {
        text += "\n  and more that cannot be read: see its journal";
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::lock::{Grip, Holder};
    use crate::sandbox::{SandboxCloud, Scenario};

    fn lock(kind: LockKind, number: u64, grip: Grip, who: Option<&str>, to_put_back: &[&str]) -> Lock {
        let holder = who.map(|who| Holder {
            who: who.into(),
            identity: String::new(),
            run: "2026-11-22-0003".into(),
            operation: "begin-upgrade".into(),
            step: "step 1/1".into(),
            since: jiff::Timestamp::UNIX_EPOCH,
            ended: None,
        });
        let to_put_back = to_put_back.iter().map(|value| (*value).to_owned()).collect();
        Lock { kind, number, grip, holder, seen: None, to_put_back, unreadable: false }
    }

    #[test]
    fn what_earlier_locks_have_left_is_told_to_programs_under_left_each_kind_by_itself() {
        let topology = SandboxCloud::in_memory(Scenario::Calm, 7).unwrap().topology();
        let place = topology.environment(&"staging".into()).unwrap();
        let page = "maintenance page of i-1 to off";
        let locks = [
            lock(
                LockKind::Environment,
                7,
                Grip::Released,
                Some("kim@desk"),
                &[page, "Launch of ag to active"],
            ),
            lock(LockKind::Environment, 8, Grip::TakenOver, None, &[page]),
            lock(LockKind::Environment, 9, Grip::Held, Some("jane@laptop"), &[page]),
            lock(LockKind::Release, 2, Grip::Released, Some("kim@desk"), &["what ag launches to web v41"]),
        ];
        let told = |kind| document(place, kind, None, &[], &[], &locks);
        let environment = told(LockKind::Environment);
        assert_eq!(
            environment["left"],
            json!([
                { "number": 7, "who": "kim@desk", "to_put_back": [page, "Launch of ag to active"] },
                { "number": 8, "who": null, "to_put_back": [page] },
            ]),
            "what the holder has to put back is its own business"
        );
        assert_eq!(environment["held"], serde_json::Value::Null);
        let release = told(LockKind::Release);
        assert_eq!(release["lock"], "release");
        assert_eq!(release["left"][0]["number"], 2);
        assert_eq!(
            document(place, LockKind::Release, None, &[], &[], &[])["left"],
            json!([]),
            "a list in any case"
        );
    }
}
