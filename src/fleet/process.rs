//! The processes of an Auto Scaling group that can be suspended one by one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A process of a group, by AWS's own name (`SuspendProcesses`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Process {
    /// Adds members. Suspended, nothing is launched for any reason.
    Launch,
    /// Removes members.
    Terminate,
    /// Registers new members with the load balancers. Those launched while it is suspended are never registered by
    /// the group.
    AddToLoadBalancer,
    /// Heeds `CloudWatch` alarms.
    AlarmNotification,
    /// Moves members between zones.
    #[serde(rename = "AZRebalance")]
    AzRebalance,
    /// Judges members.
    HealthCheck,
    /// Replaces members in an instance refresh.
    InstanceRefresh,
    /// Terminates members judged unhealthy and launches others.
    ReplaceUnhealthy,
    /// Heeds the clock.
    ScheduledActions,
}

impl Process {
    /// All of them, in AWS's order.
    pub const ALL: [Self; 9] = [
        Self::Launch,
        Self::Terminate,
        Self::AddToLoadBalancer,
        Self::AlarmNotification,
        Self::AzRebalance,
        Self::HealthCheck,
        Self::InstanceRefresh,
        Self::ReplaceUnhealthy,
        Self::ScheduledActions,
    ];

    /// AWS's name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Launch => "Launch",
            Self::Terminate => "Terminate",
            Self::AddToLoadBalancer => "AddToLoadBalancer",
            Self::AlarmNotification => "AlarmNotification",
            Self::AzRebalance => "AZRebalance",
            Self::HealthCheck => "HealthCheck",
            Self::InstanceRefresh => "InstanceRefresh",
            Self::ReplaceUnhealthy => "ReplaceUnhealthy",
            Self::ScheduledActions => "ScheduledActions",
        }
    }

    /// The process of this name; capitals make no difference.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|process| process.word().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_name_in_files_and_on_the_command_line() {
        for process in Process::ALL {
            assert_eq!(Process::parse(process.word()), Some(process));
            assert_eq!(serde_json::to_string(&process).unwrap(), format!("\"{}\"", process.word()));
        }
        assert_eq!(Process::parse("azrebalance"), Some(Process::AzRebalance));
        assert_eq!(Process::parse("Nap"), None);
    }
}
