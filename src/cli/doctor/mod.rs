//! `doctor`: every precondition for running an environment, read once and judged by the table of checks.

mod json;
mod names;
mod project;
mod rights;
mod served;
mod text;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::sync::Arc;

use futures_util::future::join;

use super::args::Globals;
use super::describe::{Paint, only};
use super::exit::{Exit, Stop};
use super::target::Target;
use super::whereabouts::Whereabouts;
use crate::doctor::{Checked, FindingSeverity, Lookup, Patient, ProjectFacts, RightsFacts, Served, examine};
use crate::fleet::{
    EnvironmentPlace, Ground, GroundQuestion, Room, RoomQuestion, Snapshot, SubnetChoice, Thresholds,
    Topology, Yardstick, Zone,
};
use crate::template::SiteFacts;

/// What to print and how.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) environment: String,
    /// What is good, too.
    pub(crate) all: bool,
    pub(crate) json: bool,
    pub(crate) paint: Paint,
    /// Whether the terminal shows more than ASCII.
    pub(crate) utf8: bool,
    /// From where on numbers warn.
    pub(crate) thresholds: Thresholds,
}

/// What DNS says of one name.
pub(crate) async fn look_up(name: String) -> crate::doctor::Named {
    names::one(name).await.leads_to
}

pub(crate) use project::git_ignores;

/// What was read, beside the fleet.
#[derive(Default)]
pub(crate) struct Read {
    project: Option<ProjectFacts>,
    site: Option<SiteFacts>,
    names: Option<Vec<Lookup>>,
    served: Option<Vec<Served>>,
    rights: Option<RightsFacts>,
    console: Option<Result<(), String>>,
    room: Option<Room>,
    ground: Option<Ground>,
}

/// Who is looked at, as the output names it.
pub(crate) struct Subject<'a> {
    pub(crate) patient: &'a Patient<'a>,
    pub(crate) endpoint: &'a crate::fleet::Endpoint,
    pub(crate) checked: &'a [Checked],
}

impl Subject<'_> {
    /// The head of what is printed.
    pub(crate) fn whereabouts(&self) -> Whereabouts {
        let Patient { topology, place, yardstick, .. } = self.patient;
        Whereabouts::new(topology, place, self.endpoint, yardstick.now)
    }

    /// How many findings are of a severity.
    pub(crate) fn count(&self, severity: FindingSeverity) -> usize {
        let findings = self.checked.iter().flat_map(|checked| &checked.findings);
        findings.filter(|finding| finding.severity == severity).count()
    }

    /// The worst of all.
    pub(crate) fn worst(&self) -> FindingSeverity {
        self.checked.iter().filter_map(Checked::severity).max().unwrap_or(FindingSeverity::Good)
    }
}

/// Reads everything, judges it, and prints it. Ends with [`Exit::Failed`] when something is bad.
pub(crate) async fn run(
    globals: &Globals,
    target: Target,
    request: &Request,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    let topology = Arc::new(only(&target.topology, &request.environment)?);
    let Some(place) = topology.environments.first() else { return Ok(Exit::Done) };
    // Disks and processes are read in threads of their own: they may hang where files lie on a network.
    let project = project::read(globals, &target, place).await;
    let mut site = super::operate::site(&target, place).await;
    let snapshot = target.looked_at(&topology, place).await;
    let asked = room(&snapshot, place, project.as_ref());
    let subnets = asked.as_ref().map_or(SubnetChoice::Named(Vec::new()), |asked| asked.subnets.clone());
    // Its load balancers are in the snapshot.
    let ground =
        target.cloud.ground(&GroundQuestion { subnets, balancers: Vec::new(), certificates: None }).await;
    let room = match asked {
        Some(question) => Some(target.cloud.room(&question).await),
        None => None,
    };
    let (names, served) = if target.cloud.endpoint().sandbox {
        (None, None) // the simulated fleet's domains are nobody's
    } else {
        let (names, served) = join(names::look_up(&snapshot, place), served::look(&snapshot, place)).await;
        (Some(names), Some(served))
    };
    let (rights, console) =
        join(rights::ask(&target, &snapshot, place), rights::console(&target, &snapshot, place)).await;
    if let Some(site) = &mut site {
        site.drift = super::secrets::for_doctor(&target, place, &snapshot).await;
    }
    let rights = Some(rights);
    let read = Read { project, site, names, served, rights, console, room, ground: Some(ground) };
    print(&target, &topology, &snapshot, &read, request, out)
}

fn print(
    target: &Target,
    topology: &Topology,
    snapshot: &Snapshot,
    read: &Read,
    request: &Request,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    let Some(place) = topology.environments.first() else { return Ok(Exit::Done) };
    let yardstick = Yardstick {
        thresholds: request.thresholds,
        speed: target.speed,
        ..Yardstick::at(target.cloud.now())
    };
    let patient = Patient {
        snapshot,
        topology,
        place,
        yardstick: &yardstick,
        project: read.project.as_ref(),
        site: read.site.as_ref(),
        names: read.names.as_deref(),
        served: read.served.as_deref(),
        rights: read.rights.as_ref(),
        console: read.console.as_ref(),
        room: read.room.as_ref(),
        ground: read.ground.as_ref(),
        no_remote: target.no_remote.as_deref(),
    };
    let checked = examine(&patient);
    let subject = Subject { patient: &patient, endpoint: target.cloud.endpoint(), checked: &checked };
    if request.json {
        super::text::write_json(out, &json::document(&subject))?;
    } else {
        for line in text::lines(&subject, request) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(if subject.worst() == FindingSeverity::Bad { Exit::Failed } else { Exit::Done })
}

/// Where the next web servers go, and of which type; none where nothing says where.
fn room(
    snapshot: &Snapshot,
    place: &EnvironmentPlace,
    project: Option<&ProjectFacts>,
) -> Option<RoomQuestion> {
    let group = place.group.as_ref().and_then(|name| snapshot.group(name));
    let zones = || project.into_iter().flat_map(|project| &project.zones);
    let subnets = match group {
        Some(group) if !group.subnets.is_empty() => SubnetChoice::Named(group.subnets.clone()),
        Some(group) => SubnetChoice::DefaultOf(group.zones.clone()),
        None if !place.web.subnets.is_empty() => SubnetChoice::Named(place.web.subnets.clone()),
        None => SubnetChoice::DefaultOf(zones().map(|zone| Zone::new(zone.as_str())).collect()),
    };
    if matches!(&subnets, SubnetChoice::DefaultOf(zones) if zones.is_empty()) {
        return None;
    }
    let launch = group.and_then(|group| snapshot.launch.value()?.get(group.launch.as_ref()?));
    let launched = launch.and_then(|settings| settings.instance_type.clone());
    Some(RoomQuestion { subnets, instance_type: launched.or_else(|| place.web.instance_type.clone()) })
}
