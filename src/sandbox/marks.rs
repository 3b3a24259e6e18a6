//! What operators left on a server: the maintenance page, the code checked out.

use rusqlite::{Connection, OptionalExtension, params};

/// The maintenance page: `off`, `healthy` or `unhealthy`.
pub(super) const PAGE: &str = "page";
/// The changeset checked out, when it is not the one that the server was built with.
pub(super) const CHANGESET: &str = "changeset";

/// What the database is, when it is not the one that the server was built with.
pub(super) const DATABASE: &str = "database";

/// How often it was booted again.
pub(super) const BOOTS: &str = "boots";

/// What was checked out before, under this note.
pub(super) fn before(note: &str) -> String {
    format!("before {note}")
}

/// What is left there, if anything.
pub(super) fn get(c: &Connection, instance: &str, what: &str) -> rusqlite::Result<Option<String>> {
    c.prepare_cached("SELECT value FROM marks WHERE instance = ?1 AND what = ?2")?
        .query_row([instance, what], |row| row.get(0))
        .optional()
}

/// Since when it is there, if it is.
pub(super) fn since(c: &Connection, instance: &str, what: &str) -> rusqlite::Result<Option<i64>> {
    c.prepare_cached("SELECT since FROM marks WHERE instance = ?1 AND what = ?2")?
        .query_row([instance, what], |row| row.get(0))
        .optional()
}

/// Leaves it there.
pub(super) fn set(c: &Connection, instance: &str, what: &str, value: &str, at: i64) -> rusqlite::Result<()> {
    c.prepare_cached("INSERT OR REPLACE INTO marks (instance, what, value, since) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![instance, what, value, at])?;
    Ok(())
}
