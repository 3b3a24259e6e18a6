//! Room for the servers that are launched.

use super::fixture::room;
use super::*;
use crate::fleet::{LaunchSource, RoomQuestion, SubnetChoice};

const LATEST: (Opt, &str) = (Opt::Release, "latest");

/// What an operation is told.
type Told = &'static [(Opt, &'static str)];

/// Every operation that launches servers of two, with how many it launches beside those there are.
const LAUNCHES: [(&str, Told, u32); 7] = [
    ("deploy-serial", &[LATEST], 1),
    ("deploy-serial", &[LATEST, (Opt::Batch, "3")], 3),
    ("deploy-full", &[LATEST], 4),
    ("rollback", &[(Opt::Release, "9f8e7d6c")], 1),
    ("rollback", &[(Opt::Release, "9f8e7d6c"), (Opt::Full, "")], 4),
    ("set-sizes", &[(Opt::Desired, "6")], 2),
    ("create-release", &[(Opt::Changeset, "5e6f708")], 1),
];

fn refused_unless(world: &World, operation: &str, options: &[(Opt, &str)], given: &'static str) -> String {
    let refused = world.plan(operation, options).unwrap_err();
    assert_eq!(refused.word(), Some(given), "{operation}: {refused}");
    let mut typed = options.to_vec();
    typed.push((Opt::Override, given));
    let plan = world.plan(operation, &typed).unwrap();
    assert!(plan.overrides[0].starts_with(given), "{operation}: {:?}", plan.overrides);
    refused.to_string()
}

#[test]
fn servers_that_find_no_address_are_refused_and_each_subnet_is_named_with_its_count() {
    let mut world = World::with_releases(4);
    for (operation, options, more) in LAUNCHES {
        world.room = Some(room(more.div_ceil(2), 100));
        assert!(world.plan(operation, options).is_ok(), "{operation} fits");
        world.room.as_mut().unwrap().subnets.as_mut().unwrap()[0].free = more / 2;
        world.room.as_mut().unwrap().subnets.as_mut().unwrap()[1].free = (more - 1) / 2;
        let refused = refused_unless(&world, operation, options, "no-addresses");
        assert!(refused.contains("subnet-1 in us-east-1a has"), "{operation}: {refused}");
        assert!(refused.contains("subnet-2 in us-east-1b has"), "{operation}: {refused}");
    }
    world.room = Some(room(1, 100));
    assert_eq!(
        world.refused("deploy-full", &[LATEST]),
        "4 servers more do not fit where staging-ag launches: subnet-1 in us-east-1a has 1 free address, subnet-2 in \
         us-east-1b has 1 free address. Let go what holds addresses there, or give it another subnet. To do it all the \
         same: --override no-addresses"
    );
}

#[test]
fn servers_beyond_the_quota_of_vcpus_are_refused_with_the_quota_to_raise() {
    let mut world = World::with_releases(4);
    for (operation, options, more) in LAUNCHES {
        world.room = Some(room(100, more * 2));
        assert!(world.plan(operation, options).is_ok(), "{operation} fits");
        world.room = Some(room(100, more * 2 - 1));
        refused_unless(&world, operation, options, "over-quota");
    }
    assert_eq!(
        world.refused("create-release", &[(Opt::Changeset, "5e6f708")]),
        "1 server more would take 2 vCPUs, and 1 is left: of the 8,192 that this account may run on demand in us-east-1 \
         of the class Standard (A, C, D, H, I, M, R, T, Z), 8,191 run, everybody's servers counted. Ask AWS to raise \
         quota L-1216C47A, or let go what is not needed. To do it all the same: --override over-quota"
    );
}

#[test]
fn what_is_not_known_of_the_room_is_a_note_and_no_refusal() {
    let mut world = World::with_releases(4);
    for (operation, options, _) in LAUNCHES {
        let denied = "these credentials may not do it.";
        world.room = Some(crate::fleet::Room { subnets: Err(denied.into()), vcpus: Err(denied.into()) });
        let notes = world.plan(operation, options).unwrap().notes;
        let told: Vec<&String> = notes.iter().filter(|note| note.ends_with("may not do it.")).collect();
        assert_eq!(told.len(), 2, "{operation}: {notes:?}");
        assert!(told[0].starts_with("Whether there are addresses where"), "{}", told[0]);
        assert!(told[1].starts_with("Whether the quota of vCPUs has room for"), "{}", told[1]);
        world.room = None;
        let notes = world.plan(operation, options).unwrap().notes;
        assert!(notes.iter().any(|note| note.ends_with("was not looked at.")), "{operation}: {notes:?}");
        world.room = Some(room(0, 100));
        world.room.as_mut().unwrap().subnets.as_mut().unwrap().clear();
        let notes = world.plan(operation, options).unwrap().notes;
        assert!(notes.iter().any(|note| note.ends_with("AWS knows none of the subnets.")), "{notes:?}");
    }
}

