//! new-server for what runs the project's code, and create-release from the empty image: plans, rules, and what is refused.

use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::fleet::{
    AppPlace, BuildPlace, DatabasePlace, Failure, FailureKind, Layout, Measured, Power, Role, RolePlace,
    ServiceFile, ZonePlace,
};
use crate::plan::{Action, HostJob, Lasts, Plan, TextOf, Undo};
use crate::repo::Question;
use crate::template::{Ground, Hook, SiteFacts, Source};

const WORKER: (Opt, &str) = (Opt::Role, "worker");
const WEB: (Opt, &str) = (Opt::Role, "web");
const COMBO: (Opt, &str) = (Opt::Role, "combo");
const HEAD: &str = "5e6f7081928374655647382910fedcba01234567";

fn source(template: &str) -> Source {
    Source { template: template.into(), ours: false, sources: "d1".into(), unknown: Vec::new() }
}

/// An environment without servers of some roles, whose config says what new ones are.
pub(super) fn world(without: &[&str]) -> World {
    let mut world = World::with_releases(2);
    world.parts.servers.retain(|server| !without.contains(&server.role.role.word()));
    let kind = |role| {
        let security_groups = vec!["sg-1".to_owned()];
        (role, RolePlace { instance_type: Some("m5.large".into()), security_groups, ..RolePlace::default() })
    };
    world.place.build = Arc::new(BuildPlace {
        image: Some("ami-ubuntu".into()),
        zones: vec![ZonePlace { zone: "us-east-1a".into(), subnet: Some("subnet-1".into()) }],
        roles: [Role::Worker, Role::Web, Role::Combo].map(kind).into(),
        database: DatabasePlace { networks: vec!["10.0.0.0/8".into()], ..DatabasePlace::default() },
        app: AppPlace {
            repo: Some("git@git.example.com:example/myproject.git".into()),
            static_root: "/home/myproject/www/staging/static_media".into(),
            media_root: "/home/myproject/www/staging/uploaded_media".into(),
            ..AppPlace::default()
        },
        ..BuildPlace::default()
    });
    layout(&mut world, |layout| {
        layout.database = "myproject_staging".into();
        layout.database_user = "myproject".into();
        layout.pgbouncer_port = 6432;
    });
    world.place.branch = Some("develop".into());
    world.site = Some(SiteFacts {
        hooks: Vec::new(),
        services: vec![
            (ServiceFile::Supervisor, Ok(source("supervisor.conf"))),
            (ServiceFile::Nginx, Ok(source("nginx.conf"))),
        ],
        settings: Some(Ok(source("local_settings.py"))),
        missing: Vec::new(),
        tells_new_relic: false,
        secrets_file: "fabsecrets_staging.py".into(),
        drift: None,
        ground: Ground {
            secrets: ["database_password", "repository_key"].map(ToOwned::to_owned).into(),
            known_hosts: Some(Ok("git.example.com ssh-ed25519 K\n".into())),
            ..Ground::default()
        },
    });
    world
}

fn layout(world: &mut World, change: impl FnOnce(&mut Layout)) {
    change(Arc::make_mut(&mut world.place.layout));
}

fn site(world: &mut World) -> &mut SiteFacts {
    world.site.as_mut().unwrap()
}

fn app(world: &mut World) -> &mut AppPlace {
    &mut Arc::make_mut(&mut world.place.build).app
}

fn job<'p>(plan: &'p Plan, name: &str) -> Option<&'p HostJob> {
    plan.steps.iter().find_map(|step| match &step.action {
        Action::Job(job) if job.name == name => Some(&**job),
        _ => None,
    })
}

fn script<'p>(plan: &'p Plan, name: &str) -> &'p str {
    &job(plan, name).unwrap_or_else(|| panic!("{name}: {}", show(plan))).script
}

/// Nothing runs yet: the group launches nothing, and only databases and cache are there.
fn fresh() -> World {
    let mut world = world(&["worker", "web"]);
    world.group().launch = None;
    world.group().members.clear();
    world.forget_measured();
    world.head("develop", Ok(HEAD));
    world
}

