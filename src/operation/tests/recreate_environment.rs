//! recreate-environment: what is built beside, in which order places change, where the way back ends, and what is refused.

use std::sync::Arc;

use insta::assert_snapshot;

use super::replace_cache::note;
use super::rotate_secret::{all_wait, job};
use super::*;
use crate::fleet::{Fact, Power, Role, RolePlace, SubnetChoice, ZonePlace, measured, sample};
use crate::plan::{Action, Lasts, Plan, Step, TextOf};

/// An environment of which the config wants other servers than there are.
fn world() -> World {
    let mut world = super::replace_cache::world();
    let kind = |instance_type: &str| RolePlace {
        instance_type: Some(instance_type.into()),
        security_groups: vec!["sg-1".into()],
        volume_gb: None,
        volume_type: None,
    };
    let build = Arc::make_mut(&mut world.place.build);
    build.image = Some("ami-newer".into());
    build.zones = vec![
        ZonePlace { zone: "us-east-1a".into(), subnet: Some("subnet-1".into()) },
        ZonePlace { zone: "us-east-1b".into(), subnet: Some("subnet-2".into()) },
    ];
    build.roles = vec![
        (Role::DbPrimary, kind("m7i.xlarge")),
        (Role::DbReplica, kind("m7i.xlarge")),
        (Role::Cache, kind("t3.large")),
        (Role::Worker, kind("c7i.large")),
        (Role::Web, kind("c7i.large")),
    ];
    let layout = Arc::make_mut(&mut world.place.layout);
    layout.database_user = "myproject".into();
    layout.database = "myproject_staging".into();
    build_app(&mut world);
    world
}

/// Of code that a server clones without a key.
fn build_app(world: &mut World) {
    Arc::make_mut(&mut world.place.build).app.repo = Some("https://git.example.com/myproject.git".into());
}

fn plan(world: &World) -> Plan {
    world.plan("recreate-environment", &[]).unwrap()
}

/// The step of this title in a lane.
fn of<'p>(plan: &'p Plan, lane: &str, title: &str) -> &'p Step {
    let found: Vec<&Step> = steps(plan, title).into_iter().filter(|step| step.lane == lane).collect();
    assert_eq!(found.len(), 1, "{lane}: {title}: {}", show(plan));
    found[0]
}

#[test]
fn an_environment_made_anew_as_it_is_shown() {
    assert_snapshot!(show(&plan(&world())));
}

#[test]
fn servers_become_what_the_config_says_now() {
    let plan = plan(&world());
    let launched = |lane: &str| {
        let Action::Launch { server, .. } = &of(&plan, lane, "launch a server").action else { panic!() };
        let role = server.tags.iter().find(|(key, _)| key == "role").unwrap().1.clone();
        (server.instance_type.clone(), server.image.to_string(), role)
    };
    let told = |kind: &str, role: &str| (kind.to_owned(), "ami-newer".to_owned(), role.to_owned());
    assert_eq!(launched("db-primary"), told("m7i.xlarge", "db-primary-PENDING"));
    assert_eq!(launched("db-replica 1"), told("m7i.xlarge", "db-replica-PENDING"));
    assert_eq!(launched("cache"), told("t3.large", "cache-PENDING"));
    assert_eq!(launched("worker 1"), told("c7i.large", "worker-PENDING"));
    assert!(plan.notes.iter().any(|note| {
        note.starts_with("db-primary i-staging-db-primary (")
            && note.contains("gives way to a server of type m7i.xlarge")
    }));
    assert!(plan.by_name, "whatever environment it is");
}

#[test]
fn everything_is_built_and_looked_at_before_anybody_notices() {
    let plan = plan(&world());
    let page = the(&plan, "put the maintenance page up");
    for lane in ["db-primary", "db-replica 1", "cache", "worker 1", "builder"] {
        let settled =
            |step: &&Step| step.lane == lane && step.id < page.id && !step.title.starts_with("terminate");
        let last = plan.steps.iter().rfind(settled).unwrap();
        assert!(waits_for(&plan, page, last), "{lane}: {}", last.title);
    }
    all_wait(&plan, "put the maintenance page up", "make a launch configuration");
    all_wait(&plan, "put the maintenance page up", "see whether it can be the primary");
    all_wait(&plan, "put the maintenance page up", "see that it reaches the new cache server");
    all_wait(&plan, "put the maintenance page up", "suspend HealthCheck");
    // Lanes are built side by side.
    let firsts = steps(&plan, "launch a server");
    assert!(firsts.len() == 4 && firsts.iter().all(|step| step.after.is_empty()));
    // What failed so far is gone on with: nothing of it goes back by itself.
    assert!(plan.goes_on);
    let building = plan.steps.iter().filter(|step| step.id < page.id && step.lane != "group");
    for step in building {
        assert_eq!(step.lasts, Lasts::Stays, "{}", step.title);
    }
}

