//! What an environment's application needs of others: who answers badly because somebody else does not work.

use rusqlite::{Connection, params};

use super::rows::{Event, schedule};

/// Two checks of the load balancer, in milliseconds.
const NOTICED: i64 = 20_000;

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// No primary takes connections.
    Database,
    /// The primary has no connection left.
    Connections,
    /// Redis does not answer.
    Cache,
    /// RabbitMQ does not answer.
    Queue,
}

impl Need {
    /// What the application says, in its own words.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Database => {
                "django.db.utils.OperationalError: connection to server at \"127.0.0.1\", port 5432 failed: server \
                 closed the connection unexpectedly"
            }
            Self::Connections => "django.db.utils.OperationalError: FATAL: sorry, too many clients already",
            Self::Cache => {
                "redis.exceptions.ConnectionError: Error 111 connecting to cache:6379. Connection refused."
            }
            Self::Queue => "kombu.exceptions.OperationalError: [Errno 111] Connection refused",
        }
    }
}

/// What the pages of an environment's site miss; what was never there is not missed.
pub(super) fn of_site(c: &Connection, environment: &str) -> rusqlite::Result<Option<Need>> {
    if is_broken(c, environment, "db-primary", "postgresql")? {
        return Ok(Some(Need::Database));
    }
    let full = c
        .prepare_cached(
            "SELECT 1 FROM troubles t JOIN instances i ON i.id = t.subject WHERE i.environment = ?1
             AND i.role = 'db-primary' AND t.kind = 'connections-full' AND t.until IS NULL",
        )?
        .exists([environment])?;
    if full {
        return Ok(Some(Need::Connections));
    }
    Ok(is_broken(c, environment, "cache", "redis-server")?.then_some(Need::Cache))
}

/// Whether tasks can be sent and taken.
pub(super) fn of_tasks(c: &Connection, environment: &str) -> rusqlite::Result<Option<Need>> {
    Ok(is_broken(c, environment, "cache", "rabbitmq-server")?.then_some(Need::Queue))
}

/// Whether there are servers of a role, and this service runs on none of them.
pub(super) fn is_broken(c: &Connection, environment: &str, role: &str, unit: &str) -> rusqlite::Result<bool> {
    let (all, working): (u32, u32) = c
        .prepare_cached(
            "SELECT count(*), coalesce(sum(i.power = 'running' AND i.ready = 1 AND NOT EXISTS (
                 SELECT 1 FROM units u WHERE u.instance = i.id AND u.up = 0 AND (u.unit = ?3 OR u.unit LIKE ?3 || '@%')
             ) AND NOT EXISTS (SELECT 1 FROM troubles t WHERE t.subject = i.id AND t.kind = 'status-check'
                 AND t.until IS NULL)), 0) FROM instances i
             WHERE i.environment = ?1 AND i.role = ?2 AND i.power NOT IN ('pending', 'terminated')",
        )?
        .query_row(params![environment, role, unit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(all > 0 && working == 0)
}

/// Whether a service without which a web server answers nothing was stopped on it, or its machine is broken.
pub(super) fn is_cut(c: &Connection, instance: &str) -> rusqlite::Result<bool> {
    c.prepare_cached(
        "SELECT 1 FROM units WHERE instance = ?1 AND up = 0 AND (unit IN ('nginx', 'supervisor')
         OR unit LIKE 'program %-server' OR unit LIKE 'program %-pgbouncer' OR unit LIKE 'program %-stunnel')
         UNION SELECT 1 FROM troubles WHERE subject = ?1 AND kind = 'status-check' AND until IS NULL",
    )?
    .exists([instance])
}

/// Load balancers find out about all members of an environment soon.
pub(super) fn recheck(c: &Connection, environment: &str, now: i64) -> rusqlite::Result<()> {
    let registered: Vec<String> = c
        .prepare_cached(
            "SELECT DISTINCT r.instance FROM registrations r JOIN instances i ON i.id = r.instance
             WHERE i.environment = ?1 ORDER BY 1",
        )?
        .query_map([environment], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    registered.iter().try_for_each(|instance| schedule(c, now + NOTICED, Event::Checked, instance))
}
