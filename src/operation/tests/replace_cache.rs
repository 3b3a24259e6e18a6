//! replace-cache-server: what is brought over in which order, where the way back ends, and what is refused.

use std::sync::Arc;

use insta::assert_snapshot;

use super::rotate_secret::{all_wait, job};
use super::*;
use crate::fleet::{
    BuildPlace, Fact, Failure, FailureKind, InstanceId, Measured, Power, Role, RolePlace, Snapshot,
    SubnetChoice, SuspendedProcess, ZonePlace, measured, sample,
};
use crate::plan::{Action, Lasts, Plan, Step, StepId, TextOf, Undo};

const OLD: &str = "i-staging-cache";
const LOSE: (Opt, &str) = (Opt::Override, "lose-data");

/// An environment whose cache server has something in it.
pub(super) fn world() -> World {
    let mut world = super::rotate_secret::world(&[]);
    let kind = RolePlace {
        instance_type: Some("t3.small".into()),
        security_groups: vec!["sg-cache".into()],
        volume_gb: None,
        volume_type: None,
    };
    world.place.build = Arc::new(BuildPlace {
        image: Some("ami-ubuntu".into()),
        zones: vec![ZonePlace { zone: "us-east-1a".into(), subnet: Some("subnet-1".into()) }],
        roles: vec![(Role::Cache, kind)],
        ..BuildPlace::default()
    });
    let queue = |name: &str, ready, unacknowledged| measured::Queue {
        name: name.into(),
        ready,
        unacknowledged,
        consumers: 1,
        unknown: false,
    };
    let queues = vec![queue("celeryev.7c", 90, 0), queue("exports", 12, 1), queue("myproject", 0, 2)];
    world.measure(OLD, Fact::RabbitMq(measured::RabbitMq { queues, ..measured::RabbitMq::default() }));
    let redis = measured::Redis { keys: 1_204, memory_used: 5_242_880, ..measured::Redis::default() };
    world.measure(OLD, Fact::Redis(Box::new(redis)));
    world
}

fn plan(world: &World) -> Plan {
    world.plan("replace-cache-server", &[]).unwrap()
}

fn power(world: &mut World, power: Power) {
    let old = world.parts.servers.iter_mut().find(|server| server.id.as_str() == OLD);
    old.unwrap().power = power;
}

/// A unit of the old server that does not run.
fn down(world: &mut World, unit: &str) {
    let unit = measured::Unit { name: unit.into(), active: "failed".into(), ..measured::Unit::default() };
    world.measure(OLD, Fact::Units(measured::Units { units: vec![unit] }));
}

/// The world in which the old server does not answer.
fn cut_off(world: &World) -> Snapshot {
    let mut snapshot = world.snapshot();
    let mut one: Measured = snapshot.measured(&InstanceId::new(OLD)).cloned().unwrap_or_default();
    one.unreachable = Some(Failure {
        since: sample::epoch(),
        kind: FailureKind::Unreachable,
        message: "no route to host".into(),
    });
    snapshot.measured.insert(InstanceId::new(OLD), Arc::new(one));
    snapshot
}

pub(super) fn note<'p>(plan: &'p Plan, begins: &str) -> &'p str {
    plan.notes
        .iter()
        .find(|note| note.starts_with(begins))
        .unwrap_or_else(|| panic!("{begins}: {:?}", plan.notes))
}

/// The step that puts the new server to use.
fn used(plan: &Plan) -> &Step {
    the(plan, "put it to use")
}

#[test]
fn one_that_works_as_it_is_shown() {
    assert_snapshot!(show(&plan(&world())));
}

#[test]
fn one_that_is_stopped_as_it_is_shown() {
    let mut world = world();
    power(&mut world, Power::Stopped);
    assert_snapshot!(show(&plan(&world)));
}