#[test]
fn r11_r18_what_the_old_ones_hold_has_come_before_the_way_back_ends() {
    let plan = plan(&world());
    all_wait(&plan, "stop Celery", "wait until workers have emptied");
    all_wait(&plan, "stop PostgreSQL, and mask it", "stop Celery");
    all_wait(&plan, "stop PostgreSQL, and mask it", "put the maintenance page up");
    let seal = the(&plan, "see that everything has come, and is replayed");
    assert!(
        seal.seals && plan.steps.iter().filter(|step| step.seals).count() == 1,
        "one place where it ends"
    );
    for before in
        ["stop PostgreSQL, and mask it", "see that it has everything", "copy the tasks", "have Redis begin"]
    {
        assert!(waits_for(&plan, seal, the(&plan, before)), "{before}");
    }
    let held = plan.steps.iter().filter(|step| step.id < seal.id && step.lasts == Lasts::UnlessStopped);
    assert_eq!(seal.settles, held.map(|step| step.id).collect::<Vec<_>>());
    for step in plan.steps.iter().filter(|step| waits_for(&plan, step, seal)) {
        if let Action::Job(job) = &step.action {
            assert!(job.back.is_none() || step.lasts == Lasts::Stays, "{} would lead back", step.title);
        }
    }
    for tag in steps(&plan, "put it to use").into_iter().chain(steps(&plan, "take it out of use")) {
        assert!(waits_for(&plan, tag, seal), "{}", tag.lane);
    }
}

#[test]
fn r12_new_replicas_follow_the_new_primary_before_the_page_goes_off() {
    let plan = plan(&world());
    let follow = the(&plan, "follow the new primary");
    assert!(follow.soft && waits_for(&plan, follow, the(&plan, "make the replicas' slots")));
    let addresses =
        |step: &Step| job(step).files.iter().map(|file| file.variable.clone()).collect::<Vec<_>>();
    assert_eq!(addresses(follow), ["primary"]);
    assert_eq!(addresses(the(&plan, "make the replicas' slots")), ["follower_1"]);
    all_wait(&plan, "take the page off", "follow the new primary");
    // An old one goes out of use before the one in its place comes into it.
    for (lane, old) in [
        ("db-primary", "i-staging-db-primary"),
        ("db-replica 1", "i-staging-db-replica"),
        ("cache", "i-staging-cache"),
        ("worker 1", "i-staging-worker"),
    ] {
        let gone = steps(&plan, "take it out of use").into_iter().find(|step| step.target == old).unwrap();
        assert!(waits_for(&plan, of(&plan, lane, "put it to use"), gone), "{old}");
    }
}

#[test]
fn r8_r19_whatever_is_written_names_the_new_servers_alone() {
    let plan = plan(&world());
    let written = steps(&plan, "write the settings");
    assert_eq!(written.len(), 4, "two web servers, the worker and the builder");
    for step in written {
        let TextOf::Template { site, .. } = &job(step).files[0].of else { panic!("{}", step.title) };
        assert_eq!(site.primary.to_string(), "that of the new db-primary", "{}", step.target);
        assert_eq!(site.cache.to_string(), "that of the new cache");
        let replicas: Vec<String> = site.replicas.iter().map(ToString::to_string).collect();
        assert_eq!(replicas, ["that of the new db-replica 1"]);
    }
    all_wait(&plan, "point the group", "take the page off");
    all_wait(&plan, "point the group", "make a launch configuration");
}

#[test]
fn r17_beat_runs_on_the_first_new_worker_once_every_old_one_has_stopped() {
    let mut world = world();
    let mut second = sample::server("i-staging-worker2", "staging", "worker");
    second.private_address = Some("10.0.3.98".into());
    world.parts.servers.push(second);
    let plan = plan(&world);
    let starts = steps(&plan, "start Celery");
    assert_eq!(starts.len(), 2);
    let beats: Vec<&&Step> =
        starts.iter().filter(|step| step.title.contains("beat and the camera")).collect();
    assert!(beats.len() == 1 && beats[0].lane == "worker 1");
    for start in &starts {
        for stop in steps(&plan, "stop Celery") {
            assert!(waits_for(&plan, start, stop), "{}", start.lane);
        }
        assert!(waits_for(&plan, start, of(&plan, "cache", "put it to use")));
    }
}

