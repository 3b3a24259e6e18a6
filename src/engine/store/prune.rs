//! Old output goes first, old records much later: who ran what outlives what it printed.

use std::fs;

use super::Store;
use crate::engine::RunId;

/// The records of so many runs are kept.
pub(super) const MOST_RUNS: usize = 2_000;

/// So many bytes of output are kept, all runs together; the latest run's always is.
pub(super) const MOST_BYTES: u64 = 1_000_000_000;

/// What is being removed has this before its name, so that it is nobody's run any more.
const GOING: &str = ".going-";

impl Store {
    /// Removes the oldest output and records beyond the limits, never of a run that goes on. What cannot be removed
    /// stays.
    pub(super) fn prune(&self, runs: usize, bytes: u64) {
        let Ok(mut ids) = self.ids() else { return };
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let mut sum = 0;
        for (place, id) in ids.iter().enumerate() {
            let own = self.output_size(id);
            if place > 0 && (place >= runs || own > 0 && sum + own > bytes) && !self.is_running(id) {
                if place >= runs {
                    self.remove(id);
                } else {
                    self.remove_output(id);
                }
                continue;
            }
            sum += own;
        }
        for entry in fs::read_dir(self.dir()).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(GOING)) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn remove_output(&self, id: &RunId) {
        for path in self.outputs(id) {
            let _ = fs::remove_file(path);
        }
    }

    /// First by name, so that nobody sees half of it.
    fn remove(&self, id: &RunId) {
        let going = self.dir().join(format!("{GOING}{id}"));
        let _ = fs::rename(self.dir().join(id.as_str()), &going);
    }
}
