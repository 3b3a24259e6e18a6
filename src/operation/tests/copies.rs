//! backup-database, restore-database and reload-data.

use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::fleet::{Fact, Power, measured};
use crate::plan::{Action, Lasts, Plan, Step, Undo};

const GIB: u64 = 1 << 30;
const FILE: &str = "/var/lib/postgresql/backups/myproject_staging-20261120T031500.dump";

/// A replica that streams and is so many seconds behind.
fn streaming(delay: Option<f64>) -> Fact {
    Fact::Postgres(Box::new(measured::Postgres {
        in_recovery: true,
        database_bytes: Some(12 * GIB),
        replica: Some(measured::Replica {
            receiver: Some("streaming".into()),
            delay,
            ..measured::Replica::default()
        }),
        ..measured::Postgres::default()
    }))
}

fn disk(path: &str, available: u64) -> measured::Mount {
    measured::Mount {
        path: path.into(),
        device: "/dev/nvme1n1".into(),
        size: 1_000 * GIB,
        used: 1_000 * GIB - available,
        available,
        inodes_percent: None,
        read_only: false,
    }
}

fn disks(world: &mut World, server: &str, available: u64) {
    let mounts = vec![disk("/", 900 * GIB), disk("/var/lib/postgresql", available)];
    world.measure(server, Fact::Disks(measured::Disks { mounts }));
}

/// A database of 12 GiB on both of its servers, each with a disk that has 100 GiB left.
pub(super) fn world() -> World {
    let mut world = bare();
    world.measure("i-staging-db-replica", streaming(Some(0.0)));
    world
}

/// The same, of whose replica nothing is known but its disk.
fn bare() -> World {
    let mut world = World::with_releases(2);
    let layout = crate::fleet::Layout {
        database: "myproject_staging".into(),
        database_user: "myproject".into(),
        ..(*world.place.layout).clone()
    };
    world.place.layout = Arc::new(layout);
    let primary = measured::Postgres { database_bytes: Some(12 * GIB), ..measured::Postgres::default() };
    world.measure("i-staging-db-primary", Fact::Postgres(Box::new(primary)));
    disks(&mut world, "i-staging-db-primary", 100 * GIB);
    disks(&mut world, "i-staging-db-replica", 100 * GIB);
    world
}

fn script<'p>(plan: &'p Plan, title: &str) -> &'p str {
    let Action::Job(job) = &the(plan, title).action else { panic!("{title} is a job") };
    &job.script
}

fn back(step: &Step) -> &str {
    let Action::Job(job) = &step.action else { panic!("{} is a job", step.title) };
    job.back.as_deref().unwrap()
}

fn restore(world: &World) -> Plan {
    world.plan("restore-database", &[(Opt::Backup, FILE)]).unwrap()
}

#[test]
fn a_backup_as_it_is_shown() {
    assert_snapshot!(show(&world().plan("backup-database", &[]).unwrap()));
}

#[test]
fn a_restore_as_it_is_shown() {
    assert_snapshot!(show(&restore(&world())));
}

#[test]
fn a_backup_is_taken_from_the_replica_that_keeps_up_and_without_one_from_the_primary() {
    let world = world();
    let plan = world.plan("backup-database", &[]).unwrap();
    assert_eq!(plan.steps[0].target, "i-staging-db-replica");
    assert!(script(&plan, "dump").contains("most_behind='300'"));
    let named = world.plan("backup-database", &[(Opt::Servers, "i-staging-db-primary")]).unwrap();
    assert_eq!(named.steps[0].target, "i-staging-db-primary");
    let mut alone = bare();
    alone.parts.servers.retain(|server| server.id.as_str() != "i-staging-db-replica");
    assert_eq!(alone.plan("backup-database", &[]).unwrap().steps[0].target, "i-staging-db-primary");
    let wrong = world.refused("backup-database", &[(Opt::Servers, "i-staging-web-0")]);
    assert!(wrong.contains("no database server of staging"), "{wrong}");
}

#[test]
fn a_replica_that_is_behind_or_of_which_that_is_not_known_is_refused_and_the_primary_named() {
    for (delay, words) in
        [(Some(Some(3_600.0)), "behind its primary"), (Some(None), "not known"), (None, "not known")]
    {
        let mut world = bare();
        if let Some(delay) = delay {
            world.measure("i-staging-db-replica", streaming(delay));
        }
        let refused = world.plan("backup-database", &[]).unwrap_err();
        assert_eq!(refused.word(), Some("stale-replica"));
        let told = refused.to_string();
        assert!(told.contains(words) && told.contains("--servers i-staging-db-primary"), "{told}");
        let plan = world.plan("backup-database", &[(Opt::Override, "stale-replica")]).unwrap();
        assert!(script(&plan, "dump").contains("most_behind=''"));
    }
}

