use super::super::{Grip, Launch, News, NotBegun, begin};
use super::kit::{Kit, plan, restore, step, suspend, told, until};
use super::making;
use crate::cloud::{CloudChange, CloudRead};
use crate::engine::lock::{LockError, LockPlace, Outstanding};
use crate::engine::store::RunState;
use crate::fleet::Process;
use crate::plan::{Action, Condition, Lasts, LockKind, Undo, Value};
use std::sync::Arc;

fn waiting() -> crate::plan::Plan {
    let condition = Condition::InService { balancer: Kit::balancer(), instances: vec!["i-never".into()] };
    plan(vec![
        suspend(1, &[], &[Process::Launch]),
        step(2, &[1], Action::Await { condition }, Lasts::Stays, Undo::Nothing),
        suspend(3, &[2], &[Process::Terminate]),
        restore(4, &[3], &[1, 3]),
    ])
}

fn place(kit: &Kit) -> LockPlace {
    let read: Arc<dyn CloudRead> = Arc::new(kit.cloud.clone());
    LockPlace::new(read, &"myproject".into(), &super::kit::ENVIRONMENT.into(), LockKind::Environment)
}

#[tokio::test(start_paused = true)]
async fn the_second_operator_is_refused_and_told_who_since_when_and_for_what() {
    let kit = Kit::new();
    let mut first = kit.begin(waiting()).await.unwrap();
    let mut story = (*first.story).clone();
    until(&mut first, &mut story, |_, news| matches!(news, News::Status { step, .. } if step.0 == 2)).await;
    let before = kit.shape().await;
    let other = tempfile::tempdir().unwrap();
    let elsewhere = kit.store_at(other.path());
    let error = begin(kit.ports(), elsewhere.clone(), waiting(), Kit::launch("joe@desk")).await.unwrap_err();
    let NotBegun::Lock(LockError::Held(held)) = &error else { panic!("{error}") };
    assert_eq!(held.number, 1);
    let words = error.to_string();
    assert!(
        words.contains("jane@laptop") && words.contains("test") && words.contains("--take-over 1"),
        "{words}"
    );
    assert_eq!(kit.shape().await, before);
    assert!(elsewhere.runs().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_a_take_over_the_old_holder_changes_nothing_more_and_the_taker_has_the_values() {
    let kit = Kit::new();
    let mut first = kit.begin(waiting()).await.unwrap();
    let mut story = (*first.story).clone();
    until(&mut first, &mut story, |_, news| matches!(news, News::Status { step, .. } if step.0 == 2)).await;
    let outstanding = place(&kit).outstanding(1).await.unwrap();
    let launch = Outstanding {
        setting: super::kit::process(Process::Launch),
        value: Value::Active,
        ours: vec![Value::Suspended],
    };
    assert_eq!(outstanding, [launch]);
    let ordinary = || plan(vec![suspend(1, &[], &[Process::HealthCheck]), restore(2, &[1], &[1])]);
    let other = tempfile::tempdir().unwrap();
    let launch = || Launch { grip: Grip::TakeOver(1), ..Kit::launch("joe@desk") };
    let refused = begin(kit.ports(), kit.store_at(other.path()), ordinary(), launch()).await.unwrap_err();
    assert!(refused.to_string().contains("put-back staging --take-over 1"), "{refused}");
    let put_back = crate::plan::Plan { operation: "put-back".into(), ..ordinary() };
    let second = begin(kit.ports(), kit.store_at(other.path()), put_back, launch()).await.unwrap();
    assert_eq!(told(second).await.state, RunState::Done);
    let shape = kit.shape().await;
    first.control.cancel(super::kit::NOW);
    let first = told(first).await;
    assert_eq!(first.state, RunState::Failed);
    assert_eq!(kit.shape().await, shape, "the old holder puts nothing back: that is the taker's");
    assert!(
        first.story.said.iter().any(|(_, text)| text.contains("taken over by joe@desk")),
        "{:?}",
        first.story.said
    );
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_given_back_whatever_way_a_run_ends_and_numbers_go_on() {
    let kit = Kit::new();
    for number in 1..=6 {
        let steps = vec![suspend(1, &[], &[Process::Launch]), restore(2, &[1], &[1])];
        assert_eq!(kit.run(plan(steps)).await.story.lock, Some(Some(number)));
        assert_eq!(place(&kit).holder().await.unwrap(), None);
    }
    let notes = kit.cloud.notes("/quarterdeck/").await.unwrap();
    assert!(notes.len() <= 4, "old notes are removed: {notes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lock_with_nonsense_in_it_is_held_until_it_is_taken_over() {
    let kit = Kit::new();
    kit.cloud.put_note("/quarterdeck/myproject/staging/lock/00000004", "{nonsense", false).await.unwrap();
    let steps = || plan(vec![suspend(1, &[], &[Process::Launch]), restore(2, &[1], &[1])]);
    let error = kit.begin(steps()).await.unwrap_err().to_string();
    assert!(error.contains("makes no sense") && error.contains("--take-over 4"), "{error}");
    let launch = Launch { grip: Grip::TakeOver(4), ..Kit::launch("jane@laptop") };
    let started = begin(kit.ports(), kit.store(), steps(), launch).await.unwrap();
    assert_eq!(told(started).await.story.lock, Some(Some(5)));
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_a_lock_over_is_told_of_the_server_that_the_lost_machine_has_launched() {
    let kit = Kit::new();
    let Ok(lost) = kit.die_after(making::good(&kit).await, 8).await else { panic!("it was killed") };
    kit.cloud.pause(std::time::Duration::from_secs(120)).await;
    let builder = kit.cloud.servers(&"myproject".into()).await.unwrap().into_iter();
    let builder =
        builder.filter(|server| server.tags.contains_key("quarterdeck-run")).map(|server| server.id);
    let builder: Vec<_> = builder.collect();
    assert_eq!(builder.len(), 1);
    let other = tempfile::tempdir().unwrap();
    let launch = Launch { grip: Grip::TakeOver(1), ..Kit::launch("joe@desk") };
    let ordinary = plan(vec![suspend(1, &[], &[Process::HealthCheck]), restore(2, &[1], &[1])]);
    let second = begin(kit.ports(), kit.store_at(other.path()), ordinary, launch).await.unwrap();
    let second = told(second).await;
    assert_eq!(second.state, RunState::Done);
    let [(true, said)] = &second.story.said[..] else { panic!("{:?}", second.story.said) };
    for word in ["jane@laptop", lost.as_str(), &format!("terminate-instances --instance-ids {}", builder[0])]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
}
