//! A server, an image of it and a release are made once, and taken away again.

use super::super::{Bound, Cancel, Entry, Mutation, News, StepEnd, Story, resume};
use super::kit::{ENVIRONMENT, Kit, NOW, Told, plan, step, told, until};
use crate::cloud::{CloudChange, CloudRead, LaunchSpec, ServerSpec};
use crate::engine::store::RunState;
use crate::fleet::{Image, LaunchSettings, NewServer, Server};
use crate::plan::{
    Action, Condition, HostJob, InstanceRef, Lasts, NewRelease, Plan, Slot, Step, StepId, Undo,
};

const CODE: &str = "5e6f7081928374655647382910fedcba01234567";
const IMAGE: &str = "myproject_staging_web_2026.01.15-12.30.00_5e6f7081928374655647382910fedcba01234567";
const RELEASE: &str = "myproject_staging_lc_2026.01.15-12.30.00_5e6f7081928374655647382910fedcba01234567";

fn builder() -> InstanceRef {
    InstanceRef::Later(Slot("builder".into()))
}

fn job(id: u16, name: &str, script: String) -> Step {
    let names_server = name == "clean";
    let job = HostJob {
        server: builder(),
        name: name.into(),
        script,
        user: None,
        files: Vec::new(),
        back: None,
        names_server,
    };
    step(id, &[id - 1], Action::Job(Box::new(job)), Lasts::Stays, Undo::Nothing)
}

async fn server(kit: &Kit) -> NewServer {
    let launch = kit.group().await.launch.unwrap();
    let settings = kit.cloud.launch_settings(std::slice::from_ref(&launch)).await.unwrap().remove(0);
    let tags = [("deployment", "myproject"), ("environment", ENVIRONMENT), ("role", "web-PENDING")];
    NewServer {
        image: settings.image.unwrap(),
        instance_type: "t3.medium".into(),
        zone: None,
        subnet: None,
        public_address: false,
        security_groups: Vec::new(),
        key_name: None,
        instance_profile: None,
        tokens_required: None,
        volumes: Vec::new(),
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec(),
    }
}

/// A release in small.
async fn making(kit: &Kit, checkout: &str) -> Plan {
    let reverse = |words: &str| Undo::Reverse(words.into());
    let launch = Action::Launch { slot: Slot("builder".into()), server: Box::new(server(kit).await) };
    let image = Action::Image { slot: Slot("image".into()), of: builder(), name: IMAGE.into() };
    let release = NewRelease {
        like: kit.group().await.launch.unwrap(),
        image: Slot("image".into()),
        instance_type: None,
        name: RELEASE.into(),
        changeset: CODE.into(),
        group: Some(Kit::group_name()),
    };
    let release = Action::Release { slot: Slot("release".into()), release: Box::new(release) };
    let reachable = Action::Await { condition: Condition::Reachable { instance: builder() } };
    let mut steps = vec![
        step(1, &[], launch, Lasts::UntilTheEnd, reverse("the builder is terminated")),
        step(2, &[1], reachable, Lasts::Stays, Undo::Nothing),
        job(3, "code", format!("# sandbox: {checkout}\n")),
        job(4, "clean", "# sandbox: clean\n".into()),
        step(5, &[4], image, Lasts::UnlessStopped, reverse("the image is deleted")),
        step(6, &[5], release, Lasts::UnlessStopped, reverse("it is deleted")),
        step(7, &[6], Action::Terminate { servers: vec![builder()] }, Lasts::Stays, Undo::Nothing),
    ];
    steps[5].settles = vec![StepId(5), StepId(6)];
    plan(steps)
}

pub(super) async fn good(kit: &Kit) -> Plan {
    making(kit, &format!("code checkout {CODE}")).await
}

/// What a run has made, once every answer agrees: servers, images, releases.
async fn there(kit: &Kit) -> (Vec<Server>, Vec<Image>, Vec<LaunchSettings>) {
    kit.cloud.pause(std::time::Duration::from_secs(120)).await;
    let servers = kit.cloud.servers(&"myproject".into()).await.unwrap();
    let ours = servers.into_iter().filter(|server| server.tags.contains_key("quarterdeck-run"));
    let images = kit.cloud.images_named(IMAGE).await.unwrap();
    let like = kit.group().await.launch.unwrap();
    let mut releases = kit.cloud.releases(&like, RELEASE).await.unwrap();
    releases.retain(|one| one.description.as_deref() == Some(RELEASE));
    (ours.collect(), images, releases)
}

