//! What environments stand on is made once, because its name is nobody else's, and known as ours by the tags that it has
//! from its first moment. Only what this run has made, and nobody uses, is taken away again.

use std::sync::Arc;

use super::back::not_done;
use super::make::{bind, marks};
use super::{LOOK_AGAIN, StepStop, Worker};
use crate::cloud::CloudError;
use crate::engine::run::entry::{Bound, Left, Mutation, Slots, StepEnd};
use crate::engine::run::world::{Trouble, World, image_of, launch_of, of_read, security_group_of};
use crate::fleet::{FoundThing, LaunchSource, SecurityGroupId, Thing};
use crate::plan::{NewThing, SecurityGroupRef, Slot, Value};

/// What a security group has to say until AWS has let go of what was in it.
const IN_USE: &str = "DependencyViolation";

/// What AWS says of a load balancer or template that it does not know yet, where a group names it.
const NOT_KNOWN: [&str; 3] = ["may not be valid", "does not exist", "InvalidSecurityGroup"];

/// What no step makes, and so is not too new.
const GIVEN: [&str; 2] = ["CertificateNotFound", "SubnetNotFound"];

/// How often it is looked for again what is known to have been made.
const LOOKS: u32 = 5;

/// Makes a thing, unless this run has made it already. One of somebody else is left alone: the plan took it for missing.
pub(super) async fn make(worker: &mut Worker, slot: &Slot, new: &NewThing) -> Result<StepEnd, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let thing = new.thing();
    let ready = finished(worker, new, &slots).map_err(|trouble| StepStop::Failed(trouble.words().into()))?;
    let marks = marks(worker);
    let found = worker.patiently(async |world| look(&world, &thing).await).await?;
    let bound = match found {
        Some(found) if is_ours(&found, &marks) => bound_of(&ready, &found.id),
        Some(_) => return Err(StepStop::Failed(foreign(&thing))),
        None => {
            let begin = async |world: Arc<World>| begin(&world, &ready, &marks).await;
            let made = async |world: Arc<World>| {
                let found = look(&world, &thing).await?.filter(|found| is_ours(found, &marks));
                Ok(found.map(|found| bound_of(&ready, &found.id)))
            };
            worker.mutate(vec![Mutation::Make { thing: thing.clone() }], begin, made).await?
        }
    };
    bind(worker, slot, bound).await?;
    if let NewThing::LoadBalancer { balancer, .. } = &ready {
        let act = async |world: Arc<World>| match world.ports.change.configure_load_balancer(balancer).await {
            // It was just made, and is not known everywhere yet (R25).
            Err(CloudError::Absent(words)) => Err(Trouble::Later(words)),
            answer => answer.map_err(Trouble::from),
        };
        let mutation = Mutation::Configure { balancer: balancer.name.clone() };
        worker.mutate(vec![mutation], act, async |world| act(world).await.map(Some)).await?;
    }
    Ok(StepEnd::Done)
}

/// The thing as it is now, if it is there.
async fn look(world: &World, thing: &Thing) -> Result<Option<FoundThing>, Trouble> {
    world.ports.read.thing(thing).await.map_err(of_read)
}

