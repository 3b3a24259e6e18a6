//! What groups can launch: launch configurations, and versions of launch templates.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use super::{Changed, absent, refused};
use crate::cloud::{CloudError, LaunchSpec};
use crate::fleet::LaunchSource;
use crate::sandbox::read::View;
use crate::sandbox::rows::launch_key;

/// A row of `launches`.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) key: String,
    pub(super) template: Option<String>,
    pub(super) name: String,
    pub(super) instance_type: String,
}

/// What a source names. A version that moves is the newest one: simulated templates have no other default.
pub(super) fn find(view: &View<'_>, source: &LaunchSource) -> rusqlite::Result<Option<Found>> {
    let columns = "SELECT key, template, name, instance_type FROM launches WHERE gone = 0 AND";
    let (query, values) = match source {
        LaunchSource::Configuration { name } => {
            (format!("{columns} template IS NULL AND name = ?1"), vec![Value::from(name.clone())])
        }
        LaunchSource::Template { id, version, .. } => match version.parse::<i64>() {
            Ok(number) => (
                format!("{columns} template = ?1 AND version = ?2"),
                vec![Value::from(id.clone()), Value::from(number)],
            ),
            Err(_) if source.is_floating() => (
                format!("{columns} template = ?1 ORDER BY version DESC LIMIT 1"),
                vec![Value::from(id.clone())],
            ),
            Err(_) => return Ok(None),
        },
    };
    view.c
        .prepare_cached(&query)?
        .query_row(rusqlite::params_from_iter(values), |row| {
            Ok(Found {
                key: row.get(0)?,
                template: row.get(1)?,
                name: row.get(2)?,
                instance_type: row.get(3)?,
            })
        })
        .optional()
}

pub(super) fn create(view: &View<'_>, spec: &LaunchSpec) -> Changed<LaunchSource> {
    if spec.name.is_empty() || spec.name.chars().count() > 255 {
        return refused("Nothing was made: a name or description has 1 to 255 characters (ValidationError).");
    }
    let Some(like) = find(view, &spec.like)? else {
        return absent(format!("There is no {} to be copied in the sandbox.", spec.like.label()));
    };
    let known = view
        .c
        .prepare_cached("SELECT 1 FROM images WHERE id = ?1 AND state <> 'gone'")?
        .exists([spec.image.as_str()])?;
    if !known {
        return refused(format!(
            "Nothing was made: there is no image {} (InvalidAMIID.NotFound).",
            spec.image
        ));
    }
    match &like.template {
        Some(template) => version(view, spec, &like, template),
        None => configuration(view, spec, &like),
    }
}

fn configuration(view: &View<'_>, spec: &LaunchSpec, like: &Found) -> Changed<LaunchSource> {
    let source = LaunchSource::Configuration { name: spec.name.clone() };
    if find(view, &source)?.is_some() {
        return Ok(Err(CloudError::Exists(format!(
            "There is a launch configuration {} already (AlreadyExists).",
            spec.name
        ))));
    }
    insert(view, spec, like, None)?;
    Ok(Ok(source))
}

/// The name is the request's token, too: asking twice makes one.
fn version(view: &View<'_>, spec: &LaunchSpec, like: &Found, template: &str) -> Changed<LaunchSource> {
    let before: Option<(i64, String)> = view
        .c
        .prepare_cached(
            "SELECT version, image FROM launches WHERE template = ?1 AND description = ?2 AND gone = 0",
        )?
        .query_row([template, &spec.name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let number = match before {
        Some((_, image)) if image != spec.image.as_str() => {
            return refused(format!(
                "Nothing was made: {} has a version {} with another image (IdempotentParameterMismatch).",
                like.name, spec.name
            ));
        }
        Some((number, _)) => number,
        None => {
            let number: i64 = view
                .c
                .prepare_cached("SELECT max(version) + 1 FROM launches WHERE template = ?1")?
                .query_row([template], |row| row.get(0))?;
            let key = insert(view, spec, like, Some(number))?;
            follow(view, template, &key)?;
            number
        }
    };
    let (id, name) = (template.to_owned(), like.name.clone());
    Ok(Ok(LaunchSource::Template { id, name, version: number.to_string() }))
}

fn insert(
    view: &View<'_>,
    spec: &LaunchSpec,
    like: &Found,
    version: Option<i64>,
) -> rusqlite::Result<String> {
    let name = if version.is_some() { &like.name } else { &spec.name };
    let key = launch_key(like.template.as_deref(), name, version.map(i64::cast_unsigned));
    view.c
        .prepare_cached(
            "INSERT OR REPLACE INTO launches (key, template, name, version, image, instance_type, description,
             created_at, gone) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)",
        )?
        .execute(params![
            key,
            like.template,
            name,
            version,
            spec.image.as_str(),
            spec.instance_type.as_ref().unwrap_or(&like.instance_type),
            version.map(|_| &spec.name),
            view.now
        ])?;
    Ok(key)
}

/// Groups whose version moves launch the newest one from now on.
fn follow(view: &View<'_>, template: &str, key: &str) -> rusqlite::Result<()> {
    view.c
        .prepare_cached(
            "UPDATE groups SET launch = ?2 WHERE floating IS NOT NULL
             AND launch IN (SELECT key FROM launches WHERE template = ?1)",
        )?
        .execute([template, key])?;
    Ok(())
}

/// Its row stays, for servers that were launched from it.
pub(super) fn delete(view: &View<'_>, source: &LaunchSource) -> Changed<()> {
    if source.is_floating() {
        return refused(format!("{} was not deleted: a version is deleted by its number.", source.label()));
    }
    let Some(found) = find(view, source)? else { return Ok(Ok(())) };
    let user: Option<String> = view
        .c
        .prepare_cached("SELECT name FROM groups WHERE launch = ?1 LIMIT 1")?
        .query_row([&found.key], |row| row.get(0))
        .optional()?;
    // AWS guards configurations only; a group whose version is gone cannot launch.
    if let (Some(group), None) = (user, &found.template) {
        return refused(format!(
            "{} was not deleted: the group {group} launches it (ResourceInUse).",
            found.name
        ));
    }
    view.moment().change("UPDATE launches SET gone = 1 WHERE key = ?1", &found.key)?;
    if let Some(template) = &found.template {
        let newest: Option<String> = view
            .c
            .prepare_cached(
                "SELECT key FROM launches WHERE template = ?1 AND gone = 0 ORDER BY version DESC LIMIT 1",
            )?
            .query_row([template], |row| row.get(0))
            .optional()?;
        if let Some(key) = newest {
            follow(view, template, &key)?;
        }
    }
    Ok(Ok(()))
}