async fn assert_made(kit: &Kit, told: &Told, when: &str) {
    assert_eq!(told.state, RunState::Done, "{when}: {:?}", told.story.failure());
    let (servers, images, releases) = there(kit).await;
    assert!(servers.len() == 1 && servers[0].is_gone(), "{when}: launched once, and gone: {servers:?}");
    assert_eq!((images.len(), releases.len()), (1, 1), "{when}");
    assert_eq!((images[0].state.as_str(), releases[0].image.as_ref()), ("available", Some(&images[0].id)));
    assert!(told.story.to_put_back().is_empty(), "{when}: {:?}", told.story.to_put_back());
}

pub(super) async fn assert_nothing_left(kit: &Kit, told: &Told, when: &str) {
    assert!(told.story.left().is_empty(), "{when}: {:?}", told.story.left());
    let (servers, images, releases) = there(kit).await;
    assert!(servers.iter().all(Server::is_gone), "{when}: {servers:?}");
    assert!(images.is_empty() && releases.is_empty(), "{when}: {images:?} {releases:?}");
}

/// The most records that the run writes.
const MOST: usize = 80;

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_release_is_made_once_and_the_builder_goes() {
    for records in 1..MOST {
        let kit = Kit::new();
        let before = kit.shape().await;
        let id = match kit.die_after(good(&kit).await, records).await {
            Ok(id) => id,
            Err(told) => {
                assert!(records > 25, "it was killed at least so often: {records}");
                return assert_made(&kit, &told, "unbroken").await;
            }
        };
        if kit.store().run(&id).unwrap().finished.is_some() {
            continue;
        }
        let told = kit.again(id, false).await;
        assert_made(&kit, &told, &records.to_string()).await;
        assert_eq!(kit.shape().await, before, "{records}: the group launches what it did");
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_and_undone_there_is_no_builder_no_image_and_no_release() {
    for records in 1..MOST {
        let kit = Kit::new();
        let Ok(id) = kit.die_after(good(&kit).await, records).await else { return };
        if kit.store().run(&id).unwrap().finished.is_some() {
            continue;
        }
        let told = kit.again(id, true).await;
        assert_nothing_left(&kit, &told, &records.to_string()).await;
    }
    panic!("it never came to its end");
}

/// Does what the last intent says, as a process does that dies before it can write down that it did.
async fn happened(kit: &Kit, story: &Story) -> bool {
    let Some(last) = story.intents.last().filter(|intent| intent.end.is_none()) else { return false };
    match &last.mutation {
        Mutation::Launch { token } => {
            let mut server = server(kit).await;
            let run = token.rsplit_once('-').unwrap().0;
            server.tags.push(("quarterdeck-run".into(), run.into()));
            server.tags.push(("quarterdeck-step".into(), last.step.to_string()));
            let spec = ServerSpec { token: token.clone(), server };
            kit.cloud.launch(&spec).await.unwrap();
        }
        Mutation::Image { name } => {
            let Some(Bound::Instance(id)) = story.slots.get(&Slot("builder".into())) else {
                panic!("no builder")
            };
            kit.cloud.create_image(id, name).await.unwrap();
        }
        Mutation::Release { name } => {
            let Some(Bound::Image(image)) = story.slots.get(&Slot("image".into())) else {
                panic!("no image")
            };
            let like = kit.group().await.launch.unwrap();
            let spec = LaunchSpec { like, image: image.clone(), name: name.clone(), instance_type: None };
            kit.cloud.create_launch(&spec).await.unwrap();
        }
        _ => return false,
    }
    true
}

#[tokio::test(start_paused = true)]
async fn what_was_made_in_the_moment_before_a_crash_is_found_by_its_token_or_name() {
    for undo in [true, false] {
        let mut found = 0;
        for records in 1..MOST {
            let kit = Kit::new();
            let Ok(id) = kit.die_after(good(&kit).await, records).await else { break };
            let past = kit.store().run(&id).unwrap();
            let Some(story) = past.story else { continue };
            if !happened(&kit, &story).await {
                continue;
            }
            found += 1;
            let told = kit.again(id, undo).await;
            if undo {
                assert_nothing_left(&kit, &told, &records.to_string()).await;
            } else {
                assert_made(&kit, &told, &records.to_string()).await;
            }
        }
        assert_eq!(found, 3, "a server, an image and a release");
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_that_fails_leaves_no_builder() {
    let kit = Kit::new();
    let told = kit.run(making(&kit, "fail no such changeset").await).await;
    assert_eq!(told.state, RunState::Failed);
    let (failed, why) = told.story.failure().unwrap();
    assert!(failed.id.0 == 3 && why.contains("code"), "{why}");
    assert_nothing_left(&kit, &told, "failed").await;
}

#[tokio::test(start_paused = true)]
async fn cancelled_while_the_image_is_pending_nothing_of_it_is_left() {
    for cancel in [NOW, Cancel::AfterStep] {
        let kit = Kit::new();
        let mut started = kit.begin(good(&kit).await).await.unwrap();
        let mut story = (*started.story).clone();
        let pending = |_: &Story, news: &News| matches!(news, News::Status { step, .. } if step.0 == 5);
        until(&mut started, &mut story, pending).await;
        started.control.cancel(cancel);
        let told = told(started).await;
        assert_eq!(told.state, RunState::Cancelled);
        assert_nothing_left(&kit, &told, "cancelled").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_made_stays_when_the_run_stops_after_it() {
    let kit = Kit::new();
    let mut started = kit.begin(good(&kit).await).await.unwrap();
    let mut story = (*started.story).clone();
    let made = |_: &Story, news: &News| matches!(news, News::Entry(entry) if matches!(**entry, Entry::Ended { step, .. } if step.0 == 6));
    until(&mut started, &mut story, made).await;
    started.control.cancel(Cancel::AfterStep);
    let told = told(started).await;
    assert!(told.story.left().is_empty(), "{:?}", told.story.left());
    let (servers, images, releases) = there(&kit).await;
    assert!(servers.iter().all(Server::is_gone), "{servers:?}");
    assert_eq!((images.len(), releases.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_was_made_is_undone_unless_the_group_launches_it_by_then() {
    let kit = Kit::new();
    let ended = kit.run(good(&kit).await).await;
    assert_made(&kit, &ended, "done").await;
    let nothing = resume(kit.ports(), kit.store(), ended.id.clone(), false, Kit::launch("jane@laptop")).await;
    assert!(nothing.unwrap_err().to_string().contains("nothing of it is left to do"));
    let before = kit.group().await.launch.unwrap();
    let Some(Bound::Launch(release)) = ended.story.slots.get(&Slot("release".into())) else {
        panic!("no release")
    };
    kit.cloud.set_launch(&Kit::group_name(), release).await.unwrap();
    let told = kit.again(ended.id.clone(), true).await;
    let left: Vec<String> =
        told.story.left().iter().map(|left| format!("{}: {}", left.what, left.why)).collect();
    assert_eq!(left.len(), 2, "the release, and its image with it: {left:?}");
    assert!(left.iter().any(|one| one.contains("myproject-staging-ag uses it")), "{left:?}");
    let (_, images, releases) = there(&kit).await;
    assert_eq!((images.len(), releases.len()), (1, 1));
    kit.cloud.set_launch(&Kit::group_name(), &before).await.unwrap();
    let told = kit.again(ended.id, true).await;
    assert_nothing_left(&kit, &told, "undone").await;
}

#[tokio::test(start_paused = true)]
async fn the_builder_is_known_by_its_run_and_step_and_what_is_done_on_it_is_kept() {
    let kit = Kit::new();
    let told = kit.run(good(&kit).await).await;
    let ends: Vec<&StepEnd> = told.story.steps.iter().map(|step| &step.ended.as_ref().unwrap().1).collect();
    assert!(ends.iter().all(|end| **end == StepEnd::Done), "{ends:?}");
    let (servers, ..) = there(&kit).await;
    assert_eq!(servers[0].tags["quarterdeck-step"], "1");
    assert_eq!(servers[0].tags["role"], "web-PENDING");
}
