//! The worlds one can start with.

use std::fmt;
use std::str::FromStr;

use super::SandboxError;

/// What a new world looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scenario {
    /// Three environments on an ordinary day.
    #[default]
    Calm,
    /// A replica lags, a queue grows, and one web server fails its health check.
    Incident,
    /// Production is half-way through a serial deploy.
    Deploying,
    /// Twenty environments of two hundred servers.
    Large,
    /// Environments are configured, and nothing of them exists.
    Empty,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 5] = [Self::Calm, Self::Incident, Self::Deploying, Self::Large, Self::Empty];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Incident => "incident",
            Self::Deploying => "deploying",
            Self::Large => "large",
            Self::Empty => "empty",
        }
    }

    /// One line that says what to expect.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Calm => "three environments on an ordinary day",
            Self::Incident => "a lagging replica, a growing queue, and a web server out of service",
            Self::Deploying => "production half-way through a serial deploy",
            Self::Large => "20 environments of 200 servers",
            Self::Empty => "environments configured, nothing created",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Scenario {
    type Err = SandboxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|s| s.name() == text)
            .ok_or_else(|| SandboxError::UnknownScenario { name: crate::fleet::text::one_line(text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_is_found_by_its_name_and_others_are_refused_with_the_list() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.to_string().parse::<Scenario>().unwrap(), scenario);
        }
        let message = "clam".parse::<Scenario>().unwrap_err().to_string();
        assert!(message.contains("clam") && message.contains("calm, incident"), "{message}");
    }
}
