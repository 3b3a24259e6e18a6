//! Servers, images, launches and notes that are made in a world.

use super::changed::{absent, group_of, refused, releases_of};
use super::{assert_sound, memory, now, step};
use crate::cloud::{CloudChange, CloudError, CloudRead, LaunchSpec, ServerSpec};
use crate::fleet::{
    Image, ImageId, InstanceId, LaunchSource, NewServer, Power, Server, Sizes, Standing, release,
};
use crate::sandbox::rows::{Event, schedule};
use crate::sandbox::{SandboxCloud, Scenario, held};

fn image_of(cloud: &SandboxCloud, launch: &LaunchSource) -> ImageId {
    now(cloud.launch_settings(std::slice::from_ref(launch))).unwrap().remove(0).image.unwrap()
}

pub(super) fn builder(cloud: &SandboxCloud, token: &str) -> ServerSpec {
    let tags = [
        ("Name", "myproject_staging_web-PENDING"),
        ("deployment", "myproject"),
        ("environment", "staging"),
        ("role", "web-PENDING"),
        ("quarterdeck-run", "r7"),
    ];
    let server = NewServer {
        image: image_of(cloud, &group_of(cloud, "staging").launch.unwrap()),
        instance_type: "t3.medium".to_owned(),
        zone: None,
        subnet: None,
        public_address: false,
        security_groups: Vec::new(),
        key_name: None,
        instance_profile: None,
        tokens_required: None,
        volumes: Vec::new(),
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec(),
    };
    ServerSpec { token: token.to_owned(), server }
}

fn with(mut spec: ServerSpec, change: impl FnOnce(&mut NewServer)) -> ServerSpec {
    change(&mut spec.server);
    spec
}

fn server(cloud: &SandboxCloud, id: &InstanceId) -> Server {
    let all = now(cloud.servers(&cloud.topology().deployment)).unwrap();
    all.into_iter().find(|server| server.id == *id).unwrap()
}

fn image(cloud: &SandboxCloud, id: &ImageId) -> Image {
    now(cloud.images(std::slice::from_ref(id))).unwrap().remove(0)
}

#[test]
fn a_launched_server_has_its_tags_and_boots_and_asking_twice_launches_once() {
    let cloud = memory(Scenario::Calm);
    let spec = builder(&cloud, "r7-3");
    let id = now(cloud.launch(&spec)).unwrap();
    assert_eq!(now(cloud.launch(&spec)).unwrap(), id);
    step(&cloud, 6);
    let pending = server(&cloud, &id);
    assert_eq!((pending.power, pending.role.standing), (Power::Pending, Standing::Pending));
    assert_eq!(pending.name.as_deref(), Some("myproject_staging_web-PENDING"));
    assert_eq!(pending.tags.get("quarterdeck-run").map(String::as_str), Some("r7"));
    step(&cloud, 150);
    assert_eq!(server(&cloud, &id).power, Power::Running);
    let other = with(spec, |server| server.instance_type = "t3.large".to_owned());
    refused(now(cloud.launch(&other)), "IdempotentParameterMismatch");
    let second = now(cloud.launch(&builder(&cloud, "r7-4"))).unwrap();
    assert_ne!(second, id);
    assert_sound(&held(&cloud.inner.connection));
}

#[test]
fn what_cannot_be_launched_is_refused() {
    let cloud = memory(Scenario::Calm);
    let spec = builder(&cloud, "t");
    let image = with(spec.clone(), |server| server.image = "ami-none".into());
    refused(now(cloud.launch(&image)), "InvalidAMIID.NotFound");
    let zone = with(spec.clone(), |server| server.zone = Some("eu-west-1a".into()));
    refused(now(cloud.launch(&zone)), "us-east-1a");
    let token = ServerSpec { token: "t".repeat(65), ..spec.clone() };
    refused(now(cloud.launch(&token)), "64");
    let untagged = with(spec, |server| server.tags.clear());
    refused(now(cloud.launch(&untagged)), "tags");
}

#[test]
fn a_terminated_server_is_gone_for_good_and_a_terminated_member_is_replaced() {
    let cloud = memory(Scenario::Calm);
    let id = now(cloud.launch(&builder(&cloud, "t"))).unwrap();
    step(&cloud, 150);
    let member = group_of(&cloud, "staging").members[0].instance.clone();
    now(cloud.terminate(&[id.clone(), member.clone()])).unwrap();
    step(&cloud, 60);
    assert_eq!(server(&cloud, &id).power, Power::Terminated);
    now(cloud.terminate(std::slice::from_ref(&id))).unwrap();
    step(&cloud, 180);
    let group = group_of(&cloud, "staging");
    assert!(group.member(&member).is_none() && group.members.len() == 2);
    absent(&now(cloud.terminate(&[InstanceId::new("i-none")])));
    assert_sound(&held(&cloud.inner.connection));
}

