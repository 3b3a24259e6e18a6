//! promote-replica.

use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::fleet::{Fact, Failure, FailureKind, InstanceId, Measured, Power, Snapshot, measured, sample};
use crate::plan::{Action, Lasts, Plan, Setting, Step, Undo};

const OTHER: &str = "i-staging-other";

/// A replica that has received so much of the WAL.
fn replica(received: &str, replayed: &str) -> Fact {
    Fact::Postgres(Box::new(measured::Postgres {
        in_recovery: true,
        timeline: Some(3),
        replica: Some(measured::Replica {
            received: Some(received.into()),
            replayed: Some(replayed.into()),
            ..measured::Replica::default()
        }),
        ..measured::Postgres::default()
    }))
}

/// Two replicas, of which the second has received more.
fn world() -> World {
    let mut world = World::with_releases(2);
    let mut other = sample::server(OTHER, "staging", "db-replica");
    other.private_address = Some("10.0.3.99".into());
    world.parts.servers.push(other);
    world.measure("i-staging-db-replica", replica("0/5000000", "0/5000000"));
    world.measure(OTHER, replica("0/5000100", "0/4FFFF00"));
    let written = measured::Postgres {
        position: Some("0/5000100".into()),
        connections: measured::Connections { most: 200, ..measured::Connections::default() },
        ..measured::Postgres::default()
    };
    world.measure("i-staging-db-primary", Fact::Postgres(Box::new(written)));
    world
}

fn primary(world: &mut World, power: Power) {
    let found = world.parts.servers.iter_mut().find(|server| server.id.as_str() == "i-staging-db-primary");
    found.unwrap().power = power;
}

/// The world in which a server does not answer.
fn cut_off(world: &World, server: &str) -> Snapshot {
    let mut snapshot = world.snapshot();
    let mut one: Measured = snapshot.measured(&InstanceId::new(server)).cloned().unwrap_or_default();
    one.unreachable = Some(Failure {
        since: sample::epoch(),
        kind: FailureKind::Unreachable,
        message: "no route to host".into(),
    });
    snapshot.measured.insert(InstanceId::new(server), Arc::new(one));
    snapshot
}

fn script<'p>(plan: &'p Plan, title: &str) -> &'p str {
    let Action::Job(job) = &the(plan, title).action else { panic!("{title} is a job") };
    &job.script
}

#[test]
fn a_planned_switchover_as_it_is_shown() {
    let world = World::with_releases(2);
    assert_snapshot!(show(&world.plan("promote-replica", &[]).unwrap()));
}

#[test]
fn r1_the_group_is_held_before_anything_else_and_the_page_goes_up_before_the_primary_stops() {
    let plan = world().plan("promote-replica", &[]).unwrap();
    let hold = &plan.steps[0];
    assert_eq!(hold.title, "suspend HealthCheck, ReplaceUnhealthy, AZRebalance, AlarmNotification");
    let page = the(&plan, "put the maintenance page up");
    let fence = the(&plan, "stop PostgreSQL, and mask it");
    assert!(waits_for(&plan, page, hold) && waits_for(&plan, fence, page));
    let back = the(&plan, "take the page off");
    let Action::Restore { steps } = &back.action else { panic!("{back:?}") };
    assert_eq!(steps, &[hold.id, page.id], "page first, group last, and Launch stays");
}

#[test]
fn r8_the_group_launches_nothing_more_until_there_is_a_release_that_knows_the_new_primary() {
    let plan = world().plan("promote-replica", &[]).unwrap();
    let launch = the(&plan, "suspend Launch");
    assert!(plan.steps.iter().all(|step| !step.action.restores().contains(&launch.id)));
    let note = plan.notes.iter().find(|note| note.starts_with("R8")).unwrap();
    assert!(note.contains("create-release staging") && note.contains("resume-processes staging"), "{note}");
}

