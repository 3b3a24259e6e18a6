//! What a run will do, as data: a graph of steps, what it assumes, what users notice, what cannot be undone.
//!
//! A plan is made by a planner from facts, shown, agreed to, written to the journal and executed as it stands. It can
//! be compared, stored and tested without a cloud. Nothing here does anything.

mod action;
mod check;
mod fact;
mod file;
pub mod lock;
mod secret;
mod show;
mod step;
#[cfg(test)]
mod tests;
mod thing;
pub mod typed;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use action::{
    Action, Condition, Converge, HostJob, InstanceRef, Kind, NewRelease, Relay, Slot, WHEN_IT_IS_SO,
};
pub use check::PlanError;
pub use fact::{Assignment, Assumption, Fact, Page, Setting, Value};
pub use file::{Address, JobFile, Site, TextOf};
pub use secret::{SecretsChange, SecretsTo};
pub use step::{Lasts, Repeat, Step, StepId, Undo};
pub use thing::{NewThing, Opening, OpeningFrom, SecurityGroupRef};

pub use crate::fleet::LockKind;
use crate::fleet::{DeploymentName, EnvironmentName};

/// The version of these shapes. Fields may be added without a new one.
pub const VERSION: u32 = 1;

/// A plan.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing of the plan, and is a key of its own in journals"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of the shapes.
    pub version: u32,
    /// The operation, `deploy-serial`.
    pub operation: String,
    /// Of which deployment.
    pub deployment: DeploymentName,
    /// In which environment.
    pub environment: EnvironmentName,
    /// Whether that is production: then its name is typed.
    pub production: bool,
    /// Whether the environment's name is typed though it is no production.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_name: bool,
    /// One line: what will have been done.
    pub title: String,
    /// The command line that asks for the same.
    pub command: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// The lock it runs under.
    pub lock: LockKind,
    /// What users notice, in a sentence; none is nothing.
    pub noticed: Option<String>,
    /// What cannot be undone, a line each.
    pub cannot_undo: Vec<String>,
    /// What the operator should know before, a line each.
    pub notes: Vec<String>,
    /// What must be typed besides the confirmation, and why: an override of a refusal.
    pub overrides: Vec<String>,
    /// What it takes for granted. Read again at confirmation and before each destructive step.
    pub assumes: Vec<Assumption>,
    /// The steps, in the order in which they are shown. A step only waits for earlier ones.
    pub steps: Vec<Step>,
    /// Whether a step that failed is done once more when the run is taken up again: all of its steps say what is so
    /// already, and none is put back because the run stops. Undoing it leaves what a later step has settled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goes_on: bool,
    /// Whether what was put back because the run stopped is done once more then, too, with everything after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redoes: bool,
}

impl Plan {
    /// The step of this id.
    #[must_use]
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get(id.place())
    }
}
