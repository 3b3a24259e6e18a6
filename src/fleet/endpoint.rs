//! Which cloud is looked at.

use super::Topology;

/// Where the cloud port leads: for the header, and for links to the AWS console.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// The region asked.
    pub region: String,
    /// The credentials profile by name, when one is in use.
    pub profile: Option<String>,
    /// Another address than AWS's own, when one was given.
    pub url: Option<String>,
    /// A simulated fleet; shown on every screen.
    pub sandbox: bool,
}

impl Endpoint {
    /// What tells a deployment here from every other that an operator may have to do with, also from one of the same name
    /// in another account: the kind of cloud, the credentials profile, the region, another address, the deployment.
    #[must_use]
    pub fn fleet<'a>(&'a self, topology: &'a Topology) -> Vec<&'a str> {
        let kind = if self.sandbox { "sandbox" } else { "aws" };
        let account = self.profile.as_deref().unwrap_or("default");
        let url = self.url.as_deref().unwrap_or_default();
        let parts = [kind, account, &topology.region, url, topology.deployment.as_str()];
        parts.into_iter().filter(|part| !part.is_empty()).collect()
    }
}
