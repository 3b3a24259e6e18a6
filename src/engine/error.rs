//! Why something was not begun.

use std::path::PathBuf;

/// Why nothing was begun: no server was asked anything. Each message says what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is nothing to run it on.
    #[error("there is no server to run this on")]
    NoServers,
    /// The same server stands twice in the request.
    #[error("{0} stands twice among the servers")]
    Twice(String),
    /// An empty command, or one that no command line can hold.
    #[error("this is no command: {0}")]
    Command(&'static str),
    /// What is not recorded is not done.
    #[error("the run was not begun, for its record cannot be written in {place}: {error}. Make room, or name another place with --state-dir", place = place.display())]
    Record {
        /// Where.
        place: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
}