#[test]
fn r11_nothing_is_promoted_before_the_old_primary_is_known_to_write_no_more() {
    let mut world = world();
    let fenced = |plan: &Plan, title: &str| {
        let (fence, promote) = (the(plan, title), the(plan, "promote it"));
        assert!(waits_for(plan, promote, fence), "{title}");
        fence.clone()
    };
    let alive = world.plan("promote-replica", &[]).unwrap();
    let mask = fenced(&alive, "stop PostgreSQL, and mask it");
    assert!(matches!(mask.undo, Undo::Reverse(_)) && mask.lasts == Lasts::UnlessStopped);
    assert!(script(&alive, "see that everything has come").contains("planned='yes'"));

    let snapshot = cut_off(&world, "i-staging-db-primary");
    let refused = world.plan_from(&snapshot, "promote-replica", &[]).unwrap_err();
    assert_eq!(refused.word(), Some("accept-split-brain"));
    assert!(
        refused.to_string().contains("--stop-old") && refused.to_string().contains("no route to host"),
        "{refused}"
    );
    let stopped = world.plan_from(&snapshot, "promote-replica", &[(Opt::StopOld, "")]).unwrap();
    let stop = fenced(&stopped, "stop the old primary, and wait until it is");
    assert!(matches!(stop.action, Action::Stop { .. }), "{stop:?}");
    assert!(script(&stopped, "see that everything has come").contains("planned='no'"));
    let believed =
        world.plan_from(&snapshot, "promote-replica", &[(Opt::Override, "accept-split-brain")]).unwrap();
    assert!(believed.overrides[0].starts_with("accept-split-brain"), "it is typed");

    // Stopping is not stopped: that is waited for.
    for power in [Power::Stopping, Power::Stopped] {
        primary(&mut world, power);
        let plan = world.plan("promote-replica", &[]).unwrap();
        assert!(matches!(fenced(&plan, "wait until EC2 says").action, Action::Await { .. }));
    }
    primary(&mut world, Power::Terminated);
    let gone = world.plan("promote-replica", &[]).unwrap();
    assert!(steps(&gone, "stop").iter().all(|step| step.title.contains("Celery")), "{}", show(&gone));
}

#[test]
fn r11_the_candidate_is_looked_at_before_anything_changes_but_what_the_group_does() {
    let plan = world().plan("promote-replica", &[]).unwrap();
    let candidate = the(&plan, "see whether it can be the primary");
    assert!(candidate.after.is_empty());
    assert!(waits_for(&plan, the(&plan, "put the maintenance page up"), candidate));
    let script = script(&plan, "see whether it can be the primary");
    for asked in ["pg_hba_file_rules", "max_connections", "df -Pm", "timeline", "most='200'"] {
        assert!(script.contains(asked), "{asked}: {script}");
    }
}

#[test]
fn the_replica_that_has_received_most_is_promoted_and_what_is_at_risk_is_told() {
    let mut world = world();
    let plan = world.plan("promote-replica", &[]).unwrap();
    assert_eq!(the(&plan, "promote it").target, OTHER);
    assert!(plan.notes.iter().any(|note| note.contains("256 B less than the first")), "{:?}", plan.notes);
    assert!(plan.notes.iter().any(|note| note.starts_with("Nothing is lost")), "{:?}", plan.notes);
    let other = [(Opt::Servers, "i-staging-db-replica")];
    let refused = world.plan("promote-replica", &other).unwrap_err();
    assert_eq!(refused.word(), Some("less-received"), "{refused}");
    primary(&mut world, Power::Stopped);
    world.measure(
        "i-staging-db-primary",
        Fact::Postgres(Box::new(measured::Postgres {
            position: Some("0/5000900".into()),
            ..measured::Postgres::default()
        })),
    );
    let plan = world.plan("promote-replica", &[]).unwrap();
    assert!(
        plan.cannot_undo.iter().any(|what| what.starts_with("At risk: 2.0 KiB")),
        "{:?}",
        plan.cannot_undo
    );
}

