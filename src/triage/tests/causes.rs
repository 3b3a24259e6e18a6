//! One thing that broke is one thing to do: what follows from it is folded under it.

use super::kit::{causes, find, id, kit, programs};
use crate::fleet::measured::{
    Celery, Disks, Fact, HttpAnswer, Mount, Postgres, Queue, RabbitMq, Site, Slot, Unit, Units,
};
use crate::fleet::{LockKind, Role, Severity, SuspendedProcess};
use crate::triage::{Kind, Memory};

#[test]
fn a_full_disk_explains_what_fails_on_its_own_server_only() {
    let mut kit = kit();
    kit.answers(0, 500);
    let mount = Mount { path: "/".into(), size: 100, used: 100, ..Mount::default() };
    kit.fact(&id("web0"), Fact::Disks(Disks { mounts: vec![mount.clone()] }));
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::DiskFull], "{triage:#?}");
    kit.answers(1, 500);
    assert_eq!(causes(&kit.look()), [Kind::WebOut, Kind::DiskFull], "not that of two servers");
    let mut kit = super::kit::kit();
    kit.answers(1, 500);
    kit.fact(&id("web0"), Fact::Disks(Disks { mounts: vec![mount] }));
    assert_eq!(causes(&kit.look()), [Kind::WebOut, Kind::DiskFull], "of another server");
    let mut kit = super::kit::kit();
    kit.answers(0, 500);
    let nearly = Mount { path: "/".into(), size: 100, used: 88, available: 12, ..Mount::default() };
    kit.fact(&id("web0"), Fact::Disks(Disks { mounts: vec![nearly] }));
    assert_eq!(causes(&kit.look()), [Kind::WebOut, Kind::DiskFull], "nearly full breaks nothing");
}

#[test]
fn a_file_system_that_is_bound_to_several_places_is_full_once() {
    let mut kit = kit();
    let mount = |path: &str| Mount {
        path: path.into(),
        device: "/dev/nvme1n1".into(),
        size: 100,
        used: 100,
        ..Mount::default()
    };
    kit.fact(&id("web0"), Fact::Disks(Disks { mounts: vec![mount("/home/myproject"), mount("/data")] }));
    let triage = kit.look();
    let full: Vec<&str> = triage.findings.iter().map(|finding| finding.key.about.as_str()).collect();
    assert_eq!(full, ["web//data"]);
}

#[test]
fn a_service_that_stopped_explains_the_server_that_is_out_and_one_that_hangs_what_waits_for_it() {
    let mut kit = kit();
    kit.stop("web0", "nginx", 2);
    kit.answers(0, 0);
    assert_eq!(causes(&kit.look()), [Kind::ServiceDown]);
    let mut kit = super::kit::kit();
    kit.stop("web0", "nginx", 2);
    kit.answers(0, 0);
    kit.answers(1, 0);
    assert_eq!(causes(&kit.look()), [Kind::WebOut, Kind::ServiceDown], "not that of two servers");
}

#[test]
fn a_maintenance_page_explains_the_servers_that_are_out_for_it_unless_django_fails_behind_it() {
    let page = |django: u16| {
        let answer = |status| Some(HttpAnswer { status, milliseconds: 40, problem: None });
        Fact::Site(Site {
            nginx: answer(503),
            gunicorn: answer(django),
            maintenance: true,
            ..Site::default()
        })
    };
    let mut kit = kit();
    kit.answers(0, 503);
    kit.fact(&id("web0"), page(200));
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::Maintenance], "{triage:#?}");
    let first = &triage.findings[0];
    assert_eq!((first.severity, triage.count(Severity::Down)), (Severity::Down, 1), "as bad as what follows");
    kit.answers(1, 500);
    assert_eq!(
        causes(&kit.look()),
        [Kind::WebOut, Kind::Maintenance],
        "another server fails for something else"
    );
    let mut kit = super::kit::kit();
    (0..4).for_each(|n| kit.answers(n, 503));
    (0..4).for_each(|n| kit.fact(&id(&format!("web{n}")), page(200)));
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::Maintenance], "{triage:#?}");
    assert!(triage.consequences(&triage.findings[0].key).any(|f| f.key.kind == Kind::NoMember));
    kit.fact(&id("web3"), page(500));
    assert_eq!(causes(&kit.look()), [Kind::NoMember, Kind::Maintenance], "taking it off would not mend web3");
}

