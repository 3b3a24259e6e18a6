//! What a console is started with.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::Places;
use super::plans::PortsOf;
use crate::config::{Preferences, Problem};
use crate::engine::Store;
use crate::fleet::{Endpoint, EnvironmentName, EnvironmentPlace, Snapshot, Topology};
use crate::plan::typed::Typed;
use crate::remote::{RemoteChange, RemoteRead};
use crate::repo::Asking;
use crate::template::{Drift, Templates};

/// The clock of the cloud that is looked at.
#[derive(Clone)]
pub struct Clock {
    /// What it says now.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Its seconds per second of ours: 1 but in the sandbox.
    pub speed: f64,
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clock").field("speed", &self.speed).finish_non_exhaustive()
    }
}

/// The ways of secrets beside the project's files.
#[derive(Clone)]
pub struct SecretsWays {
    /// How those here stand to those on servers (R16).
    pub drift: DriftOf,
    /// Writes what was typed into the file of secrets; says what is written, or why nothing is.
    pub keep: KeepSecrets,
}

/// Asks servers of an environment how their secrets stand to those here; none where nobody could be asked.
pub type DriftOf =
    Arc<dyn Fn(EnvironmentPlace, Arc<Snapshot>) -> BoxFuture<'static, Option<Drift>> + Send + Sync>;

/// Writes secrets of an environment.
pub type KeepSecrets =
    Arc<dyn Fn(EnvironmentName, Typed) -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// What a console is started with.
pub struct Setup {
    /// What the config says should exist.
    pub topology: Arc<Topology>,
    /// Which cloud.
    pub endpoint: Endpoint,
    /// The cloud's clock.
    pub clock: Clock,
    /// Preferences as loaded at the start.
    pub preferences: Preferences,
    /// The servers, if they can be asked.
    pub remote: Option<Arc<dyn RemoteRead>>,
    /// What changes servers: none with read-only.
    pub change: Option<Arc<dyn RemoteChange>>,
    /// What runs of plans read and change: none with read-only.
    pub ports: Option<PortsOf>,
    /// The way to the project's repository; none in the sandbox.
    pub repo: Option<Asking>,
    /// The project's templates and secrets; none in the sandbox.
    pub templates: Option<Arc<Templates>>,
    /// What else is done about secrets; none in the sandbox.
    pub secrets: Option<SecretsWays>,
    /// Where the history is kept; none without a home directory.
    pub state_dir: Option<PathBuf>,
    /// Where runs are kept; none without a home directory.
    pub runs: Option<Store>,
    /// Who works here, for the record of runs: `jane@laptop`.
    pub who: String,
    /// Nothing may be changed from here.
    pub read_only: bool,
    /// What is wrong with the project's config and the preferences; shown beside what is wrong with keymap and
    /// theme.
    pub problems: Vec<Problem>,
    /// Where the operator's own files are.
    pub places: Places,
    /// Global options that a copied command needs to show the same: `--profile`, `ops`, …
    pub globals: Vec<String>,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
