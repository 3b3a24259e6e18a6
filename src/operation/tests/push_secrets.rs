//! push-secrets: the secrets that are here come to servers, and no service gets a new password by it.

use insta::assert_snapshot;

use super::rotate_secret::{BOTH, all_wait, job, world};
use super::*;
use crate::fleet::{Role, SECRETS_TAG};
use crate::plan::{Action, Undo};
use crate::template::{Drift, ServerDrift, Standing};

fn drift(told: &[(&str, Standing)]) -> Drift {
    let told = told.iter().map(|(name, standing)| ((*name).to_owned(), *standing)).collect();
    Drift { servers: vec![ServerDrift { id: "i-staging-worker".into(), role: Role::Worker, told: Ok(told) }] }
}

#[test]
fn r16_settings_of_every_server_get_the_secrets_that_are_here() {
    assert_snapshot!(show(&world(&[]).plan("push-secrets", &[]).unwrap()));
}

#[test]
fn whether_services_let_the_application_in_is_tried_before_anything_is_changed() {
    let plan = world(&[]).plan("push-secrets", &[]).unwrap();
    for service in ["see that PostgreSQL lets", "see that RabbitMQ lets"] {
        let tried = the(&plan, service);
        assert_eq!((&tried.undo, job(tried).back.as_ref()), (&Undo::Nothing, None));
        for step in ["launch", "stop Celery", "write the settings", "suspend Launch", "point the group"] {
            all_wait(&plan, step, service);
        }
    }
    assert!(steps(&plan, "give the").is_empty() && steps(&plan, "let the replica").is_empty());
    let secrets = |step: &&crate::plan::Step| matches!(step.action, Action::Secrets(_));
    assert_eq!(plan.steps.iter().filter(secrets).count(), 0, "the file here is only read");
}

#[test]
fn r8_older_releases_are_marked_once_everything_serves() {
    let plan = world(&[]).plan("push-secrets", &[]).unwrap();
    all_wait(&plan, "suspend Launch", "make a launch configuration");
    all_wait(&plan, "point the group", "wait until Django");
    all_wait(&plan, "mark releases", "point the group");
    let marked = the(&plan, "mark releases");
    assert!(matches!(&marked.action, Action::Tag { tags, .. } if tags[0].0 == SECRETS_TAG));
    let lasting = plan.steps.iter().filter(|step| step.lasts == crate::plan::Lasts::UnlessStopped);
    assert_eq!(marked.settles, lasting.map(|step| step.id).collect::<Vec<_>>(), "nothing goes back after it");
}

#[test]
fn r16_plans_that_write_settings_warn_of_secrets_that_differ_and_say_what_to_do() {
    let mut world = world(&[]);
    let told = [("database_password", Standing::Differs), ("broker_password", Standing::Same)];
    world.site.as_mut().unwrap().drift = Some(drift(&told));
    for (operation, options) in [
        ("push-secrets", vec![]),
        ("rotate-secret", vec![BOTH]),
        ("deploy-serial", vec![(Opt::Release, "latest")]),
        ("deploy-worker", vec![(Opt::Release, "latest")]),
    ] {
        let notes = world.plan(operation, &options).unwrap().notes;
        let warned: Vec<&String> = notes.iter().filter(|note| note.starts_with("R16")).collect();
        assert_eq!(warned.len(), 1, "{operation}: {notes:?}");
        assert!(warned[0].contains("database_password on worker i-staging-worker"), "{}", warned[0]);
        assert!(warned[0].contains("secrets pull staging") && !warned[0].contains("broker"), "{}", warned[0]);
    }
    world.site.as_mut().unwrap().drift = Some(drift(&[("database_password", Standing::Same)]));
    let notes = world.plan("push-secrets", &[]).unwrap().notes;
    assert!(notes.iter().all(|note| !note.starts_with("R16")), "{notes:?}");
    assert!(notes.iter().any(|note| note.starts_with("1 server that could be asked")), "{notes:?}");
}

#[test]
fn what_is_missing_or_nowhere_is_refused_with_what_to_do() {
    let mut spoiled = world(&[]);
    spoiled.site.as_mut().unwrap().missing.push("smtp_password".into());
    assert!(spoiled.refused("push-secrets", &[]).contains("secrets are missing: smtp_password"));
    spoiled.site.as_mut().unwrap().ground.secrets.clear();
    assert!(spoiled.refused("push-secrets", &[]).contains("fabsecrets_staging.py has none"));
    spoiled.site = None;
    assert!(spoiled.refused("push-secrets", &[]).contains("start there"));
}
