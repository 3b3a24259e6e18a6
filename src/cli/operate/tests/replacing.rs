//! A cache server whose place another one takes, on the simulated fleet.

use super::terminating::there;
use super::*;
use crate::engine::run::NotBegun;
use crate::fleet::{InstanceId, LaunchSource, Role, Standing};

const LINE: &str = "replace-cache-server testing";

/// So many records it does not write here.
const MOST: usize = 800;

/// The cache servers in use.
async fn caches(kit: &Kit) -> Vec<InstanceId> {
    let all = there(kit).await;
    let is_it = |role: &Role| *role == Role::Cache;
    all.iter().filter(|one| is_it(&one.role.role) && one.is_target()).map(|one| one.id.clone()).collect()
}

/// What an operator sees: processes that the group does not do, pages, servers by role, and how many releases there are.
async fn shape(kit: &Kit) -> String {
    let group = kit.group("testing").await;
    let mut suspended: Vec<&str> = group.suspended.iter().map(|one| one.process.as_str()).collect();
    suspended.sort_unstable();
    let all = there(kit).await;
    let mut roles: Vec<String> =
        all.iter().map(|one| format!("{} {:?} {}", one.role.role, one.role.standing, one.id)).collect();
    roles.sort();
    let launch = group.launch.clone().unwrap();
    let releases = kit.cloud.releases(&launch, "myproject_testing_lc_").await.unwrap().len();
    let images = kit.cloud.images_named("myproject_testing_web_").await.unwrap().len();
    let shape = super::every::shape(kit).await;
    let pages: Vec<&str> = shape.lines().filter(|line| line.contains("page Some((true")).collect();
    format!("{suspended:?} {roles:#?} {} {releases} {images} {pages:?}", launch.label())
}

fn label(launch: Option<&LaunchSource>) -> String {
    launch.map(LaunchSource::label).unwrap_or_default()
}

/// The new server is in use, the old one is not, and everything is as it was otherwise.
async fn is_replaced(kit: &Kit, old: &InstanceId, launched: &str, what: &str) {
    let now = caches(kit).await;
    assert!(now.len() == 1 && now[0] != *old, "{what}: {now:?}");
    let all = there(kit).await;
    let before = all.iter().find(|one| one.id == *old).unwrap();
    assert_eq!(before.role.standing, Standing::Old, "{what}");
    let pending: Vec<_> = all.iter().filter(|one| one.role.standing == Standing::Pending).collect();
    assert!(pending.is_empty(), "{what}: the builder has gone: {pending:?}");
    let group = kit.group("testing").await;
    assert!(group.suspended.is_empty(), "{what}: {:?}", group.suspended);
    assert_ne!(label(group.launch.as_ref()), launched, "{what}: R8");
    let shape = super::every::shape(kit).await;
    assert!(!shape.contains("page Some((true"), "{what}: {shape}");
    assert!(shape.contains("\"testing-celerybeat\", \"RUNNING\""), "{what}: R17: {shape}");
}

#[tokio::test(start_paused = true)]
async fn one_that_works_is_replaced_and_the_group_launches_a_release_that_knows_the_new_one() {
    let kit = Kit::new();
    let (old, launched) = (caches(&kit).await.remove(0), label(kit.group("testing").await.launch.as_ref()));
    let (state, story) = kit.apply(LINE).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert!(story.left().is_empty(), "{:?}", story.left());
    kit.cloud.pause(Duration::from_secs(120)).await;
    is_replaced(&kit, &old, &launched, "whole").await;
    // Nobody saw the page while the new one was built.
    let at = |title: &str| story.each().find(|(step, _)| step.title.starts_with(title)).unwrap().1.clone();
    let built = at("see that Redis, Memcached and RabbitMQ answer").ended.unwrap().0;
    assert!(at("put the maintenance page up").began.unwrap() >= built);
}

#[tokio::test(start_paused = true)]
async fn r1_one_that_is_stopped_is_replaced_behind_the_page() {
    let kit = Kit::new();
    let (old, launched) = (caches(&kit).await.remove(0), label(kit.group("testing").await.launch.as_ref()));
    kit.cloud.stop(std::slice::from_ref(&old)).await.unwrap();
    kit.cloud.pause(Duration::from_secs(120)).await;
    let (state, story) = kit.apply(LINE).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    kit.cloud.pause(Duration::from_secs(120)).await;
    is_replaced(&kit, &old, &launched, "stopped").await;
    let began: Vec<_> = story.each().take(4).map(|(_, told)| told.began.unwrap()).collect();
    assert!(began.is_sorted(), "hold, page, and then the launch");
}

