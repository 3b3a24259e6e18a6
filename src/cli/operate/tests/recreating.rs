//! Every server of an environment made anew, on the simulated fleet.

use std::collections::BTreeSet;

use super::terminating::there;
use super::*;
use crate::engine::run::NotBegun;
use crate::fleet::{InstanceId, Role, Server, Standing};

const LINE: &str = "recreate-environment testing";

/// So many records it does not write here.
const MOST: usize = 2_000;

const ROLES: [Role; 4] = [Role::DbPrimary, Role::DbReplica, Role::Cache, Role::Worker];

/// Servers of a role in use.
async fn in_use(kit: &Kit, role: &Role) -> Vec<InstanceId> {
    let all = there(kit).await;
    all.iter().filter(|one| one.role.role == *role && one.is_target()).map(|one| one.id.clone()).collect()
}

/// Every server in use.
async fn all_in_use(kit: &Kit) -> BTreeSet<InstanceId> {
    there(kit).await.into_iter().filter(Server::is_target).map(|one| one.id).collect()
}

/// What users and the group notice: processes that are held, pages, and what runs.
async fn noticed(kit: &Kit) -> String {
    let group = kit.group("testing").await;
    let shape = super::every::shape(kit).await;
    let pages: Vec<&str> = shape.lines().filter(|line| line.contains("page Some((true")).collect();
    let beats = shape.matches("\"testing-celerybeat\", \"RUNNING\"").count();
    format!("{:?} {pages:?} {beats}", group.suspended)
}

/// Nothing that was there is in use any more, and something else of each role is.
async fn is_anew(kit: &Kit, before: &BTreeSet<InstanceId>, what: &str) {
    let now = all_in_use(kit).await;
    assert!(now.is_disjoint(before), "{what}: {:?}", now.intersection(before).collect::<Vec<_>>());
    assert_eq!(now.len(), before.len(), "{what}: {now:?}");
    for role in ROLES {
        assert_eq!(in_use(kit, &role).await.len(), 1, "{what}: {role}");
    }
    let all = there(kit).await;
    let old: Vec<_> = all.iter().filter(|one| one.role.standing == Standing::Old).collect();
    assert_eq!(old.len(), 4, "{what}: they stay, out of use: {old:?}");
    let pending: Vec<_> = all.iter().filter(|one| one.role.standing == Standing::Pending).collect();
    assert!(pending.is_empty(), "{what}: {pending:?}");
    let group = kit.group("testing").await;
    let launch = group.launch.clone();
    assert!(group.members.iter().all(|member| member.launch == launch), "{what}: {:?}", group.members);
    assert_eq!(noticed(kit).await, "[] [] 1", "{what}");
}

#[tokio::test(start_paused = true)]
async fn every_server_is_made_anew_and_users_see_the_page_only_while_places_change() {
    let kit = Kit::new();
    let before = all_in_use(&kit).await;
    let (state, story) = kit.apply(LINE).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert!(story.left().is_empty(), "{:?}", story.left());
    kit.cloud.pause(Duration::from_secs(120)).await;
    is_anew(&kit, &before, "whole").await;
    let at = |title: &str| {
        let (_, told) = story.each().find(|(step, _)| step.title.starts_with(title)).unwrap();
        (told.began.unwrap(), told.ended.clone().unwrap().0)
    };
    let whole =
        at("let the group launch again").1.duration_since(story.each().next().unwrap().1.began.unwrap());
    let page = at("take the page off").1.duration_since(at("put the maintenance page up").0);
    assert!(page.as_secs() * 4 < whole.as_secs(), "{page:?} of {whole:?}");
    let launches: Vec<_> = story
        .each()
        .filter(|(step, _)| step.title == "launch a server")
        .map(|(_, told)| told.began.unwrap())
        .collect();
    let (first, last) = (launches.iter().min().unwrap(), launches.iter().max().unwrap());
    assert!(last.duration_since(*first).as_secs() < 60, "side by side: {launches:?}");
}

#[tokio::test(start_paused = true)]
async fn what_fails_while_it_is_built_or_behind_the_page_is_gone_on_with_and_users_have_the_old_ones_meanwhile()
 {
    for broken in ["build rabbitmq", "build copy", "cache drain", "cache load", "build received"] {
        let kit = Kit::new();
        let (before, found) = (all_in_use(&kit).await, noticed(&kit).await);
        kit.cloud.break_script(broken, "the disk is full", 1);
        let (run, state, story) = kit.ends(LINE).await;
        assert_eq!(state, RunState::Failed, "{broken}");
        assert!(story.left().is_empty() && story.goes_on(), "{broken}: {:?}", story.left());
        kit.cloud.pause(Duration::from_secs(120)).await;
        assert_eq!((all_in_use(&kit).await, noticed(&kit).await), (before.clone(), found), "{broken}");
        let (state, story) = kit.take_up(&run, false).await.unwrap();
        assert_eq!(state, RunState::Done, "{broken}: {:?}", story.failure());
        kit.cloud.pause(Duration::from_secs(120)).await;
        is_anew(&kit, &before, broken).await;
    }
}

/// Kills it after every so-manieth record from this one on: it writes many, and each takes a whole run.
const EACH: usize = 80;

async fn killed(first: usize) {
    for (times, records) in (first..MOST).step_by(EACH).enumerate() {
        let kit = Kit::new();
        let before = all_in_use(&kit).await;
        if !super::terminating::killed(&kit, LINE, records).await {
            assert!(times > 2, "it was killed at least so often: {times}");
            return;
        }
        kit.cloud.pause(Duration::from_secs(300)).await;
        is_anew(&kit, &before, &records.to_string()).await;
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_it_is_gone_on_with_1() {
    killed(1).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_it_is_gone_on_with_2() {
    killed(14).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_it_is_gone_on_with_3() {
    killed(27).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_it_is_gone_on_with_4() {
    killed(40).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_it_is_gone_on_with_5() {
    killed(53).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_it_is_gone_on_with_6() {
    killed(66).await;
}

async fn undone(first: usize) {
    let (mut sealed, mut undone) = (0, 0);
    for records in (first..MOST).step_by(EACH) {
        let kit = Kit::new();
        let (before, found) = (all_in_use(&kit).await, noticed(&kit).await);
        let Some(orphan) = kit.dies_after(LINE, records).await else {
            assert!(sealed > 0 && undone > 1, "{sealed} {undone}");
            return;
        };
        if kit.is_over(&orphan) {
            continue;
        }
        // What was on its way to a server when it died arrives.
        kit.cloud.pause(Duration::from_secs(5)).await;
        match kit.take_up(&orphan, true).await {
            Err(NotBegun::Sealed(_)) => sealed += 1,
            Err(error) => panic!("{records}: {error}"),
            Ok((_, story)) => {
                assert_eq!(sealed, 0, "{records}");
                undone += 1;
                assert!(story.left().is_empty(), "{records}: {:?}", story.left());
                kit.cloud.pause(Duration::from_secs(300)).await;
                assert_eq!((all_in_use(&kit).await, noticed(&kit).await), (before, found), "{records}");
                let pending = there(&kit).await;
                let pending: Vec<_> =
                    pending.iter().filter(|one| one.role.standing == Standing::Pending).collect();
                assert!(pending.is_empty(), "{records}: {pending:?}");
            }
        }
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_before_the_switch_it_is_undone_and_afterwards_it_is_not_1() {
    undone(9).await;
}

#[tokio::test(start_paused = true)]
async fn killed_before_the_switch_it_is_undone_and_afterwards_it_is_not_2() {
    undone(49).await;
}
