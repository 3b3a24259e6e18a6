//! Answers of a setup that was left, under the state directory: a file for each project directory, without secrets.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::write;
use crate::setup::Kept;

/// Where answers are kept.
#[derive(Clone, Debug)]
pub(super) struct Keeper {
    file: Option<PathBuf>,
}

impl Keeper {
    pub(super) fn new(state_dir: Option<PathBuf>, project: &Path) -> Self {
        let whole = fs::canonicalize(project).unwrap_or_else(|_| project.to_owned());
        let digest = Sha256::digest(whole.as_os_str().as_encoded_bytes());
        let name = digest.iter().take(8).fold(0_u64, |name, byte| (name << 8) | u64::from(*byte));
        Self { file: state_dir.map(|dir| dir.join("setup").join(format!("{name:016x}.json"))) }
    }

    /// The answers of another time, if there are any that can be read.
    pub(super) fn load(&self) -> Option<Kept> {
        Kept::parse(&fs::read_to_string(self.file.as_ref()?).ok()?)
    }

    pub(super) fn keep(&self, kept: Option<&Kept>) -> Result<(), String> {
        let Some(file) = &self.file else {
            return Err("there is no home directory; name a place with --state-dir".into());
        };
        match kept {
            Some(kept) => write::whole(file, &kept.text(), true),
            None => match fs::remove_file(file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(format!("{}: {error}", file.display()))
                }
                _ => Ok(()),
            },
        }
    }
}