#[test]
fn a_disk_that_has_no_room_is_refused_before_anything_is_written() {
    let mut world = world();
    disks(&mut world, "i-staging-db-replica", 8 * GIB);
    let refused = world.plan("backup-database", &[]).unwrap_err();
    assert_eq!(refused.word(), Some("little-room"));
    assert!(refused.to_string().contains("8.0 GiB free"), "{refused}");
    let elsewhere = world.plan("backup-database", &[(Opt::To, "/srv/backups")]).unwrap();
    assert!(script(&elsewhere, "dump").contains("to='/srv/backups'"), "another disk");
    let plan = world.plan("backup-database", &[(Opt::Override, "little-room")]).unwrap();
    assert!(script(&plan, "dump").contains("tight='yes'"));
    // What is restored on the primary comes to the replica, too.
    let refused = world.plan("restore-database", &[(Opt::Backup, FILE)]).unwrap_err();
    assert_eq!(refused.word(), Some("little-room"));
    assert!(refused.to_string().contains("i-staging-db-replica"), "{refused}");
}

#[test]
fn a_backup_is_encrypted_where_the_config_names_a_key_and_old_ones_go_only_when_somebody_says_so() {
    let mut world = world();
    let plan = world.plan("backup-database", &[]).unwrap();
    assert!(plan.notes.iter().any(|note| note.starts_with("It is not encrypted")), "{:?}", plan.notes);
    assert!(script(&plan, "dump").contains("keep=''") && plan.cannot_undo.is_empty());
    let layout = crate::fleet::Layout { backup_key: "ABCD 1234".into(), ..(*world.place.layout).clone() };
    world.place.layout = Arc::new(layout);
    let plan = world.plan("backup-database", &[(Opt::Keep, "7")]).unwrap();
    assert!(plan.title.contains(".dump.gpg") && script(&plan, "dump").contains("key='ABCD 1234'"));
    assert!(script(&plan, "dump").contains("keep='7'") && plan.cannot_undo[0].contains("7 backups"));
    assert!(world.refused("backup-database", &[(Opt::Keep, "0")]).contains("keep at least 1"));
}

#[test]
fn r1_a_restore_loads_first_and_then_holds_the_group_before_the_page_goes_up_and_anything_stops() {
    let plan = restore(&world());
    let load = the(&plan, "load it into a database of its own");
    assert!(load.after.is_empty());
    let hold = the(&plan, "suspend ");
    assert!(hold.title.contains("ReplaceUnhealthy") && hold.title.contains("Launch"), "{}", hold.title);
    let page = the(&plan, "put the maintenance page up");
    let swap = the(&plan, "cut connections, and change the names");
    assert!(waits_for(&plan, hold, load) && waits_for(&plan, page, hold));
    for stop in steps(&plan, "stop ") {
        assert!(waits_for(&plan, stop, page) && waits_for(&plan, swap, stop), "{}", stop.title);
    }
    let last = plan.steps.last().unwrap();
    assert_eq!(last.action.restores(), &[hold.id, page.id]);
    assert!(steps(&plan, "start ").iter().all(|start| waits_for(&plan, start, swap)));
    assert!(waits_for(&plan, last, the(&plan, "start Celery")));
}

#[test]
fn a_restore_keeps_the_old_database_says_what_is_lost_and_goes_back_by_the_names() {
    let plan = restore(&world());
    let swap = the(&plan, "cut connections, and change the names");
    assert!(swap.destructive && swap.lasts == Lasts::UnlessStopped);
    let names = |script: &str| {
        let of = |name: &str| {
            let line = script.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once('=').unwrap().1.trim_matches('\'').to_owned()
        };
        (of("aside="), of("comes="))
    };
    let (before, incoming) = names(script(&plan, "cut connections, and change the names"));
    assert!(
        before.starts_with("myproject_staging_before_") && incoming.starts_with("myproject_staging_from_")
    );
    assert_eq!(names(back(swap)), (incoming.clone(), before.clone()), "the same, the other way round");
    assert!(back(the(&plan, "load it")).contains(&incoming), "what was loaded is dropped");
    // What replicas' connections read is put right after the names are back, and so by an earlier step.
    let follows = the(&plan, "see that the replica follows");
    assert!(waits_for(&plan, swap, follows) && matches!(follows.undo, Undo::Reverse(_)) && follows.soft);
    assert_eq!(names(back(follows)), (incoming, before.clone()));
    let said = plan.notes.join("\n");
    assert!(said.contains("2026-11-20 03:15 UTC") && said.contains(&format!("dropdb {before}")), "{said}");
    assert!(plan.by_name, "its name is typed, whatever environment it is");
    let migrate = the(&plan, "migrate the database");
    assert!(waits_for(&plan, migrate, swap) && waits_for(&plan, the(&plan, "start Celery"), migrate));
    let as_it_is = world().plan("restore-database", &[(Opt::Backup, FILE), (Opt::NoMigrate, "")]).unwrap();
    assert!(steps(&as_it_is, "migrate").is_empty());
}

