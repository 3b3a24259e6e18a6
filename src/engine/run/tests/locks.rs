use super::super::{Entry, Grip, Launch, Left, Mutation, News, NotBegun, Story, begin};
use super::kit::{Kit, plan, process, restore, step, suspend, told, until};
use super::making;
use crate::cloud::{CloudChange, CloudRead};
use crate::engine::lock::{LockError, LockPlace, Outstanding};
use crate::engine::store::RunState;
use crate::fleet::lock::Grip as Seen;
use crate::fleet::{EnvironmentName, Lock, Process};
use crate::plan::{Action, Condition, Lasts, LockKind, StepId, Undo, Value};
use crate::refresh::{Limits, once};
use std::sync::Arc;
use std::time::Duration;

/// What a console on another machine is shown.
async fn seen(kit: &Kit) -> (jiff::Timestamp, Vec<Lock>) {
    let topology = Arc::new(kit.cloud.topology());
    let snapshot = once(Arc::new(kit.cloud.clone()), None, topology, Limits::ONCE).await;
    let locks = snapshot.locks.value().unwrap().get(&EnvironmentName::new(super::kit::ENVIRONMENT));
    (snapshot.locks.read_at().unwrap(), locks.cloned().unwrap_or_default())
}

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

#[tokio::test(start_paused = true)]
async fn another_machine_sees_who_holds_the_lock_at_which_step_and_that_it_fell_silent() {
    let kit = Kit::new();
    assert_eq!(seen(&kit).await.1, []);
    let mut started = kit.begin(waiting()).await.unwrap();
    let mut story = (*started.story).clone();
    until(&mut started, &mut story, |_, news| matches!(news, News::Status { step, .. } if step.0 == 2)).await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    let (read_at, locks) = seen(&kit).await;
    let [lock] = locks.as_slice() else { panic!("{locks:?}") };
    let holder = lock.holder.as_ref().unwrap();
    assert_eq!((lock.number, lock.grip, holder.who.as_str()), (1, Seen::Held, "jane@laptop"));
    assert_eq!(holder.step, "step 2/4 do 2");
    assert_eq!(lock.to_put_back, ["Launch of myproject-staging-ag to active"]);
    assert!(!lock.is_silent(read_at));
    started.control.cancel(super::kit::NOW);
    told(started).await;
    assert_eq!(seen(&kit).await.1, [], "nothing is left of it");

    kit.die_after(waiting(), 8).await.map_err(|_| "it ended").unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    let (read_at, locks) = seen(&kit).await;
    assert!(locks[0].number == 2 && locks[0].is_silent(read_at) && locks[0].has_left(), "{locks:?}");
}

#[tokio::test(start_paused = true)]
async fn r24_what_was_put_back_no_longer_lies_beside_the_lock_it_was_taken_from() {
    let kit = Kit::new();
    kit.die_after(waiting(), 8).await.map_err(|_| "it ended").unwrap();
    let put_back = |fails: bool| {
        let back = Action::Set {
            settings: vec![crate::plan::Assignment { setting: process(Process::Launch), to: Value::Active }],
        };
        let mut steps = vec![step(1, &[], back, Lasts::Stays, Undo::Restore)];
        if fails {
            let condition =
                Condition::InService { balancer: Kit::balancer(), instances: vec!["i-never".into()] };
            steps.push(step(2, &[1], Action::Await { condition }, Lasts::Stays, Undo::Nothing));
        }
        crate::plan::Plan { operation: "put-back".into(), ..plan(steps) }
    };
    let other = tempfile::tempdir().unwrap();
    let launch = |number| Launch { grip: Grip::TakeOver(number), ..Kit::launch("joe@desk") };
    let store = kit.store_at(other.path());
    let failing = begin(kit.ports(), store.clone(), put_back(true), launch(1)).await.unwrap();
    assert_eq!(told(failing).await.state, RunState::Failed);
    let (_, locks) = seen(&kit).await;
    assert!(locks.len() == 1 && locks[0].number == 1 && locks[0].grip == Seen::TakenOver, "{locks:?}");
    let done = begin(kit.ports(), store, put_back(false), launch(1)).await.unwrap();
    assert_eq!(told(done).await.state, RunState::Done);
    assert_eq!(seen(&kit).await.1, []);
    assert_eq!(place(&kit).outstanding(1).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_taken_up_again_leaves_nothing_beside_any_of_its_locks() {
    for gave_back in [false, true] {
        let kit = Kit::new();
        let id = kit.die_after(waiting(), 8).await.map_err(|_| "it ended").unwrap();
        assert_eq!(place(&kit).outstanding(1).await.unwrap().len(), 1);
        if gave_back {
            // It gets another number then.
            let name = "/quarterdeck/myproject/staging/lock/00000001";
            let note = kit.cloud.notes(name).await.unwrap().remove(0).text;
            let note = note.replacen('{', "{\"released\":\"2026-11-22T03:00:00Z\",", 1);
            kit.cloud.put_note(name, &note, true).await.unwrap();
            assert_eq!(seen(&kit).await.1[0].grip, Seen::Released);
        }
        let told = kit.again(id, true).await;
        assert_eq!(told.story.lock, Some(Some(if gave_back { 2 } else { 1 })));
        assert_eq!(seen(&kit).await.1, []);
        let beside = kit.cloud.notes("/quarterdeck/myproject/staging/lock-restore/").await.unwrap();
        assert_eq!(beside, []);
    }
}

#[test]
fn r24_what_could_not_be_put_back_stays_outstanding_and_what_is_somebody_elses_does_not() {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let told = |foreign: [bool; 2]| {
        let steps = vec![suspend(1, &[], &[Process::Launch, Process::Terminate])];
        let mut story = Story::new(plan(steps));
        story.take_in(&Entry::Begun { step: StepId(1), at });
        let settings = [Process::Launch, Process::Terminate].map(process);
        for (id, setting) in (1..).zip(settings.clone()) {
            let mutation = Mutation::Set { setting, from: Value::Active, to: Value::Suspended };
            story.take_in(&Entry::Intent { id, step: StepId(1), back: false, mutation, at });
        }
        assert_eq!(story.outstanding().len(), 2);
        let left = |setting: &crate::plan::Setting, foreign| Left {
            what: setting.to_string(),
            wanted: "active".into(),
            found: None,
            why: "no answer".into(),
            cure: "by hand".into(),
            foreign,
        };
        let left = settings.iter().zip(foreign).map(|(setting, foreign)| left(setting, foreign)).collect();
        story.take_in(&Entry::Undone { step: StepId(1), left, at });
        story.outstanding().into_iter().map(|one| one.setting).collect::<Vec<_>>()
    };
    assert_eq!(told([true, true]), []);
    assert_eq!(told([true, false]), [process(Process::Terminate)]);
    assert_eq!(told([false, false]).len(), 2);
}
