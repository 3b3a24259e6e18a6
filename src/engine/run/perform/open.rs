//! What security groups let in: opened where it is not open yet, and closed again as far as this run has opened it.

use std::sync::Arc;

use super::back::not_done;
use super::make::new_until;
use super::{StepStop, Worker};
use crate::cloud::CloudError;
use crate::engine::run::entry::{Bound, Left, Mutation, StepEnd};
use crate::engine::run::world::{Trouble, World, of_read, security_group_of};
use crate::fleet::{LoadBalancerName, Origin, Rule, SecurityGroup, SecurityGroupId, Server};
use crate::plan::{Action, NewThing, Opening, SecurityGroupRef};

/// Opens what is not open.
pub(super) async fn open(
    worker: &mut Worker,
    group: &SecurityGroupRef,
    openings: &[Opening],
) -> Result<StepEnd, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let failed = |trouble: Trouble| StepStop::Failed(trouble.words().to_owned());
    let id = security_group_of(group, &slots).map_err(failed)?;
    let mut rules = Vec::with_capacity(openings.len());
    for opening in openings {
        let rule = opening.rule(|of| security_group_of(of, &slots).ok());
        rules.push(rule.ok_or_else(|| StepStop::Failed("what is to be let in was not made".into()))?);
    }
    let mut new_until_of = Vec::new();
    for one in std::iter::once(&id).chain(rules.iter().filter_map(|rule| match &rule.from {
        Origin::Group(of) => Some(of),
        _ => None,
    })) {
        new_until_of.extend(new_until(worker, &Bound::SecurityGroup(one.clone())).await);
    }
    let new_until = new_until_of.into_iter().max();
    let found = worker
        .patiently(async |world| match group_of(&world, &id).await? {
            Some(found) => Ok(found),
            None if new_until.is_some_and(|until| world.now() < until) => {
                Err(Trouble::Later(format!("{id} was just made and is not listed yet")))
            }
            None => Err(Trouble::Definite(format!("there is no security group {id}"))),
        })
        .await?;
    let missing = missing(&rules, &found);
    if missing.is_empty() {
        return Ok(StepEnd::AlreadySo);
    }
    let act = async |world: Arc<World>| match world.ports.change.authorize(&id, &missing).await {
        Err(CloudError::Absent(words)) if new_until.is_some_and(|until| world.now() < until) => {
            Err(Trouble::Later(words))
        }
        answer => answer.map_err(Trouble::from),
    };
    let mutation = Mutation::Authorize { group: id.clone(), rules: missing.clone() };
    // Doing it again does nothing.
    worker.mutate(vec![mutation], act, async |world| act(world).await.map(Some)).await?;
    Ok(StepEnd::Done)
}

async fn group_of(world: &World, id: &SecurityGroupId) -> Result<Option<SecurityGroup>, Trouble> {
    let all = world.ports.read.security_groups().await.map_err(of_read)?;
    Ok(all.into_iter().find(|group| group.id == *id))
}

/// Those that the group does not let in yet.
fn missing(rules: &[Rule], group: &SecurityGroup) -> Vec<Rule> {
    rules.iter().filter(|rule| !group.rules.iter().any(|own| own.covers(rule))).cloned().collect()
}

/// Closes what this step has opened, and nothing else.
pub(super) async fn take_back(worker: &mut Worker) -> Result<Vec<Left>, StepStop> {
    let step = worker.step.id;
    let story = worker.book.story().await;
    let opened: Vec<(SecurityGroupId, Vec<Rule>)> = story
        .intents
        .iter()
        .filter(|intent| intent.step == step && !intent.back && intent.may_have_happened())
        .filter_map(|intent| match &intent.mutation {
            Mutation::Authorize { group, rules } => Some((group.clone(), rules.clone())),
            _ => None,
        })
        .collect();
    drop(story);
    let mut left = Vec::new();
    for (id, rules) in opened {
        if let Err(stop) = close(worker, &id, &rules).await {
            left.push(not_done(stop, &format!("what the run let into {id}"), "closed again")?);
        }
    }
    Ok(left)
}

async fn close(worker: &mut Worker, id: &SecurityGroupId, rules: &[Rule]) -> Result<(), StepStop> {
    if let Some(user) = user_of(worker, id).await? {
        return Err(StepStop::Failed(format!("{user} is in it, and is reached by what would be closed")));
    }
    let act = async |world: Arc<World>| match world.ports.change.revoke(id, rules).await {
        // With it went what it let in.
        Err(CloudError::Absent(_)) => Ok(()),
        answer => answer.map_err(Trouble::from),
    };
    let mutation = Mutation::Revoke { group: id.clone(), rules: rules.to_vec() };
    worker.mutate(vec![mutation], act, async |world| act(world).await.map(Some)).await
}

/// Who is in a security group: a server of the deployment, or a load balancer that this run has made.
async fn user_of(worker: &mut Worker, id: &SecurityGroupId) -> Result<Option<String>, StepStop> {
    let story = worker.book.story().await;
    let made: Vec<LoadBalancerName> = story
        .plan
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Make { thing, .. } => match &**thing {
                NewThing::LoadBalancer { balancer, .. } => Some(balancer.name.clone()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    drop(story);
    let all = worker
        .patiently(async |world| world.ports.read.servers(&world.ports.deployment).await.map_err(of_read))
        .await?;
    let within = |server: &&Server| {
        !server.is_gone() && server.security_group_ids.iter().any(|group| group == id.as_str())
    };
    if let Some(server) = all.iter().find(within) {
        return Ok(Some(server.id.to_string()));
    }
    if made.is_empty() {
        return Ok(None);
    }
    let all =
        worker.patiently(async |world| world.ports.read.load_balancers(&made).await.map_err(of_read)).await?;
    let user = all.into_iter().find(|balancer| balancer.security_groups.contains(id));
    Ok(user.map(|balancer| format!("load balancer {}", balancer.name)))
}
