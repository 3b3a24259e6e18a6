use super::super::StepEnd;
use super::kit::{Kit, converge, keep_sizes, plan, point, process, restore, serial, sizes, step, suspend};
use crate::cloud::CloudRead;
use crate::engine::store::RunState;
use crate::fleet::{HealthState, Process, Sizes};
use crate::plan::{Action, Assignment, Converge, Kind, Lasts, Page, Undo, Value};

#[tokio::test(start_paused = true)]
async fn a_serial_deploy_brings_every_member_to_the_release_and_the_group_back_to_its_shape() {
    let kit = Kit::new();
    let (before, old) = (kit.shape().await, kit.members().await);
    let to = kit.earlier().await;
    let told = kit.run(serial(to.clone(), before.0.desired, 1)).await;
    assert_eq!(told.state, RunState::Done, "{:?}", told.story.failure());
    let group = kit.group().await;
    let staying: Vec<_> = group.members.iter().filter(|m| !m.lifecycle.starts_with("Terminat")).collect();
    assert!(staying.iter().all(|member| member.launch.as_ref() == Some(&to)), "{group:?}");
    assert!(staying.iter().all(|member| !old.contains(&member.instance)));
    let after = kit.shape().await;
    assert_eq!((after.0, after.1, after.2, after.3), (before.0, before.1, before.2, Some(to)));
    // What is as found already is put back without waiting for anything.
    let (_, last) = told.story.each().last().unwrap();
    let took = last.ended.as_ref().unwrap().0.duration_since(last.began.unwrap());
    assert!(took.as_secs() < 30, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_release_whose_servers_never_become_healthy_stops_with_the_old_ones_untouched_and_no_trap() {
    let kit = Kit::new();
    let (before, old) = (kit.shape().await, kit.members().await);
    let to = kit.earlier().await;
    let settings = kit.cloud.launch_settings(std::slice::from_ref(&to)).await.unwrap();
    kit.cloud.spoil_image(settings[0].image.as_ref().unwrap()).unwrap();
    let told = kit.run(serial(to, before.0.desired, 1)).await;
    assert_eq!(told.state, RunState::Failed);
    let (_, why) = told.story.failure().unwrap();
    assert!(why.contains("not in service"), "{why}");
    assert_eq!(
        kit.shape().await,
        before,
        "the group launches the old release again, and its shape is as it was"
    );
    kit.cloud.pause(std::time::Duration::from_secs(600)).await;
    assert_eq!(kit.members().await, old, "the bad one is gone, the old ones are there");
    let health = kit.cloud.member_health(&Kit::balancer()).await.unwrap();
    assert!(health.iter().all(|member| member.state == HealthState::InService), "{health:?}");
}

#[tokio::test(start_paused = true)]
async fn undoing_a_finished_deploy_brings_the_old_release_back() {
    let kit = Kit::new();
    let before = kit.shape().await;
    let to = kit.earlier().await;
    let told = kit.run(serial(to, before.0.desired, 2)).await;
    assert_eq!(told.state, RunState::Done, "{:?}", told.story.failure());
    let undone = kit.again(told.id, true).await;
    assert!(undone.story.left().is_empty(), "{:?}", undone.story.left());
    assert_eq!(kit.shape().await, before);
    let group = kit.group().await;
    let staying = group.members.iter().filter(|m| !m.lifecycle.starts_with("Terminat"));
    assert!(staying.into_iter().all(|member| member.launch == before.3), "{group:?}");
}

#[tokio::test(start_paused = true)]
async fn a_group_that_may_not_grow_is_told_and_nothing_is_taken_away() {
    let kit = Kit::new();
    let (shape, old) = (kit.shape().await, kit.members().await);
    let to = kit.earlier().await;
    let full = Sizes { max: shape.0.desired, ..shape.0 };
    let steps = vec![
        sizes(1, &[], full),
        point(2, &[1], to.clone()),
        step(
            3,
            &[2],
            Action::Converge(Box::new(converge(Kind::Replace, to, full.desired, 1))),
            Lasts::UnlessStopped,
            Undo::Reverse("back".into()),
        ),
        restore(4, &[3], &[1]),
    ];
    let told = kit.run(plan(steps)).await;
    let (_, why) = told.story.failure().unwrap();
    assert!(why.contains("members at most"), "{why}");
    assert_eq!((kit.shape().await, kit.members().await), (shape, old));
}

#[tokio::test(start_paused = true)]
async fn a_full_deploy_grows_beside_shows_the_page_joins_and_shrinks() {
    let kit = Kit::new();
    let before = kit.shape().await;
    let count = before.0.desired;
    let to = kit.earlier().await;
    let part = |id: u16, kind, lasts| {
        let action = Action::Converge(Box::new(converge(kind, to.clone(), count, count)));
        step(id, &[id - 1], action, lasts, Undo::Reverse("back".into()))
    };
    let launch = Assignment { setting: process(Process::Launch), to: Value::Suspended };
    let steps = vec![
        sizes(1, &[], Sizes { max: before.0.max.max(count * 2), ..before.0 }),
        suspend(2, &[1], &[Process::AddToLoadBalancer, Process::AzRebalance, Process::ReplaceUnhealthy]),
        point(3, &[2], to.clone()),
        part(4, Kind::Grow, Lasts::UnlessStopped),
        step(5, &[4], Action::Set { settings: vec![launch] }, Lasts::UntilTheEnd, Undo::Restore),
        part(6, Kind::Page(Page::Healthy), Lasts::UntilTheEnd),
        part(7, Kind::Join, Lasts::UnlessStopped),
        part(8, Kind::Shrink, Lasts::Stays),
        part(9, Kind::Page(Page::Off), Lasts::Stays),
        restore(10, &[9], &[1, 2, 5]),
    ];
    let told = kit.run(plan(steps)).await;
    assert_eq!(told.state, RunState::Done, "{:?}", told.story.failure());
    let after = kit.shape().await;
    assert_eq!((after.0, after.1, after.3), (before.0, before.1, Some(to.clone())));
    kit.cloud.pause(std::time::Duration::from_secs(300)).await;
    let group = kit.group().await;
    assert_eq!(group.members.len(), count as usize);
    assert!(group.members.iter().all(|member| member.launch.as_ref() == Some(&to)));
    let health = kit.cloud.member_health(&Kit::balancer()).await.unwrap();
    assert!(
        health.len() == count as usize && health.iter().all(|m| m.state == HealthState::InService),
        "{health:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_so_already_is_not_done_again() {
    let kit = Kit::new();
    let before = kit.shape().await;
    let now = before.3.clone().unwrap();
    let same = Converge { check: None, ..converge(Kind::Replace, now, before.0.desired, 1) };
    let steps = vec![
        keep_sizes(1),
        step(2, &[1], Action::Converge(Box::new(same)), Lasts::Stays, Undo::Nothing),
        restore(3, &[2], &[1]),
    ];
    let told = kit.run(plan(steps)).await;
    assert_eq!(told.story.steps[1].ended.as_ref().unwrap().1, StepEnd::AlreadySo);
    assert!(told.story.intents.is_empty());
}
