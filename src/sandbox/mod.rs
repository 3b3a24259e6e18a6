//! A simulated cloud behind the same port as AWS: how a newcomer tries the console, and its default test bed.
//!
//! The world is a SQLite file under the state directory, shared by every console that opens it. Seed, speed and
//! scenario are fixed when it is made. Its time advances only inside a transaction, and every chance is keyed by
//! seed, entity and counter, so that a run can be repeated. An in-memory world with a hand-stepped clock serves
//! tests.
//!
//! Where things are: `places` and `make` say what a new world holds, `schema` and `rows` how it is written,
//! `tick` what happens as time goes on, `group` and `deploy` what groups and deploys decide, `metrics` the
//! numbers, `room` the limits, `read` the answers, `change` what is changed, `fault` and `spoil` what tests let go wrong, `incident` what drills break, `needs` who suffers from it, `hosts` the
//! servers. Whatever changes a world is one transaction that brings it
//! to the present, changes rows, and writes down what follows as events.

mod certificates;
mod change;
mod checks;
mod clock;
mod cloud;
mod deploy;
mod dice;
mod error;
mod fault;
mod ground;
mod group;
mod hosts;
mod incident;
mod launching;
mod locks;
mod machine;
mod make;
mod marks;
mod metrics;
mod needs;
mod places;
mod read;
mod read_releases;
mod request;
mod room;
mod rows;
mod scenario;
mod schema;
mod server_row;
mod spoil;
mod store;
#[cfg(test)]
mod tests;
mod tick;
mod trouble;
mod waves;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

pub use error::SandboxError;
pub use fault::{Fault, FaultKind};
pub use hosts::{SandboxHosts, SandboxHostsChange};
pub use incident::Break;
pub use scenario::Scenario;
pub use trouble::Trouble;

use crate::cloud::{Answer, CloudError};
use crate::fleet::{Endpoint, ImageId, Topology};
use clock::{Anchor, Pace, timestamp};
use dice::Dice;
use fault::Faults;
use store::World;

/// The slowest a world may run: simulated seconds per real second.
pub const MIN_SPEED: f64 = 0.1;
/// The fastest a world may run: simulated seconds per real second.
pub const MAX_SPEED: f64 = 1_000.0;
/// The seed of a world for which none is given.
pub const DEFAULT_SEED: u64 = 1;
/// How many requests in a thousand are throttled in a world that lives in a file.
pub const THROTTLED_PER_MILLE: u32 = 2;
/// So many requests of one action are never throttled: the bucket is full when a process starts.
pub const BURST: u64 = 20;

/// A world's time is written down at least this often, in real milliseconds.
const NOTED_EVERY: i64 = 1_000;

/// How to open a world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The directory that keeps state; the world is in `sandbox/world.sqlite` below it.
    pub state_dir: PathBuf,
    /// The seed; [`DEFAULT_SEED`] when not given.
    pub seed: Option<u64>,
    /// Simulated seconds per real second, from [`MIN_SPEED`] to [`MAX_SPEED`]; 1 when not given.
    pub speed: Option<f64>,
    /// What the world looks like at first; [`Scenario::Calm`] when not given.
    pub scenario: Option<Scenario>,
    /// Make a new world in the place of the one that is there.
    pub fresh: bool,
}

/// Opens the world of a state directory, and makes it when there is none.
///
/// # Errors
/// When the file cannot be used, or the world that is there was made with another seed, speed or scenario and
/// no fresh one is asked for.
pub fn open(options: &Options) -> Result<SandboxCloud, SandboxError> {
    let (connection, world) = store::open(options)?;
    let path = store::path(&options.state_dir);
    Ok(SandboxCloud::new(connection, world, Some(path), Pace::Real, THROTTLED_PER_MILLE))
}

