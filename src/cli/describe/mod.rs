//! `describe`: everything that is known of the environments, read once.

mod failures;
mod json;
mod levels;
mod locks;
mod measured;
mod measured_text;
mod text;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::sync::Arc;

use super::exit::{Exit, Stop};
use super::target::Target;
use crate::cloud::CloudRead;
use crate::fleet::{Interest, Snapshot, Standing, Thresholds, Topology, Yardstick, overview};
use crate::refresh;
use failures::{failures, of_all_servers};
use json::Subject;
pub(crate) use text::Paint;

/// What to print and how.
#[derive(Debug)]
pub(crate) struct Request {
    /// Only this environment.
    pub(crate) environment: Option<String>,
    /// Measure on servers, too.
    pub(crate) hosts: bool,
    pub(crate) json: bool,
    pub(crate) paint: Paint,
    /// From where on numbers warn.
    pub(crate) thresholds: Thresholds,
}

/// Reads the fleet once and prints it. Ends with [`Exit::Failed`] when something asked for could not be read.
pub(crate) async fn run(target: Target, request: &Request, out: &mut dyn Write) -> Result<Exit, Stop> {
    let topology = match &request.environment {
        Some(name) => Arc::new(only(&target.topology, name)?),
        None => Arc::clone(&target.topology),
    };
    let cloud = target.cloud;
    let no_remote = target.no_remote.filter(|_| request.hosts);
    let hosts = target.remote.filter(|_| request.hosts);
    let limits = refresh::Limits::ONCE;
    // CloudWatch bills what it is asked: only who names an environment wants its numbers.
    let environments = request.environment.iter().map(|name| name.as_str().into()).collect();
    let interest = Interest { environments, ..Interest::default() };
    let snapshot =
        refresh::once_looking(Arc::clone(&cloud), hosts, Arc::clone(&topology), limits, interest).await;
    print(&*cloud, &topology, &snapshot, no_remote.as_deref(), request, out)
}

/// The topology with only the named environment, so that nothing else is read.
pub(crate) fn only(topology: &Topology, name: &str) -> Result<Topology, Stop> {
    let known: Vec<&str> = topology.environments.iter().map(|e| e.name.as_str()).collect();
    let environments: Vec<_> =
        topology.environments.iter().filter(|e| e.name.as_str() == name).cloned().collect();
    if environments.is_empty() {
        return Err(Stop::Usage(super::text::no_such("environment", name, &known)));
    }
    Ok(Topology { environments, ..topology.clone() })
}

fn print(
    cloud: &dyn CloudRead,
    topology: &Topology,
    snapshot: &Snapshot,
    no_remote: Option<&str>,
    request: &Request,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    let yardstick = Yardstick { thresholds: request.thresholds, ..Yardstick::at(cloud.now()) };
    let overviews = overview::overviews(snapshot, topology, &yardstick);
    // Unknown is not none: without an answer there is no list at all.
    let all = snapshot.servers.value().filter(|_| request.environment.is_none());
    let elsewhere = all.map(|servers| {
        let ours = |s: &crate::fleet::Server| {
            s.environment.as_ref().is_some_and(|name| topology.environment(name).is_some())
        };
        servers.values().filter(|s| !ours(s) && !s.is_gone()).collect()
    });
    let (endpoint, now) = (cloud.endpoint(), cloud.now());
    let (overviews, yardstick) = (&overviews, &yardstick);
    let subject = Subject { snapshot, topology, overviews, endpoint, elsewhere, now, yardstick };
    let mut failures = failures(snapshot, topology);
    failures.extend(no_remote.map(|why| of_all_servers(why, now)));
    let exit = if failures.is_empty() { Exit::Done } else { Exit::Failed };
    if request.json {
        super::text::write_json(out, &json::document(&subject, failures))?;
    } else {
        for line in text::lines(&subject, &failures, request.paint) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(exit)
}

/// One word for whether a server takes part.
const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::Pending => "pending",
        Standing::Old => "old",
    }
}
