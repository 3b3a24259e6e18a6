//! An Auto Scaling group, its members, and what it has done lately.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{GroupName, InstanceId, LoadBalancerName, Zone};

/// What a group, or one member, is launched from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum LaunchSource {
    /// A launch configuration (accounts made before October 2024).
    Configuration {
        /// Its name: `<deployment>_<env>_lc_<time>_<changeset>`.
        name: String,
    },
    /// A launch template.
    Template {
        /// The template's id, `lt-…`.
        id: String,
        /// The template's name.
        name: String,
        /// A number, `$Latest` or `$Default`.
        version: String,
    },
}

impl LaunchSource {
    /// As people read it: the configuration's name, or `name v3`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Configuration { name } => name.clone(),
            Self::Template { name, version, .. } => match version.parse::<u64>() {
                Ok(number) => format!("{name} v{number}"),
                Err(_) => format!("{name} {version}"),
            },
        }
    }

    /// Whether it names a moving version (`$Latest`, `$Default`).
    #[must_use]
    pub fn is_floating(&self) -> bool {
        matches!(self, Self::Template { version, .. } if version.starts_with('$'))
    }
}

/// How many members a group may have and wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sizes {
    /// Fewest instances.
    pub min: u32,
    /// Wanted instances.
    pub desired: u32,
    /// Most instances.
    pub max: u32,
}

impl fmt::Display for Sizes {
    /// Wanted, and the range: `4 of 2–8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}–{}", self.desired, self.min, self.max)
    }
}

/// A process of the group that somebody suspended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuspendedProcess {
    /// `Launch`, `Terminate`, `HealthCheck`, …
    pub process: String,
    /// AWS's words: who or what, and when.
    pub reason: String,
}

/// One member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Its instance.
    pub instance: InstanceId,
    /// `Pending`, `InService`, `Terminating`, `Standby`, … in AWS's words.
    pub lifecycle: String,
    /// Whether the group holds it for healthy.
    pub healthy: bool,
    /// What it was launched from; `None` when that was deleted.
    pub launch: Option<LaunchSource>,
    /// Its zone.
    pub zone: Zone,
    /// Protected from scale-in.
    pub protected: bool,
}

/// An Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: GroupName,
    /// Fewest instances.
    pub min: u32,
    /// Wanted instances.
    pub desired: u32,
    /// Most instances.
    pub max: u32,
    /// What it launches now.
    pub launch: Option<LaunchSource>,
    /// Launch templates that some of its instance types have of their own, in place of `launch`.
    pub overrides: Vec<LaunchSource>,
    /// Classic load balancers its members join.
    pub load_balancers: Vec<LoadBalancerName>,
    /// Target group ARNs its members join.
    pub target_groups: Vec<String>,
    /// `EC2` or `ELB`.
    pub health_check_type: String,
    /// How long a new member's health is not judged.
    pub grace_period: Duration,
    /// Processes that are suspended.
    pub suspended: Vec<SuspendedProcess>,
    /// Termination policies, in order.
    pub termination_policies: Vec<String>,
    /// Its members.
    pub members: Vec<Member>,
    /// Zones it launches into.
    pub zones: Vec<Zone>,
    /// Subnets it launches into.
    pub subnets: Vec<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

impl Group {
    /// Its sizes.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        Sizes { min: self.min, desired: self.desired, max: self.max }
    }

    /// Whether this process of the group is suspended.
    #[must_use]
    pub fn is_suspended(&self, process: &str) -> bool {
        self.suspended.iter().any(|s| s.process == process)
    }

    /// Whether members come or go, or their number is not what is wanted. Those on standby were put there by
    /// somebody and stay.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        let standby = self.members.iter().filter(|m| m.lifecycle == "Standby").count();
        let serving = self.members.iter().filter(|m| m.lifecycle == "InService").count();
        // Entering standby lowers what is wanted, unless it is replaced.
        let held = self.members.len() - standby;
        serving != held || usize::try_from(self.desired).is_ok_and(|wanted| wanted != held)
    }

    /// The member that is this instance.
    #[must_use]
    pub fn member(&self, instance: &InstanceId) -> Option<&Member> {
        self.members.iter().find(|m| m.instance == *instance)
    }
}

/// One scaling activity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Activity {
    /// AWS's id.
    pub id: String,
    /// What: `Launching a new EC2 instance: i-…`.
    pub description: String,
    /// Why, in AWS's words.
    pub cause: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// `Successful`, `InProgress`, `Failed`, … in AWS's words.
    pub status: String,
    /// What AWS says of a failure.
    pub status_message: Option<String>,
    /// Percent done.
    pub progress: u8,
}
