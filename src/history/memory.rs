//! What triage remembers of each environment.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;

use thiserror::Error;

use super::History;
use crate::fleet::EnvironmentName;
use crate::triage::Memory;

/// A memory is some kilobytes; what is larger is none of ours.
const MOST: u64 = 4 << 20;

/// Why what was known could not be read or kept.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// It could not be read.
    #[error("{} cannot be read ({error}): since when things are so is not known", place.display())]
    Read {
        /// The file.
        place: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It makes no sense.
    #[error("{} makes no sense ({what}): since when things are so is not known; remove the file", place.display())]
    Nonsense {
        /// The file.
        place: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// It could not be written.
    #[error("{} cannot be written ({error}): since when things are so will not be known later", place.display())]
    Write {
        /// The file.
        place: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl History {
    /// What is remembered of an environment; nothing where nobody has looked yet.
    ///
    /// # Errors
    /// The file cannot be read, or makes no sense.
    pub fn memory(&self, environment: &EnvironmentName) -> Result<Memory, HistoryError> {
        let place = self.file(environment.as_str(), "json");
        let read = fs::metadata(&place).and_then(|meta| {
            if meta.len() > MOST {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too large"));
            }
            fs::read(&place)
        });
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Memory::default()),
            Err(error) => return Err(HistoryError::Read { place, error }),
        };
        serde_json::from_slice(&bytes)
            .map_err(|error| HistoryError::Nonsense { place, what: error.to_string() })
    }

    /// Keeps it: all of it or nothing. What another console has kept meanwhile of what people said stays.
    ///
    /// # Errors
    /// The directory or the file cannot be written.
    pub fn keep(&self, environment: &EnvironmentName, memory: &Memory) -> Result<(), HistoryError> {
        let place = self.file(environment.as_str(), "json");
        let kept = match self.memory(environment) {
            Ok(there) => memory.with_words_of(&there),
            Err(_) => memory.clone(),
        };
        self.write(&place, &kept).map_err(|error| HistoryError::Write { place, error })
    }

    fn write(&self, place: &std::path::Path, memory: &Memory) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(&serde_json::to_vec(memory)?)?;
        file.persist(place).map_err(|error| error.error)?;
        Ok(())
    }
}
