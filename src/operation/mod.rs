//! What an operator can ask for: one table, and a planner for each row.
//!
//! A planner is a pure function from facts and options to a plan. It reads nothing, changes nothing, and refuses with
//! what to do where the plan would do harm. What the rules R1 … demand of operations is demanded here.

mod asks;
mod certificates;
mod code;
mod copies;
mod create_environment;
mod create_foundation;
mod create_release;
mod deploy;
mod draft;
mod facts;
mod forget_releases;
mod hooks;
mod incident;
mod new_server;
mod offers;
mod on_servers;
mod opt;
mod options;
mod processes;
mod promote;
pub mod put_back;
mod reboot;
mod recreate_environment;
mod refused;
mod registration;
mod release;
mod replace_cache;
mod replace_certificate;
mod replicas;
mod restart_celery;
mod rollback;
mod room;
mod rotate_secret;
mod security_groups;
mod services;
mod set_sizes;
mod settings;
mod table;
mod terminate;
#[cfg(test)]
mod tests;
mod unlock;
mod upgrade;
mod upkeep;
mod users;

use draft::Draft;

pub use facts::{FRESH, Facts, place};
pub use offers::{Offer, offers, questions};
pub use opt::{Kind, Opt};
pub use options::Options;
pub use refused::Refused;
pub use release::{Launchable, releases};
pub use table::OPERATIONS;

use crate::fleet::{EnvironmentName, GroundQuestion, Role, RoomQuestion, Server};
use crate::plan::{LockKind, Plan};

/// Operations that build servers, of which the first ones stand beside no other that shows what the config does not say.
const BUILD: [&str; 7] = [
    "create-environment",
    "create-release",
    "new-server",
    "recreate-environment",
    "replace-cache-server",
    "rotate-secret",
    "push-secrets",
];

/// One row: an operation.
#[derive(Debug)]
pub struct Operation {
    /// Its name on the command line and in journals.
    pub name: &'static str,
    /// What it does, in a line that begins with a verb.
    pub summary: &'static str,
    /// What it can be told.
    pub takes: &'static [Opt],
    /// The lock its runs hold.
    pub lock: LockKind,
    /// What is to be known of the room there is, where it launches servers.
    room: fn(&Facts<'_>, &Options) -> Option<RoomQuestion>,
    /// Plans it.
    planner: fn(&mut Draft<'_>, &Facts<'_>, &Options) -> Result<(), Refused>,
}

impl Operation {
    /// Plans it.
    ///
    /// # Errors
    /// When it cannot or should not be done: why, and what to do.
    pub fn plan(&self, facts: &Facts<'_>, options: &Options) -> Result<Plan, Refused> {
        self.check_options(options)?;
        let mut draft = Draft::new(self, facts, options);
        (self.planner)(&mut draft, facts, options)?;
        draft.finish()
    }

    /// What room there has to be for the servers that it launches; none where it launches none. It is looked at before
    /// this is planned, for planners read nothing themselves.
    #[must_use]
    pub fn room(&self, facts: &Facts<'_>, options: &Options) -> Option<RoomQuestion> {
        (self.room)(facts, options)
    }

    /// What has to be known of what environments stand on; none where it need not be. It is looked at before this is
    /// planned, as room is.
    #[must_use]
    pub fn ground(&self, facts: &Facts<'_>, options: &Options) -> Option<GroundQuestion> {
        let founds = self.takes.contains(&Opt::SshFrom) || self.name == "create-environment";
        let is_first = BUILD.contains(&self.name) && security_groups::are_unknown(facts);
        let certifies = self.takes.contains(&Opt::Certificate);
        (founds || is_first || certifies).then(|| GroundQuestion {
            certificates: certifies.then(|| certificates::closely(facts, options)),
            ..create_foundation::ground(facts)
        })
    }

    /// Whether it goes by what is measured on servers: where nobody has asked them, they are asked before it is planned.
    #[must_use]
    pub fn measures(&self) -> bool {
        [
            "promote-replica",
            "recreate-environment",
            "replace-cache-server",
            "resync-replica",
            "leave-replicas",
            "use-replicas",
            "backup-database",
            "restore-database",
            "reload-data",
        ]
        .contains(&self.name)
    }

    /// Whether it cannot be planned before somebody says which release is meant.
    #[must_use]
    pub fn lacks_a_release(&self, options: &Options) -> bool {
        self.takes.contains(&Opt::Release) && options.release.is_none() && options.branch.is_none()
    }

    /// Another environment that it reads, and of which whoever plans has to know as much.
    #[must_use]
    pub fn reads<'o>(&self, options: &'o Options) -> Option<&'o EnvironmentName> {
        options.from.as_ref().filter(|_| self.takes.contains(&Opt::From))
    }

    /// Whether a server can be one of those that it is told.
    #[must_use]
    pub fn may_be_told(&self, server: &Server) -> bool {
        let roles: &[Role] = match self.name {
            "terminate-server" => return !server.is_gone() && server.group.is_none(),
            "promote-replica" | "resync-replica" | "leave-replicas" | "use-replicas" => &[Role::DbReplica],
            "restart-celery" => &[Role::Worker, Role::Combo],
            // That of reload-data is of the environment that it reads.
            "backup-database" | "restore-database" | "reload-data" => {
                &[Role::DbPrimary, Role::DbReplica, Role::Combo]
            }
            "reboot-server" | "update-people" | "upgrade-packages" | "unlock-and-mount" => {
                &[Role::DbPrimary, Role::DbReplica, Role::Cache, Role::Worker, Role::Web, Role::Combo]
            }
            _ => &[Role::Web, Role::Combo],
        };
        server.is_target() && roles.contains(&server.role.role)
    }

    /// Whether it brings secrets to servers, so that those there are compared with those here before it is planned (R16).
    #[must_use]
    pub fn compares_secrets(&self) -> bool {
        self.takes.iter().any(|opt| matches!(opt, Opt::NoServices | Opt::Secret))
            || ["push-secrets", "recreate-environment"].contains(&self.name)
    }

    /// The option of this name, if this operation can be told it.
    ///
    /// # Errors
    /// When it cannot: the nearest one that it can be told.
    pub fn option(&self, name: &str) -> Result<Opt, Refused> {
        let known = self.takes.iter().map(|opt| opt.name());
        let found = Opt::parse(name).filter(|opt| self.takes.contains(opt));
        found.ok_or_else(|| Refused::unknown(&format!("option of {}", self.name), name, known))
    }

    fn check_options(&self, options: &Options) -> Result<(), Refused> {
        for (opt, _) in options.given() {
            self.option(opt.name())?;
        }
        Ok(())
    }
}

/// The operation of this name.
///
/// # Errors
/// When there is none: the nearest one.
pub fn find(name: &str) -> Result<&'static Operation, Refused> {
    let known = OPERATIONS.iter().map(|operation| operation.name);
    OPERATIONS
        .iter()
        .find(|operation| operation.name == name)
        .ok_or_else(|| Refused::unknown("operation", name, known))
}
