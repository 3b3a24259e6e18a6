//! Rows that several parts of a world write: instances, releases, activities, events.

use rusqlite::{Connection, params};

use super::clock::timestamp;
use super::dice::Dice;
use super::places::DEPLOYMENT;

/// What happens next, and to what. Each kind is a row's `kind`; the subject is an instance or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A pending instance runs.
    Running,
    /// A running instance has booted: its services answer.
    Ready,
    /// Enough checks have passed, or failed.
    Checked,
    /// A draining instance has left its load balancers and shuts down.
    Drained,
    /// A stopping instance is stopped.
    Stopped,
    /// An instance is gone.
    Gone,
    /// AWS does not list it any more.
    Forgotten,
    /// A server has left one load balancer: the subject names both.
    Left,
    /// An image is complete.
    Available,
    /// A script on a server has done its work.
    Effect,
    /// A server that was being built takes part.
    Built,
    /// The group compares what it has with what it should have.
    Reconcile,
    /// Something breaks on one member.
    Mishap,
    /// The next step of a serial deploy.
    Deploy,
    /// A new release is made and its deploy begins.
    Release,
}

impl Event {
    const ALL: [Self; 15] = [
        Self::Running,
        Self::Ready,
        Self::Checked,
        Self::Drained,
        Self::Stopped,
        Self::Gone,
        Self::Forgotten,
        Self::Left,
        Self::Available,
        Self::Effect,
        Self::Built,
        Self::Reconcile,
        Self::Mishap,
        Self::Deploy,
        Self::Release,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Checked => "checked",
            Self::Drained => "drained",
            Self::Stopped => "stopped",
            Self::Gone => "gone",
            Self::Forgotten => "forgotten",
            Self::Left => "left",
            Self::Available => "available",
            Self::Effect => "effect",
            Self::Built => "built",
            Self::Reconcile => "reconcile",
            Self::Mishap => "mishap",
            Self::Deploy => "deploy",
            Self::Release => "release",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.word() == word)
    }
}

/// Lets something happen at this time.
pub(super) fn schedule(c: &Connection, at: i64, event: Event, subject: &str) -> rusqlite::Result<()> {
    c.prepare_cached("INSERT INTO events (at, kind, subject) VALUES (?1, ?2, ?3)")?.execute(params![
        at,
        event.word(),
        subject
    ])?;
    Ok(())
}

/// An instance to be written.
#[derive(Clone, Debug)]
pub(super) struct NewInstance<'a> {
    pub(super) id: &'a str,
    pub(super) environment: &'a str,
    /// The tag `role`.
    pub(super) role: &'a str,
    pub(super) power: &'a str,
    pub(super) power_reason: Option<&'a str>,
    pub(super) zone: &'a str,
    pub(super) instance_type: &'a str,
    pub(super) image: &'a str,
    pub(super) launched_at: i64,
    /// The IPv4 address as a number.
    pub(super) address: u32,
    pub(super) group: Option<&'a str>,
    pub(super) launch: Option<&'a str>,
}

/// Writes an instance. One that is not pending has booted.
pub(super) fn insert_instance(c: &Connection, new: &NewInstance<'_>) -> rusqlite::Result<()> {
    c.prepare_cached(
        "INSERT INTO instances (id, environment, role, power, power_reason, zone, instance_type, image,
         created_at, launched_at, address, group_name, launch, ready)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        new.id,
        new.environment,
        new.role,
        new.power,
        new.power_reason,
        new.zone,
        new.instance_type,
        new.image,
        new.launched_at,
        new.address,
        new.group,
        new.launch,
        new.power != "pending",
    ])?;
    Ok(())
}

/// Makes an instance a member of a group.
pub(super) fn insert_member(
    c: &Connection,
    group: &str,
    instance: &str,
    lifecycle: &str,
) -> rusqlite::Result<()> {
    c.prepare_cached(
        "INSERT INTO members (group_name, instance, lifecycle, healthy, protected) VALUES (?1, ?2, ?3, 1, 0)",
    )?
    .execute(params![group, instance, lifecycle])?;
    Ok(())
}

/// Registers an instance with a load balancer, unless it is already.
pub(super) fn register(
    c: &Connection,
    balancer: &str,
    instance: &str,
    at: i64,
    state: &str,
) -> rusqlite::Result<()> {
    c.prepare_cached(
        "INSERT OR IGNORE INTO registrations (balancer, instance, registered_at, state)
         VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![balancer, instance, at, state])?;
    Ok(())
}

