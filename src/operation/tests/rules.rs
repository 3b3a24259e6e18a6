//! Rules of operation, by number.

use std::time::Duration;

use super::*;
use crate::fleet::sample::{epoch, server};
use crate::fleet::{Activity, HealthState, LoadBalancer, Reading, Source};
use crate::plan::{Action, Converge, Kind, Lasts, Page, Plan, Setting, Step, Undo, Value};
use crate::repo::Danger;

const LATEST: (Opt, &str) = (Opt::Release, "latest");

fn converge(step: &Step) -> &Converge {
    let Action::Converge(converge) = &step.action else { panic!("{step:?}") };
    converge
}

fn of_kind(plan: &Plan, kind: Kind) -> &Step {
    let is = |step: &&Step| matches!(&step.action, Action::Converge(converge) if converge.kind == kind);
    plan.steps.iter().find(is).unwrap()
}

#[test]
fn r2_new_servers_answer_django_s_own_check_past_nginx_before_old_ones_leave() {
    let world = World::with_releases(2);
    let serial = world.plan("deploy-serial", &[LATEST]).unwrap();
    let full = world.plan("deploy-full", &[LATEST]).unwrap();
    for step in [of_kind(&serial, Kind::Replace), of_kind(&full, Kind::Join), of_kind(&full, Kind::Shrink)] {
        let check = converge(step).check.as_deref().unwrap();
        assert!(
            check.starts_with("# sandbox: health\n") && check.contains("127.0.0.1:$gunicorn_port"),
            "{check}"
        );
    }
    assert!(waits_for(&full, of_kind(&full, Kind::Shrink), of_kind(&full, Kind::Join)));
    let web = world.plan("deploy-web", &[LATEST]).unwrap();
    for (health, again) in steps(&web, "wait until Django").into_iter().zip(steps(&web, "register i-")) {
        assert!(waits_for(&web, again, health));
    }
}

#[test]
fn r3_what_would_launch_or_remove_servers_stays_suspended_until_the_page_is_off() {
    let mut world = World::with_releases(3);
    world.group().max = 4;
    let plan = world.plan("deploy-full", &[LATEST]).unwrap();
    let quiet = the(&plan, "suspend AddToLoadBalancer");
    for process in ["AlarmNotification", "AZRebalance", "ReplaceUnhealthy", "ScheduledActions"] {
        assert!(quiet.title.contains(process), "{}", quiet.title);
    }
    let (grow, launch) = (of_kind(&plan, Kind::Grow), the(&plan, "suspend Launch"));
    let up = of_kind(&plan, Kind::Page(Page::Healthy));
    let (off, back) = (the(&plan, "take the maintenance page off"), the(&plan, "put the group back"));
    assert!(waits_for(&plan, grow, quiet) && waits_for(&plan, launch, grow) && waits_for(&plan, up, launch));
    assert!(waits_for(&plan, off, of_kind(&plan, Kind::Shrink)) && waits_for(&plan, back, off));
    assert!(back.action.restores().contains(&quiet.id) && back.action.restores().contains(&launch.id));
    assert_eq!(off.action.restores(), [up.id]);
    assert!(waits_for(&plan, the(&plan, "migrate"), up), "nobody writes while the schema changes");
    let room = the(&plan, "make room for 3 more");
    assert_eq!(room.change().unwrap(), "3 of 1–4 → 3 of 1–6", "raising the most is shown");
    assert!(back.action.restores().contains(&room.id), "and put back");
    let join = converge(of_kind(&plan, Kind::Join));
    assert_eq!(join.balancers, ["staging-lb".into()], "registered by us, for the group does not");
}

#[test]
fn r5_serial_suspends_azrebalance_and_puts_it_back() {
    let plan = World::with_releases(3).plan("deploy-serial", &[LATEST]).unwrap();
    let quiet = the(&plan, "suspend AZRebalance");
    assert_eq!(quiet.lasts, Lasts::UntilTheEnd);
    assert!(waits_for(&plan, of_kind(&plan, Kind::Replace), quiet));
    assert!(the(&plan, "put the group back").action.restores().contains(&quiet.id));
}

