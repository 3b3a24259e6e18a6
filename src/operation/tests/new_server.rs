//! new-server: the plan, its rules, and what is refused.

use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::fleet::{
    BuildPlace, DatabasePlace, Layout, NewServer, Person, Power, Role, RolePlace, RoleTag, SubnetChoice,
    ZonePlace,
};
use crate::plan::{Action, HostJob, Lasts, Plan, TextOf};
use crate::template::{Ground, SiteFacts};

const CACHE: (Opt, &str) = (Opt::Role, "cache");
const PRIMARY: (Opt, &str) = (Opt::Role, "db-primary");
const REPLICA: (Opt, &str) = (Opt::Role, "db-replica");

fn zone(zone: &str, subnet: Option<&str>) -> ZonePlace {
    ZonePlace { zone: zone.into(), subnet: subnet.map(ToOwned::to_owned) }
}

/// An environment whose config says what new servers are, without servers of some roles.
pub(super) fn world(without: &[&str]) -> World {
    let mut world = World::new(2);
    world.parts.servers.retain(|server| !without.contains(&server.role.role.word()));
    let kind = |kind: &str, groups: &[&str]| RolePlace {
        instance_type: Some(kind.into()),
        security_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        volume_gb: None,
        volume_type: None,
    };
    world.place.build = Arc::new(BuildPlace {
        image: Some("ami-ubuntu".into()),
        zones: vec![zone("us-east-1a", Some("subnet-1")), zone("us-east-1b", Some("subnet-2"))],
        roles: vec![
            (Role::Cache, kind("t3.small", &["sg-cache"])),
            (Role::DbPrimary, kind("m6i.large", &["sg-db"])),
            (Role::DbReplica, kind("m6i.large", &["sg-db"])),
        ],
        upgrades: true,
        admin_groups: vec!["sudo".into()],
        swap_percent: 100,
        database: DatabasePlace {
            settings: vec![("checkpoint_segments".into(), "256".into())],
            networks: vec!["10.0.0.0/8".into()],
            ..DatabasePlace::default()
        },
        ..BuildPlace::default()
    });
    let mut layout: Layout = (*world.place.layout).clone();
    layout.database = "myproject_staging".into();
    layout.database_user = "myproject".into();
    layout.vhost = "myproject_staging".into();
    world.place.layout = Arc::new(layout);
    let ana =
        Person { user: "ana".into(), full_name: "Ana".into(), keys: vec!["ssh-ed25519 AAAA ana".into()] };
    world.site = Some(SiteFacts {
        hooks: Vec::new(),
        services: Vec::new(),
        settings: None,
        missing: Vec::new(),
        tells_new_relic: false,
        secrets_file: "fabsecrets_staging.py".into(),
        drift: None,
        ground: Ground {
            secrets: ["broker_password", "database_password"].map(ToOwned::to_owned).into(),
            unfit: Vec::new(),
            people: Some(Ok(vec![ana])),
            known_hosts: None,
            ..Ground::default()
        },
    });
    world
}

fn build(world: &mut World, change: impl FnOnce(&mut BuildPlace)) {
    change(Arc::make_mut(&mut world.place.build));
}

pub(super) fn ground(world: &mut World) -> &mut Ground {
    &mut world.site.as_mut().unwrap().ground
}

fn launched(plan: &Plan) -> Vec<&NewServer> {
    let steps = plan.steps.iter();
    steps
        .filter_map(
            |step| if let Action::Launch { server, .. } = &step.action { Some(&**server) } else { None },
        )
        .collect()
}

fn jobs(plan: &Plan) -> Vec<&HostJob> {
    let steps = plan.steps.iter();
    steps.filter_map(|step| if let Action::Job(job) = &step.action { Some(&**job) } else { None }).collect()
}

fn job<'p>(plan: &'p Plan, name: &str) -> &'p HostJob {
    jobs(plan).into_iter().find(|job| job.name == name).unwrap()
}

#[test]
fn a_cache_as_it_is_shown() {
    assert_snapshot!(show(&world(&["cache"]).plan("new-server", &[CACHE]).unwrap()));
}

