//! What is copied or saved of a pane: what memory has, or where the rest is.

use std::path::PathBuf;

use super::run::Run;
use super::sieve::Test;

/// The most that is copied: terminals take no more.
pub const CLIPBOARD: usize = 64 << 10;

/// All that a server printed, when memory has only the newest of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The file of the run's record.
    pub file: PathBuf,
    /// Which lines of it are wanted.
    pub test: Test,
    /// Lines that have begun and not ended: they are in no file yet.
    pub open: Vec<String>,
}

/// Lines to save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// These.
    Here(String),
    /// Those of the record.
    OnDisk(Whole),
}

impl Run {
    /// Where all is that a server printed, if memory has given up some of it and the record goes on.
    #[must_use]
    pub fn whole(&self, place: usize) -> Option<Whole> {
        let (dir, member) = (self.output_dir.as_ref()?, self.members.get(place)?);
        let pane = &member.pane;
        if pane.lines.first() == 0 || self.trouble.is_some() {
            return None;
        }
        let test = pane.test().cloned().unwrap_or_default();
        let open = pane.lines.open().filter(|entry| test.passes(entry));
        let open = open.map(|entry| entry.text.as_str().to_owned()).collect();
        let file = crate::engine::store::output_in(dir, member.instance().as_str());
        Some(Whole { file, test, open })
    }
}
