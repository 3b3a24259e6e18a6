//! Which findings follow from which: a consequence folds under its cause, so that one thing that broke is one thing to do.

use super::finding::{Finding, Key};
use super::kind::Kind;
use crate::fleet::Severity;

/// A cause and what follows from it.
struct Cause {
    /// The cause.
    of: Kind,
    /// What it explains.
    explains: &'static [Kind],
    /// Only on servers that both are about.
    same_server: bool,
    /// Only if it is about every server that the consequence is about: the rest would have another cause.
    covers: bool,
    /// Only where the cause is about something that begins so.
    about: Option<&'static str>,
    /// Only if most web servers suffer, where the consequence is about single ones: what ails one has a cause of its own.
    most: bool,
}

const fn everywhere(of: Kind, explains: &'static [Kind]) -> Cause {
    Cause { of, explains, same_server: false, covers: false, about: None, most: false }
}

const fn there(of: Kind, explains: &'static [Kind]) -> Cause {
    Cause { of, explains, same_server: true, covers: false, about: None, most: false }
}

const fn all_there(of: Kind, explains: &'static [Kind]) -> Cause {
    Cause { of, explains, same_server: true, covers: true, about: None, most: false }
}

const fn of_role(of: Kind, about: &'static str, explains: &'static [Kind]) -> Cause {
    Cause { of, explains, same_server: false, covers: false, about: Some(about), most: false }
}

/// The same, of what every web server suffers from or none.
const fn of_all_web(of: Kind, about: &'static str, explains: &'static [Kind]) -> Cause {
    Cause { most: true, ..of_role(of, about, explains) }
}

/// What comes of a replica that is gone: the health check of web servers asks every database, and the primary keeps WAL for it.
const REPLICA: &[Kind] = &[
    Kind::NoMember,
    Kind::WebOut,
    Kind::WebFails,
    Kind::Churn,
    Kind::PoolFull,
    Kind::WalHeld,
    Kind::ReplicaCut,
    Kind::ReplicaLags,
];

/// What users and the group see once web servers cannot do their work.
const SITE: &[Kind] = &[
    Kind::NoMember,
    Kind::WebOut,
    Kind::WebFails,
    Kind::Errors,
    Kind::Surge,
    Kind::Slow,
    Kind::PoolFull,
    Kind::Churn,
    Kind::GroupShort,
    Kind::Restarts,
    Kind::ProgramDown,
    Kind::CeleryDown,
    Kind::NoBeat,
    Kind::QueueGrows,
    Kind::Unacknowledged,
    Kind::Unheard,
    Kind::AtMax,
    Kind::ReplicaCut,
    Kind::ReplicaLags,
    Kind::ServerMissing,
    Kind::Connections,
    Kind::PrimaryReadOnly,
];

/// What comes of a worker that does nothing.
const TASKS: &[Kind] =
    &[Kind::QueueGrows, Kind::Unacknowledged, Kind::Unheard, Kind::CeleryDown, Kind::NoBeat];

/// What a run changes on its way, and puts back.
const WORK: &[Kind] = &[
    Kind::Suspended,
    Kind::Maintenance,
    Kind::HealthOverride,
    Kind::MixedReleases,
    Kind::CodeDiffers,
    Kind::GroupShort,
    Kind::AtMax,
    Kind::Leftovers,
    Kind::ProgramDown,
    Kind::CeleryDown,
    Kind::NoBeat,
    Kind::Unheard,
];