/// A member's address: one of 2,000 per environment for the group's members, in the order of their launch.
pub(super) fn member_address(environment: u32, count: u32) -> u32 {
    let slot = count % 2_000;
    0x0a00_0000 | (environment << 16) | ((8 + slot / 250) << 8) | (4 + slot % 250)
}

/// A scaling activity to be written.
#[derive(Clone, Debug)]
pub(super) struct NewActivity<'a> {
    pub(super) group: &'a str,
    pub(super) instance: &'a str,
    pub(super) launching: bool,
    pub(super) cause: String,
    pub(super) started_at: i64,
    /// Set for one that is over.
    pub(super) ended_at: Option<i64>,
}

/// Writes an activity; its id follows from what it is about.
pub(super) fn insert_activity(c: &Connection, dice: Dice, new: &NewActivity<'_>) -> rusqlite::Result<()> {
    let what = if new.launching { "Launching a new EC2 instance" } else { "Terminating EC2 instance" };
    let digits = dice.hex(&format!("activity {what} {}", new.instance), new.started_at.cast_unsigned(), 32);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let id = format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32));
    let over = new.ended_at.is_some();
    c.prepare_cached(
        "INSERT OR REPLACE INTO activities (id, group_name, instance, description, cause, started_at, ended_at,
         status, message, progress) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, ?9)",
    )?
    .execute(params![
        id,
        new.group,
        new.instance,
        format!("{what}: {}", new.instance),
        new.cause,
        new.started_at,
        new.ended_at,
        if over { "Successful" } else { "InProgress" },
        if over { 100 } else { 30 },
    ])?;
    Ok(())
}

/// Ends the activity that is under way on this instance.
pub(super) fn finish_activity(c: &Connection, instance: &str, at: i64) -> rusqlite::Result<()> {
    c.prepare_cached(
        "UPDATE activities SET ended_at = ?2, status = 'Successful', progress = 100
         WHERE instance = ?1 AND ended_at IS NULL",
    )?
    .execute(params![instance, at])?;
    Ok(())
}

/// A release to be written: an image, and a template version or launch configuration that boots it.
#[derive(Clone, Debug)]
pub(super) struct NewRelease<'a> {
    pub(super) environment: &'a str,
    /// Counts the deployment's changesets.
    pub(super) changeset: u64,
    /// The template's version; `None` makes a launch configuration.
    pub(super) version: Option<u64>,
    pub(super) instance_type: &'a str,
    pub(super) at: i64,
}

/// Writes a release under its FabulAWS names, and gives its launch key and image.
pub(super) fn insert_release(
    c: &Connection,
    dice: Dice,
    new: &NewRelease<'_>,
) -> rusqlite::Result<(String, String)> {
    let environment = new.environment;
    let stamp = timestamp(new.at).strftime("%Y.%m.%d-%H.%M.%S").to_string();
    let changeset = dice.hex("changeset", new.changeset, 12);
    let label = format!("{DEPLOYMENT}_{environment}_lc_{stamp}_{changeset}");
    let image = dice.id("ami", &format!("image {environment}"), new.changeset);
    c.prepare_cached("INSERT INTO images (id, name, state, created_at) VALUES (?1, ?2, 'available', ?3)")?
        .execute(params![
            image,
            format!("{DEPLOYMENT}_{environment}_web_{stamp}_{changeset}"),
            new.at - 4 * 60_000
        ])?;
    let template = new.version.map(|_| dice.id("lt", &format!("template {environment}"), 0));
    let name = match new.version {
        Some(_) => format!("{DEPLOYMENT}-{environment}-web"),
        None => label.clone(),
    };
    let key = launch_key(template.as_deref(), &name, new.version);
    c.prepare_cached(
        "INSERT INTO launches (key, template, name, version, image, instance_type, description, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        key,
        template,
        name,
        new.version.map(u64::cast_signed),
        image,
        new.instance_type,
        new.version.map(|_| label),
        new.at
    ])?;
    Ok((key, image))
}

/// How rows name a launch source.
pub(super) fn launch_key(template: Option<&str>, name: &str, version: Option<u64>) -> String {
    match (template, version) {
        (Some(id), Some(version)) => format!("{id}:{version}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_word_of_its_own() {
        for event in Event::ALL {
            assert_eq!(Event::parse(event.word()), Some(event));
        }
        assert_eq!(Event::parse("party"), None);
    }

    #[test]
    fn member_addresses_are_private_and_differ() {
        let all: std::collections::BTreeSet<u32> = (0..2_000).map(|n| member_address(19, n)).collect();
        assert_eq!(all.len(), 2_000);
        assert!(all.iter().all(|a| a >> 24 == 10 && (1..255).contains(&(a & 0xff))));
    }
}