#[test]
fn a_second_worker_as_it_is_shown() {
    assert_snapshot!(show(&world(&[]).plan("new-server", &[WORKER]).unwrap()));
}

#[test]
fn a_combo_as_it_is_shown() {
    let mut world = fresh();
    world.parts.servers.retain(|server| server.role.role == Role::Cache);
    assert_snapshot!(show(&world.plan("new-server", &[COMBO]).unwrap()));
}

#[test]
fn a_release_from_the_empty_image_as_it_is_shown() {
    let mut world = world(&[]);
    world.head("develop", Ok(HEAD));
    assert_snapshot!(show(&world.plan("create-release", &[(Opt::FromBase, "")]).unwrap()));
}

#[test]
fn r17_a_worker_takes_the_place_of_another_whose_beat_stops_before_the_new_one_starts() {
    let world = world(&[]);
    let replaces = (Opt::Replaces, "i-staging-worker");
    let plan = world.plan("new-server", &[WORKER, replaces]).unwrap();
    let (stop, start) = (the(&plan, "stop Celery"), the(&plan, "start Celery, beat and the camera"));
    assert_eq!(stop.target, "i-staging-worker");
    assert!(waits_for(&plan, start, stop) && waits_for(&plan, stop, the_job(&plan, "requirements")));
    let (used, old) = (the(&plan, "put it to use"), the(&plan, "take it out of use"));
    assert!(used.settles.contains(&stop.id) && used.settles.contains(&start.id), "until then both go back");
    assert!(waits_for(&plan, old, used));
    assert_eq!((old.target.as_str(), old.becomes.as_deref()), ("i-staging-worker", Some("worker-OLD")));
    assert!(steps(&plan, "stop it").is_empty() && plan.notes.iter().any(|note| note.contains("--stop-old")));
    let plan = world.plan("new-server", &[WORKER, replaces, (Opt::StopOld, "")]).unwrap();
    assert!(waits_for(&plan, the(&plan, "stop it, and wait"), the(&plan, "take it out of use")));
    let replica = world.refused("new-server", &[(Opt::Role, "db-replica"), replaces]);
    assert!(replica.contains("--replaces is for workers"), "{replica}");
    assert!(world.refused("new-server", &[WORKER, (Opt::StopOld, "")]).contains("--replaces"));
}

#[test]
fn r17_a_worker_that_does_not_answer_is_stopped_by_ec2_before_the_new_one_begins() {
    let world = world(&[]);
    let replaces = (Opt::Replaces, "i-staging-worker");
    let mut snapshot = world.snapshot();
    let mut one: Measured = snapshot.measured(&"i-staging-worker".into()).cloned().unwrap_or_default();
    one.unreachable = Some(Failure {
        since: crate::fleet::sample::epoch(),
        kind: FailureKind::Unreachable,
        message: "no route to host".into(),
    });
    snapshot.measured.insert("i-staging-worker".into(), std::sync::Arc::new(one));
    let refused = world.plan_from(&snapshot, "new-server", &[WORKER, replaces]).unwrap_err().to_string();
    assert!(refused.contains("no route to host") && refused.contains("--stop-old"), "{refused}");
    let plan = world.plan_from(&snapshot, "new-server", &[WORKER, replaces, (Opt::StopOld, "")]).unwrap();
    let stops = steps(&plan, "stop it, and wait until it is");
    let start = the(&plan, "start Celery, beat and the camera");
    assert!(waits_for(&plan, start, stops[0]), "its beat has stopped first");
    assert!(steps(&plan, "stop Celery").is_empty(), "nobody is asked there");
}