#[tokio::test(start_paused = true)]
async fn r1_what_fails_in_an_incident_leaves_the_page_up_and_is_gone_on_with_or_undone() {
    for undo in [false, true] {
        let kit = Kit::new();
        let (old, launched) =
            (caches(&kit).await.remove(0), label(kit.group("testing").await.launch.as_ref()));
        kit.cloud.stop(std::slice::from_ref(&old)).await.unwrap();
        kit.cloud.pause(Duration::from_secs(120)).await;
        let found = shape(&kit).await;
        kit.cloud.break_script("build rabbitmq", "a mirror does not answer", 1);
        let (run, state, story) = kit.ends(LINE).await;
        assert_eq!(state, RunState::Failed, "{:?}", story.failure());
        let half = shape(&kit).await;
        assert!(half.contains("ReplaceUnhealthy") && half.contains("page Some((true"), "R1: {half}");
        assert!(!story.outstanding().is_empty(), "R24: whoever takes over is told of them");
        let (state, story) = kit.take_up(&run, undo).await.unwrap();
        kit.cloud.pause(Duration::from_secs(300)).await;
        assert!(story.left().is_empty(), "{:?}", story.left());
        // While it is down the group ends web servers, before and after.
        let but_for_web = |shape: &str| {
            let lines = shape.lines().filter(|line| !line.contains("\"web "));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        if undo {
            assert_eq!(but_for_web(&shape(&kit).await), but_for_web(&found));
        } else {
            assert_eq!(state, RunState::Done, "{:?}", story.failure());
            is_replaced(&kit, &old, &launched, "gone on with").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_the_switch_leads_back_to_the_old_one_and_nothing_is_left() {
    let kit = Kit::new();
    let found = shape(&kit).await;
    kit.cloud.break_script("cache load", "Redis does not start", 1);
    let (state, story) = kit.apply(LINE).await;
    assert_eq!(state, RunState::Failed);
    assert!(story.left().is_empty() && !story.goes_on(), "{:?}", story.left());
    kit.cloud.pause(Duration::from_secs(300)).await;
    assert_eq!(shape(&kit).await, found);
}

/// Kills it after every eighth record from this one on: it writes many, and each takes a whole run.
async fn killed(first: usize, stopped: bool) {
    for records in (first..MOST).step_by(8) {
        let kit = Kit::new();
        let (old, launched) =
            (caches(&kit).await.remove(0), label(kit.group("testing").await.launch.as_ref()));
        if stopped {
            kit.cloud.stop(std::slice::from_ref(&old)).await.unwrap();
            kit.cloud.pause(Duration::from_secs(120)).await;
        }
        if !super::terminating::killed(&kit, LINE, records).await {
            assert!(records > 60, "it was killed at least so often: {records}");
            return;
        }
        kit.cloud.pause(Duration::from_secs(300)).await;
        is_replaced(&kit, &old, &launched, &records.to_string()).await;
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_it_is_gone_on_with_1() {
    killed(1, false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_it_is_gone_on_with_2() {
    killed(5, false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_in_an_incident_it_is_gone_on_with_1() {
    killed(2, true).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_in_an_incident_it_is_gone_on_with_2() {
    killed(6, true).await;
}

/// The same, undone: before the switch it leads back to the old one.
async fn undone(first: usize) {
    let mut sealed = 0;
    for records in (first..MOST).step_by(8) {
        let kit = Kit::new();
        let found = shape(&kit).await;
        let Some(orphan) = kit.dies_after(LINE, records).await else {
            assert!(sealed > 2, "{sealed}");
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
                assert!(story.left().is_empty(), "{records}: {:?}", story.left());
                kit.cloud.pause(Duration::from_secs(300)).await;
                assert_eq!(shape(&kit).await, found, "{records}");
            }
        }
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_before_the_switch_it_is_undone_and_afterwards_it_is_not_1() {
    undone(3).await;
}

#[tokio::test(start_paused = true)]
async fn killed_before_the_switch_it_is_undone_and_afterwards_it_is_not_2() {
    undone(7).await;
}

#[tokio::test(start_paused = true)]
async fn the_runbook_of_a_cache_server_that_is_gone_leads_back_to_where_nothing_is_wrong() {
    let kit = Kit::new();
    let (old, launched) = (caches(&kit).await.remove(0), label(kit.group("testing").await.launch.as_ref()));
    let gone = crate::sandbox::Break::Stop { role: "cache", nth: 0 };
    kit.cloud.break_things(&"testing".into(), &[gone]).unwrap();
    let plans = |triage: &crate::triage::Triage| {
        let first =
            triage.findings.iter().find(|one| one.key.kind == crate::triage::Kind::ServerMissing).unwrap();
        let words = first.runbook.iter().filter_map(|step| step.remedy.words(&kit.place("testing")));
        words.filter(|words| words[0] == "plan").map(|words| words[1..].join(" ")).collect::<Vec<_>>()
    };
    let lines = plans(&looked(&kit).await);
    let names: Vec<&str> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["replace-cache-server", "begin-upgrade", "end-upgrade", "resume-processes"]);
    // The first one does what the others do by hand.
    for line in &lines[..1] {
        let (state, story) = kit.apply(line).await;
        assert_eq!(state, RunState::Done, "{line}: {:?}", story.failure());
        kit.cloud.pause(Duration::from_secs(120)).await;
    }
    is_replaced(&kit, &old, &launched, "by its runbook").await;
    let after = looked(&kit).await;
    let wrong = after.findings.iter().filter(|one| one.severity > crate::fleet::Severity::Warn);
    assert_eq!(wrong.map(|one| one.title.clone()).collect::<Vec<_>>(), [""; 0]);
}

/// What is wrong in the environment, once it has lasted.
async fn looked(kit: &Kit) -> crate::triage::Triage {
    let place = kit.place("testing");
    let only = Arc::new(Topology { environments: vec![place.clone()], ..(*kit.target.topology).clone() });
    let mut memory = crate::triage::Memory::default();
    let mut told = None;
    for _ in 0..20 {
        let interest = Interest { environments: [place.name.clone()].into(), ..Interest::default() };
        let (cloud, hosts) = (Arc::clone(&kit.target.cloud), Arc::new(kit.cloud.hosts()));
        let snapshot =
            refresh::once_looking(cloud, Some(hosts), Arc::clone(&only), refresh::Limits::ONCE, interest)
                .await;
        let yardstick = crate::fleet::Yardstick::at(kit.cloud.now());
        told = Some(crate::triage::look(&snapshot, &place, &yardstick, &mut memory));
        kit.cloud.pause(Duration::from_secs(15)).await;
    }
    told.unwrap()
}
