//! Servers, images and releases: made once, whatever happens on the way, because their token or name is unique.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::power::of as power;
use super::{LOOK_AGAIN, StepStop, Worker};
use crate::cloud::{CloudError, LaunchSpec, ServerSpec};
use crate::engine::run::entry::{Bound, Entry, Mutation, StepEnd};
use crate::engine::run::left_behind::RUN_TAG;
use crate::engine::run::world::{Trouble, World, image_of, instance_of, of_read};
use crate::fleet::{ImageId, InstanceId, LaunchSource, NewServer, Power};
use crate::plan::{InstanceRef, Lasts, NewRelease, Slot, StepId, WHEN_IT_IS_SO};

/// For so long a thing is new.
const NEW: SignedDuration = SignedDuration::from_mins(15);

fn stop(trouble: &Trouble) -> StepStop {
    StepStop::Failed(trouble.words().to_owned())
}

pub(super) async fn bind(worker: &Worker, slot: &Slot, value: Bound) -> Result<(), StepStop> {
    let entry = Entry::Bound { step: worker.step.id, slot: slot.clone(), value, at: worker.world.now() };
    worker.write(entry).await
}

/// The tags by which a server is known as launched by this step of this run.
pub(super) fn marks(worker: &Worker) -> [(&'static str, String); 2] {
    [(RUN_TAG, worker.token.clone()), ("quarterdeck-step", worker.step.id.to_string())]
}

/// Until when it says nothing of something that this run has made that AWS does not know it (R25). None of what others
/// have made.
pub(super) async fn new_until(worker: &Worker, made: &Bound) -> Option<Timestamp> {
    let story = worker.book.story().await;
    let (slot, _) = story.slots.iter().find(|(_, bound)| *bound == made)?;
    let step = story.plan.steps.iter().find(|step| step.action.makes() == Some(slot))?.id;
    let asked = story.intents.iter().rfind(|intent| intent.step == step && !intent.back)?.at;
    asked.checked_add(NEW).ok()
}

/// Launches a server and waits until it runs.
pub(super) async fn launch(
    worker: &mut Worker,
    slot: &Slot,
    server: &NewServer,
) -> Result<StepEnd, StepStop> {
    let token = format!("{}-{}", worker.token, worker.step.id);
    let mut spec = ServerSpec { token: token.clone(), server: server.clone() };
    spec.server.tags.extend(marks(worker).map(|(key, value)| (key.to_owned(), value)));
    let begin = async |world: Arc<World>| world.ports.change.launch(&spec).await.map_err(Trouble::from);
    // The token makes asking again find the same server.
    let id = worker
        .mutate(vec![Mutation::Launch { token }], begin, async |world| begin(world).await.map(Some))
        .await?;
    bind(worker, slot, Bound::Instance(id.clone())).await?;
    loop {
        let power = worker.patiently(async |world| power(&world, &id).await).await?;
        match power {
            Some(Power::Running) => return Ok(StepEnd::Done),
            Some(Power::Terminated | Power::ShuttingDown | Power::Stopped) => {
                return Err(StepStop::Failed(format!(
                    "{id} does not run: EC2 ended it; see its state reason"
                )));
            }
            // Just launched, it is not listed for a while.
            _ => {}
        }
        let waits = format!("{id} is starting");
        worker.book.status(worker.step.id, waits.clone());
        worker.in_time(&waits)?;
        worker.pause(LOOK_AGAIN).await?;
    }
}

/// Gives a server tags. One that was just launched is not known everywhere yet: it is asked for again (R25).
pub(super) async fn tag(
    worker: &mut Worker,
    server: &InstanceRef,
    tags: &[(String, String)],
) -> Result<StepEnd, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let id = instance_of(server, &slots).map_err(|trouble| stop(&trouble))?;
    let new_until = new_until(worker, &Bound::Instance(id.clone())).await;
    let now = worker.world.now().to_string();
    let told = |value: &String| if value == WHEN_IT_IS_SO { now.clone() } else { value.clone() };
    let tags: Vec<(String, String)> = tags.iter().map(|(key, value)| (key.clone(), told(value))).collect();
    let begin = async |world: Arc<World>| match world.ports.change.tag(&id, &tags).await {
        Err(CloudError::Absent(words)) if new_until.is_some_and(|until| world.now() < until) => {
            Err(Trouble::Later(words))
        }
        answer => answer.map_err(Trouble::from),
    };
    let mutation = Mutation::Tag { instance: id.clone(), tags: tags.clone() };
    worker.mutate(vec![mutation], begin, async |world| begin(world).await.map(Some)).await?;
    Ok(StepEnd::Done)
}

