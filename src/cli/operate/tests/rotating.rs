//! Secrets are rotated: on a simulated fleet, with a file of secrets that is really written.

use super::*;
use crate::config::{self, secrets};

const LINE: &str = "rotate-secret testing --secret database_password,broker_password";

const CONFIG: &str = "\
project: myproject
deployments: [myproject]
default_deployment: myproject
environments: [testing]
localsettings_template: local_settings.py
password_names: [database_password, broker_password]
database_user: myproject
wsgi_app: myproject.wsgi:application
";

/// So many records it does not write here.
const MOST: usize = 600;

pub(super) fn kit() -> Kit {
    let mut kit = Kit::new();
    let dir = kit.dir.path().join("project");
    std::fs::create_dir_all(&dir).unwrap();
    for (name, text) in [
        ("fabulaws-config.yml", CONFIG),
        ("local_settings.py", "PASSWORD = '{{ database_password }}'\n"),
        ("fabsecrets_testing.py", "database_password = 'old-1'\nbroker_password = 'old-2'\n"),
    ] {
        std::fs::write(dir.join(name), text).unwrap();
    }
    let project = config::load(Some(&dir.join("fabulaws-config.yml")), &dir).project.unwrap();
    kit.target.templates = Some(Arc::new(Templates::new(Arc::new(project), "myproject".into(), dir)));
    kit
}

/// What the project's directory holds of secrets, and how many files.
pub(super) fn kept(kit: &Kit) -> (Vec<String>, usize) {
    let dir = kit.dir.path().join("project");
    let values = secrets::load(&dir, "testing").values;
    (values.values().map(|one| one.expose().to_owned()).collect(), std::fs::read_dir(dir).unwrap().count())
}

/// What an operator sees of the environment afterwards, without the name of the new release.
pub(super) async fn shape(kit: &Kit) -> String {
    let group = kit.group("testing").await;
    let suspended: Vec<&str> = group.suspended.iter().map(|one| one.process.as_str()).collect();
    let releases = kit.cloud.releases(group.launch.as_ref().unwrap(), "myproject_testing_lc_").await.unwrap();
    let images = kit.cloud.images_named("myproject_testing_web_").await.unwrap();
    let servers = kit.cloud.servers(&kit.target.topology.deployment).await.unwrap();
    let builders =
        servers.iter().filter(|one| one.tags.contains_key("quarterdeck-run") && !one.is_gone()).count();
    let sizes = group.sizes();
    format!("{sizes:?} {suspended:?} {} releases {} images {builders} builders", releases.len(), images.len())
}

#[tokio::test(start_paused = true)]
async fn secrets_are_rotated_and_the_group_launches_a_release_that_has_them() {
    let kit = kit();
    let (before, shape_before) = (kit.group("testing").await, shape(&kit).await);
    let (state, story) = kit.apply(LINE).await;
    assert_eq!(state, RunState::Done, "{:?}", story.failure());
    assert!(story.left().is_empty(), "{:?}", story.left());
    let after = kit.group("testing").await;
    assert_ne!(after.launch, before.launch);
    assert_eq!(after.members, before.members, "the servers that are there stay");
    assert_ne!(shape(&kit).await, shape_before, "one release and image more");
    let (values, files) = kept(&kit);
    assert!(
        files == 3 && values.iter().all(|value| value.len() == secrets::LENGTH),
        "nothing old is kept: {files}"
    );
    let earlier = match before.launch.unwrap() {
        crate::fleet::LaunchSource::Configuration { name } => name,
        crate::fleet::LaunchSource::Template { version, .. } => format!("v{version}"),
    };
    let refused = kit.plan(&format!("deploy-serial testing --release {earlier}")).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("old-secrets"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn what_fails_on_the_way_leads_back_to_the_old_secrets_everywhere() {
    let kit = kit();
    let found = shape(&kit).await;
    kit.cloud.break_script("health", "Django does not answer", 1);
    let (state, story) = kit.apply(LINE).await;
    assert_eq!(state, RunState::Failed);
    assert!(story.left().is_empty(), "{:?}", story.left());
    kit.cloud.pause(Duration::from_secs(300)).await;
    assert_eq!(shape(&kit).await, found);
    assert_eq!(kept(&kit), (vec!["old-2".to_owned(), "old-1".to_owned()], 3));
}

/// Kills it after every third record from this one on: it writes many.
async fn killed(first: usize, undo: bool) {
    for records in (first..MOST).step_by(3) {
        let kit = kit();
        let (found, launched) = (shape(&kit).await, kit.group("testing").await.launch);
        let Some(orphan) = kit.dies_after(LINE, records).await else {
            assert!(records > 60, "it was killed at least so often: {records}");
            return;
        };
        if kit.is_over(&orphan) {
            continue;
        }
        // What was on its way to a server when it died arrives.
        kit.cloud.pause(Duration::from_secs(5)).await;
        let (state, story) = match kit.take_up(&orphan, undo).await {
            Ok(told) => told,
            // Old values are kept no more, and it says so.
            Err(error) if undo && error.to_string().contains("kept no more") => continue,
            Err(error) => panic!("{records}: {error}"),
        };
        assert!(story.left().is_empty(), "{records}: {:?}", story.left());
        kit.cloud.pause(Duration::from_secs(300)).await;
        let (values, files) = kept(&kit);
        assert_eq!(files, 3, "{records}: nothing is kept beside the file");
        if undo {
            assert_eq!(values, ["old-2", "old-1"], "{records}");
            assert_eq!(
                (shape(&kit).await, kit.group("testing").await.launch),
                (found, launched),
                "{records}"
            );
        } else {
            assert_eq!(state, RunState::Done, "{records}: {:?}", story.failure());
            assert!(values.iter().all(|value| value.len() == secrets::LENGTH), "{records}");
            assert_ne!(kit.group("testing").await.launch, launched, "{records}");
        }
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_and_taken_up_every_secret_is_new() {
    killed(1, false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_and_undone_every_secret_is_the_old_one() {
    killed(2, true).await;
}