/// The table. What stands first wins; a cause may itself be explained by one above it.
const CAUSES: &[Cause] = &[
    there(
        Kind::StatusCheck,
        &[
            Kind::PrimaryDown,
            Kind::PrimaryUnreachable,
            Kind::CacheDown,
            Kind::ServiceSilent,
            Kind::ServiceDown,
            Kind::ProgramDown,
            Kind::CeleryDown,
            Kind::Unreachable,
            Kind::ReplicaCut,
            Kind::ReplicaLags,
            Kind::Load,
            Kind::Clock,
        ],
    ),
    all_there(Kind::StatusCheck, &[Kind::WebOut, Kind::WebFails, Kind::NoMember]),
    // A primary or cache that does not answer says nothing about itself: others tell.
    of_role(Kind::StatusCheck, "db-primary/system", SITE),
    of_role(Kind::StatusCheck, "db-primary/instance", SITE),
    of_role(Kind::StatusCheck, "cache/system", SITE),
    of_role(Kind::StatusCheck, "cache/instance", SITE),
    of_role(Kind::StatusCheck, "worker/system", TASKS),
    of_role(Kind::StatusCheck, "worker/instance", TASKS),
    everywhere(Kind::PrimaryDown, SITE),
    everywhere(Kind::PrimaryUnreachable, SITE),
    there(Kind::PrimaryUnreachable, &[Kind::Unreachable]),
    there(Kind::PrimaryDown, &[Kind::Unreachable, Kind::ServiceDown]),
    there(
        Kind::DiskFull,
        &[
            Kind::PrimaryDown,
            Kind::CacheDown,
            Kind::ServiceSilent,
            Kind::QueueBlocked,
            Kind::WebOut,
            Kind::WebFails,
            Kind::ServiceDown,
            Kind::ProgramDown,
            Kind::Restarts,
            Kind::RedisFull,
            Kind::CeleryDown,
            Kind::NoBeat,
            Kind::WalHeld,
            Kind::ReplicaCut,
            Kind::Load,
        ],
    ),
    everywhere(Kind::CacheDown, SITE),
    everywhere(Kind::ServiceSilent, SITE),
    of_role(Kind::ServerMissing, "cache", SITE),
    of_role(Kind::ServerMissing, "db-primary", SITE),
    of_all_web(Kind::ServiceDown, "db-replica/postgresql", REPLICA),
    of_all_web(Kind::ServerMissing, "db-replica", REPLICA),
    everywhere(
        Kind::QueueBlocked,
        &[
            Kind::WebOut,
            Kind::WebFails,
            Kind::Errors,
            Kind::Slow,
            Kind::Surge,
            Kind::QueueGrows,
            Kind::PoolFull,
        ],
    ),
    everywhere(
        Kind::ServerMissing,
        &[Kind::QueueGrows, Kind::Unheard, Kind::CeleryDown, Kind::NoBeat, Kind::WalHeld],
    ),
    everywhere(
        Kind::Connections,
        &[
            Kind::Churn,
            Kind::NoMember,
            Kind::AtMax,
            Kind::GroupShort,
            Kind::Surge,
            Kind::WebOut,
            Kind::WebFails,
            Kind::Errors,
            Kind::Slow,
            Kind::PoolFull,
            Kind::CeleryDown,
        ],
    ),
    there(Kind::LongTransaction, &[Kind::ReplicaLags]),
    everywhere(Kind::LongTransaction, &[Kind::Connections, Kind::PoolFull]),
    everywhere(Kind::ReplicaCut, &[Kind::WalHeld, Kind::ReplicaLags]),
    there(Kind::Timeline, &[Kind::ReplicaCut, Kind::ReplicaLags]),
    there(Kind::ReplicaPaused, &[Kind::ReplicaLags]),
    everywhere(
        Kind::CeleryDown,
        &[Kind::QueueGrows, Kind::Unacknowledged, Kind::Unheard, Kind::ProgramDown, Kind::NoBeat],
    ),
    there(Kind::CeleryDown, &[Kind::Restarts]),
    everywhere(Kind::ProgramDown, &[Kind::CeleryDown, Kind::QueueGrows, Kind::Unheard]),
    everywhere(Kind::LongTask, &[Kind::QueueGrows, Kind::Unacknowledged]),
    everywhere(Kind::Unacknowledged, &[Kind::QueueGrows]),
    everywhere(Kind::LaunchFails, &[Kind::GroupShort, Kind::Churn]),
    everywhere(Kind::LaunchMissing, &[Kind::LaunchFails, Kind::GroupShort]),
    everywhere(
        Kind::Churn,
        &[
            Kind::WebOut,
            Kind::WebFails,
            Kind::NoMember,
            Kind::GroupShort,
            Kind::Errors,
            Kind::Surge,
            Kind::Restarts,
        ],
    ),
    everywhere(Kind::NoMember, &[Kind::WebFails, Kind::Errors, Kind::Surge, Kind::Slow]),
    all_there(Kind::ServiceDown, &[Kind::WebOut, Kind::WebFails]),
    all_there(Kind::ProgramDown, &[Kind::WebOut, Kind::WebFails]),
    there(Kind::WebOut, &[Kind::WebFails, Kind::Restarts, Kind::Load, Kind::Unreachable]),
    everywhere(Kind::WebOut, &[Kind::Errors, Kind::Surge, Kind::Slow, Kind::GroupShort]),
    there(Kind::Memory, &[Kind::Swap, Kind::Load]),
    there(Kind::Swap, &[Kind::Load]),
    there(Kind::CreditsLow, &[Kind::Load]),
    there(Kind::BurstsLow, &[Kind::Load, Kind::ReplicaLags]),
    everywhere(Kind::AtMax, &[Kind::Slow, Kind::Surge]),
    all_there(Kind::Maintenance, &[Kind::NoMember, Kind::WebOut, Kind::WebFails]),
    everywhere(Kind::Maintenance, &[Kind::HealthOverride, Kind::Errors]),
    everywhere(
        Kind::LeftBehind,
        &[Kind::Suspended, Kind::Maintenance, Kind::HealthOverride, Kind::SilentLock],
    ),
    everywhere(Kind::AtWork, WORK),
];

