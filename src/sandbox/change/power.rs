//! Servers that are booted again, or stopped.

use rusqlite::{OptionalExtension, params};

use super::{Changed, absent, refused};
use crate::fleet::InstanceId;
use crate::sandbox::read::View;
use crate::sandbox::rows::Event;
use crate::sandbox::{machine, marks};

/// All of them, or none: AWS refuses the whole request for one that it does not know.
fn powers(view: &View<'_>, servers: &[InstanceId], what: &str) -> Changed<Vec<String>> {
    let mut powers = Vec::with_capacity(servers.len());
    for server in servers {
        let found: Option<(String, i64)> = view
            .c
            .prepare_cached("SELECT power, created_at FROM instances WHERE id = ?1")?
            .query_row([server.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match found {
            Some((power, born)) if !view.is_unlisted(born) => powers.push(power),
            _ => {
                return absent(format!(
                    "Nothing was {what}: there is no instance {server} (InvalidInstanceID.NotFound)."
                ));
            }
        }
    }
    Ok(Ok(powers))
}

/// A status check that failed for what is mended now passes again.
fn end_check(view: &View<'_>, server: &str, at_least: f64) -> rusqlite::Result<()> {
    view.c
        .prepare_cached(
            "UPDATE troubles SET until = ?2
             WHERE subject = ?1 AND kind = ?3 AND until IS NULL AND amount >= ?4",
        )?
        .execute(params![server, view.now, machine::CHECK, at_least])?;
    Ok(())
}

pub(super) fn reboot(view: &View<'_>, servers: &[InstanceId]) -> Changed<()> {
    let powers = match powers(view, servers, "rebooted")? {
        Ok(powers) => powers,
        Err(error) => return Ok(Err(error)),
    };
    for (server, power) in servers.iter().zip(powers) {
        if power != "running" {
            return refused(format!("Nothing was rebooted: {server} is {power} (IncorrectState)."));
        }
    }
    let now = view.moment();
    for server in servers.iter().map(InstanceId::as_str) {
        let boots = marks::get(view.c, server, marks::BOOTS)?.and_then(|count| count.parse::<u32>().ok());
        let boots = boots.unwrap_or(0) + 1;
        marks::set(view.c, server, marks::BOOTS, &boots.to_string(), view.now)?;
        now.change("UPDATE instances SET ready = 0 WHERE id = ?1", server)?;
        // Whoever had it in service sees within two checks that nobody answers.
        now.change(
            "UPDATE registrations SET state = 'failing' WHERE instance = ?1 AND state = 'in'",
            server,
        )?;
        // A system that did not answer does again; broken hardware stays broken.
        end_check(view, server, 2.0)?;
        // What starts by itself runs again then, whoever had stopped it.
        now.change("DELETE FROM units WHERE instance = ?1", server)?;
        now.after(now.seconds(&format!("reboot {boots}"), server, 45, 75), Event::Ready, server)?;
    }
    Ok(Ok(()))
}

pub(super) fn stop(view: &View<'_>, servers: &[InstanceId]) -> Changed<()> {
    let powers = match powers(view, servers, "stopped")? {
        Ok(powers) => powers,
        Err(error) => return Ok(Err(error)),
    };
    let going = |power: &str| matches!(power, "shutting-down" | "terminated");
    if let Some((server, power)) = servers.iter().zip(&powers).find(|(_, power)| going(power)) {
        return refused(format!("Nothing was stopped: {server} is {power} (IncorrectInstanceState)."));
    }
    let now = view.moment();
    for (server, power) in servers.iter().map(InstanceId::as_str).zip(powers) {
        if !matches!(power.as_str(), "running" | "pending") {
            continue;
        }
        // It is started again on other hardware.
        end_check(view, server, 0.0)?;
        now.change("UPDATE instances SET power = 'stopping', ready = 0 WHERE id = ?1", server)?;
        now.change(
            "UPDATE registrations SET state = 'stopped' WHERE instance = ?1 AND state <> 'leaving'",
            server,
        )?;
        now.after(now.seconds("stop", server, 30, 60), Event::Stopped, server)?;
    }
    Ok(Ok(()))
}
