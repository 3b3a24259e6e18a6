//! create-release: the plan, its rules, and what is refused.

use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::fleet::lock::{Grip, Holder};
use crate::fleet::{AddressChoice, LaunchSource, Layout, Lock, NewServer, Role};
use crate::plan::{Action, InstanceRef, Lasts, LockKind, Plan, Step, Undo};
use crate::template::{Hook, SiteFacts};

const HEAD: &str = "5e6f7081928374655647382910fedcba01234567";
const GIVEN: (Opt, &str) = (Opt::Changeset, "5e6f708");

/// An environment whose branch has a head that no release was made of.
fn world() -> World {
    let mut world = World::with_releases(2);
    world.place.branch = Some("develop".into());
    world.head("develop", Ok(HEAD));
    world
}

fn local(world: &mut World) {
    let mut layout: Layout = (*world.place.layout).clone();
    layout.code.static_local = true;
    world.place.layout = Arc::new(layout);
}

fn builder(plan: &Plan) -> &NewServer {
    let launch = the(plan, "launch a builder");
    let Action::Launch { server, .. } = &launch.action else { panic!("{launch:?}") };
    server
}

fn script(step: &Step) -> &str {
    let Action::Job(job) = &step.action else { panic!("{step:?}") };
    &job.script
}

#[test]
fn a_release_of_the_configs_branch_as_it_is_shown() {
    let mut world = world();
    local(&mut world);
    let plan = world.plan("create-release", &[]).unwrap();
    assert_eq!(plan.lock, LockKind::Release, "never in the way of an incident");
    assert_snapshot!(show(&plan));
}

#[test]
fn a_release_from_a_template_that_moves_as_it_is_shown() {
    let plan = World::templated("$Latest").plan("create-release", &[GIVEN]).unwrap();
    assert_snapshot!(show(&plan));
}

#[test]
fn the_builder_goes_whatever_way_it_ends_and_what_is_made_stays_only_together() {
    let plan = world().plan("create-release", &[]).unwrap();
    let launch = the(&plan, "launch a builder");
    assert_eq!(launch.lasts, Lasts::UntilTheEnd);
    assert!(matches!(launch.undo, Undo::Reverse(_)));
    let terminate = the(&plan, "terminate the builder");
    assert_eq!(
        terminate.action,
        Action::Terminate { servers: vec![InstanceRef::Later(launch.action.makes().unwrap().clone())] }
    );
    let (image, release) = (the(&plan, "make an image"), the(&plan, "make a launch configuration"));
    for made in [image, release] {
        assert_eq!(made.lasts, Lasts::UnlessStopped);
        assert!(release.settles.contains(&made.id), "{}", made.title);
        assert!(waits_for(&plan, terminate, made));
    }
    assert!(plan.steps.iter().all(|step| step.noticed.is_none()) && plan.noticed.is_none());
}

#[test]
fn the_builder_has_a_public_address_where_ssh_goes_to_one_and_the_profile_and_metadata_of_what_is_launched() {
    let mut world = world();
    world.ssh = AddressChoice::PublicDns;
    let plan = world.plan("create-release", &[]).unwrap();
    let server = builder(&plan);
    assert!(!server.public_address, "the default subnets give one by themselves");
    assert_eq!((server.instance_profile.as_ref(), server.tokens_required), (None, None));
    world.place.web.subnets = vec!["subnet-a".into()];
    world.parts.launch[0].instance_profile = Some("myproject-web".into());
    world.parts.launch[0].tokens_required = Some(true);
    let plan = world.plan("create-release", &[]).unwrap();
    let server = builder(&plan);
    assert!(server.public_address);
    assert_eq!(server.instance_profile.as_deref(), Some("myproject-web"));
    assert_eq!(server.tokens_required, Some(true));
    assert_eq!(
        the(&plan, "launch a builder").becomes.as_deref(),
        Some("c5.large from ami-1, with a public address, with instance profile myproject-web")
    );
    let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(again, plan);
    for private in [AddressChoice::Private, AddressChoice::PrivateDns] {
        world.ssh = private;
        assert!(!builder(&world.plan("create-release", &[]).unwrap()).public_address);
    }
}

