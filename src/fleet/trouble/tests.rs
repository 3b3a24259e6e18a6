//! What is said of a server, from facts as they should be, spoiled one by one.

use super::*;
use crate::fleet::measured::*;
use crate::fleet::sample::{epoch, server};
use crate::fleet::{Fact, Failure, FailureKind, HostKeyQuestion, Reading, Source};

/// The topics of a role as they should be.
fn good(role: &str) -> Vec<Fact> {
    let machine = Machine {
        cores: 2,
        load: [0.5; 3],
        memory_total: 100,
        memory_available: 60,
        clock_ahead_ms: Some(-20),
        ..Machine::default()
    };
    let mount = Mount { path: "/".into(), size: 100, used: 40, available: 60, ..Mount::default() };
    let mut facts = vec![Fact::Machine(machine), Fact::Disks(Disks { mounts: vec![mount] })];
    let unit = |name: &str| Unit { name: name.into(), active: "active".into(), ..Unit::default() };
    match role {
        "web" => {
            let ok = Some(HttpAnswer { status: 200, milliseconds: 40, problem: None });
            facts.push(Fact::Units(Units { units: vec![unit("nginx")] }));
            let gunicorn = Program { name: "gunicorn".into(), state: "RUNNING".into(), ..Program::default() };
            facts.push(Fact::Supervisor(Supervisor { programs: vec![gunicorn] }));
            facts.push(Fact::Site(Site { nginx: ok.clone(), gunicorn: ok, ..Site::default() }));
            facts.push(Fact::PgBouncer(PgBouncer { pools: vec![Pool::default()] }));
        }
        "worker" => facts.push(Fact::Celery(Celery { workers: vec![CeleryWorker::default()] })),
        "cache" => {
            let celery = Queue { name: "celery".into(), ready: 5, consumers: 1, ..Queue::default() };
            let pidbox = Queue { name: "x.celery.pidbox".into(), ready: 5_000, ..Queue::default() };
            let queues = vec![celery, pidbox];
            facts.push(Fact::RabbitMq(RabbitMq { queues, ..RabbitMq::default() }));
            let redis = Redis {
                memory_used: 10,
                memory_most: 100,
                policy: "noeviction".into(),
                save_ok: true,
                ..Redis::default()
            };
            facts.push(Fact::Redis(Box::new(redis)));
        }
        _ => {
            let replica = (role == "db-replica").then(|| Replica {
                receiver: Some("streaming".into()),
                delay: Some(0.2),
                ..Replica::default()
            });
            let connections = Connections { active: 5, most: 100, ..Connections::default() };
            let in_recovery = replica.is_some();
            let postgres = Postgres { in_recovery, connections, replica, ..Postgres::default() };
            facts.push(Fact::Postgres(Box::new(postgres)));
        }
    }
    facts
}

fn measured(facts: Vec<Fact>) -> Measured {
    let taken = |fact: Fact| (fact.topic(), Reading::taken(Source::Probe(fact.topic()), fact, epoch()));
    Measured {
        reached_at: Some(epoch()),
        facts: facts.into_iter().map(taken).collect(),
        ..Measured::default()
    }
}

fn seen(role: &str, measured: &Measured) -> Vec<Trouble> {
    of_server(&server("i-1", "production", role), measured, &Yardstick::at(epoch()))
}

/// What is said after the facts of a role were spoiled.
fn spoiled(role: &str, spoil: impl Fn(&mut Fact)) -> Vec<(Severity, String)> {
    let mut facts = good(role);
    facts.iter_mut().for_each(spoil);
    seen(role, &measured(facts)).into_iter().map(|t| (t.severity, t.text)).collect()
}

macro_rules! spoiled {
    ($role:literal, $variant:ident, $fact:ident => $change:expr) => {
        spoiled($role, |fact| {
            if let Fact::$variant($fact) = fact {
                $change;
            }
        })
    };
}

fn one(severity: Severity, text: &str) -> Vec<(Severity, String)> {
    vec![(severity, text.to_owned())]
}

#[test]
fn servers_as_they_should_be_have_no_trouble() {
    for role in ["web", "worker", "cache", "db-primary", "db-replica"] {
        assert_eq!(seen(role, &measured(good(role))), [], "{role}");
    }
}

