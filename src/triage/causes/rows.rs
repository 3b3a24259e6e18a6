//! The table of what follows from what.

use crate::triage::kind::Kind;

/// A cause and what follows from it.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a condition of its own, and rows name those that they have"
)]
pub(in crate::triage) struct Cause {
    /// The cause.
    pub(in crate::triage) of: Kind,
    /// What it explains.
    pub(in crate::triage) explains: &'static [Kind],
    /// Only on servers that both are about.
    pub(in crate::triage) same_server: bool,
    /// Only if it is about every server that the consequence is about: the rest would have another cause.
    pub(in crate::triage) covers: bool,
    /// Only where the cause is about something that begins so.
    pub(in crate::triage) about: Option<&'static str>,
    /// Only if most web servers suffer, where the consequence is about single ones: what ails one has a cause of its own.
    pub(in crate::triage) most: bool,
    /// Only where the cause is about most web servers.
    pub(in crate::triage) by_most: bool,
}

const fn everywhere(of: Kind, explains: &'static [Kind]) -> Cause {
    Cause { of, explains, same_server: false, covers: false, about: None, most: false, by_most: false }
}

const fn there(of: Kind, explains: &'static [Kind]) -> Cause {
    Cause { same_server: true, ..everywhere(of, explains) }
}

const fn all_there(of: Kind, explains: &'static [Kind]) -> Cause {
    Cause { covers: true, ..there(of, explains) }
}

const fn of_role(of: Kind, about: &'static str, explains: &'static [Kind]) -> Cause {
    Cause { about: Some(about), ..everywhere(of, explains) }
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
    Kind::Errors,
    Kind::Slow,
    Kind::Churn,
    Kind::PoolFull,
    Kind::WalHeld,
    Kind::ReplicaCut,
    Kind::ReplicaLags,
];

/// What users and the group see once web servers cannot do their work, and what works on tasks suffers as they do.
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
    Kind::Connections,
];

/// What comes of a primary whose WAL nobody sends.
const REPLICAS: &[Kind] = &[Kind::ReplicaCut, Kind::ReplicaLags];

/// What users see where most of the work at web servers waits or fails.
const USERS: &[Kind] = &[Kind::Errors, Kind::Slow, Kind::Surge];