#[test]
fn r7_a_group_that_moves_is_pinned_only_while_nobody_else_changes_the_environment() {
    let mut world = World::templated("$Latest");
    let plan = world.plan("create-release", &[GIVEN]).unwrap();
    let is_lock = |plan: &Plan| plan.assumes.iter().any(|one| one.fact.to_string() == "the lock of staging");
    assert!(is_lock(&plan) && the(&plan, "pin the group").destructive, "looked at right before it is pinned");
    let lock = |kind, grip| Lock {
        kind,
        number: 7,
        grip,
        holder: Some(Holder {
            who: "kim@desk".into(),
            identity: String::new(),
            run: "2026-11-22-0003".into(),
            operation: "deploy-serial".into(),
            step: "step 1/9".into(),
            since: crate::fleet::sample::epoch(),
            ended: None,
        }),
        seen: None,
        to_put_back: Vec::new(),
        unreadable: false,
    };
    world.locks = Some(vec![lock(LockKind::Environment, Grip::Held)]);
    let refused = world.refused("create-release", &[GIVEN]);
    assert!(refused.contains("while kim@desk changes staging (deploy-serial, lock 7). Wait"), "{refused}");
    for other in [lock(LockKind::Environment, Grip::Released), lock(LockKind::Release, Grip::Held)] {
        world.locks = Some(vec![other]);
        assert!(world.plan("create-release", &[GIVEN]).is_ok());
    }
    world.locks = None;
    let plan = world.plan("create-release", &[GIVEN]).unwrap();
    assert!(plan.notes.iter().any(|note| note.contains("is not known: see that nobody deploys")), "{plan:?}");
    assert!(!is_lock(&plan), "what cannot be read is not read again");
    let mut numbered = World::templated("41");
    numbered.locks = Some(vec![lock(LockKind::Environment, Grip::Held)]);
    let plan = numbered.plan("create-release", &[GIVEN]).unwrap();
    assert!(!is_lock(&plan), "never in the way of an incident");
}

#[test]
fn r20_hooks_of_new_servers_are_named_and_not_run_on_one_that_boots_an_image() {
    let mut world = world();
    let hook = |name: &str, line: u32, is_replaced: bool| Hook {
        name: name.into(),
        at: format!("fabfile.py:{line}"),
        path: format!("deployment/hooks/{name}"),
        is_replaced,
        runs: is_replaced.then_some(Ok(())),
    };
    let hooks = vec![
        hook("post_bootstrap", 12, false),
        hook("pre_install_rsyslog", 30, true),
        hook("post_reload_production_db", 44, false),
    ];
    world.site = Some(SiteFacts {
        ground: crate::template::Ground::default(),
        services: Vec::new(),
        settings: None,
        missing: Vec::new(),
        tells_new_relic: false,
        secrets_file: "fabsecrets_staging.py".into(),
        drift: None,
        hooks,
    });
    let plan = world.plan("create-release", &[]).unwrap();
    let told: Vec<_> = plan.notes.iter().filter(|note| note.contains("fabfile.py")).collect();
    assert_eq!(told.len(), 2, "the database's hook has nothing to do with a release: {told:?}");
    assert!(
        told[0]
            .starts_with("The task post_bootstrap of fabfile.py:12 is not run: FabulAWS runs it on servers")
    );
    assert!(
        told[1].contains("is not run, and neither is deployment/hooks/pre_install_rsyslog: "),
        "{}",
        told[1]
    );
    assert!(plan.steps.iter().all(|step| !step.title.contains("hook")));
}

#[test]
fn names_hold_the_time_of_the_plan_and_the_changeset_and_are_read_again() {
    let plan = world().plan("create-release", &[]).unwrap();
    let name = |title: &str| the(&plan, title).becomes.clone().unwrap();
    assert_eq!(name("make an image"), format!("myproject_staging_web_2026.11.22-03.00.04_{HEAD}"));
    let release = name("make a launch configuration");
    assert_eq!(release, format!("myproject_staging_lc_2026.11.22-03.00.04_{HEAD}"));
    let (at, changeset) = crate::fleet::release::parse_name(&release).unwrap();
    assert_eq!((at.to_string().as_str(), changeset.as_str()), ("2026-11-22T03:00:04Z", HEAD));
}

