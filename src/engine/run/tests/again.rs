//! What taking a run up again would do is told beforehand, and is what it does.

use super::super::{Again, Entry, Left, NotBegun, StepEnd, Story, Way, resume};
use super::kit::{Kit, assume, plan, restore, step, suspend};
use crate::cloud::CloudChange;
use crate::engine::store::RunState;
use crate::fleet::{Process, Sizes};
use crate::plan::{Action, Condition, Fact, Lasts, Plan, Setting, Step, StepId, Undo, Value};
use crate::sandbox::{Fault, FaultKind};

const AT: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

/// Waits for what never comes.
fn forever(id: u16, after: &[u16]) -> Step {
    let condition = Condition::InService { balancer: Kit::balancer(), instances: vec!["i-never".into()] };
    Step { deadline_s: 60, ..step(id, after, Action::Await { condition }, Lasts::Stays, Undo::Nothing) }
}

fn begun(step: u16) -> Entry {
    Entry::Begun { step: StepId(step), at: AT }
}

fn ended(step: u16, end: StepEnd) -> Entry {
    Entry::Ended { step: StepId(step), end, at: AT }
}

fn failed(step: u16) -> Entry {
    ended(step, StepEnd::Failed("no answer".into()))
}

fn undone(step: u16, is_left: bool) -> Entry {
    let left = Left {
        what: "Launch of ag".into(),
        wanted: "active".into(),
        found: None,
        why: "no answer".into(),
        cure: "by hand".into(),
        foreign: false,
    };
    Entry::Undone { step: StepId(step), left: is_left.then_some(left).into_iter().collect(), at: AT }
}

fn story(plan: &Plan, entries: impl IntoIterator<Item = Entry>) -> Story {
    let mut story = Story::new(plan.clone());
    entries.into_iter().for_each(|entry| story.take_in(&entry));
    story
}

fn back(steps: &[u16]) -> Again {
    Again::Back(steps.iter().copied().map(StepId).collect())
}

#[test]
fn what_has_failed_does_not_go_forward_though_nobody_wrote_down_that_it_turned() {
    let simple = plan(vec![suspend(1, &[], &[Process::Launch]), forever(2, &[1]), restore(3, &[2], &[1])]);
    let goes_on = Plan { goes_on: true, ..simple.clone() };
    let done = || [begun(1), ended(1, StepEnd::Done), begun(2)];
    let cases = [
        ("its lock was lost", RunState::Failed, story(&simple, done())),
        (
            "it died while lanes came to an end",
            RunState::Interrupted,
            story(&simple, done().into_iter().chain([failed(2)])),
        ),
        ("its journal has a hole", RunState::Failed, story(&simple, [begun(1), ended(1, StepEnd::Done)])),
    ];
    for (what, state, story) in cases {
        assert_eq!(story.again(state, false), back(&[1]), "{what}");
        assert_eq!(story.again(state, true), back(&[1]), "{what}");
    }
    assert_eq!(story(&simple, done()).again(RunState::Interrupted, false), Again::Forward);
    let broke_off = story(&goes_on, done().into_iter().chain([failed(2)]));
    for state in [RunState::Interrupted, RunState::Failed] {
        assert_eq!(broke_off.again(state, false), Again::Forward, "what goes on does so at once");
    }
    assert_eq!(broke_off.again(RunState::Running, false), Again::Nothing);
}

#[test]
fn what_could_not_be_put_back_is_not_forgotten_where_the_rest_is_done_anew() {
    let unless =
        |id, after: &[u16]| Step { lasts: Lasts::UnlessStopped, ..suspend(id, after, &[Process::Launch]) };
    let steps = vec![unless(1, &[]), unless(2, &[1]), forever(3, &[2]), restore(4, &[3], &[1, 2])];
    let plan = Plan { goes_on: true, redoes: true, ..plan(steps) };
    let turned = Entry::Turned { way: Way::Stop, why: "it failed".into(), at: AT };
    let entries = |is_left| {
        let before =
            [begun(1), ended(1, StepEnd::Done), begun(2), ended(2, StepEnd::Done), begun(3), failed(3)];
        before.into_iter().chain([turned.clone(), undone(2, is_left), undone(1, false)])
    };
    let left = story(&plan, entries(true));
    assert_eq!(left.again(RunState::Failed, true), back(&[2]));
    assert_eq!(
        left.again(RunState::Failed, false),
        back(&[2]),
        "it is put back before anything is done anew"
    );
    let clean = story(&plan, entries(false));
    assert_eq!(clean.again(RunState::Failed, false), Again::Forward);
    assert_eq!(clean.again(RunState::Failed, true), Again::Nothing);
}

#[tokio::test(start_paused = true)]
async fn what_a_run_that_is_done_could_not_put_back_is_put_back_when_it_is_taken_up() {
    for lasts in [Lasts::UntilTheEnd, Lasts::UnlessStopped] {
        let kit = Kit::new();
        let before = kit.shape().await;
        let stays = Step { lasts: Lasts::UnlessStopped, ..suspend(1, &[], &[Process::AzRebalance]) };
        let held = Step { lasts, ..suspend(2, &[1], &[Process::Launch]) };
        kit.cloud.inject(Fault { action: Some("autoscaling:ResumeProcesses"), kind: FaultKind::Deny });
        let told = kit.run(plan(vec![stays, held, restore(3, &[2], &[2])])).await;
        assert_eq!(told.state, RunState::Done);
        assert_eq!(told.story.left().len(), 1, "{lasts:?}");
        let past = kit.store().run(&told.id).unwrap();
        assert_eq!(past.again(false), back(&[2]), "{lasts:?}: what it was made for stays");
        // As long as it cannot be, it is told.
        let again = kit.again(told.id.clone(), false).await;
        assert_eq!((again.state, again.story.left().len()), (RunState::Done, 1), "{lasts:?}");
        kit.cloud.clear_faults();
        let again = kit.again(told.id.clone(), false).await;
        assert_eq!((again.state, again.story.left().len()), (RunState::Done, 0), "{lasts:?}");
        assert_eq!(kit.shape().await.1, ["AZRebalance"], "{lasts:?}");
        assert_eq!(kit.store().run(&told.id).unwrap().again(false), Again::Nothing);
        assert_eq!(kit.again(told.id, true).await.state, RunState::Cancelled);
        assert_eq!(kit.shape().await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_may_not_go_on_leaves_no_lock_that_it_has_just_taken() {
    let kit = Kit::new();
    let sizes = kit.shape().await.0;
    let fact = Fact::Setting(Setting::Sizes { group: Kit::group_name() });
    let plan = Plan { goes_on: true, ..plan(vec![forever(1, &[])]) };
    let failed = kit.run(assume(plan.clone(), fact, Value::Sizes(sizes))).await;
    assert_eq!(failed.state, RunState::Failed);
    kit.cloud.set_sizes(&Kit::group_name(), Sizes { max: sizes.max + 3, ..sizes }).await.unwrap();
    let refused = resume(kit.ports(), kit.store(), failed.id, false, Kit::launch("jane@laptop")).await;
    assert!(matches!(refused, Err(NotBegun::Changed { .. })));
    assert_eq!(kit.run(plan).await.state, RunState::Failed, "nobody is in its way");
}
