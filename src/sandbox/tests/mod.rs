//! What a simulated world promises.

mod changed;
mod faults;
mod files;
mod followed;
mod hosts;
mod kept;
mod leaps;
mod life;
mod machines;
mod made;
mod measured;
mod port;
mod processes;
mod room;
mod scripts;

use std::fmt::Write as _;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::{SandboxCloud, Scenario, held, schema};

/// What an in-memory world answers; it never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(future).expect("an in-memory world answers at once")
}

fn memory(scenario: Scenario) -> SandboxCloud {
    SandboxCloud::in_memory(scenario, 7).unwrap()
}

fn step(cloud: &SandboxCloud, seconds: u64) {
    cloud.advance(Duration::from_secs(seconds)).unwrap();
}

/// Every row of every table.
fn dump(c: &Connection) -> String {
    let mut text = String::new();
    for table in schema::TABLES {
        let mut statement = c.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<Value> = (0..columns).map(|n| row.get(n).unwrap()).collect();
            writeln!(text, "{table} {values:?}").unwrap();
        }
    }
    text
}

fn dump_of(cloud: &SandboxCloud) -> String {
    dump(&held(&cloud.inner.connection))
}

/// Queries that must find nothing, in any world at any time.
const NEVER: [(&str, &str); 10] = [
    (
        "a group with more members than its maximum",
        "SELECT g.name FROM groups g JOIN members m ON m.group_name = g.name AND m.lifecycle <> 'Terminating'
         GROUP BY g.name HAVING count(*) > g.largest",
    ),
    (
        "a member without a living instance",
        "SELECT m.instance FROM members m LEFT JOIN instances i ON i.id = m.instance
         WHERE i.id IS NULL OR i.power = 'terminated'",
    ),
    (
        "a member of a group that is not its instance's",
        "SELECT m.instance FROM members m JOIN instances i ON i.id = m.instance
         WHERE i.group_name IS NOT m.group_name",
    ),
    (
        "a registration of an unknown instance or at an unknown balancer",
        "SELECT r.instance FROM registrations r LEFT JOIN instances i ON i.id = r.instance
         LEFT JOIN balancers b ON b.name = r.balancer WHERE i.id IS NULL OR b.name IS NULL",
    ),
    (
        "an instance in service that has not booted",
        "SELECT i.id FROM registrations r JOIN instances i ON i.id = r.instance
         WHERE r.state = 'in' AND (i.ready = 0 OR i.power <> 'running')",
    ),
    ("something due that has not happened", "SELECT e.id FROM events e, world w WHERE e.at <= w.simulated"),
    ("an activity that ends before it begins", "SELECT id FROM activities WHERE ended_at < started_at"),
    (
        "two living instances with one address",
        "SELECT address FROM instances WHERE power <> 'terminated' GROUP BY address HAVING count(*) > 1",
    ),
    (
        "an instance without image or launch source",
        "SELECT i.id FROM instances i LEFT JOIN images m ON m.id = i.image
         LEFT JOIN launches l ON l.key = i.launch
         WHERE m.id IS NULL OR (i.group_name IS NOT NULL AND l.key IS NULL)",
    ),
    (
        "something of the future",
        "SELECT i.id FROM instances i, world w WHERE i.launched_at > w.simulated
         UNION SELECT a.id FROM activities a, world w WHERE a.started_at > w.simulated",
    ),
];

#[track_caller]
fn assert_sound(c: &Connection) {
    for (what, query) in NEVER {
        let found: Vec<Value> = c
            .prepare(query)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}