#[test]
fn a_replica_that_stopped_explains_web_servers_whose_check_asks_every_database_and_never_a_single_one() {
    let mut kit = kit();
    kit.stop("db-replica", "postgresql@15-main", 2);
    (0..4).for_each(|n| kit.answers(n, 500));
    let slot = Slot { name: "replica0".into(), retained: Some(900 << 20), ..Slot::default() };
    let held = Postgres { timeline: Some(1), slots: vec![slot], ..Postgres::default() };
    kit.fact(&id("db-primary"), Fact::Postgres(Box::new(held)));
    kit.look();
    kit.later(90);
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::ServiceDown], "{triage:#?}");
    let folded: Vec<Kind> = triage.consequences(&triage.findings[0].key).map(|f| f.key.kind).collect();
    assert!(folded.contains(&Kind::NoMember) && folded.contains(&Kind::WebFails), "{folded:?}");
    assert!(folded.contains(&Kind::WalHeld), "{folded:?}");
    assert!(triage.findings[0].users.is_some(), "what users notice of it is handed up");
    let mut kit = super::kit::kit();
    kit.stop("db-replica", "postgresql@15-main", 2);
    kit.answers(0, 500);
    assert_eq!(causes(&kit.look()), [Kind::WebOut, Kind::ServiceDown], "the others would fail, too");
    let mut kit = super::kit::kit();
    kit.stop("worker", "supervisor", 2);
    (0..4).for_each(|n| kit.answers(n, 500));
    assert_eq!(causes(&kit.look()), [Kind::NoMember, Kind::ServiceDown], "nothing of another server");
    let mut kit = super::kit::kit();
    let replica = kit.parts.servers.iter_mut().find(|server| server.id == id("db-replica")).unwrap();
    replica.power = crate::fleet::Power::Stopped;
    (0..4).for_each(|n| kit.answers(n, 500));
    assert_eq!(causes(&kit.look()), [Kind::ServerMissing], "one that EC2 has stopped, too");
}

#[test]
fn celery_that_stopped_explains_the_queue_that_nobody_listens_to() {
    let mut kit = kit();
    let mut stopped = programs(&["production-celeryd-main"]);
    stopped.programs[0].state = "FATAL".into();
    kit.fact(&id("worker"), Fact::Supervisor(stopped));
    let queue = Queue { name: "celery".into(), ready: 4_000, ..Queue::default() };
    kit.fact(&id("cache"), Fact::RabbitMq(RabbitMq { queues: vec![queue], ..RabbitMq::default() }));
    kit.look();
    kit.later(90);
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::ProgramDown], "{triage:#?}");
    let folded: Vec<Kind> = triage.consequences(&triage.findings[0].key).map(|f| f.key.kind).collect();
    assert_eq!(folded, [Kind::QueueGrows, Kind::Unheard]);
}

#[test]
fn what_a_run_changes_on_its_way_is_not_wrong_while_it_is_at_work() {
    let mut kit = kit();
    kit.parts.groups[0].suspended = vec![SuspendedProcess {
        process: "AZRebalance".into(),
        reason: "User suspended at 2026-11-22T02:41:00Z".into(),
    }];
    assert_eq!(causes(&kit.look()), [Kind::Suspended], "nobody is at work");
    kit.held(LockKind::Environment);
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::AtWork], "{triage:#?}");
    assert_eq!(triage.count(crate::fleet::Severity::Warn), 0);
}

#[test]
fn a_chain_has_one_end_and_no_circle_whatever_is_wrong_at_once() {
    let mut kit = kit();
    kit.stop("db-primary", "postgresql@15-main", 3);
    kit.stop("cache", "redis-server", 3);
    (0..4).for_each(|n| kit.answers(n, 500));
    let mount = Mount { path: "/".into(), size: 100, used: 100, ..Mount::default() };
    for server in ["web0", "web1", "db-primary", "cache", "worker", "db-replica"] {
        kit.fact(&id(server), Fact::Disks(Disks { mounts: vec![mount.clone()] }));
    }
    kit.look();
    kit.later(120);
    let triage = kit.look();
    for finding in &triage.findings {
        let root = crate::triage::causes::root(finding, &triage.findings);
        assert_eq!(root.under, None, "{} ends at {}", finding.key, root.key);
    }
    assert!(triage.causes().count() >= 1);
    let first = &triage.findings[0];
    assert!(
        first.under.is_none() && !first.runbook.is_empty(),
        "the screen still says what to do first: {first:#?}"
    );
    assert!(
        triage.causes().count() + triage.causes().map(|c| triage.consequences(&c.key).count()).sum::<usize>()
            == triage.findings.len()
    );
}

#[test]
fn what_takes_every_web_server_out_is_told_before_that_nobody_serves_and_holds_the_group_first() {
    let mut kit = kit();
    (0..4).for_each(|n| kit.stop(&format!("web{n}"), "nginx", 2));
    (0..4).for_each(|n| kit.answers(n, 0));
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::ServiceDown], "{triage:#?}");
    let first = &triage.findings[0];
    assert_eq!(first.runbook[0].words, "stop the group from ending servers", "R1");
    assert!(triage.consequences(&first.key).any(|f| f.key.kind == Kind::NoMember));
}

