//! resync-replica, leave-replicas and use-replicas.

use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::fleet::{
    Fact, Failure, FailureKind, InstanceId, LEFT_TAG, Measured, Power, Snapshot, measured, sample,
};
use crate::plan::{Action, HostJob, Lasts, Plan, Step, TextOf, Undo};
use crate::template::{Ground, SiteFacts, Source};

const REPLICA: &str = "i-staging-db-replica";
const PRIMARY: &str = "i-staging-db-primary";
const OTHER: &str = "i-staging-other";
const GB: u64 = 1024 * 1024 * 1024;

fn replica(status: Option<&str>, at: &str, timeline: u32) -> Fact {
    Fact::Postgres(Box::new(measured::Postgres {
        in_recovery: true,
        timeline: Some(timeline),
        replica: Some(measured::Replica {
            receiver: status.map(str::to_owned),
            received: Some(at.into()),
            replayed: Some(at.into()),
            ..measured::Replica::default()
        }),
        ..measured::Postgres::default()
    }))
}

fn unit(name: &str, active: &str) -> Fact {
    let unit = measured::Unit { name: name.into(), active: active.into(), ..measured::Unit::default() };
    let umbrella = measured::Unit {
        name: "postgresql.service".into(),
        active: "active".into(),
        ..measured::Unit::default()
    };
    Fact::Units(measured::Units { units: vec![umbrella, unit] })
}

fn disk(available: u64) -> Fact {
    let mount =
        measured::Mount { path: "/var/lib".into(), size: 100 * GB, available, ..measured::Mount::default() };
    Fact::Disks(measured::Disks { mounts: vec![mount] })
}

/// A replica that hears nothing from its primary, with room for a second copy, and a project with secrets.
fn world() -> World {
    let mut world = World::with_releases(2);
    let source = |template: &str| Source {
        template: template.into(),
        ours: false,
        sources: "d1".into(),
        unknown: Vec::new(),
    };
    world.site = Some(SiteFacts {
        settings: Some(Ok(source("deployment/templates/local_settings.py"))),
        services: Vec::new(),
        missing: Vec::new(),
        tells_new_relic: false,
        secrets_file: "fabsecrets_staging.py".into(),
        drift: None,
        hooks: Vec::new(),
        ground: Ground { secrets: ["database_password".to_owned()].into(), ..Ground::default() },
    });
    for (id, address) in [(PRIMARY, "10.0.3.10"), (REPLICA, "10.0.3.11")] {
        let server = world.parts.servers.iter_mut().find(|server| server.id.as_str() == id).unwrap();
        server.private_address = Some(address.into());
    }
    let primary = measured::Postgres {
        timeline: Some(3),
        position: Some("0/6000000".into()),
        database_bytes: Some(10 * GB),
        connections: measured::Connections { active: 30, most: 80, ..measured::Connections::default() },
        ..measured::Postgres::default()
    };
    world.measure(PRIMARY, Fact::Postgres(Box::new(primary)));
    world.measure(PRIMARY, unit("postgresql@15-main.service", "active"));
    world.measure(REPLICA, replica(None, "0/5000000", 3));
    world.measure(REPLICA, disk(30 * GB));
    world
}

fn streams(world: &mut World) {
    world.measure(REPLICA, replica(Some("streaming"), "0/6000000", 3));
}

fn second(world: &mut World) {
    let mut other = sample::server(OTHER, "staging", "db-replica");
    other.private_address = Some("10.0.3.12".into());
    other.launched_at = Some(sample::epoch());
    world.parts.servers.push(other);
}

fn server<'w>(world: &'w mut World, id: &str) -> &'w mut crate::fleet::Server {
    world.parts.servers.iter_mut().find(|server| server.id.as_str() == id).unwrap()
}

fn left(world: &mut World, value: &str) {
    server(world, REPLICA).tags.insert(LEFT_TAG.into(), value.into());
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

fn job(step: &Step) -> &HostJob {
    let Action::Job(job) = &step.action else { panic!("{step:?}") };
    job
}

/// Replicas that settings name, of each server that gets some.
fn read(plan: &Plan) -> Vec<Vec<String>> {
    let settings = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Job(job) if job.name == "settings" => Some(job),
        _ => None,
    });
    settings
        .map(|job| {
            let TextOf::Template { site, .. } = &job.files[0].of else { panic!("{job:?}") };
            site.replicas.iter().map(ToString::to_string).collect()
        })
        .collect()
}

#[test]
fn a_replica_that_lost_its_primary_is_copied_anew_as_it_is_shown() {
    assert_snapshot!(show(&world().plan("resync-replica", &[]).unwrap()));
}

