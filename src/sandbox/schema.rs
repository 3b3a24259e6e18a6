//! The tables of a world. All times are simulated milliseconds since 1970.

use rusqlite::Connection;

/// Marks a database as one of ours (`PRAGMA application_id`).
pub(super) const APPLICATION: i64 = 0x5144_776c;

/// The format of these tables (`PRAGMA user_version`). Any change to them counts it up.
pub(super) const VERSION: i64 = 7;

/// Every table, in the order they are made.
pub(super) const TABLES: [&str; 31] = [
    "world",
    "environments",
    "images",
    "launches",
    "groups",
    "group_balancers",
    "suspensions",
    "instances",
    "tags",
    "tokens",
    "members",
    "balancers",
    "listeners",
    "balancer_groups",
    "security_groups",
    "openings",
    "key_pairs",
    "thing_tags",
    "registrations",
    "activities",
    "troubles",
    "units",
    "files",
    "jobs",
    "job_lines",
    "marks",
    "spoilt",
    "limits",
    "invalidations",
    "notes",
    "events",
];

const SCHEMA: &str = "
CREATE TABLE world (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    scenario TEXT NOT NULL,
    seed INTEGER NOT NULL,
    speed INTEGER NOT NULL CHECK (speed > 0),
    made_at INTEGER NOT NULL,
    simulated INTEGER NOT NULL,
    real INTEGER NOT NULL
);
CREATE TABLE environments (
    name TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    load REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE images (
    id TEXT PRIMARY KEY,
    name TEXT,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE launches (
    key TEXT PRIMARY KEY,
    template TEXT,
    name TEXT NOT NULL,
    version INTEGER,
    image TEXT NOT NULL,
    instance_type TEXT NOT NULL,
    description TEXT,
    created_at INTEGER NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE groups (
    name TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    smallest INTEGER NOT NULL,
    desired INTEGER NOT NULL CHECK (desired BETWEEN smallest AND largest),
    largest INTEGER NOT NULL,
    launch TEXT NOT NULL,
    floating TEXT,
    health_check_type TEXT NOT NULL,
    grace INTEGER NOT NULL,
    policies TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    launched INTEGER NOT NULL,
    terminated INTEGER NOT NULL,
    mishaps INTEGER NOT NULL,
    releases INTEGER NOT NULL,
    deploying INTEGER
) WITHOUT ROWID;
CREATE TABLE group_balancers (
    group_name TEXT NOT NULL,
    balancer TEXT NOT NULL,
    PRIMARY KEY (group_name, balancer)
) WITHOUT ROWID;
CREATE TABLE suspensions (
    group_name TEXT NOT NULL,
    process TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (group_name, process)
) WITHOUT ROWID;
CREATE TABLE instances (
    id TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    role TEXT NOT NULL,
    power TEXT NOT NULL,
    power_reason TEXT,
    zone TEXT NOT NULL,
    instance_type TEXT NOT NULL,
    image TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    launched_at INTEGER NOT NULL,
    address INTEGER NOT NULL,
    group_name TEXT,
    launch TEXT,
    ready INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE tags (
    instance TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (instance, key)
) WITHOUT ROWID;
CREATE TABLE tokens (
    token TEXT PRIMARY KEY,
    instance TEXT NOT NULL,
    asked TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE members (
    group_name TEXT NOT NULL,
    instance TEXT NOT NULL UNIQUE,
    lifecycle TEXT NOT NULL,
    healthy INTEGER NOT NULL,
    protected INTEGER NOT NULL,
    PRIMARY KEY (group_name, instance)
) WITHOUT ROWID;
CREATE TABLE balancers (
    name TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    dns_name TEXT NOT NULL,
    scheme TEXT NOT NULL,
    target TEXT NOT NULL,
    interval INTEGER NOT NULL,
    timeout INTEGER NOT NULL,
    healthy_threshold INTEGER NOT NULL,
    unhealthy_threshold INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE listeners (
    balancer TEXT NOT NULL,
    port INTEGER NOT NULL,
    protocol TEXT NOT NULL,
    instance_port INTEGER NOT NULL,
    instance_protocol TEXT NOT NULL,
    certificate TEXT,
    PRIMARY KEY (balancer, port)
) WITHOUT ROWID;
CREATE TABLE balancer_groups (
    balancer TEXT NOT NULL,
    group_id TEXT NOT NULL,
    PRIMARY KEY (balancer, group_id)
) WITHOUT ROWID;
CREATE TABLE security_groups (
    id TEXT PRIMARY KEY,
    vpc TEXT NOT NULL,
    name TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    UNIQUE (vpc, name)
) WITHOUT ROWID;
CREATE TABLE openings (
    group_id TEXT NOT NULL,
    protocol TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,
    PRIMARY KEY (group_id, protocol, first, last, kind, origin)
) WITHOUT ROWID;
CREATE TABLE key_pairs (
    name TEXT PRIMARY KEY,
    public_key TEXT NOT NULL,
    made_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE thing_tags (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, id, key)
) WITHOUT ROWID;
CREATE TABLE registrations (
    balancer TEXT NOT NULL,
    instance TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    leaves_at INTEGER,
    PRIMARY KEY (balancer, instance)
) WITHOUT ROWID;
CREATE INDEX registrations_by_instance ON registrations (instance);
CREATE TABLE activities (
    id TEXT PRIMARY KEY,
    group_name TEXT NOT NULL,
    instance TEXT NOT NULL,
    description TEXT NOT NULL,
    cause TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    status TEXT NOT NULL,
    message TEXT,
    progress INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX activities_by_group ON activities (group_name, started_at);
CREATE TABLE troubles (
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    amount REAL NOT NULL,
    PRIMARY KEY (subject, kind, since)
) WITHOUT ROWID;
CREATE TABLE units (
    instance TEXT NOT NULL,
    unit TEXT NOT NULL,
    up INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (instance, unit)
) WITHOUT ROWID;
CREATE TABLE files (
    instance TEXT NOT NULL,
    path TEXT NOT NULL,
    mode INTEGER NOT NULL,
    owner TEXT NOT NULL,
    size INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    PRIMARY KEY (instance, path)
) WITHOUT ROWID;
CREATE TABLE jobs (
    instance TEXT NOT NULL,
    name TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    how TEXT NOT NULL,
    code INTEGER NOT NULL,
    PRIMARY KEY (instance, name)
) WITHOUT ROWID;
CREATE TABLE job_lines (
    instance TEXT NOT NULL,
    job TEXT NOT NULL,
    place INTEGER NOT NULL,
    at INTEGER NOT NULL,
    error INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (instance, job, place)
) WITHOUT ROWID;
CREATE TABLE marks (
    instance TEXT NOT NULL,
    what TEXT NOT NULL,
    value TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (instance, what)
) WITHOUT ROWID;
CREATE TABLE spoilt (
    subject TEXT PRIMARY KEY,
    since INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE limits (
    subject TEXT PRIMARY KEY,
    most INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE invalidations (
    id TEXT PRIMARY KEY,
    distribution TEXT NOT NULL,
    reference TEXT NOT NULL,
    paths TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    UNIQUE (distribution, reference)
) WITHOUT ROWID;
CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    written_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL
);
CREATE INDEX events_by_time ON events (at, id);
";

/// Makes the tables. The caller holds the transaction.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SCHEMA)?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", VERSION)
}

/// Removes the tables. The caller holds the transaction.
pub(super) fn drop_all(connection: &Connection) -> rusqlite::Result<()> {
    for table in TABLES.iter().rev() {
        connection.execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
    }
    Ok(())
}
