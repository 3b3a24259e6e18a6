//! CloudFront is asked to forget, once, and nothing waits for it.

use super::super::StepEnd;
use super::kit::{Kit, plan, restore, step, suspend};
use crate::engine::store::RunState;
use crate::fleet::Process;
use crate::plan::{Action, Lasts, Plan, Step, StepId, Undo};
use crate::sandbox::{Fault, FaultKind};

fn invalidate(id: u16, distribution: &str) -> Step {
    let action = Action::Invalidate { distribution: distribution.into(), paths: vec!["/*".into()] };
    Step { soft: true, deadline_s: 300, ..step(id, &[], action, Lasts::Stays, Undo::Nothing) }
}

fn forgets(kit: &Kit) -> Plan {
    let place = kit.cloud.topology().environments.remove(0);
    let steps = vec![
        suspend(1, &[], &[Process::Launch]),
        invalidate(2, place.distributions[0].as_str()),
        restore(3, &[1], &[1]),
    ];
    plan(steps)
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_the_distribution_is_asked_once() {
    for records in 1..100 {
        let kit = Kit::new();
        let id = match kit.die_after(forgets(&kit), records).await {
            Ok(id) => id,
            Err(told) => {
                assert!(records > 6, "it was killed at least so often");
                assert_eq!(told.state, RunState::Done);
                let said = &told.story.of(StepId(2)).unwrap().said;
                assert!(said[0].1.ends_with("is under way"), "{said:?}");
                assert_eq!(kit.cloud.invalidations().unwrap().len(), 1);
                return;
            }
        };
        if kit.store().run(&id).unwrap().finished.is_some() {
            continue;
        }
        let told = kit.again(id, false).await;
        assert_eq!(told.state, RunState::Done, "{records}: {:?}", told.story.failure());
        assert_eq!(kit.cloud.invalidations().unwrap().len(), 1, "{records}");
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_goes_missing_is_asked_for_again_and_finds_the_first() {
    let kit = Kit::new();
    kit.cloud.inject(Fault { action: Some("cloudfront:CreateInvalidation"), kind: FaultKind::FailAfter(1) });
    let told = kit.run(forgets(&kit)).await;
    assert_eq!(told.story.of(StepId(2)).unwrap().ended.as_ref().unwrap().1, StepEnd::Done);
    assert_eq!(kit.cloud.invalidations().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_distribution_that_cannot_be_asked_is_a_warning_and_the_run_goes_on() {
    let faults = [FaultKind::Deny, FaultKind::FailBefore(1_000), FaultKind::Throttle(1_000)];
    for kind in faults {
        let kit = Kit::new();
        let before = kit.shape().await;
        kit.cloud.inject(Fault { action: Some("cloudfront:CreateInvalidation"), kind });
        let told = kit.run(forgets(&kit)).await;
        assert_eq!(told.state, RunState::Done, "{kind:?}: {:?}", told.story.failure());
        let end = &told.story.of(StepId(2)).unwrap().ended.as_ref().unwrap().1;
        assert!(matches!(end, StepEnd::Warned(_)), "{kind:?}: {end:?}");
        assert_eq!(kit.shape().await, before, "{kind:?}");
    }
    let kit = Kit::new();
    let told = kit.run(plan(vec![invalidate(1, "E0NOBODY")])).await;
    let end = &told.story.of(StepId(1)).unwrap().ended.as_ref().unwrap().1;
    assert!(matches!(end, StepEnd::Warned(why) if why.contains("E0NOBODY")), "{end:?}");
    assert_eq!(told.state, RunState::Done);
}