#[test]
fn r12_old_data_go_only_once_the_copy_is_whole_and_until_then_everything_goes_back() {
    let plan = world().plan("resync-replica", &[]).unwrap();
    let (sound, looked) =
        (the(&plan, "see that the primary is good"), the(&plan, "see that the primary can be copied"));
    let (copy, used) = (the(&plan, "copy the primary beside"), the(&plan, "put the copy into the place"));
    assert!(
        waits_for(&plan, looked, sound) && waits_for(&plan, copy, looked) && waits_for(&plan, used, copy)
    );
    assert!(job(sound).back.is_none() && job(looked).back.is_none(), "they change nothing");
    for step in [copy, used] {
        assert!(step.lasts == Lasts::UnlessStopped && matches!(step.undo, Undo::Reverse(_)));
        assert!(job(step).back.is_some());
    }
    assert!(!copy.destructive && used.destructive && used.seals);
    assert_eq!(used.settles, [copy.id, used.id]);
    assert!(!job(copy).script.contains("tight='yes'") && job(copy).script.contains("may_lose='no'"));
    let secrets: Vec<&str> = job(copy).files.iter().map(|file| file.variable.as_str()).collect();
    assert_eq!(secrets, ["database_password"]);
}

#[test]
fn r1_the_group_is_held_before_the_data_change_and_from_the_beginning_where_web_servers_suffer_already() {
    let plan = world().plan("resync-replica", &[]).unwrap();
    let hold = the(&plan, "suspend HealthCheck, ReplaceUnhealthy, AZRebalance, AlarmNotification");
    assert!(
        waits_for(&plan, hold, the(&plan, "copy the primary beside")),
        "a copy takes hours, and nobody notices it"
    );
    assert!(waits_for(&plan, the(&plan, "put the copy into the place"), hold));
    assert_eq!(hold.lasts, Lasts::UntilTheEnd);
    assert_eq!(the(&plan, "let the group go on").action.restores(), [hold.id]);
    let mut world = world();
    world.measure(REPLICA, unit("postgresql@15-main.service", "failed"));
    let plan = world.plan("resync-replica", &[]).unwrap();
    assert!(plan.steps[0].title.starts_with("suspend HealthCheck"), "{}", show(&plan));
    assert!(plan.noticed.unwrap().contains("fail until the copy streams"));
}

#[test]
fn the_last_good_copy_is_never_deleted() {
    let mut world = world();
    let only = "whose data may be the only good ones";
    let snapshot = cut_off(&world, PRIMARY);
    let refused = world.plan_from(&snapshot, "resync-replica", &[]).unwrap_err();
    assert!(
        refused.to_string().contains(only) && refused.to_string().contains("promote-replica"),
        "{refused}"
    );
    assert_eq!(refused.word(), None, "nothing overrides it");
    world.measure(PRIMARY, unit("postgresql@15-main.service", "failed"));
    assert!(world.refused("resync-replica", &[]).contains(only));
    let mut world = self::world();
    world.measure(PRIMARY, replica(None, "0/6000000", 3));
    assert!(world.refused("resync-replica", &[]).contains("replays another server's WAL"));
    let mut world = self::world();
    server(&mut world, PRIMARY).power = Power::Stopped;
    assert!(world.refused("resync-replica", &[]).contains("is stopped: nothing is deleted"));
    world.parts.servers.retain(|server| server.id.as_str() != PRIMARY);
    assert!(world.refused("resync-replica", &[]).contains("has no primary in use"));
    let to_primary = self::world().refused("resync-replica", &[(Opt::Servers, PRIMARY)]);
    assert!(to_primary.contains("this is for servers of role db-replica"), "{to_primary}");
}

#[test]
fn what_is_only_on_the_replica_is_lost_by_nobody_who_was_not_told() {
    let mut world = world();
    world.measure(REPLICA, replica(None, "0/8000000", 3));
    let refused = world.plan("resync-replica", &[]).unwrap_err();
    assert_eq!(refused.word(), Some("own-writes"), "{refused}");
    assert!(refused.to_string().contains("32 MiB more than the primary"), "{refused}");
    world.measure(REPLICA, replica(None, "0/5000000", 4));
    assert!(
        world.refused("resync-replica", &[]).contains("timeline 4, and the primary on 3, which is older")
    );
    world.measure(REPLICA, Fact::Postgres(Box::default()));
    assert!(world.refused("resync-replica", &[]).contains("takes writes itself"));
    let plan = world.plan("resync-replica", &[(Opt::Override, "own-writes")]).unwrap();
    assert!(plan.overrides[0].starts_with("own-writes"), "it is typed");
    assert!(job(the(&plan, "copy the primary beside")).script.contains("may_lose='yes'"));
    // What was left behind on an older timeline is what this is for: the server looks at how far it went there.
    let mut world = self::world();
    world.measure(REPLICA, replica(None, "0/5000000", 2));
    let plan = world.plan("resync-replica", &[]).unwrap();
    assert!(
        plan.notes.iter().any(|note| note.contains("on timeline 2, and the primary on 3")),
        "{:?}",
        plan.notes
    );
}

