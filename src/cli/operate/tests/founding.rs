//! What an environment stands on, made where there is nothing.

use super::*;
use crate::fleet::reach::{INNER, exposed};
use crate::fleet::{Origin, Rule, SecurityGroup};

/// Of the account and region of the simulated fleet.
const CERTIFICATE: &str =
    "arn:aws:acm:us-east-1:123456789012:certificate/0f6d0a3a-90ab-4cde-8f01-23456789abcd";
const LINE: &str = "create-foundation staging --ssh-from 203.0.113.0/24,198.51.100.7/32";

fn line() -> String {
    format!("{LINE} --certificate {CERTIFICATE}")
}

/// All that there is, in words, once every answer agrees.
async fn there(kit: &Kit) -> Vec<String> {
    kit.cloud.pause(Duration::from_secs(120)).await;
    let groups = kit.cloud.security_groups().await.unwrap();
    let mut all: Vec<String> =
        groups.iter().map(|group| format!("{} {:?}", group.name, group.rules)).collect();
    all.extend(kit.cloud.key_pairs().await.unwrap().into_iter().map(|key| key.name));
    for balancer in kit.cloud.load_balancers(&kit.place("staging").load_balancers).await.unwrap() {
        let (check, groups) = (balancer.health_check.unwrap().target, balancer.security_groups);
        all.push(format!("{} {check} {groups:?} {}", balancer.name, balancer.listeners.len()));
    }
    all
}

async fn group(kit: &Kit, name: &str) -> SecurityGroup {
    let all = kit.cloud.security_groups().await.unwrap();
    all.into_iter().find(|group| group.name == name).unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test(start_paused = true)]
async fn where_there_is_nothing_everything_is_made_and_a_second_time_nothing_is_to_be_done() {
    let kit = Kit::of(Scenario::Empty);
    let (state, story) = kit.apply(&line()).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    let made = there(&kit).await;
    let names: Vec<&str> = made.iter().filter_map(|one| one.split(' ').next()).collect();
    assert_eq!(
        names,
        [
            "myproject-cache-sg",
            "myproject-db-primary-sg",
            "myproject-db-replica-sg",
            "myproject-sg",
            "myproject-staging-lb-sg",
            "myproject-web-sg",
            "myproject-worker-sg",
            "myproject-staging-lb",
        ]
    );
    let database = group(&kit, "myproject-db-primary-sg").await;
    let from = |groups: &[SecurityGroup], name: &str, port| {
        Rule::tcp(port, Origin::Group(groups.iter().find(|one| one.name == name).unwrap().id.clone()))
    };
    let all = kit.cloud.security_groups().await.unwrap();
    for needed in ["myproject-web-sg", "myproject-worker-sg", "myproject-db-replica-sg"] {
        assert!(database.rules.contains(&from(&all, needed, 5432)), "{database:?}");
    }
    assert_eq!(database.rules.len(), 3, "and nothing else: {database:?}");
    let web = group(&kit, "myproject-web-sg").await;
    assert_eq!(web.rules, [80, 443].map(|port| from(&all, "myproject-staging-lb-sg", port)));
    let common = group(&kit, "myproject-sg").await;
    assert_eq!(common.rules.len(), 2, "SSH from two networks: {common:?}");
    let networks = kit.cloud.vpcs().await.unwrap().remove(0).networks;
    assert!(exposed(&all.iter().collect::<Vec<_>>(), &networks).is_empty());
    let again = kit.plan(&line()).await.unwrap_err().to_string();
    assert!(again.contains("nothing is to be made"), "{again}");
}

