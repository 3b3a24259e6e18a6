//! Names and ids as types of their own, so that one cannot be given where another is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id! {
    /// A deployment: the first part of every name and the value of the tag `deployment`.
    DeploymentName
}
id! {
    /// An environment: `testing`, `staging`, `production` or any name in the config.
    EnvironmentName
}
id! {
    /// An EC2 instance id, `i-…`.
    InstanceId
}
id! {
    /// A machine image id, `ami-…`.
    ImageId
}
id! {
    /// The name of an Auto Scaling group.
    GroupName
}
id! {
    /// A security group's id, `sg-…`.
    SecurityGroupId
}
id! {
    /// The name of a load balancer.
    LoadBalancerName
}
id! {
    /// A CloudFront distribution id, `E…`.
    DistributionId
}
id! {
    /// An availability zone in full, `us-east-1a`.
    Zone
}
id! {
    /// A version control changeset: the hash as it stands in release names.
    Changeset
}

impl Changeset {
    /// The first seven characters, as people read it.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.char_indices().nth(7).map_or(self.as_str(), |(end, _)| &self.0[..end])
    }

    /// Whether both name the same code: they are equal, or one is the beginning of the other, for names of releases may
    /// hold a short form.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let (a, b) = (self.as_str(), other.as_str());
        a == b || a.len().min(b.len()) >= 7 && (a.starts_with(b) || b.starts_with(a))
    }
}

impl Zone {
    /// The zone without its region: `1a` of `us-east-1a`.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.rsplit_once('-').map_or(self.as_str(), |(_, last)| last)
    }
}

impl InstanceId {
    /// The first six digits after `i-`, enough to tell a few hundred servers apart: `i-0c3f1a`.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.char_indices().nth(8).map_or(self.as_str(), |(end, _)| &self.0[..end])
    }
}