#[test]
fn a_role_that_has_no_server_explains_nothing_of_those_that_are_there() {
    let mut kit = kit();
    kit.parts.servers.retain(|server| server.id != id("db-replica"));
    kit.place.roles = vec![Role::DbReplica];
    (0..4).for_each(|n| kit.answers(n, 500));
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::NoMember, Kind::ServerMissing], "{triage:#?}");
    assert_eq!(triage.findings.last().unwrap().severity, Severity::Warn, "and is no worse for it");
}

#[test]
fn what_was_seen_while_it_was_mild_is_told_again_once_something_worse_comes_of_it() {
    let mut kit = kit();
    let answer = |status| Some(HttpAnswer { status, milliseconds: 40, problem: None });
    let page = Site { nginx: answer(503), gunicorn: answer(200), maintenance: true, ..Site::default() };
    kit.fact(&id("web0"), Fact::Site(page));
    let triage = kit.look();
    let told = find(&triage, Kind::Maintenance);
    assert_eq!(told.severity, Severity::Warn);
    let told = told.clone();
    kit.memory.acknowledge(&told, "jane@laptop", kit.now, None);
    assert!(find(&kit.look(), Kind::Maintenance).acknowledged.is_some());
    kit.out(0, "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.");
    let triage = kit.look();
    assert!(find(&triage, Kind::Maintenance).acknowledged.is_none(), "{triage:#?}");
    assert_eq!(triage.count(Severity::Down), 1);
}

#[test]
fn the_services_of_a_cache_server_are_told_as_its_own_even_while_they_come_up_again_and_again() {
    let mut kit = kit();
    kit.stop("cache", "fail2ban", 2);
    (0..4).for_each(|n| kit.answers(n, 500));
    assert_eq!(causes(&kit.look()), [Kind::NoMember, Kind::ServiceDown], "nobody needs it to serve");
    let unit = Unit {
        name: "redis-server".into(),
        active: "activating".into(),
        sub: "auto-restart".into(),
        ..Unit::default()
    };
    kit.fact(&id("cache"), Fact::Units(Units { units: vec![unit] }));
    kit.memory = Memory::default();
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::CacheDown], "{triage:#?}");
    assert_eq!(triage.findings[0].severity, Severity::Down);
}

#[test]
fn supervisor_that_stopped_explains_celery_and_celery_explains_no_program_of_another_server() {
    let mut kit = kit();
    kit.fact(&id("worker"), Fact::Celery(Celery::default()));
    let mut dead = programs(&["production-server"]);
    dead.programs[0].state = "FATAL".into();
    kit.fact(&id("web0"), Fact::Supervisor(dead));
    kit.answers(0, 502);
    kit.look();
    kit.later(60);
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::CeleryDown, Kind::ProgramDown], "{triage:#?}");
    kit.stop("worker", "supervisor", 2);
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::ServiceDown, Kind::ProgramDown], "{triage:#?}");
}

#[test]
fn who_makes_a_release_has_not_stopped_celery() {
    let mut kit = kit();
    kit.held(LockKind::Release);
    kit.fact(&id("worker"), Fact::Celery(Celery::default()));
    kit.look();
    kit.later(60);
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::CeleryDown, Kind::AtWork], "{triage:#?}");
}

#[test]
fn that_nobody_is_served_is_told_whoever_is_at_work() {
    let mut kit = kit();
    kit.held(LockKind::Environment);
    let answer = |status| Some(HttpAnswer { status, milliseconds: 40, problem: None });
    let page = Site { nginx: answer(503), gunicorn: answer(200), maintenance: true, ..Site::default() };
    for n in 0..4 {
        kit.fact(&id(&format!("web{n}")), Fact::Site(page.clone()));
    }
    assert_eq!(causes(&kit.look()), [Kind::AtWork], "its page is no finding");
    let words = "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.";
    (0..4).for_each(|n| kit.out(n, words));
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::Maintenance, Kind::AtWork], "{triage:#?}");
    assert_eq!(triage.count(Severity::Down), 1);
}

#[test]
fn whatever_takes_one_web_server_out_can_take_out_the_last() {
    for cause in crate::triage::causes::CAUSES {
        let knows = |kind| cause.explains.contains(&kind);
        // Of these one server is none of all.
        let some = matches!(cause.of, Kind::WebOut | Kind::NoMember);
        assert!(some || !knows(Kind::WebOut) || knows(Kind::NoMember), "{:?} {:?}", cause.of, cause.explains);
    }
}

#[test]
fn that_no_web_server_is_left_follows_from_what_had_them_ended() {
    let mut kit = kit();
    kit.parts.health.get_mut("production-lb").unwrap().clear();
    let triage = kit.look();
    let told = find(&triage, Kind::NoMember);
    assert!(told.runbook.iter().any(|step| step.words.contains("register")), "{:?}", told.runbook);
    kit.stop("cache", "redis-server", 2);
    assert_eq!(causes(&kit.look()), [Kind::CacheDown]);
}