#[test]
fn a_machine_short_of_something_says_of_what() {
    let memory = spoiled!("web", Machine, m => m.memory_available = 5);
    assert_eq!(memory, one(Severity::Warn, "has 95% of its memory in use"));
    let swap = spoiled!("web", Machine, m => (m.swap_total, m.swap_used) = (200, 160));
    assert_eq!(swap, one(Severity::Warn, "has 80% of its swap in use"));
    assert_eq!(spoiled!("web", Machine, m => (m.swap_total, m.swap_used) = (200, 120)), [], "idle pages");
    let load = spoiled!("web", Machine, m => m.load[0] = 7.9);
    assert_eq!(load, one(Severity::Warn, "has a load of 7.9 on 2 cores"));
    let clock = spoiled!("web", Machine, m => m.clock_ahead_ms = Some(-4_200));
    assert_eq!(clock, one(Severity::Warn, "has its clock 4.2 s behind"));
    let disk = spoiled!("web", Disks, d => (d.mounts[0].used, d.mounts[0].available) = (100, 0));
    assert_eq!(disk, one(Severity::Down, "has its disk / 100% full"));
    let inodes = spoiled!("web", Disks, d => d.mounts[0].inodes_percent = Some(91));
    assert_eq!(inodes, one(Severity::Warn, "has 91% of the inodes of / in use"));
    let read_only = spoiled!("web", Disks, d => d.mounts[0].read_only = true);
    assert_eq!(read_only[0].0, Severity::Down);
}

#[test]
fn a_read_only_image_that_is_full_is_as_it_should_be() {
    let snap = Mount { path: "/snap/core".into(), used: 100, read_only: true, ..Mount::default() };
    assert_eq!(spoiled!("web", Disks, d => d.mounts.push(snap.clone())), []);
}

#[test]
fn services_that_do_not_run_are_down_and_those_not_installed_are_not() {
    let failed = spoiled!("web", Units, u => u.units[0].active = "failed".into());
    assert_eq!(failed, one(Severity::Down, "has nginx failed"));
    assert_eq!(spoiled!("web", Units, u => u.units[0].active = "not-found".into()), []);
    assert_eq!(spoiled!("web", Units, u => u.units[0].active = "activating".into()), []);
    let fatal = spoiled!("web", Supervisor, s => s.programs[0].state = "FATAL".into());
    assert_eq!(fatal, one(Severity::Down, "has gunicorn fatal"));
    let stopped = spoiled!("web", Supervisor, s => s.programs[0].state = "STOPPED".into());
    assert_eq!(stopped[0].0, Severity::Warn, "on purpose, perhaps");
    let restarts = spoiled!("web", Supervisor, s => s.programs[0].restarts = Some(6));
    assert_eq!(restarts, one(Severity::Warn, "started gunicorn 6 times in the last hour"));
    let waiting = spoiled!("web", PgBouncer, p => p.pools[0].clients_waiting = 23);
    assert_eq!(waiting[0].0, Severity::Warn);
    assert!(waiting[0].1.contains("23 clients of PgBouncer"), "{waiting:?}");
}

#[test]
fn the_site_is_asked_past_nginx_too_and_said_once() {
    let answer = |status| Some(HttpAnswer { status, ..HttpAnswer::default() });
    let both = spoiled!("web", Site, s => (s.nginx, s.gunicorn) = (answer(500), answer(500)));
    assert_eq!(both, one(Severity::Down, "answers its own health check with 500 (nginx)"));
    let override_hides = spoiled!("web", Site, s => (s.gunicorn, s.health_override) = (answer(0), true));
    assert_eq!(override_hides.len(), 2, "{override_hides:?}");
    assert!(override_hides[0].1.contains("no answer from gunicorn"), "{override_hides:?}");
    let page = spoiled!("web", Site, s => (s.nginx, s.maintenance) = (answer(503), true));
    assert!(page.iter().all(|(severity, _)| *severity == Severity::Warn), "{page:?}");
}

#[test]
fn celery_that_does_not_answer_is_down_and_a_long_task_is_named() {
    assert_eq!(spoiled!("worker", Celery, c => c.workers.clear())[0].0, Severity::Down);
    let task = Task { id: String::new(), name: "surveys.export".into(), seconds: Some(5_640.0) };
    let long = spoiled!("worker", Celery, c => c.workers[0].running.push(task.clone()));
    assert_eq!(long, one(Severity::Warn, "runs the task surveys.export for 94 min"));
}

#[test]
fn queues_count_without_celerys_own_and_nobody_listening_is_a_warning() {
    let deep = spoiled!("cache", RabbitMq, r => r.queues[0].ready = 12_480);
    assert_eq!(deep, one(Severity::Warn, "has 12,480 messages waiting"));
    let handed = spoiled!("cache", RabbitMq, r => r.queues[0].unacknowledged = 700);
    assert_eq!(handed, one(Severity::Warn, "has 700 messages handed out and not acknowledged"));
    let unheard = spoiled!("cache", RabbitMq, r => r.queues[0].consumers = 0);
    assert_eq!(unheard, one(Severity::Warn, "has 5 messages in “celery”, to which nobody listens"));
    assert_eq!(spoiled!("cache", RabbitMq, r => r.memory_alarm = true)[0].0, Severity::Down);
    let redis = spoiled!("cache", Redis, r => r.memory_used = 91);
    assert_eq!(redis, one(Severity::Warn, "has Redis at 91% of its memory, then writes fail"));
    let evicts = spoiled!("cache", Redis, r => (r.evicted, r.policy) = (7, "allkeys-lru".into()));
    assert_eq!(evicts[0].1, "has Redis throw keys away (7 keys so far, sessions among them)");
    assert_eq!(spoiled!("cache", Redis, r => r.save_ok = false).len(), 1);
}

