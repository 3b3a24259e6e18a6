//! The table of checks. A new one is one row and one function.

use serde::Serialize;

use super::{Examined, Finding};
use super::{
    access, balancer, certificates, domains, group, launching, project, reach, rights, servers, services,
};

/// What checks are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The project's files.
    Project,
    /// Who we are towards AWS, and what we may.
    Access,
    /// Load balancers and domains.
    Traffic,
    /// Security groups.
    Reach,
    /// The Auto Scaling group and what it launches.
    Group,
    /// Room for more servers.
    Room,
    /// The servers there are.
    Servers,
    /// What runs on them.
    Services,
}

impl Part {
    /// All of them, in the order they are told.
    pub const ALL: [Self; 8] = [
        Self::Project,
        Self::Access,
        Self::Traffic,
        Self::Reach,
        Self::Group,
        Self::Room,
        Self::Servers,
        Self::Services,
    ];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Project => "Project",
            Self::Access => "Access to AWS",
            Self::Traffic => "Load balancers and domains",
            Self::Reach => "Who reaches whom",
            Self::Group => "Group and release",
            Self::Room => "Room for more servers",
            Self::Servers => "Servers",
            Self::Services => "Services",
        }
    }
}

/// A check: a precondition, and how it is looked for.
#[derive(Debug)]
pub struct Check {
    /// Its name, for programs.
    pub name: &'static str,
    /// What it belongs to.
    pub part: Part,
    /// What has to be so.
    pub about: &'static str,
    /// Gives what it finds; nothing where it does not apply.
    pub(crate) find: fn(&Examined<'_>) -> Vec<Finding>,
}

const fn check(
    part: Part,
    name: &'static str,
    about: &'static str,
    find: fn(&Examined<'_>) -> Vec<Finding>,
) -> Check {
    Check { name, part, about, find }
}

/// Every check, in the order it is told.
pub const CHECKS: &[Check] = &[
    check(Part::Project, "config", "the config has no mistakes", project::config),
    check(Part::Project, "secrets", "every secret has a value", project::secrets),
    check(Part::Project, "secrets-file", "nobody else sees the file of secrets", project::secrets_file),
    check(
        Part::Project,
        "secrets-drift",
        "settings of servers have the secrets that are here",
        project::drift,
    ),
    check(Part::Project, "templates", "settings and files of services can be written", project::templates),
    check(Part::Project, "hooks", "what the fabfile does is done here, too", project::hooks),
    check(Part::Project, "encryption", "servers of a group boot without anybody's help", project::encryption),
    check(Part::Project, "roles", "every role has a type, a size and security groups", project::roles),
    check(Part::Access, "identity", "AWS knows who asks", access::identity),
    check(Part::Access, "permissions", "everything that is read may be read", access::permissions),
    check(Part::Access, "changes", "everything that operations change may be changed", rights::changes),
    check(Part::Access, "console", "AWS tells the host keys of new servers", access::console),
    check(Part::Access, "lock", "nobody else is at work, and nothing was left", access::lock),
    check(Part::Traffic, "load-balancers", "the load balancers exist", balancer::exist),
    check(Part::Traffic, "listeners", "they take HTTP and HTTPS", balancer::listeners),
    check(Part::Traffic, "health-check", "they ask for the page that is the health check", balancer::health),
    check(Part::Traffic, "served-zones", "they serve the zones that the group launches in", balancer::zones),
    check(
        Part::Traffic,
        "certificate",
        "their certificates are good for the site, for a while",
        certificates::certificates,
    ),
    check(Part::Traffic, "served", "users are shown these certificates", certificates::served),
    check(Part::Traffic, "domains", "the site's domains lead to it", domains::domains),
    check(Part::Reach, "security-groups", "the security groups exist", reach::exist),
    check(Part::Reach, "ways", "every role reaches what it needs", reach::ways),
    check(Part::Reach, "ssh-open", "SSH is not open to everybody", reach::ssh),
    check(Part::Reach, "inner-ports", "database, queue and caches are reached from inside", reach::inner),
    check(Part::Group, "group", "the group exists", group::exists),
    check(Part::Group, "launch", "what it launches exists, with its image", launching::launch),
    check(Part::Group, "architecture", "its image runs on its type", launching::fits),
    check(Part::Group, "tokens", "its servers keep their credentials to themselves", launching::tokens),
    check(Part::Group, "base-image", "the image that servers are built from exists", launching::base),
    check(Part::Group, "launch-kind", "it launches from a template's numbered version", launching::kind),
    check(Part::Group, "release", "its image is newer than the servers it knows", launching::stale),
    check(Part::Group, "grace", "new servers have time to boot", group::grace),
    check(Part::Group, "sizes", "there is a server to spare, and room for one more", group::sizes),
    check(Part::Group, "processes", "none of its processes is suspended", group::suspended),
    check(Part::Room, "zones", "a zone can fail", launching::zones),
    check(Part::Room, "addresses", "the subnets have free addresses", launching::addresses),
    check(Part::Room, "vcpus", "the quota of vCPUs has room", launching::vcpus),
    check(Part::Servers, "primary", "there is exactly one primary", servers::primary),
    check(Part::Servers, "replica", "the primary has a replica", servers::replica),
    check(Part::Servers, "worker", "there is a worker", servers::worker),
    check(Part::Servers, "cache", "there is exactly one cache", servers::cache),
    check(Part::Servers, "leftovers", "no server was left half made or replaced", servers::leftovers),
    check(Part::Servers, "ssh", "every server can be reached over ssh", servers::ssh),
    check(Part::Servers, "host-keys", "the host key of every server is pinned", servers::host_keys),
    check(Part::Services, "services", "services are up", services::services),
    check(Part::Services, "beat", "Celery's beat runs on one server", services::beat),
    check(Part::Services, "page", "no maintenance page was left on", services::page),
];
