use super::super::{Cancel, Entry, Halt, News, NotBegun, StepEnd, begin};
use super::kit::{
    Kit, NOW, assume, keep_sizes, plan, process, restore, serial, sizes, step, suspend, told, until,
};
use crate::cloud::CloudChange;
use crate::engine::store::RunState;
use crate::fleet::{Process, Sizes};
use crate::plan::{Action, Condition, Fact, Lasts, Setting, Undo, Value};

fn raised(from: Sizes) -> Sizes {
    Sizes { max: from.max + 2, ..from }
}

/// Waits for what never comes: the group wants more than it may launch.
fn forever(id: u16, after: &[u16]) -> crate::plan::Step {
    let condition = Condition::InService { balancer: Kit::balancer(), instances: vec!["i-never".into()] };
    step(id, after, Action::Await { condition }, Lasts::Stays, Undo::Nothing)
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_well_leaves_what_was_temporary_as_it_was() {
    let kit = Kit::new();
    let before = kit.shape().await;
    let steps = vec![
        suspend(1, &[], &[Process::Launch, Process::AzRebalance]),
        sizes(2, &[1], raised(before.0)),
        restore(3, &[2], &[1, 2]),
    ];
    let told = kit.run(plan(steps)).await;
    assert_eq!(told.state, RunState::Done, "{:?}", told.story.failure());
    assert_eq!(kit.shape().await, before);
    assert!(told.story.left().is_empty());
    let past = kit.store().run(&told.id).unwrap();
    assert_eq!(
        (past.state, past.story.as_deref()),
        (RunState::Done, Some(&told.story)),
        "the journal tells the same"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_suspended_before_stays_suspended() {
    let kit = Kit::new();
    kit.cloud.suspend(&Kit::group_name(), &[Process::AzRebalance]).await.unwrap();
    let before = kit.shape().await;
    let steps = vec![suspend(1, &[], &[Process::Launch, Process::AzRebalance]), restore(2, &[1], &[1])];
    assert_eq!(kit.run(plan(steps)).await.state, RunState::Done);
    assert_eq!(kit.shape().await, before);
}

#[tokio::test(start_paused = true)]
async fn a_failing_step_puts_back_what_was_temporary_and_begins_nothing_after_it() {
    let kit = Kit::new();
    let before = kit.shape().await;
    let mut fails = forever(3, &[2]);
    fails.deadline_s = 60;
    let steps = vec![
        suspend(1, &[], &[Process::Launch]),
        sizes(2, &[1], raised(before.0)),
        fails,
        sizes(4, &[3], Sizes { max: 99, ..before.0 }),
        restore(5, &[4], &[1, 2, 4]),
    ];
    let told = kit.run(plan(steps)).await;
    assert_eq!(told.state, RunState::Failed);
    let (failed, why) = told.story.failure().unwrap();
    assert!(failed.id.0 == 3 && why.contains("not registered"), "{why}");
    assert_eq!(told.story.steps[3].began, None);
    assert_eq!(kit.shape().await, before);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_changed_meanwhile_is_left_and_told() {
    let kit = Kit::new();
    let steps = vec![
        suspend(1, &[], &[Process::Launch, Process::Terminate]),
        forever(2, &[1]),
        restore(3, &[2], &[1]),
    ];
    let mut started = kit.begin(plan(steps)).await.unwrap();
    let mut story = (*started.story).clone();
    until(&mut started, &mut story, |_, news| matches!(news, News::Status { step, .. } if step.0 == 2)).await;
    let theirs = Sizes { min: 0, desired: 0, max: 1 };
    kit.cloud.resume(&Kit::group_name(), &[Process::Launch]).await.unwrap();
    kit.cloud.set_sizes(&Kit::group_name(), theirs).await.unwrap();
    started.control.cancel(Cancel::NowAndUndo);
    let told = told(started).await;
    assert_eq!(told.state, RunState::Cancelled);
    let shape = kit.shape().await;
    assert_eq!(
        (shape.0, shape.1),
        (theirs, Vec::new()),
        "what was resumed by hand is as it was before anyway"
    );
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_neither_ours_nor_the_one_before_is_somebody_elses() {
    let kit = Kit::new();
    let before = kit.shape().await.0;
    let steps = vec![sizes(1, &[], raised(before)), forever(2, &[1]), restore(3, &[2], &[1])];
    let mut started = kit.begin(plan(steps)).await.unwrap();
    let mut story = (*started.story).clone();
    until(&mut started, &mut story, |_, news| matches!(news, News::Status { step, .. } if step.0 == 2)).await;
    let theirs = Sizes { max: before.max + 9, ..before };
    kit.cloud.set_sizes(&Kit::group_name(), theirs).await.unwrap();
    started.control.cancel(NOW);
    let mut told = told(started).await;
    let left = told.story.steps[0].undone.take().unwrap().1;
    assert!(left.len() == 1 && left[0].foreign, "{left:?}");
    assert!(left[0].cure.contains("update-auto-scaling-group"), "{left:?}");
    assert_eq!(kit.shape().await.0, theirs);
}

#[tokio::test(start_paused = true)]
async fn stop_after_this_step_lets_it_end_and_begins_no_other() {
    let kit = Kit::new();
    let before = kit.shape().await;
    let to = kit.earlier().await;
    let mut steps = serial(to.clone(), 2, 1).steps;
    steps[1].lasts = Lasts::UntilTheEnd;
    let mut started = kit.begin(plan(steps)).await.unwrap();
    let mut story = (*started.story).clone();
    until(&mut started, &mut story, |_, news| {
        matches!(news, News::Entry(entry) if matches!(**entry, Entry::Ended { step, .. } if step.0 == 2))
    })
    .await;
    started.control.cancel(Cancel::AfterStep);
    let told = told(started).await;
    assert_eq!(told.state, RunState::Cancelled);
    assert_eq!(kit.shape().await, before);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_when_what_the_plan_assumes_has_changed() {
    let kit = Kit::new();
    let before = kit.shape().await;
    let fact = Fact::Setting(Setting::Sizes { group: Kit::group_name() });
    let was = Value::Sizes(Sizes { min: 0, desired: 0, max: 0 });
    let plan = assume(plan(vec![suspend(1, &[], &[Process::Launch]), restore(2, &[1], &[1])]), fact, was);
    let error = kit.begin(plan).await.unwrap_err();
    assert!(matches!(error, NotBegun::Changed { .. }));
    assert!(
        error.to_string().contains("0 of 0–0") && error.to_string().contains(&before.0.to_string()),
        "{error}"
    );
    assert_eq!(kit.shape().await, before);
    assert!(kit.store().runs().unwrap().is_empty(), "it never was a run");
}

#[tokio::test(start_paused = true)]
async fn what_the_plan_assumes_is_read_again_before_a_step_that_takes_something_away() {
    let kit = Kit::new();
    let before = kit.shape().await.0;
    let fact = Fact::Setting(process(Process::HealthCheck));
    let mut late = suspend(2, &[1], &[Process::Launch]);
    late.destructive = true;
    let mut wait = step(
        1,
        &[],
        Action::Await { condition: Condition::Settled { group: Kit::group_name() } },
        Lasts::Stays,
        Undo::Nothing,
    );
    wait.deadline_s = 300;
    let steps = vec![wait, late, restore(3, &[2], &[2])];
    // Not settled for a while: one more is wanted.
    kit.cloud.set_sizes(&Kit::group_name(), Sizes { desired: before.desired + 1, ..before }).await.unwrap();
    let mut started = kit.begin(assume(plan(steps), fact, Value::Active)).await.unwrap();
    let mut story = (*started.story).clone();
    until(&mut started, &mut story, |_, news| matches!(news, News::Status { step, .. } if step.0 == 1)).await;
    kit.cloud.suspend(&Kit::group_name(), &[Process::HealthCheck]).await.unwrap();
    let told = told(started).await;
    let (step, why) = told.story.failure().unwrap();
    assert!(step.id.0 == 2 && why.contains("it was active, now it is suspended"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_stops_the_run_and_still_puts_everything_back() {
    let kit = Kit::new();
    let before = kit.shape().await;
    for records in 2..9 {
        let store = kit.store().with_halt(Halt::full_after(records));
        let steps = vec![
            suspend(1, &[], &[Process::Launch]),
            sizes(2, &[1], raised(before.0)),
            restore(3, &[2], &[1, 2]),
        ];
        let started = begin(kit.ports(), store, plan(steps), Kit::launch("jane@laptop")).await.unwrap();
        let told = told(started).await;
        assert_eq!(kit.shape().await, before, "{records}");
        assert!(
            told.state == RunState::Done || told.warnings.iter().any(|text| text.contains("journal")),
            "{records}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_soft_step_warns_and_the_run_goes_on() {
    let kit = Kit::new();
    let mut soft = forever(1, &[]);
    (soft.soft, soft.deadline_s) = (true, 10);
    let steps = vec![soft, keep_sizes(2), restore(3, &[1, 2], &[2])];
    let told = kit.run(plan(steps)).await;
    assert_eq!(told.state, RunState::Done);
    assert!(matches!(told.story.steps[0].ended, Some((_, StepEnd::Warned(_)))));
}