#[test]
fn r17_beat_comes_to_the_worker_that_takes_the_place_of_one_that_is_stopped_and_nobody_asks_that_one() {
    let mut world = world(&[]);
    let old = world.parts.servers.iter_mut().find(|s| s.id.as_str() == "i-staging-worker").unwrap();
    old.power = Power::Stopped;
    let plan = world.plan("new-server", &[WORKER, (Opt::Replaces, "i-staging-worker")]).unwrap();
    assert!(steps(&plan, "stop Celery").is_empty(), "there is nobody to ask");
    the(&plan, "start Celery, beat and the camera");
    assert_eq!(the(&plan, "take it out of use").becomes.as_deref(), Some("worker-OLD"));
    assert!(plan.notes.iter().any(|note| note.contains("beat comes to the new one")), "{:?}", plan.notes);
}

#[test]
fn a_new_worker_has_the_code_that_the_environment_runs_and_the_repository_is_asked_for_nothing_else() {
    let world = world(&[]);
    let runs = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";
    let plan = world.plan("new-server", &[WORKER]).unwrap();
    assert!(script(&plan, "code").contains(runs));
    assert!(
        matches!(&world.asks("new-server", &[WORKER])[..], [Question::Commit(one)] if one.as_str() == runs)
    );
    let refused = world.refused("new-server", &[WORKER, (Opt::Changeset, "77aa01cd")]);
    assert!(refused.contains("staging runs a1b2c3d") && refused.contains("not 77aa01c"), "{refused}");
    assert!(
        world.plan("new-server", &[WORKER, (Opt::Changeset, "a1b2c3d4")]).is_ok(),
        "the same, said again"
    );
    assert!(world.asks("new-server", &[(Opt::Role, "cache")]).is_empty());
}

#[test]
fn where_nothing_runs_the_first_worker_has_the_branchs_head_and_migrates_and_makes_static_files() {
    let world = fresh();
    let plan = world.plan("new-server", &[WORKER]).unwrap();
    assert!(script(&plan, "code").contains(HEAD));
    for name in ["migrate", "collectstatic", "compress"] {
        assert!(waits_for(&plan, the(&plan, "start Celery"), the_job(&plan, name)), "{name}");
    }
    assert!(plan.cannot_undo[0].starts_with("migrations"));
    let plan = world.plan("new-server", &[WORKER, (Opt::NoMigrate, "")]).unwrap();
    assert!(job(&plan, "migrate").is_none());
    let refused = world.refused("new-server", &[WORKER, (Opt::Count, "2")]);
    assert!(refused.contains("make it without --count"), "{refused}");
}

fn the_job<'p>(plan: &'p Plan, name: &str) -> &'p crate::plan::Step {
    let is = |step: &&crate::plan::Step| matches!(&step.action, Action::Job(job) if job.name == name);
    plan.steps.iter().find(is).unwrap()
}

#[test]
fn what_the_others_run_is_not_guessed() {
    let mut world = world(&[]);
    world.forget_measured();
    world.group().launch = None;
    world.group().members.clear();
    let refused = world.refused("new-server", &[WORKER]);
    assert!(
        refused.contains("which code staging runs is not known") && refused.contains("--changeset"),
        "{refused}"
    );
    assert!(world.plan("new-server", &[WORKER, (Opt::Changeset, "77aa01cd")]).is_ok());
}

#[test]
fn r17_beat_and_the_camera_run_on_one_worker_and_a_new_one_beside_it_has_neither() {
    let second = world(&[]).plan("new-server", &[WORKER, (Opt::Count, "2")]).unwrap();
    let starts = steps(&second, "start Celery, without beat");
    assert_eq!(starts.len(), 2);
    assert!(
        script(&second, "services").contains("beat='no'")
            && script(&second, "celery-start").contains("beat='no'")
    );
    assert!(
        second
            .notes
            .iter()
            .any(|note| note.contains("beat and the camera stay on") && note.contains("i-staging-worker"))
    );
    let first = fresh().plan("new-server", &[WORKER]).unwrap();
    assert!(
        script(&first, "services").contains("beat='yes'")
            && script(&first, "celery-start").contains("beat='yes'")
    );
    let start = the(&first, "start Celery, beat and the camera");
    assert!(matches!(&start.undo, Undo::Reverse(words) if words.contains("tasks waited for")));
    assert!(the(&first, "put it to use").settles.contains(&start.id));
    let kept = fresh().plan("new-server", &[WORKER, (Opt::KeepFailed, "")]).unwrap();
    assert_eq!(the(&kept, "start Celery").lasts, Lasts::Stays);
}

