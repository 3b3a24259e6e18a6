//! The table of sections: which script tells about which topic, on which roles, and how often.

use std::time::Duration;

use super::request::Body;
use super::{
    Unread, celery, code, disks, machine, memcached, pgbouncer, postgres, rabbitmq, redis, site, supervisor,
    units, upkeep,
};
use crate::fleet::{Fact, Layout, Role, Topic};

/// What moves.
const OFTEN: Duration = Duration::from_secs(15);

/// What moves, and costs the server a second or two of a processor: rabbitmqctl starts a virtual machine each time.
const LESS_OFTEN: Duration = Duration::from_secs(30);

/// What moves only when somebody deploys, or costs the server more than a moment.
const SELDOM: Duration = Duration::from_secs(5 * 60);

/// What waits for somebody's attention.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);

/// One row.
#[derive(Debug)]
pub struct Section {
    /// What it tells about.
    pub topic: Topic,
    /// Whom it asks, as a sentence about it begins.
    pub what: &'static str,
    /// POSIX shell. It finds the layout in variables (`$services`, `$vhost`, …) and runs what needs another user by
    /// `as_root` and `as_user`.
    pub script: &'static str,
    /// How long it may take on the server.
    pub limit: Duration,
    /// How often it is worth asking.
    pub every: Duration,
    /// On which roles.
    pub on: fn(&Role) -> bool,
    /// Reads what it printed.
    pub read: fn(&Body<'_>, &Layout) -> Result<Fact, Unread>,
}

const fn everywhere(_: &Role) -> bool {
    true
}

const fn database(role: &Role) -> bool {
    matches!(role, Role::DbPrimary | Role::DbReplica | Role::Combo)
}

const fn application(role: &Role) -> bool {
    matches!(role, Role::Web | Role::Worker | Role::Combo)
}

const fn web(role: &Role) -> bool {
    matches!(role, Role::Web | Role::Combo)
}

const fn worker(role: &Role) -> bool {
    matches!(role, Role::Worker | Role::Combo)
}

const fn cache(role: &Role) -> bool {
    matches!(role, Role::Cache)
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The table.
pub const SECTIONS: &[Section] = &[
    Section {
        topic: Topic::Machine,
        what: "the kernel",
        script: machine::SCRIPT,
        limit: seconds(5),
        every: OFTEN,
        on: everywhere,
        read: machine::read,
    },
    Section {
        topic: Topic::Disks,
        what: "df",
        script: disks::SCRIPT,
        limit: seconds(5),
        every: OFTEN,
        on: everywhere,
        read: disks::read,
    },
    Section {
        topic: Topic::Units,
        what: "systemd",
        script: units::SCRIPT,
        limit: seconds(5),
        every: OFTEN,
        on: everywhere,
        read: units::read,
    },
    Section {
        topic: Topic::Postgres,
        what: "PostgreSQL",
        script: postgres::SCRIPT,
        limit: seconds(8),
        every: OFTEN,
        on: database,
        read: postgres::read,
    },
    Section {
        topic: Topic::RabbitMq,
        what: "RabbitMQ",
        script: rabbitmq::SCRIPT,
        limit: seconds(16),
        every: LESS_OFTEN,
        on: cache,
        read: rabbitmq::read,
    },
    Section {
        topic: Topic::Redis,
        what: "Redis",
        script: redis::SCRIPT,
        limit: seconds(5),
        every: OFTEN,
        on: cache,
        read: redis::read,
    },
    Section {
        topic: Topic::Memcached,
        what: "Memcached",
        script: memcached::SCRIPT,
        limit: seconds(5),
        every: OFTEN,
        on: cache,
        read: memcached::read,
    },
    Section {
        topic: Topic::Supervisor,
        what: "Supervisor",
        script: supervisor::SCRIPT,
        limit: seconds(8),
        every: OFTEN,
        on: application,
        read: supervisor::read,
    },
    Section {
        topic: Topic::Celery,
        what: "Celery",
        script: celery::SCRIPT,
        limit: seconds(25),
        every: SELDOM,
        on: worker,
        read: celery::read,
    },
    Section {
        topic: Topic::PgBouncer,
        what: "PgBouncer",
        script: pgbouncer::SCRIPT,
        limit: seconds(8),
        every: OFTEN,
        on: application,
        read: pgbouncer::read,
    },
    Section {
        topic: Topic::Code,
        what: "the checkout",
        script: code::SCRIPT,
        limit: seconds(5),
        every: SELDOM,
        on: application,
        read: code::read,
    },
    Section {
        topic: Topic::Site,
        what: "the site",
        script: site::SCRIPT,
        limit: seconds(15),
        every: OFTEN,
        on: web,
        read: site::read,
    },
    Section {
        topic: Topic::Upkeep,
        what: "the package tool",
        script: upkeep::SCRIPT,
        limit: seconds(60),
        every: DAILY,
        on: everywhere,
        read: upkeep::read,
    },
];

/// The rows for a role.
pub fn due(role: &Role) -> impl Iterator<Item = &'static Section> {
    SECTIONS.iter().filter(move |section| (section.on)(role))
}

impl Section {
    /// The row of a topic.
    #[must_use]
    pub fn of(topic: Topic) -> Option<&'static Self> {
        SECTIONS.iter().find(|section| section.topic == topic)
    }
}

#[cfg(test)]
mod tests;