/// Whether this step of this run has made it.
fn is_ours(found: &FoundThing, marks: &[(&'static str, String)]) -> bool {
    marks.iter().all(|(key, value)| found.tags.get(*key) == Some(value))
}

fn foreign(thing: &Thing) -> String {
    format!(
        "{thing} is there already, and this run has not made it: plan anew, and what there is will be taken into account"
    )
}

/// What the slot of a thing holds. A template's is its first version.
fn bound_of(new: &NewThing, id: &str) -> Bound {
    match new {
        NewThing::SecurityGroup(_) => Bound::SecurityGroup(SecurityGroupId::new(id)),
        NewThing::Template { template, .. } => Bound::Launch(LaunchSource::Template {
            id: id.to_owned(),
            name: template.name.clone(),
            version: "1".into(),
        }),
        NewThing::KeyPair(_) | NewThing::LoadBalancer { .. } | NewThing::Group { .. } => {
            Bound::Named(id.to_owned())
        }
    }
}

/// With the values of its slots, and the tags by which it is known as ours.
fn finished(worker: &Worker, new: &NewThing, slots: &Slots) -> Result<NewThing, Trouble> {
    let mut ready = new.clone();
    let marks = marks(worker).map(|(key, value)| (key.to_owned(), value));
    let groups = |later: &[Slot]| -> Result<Vec<SecurityGroupId>, Trouble> {
        later.iter().map(|slot| security_group_of(&SecurityGroupRef::Later(slot.clone()), slots)).collect()
    };
    match &mut ready {
        NewThing::SecurityGroup(group) => group.tags.extend(marks),
        NewThing::KeyPair(key) => key.tags.extend(marks),
        NewThing::LoadBalancer { balancer, later } => {
            balancer.security_groups.extend(groups(later)?);
            balancer.tags.extend(marks);
        }
        NewThing::Template { template, image, later, .. } => {
            template.security_groups.extend(groups(later)?);
            if let Some(slot) = image {
                template.image = Some(image_of(slot, slots)?);
            }
            template.tags.extend(marks);
        }
        NewThing::Group { group, launch } => {
            if let Some(slot) = launch {
                group.launch = Some(launch_of(&Value::Later(slot.clone()), slots)?);
            }
            group.tags.extend(marks);
        }
    }
    Ok(ready)
}

/// Asks for it. What it is made of may be too new to be known everywhere (R25): then it is asked for again.
async fn begin(world: &World, new: &NewThing, marks: &[(&'static str, String)]) -> Result<Bound, Trouble> {
    let change = &world.ports.change;
    let asked = match new {
        NewThing::SecurityGroup(group) => change.create_security_group(group).await.map(Bound::SecurityGroup),
        NewThing::KeyPair(key) => change.import_key_pair(key).await.map(|()| Bound::Named(key.name.clone())),
        NewThing::LoadBalancer { balancer, .. } => {
            change.create_load_balancer(balancer).await.map(|()| Bound::Named(balancer.name.to_string()))
        }
        NewThing::Template { template, .. } => change.create_template(template).await.map(Bound::Launch),
        NewThing::Group { group, .. } => {
            change.create_group(group).await.map(|()| Bound::Named(group.name.to_string()))
        }
    };
    match asked {
        Ok(made) => Ok(made),
        // From before a crash, or from an answer that was lost; else it is somebody else's.
        Err(CloudError::Exists(words)) => match look(world, &new.thing()).await? {
            Some(found) if is_ours(&found, marks) => Ok(bound_of(new, &found.id)),
            Some(_) => Err(Trouble::Definite(foreign(&new.thing()))),
            None => Err(Trouble::Later(words)),
        },
        Err(CloudError::Absent(words))
            if made_of_others(new) && !GIVEN.iter().any(|given| words.contains(given)) =>
        {
            Err(Trouble::Later(words))
        }
        Err(CloudError::Refused(words))
            if made_of_others(new) && NOT_KNOWN.iter().any(|w| words.contains(w)) =>
        {
            Err(Trouble::Later(words))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether it names things that this run may just have made.
const fn made_of_others(new: &NewThing) -> bool {
    !matches!(new, NewThing::SecurityGroup(_) | NewThing::KeyPair(_))
}

/// Takes away what the step has made, and gives what is left of it.
pub(super) async fn take_back(worker: &mut Worker, new: &NewThing) -> Result<Vec<Left>, StepStop> {
    let thing = new.thing();
    match unmake(worker, new, &thing).await {
        Ok(()) => Ok(Vec::new()),
        Err(stop) => Ok(vec![not_done(stop, &format!("{thing}, which the run made"), "deleted")?]),
    }
}

async fn unmake(worker: &mut Worker, new: &NewThing, thing: &Thing) -> Result<(), StepStop> {
    let step = worker.step.id;
    let story = worker.book.story().await;
    let known = story.plan.step(step).and_then(|step| step.action.makes()).cloned();
    let known = known.is_some_and(|slot| story.slots.contains_key(&slot));
    let tried = story.intents.iter().any(|intent| {
        intent.step == step
            && !intent.back
            && intent.may_have_happened()
            && matches!(intent.mutation, Mutation::Make { .. })
    });
    drop(story);
    if !known && !tried {
        return Ok(());
    }
    let marks = marks(worker);
    let ours = async |world: Arc<World>| {
        Ok(look(&world, thing).await?.filter(|found| is_ours(found, &marks)).map(|found| found.id))
    };
    let mut found = None;
    for _ in 0..if known { LOOKS } else { 1 } {
        found = worker.find_out(&ours).await.map_err(StepStop::Unknown)?;
        if found.is_some() {
            break;
        }
    }
    // Nobody knows it, or somebody else has made another one of its name.
    let Some(id) = found else { return Ok(()) };
    in_use(worker, new).await?;
    let act = async |world: Arc<World>| delete(&world, new, &id).await;
    let gone = async |world: Arc<World>| Ok(look(&world, thing).await?.is_none().then_some(()));
    worker.mutate(vec![Mutation::Unmake { thing: thing.clone() }], act, gone).await
}

async fn delete(world: &World, new: &NewThing, id: &str) -> Result<(), Trouble> {
    let change = &world.ports.change;
    let deleted = match new {
        NewThing::SecurityGroup(_) => change.delete_security_group(&SecurityGroupId::new(id)).await,
        NewThing::KeyPair(key) => change.delete_key_pair(&key.name).await,
        NewThing::LoadBalancer { balancer, .. } => change.delete_load_balancer(&balancer.name).await,
        NewThing::Template { template, .. } => change.delete_template(&template.name).await,
        NewThing::Group { group, .. } => change.delete_group(&group.name).await,
    };
    match deleted {
        // A load balancer that was just deleted is in it for some minutes more.
        Err(CloudError::Refused(words)) if words.contains(IN_USE) => Err(Trouble::Later(words)),
        answer => answer.map_err(Trouble::from),
    }
}

/// Refuses while somebody uses it, where AWS would not.
async fn in_use(worker: &mut Worker, new: &NewThing) -> Result<(), StepStop> {
    match new {
        NewThing::SecurityGroup(_) => Ok(()),
        NewThing::KeyPair(key) => {
            let all = worker
                .patiently(async |world| {
                    world.ports.read.servers(&world.ports.deployment).await.map_err(of_read)
                })
                .await?;
            match all.iter().find(|server| !server.is_gone() && server.key_name.as_ref() == Some(&key.name)) {
                Some(server) => Err(StepStop::Failed(format!("{} was launched with it", server.id))),
                None => Ok(()),
            }
        }
        NewThing::LoadBalancer { balancer, .. } => {
            let names = std::slice::from_ref(&balancer.name);
            let found = worker
                .patiently(async |world| world.ports.read.load_balancers(names).await.map_err(of_read))
                .await?;
            match found.first().map_or(0, |found| found.members.len()) {
                0 => Ok(()),
                members => Err(StepStop::Failed(format!("it has {members} servers"))),
            }
        }
        NewThing::Template { template, group, .. } => {
            let Some(name) = group else { return Ok(()) };
            let names = std::slice::from_ref(name);
            let found =
                worker.patiently(async |world| world.ports.read.groups(names).await.map_err(of_read)).await?;
            let uses = |launch: &Option<LaunchSource>| matches!(launch, Some(LaunchSource::Template { name, .. }) if *name == template.name);
            let by_some = found.first().is_some_and(|group| {
                uses(&group.launch) || group.members.iter().any(|member| uses(&member.launch))
            });
            if by_some { Err(StepStop::Failed(format!("{name} uses it"))) } else { Ok(()) }
        }
        NewThing::Group { group, .. } => empty(worker, group).await,
    }
}

/// A group goes without its members only: those that leave are waited for, those that it wants are not sent away.
async fn empty(worker: &mut Worker, group: &crate::fleet::NewGroup) -> Result<(), StepStop> {
    let names = std::slice::from_ref(&group.name);
    loop {
        let found =
            worker.patiently(async |world| world.ports.read.groups(names).await.map_err(of_read)).await?;
        let Some(found) = found.into_iter().next().filter(|found| !found.members.is_empty()) else {
            return Ok(());
        };
        if found.desired > 0 {
            return Err(StepStop::Failed(format!(
                "it has {} servers: when they are to go, set its sizes to 0, and undo this run once more",
                found.members.len()
            )));
        }
        let waits = format!("{} servers of {} are leaving", found.members.len(), group.name);
        worker.book.status(worker.step.id, waits.clone());
        worker.in_time(&waits)?;
        worker.pause(LOOK_AGAIN).await?;
    }
}
