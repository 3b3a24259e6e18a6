//! What an environment stands on: VPC, security groups and their rules, key pairs; and how it is asked for anew.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    Certificate, CertificateSource, GroupName, HealthCheck, ImageId, LaunchSource, Listener, LoadBalancer,
    LoadBalancerName, SecurityGroupId, Sizes, SubnetChoice, SubnetRoom,
};

/// Everybody, as rules say it.
pub const ANYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// A network of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vpc {
    /// Its id.
    pub id: String,
    /// Its networks.
    pub networks: Vec<String>,
    /// Whether EC2 takes it where none is named.
    pub is_default: bool,
}

/// What a rule lets in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Everything, whatever the ports say.
    All,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Another one, by its name or number.
    Other(String),
}

impl Protocol {
    /// As EC2 writes it.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::All => "-1",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Other(word) => word,
        }
    }

    /// The protocol that EC2 writes so.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "-1" | "all" => Self::All,
            "tcp" | "6" => Self::Tcp,
            "udp" | "17" => Self::Udp,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// From where a rule lets in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A network, `203.0.113.0/24`.
    Network(String),
    /// Whatever is in a security group.
    Group(SecurityGroupId),
    /// A list of networks that is kept elsewhere, `pl-…`.
    PrefixList(String),
}

impl Origin {
    /// Whether that is everybody.
    #[must_use]
    pub fn is_anywhere(&self) -> bool {
        matches!(self, Self::Network(network) if ANYWHERE.contains(&network.as_str()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(text) | Self::PrefixList(text) => f.pad(text),
            Self::Group(id) => id.fmt(f),
        }
    }
}

/// One rule of a security group for what comes in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    /// The protocol.
    pub protocol: Protocol,
    /// The first port.
    pub first: u16,
    /// The last port.
    pub last: u16,
    /// From where.
    pub from: Origin,
}

impl Rule {
    /// One port over TCP.
    #[must_use]
    pub const fn tcp(port: u16, from: Origin) -> Self {
        Self { protocol: Protocol::Tcp, first: port, last: port, from }
    }

    /// Whether a TCP connection to this port gets through.
    #[must_use]
    pub fn serves(&self, port: u16) -> bool {
        match self.protocol {
            Protocol::All => true,
            Protocol::Tcp => (self.first..=self.last).contains(&port),
            Protocol::Udp | Protocol::Other(_) => false,
        }
    }

    /// Whether anything gets through to this port, over TCP or UDP.
    #[must_use]
    pub fn opens(&self, port: u16) -> bool {
        self.serves(port) || (self.protocol == Protocol::Udp && (self.first..=self.last).contains(&port))
    }

    /// Whether whatever another rule lets in gets in by this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let ports = match (&self.protocol, &other.protocol) {
            (Protocol::All, _) => true,
            (own, others) => own == others && self.first <= other.first && self.last >= other.last,
        };
        let from = match (&self.from, &other.from) {
            (Origin::Network(own), Origin::Network(others)) => own == others || is_within(others, own),
            (own, others) => own == others,
        };
        ports && from
    }
}

impl fmt::Display for Rule {
    /// `5432 from 10.0.0.0/8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.protocol {
            Protocol::All => f.write_str("everything")?,
            protocol => {
                if *protocol != Protocol::Tcp {
                    write!(f, "{} ", protocol.word())?;
                }
                write!(f, "{}", self.first)?;
                if self.last != self.first {
                    write!(f, "–{}", self.last)?;
                }
            }
        }
        write!(f, " from {}", self.from)
    }
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its id.
    pub id: SecurityGroupId,
    /// Its name, unique in its VPC.
    pub name: String,
    /// Its VPC.
    pub vpc: Option<String>,
    /// What it lets in.
    pub rules: Vec<Rule>,
}

/// A key pair, as EC2 knows it: its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// Its name.
    pub name: String,
    /// What EC2 calls its fingerprint.
    pub fingerprint: Option<String>,
}