#[test]
fn without_room_for_both_it_says_so_and_deletes_first_only_where_somebody_wants_that() {
    let mut world = world();
    world.measure(REPLICA, disk(6 * GB));
    let refused = world.plan("resync-replica", &[]).unwrap_err();
    assert_eq!(refused.word(), Some("little-room"));
    let said = refused.to_string();
    assert!(said.contains("11 GiB") && said.contains("6.0 GiB free"), "{said}");
    let plan = world.plan("resync-replica", &[(Opt::Override, "little-room")]).unwrap();
    let copy = the(&plan, "copy the primary, deleting its old data first");
    assert!(copy.destructive && plan.overrides[0].starts_with("little-room"));
    assert!(plan.steps[0].title.starts_with("suspend HealthCheck"), "reads fail from then on");
    assert!(
        plan.cannot_undo.iter().any(|what| what.contains("before the copy is there")),
        "{:?}",
        plan.cannot_undo
    );
    let script = &job(copy).script;
    let at = |word: &str| script.find(word).unwrap_or_else(|| panic!("{word}"));
    assert!(script.contains("tight='yes'"));
    assert!(
        at("IDENTIFY_SYSTEM") < at("CREATE_REPLICATION_SLOT")
            && at("max_wal_senders") < at("rm -rf -- \"$data\" \"$data.before\"")
    );
    assert!(
        at("CREATE_REPLICATION_SLOT") < at("rm -rf -- \"$data\" \"$data.before\""),
        "connection and slot first"
    );
    assert!(
        script.contains("-gt \"$((needed + 512))\" ]; then\ntight=no"),
        "where both fit, the word changes nothing"
    );
}

#[test]
fn one_broken_replica_is_meant_by_itself_and_one_that_streams_never() {
    let mut world = world();
    second(&mut world);
    world.measure(OTHER, replica(Some("streaming"), "0/6000000", 3));
    let plan = world.plan("resync-replica", &[]).unwrap();
    assert_eq!(the(&plan, "put the copy").target, REPLICA);
    let refused = world.plan("resync-replica", &[(Opt::Servers, OTHER)]).unwrap_err();
    assert!(matches!(refused, Refused::Nothing(_)) && refused.to_string().contains("streams"), "{refused}");
    world.measure(OTHER, replica(None, "0/6000000", 3));
    assert!(world.refused("resync-replica", &[]).contains("name one of them"));
    streams(&mut world);
    world.measure(OTHER, replica(Some("streaming"), "0/6000000", 3));
    assert!(world.refused("resync-replica", &[]).contains("every replica of staging streams"));
    let two = [(Opt::Servers, "i-staging-db-replica,i-staging-other")];
    assert!(world.refused("resync-replica", &two).contains("one after the other"));
}

#[test]
fn the_environment_runs_on_its_primary_alone_as_it_is_shown() {
    assert_snapshot!(show(&world().plan("leave-replicas", &[]).unwrap()));
}

#[test]
fn r19_without_replicas_that_are_read_settings_name_none_and_others_stay() {
    let mut world = world();
    let plan = world.plan("leave-replicas", &[]).unwrap();
    assert_eq!(read(&plan), [[""; 0]; 3], "two web servers and a worker");
    second(&mut world);
    let plan = world.plan("leave-replicas", &[(Opt::Servers, REPLICA)]).unwrap();
    assert_eq!(read(&plan), [["10.0.3.12"]; 3]);
    // A replica that is gone is left by settings that do not name it.
    world.parts.servers.retain(|server| server.role.role != crate::fleet::Role::DbReplica);
    let plan = world.plan("leave-replicas", &[]).unwrap();
    assert_eq!(read(&plan), [[""; 0]; 3]);
    assert!(steps(&plan, "mark it").is_empty());
}

