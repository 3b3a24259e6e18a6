//! `plan` and `apply`: operations without a screen, through the same planners, engine and journal.

mod again;
mod lock;
pub(crate) mod show;
pub(crate) mod typed;
mod watch;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::SignedDuration;

use super::args::{ApplyOptions, Confirmation, Globals, PlanOptions};
use super::exec::{confirmed, store};
use super::exit::{Exit, Stop};
use super::operation_options::OperationOptions;
use super::place::who;
use super::target::Target;
use super::{complain, signals, text};
use crate::engine::lock::LockError;
use crate::engine::run::{Grip, Launch, NotBegun, Ports, Secrets, Texts, begin};
use crate::fleet::text::shell_word;
use crate::fleet::{EnvironmentPlace, Interest, LaunchSettings, Server, Snapshot, Topology};
use crate::operation::{self, FRESH, Facts, Operation, Options, Refused};
use crate::plan::{JobFile, Plan};
use crate::refresh;
use crate::remote::Input;
use crate::repo::{self, Asking, Question, RepoFacts};
use crate::template::{SiteFacts, Templates};

pub(crate) use again::{is_again, run as again};
pub(crate) use lock::run as lock;

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Usage(_) => Self::Usage(refused.to_string()),
            Refused::Broken(_) => Self::Failed(refused.to_string()),
            _ => Self::Refused(refused.to_string()),
        }
    }
}