/// A simulated cloud. Clones share one connection.
#[derive(Clone, Debug)]
pub struct SandboxCloud {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    connection: Mutex<Connection>,
    endpoint: Endpoint,
    world: World,
    /// The world's file; none for one in memory.
    path: Option<PathBuf>,
    pace: Pace,
    /// The world's time as last seen in it.
    anchor: Mutex<Anchor>,
    /// The newest time that was given away: never goes back.
    newest: AtomicI64,
    /// Looks at servers wait here for their turn, and not in threads of their own.
    turns: Semaphore,
    /// Tells those who wait in a world whose clock is stepped by hand.
    stepped: watch::Sender<i64>,
    throttled_per_mille: AtomicU32,
    /// For so many milliseconds nobody is told of a new server or image.
    unlisted: AtomicI64,
    /// Requests made so far, by action.
    requests: Mutex<BTreeMap<&'static str, u64>>,
    /// What is to go wrong.
    faults: Mutex<Faults>,
}

/// What a lock holds, even when somebody panicked while holding it: the database is consistent by itself.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SandboxCloud {
    /// A world in memory that begins at 2026-01-15T12:00:00Z. Its clock stands still until [`Self::advance`];
    /// it answers at once and never throttles. The same scenario, seed and steps give the same world.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory(scenario: Scenario, seed: u64) -> Result<Self, SandboxError> {
        let path = PathBuf::from(":memory:");
        let failed = |e: rusqlite::Error| SandboxError::of(&path, &e);
        let connection = Connection::open_in_memory().map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(64);
        let settings = make::Settings {
            scenario,
            seed,
            speed: 1_000,
            base: clock::MEMORY_BASE,
            real: clock::MEMORY_BASE,
        };
        make::make(&connection, "memory", &settings).map_err(failed)?;
        let anchor = Anchor { simulated: clock::MEMORY_BASE, real: clock::MEMORY_BASE, speed: 1_000 };
        let world = World { id: "memory".to_owned(), scenario, seed, anchor };
        Ok(Self::new(connection, world, None, Pace::Hand, 0))
    }

    /// The same, but its clock goes with Tokio's. With Tokio's clock paused, time leaps to whatever is waited for
    /// next, so that a deploy of half an hour is tried in a moment. To be called inside a Tokio runtime.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory_with_tokio(scenario: Scenario, seed: u64) -> Result<Self, SandboxError> {
        let SandboxCloud { inner } = Self::in_memory(scenario, seed)?;
        let path = PathBuf::from(":memory:");
        let inner =
            Arc::try_unwrap(inner).map_err(|_| SandboxError::of(&path, &rusqlite::Error::InvalidQuery))?;
        let pace = Pace::with_tokio();
        Ok(Self { inner: Arc::new(Inner { pace, ..inner }) })
    }

    fn new(
        connection: Connection,
        world: World,
        path: Option<PathBuf>,
        pace: Pace,
        throttled_per_mille: u32,
    ) -> Self {
        let endpoint =
            Endpoint { region: places::REGION.to_owned(), profile: None, url: None, sandbox: true };
        Self {
            inner: Arc::new(Inner {
                connection: Mutex::new(connection),
                endpoint,
                path,
                pace,
                anchor: Mutex::new(world.anchor),
                newest: AtomicI64::new(world.anchor.simulated),
                turns: Semaphore::new(2),
                stepped: watch::Sender::new(world.anchor.simulated),
                throttled_per_mille: AtomicU32::new(throttled_per_mille),
                unlisted: AtomicI64::new(0),
                requests: Mutex::default(),
                faults: Mutex::default(),
                world,
            }),
        }
    }

    /// The same world with another share of throttled requests, in a thousand.
    #[must_use]
    pub fn with_throttling(self, per_mille: u32) -> Self {
        self.inner.throttled_per_mille.store(per_mille, Ordering::Relaxed);
        self
    }

    /// What the config of the simulated deployment would say.
    #[must_use]
    pub fn topology(&self) -> Topology {
        let dice = self.dice();
        let image = ImageId::new(dice.id("ami", "base image", 0));
        let subnet = |zone: &str| dice.id("subnet", zone, 0);
        places::topology(self.inner.world.scenario, &image, &subnet)
    }

    /// The scenario the world began with.
    #[must_use]
    pub fn scenario(&self) -> Scenario {
        self.inner.world.scenario
    }

    /// The world's seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.inner.world.seed
    }

    /// Simulated seconds per real second.
    #[must_use]
    pub fn speed(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "at most a million")]
        let thousandths = self.inner.world.anchor.speed as f64;
        thousandths / 1_000.0
    }

    /// Lets simulated time pass at once, on top of what passes by itself.
    ///
    /// # Errors
    /// When the world cannot be written.
    pub fn advance(&self, time: Duration) -> Answer<()> {
        let more = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        self.go_on(&mut held(&self.inner.connection), more).map(|_| ())
    }

    /// The world's dice.
    fn dice(&self) -> Dice {
        Dice::new(self.inner.world.seed)
    }

    /// Whether its time goes by itself, and not by hand.
    fn is_running(&self) -> bool {
        self.inner.pace != Pace::Hand
    }

    /// Returns when so much of its time has passed. In a world whose clock is stepped by hand, whoever waits steps it.
    async fn wait(&self, time: Duration) {
        if self.inner.pace == Pace::Hand {
            let _ = self.advance(time);
            tokio::task::yield_now().await;
            return;
        }
        let speed = u32::try_from(self.anchor_speed().max(1)).unwrap_or(u32::MAX);
        tokio::time::sleep(time * 1_000 / speed).await;
    }

    /// Simulated milliseconds per real second.
    fn anchor_speed(&self) -> i64 {
        self.inner.world.anchor.speed
    }

    /// A turn to look at a server; never refused, for nobody closes the queue.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.inner.turns.acquire().await.ok()
    }

    /// Hears when the clock was stepped by hand.
    fn stepped(&self) -> watch::Receiver<i64> {
        self.inner.stepped.subscribe()
    }

    /// The world's time, without asking it.
    fn time(&self) -> Timestamp {
        let anchor = *held(&self.inner.anchor);
        let now = anchor.reached(self.inner.pace, self.inner.pace.now(anchor));
        timestamp(self.inner.newest.fetch_max(now, Ordering::Relaxed).max(now))
    }

    fn failed(&self, error: &rusqlite::Error) -> CloudError {
        let path = self.inner.path.clone().unwrap_or_else(|| PathBuf::from(":memory:"));
        match SandboxError::of(&path, error) {
            busy @ SandboxError::Busy { .. } => CloudError::Unreachable(busy.to_string()),
            other => CloudError::Other(other.to_string()),
        }
    }

    /// Brings the world to the present, `more` milliseconds on top, and gives the time reached.
    fn go_on(&self, connection: &mut Connection, more: i64) -> Answer<i64> {
        let reached = self.try_go_on(connection, more).map_err(|e| self.failed(&e))?;
        let Some(anchor) = reached else {
            return Err(CloudError::Other(
                "Another console has made this sandbox world anew. Leave, and start quarterdeck again."
                    .to_owned(),
            ));
        };
        *held(&self.inner.anchor) = anchor;
        let now = anchor.reached(self.inner.pace, self.inner.pace.now(anchor));
        self.inner.newest.fetch_max(now, Ordering::Relaxed);
        self.inner.stepped.send_if_modified(|last| std::mem::replace(last, now) != now);
        Ok(now)
    }

    /// `None` when another world has taken the place of ours.
    fn try_go_on(&self, connection: &mut Connection, more: i64) -> rusqlite::Result<Option<Anchor>> {
        let running = self.is_running();
        let ours = |world: Option<World>| world.filter(|w| w.id == self.inner.world.id);
        let target = |anchor: Anchor| {
            let real = self.inner.pace.now(anchor);
            (real, anchor.reached(self.inner.pace, real).saturating_add(more))
        };
        let Some(world) = ours(store::world(connection)?) else { return Ok(None) };
        let (real, to) = target(world.anchor);
        let due = tick::next_event(connection)?.is_some_and(|at| at <= to);
        if !due && more == 0 && (!running || (0..NOTED_EVERY).contains(&(real - world.anchor.real))) {
            return Ok(Some(world.anchor));
        }
        // Another process may have been here meanwhile: begin anew, as the only writer.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let Some(world) = ours(store::world(&transaction)?) else { return Ok(None) };
        let (real, to) = target(world.anchor);
        let simulated = tick::advance(&transaction, Dice::new(world.seed), to)?;
        let anchor = Anchor { simulated, real, ..world.anchor };
        transaction
            .prepare_cached("UPDATE world SET simulated = ?1, real = ?2")?
            .execute([simulated, real])?;
        transaction.commit()?;
        Ok(Some(anchor))
    }
}
