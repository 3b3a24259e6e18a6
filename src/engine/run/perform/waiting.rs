//! Waiting until something is so: with a deadline, and a reason that is shown.

use super::{LOOK_AGAIN, StepStop, Worker, power};
use crate::engine::run::entry::StepEnd;
use crate::engine::run::world::{Trouble, World, in_service, instance_of, words_of};
use crate::fleet::{InstanceId, Power};
use crate::plan::Condition;

/// Waits for a condition.
pub(super) async fn wait_for(worker: &mut Worker, condition: &Condition) -> Result<StepEnd, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let asked = match condition {
        Condition::Reachable { instance } | Condition::Stopped { instance } => Some(
            instance_of(instance, &slots).map_err(|trouble| StepStop::Failed(trouble.words().to_owned()))?,
        ),
        _ => None,
    };
    let mut first = true;
    loop {
        let waits = worker.patiently(async |world| look(&world, condition, asked.as_ref()).await).await?;
        let Some(waits) = waits else {
            return Ok(if first { StepEnd::AlreadySo } else { StepEnd::Done });
        };
        first = false;
        worker.book.status(worker.step.id, waits.clone());
        worker.in_time(&waits)?;
        worker.pause(LOOK_AGAIN).await?;
    }
}

/// None when it is so; otherwise what is waited for.
async fn look(
    world: &World,
    condition: &Condition,
    asked: Option<&InstanceId>,
) -> Result<Option<String>, Trouble> {
    match condition {
        Condition::InService { balancer, instances } => {
            let health = world.health_lately(balancer).await?;
            let waiting: Vec<&InstanceId> =
                instances.iter().filter(|one| !in_service(&health, one)).collect();
            Ok(waiting.first().map(|one| {
                let done = instances.len() - waiting.len();
                format!("{done} of {} in service; {one}: {}", instances.len(), words_of(&health, one))
            }))
        }
        Condition::Drained { balancer, instances } => {
            let health = world.health_lately(balancer).await?;
            let waiting = instances.iter().find(|one| health.iter().any(|member| member.instance == **one));
            Ok(waiting.map(|one| format!("{one} is leaving: {}", words_of(&health, one))))
        }
        Condition::Settled { group } => {
            let group = world.group_lately(group).await?;
            Ok(group.is_moving().then(|| {
                let there = group.members.iter().filter(|m| m.lifecycle == "InService").count();
                format!("{there} of {} members are there", group.desired)
            }))
        }
        Condition::Stopped { .. } => {
            let Some(instance) = asked else { return Ok(None) };
            let power = power::of(world, instance).await?;
            Ok(match power {
                None | Some(Power::Stopped | Power::Terminated) => None,
                Some(power) => Some(format!("{instance} is {}", power.word())),
            })
        }
        Condition::Reachable { .. } => {
            let Some(instance) = asked else { return Ok(None) };
            match world.look(instance, "true", false).await {
                Ok(_) => Ok(None),
                Err(trouble @ (Trouble::Definite(_) | Trouble::Denied(_))) => Err(trouble),
                Err(other) => Ok(Some(other.words().to_owned())),
            }
        }
    }
}