/// What is to be known of the ground.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroundQuestion {
    /// Where servers go.
    pub subnets: SubnetChoice,
    /// Load balancers of the whole deployment.
    pub balancers: Vec<LoadBalancerName>,
    /// ARNs of certificates that are looked at closely, where certificates are to be known at all.
    pub certificates: Option<Vec<String>>,
}

/// What was found of the ground. What could not be read says why.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// Every VPC of the region.
    pub vpcs: Result<Vec<Vpc>, String>,
    /// The subnets there are of those that were asked for.
    pub subnets: Result<Vec<SubnetRoom>, String>,
    /// Every security group of the region.
    pub security_groups: Result<Vec<SecurityGroup>, String>,
    /// Every key pair of the region.
    pub keys: Result<Vec<KeyPair>, String>,
    /// Those of the load balancers that there are.
    pub balancers: Result<Vec<LoadBalancer>, String>,
    /// Certificates that load balancers can serve, or why they are not known; nothing where nobody asked.
    pub certificates: BTreeMap<CertificateSource, Result<Vec<Certificate>, String>>,
}

/// Something that is found by a name which nothing else of its kind has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "thing", rename_all = "kebab-case")]
pub enum Thing {
    /// A security group.
    SecurityGroup {
        /// Its VPC.
        vpc: String,
        /// Its name.
        name: String,
    },
    /// A key pair.
    KeyPair {
        /// Its name.
        name: String,
    },
    /// A load balancer.
    LoadBalancer {
        /// Its name.
        name: LoadBalancerName,
    },
    /// A launch template.
    Template {
        /// Its name.
        name: String,
    },
    /// An Auto Scaling group.
    Group {
        /// Its name.
        name: GroupName,
    },
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecurityGroup { name, .. } => write!(f, "security group {name}"),
            Self::KeyPair { name } => write!(f, "key pair {name}"),
            Self::LoadBalancer { name } => write!(f, "load balancer {name}"),
            Self::Template { name } => write!(f, "launch template {name}"),
            Self::Group { name } => write!(f, "group {name}"),
        }
    }
}

/// A thing that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundThing {
    /// Its id, where things of its kind have one; else its name.
    pub id: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A security group to make. It lets nothing in yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSecurityGroup {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its VPC.
    pub vpc: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// A key pair to make known to EC2, by its public half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKeyPair {
    /// Its name.
    pub name: String,
    /// The public key, as OpenSSH writes it.
    pub public_key: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// A classic load balancer to make, with requests spread over zones and those under way let end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLoadBalancer {
    /// Its name.
    pub name: LoadBalancerName,
    /// What it listens to.
    pub listeners: Vec<Listener>,
    /// How its members are checked.
    pub health_check: HealthCheck,
    /// Subnets, one of each zone that it serves.
    pub subnets: Vec<String>,
    /// Its security groups.
    pub security_groups: Vec<SecurityGroupId>,
    /// For so long requests under way may go on, in seconds.
    pub draining_s: u32,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// A launch template to make, with its first version. Its servers tell their metadata only to who shows a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTemplate {
    /// Its name.
    pub name: String,
    /// What its first version is called: the name of a release.
    pub description: String,
    /// The image that its servers boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageId>,
    /// Their type.
    pub instance_type: String,
    /// Their security groups.
    pub security_groups: Vec<SecurityGroupId>,
    /// Whether they get a public address, whatever their subnet gives by itself.
    #[serde(default)]
    pub public_address: bool,
    /// Their key pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// Name or ARN of their IAM instance profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_profile: Option<String>,
    /// The template's own tags.
    pub tags: Vec<(String, String)>,
}

/// An Auto Scaling group to make. The load balancers' word counts for the health of its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewGroup {
    /// Its name.
    pub name: GroupName,
    /// What it launches: a launch configuration, or a numbered version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<LaunchSource>,
    /// Its sizes.
    pub sizes: Sizes,
    /// Subnets that it launches into.
    pub subnets: Vec<String>,
    /// Load balancers that its members join.
    pub balancers: Vec<LoadBalancerName>,
    /// How long a new member's health is not judged, in seconds.
    pub grace_s: u32,
    /// Tags that its members have from their launch on.
    pub member_tags: Vec<(String, String)>,
    /// The group's own tags.
    pub tags: Vec<(String, String)>,
}