#[test]
fn a_restore_wants_a_file_and_a_primary_that_runs() {
    let mut world = world();
    assert!(world.refused("restore-database", &[]).contains("wants --backup"));
    let relative = Options::default().set(Opt::Backup, "backups/x.dump").unwrap_err();
    assert!(relative.to_string().contains("begins with /"), "{relative}");
    let primary = world.parts.servers.iter_mut().find(|server| server.id.as_str() == "i-staging-db-primary");
    primary.unwrap().power = Power::Stopped;
    let refused = world.refused("restore-database", &[(Opt::Backup, FILE)]);
    assert!(refused.contains("no primary that runs"), "{refused}");
}

#[test]
fn a_backup_that_is_on_the_replica_comes_to_the_primary_first_and_goes_again() {
    let world = world();
    let there = (Opt::Servers, "i-staging-db-replica");
    let plan = world.plan("restore-database", &[(Opt::Backup, FILE), there]).unwrap();
    let over = the(&plan, "bring the file over");
    assert!(
        waits_for(&plan, the(&plan, "load it"), over)
            && waits_for(&plan, over, the(&plan, "see that there is room"))
    );
    assert_eq!(the(&plan, "delete the file").target, "i-staging-db-primary");
    let named =
        world.plan("restore-database", &[(Opt::Backup, FILE), (Opt::Servers, "i-staging-db-primary")]);
    assert!(steps(&named.unwrap(), "bring").is_empty());
}

#[test]
fn a_name_that_postgresql_would_cut_is_refused() {
    let mut world = world();
    let layout = crate::fleet::Layout { database: "x".repeat(48), ..(*world.place.layout).clone() };
    world.place.layout = Arc::new(layout);
    assert!(world.refused("restore-database", &[(Opt::Backup, FILE)]).contains("63 letters"));
}

/// The hook in the place of FabulAWS's task, as it is there.
fn site(runs: Option<Result<(), String>>) -> crate::template::SiteFacts {
    let hook = crate::template::Hook {
        name: "post_reload_production_db".into(),
        at: "fabfile.py:44".into(),
        path: "deployment/hooks/post_reload_production_db".into(),
        is_replaced: runs.is_some(),
        runs,
    };
    crate::template::SiteFacts {
        settings: None,
        services: Vec::new(),
        missing: Vec::new(),
        tells_new_relic: false,
        secrets_file: "fabsecrets_staging.py".into(),
        hooks: vec![hook],
        ground: crate::template::Ground {
            secrets: ["database_password".to_owned()].into(),
            ..crate::template::Ground::default()
        },
        drift: None,
    }
}

/// Staging beside production, whose replica keeps up, and a project that has the hook.
fn two() -> World {
    let mut world = world();
    let mut production = world.parts.add("production", 2);
    production.production = true;
    let layout =
        crate::fleet::Layout { database: "myproject_production".into(), ..(*world.place.layout).clone() };
    production.layout = Arc::new(layout);
    world.others.push(production);
    world.measure("i-production-db-replica", streaming(Some(0.4)));
    disks(&mut world, "i-production-db-replica", 100 * GIB);
    world.site = Some(site(Some(Ok(()))));
    world
}

const PRODUCTION: (Opt, &str) = (Opt::From, "production");

#[test]
fn data_of_production_in_staging_as_it_is_shown() {
    assert_snapshot!(show(&two().plan("reload-data", &[PRODUCTION]).unwrap()));
}

#[test]
fn r14_nothing_that_could_send_mail_runs_from_before_the_copy_is_migrated_until_it_is_in_use() {
    let plan = two().plan("reload-data", &[PRODUCTION]).unwrap();
    let order = [
        "dump the database of production",
        "bring the file over",
        "load it into a database of its own",
        "suspend ",
        "put the maintenance page up",
        "stop Celery",
        "migrate the copy",
        "give the site the first domain",
        "run deployment/hooks/post_reload_production_db",
        "empty queues",
        "cut connections, and change the names",
        "start Celery",
        "take the page off",
    ];
    for two in order.windows(2) {
        assert!(waits_for(&plan, the(&plan, two[1]), the(&plan, two[0])), "{two:?}: {}", show(&plan));
    }
    for stop in steps(&plan, "stop Gunicorn") {
        assert!(waits_for(&plan, the(&plan, "migrate the copy"), stop), "{}", stop.title);
    }
    for start in steps(&plan, "start ") {
        assert!(
            waits_for(&plan, start, the(&plan, "cut connections, and change the names")),
            "{}",
            start.title
        );
    }
    assert!(script(&plan, "migrate the copy").contains("dummy.EmailBackend"));
}

