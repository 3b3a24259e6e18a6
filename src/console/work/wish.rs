//! What is asked of the runtime about plans and their runs, and what may come between.

use crate::console::panes::Ticket;
use crate::engine::RunId;
use crate::engine::lock::Held;
use crate::engine::run::Grip;
use crate::fleet::EnvironmentName;
use crate::operation::Options;
use crate::plan::Plan;
use crate::plan::typed::Typed;

/// An operation that a plan is wanted of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanWish {
    /// Its name here; its run, if it comes to one, has the same.
    pub ticket: Ticket,
    /// Where.
    pub environment: EnvironmentName,
    /// The operation.
    pub operation: &'static str,
    /// What it is told.
    pub options: Options,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPlan {
    /// Why, and what to do.
    pub words: String,
    /// The word that overrides it, where one does.
    pub word: Option<&'static str>,
    /// Secrets without a value, where that is why: they can be typed here.
    pub lacks: Vec<String>,
}

/// Secrets that were typed, for their file. Prints their names only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepWish {
    /// The plan that wants them.
    pub ticket: Ticket,
    /// Whose they are.
    pub environment: EnvironmentName,
    /// What was typed.
    pub typed: Typed,
}

/// What is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A plan, as it is shown.
    Begin(Box<Plan>),
    /// A run that was interrupted, or that left something.
    TakeUp {
        /// Which.
        id: RunId,
        /// To take it back rather than to end it.
        undo: bool,
    },
}

/// A run that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartWish {
    /// Its name here.
    pub ticket: Ticket,
    /// Where.
    pub environment: EnvironmentName,
    /// What.
    pub start: Start,
    /// How the lock is to be had.
    pub grip: Grip,
    /// What was typed for it.
    pub typed: Typed,
}

/// Why a run was not begun. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// What the plan takes for granted is no longer so.
    Changed {
        /// What.
        fact: String,
        /// Its value in the plan.
        was: String,
        /// Its value now.
        is: String,
    },
    /// Somebody holds the lock.
    Held(Box<Held>),
    /// The lock may not be used.
    Denied(String),
    /// Anything else.
    Other(String),
}
