//! What an operator can ask for: one table, and a planner for each row.
//!
//! A planner is a pure function from facts and options to a plan. It reads nothing, changes nothing, and refuses with
//! what to do where the plan would do harm. What the rules R1 … demand of operations is demanded here.

mod asks;
mod code;
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
mod opt;
mod options;
mod processes;
pub mod put_back;
mod refused;
mod registration;
mod release;
mod rollback;
mod room;
mod security_groups;
mod set_sizes;
mod settings;
mod table;
mod terminate;
#[cfg(test)]
mod tests;
mod upgrade;
mod upkeep;

use draft::Draft;

pub use facts::{FRESH, Facts, place};
pub use offers::{Offer, offers, questions};
pub use opt::{Kind, Opt};
pub use options::Options;
pub use refused::Refused;
pub use release::{Launchable, releases};
pub use table::OPERATIONS;

use crate::fleet::{GroundQuestion, RoomQuestion};
use crate::plan::{LockKind, Plan};

/// Operations that build servers, of which the first ones stand beside no other that shows what the config does not say.
const BUILD: [&str; 3] = ["create-environment", "create-release", "new-server"];

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
    pub fn ground(&self, facts: &Facts<'_>) -> Option<GroundQuestion> {
        let founds = self.takes.contains(&Opt::SshFrom) || self.name == "create-environment";
        let is_first = BUILD.contains(&self.name) && security_groups::are_unknown(facts);
        (founds || is_first).then(|| create_foundation::ground(facts))
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
