//! Servers that a run has launched, found by the tag that each has from its first moment: also when the machine that ran
//! it is lost, and its journal with it.

use super::entry::Entry;
use super::world::World;
use crate::cloud::{Answer, CloudRead};
use crate::engine::lock::{Held, LockNote};
use crate::fleet::text::one_line;
use crate::fleet::{DeploymentName, Server};

/// The tag that holds the token of the run.
pub(super) const RUN_TAG: &str = "quarterdeck-run";

/// The servers that the holder of a lock has launched and not terminated.
///
/// # Errors
/// When they cannot be listed.
pub async fn launched_by(
    read: &dyn CloudRead,
    deployment: &DeploymentName,
    note: &LockNote,
) -> Answer<Vec<Server>> {
    let mut all = read.servers(deployment).await?;
    all.retain(|server| !server.is_gone() && server.tags.get(RUN_TAG) == Some(&note.token));
    Ok(all)
}

/// What is to be said of those whom the holder of this lock leaves behind when it is taken over.
pub(super) async fn said(world: &World, held: Option<&Held>, ours: &LockNote) -> Vec<Entry> {
    let Some(note) = held.and_then(|held| held.note.as_ref()) else { return Vec::new() };
    if note.token == ours.token {
        return Vec::new();
    }
    let whose =
        format!("{}'s {} (run {})", one_line(&note.who), one_line(&note.operation), one_line(&note.run));
    let texts = match launched_by(&*world.ports.read, &world.ports.deployment, note).await {
        Ok(servers) => servers.iter().map(|server| left(server, &whose)).collect(),
        Err(error) => vec![format!("whether {whose} has left servers behind is not known: {error}")],
    };
    let at = world.now();
    texts.into_iter().map(|text| Entry::Said { step: None, warning: true, text, at }).collect()
}

fn left(server: &Server, whose: &str) -> String {
    format!(
        "{} ({}) was launched by {whose}, whose lock is taken over, and is still there. If that run is not taken up \
         again, end it: aws ec2 terminate-instances --instance-ids {}",
        server.id, server.role.role, server.id
    )
}