#[test]
fn r8_what_is_written_later_goes_by_the_mark_and_releases_made_before_are_refused() {
    let mut world = world();
    let plan = world.plan("leave-replicas", &[]).unwrap();
    let mark = the(&plan, "mark it as one that nobody reads from");
    let Action::Tag { tags, .. } = &mark.action else { panic!("{mark:?}") };
    assert_eq!(tags, &[(LEFT_TAG.to_owned(), format!("{} Launch", world.now()))]);
    let launch = the(&plan, "suspend Launch");
    assert!(mark.settles.contains(&launch.id), "it stays suspended");
    assert!(plan.notes.iter().any(|note| note.starts_with("R8") && note.contains("create-release staging")));
    left(&mut world, &tags[0].1);
    assert_eq!(read(&world.plan("deploy-worker", &[(Opt::Release, "latest")]).unwrap()), [[""; 0]]);
    let refused = world.plan("deploy-serial", &[(Opt::Release, "latest")]).unwrap_err();
    assert_eq!(refused.word(), Some("old-addresses"), "{refused}");
    assert!(refused.to_string().contains("use-replicas"), "{refused}");
    // Whoever missed it is told once more.
    let again = world.plan("leave-replicas", &[]).unwrap();
    assert!(steps(&again, "mark it").is_empty() && read(&again) == [[""; 0]; 3], "{}", show(&again));
}

#[test]
fn r1_a_group_whose_servers_fail_is_held_first_and_users_see_the_page_meanwhile() {
    let mut world = world();
    let calm = world.plan("leave-replicas", &[]).unwrap();
    assert!(steps(&calm, "put the maintenance page up").is_empty());
    let restarts = steps(&calm, "restart Gunicorn");
    assert!(waits_for(&calm, restarts[1], restarts[0]), "one after the other");
    for members in world.parts.health.values_mut() {
        for member in members.iter_mut() {
            member.state = crate::fleet::HealthState::OutOfService;
        }
    }
    let plan = world.plan("leave-replicas", &[]).unwrap();
    let (hold, page) = (&plan.steps[0], the(&plan, "put the maintenance page up"));
    assert!(hold.title.starts_with("suspend HealthCheck") && waits_for(&plan, page, hold));
    let restarts = steps(&plan, "restart Gunicorn");
    assert!(restarts.iter().all(|step| waits_for(&plan, step, page)));
    assert!(!waits_for(&plan, restarts[1], restarts[0]), "all at once");
    let back = the(&plan, "take the page off");
    assert_eq!(back.action.restores(), [hold.id, page.id], "as found, but for Launch");
    assert!(waits_for(&plan, back, the(&plan, "mark it")));
}

#[test]
fn what_stops_it_half_way_leads_back_to_the_settings_from_before() {
    let plan = world().plan("leave-replicas", &[]).unwrap();
    let mark = the(&plan, "mark it");
    for step in steps(&plan, "write the settings") {
        assert_eq!(step.lasts, Lasts::UnlessStopped);
        let back = job(step).back.as_ref().unwrap();
        let is_web = step.lane.starts_with("web");
        assert_eq!(mark.settles.contains(&step.id), is_web, "a worker that fails takes no web server along");
        assert_eq!(back.contains("supervisorctl"), is_web, "{back}");
    }
    let (written, stopped) = (the(&plan, "start Celery"), the(&plan, "stop Celery"));
    assert!(waits_for(&plan, written, stopped));
}

#[test]
fn replicas_are_read_again_once_they_stream_and_the_group_launches_again_as_it_is_shown() {
    let mut world = world();
    left(&mut world, "2026-11-22T02:00:00Z Launch");
    world.suspend(&["Launch"]);
    let refused = world.refused("use-replicas", &[]);
    assert!(refused.contains("does not stream") && refused.contains("resync-replica"), "{refused}");
    streams(&mut world);
    let plan = world.plan("use-replicas", &[]).unwrap();
    assert_eq!(read(&plan), [["10.0.3.11"]; 3]);
    let mark = the(&plan, "mark it as one that is read from");
    assert!(
        matches!(&mark.action, Action::Tag { tags, .. } if tags == &[(LEFT_TAG.to_owned(), String::new())])
    );
    assert!(waits_for(&plan, the(&plan, "resume Launch"), mark));
    assert!(waits_for(&plan, the(&plan, "stop Celery"), the(&plan, "see that it streams")));
    assert_snapshot!(show(&plan));
    left(&mut world, "");
    assert!(world.refused("use-replicas", &[]).contains("no replica was left"));
}

#[test]
fn launch_that_somebody_else_has_suspended_stays_so() {
    let mut world = world();
    left(&mut world, "2026-11-22T02:00:00Z");
    world.suspend(&["Launch"]);
    streams(&mut world);
    let plan = world.plan("use-replicas", &[]).unwrap();
    assert!(steps(&plan, "resume Launch").is_empty());
    let mut world = self::world();
    world.suspend(&["Launch"]);
    let plan = world.plan("leave-replicas", &[]).unwrap();
    let Action::Tag { tags, .. } = &the(&plan, "mark it").action else { panic!() };
    assert!(!tags[0].1.contains("Launch"));
}