#[test]
fn the_builder_is_a_web_server_as_the_config_has_it_and_else_as_those_that_there_are() {
    let mut world = world();
    let plan = world.plan("create-release", &[]).unwrap();
    let server = builder(&plan);
    assert_eq!((server.image.as_str(), server.instance_type.as_str()), ("ami-1", "c5.large"));
    assert_eq!((server.subnet.as_deref(), server.zone.as_ref().unwrap().as_str()), (None, "us-east-1a"));
    assert_eq!(server.security_groups, ["sg-web"]);
    let tag = |key: &str| server.tags.iter().find(|(known, _)| known == key).unwrap().1.as_str();
    assert_eq!(tag("role"), "web-PENDING");
    assert_eq!((tag("deployment"), tag("environment")), ("myproject", "staging"));
    assert_eq!(tag("Name"), "myproject_staging_web-PENDING");
    world.place.web = crate::fleet::WebPlace {
        instance_type: Some("m6i.large".into()),
        subnets: vec!["subnet-a".into(), "subnet-b".into()],
        security_groups: vec!["myproject-web-sg".into(), "sg-own".into()],
    };
    world.parts.servers[0].key_name = Some("myproject-key".into());
    let plan = world.plan("create-release", &[]).unwrap();
    let server = builder(&plan);
    assert_eq!(server.instance_type, "m6i.large");
    assert_eq!((server.subnet.as_deref(), server.zone.as_ref()), (Some("subnet-a"), None));
    assert_eq!(server.security_groups, ["sg-web", "sg-own"], "in a subnet by their ids");
    assert_eq!(server.key_name.as_deref(), Some("myproject-key"));
    world.place.web.security_groups = vec!["no-such-sg".into()];
    let refused = world.refused("create-release", &[]);
    assert!(
        refused.contains("security group no-such-sg is not known") && refused.contains("sg-…"),
        "{refused}"
    );
    world.place.web.subnets.clear();
    let plan = world.plan("create-release", &[]).unwrap();
    assert_eq!(builder(&plan).security_groups, ["no-such-sg"], "outside of one by their names");
}

#[test]
fn r7_a_group_that_follows_latest_is_pinned_before_anything_is_made() {
    let world = World::templated("$Latest");
    let plan = world.plan("create-release", &[GIVEN]).unwrap();
    let pin = the(&plan, "pin the group");
    assert_eq!(pin.change().unwrap(), "web $Latest → web v42", "to what it launches now");
    assert_eq!(pin.lasts, Lasts::Stays);
    for step in plan.steps.iter().filter(|step| step.id != pin.id) {
        assert!(waits_for(&plan, step, pin), "{}", step.title);
    }
    assert!(plan.assumes.iter().any(|one| one.fact.to_string() == "what staging-ag launches"));
    let release = the(&plan, "make a version of the launch template");
    let Action::Release { release, .. } = &release.action else { panic!("{release:?}") };
    assert_eq!(release.like, template("42"), "a copy of a numbered version");
    let numbered = World::templated("41").plan("create-release", &[GIVEN]).unwrap();
    assert!(steps(&numbered, "pin").is_empty());
    assert!(
        numbered.assumes.iter().all(|one| one.fact.to_string() != "what staging-ag launches"),
        "a deploy meanwhile stops nothing"
    );
}

#[test]
fn r8_settings_with_old_addresses_are_not_baked_as_new_ones() {
    let mut world = world();
    let cache =
        world.parts.servers.iter_mut().find(|server| server.id.as_str() == "i-staging-cache").unwrap();
    cache.launched_at = Some("2026-11-21T12:00:00Z".parse().unwrap());
    let refused = world.plan("create-release", &[]).unwrap_err();
    assert_eq!(refused.word(), Some("old-addresses"));
    assert!(refused.to_string().contains("older than cache i-staging-cache"), "{refused}");
    let plan = world.plan("create-release", &[(Opt::Override, "old-addresses")]).unwrap();
    assert_eq!(plan.overrides.len(), 1);
}

#[test]
fn r9_the_builder_is_cleaned_last_and_only_the_server_that_is_meant() {
    let plan = world().plan("create-release", &[]).unwrap();
    let clean = the(&plan, "remove host keys");
    let Action::Job(job) = &clean.action else { panic!("{clean:?}") };
    assert!(job.names_server, "the script is told where it may run");
    assert!(job.script.starts_with("# sandbox: clean\n"));
    assert!(matches!(job.server, InstanceRef::Later(_)), "never a server that is there already");
    for step in &plan.steps {
        if let Action::Job(other) = &step.action {
            assert!(step.id == clean.id || waits_for(&plan, clean, step), "{}", step.title);
            assert_eq!(other.names_server, step.id == clean.id);
        }
    }
    assert!(waits_for(&plan, the(&plan, "make an image"), clean));
}