#[test]
fn r18_of_one_that_works_everything_is_brought_over_before_anybody_uses_the_new_one() {
    let plan = plan(&world());
    // Producers first: users, the clock; then the queues, then the workers, then what is left.
    all_wait(&plan, "stop beat", "put the maintenance page up");
    all_wait(&plan, "wait until workers have emptied", "stop beat");
    all_wait(&plan, "stop Celery", "wait until workers have emptied");
    all_wait(&plan, "copy the tasks that are left", "stop Celery");
    all_wait(&plan, "write what Redis holds", "stop Celery");
    all_wait(&plan, "have Redis begin", "bring the file over");
    all_wait(&plan, "put it to use", "have Redis begin");
    all_wait(&plan, "put it to use", "copy the tasks that are left");
    all_wait(&plan, "take the page off", "start Celery");
    let copy = job(the(&plan, "copy the tasks"));
    assert!(
        copy.script.contains("exports\nmyproject") && !copy.script.contains("celeryev.7c"),
        "{}",
        copy.script
    );
    let stake = note(&plan, "At stake");
    assert_eq!(
        stake,
        "At stake: tasks, 12 waiting and 3 taken by workers; sessions and results, 1,204 keys in Redis, 5.0 MiB."
    );
    assert!(note(&plan, "R18").contains("under another name"), "{:?}", plan.notes);
}

#[test]
fn r18_one_that_is_gone_is_unknown_and_nothing_of_it_is_waited_for() {
    let mut world = world();
    power(&mut world, Power::Stopped);
    let stopped = plan(&world);
    assert!(
        note(&stopped, "At stake")
            .contains("tasks, unknown; when it was last asked, at 03:00:00, 12 waiting")
    );
    power(&mut world, Power::Terminated);
    let gone = plan(&world);
    assert!(note(&gone, "At stake: tasks, unknown; sessions and results, unknown.").len() > 10);
    for plan in [&stopped, &gone] {
        for title in [
            "write what Redis holds",
            "wait until workers",
            "copy the tasks",
            "stop beat",
            "see what is in it",
        ] {
            assert!(steps(plan, title).is_empty(), "{title}");
        }
        assert!(note(plan, "Everybody is logged out").len() > 10 && note(plan, "Tasks that wait").len() > 10);
    }
    assert!(steps(&gone, "take it out of use").is_empty());
    assert_eq!(steps(&stopped, "take it out of use").len(), 1);
}

#[test]
fn r1_in_an_incident_the_group_is_held_and_the_page_goes_up_before_anything_else() {
    let mut world = world();
    power(&mut world, Power::Stopped);
    let urgent = plan(&world);
    assert_eq!(
        urgent.steps[0].title,
        "suspend HealthCheck, ReplaceUnhealthy, AZRebalance, AlarmNotification"
    );
    assert_eq!(urgent.steps[1].title, "suspend Launch, ScheduledActions");
    let page = the(&urgent, "put the maintenance page up");
    assert_eq!(page.id, StepId(3));
    for step in urgent.steps.iter().skip(3) {
        assert!(waits_for(&urgent, step, page), "{}", step.title);
    }
    // Celery may hang on a queue that is lost until Supervisor kills it: users do not wait for that.
    let (open, stop) = (the(&urgent, "take the page off"), the(&urgent, "stop Celery"));
    assert!(!waits_for(&urgent, open, stop) && waits_for(&urgent, the(&urgent, "start Celery"), stop));
    // One that works is built beside it, with the release, before anybody notices.
    let calm = plan(&super::replace_cache::world());
    all_wait(&calm, "suspend HealthCheck", "see that Redis, Memcached and RabbitMQ answer");
    all_wait(&calm, "suspend HealthCheck", "make a launch configuration");
    all_wait(&calm, "suspend HealthCheck", "see that it reaches the new cache server");
    all_wait(&calm, "put the maintenance page up", "suspend HealthCheck");
    assert!(the(&calm, "put the maintenance page up").destructive, "who is served is looked at again");
}

#[test]
fn r1_what_fails_half_way_in_an_incident_leaves_page_and_group_and_is_gone_on_with() {
    let mut world = world();
    power(&mut world, Power::Stopped);
    let urgent = plan(&world);
    assert!(urgent.goes_on);
    for step in &urgent.steps {
        let stays = match (step.lasts, &step.undo) {
            (Lasts::Stays, _) => true,
            (_, Undo::Restore) => step.settles == [step.id],
            _ => false,
        };
        assert!(stays, "{} {:?}", step.title, step.lasts);
    }
    assert!(note(&urgent, "Page and group stay").contains("runs resume"));
}

