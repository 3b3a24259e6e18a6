//! Settings from the project's template: what is planned, and what is refused.

use insta::assert_snapshot;

use super::*;
use crate::fleet::{ServiceFile, sample};
use crate::plan::{Action, HostJob, Plan, Site, Step, TextOf, Undo};
use crate::template::{SiteFacts, Source};

fn source() -> Source {
    Source {
        template: "deployment/templates/local_settings.py".into(),
        ours: false,
        sources: "d1".into(),
        unknown: Vec::new(),
    }
}

fn with(settings: Option<Result<Source, String>>, missing: &[&str]) -> World {
    let mut world = World::with_releases(2);
    world.site = Some(SiteFacts {
        settings,
        services: Vec::new(),
        missing: missing.iter().map(|one| (*one).to_owned()).collect(),
        tells_new_relic: false,
        secrets_file: "fabsecrets_staging.py".into(),
        drift: None,
        hooks: Vec::new(),
        ground: crate::template::Ground::default(),
    });
    world
}

fn jobs(plan: &Plan) -> Vec<(Box<HostJob>, Undo)> {
    let of = |step: &'_ Step| match &step.action {
        Action::Job(job) if job.name == "settings" => Some((job.clone(), step.undo.clone())),
        _ => None,
    };
    plan.steps.iter().filter_map(of).collect()
}

fn site(job: &HostJob) -> &Site {
    let TextOf::Template { site, .. } = &job.files[0].of else { panic!("{job:?}") };
    site
}

const TO: (Opt, &str) = (Opt::Release, "latest");

#[test]
fn a_deploy_writes_settings_with_the_addresses_of_now_and_takes_them_back() {
    let plan = with(Some(Ok(source())), &[]).plan("deploy-worker", &[TO]).unwrap();
    assert_snapshot!(show(&plan));
    for (job, undo) in jobs(&plan) {
        assert_eq!(site(&job).role, "worker");
        assert!(job.back.as_ref().unwrap().contains("before-") && matches!(undo, Undo::Reverse(_)));
    }
}

#[test]
fn r8_a_release_made_anew_has_the_addresses_of_now() {
    let mut world = with(Some(Ok(source())), &[]);
    world.place.branch = Some("develop".into());
    world.head("develop", Ok("5e6f7081928374655647382910fedcba01234567"));
    let plan = world.plan("create-release", &[]).unwrap();
    let all = jobs(&plan);
    assert_eq!((all.len(), site(&all[0].0).role.as_str(), &all[0].0.back), (1, "web", &None));
}

#[test]
fn r19_replicas_keep_their_numbers_when_one_is_added() {
    let mut world = with(Some(Ok(source())), &[]);
    let before = replicas(&world);
    // Its id comes before that of the old one.
    let mut new = sample::server("i-000000", "staging", "db-replica");
    new.private_address = Some("10.9.9.9".into());
    new.launched_at = Some(sample::epoch());
    world.parts.servers.push(new);
    let after = replicas(&world);
    assert_eq!(after, [before, vec!["10.9.9.9".to_owned()]].concat());
}

fn replicas(world: &World) -> Vec<String> {
    let plan = world.plan("deploy-worker", &[TO]).unwrap();
    site(&jobs(&plan)[0].0).replicas.iter().map(ToString::to_string).collect()
}

#[test]
fn settings_that_cannot_be_written_are_refused_until_those_there_will_do() {
    let broken = with(Some(Err("local_settings.py:3: syntax error".into())), &[]);
    let missing = with(Some(Ok(source())), &["broker_password"]);
    for (world, why) in [(&broken, "local_settings.py:3"), (&missing, "broker_password")] {
        let refused = world.refused("deploy-worker", &[TO]);
        assert!(refused.contains(why) && refused.contains("old-settings"), "{refused}");
        let plan = world.plan("deploy-worker", &[TO, (Opt::Override, "old-settings")]).unwrap();
        assert!(jobs(&plan).iter().all(|(job, _)| job.files.is_empty()));
    }
}

#[test]
fn names_that_nobody_knows_are_told_and_no_secret_is_in_a_plan() {
    let unknown = Source { unknown: vec!["sentry_dsn".into()], ..source() };
    let plan = with(Some(Ok(unknown)), &[]).plan("deploy-worker", &[TO]).unwrap();
    assert!(plan.notes.iter().any(|note| note.contains("sentry_dsn")), "{:?}", plan.notes);
}

