//! CloudFront forgets what it has kept.

use std::sync::Arc;

use super::{StepStop, Worker};
use crate::engine::run::entry::{Entry, Mutation, StepEnd};
use crate::engine::run::world::{Trouble, World};
use crate::fleet::DistributionId;

/// Asks for it, and says how CloudFront calls it. It takes CloudFront some minutes, which nobody waits for.
pub(super) async fn invalidate(
    worker: &mut Worker,
    distribution: &DistributionId,
    paths: &[String],
) -> Result<StepEnd, StepStop> {
    let reference = format!("{}-{}", worker.token, worker.step.id);
    let ask = async |world: Arc<World>| {
        world.ports.change.invalidate(distribution, paths, &reference).await.map_err(Trouble::from)
    };
    let mutation = Mutation::Invalidate { distribution: distribution.clone(), reference: reference.clone() };
    // The reference makes asking again find the first.
    let asked = worker.mutate(vec![mutation], ask, async |world| ask(world).await.map(Some)).await;
    let id = asked.map_err(|stop| match stop {
        // Asking once more does no harm: nobody has to find out before anything else goes on.
        StepStop::Unknown(why) => StepStop::Failed(why),
        stop => stop,
    })?;
    let text = format!("invalidation {id} of {distribution} is under way");
    let at = worker.world.now();
    worker.write(Entry::Said { step: Some(worker.step.id), warning: false, text, at }).await?;
    Ok(StepEnd::Done)
}
