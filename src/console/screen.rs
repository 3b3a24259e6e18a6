//! The screens, and where one is.

use super::action::Context;
use super::panes::Ticket;
use crate::fleet::{EnvironmentName, InstanceId};

/// A page of the environment screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Page {
    /// Servers by role.
    Servers,
    /// Load balancers: listeners, health check, members with reasons, certificate.
    LoadBalancer,
    /// The group: sizes, processes, members, recent activities.
    Group,
    /// The databases: primary, replicas, standbys, slots.
    Database,
    /// Queues, caches, and who works on them.
    Queues,
    /// Charts: what CloudWatch keeps, and what was measured on servers.
    Charts,
    /// Every run: when, who, what, how it ended.
    Runs,
}

impl Page {
    /// Every page in the order of its number key.
    pub const ALL: [Self; 7] = [
        Self::Servers,
        Self::LoadBalancer,
        Self::Group,
        Self::Database,
        Self::Queues,
        Self::Charts,
        Self::Runs,
    ];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Servers => "servers",
            Self::LoadBalancer => "load balancer",
            Self::Group => "group",
            Self::Database => "database",
            Self::Queues => "queues",
            Self::Charts => "charts",
            Self::Runs => "runs",
        }
    }
}

/// What fills the terminal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    /// A row per environment.
    Fleet,
    /// One environment.
    Environment {
        /// Which.
        name: EnvironmentName,
        /// Its page.
        page: Page,
    },
    /// All that is known of one server.
    Server {
        /// Its environment, for the way back; `None` when it has no such tag.
        environment: Option<EnvironmentName>,
        /// Which.
        id: InstanceId,
    },
    /// What is wrong in an environment, and what to do.
    Triage(EnvironmentName),
    /// What happened in an environment.
    Timeline(EnvironmentName),
    /// A run: its servers and what they print.
    Run(Ticket),
    /// Logs that are followed.
    Logs(Ticket),
    /// A plan: what it will do, and what is asked before.
    Plan(Ticket),
    /// A run step by step: of a plan, or of the past.
    Work(Ticket),
}

impl Screen {
    /// The contexts that hold here, the most specific first.
    #[must_use]
    pub const fn contexts(&self) -> &'static [Context] {
        match self {
            Self::Fleet => &[Context::Fleet, Context::Table, Context::Everywhere],
            Self::Environment { .. } => &[Context::Environment, Context::Table, Context::Everywhere],
            Self::Timeline(_) => &[Context::Timeline, Context::Table, Context::Everywhere],
            Self::Triage(_) => &[Context::Triage, Context::Table, Context::Everywhere],
            Self::Server { .. } => &[Context::Server, Context::Table, Context::Everywhere],
            Self::Plan(_) => &[Context::Plan, Context::Table, Context::Everywhere],
            Self::Run(_) | Self::Work(_) => &[Context::Run, Context::Table, Context::Everywhere],
            Self::Logs(_) => &[Context::Logs, Context::Table, Context::Everywhere],
        }
    }

    /// Its own context.
    #[must_use]
    pub const fn context(&self) -> Context {
        match self {
            Self::Fleet => Context::Fleet,
            Self::Environment { .. } => Context::Environment,
            Self::Triage(_) => Context::Triage,
            Self::Timeline(_) => Context::Timeline,
            Self::Server { .. } => Context::Server,
            Self::Plan(_) => Context::Plan,
            Self::Run(_) | Self::Work(_) => Context::Run,
            Self::Logs(_) => Context::Logs,
        }
    }
}
