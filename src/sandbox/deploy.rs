//! A serial deploy as somebody else's tool does it: a new member in service before an old one goes.

use rusqlite::{OptionalExtension, params};

use super::clock::timestamp;
use super::dice::Dice;
use super::locks;
use super::make::taken_out;
use super::rows::{Event, NewRelease, insert_release};
use super::tick::Moment;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// What is suspended while servers are replaced.
pub(super) const SUSPENDED: [&str; 3] = ["AZRebalance", "AlarmNotification", "ScheduledActions"];

/// Why a process is suspended, in AWS's words.
pub(super) fn suspension_reason(at: i64) -> String {
    format!("User suspended at {:.0}", timestamp(at))
}

/// One look at the group, and the next thing to do. Ends when every member has the current release.
pub(super) fn step(now: &Moment<'_>, group: &str) -> rusqlite::Result<()> {
    let found: Option<Option<u32>> = now
        .c
        .prepare_cached("SELECT deploying FROM groups WHERE name = ?1")?
        .query_row([group], |row| row.get(0))
        .optional()?;
    let Some(Some(wanted)) = found else { return Ok(()) };
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let members = now.members(group)?;
    let waiting = members.iter().any(|m| m.candidate.current && !m.in_service);
    let oldest = members.iter().filter(|m| !m.candidate.current).min_by_key(|m| m.candidate.launched_at);
    match oldest {
        _ if waiting => {}
        None => return finish(now, group),
        Some(_) if members.len() <= wanted => {
            now.change(
                "UPDATE groups SET desired = max(smallest, min(deploying + 1, largest)) WHERE name = ?1",
                group,
            )?;
            now.after(3 * SECOND, Event::Reconcile, group)?;
        }
        Some(old) => {
            now.change(
                "UPDATE groups SET desired = max(smallest, min(deploying, largest)) WHERE name = ?1",
                group,
            )?;
            let instance = &old.candidate.instance;
            let capacity = u32::try_from(members.len()).unwrap_or(u32::MAX);
            now.terminate(group, instance, taken_out(now.at, instance, capacity))?;
        }
    }
    now.after(15 * SECOND, Event::Deploy, group)
}

fn finish(now: &Moment<'_>, group: &str) -> rusqlite::Result<()> {
    now.change(
        "UPDATE groups SET desired = max(smallest, min(deploying, largest)), deploying = NULL WHERE name = ?1",
        group,
    )?;
    for process in SUSPENDED {
        now.c
            .prepare_cached("DELETE FROM suspensions WHERE group_name = ?1 AND process = ?2")?
            .execute([group, process])?;
    }
    now.after(SECOND, Event::Reconcile, group)?;
    now.after(20 * MINUTE, Event::Release, group)
}

/// Somebody makes a new release of the group's environment, and its deploy begins; not while somebody else holds the
/// environment's lock.
pub(super) fn release(now: &Moment<'_>, group: &str) -> rusqlite::Result<()> {
    let found: Option<(String, u64, Option<u64>, String)> = now
        .c
        .prepare_cached(
            "SELECT g.environment, g.releases + 1,
             (SELECT max(version) + 1 FROM launches v WHERE v.template = l.template), l.instance_type
             FROM groups g JOIN launches l ON l.key = g.launch WHERE g.name = ?1",
        )?
        .query_row([group], |row| {
            let version = row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned);
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned(), version, row.get(3)?))
        })
        .optional()?;
    let Some((environment, number, version, instance_type)) = found else { return Ok(()) };
    if locks::is_held(now.c, &environment)? {
        return now.after(5 * MINUTE, Event::Release, group);
    }
    let dice: Dice = now.dice;
    let (key, _) = insert_release(
        now.c,
        dice,
        &NewRelease {
            environment: &environment,
            changeset: number,
            version,
            instance_type: &instance_type,
            at: now.at - now.at.rem_euclid(SECOND),
        },
    )?;
    now.c
        .prepare_cached(
            "UPDATE groups SET launch = ?2, releases = releases + 1, deploying = desired WHERE name = ?1",
        )?
        .execute([group, &key])?;
    for process in SUSPENDED {
        now.c
            .prepare_cached(
                "INSERT OR IGNORE INTO suspensions (group_name, process, reason) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![group, process, suspension_reason(now.at)])?;
    }
    now.after(10 * SECOND, Event::Deploy, group)
}
