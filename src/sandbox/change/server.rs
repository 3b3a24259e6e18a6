//! Servers that belong to no group, and images.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};

use super::{Changed, absent, refused};
use crate::cloud::{CloudError, ServerSpec};
use crate::fleet::{ImageId, InstanceId, NewServer};
use crate::sandbox::places::{DEPLOYMENT, ZONES};
use crate::sandbox::read::View;
use crate::sandbox::room;
use crate::sandbox::rows::{Event, NewInstance, insert_instance};

/// What the tags of a server must say before this world can hold it.
struct Labels<'a> {
    environment: &'a str,
    role: &'a str,
    /// The environment's place in the config.
    number: u32,
}

pub(super) fn launch(view: &View<'_>, spec: &ServerSpec) -> Changed<InstanceId> {
    if spec.token.is_empty() || spec.token.len() > 64 || !spec.token.is_ascii() {
        return refused(
            "Nothing was launched: a client token has 1 to 64 ASCII characters (InvalidParameterValue).",
        );
    }
    let server = &spec.server;
    let asked = format!("{spec:?}");
    let before: Option<(String, String)> = view
        .c
        .prepare_cached("SELECT instance, asked FROM tokens WHERE token = ?1")?
        .query_row([&spec.token], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((instance, before)) = before {
        if before != asked {
            return refused(format!(
                "Nothing was launched: the token {} was used for another server (IdempotentParameterMismatch).",
                spec.token
            ));
        }
        return Ok(Ok(InstanceId::new(instance)));
    }
    let labels = match labels(view, server)? {
        Ok(labels) => labels,
        Err(error) => return Ok(Err(error)),
    };
    if let Some(why) = image_problem(view, server.image.as_str())? {
        return refused(format!("Nothing was launched: {why}"));
    }
    let subnet = |zone: &&&str| server.subnet.as_ref().is_some_and(|s| *s == view.dice.id("subnet", zone, 0));
    let zone = match &server.zone {
        Some(zone) => ZONES.iter().find(|known| **known == zone.as_str()),
        None => ZONES.iter().find(subnet).or(ZONES.first()),
    };
    let Some(zone) = zone else {
        return refused(format!(
            "Nothing was launched: the sandbox has the zones {} (InvalidParameterValue).",
            ZONES.join(", ")
        ));
    };
    let zone = match room::place(view.c, view.dice, [*zone], &server.instance_type)? {
        Ok(zone) => zone,
        Err(why) => return refused(format!("Nothing was launched: {why}")),
    };
    let Some(address) = free_address(view, labels.number)? else {
        return refused("Nothing was launched: the subnet is full (InsufficientFreeAddressesInSubnet).");
    };
    let id = view.dice.id("i", &format!("run {}", spec.token), 0);
    insert_instance(
        view.c,
        &NewInstance {
            id: &id,
            environment: labels.environment,
            role: labels.role,
            power: "pending",
            power_reason: None,
            zone,
            instance_type: &server.instance_type,
            image: server.image.as_str(),
            launched_at: view.now,
            address,
            group: None,
            launch: None,
        },
    )?;
    write_tags(view, &id, &server.tags)?;
    view.c.prepare_cached("INSERT INTO tokens (token, instance, asked) VALUES (?1, ?2, ?3)")?.execute([
        &spec.token,
        &id,
        &asked,
    ])?;
    let now = view.moment();
    now.after(now.seconds("start", &id, 25, 35), Event::Running, &id)?;
    Ok(Ok(InstanceId::new(id)))
}

fn write_tags(view: &View<'_>, id: &str, tags: &[(String, String)]) -> rusqlite::Result<()> {
    let mut insert =
        view.c.prepare_cached("INSERT OR REPLACE INTO tags (instance, key, value) VALUES (?1, ?2, ?3)")?;
    for (key, value) in tags {
        insert.execute([id, key, value])?;
    }
    Ok(())
}

/// The role is what this world goes by; what else it knows of a server by its tags stays.
pub(super) fn tag(view: &View<'_>, server: &str, tags: &[(String, String)]) -> Changed<()> {
    let born: Option<i64> = view
        .c
        .prepare_cached("SELECT created_at FROM instances WHERE id = ?1")?
        .query_row([server], |row| row.get(0))
        .optional()?;
    if born.is_none_or(|born| view.is_unlisted(born)) {
        return absent(format!(
            "Nothing was tagged: there is no instance {server} (InvalidInstanceID.NotFound)."
        ));
    }
    if let Some((key, _)) = tags.iter().find(|(key, _)| key == "environment" || key == "deployment") {
        return refused(format!("Nothing was tagged: a server of the sandbox keeps its tag {key}."));
    }
    if let Some((_, role)) = tags.iter().find(|(key, _)| key == "role") {
        view.c.prepare_cached("UPDATE instances SET role = ?2 WHERE id = ?1")?.execute([server, role])?;
    }
    write_tags(view, server, tags)?;
    Ok(Ok(()))
}

fn labels<'a>(view: &View<'_>, server: &'a NewServer) -> Changed<Labels<'a>> {
    let tags: BTreeMap<&str, &str> =
        server.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let (Some(deployment), Some(environment), Some(role)) =
        (tags.get("deployment"), tags.get("environment"), tags.get("role"))
    else {
        return refused(
            "Nothing was launched: the sandbox knows servers by their tags deployment, environment and role.",
        );
    };
    let number = view
        .c
        .prepare_cached("SELECT number FROM environments WHERE name = ?1")?
        .query_row([environment], |row| row.get(0))
        .optional()?;
    let Some(number) = number.filter(|_| *deployment == DEPLOYMENT) else {
        return refused(format!(
            "Nothing was launched: the sandbox has no environment {environment} of {deployment}."
        ));
    };
    Ok(Ok(Labels { environment, role, number }))
}

/// Why nothing can boot this image.
fn image_problem(view: &View<'_>, image: &str) -> rusqlite::Result<Option<String>> {
    let state: Option<String> = view
        .c
        .prepare_cached("SELECT state FROM images WHERE id = ?1")?
        .query_row([image], |row| row.get(0))
        .optional()?;
    Ok(match state.as_deref() {
        Some("available") => None,
        None | Some("gone") => Some(format!("there is no image {image} (InvalidAMIID.NotFound).")),
        Some(state) => Some(format!("the image {image} is {state} (InvalidAMIID.Unavailable).")),
    })
}

/// An address that no server of the environment has; none when all are taken.
fn free_address(view: &View<'_>, environment: u32) -> rusqlite::Result<Option<u32>> {
    let mut taken = view.c.prepare_cached("SELECT 1 FROM instances WHERE address = ?1")?;
    for (net, host) in (6..8).flat_map(|net| (4..254).map(move |host| (net, host))) {
        let address = 0x0a00_0000 | (environment << 16) | (net << 8) | host;
        if !taken.exists([address])? {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

pub(super) fn terminate(view: &View<'_>, servers: &[InstanceId]) -> Changed<()> {
    for server in servers {
        let born: Option<i64> = view
            .c
            .prepare_cached("SELECT created_at FROM instances WHERE id = ?1")?
            .query_row([server.as_str()], |row| row.get(0))
            .optional()?;
        if born.is_none_or(|born| view.is_unlisted(born)) {
            return absent(format!(
                "Nothing was terminated: there is no instance {server} (InvalidInstanceID.NotFound)."
            ));
        }
    }
    for server in servers {
        view.moment().change("DELETE FROM registrations WHERE instance = ?1", server.as_str())?;
        view.moment().shut_down(server.as_str())?;
    }
    Ok(Ok(()))
}

pub(super) fn create_image(view: &View<'_>, server: &str, name: &str) -> Changed<ImageId> {
    if !(3..=128).contains(&name.chars().count()) {
        return refused(format!(
            "There is no image named “{name}”: names have 3 to 128 characters (InvalidAMIName.Malformed)."
        ));
    }
    let power: Option<String> = view
        .c
        .prepare_cached("SELECT power FROM instances WHERE id = ?1")?
        .query_row([server], |row| row.get(0))
        .optional()?;
    match power.as_deref() {
        None => return absent(format!("There is no instance {server} (InvalidInstanceID.NotFound).")),
        Some("running" | "stopped") => {}
        Some(power) => {
            return refused(format!("No image was made: {server} is {power} (IncorrectState)."));
        }
    }
    let taken: Option<String> = view
        .c
        .prepare_cached("SELECT id FROM images WHERE name = ?1 AND state <> 'gone'")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if let Some(taken) = taken {
        return Ok(Err(CloudError::Exists(format!(
            "There is an image {name} already: {taken} (InvalidAMIName.Duplicate)."
        ))));
    }
    let id = view.dice.id("ami", &format!("made {name}"), view.now.cast_unsigned());
    view.c
        .prepare_cached("INSERT INTO images (id, name, state, created_at) VALUES (?1, ?2, 'pending', ?3)")?
        .execute(params![id, name, view.now])?;
    let now = view.moment();
    now.after(now.seconds("image", &id, 60, 120), Event::Available, &id)?;
    Ok(Ok(ImageId::new(id)))
}

/// Its row stays, for servers that were booted from it.
pub(super) fn delete_image(view: &View<'_>, image: &str) -> Changed<()> {
    let born: Option<i64> = view
        .c
        .prepare_cached("SELECT created_at FROM images WHERE id = ?1")?
        .query_row([image], |row| row.get(0))
        .optional()?;
    if born.is_some_and(|born| view.is_unlisted(born)) {
        // One that is not known counts as deleted.
        return Ok(Ok(()));
    }
    view.moment().change("UPDATE images SET state = 'gone', name = NULL WHERE id = ?1", image)?;
    Ok(Ok(()))
}
