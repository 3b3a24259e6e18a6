//! What taking a run up again would do is told beforehand, and is what it does.

use super::super::{Again, Entry, Left, Mutation, News, NotBegun, StepEnd, Story, Way, resume};
use super::kit::{Kit, assume, keep_sizes, plan, restore, serial, step, suspend, told, until};
use crate::cloud::CloudChange;
use crate::engine::store::RunState;
use crate::fleet::{Process, Sizes};
use crate::plan::{
    Action, Condition, Fact, HostJob, InstanceRef, Lasts, Plan, Setting, Step, StepId, Undo, Value,
};
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

#[tokio::test(start_paused = true)]
async fn a_run_does_not_go_on_where_what_its_steps_had_made_so_is_so_no_more() {
    let kit = Kit::new();
    let before = kit.shape().await;
    let steps = || vec![suspend(1, &[], &[Process::Launch]), forever(2, &[1]), restore(3, &[2], &[1])];
    // Killed while it waits: the process is suspended then.
    let Ok(halted) = kit.die_after(plan(steps()), 6).await else { panic!("it waits") };
    assert_eq!(kit.shape().await.1, ["Launch"]);
    assert_eq!(kit.store().run(&halted).unwrap().again(false), Again::Forward);
    // Somebody puts it back by hand: what comes would have no protection any more.
    kit.cloud.resume(&Kit::group_name(), &[Process::Launch]).await.unwrap();
    let launch = || Kit::launch("jane@laptop");
    let refused = resume(kit.ports(), kit.store(), halted.clone(), false, launch()).await;
    let Err(NotBegun::Changed { fact, was, is }) = refused else { panic!("it has changed") };
    assert!(fact.to_string().contains("Launch"), "{fact}");
    assert_eq!((was, is), (Value::Suspended, Value::Active));
    assert_eq!(kit.again(halted, true).await.state, RunState::Cancelled, "it can be undone");
    assert_eq!(kit.shape().await, before);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_launches_something_else_meanwhile_is_not_replaced_without_an_end() {
    let kit = Kit::new();
    let (found, to) = (kit.group().await.launch.unwrap(), kit.earlier().await);
    let mut started = kit.begin(serial(to, 2, 1)).await.unwrap();
    let mut story = (*started.story).clone();
    until(&mut started, &mut story, |_, news| {
        matches!(news, News::Entry(entry) if matches!(**entry, Entry::Begun { step, .. } if step.0 == 4))
    })
    .await;
    kit.cloud.set_launch(&Kit::group_name(), &found).await.unwrap();
    let told = told(started).await;
    assert_eq!(told.state, RunState::Failed);
    let (_, why) = told.story.failure().unwrap();
    assert!(why.contains("somebody else has changed that"), "{why}");
    let ended =
        told.story.intents.iter().filter(|one| matches!(one.mutation, Mutation::TerminateMember { .. }));
    assert!(ended.count() <= 2, "nothing comes and goes without an end");
}

#[test]
fn a_command_that_may_still_run_is_ended_before_anything_is_taken_back_though_it_cannot_be() {
    let job = |id, after: &[u16], undo| {
        let job = HostJob {
            server: InstanceRef::Known("i-1".into()),
            name: "migrate".into(),
            script: "true".into(),
            user: None,
            back: None,
            files: Vec::new(),
            names_server: true,
        };
        step(id, after, Action::Job(Box::new(job)), Lasts::Stays, undo)
    };
    let stays = || Undo::Cannot("the schema stays".into());
    let plan = plan(vec![suspend(1, &[], &[Process::Launch]), job(2, &[1], stays())]);
    let intent = Entry::Intent {
        id: 1,
        step: StepId(2),
        back: false,
        mutation: Mutation::Job { instance: "i-1".into(), job: "qd-x-2-migrate-1".into() },
        at: AT,
    };
    let begins = || [begun(1), ended(1, StepEnd::Done), begun(2), intent.clone()];
    let killed = story(&plan, begins());
    assert_eq!(killed.again(RunState::Interrupted, true), back(&[2, 1]));
    assert_eq!(killed.again(RunState::Interrupted, false), Again::Forward, "it is attached to again");
    let mut later = plan.clone();
    let slot = crate::plan::Slot("db".into());
    if let Action::Job(job) = &mut later.steps[1].action {
        job.server = InstanceRef::Later(slot);
    }
    let gone = story(&later, begins());
    assert_eq!(
        gone.again(RunState::Interrupted, true),
        back(&[1]),
        "it goes with the server that was launched"
    );
    let over = story(&plan, begins().into_iter().chain([ended(2, StepEnd::Done)]));
    assert_eq!(over.again(RunState::Interrupted, true), back(&[1]), "its end was seen");
}

#[test]
fn the_note_beside_the_lock_holds_the_latest_values_once_however_long_a_rollout_takes() {
    let setting = Setting::Sizes { group: Kit::group_name() };
    let sizes = |desired| Value::Sizes(Sizes { min: 0, desired, max: 400 });
    let mut told = story(&plan(vec![keep_sizes(1)]), [begun(1)]);
    let noted = Entry::Noted { step: StepId(1), setting: setting.clone(), value: sizes(200), at: AT };
    told.take_in(&noted);
    for id in 1..=300_u32 {
        let (from, to) = (sizes(200 - id % 2), sizes(200 - id / 2));
        let mutation = Mutation::Set { setting: setting.clone(), from, to };
        told.take_in(&Entry::Intent { id, step: StepId(1), back: false, mutation, at: AT });
    }
    let held = told.outstanding();
    assert_eq!((held.len(), &held[0].value), (1, &sizes(200)));
    assert!(held[0].ours.len() <= 8 && held[0].ours.last() == Some(&sizes(50)), "{:?}", held[0].ours);
    assert!(serde_json::to_string(&held).unwrap().len() < 2_000);
}