#[test]
fn databases_say_what_holds_them_up() {
    let connections = spoiled!("db-primary", Postgres, p => p.connections.idle = 76);
    assert_eq!(connections, one(Severity::Warn, "has 81 of 100 PostgreSQL connections in use"));
    let old = spoiled!("db-primary", Postgres, p => {
        (p.oldest_transaction, p.oldest_who) = (Some(3_120.0), Some("survey, pid 8123".into()));
    });
    assert_eq!(old, one(Severity::Warn, "has a transaction open for 52 min (survey, pid 8123)"));
    let slot = Slot { name: "old".into(), active: false, retained: Some(6 << 30), status: None };
    let slots = spoiled!("db-primary", Postgres, p => p.slots.push(slot.clone()));
    assert_eq!(slots, one(Severity::Warn, "holds 6.0 GiB of WAL back for its slot old, which nobody uses"));
    let lost = Slot { status: Some("lost".into()), ..slot.clone() };
    assert_eq!(spoiled!("db-primary", Postgres, p => p.slots.push(lost.clone()))[0].0, Severity::Down);
    assert_eq!(spoiled!("db-primary", Postgres, p => p.in_recovery = true)[0].0, Severity::Down);
    assert_eq!(spoiled!("db-replica", Postgres, p => p.in_recovery = false)[0].0, Severity::Down);
}

#[test]
fn a_replica_says_whether_it_is_behind_paused_or_hears_nothing() {
    macro_rules! replica {
        ($fact:ident => $change:expr) => {
            spoiled!("db-replica", Postgres, p => if let Some($fact) = &mut p.replica { $change })
        };
    }
    let behind = replica!(r => r.delay = Some(48.2));
    assert_eq!(behind, one(Severity::Warn, "replays 48 s behind"));
    assert_eq!(replica!(r => r.delay = None), [], "unknown is not behind");
    assert_eq!(replica!(r => r.receiver = None)[0].0, Severity::Down);
    assert_eq!(replica!(r => r.paused = true)[0].0, Severity::Warn);
}

#[test]
fn what_cannot_be_reached_is_unknown_and_what_it_once_said_is_so_too() {
    let mut facts = good("web");
    if let Some(Fact::Disks(disks)) = facts.get_mut(1) {
        (disks.mounts[0].used, disks.mounts[0].available) = (100, 0);
    }
    let mut server = measured(facts);
    let failure = Failure { since: epoch(), kind: FailureKind::Unreachable, message: "no".into() };
    server.unreachable = Some(failure);
    let later = Yardstick::at(epoch() + jiff::SignedDuration::from_hours(2));
    let found = of_server(&crate::fleet::sample::server("i-1", "production", "web"), &server, &later);
    assert!(found.iter().all(|t| t.severity == Severity::Unknown), "{found:?}");
    assert_eq!(found[0].text, "cannot be reached over ssh: no answer");
    assert!(found.iter().any(|t| t.text == "has its disk / 100% full (as of 03:00 UTC)"), "{found:?}");
}

#[test]
fn a_host_key_is_asked_about_and_another_one_is_an_alarm() {
    let asked = |pinned: Vec<String>| {
        let host_key = Some(HostKeyQuestion { presented: None, pinned, note: None });
        seen("web", &Measured { host_key, ..Measured::default() })
    };
    let severities = |found: Vec<Trouble>| found.iter().map(|t| (t.severity, t.kind)).collect::<Vec<_>>();
    assert_eq!(severities(asked(Vec::new())), [(Severity::Unknown, TroubleKind::HostKeyUnknown)]);
    let changed = severities(asked(vec!["ED25519 SHA256:a".into()]));
    assert_eq!(changed, [(Severity::Warn, TroubleKind::HostKeyChanged)]);
}

#[test]
fn a_probe_that_fails_is_unknown_and_a_tool_that_is_not_there_is_nothing() {
    for (kind, wanted) in [(FailureKind::Denied, 1), (FailureKind::Other, 1), (FailureKind::Absent, 0)] {
        let mut server = measured(good("cache"));
        let mut redis = Reading::never(Source::Probe(Topic::Redis));
        redis.fail(kind, "no", epoch());
        server.facts.insert(Topic::Redis, redis);
        let found = seen("cache", &server);
        assert_eq!(found.len(), wanted, "{found:?}");
        assert!(found.iter().all(|t| t.severity == Severity::Unknown), "{found:?}");
    }
}

#[test]
fn r17_beat_is_known_by_the_names_that_projects_give_it() {
    let is_beat = |name: &str| Program { name: name.into(), ..Program::default() }.is_beat();
    assert!(["production-celerybeat", "celerybeat", "celery-beat", "beat"].into_iter().all(is_beat));
    assert!(!["heartbeat", "production-celeryd-main", "beats"].into_iter().any(is_beat));
}