#[test]
fn a_primary_as_it_is_shown() {
    let world = world(&["db-primary", "db-replica"]);
    assert_snapshot!(show(&world.plan("new-server", &[PRIMARY, (Opt::KeepFailed, "")]).unwrap()));
}

#[test]
fn two_replicas_as_they_are_shown() {
    assert_snapshot!(show(&world(&[]).plan("new-server", &[REPLICA, (Opt::Count, "2")]).unwrap()));
}

#[test]
fn no_secret_is_in_the_plan_and_every_script_is_told_its_server() {
    for (role, without, wanted) in [
        (CACHE, "cache", "rabbitmq=broker_password"),
        (PRIMARY, "db-primary", "roles=database_password"),
        (REPLICA, "", "copy=database_password"),
    ] {
        let plan = world(&[without]).plan("new-server", &[role]).unwrap();
        let mut secrets = Vec::new();
        for job in jobs(&plan) {
            assert!(job.names_server && job.user.as_deref() == Some("root"), "{}", job.name);
            for file in &job.files {
                assert!(matches!(&file.of, TextOf::Secret { name } if *name == file.variable), "{file:?}");
                secrets.push(format!("{}={}", job.name, file.variable));
            }
        }
        assert_eq!(secrets, [wanted]);
    }
}

#[test]
fn a_server_that_is_not_finished_goes_and_one_in_use_stays() {
    let plan = world(&[]).plan("new-server", &[REPLICA]).unwrap();
    let (launch, tag) = (the(&plan, "launch"), the(&plan, "put it to use"));
    let copy = the(&plan, "copy the primary");
    assert_eq!((launch.lasts, copy.lasts), (Lasts::UnlessStopped, Lasts::UnlessStopped));
    assert_eq!(tag.settles, [launch.id, copy.id]);
    assert!(job(&plan, "copy").back.as_ref().unwrap().contains("DROP_REPLICATION_SLOT"));
    for step in plan.steps.iter().filter(|step| step.id != tag.id) {
        assert!(waits_for(&plan, tag, step), "{}", step.title);
    }
    let kept = world(&[]).plan("new-server", &[REPLICA, (Opt::KeepFailed, "")]).unwrap();
    assert_eq!(the(&kept, "launch").lasts, Lasts::Stays);
}

#[test]
fn a_server_is_what_the_config_says_in_the_zone_that_is_least_used() {
    let mut world = world(&["cache"]);
    let plan = world.plan("new-server", &[CACHE]).unwrap();
    let server = launched(&plan)[0];
    assert_eq!((server.image.as_str(), server.instance_type.as_str()), ("ami-ubuntu", "t3.small"));
    assert_eq!(
        (server.subnet.as_deref(), &server.zone),
        (Some("subnet-2"), &None),
        "all others are in us-east-1a"
    );
    assert_eq!(server.security_groups, ["sg-cache"]);
    let tag = |key: &str| server.tags.iter().find(|(known, _)| known == key).unwrap().1.as_str();
    assert_eq!((tag("role"), tag("Name")), ("cache-PENDING", "myproject_staging_cache"));
    let Action::Tag { tags, .. } = &the(&plan, "put it to use").action else { panic!() };
    assert_eq!(*tags, [("role".to_owned(), "cache".to_owned())]);
    build(&mut world, |build| build.zones[1].subnet = None);
    let plan = world.plan("new-server", &[CACHE]).unwrap();
    assert_eq!(
        launched(&plan)[0].zone.as_ref().unwrap().as_str(),
        "us-east-1b",
        "without a subnet by its zone"
    );
}

#[test]
fn a_security_group_is_the_one_of_its_vpc_whatever_another_one_calls_its_own() {
    let mut world = world(&["cache"]);
    build(&mut world, |build| build.roles[0].1.security_groups = vec!["myproject-web-sg".into()]);
    for server in &mut world.parts.servers {
        server.vpc = Some("vpc-1".into());
        server.key_name = Some("myproject-key".into());
    }
    let mut other = world.parts.servers.iter().find(|one| one.role.role == Role::Web).unwrap().clone();
    other.id = "i-other".into();
    other.environment = Some("production".into());
    other.vpc = Some("vpc-2".into());
    other.security_group_ids = vec!["sg-of-another-vpc".into()];
    world.parts.servers.push(other);
    let plan = world.plan("new-server", &[CACHE]).unwrap();
    assert_eq!(launched(&plan)[0].security_groups, ["sg-web"]);
}