/// The image of this name. It holds the time, and so is nobody else's.
pub(super) async fn image_named(world: &World, name: &str) -> Result<Option<ImageId>, Trouble> {
    let images = world.ports.read.images_named(name).await.map_err(of_read)?;
    Ok(images.into_iter().find(|image| image.name.as_deref() == Some(name)).map(|image| image.id))
}

/// The launch configuration or template version of this release's name.
pub(super) async fn release_named(
    world: &World,
    release: &NewRelease,
) -> Result<Option<LaunchSource>, Trouble> {
    let all = world.ports.read.releases(&release.like, &release.name).await.map_err(of_read)?;
    let ours = all.into_iter().find(|settings| match &settings.resolved {
        LaunchSource::Configuration { name } => *name == release.name,
        LaunchSource::Template { .. } => settings.description.as_deref() == Some(&release.name),
    });
    Ok(ours.map(|settings| settings.resolved))
}

/// Makes an image and waits until it is available.
pub(super) async fn image(
    worker: &mut Worker,
    slot: &Slot,
    of: &InstanceRef,
    name: &str,
) -> Result<StepEnd, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let instance = instance_of(of, &slots).map_err(|trouble| stop(&trouble))?;
    let found = async |world: Arc<World>| image_named(&world, name).await;
    let begin = async |world: Arc<World>| match world.ports.change.create_image(&instance, name).await {
        Ok(id) => Ok(id),
        // Its name holds the time: it is ours, from before a crash.
        Err(CloudError::Exists(words)) => found(world).await?.ok_or(Trouble::Later(words)),
        Err(error) => Err(error.into()),
    };
    let id = worker.mutate(vec![Mutation::Image { name: name.to_owned() }], begin, found).await?;
    bind(worker, slot, Bound::Image(id.clone())).await?;
    loop {
        let asked = std::slice::from_ref(&id);
        let images =
            worker.patiently(async |world| world.ports.read.images(asked).await.map_err(of_read)).await?;
        let state = images.first().map_or("not listed yet", |image| image.state.as_str());
        match state {
            "available" => return Ok(StepEnd::Done),
            "failed" | "invalid" | "error" | "deregistered" => {
                return Err(StepStop::Failed(format!("the image {id} ({name}) is {state}")));
            }
            _ => {}
        }
        let waits = format!("the image {id} is {state}");
        worker.book.status(worker.step.id, waits.clone());
        worker.in_time(&waits)?;
        worker.pause(LOOK_AGAIN * 2).await?;
    }
}

/// Makes what a group can launch.
pub(super) async fn release(
    worker: &mut Worker,
    slot: &Slot,
    release: &NewRelease,
) -> Result<StepEnd, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let image = image_of(&release.image, &slots).map_err(|trouble| stop(&trouble))?;
    let spec = LaunchSpec {
        like: release.like.clone(),
        image,
        instance_type: release.instance_type.clone(),
        name: release.name.clone(),
    };
    let found = async |world: Arc<World>| release_named(&world, release).await;
    let begin = async |world: Arc<World>| match world.ports.change.create_launch(&spec).await {
        Ok(made) => Ok(made),
        Err(CloudError::Exists(words)) => found(world).await?.ok_or(Trouble::Later(words)),
        Err(error) => Err(error.into()),
    };
    // A template takes the same description twice: before it is made, it is looked for.
    let made = match worker.patiently(found).await? {
        Some(made) => made,
        None => worker.mutate(vec![Mutation::Release { name: release.name.clone() }], begin, found).await?,
    };
    bind(worker, slot, Bound::Launch(made)).await?;
    Ok(StepEnd::Done)
}