#[test]
fn r12_other_replicas_get_slots_on_the_new_primary_and_follow_it_and_one_that_cannot_stops_nobody() {
    let plan = world().plan("promote-replica", &[]).unwrap();
    let (slots, follow) = (the(&plan, "make the replicas' slots"), the(&plan, "follow the new primary"));
    assert!(waits_for(&plan, slots, the(&plan, "promote it")) && waits_for(&plan, follow, slots));
    assert_eq!((slots.target.as_str(), follow.target.as_str()), (OTHER, "i-staging-db-replica"));
    assert!(follow.soft && script(&plan, "follow").contains("primary='10.0.3.99'"));
    assert!(!script(&plan, "follow").contains("rm -rf -- \"$data"), "its data stay");
}

#[test]
fn once_everything_has_come_there_is_no_way_back_and_until_then_everything_goes_back() {
    let plan = world().plan("promote-replica", &[]).unwrap();
    let received = the(&plan, "see that everything has come");
    assert!(received.seals && plan.goes_on);
    let before = |step: &&Step| step.id < received.id && step.lasts == Lasts::UnlessStopped;
    let all: Vec<_> = plan.steps.iter().filter(before).map(|step| step.id).collect();
    let mut settled = received.settles.clone();
    settled.sort();
    assert_eq!(settled, all);
    let later = plan.steps.iter().filter(|step| step.id > received.id);
    for step in later {
        assert_eq!(step.lasts, Lasts::Stays, "{}", step.title);
        let Action::Job(job) = &step.action else { continue };
        assert!(job.back.is_none(), "{} would lead back to the old primary", step.title);
    }
}

#[test]
fn r17_beat_starts_on_one_worker_once_everybody_has_stopped() {
    let mut world = world();
    world.parts.servers.push(sample::server("i-staging-worker2", "staging", "worker"));
    let plan = world.plan("promote-replica", &[]).unwrap();
    let starts = steps(&plan, "start Celery");
    let beats: Vec<_> = starts.iter().filter(|step| step.title.contains("with beat")).collect();
    assert_eq!((starts.len(), beats.len()), (2, 1));
    let stops = steps(&plan, "stop Celery");
    assert!(stops.iter().all(|stop| waits_for(&plan, beats[0], stop)), "{}", show(&plan));
}

#[test]
fn the_old_primary_goes_out_of_use_before_the_new_one_comes_into_it() {
    let plan = world().plan("promote-replica", &[]).unwrap();
    let tags: Vec<(&str, &str)> = steps(&plan, "give it its new role")
        .into_iter()
        .map(|step| (step.target.as_str(), step.becomes.as_deref().unwrap()))
        .collect();
    assert_eq!(tags, [("i-staging-db-primary", "db-primary-OLD"), (OTHER, "db-primary")]);
    let since = plan.steps.iter().find_map(|step| match &step.action {
        Action::Tag { tags, .. } => tags.iter().find(|(key, _)| key == crate::fleet::ROLE_TAG),
        _ => None,
    });
    assert_eq!(since.unwrap().1, crate::plan::WHEN_IT_IS_SO, "R8: releases of before know another primary");
}

#[test]
fn without_a_replica_or_with_a_combo_server_nothing_is_promoted() {
    let mut world = World::with_releases(2);
    world.parts.servers.retain(|server| server.id.as_str() != "i-staging-db-replica");
    assert!(world.refused("promote-replica", &[]).contains("no replica in use that runs"));
    let mut world = World::with_releases(2);
    world.parts.servers.push(sample::server("i-combo", "staging", "combo"));
    assert!(world.refused("promote-replica", &[]).contains("combo server"));
    let snapshot = cut_off(&World::with_releases(2), "i-staging-db-replica");
    let refused = World::with_releases(2).plan_from(&snapshot, "promote-replica", &[]).unwrap_err();
    assert!(refused.to_string().contains("cannot be reached: no route to host"), "{refused}");
}

#[test]
fn pages_are_put_up_on_every_web_server_that_runs() {
    let plan = world().plan("promote-replica", &[]).unwrap();
    let Action::Set { settings } = &the(&plan, "put the maintenance page up").action else { panic!() };
    assert_eq!(settings.len(), 2);
    assert!(settings.iter().all(|one| matches!(one.setting, Setting::Page { .. })));
}
