//! What is wrong with one server, as measured on it. Pure: the same facts give the same words.

mod host;
mod machine;
mod reach;
mod service;
mod storage;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;

pub use machine::of_machine;

use super::{Measured, Role, Server, Severity, Since, Topic, Yardstick, words};

/// What kind of trouble it is. Those of one kind are told together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TroubleKind {
    /// The server shows another host key than before.
    HostKeyChanged,
    /// Nobody has confirmed the server's host key.
    HostKeyUnknown,
    /// It cannot be reached over ssh.
    Unreachable,
    /// A probe failed, or has told nothing new for long.
    Unread,
    /// EC2's own check of the machine fails.
    StatusCheck,
    /// AWS stops or ends it at a time that is known.
    Retirement,
    /// AWS reboots it, or works on its hardware.
    Planned,
    /// Its CPU credits run out.
    Credits,
    /// The bursts of one of its disks run out.
    Burst,
    /// A health check asked on the server itself is not answered with 200.
    HealthCheck,
    /// The health check is answered by a file.
    HealthOverride,
    /// The maintenance page is up.
    Maintenance,
    /// A systemd unit does not run.
    Unit,
    /// A service runs, and does not answer whoever asks it on its own server.
    Silent,
    /// A program under Supervisor does not run.
    Program,
    /// A program is started again and again.
    Restarts,
    /// No Celery worker answers.
    Celery,
    /// A Celery task runs for long.
    Task,
    /// PostgreSQL is not what the role tag says.
    DatabaseRole,
    /// A replica receives nothing.
    Receiver,
    /// A replica is on another timeline than its primary.
    Timeline,
    /// Somebody paused a replica's replay.
    Paused,
    /// A replica's replay is behind.
    Lag,
    /// PostgreSQL's connections run out.
    Connections,
    /// A transaction is open for long.
    Transaction,
    /// A replication slot holds WAL back.
    Slot,
    /// Clients of `PgBouncer` wait.
    PgBouncer,
    /// RabbitMQ blocks publishers.
    Alarm,
    /// Messages pile up.
    Queue,
    /// Messages that were handed out pile up.
    Unacknowledged,
    /// A queue that nobody listens to.
    Unheard,
    /// Redis is near its limit, throws keys away, or cannot write.
    Redis,
    /// A file system is full.
    Disk,
    /// Memory is short.
    Memory,
    /// Swap is nearly full.
    Swap,
    /// It has more to do than cores.
    Load,
    /// Its clock is off.
    Clock,
    /// The changeset checked out is not the release.
    Code,
}

/// Something that is wrong with one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// How bad. Never worse than unknown when it rests on something that is no longer current.
    pub severity: Severity,
    /// What kind.
    pub kind: TroubleKind,
    /// What it rests on; none where ssh itself or AWS says so.
    pub topic: Option<Topic>,
    /// Which of several things on the server: the unit, program, mount, slot or queue.
    pub about: Option<String>,
    /// A few words, for a column: `gunicorn restarts 6`.
    pub short: String,
    /// The end of a sentence that begins with the server: `has its disk / 97% full`.
    pub text: String,
    /// Since when, where that was seen.
    pub since: Option<Since>,
}

/// What is wrong with a server by itself, worst first.
#[must_use]
pub fn of_server(server: &Server, measured: &Measured, yardstick: &Yardstick) -> Vec<Trouble> {
    let mut look = Look { server, measured, yardstick, topic: None, as_of: None, found: Vec::new() };
    look.reach();
    look.disks();
    look.machine();
    look.units();
    look.supervisor();
    look.site();
    look.celery();
    look.pgbouncer();
    look.postgres();
    look.rabbitmq();
    look.redis();
    sort(&mut look.found);
    look.found
}

/// Worst first; kinds in their order.
pub(super) fn sort(troubles: &mut [Trouble]) {
    troubles.sort_by_key(|t| (std::cmp::Reverse(t.severity), t.kind));
}

/// What is being looked at, and what was found.
struct Look<'a> {
    server: &'a Server,
    measured: &'a Measured,
    yardstick: &'a Yardstick,
    topic: Option<Topic>,
    /// When the facts at hand were read, where they are no longer current.
    as_of: Option<Timestamp>,
    found: Vec<Trouble>,
}

impl TroubleKind {
    /// Whether EC2 or CloudWatch tells of it, and nobody on the server.
    #[must_use]
    pub const fn of_machine(self) -> bool {
        matches!(self, Self::StatusCheck | Self::Retirement | Self::Planned | Self::Credits | Self::Burst)
    }
}

impl Look<'_> {
    /// From here on it is about this topic.
    fn about(&mut self, topic: Topic) {
        self.topic = Some(topic);
        self.as_of = self.measured.reading(topic).and_then(|reading| {
            let current = self.yardstick.is_current(topic, reading, self.measured.unreachable.as_ref());
            reading.read_at().filter(|_| !current)
        });
    }

    fn add(
        &mut self,
        severity: Severity,
        kind: TroubleKind,
        short: impl Into<String>,
        text: impl Into<String>,
    ) {
        self.add_about(None, severity, kind, short, text);
    }

    /// The same about one of several things on the server.
    fn add_about(
        &mut self,
        about: Option<&str>,
        severity: Severity,
        kind: TroubleKind,
        short: impl Into<String>,
        text: impl Into<String>,
    ) {
        if severity <= Severity::Ok {
            return;
        }
        let (mut severity, short, mut text) = (severity, short.into(), text.into());
        if let Some(at) = self.as_of {
            severity = severity.min(Severity::Unknown);
            text.push_str(&at.strftime(" (as of %H:%M UTC)").to_string());
        }
        let about = about.map(words::name);
        self.found.push(Trouble { severity, kind, topic: self.topic, about, short, text, since: None });
    }

    fn plays(&self, roles: &[Role]) -> bool {
        roles.contains(&self.server.role.role)
    }
}