#[test]
fn an_image_is_pending_for_a_while_and_its_name_is_unique() {
    let cloud = memory(Scenario::Calm);
    let id = now(cloud.launch(&builder(&cloud, "t"))).unwrap();
    refused(now(cloud.create_image(&id, "too-early")), "IncorrectState");
    step(&cloud, 150);
    let name = "myproject_staging_web_2026.01.15-12.02.30_0123456789ab";
    let made = now(cloud.create_image(&id, name)).unwrap();
    assert!(matches!(now(cloud.create_image(&id, name)), Err(CloudError::Exists(_))));
    step(&cloud, 10);
    assert_eq!(image(&cloud, &made).state, "pending");
    refused(
        now(cloud.launch(&with(builder(&cloud, "u"), |server| server.image = made.clone()))),
        "Unavailable",
    );
    step(&cloud, 110);
    assert_eq!(image(&cloud, &made).state, "available");
    assert_eq!(now(cloud.images_named(name)).unwrap().len(), 1);
    absent(&now(cloud.create_image(&InstanceId::new("i-none"), "another")));
    // The name is free again once it is deleted; deleting twice is deleting once.
    for _ in 0..2 {
        now(cloud.delete_image(&made)).unwrap();
    }
    assert_eq!(now(cloud.images(&[made])).unwrap(), []);
    now(cloud.create_image(&id, name)).unwrap();
    assert_sound(&held(&cloud.inner.connection));
}

#[test]
fn a_new_image_may_be_missing_from_answers_for_a_few_seconds() {
    let mut missing = 0;
    for seed in 0..6 {
        let cloud = SandboxCloud::in_memory(Scenario::Calm, seed).unwrap();
        let id = now(cloud.launch(&builder(&cloud, "t"))).unwrap();
        step(&cloud, 150);
        let made = now(cloud.create_image(&id, "some-image")).unwrap();
        for second in 0..12 {
            step(&cloud, 1);
            let known = !now(cloud.images(std::slice::from_ref(&made))).unwrap().is_empty();
            assert!(known || second < 5);
            missing += u32::from(!known);
        }
    }
    assert!(missing > 3, "{missing}");
}

#[test]
fn every_environment_has_releases_to_go_back_to() {
    let cloud = memory(Scenario::Calm);
    for environment in ["production", "staging", "testing"] {
        let releases = releases_of(&cloud, environment);
        assert!(releases.len() >= 3, "{environment}: {releases:?}");
        let settings = now(cloud.launch_settings(&releases)).unwrap();
        let made: Vec<_> = settings
            .iter()
            .map(|settings| {
                let image = image(&cloud, settings.image.as_ref().unwrap());
                assert_eq!(image.state, "available");
                release::parse_name(&image.name.unwrap()).unwrap()
            })
            .collect();
        assert!(made.is_sorted_by(|a, b| a.0 > b.0 && a.1 != b.1), "{made:?}");
        let is_template = matches!(releases[0], LaunchSource::Template { .. });
        assert_eq!(is_template, environment != "testing");
        assert_eq!(releases[0], group_of(&cloud, environment).launch.unwrap());
    }
}

#[test]
fn a_version_counts_on_and_is_made_once_and_a_configuration_has_its_own_name() {
    let cloud = memory(Scenario::Calm);
    let spec = |environment: &str, name: &str| {
        let like = group_of(&cloud, environment).launch.unwrap();
        LaunchSpec { image: image_of(&cloud, &like), like, name: name.to_owned(), instance_type: None }
    };
    let name = "myproject_staging_lc_2026.01.15-12.05.00_0123456789ab";
    let version = |launch: &LaunchSource| match launch {
        LaunchSource::Template { version, .. } => version.parse::<u64>().unwrap(),
        LaunchSource::Configuration { .. } => panic!("{launch:?}"),
    };
    let template = spec("staging", name);
    let made = now(cloud.create_launch(&template)).unwrap();
    assert_eq!(version(&made), version(&template.like) + 1);
    assert_eq!(now(cloud.create_launch(&template)).unwrap(), made);
    assert_eq!(releases_of(&cloud, "staging")[0], made);
    let older = image_of(&cloud, &releases_of(&cloud, "staging")[2]);
    refused(now(cloud.create_launch(&LaunchSpec { image: older, ..template })), "another image");

    let name = "myproject_testing_lc_2026.01.15-12.05.00_0123456789ab";
    let configuration = spec("testing", name);
    let made = now(cloud.create_launch(&configuration)).unwrap();
    assert_eq!(made, LaunchSource::Configuration { name: name.to_owned() });
    assert!(matches!(now(cloud.create_launch(&configuration)), Err(CloudError::Exists(_))));
    let gone = LaunchSpec { like: LaunchSource::Configuration { name: "none".into() }, ..configuration };
    absent(&now(cloud.create_launch(&gone)));
}

