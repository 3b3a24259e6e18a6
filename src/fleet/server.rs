//! One EC2 instance of the deployment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AddressChoice, EnvironmentName, GroupName, ImageId, InstanceId, Role, RoleTag, Standing, Zone};

/// EC2's instance state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// Starting.
    Pending,
    /// Running.
    Running,
    /// On its way to `Stopped`.
    Stopping,
    /// Stopped.
    Stopped,
    /// On its way to `Terminated`.
    ShuttingDown,
    /// Gone; AWS lists it for about an hour.
    Terminated,
    /// A state we do not know.
    Unknown,
}

impl Power {
    /// EC2's own word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Unknown => "unknown",
        }
    }

    /// The state EC2's word names.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "running" => Self::Running,
            "stopping" => Self::Stopping,
            "stopped" => Self::Stopped,
            "shutting-down" => Self::ShuttingDown,
            "terminated" => Self::Terminated,
            _ => Self::Unknown,
        }
    }
}

/// The tag of a primary that says since when secrets are others than images made before have.
pub const SECRETS_TAG: &str = "quarterdeck-secrets";

/// The tag of a server that came into its role by another way than its launch, or together with a release: when.
pub const ROLE_TAG: &str = "quarterdeck-role-since";

/// The tag of a replica that nobody reads from: since when, and whether the group was kept from launching for it.
pub const LEFT_TAG: &str = "quarterdeck-left";

/// A replica that nobody reads from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftReplica {
    /// Since when.
    pub since: Timestamp,
    /// Whether Launch was suspended for it.
    pub held: bool,
}

impl LeftReplica {
    /// As it stands in the tag.
    #[must_use]
    pub fn written(&self) -> String {
        format!("{}{}", self.since, if self.held { " Launch" } else { "" })
    }
}

/// A server, as its instance and tags describe it. All texts are printable lines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// The instance id.
    pub id: InstanceId,
    /// The tag `Name`.
    pub name: Option<String>,
    /// The tag `environment`.
    pub environment: Option<EnvironmentName>,
    /// The tag `role`, taken apart.
    pub role: RoleTag,
    /// The instance's state.
    pub power: Power,
    /// Why it is in that state, in EC2's words, when it says so.
    pub power_reason: Option<String>,
    /// The availability zone.
    pub zone: Zone,
    /// The instance type, `c5.large`.
    pub instance_type: String,
    /// The image it was booted from.
    pub image: ImageId,
    /// When it was last launched or started.
    pub launched_at: Option<Timestamp>,
    /// The private IPv4 address.
    pub private_address: Option<String>,
    /// The public IPv4 address.
    pub public_address: Option<String>,
    /// The private DNS name.
    pub private_dns: Option<String>,
    /// The public DNS name.
    pub public_dns: Option<String>,
    /// VPC id.
    pub vpc: Option<String>,
    /// Subnet id.
    pub subnet: Option<String>,
    /// Name of the key pair.
    pub key_name: Option<String>,
    /// IAM instance profile ARN.
    pub instance_profile: Option<String>,
    /// Names of its security groups.
    pub security_groups: Vec<String>,
    /// Their ids, in the same order.
    pub security_group_ids: Vec<String>,
    /// Volume ids by device name.
    pub volumes: BTreeMap<String, String>,
    /// The group that launched it (tag `aws:autoscaling:groupName`).
    pub group: Option<GroupName>,
    /// Every tag, made printable.
    pub tags: BTreeMap<String, String>,
}

impl Server {
    /// Whether an operation may target it: in use, and neither gone nor going.
    #[must_use]
    pub fn is_target(&self) -> bool {
        self.role.standing == Standing::Active && !self.is_gone()
    }

    /// Terminated, or about to be.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.power, Power::Terminated | Power::ShuttingDown)
    }

    /// Since when secrets are others than images made before have, as far as this server is marked.
    #[must_use]
    pub fn secrets_since(&self) -> Option<Timestamp> {
        self.tags.get(SECRETS_TAG)?.parse().ok()
    }

    /// Since when others know it by its role: since its launch, unless a plan says otherwise, which has promoted it, or has made
    /// a release that knows it.
    #[must_use]
    pub fn in_role_since(&self) -> Option<Timestamp> {
        let promoted = self.tags.get(ROLE_TAG).and_then(|at| at.parse().ok());
        promoted.or(self.launched_at)
    }

    /// Whether web servers and workers do not read from it, of a replica.
    #[must_use]
    pub fn left(&self) -> Option<LeftReplica> {
        let mut words = self.tags.get(LEFT_TAG).filter(|_| self.role.role == Role::DbReplica)?.split(' ');
        Some(LeftReplica { since: words.next()?.parse().ok()?, held: words.next() == Some("Launch") })
    }

    /// The address people read: private, else public, else a DNS name.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        [&self.private_address, &self.public_address, &self.public_dns, &self.private_dns]
            .into_iter()
            .find_map(|a| a.as_deref())
    }

    /// The address that ssh goes to. EC2 gives no public one to servers of a private subnet: then there is none,
    /// and the config has to say `private_ip_address`.
    #[must_use]
    pub fn ssh_address(&self, choice: AddressChoice) -> Option<&str> {
        match choice {
            AddressChoice::PublicDns => self.public_dns.as_deref(),
            AddressChoice::Public => self.public_address.as_deref(),
            AddressChoice::PrivateDns => self.private_dns.as_deref(),
            AddressChoice::Private => self.private_address.as_deref(),
        }
    }
}

/// A server to launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewServer {
    /// The image it boots.
    pub image: ImageId,
    /// Its type.
    pub instance_type: String,
    /// Its zone; none leaves it to AWS.
    pub zone: Option<Zone>,
    /// Its subnet.
    pub subnet: Option<String>,
    /// Whether it gets a public address in its subnet, whatever that gives by itself.
    #[serde(default)]
    pub public_address: bool,
    /// Its security groups: ids (`sg-…`), or names where there is no subnet.
    pub security_groups: Vec<String>,
    /// Its key pair.
    pub key_name: Option<String>,
    /// Name or ARN of its IAM instance profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_profile: Option<String>,
    /// Whether its metadata are told only to who shows a token (`IMDSv2`); none leaves it to account and image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_required: Option<bool>,
    /// Volumes that come with it, beside what its image has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<NewVolume>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// An empty volume that is made and attached as its server is launched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewVolume {
    /// What EC2 calls the place where it is attached, such as `/dev/sdf`.
    pub device: String,
    /// Its size.
    pub gb: u32,
    /// Its type; none leaves it to AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether EBS encrypts it, also where the account's default is not to.
    #[serde(default)]
    pub encrypted: bool,
    /// Whether it stays when the server is terminated.
    #[serde(default)]
    pub keeps: bool,
}