/// Puts under each finding that follows from another one the key of that one. So many web servers run.
pub fn fold(findings: &mut [Finding], web: usize) {
    let under: Vec<Option<Key>> = findings.iter().map(|finding| cause_of(finding, findings, web)).collect();
    for (finding, under) in findings.iter_mut().zip(under) {
        finding.under = under;
    }
    cut_circles(findings);
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
            finding.users = finding.users.take().or_else(|| users.clone());
            if finding.key.kind != Kind::AtWork {
                finding.severity = finding.severity.max(*severity);
            }
        }
    }
}

fn cause_of(finding: &Finding, all: &[Finding], web: usize) -> Option<Key> {
    CAUSES.iter().filter(|cause| cause.explains.contains(&finding.key.kind)).find_map(|cause| {
        let found = all.iter().find(|other| {
            other.key.kind == cause.of
                && other.key != finding.key
                && cause.about.is_none_or(|about| other.key.about.starts_with(about))
                && !other.clearing
                && other.explains
                // What is not known explains nothing; what passes explains only what passes.
                && (other.severity > Severity::Unknown || other.key.kind == Kind::AtWork)
                && (!cause.most || !of_single(finding) || finding.clearing || finding.servers.len() * 2 > web)
                && (!cause.covers || finding.servers.iter().all(|id| other.servers.contains(id)))
                && (!cause.same_server || other.servers.iter().any(|id| finding.servers.contains(id)))
        });
        found.map(|other| other.key.clone())
    })
}

/// Whether it is about some of the web servers.
const fn of_single(finding: &Finding) -> bool {
    matches!(finding.key.kind, Kind::WebOut | Kind::WebFails | Kind::PoolFull)
}

/// Two findings that explain each other: the one that stands first in the table is the cause.
fn cut_circles(findings: &mut [Finding]) {
    for at in 0..findings.len() {
        let mut seen = vec![findings[at].key.clone()];
        let mut here = findings[at].under.clone();
        while let Some(key) = here {
            if seen.contains(&key) {
                // The circle is opened where attention ranks highest.
                let first = (0..findings.len())
                    .filter(|n| seen.contains(&findings[*n].key))
                    .min_by_key(|n| findings[*n].key.kind);
                if let Some(first) = first {
                    findings[first].under = None;
                }
                break;
            }
            here = findings.iter().find(|f| f.key == key).and_then(|f| f.under.clone());
            seen.push(key);
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
