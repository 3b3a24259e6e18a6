//! Which findings follow from which: a consequence folds under its cause, so that one thing that broke is one thing to do.

mod rows;

pub(in crate::triage) use rows::CAUSES;

use super::finding::{Finding, Key};
use super::kind::Kind;
use super::memory::Level;
use crate::fleet::Severity;

/// Puts under each finding that follows from another one the key of that one. So many web servers run.
pub fn fold(findings: &mut [Finding], web: usize) {
    let under: Vec<Option<Key>> =
        findings.iter().map(|finding| cause_of(finding, findings, web, &[])).collect();
    for (finding, under) in findings.iter_mut().zip(under) {
        finding.under = under;
    }
    cut_circles(findings, web);
    let_out(findings);
    hand_up(findings);
}

/// What users notice of a cause that nobody notices by itself is what they notice of its consequences, and it is as bad as
/// the worst of them: else what is worst would stand under something that looks harmless. What a run changes on its way is
/// no worse for it.
fn hand_up(findings: &mut [Finding]) {
    let told: Vec<(Key, Option<String>, Severity)> = findings
        .iter()
        .filter(|finding| finding.under.is_some())
        .map(|finding| {
            let severity = if finding.clearing { Severity::Idle } else { finding.severity };
            (root(finding, findings).key.clone(), finding.users.clone(), severity)
        })
        .collect();
    for finding in findings.iter_mut().filter(|finding| finding.under.is_none()) {
        for (_, users, severity) in told.iter().filter(|(cause, ..)| *cause == finding.key) {
            let worse = finding.key.kind != Kind::AtWork && *severity > finding.severity;
            if (worse && users.is_some()) || finding.users.is_none() {
                finding.users.clone_from(users);
            }
            if worse {
                finding.severity = *severity;
            }
        }
        // Whoever has seen something mild has not seen what came of it.
        let seen = finding.acknowledged.as_ref().map(|seen| seen.severity);
        if seen.is_some_and(|seen| Level::from(finding.severity) > seen) {
            finding.acknowledged = None;
        }
    }
}

/// The first cause of the table that is there, but none of these.
fn cause_of(finding: &Finding, all: &[Finding], web: usize, not: &[Key]) -> Option<Key> {
    CAUSES.iter().filter(|cause| cause.explains.contains(&finding.key.kind)).find_map(|cause| {
        let found = all.iter().find(|other| {
            other.key.kind == cause.of
                && other.key != finding.key
                && !not.contains(&other.key)
                && cause.about.is_none_or(|about| other.key.about.starts_with(about))
                && !other.clearing
                && other.explains
                // What is not known explains nothing; what passes explains only what passes.
                && (other.severity > Severity::Unknown || other.key.kind == Kind::AtWork)
                && (!cause.most || !of_single(finding) || finding.clearing || finding.servers.len() * 2 > web)
                && (!cause.by_most || other.servers.len() * 2 > web)
                && (!cause.covers || finding.servers.iter().all(|id| other.servers.contains(id)))
                && (!cause.same_server || other.servers.iter().any(|id| finding.servers.contains(id)))
        });
        found.map(|other| other.key.clone())
    })
}

/// Whether it is about some of the web servers.
fn of_single(finding: &Finding) -> bool {
    match finding.key.kind {
        Kind::WebOut | Kind::WebFails | Kind::PoolFull => true,
        Kind::ProgramDown | Kind::Restarts => finding.key.about.starts_with("web/"),
        _ => false,
    }
}

/// Findings that explain each other: the circle is opened at the one where attention ranks highest, which may follow from
/// something else.
fn cut_circles(findings: &mut [Finding], web: usize) {
    for at in 0..findings.len() {
        while let Some(circle) = circle_from(at, findings) {
            let first = (0..findings.len())
                .filter(|n| circle.contains(&findings[*n].key))
                .min_by_key(|n| findings[*n].key.kind);
            let Some(first) = first else { break };
            let other = cause_of(&findings[first], findings, web, &circle);
            findings[first].under = other;
            // What leads back into a circle is no way out of it.
            if circle_from(first, findings).is_some() {
                findings[first].under = None;
            }
        }
    }
}

/// The keys of the circle that one comes into from here.
fn circle_from(at: usize, findings: &[Finding]) -> Option<Vec<Key>> {
    let mut seen = vec![findings.get(at)?.key.clone()];
    let mut here = findings[at].under.clone();
    while let Some(key) = here {
        if let Some(begins) = seen.iter().position(|one| *one == key) {
            return Some(seen.split_off(begins));
        }
        here = findings.iter().find(|f| f.key == key).and_then(|f| f.under.clone());
        seen.push(key);
    }
    None
}

/// What a run changes on its way is not wrong; that nobody is served is, whoever is at work.
fn let_out(findings: &mut [Finding]) {
    let unserved: Vec<Key> = findings
        .iter()
        .filter(|f| f.key.kind == Kind::NoMember && !f.clearing)
        .map(|f| f.key.clone())
        .collect();
    for key in unserved {
        let mut at = findings.iter().position(|f| f.key == key);
        // Circles are cut.
        while let Some(here) = at {
            let above = findings[here].under.clone();
            if above.as_ref().is_some_and(|above| above.kind == Kind::AtWork) {
                findings[here].under = None;
                break;
            }
            at = findings.iter().position(|f| Some(&f.key) == above.as_ref());
        }
    }
}

/// The finding that everything else of a chain follows from.
#[must_use]
pub fn root<'a>(finding: &'a Finding, all: &'a [Finding]) -> &'a Finding {
    let mut here = finding;
    // Circles are cut; the bound is for whoever calls this with something else.
    for _ in 0..all.len() {
        match here.under.as_ref().and_then(|key| all.iter().find(|f| f.key == *key)) {
            Some(next) => here = next,
            None => break,
        }
    }
    here
}
