//! rotate-secret: the order in which nobody is shut out for longer than it takes, and what is refused.

use insta::assert_snapshot;

use super::*;
use crate::fleet::{SECRETS_TAG, ServiceFile};
use crate::plan::{Action, HostJob, Plan, Step, TextOf};
use crate::template::{Ground, SiteFacts, Source};

pub(super) const BOTH: (Opt, &str) = (Opt::Secret, "database_password,broker_password");

fn source(template: &str, ours: bool) -> Source {
    Source { template: template.into(), ours, sources: "d1".into(), unknown: Vec::new() }
}

pub(super) fn world(secrets: &[&str]) -> World {
    let mut world = World::with_releases(2);
    world.parts.launch.clone_from(&world.releases);
    world.site = Some(SiteFacts {
        settings: Some(Ok(source("deployment/templates/local_settings.py", false))),
        services: vec![
            (ServiceFile::Supervisor, Ok(source("supervisor.conf", true))),
            (ServiceFile::PgBouncer, Ok(source("pgbouncer.ini", true))),
            (ServiceFile::Nginx, Ok(source("nginx.conf", true))),
        ],
        missing: Vec::new(),
        tells_new_relic: false,
        secrets_file: "fabsecrets_staging.py".into(),
        drift: None,
        hooks: Vec::new(),
        ground: Ground {
            secrets: ["broker_password", "database_password", "secret_key"]
                .iter()
                .chain(secrets)
                .map(|name| (*name).to_owned())
                .collect(),
            ..Ground::default()
        },
    });
    world
}

fn ground(world: &mut World) -> &mut Ground {
    &mut world.site.as_mut().unwrap().ground
}

pub(super) fn job(step: &Step) -> &HostJob {
    let Action::Job(job) = &step.action else { panic!("{step:?}") };
    job
}

pub(super) fn all_wait(plan: &Plan, later: &str, earlier: &str) {
    for later in steps(plan, later) {
        for earlier in steps(plan, earlier) {
            assert!(waits_for(plan, later, earlier), "{} waits for {}", later.title, earlier.title);
        }
    }
}

#[test]
fn r16_everything_that_knows_a_password_is_told_the_new_one() {
    assert_snapshot!(show(&world(&[]).plan("rotate-secret", &[BOTH]).unwrap()));
}

#[test]
fn r16_the_new_value_is_on_disk_before_any_server_has_it_and_tasks_wait_for_the_switch() {
    let plan = world(&[]).plan("rotate-secret", &[BOTH]).unwrap();
    let kept = the(&plan, "write new values into the file");
    for step in
        plan.steps.iter().filter(|step| matches!(&step.action, Action::Job(job) if !job.files.is_empty()))
    {
        assert!(waits_for(&plan, step, kept), "{}", step.title);
    }
    all_wait(&plan, "give the roles", "stop Celery");
    all_wait(&plan, "give the roles", "see that");
    all_wait(&plan, "let the replica stream", "give the roles");
    for server in steps(&plan, "write the settings").into_iter().filter(|step| step.lane != "builder") {
        assert!(waits_for(&plan, server, the(&plan, "let the replica stream")), "{}", server.target);
    }
    all_wait(&plan, "restart Gunicorn", "give the user of RabbitMQ");
    all_wait(&plan, "start Celery", "give the user of RabbitMQ");
    assert!(the(&plan, "give the roles").destructive, "what the plan takes for granted is read again");
}

#[test]
fn r8_nothing_is_launched_with_the_old_secrets_once_they_count_no_more() {
    let plan = world(&[]).plan("rotate-secret", &[BOTH]).unwrap();
    all_wait(&plan, "suspend Launch", "make a launch configuration");
    all_wait(&plan, "give the roles", "suspend Launch");
    all_wait(&plan, "point the group", "wait until Django");
    all_wait(&plan, "point the group", "start Celery");
    all_wait(&plan, "let the group launch again", "point the group");
    assert!(the(&plan, "make a launch configuration").settles.is_empty(), "it goes when the secrets go back");
    let marked = the(&plan, "mark releases");
    let lasting = plan.steps.iter().filter(|step| step.lasts == crate::plan::Lasts::UnlessStopped);
    assert_eq!(marked.settles, lasting.map(|step| step.id).collect::<Vec<_>>(), "nothing goes back after it");
    assert!(matches!(&marked.action, Action::Tag { tags, .. } if tags[0].0 == SECRETS_TAG));
}

