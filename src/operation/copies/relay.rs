//! A file comes from one database server to another.

use super::super::Facts;
use super::super::draft::{Draft, step};
use super::super::on_servers::{lane, root_job};
use super::LONG_S;
use crate::fleet::{EnvironmentPlace, Server};
use crate::plan::{Action, InstanceRef, Lasts, Step, StepId, Undo};
use crate::recipe::database;

/// Brings a file over, where there is room for it and for what it is loaded into: a database of so many bytes.
#[allow(clippy::too_many_arguments, reason = "from where to where, and what has to be so before")]
pub(super) fn over(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    from: &Server,
    to: &Server,
    file: &str,
    after: &[StepId],
    bytes: Option<u64>,
    tight: bool,
) -> StepId {
    let layout = &facts.place.layout;
    let megabytes = bytes.map_or(0, |bytes| bytes.saturating_mul(2) / (1024 * 1024));
    let directory = file.rsplit_once('/').map_or("/", |(directory, _)| directory);
    let room = database::room(layout, directory, megabytes, tight);
    let room =
        draft.add(root_job(to, "see that there is room for file and database", "room", room, None, 120));
    let known = |server: &Server| InstanceRef::Known(server.id.clone());
    let relay = database::relay(layout, known(from), known(to), file);
    draft.add(Step {
        after: after.iter().copied().chain([room]).collect(),
        before: Some(from.id.to_string()),
        becomes: Some(format!("on {} too, with the same sha256", to.id)),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("what has come is deleted".into()),
        deadline_s: LONG_S,
        ..step(&lane(to), "bring the file over, in pieces", to.id.as_str(), Action::Relay(Box::new(relay)))
    })
}

/// Deletes a file that is of no use any more.
pub(super) fn taken_off(place: &EnvironmentPlace, server: &Server, file: &str) -> Step {
    let script = database::forget(&place.layout, file);
    Step { soft: true, ..root_job(server, "delete the file that came over", "forget", script, None, 120) }
}
