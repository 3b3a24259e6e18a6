//! A load balancer and the health of its members.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{InstanceId, LoadBalancerName, SecurityGroupId, Severity, Zone};

/// One listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// Towards users: `HTTP`, `HTTPS`, `TCP`, `SSL`.
    pub protocol: String,
    /// The port users reach.
    pub port: u16,
    /// Towards the servers.
    pub instance_protocol: String,
    /// The servers' port.
    pub instance_port: u16,
    /// ARN of the certificate it serves.
    pub certificate: Option<String>,
}

/// How members are checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// `HTTPS:443/healthcheck.html`.
    pub target: String,
    /// Time between checks.
    pub interval: Duration,
    /// Time to wait for an answer.
    pub timeout: Duration,
    /// Good answers in a row before a member is in service.
    pub healthy_threshold: u32,
    /// Bad answers in a row before it is out of service.
    pub unhealthy_threshold: u32,
}

/// A load balancer. Classic ones today; the fields hold for others as well.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoadBalancer {
    /// Its name.
    pub name: LoadBalancerName,
    /// The DNS name users reach.
    pub dns_name: Option<String>,
    /// `internet-facing` or `internal`.
    pub scheme: Option<String>,
    /// Listeners, in port order.
    pub listeners: Vec<Listener>,
    /// How members are checked.
    pub health_check: Option<HealthCheck>,
    /// Zones it serves.
    pub zones: Vec<Zone>,
    /// Ids of its security groups.
    pub security_groups: Vec<SecurityGroupId>,
    /// Registered instances.
    pub members: Vec<InstanceId>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// A member's state towards the load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthState {
    /// Gets requests.
    InService,
    /// Does not get requests.
    OutOfService,
    /// The load balancer does not know, or did not say.
    Unknown,
}

impl HealthState {
    /// AWS's own word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InService => "InService",
            Self::OutOfService => "OutOfService",
            Self::Unknown => "Unknown",
        }
    }
}

/// What a load balancer says of one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberHealth {
    /// The member.
    pub instance: InstanceId,
    /// Its state.
    pub state: HealthState,
    /// AWS's reason code: `ELB`, `Instance` or `N/A`.
    pub reason_code: Option<String>,
    /// The load balancer's own words.
    pub description: Option<String>,
}

/// Why a member is out of service, as far as the load balancer's standard sentences tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Just registered; not checked yet.
    Registering,
    /// Good answers are being counted: just started, or coming back.
    NotYetHealthy,
    /// Bad answers in a row.
    FailsCheck,
    /// Registered no longer, or never.
    NotRegistered,
    /// On its way out.
    Deregistering,
    /// In a zone the load balancer does not serve.
    ZoneNotServed,
    /// The instance does not run.
    NotRunning,
    /// Something else: the load balancer's own words say it.
    Other,
}

impl Reason {
    /// Reads a description of `DescribeInstanceHealth`.
    #[must_use]
    pub fn parse(description: &str) -> Self {
        let says = |part: &str| description.contains(part);
        if says("registration is still in progress") {
            Self::Registering
        } else if says("not passed the configured HealthyThreshold") {
            Self::NotYetHealthy
        } else if says("failed at least the UnhealthyThreshold") {
            Self::FailsCheck
        } else if says("not currently registered") {
            Self::NotRegistered
        } else if says("deregistration currently in progress") {
            Self::Deregistering
        } else if says("Availability Zone") {
            Self::ZoneNotServed
        } else if says("Instance is in") && says("state") {
            Self::NotRunning
        } else {
            Self::Other
        }
    }

    /// In plain words, as the end of a sentence about the server; `None` where only the load balancer's own
    /// words will do.
    #[must_use]
    pub const fn plain(self) -> Option<&'static str> {
        match self {
            Self::Registering => Some("is being registered"),
            Self::NotYetHealthy => Some("has not passed its health check yet"),
            Self::FailsCheck => Some("fails its health check"),
            Self::NotRegistered => Some("is not registered"),
            Self::Deregistering => Some("is leaving"),
            Self::ZoneNotServed => Some("is in a zone that is not served"),
            Self::NotRunning => Some("is registered but does not run"),
            Self::Other => None,
        }
    }
}

impl MemberHealth {
    /// Why it is out of service.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.description.as_deref().map_or(Reason::Other, Reason::parse)
    }

    /// One word: AWS's state, or what passes.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.reason() {
            Reason::Registering | Reason::NotYetHealthy if self.is_changing() => "registering",
            Reason::Deregistering if self.is_changing() => "leaving",
            _ => self.state.word(),
        }
    }

    /// On its way in or out: not down, changing.
    #[must_use]
    pub fn is_changing(&self) -> bool {
        let passing =
            matches!(self.reason(), Reason::Registering | Reason::NotYetHealthy | Reason::Deregistering);
        self.state == HealthState::OutOfService && passing
    }

    /// How bad that is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.state {
            HealthState::InService => Severity::Ok,
            HealthState::Unknown => Severity::Unknown,
            HealthState::OutOfService if self.is_changing() => Severity::Changing,
            HealthState::OutOfService => Severity::Down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(words: &str) -> MemberHealth {
        MemberHealth {
            instance: "i-1".into(),
            state: HealthState::OutOfService,
            reason_code: Some("ELB".into()),
            description: Some(words.into()),
        }
    }

    #[test]
    fn a_member_that_comes_or_goes_is_changing_and_one_that_fails_is_down() {
        for words in [
            "Instance registration is still in progress.",
            "Instance has not passed the configured HealthyThreshold number of health checks consecutively.",
            "Instance deregistration currently in progress.",
        ] {
            assert_eq!(out(words).severity(), Severity::Changing, "{words}");
        }
        for words in [
            "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
            "Instance is in EC2 Availability Zone for which LoadBalancer is not configured to route traffic to.",
            "Instance is in stopped state.",
            "something new",
        ] {
            assert_eq!(out(words).severity(), Severity::Down, "{words}");
        }
    }

    #[test]
    fn only_sentences_we_know_are_put_in_plain_words() {
        let plain = |words| out(words).reason().plain();
        assert_eq!(plain("Instance is in stopped state."), Some("is registered but does not run"));
        assert_eq!(
            plain(
                "Instance is in EC2 Availability Zone for which LoadBalancer is not configured to route traffic to."
            ),
            Some("is in a zone that is not served")
        );
        assert_eq!(plain("something new"), None);
    }
}