/// Terminates servers that belong to no group.
pub(super) async fn terminate(worker: &mut Worker, servers: &[InstanceRef]) -> Result<StepEnd, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let ids: Result<Vec<InstanceId>, Trouble> = servers.iter().map(|one| instance_of(one, &slots)).collect();
    let ids = ids.map_err(|trouble| stop(&trouble))?;
    let end = terminate_all(worker, ids).await?;
    // What they were launched for is over: nobody takes their launch back any more.
    let launched: Vec<StepId> = {
        let story = worker.book.story().await;
        let meant = |slot: &Slot| servers.iter().any(|server| server.slot() == Some(slot));
        let open = story.each().filter(|(step, told)| {
            step.lasts == Lasts::UntilTheEnd
                && told.undone.is_none()
                && step.action.makes().is_some_and(meant)
        });
        open.map(|(step, _)| step.id).collect()
    };
    for step in launched {
        let entry = Entry::Undone { step, left: Vec::new(), at: worker.world.now() };
        worker.book.write_if_possible(entry).await;
    }
    Ok(end)
}

/// Terminates these servers, those that are not gone.
pub(super) async fn terminate_all(worker: &mut Worker, ids: Vec<InstanceId>) -> Result<StepEnd, StepStop> {
    let mut left = Vec::new();
    for id in ids {
        let power = worker.patiently(async |world| power(&world, &id).await).await?;
        if !matches!(power, Some(Power::Terminated | Power::ShuttingDown)) {
            let new_until = new_until(worker, &Bound::Instance(id.clone())).await;
            left.push((id, new_until));
        }
    }
    let servers: Vec<InstanceId> = left.iter().map(|(id, _)| id.clone()).collect();
    if left.is_empty() {
        return Ok(StepEnd::AlreadySo);
    }
    let is_new = |until: &Option<Timestamp>, world: &World| until.is_some_and(|until| world.now() < until);
    let act = async |world: Arc<World>| -> Result<(), Trouble> {
        match world.ports.change.terminate(&servers).await {
            // Nobody knows it any more.
            Err(CloudError::Absent(_)) if servers.len() == 1 => {}
            answer => answer?,
        }
        // Or not yet: EC2 says yes to that, too.
        for (id, _) in left.iter().filter(|(_, until)| is_new(until, &world)) {
            if power(&world, id).await?.is_none() {
                return Err(Trouble::Later(format!("{id} was just launched and is not listed yet")));
            }
        }
        Ok(())
    };
    let gone = async |world: Arc<World>| -> Result<Option<()>, Trouble> {
        for (id, until) in &left {
            match power(&world, id).await? {
                Some(Power::Terminated | Power::ShuttingDown) => {}
                None if !is_new(until, &world) => {}
                _ => return Ok(None),
            }
        }
        Ok(Some(()))
    };
    worker.mutate(vec![Mutation::Terminate { instances: servers.clone() }], act, gone).await?;
    Ok(StepEnd::Done)
}

/// Deletes a release that nothing uses. Both deletions may be done again.
pub(super) async fn forget(
    worker: &mut Worker,
    launch: Option<&LaunchSource>,
    image: Option<&ImageId>,
) -> Result<StepEnd, StepStop> {
    if let Some(launch) = launch {
        let act =
            async |world: Arc<World>| world.ports.change.delete_launch(launch).await.map_err(Trouble::from);
        let mutation = Mutation::DeleteLaunch { launch: launch.clone() };
        worker.mutate(vec![mutation], act, async |world| act(world).await.map(Some)).await?;
    }
    if let Some(image) = image {
        let act =
            async |world: Arc<World>| world.ports.change.delete_image(image).await.map_err(Trouble::from);
        let mutation = Mutation::DeleteImage { image: image.clone() };
        worker.mutate(vec![mutation], act, async |world| act(world).await.map(Some)).await?;
    }
    Ok(StepEnd::Done)
}