impl From<NotBegun> for Stop {
    fn from(error: NotBegun) -> Self {
        match &error {
            NotBegun::Changed { .. }
            | NotBegun::Lock(LockError::Held(_) | LockError::Denied(_) | LockError::Leaves { .. })
            | NotBegun::Sealed(_) => Self::Refused(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Prints the plan, and does nothing.
pub(crate) async fn plan(globals: &Globals, target: Target, options: &PlanOptions) -> Result<Exit, Stop> {
    let plan = signals::unless_interrupted(Box::pin(planned(&target, options))).await?;
    let printer = super::stream::Printer::start();
    let mut bytes = Vec::new();
    if globals.json {
        text::write_json(&mut bytes, &plan)?;
    } else {
        for line in show::plan(&plan) {
            bytes.extend(line.into_bytes());
            bytes.push(b'\n');
        }
    }
    printer.print(bytes).await;
    printer.finish().await?;
    Ok(Exit::Done)
}

/// Plans, and does it once it is confirmed.
pub(crate) async fn apply(globals: &Globals, target: Target, options: &ApplyOptions) -> Result<Exit, Stop> {
    let place = operation::place(&target.topology, &options.plan.environment)?;
    if globals.read_only {
        return Err(Stop::Refused("--read-only: nothing is changed".into()));
    }
    let store = store(globals, &target)?;
    let ports = ports(&target, place)?;
    let plan = signals::unless_interrupted(Box::pin(planned(&target, &options.plan))).await?;
    if !globals.json {
        for line in show::plan(&plan) {
            complain(&line);
        }
    }
    agreed(place, &plan, &options.confirmation)?;
    let ports = ports.told(typed::ask(plan.wants_typed()).await?);
    let launch = launch(&target, options.lock.take_over, options.lock.without_lock).await;
    let started = begin(ports, store, plan, launch).await?;
    watch::watch(started, globals.json).await
}

/// What is meant is said once more: production by its name, everything else by `--yes` or `--confirm`.
fn agreed(place: &EnvironmentPlace, plan: &Plan, given: &Confirmation) -> Result<(), Stop> {
    let command = plan.command.replacen(" plan ", " apply ", 1);
    let again = format!("{command} --confirm {}", shell_word(place.name.as_str()));
    confirmed(place, given, &again)?;
    if plan.by_name && given.confirm.is_none() {
        return Err(Stop::Refused(format!(
            "nothing was done: what goes does not come back. If you mean it:\n  {again}"
        )));
    }
    if given.confirm.is_none() && !given.yes {
        return Err(Stop::Refused(format!("nothing was done. If you mean it:\n  {command} --yes")));
    }
    Ok(())
}

/// Who runs it, and how the lock is had.
pub(crate) async fn launch(target: &Target, take_over: Option<u64>, without_lock: bool) -> Launch {
    let identity = target.cloud.identity().await.map_or_else(|_| String::new(), |identity| identity.arn);
    let grip = match take_over {
        Some(number) => Grip::TakeOver(number),
        None if without_lock => Grip::Without,
        None => Grip::Take,
    };
    Launch { who: who(), identity, grip }
}

/// Everything a run needs; refused where it cannot be had.
pub(crate) fn ports(target: &Target, place: &EnvironmentPlace) -> Result<Ports, Stop> {
    let no_remote = || {
        let why = target.no_remote.clone();
        Stop::Failed(why.unwrap_or_else(|| "Servers cannot be asked".into()))
    };
    let change =
        target.cloud_change.clone().ok_or_else(|| Stop::Refused("--read-only: nothing is changed".into()))?;
    Ok(Ports {
        read: Arc::clone(&target.cloud),
        change,
        look: target.remote.clone().ok_or_else(no_remote)?,
        act: target.change.clone().ok_or_else(no_remote)?,
        deployment: target.topology.deployment.clone(),
        address: target.topology.ssh_address,
        pages: crate::cli::recipes::pages(&place.layout),
        evidence: Some(crate::cli::recipes::evidence(&place.layout)),
        texts: target.templates.clone().map(texts),
        secrets: target.templates.clone().map(secrets),
    })
}

/// Makes the texts of jobs' files.
fn texts(templates: Arc<Templates>) -> Texts {
    Arc::new(move |file: &JobFile, server: &Server| {
        templates.write(file, Some(server)).map(|text| Input::new(text.into_bytes()))
    })
}

/// Changes the project's secrets in their file.
fn secrets(templates: Arc<Templates>) -> Secrets {
    Arc::new(move |change| templates.change(change))
}

/// What the project's templates and secrets are.
pub(crate) async fn site(target: &Target, place: &EnvironmentPlace) -> Option<SiteFacts> {
    let (templates, name) = (target.templates.clone()?, place.name.to_string());
    tokio::task::spawn_blocking(move || templates.facts(&name)).await.ok()
}

/// The plan for what was asked, from facts read just now.
pub(crate) async fn planned(target: &Target, asked: &PlanOptions) -> Result<Plan, Stop> {
    let operation = operation::find(&asked.operation)?;
    let options = told(operation, &asked.options)?;
    let place = operation::place(&target.topology, &asked.environment)?;
    let other = operation.reads(&options).and_then(|name| target.topology.environment(name));
    let (snapshot, releases) = facts(target, place, other, operation.measures()).await;
    let mut site = site(target, place).await;
    if let Some(site) = site.as_mut().filter(|_| operation.compares_secrets()) {
        site.drift = super::secrets::for_plan(target, place, &snapshot).await;
    }
    let mut facts = Facts {
        snapshot: &snapshot,
        topology: &target.topology,
        place,
        releases: &releases,
        now: target.cloud.now(),
        // Time of a simulated cloud may go faster than ours.
        fresh: SignedDuration::from_secs_f64(FRESH.as_secs_f64() * target.speed.max(1.0)),
        room: None,
        ground: None,
        repo: None,
        site: site.as_ref(),
    };
    let repo = operation.informed(&facts, &options, asking(target).as_ref()).await;
    facts.repo = repo.as_ref();
    let ground = match operation.ground(&facts, &options) {
        Some(asked) => Some(target.cloud.ground(&asked).await),
        None => None,
    };
    facts.ground = ground.as_ref();
    let room = match operation.room(&facts, &options) {
        Some(asked) => Some(target.cloud.room(&asked).await),
        None => None,
    };
    facts.room = room.as_ref();
    Ok(operation.plan(&facts, &options)?)
}

/// The options, each taken in as it was written; those that the operation does not know are refused.
fn told(operation: &Operation, given: &OperationOptions) -> Result<Options, Stop> {
    let mut options = Options::default();
    for (opt, value) in &given.0 {
        options.set(operation.option(opt.name())?, value)?;
    }
    Ok(options)
}

/// The way to the operator's clone; none in the sandbox.
pub(crate) fn asking(target: &Target) -> Option<Asking> {
    let clone = Arc::new(repo::git::Clone::at(target.clone.clone()?));
    Some(Arc::new(move |questions: Vec<Question>, told: RepoFacts| {
        let (clone, before) = (Arc::clone(&clone), told.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let mut told = told;
            for question in &questions {
                if let Err(error) = told.ask(&*clone, question) {
                    tracing::info!(%error, ?question, "the repository did not tell");
                }
            }
            told
        });
        Box::pin(async move { asked.await.unwrap_or(before) })
    }))
}

/// The environment as it is now, and what could be launched there.
async fn facts(
    target: &Target,
    place: &EnvironmentPlace,
    other: Option<&EnvironmentPlace>,
    of_servers: bool,
) -> (Snapshot, Vec<LaunchSettings>) {
    let places = || std::iter::once(place).chain(other.filter(|other| other.name != place.name));
    let only = Topology { environments: places().cloned().collect(), ..(*target.topology).clone() };
    let names = places().map(|place| place.name.clone()).collect();
    let interest = Interest { environments: names, ..Interest::default() };
    let limits = refresh::Limits::ONCE;
    let cloud = Arc::clone(&target.cloud);
    let only = Arc::new(only);
    // What is measured on servers is seldom what a plan stands on, and asking them takes its time. Where it is, they are
    // asked first, so that what AWS says is new.
    let measured = if of_servers {
        let (cloud, only, hosts) = (Arc::clone(&cloud), Arc::clone(&only), target.remote.clone());
        let looked = refresh::once_looking(cloud, hosts, only, limits, interest.clone()).await;
        Some(looked.measured)
    } else {
        None
    };
    let mut snapshot = refresh::once_looking(cloud, None, only, limits, interest).await;
    if let Some(measured) = measured {
        snapshot.measured = measured;
    }
    let launch = place.group.as_ref().and_then(|name| snapshot.group(name)?.launch.clone());
    let prefix = format!("{}_{}_lc_", target.topology.deployment, place.name);
    let releases = match &launch {
        Some(launch) => target.cloud.releases(launch, &prefix).await,
        None => Ok(Vec::new()),
    };
    let releases = releases.unwrap_or_else(|error| {
        complain(&format!("quarterdeck: releases could not be listed: {error}"));
        Vec::new()
    });
    (snapshot, releases)
}