#[test]
fn r5_the_grace_period_is_compared_with_the_boot_time_measured() {
    let mut world = World::with_releases(2);
    let mut snapshot = world.snapshot();
    let activity = Activity {
        id: "1".into(),
        description: "Launching a new EC2 instance: i-1".into(),
        cause: String::new(),
        started_at: Some(epoch() - jiff::SignedDuration::from_secs(400)),
        ended_at: Some(epoch() - jiff::SignedDuration::from_secs(80)),
        status: "Successful".into(),
        status_message: None,
        progress: 100,
    };
    let reading = Reading::taken(Source::AutoScalingDescribeActivities, vec![activity], epoch());
    snapshot.activities.insert("staging-ag".into(), reading.clone());
    let refused = world.plan_from(&snapshot, "deploy-serial", &[LATEST]).unwrap_err();
    assert_eq!(refused.word(), Some("short-grace"));
    assert!(refused.to_string().contains("5 min"), "{refused}");
    world.group().grace_period = Duration::from_secs(900);
    snapshot = world.snapshot();
    snapshot.activities.insert("staging-ag".into(), reading);
    let plan = world.plan_from(&snapshot, "deploy-serial", &[LATEST]).unwrap();
    assert_eq!(converge(of_kind(&plan, Kind::Replace)).patience_s, 1_200);
    assert!(
        plan.notes.iter().any(|note| note.starts_with("The last servers took 5 min to boot")),
        "{:?}",
        plan.notes
    );
}

#[test]
fn r5_several_load_balancers_all_count() {
    let mut world = World::with_releases(3);
    let first = world.parts.load_balancers[0].clone();
    world.parts.load_balancers.push(LoadBalancer { name: "staging-lb2".into(), ..first });
    let mut health = world.parts.health["staging-lb"].clone();
    health[0].state = HealthState::OutOfService;
    world.parts.health.insert("staging-lb2".into(), health);
    world.place.load_balancers.push("staging-lb2".into());
    let refused = world.refused("deploy-serial", &[LATEST]);
    assert!(refused.starts_with("staging-ag does not register its servers with staging-lb2"), "{refused}");
    world.group().load_balancers.push("staging-lb2".into());
    let plan = world.plan("deploy-serial", &[LATEST]).unwrap();
    let replace = converge(of_kind(&plan, Kind::Replace));
    assert_eq!(replace.balancers.len(), 2);
    assert_eq!(replace.at_least, 2, "in service at both");
}

#[test]
fn r6_a_deploy_that_stops_points_the_group_back_and_one_that_has_replaced_everything_does_not() {
    let world = World::with_releases(3);
    let serial = world.plan("deploy-serial", &[LATEST]).unwrap();
    let point = the(&serial, "point the group");
    assert_eq!((point.lasts, &point.undo), (Lasts::UnlessStopped, &Undo::Restore));
    assert!(of_kind(&serial, Kind::Replace).settles.contains(&point.id));
    assert!(
        waits_for(&serial, point, the(&serial, "start Celery")),
        "until then nothing launches the new code"
    );
    let full = world.plan("deploy-full", &[LATEST]).unwrap();
    let (grow, join) = (of_kind(&full, Kind::Grow), of_kind(&full, Kind::Join));
    for step in [the(&full, "point the group"), grow, join] {
        assert_eq!(step.lasts, Lasts::UnlessStopped);
        assert!(join.settles.contains(&step.id), "{}: new servers serve from here on", step.title);
    }
    let shrink = of_kind(&full, Kind::Shrink);
    assert!(waits_for(&full, shrink, join), "old servers go only when new ones stay");
    for step in &full.steps {
        let late = step.lasts == Lasts::UnlessStopped && !join.settles.contains(&step.id);
        assert!(!late, "{} would be taken back after the old servers are gone", step.title);
    }
}

