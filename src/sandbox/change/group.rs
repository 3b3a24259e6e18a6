//! Groups: processes, sizes, policies, what is launched, and members that go.

use rusqlite::{OptionalExtension, params};

use super::{Changed, absent, launch, refused};
use crate::fleet::{LaunchSource, Process, Sizes};
use crate::sandbox::clock::timestamp;
use crate::sandbox::deploy::suspension_reason;
use crate::sandbox::hosts;
use crate::sandbox::make::taken_out;
use crate::sandbox::marks;
use crate::sandbox::read::View;
use crate::sandbox::rows::Event;

/// A group looks at itself so long after somebody changed it, in milliseconds.
const NOTICED: i64 = 3_000;

/// The policies that AWS knows.
const POLICIES: [&str; 7] = [
    "OldestInstance",
    "NewestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
    "ClosestToNextInstanceHour",
    "AllocationStrategy",
    "Default",
];

fn exists(view: &View<'_>, group: &str) -> rusqlite::Result<bool> {
    view.c.prepare_cached("SELECT 1 FROM groups WHERE name = ?1")?.exists([group])
}

fn no_group<T>(group: &str) -> Changed<T> {
    absent(format!(
        "There is no group {group} in the sandbox (ValidationError: AutoScalingGroup name not found)."
    ))
}

fn look(view: &View<'_>, group: &str) -> rusqlite::Result<()> {
    view.moment().after(NOTICED, Event::Reconcile, group)
}

pub(super) fn suspend(view: &View<'_>, group: &str, processes: &[Process]) -> Changed<()> {
    if !exists(view, group)? {
        return no_group(group);
    }
    for process in processes {
        view.c
            .prepare_cached(
                "INSERT OR IGNORE INTO suspensions (group_name, process, reason) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![group, process.word(), suspension_reason(view.now)])?;
    }
    Ok(Ok(()))
}

pub(super) fn resume(view: &View<'_>, group: &str, processes: &[Process]) -> Changed<()> {
    if !exists(view, group)? {
        return no_group(group);
    }
    for process in processes {
        view.c
            .prepare_cached("DELETE FROM suspensions WHERE group_name = ?1 AND process = ?2")?
            .execute([group, process.word()])?;
    }
    look(view, group).map(Ok)
}

pub(super) fn set_sizes(view: &View<'_>, group: &str, sizes: Sizes) -> Changed<()> {
    if !exists(view, group)? {
        return no_group(group);
    }
    let Sizes { min, desired, max } = sizes;
    if min > max {
        return refused(format!(
            "The group {group} was not changed: its minimum {min} would be above its maximum {max} \
             (ValidationError). Raise the maximum with it."
        ));
    }
    if !(min..=max).contains(&desired) {
        return refused(format!(
            "The group {group} was not changed: the desired {desired} is not between its minimum {min} and its \
             maximum {max} (ValidationError)."
        ));
    }
    view.c
        .prepare_cached("UPDATE groups SET smallest = ?2, desired = ?3, largest = ?4 WHERE name = ?1")?
        .execute(params![group, min, desired, max])?;
    look(view, group).map(Ok)
}

pub(super) fn set_policies(view: &View<'_>, group: &str, policies: &[String]) -> Changed<()> {
    if !exists(view, group)? {
        return no_group(group);
    }
    if let Some(unknown) = policies.iter().find(|policy| !POLICIES.contains(&policy.as_str())) {
        return refused(format!(
            "The group {group} was not changed: there is no termination policy {unknown} (ValidationError). \
             Policies: {}.",
            POLICIES.join(", ")
        ));
    }
    let policies = if policies.is_empty() { "Default".to_owned() } else { policies.join(",") };
    view.c.prepare_cached("UPDATE groups SET policies = ?2 WHERE name = ?1")?.execute([group, &policies])?;
    Ok(Ok(()))
}

pub(super) fn set_launch(view: &View<'_>, group: &str, source: &LaunchSource) -> Changed<()> {
    if !exists(view, group)? {
        return no_group(group);
    }
    let Some(found) = launch::find(view, source)? else {
        return refused(format!(
            "The group {group} was not changed: there is no {} in the sandbox (ValidationError).",
            source.label()
        ));
    };
    let floating = match source {
        LaunchSource::Template { version, .. } if source.is_floating() => Some(version),
        _ => None,
    };
    keep_code(view, group)?;
    view.c
        .prepare_cached("UPDATE groups SET launch = ?2, floating = ?3 WHERE name = ?1")?
        .execute(params![group, found.key, floating])?;
    Ok(Ok(()))
}

/// What is not in the group has the code that it has, whatever the group launches from now on.
fn keep_code(view: &View<'_>, group: &str) -> rusqlite::Result<()> {
    let outside: Vec<String> = view
        .c
        .prepare_cached(
            "SELECT i.id FROM instances i JOIN groups g ON g.environment = i.environment
             WHERE g.name = ?1 AND i.launch IS NULL",
        )?
        .query_map([group], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in outside {
        if let Some(changeset) = hosts::changeset(view, &id)? {
            marks::set(view.c, &id, marks::CHANGESET, &changeset, view.now)?;
        }
    }
    Ok(())
}

pub(super) fn terminate_member(view: &View<'_>, server: &str, shrink: bool) -> Changed<()> {
    let found: Option<(String, bool, u32, u32)> = view
        .c
        .prepare_cached(
            "SELECT m.group_name, m.lifecycle = 'Terminating', g.desired, g.smallest
             FROM members m JOIN groups g ON g.name = m.group_name WHERE m.instance = ?1",
        )?
        .query_row([server], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let Some((group, leaving, desired, smallest)) = found else {
        return absent(format!("No group has the member {server} (ValidationError: Instance Id not found)."));
    };
    if leaving {
        return Ok(Ok(()));
    }
    if shrink && desired <= smallest {
        return refused(format!(
            "{server} was not terminated: the group {group} wants {desired}, and fewer are below its minimum \
             {smallest} (ValidationError). Lower the minimum first, or let another one take its place."
        ));
    }
    let cause = if shrink {
        view.c
            .prepare_cached("UPDATE groups SET desired = desired - 1 WHERE name = ?1")?
            .execute([&group])?;
        taken_out(view.now, server, desired)
    } else {
        format!(
            "At {:.0} instance {server} was taken out of service in response to a user request.",
            timestamp(view.now)
        )
    };
    view.moment().terminate(&group, server, cause)?;
    look(view, &group).map(Ok)
}
