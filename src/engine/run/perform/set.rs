//! Settings: given values, noted, put back.

use super::{StepStop, Worker};
use crate::engine::run::entry::{Entry, Mutation, StepEnd};
use crate::engine::run::world::{Trouble, resolve};
use crate::plan::{Assignment, Setting, Value};

/// Gives settings values. What has its value is not touched.
pub(super) async fn set(worker: &mut Worker, settings: &[Assignment]) -> Result<StepEnd, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let mut wanted = Vec::new();
    for one in settings {
        let to = resolve(&one.to, &slots).map_err(|trouble| StepStop::Failed(trouble.words().to_owned()))?;
        wanted.push((one.setting.clone(), to));
    }
    let changed = assign(worker, wanted).await?;
    Ok(if changed { StepEnd::Done } else { StepEnd::AlreadySo })
}

/// Notes values before later steps change them by themselves.
pub(super) async fn keep(worker: &mut Worker, settings: &[Setting]) -> Result<StepEnd, StepStop> {
    for setting in settings {
        let value = worker.patiently(async |world| world.setting(setting).await).await?;
        let entry =
            Entry::Noted { step: worker.step.id, setting: setting.clone(), value, at: worker.world.now() };
        worker.write(entry).await?;
    }
    worker.book.lay_beside_the_lock(&worker.world).await?;
    Ok(StepEnd::Done)
}

/// Gives settings these values, several in one call where they belong together. Whether any was another one before.
pub(super) async fn assign(worker: &mut Worker, wanted: Vec<(Setting, Value)>) -> Result<bool, StepStop> {
    let settings: Vec<Setting> = wanted.iter().map(|(setting, _)| setting.clone()).collect();
    let found = worker.patiently(async |world| world.settings(&settings).await).await?;
    let different: Vec<_> = wanted
        .into_iter()
        .zip(found)
        .filter(|((_, to), from)| from != to)
        .map(|((setting, to), from)| (setting, from, to))
        .collect();
    let any = !different.is_empty();
    for call in calls(different) {
        let to = call[0].2.clone();
        let settings: Vec<Setting> = call.iter().map(|(setting, ..)| setting.clone()).collect();
        let mutations =
            call.into_iter().map(|(setting, from, to)| Mutation::Set { setting, from, to }).collect();
        worker
            .mutate(
                mutations,
                async |world| world.write(&settings, &to).await,
                async |world| -> Result<Option<()>, Trouble> {
                    let found = world.settings(&settings).await?;
                    Ok(found.iter().all(|value| *value == to).then_some(()))
                },
            )
            .await?;
    }
    Ok(any)
}

/// Settings that one call can write: processes of one group to one value, members of one load balancer to one value.
fn calls(all: Vec<(Setting, Value, Value)>) -> Vec<Vec<(Setting, Value, Value)>> {
    let mut calls: Vec<Vec<(Setting, Value, Value)>> = Vec::new();
    for one in all {
        let belongs = |call: &&mut Vec<(Setting, Value, Value)>| {
            let together = match (&call[0].0, &one.0) {
                (Setting::Process { group: a, .. }, Setting::Process { group: b, .. }) => a == b,
                (Setting::Membership { balancer: a, .. }, Setting::Membership { balancer: b, .. }) => a == b,
                (Setting::Page { .. }, Setting::Page { .. }) => true,
                _ => false,
            };
            together && call[0].2 == one.2
        };
        match calls.iter_mut().find(belongs) {
            Some(call) => call.push(one),
            None => calls.push(vec![one]),
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Process;

    #[test]
    fn what_belongs_together_is_written_in_one_call() {
        let process =
            |process| (Setting::Process { group: "ag".into(), process }, Value::Active, Value::Suspended);
        let sizes = |group: &str| {
            let sizes = crate::fleet::Sizes { min: 1, desired: 1, max: 1 };
            (Setting::Sizes { group: group.into() }, Value::Sizes(sizes), Value::Sizes(sizes))
        };
        let all = vec![process(Process::Launch), sizes("a"), process(Process::AzRebalance), sizes("b")];
        let lengths: Vec<usize> = calls(all).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 1, 1]);
    }
}