#[test]
fn r14_the_copy_is_migrated_and_made_harmless_under_its_own_name_and_with_the_password_in_no_script() {
    let plan = two().plan("reload-data", &[PRODUCTION]).unwrap();
    for title in ["migrate the copy", "run deployment/hooks"] {
        let step = the(&plan, title);
        let Action::Job(job) = &step.action else { panic!("{title} is a job") };
        assert_eq!(step.target, "i-staging-worker");
        assert!(job.script.contains("incoming='myproject_staging_from_"), "{title}");
        assert!(job.files.iter().any(|file| file.variable == "database_password"), "{title}");
    }
    let domain = script(&plan, "give the site the first domain");
    assert!(
        domain.contains("domain='staging.example.com'")
            && domain.contains("incoming='myproject_staging_from_")
    );
    // Nobody's rights are taken over.
    assert!(script(&plan, "load it").contains("set -- -O -x '--role=myproject'"));
}

#[test]
fn data_are_read_from_the_replica_and_the_plan_names_it_and_the_size() {
    let world = two();
    let plan = world.plan("reload-data", &[PRODUCTION]).unwrap();
    assert_eq!(the(&plan, "dump the database").target, "i-production-db-replica");
    assert!(plan.title.contains("i-production-db-replica, 12 GiB"), "{}", plan.title);
    assert!(script(&plan, "dump the database").contains("database='myproject_production'"));
    let named = [PRODUCTION, (Opt::Servers, "i-production-db-primary")];
    assert_eq!(the(&world.plan("reload-data", &named).unwrap(), "dump").target, "i-production-db-primary");
    let mut stale = two();
    stale.measure("i-production-db-replica", streaming(None));
    assert_eq!(stale.plan("reload-data", &[PRODUCTION]).unwrap_err().word(), Some("stale-replica"));
}

#[test]
fn production_is_never_written_over_and_an_environment_has_its_own_data_already() {
    let mut world = two();
    assert!(world.refused("reload-data", &[]).contains("wants --from"));
    assert!(world.refused("reload-data", &[(Opt::From, "staging")]).contains("its own data already"));
    assert!(world.refused("reload-data", &[(Opt::From, "prodction")]).contains("did you mean `production`"));
    world.place.production = true;
    let refused = world.plan("reload-data", &[PRODUCTION, (Opt::Override, "production")]).unwrap_err();
    assert_eq!(refused.word(), None, "no word overrides it");
    assert!(refused.to_string().contains("production_environments"), "{refused}");
}

#[test]
fn r20_without_the_hook_real_people_stay_in_the_data_so_that_it_is_refused_until_somebody_says_so() {
    let mut world = two();
    for (runs, words) in [
        (None, "there is no executable deployment/hooks/post_reload_production_db"),
        (Some(Err("it runs on the operator's machine".to_owned())), "operator's machine"),
    ] {
        world.site = Some(site(runs));
        let refused = world.plan("reload-data", &[PRODUCTION]).unwrap_err();
        assert_eq!(refused.word(), Some("no-hooks"));
        assert!(
            refused.to_string().contains(words) && refused.to_string().contains("real people"),
            "{refused}"
        );
        let plan = world.plan("reload-data", &[PRODUCTION, (Opt::Override, "no-hooks")]).unwrap();
        assert!(steps(&plan, "run deployment/hooks").is_empty() && plan.overrides.len() == 1);
    }
    let mut secretless = site(Some(Ok(())));
    secretless.ground.secrets.clear();
    world.site = Some(secretless);
    assert!(world.refused("reload-data", &[PRODUCTION]).contains("database_password is not in"));
}

#[test]
fn what_a_stopped_reload_has_made_goes_again_and_a_good_one_leaves_no_file_behind() {
    let plan = two().plan("reload-data", &[PRODUCTION]).unwrap();
    for title in ["dump", "bring the file over", "load it", "cut connections, and change the names"] {
        let step = the(&plan, title);
        assert!(step.lasts == Lasts::UnlessStopped && matches!(step.undo, Undo::Reverse(_)), "{title}");
    }
    let gone: Vec<&str> = steps(&plan, "delete the file").iter().map(|step| step.target.as_str()).collect();
    assert_eq!(gone, ["i-production-db-replica", "i-staging-db-primary"]);
}
