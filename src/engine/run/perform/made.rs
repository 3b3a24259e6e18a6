//! What a step has made is taken away again: a server, an image, a release. After a crash between the making and its
//! record it is found by what nobody else has: the run's tags, or a name with the time in it.

use std::sync::Arc;

use super::back::not_done;
use super::make::{self, image_named, marks, release_named};
use super::{LOOK_AGAIN, StepStop, Worker};
use crate::engine::run::entry::{Bound, Left, Mutation, StepEnd};
use crate::engine::run::world::{Trouble, World, of_read};
use crate::fleet::{Group, ImageId, LaunchSource};
use crate::plan::{Action, NewRelease, NewThing};

/// Takes away what the step has made, and gives what is left of it.
pub(super) async fn take_back(worker: &mut Worker) -> Result<Vec<Left>, StepStop> {
    let found = match find(worker).await {
        Ok(found) => found,
        Err(stop) => {
            let what = format!("what the step “{}” may have made", worker.step.title);
            return Ok(vec![not_done(stop, &what, "deleted")?]);
        }
    };
    let Some(found) = found else { return Ok(Vec::new()) };
    let (what, wanted) = match &found {
        Bound::Instance(id) => (format!("{id}, which the run launched"), "terminated"),
        Bound::Image(id) => (format!("image {id}, which the run made"), "deleted"),
        Bound::Launch(launch) => (format!("{}, which the run made", launch.label()), "deleted"),
        // Of steps that make other things.
        Bound::SecurityGroup(_) | Bound::Named(_) => return Ok(Vec::new()),
    };
    let gone = match found {
        Bound::Instance(id) => make::terminate_all(worker, vec![id]).await,
        Bound::Image(id) => delete_image(worker, &id).await,
        Bound::Launch(launch) => match in_use(worker, &launch).await {
            Ok(()) => make::forget(worker, Some(&launch), None).await,
            Err(stop) => Err(stop),
        },
        Bound::SecurityGroup(_) | Bound::Named(_) => return Ok(Vec::new()),
    };
    match gone {
        Ok(_) => Ok(Vec::new()),
        Err(stop) => Ok(vec![not_done(stop, &what, wanted)?]),
    }
}

/// What the step has made; none when it has made nothing.
async fn find(worker: &Worker) -> Result<Option<Bound>, StepStop> {
    let step = Arc::clone(&worker.step);
    let Some(slot) = step.action.makes() else { return Ok(None) };
    let story = worker.book.story().await;
    if let Some(bound) = story.slots.get(slot) {
        return Ok(Some(bound.clone()));
    }
    let tried = story.intents.iter().any(|intent| {
        intent.step == step.id
            && !intent.back
            && intent.may_have_happened()
            && matches!(
                intent.mutation,
                Mutation::Launch { .. } | Mutation::Image { .. } | Mutation::Release { .. }
            )
    });
    drop(story);
    if !tried {
        return Ok(None);
    }
    let look = async |world: Arc<World>| -> Result<Option<Bound>, Trouble> {
        Ok(match &step.action {
            Action::Launch { .. } => launched(worker, &world).await?,
            Action::Image { name, .. } => image_named(&world, name).await?.map(Bound::Image),
            Action::Release { release, .. } => release_named(&world, release).await?.map(Bound::Launch),
            _ => None,
        })
    };
    let found = worker.find_out(&look).await.map_err(StepStop::Unknown)?;
    if let Some(found) = &found {
        make::bind(worker, slot, found.clone()).await?;
    }
    Ok(found)
}

/// The server that this step has launched.
async fn launched(worker: &Worker, world: &World) -> Result<Option<Bound>, Trouble> {
    let marks = marks(worker);
    let all = world.ports.read.servers(&world.ports.deployment).await.map_err(of_read)?;
    let ours = all.into_iter().find(|server| {
        marks.iter().all(|(key, value)| server.tags.get(*key).is_some_and(|known| known == value))
    });
    Ok(ours.map(|server| Bound::Instance(server.id)))
}

/// Deletes the image, unless a release boots it that stays.
async fn delete_image(worker: &mut Worker, id: &ImageId) -> Result<StepEnd, StepStop> {
    if let Some(label) = release_that_boots(worker).await {
        return Err(StepStop::Failed(format!("{label} stays, and boots it")));
    }
    // While it is pending, EC2 does not tell which snapshots belong to it.
    complete(worker, id).await?;
    make::forget(worker, None, Some(id)).await
}

/// Waits until an image is complete, or will never be. Its time over, it is deleted as it is.
async fn complete(worker: &mut Worker, id: &ImageId) -> Result<(), StepStop> {
    let asked = std::slice::from_ref(id);
    let new_until = make::new_until(worker, &Bound::Image(id.clone())).await;
    loop {
        let images =
            worker.patiently(async |world| world.ports.read.images(asked).await.map_err(of_read)).await?;
        let waits = match images.first().map(|image| image.state.as_str()) {
            Some("pending") => format!("the image {id} is pending: it is deleted once it is complete"),
            None if new_until.is_some_and(|until| worker.world.now() < until) => {
                format!("the image {id} was just begun and is not listed yet")
            }
            _ => return Ok(()),
        };
        if worker.in_time(&waits).is_err() {
            return Ok(());
        }
        worker.book.status(worker.step.id, waits);
        worker.pause(LOOK_AGAIN * 2).await?;
    }
}

/// The release that was made of this step's image and was not taken back.
async fn release_that_boots(worker: &Worker) -> Option<String> {
    let story = worker.book.story().await;
    let slot = worker.step.action.makes()?;
    story.each().find_map(|(step, told)| {
        let name = match &step.action {
            Action::Release { release, .. } if release.image == *slot => &release.name,
            Action::Make { thing, .. } => match &**thing {
                NewThing::Template { template, image: Some(image), .. } if image == slot => &template.name,
                _ => return None,
            },
            _ => return None,
        };
        let stays = told.undone.as_ref().is_some_and(|(_, left)| !left.is_empty());
        stays.then(|| name.clone())
    })
}

/// Refuses while the group that a release is made for launches it, or a member runs it: the group would be left with
/// nothing to launch (R6).
async fn in_use(worker: &mut Worker, launch: &LaunchSource) -> Result<(), StepStop> {
    let step = Arc::clone(&worker.step);
    let Action::Release { release, .. } = &step.action else { return Ok(()) };
    let NewRelease { group: Some(name), .. } = &**release else { return Ok(()) };
    let group: Group = worker.patiently(async |world| world.group(name).await).await?;
    let members = group.members.iter().filter(|member| member.launch.as_ref() == Some(launch)).count();
    if group.launch.as_ref() == Some(launch) || members > 0 {
        return Err(StepStop::Failed(format!(
            "{name} uses it: bring another release first, with rollback, and undo this run once more"
        )));
    }
    Ok(())
}
