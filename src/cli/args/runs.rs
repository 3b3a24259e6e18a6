//! What is done to an environment on the command line: operations, their runs, and locks.

use clap::{Args, Subcommand};

use crate::cli::operation_options::{self, OperationOptions};

/// That it is meant.
#[derive(Args, Clone, Debug)]
pub struct Confirmation {
    /// The environment's name once more: production is not touched without it
    #[arg(long, value_name = "ENV")]
    pub confirm: Option<String>,
    /// Go on without asking, as far as that is allowed: production wants --confirm
    #[arg(long)]
    pub yes: bool,
}

/// Which operation, where, and how.
#[derive(Args, Clone, Debug)]
#[command(after_help = operation_options::table())]
pub struct PlanOptions {
    /// The operation, such as deploy-serial
    pub operation: String,
    /// The environment
    pub environment: String,
    /// What the operation is told.
    #[command(flatten)]
    pub options: OperationOptions,
}

/// How a run has the lock.
#[derive(Args, Clone, Debug)]
pub struct LockOptions {
    /// Take the lock from whoever holds it under this number: they change nothing more
    #[arg(long, value_name = "N")]
    pub take_over: Option<u64>,
    /// Go on without a lock: nobody else is at work, you say
    #[arg(long, conflicts_with = "take_over")]
    pub without_lock: bool,
}

/// What is done, and that it is meant.
#[derive(Args, Clone, Debug)]
pub struct ApplyOptions {
    /// Which operation, where, and how.
    #[command(flatten)]
    pub plan: PlanOptions,
    /// That it is meant.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// How the lock is had.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// Which run is taken up again.
#[derive(Args, Clone, Debug)]
pub struct AgainOptions {
    /// Its id, such as 2026-11-22-0007
    pub id: String,
    /// That it is meant.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// How the lock is had.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// What to do about a lock.
#[derive(Clone, Debug, Subcommand)]
pub enum LockCommand {
    /// Who holds it, since when, for what, and what is to be put back
    Show {
        /// The environment
        environment: String,
    },
    /// Take the lock over and put back what its holder changed for the time being
    PutBack {
        /// The environment
        environment: String,
        /// The number of the lock that is taken over
        #[arg(long, value_name = "N")]
        take_over: u64,
        /// That it is meant.
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

/// What to do with the history.
#[derive(Clone, Debug, Subcommand)]
pub enum RunsCommand {
    /// Every run that is kept, latest first
    List,
    /// One run: what was asked for, and how it ended on each server
    Show {
        /// Its id, such as 2026-11-22-0007
        id: String,
        /// And everything that the servers printed
        #[arg(long)]
        output: bool,
    },
    /// Take up a run of a plan that was interrupted
    Resume(AgainOptions),
    /// Take a run of a plan back, as far as that is possible
    Undo(AgainOptions),
    /// Print a run's whole journal
    Export {
        /// Its id, such as 2026-11-22-0007
        id: String,
    },
}
