//! The data volume of a new server: what it is, where it is bound before what would write there, and what is refused.

use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::fleet::{BuildPlace, NewVolume, Role};
use crate::plan::{Action, Plan};

/// An environment without servers of these roles, whose config wants a data volume for every one.
fn world(without: &[&str]) -> World {
    let mut world = new_server::world(without);
    build(&mut world, |build| {
        build.volume_root = Some("/srv/app".into());
        build.ebs_encrypt = true;
        for (_, place) in &mut build.roles {
            place.volume_gb = Some(100);
            place.volume_type = Some("gp3".into());
        }
    });
    world
}

fn build(world: &mut World, change: impl FnOnce(&mut BuildPlace)) {
    change(Arc::make_mut(&mut world.place.build));
}

fn of_role(role: &'static str) -> (Opt, &'static str) {
    (Opt::Role, role)
}

fn volumes(plan: &Plan) -> &[NewVolume] {
    let Action::Launch { server, .. } = &the(plan, "launch a server").action else { panic!() };
    &server.volumes
}

fn script<'p>(plan: &'p Plan, name: &str) -> (usize, &'p str) {
    let jobs = plan.steps.iter().enumerate();
    let mut found = jobs.filter_map(|(number, step)| match &step.action {
        Action::Job(job) if job.name == name => Some((number, job.script.as_str())),
        _ => None,
    });
    found.next().unwrap()
}

#[test]
fn a_primary_with_its_volume_as_it_is_shown() {
    let world = world(&["db-primary", "db-replica"]);
    assert_snapshot!(show(&world.plan("new-server", &[of_role("db-primary")]).unwrap()));
}

#[test]
fn r15_a_volume_comes_with_its_server_and_goes_with_it_but_a_database_s_stays() {
    let volume = |role, without: &[&str]| {
        let plan = world(without).plan("new-server", &[of_role(role)]).unwrap();
        let [volume] = volumes(&plan) else { panic!() };
        volume.clone()
    };
    let cache = volume("cache", &["cache"]);
    let wanted = NewVolume {
        device: "/dev/sdf".into(),
        gb: 100,
        kind: Some("gp3".into()),
        encrypted: true,
        keeps: false,
    };
    assert_eq!(cache, wanted);
    assert!(volume("db-primary", &["db-primary", "db-replica"]).keeps && volume("db-replica", &[]).keeps);
    let told = world(&[]).plan("new-server", &[of_role("db-replica")]).unwrap();
    assert!(told.notes.iter().any(|note| note.contains("stays when that server is terminated")));
    let without = new_server::world(&["cache"]).plan("new-server", &[of_role("cache")]).unwrap();
    assert!(volumes(&without).is_empty() && without.steps.iter().all(|step| !step.title.contains("volume")));
}

#[test]
fn directories_are_bound_before_the_packages_that_would_write_there() {
    for (role, without, directories, first) in [
        ("cache", "cache", "/var/lib/redis /var/lib/rabbitmq", "redis"),
        ("db-primary", "db-primary", "/var/lib/postgresql", "postgres"),
        ("db-replica", "", "/var/lib/postgresql", "postgres"),
    ] {
        let plan = world(&[without]).plan("new-server", &[of_role(role)]).unwrap();
        let (at, script_of_it) = script(&plan, "volume");
        assert!(script_of_it.contains(&format!("directories='{directories}'")), "{script_of_it}");
        assert!(script_of_it.contains("mount_at='/srv/app'\n") && script_of_it.contains("fs_type='ext4'\n"));
        assert!(script(&plan, "packages").0 < at && at < script(&plan, "people").0);
        assert!(at < script(&plan, first).0, "{role}");
    }
}

#[test]
fn create_environment_makes_volumes_too() {
    let plan = world(&["cache", "db-primary", "db-replica"]).plan("create-environment", &[]).unwrap();
    let made = plan.steps.iter().filter(|step| step.title.contains("mount the data volume"));
    assert_eq!(made.count(), 3);
}

#[test]
fn r10_a_locked_volume_waits_for_its_passphrase_and_no_release_of_a_group_has_one() {
    let mut world = world(&["db-primary", "db-replica"]);
    build(&mut world, |build| build.fs_encrypt = true);
    let plan = world.plan("new-server", &[of_role("db-primary")]).unwrap();
    let wanted = plan.wants_typed();
    assert_eq!(wanted.len(), 1);
    assert!(wanted[0].name == "luks_passphrase" && wanted[0].anew, "it is chosen now, and typed twice");
    let Action::Job(job) = &plan.steps[script(&plan, "volume").0].action else { panic!() };
    assert!(job.script.contains("locks='yes'\n") && job.files[0].variable == "luks_passphrase");
    assert!(
        script(&plan, "swap").1.contains("file='/srv/app/swapfile'\n"),
        "what was in memory is locked, too"
    );
    assert!(plan.notes.iter().any(|note| note.contains("unlock-and-mount staging")), "{:?}", plan.notes);
    new_server::ground(&mut world).secrets.insert("luks_passphrase".into());
    assert_eq!(world.plan("new-server", &[of_role("db-primary")]).unwrap().wants_typed(), []);
    let mut web = app_servers::world(&[]);
    build(&mut web, |build| {
        build.fs_encrypt = true;
        let web = build.roles.iter_mut().find(|(role, _)| *role == Role::Web).unwrap();
        web.1.volume_gb = Some(100);
    });
    let judged = web.refused("create-release", &[(Opt::FromBase, ""), (Opt::Changeset, CHANGESET)]);
    assert!(judged.contains("R10") && judged.contains("write `ebs_encrypt: true`"), "{judged}");
}

/// A changeset that nobody has to be asked for.
const CHANGESET: &str = "5e6f7081928374655647382910fedcba01234567";

/// Changes what the config says.
type Spoil = fn(&mut BuildPlace);

#[test]
fn what_cannot_be_made_is_refused_with_what_to_write_instead() {
    let cases: [(Spoil, &str); 7] = [
        (|build| build.volume_root = None, "write `app_root`"),
        (|build| build.volume_root = Some("srv/app".into()), "`srv/app` is no directory"),
        (|build| build.volume_root = Some("/srv/a b".into()), "`/srv/a b` is no directory"),
        (|build| build.volume_root = Some("/srv/../etc".into()), "is no directory"),
        (|build| build.volume_root = Some("/var".into()), "is no directory"),
        (|build| build.fs_type = Some("zfs".into()), "`fs_type` is one of ext4, ext3, xfs, btrfs"),
        (|build| build.roles[0].1.volume_type = Some("io2".into()), "write gp3 under `volume_types`"),
    ];
    for (spoil, why) in cases {
        let mut world = world(&["cache"]);
        build(&mut world, spoil);
        let refused = world.refused("new-server", &[of_role("cache")]);
        assert!(refused.contains(why) && refused.contains("100 GB for a cache server"), "{refused}");
        build(&mut world, |build| {
            let cache = build.roles.iter_mut().find(|(role, _)| *role == Role::Cache).unwrap();
            cache.1.volume_gb = None;
        });
        assert!(world.plan("new-server", &[of_role("cache")]).is_ok(), "without a volume nobody asks");
    }
}
