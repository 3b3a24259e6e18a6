//! Things that environments stand on, as a step makes them. What an earlier step makes, a thing names by its slot.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Slot;
use crate::fleet::{
    GroupName, NewGroup, NewKeyPair, NewLoadBalancer, NewSecurityGroup, NewTemplate, Origin, Rule,
    SecurityGroupId, Thing,
};

/// A security group that is known now, or will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityGroupRef {
    /// This one.
    Known(SecurityGroupId),
    /// The one that an earlier step makes.
    Later(Slot),
}

/// From where a port is to be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpeningFrom {
    /// A network, `203.0.113.0/24`.
    Network(String),
    /// Whatever is in a security group.
    Group(SecurityGroupRef),
}

/// A port that is to be reached over TCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The port.
    pub port: u16,
    /// From where.
    pub from: OpeningFrom,
}

/// A thing to make. Slots stand for what earlier steps make, and add to what is known already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NewThing {
    /// A security group; its slot holds its id.
    SecurityGroup(NewSecurityGroup),
    /// A key pair.
    KeyPair(NewKeyPair),
    /// A classic load balancer.
    LoadBalancer {
        /// What it is.
        balancer: NewLoadBalancer,
        /// More security groups.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        later: Vec<Slot>,
    },
    /// A launch template; its slot holds its first version.
    Template {
        /// What it is.
        template: NewTemplate,
        /// The slot of its image, where it does not name one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image: Option<Slot>,
        /// More security groups.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        later: Vec<Slot>,
        /// The group that it is made for: while that launches it, it is not taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<GroupName>,
    },
    /// An Auto Scaling group.
    Group {
        /// What it is.
        group: NewGroup,
        /// The slot of what it launches, where it does not name that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        launch: Option<Slot>,
    },
}

impl fmt::Display for SecurityGroupRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(id) => id.fmt(f),
            Self::Later(slot) => slot.fmt(f),
        }
    }
}

impl fmt::Display for Opening {
    /// `5432 from 10.0.0.0/8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from ", self.port)?;
        match &self.from {
            OpeningFrom::Network(network) => f.write_str(network),
            OpeningFrom::Group(group) => group.fmt(f),
        }
    }
}

impl SecurityGroupRef {
    /// The slot it will come from.
    #[must_use]
    pub const fn slot(&self) -> Option<&Slot> {
        if let Self::Later(slot) = self { Some(slot) } else { None }
    }
}

impl Opening {
    /// The slot that it needs.
    #[must_use]
    pub const fn slot(&self) -> Option<&Slot> {
        match &self.from {
            OpeningFrom::Group(group) => group.slot(),
            OpeningFrom::Network(_) => None,
        }
    }

    /// The rule that it is, once slots have their values.
    #[must_use]
    pub fn rule(&self, group: impl Fn(&SecurityGroupRef) -> Option<SecurityGroupId>) -> Option<Rule> {
        let from = match &self.from {
            OpeningFrom::Network(network) => Origin::Network(network.clone()),
            OpeningFrom::Group(of) => Origin::Group(group(of)?),
        };
        Some(Rule::tcp(self.port, from))
    }
}

impl NewThing {
    /// By what it is found.
    #[must_use]
    pub fn thing(&self) -> Thing {
        match self {
            Self::SecurityGroup(group) => {
                Thing::SecurityGroup { vpc: group.vpc.clone(), name: group.name.clone() }
            }
            Self::KeyPair(key) => Thing::KeyPair { name: key.name.clone() },
            Self::LoadBalancer { balancer, .. } => Thing::LoadBalancer { name: balancer.name.clone() },
            Self::Template { template, .. } => Thing::Template { name: template.name.clone() },
            Self::Group { group, .. } => Thing::Group { name: group.name.clone() },
        }
    }

    /// The slots that it needs.
    #[must_use]
    pub fn needs(&self) -> Vec<&Slot> {
        match self {
            Self::SecurityGroup(_) | Self::KeyPair(_) => Vec::new(),
            Self::LoadBalancer { later, .. } => later.iter().collect(),
            Self::Template { image, later, .. } => image.iter().chain(later).collect(),
            Self::Group { launch, .. } => launch.iter().collect(),
        }
    }
}
