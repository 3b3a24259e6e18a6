//! What can be read, and what of it can be set.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Slot;
use crate::fleet::{
    EnvironmentName, GroupName, InstanceId, LaunchSource, LoadBalancerName, Process, Sizes, Thing,
};

/// Something in the world that has a value which we can read and write. Temporary changes are changes of settings, and
/// are put back to the value found before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "setting", rename_all = "kebab-case")]
pub enum Setting {
    /// Whether a process of a group works: [`Value::Active`] or [`Value::Suspended`].
    Process {
        /// The group.
        group: GroupName,
        /// The process.
        process: Process,
    },
    /// A group's sizes: [`Value::Sizes`].
    Sizes {
        /// The group.
        group: GroupName,
    },
    /// In which order a group lets members go: [`Value::Policies`].
    Policies {
        /// The group.
        group: GroupName,
    },
    /// What a group launches: [`Value::Launch`].
    Launch {
        /// The group.
        group: GroupName,
    },
    /// Whether a server is registered with a load balancer: [`Value::Registered`] or [`Value::NotRegistered`].
    Membership {
        /// The load balancer.
        balancer: LoadBalancerName,
        /// The server.
        instance: InstanceId,
    },
    /// The certificate that a listener of a load balancer serves: [`Value::Certificate`].
    Certificate {
        /// The load balancer.
        balancer: LoadBalancerName,
        /// The listener's port.
        port: u16,
    },
    /// The maintenance page of a server: [`Value::Page`].
    Page {
        /// The server.
        instance: InstanceId,
    },
}

/// What a server's Nginx answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Page {
    /// The site.
    Off,
    /// The maintenance page; the health check is answered by a file, so that the load balancer keeps the server.
    Healthy,
    /// The maintenance page, and no healthy answer: the load balancer takes the server out.
    Unhealthy,
}

impl Page {
    /// In words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Healthy => "up, healthy towards the load balancer",
            Self::Unhealthy => "up, unhealthy towards the load balancer",
        }
    }
}

/// A value of a setting or another fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "is", content = "value", rename_all = "kebab-case")]
pub enum Value {
    /// A process works.
    Active,
    /// A process is suspended.
    Suspended,
    /// A group's sizes.
    Sizes(Sizes),
    /// Termination policies, in order.
    Policies(Vec<String>),
    /// What a group launches.
    Launch(LaunchSource),
    /// Registered with the load balancer.
    Registered,
    /// Not registered with it.
    NotRegistered,
    /// The certificate of this ARN.
    Certificate(String),
    /// The maintenance page.
    Page(Page),
    /// These servers, in order of their ids.
    Servers(Vec<InstanceId>),
    /// It exists.
    Exists,
    /// It does not, or not any more.
    Absent,
    /// Nobody holds a lock.
    Free,
    /// Somebody holds it.
    Held,
    /// What an earlier step will have made.
    Later(Slot),
}

/// Something that can be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum Fact {
    /// A setting's value.
    Setting(Setting),
    /// The members of a group that are not on their way out: [`Value::Servers`].
    Members {
        /// The group.
        group: GroupName,
    },
    /// The servers in use of a role: [`Value::Servers`].
    Servers {
        /// The environment.
        environment: EnvironmentName,
        /// The role's word.
        role: String,
    },
    /// Whether a launch configuration or template version, and the image it boots, are there: [`Value::Exists`] or
    /// [`Value::Absent`].
    Release {
        /// Which.
        launch: LaunchSource,
    },
    /// Whether a thing of this name is there: [`Value::Exists`] or [`Value::Absent`].
    Thing {
        /// Which.
        #[serde(flatten)]
        thing: Thing,
    },
    /// Whether somebody holds the lock under which an environment is changed: [`Value::Free`] or [`Value::Held`]. For
    /// runs that hold another one.
    Lock {
        /// The environment.
        environment: EnvironmentName,
    },
}

/// A setting and the value it is to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Which.
    #[serde(flatten)]
    pub setting: Setting,
    /// Its value from then on.
    pub to: Value,
}

/// What a plan takes for granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumption {
    /// What.
    #[serde(flatten)]
    pub fact: Fact,
    /// Its value when the plan was made.
    pub value: Value,
    /// When that was read.
    pub read_at: Timestamp,
}

impl Setting {
    /// The group it belongs to, if it is a group's.
    #[must_use]
    pub const fn group(&self) -> Option<&GroupName> {
        match self {
            Self::Process { group, .. }
            | Self::Sizes { group }
            | Self::Policies { group }
            | Self::Launch { group } => Some(group),
            Self::Membership { .. } | Self::Certificate { .. } | Self::Page { .. } => None,
        }
    }
}

impl fmt::Display for Setting {
    /// What it is and of what: `AZRebalance of myproject-staging-ag`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { group, process } => write!(f, "{process} of {group}"),
            Self::Sizes { group } => write!(f, "sizes of {group}"),
            Self::Policies { group } => write!(f, "termination policies of {group}"),
            Self::Launch { group } => write!(f, "what {group} launches"),
            Self::Membership { balancer, instance } => write!(f, "{instance} at {balancer}"),
            Self::Certificate { balancer, port } => write!(f, "certificate on {port} of {balancer}"),
            Self::Page { instance } => write!(f, "maintenance page of {instance}"),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(setting) => setting.fmt(f),
            Self::Members { group } => write!(f, "members of {group}"),
            Self::Servers { environment, role } => write!(f, "{role} servers of {environment}"),
            Self::Release { launch } => f.write_str(&launch.label()),
            Self::Thing { thing } => thing.fmt(f),
            Self::Lock { environment } => write!(f, "the lock of {environment}"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active => f.write_str("active"),
            Self::Suspended => f.write_str("suspended"),
            Self::Sizes(sizes) => sizes.fmt(f),
            Self::Policies(all) => f.write_str(&all.join(", ")),
            Self::Launch(launch) => f.write_str(&launch.label()),
            Self::Registered => f.write_str("registered"),
            Self::NotRegistered => f.write_str("not registered"),
            Self::Certificate(arn) => f.write_str(arn),
            Self::Page(page) => f.write_str(page.word()),
            Self::Servers(all) if all.is_empty() => f.write_str("none"),
            Self::Servers(all) => {
                let names: Vec<&str> = all.iter().map(InstanceId::as_str).collect();
                f.write_str(&names.join(", "))
            }
            Self::Exists => f.write_str("there"),
            Self::Absent => f.write_str("not there"),
            Self::Free => f.write_str("free"),
            Self::Held => f.write_str("held"),
            Self::Later(slot) => write!(f, "{slot}, which an earlier step makes"),
        }
    }
}