impl Ground {
    /// The security group of this name in this VPC, or of this id.
    #[must_use]
    pub fn security_group(&self, vpc: &str, word: &str) -> Option<&SecurityGroup> {
        let all = self.security_groups.as_ref().ok()?;
        all.iter().find(|group| {
            group.id.as_str() == word || (group.name == word && group.vpc.as_deref() == Some(vpc))
        })
    }
}

/// Whether a text is a network: an address, a slash and how many of its bits count.
#[must_use]
pub fn is_network(text: &str) -> bool {
    parse(text).is_some()
}

/// Whether a network lies within another one.
#[must_use]
pub fn is_within(inner: &str, outer: &str) -> bool {
    let (Some((inner, inner_bits, of)), Some((outer, outer_bits, width))) = (parse(inner), parse(outer))
    else {
        return false;
    };
    let shift = width - outer_bits;
    of == width && inner_bits >= outer_bits && (shift == 128 || inner >> shift == outer >> shift)
}

/// The address as a number, how many bits count, and of how many.
fn parse(network: &str) -> Option<(u128, u32, u32)> {
    let (address, bits) = network.split_once('/')?;
    let bits: u32 = bits.parse().ok()?;
    let (number, width) = match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    (bits <= width).then_some((number, bits, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Origin {
        Origin::Network(text.into())
    }

    #[test]
    fn a_network_lies_within_another_one_of_its_kind_only() {
        for (inner, outer) in [
            ("10.1.0.0/16", "10.0.0.0/8"),
            ("10.1.2.3/32", "10.1.2.3/32"),
            ("203.0.113.0/24", "0.0.0.0/0"),
            ("2001:db8::/32", "::/0"),
        ] {
            assert!(is_within(inner, outer), "{inner} {outer}");
        }
        for (inner, outer) in [
            ("10.0.0.0/8", "10.1.0.0/16"),
            ("11.0.0.0/16", "10.0.0.0/8"),
            ("10.0.0.0/8", "::/0"),
            ("10.0.0.0", "10.0.0.0/8"),
            ("10.0.0.0/33", "0.0.0.0/0"),
            ("", ""),
        ] {
            assert!(!is_within(inner, outer), "{inner} {outer}");
        }
    }

    #[test]
    fn a_rule_covers_what_gets_in_by_it_anyway() {
        let wide = Rule { protocol: Protocol::All, first: 0, last: 65_535, from: network("10.0.0.0/8") };
        assert!(wide.covers(&Rule::tcp(5432, network("10.0.3.0/24"))));
        assert!(!wide.covers(&Rule::tcp(5432, network("192.0.2.0/24"))));
        let group = Rule::tcp(5432, Origin::Group("sg-1".into()));
        assert!(group.covers(&group) && !group.covers(&Rule::tcp(5433, Origin::Group("sg-1".into()))));
        assert!(!group.covers(&Rule::tcp(5432, Origin::Group("sg-2".into()))));
        let udp = Rule { protocol: Protocol::Udp, first: 11_211, last: 11_211, from: network("0.0.0.0/0") };
        assert!(udp.opens(11_211) && !udp.serves(11_211) && udp.from.is_anywhere());
    }

    #[test]
    fn a_rule_is_read_as_it_is_spoken() {
        let range = Rule { first: 5671, last: 5672, ..Rule::tcp(0, network("10.0.0.0/8")) };
        assert_eq!(range.to_string(), "5671–5672 from 10.0.0.0/8");
        assert_eq!(Rule::tcp(22, Origin::Group("sg-9".into())).to_string(), "22 from sg-9");
        let all = Rule { protocol: Protocol::All, ..range };
        assert_eq!(all.to_string(), "everything from 10.0.0.0/8");
    }
}
