//! What was measured on the fixture's servers: good and bad, stale, failed, refused, hostile.

use std::sync::Arc;

use super::fixture::{ago, wave};
use crate::fleet::measured::*;
use crate::fleet::text::one_line;
use crate::fleet::*;

fn taken(fact: Fact, age: i64) -> Reading<Fact> {
    Reading::taken(Source::Probe(fact.topic()), fact, ago(age))
}

fn trend(numbers: impl Fn(i64) -> f64) -> Series {
    let points = (0..240).map(|n| (ago((239 - n) * 15 + 4), numbers(n))).collect();
    Series { period: std::time::Duration::from_secs(15), points }
}

fn with(facts: Vec<Fact>) -> Measured {
    let mut measured = Measured { reached_at: Some(ago(4)), ..Measured::default() };
    measured.facts.extend(facts.into_iter().map(|fact| (fact.topic(), taken(fact, 4))));
    measured
}

fn machine(load: f64, memory: u64) -> Fact {
    Fact::Machine(Machine {
        cores: 2,
        load: [load, load * 0.8, load * 0.7],
        memory_total: 4 << 30,
        memory_available: (4 << 30) / 100 * (100 - memory),
        swap_total: 1 << 30,
        swap_used: 12 << 20,
        up_seconds: 172_800,
        clock_ahead_ms: Some(12),
        clock_synchronised: Some(true),
    })
}

fn mount(path: &str, percent: u64) -> Mount {
    let size = 20 << 30;
    let used = size / 100 * percent;
    Mount {
        path: path.into(),
        device: "/dev/nvme0n1p1".into(),
        size,
        used,
        available: size - used,
        inodes_percent: Some(11),
        read_only: false,
    }
}

fn unit(name: &str, active: &str) -> Unit {
    let sub = if active == "active" { "running" } else { "dead" };
    let since = Some(ago(172_800));
    Unit { name: name.into(), active: active.into(), sub: sub.into(), since, restarts: 0 }
}

fn units(names: &[&str]) -> Fact {
    Fact::Units(Units { units: names.iter().map(|name| unit(name, "active")).collect() })
}

fn program(group: &str, name: &str, state: &str, restarts: u32) -> Program {
    Program {
        group: group.into(),
        name: name.into(),
        state: state.into(),
        pid: Some(812),
        up_seconds: Some(if restarts > 0 { 38 } else { 172_000 }),
        restarts: Some(restarts),
        detail: String::new(),
    }
}

fn answer(status: u16, milliseconds: u32) -> HttpAnswer {
    HttpAnswer { status, milliseconds, problem: None }
}

fn pgbouncer(waiting: u32) -> Fact {
    let pool = Pool {
        database: "myproject_production".into(),
        user: "myproject".into(),
        clients_active: 14,
        clients_waiting: waiting,
        servers_active: 14,
        servers_idle: 2,
        longest_wait: f64::from(waiting) * 0.6,
    };
    Fact::PgBouncer(PgBouncer { pools: vec![pool] })
}

fn code(changeset: &str) -> Fact {
    Fact::Code(Code { changeset: changeset.into(), branch: Some("main".into()) })
}

fn web(load: f64, restarts: u32, status: u16) -> Measured {
    let (nginx, gunicorn) = (Some(answer(status, 41)), Some(answer(status, 28)));
    let site = Site { nginx, gunicorn, ..Site::default() };
    let programs = vec![program("web", "gunicorn", "RUNNING", restarts)];
    with(vec![
        machine(load, 48),
        Fact::Disks(Disks { mounts: vec![mount("/", if restarts > 0 { 100 } else { 44 })] }),
        units(&["nginx", "supervisor", "stunnel4"]),
        Fact::Supervisor(Supervisor { programs }),
        pgbouncer(if restarts > 0 { 23 } else { 0 }),
        code("a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"),
        Fact::Site(site),
        Fact::Upkeep(Upkeep {
            reboot_required: restarts > 0,
            upgrades: Some(31),
            security: Some(7),
            system: Some("Ubuntu 22.04.4 LTS".into()),
        }),
    ])
}

