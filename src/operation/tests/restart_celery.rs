//! restart-celery.

use insta::assert_snapshot;

use super::*;
use crate::fleet::{Fact, measured};

/// A worker that runs a task.
fn busy() -> World {
    let mut world = World::new(1);
    let task = measured::Task { id: "1".into(), name: "reports.nightly".into(), seconds: Some(2_700.0) };
    let worker =
        measured::CeleryWorker { name: "main@host".into(), running: vec![task], ..Default::default() };
    world.measure("i-staging-worker", Fact::Celery(measured::Celery { workers: vec![worker] }));
    world
}

#[test]
fn celery_starts_again_once_its_tasks_have_ended() {
    let plan = busy().plan("restart-celery", &[]).unwrap();
    assert_snapshot!(show(&plan));
}

#[test]
fn tasks_are_cut_only_by_whoever_was_told_which() {
    let world = busy();
    let refused = world.refused("restart-celery", &[(Opt::Kill, "")]);
    assert!(refused.contains("reports.nightly (for 45 min)") && refused.contains("cut-tasks"), "{refused}");
    let plan = world.plan("restart-celery", &[(Opt::Kill, ""), (Opt::Override, "cut-tasks")]).unwrap();
    let stop = the(&plan, "stop Celery, killing what has not ended");
    assert!(stop.destructive && plan.noticed.as_ref().unwrap().contains("reports.nightly"));
    assert!(waits_for(&plan, the(&plan, "start Celery"), stop));
}

#[test]
fn a_worker_that_does_not_answer_is_killed_with_a_word_that_nobody_knows_its_tasks() {
    let mut world = World::new(1);
    world.measure("i-staging-worker", Fact::Celery(measured::Celery::default()));
    let plan = world.plan("restart-celery", &[(Opt::Kill, "")]).unwrap();
    assert!(plan.notes.iter().any(|note| note.contains("cannot be told")), "{:?}", plan.notes);
}

#[test]
fn r17_workers_take_turns_and_beat_stays_where_it_is() {
    let mut world = World::new(1);
    world.parts.servers.push(crate::fleet::sample::server("i-staging-worker2", "staging", "worker"));
    let plan = world.plan("restart-celery", &[]).unwrap();
    let starts = steps(&plan, "start Celery");
    let stops = steps(&plan, "stop Celery");
    assert_eq!((starts.len(), stops.len()), (2, 2));
    assert!(waits_for(&plan, stops[1], starts[0]), "one after the other");
    assert!(starts[0].title.contains("with beat") && starts[1].title.contains("without beat"));
    let one = world.plan("restart-celery", &[(Opt::Servers, "i-staging-worker2")]).unwrap();
    assert!(the(&one, "start Celery").title.contains("without beat"), "beat is the other's");
}