/// Web servers that are not in service, as the load balancer and they themselves tell it.
const OUT: &[Kind] = &[Kind::NoMember, Kind::WebOut, Kind::WebFails];

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
pub(in crate::triage) const CAUSES: &[Cause] = &[
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
    all_there(Kind::StatusCheck, OUT),
    // A primary or cache that does not answer says nothing about itself: others tell.
    of_role(Kind::StatusCheck, "db-primary/system", SITE),
    of_role(Kind::StatusCheck, "db-primary/instance", SITE),
    of_role(Kind::StatusCheck, "db-primary/", REPLICAS),
    of_all_web(Kind::StatusCheck, "db-replica/", REPLICA),
    of_role(Kind::StatusCheck, "cache/system", SITE),
    of_role(Kind::StatusCheck, "cache/instance", SITE),
    of_role(Kind::StatusCheck, "worker/system", TASKS),
    of_role(Kind::StatusCheck, "worker/instance", TASKS),
    everywhere(Kind::PrimaryDown, SITE),
    everywhere(Kind::PrimaryDown, REPLICAS),
    everywhere(Kind::PrimaryUnreachable, SITE),
    everywhere(Kind::PrimaryUnreachable, REPLICAS),
    everywhere(Kind::PrimaryReadOnly, SITE),
    // A slot that nobody reads from holds WAL back until there is no room.
    there(Kind::WalHeld, &[Kind::DiskFull]),
    there(Kind::PrimaryUnreachable, &[Kind::Unreachable]),
    there(Kind::PrimaryDown, &[Kind::Unreachable, Kind::ServiceDown]),
    there(
        Kind::DiskFull,
        &[
            Kind::PrimaryDown,
            Kind::CacheDown,
            Kind::ServiceSilent,
            Kind::QueueBlocked,
            Kind::ServiceDown,
            Kind::ProgramDown,
            Kind::Restarts,
            Kind::RedisFull,
            Kind::CeleryDown,
            Kind::NoBeat,
            Kind::ReplicaCut,
            Kind::Load,
        ],
    ),
    all_there(Kind::DiskFull, OUT),
    of_role(Kind::DiskFull, "db-primary", USERS),
    of_role(Kind::DiskFull, "cache", USERS),
    of_all_web(Kind::CacheDown, "cache", SITE),
    of_all_web(Kind::ServiceSilent, "cache", SITE),
    of_all_web(Kind::ServiceSilent, "combo", SITE),
    of_all_web(Kind::ServiceSilent, "db-primary", SITE),
    of_role(Kind::ServiceSilent, "db-primary", REPLICAS),
    of_all_web(Kind::ServiceSilent, "db-replica", REPLICA),
    of_role(Kind::ServerMissing, "cache", SITE),
    of_role(Kind::ServerMissing, "db-primary", SITE),
    of_role(Kind::ServerMissing, "db-primary", REPLICAS),
    of_all_web(Kind::ServiceDown, "db-replica/postgresql", REPLICA),
    of_all_web(Kind::ServerMissing, "db-replica", REPLICA),
    everywhere(
        Kind::QueueBlocked,
        &[
            Kind::NoMember,
            Kind::WebOut,
            Kind::WebFails,
            Kind::Churn,
            Kind::GroupShort,
            Kind::AtMax,
            Kind::Errors,
            Kind::Slow,
            Kind::Surge,
            Kind::CeleryDown,
            Kind::QueueGrows,
            Kind::PoolFull,
        ],
    ),
    of_all_web(Kind::RedisFull, "cache", OUT),
    of_role(Kind::RedisFull, "cache", &[Kind::Errors]),
    of_role(Kind::ServerMissing, "worker", TASKS),
    of_role(Kind::ServerMissing, "db-replica", &[Kind::WalHeld]),
    of_role(Kind::BurstsLow, "db-primary", &[Kind::Connections, Kind::PoolFull]),
    of_role(Kind::BurstsLow, "db-primary", USERS),
    of_role(Kind::CreditsLow, "db-primary", &[Kind::Connections, Kind::PoolFull]),
    of_role(Kind::CreditsLow, "db-primary", USERS),
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
    there(Kind::LongTransaction, &[Kind::ReplicaLags, Kind::Connections]),
    of_role(Kind::LongTransaction, "db-primary", &[Kind::PoolFull]),
    everywhere(Kind::ReplicaCut, &[Kind::WalHeld, Kind::ReplicaLags]),
    there(Kind::Timeline, &[Kind::ReplicaCut, Kind::ReplicaLags]),
    there(Kind::ReplicaPaused, &[Kind::ReplicaLags]),
    there(Kind::ServiceDown, &[Kind::CeleryDown, Kind::ProgramDown, Kind::Restarts]),
    of_role(Kind::ServiceDown, "worker/supervisor", &[Kind::NoBeat]),
    of_role(Kind::ServiceDown, "combo/supervisor", &[Kind::NoBeat]),
    everywhere(Kind::CeleryDown, &[Kind::QueueGrows, Kind::Unacknowledged, Kind::Unheard, Kind::NoBeat]),
    there(Kind::CeleryDown, &[Kind::ProgramDown, Kind::Restarts]),
    there(Kind::ProgramDown, &[Kind::CeleryDown]),
    of_role(Kind::ProgramDown, "worker/", &[Kind::QueueGrows, Kind::Unheard]),
    of_role(Kind::ProgramDown, "combo/", &[Kind::QueueGrows, Kind::Unheard]),
    everywhere(Kind::LongTask, &[Kind::QueueGrows, Kind::Unacknowledged]),
    everywhere(Kind::Unacknowledged, &[Kind::QueueGrows]),
    everywhere(Kind::LaunchFails, &[Kind::GroupShort]),
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
    all_there(Kind::ServiceDown, OUT),
    all_there(Kind::ProgramDown, OUT),
    all_there(Kind::PoolFull, OUT),
    everywhere(Kind::PoolFull, USERS),
    there(Kind::WebOut, &[Kind::WebFails, Kind::Restarts, Kind::Load, Kind::Unreachable]),
    everywhere(Kind::WebOut, &[Kind::Errors, Kind::Surge, Kind::Slow, Kind::GroupShort]),
    there(Kind::Memory, &[Kind::Swap, Kind::Load]),
    there(Kind::Swap, &[Kind::Load]),
    there(Kind::CreditsLow, &[Kind::Load]),
    there(Kind::BurstsLow, &[Kind::Load, Kind::ReplicaLags]),
    everywhere(Kind::AtMax, &[Kind::Slow, Kind::Surge]),
    all_there(Kind::Maintenance, OUT),
    everywhere(Kind::Maintenance, &[Kind::HealthOverride]),
    Cause { by_most: true, ..everywhere(Kind::Maintenance, &[Kind::Errors]) },
    everywhere(
        Kind::LeftBehind,
        &[Kind::Suspended, Kind::Maintenance, Kind::HealthOverride, Kind::SilentLock],
    ),
    // Who makes a release touches no server in use.
    of_role(Kind::AtWork, "lock", WORK),
];
