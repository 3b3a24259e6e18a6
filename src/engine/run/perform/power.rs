//! Servers that are booted again, or stopped: asked of EC2, and seen to have happened.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{LOOK_AGAIN, StepStop, Worker};
use crate::engine::run::entry::{Mutation, StepEnd};
use crate::engine::run::world::{Trouble, World, instance_of, of_read};
use crate::fleet::{InstanceId, Power};
use crate::plan::InstanceRef;

/// The kernel gives each boot an id of its own.
const BOOT: &str = "# sandbox: boot show\ncat /proc/sys/kernel/random/boot_id\n";

/// After so long EC2 has switched a server off and on that did not shut down by itself: one that still answers as before
/// was never asked.
const FORCED: SignedDuration = SignedDuration::from_mins(6);

fn stopped(trouble: &Trouble) -> StepStop {
    StepStop::Failed(trouble.words().to_owned())
}

/// How EC2 says that a server is; none where it does not list it.
pub(super) async fn of(world: &World, id: &InstanceId) -> Result<Option<Power>, Trouble> {
    let all = world.ports.read.servers(&world.ports.deployment).await.map_err(of_read)?;
    Ok(all.into_iter().find(|server| server.id == *id).map(|server| server.power))
}

/// The id of the boot that a server is in.
async fn boot(world: &World, id: &InstanceId) -> Result<String, Trouble> {
    let lines = world.look(id, BOOT, false).await?;
    let said = lines.iter().map(|line| line.trim()).find(|line| !line.is_empty());
    said.map(ToOwned::to_owned).ok_or_else(|| Trouble::Later(format!("{id} did not say in which boot it is")))
}

/// Boots a server again. The id of the boot before is written down before it is asked for, so that whoever takes the run
/// up knows by it whether it has happened.
pub(super) async fn reboot(worker: &mut Worker, server: &InstanceRef) -> Result<StepEnd, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let id = instance_of(server, &slots).map_err(|trouble| stopped(&trouble))?;
    let asked = {
        let story = worker.book.story().await;
        let own = story.intents.iter().filter(|intent| intent.step == worker.step.id && !intent.back);
        own.filter(|intent| intent.may_have_happened()).rev().find_map(|intent| match &intent.mutation {
            Mutation::Reboot { boot, .. } => Some((boot.clone(), intent.at)),
            _ => None,
        })
    };
    let (before, mut asked_at) = match asked {
        Some((boot, at)) => (boot, Some(at)),
        None => (worker.patiently(async |world| boot(&world, &id).await).await?, None),
    };
    let ids = std::slice::from_ref(&id);
    let act = async |world: Arc<World>| world.ports.change.reboot(ids).await.map_err(Trouble::from);
    let happened = async |world: Arc<World>| Ok((boot(&world, &id).await? != before).then_some(()));
    loop {
        if asked_at.is_none() {
            let mutation = Mutation::Reboot { instance: id.clone(), boot: before.clone() };
            worker.mutate(vec![mutation], act, happened).await?;
            asked_at = Some(worker.world.now());
        }
        let waits = match boot(&worker.world, &id).await {
            Ok(now) if now != before => return Ok(StepEnd::Done),
            // Whoever asked for it may have died before EC2 heard of it.
            Ok(_) if asked_at.is_some_and(|at| worker.world.now().duration_since(at) > FORCED) => {
                asked_at = None;
                format!("{id} still answers in the boot of before: it is asked once more")
            }
            Ok(_) => format!("{id} still shuts down"),
            Err(Trouble::Denied(words)) => return Err(StepStop::Denied(words)),
            Err(trouble) => format!("{id} does not answer yet: {}", trouble.words()),
        };
        worker.book.status(worker.step.id, waits.clone());
        worker.in_time(&format!(
            "{waits}. What its console says: aws ec2 get-console-output --latest --instance-id {id}"
        ))?;
        worker.pause(LOOK_AGAIN).await?;
    }
}

/// Stops a server, and waits until EC2 says that it is.
pub(super) async fn stop(worker: &mut Worker, server: &InstanceRef) -> Result<StepEnd, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let id = instance_of(server, &slots).map_err(|trouble| stopped(&trouble))?;
    let mut first = true;
    loop {
        match worker.patiently(async |world| of(&world, &id).await).await? {
            None | Some(Power::Stopped | Power::Terminated) => {
                return Ok(if first { StepEnd::AlreadySo } else { StepEnd::Done });
            }
            Some(Power::Stopping | Power::ShuttingDown) => {}
            Some(_) if first => {
                let ids = std::slice::from_ref(&id);
                let act = async |world: Arc<World>| world.ports.change.stop(ids).await.map_err(Trouble::from);
                // Asking again does no harm.
                let mutation = Mutation::Stop { instance: id.clone() };
                worker.mutate(vec![mutation], act, async |world| act(world).await.map(Some)).await?;
            }
            Some(_) => {}
        }
        first = false;
        let waits =
            format!("{id} is not stopped yet: EC2 takes some minutes where its system does not answer");
        worker.book.status(worker.step.id, waits.clone());
        worker.in_time(&waits)?;
        worker.pause(LOOK_AGAIN).await?;
    }
}