#[test]
fn r7_a_group_that_follows_latest_is_pinned_to_what_its_servers_run_before_anything_else() {
    let plan = World::templated("$Latest").plan("deploy-serial", &[(Opt::Release, "v42")]).unwrap();
    let (pin, point) = (the(&plan, "pin the group"), the(&plan, "point the group"));
    assert_eq!(pin.change().unwrap(), "web $Latest → web v41");
    assert_eq!(pin.lasts, Lasts::Stays, "and never follows again");
    assert_eq!(point.change().unwrap(), "web v41 → web v42");
    assert!(waits_for(&plan, point, pin));
    assert_eq!(converge(of_kind(&plan, Kind::Replace)).back, Some(Value::Launch(template("41"))));
    let numbered = World::templated("41").plan("deploy-serial", &[(Opt::Release, "77aa01cd")]).unwrap();
    assert!(steps(&numbered, "pin").is_empty());
}

#[test]
fn r8_an_image_older_than_the_database_or_the_cache_is_refused() {
    let mut world = World::with_releases(2);
    let cache =
        world.parts.servers.iter_mut().find(|server| server.id.as_str() == "i-staging-cache").unwrap();
    cache.launched_at = Some("2026-11-21T12:00:00Z".parse().unwrap());
    let refused = world.plan("deploy-serial", &[LATEST]).unwrap_err();
    assert_eq!(refused.word(), Some("old-addresses"));
    assert!(refused.to_string().contains("older than cache i-staging-cache"), "{refused}");
    let typed = [LATEST, (Opt::Override, "old-addresses")];
    assert_eq!(world.plan("deploy-serial", &typed).unwrap().overrides.len(), 1);
}

#[test]
fn r8_an_image_older_than_a_promotion_is_neither_deployed_nor_launched_again() {
    let mut world = World::with_releases(2);
    world.parts.launch.clone_from(&world.releases);
    let primary =
        world.parts.servers.iter_mut().find(|server| server.id.as_str() == "i-staging-db-primary").unwrap();
    // Launched long ago, and the primary since a while.
    primary.tags.insert(crate::fleet::ROLE_TAG.into(), "2026-11-21T12:00:00Z".into());
    assert_eq!(world.plan("deploy-serial", &[LATEST]).unwrap_err().word(), Some("old-addresses"));
    world.suspend(&["Launch", "AZRebalance"]);
    let refused = world.plan("resume-processes", &[(Opt::Processes, "Launch")]).unwrap_err();
    assert_eq!(refused.word(), Some("old-addresses"), "{refused}");
    for told in [
        "db-primary i-staging-db-primary",
        "create-release staging --override again",
        "deploy-serial staging",
    ] {
        assert!(refused.to_string().contains(told), "{told}: {refused}");
    }
    // What launches nothing may go on.
    world.plan("resume-processes", &[(Opt::Processes, "AZRebalance")]).unwrap();
}

#[test]
fn r13_serial_refuses_migrations_that_break_old_code_and_proposes_full() {
    let mut world = World::with_releases(2);
    let drops = migration("exports.0043_drop", &[Danger::DropsColumn("export.path".into())]);
    world.between("77aa01cd", vec![migration("exports.0042_add", &[]), drops], vec![]);
    for operation in ["deploy-serial", "deploy-worker"] {
        let refused = world.plan(operation, &[LATEST]).unwrap_err();
        assert_eq!(refused.word(), Some("breaking-migrations"));
        let text = refused.to_string();
        assert!(text.contains("exports.0043_drop drops column export.path. Use deploy-full"), "{text}");
        let plan = world.plan(operation, &[LATEST, (Opt::Override, "breaking-migrations")]).unwrap();
        assert!(plan.overrides[0].contains("exports.0043_drop"), "{:?}", plan.overrides);
    }
    let full = world.plan("deploy-full", &[LATEST]).unwrap();
    assert!(full.overrides.is_empty());
    assert!(full.cannot_undo.iter().any(|what| what.contains("exports.0042_add, exports.0043_drop")));
    let without = world.plan("deploy-serial", &[LATEST, (Opt::NoMigrate, "")]).unwrap();
    assert!(steps(&without, "migrate").is_empty());
    assert!(
        without.notes.iter().any(|note| note.contains("left out by --no-migrate")),
        "{:?}",
        without.notes
    );
}

