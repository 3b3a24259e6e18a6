//! How the secrets here stand to those in the settings of servers (R16). Names only.

use std::collections::BTreeMap;

use super::held::Standing;
use crate::fleet::{InstanceId, Role};

/// What one server told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerDrift {
    /// Which.
    pub id: InstanceId,
    /// What it is.
    pub role: Role,
    /// Each secret by its name; or why it is not known.
    pub told: Result<BTreeMap<String, Standing>, String>,
}

/// What servers told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Those that were asked.
    pub servers: Vec<ServerDrift>,
}

impl Drift {
    /// Secrets that are others on servers, and which these are.
    #[must_use]
    pub fn differing(&self) -> BTreeMap<&str, Vec<&ServerDrift>> {
        let mut all: BTreeMap<&str, Vec<&ServerDrift>> = BTreeMap::new();
        for server in &self.servers {
            let told = server.told.iter().flatten();
            for (name, _) in told.filter(|(_, standing)| **standing == Standing::Differs) {
                all.entry(name).or_default().push(server);
            }
        }
        all
    }

    /// Servers that could not be asked, and why.
    pub fn silent(&self) -> impl Iterator<Item = (&ServerDrift, &str)> {
        self.servers.iter().filter_map(|server| Some((server, server.told.as_ref().err()?.as_str())))
    }

    /// In a sentence, which secrets differ and where; none where none does.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let one = |(name, servers): (&str, Vec<&ServerDrift>)| {
            let servers: Vec<String> =
                servers.iter().map(|server| format!("{} {}", server.role, server.id)).collect();
            format!("{name} on {}", servers.join(", "))
        };
        let all: Vec<String> = self.differing().into_iter().map(one).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
