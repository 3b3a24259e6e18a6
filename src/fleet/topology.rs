//! What the config says should exist, in the fleet's own words.

use std::sync::Arc;

use serde::Serialize;

use super::{
    AddressChoice, BuildPlace, DeploymentName, DistributionId, EnvironmentName, GroupName, Layout,
    LoadBalancerName, Role,
};

/// What the config says of a web server that is launched by itself, outside the group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WebPlace {
    /// Its type.
    pub instance_type: Option<String>,
    /// Subnets that it may be launched into, in the order of the zones.
    pub subnets: Vec<String>,
    /// Its security groups, by name or id.
    pub security_groups: Vec<String>,
}

/// Where one environment lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnvironmentPlace {
    /// Its name.
    pub name: EnvironmentName,
    /// Whether it is production: looks different, asks harder.
    pub production: bool,
    /// Its group, when the config names one.
    pub group: Option<GroupName>,
    /// Its load balancers; several all count.
    pub load_balancers: Vec<LoadBalancerName>,
    /// Its site's domains, first one first.
    pub domains: Vec<String>,
    /// The roles that the project has; empty when the config does not say.
    pub roles: Vec<Role>,
    /// The branch that is deployed there, when the config names one.
    pub branch: Option<String>,
    /// CloudFront distributions that serve its static files.
    pub distributions: Vec<DistributionId>,
    /// What a web server is launched with.
    pub web: WebPlace,
    /// Where things are on its servers.
    #[serde(skip)]
    pub layout: Arc<Layout>,
    /// How its servers are built.
    #[serde(skip)]
    pub build: Arc<BuildPlace>,
}

/// The deployment that is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Topology {
    /// The deployment.
    pub deployment: DeploymentName,
    /// The region.
    pub region: String,
    /// Environments in the config's order.
    pub environments: Vec<EnvironmentPlace>,
    /// Which of a server's addresses ssh goes to.
    pub ssh_address: AddressChoice,
}

impl EnvironmentPlace {
    /// Whether the project has servers of this role; where the config does not say, it may.
    #[must_use]
    pub fn has_role(&self, role: &Role) -> bool {
        self.roles.is_empty() || self.roles.contains(role)
    }
}

impl Topology {
    /// The environment of this name.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&EnvironmentPlace> {
        self.environments.iter().find(|e| e.name == *name)
    }

    /// Every group, once.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupName> {
        let mut names: Vec<_> = self.environments.iter().filter_map(|e| e.group.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Every load balancer, once.
    #[must_use]
    pub fn load_balancers(&self) -> Vec<LoadBalancerName> {
        let mut names: Vec<_> =
            self.environments.iter().flat_map(|e| e.load_balancers.iter().cloned()).collect();
        names.sort();
        names.dedup();
        names
    }
}