#[test]
fn new_relic_is_told_last_where_there_is_a_key_and_its_failure_is_only_told() {
    let mut world = World::with_releases(2);
    assert!(steps(&world.plan("deploy-serial", &[TO]).unwrap(), "tell New Relic").is_empty());
    world.site = Some(SiteFacts {
        settings: None,
        services: Vec::new(),
        missing: Vec::new(),
        tells_new_relic: true,
        secrets_file: "fabsecrets_staging.py".into(),
        drift: None,
        hooks: Vec::new(),
        ground: crate::template::Ground::default(),
    });
    for operation in ["deploy-serial", "deploy-full", "deploy-worker"] {
        let plan = world.plan(operation, &[TO]).unwrap();
        let last = plan.steps.last().unwrap();
        assert!(last.soft && last.title.contains("New Relic"), "{operation}: {last:?}");
        let Action::Job(job) = &last.action else { panic!("{last:?}") };
        assert_eq!(job.files[0].of.name(), "newrelic_api_key");
        assert!(!job.script.contains("NRAK"), "the plan has no key");
    }
}

/// With files of services, one of them of the project's own template.
fn with_services() -> World {
    let mut world = with(Some(Ok(source())), &[]);
    let of = |file: ServiceFile| {
        let ours = file != ServiceFile::Nginx;
        (file, Ok(Source { template: file.template().into(), ours, ..source() }))
    };
    if let Some(site) = &mut world.site {
        site.services = ServiceFile::ALL.into_iter().map(of).collect();
    }
    world
}

fn services(plan: &Plan) -> Vec<HostJob> {
    let of = |step: &'_ Step| match &step.action {
        Action::Job(job) if job.name == "services" => Some((**job).clone()),
        _ => None,
    };
    plan.steps.iter().filter_map(of).collect()
}

#[test]
fn files_of_services_go_with_the_settings_before_anything_needs_the_database() {
    let plan = with_services().plan("deploy-worker", &[TO]).unwrap();
    assert_snapshot!(show(&plan));
    let all = services(&plan);
    assert_eq!(all.len(), 1);
    assert!(all[0].back.as_ref().unwrap().contains("before-"));
    let variables: Vec<&str> = all[0].files.iter().map(|file| file.variable.as_str()).collect();
    assert_eq!(variables, ["supervisor", "newrelic_celery", "pgbouncer_users", "pgbouncer", "stunnel"]);
}

#[test]
fn r17_beat_starts_by_itself_on_one_worker_only() {
    let mut world = with_services();
    let mut second = sample::server("i-0fffff", "staging", "worker");
    second.private_address = Some("10.9.9.8".into());
    world.parts.servers.push(second);
    let plan = world.plan("deploy-worker", &[TO]).unwrap();
    let mut beats: Vec<bool> = services(&plan).iter().map(|job| job.script.contains("beat='yes'")).collect();
    beats.sort_unstable();
    assert_eq!(beats, [false, true]);
}

#[test]
fn web_servers_get_nginx_and_their_own_addresses_and_an_image_keeps_no_old_files() {
    let mut world = with_services();
    let plan = world.plan("deploy-web", &[TO]).unwrap();
    assert!(services(&plan).iter().all(|job| job.files.iter().any(|file| file.variable == "nginx")));
    world.place.branch = Some("develop".into());
    world.head("develop", Ok("5e6f7081928374655647382910fedcba01234567"));
    let plan = world.plan("create-release", &[]).unwrap();
    let all = services(&plan);
    assert!(all[0].files.iter().any(|file| file.variable == "own_addresses"));
    assert!(all[0].script.contains("note=''") && all[0].back.is_none());
}

#[test]
fn files_of_services_that_cannot_be_written_are_refused_and_are_left_where_somebody_says_so() {
    let mut world = with_services();
    if let Some(site) = &mut world.site {
        site.services[5].1 = Err("database_password, which pgbouncer.ini needs, is missing".into());
    }
    let refused = world.refused("deploy-worker", &[TO]);
    assert!(refused.contains("database_password") && refused.contains("old-services"), "{refused}");
    for left in [(Opt::Override, "old-services"), (Opt::NoServices, "")] {
        let plan = world.plan("deploy-worker", &[TO, left]).unwrap();
        assert_eq!((services(&plan).len(), jobs(&plan).len()), (0, 1));
    }
}
