//! What the credentials may not do ends a step at once; what is not known yet is tried again.

use std::time::Duration;

use super::kit::{Kit, converge, plan, restore, step, suspend};
use crate::cloud::CloudRead;
use crate::engine::store::RunState;
use crate::fleet::{Process, Sizes};
use crate::plan::{Action, Assignment, Condition, Converge, Kind, Lasts, Plan, Setting, Undo, Value};
use crate::sandbox::{Fault, FaultKind};

const REGISTER: &str = "elasticloadbalancing:RegisterInstancesWithLoadBalancer";

/// One server more, launched outside the load balancer and then registered.
async fn joining(kit: &Kit) -> Plan {
    let group = kit.group().await;
    let to = group.launch.clone().unwrap();
    let sizes = group.sizes();
    let more = Sizes { desired: sizes.desired + 1, max: sizes.max.max(sizes.desired + 1), ..sizes };
    let setting = Setting::Sizes { group: Kit::group_name() };
    let grow = Action::Set { settings: vec![Assignment { setting, to: Value::Sizes(more) }] };
    let settled = Condition::Settled { group: Kit::group_name() };
    // It is not asked itself, for it would have to be listed for that.
    let join = Converge { check: None, ..converge(Kind::Join, to, more.desired, 0) };
    plan(vec![
        suspend(1, &[], &[Process::AddToLoadBalancer]),
        step(2, &[1], grow, Lasts::UnlessStopped, Undo::Restore),
        step(3, &[2], Action::Await { condition: settled }, Lasts::Stays, Undo::Nothing),
        step(4, &[3], Action::Converge(Box::new(join)), Lasts::Stays, Undo::Nothing),
        restore(5, &[4], &[1]),
    ])
}

fn registrations(kit: &Kit) -> u64 {
    kit.cloud.requests().get(REGISTER).copied().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_denied_is_tried_once_and_says_what_to_do() {
    let kit = Kit::new();
    let plan = joining(&kit).await;
    kit.cloud.inject(Fault { action: Some(REGISTER), kind: FaultKind::Deny });
    let told = kit.run(plan).await;
    assert_eq!(told.state, RunState::Failed);
    let (_, why) = told.story.failure().unwrap();
    assert!(
        why.contains("RegisterInstancesWithLoadBalancer") && why.contains("Ask for that permission"),
        "{why}"
    );
    assert_eq!(registrations(&kit), 1, "what is denied stays so");
}

#[tokio::test(start_paused = true)]
async fn r25_a_registration_of_a_server_that_is_not_known_yet_is_tried_again() {
    let kit = Kit::new();
    let plan = joining(&kit).await;
    kit.cloud.keep_new_ones_unlisted(Duration::from_secs(150));
    let told = kit.run(plan).await;
    assert_eq!(told.state, RunState::Done, "{:?}", told.story.failure());
    assert!(registrations(&kit) > 1, "{}", registrations(&kit));
    let health = kit.cloud.member_health(&Kit::balancer()).await.unwrap();
    assert_eq!(health.len(), kit.group().await.members.len());
}
