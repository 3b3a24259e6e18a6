//! A world's file: made, opened, refused, or set aside.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use super::clock::{Anchor, real_nanoseconds, real_now};
use super::dice::Dice;
use super::make::{Settings, make};
use super::{MAX_SPEED, MIN_SPEED, Options, SandboxError, Scenario, schema};

/// How long one process waits for another one's transaction.
const BUSY: Duration = Duration::from_secs(5);

/// Time between two attempts to open a file that another process is just making.
const TURN: Duration = Duration::from_millis(10);

/// The world's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct World {
    /// Differs between a world and the one that took its place.
    pub(super) id: String,
    pub(super) scenario: Scenario,
    pub(super) seed: u64,
    pub(super) anchor: Anchor,
}

/// Reads the world's row; `None` when there is no such row.
pub(super) fn world(c: &Connection) -> rusqlite::Result<Option<World>> {
    c.prepare_cached("SELECT id, scenario, seed, simulated, real, speed FROM world")?
        .query_row([], |row| {
            Ok(World {
                id: row.get(0)?,
                scenario: row.get::<_, String>(1)?.parse().unwrap_or_default(),
                seed: row.get::<_, i64>(2)?.cast_unsigned(),
                anchor: Anchor { simulated: row.get(3)?, real: row.get(4)?, speed: row.get(5)? },
            })
        })
        .optional()
}

/// Where the world of a state directory is.
pub(super) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("sandbox").join("world.sqlite")
}

/// Opens the world, and makes it when there is none or a fresh one is asked for.
pub(super) fn open(options: &Options) -> Result<(Connection, World), SandboxError> {
    let speed = options.speed.map(checked_speed).transpose()?;
    let path = path(&options.state_dir);
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(|e| SandboxError::Place {
            path: dir.to_owned(),
            reason: crate::fleet::text::one_line(&e.to_string()),
        })?;
    }
    match open_when_free(&path, options, speed) {
        Err(SandboxError::Foreign { .. } | SandboxError::Damaged { .. } | SandboxError::Version { .. })
            if options.fresh =>
        {
            set_aside(&path)?;
            open_when_free(&path, options, speed)
        }
        result => result,
    }
}

/// Opens the file. SQLite does not wait its turn while another process switches a new file to its log, whatever
/// the busy timeout: that is asked again, for as long as a transaction would be waited for.
fn open_when_free(
    path: &Path,
    options: &Options,
    speed: Option<i64>,
) -> Result<(Connection, World), SandboxError> {
    let deadline = Instant::now() + BUSY;
    loop {
        match open_file(path, options, speed) {
            Err(SandboxError::Busy { .. }) if Instant::now() < deadline => std::thread::sleep(TURN),
            result => return result,
        }
    }
}

/// Speed in simulated milliseconds per real second.
fn checked_speed(speed: f64) -> Result<i64, SandboxError> {
    if !(MIN_SPEED..=MAX_SPEED).contains(&speed) {
        return Err(SandboxError::Speed { speed });
    }
    #[allow(clippy::cast_possible_truncation, reason = "bounded just above")]
    Ok((speed * 1_000.0).round() as i64)
}

/// A speed as people write it.
fn speed_text(speed: i64) -> String {
    let text = format!("{}.{:03}", speed / 1_000, speed % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn open_file(
    path: &Path,
    options: &Options,
    speed: Option<i64>,
) -> Result<(Connection, World), SandboxError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| SandboxError::of(path, &e))?;
    prepare(connection, path, options, speed)
}

/// What a file holds, before anything is written to it.
fn look(c: &Connection, path: &Path) -> rusqlite::Result<Result<bool, SandboxError>> {
    let application: i64 = c.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = c.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = c.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    let path = path.to_owned();
    Ok(match (application, version) {
        (0, 0) if tables == 0 => Ok(false),
        (schema::APPLICATION, schema::VERSION) => Ok(true),
        (schema::APPLICATION, found) => Err(SandboxError::Version { path, found, known: schema::VERSION }),
        _ => Err(SandboxError::Foreign { path }),
    })
}

/// Checks an open file, and makes the world in it where there is none or a fresh one is asked for.
pub(super) fn prepare(
    mut c: Connection,
    path: &Path,
    options: &Options,
    speed: Option<i64>,
) -> Result<(Connection, World), SandboxError> {
    let failed = |e: rusqlite::Error| SandboxError::of(path, &e);
    c.busy_timeout(BUSY).map_err(failed)?;
    c.set_prepared_statement_cache_capacity(64);
    // One transaction, or half of what is seen may be from before another process made the world.
    let before = c.transaction().map_err(failed)?;
    look(&before, path).map_err(failed)??;
    before.commit().map_err(failed)?;
    if c.is_readonly(rusqlite::MAIN_DB).map_err(failed)? {
        return Err(SandboxError::ReadOnly { path: path.to_owned() });
    }
    // The log is synced at checkpoints only: a crash of the program loses nothing, one of the machine at most
    // the last moments of a simulation.
    c.pragma_update(None, "journal_mode", "wal").map_err(failed)?;
    c.pragma_update(None, "synchronous", "normal").map_err(failed)?;
    let transaction = c.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Another process may have made it since.
    let exists = look(&transaction, path).map_err(failed)??;
    if !exists || options.fresh {
        schema::drop_all(&transaction).map_err(failed)?;
        let real = real_now();
        let settings = Settings {
            scenario: options.scenario.unwrap_or_default(),
            seed: options.seed.unwrap_or(super::DEFAULT_SEED),
            speed: speed.unwrap_or(1_000),
            // AWS tells whole seconds.
            base: real - real.rem_euclid(1_000),
            real,
        };
        let id = Dice::new(settings.seed).hex("world", real_nanoseconds(), 16);
        make(&transaction, &id, &settings).map_err(failed)?;
    }
    let world = world(&transaction).map_err(failed)?.ok_or_else(|| SandboxError::Damaged {
        path: path.to_owned(),
        reason: "its settings are gone".to_owned(),
    })?;
    transaction.commit().map_err(failed)?;
    refuse_other_settings(path, options, speed, &world)?;
    Ok((c, world))
}

fn refuse_other_settings(
    path: &Path,
    options: &Options,
    speed: Option<i64>,
    world: &World,
) -> Result<(), SandboxError> {
    let refuse = |setting, made: String, asked: String| {
        Err(SandboxError::Fixed { path: path.to_owned(), setting, made, asked })
    };
    if let Some(asked) = options.scenario.filter(|s| *s != world.scenario) {
        return refuse("scenario", world.scenario.to_string(), asked.to_string());
    }
    if let Some(asked) = options.seed.filter(|s| *s != world.seed) {
        return refuse("seed", world.seed.to_string(), asked.to_string());
    }
    if let Some(asked) = speed.filter(|s| *s != world.anchor.speed) {
        return refuse("speed", speed_text(world.anchor.speed), speed_text(asked));
    }
    Ok(())
}

/// Moves a file that is not a world of ours out of the way. It is kept as `world.sqlite.old`.
fn set_aside(path: &Path) -> Result<(), SandboxError> {
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let failed = |e: std::io::Error| SandboxError::Place {
        path: path.to_owned(),
        reason: crate::fleet::text::one_line(&e.to_string()),
    };
    std::fs::rename(path, beside(".old")).map_err(failed)?;
    for suffix in ["-wal", "-shm"] {
        match std::fs::remove_file(beside(suffix)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
            _ => {}
        }
    }
    Ok(())
}