#[test]
fn r21_static_files_are_compressed_before_baking_where_the_web_servers_serve_them() {
    let mut world = world();
    let remote = world.plan("create-release", &[]).unwrap();
    assert!(steps(&remote, "collect").is_empty() && steps(&remote, "compress").is_empty());
    local(&mut world);
    let plan = world.plan("create-release", &[]).unwrap();
    let (collect, compress) = (the(&plan, "collect static"), the(&plan, "compress static"));
    assert!(!compress.soft && script(compress).starts_with("# sandbox: compress\n"));
    assert!(waits_for(&plan, compress, collect) && waits_for(&plan, the(&plan, "make an image"), compress));
}

#[test]
fn a_head_that_is_not_known_is_refused_with_the_reason_and_the_way_without_a_repository() {
    let mut world = World::with_releases(2);
    let none = world.refused("create-release", &[]);
    assert!(
        none.starts_with("the config names no branch for staging: say --branch or --changeset")
            && none.contains("`branches`, `myproject`, `staging`"),
        "{none}"
    );
    world.place.branch = Some("develop".into());
    let clone = world.refused("create-release", &[]);
    assert!(
        clone.starts_with("there is no clone of the project to ask for the head of branch `develop`"),
        "{clone}"
    );
    assert!(clone.ends_with("or name the changeset with --changeset"), "{clone}");
    world.head("develop", Err("there is no branch `develop` at origin: push it, or mend `branches`"));
    let absent = world.plan("create-release", &[]).unwrap_err();
    assert!(matches!(absent, Refused::State(_)) && absent.to_string().contains("push it"), "{absent}");
    let plan = world.plan("create-release", &[GIVEN]).unwrap();
    assert_eq!(plan.title, "make a release of 5e6f708");
    let both = world.refused("create-release", &[GIVEN, (Opt::Branch, "develop")]);
    assert!(both.contains("leave one of them out"), "{both}");
}

#[test]
fn a_release_of_that_changeset_that_is_there_is_made_again_only_when_somebody_says_so() {
    let world = world();
    let there = (Opt::Changeset, "77aa01cdeeff");
    let refused = world.plan("create-release", &[there]).unwrap_err();
    assert_eq!(refused.word(), Some("again"));
    let said = refused.to_string();
    assert!(
        said.contains("has a release of 77aa01c already")
            && said.contains("Deploy it with --release 77aa01c"),
        "{said}"
    );
    let plan = world.plan("create-release", &[there, (Opt::Override, "again")]).unwrap();
    assert!(plan.overrides[0].starts_with("again: "), "{:?}", plan.overrides);
}

#[test]
fn without_anything_to_build_upon_it_is_refused() {
    let refused = |spoil: fn(&mut World)| {
        let mut world = world();
        spoil(&mut world);
        world.refused("create-release", &[])
    };
    let group = refused(|world| world.place.group = None);
    assert!(group.starts_with("staging has no group: name it"), "{group}");
    let absent = refused(|world| world.parts.groups.clear());
    assert!(absent.starts_with("there is no group staging-ag"), "{absent}");
    let nothing = refused(|world| world.group().launch = None);
    assert!(nothing.contains("the environment has to be created first"), "{nothing}");
    let deleted = refused(|world| {
        world.group().launch = Some(LaunchSource::Configuration { name: "gone".into() });
    });
    assert!(deleted.starts_with("gone, which staging-ag launches, was deleted: point it"), "{deleted}");
    let image = refused(|world| world.parts.images.clear());
    assert!(image.contains("avail_zones"), "it is built upon the empty image then: {image}");
    let pending = refused(|world| world.parts.images[0].state = "pending".into());
    assert!(pending.contains("is pending: wait until it is available"), "{pending}");
    let alone = refused(|world| world.parts.servers.retain(|server| server.role.role != Role::Web));
    assert!(alone.contains("which type of server") && alone.contains("`instance_types`"), "{alone}");
}

#[test]
fn facts_that_are_old_make_no_release() {
    let mut world = world();
    world.age = jiff::SignedDuration::from_secs(95);
    let refused = world.plan("create-release", &[]).unwrap_err();
    assert!(matches!(refused, Refused::Facts(_)) && refused.to_string().contains("95 s ago"), "{refused}");
}

#[test]
fn a_plan_of_a_release_comes_back_from_json_as_it_was() {
    let plan = world().plan("create-release", &[]).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan, "{text}");
}
