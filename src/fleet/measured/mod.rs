//! What is measured on servers: facts by topic, each with its age, and how a few of them moved.

mod gauges;
mod machine;
mod queue;
mod service;
mod storage;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

pub use machine::{Disks, Machine, Mount, Upkeep};
pub use queue::{Celery, CeleryWorker, Memcached, Queue, RabbitMq, Redis, Task};
pub use service::{Code, HttpAnswer, PgBouncer, Pool, Program, Site, Supervisor, Unit, Units};
pub use storage::{Connections, Postgres, Replica, Slot, Standby};

use super::{Failure, Reading, Series};

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Load, memory, swap, clock.
    Machine,
    /// Disks by mount.
    Disks,
    /// Reboot required, pending upgrades.
    Upkeep,
    /// systemd units of the role.
    Units,
    /// PostgreSQL, primary or replica.
    Postgres,
    /// Queues and alarms.
    RabbitMq,
    /// Redis.
    Redis,
    /// Memcached.
    Memcached,
    /// Supervisor's programs.
    Supervisor,
    /// Celery's running tasks.
    Celery,
    /// `PgBouncer`'s pools.
    PgBouncer,
    /// The changeset checked out.
    Code,
    /// The health check asked locally, and the maintenance page.
    Site,
}

impl Topic {
    /// Every topic, in the order of display.
    pub const ALL: [Self; 13] = [
        Self::Machine,
        Self::Disks,
        Self::Units,
        Self::Postgres,
        Self::RabbitMq,
        Self::Redis,
        Self::Memcached,
        Self::Supervisor,
        Self::Celery,
        Self::PgBouncer,
        Self::Code,
        Self::Site,
        Self::Upkeep,
    ];

    /// Its name, as people and JSON see it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Disks => "disks",
            Self::Upkeep => "upkeep",
            Self::Units => "units",
            Self::Postgres => "postgres",
            Self::RabbitMq => "rabbitmq",
            Self::Redis => "redis",
            Self::Memcached => "memcached",
            Self::Supervisor => "supervisor",
            Self::Celery => "celery",
            Self::PgBouncer => "pgbouncer",
            Self::Code => "code",
            Self::Site => "site",
        }
    }

    /// For how long what was measured tells how it is: some times the pace at which it is read, so that servers
    /// nobody looks at, which are read more rarely, are not taken for silent ones.
    #[must_use]
    pub const fn keeps(self) -> SignedDuration {
        match self {
            Self::Disks | Self::Code => SignedDuration::from_mins(30),
            Self::Upkeep => SignedDuration::from_hours(72),
            _ => SignedDuration::from_mins(5),
        }
    }

    /// The topic of this name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.word() == word)
    }
}

/// A fact of one topic.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "topic")]
pub enum Fact {
    /// Load, memory, swap, clock.
    Machine(Machine),
    /// Disks by mount.
    Disks(Disks),
    /// Reboot required, pending upgrades.
    Upkeep(Upkeep),
    /// systemd units of the role.
    Units(Units),
    /// PostgreSQL.
    Postgres(Box<Postgres>),
    /// Queues and alarms.
    RabbitMq(RabbitMq),
    /// Redis.
    Redis(Box<Redis>),
    /// Memcached.
    Memcached(Memcached),
    /// Supervisor's programs.
    Supervisor(Supervisor),
    /// Celery's running tasks.
    Celery(Celery),
    /// `PgBouncer`'s pools.
    PgBouncer(PgBouncer),
    /// The changeset checked out.
    Code(Code),
    /// The health check asked locally, and the maintenance page.
    Site(Site),
}

impl Fact {
    /// Its topic.
    #[must_use]
    pub const fn topic(&self) -> Topic {
        match self {
            Self::Machine(_) => Topic::Machine,
            Self::Disks(_) => Topic::Disks,
            Self::Upkeep(_) => Topic::Upkeep,
            Self::Units(_) => Topic::Units,
            Self::Postgres(_) => Topic::Postgres,
            Self::RabbitMq(_) => Topic::RabbitMq,
            Self::Redis(_) => Topic::Redis,
            Self::Memcached(_) => Topic::Memcached,
            Self::Supervisor(_) => Topic::Supervisor,
            Self::Celery(_) => Topic::Celery,
            Self::PgBouncer(_) => Topic::PgBouncer,
            Self::Code(_) => Topic::Code,
            Self::Site(_) => Topic::Site,
        }
    }
}

/// A number whose history is kept for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gauge {
    /// How far a replica's replay is behind, in seconds.
    ReplayDelay,
    /// Messages ready in all queues that count.
    QueueDepth,
    /// Tasks that all Celery workers have begun since they were started: a count that grows.
    TasksBegun,
    /// Load of the last minute per core.
    Load,
    /// Memory in use, in percent.
    Memory,
    /// PostgreSQL's connections.
    Connections,
    /// Redis' memory in bytes.
    RedisMemory,
}

/// A host key that has to be decided on by a person, or that is not the one we know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HostKeyQuestion {
    /// `SHA256:…` with its type, as presented; none if it could not be asked.
    pub presented: Option<String>,
    /// The keys the instance had before; empty on first contact.
    pub pinned: Vec<String>,
    /// Why the instance's console output did not settle it, or why trusting it did not work.
    pub note: Option<String>,
}

/// Everything measured on one server.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    /// When it was last reached.
    pub reached_at: Option<Timestamp>,
    /// Why it cannot be reached now.
    pub unreachable: Option<Failure>,
    /// Its host key is not known, or has changed.
    pub host_key: Option<HostKeyQuestion>,
    /// Facts by topic.
    pub facts: BTreeMap<Topic, Reading<Fact>>,
    /// How numbers moved.
    pub trends: BTreeMap<Gauge, Series>,
    /// How many messages waited in each of RabbitMQ's queues that count, by name; bounded.
    pub queues: BTreeMap<String, Series>,
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident: $variant:ident -> $type:ty;)*) => {
        impl Measured {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Option<&$type> {
                match self.facts.get(&Topic::$variant)?.value()? {
                    Fact::$variant(fact) => Some(fact),
                    _ => None,
                }
            })*
        }
    };
}

accessors! {
    /// Load, memory, swap, clock, however old.
    machine: Machine -> Machine;
    /// Disks, however old.
    disks: Disks -> Disks;
    /// Reboot required and pending upgrades, however old.
    upkeep: Upkeep -> Upkeep;
    /// systemd units, however old.
    units: Units -> Units;
    /// PostgreSQL, however old.
    postgres: Postgres -> Postgres;
    /// Queues and alarms, however old.
    rabbitmq: RabbitMq -> RabbitMq;
    /// Redis, however old.
    redis: Redis -> Redis;
    /// Memcached, however old.
    memcached: Memcached -> Memcached;
    /// Supervisor's programs, however old.
    supervisor: Supervisor -> Supervisor;
    /// Celery's running tasks, however old.
    celery: Celery -> Celery;
    /// `PgBouncer`'s pools, however old.
    pgbouncer: PgBouncer -> PgBouncer;
    /// The changeset checked out, however old.
    code: Code -> Code;
    /// The health check asked locally, however old.
    site: Site -> Site;
}

impl Measured {
    /// What is known of a topic, with its age and failure.
    #[must_use]
    pub fn reading(&self, topic: Topic) -> Option<&Reading<Fact>> {
        self.facts.get(&topic)
    }
}
