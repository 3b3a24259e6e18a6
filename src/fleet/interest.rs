//! What somebody looks at just now, and how the refreshing of it goes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{EnvironmentName, InstanceId};

/// What is on screen: only this is worth the requests that are billed or are one per thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Environments whose load balancer metrics, group CPU and activities are wanted.
    pub environments: BTreeSet<EnvironmentName>,
    /// Servers whose own CPU is wanted.
    pub servers: BTreeSet<InstanceId>,
    /// A run is active: refresh fast.
    pub busy: bool,
    /// Whether a single look asks about the machines below servers, too; the loop always does.
    pub machines: bool,
}

/// How refreshing goes; for the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// A refresh is under way.
    pub in_flight: bool,
    /// When the next one is due.
    pub next_at: Option<Timestamp>,
    /// AWS asked for fewer requests: slowed down until then.
    pub slowed_until: Option<Timestamp>,
}