#[test]
fn a_deleted_launch_is_gone_and_one_in_use_is_kept() {
    let cloud = memory(Scenario::Calm);
    for environment in ["staging", "testing"] {
        let releases = releases_of(&cloud, environment);
        for _ in 0..2 {
            now(cloud.delete_launch(&releases[3])).unwrap();
        }
        assert_eq!(releases_of(&cloud, environment), releases[..3]);
    }
    let current = group_of(&cloud, "testing").launch.unwrap();
    refused(now(cloud.delete_launch(&current)), "ResourceInUse");
    // AWS lets a version go that a group launches, and then the group cannot launch.
    let group = group_of(&cloud, "staging");
    now(cloud.delete_launch(&group.launch.unwrap())).unwrap();
    now(cloud.set_sizes(&group.name, Sizes { min: 1, desired: 3, max: 4 })).unwrap();
    step(&cloud, 120);
    let group = group_of(&cloud, "staging");
    assert!(group.members.len() == 2 && group.members.iter().all(|m| m.launch.is_none()));
}

#[test]
fn notes_are_written_once_or_replaced_listed_in_order_and_deleted() {
    let cloud = memory(Scenario::Calm);
    let path = "/quarterdeck/myproject/staging/lock/";
    let put = |n: u32, text: &str, replace| now(cloud.put_note(&format!("{path}{n}"), text, replace));
    put(2, "two", false).unwrap();
    put(1, "one", false).unwrap();
    assert!(matches!(put(1, "other", false), Err(CloudError::Exists(_))));
    put(2, "two again", true).unwrap();
    let texts = |path: &str| -> Vec<String> {
        now(cloud.notes(path)).unwrap().into_iter().map(|note| note.text).collect()
    };
    assert_eq!(texts(path), ["one", "two again"]);
    assert_eq!(texts("/quarterdeck/myproject/production/"), [""; 0]);
    put(3, &"x".repeat(4_096), false).unwrap();
    refused(put(4, &"x".repeat(4_097), false), "4097 bytes");
    refused(put(4, "", false), "0 bytes");
    refused(now(cloud.put_note("lock", "x", false)), "path");
    let names: Vec<String> = (1..=9).map(|n| format!("{path}{n}")).collect();
    now(cloud.delete_notes(&names)).unwrap();
    assert_eq!(texts(path), [""; 0]);
}

/// Lets a stranger's deploy and a mishap come due in an environment now.
fn strangers(cloud: &SandboxCloud, group: &str) {
    let at = cloud.now().as_millisecond();
    let c = held(&cloud.inner.connection);
    schedule(&c, at + 1, Event::Release, group).unwrap();
    schedule(&c, at + 1, Event::Mishap, group).unwrap();
}

#[test]
fn a_held_lock_keeps_strangers_away_from_its_environment_only_and_until_it_is_released() {
    for text in [r#"{"holder":"ana"}"#, r#"{"holder":"ana","released":null}"#, "no JSON"] {
        let cloud = memory(Scenario::Calm);
        let path = "/quarterdeck/myproject/staging/lock/";
        let put = |n: u32, text: &str| now(cloud.put_note(&format!("{path}{n}"), text, true)).unwrap();
        put(9, r#"{"released":"2026-01-15T11:00:00Z"}"#);
        put(10, text);
        let (ours, theirs) = (group_of(&cloud, "staging"), group_of(&cloud, "production"));
        strangers(&cloud, ours.name.as_str());
        strangers(&cloud, theirs.name.as_str());
        step(&cloud, 30);
        assert_eq!(group_of(&cloud, "staging"), ours, "{text}");
        assert_ne!(group_of(&cloud, "production").launch, theirs.launch);
        step(&cloud, 3_600);
        assert_eq!(group_of(&cloud, "staging").launch, ours.launch);
        put(10, r#"{"holder":"ana","released":"2026-01-15T13:00:00Z"}"#);
        step(&cloud, 900);
        assert_ne!(group_of(&cloud, "staging").launch, ours.launch);
        assert_sound(&held(&cloud.inner.connection));
    }
}

#[test]
fn a_stranger_s_release_never_takes_the_number_of_ours() {
    let cloud = memory(Scenario::Calm);
    let group = group_of(&cloud, "staging");
    let like = group.launch.clone().unwrap();
    for n in 0..4 {
        let image = image_of(&cloud, &like);
        let name = format!("myproject_staging_lc_2026.01.15-12.0{n}.00_0123456789ab");
        now(cloud.create_launch(&LaunchSpec { like: like.clone(), image, name, instance_type: None }))
            .unwrap();
    }
    let before = releases_of(&cloud, "staging").len();
    strangers(&cloud, group.name.as_str());
    step(&cloud, 3_600);
    assert!(releases_of(&cloud, "staging").len() > before);
}