#[test]
fn a_full_subnet_beside_one_with_room_is_told_and_stops_nothing() {
    let mut world = World::with_releases(4);
    world.room.as_mut().unwrap().subnets.as_mut().unwrap()[1].free = 1;
    let plan = world.plan("deploy-full", &[LATEST]).unwrap();
    assert!(plan.notes.iter().any(|note| note.starts_with("subnet-2 in us-east-1b has 1 free address: ")));
    let plan = world.plan("deploy-serial", &[LATEST]).unwrap();
    assert!(!plan.notes.iter().any(|note| note.starts_with("subnet-2")), "one server fits there");
}

#[test]
fn members_that_are_there_already_take_no_more_room() {
    let mut world = World::with_releases(4);
    world.group().desired = 2;
    world.room = Some(room(0, 0));
    assert!(world.plan("set-sizes", &[(Opt::Desired, "4")]).is_ok(), "four are there");
    assert!(world.plan("set-sizes", &[(Opt::Max, "9")]).is_ok(), "nobody comes");
    assert!(world.plan("set-sizes", &[(Opt::Desired, "1")]).is_ok());
    assert_eq!(world.plan("set-sizes", &[(Opt::Desired, "5")]).unwrap_err().word(), Some("no-addresses"));
}

#[test]
fn where_nothing_is_to_be_done_nobody_asks_for_room() {
    let mut world = World::with_releases(4);
    world.room = Some(room(0, 0));
    for operation in ["deploy-serial", "deploy-full"] {
        let refused = world.plan(operation, &[(Opt::Release, "a1b2c3d4")]).unwrap_err();
        assert!(matches!(refused, Refused::Nothing(_)), "{operation}: {refused}");
    }
}

fn asked(world: &World, operation: &str, options: &[(Opt, &str)]) -> Option<RoomQuestion> {
    let mut told = Options::default();
    for (opt, value) in options {
        told.set(*opt, value).unwrap();
    }
    let (snapshot, topology) = (world.snapshot(), world.topology());
    find(operation).unwrap().room(&world.facts(&snapshot, &topology), &told)
}

#[test]
fn room_is_looked_at_where_servers_come_and_for_their_type() {
    let mut world = World::with_releases(4);
    world.releases[0].instance_type = Some("c6i.large".into());
    world.parts.launch[0].instance_type = Some("t3.medium".into());
    let zones = SubnetChoice::DefaultOf(vec!["us-east-1a".into()]);
    let kind = |operation, options: &[(Opt, &str)]| {
        let question = asked(&world, operation, options)?;
        assert_eq!(question.subnets, zones, "{operation}");
        question.instance_type
    };
    assert_eq!(kind("deploy-serial", &[LATEST]).as_deref(), Some("c6i.large"));
    assert_eq!(kind("deploy-full", &[LATEST]).as_deref(), Some("c6i.large"));
    assert_eq!(kind("rollback", &[(Opt::Release, "9f8e7d6c")]), None, "that one does not say");
    assert_eq!(kind("set-sizes", &[(Opt::Desired, "9")]).as_deref(), Some("t3.medium"));
    assert_eq!(kind("create-release", &[(Opt::Changeset, "5e6f708")]).as_deref(), Some("t3.medium"));
    world.group().subnets = vec!["subnet-9".into(), "subnet-8".into()];
    let named = |ids: &[&str]| SubnetChoice::Named(ids.iter().map(ToString::to_string).collect());
    let at = |operation, options| asked(&world, operation, options).unwrap().subnets;
    assert_eq!(at("deploy-serial", &[LATEST]), named(&["subnet-9", "subnet-8"]));
    assert_eq!(
        at("create-release", &[(Opt::Changeset, "5e6f708")]),
        named(&["subnet-9"]),
        "the builder's own"
    );
}

#[test]
fn whoever_launches_nothing_or_nobody_knows_what_asks_for_no_room() {
    let mut world = World::with_releases(4);
    for operation in OPERATIONS {
        // A rotation makes a release, whose builder is asked for as create-release asks for its own.
        let launches = ["rotate-secret", "push-secrets"].contains(&operation.name)
            || LAUNCHES.iter().any(|(name, ..)| *name == operation.name);
        if !launches {
            assert_eq!(asked(&world, operation.name, &[]), None, "{}", operation.name);
        }
    }
    assert_eq!(asked(&world, "set-sizes", &[(Opt::Desired, "3")]), None, "fewer");
    assert_eq!(asked(&world, "deploy-serial", &[(Opt::Release, "beef")]), None);
    world.group().overrides = vec![LaunchSource::Configuration { name: "other".into() }];
    let question = asked(&world, "set-sizes", &[(Opt::Desired, "9")]).unwrap();
    assert_eq!(question.instance_type, None, "of several types nobody knows which one comes");
}
