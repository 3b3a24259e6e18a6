//! Bad releases: images and changesets whose application answers every request with an error.

use rusqlite::{Connection, OptionalExtension, params};

use super::SandboxCloud;
use super::read::View;
use super::rows::{Event, schedule};
use crate::cloud::Answer;
use crate::fleet::{Changeset, ImageId};

/// Two checks of the load balancer.
const NOTICED: i64 = 20_000;

impl SandboxCloud {
    /// From now on, web servers that were booted from this image answer health checks with 500.
    ///
    /// # Errors
    /// When the world cannot be written.
    pub fn spoil_image(&self, image: &ImageId) -> Answer<()> {
        self.change(|view| spoil(&view, image.as_str()))
    }

    /// From now on, web servers with this code answer health checks with 500, whatever they were booted from.
    ///
    /// # Errors
    /// When the world cannot be written.
    pub fn spoil_changeset(&self, changeset: &Changeset) -> Answer<()> {
        self.change(|view| spoil(&view, changeset.as_str()))
    }
}

fn spoil(view: &View<'_>, subject: &str) -> rusqlite::Result<()> {
    view.c
        .prepare_cached("INSERT OR IGNORE INTO spoilt (subject, since) VALUES (?1, ?2)")?
        .execute(params![subject, view.now])?;
    let registered: Vec<String> = view
        .c
        .prepare_cached("SELECT DISTINCT instance FROM registrations ORDER BY instance")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for instance in registered {
        if since(view.c, &instance)?.is_some() {
            schedule(view.c, view.now + NOTICED, Event::Checked, &instance)?;
        }
    }
    Ok(())
}

/// Since when what runs on an instance is known to be bad, if it is.
pub(super) fn since(c: &Connection, instance: &str) -> rusqlite::Result<Option<i64>> {
    let mut bad = c.prepare_cached("SELECT subject, since FROM spoilt ORDER BY since")?;
    let bad: Vec<(String, i64)> =
        bad.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    if bad.is_empty() {
        return Ok(None);
    }
    let found: Option<(String, Option<String>, Option<String>)> = c
        .prepare_cached(
            "SELECT i.image, m.value, coalesce(l.description, l.name) FROM instances i
             LEFT JOIN launches l ON l.key = i.launch
             LEFT JOIN marks m ON m.instance = i.id AND m.what = 'changeset' WHERE i.id = ?1",
        )?
        .query_row([instance], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((image, checked_out, label)) = found else { return Ok(None) };
    let baked = label.as_deref().and_then(|label| label.rsplit('_').next());
    let code = checked_out.as_deref().or(baked).unwrap_or_default();
    // Names of releases hold the first digits only.
    let same = |subject: &str| !code.is_empty() && (subject.starts_with(code) || code.starts_with(subject));
    let found = bad.iter().find(|(subject, _)| *subject == image || same(subject));
    Ok(found.map(|(_, since)| *since))
}
