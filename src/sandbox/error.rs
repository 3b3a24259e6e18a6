//! Why a sandbox world cannot be opened.

use std::path::{Path, PathBuf};

use super::{MAX_SPEED, MIN_SPEED, Scenario};

/// Why a sandbox world cannot be opened. Every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// No scenario of this name.
    #[error("There is no scenario “{name}”. Scenarios: {}.", Scenario::ALL.map(Scenario::name).join(", "))]
    UnknownScenario {
        /// What was asked for.
        name: String,
    },
    /// A speed out of bounds.
    #[error("The sandbox cannot run at speed {speed}. Choose a speed from {MIN_SPEED} to {MAX_SPEED}.")]
    Speed {
        /// What was asked for.
        speed: f64,
    },
    /// The world was made with other settings.
    #[error(
        "The sandbox world in {} was made with {setting} {made}, not {asked}. These are fixed when a world \
         is made: leave the flag out to go on with it, or add --fresh to `quarterdeck sandbox` \
         to make a new world.",
        path.display()
    )]
    Fixed {
        /// The world's file.
        path: PathBuf,
        /// `scenario`, `seed` or `speed`.
        setting: &'static str,
        /// The world's value.
        made: String,
        /// The value asked for.
        asked: String,
    },
    /// A newer or older program made it.
    #[error(
        "The sandbox world in {} has format {found}, and this program knows format {known}. \
         `quarterdeck sandbox --fresh` makes a new world (the old file is kept beside it); or use \
         --state-dir for another place.",
        path.display()
    )]
    Version {
        /// The world's file.
        path: PathBuf,
        /// The file's format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A database of somebody else.
    #[error(
        "{} is not a sandbox world. `quarterdeck sandbox --fresh` sets it aside and makes a new world; or use \
         --state-dir for another place.",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Not readable as a database any more.
    #[error(
        "The sandbox world in {} is damaged ({reason}). `quarterdeck sandbox --fresh` makes a new \
         world; or use --state-dir for another place.",
        path.display()
    )]
    Damaged {
        /// The world's file.
        path: PathBuf,
        /// In SQLite's words.
        reason: String,
    },
    /// It can be read and not written.
    #[error(
        "The sandbox world in {} cannot be written: a simulated fleet needs a place that it may change. \
         Make it writable, or use --state-dir for another place.",
        path.display()
    )]
    ReadOnly {
        /// The world's file.
        path: PathBuf,
    },
    /// The file or its directory cannot be made or opened.
    #[error(
        "The sandbox world cannot be kept in {} ({reason}). Use --state-dir to name a directory that can be \
         written.",
        path.display()
    )]
    Place {
        /// The file or directory.
        path: PathBuf,
        /// In the system's words.
        reason: String,
    },
    /// Another process holds it.
    #[error(
        "The sandbox world in {} is held by another process. Wait for it to end, or use --state-dir for \
         another place.",
        path.display()
    )]
    Busy {
        /// The world's file.
        path: PathBuf,
    },
}

impl SandboxError {
    /// What an error of SQLite means for the world in this file.
    pub(super) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let path = path.to_owned();
        let reason = crate::fleet::text::one_line(&error.to_string());
        match error.sqlite_error_code() {
            Some(Code::ReadOnly) => Self::ReadOnly { path },
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy { path },
            Some(Code::CannotOpen | Code::PermissionDenied | Code::SystemIoFailure | Code::DiskFull) => {
                Self::Place { path, reason }
            }
            Some(Code::NotADatabase) => Self::Foreign { path },
            _ => Self::Damaged { path, reason },
        }
    }
}
