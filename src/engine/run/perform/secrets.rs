//! The project's secrets get new values where they are kept, before any server is told one; and their old ones back.

use std::sync::Arc;

use super::{StepStop, Worker};
use crate::engine::run::entry::{Mutation, StepEnd};
use crate::engine::run::world::{Trouble, World};
use crate::plan::{SecretsChange, SecretsTo};

/// Changes them. When this returns, what they are now is on disk.
pub(super) async fn change(worker: &mut Worker, change: SecretsChange) -> Result<StepEnd, StepStop> {
    let asked = change.clone();
    let make = async |world: Arc<World>| made(world, asked.clone()).await;
    let mutation = Mutation::Secrets { names: change.names, to: change.to };
    // Done twice it is done once: asking again finds out.
    worker.mutate(vec![mutation], make, async |world| make(world).await.map(Some)).await?;
    Ok(StepEnd::Done)
}

/// Gives them the values from before.
pub(super) async fn take_back(worker: &mut Worker, change: &SecretsChange) -> Result<(), StepStop> {
    if change.to != SecretsTo::New {
        return Ok(());
    }
    self::change(worker, SecretsChange { to: SecretsTo::Before, ..change.clone() }).await.map(|_| ())
}

async fn made(world: Arc<World>, change: SecretsChange) -> Result<(), Trouble> {
    let Some(secrets) = world.ports.secrets.clone() else {
        let names = change.names.join(", ");
        return Err(Trouble::Definite(format!(
            "{names} belong to a project, and there is none here: resume in the project's directory"
        )));
    };
    let changed = tokio::task::spawn_blocking(move || secrets(&change)).await;
    changed.unwrap_or_else(|error| Err(format!("no secret was changed: {error}"))).map_err(Trouble::Definite)
}