#[test]
fn r13_what_is_not_known_of_migrations_is_said() {
    let plan = World::with_releases(2).plan("deploy-serial", &[LATEST]).unwrap();
    assert!(
        plan.notes.iter().any(|note| note.contains("not known without the repository")),
        "{:?}",
        plan.notes
    );
    let mut world = World::with_releases(2);
    world.untold("77aa01cd", "the clone in /srv/clone has no changeset 77aa01cd: `git fetch` may bring it");
    let notes = world.plan("deploy-serial", &[LATEST]).unwrap().notes;
    assert!(
        notes.iter().any(|note| note.contains("`git fetch` may bring it. Look at them: one that drops")),
        "{notes:?}"
    );
    assert!(!notes.iter().any(|note| note.contains("without the repository")), "there is one: {notes:?}");
    let mut unclear = migration("exports.0044_sql", &[]);
    unclear.unclear = true;
    world.between("77aa01cd", vec![unclear], vec![]);
    let plan = world.plan("deploy-serial", &[LATEST]).unwrap();
    assert!(plan.notes.iter().any(|note| note.starts_with("Look at exports.0044_sql")), "{:?}", plan.notes);
}

#[test]
fn r13_code_does_not_go_back_behind_a_schema_that_it_does_not_fit() {
    let mut world = World::with_releases(2);
    let drops = migration("exports.0042_drop", &[Danger::DropsTable("exports.Old".into())]);
    world.between("9f8e7d6c", vec![], vec![drops]);
    for way in [vec![], vec![(Opt::Full, "")]] {
        let options: Vec<_> = [(Opt::Release, "9f8e7d6c")].into_iter().chain(way).collect();
        let refused = world.plan("rollback", &options).unwrap_err();
        assert_eq!(refused.word(), Some("newer-schema"));
    }
}

#[test]
fn r17_all_workers_are_deployed_one_migrates_and_old_beats_stop_before_the_new_one_starts() {
    let mut world = World::with_releases(2);
    for n in 2..4 {
        world.parts.servers.push(server(&format!("i-staging-worker{n}"), "staging", "worker"));
    }
    for operation in ["deploy-serial", "deploy-full", "deploy-worker"] {
        let plan = world.plan(operation, &[LATEST]).unwrap();
        let (stops, starts) = (steps(&plan, "stop Celery"), steps(&plan, "start Celery"));
        assert_eq!((stops.len(), starts.len(), steps(&plan, "migrate").len()), (3, 3, 1), "{operation}");
        let beat: Vec<_> = starts.iter().filter(|step| script(step).contains("\nbeat='yes'\n")).collect();
        assert_eq!(beat.len(), 1);
        assert!(stops.iter().all(|stop| waits_for(&plan, beat[0], stop)));
        for stop in stops {
            assert!(stop.deadline_s > 600, "longer than Supervisor's own clock");
            assert!(stop.becomes.as_ref().unwrap().contains("600 s"), "{:?}", stop.becomes);
        }
    }
}

fn script(step: &Step) -> &str {
    let Action::Job(job) = &step.action else { panic!("{step:?}") };
    &job.script
}

