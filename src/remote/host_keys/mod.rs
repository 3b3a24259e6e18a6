//! Host keys, pinned per instance id.
//!
//! An address is reused, an instance id never is: a new instance on an old address is no alarm, another key for
//! the same instance is one. Keys come from the instance's console output where AWS has it, otherwise the
//! operator decides once. One file per instance, in ssh's own format, so that ssh itself is the one who checks.

mod console;
mod key;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use crate::fleet::InstanceId;

pub use console::keys_in_console;
pub use key::{HostKey, decode as decode_base64};

/// From where a pinned key is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The instance printed it on its console, which AWS handed out.
    Console,
    /// The operator looked at its fingerprint and said yes.
    Operator,
}

impl Origin {
    const fn word(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Operator => "operator",
        }
    }
}

/// On whose word a key is pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The instance printed these on its console.
    Console(Vec<HostKey>),
    /// The operator saw this fingerprint, `SHA256:…` with or without its type: what the server presents now is
    /// pinned if it is the same.
    Operator(String),
    /// The same, in the place of whatever was pinned.
    Replace(String),
}

/// One pinned key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pin {
    /// The key.
    pub key: HostKey,
    /// From where it is known.
    pub origin: Origin,
    /// Since when.
    pub at: Option<Timestamp>,
}

/// Why keys were not pinned.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// The instance is pinned to other keys. Nothing was changed.
    #[error(
        "{instance} is pinned to {}, and these are others: {}", list(.pinned), list(.presented)
    )]
    Changed {
        /// The instance.
        instance: InstanceId,
        /// What is pinned.
        pinned: Vec<HostKey>,
        /// What was to be pinned.
        presented: Vec<HostKey>,
    },
    /// There was nothing to pin.
    #[error("no host key was given for {0}")]
    NoKey(InstanceId),
    /// The store could not be read or written.
    #[error("the host keys of {instance} in {path} could not be kept: {error}", path = path.display())]
    Io {
        /// The instance.
        instance: InstanceId,
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

fn list(keys: &[HostKey]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

/// The store: `host-keys/` under the state directory.
#[derive(Clone, Debug)]
pub struct HostKeys {
    directory: PathBuf,
}

impl HostKeys {
    /// Opens the store, making it with mode 0700 when it is not there.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn open(state: &Path) -> io::Result<Self> {
        let directory = state.join("host-keys");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        Ok(Self { directory })
    }

    /// The file that ssh reads for this instance. It need not exist.
    #[must_use]
    pub fn file(&self, instance: &InstanceId) -> PathBuf {
        // Whatever the id holds, the file stays in the store.
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        self.directory.join(instance.as_str().chars().map(safe).collect::<String>())
    }

    /// What is pinned for the instance; nothing if it is new to us.
    ///
    /// # Errors
    /// When its file cannot be read: then nobody may connect, for a key may be pinned.
    pub fn pinned(&self, instance: &InstanceId) -> Result<Vec<Pin>, PinError> {
        let path = self.file(instance);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.lines().filter_map(pin_in).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(PinError::Io { instance: instance.clone(), path, error }),
        }
    }

    /// Pins these keys. Where some are pinned already, at least one must be among the new ones: then the others
    /// join it.
    ///
    /// # Errors
    /// [`PinError::Changed`] when none of them is the one pinned.
    pub fn pin(
        &self,
        instance: &InstanceId,
        keys: &[HostKey],
        origin: Origin,
        at: Timestamp,
    ) -> Result<(), PinError> {
        let mut pins = self.pinned(instance)?;
        if !pins.is_empty() && !pins.iter().any(|pin| keys.contains(&pin.key)) {
            return Err(PinError::Changed {
                instance: instance.clone(),
                pinned: pins.into_iter().map(|pin| pin.key).collect(),
                presented: keys.to_vec(),
            });
        }
        let new: Vec<_> = keys.iter().filter(|key| pins.iter().all(|pin| pin.key != **key)).collect();
        pins.extend(new.into_iter().map(|key| Pin { key: key.clone(), origin, at: Some(at) }));
        self.write(instance, &pins)
    }

    /// Pins these keys in the place of whatever was pinned: after the operator saw both fingerprints.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn replace(
        &self,
        instance: &InstanceId,
        keys: &[HostKey],
        origin: Origin,
        at: Timestamp,
    ) -> Result<(), PinError> {
        let pins: Vec<Pin> = keys.iter().map(|key| Pin { key: key.clone(), origin, at: Some(at) }).collect();
        self.write(instance, &pins)
    }

    /// Forgets a terminated instance.
    ///
    /// # Errors
    /// When its file is there and cannot be removed.
    pub fn forget(&self, instance: &InstanceId) -> Result<(), PinError> {
        let path = self.file(instance);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(PinError::Io { instance: instance.clone(), path, error })
            }
            _ => Ok(()),
        }
    }

    fn write(&self, instance: &InstanceId, pins: &[Pin]) -> Result<(), PinError> {
        if pins.is_empty() {
            return Err(PinError::NoKey(instance.clone()));
        }
        let mut text = String::new();
        for pin in pins {
            let at = pin.at.map(|at| at.to_string()).unwrap_or_default();
            text.push_str(format!("{instance} {} {} {at}", pin.key.line(), pin.origin.word()).trim_end());
            text.push('\n');
        }
        let path = self.file(instance);
        replace_file(&path, text.as_bytes()).map_err(|error| PinError::Io {
            instance: instance.clone(),
            path,
            error,
        })
    }
}