fn worker() -> Measured {
    let task = |name: &str, seconds| Task { id: "6f1c".into(), name: name.into(), seconds: Some(seconds) };
    let running = vec![task("surveys.tasks.export", 5_640.0), task("surveys.tasks.mail", 2.0)];
    let main =
        CeleryWorker { name: "main@worker".into(), slots: Some(10), running, reserved: 4, begun: Some(812) };
    with(vec![
        machine(1.1, 61),
        Fact::Disks(Disks { mounts: vec![mount("/", 52), mount("/mnt/media", 61)] }),
        units(&["supervisor", "stunnel4"]),
        Fact::Supervisor(Supervisor {
            programs: vec![
                program("celery", "celery-main", "RUNNING", 0),
                program("celery", "celery-beat", "RUNNING", 0),
                program("celery", "celery-cam", "STOPPED", 0),
            ],
        }),
        Fact::Celery(Celery { workers: vec![main] }),
        pgbouncer(0),
        code("77aa01cfff0718293a4b5c6d7e8f901234567890"),
    ])
}

fn queue(name: &str, ready: u64, unacknowledged: u64, consumers: u32) -> Queue {
    Queue { name: one_line(name), ready, unacknowledged, consumers, unknown: false }
}

#[allow(clippy::cast_precision_loss)]
fn cache(busy: bool) -> Measured {
    let hostile = format!("a\u{1b}[31m\u{202e}queue {}", "漢".repeat(120));
    let mut queues = vec![
        queue("celery", if busy { 410 } else { 0 }, 8, 10),
        queue("celery@worker.celery.pidbox", 0, 0, 1),
        queue("celeryev.6f1c", 3, 0, 1),
    ];
    if busy {
        queues.insert(0, queue("exports", 12_000, 1, 1));
        queues.push(queue(&hostile, 70, 0, 0));
    }
    let mut measured = with(vec![
        machine(0.3, 55),
        Fact::Disks(Disks { mounts: vec![mount("/", 38)] }),
        units(&["rabbitmq-server", "redis-server", "memcached"]),
        Fact::RabbitMq(RabbitMq {
            version: Some("3.12.1".into()),
            vhost: "myproject_production".into(),
            queues,
            memory_alarm: false,
            disk_alarm: false,
        }),
        Fact::Redis(Box::new(Redis {
            version: "7.0.15".into(),
            role: "master".into(),
            up_seconds: 3_456_000,
            memory_used: if busy { 931 << 20 } else { 210 << 20 },
            memory_most: 1 << 30,
            policy: "noeviction".into(),
            clients: 41,
            blocked: 2,
            evicted: 0,
            rejected: 0,
            save_ok: true,
            unsaved: 812,
            append_only: false,
            append_ok: true,
            keys: 48_211,
        })),
        Fact::Memcached(Memcached {
            version: "1.6.14".into(),
            bytes: 48 << 20,
            most: 64 << 20,
            connections: 22,
            evictions: 0,
            hits: 918_221,
            misses: 40_112,
        }),
    ]);
    let depth = move |n: i64| if busy { 8_000.0 + (n * n) as f64 / 12.8 } else { 0.0 };
    measured.trends.insert(Gauge::QueueDepth, trend(depth));
    measured.queues.insert("exports".into(), trend(depth));
    measured.queues.insert("celery".into(), trend(|n| wave(n, 0.0, if busy { 420.0 } else { 0.0 })));
    measured
}

fn connections(active: u32, idle: u32, most: u32) -> Connections {
    Connections { active, idle, idle_in_transaction: 3, other: 1, waiting: 0, most }
}

