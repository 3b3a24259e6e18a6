//! Secrets between the file here, servers, programs and people. Names are printed, values never.

mod check;
mod outside;
mod pull;
mod servers;
mod set;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::exit::Stop;
use super::target::Target;
use crate::config::secrets::Secret;
use crate::console::runtime::SecretsWays;
use crate::fleet::{EnvironmentName, EnvironmentPlace, Snapshot};
use crate::plan::typed::Typed;
use crate::template::{Drift, Templates};

pub(crate) use check::run as check;
pub(crate) use outside::{Hide, outside};
pub(crate) use pull::run as pull;
pub(crate) use set::run as set;

/// The shape's version.
const VERSION: u32 = 1;

/// How secrets here stand to those on servers, for whoever reads a plan: some of the servers are asked, and not for long.
pub(crate) async fn for_plan(
    target: &Target,
    place: &EnvironmentPlace,
    snapshot: &Snapshot,
) -> Option<Drift> {
    let all: Vec<_> = snapshot.servers.value()?.values().cloned().collect();
    servers::drift(target, place, &all, servers::Reach::PLAN).await
}

/// The same of many servers.
pub(crate) async fn for_doctor(
    target: &Target,
    place: &EnvironmentPlace,
    snapshot: &Snapshot,
) -> Option<Drift> {
    let all: Vec<_> = snapshot.servers.value()?.values().cloned().collect();
    servers::drift(target, place, &all, servers::Reach::ALL).await
}

/// What a console does about secrets.
pub(crate) fn ways(target: &Target) -> SecretsWays {
    let (asked, kept) = (target.clone(), target.clone());
    SecretsWays {
        drift: Arc::new(move |place, snapshot| {
            let target = asked.clone();
            Box::pin(async move { for_plan(&target, &place, &snapshot).await })
        }),
        keep: Arc::new(move |environment, typed| {
            let target = kept.clone();
            Box::pin(
                async move { keep(&target, &environment, &typed).await.map_err(|stop| stop.to_string()) },
            )
        }),
    }
}

/// Writes what was typed.
async fn keep(target: &Target, environment: &EnvironmentName, typed: &Typed) -> Result<String, Stop> {
    let templates = templates(target)?;
    let file = templates.file_of_secrets(environment.as_str());
    not_committed(&file).await?;
    let new: BTreeMap<String, Secret> =
        typed.each().map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned()))).collect();
    let (name, note) = (environment.to_string(), note(target.cloud.now()));
    let kept = tokio::task::spawn_blocking(move || templates.keep(&name, &new, &note)).await;
    kept.unwrap_or_else(|error| Err(error.to_string())).map_err(Stop::Failed)?;
    Ok(format!("{} is written; planning anew", file.display()))
}

/// The project's secrets; refused where there is no project.
fn templates(target: &Target) -> Result<Arc<Templates>, Stop> {
    target.templates.clone().ok_or_else(|| {
        Stop::Refused(
            "The sandbox has no project, and so no secrets: leave out --sandbox, and start in the project's directory"
                .into(),
        )
    })
}

/// Refused where git would commit the file that is to be written.
async fn not_committed(file: &Path) -> Result<(), Stop> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if super::doctor::git_ignores(dir.to_owned(), file.to_owned()).await != Some(false) {
        return Ok(());
    }
    Err(Stop::Refused(format!(
        "nothing was written: git would commit {}. Add `fabsecrets*.py` to .gitignore first, and take the file out of the \
         repository if it is in it",
        file.display()
    )))
}

/// What a file that keeps old values is named after.
fn note(now: jiff::Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%S").to_string()
}
