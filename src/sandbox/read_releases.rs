//! Releases, images and notes of a world, as lists.

use rusqlite::Row;

use super::clock::timestamp;
use super::read::{View, launch_source};
use crate::cloud::Note;
use crate::fleet::{Image, ImageId, LaunchSettings, LaunchSource};

impl View<'_> {
    /// What could be launched in the place of `like`, newest first.
    pub(super) fn releases(
        &self,
        like: &LaunchSource,
        prefix: &str,
    ) -> rusqlite::Result<Vec<LaunchSettings>> {
        let columns =
            "SELECT template, name AS launch_name, version, image, instance_type, description, created_at
                       FROM launches WHERE gone = 0 AND";
        let (text, value) = match like {
            LaunchSource::Template { id, .. } => {
                (format!("{columns} template = ?1 ORDER BY version DESC"), id.clone())
            }
            LaunchSource::Configuration { .. } => (
                format!("{columns} template IS NULL AND substr(name, 1, length(?1)) = ?1 ORDER BY name DESC"),
                prefix.to_owned(),
            ),
        };
        self.c.prepare_cached(&text)?.query_map([value], |row| settings(row, like))?.collect()
    }

    pub(super) fn images_named(&self, prefix: &str) -> rusqlite::Result<Vec<Image>> {
        self.c
            .prepare_cached(
                "SELECT id, name, state, created_at FROM images
                 WHERE state <> 'gone' AND substr(name, 1, length(?1)) = ?1 ORDER BY name",
            )?
            .query_map([prefix], |row| {
                Ok(Image {
                    id: ImageId::new(row.get::<_, String>(0)?),
                    architecture: Some("x86_64".to_owned()),
                    name: row.get(1)?,
                    state: row.get(2)?,
                    created_at: Some(timestamp(row.get(3)?)),
                })
            })?
            .filter(|image| !image.as_ref().is_ok_and(|image| self.is_new(image)))
            .collect()
    }

    pub(super) fn notes(&self, path: &str) -> rusqlite::Result<Vec<Note>> {
        self.c
            .prepare_cached(
                "SELECT name, text, written_at FROM notes WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
            )?
            .query_map([path], |row| {
                Ok(Note { name: row.get(0)?, text: row.get(1)?, written_at: Some(timestamp(row.get(2)?)) })
            })?
            .collect()
    }
}

fn settings(row: &Row<'_>, like: &LaunchSource) -> rusqlite::Result<LaunchSettings> {
    let source = launch_source(row)?.unwrap_or_else(|| like.clone());
    Ok(LaunchSettings {
        resolved: source.clone(),
        source,
        image: Some(ImageId::new(row.get::<_, String>("image")?)),
        instance_type: row.get("instance_type")?,
        instance_profile: None,
        tokens_required: Some(true),
        description: row.get("description")?,
        created_at: Some(timestamp(row.get("created_at")?)),
    })
}
