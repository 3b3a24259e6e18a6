//! Every drill. A new one is one row; the test of triage plays it.

use crate::sandbox::Break;
use crate::triage::{Kind, Remedy};

/// What is right to do first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// An operation.
    Plan(&'static str),
    /// A command that begins so.
    Run(&'static str),
    /// Read logs.
    Logs,
    /// Look at a page.
    Look,
}

impl First {
    /// Whether a step of a runbook is this.
    #[must_use]
    pub fn is(self, remedy: &Remedy) -> bool {
        match (self, remedy) {
            (Self::Plan(name), Remedy::Plan { operation, .. }) => name == *operation,
            (Self::Run(begins), Remedy::Run { command, .. }) => command.starts_with(begins),
            (Self::Logs, Remedy::Logs { .. }) | (Self::Look, Remedy::Look { .. }) => true,
            _ => false,
        }
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Plan(name) => format!("the plan of {name}"),
            Self::Run(command) => format!("`{command} …`"),
            Self::Logs => "its logs".into(),
            Self::Look => "the page that shows it".into(),
        }
    }
}

/// A practice incident.
#[derive(Clone, Copy, Debug)]
pub struct Drill {
    /// Its name on the command line.
    pub name: &'static str,
    /// What the pager says: what somebody outside sees.
    pub page: &'static str,
    /// What breaks.
    pub breaks: &'static [Break],
    /// The true cause, as triage calls it.
    pub cause: Kind,
    /// What is right to do first.
    pub first: First,
    /// What the runbook does in the end.
    pub cure: &'static str,
}

const fn unit(role: &'static str, unit: &'static str) -> Break {
    Break::Unit { role, nth: 0, unit }
}

const fn program(role: &'static str, program: &'static str) -> Break {
    Break::Program { role, nth: 0, program }
}

const fn trouble(role: &'static str, kind: &'static str, amount: f64) -> Break {
    Break::Trouble { role, nth: 0, kind, amount, minutes: 0 }
}

/// One that began an hour or two ago, and is seen only now.
const fn slow(role: &'static str, kind: &'static str, amount: f64) -> Break {
    Break::Trouble { role, nth: 0, kind, amount, minutes: 120 }
}

const fn drill(
    name: &'static str,
    page: &'static str,
    breaks: &'static [Break],
    cause: Kind,
    first: First,
    cure: &'static str,
) -> Drill {
    Drill { name, page, breaks, cause, first, cure }
}

/// What is wrong elsewhere at the same time, by chance: never worse than the drill.
pub(super) const NOISE: &[(&str, &[Break])] = &[
    ("staging", &[Break::Suspend(&["AlarmNotification"])]),
    ("testing", &[slow("cache", "redis-full", 0.86)]),
    ("staging", &[trouble("worker", "clock-off", 1_900.0)]),
    ("testing", &[]),
];

