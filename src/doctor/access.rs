//! Who we are towards AWS, what we may, and who else is at work.

use std::collections::BTreeMap;

use super::{Examined, Finding, known};
use crate::fleet::lock::Lock;
use crate::fleet::words::age;
use crate::fleet::{Failure, FailureKind, Reading, Snapshot};

/// The credentials.
pub(super) fn identity(examined: &Examined<'_>) -> Vec<Finding> {
    let reading = &examined.patient.snapshot.identity;
    let found = match known("Who asks is", reading) {
        Ok(identity) => Finding::good(format!("account {} as {}", identity.account, identity.who())),
        // Without credentials nothing else works: that much is known.
        Err(_) if reading.failure().is_some_and(|failure| failure.kind == FailureKind::Credentials) => {
            let message = reading.failure().map(|failure| failure.message.clone()).unwrap_or_default();
            Finding::bad(
                "AWS does not accept the credentials",
                "Log in anew, or name another profile with --profile",
            )
            .seen(message)
        }
        Err(unknown) => unknown,
    };
    vec![found]
}

/// Reads that were not answered, each action once.
pub(super) fn permissions(examined: &Examined<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = failures(examined.patient.snapshot)
        .into_iter()
        .map(|(action, failure)| {
            let (what, cure) = match failure.kind {
                FailureKind::Denied => (
                    format!("{action} is denied"),
                    format!("Allow {action} to whoever asks: README has the policy"),
                ),
                FailureKind::Throttled => {
                    (format!("{action} was throttled"), "Ask the doctor again in a minute".to_owned())
                }
                _ => {
                    (format!("{action} could not be read"), "Mend that, and ask the doctor again".to_owned())
                }
            };
            Finding::unknown(what, cure).seen(&failure.message)
        })
        .collect();
    if found.is_empty() {
        found.push(Finding::good("everything that was asked for could be read"));
    }
    found
}

/// The last failure of each action. That something does not exist is an answer.
fn failures(snapshot: &Snapshot) -> BTreeMap<&'static str, &Failure> {
    fn add<'a, T>(found: &mut BTreeMap<&'static str, &'a Failure>, reading: &'a Reading<T>) {
        if let Some(failure) = reading.failure().filter(|failure| failure.kind != FailureKind::Absent) {
            found.insert(reading.source().action(), failure);
        }
    }
    let mut found = BTreeMap::new();
    add(&mut found, &snapshot.servers);
    add(&mut found, &snapshot.groups);
    add(&mut found, &snapshot.load_balancers);
    add(&mut found, &snapshot.launch);
    add(&mut found, &snapshot.images);
    add(&mut found, &snapshot.locks);
    add(&mut found, &snapshot.checks);
    add(&mut found, &snapshot.credit_modes);
    add(&mut found, &snapshot.draining);
    snapshot.certificates.values().for_each(|reading| add(&mut found, reading));
    snapshot.health.values().for_each(|reading| add(&mut found, reading));
    snapshot.activities.values().for_each(|reading| add(&mut found, reading));
    snapshot.metrics.values().for_each(|reading| add(&mut found, reading));
    found
}

/// Host keys of servers that are met for the first time are read from their consoles; else somebody has to compare them.
pub(super) fn console(examined: &Examined<'_>) -> Vec<Finding> {
    match examined.patient.console {
        None => Vec::new(),
        Some(Ok(())) => vec![Finding::good("consoles of servers can be read, with their host keys")],
        Some(Err(why)) => vec![
            Finding::unknown(
                "Consoles of servers cannot be read: nobody tells the host keys of new ones",
                "Allow ec2:GetConsoleOutput to whoever asks; until then compare each with: quarterdeck trust SERVER",
            )
            .seen(why),
        ],
    }
}

/// Locks that are held, and what runs have left.
pub(super) fn lock(examined: &Examined<'_>) -> Vec<Finding> {
    let environment = &examined.patient.place.name;
    let reading = &examined.patient.snapshot.locks;
    let locks = match known("Whether somebody else is at work is", reading) {
        Ok(all) => all.get(environment).map_or(&[][..], Vec::as_slice),
        Err(unknown) => return vec![unknown],
    };
    let mut found: Vec<Finding> = Vec::new();
    for lock in locks {
        if lock.is_held() {
            let silent = reading.read_at().is_some_and(|at| lock.is_silent(at));
            let what = if silent {
                format!("A run in {environment} was not heard of for a while")
            } else {
                format!("Somebody is at work in {environment}")
            };
            let cure = format!("Wait until it ends; `quarterdeck lock show {environment}` tells more");
            found.push(Finding::warning(what, cure).seen(holder(examined, lock)));
        } else if lock.has_left() {
            let what = format!("A run has left something in {environment}");
            let cure = format!("quarterdeck lock put-back {environment} --take-over {}", lock.number);
            let mut finding = Finding::bad(what, cure).seen(holder(examined, lock));
            finding.evidence.extend(lock.to_put_back.iter().cloned());
            found.push(finding);
        }
    }
    if found.is_empty() {
        found.push(Finding::good("nobody is at work, and no run has left anything"));
    }
    found
}

fn holder(examined: &Examined<'_>, lock: &Lock) -> String {
    lock.holder.as_ref().map_or_else(
        || format!("lock {}, whose note cannot be read", lock.number),
        |holder| {
            let since = age(examined.now().duration_since(holder.since));
            format!("{} of {}, begun {since} ago", holder.operation, holder.who)
        },
    )
}