#[test]
fn r8_a_release_from_before_is_not_deployed_and_one_made_since_is() {
    let mut world = world(&[]);
    let primary = world.parts.servers.iter_mut().find(|server| server.id.as_str() == "i-staging-db-primary");
    let mark = |at: &str| (SECRETS_TAG.to_owned(), at.to_owned());
    let tags = &mut primary.unwrap().tags;
    tags.extend([mark("2026-11-21T10:00:00Z")]);
    assert!(world.plan("deploy-serial", &[(Opt::Release, "latest")]).is_ok());
    let refused = world.refused("rollback", &[(Opt::Release, "9f8e7d6c")]);
    assert!(refused.contains("old-secrets") && refused.contains("create-release --changeset"), "{refused}");
}

#[test]
fn one_secret_changes_only_what_knows_it_and_old_values_are_for_the_way_back_only() {
    let plan = world(&[]).plan("rotate-secret", &[(Opt::Secret, "broker_password")]).unwrap();
    assert!(steps(&plan, "give the roles").is_empty() && steps(&plan, "let the replica").is_empty());
    let broker = the(&plan, "give the user of RabbitMQ");
    let names: Vec<(&str, bool)> = job(broker)
        .files
        .iter()
        .map(|file| (file.of.name(), matches!(file.of, TextOf::SecretBefore { .. })))
        .collect();
    assert_eq!(names, [("broker_password", false), ("broker_password", true)]);
    assert!(broker.destructive && job(broker).back.is_some());
    let plan = world(&[]).plan("rotate-secret", &[(Opt::Secret, "secret_key")]).unwrap();
    assert!(steps(&plan, "give the").is_empty() && steps(&plan, "restart Gunicorn").len() == 2);
    assert!(plan.noticed.as_ref().unwrap().contains("signed"), "{:?}", plan.noticed);
}

#[test]
fn what_cannot_be_rotated_is_refused_with_what_to_do() {
    let named = |world: &World, name: &str| world.refused("rotate-secret", &[(Opt::Secret, name)]);
    let mut spoiled =
        world(&["smtp_password", "luks_passphrase", "database_password_next", "broker_password_next"]);
    assert!(spoiled.refused("rotate-secret", &[]).contains("say which, with --secret"));
    assert!(named(&spoiled, "databse_password").contains("did you mean `database_password`"));
    assert!(named(&spoiled, "database_password_next").contains("there is no secret"));
    assert!(named(&spoiled, "luks_passphrase").contains("cryptsetup"));
    assert!(named(&spoiled, "smtp_password").contains("smtp_password_next"), "its issuer makes it");
    let odd = named(&spoiled, "database_password");
    assert!(odd.contains("database_password_next has characters that not every address"), "{odd}");
    ground(&mut spoiled).plain.insert("database_password_next".into());
    ground(&mut spoiled).unfit.push(("broker_password_next".into(), "is empty"));
    assert!(named(&spoiled, "broker_password").contains("broker_password_next is empty"));
    let plan = spoiled.plan("rotate-secret", &[(Opt::Secret, "database_password")]).unwrap();
    assert!(
        plan.notes.iter().any(|note| note.contains("stands in the file of secrets as")),
        "{:?}",
        plan.notes
    );
    ground(&mut spoiled).commanded.insert("database_password".into(), "pass".into());
    assert!(named(&spoiled, "database_password").contains("comes from pass"));
    spoiled.site.as_mut().unwrap().missing.push("smtp_password".into());
    assert!(named(&spoiled, "secret_key").contains("secrets are missing: smtp_password"));
    spoiled.site = None;
    assert!(named(&spoiled, "secret_key").contains("start there"));
}