#[test]
fn once_the_new_one_has_everything_there_is_no_way_back_and_until_then_everything_goes_back() {
    let plan = plan(&world());
    let seal = the(&plan, "see that it has everything");
    assert!(seal.seals && plan.goes_on && waits_for(&plan, used(&plan), seal));
    let before = plan.steps.iter().filter(|step| step.id < seal.id && step.lasts == Lasts::UnlessStopped);
    assert_eq!(seal.settles, before.map(|step| step.id).collect::<Vec<_>>());
    assert!(
        plan.steps.iter().all(|step| step.lasts != Lasts::UntilTheEnd),
        "what is let go could not be gone on with"
    );
    for step in plan.steps.iter().filter(|step| waits_for(&plan, step, seal)) {
        assert_eq!(step.lasts, Lasts::Stays, "{}", step.title);
        let Action::Job(job) = &step.action else { continue };
        assert!(job.back.is_none(), "{} would lead back to the old server", step.title);
    }
    assert!(plan.cannot_undo.iter().any(|what| what.contains("there is no way back")));
}

#[test]
fn r8_servers_are_launched_again_only_from_a_release_that_knows_the_new_server() {
    let plan = plan(&world());
    let settings: Vec<&Step> = steps(&plan, "write the settings");
    for step in settings {
        let addresses: Vec<String> = job(step).files[0].addresses().iter().map(ToString::to_string).collect();
        assert!(addresses.contains(&"that of the new cache".to_owned()), "{}: {addresses:?}", step.target);
    }
    all_wait(&plan, "point the group", "make a launch configuration");
    all_wait(&plan, "point the group", "take the page off");
    all_wait(&plan, "let the group launch again", "point the group");
    let launches = the(&plan, "suspend Launch, ScheduledActions");
    assert_eq!(the(&plan, "let the group launch again").action.restores(), [launches.id]);
    let back = the(&plan, "take the page off").action.restores();
    assert!(!back.contains(&launches.id) && back.len() == 2);
    // In an incident a release that cannot be made keeps nobody waiting.
    let mut world = world();
    world.group().launch = None;
    assert!(world.refused("replace-cache-server", &[]).contains("launches nothing"));
    power(&mut world, Power::Stopped);
    let urgent = super::replace_cache::plan(&world);
    assert!(note(&urgent, "R8").contains("stays suspended"), "{:?}", urgent.notes);
    assert!(
        steps(&urgent, "point the group").is_empty() && steps(&urgent, "let the group launch").is_empty()
    );
}

#[test]
fn r17_beat_starts_on_one_worker_once_everybody_has_stopped() {
    let mut world = world();
    let mut second = sample::server("i-staging-worker2", "staging", "worker");
    second.private_address = Some("10.0.3.98".into());
    world.parts.servers.push(second);
    let plan = plan(&world);
    let starts = steps(&plan, "start Celery");
    let beats: Vec<_> = starts.iter().filter(|step| step.title.contains("with beat")).collect();
    assert_eq!((starts.len(), beats.len()), (2, 1));
    assert!(steps(&plan, "stop Celery").iter().all(|stop| waits_for(&plan, beats[0], stop)));
    assert_eq!(steps(&plan, "copy the tasks").len(), 1, "by one of them");
}

#[test]
fn one_that_does_not_answer_is_given_up_only_by_somebody_who_says_so() {
    let world = world();
    let snapshot = cut_off(&world);
    let refused = world.plan_from(&snapshot, "replace-cache-server", &[]).unwrap_err();
    assert_eq!(refused.word(), Some("lose-data"));
    assert!(refused.to_string().contains("no route to host"), "{refused}");
    let given = world.plan_from(&snapshot, "replace-cache-server", &[LOSE]).unwrap();
    assert!(given.overrides[0].starts_with("lose-data") && steps(&given, "write what Redis").is_empty());
    // The same of one that answers and cannot be copied.
    let given = world.plan("replace-cache-server", &[LOSE]).unwrap();
    assert!(given.overrides[0].starts_with("lose-data") && steps(&given, "copy the tasks").is_empty());
    assert_eq!(given.steps[0].title, "suspend HealthCheck, ReplaceUnhealthy, AZRebalance, AlarmNotification");
}

