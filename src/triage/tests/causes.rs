//! One thing that broke is one thing to do: what follows from it is folded under it.

use super::kit::{causes, id, kit, programs};
use crate::fleet::measured::{Disks, Fact, HttpAnswer, Mount, Postgres, Queue, RabbitMq, Site, Slot};
use crate::fleet::{LockKind, Severity, SuspendedProcess};
use crate::triage::Kind;

#[test]
fn a_full_disk_explains_what_fails_on_its_own_server_only() {
    let mut kit = kit();
    kit.answers(0, 500);
    kit.answers(1, 500);
    let mount = Mount { path: "/".into(), size: 100, used: 100, ..Mount::default() };
    kit.fact(&id("web0"), Fact::Disks(Disks { mounts: vec![mount.clone()] }));
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::DiskFull], "{triage:#?}");
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
    kit.spoil.push(|snapshot| {
        let now = crate::fleet::sample::epoch();
        let holder = crate::fleet::lock::Holder {
            who: "jane@laptop".into(),
            identity: "ops/jane".into(),
            run: "2026-11-22-0007".into(),
            operation: "deploy-serial".into(),
            step: "step 4/13 migrate".into(),
            since: now,
            ended: None,
        };
        let lock = crate::fleet::Lock {
            kind: LockKind::Environment,
            number: 7,
            grip: crate::fleet::lock::Grip::Held,
            holder: Some(holder),
            seen: Some(now),
            to_put_back: Vec::new(),
            unreadable: false,
        };
        let all = [("production".into(), vec![lock])].into();
        snapshot.locks = crate::fleet::Reading::taken(crate::fleet::Source::SsmGetParametersByPath, all, now);
    });
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