#[test]
fn what_stops_a_worker_s_deploy_starts_celery_on_the_old_code_again() {
    let plan = World::with_releases(1).plan("deploy-worker", &[LATEST]).unwrap();
    let back = |title: &str| {
        let step = the(&plan, title);
        assert_eq!(step.lasts, Lasts::UnlessStopped);
        let Action::Job(job) = &step.action else { panic!("{step:?}") };
        job.back.clone().unwrap().lines().next().unwrap().to_owned()
    };
    assert_eq!(back("start Celery"), "# sandbox: celery stop");
    // To what was there, and not to what was measured some time before.
    assert_eq!(back("check out"), "# sandbox: code back 20261122T030004");
    assert_eq!(back("stop Celery"), "# sandbox: celery start");
}

#[test]
fn every_step_that_changes_a_setting_for_the_time_being_is_put_back() {
    let world = World::with_releases(2);
    for operation in ["deploy-serial", "deploy-full", "deploy-web"] {
        let plan = world.plan(operation, &[LATEST]).unwrap();
        for step in plan.steps.iter().filter(|step| step.lasts == Lasts::UntilTheEnd) {
            let restored =
                plan.steps.iter().filter(|other| other.action.restores().contains(&step.id)).count();
            assert_eq!(restored, 1, "{operation}: {}", step.title);
        }
        let touches_min = plan.steps.iter().any(|step| match &step.action {
            Action::Set { settings } => settings.iter().any(|one| {
                matches!((&one.setting, &one.to), (Setting::Sizes { .. }, Value::Sizes(to)) if to.min != 1 || to.desired != 2)
            }),
            _ => false,
        });
        assert!(!touches_min, "{operation}");
    }
}

#[test]
fn r13_the_schema_is_that_of_the_oldest_code_that_runs_where_no_worker_was_measured() {
    let mut world = World::with_releases(2);
    world.forget_measured();
    // A deploy was begun and came to nothing: the group launches what no server runs yet.
    let new = world.releases[0].resolved.clone();
    world.group().launch = Some(new);
    world.between(
        "77aa01cd",
        vec![migration("exports.0042_drop", &[Danger::DropsColumn("row.old".into())])],
        vec![],
    );
    for between in &mut world.repo.as_mut().unwrap().between {
        between.from = "a1b2c3d4".into();
    }
    let refused = world.refused("deploy-serial", &[(Opt::Release, "77aa01cd")]);
    assert!(refused.contains("exports.0042_drop"), "{refused}");
}

#[test]
fn r13_code_does_not_go_to_web_servers_in_place_before_its_migrations() {
    let mut world = World::with_releases(2);
    world.between("77aa01cd", vec![migration("exports.0042_add_index", &[])], vec![]);
    let options = [(Opt::Release, "77aa01cd")];
    let refused = world.plan("deploy-web", &options).unwrap_err();
    assert_eq!(refused.word(), Some("unmigrated"));
    assert!(refused.to_string().contains("exports.0042_add_index"), "{refused}");
    assert!(world.plan("deploy-web", &[options[0], (Opt::Override, "unmigrated")]).is_ok());
}

#[test]
fn r23_an_image_that_is_not_the_newest_brings_back_the_users_and_keys_of_its_time() {
    let mut world = World::with_releases(2);
    world.place.branch = Some("develop".into());
    world.head("develop", Ok("5e6f7081928374655647382910fedcba01234567"));
    let said = |operation: &str, options: &[(Opt, &str)]| {
        let notes = world.plan(operation, options).unwrap().notes;
        notes.into_iter().find(|note| note.contains("users and keys"))
    };
    let old = (Opt::Release, "9f8e7d6c");
    for options in [&[old][..], &[old, (Opt::Full, "")]] {
        let note = said("rollback", options).unwrap();
        assert!(
            note.starts_with("The image of 9f8e7d6 was made 44.0 h ago, and there is a newer one"),
            "{note}"
        );
    }
    assert!(said("deploy-full", &[old]).is_some(), "a deploy of an old release is no better");
    assert_eq!(said("deploy-serial", &[LATEST]), None, "the newest image");
    assert_eq!(said("deploy-web", &[old]), None, "no image is booted");
    assert_eq!(said("create-release", &[]), None, "what it builds upon is what is launched anyway");
}