#[test]
fn one_that_works_in_part_gives_what_it_has() {
    let mut world = world();
    down(&mut world, "redis-server.service");
    let plan = plan(&world);
    assert!(plan.steps[0].title.starts_with("suspend HealthCheck"), "R1");
    let dump = the(&plan, "write what Redis holds");
    assert!(dump.soft && job(dump).script.contains("stale='yes'"), "what it wrote last");
    assert!(the(&plan, "bring the file over").soft && the(&plan, "have Redis begin").soft);
    assert!(!the(&plan, "copy the tasks").soft && note(&plan, "Redis does not answer").len() > 10);
    down(&mut world, "rabbitmq-server.service");
    let plan = super::replace_cache::plan(&world);
    assert!(steps(&plan, "copy the tasks").is_empty() && !the(&plan, "write what Redis holds").soft);
}

#[test]
fn no_secret_is_in_the_plan_and_what_is_told_of_the_new_server_is_its_address() {
    let plan = plan(&world());
    for step in &plan.steps {
        let Action::Job(job) = &step.action else { continue };
        for file in &job.files {
            let known =
                matches!(&file.of, TextOf::Secret { .. } | TextOf::Template { .. } | TextOf::Address { .. });
            assert!(known, "{}: {:?}", step.title, file.of);
        }
    }
    assert!(!serde_json::to_string(&plan).unwrap().contains("rabbitmqctl add_user"));
    for title in ["see that it reaches the new cache server", "copy the tasks that are left"] {
        for step in steps(&plan, title) {
            assert!(job(step).files.iter().any(|file| matches!(file.of, TextOf::Address { .. })), "{title}");
        }
    }
}

#[test]
fn a_page_and_a_group_that_somebody_has_held_stay_so_and_it_is_said_how_that_ends() {
    let mut world = world();
    power(&mut world, Power::Stopped);
    world.page("i-staging-web0", true, true);
    world.page("i-staging-web1", true, true);
    let suspended = |process: &str| SuspendedProcess { process: process.into(), reason: String::new() };
    world.group().suspended = vec![suspended("HealthCheck"), suspended("ReplaceUnhealthy")];
    let plan = plan(&world);
    assert!(note(&plan, "The maintenance page is up already").contains("end-upgrade staging"));
    assert!(
        note(&plan, "HealthCheck, ReplaceUnhealthy of").contains("--processes HealthCheck,ReplaceUnhealthy")
    );
    assert_eq!(
        plan.steps[0].title, "suspend AZRebalance, AlarmNotification",
        "what is so already is not set"
    );
}

#[test]
fn what_is_not_clear_is_refused_with_what_to_do() {
    let refused = |world: &World| world.refused("replace-cache-server", &[]);
    let mut two = world();
    two.parts.servers.push(sample::server("i-staging-cache2", "staging", "cache"));
    assert!(refused(&two).contains("several cache servers") && refused(&two).contains("-OLD"));
    let mut none = world();
    none.parts.servers.retain(|server| server.id.as_str() != OLD);
    none.place.roles = vec![Role::Web, Role::Worker];
    assert!(refused(&none).contains("new-server --role cache"));
    let mut secretless = world();
    secretless.site.as_mut().unwrap().ground.secrets.remove("broker_password");
    assert!(refused(&secretless).contains("broker_password"));
    let mut imageless = world();
    Arc::make_mut(&mut imageless.place.build).image = None;
    assert!(refused(&imageless).contains("`ami`"));
}

#[test]
fn room_is_looked_at_where_the_new_server_goes() {
    let world = world();
    let (topology, snapshot) = (world.topology(), world.snapshot());
    let asked = find("replace-cache-server")
        .unwrap()
        .room(&world.facts(&snapshot, &topology), &Options::default())
        .unwrap();
    assert_eq!(asked.subnets, SubnetChoice::Named(vec!["subnet-1".into()]));
    assert_eq!(asked.instance_type.as_deref(), Some("t3.small"));
}

#[test]
fn a_combo_server_is_turned_as_web_server_and_as_worker() {
    let mut world = world();
    world.parts.servers.retain(|server| !["worker", "db-primary"].contains(&server.role.role.word()));
    let mut combo = sample::server("i-combo", "staging", "combo");
    combo.private_address = Some("10.0.3.97".into());
    world.parts.servers.push(combo);
    world.code("i-combo", "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678");
    let plan = plan(&world);
    let on_combo =
        |title: &str| steps(&plan, title).into_iter().filter(|step| step.target == "i-combo").count();
    for title in ["write the settings", "restart Gunicorn", "start Celery", "stop Celery", "copy the tasks"] {
        assert_eq!(on_combo(title), 1, "{title}");
    }
}
