//! Every kind of finding: its name, how long it must last before it is told, and how much users notice.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How much users notice of a finding of this kind. Among equally bad findings those that users notice come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Nothing by itself.
    Nobody,
    /// Work is late, or some requests are slow.
    Some,
    /// The site fails.
    Everybody,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $rises:literal, $falls:literal, $reach:ident;)*) => {
        /// A kind of finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Kind {
            /// Every kind, in the order in which equals are told.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name, as JSON and memory have it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How long it must last before it is told, on the cloud's clock.
            #[must_use]
            pub const fn rises_after(self) -> SignedDuration {
                match self { $(Self::$variant => SignedDuration::from_secs($rises),)* }
            }

            /// How long it must be away before it is no longer told.
            #[must_use]
            pub const fn falls_after(self) -> SignedDuration {
                match self { $(Self::$variant => SignedDuration::from_secs($falls),)* }
            }

            /// How much users notice.
            #[must_use]
            pub const fn reach(self) -> Reach {
                match self { $(Self::$variant => Reach::$reach,)* }
            }
        }
    };
}

// The order is that of attention among findings that are equally bad: what destroys data or servers first, then what
// users notice, then what will become worse by itself.
kinds! {
    /// Two databases take writes.
    TwoPrimaries, "two-primaries", 0, 60, Everybody;
    /// The primary database does not run.
    PrimaryDown, "primary-down", 0, 60, Everybody;
    /// The primary cannot be reached, and others miss it, too.
    PrimaryUnreachable, "primary-unreachable", 30, 60, Everybody;
    /// The primary takes no writes.
    PrimaryReadOnly, "primary-read-only", 0, 60, Everybody;
    /// The group ends and launches servers again and again.
    Churn, "churn", 0, 600, Everybody;
    /// No web server is in service, or none is a member.
    NoMember, "no-member", 0, 60, Everybody;
    /// A load balancer does not exist.
    NoBalancer, "no-load-balancer", 0, 60, Everybody;
    /// Values that a run has changed for the time being were not put back.
    LeftBehind, "left-behind", 0, 0, Nobody;
    /// A service of the cache server does not run.
    CacheDown, "cache-down", 0, 60, Everybody;
    /// A service runs, and does not answer.
    ServiceSilent, "service-silent", 30, 60, Everybody;
    /// EC2's own check of a machine fails.
    StatusCheck, "status-check", 0, 120, Some;
    /// A server that there must be one of does not run, or is missing.
    ServerMissing, "server-missing", 0, 60, Some;
    /// RabbitMQ blocks publishers.
    QueueBlocked, "queue-blocked", 0, 120, Everybody;
    /// Web servers are out of service at a load balancer.
    WebOut, "web-out", 0, 60, Some;
    /// Web servers answer their own health check badly.
    WebFails, "web-fails", 30, 60, Some;
    /// The site's answers are 5xx.
    Errors, "errors", 60, 180, Everybody;
    /// Requests wait for a server.
    Surge, "surge", 60, 180, Everybody;
    /// Answers are slow.
    Slow, "slow", 120, 300, Some;
    /// A file system is full, or nearly.
    DiskFull, "disk-full", 0, 120, Nobody;
    /// A certificate ends, is gone, or is for other names.
    Certificate, "certificate", 0, 60, Some;
    /// PostgreSQL's connections run out.
    Connections, "connections", 30, 120, Some;
    /// Clients of PgBouncer wait.
    PoolFull, "pool-full", 30, 120, Some;
    /// Redis is full, or throws keys away.
    RedisFull, "redis-full", 0, 300, Some;
    /// Celery does not work.
    CeleryDown, "celery-down", 30, 60, Some;
    /// Messages pile up.
    QueueGrows, "queue-grows", 60, 300, Some;
    /// What workers have taken they do not acknowledge.
    Unacknowledged, "unacknowledged", 60, 300, Some;
    /// Nobody listens to a queue.
    Unheard, "unheard", 30, 60, Some;
    /// A unit of systemd does not run.
    ServiceDown, "service-down", 0, 60, Some;
    /// A program under Supervisor does not run.
    ProgramDown, "program-down", 30, 60, Some;
    /// A program is started again and again.
    Restarts, "restarts", 0, 600, Some;
    /// Celery's beat runs more than once.
    TwoBeats, "two-beats", 30, 120, Some;
    /// Celery's beat runs nowhere.
    NoBeat, "no-beat", 120, 60, Some;
    /// A replica hears nothing from its primary.
    ReplicaCut, "replica-cut", 30, 120, Nobody;
    /// A replica is on another timeline.
    Timeline, "timeline", 0, 60, Nobody;
    /// A replica's replay is paused.
    ReplicaPaused, "replica-paused", 60, 60, Nobody;
    /// A replica is behind.
    ReplicaLags, "replica-lags", 60, 180, Some;
    /// Nobody reads from a replica, on purpose.
    ReplicaLeft, "replica-left", 0, 0, Nobody;
    /// A slot holds WAL back.
    WalHeld, "wal-held", 60, 300, Nobody;
    /// A transaction is open for long.
    LongTransaction, "long-transaction", 0, 60, Some;
    /// A Celery task runs for long.
    LongTask, "long-task", 0, 60, Some;
    /// AWS stops or ends a server at a time that is known.
    Retirement, "retirement", 0, 60, Nobody;
    /// CPU credits run out.
    CreditsLow, "credits-low", 600, 600, Some;
    /// A load balancer lets no request end at a server that leaves.
    DrainingOff, "draining-off", 0, 60, Some;
    /// The bursts of a disk run out.
    BurstsLow, "bursts-low", 300, 600, Some;
    /// A server cannot be reached over ssh.
    Unreachable, "unreachable", 60, 60, Nobody;
    /// A server shows another host key.
    HostKeyChanged, "host-key-changed", 0, 0, Nobody;
    /// A server's host key is known to nobody.
    HostKeyUnknown, "host-key-unknown", 0, 0, Nobody;
    /// The group cannot launch.
    LaunchFails, "launch-fails", 0, 300, Nobody;
    /// What the group launches does not exist.
    LaunchMissing, "launch-missing", 0, 60, Nobody;
    /// The group does not exist.
    NoGroup, "no-group", 0, 60, Nobody;
    /// Processes of the group are suspended.
    Suspended, "suspended", 90, 60, Nobody;
    /// The maintenance page is up.
    Maintenance, "maintenance", 0, 30, Everybody;
    /// The health check is answered by a file.
    HealthOverride, "health-override", 300, 30, Nobody;
    /// Web servers run different releases.
    MixedReleases, "mixed-releases", 900, 60, Some;
    /// Code differs from the release.
    CodeDiffers, "code-differs", 900, 60, Some;
    /// The group has fewer servers than it wants.
    GroupShort, "group-short", 600, 120, Nobody;
    /// The group is as large as it may be.
    AtMax, "at-max", 300, 300, Nobody;
    /// A web server belongs to no group.
    Stray, "stray", 600, 60, Nobody;
    /// AWS reboots a server, or works on its hardware.
    PlannedWork, "planned-work", 0, 60, Nobody;
    /// Servers that are still being built, or were replaced.
    Leftovers, "leftovers", 3600, 60, Nobody;
    /// Memory runs out.
    Memory, "memory", 60, 300, Some;
    /// Swap is nearly full: the next that wants memory is killed.
    Swap, "swap", 300, 600, Some;
    /// A server has more to do than cores.
    Load, "load", 300, 300, Some;
    /// A clock is off.
    Clock, "clock", 60, 120, Nobody;
    /// A lock's holder is silent.
    SilentLock, "silent-lock", 0, 30, Nobody;
    /// Somebody is at work.
    AtWork, "at-work", 0, 0, Nobody;
    /// Something cannot be read.
    Unread, "unread", 60, 30, Nobody;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_unlike_each_other_and_the_same_in_files() {
        let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert!(names.iter().all(|n| n.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{}\"", kind.name()));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::ALL.len());
    }
}
