//! Roles as FabulAWS tags them.

use std::fmt;

use serde::{Serialize, Serializer};

/// What a server is for. Order is the order of display.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Nginx and Gunicorn; a member of the group.
    Web,
    /// Celery under Supervisor.
    Worker,
    /// Redis, RabbitMQ and Memcached.
    Cache,
    /// The PostgreSQL primary; also tagged `db-master` by older configs.
    DbPrimary,
    /// A PostgreSQL streaming replica; also tagged `db-slave` by older configs.
    DbReplica,
    /// Primary, web and worker on one server.
    Combo,
    /// Any other word in the tag.
    Other(String),
    /// No role tag at all.
    Untagged,
}

impl Role {
    /// The role a tag or config word names, without its `-PENDING` or `-OLD`.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word.trim() {
            "" => Self::Untagged,
            "web" => Self::Web,
            "worker" => Self::Worker,
            "cache" => Self::Cache,
            "db-primary" | "db-master" => Self::DbPrimary,
            "db-replica" | "db-slave" => Self::DbReplica,
            "combo" => Self::Combo,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word we use for it.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Web => "web",
            Self::Worker => "worker",
            Self::Cache => "cache",
            Self::DbPrimary => "db-primary",
            Self::DbReplica => "db-replica",
            Self::Combo => "combo",
            Self::Other(word) => word,
            Self::Untagged => "no role",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// Whether a server takes part. Only `Active` ones are ever targeted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// In use.
    Active,
    /// Still being built: tagged `<role>-PENDING`.
    Pending,
    /// Decommissioned: tagged `<role>-OLD`.
    Old,
}

/// The tag `role`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RoleTag {
    /// What the server is for.
    pub role: Role,
    /// Whether it takes part.
    pub standing: Standing,
}

impl fmt::Display for RoleTag {
    /// As the tag has it: `db-replica-PENDING`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = match self.standing {
            Standing::Active => "",
            Standing::Pending => "-PENDING",
            Standing::Old => "-OLD",
        };
        write!(f, "{}{suffix}", self.role)
    }
}

impl RoleTag {
    /// Takes a tag's value apart; a missing tag is the empty text.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        let value = value.trim();
        for (suffix, standing) in [("-PENDING", Standing::Pending), ("-OLD", Standing::Old)] {
            if let Some(word) = value.strip_suffix(suffix) {
                return Self { role: Role::parse(word), standing };
            }
        }
        Self { role: Role::parse(value), standing: Standing::Active }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_of_database_roles_are_the_same_roles() {
        assert_eq!(Role::parse("db-master"), Role::DbPrimary);
        assert_eq!(Role::parse("db-slave"), Role::DbReplica);
    }

    #[test]
    fn pending_and_old_servers_are_told_apart_from_active_ones() {
        let tag = RoleTag::parse("db-slave-PENDING");
        assert_eq!((tag.role, tag.standing), (Role::DbReplica, Standing::Pending));
        assert_eq!(RoleTag::parse("web-OLD").standing, Standing::Old);
        assert_eq!(RoleTag::parse("web").standing, Standing::Active);
        assert_eq!(RoleTag::parse("").role, Role::Untagged);
    }
}
