//! What CloudFront is asked to forget.

use rusqlite::{OptionalExtension, params};

use super::{Changed, absent, refused};
use crate::cloud::Answer;
use crate::sandbox::SandboxCloud;
use crate::sandbox::places::DISTRIBUTION;
use crate::sandbox::read::View;

pub(super) fn invalidate(
    view: &View<'_>,
    distribution: &str,
    paths: &[String],
    reference: &str,
) -> Changed<String> {
    if distribution != DISTRIBUTION {
        return absent(format!(
            "There is no distribution {distribution} in the sandbox (NoSuchDistribution)."
        ));
    }
    if paths.is_empty() || !paths.iter().all(|path| path.starts_with('/')) {
        return refused("Nothing is forgotten: a path begins with / (InvalidArgument).");
    }
    let paths = paths.join(" ");
    let before: Option<(String, String)> = view
        .c
        .prepare_cached("SELECT id, paths FROM invalidations WHERE distribution = ?1 AND reference = ?2")?
        .query_row([distribution, reference], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match before {
        Some((id, same)) if same == paths => return Ok(Ok(id)),
        Some(_) => {
            return refused(format!(
                "Nothing is forgotten: the reference {reference} was used for other paths (InvalidArgument)."
            ));
        }
        None => {}
    }
    let id = format!("I{}", view.dice.hex(&format!("{distribution} {reference}"), 0, 13).to_uppercase());
    view.c
        .prepare_cached(
            "INSERT INTO invalidations (id, distribution, reference, paths, made_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![id, distribution, reference, paths, view.now])?;
    Ok(Ok(id))
}

impl SandboxCloud {
    /// The invalidations that were asked for, by their ids.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn invalidations(&self) -> Answer<Vec<String>> {
        self.answer(|view| {
            let mut all = view.c.prepare_cached("SELECT id FROM invalidations ORDER BY made_at, id")?;
            all.query_map([], |row| row.get(0))?.collect()
        })
    }
}
