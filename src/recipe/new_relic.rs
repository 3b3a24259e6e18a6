//! Tells New Relic that something was deployed (REST API v2, `applications` and `deployments`).

use super::script::Script;
use crate::fleet::{Changeset, Layout};

/// The variable in which the script finds the key.
pub const KEY: &str = "newrelic_api_key";

/// Tells it of both applications, named as FabulAWS names them. One that New Relic does not know is passed over.
#[must_use]
pub fn told(layout: &Layout, deployment: &str, environment: &str, changeset: &Changeset) -> String {
    Script::new("new-relic")
        .told("deploy_user", &layout.deploy_user)
        .told("name", &format!("{deployment} {environment}"))
        .told("changeset", changeset.as_str())
        .then(include_str!("scripts/new_relic.sh"))
        .text()
}
