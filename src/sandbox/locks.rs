//! Whether an operator works on an environment, as its lock's notes tell.

use rusqlite::Connection;

use super::places::DEPLOYMENT;

/// Whether the environment's lock is held: its newest numbered note does not say that it was released. One that makes
/// no sense is taken for held.
pub(super) fn is_held(c: &Connection, environment: &str) -> rusqlite::Result<bool> {
    let path = format!("/quarterdeck/{DEPLOYMENT}/{environment}/lock/");
    let notes: Vec<(String, String)> = c
        .prepare_cached("SELECT name, text FROM notes WHERE substr(name, 1, length(?1)) = ?1")?
        .query_map([&path], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let number = |name: &str| name.strip_prefix(&path).and_then(|rest| rest.parse::<u64>().ok());
    let newest = notes.iter().filter_map(|(name, text)| Some((number(name)?, text))).max();
    Ok(newest.is_some_and(|(_, text)| {
        let released = serde_json::from_str::<serde_json::Value>(text)
            .ok()
            .and_then(|record| record.get("released").cloned())
            .unwrap_or_default();
        // Released: a time, or true.
        matches!(released, serde_json::Value::Null | serde_json::Value::Bool(false))
    }))
}