#[test]
fn r6_web_servers_are_replaced_one_by_one_and_a_release_that_fails_is_launched_by_nobody() {
    let plan = plan(&world());
    let replace = the(&plan, "replace web servers one at a time");
    assert!(waits_for(&plan, replace, the(&plan, "take the page off")), "it is not noticed");
    assert!(waits_for(&plan, replace, the(&plan, "point the group")));
    let Action::Converge(converge) = &replace.action else { panic!() };
    assert_eq!(
        converge.back.as_ref(),
        Some(&converge.to),
        "what never serves goes, and nobody launches the old release"
    );
    assert!(converge.batch == 1 && converge.at_least == 2);
    // While it goes on the group launches; whatever way it ends that is over, and only its success has it launch by itself.
    let while_it_goes = the(&plan, "resume Launch while");
    assert_eq!(while_it_goes.lasts, Lasts::UntilTheEnd);
    assert!(waits_for(&plan, the(&plan, "let the group launch again by itself"), replace));
    let launches = the(&plan, "suspend Launch, ScheduledActions");
    assert!(the(&plan, "let the group launch again by itself").action.restores().contains(&launches.id));
    assert!(the(&plan, "put the group back as it was, but").action.restores().contains(&while_it_goes.id));
}

#[test]
fn without_a_group_or_a_replica_the_rest_is_made_anew() {
    let mut world = world();
    world.place.group = None;
    world.parts.servers.retain(|server| server.role.role != Role::DbReplica);
    let plan = plan(&world);
    for title in
        ["make a launch configuration", "point the group", "replace web servers", "follow the new primary"]
    {
        assert!(steps(&plan, title).is_empty(), "{title}");
    }
    assert!(note(&plan, "staging has no group").contains("its web servers stay"));
    assert_eq!(steps(&plan, "restart Gunicorn").len(), 2);
    all_wait(&plan, "take the page off", "restart Gunicorn");
}

#[test]
fn what_is_an_incident_or_not_clear_is_refused_with_what_to_do() {
    let refused = |world: &World| world.refused("recreate-environment", &[]);
    let change = |id: &str, power: Power| {
        let mut world = world();
        world.parts.servers.iter_mut().find(|server| server.id.as_str() == id).unwrap().power = power;
        world
    };
    assert!(refused(&change("i-staging-db-primary", Power::Stopped)).contains("promote-replica"));
    assert!(refused(&change("i-staging-cache", Power::Stopped)).contains("replace-cache-server staging"));
    assert!(refused(&change("i-staging-worker", Power::Stopped)).contains("new-server --role worker"));
    let mut down = world();
    let unit = |name: &str| measured::Unit {
        name: name.into(),
        active: "failed".into(),
        ..measured::Unit::default()
    };
    let units = ["postgresql@15-main.service"].map(unit).into();
    down.measure("i-staging-db-primary", Fact::Units(measured::Units { units }));
    assert!(refused(&down).contains("has no PostgreSQL that runs"));
    let mut combo = world();
    combo.parts.servers.push(sample::server("i-combo", "staging", "combo"));
    assert!(refused(&combo).contains("combo server") && refused(&combo).contains("reload-data"));
    let mut pending = world();
    pending.parts.servers.push(sample::server("i-left", "staging", "cache-PENDING"));
    assert!(refused(&pending).contains("i-left (cache)"), "{}", refused(&pending));
    let mut none = world();
    none.parts.servers.retain(|server| server.role.role != Role::DbPrimary);
    assert!(refused(&none).contains("create-environment"));
    let mut secretless = world();
    secretless.site.as_mut().unwrap().ground.secrets.remove("broker_password");
    assert!(refused(&secretless).contains("broker_password"));
}

#[test]
fn room_is_looked_at_in_every_zone_that_servers_go_to() {
    let world = world();
    let (topology, snapshot) = (world.topology(), world.snapshot());
    let asked = find("recreate-environment")
        .unwrap()
        .room(&world.facts(&snapshot, &topology), &Options::default())
        .unwrap();
    assert_eq!(asked.subnets, SubnetChoice::Named(vec!["subnet-1".into(), "subnet-2".into()]));
    assert_eq!(asked.instance_type.as_deref(), Some("m7i.xlarge"));
}
