//! unlock-and-mount: who is opened before whom, who never, and where the passphrase comes from.

use std::sync::Arc;

use insta::assert_snapshot;

use super::new_server::{ground, world};
use super::*;
use crate::plan::typed::Wanted;
use crate::plan::{Action, Plan, StepId, TextOf};

fn locked() -> World {
    let mut world = world(&[]);
    Arc::make_mut(&mut world.place.build).fs_encrypt = true;
    world
}

fn in_order(mut ids: [StepId; 2]) -> [StepId; 2] {
    ids.sort();
    ids
}

fn texts(plan: &Plan) -> Vec<TextOf> {
    let jobs = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Job(job) => Some(job),
        _ => None,
    });
    jobs.flat_map(|job| job.files.iter().map(|file| file.of.clone())).collect()
}

#[test]
fn locked_volumes_as_their_opening_is_shown() {
    assert_snapshot!(show(&locked().plan("unlock-and-mount", &[]).unwrap()));
}

#[test]
fn r10_primary_and_cache_are_opened_first_then_the_replica_then_the_worker_and_a_groups_servers_never() {
    let plan = locked().plan("unlock-and-mount", &[]).unwrap();
    let of = |server: &str| plan.steps.iter().find(|step| step.target == server).unwrap();
    let (primary, cache) = (of("i-staging-db-primary"), of("i-staging-cache"));
    assert!(primary.after.is_empty() && cache.after.is_empty(), "side by side");
    let replica = of("i-staging-db-replica");
    assert_eq!(replica.after, in_order([primary.id, cache.id]));
    assert_eq!(of("i-staging-worker").after, [replica.id]);
    assert_eq!(plan.steps.len(), 4, "no member of the group");
    assert!(
        plan.notes.iter().any(|note| note.contains("R10") && note.contains("left out")),
        "{:?}",
        plan.notes
    );
    let member = locked().group().members[0].instance.to_string();
    let refused = locked().refused("unlock-and-mount", &[(Opt::Servers, &member)]);
    assert!(refused.contains("R10") && refused.contains(&member), "{refused}");
}

#[test]
fn the_passphrase_is_typed_unless_the_file_of_secrets_has_it_and_the_plan_never_holds_it() {
    let plan = locked().plan("unlock-and-mount", &[]).unwrap();
    assert_eq!(plan.wants_typed(), [Wanted { name: "luks_passphrase".into(), anew: false }]);
    assert!(texts(&plan).iter().all(|of| matches!(of, TextOf::Typed { anew: false, .. })));
    let mut known = locked();
    ground(&mut known).secrets.insert("luks_passphrase".into());
    let plan = known.plan("unlock-and-mount", &[]).unwrap();
    assert_eq!(plan.wants_typed(), []);
    assert!(texts(&plan).iter().all(|of| *of == TextOf::Secret { name: "luks_passphrase".into() }));
    assert!(plan.notes.iter().any(|note| note.contains("fabsecrets_staging.py")), "{:?}", plan.notes);
}

#[test]
fn where_nothing_is_locked_only_servers_that_are_named_are_looked_at() {
    let world = world(&[]);
    let refused = world.refused("unlock-and-mount", &[]);
    assert!(
        refused.contains("`fs_encrypt` in fabulaws-config.yml is off") && refused.contains("--servers"),
        "{refused}"
    );
    assert_eq!(world.plan("unlock-and-mount", &[(Opt::Servers, "i-staging-cache")]).unwrap().steps.len(), 1);
}
