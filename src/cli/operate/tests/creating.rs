//! A whole environment made from nothing, on the simulated fleet.

use super::*;
use crate::fleet::{Role, Server};

const LINE: &str = "create-environment staging";
const WHOLE: &str = "create-environment staging --changeset a1b2c3d4";
const FOUNDATION: &str = "create-foundation staging --ssh-from 203.0.113.0/24 --certificate \
                          arn:aws:acm:us-east-1:123456789012:certificate/0f6d0a3a-90ab-4cde-8f01-23456789abcd";
const ROLES: [Role; 3] = [Role::DbPrimary, Role::DbReplica, Role::Cache];

/// An environment whose databases and cache are out of use.
async fn ready() -> Kit {
    let kit = Kit::new();
    for server in of_environment(&kit).await {
        if ROLES.contains(&server.role.role) {
            let tags = [("role".to_owned(), format!("{}-OLD", server.role.role))];
            kit.cloud.tag(&server.id, &tags).await.unwrap();
        }
    }
    kit.cloud.pause(Duration::from_secs(60)).await;
    kit
}

async fn of_environment(kit: &Kit) -> Vec<Server> {
    let all = kit.cloud.servers(&kit.target.topology.deployment).await.unwrap();
    let mine = |server: &Server| server.environment.as_ref().is_some_and(|one| one.as_str() == "staging");
    all.into_iter().filter(|server| mine(server) && !server.is_gone()).collect()
}

/// Those that a run has made, by role and standing.
async fn made(kit: &Kit) -> Vec<String> {
    let all = of_environment(kit).await;
    let ours = all.iter().filter(|server| server.tags.contains_key("quarterdeck-run"));
    let mut all: Vec<String> =
        ours.map(|server| format!("{} {:?}", server.role.role, server.role.standing)).collect();
    all.sort();
    all
}