/// Every drill, in the order they are listed.
pub const DRILLS: &[Drill] = &[
    drill(
        "database-stopped",
        "Every page of the site fails.",
        &[unit("db-primary", "postgresql@15-main")],
        Kind::PrimaryDown,
        First::Plan("begin-upgrade"),
        "hold the group still, read why PostgreSQL stopped, start it, take the page off, resume the group",
    ),
    drill(
        "database-gone",
        "Every page of the site fails.",
        &[Break::Stop { role: "db-primary", nth: 0 }],
        Kind::PrimaryDown,
        First::Plan("promote-replica"),
        "promote the replica that has most, which holds the group and puts the page up itself; make a release that knows it, deploy, resume Launch",
    ),
    drill(
        "redis-stopped",
        "Everybody is logged out, and pages fail.",
        &[unit("cache", "redis-server")],
        Kind::CacheDown,
        First::Plan("begin-upgrade"),
        "hold the group still, start Redis, read why it stopped, take the page off, resume the group",
    ),
    drill(
        "rabbitmq-stopped",
        "Mails are not sent.",
        &[unit("cache", "rabbitmq-server")],
        Kind::CacheDown,
        First::Run("systemctl start rabbitmq-server"),
        "start RabbitMQ, then read why it stopped",
    ),
    drill(
        "memcached-stopped",
        "Pages are slow.",
        &[unit("cache", "memcached")],
        Kind::CacheDown,
        First::Run("systemctl start memcached"),
        "start Memcached",
    ),
    drill(
        "cache-server-gone",
        "Everybody is logged out, and pages fail.",
        &[Break::Stop { role: "cache", nth: 0 }],
        Kind::ServerMissing,
        First::Plan("replace-cache-server"),
        "have a new cache server take its place, which holds the group and puts the page up itself; never the old one under another name",
    ),
    drill(
        "worker-gone",
        "Exports are late.",
        &[Break::Stop { role: "worker", nth: 0 }],
        Kind::ServerMissing,
        First::Plan("new-server"),
        "build a new worker, terminate the old one",
    ),
    drill(
        "celery-stopped",
        "Mails are late.",
        &[program("worker", "celeryd-main")],
        Kind::ProgramDown,
        First::Logs,
        "read why, start the program again",
    ),
    drill(
        "beat-stopped",
        "The nightly report did not come.",
        &[program("worker", "celerybeat")],
        Kind::NoBeat,
        First::Logs,
        "read why, start Celery again",
    ),
    drill(
        "disk-full",
        "One request in a few fails.",
        &[
            slow("web", "disk-full", 0.3),
            trouble("web", "unhealthy", 1.0),
            Break::Suspend(&["ReplaceUnhealthy"]),
        ],
        Kind::DiskFull,
        First::Run("du "),
        "see what fills it, free what the journal keeps",
    ),
    drill(
        "gunicorn-falls-over",
        "One request in a few fails.",
        &[trouble("web", "unhealthy", 1.0), Break::Suspend(&["ReplaceUnhealthy"])],
        Kind::WebOut,
        First::Logs,
        "read what the application logs, start Gunicorn again",
    ),
    drill(
        "nginx-stopped",
        "One web server is out of service.",
        &[unit("web", "nginx"), Break::Suspend(&["ReplaceUnhealthy"])],
        Kind::ServiceDown,
        First::Logs,
        "read why, start Nginx again",
    ),
    drill(
        "health-check-401",
        "Web servers leave the load balancer after a change.",
        &[
            Break::Trouble { role: "web", nth: 0, kind: "check-401", amount: 1.0, minutes: 0 },
            Break::Trouble { role: "web", nth: 1, kind: "check-401", amount: 1.0, minutes: 0 },
            Break::Trouble { role: "web", nth: 2, kind: "check-401", amount: 1.0, minutes: 0 },
            Break::Trouble { role: "web", nth: 3, kind: "check-401", amount: 1.0, minutes: 0 },
            Break::Suspend(&["ReplaceUnhealthy"]),
        ],
        Kind::NoMember,
        First::Logs,
        "stop the group from ending servers, read the status in the access log, free the page from basic auth, deploy",
    ),
    drill(
        "bad-release",
        "Every page of the site fails since the deploy.",
        &[Break::BadRelease, Break::Suspend(&["ReplaceUnhealthy"])],
        Kind::NoMember,
        First::Logs,
        "stop the group from ending servers, go back to the release before",
    ),
    drill(
        "replica-lags",
        "Reports show old numbers.",
        &[Break::Trouble { role: "db-replica", nth: 0, kind: "replica-lagging", amount: 0.9, minutes: 0 }],
        Kind::ReplicaLags,
        First::Look,
        "find the query that holds the replay back, and end it",
    ),
    drill(
        "replica-lost-its-primary",
        "Reports show old numbers.",
        &[Break::Trouble { role: "db-replica", nth: 0, kind: "receiver-lost", amount: 1.0, minutes: 0 }],
        Kind::ReplicaCut,
        First::Logs,
        "read why, start its PostgreSQL again, copy the primary to it anew if that does not help",
    ),
    drill(
        "replica-paused",
        "Reports show old numbers.",
        &[Break::Trouble { role: "db-replica", nth: 0, kind: "replica-paused", amount: 1.0, minutes: 0 }],
        Kind::ReplicaPaused,
        First::Look,
        "find out who paused it, let it replay again",
    ),
    drill(
        "connections-full",
        "Pages fail now and then.",
        &[trouble("db-primary", "connections-full", 1.0)],
        Kind::Connections,
        First::Plan("suspend-processes"),
        "stop the group from ending servers, see who holds them, start that program anew",
    ),
    drill(
        "queue-grows",
        "Exports are late.",
        &[trouble("worker", "busy", 1.0), trouble("cache", "queue-growing", 180.0)],
        Kind::QueueGrows,
        First::Look,
        "see what waits and for whom, read what Celery does, build another worker",
    ),
    drill(
        "queue-blocked",
        "Pages that send mail hang.",
        &[trouble("cache", "rabbit-alarm", 1.0)],
        Kind::QueueBlocked,
        First::Look,
        "see what fills RabbitMQ, drain it",
    ),
    drill(
        "redis-full",
        "Logging in fails for some.",
        &[slow("cache", "redis-full", 0.97)],
        Kind::RedisFull,
        First::Look,
        "see what fills it; more memory, or fewer keys",
    ),
    drill(
        "page-left-on",
        "Everybody sees the maintenance page.",
        &[Break::Page("healthy")],
        Kind::Maintenance,
        First::Look,
        "find out who put it up, take it off",
    ),
    drill(
        "aborted-run",
        "Nothing yet.",
        &[Break::Suspend(&["Launch", "HealthCheck", "AZRebalance"])],
        Kind::Suspended,
        First::Look,
        "find out who suspended them, resume them",
    ),
    drill(
        "image-gone",
        "Nothing yet.",
        &[Break::NoImage],
        Kind::LaunchMissing,
        First::Look,
        "make the release anew, of the same code, and deploy it; or go back to one whose image exists",
    ),
    drill(
        "clock-off",
        "Tokens are refused now and then.",
        &[trouble("worker", "clock-off", 95_000.0)],
        Kind::Clock,
        First::Run("chronyc"),
        "see whom it asks for the time, set it again",
    ),
    drill(
        "status-check-failed",
        "Mails are late.",
        &[trouble("worker", "status-check", 1.0)],
        Kind::StatusCheck,
        First::Plan("new-server"),
        "build a new worker, or stop the old one and start it on other hardware",
    ),
    drill(
        "retirement",
        "A mail of AWS that nobody has read.",
        &[trouble("db-primary", "retirement", 70.0)],
        Kind::Retirement,
        First::Look,
        "choose a quiet hour before then, hold the group still, stop the primary and start it again, or promote a replica",
    ),
];

/// The drill of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Drill> {
    DRILLS.iter().find(|drill| drill.name == name)
}