#[test]
fn r22_a_zone_is_named_by_its_letter_or_in_full_and_several_servers_are_spread() {
    let world = world(&[]);
    let subnets = |options: &[(Opt, &str)]| -> Vec<String> {
        let all: Vec<_> = [REPLICA].iter().chain(options).copied().collect();
        let plan = world.plan("new-server", &all).unwrap();
        launched(&plan).iter().map(|server| server.subnet.clone().unwrap()).collect()
    };
    assert_eq!(subnets(&[(Opt::Zone, "a")]), ["subnet-1"]);
    assert_eq!(subnets(&[(Opt::Zone, "us-east-1b"), (Opt::Count, "2")]), ["subnet-2", "subnet-2"]);
    assert_eq!(subnets(&[(Opt::Count, "3")]), ["subnet-2", "subnet-2", "subnet-1"], "one is in a already");
    let refused = world.refused("new-server", &[REPLICA, (Opt::Zone, "us-east-1d")]);
    assert!(refused.contains("no zone in fabulaws-config.yml `us-east-1d`"), "{refused}");
}

#[test]
fn what_is_asked_for_in_a_way_that_makes_no_sense_is_refused() {
    let world = world(&["cache"]);
    let refused = |options: &[(Opt, &str)]| world.refused("new-server", options);
    for (options, why) in [
        (vec![], "say what the server is for: --role cache"),
        (vec![(Opt::Role, "cahce")], "there is no role `cahce`; did you mean `cache`?"),
        (vec![(Opt::Role, "web")], "web servers of staging come from its group"),
        (vec![CACHE, (Opt::Branch, "main")], "a cache server runs no code of the project"),
        (vec![CACHE, (Opt::Count, "0")], "--count wants a number from 1 to 20, not 0"),
        (vec![CACHE, (Opt::Count, "2")], "an environment has one cache server"),
    ] {
        assert!(refused(&options).starts_with(why), "{}", refused(&options));
    }
    let old = world.plan("new-server", &[(Opt::Role, "db-slave")]).unwrap();
    assert_eq!(old.title, "make a db-replica server");
}

#[test]
fn r18_a_second_cache_or_primary_beside_one_in_use_is_refused() {
    for (role, why) in [(CACHE, "sessions and tasks are in it"), (PRIMARY, "the data are in it")] {
        let mut world = world(&[]);
        let refused = world.refused("new-server", &[role]);
        assert!(refused.contains(why) && refused.contains("i-staging-"), "{refused}");
        let there = world.parts.servers.iter_mut().find(|one| one.role.role.word() == role.1).unwrap();
        there.role = RoleTag::parse(&format!("{}-OLD", role.1));
        assert!(world.plan("new-server", &[role]).is_ok(), "one out of use is no obstacle");
    }
    let mut world = world(&["db-primary"]);
    world.parts.servers[0].role = RoleTag::parse("combo");
    assert!(world.refused("new-server", &[PRIMARY]).contains("i-staging-web0"));
}

#[test]
fn a_replica_of_nothing_is_refused_and_one_that_another_run_makes_is_told() {
    let mut world = world(&["db-primary"]);
    let refused = world.refused("new-server", &[REPLICA]);
    assert!(refused.contains("has no db-primary in use"), "{refused}");
    world.parts.servers.iter_mut().for_each(|server| {
        if server.role.role == Role::DbReplica {
            server.role = RoleTag::parse("db-primary-PENDING");
        }
    });
    let plan = world.plan("new-server", &[PRIMARY]).unwrap();
    assert!(
        plan.notes.iter().any(|note| note.starts_with("i-staging-db-replica is tagged db-primary-PENDING")),
        "{:?}",
        plan.notes
    );
    world.parts.servers.iter_mut().for_each(|server| server.power = Power::Terminated);
    assert!(world.refused("new-server", &[REPLICA]).contains("no db-primary"));
}

