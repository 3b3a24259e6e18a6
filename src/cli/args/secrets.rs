//! What can be done about a project's secrets on the command line.

use clap::{Args, Subcommand};

/// What to do about secrets. No value is ever printed.
#[derive(Clone, Debug, Subcommand)]
pub enum SecretsCommand {
    /// Tell which secrets there are, where from, and which differ in the settings of which server
    Check {
        /// The environment
        environment: String,
    },
    /// Fetch secrets from a server's settings into the file of secrets
    Pull(PullOptions),
    /// Write secrets into their file: typed without being shown, or a line each on standard input
    Set {
        /// The environment
        environment: String,
        /// Their names; one line of standard input is read for each, in this order
        #[arg(long, required = true, value_name = "NAME")]
        secret: Vec<String>,
    },
}

/// What is fetched, and from where.
#[derive(Args, Clone, Debug)]
pub struct PullOptions {
    /// The environment
    pub environment: String,
    /// Only these; without it, every one that can be read back
    #[arg(long, value_name = "NAME")]
    pub secret: Vec<String>,
    /// The server, by its id or the beginning of one; without it, the only worker
    #[arg(long, value_name = "SERVER")]
    pub server: Option<String>,
    /// Write without asking
    #[arg(long)]
    pub yes: bool,
}