fn pin_in(line: &str) -> Option<Pin> {
    let (_, rest) = line.split_once(' ')?;
    let mut words = rest.split(' ').skip(2);
    let origin = if words.next() == Some("console") { Origin::Console } else { Origin::Operator };
    Some(Pin { key: HostKey::parse(rest)?, origin, at: words.next().and_then(|at| at.parse().ok()) })
}

/// A reader sees the old file or the new one, also after a crash.
fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().ok_or_else(|| io::Error::other("it has no directory"))?;
    // Made with mode 0600.
    let mut new = tempfile::NamedTempFile::new_in(directory)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: usize) -> HostKey {
        let lines = [include_str!("testdata/ed25519.pub"), include_str!("testdata/ecdsa.pub")];
        HostKey::parse(lines[n]).unwrap()
    }

    fn store() -> (tempfile::TempDir, HostKeys) {
        let state = tempfile::tempdir().unwrap();
        let keys = HostKeys::open(state.path()).unwrap();
        (state, keys)
    }

    #[test]
    fn what_was_pinned_is_found_again_with_its_origin_and_time() {
        let (state, keys) = store();
        let (id, at) = (InstanceId::new("i-0a1"), "2026-11-22T12:00:00Z".parse().unwrap());
        assert_eq!(keys.pinned(&id).unwrap(), []);
        keys.pin(&id, &[key(0)], Origin::Console, at).unwrap();
        let again = HostKeys::open(state.path()).unwrap();
        assert_eq!(again.pinned(&id).unwrap(), [Pin { key: key(0), origin: Origin::Console, at: Some(at) }]);
    }

    #[test]
    fn another_key_for_the_same_instance_is_refused_and_names_both() {
        let (_state, keys) = store();
        let id = InstanceId::new("i-0a1");
        keys.pin(&id, &[key(0)], Origin::Console, Timestamp::UNIX_EPOCH).unwrap();
        let error =
            keys.pin(&id, &[key(1)], Origin::Operator, Timestamp::UNIX_EPOCH).unwrap_err().to_string();
        assert!(error.contains(&key(0).fingerprint()) && error.contains(&key(1).fingerprint()), "{error}");
        assert_eq!(keys.pinned(&id).unwrap().len(), 1);
    }

    #[test]
    fn another_instance_may_have_any_key() {
        let (_state, keys) = store();
        keys.pin(&"i-0a1".into(), &[key(0)], Origin::Console, Timestamp::UNIX_EPOCH).unwrap();
        keys.pin(&"i-0a2".into(), &[key(1)], Origin::Operator, Timestamp::UNIX_EPOCH).unwrap();
    }

    #[test]
    fn keys_that_come_with_the_pinned_one_join_it() {
        let (_state, keys) = store();
        let id = InstanceId::new("i-0a1");
        keys.pin(&id, &[key(0)], Origin::Operator, Timestamp::UNIX_EPOCH).unwrap();
        keys.pin(&id, &[key(1), key(0)], Origin::Console, Timestamp::UNIX_EPOCH).unwrap();
        let pins = keys.pinned(&id).unwrap();
        assert_eq!(
            pins.iter().map(|pin| pin.origin).collect::<Vec<_>>(),
            [Origin::Operator, Origin::Console]
        );
    }

    #[test]
    fn the_operator_may_replace_and_forget() {
        let (_state, keys) = store();
        let id = InstanceId::new("i-0a1");
        keys.pin(&id, &[key(0)], Origin::Console, Timestamp::UNIX_EPOCH).unwrap();
        keys.replace(&id, &[key(1)], Origin::Operator, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(keys.pinned(&id).unwrap()[0].key, key(1));
        keys.forget(&id).unwrap();
        keys.forget(&id).unwrap();
        assert_eq!(keys.pinned(&id).unwrap(), []);
    }

    #[test]
    fn no_id_leads_out_of_the_store() {
        let (_state, keys) = store();
        let file = keys.file(&"../../etc/passwd".into());
        assert_eq!(file.parent(), Some(keys.directory.as_path()));
    }

    #[test]
    fn nothing_is_not_pinned() {
        let (_state, keys) = store();
        assert!(keys.pin(&"i-1".into(), &[], Origin::Console, Timestamp::UNIX_EPOCH).is_err());
        assert!(keys.replace(&"i-1".into(), &[], Origin::Console, Timestamp::UNIX_EPOCH).is_err());
    }
}
