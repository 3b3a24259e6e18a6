//! Releases made ahead of time, and the heads of branches.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::fleet::{LaunchSource, Server, release};

const CODE: &str = "5e6f7081928374655647382910fedcba01234567";

/// Releases of an environment by their changesets, newest first.
async fn made(kit: &Kit, environment: &str) -> Vec<String> {
    let launch = kit.group(environment).await.launch.unwrap();
    let all = kit.cloud.releases(&launch, &format!("myproject_{environment}_lc_")).await.unwrap();
    let name = |source: &LaunchSource, description: Option<String>| match source {
        LaunchSource::Configuration { name } => name.clone(),
        LaunchSource::Template { .. } => description.unwrap_or_default(),
    };
    let names = all.into_iter().map(|one| name(&one.resolved, one.description));
    let own = names.filter(|name| name.contains(&format!("_{environment}_")));
    own.filter_map(|name| Some(release::parse_name(&name)?.1.as_str().to_owned())).collect()
}

async fn builders(kit: &Kit) -> Vec<Server> {
    let all = kit.cloud.servers(&kit.target.topology.deployment).await.unwrap();
    all.into_iter().filter(|server| server.tags.contains_key("quarterdeck-run")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_release_is_made_ahead_of_time_changes_nothing_and_is_deployed_then() {
    for environment in ["staging", "testing"] {
        let kit = Kit::new();
        let before = kit.group(environment).await;
        let (state, story) = kit.apply(&format!("create-release {environment} --changeset {CODE}")).await;
        assert_eq!(state, RunState::Done, "{environment}: {:?}", story.failure());
        assert!(story.left().is_empty(), "{environment}: {:?}", story.left());
        kit.cloud.pause(Duration::from_secs(120)).await;
        let after = kit.group(environment).await;
        assert_eq!((after.launch, after.members), (before.launch.clone(), before.members), "{environment}");
        assert_eq!(made(&kit, environment).await[0], CODE, "{environment}");
        let builders = builders(&kit).await;
        assert!(builders.len() == 1 && builders[0].is_gone(), "{environment}: {builders:?}");
        assert!(
            kit.plan(&format!("create-release {environment} --changeset {CODE}")).await.is_err(),
            "there is one already"
        );
        let (state, story) = kit.apply(&format!("deploy-serial {environment} --release latest")).await;
        assert_eq!(state, RunState::Done, "{environment}: {:?}", story.failure());
        let deployed = kit.group(environment).await;
        assert_ne!(deployed.launch, before.launch, "{environment}");
        let staying = deployed.members.iter().filter(|member| !member.lifecycle.starts_with("Terminat"));
        assert!(staying.into_iter().all(|member| member.launch == deployed.launch), "{environment}");
        assert!(story.plan.title.contains("5e6f708"), "{}", story.plan.title);
    }
}

#[tokio::test(start_paused = true)]
async fn r7_a_group_that_follows_latest_launches_what_it_did_after_a_release_was_made() {
    let kit = Kit::new();
    follows_latest(&kit).await;
    let before = kit.group("staging").await;
    let latest = before.launch.clone().unwrap();
    let newest = kit.cloud.releases(&latest, "").await.unwrap().remove(0).resolved;
    let (state, story) = kit.apply(&format!("create-release staging --changeset {CODE}")).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    kit.cloud.pause(Duration::from_secs(60)).await;
    assert_eq!(kit.group("staging").await.launch, Some(newest));
    assert_eq!(made(&kit, "staging").await[0], CODE);
}

/// The group follows whatever version is the newest.
async fn follows_latest(kit: &Kit) {
    let group = kit.group("staging").await;
    let Some(LaunchSource::Template { id, name, .. }) = group.launch.clone() else { panic!("{group:?}") };
    let latest = LaunchSource::Template { id, name, version: "$Latest".into() };
    kit.cloud.set_launch(&group.name, &latest).await.unwrap();
    kit.cloud.pause(Duration::from_secs(60)).await;
}

#[tokio::test(start_paused = true)]
async fn r7_a_group_that_moves_is_not_pinned_under_the_hands_of_whoever_holds_the_environments_lock() {
    let kit = Kit::new();
    follows_latest(&kit).await;
    let line = format!("create-release staging --changeset {CODE}");
    let plan = kit.plan(&line).await.unwrap();
    let (place, before) = (kit.place("staging"), kit.group("staging").await.launch);
    let who = || launch(&kit.target, None, false);
    // Somebody begins after it was planned.
    let other = kit.plan("deploy-worker staging --release latest").await.unwrap();
    let other = begin(ports(&kit.target, &place).unwrap(), kit.store(), other, who().await).await.unwrap();
    let Err(refused) = begin(ports(&kit.target, &place).unwrap(), kit.store(), plan, who().await).await
    else {
        panic!("it is refused")
    };
    assert!(
        refused.to_string().contains("the lock of staging is no longer as the plan takes it"),
        "{refused}"
    );
    let Err(Stop::Refused(refused) | Stop::Failed(refused)) = kit.plan(&line).await else {
        panic!("it is refused")
    };
    assert!(refused.contains("follows a moving version"), "{refused}");
    assert_eq!(told(other).await.0, RunState::Done);
    assert_eq!(kit.group("staging").await.launch, before);
    let (state, story) = kit.apply(&line).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
}

#[tokio::test(start_paused = true)]
async fn making_a_release_is_no_obstacle_to_whoever_holds_the_environments_lock() {
    let kit = Kit::new();
    let plan = kit.plan(&format!("create-release staging --changeset {CODE}")).await.unwrap();
    let place = kit.place("staging");
    let who = launch(&kit.target, None, false).await;
    let started = begin(ports(&kit.target, &place).unwrap(), kit.store(), plan, who).await.unwrap();
    let (state, _) = kit.apply("suspend-processes staging --processes Launch").await;
    assert_eq!(state, RunState::Done, "both at the same time");
    let again = kit.plan("create-release staging --changeset 0123456789abcdef").await.unwrap();
    let other = launch(&kit.target, None, false).await;
    let refused = begin(ports(&kit.target, &place).unwrap(), kit.store(), again, other).await;
    assert!(matches!(refused, Err(NotBegun::Lock(LockError::Held(_)))), "one release at a time");
    assert_eq!(told(started).await.0, RunState::Done);
}

/// Kills the whole operation after every record; what is done then must end as the check says.
async fn killed(undo: bool) {
    for records in 1..120 {
        let kit = Kit::new();
        let Some(orphan) =
            kit.dies_after(&format!("create-release testing --changeset {CODE}"), records).await
        else {
            assert!(records > 40, "it was killed at least so often: {records}");
            return;
        };
        if kit.is_over(&orphan) {
            continue;
        }
        let before = kit.group("testing").await.launch;
        let (state, story) = kit.take_up(&orphan, undo).await.unwrap();
        assert!(story.left().is_empty(), "{records}: {:?}", story.left());
        kit.cloud.pause(Duration::from_secs(120)).await;
        let builders = builders(&kit).await;
        assert!(builders.len() <= 1 && builders.iter().all(Server::is_gone), "{records}: {builders:?}");
        assert_eq!(kit.group("testing").await.launch, before, "{records}");
        let images = kit.cloud.images_named("myproject_testing_web_").await.unwrap();
        let ours = images.iter().filter(|image| image.name.as_ref().is_some_and(|name| name.ends_with(CODE)));
        let releases = made(&kit, "testing").await.into_iter().filter(|one| one == CODE);
        if undo {
            assert_eq!((ours.count(), releases.count()), (0, 0), "{records}");
        } else {
            assert_eq!(state, RunState::Done, "{records}: {:?}", story.failure());
            assert_eq!((ours.count(), releases.count()), (1, 1), "{records}");
        }
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_release_is_resumed_to_the_same_end() {
    killed(false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_release_is_undone_to_nothing() {
    killed(true).await;
}

/// A project with a branch, and the operator's clone of it.
struct Project {
    dir: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(project.origin()).unwrap();
        project.git(&project.origin(), &["init", "-q"]);
        project.commit("Begin");
        project.git(&project.origin(), &["clone", "-q", ".", project.clone().to_str().unwrap()]);
        project
    }

    fn origin(&self) -> PathBuf {
        self.dir.path().join("origin")
    }

    fn clone(&self) -> PathBuf {
        self.dir.path().join("clone")
    }

    fn git(&self, directory: &Path, arguments: &[&str]) -> String {
        let settings = ["user.name=Ana", "user.email=ana@example.com", "init.defaultBranch=develop"];
        let output = Command::new("git")
            .args(settings.iter().flat_map(|setting| ["-c", *setting]))
            .arg("-C")
            .arg(directory)
            .args(arguments)
            .env("HOME", self.dir.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, subject: &str) -> String {
        self.git(&self.origin(), &["commit", "-q", "--allow-empty", "-m", subject]);
        self.git(&self.origin(), &["rev-parse", "HEAD"])
    }
}

#[tokio::test(start_paused = true)]
async fn the_head_of_the_branch_is_what_the_operators_clone_is_told_by_its_origin() {
    let project = Project::new();
    let mut kit = Kit::new();
    let head = project.commit("Faster import");
    let refused = kit.plan("create-release staging").await.unwrap_err().to_string();
    assert!(refused.contains("no clone of the project") && refused.contains("--changeset"), "{refused}");
    kit.target.clone = Some(project.clone());
    // Not fetched yet: the head is known, its subject is not.
    let plan = kit.plan("create-release staging").await.unwrap();
    assert_eq!(plan.title, format!("make a release of {}", &head[..7]));
    project.git(&project.clone(), &["fetch", "-q"]);
    let plan = kit.plan("create-release staging --branch develop").await.unwrap();
    assert_eq!(plan.title, format!("make a release of {} “Faster import”", &head[..7]));
    let names = plan.steps.iter().filter_map(|step| step.becomes.as_deref());
    assert_eq!(names.filter(|name| name.ends_with(&format!("_{head}"))).count(), 2, "image and release");
    let worker = kit.plan("deploy-worker staging --branch develop").await.unwrap();
    assert!(worker.title.contains("“Faster import”"), "{}", worker.title);
    let serial = kit.plan("deploy-serial staging --branch develop").await.unwrap_err().to_string();
    assert!(serial.contains("create-release staging --branch develop"), "{serial}");
    let absent = kit.plan("create-release production").await.unwrap_err().to_string();
    assert!(absent.contains("no branch `main` at origin") && absent.contains("--changeset"), "{absent}");
    let empty = tempfile::tempdir().unwrap();
    kit.target.clone = Some(empty.path().to_owned());
    let elsewhere = kit.plan("create-release staging").await.unwrap_err().to_string();
    assert!(elsewhere.contains("is no git clone of the project"), "{elsewhere}");
}