#[tokio::test(start_paused = true)]
async fn what_an_environment_has_not_is_made_side_by_side_and_a_second_time_there_is_nothing_to_do() {
    let kit = ready().await;
    let (state, story) = kit.apply(LINE).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    kit.cloud.pause(Duration::from_secs(60)).await;
    assert_eq!(made(&kit).await, ["cache Active", "db-primary Active", "db-replica Active"]);
    let at = |lane: &str, title: &str| {
        let found = story.each().find(|(step, _)| step.lane == lane && step.title.starts_with(title));
        let (_, told) = found.unwrap();
        (told.began.unwrap(), told.ended.clone().unwrap().0)
    };
    let used = at("db-primary", "put it to use").1;
    for lane in ["db-replica", "cache"] {
        assert!(at(lane, "launch").0 < used, "{lane} does not wait for the primary");
    }
    assert!(at("db-replica", "copy the primary").0 >= used, "R12: nothing is copied before it is whole");
    let refused = kit.plan(LINE).await.unwrap_err().to_string();
    assert!(refused.contains("has everything"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_failed_is_done_once_more_and_what_was_made_stays() {
    let kit = ready().await;
    kit.cloud.break_script("build rabbitmq", "E: the mirror is down", 1);
    let (run, state, story) = kit.ends(LINE).await;
    assert_eq!(state, RunState::Failed);
    assert!(story.failure().unwrap().1.contains("rabbitmq on i-"));
    kit.cloud.pause(Duration::from_secs(60)).await;
    assert_eq!(made(&kit).await.len(), 3, "what was made stays");
    let refused = kit.plan(LINE).await.unwrap_err().to_string();
    assert!(refused.contains("left by a run that failed"), "{refused}");
    let (state, story) = kit.take_up(&run, false).await.unwrap();
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    kit.cloud.pause(Duration::from_secs(60)).await;
    assert_eq!(made(&kit).await, ["cache Active", "db-primary Active", "db-replica Active"]);
}

/// Kills the whole operation after every fifth record; what is done then must end as the check says.
async fn killed(undo: bool) {
    for records in (1..400).step_by(5) {
        let kit = ready().await;
        let Some(orphan) = kit.dies_after(LINE, records).await else {
            assert!(records > 100, "it was killed at least so often: {records}");
            return;
        };
        if kit.is_over(&orphan) {
            continue;
        }
        let (state, story) = match kit.take_up(&orphan, undo).await {
            Err(NotBegun::Sealed(_)) if undo => continue,
            other => other.unwrap(),
        };
        assert!(story.left().is_empty(), "{records}: {:?}", story.left());
        kit.cloud.pause(Duration::from_secs(120)).await;
        let made = made(&kit).await;
        if undo {
            assert!(made.iter().all(|one| one.ends_with("Active")), "{records}: {made:?}");
        } else {
            assert_eq!(state, RunState::Done, "{records}: {:?}", story.failure());
            assert_eq!(made, ["cache Active", "db-primary Active", "db-replica Active"], "{records}");
        }
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_an_environment_is_made_once() {
    killed(false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_and_undone_nothing_stays_but_what_is_in_use() {
    killed(true).await;
}

/// A cloud with nothing in it but what environments stand on.
async fn founded() -> Kit {
    let kit = Kit::of(Scenario::Empty);
    let (state, story) = kit.apply(FOUNDATION).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    // Until every answer of AWS agrees (R25).
    kit.cloud.pause(Duration::from_secs(120)).await;
    kit
}

#[tokio::test(start_paused = true)]
async fn from_nothing_every_role_is_made_the_group_launches_the_first_release_and_its_servers_are_in_service()
{
    let kit = Kit::of(Scenario::Empty);
    let refused = kit.plan(WHOLE).await.unwrap_err().to_string();
    assert!(refused.contains("create-foundation"), "{refused}");
    let kit = founded().await;
    let (state, story) = kit.apply(WHOLE).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    kit.cloud.pause(Duration::from_secs(120)).await;
    let group = kit.group("staging").await;
    assert_eq!(group.sizes(), Sizes { min: 2, desired: 2, max: 4 });
    let all = of_environment(&kit).await;
    let mut roles: Vec<String> = all.iter().map(|server| server.tags["role"].clone()).collect();
    roles.sort();
    assert_eq!(roles, ["cache", "db-primary", "db-replica", "web", "web", "worker"], "and no builder");
    for balancer in &kit.place("staging").load_balancers {
        let health = kit.cloud.member_health(balancer).await.unwrap();
        assert_eq!(health.len(), 2);
        assert!(health.iter().all(|one| one.state == crate::fleet::HealthState::InService), "{health:?}");
    }
    let refused = kit.plan(WHOLE).await.unwrap_err().to_string();
    assert!(refused.contains("has everything"), "{refused}");
    // What there is by then is deployed to as if it had always been there.
    let release = kit.cloud.releases(&group.launch.unwrap(), "myproject_staging_lc_").await.unwrap();
    assert_eq!(release.len(), 1, "the first release has its name");
}

#[tokio::test(start_paused = true)]
async fn lanes_wait_for_what_they_need_and_for_nothing_else() {
    let kit = founded().await;
    let (_, story) = kit.apply(WHOLE).await;
    let span = |lane: &str| {
        let of = story.each().filter(|(step, _)| step.lane == lane);
        let all: Vec<_> = of.map(|(_, told)| (told.began.unwrap(), told.ended.clone().unwrap().0)).collect();
        (all.iter().map(|one| one.0).min().unwrap(), all.iter().map(|one| one.1).max().unwrap())
    };
    let lanes = ["db-primary", "db-replica", "cache", "worker", "builder"];
    let first_end = lanes.iter().map(|lane| span(lane).1).min().unwrap();
    assert!(lanes.iter().all(|lane| span(lane).0 < first_end), "every lane begins before any ends");
    let whole = span("web").1.duration_since(span("db-primary").0).as_secs_f64();
    // The longest chain of steps that wait for one another.
    let mut longest = std::collections::BTreeMap::new();
    for (step, told) in story.each() {
        let took = told.ended.clone().unwrap().0.duration_since(told.began.unwrap()).as_secs_f64();
        let before = step.after.iter().map(|id| longest[id]).fold(0.0_f64, f64::max);
        longest.insert(step.id, before + took);
    }
    let bound = longest.values().copied().fold(0.0_f64, f64::max);
    assert!(whole <= bound * 1.15, "{whole} s, where the longest lane takes {bound} s");
}

#[tokio::test(start_paused = true)]
async fn a_kind_of_step_that_fails_once_is_gone_on_with_and_nothing_is_made_twice() {
    for broken in [
        "build people",
        "build postgres",
        "build app",
        "build kernel",
        "requirements",
        "migrate",
        "celery start",
        "health",
        "clean",
    ] {
        let kit = founded().await;
        kit.cloud.break_script(broken, "it is Saturday", 1);
        let (run, state, story) = kit.ends(WHOLE).await;
        assert_eq!(state, RunState::Failed, "{broken}");
        assert!(story.goes_on(), "{broken}");
        let (state, story) = kit.take_up(&run, false).await.unwrap();
        assert_eq!(state, RunState::Done, "{broken}: {:?}", story.failure());
        kit.cloud.pause(Duration::from_secs(120)).await;
        assert_eq!(of_environment(&kit).await.len(), 6, "{broken}");
    }
}
