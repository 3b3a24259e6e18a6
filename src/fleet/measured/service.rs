//! Services of web servers and workers, and systemd units of all.

use jiff::Timestamp;
use serde::Serialize;

/// systemd units of the role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Units {
    /// Those that belong to the role, whether installed or not.
    pub units: Vec<Unit>,
}

/// One unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// `nginx`, without `.service`.
    pub name: String,
    /// `active`, `inactive`, `failed`, `activating`, …; `not-found` where there is none.
    pub active: String,
    /// `running`, `exited`, `dead`, `auto-restart`, …
    pub sub: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// How often systemd started it again.
    pub restarts: u32,
}

impl Unit {
    /// Whether it runs.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.active == "active"
    }
}

/// Supervisor's programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Supervisor {
    /// Every program.
    pub programs: Vec<Program>,
}

/// One program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Program {
    /// Its group; its own name where it has none.
    pub group: String,
    /// Its name.
    pub name: String,
    /// `RUNNING`, `STOPPED`, `STARTING`, `BACKOFF`, `FATAL`, `EXITED`, `STOPPING`, `UNKNOWN`.
    pub state: String,
    /// Its process.
    pub pid: Option<u32>,
    /// For how long it has run, in seconds.
    pub up_seconds: Option<u64>,
    /// How often it ended by itself in the last hour and was to be started again, as far as Supervisor's log tells since that
    /// was started; 0 is as it should be.
    pub restarts: Option<u32>,
    /// What Supervisor says beside.
    pub detail: String,
}

/// `PgBouncer`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PgBouncer {
    /// Its pools; its own console apart.
    pub pools: Vec<Pool>,
}

/// One pool.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pool {
    /// The database.
    pub database: String,
    /// The user.
    pub user: String,
    /// Clients that have a server connection.
    pub clients_active: u32,
    /// Clients that wait for one.
    pub clients_waiting: u32,
    /// Server connections in use.
    pub servers_active: u32,
    /// Server connections at rest.
    pub servers_idle: u32,
    /// How long the first waiting client has waited, in seconds.
    pub longest_wait: f64,
}

/// The checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The changeset checked out, in full.
    pub changeset: String,
    /// The branch, where it is on one.
    pub branch: Option<String>,
}

/// The site as the server itself sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Site {
    /// The health check through Nginx.
    pub nginx: Option<HttpAnswer>,
    /// The health check past Nginx: Django's own answer.
    pub gunicorn: Option<HttpAnswer>,
    /// The maintenance page is up.
    pub maintenance: bool,
    /// The health check is answered by a file, whatever Django says.
    pub health_override: bool,
}

/// An answer to a request, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HttpAnswer {
    /// The status; 0 when there was no answer.
    pub status: u16,
    /// How long it took, in milliseconds.
    pub milliseconds: u32,
    /// curl's words when there was no answer.
    pub problem: Option<String>,
}