fn primary(busy: bool) -> Measured {
    let standby = Standby {
        name: "myproject_production_db-replica".into(),
        address: Some("10.0.1.7".into()),
        state: "streaming".into(),
        sync: "async".into(),
        sent_behind: Some(0),
        flush_behind: Some(16 << 10),
        replay_behind: Some(if busy { 48 << 20 } else { 0 }),
        replay_lag: busy.then_some(48.2),
    };
    let slot = |name: &str, active, retained, status: &str| Slot {
        name: name.into(),
        active,
        retained: Some(retained),
        status: Some(status.into()),
    };
    let mut slots = vec![slot("replica0", true, 48 << 20, "reserved")];
    if busy {
        slots.push(slot("replica_old", false, 6 << 30, "extended"));
    }
    let mut measured = with(vec![
        machine(2.2, 71),
        Fact::Disks(Disks { mounts: vec![mount("/", 41), mount("/var/lib/postgresql", 78)] }),
        units(&["postgresql"]),
        Fact::Postgres(Box::new(Postgres {
            version: "15.6".into(),
            started_at: Some(ago(80 * 86_400)),
            timeline: Some(2),
            connections: connections(if busy { 22 } else { 3 }, if busy { 35 } else { 2 }, 80),
            oldest_transaction: Some(if busy { 3_120.0 } else { 0.4 }),
            oldest_who: Some("survey, pid 8123".into()),
            position: Some("1A/4F00C1D8".into()),
            database_bytes: Some(41 << 30),
            standbys: vec![standby],
            slots,
            wal_keep: Some(1 << 30),
            slot_keep: Some(10 << 30),
            ..Postgres::default()
        })),
    ]);
    measured.trends.insert(Gauge::Connections, trend(|n| wave(n, 40.0, 62.0)));
    measured
}

fn replica(behind: bool, age: i64) -> Measured {
    let mut measured = with(vec![
        machine(0.4, 66),
        Fact::Disks(Disks { mounts: vec![mount("/", 40), mount("/var/lib/postgresql", 77)] }),
        units(&["postgresql"]),
        Fact::Postgres(Box::new(Postgres {
            version: "15.6".into(),
            in_recovery: true,
            started_at: Some(ago(80 * 86_400)),
            timeline: Some(2),
            connections: connections(2, 9, 80),
            position: Some("1A/4C00A010".into()),
            replica: Some(Replica {
                receiver: Some("streaming".into()),
                sender: Some("10.0.1.101".into()),
                received: Some("1A/4F00C1D8".into()),
                replayed: Some("1A/4C00A010".into()),
                behind: Some(if behind { 48 << 20 } else { 0 }),
                delay: Some(if behind { 48.2 } else { 0.0 }),
                paused: false,
                conflicts: 4,
                heard: Some(0.4),
            }),
            ..Postgres::default()
        })),
    ]);
    let lag =
        move |n: i64| if behind && n > 160 { f64::from(i32::try_from(n - 160).unwrap()) * 0.61 } else { 0.1 };
    measured.trends.insert(Gauge::ReplayDelay, trend(lag));
    for reading in measured.facts.values_mut() {
        let fact = reading.value().cloned().unwrap();
        reading.succeed(fact, ago(age));
    }
    measured
}

/// Measures the fixture's servers.
pub fn measure(snapshot: &mut Snapshot) {
    let mut failing = web(0.5, 0, 200);
    let pools = failing.facts.get_mut(&Topic::PgBouncer).unwrap();
    *pools = Reading::never(Source::Probe(Topic::PgBouncer));
    pools.fail(FailureKind::Denied, "psql: no entry for user stats in pgbouncer's auth_file", ago(600));
    let gone = Failure {
        since: ago(420),
        kind: FailureKind::Unreachable,
        message: "connect to 10.0.1.81 port 22: timed out after 10 s".into(),
    };
    let silent = Measured { unreachable: Some(gone), reached_at: Some(ago(430)), ..replica(false, 430) };
    let unknown =
        HostKeyQuestion { presented: Some("ED25519 SHA256:Yx4…".into()), pinned: Vec::new(), note: None };
    let changed = HostKeyQuestion {
        presented: Some("ED25519 SHA256:Qq0…".into()),
        pinned: vec!["ED25519 SHA256:Yx4…".into()],
        note: None,
    };
    let asked = |question| Measured { host_key: Some(question), ..Measured::default() };
    for (id, measured) in [
        ("i-0a11aaaa", web(0.6, 0, 200)),
        ("i-0b22bbbb", failing),
        ("i-0c3fcccc", web(7.9, 6, 500)),
        ("i-0d44dddd", asked(changed)),
        ("i-0d779999", worker()),
        ("i-0e219999", cache(true)),
        ("i-0f109999", primary(true)),
        ("i-0f119999", replica(true, 4)),
        ("i-1d779999", asked(unknown)),
        ("i-1e219999", cache(false)),
        ("i-1f109999", primary(false)),
        ("i-1f119999", silent),
    ] {
        snapshot.measured.insert(id.into(), Arc::new(measured));
    }
}
