//! The refresh loop: reads the cloud through its port, again and again, into a snapshot.
//!
//! What is due when is decided by pure code; only the loop itself waits. At most one refresh is in flight.

mod backoff;
mod flight;
mod hosts;
mod merge;
mod part;
mod run;
mod schedule;
mod want;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use hosts::fake as fake_hosts;

pub use hosts::pin_from_console;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::cloud::CloudRead;
use crate::fleet::{InstanceId, Interest, Pulse, Snapshot, Topology};
use crate::remote::RemoteRead;
use run::Run;

/// How many requests of the console wait at most.
const COMMANDS: usize = 16;

/// How often things are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// While something changes or a run is active.
    pub fast: Duration,
    /// Ordinarily.
    pub normal: Duration,
    /// When nothing has changed and no key was pressed for a while.
    pub idle: Duration,
    /// Locks, while there is none: several for every environment are read at once. While there is one they are read at
    /// the normal pace.
    pub locks: Duration,
    /// Certificates of load balancers: they change some times a year.
    pub certificates: Duration,
    /// What EC2 says of the machines below servers: one request for all.
    pub checks: Duration,
    /// What runs out slowly, CPU credits and bursts of disks: CloudWatch has a number every five minutes, and bills it.
    pub balances: Duration,
    /// CloudWatch metrics; they are billed.
    pub metrics: Duration,
    /// What moves on servers.
    pub hosts: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            fast: Duration::from_secs(3),
            normal: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            locks: Duration::from_secs(60),
            certificates: Duration::from_secs(30 * 60),
            checks: Duration::from_secs(60),
            balances: Duration::from_secs(5 * 60),
            metrics: Duration::from_secs(60),
            hosts: Duration::from_secs(15),
        }
    }
}

/// What the console asks of the loop.
#[derive(Clone, Debug)]
pub enum Command {
    /// Read everything again now, metrics included.
    Now,
    /// This is looked at from now on.
    Look(Interest),
    /// Somebody pressed a key: not idle.
    Awake,
    /// The operator says that this is the server's host key. What comes of it is in
    /// [`Measured::host_key`](crate::fleet::Measured), and is told. A server whose key is pinned is measured at
    /// once.
    Trust {
        /// The server.
        instance: InstanceId,
        /// `SHA256:…`, with or without its type, as it was shown.
        fingerprint: String,
        /// In the place of the keys that are pinned; else only on first contact.
        replaces: bool,
        /// Gets one answer in every case: what was done, or why nothing was.
        answer: mpsc::Sender<Result<String, String>>,
    },
}

/// The console's end of the loop. Dropping it ends the loop.
#[derive(Debug)]
pub struct Handle {
    /// The newest snapshot.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// How refreshing goes.
    pub pulse: watch::Receiver<Pulse>,
    /// Requests to the loop; bounded, and a full queue drops the request.
    pub commands: mpsc::Sender<Command>,
}

/// What one refresh may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest a single call is waited for; what has not answered by then is a failure.
    pub deadline: Duration,
    /// Calls under way at the same time.
    pub at_once: usize,
    /// How often a throttled call is tried again within the same refresh.
    pub retries: u32,
    /// The wait before the first of these retries; it doubles.
    pub retry_after: Duration,
    /// How long a single look measures on servers in all.
    pub hosts: Duration,
}

impl Limits {
    /// For the loop: no retries, for the next refresh comes soon and the pace slows down instead.
    pub const LOOP: Self = Self {
        deadline: Duration::from_secs(30),
        at_once: 6,
        retries: 0,
        retry_after: Duration::from_millis(500),
        hosts: Duration::from_secs(30),
    };
    /// For a single look: throttled calls are tried again, for there is no next refresh.
    pub const ONCE: Self = Self { retries: 4, ..Self::LOOP };
}

/// Starts the loop on the current runtime. It reads at once, and ends when the handle is dropped.
///
/// # Panics
/// Outside a tokio runtime.
#[must_use]
pub fn start(
    cloud: Arc<dyn CloudRead>,
    hosts: Option<Arc<dyn RemoteRead>>,
    topology: Arc<Topology>,
    pace: Pace,
) -> Handle {
    let (snapshot_sender, snapshots) = watch::channel(Arc::new(Snapshot::default()));
    let (pulse_sender, pulse) = watch::channel(Pulse::default());
    let (commands, command_receiver) = mpsc::channel(COMMANDS);
    let seed = RandomState::new().hash_one("jitter");
    let run = Run::new(cloud, hosts, topology, pace, Limits::LOOP, seed);
    tokio::spawn(run.forever(snapshot_sender, pulse_sender, command_receiver));
    Handle { snapshots, pulse, commands }
}

/// Reads everything once: identity, servers, groups, load balancers with the health of their members, launch
/// settings and images. What could not be read is a failure in its reading. Ends within a few deadlines.
///
/// With `hosts`, everything is measured on all servers of the topology, too, as far as that can be done in
/// [`Limits::hosts`].
pub async fn once(
    cloud: Arc<dyn CloudRead>,
    hosts: Option<Arc<dyn RemoteRead>>,
    topology: Arc<Topology>,
    limits: Limits,
) -> Snapshot {
    once_looking(cloud, hosts, topology, limits, Interest::default()).await
}

/// The same, with the metrics and activities that this interest calls for.
pub async fn once_looking(
    cloud: Arc<dyn CloudRead>,
    hosts: Option<Arc<dyn RemoteRead>>,
    topology: Arc<Topology>,
    limits: Limits,
    interest: Interest,
) -> Snapshot {
    Run::new(cloud, hosts, topology, Pace::default(), limits, 0).once(interest).await
}
