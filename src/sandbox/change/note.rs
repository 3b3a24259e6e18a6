//! Notes: SSM parameters.

use rusqlite::params;

use super::{Changed, refused};
use crate::cloud::CloudError;
use crate::sandbox::read::View;

/// The most bytes of a standard parameter.
const MOST: usize = 4_096;

pub(super) fn put(view: &View<'_>, name: &str, text: &str, replace: bool) -> Changed<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    if !name.starts_with('/') || name.ends_with('/') || name.len() > 1_011 || !name.chars().all(fits) {
        return refused(format!(
            "The note {name} was not written: a name is a path of letters, digits and _ . - (ValidationException)."
        ));
    }
    if text.is_empty() || text.len() > MOST {
        return refused(format!(
            "The note {name} was not written: it has {} bytes, and may have 1 to {MOST} (ValidationException).",
            text.len()
        ));
    }
    let there = view.c.prepare_cached("SELECT 1 FROM notes WHERE name = ?1")?.exists([name])?;
    if there && !replace {
        return Ok(Err(CloudError::Exists(format!(
            "There is a note {name} already (ParameterAlreadyExists)."
        ))));
    }
    view.c
        .prepare_cached("INSERT OR REPLACE INTO notes (name, text, written_at) VALUES (?1, ?2, ?3)")?
        .execute(params![name, text, view.now])?;
    Ok(Ok(()))
}

pub(super) fn delete(view: &View<'_>, names: &[String]) -> Changed<()> {
    for name in names {
        view.moment().change("DELETE FROM notes WHERE name = ?1", name)?;
    }
    Ok(Ok(()))
}