#[test]
fn r2_a_web_server_is_in_use_once_django_and_nginx_answer() {
    let mut world = world(&[]);
    let refused = world.refused("new-server", &[WEB]);
    assert!(refused.starts_with("web servers of staging come from its group staging-ag"), "{refused}");
    world.place.group = None;
    let plan = world.plan("new-server", &[WEB]).unwrap();
    let tag = the(&plan, "put it to use");
    for title in ["wait until Django answers", "start Nginx", "see that the health check answers over HTTPS"]
    {
        assert!(waits_for(&plan, tag, the(&plan, title)), "{title}");
    }
    assert!(waits_for(&plan, the(&plan, "start Nginx"), the(&plan, "wait until Django")));
    assert!(steps(&plan, "start Celery").is_empty() && steps(&plan, "migrate").is_empty());
    assert!(plan.notes.iter().any(|note| note.contains("add-to-load-balancer staging")), "{:?}", plan.notes);
}

#[test]
fn r21_what_the_compressor_calls_is_there_before_static_files_are_made() {
    let mut world = world(&[]);
    layout(&mut world, |layout| layout.code.static_local = true);
    app(&mut world).less = Some("4.1.3".into());
    let plan = world.plan("new-server", &[WORKER]).unwrap();
    assert!(script(&plan, "less").contains("less='4.1.3'"));
    assert!(waits_for(&plan, the_job(&plan, "collectstatic"), the_job(&plan, "less")));
    assert!(waits_for(&plan, the_job(&plan, "less"), the_job(&plan, "code")));
}

#[test]
fn r22_a_combo_is_its_own_primary_and_pgbouncer_has_another_port_there() {
    let mut world = fresh();
    let refused = world.refused("new-server", &[COMBO]);
    assert!(refused.contains("has a db-primary server in use"), "{refused}");
    world.parts.servers.retain(|server| server.role.role == Role::Cache);
    let plan = world.plan("new-server", &[COMBO]).unwrap();
    let TextOf::Template { site, .. } = &job(&plan, "settings").unwrap().files[0].of else { panic!() };
    assert_eq!((site.primary.known(), site.role.as_str()), (Some("127.0.0.1"), "combo"));
    layout(&mut world, |layout| layout.pgbouncer_port = 5432);
    assert!(world.refused("new-server", &[COMBO]).contains("give `pgbouncer_port`"));
}

#[test]
fn a_repository_that_needs_a_key_which_nobody_has_is_refused_with_what_to_do() {
    let mut world = world(&[]);
    let plan = world.plan("new-server", &[WORKER]).unwrap();
    let clone = job(&plan, "repository").unwrap();
    assert!(matches!(&clone.files[0].of, TextOf::Secret { name } if name == "repository_key"));
    assert!(clone.script.contains("known_hosts='git.example.com ssh-ed25519 K'"));
    site(&mut world).ground.secrets.remove("repository_key");
    let refused = world.refused("new-server", &[WORKER]);
    assert!(
        refused.contains("on git.example.com") && refused.contains("fabsecrets_staging.py as repository_key"),
        "{refused}"
    );
    let plan = world.plan("new-server", &[WORKER, (Opt::Override, "no-key")]).unwrap();
    assert!(job(&plan, "repository").unwrap().files.is_empty());
    site(&mut world).ground.known_hosts = None;
    let plan = world.plan("new-server", &[WORKER, (Opt::Override, "no-key")]).unwrap();
    assert!(plan.notes.iter().any(|note| note.contains("deployment/known_hosts")), "{:?}", plan.notes);
    app(&mut world).repo = Some("https://git.example.com/myproject.git".into());
    assert!(world.plan("new-server", &[WORKER]).is_ok(), "a public one wants no key");
    app(&mut world).repo = Some("https://ana:secret@git.example.com/myproject.git".into());
    let refused = world.refused("new-server", &[WORKER]);
    assert!(refused.contains("password in it") && !refused.contains("secret@"), "{refused}");
    app(&mut world).repo = None;
    assert!(world.refused("new-server", &[WORKER]).contains("`repo`"));
}

