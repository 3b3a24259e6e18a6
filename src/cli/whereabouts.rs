//! Which environment a command looks at, and by which way: the first line of its text and the head of its document.

use jiff::Timestamp;
use serde::Serialize;

use crate::fleet::{Endpoint, EnvironmentPlace, Topology};

/// The environment, and the cloud that was asked.
#[derive(Debug, Serialize)]
pub(crate) struct Whereabouts {
    deployment: String,
    environment: String,
    production: bool,
    region: Option<String>,
    profile: Option<String>,
    endpoint_url: Option<String>,
    sandbox: bool,
    time: Timestamp,
}

impl Whereabouts {
    pub(crate) fn new(
        topology: &Topology,
        place: &EnvironmentPlace,
        endpoint: &Endpoint,
        time: Timestamp,
    ) -> Self {
        let region = if endpoint.region.is_empty() { &topology.region } else { &endpoint.region };
        Self {
            deployment: topology.deployment.to_string(),
            environment: place.name.to_string(),
            production: place.production,
            region: (!region.is_empty()).then(|| region.clone()),
            profile: endpoint.profile.clone(),
            endpoint_url: endpoint.url.clone(),
            sandbox: endpoint.sandbox,
            time,
        }
    }

    /// For people. What the sandbox cannot tell may be said in its place.
    pub(crate) fn line(&self, sandbox: &str) -> String {
        let mut parts = vec![self.deployment.clone(), self.environment.clone()];
        parts.extend(self.production.then(|| "PRODUCTION".to_owned()));
        parts.extend(self.region.clone());
        parts.extend(self.profile.as_ref().map(|profile| format!("profile {profile}")));
        parts.extend(self.endpoint_url.clone());
        parts.extend(self.sandbox.then(|| sandbox.to_owned()));
        parts.push(format!("{:.0}", self.time));
        parts.join("  ")
    }
}