#[tokio::test(start_paused = true)]
async fn each_environment_beside_another_one_shares_what_is_named_alike() {
    let kit = Kit::of(Scenario::Empty);
    assert_eq!(kit.apply(&line()).await.0, RunState::Done);
    kit.cloud.pause(Duration::from_secs(60)).await;
    // The certificate is the one that the other load balancer serves, and SSH is open already.
    let (state, story) = kit.apply("create-foundation testing").await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    let titles: Vec<&str> = story.plan.steps.iter().map(|step| step.target.as_str()).collect();
    assert_eq!(
        titles,
        ["myproject-testing-lb-sg", "myproject-testing-lb-sg", "myproject-web-sg", "myproject-testing-lb"]
    );
    assert!(story.plan.notes.iter().any(|note| note.contains(CERTIFICATE)), "{:?}", story.plan.notes);
}

#[tokio::test(start_paused = true)]
async fn a_fleet_that_stands_has_nothing_to_be_made_and_more_that_is_open_is_told_and_left() {
    let kit = Kit::new();
    let refused = kit.plan("create-foundation production").await.unwrap_err().to_string();
    assert!(refused.contains("nothing is to be made") && !refused.contains("More is open"), "{refused}");
    let database = group(&kit, "myproject-db-primary-sg").await;
    let world = |port| Rule::tcp(port, Origin::Network("0.0.0.0/0".into()));
    kit.cloud.authorize(&database.id, &[world(22), world(INNER[0])]).await.unwrap();
    let web = Rule::tcp(5432, Origin::Group(group(&kit, "myproject-web-sg").await.id));
    kit.cloud.revoke(&database.id, std::slice::from_ref(&web)).await.unwrap();
    let plan = kit.plan("create-foundation production").await.unwrap();
    let said = plan.notes.join("\n");
    assert!(said.contains("SSH is open to everybody (0.0.0.0/0) in myproject-db-primary-sg"), "{said}");
    assert!(said.contains("The database (5432) is open to everybody"), "{said}");
    assert_eq!(plan.steps.len(), 1);
    let (state, story) = kit.apply("create-foundation production").await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    let rules = group(&kit, "myproject-db-primary-sg").await.rules;
    assert!(rules.contains(&web) && rules.contains(&world(22)) && rules.contains(&world(5432)), "{rules:?}");
    let refused = kit.plan("create-foundation production").await.unwrap_err().to_string();
    assert!(refused.contains("More is open than has to be") && refused.contains("0.0.0.0/0"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_server_can_be_built_upon_it() {
    let kit = Kit::of(Scenario::Empty);
    let refused = kit.plan("new-server staging --role cache").await.unwrap_err().to_string();
    assert!(refused.contains("create-foundation"), "{refused}");
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    // Blanks in an option: the line of a test is split at them.
    let operation = operation::find("create-foundation").unwrap();
    assert!(operation.option("public-key").is_ok(), "{key}");
    assert_eq!(kit.apply(&line()).await.0, RunState::Done);
    kit.cloud.pause(Duration::from_secs(60)).await;
    let (state, story) = kit.apply("new-server staging --role cache").await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
}

/// Kills the whole operation after every record; what is done then must end as the check says.
async fn killed(undo: bool) {
    for records in 1..200 {
        let kit = Kit::of(Scenario::Empty);
        let Some(orphan) = kit.dies_after(&line(), records).await else {
            assert!(records > 40, "it was killed at least so often: {records}");
            return;
        };
        if kit.is_over(&orphan) {
            continue;
        }
        let (state, story) = kit.take_up(&orphan, undo).await.unwrap();
        assert!(story.left().is_empty(), "{records}: {:?}", story.left());
        let there = there(&kit).await;
        if undo {
            assert!(there.is_empty(), "{records}: {there:?}");
        } else {
            assert_eq!(state, RunState::Done, "{records}: {:?}", story.failure());
            assert_eq!(there.len(), 8, "{records}: {there:?}");
            let again = kit.plan(&line()).await.unwrap_err().to_string();
            assert!(again.contains("nothing is to be made"), "{records}: {again}");
        }
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_foundation_is_made_once() {
    killed(false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_foundation_is_undone_and_nothing_of_it_stays() {
    killed(true).await;
}