/// Spoils what a plan needs.
type Spoil = fn(&mut World);

#[test]
fn what_a_new_server_could_not_run_with_is_refused_whatever_is_overridden() {
    let cases: [(Spoil, &str); 8] = [
        (|world| site(world).settings = None, "names no localsettings_template"),
        (|world| site(world).missing.push("smtp_password".into()), "secrets are missing: smtp_password"),
        (|world| site(world).services[0].1 = Err("supervisor.conf:3: no".into()), "supervisor.conf:3: no"),
        (
            |world| world.parts.servers.retain(|server| server.role.role != Role::Cache),
            "staging has no cache",
        ),
        (|world| app(world).python = Some("/usr/bin/python2.7".into()), "mend `python`"),
        (|world| app(world).packages.push("a; b".into()), "mend `app_server_packages`"),
        (|world| app(world).less = Some("4 && x".into()), "mend `less_version`"),
        (|world| layout(world, |layout| layout.celery_app.clear()), "`celery_application`"),
    ];
    for (spoil, why) in cases {
        let mut world = world(&[]);
        spoil(&mut world);
        let refused = world.refused("new-server", &[WORKER, (Opt::Override, "old-settings,old-services")]);
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn r20_hooks_that_fabulaws_would_run_there_are_refused_until_somebody_goes_on_without() {
    let mut world = world(&[]);
    world.head("develop", Ok(HEAD));
    site(&mut world).hooks = vec![Hook {
        name: "post_bootstrap".into(),
        at: "fabfile.py:9".into(),
        path: "deployment/hooks/post_bootstrap".into(),
        is_replaced: false,
        runs: None,
    }];
    for (operation, option) in [("new-server", WORKER), ("create-release", (Opt::FromBase, ""))] {
        let refused = world.refused(operation, &[option]);
        assert!(
            refused.contains("post_bootstrap of fabfile.py:9") && refused.ends_with("--override no-hooks"),
            "{refused}"
        );
        assert!(world.plan(operation, &[option, (Opt::Override, "no-hooks")]).is_ok());
    }
    let refused = world.refused(
        "create-release",
        &[(Opt::FromBase, ""), (Opt::NoServices, ""), (Opt::Override, "no-hooks")],
    );
    assert!(refused.ends_with("leave --no-services out"), "{refused}");
    assert!(world.plan("create-release", &[]).is_ok(), "the last image has what hooks left there");
}

#[test]
fn r20_a_replacement_that_runs_on_servers_is_run_before_anything_starts_and_one_that_does_not_says_why() {
    let mut world = world(&[]);
    world.head("develop", Ok(HEAD));
    let hook = |runs| Hook {
        name: "post_bootstrap".into(),
        at: "fabfile.py:9".into(),
        path: "deployment/hooks/post_bootstrap".into(),
        is_replaced: true,
        runs: Some(runs),
    };
    site(&mut world).hooks = vec![hook(Ok(()))];
    for (operation, option) in [("new-server", WORKER), ("create-release", (Opt::FromBase, ""))] {
        let plan = world.plan(operation, &[option]).unwrap();
        let run = the(&plan, "run deployment/hooks/post_bootstrap");
        let Action::Job(job) = &run.action else { panic!() };
        assert!(job.names_server && job.user.as_deref() == Some("root"));
        assert_eq!(job.files[0].of, TextOf::Hook { path: "deployment/hooks/post_bootstrap".into() });
        assert!(waits_for(&plan, run, the(&plan, "install its requirements")));
        let starts = if operation == "new-server" { "start Celery" } else { "start Gunicorn" };
        let started = plan.steps.iter().find(|step| step.title.starts_with(starts)).unwrap();
        assert!(waits_for(&plan, started, run), "{operation}");
        assert!(
            plan.notes
                .iter()
                .any(|note| note.contains("in the place of the task post_bootstrap of fabfile.py:9"))
        );
    }
    site(&mut world).hooks =
        vec![hook(Err("deployment/hooks/post_bootstrap does not say where it runs".into()))];
    let refused = world.refused("new-server", &[WORKER]);
    assert!(
        refused.contains("does not say where it runs") && refused.ends_with("--override no-hooks"),
        "{refused}"
    );
}

#[test]
fn r20_what_the_project_does_before_rsyslog_is_run_only_where_logs_go_there() {
    let mut world = world(&[]);
    world.head("develop", Ok(HEAD));
    site(&mut world).hooks = vec![Hook {
        name: "pre_install_rsyslog".into(),
        at: "deployment/hooks/pre_install_rsyslog".into(),
        path: "deployment/hooks/pre_install_rsyslog".into(),
        is_replaced: true,
        runs: Some(Ok(())),
    }];
    let plan = world.plan("new-server", &[WORKER]).unwrap();
    assert!(plan.steps.iter().all(|step| !step.title.contains("hooks") && !step.title.contains("ship logs")));
    let logs = |world: &mut World, change: fn(&mut crate::fleet::LogsPlace)| {
        change(&mut Arc::make_mut(&mut world.place.build).logs);
    };
    logs(&mut world, |logs| logs.syslog = Some("logs.example.com:514".into()));
    logs(&mut world, |logs| logs.cloudwatch_key = Some("AKIA123".into()));
    let plan = world.plan("new-server", &[WORKER]).unwrap();
    let ships = the(&plan, "ship logs by rsyslog");
    assert!(waits_for(&plan, ships, the(&plan, "run deployment/hooks/pre_install_rsyslog")));
    let wanted = plan.wants_typed();
    assert!(
        wanted.len() == 1 && wanted[0].name == "awslogs_secret_access_key" && !wanted[0].anew,
        "{wanted:?}"
    );
    for (change, why) in [
        (
            (|logs| logs.syslog = Some("a b".into())) as fn(&mut crate::fleet::LogsPlace),
            "mend `syslog_server`",
        ),
        (
            |logs| {
                logs.syslog = None;
                logs.gelf = Some("x\ny".into());
            },
            "mend `gelf_log_host`",
        ),
        (
            |logs| {
                logs.gelf = None;
                logs.cloudwatch_key = Some("A K".into());
            },
            "mend `awslogs_access_key_id`",
        ),
    ] {
        logs(&mut world, change);
        let refused = world.refused("new-server", &[WORKER]);
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn a_release_whose_image_is_gone_is_built_upon_the_empty_one_like_what_the_group_launches() {
    let mut world = world(&[]);
    world.head("develop", Ok(HEAD));
    world.parts.images.clear();
    let plan = world.plan("create-release", &[]).unwrap();
    assert!(plan.notes[0].contains("ami-1") && plan.notes[0].contains("was deleted"), "{:?}", plan.notes);
    let Action::Launch { server, .. } = &the(&plan, "launch a builder from the empty image").action else {
        panic!()
    };
    assert_eq!(server.image.as_str(), "ami-ubuntu");
    assert!(server.tags.contains(&("role".into(), "web-PENDING".into())));
    let clean = the(&plan, "remove host keys");
    for title in ["wait until Django answers", "see that the health check answers over HTTPS"] {
        assert!(waits_for(&plan, clean, the(&plan, title)), "{title}");
    }
    assert!(waits_for(&plan, the(&plan, "make an image of it"), clean));
    let Action::Release { release, .. } = &the(&plan, "make a launch configuration").action else { panic!() };
    assert_eq!(release.like.label(), "myproject_staging_lc_2026.11.20-08.30.05_a1b2c3d4");
}
