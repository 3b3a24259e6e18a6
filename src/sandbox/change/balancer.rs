//! Load balancers: who is registered, and the certificate that is served.

use rusqlite::{OptionalExtension, params};

use super::{Changed, absent, refused};
use crate::fleet::{CertificateSource, InstanceId};
use crate::sandbox::read::View;
use crate::sandbox::rows::{Event, register as insert};

/// Two checks of the load balancer, in milliseconds.
const CHECKED: i64 = 20_000;

/// Why it cannot be: no such load balancer, or a server that AWS does not know.
fn problem(view: &View<'_>, balancer: &str, servers: &[InstanceId]) -> rusqlite::Result<Option<Changed<()>>> {
    if !view.c.prepare_cached("SELECT 1 FROM balancers WHERE name = ?1")?.exists([balancer])? {
        return Ok(Some(absent(format!(
            "There is no load balancer {balancer} in the sandbox (LoadBalancerNotFound)."
        ))));
    }
    for server in servers {
        let born: Option<i64> = view
            .c
            .prepare_cached("SELECT created_at FROM instances WHERE id = ?1 AND power <> 'terminated'")?
            .query_row([server.as_str()], |row| row.get(0))
            .optional()?;
        if born.is_none_or(|born| view.is_unlisted(born)) {
            return Ok(Some(refused(format!(
                "Nothing was changed at {balancer}: there is no instance {server} (InvalidInstance)."
            ))));
        }
    }
    Ok(None)
}

pub(super) fn register(view: &View<'_>, balancer: &str, servers: &[InstanceId]) -> Changed<()> {
    if let Some(problem) = problem(view, balancer, servers)? {
        return problem;
    }
    for server in servers {
        let server = server.as_str();
        let (power, ready, terminating): (String, bool, bool) = view
            .c
            .prepare_cached(
                "SELECT i.power, i.ready, coalesce(m.lifecycle = 'Terminating', 0) FROM instances i
                 LEFT JOIN members m ON m.instance = i.id WHERE i.id = ?1",
            )?
            .query_row([server], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let state = if power == "stopped" { "stopped" } else { "waiting" };
        if !terminating {
            // One that was just taken out comes back.
            view.c
                .prepare_cached(
                    "DELETE FROM registrations WHERE balancer = ?1 AND instance = ?2 AND state = 'leaving'",
                )?
                .execute([balancer, server])?;
        }
        insert(view.c, balancer, server, view.now, state)?;
        if ready && power == "running" {
            view.moment().after(CHECKED, Event::Checked, server)?;
        }
    }
    Ok(Ok(()))
}

pub(super) fn deregister(view: &View<'_>, balancer: &str, servers: &[InstanceId]) -> Changed<()> {
    if let Some(problem) = problem(view, balancer, servers)? {
        return problem;
    }
    for server in servers {
        let server = server.as_str();
        let state: Option<String> = view
            .c
            .prepare_cached("SELECT state FROM registrations WHERE balancer = ?1 AND instance = ?2")?
            .query_row([balancer, server], |row| row.get(0))
            .optional()?;
        let drain = match state.as_deref() {
            None | Some("leaving") => continue,
            // Only one in service has requests under way.
            Some("in") => view.moment().seconds("drain", server, 20, 35),
            Some(_) => 1_000,
        };
        view.c
            .prepare_cached(
                "UPDATE registrations SET state = 'leaving', leaves_at = ?3 WHERE balancer = ?1 AND instance = ?2",
            )?
            .execute(params![balancer, server, view.now + drain])?;
        view.moment().after(drain, Event::Left, &format!("{balancer} {server}"))?;
    }
    Ok(Ok(()))
}

/// Has a listener serve a certificate that there is.
pub(super) fn set_certificate(view: &View<'_>, balancer: &str, port: u16, arn: &str) -> Changed<()> {
    if let Some(problem) = problem(view, balancer, &[])? {
        return problem;
    }
    let known = match CertificateSource::of(arn) {
        Some(source) => view.certificates(source)?,
        None => Vec::new(),
    };
    if !known.iter().any(|one| one.arn == arn) {
        return absent(format!(
            "Nothing was changed at {balancer}: there is no certificate {arn} (CertificateNotFound)."
        ));
    }
    let changed = view
        .c
        .prepare_cached(
            "UPDATE listeners SET certificate = ?3 WHERE balancer = ?1 AND port = ?2
             AND protocol IN ('HTTPS', 'SSL')",
        )?
        .execute(params![balancer, port, arn])?;
    if changed == 0 {
        return absent(format!("{balancer} has no HTTPS listener on {port} (ListenerNotFound)."));
    }
    Ok(Ok(()))
}