#[test]
fn secrets_are_named_before_anything_starts_with_the_file_they_belong_in() {
    let mut world = world(&["cache"]);
    ground(&mut world).unfit.push(("broker_password".into(), "is empty"));
    let refused = world.refused("new-server", &[CACHE]);
    assert_eq!(
        refused,
        "broker_password is empty: not every service takes such a password. Give it another value in fabsecrets_staging.py"
    );
    ground(&mut world).secrets.clear();
    let refused = world.refused("new-server", &[CACHE]);
    assert_eq!(
        refused,
        "a cache server wants broker_password, which has no value: write it into fabsecrets_staging.py"
    );
    assert!(world.refused("new-server", &[REPLICA]).contains("wants database_password"));
}

/// Changes what the config says.
type Spoil = fn(&mut BuildPlace);

#[test]
fn what_the_config_does_not_say_or_says_wrong_is_refused_with_where_to_write_it() {
    let mut world = world(&["cache"]);
    let cases: [(Spoil, &str); 7] = [
        (|build| build.image = None, "names no image"),
        (|build| build.zones.clear(), "under `avail_zones`"),
        (|build| build.roles[0].1.instance_type = None, "under `instance_types`"),
        (|build| build.roles[0].1.security_groups.clear(), "under `security_groups`"),
        (
            |build| build.roles[0].1.security_groups = vec!["no-such-sg".into()],
            "security group no-such-sg is not known",
        ),
        (|build| build.admin_groups.push("a b".into()), "`a b` is no name of a group"),
        (|build| build.roles[0].1.volume_gb = Some(20), "write `app_root`"),
    ];
    let before = world.place.build.clone();
    for (spoil, why) in cases {
        build(&mut world, spoil);
        let refused = world.refused("new-server", &[CACHE]);
        assert!(refused.contains(why), "{refused}");
        world.place.build = Arc::clone(&before);
    }
    for (settings, networks, why) in [
        (("a b", "1"), "10.0.0.0/8", "`a b` is no setting"),
        (("work_mem", "1MB"), "10.0.0.0", "`10.0.0.0` is no network"),
        (("work_mem", "1MB"), "10.0.0.0/33", "is no network"),
    ] {
        build(&mut world, |build| {
            build.database.settings = vec![(settings.0.into(), settings.1.into())];
            build.database.networks = vec![networks.into()];
        });
        let refused = world.refused("new-server", &[REPLICA]);
        assert!(refused.contains(why) && refused.contains("db_settings"), "{refused}");
    }
}

#[test]
fn r23_people_get_their_keys_and_one_that_is_none_stops_it() {
    let mut world = world(&["cache"]);
    let plan = world.plan("new-server", &[CACHE]).unwrap();
    let script = &job(&plan, "people").script;
    assert!(script.contains("person 'ana' 'Ana' 'ssh-ed25519 AAAA ana'"), "{script}");
    assert!(script.contains("deploy_keys='ssh-ed25519 AAAA ana'"), "{script}");
    ground(&mut world).people = Some(Err("users/ana:2: this is a private key".into()));
    assert_eq!(world.refused("new-server", &[CACHE]), "users/ana:2: this is a private key");
    let deployer = Person { user: "myproject".into(), full_name: String::new(), keys: Vec::new() };
    ground(&mut world).people = Some(Ok(vec![deployer]));
    assert!(world.refused("new-server", &[CACHE]).contains("as the user who owns the code"));
}

#[test]
fn room_is_asked_for_where_they_go() {
    let world = world(&[]);
    let (snapshot, topology) = (world.snapshot(), world.topology());
    let mut told = Options::default();
    told.set(Opt::Role, "db-replica").unwrap();
    told.set(Opt::Count, "3").unwrap();
    let asked = find("new-server").unwrap().room(&world.facts(&snapshot, &topology), &told).unwrap();
    assert_eq!(asked.instance_type.as_deref(), Some("m6i.large"));
    assert_eq!(asked.subnets, SubnetChoice::Named(vec!["subnet-1".into(), "subnet-2".into()]));
}
