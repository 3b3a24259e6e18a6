//! How long such runs took before.

use std::collections::BTreeMap;

use super::past::Record;
use crate::engine::RunId;
use crate::engine::store::RunState;
use crate::fleet::EnvironmentName;

/// So many earlier runs count, the latest ones.
const LATEST: usize = 5;

/// How long earlier runs of an operation took that came to their good end, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usual {
    /// Each, latest first.
    pub runs: Vec<u64>,
    /// Of each step, by its title, what each took.
    steps: BTreeMap<String, Vec<u64>>,
}

impl Usual {
    /// Of an operation in an environment; in any other one where it never ran there. One run may be left out.
    #[must_use]
    pub fn of(
        history: &[Record],
        operation: &str,
        environment: &EnvironmentName,
        but: Option<&RunId>,
    ) -> Self {
        let good = || {
            history.iter().filter(|past| {
                past.operation == operation && past.state == RunState::Done && Some(&past.id) != but
            })
        };
        let here = Self::from(good().filter(|past| past.environment == *environment));
        if here.runs.is_empty() { Self::from(good()) } else { here }
    }

    fn from<'r>(records: impl Iterator<Item = &'r Record>) -> Self {
        let mut usual = Self::default();
        for past in records.take(LATEST) {
            usual.runs.extend(past.took());
            for (title, took) in &past.steps {
                usual.steps.entry(title.clone()).or_default().push(*took);
            }
        }
        usual
    }

    /// The time in the middle.
    #[must_use]
    pub fn time(&self) -> Option<u64> {
        median(&self.runs)
    }

    /// The same of a step.
    #[must_use]
    pub fn step(&self, title: &str) -> Option<u64> {
        median(self.steps.get(title)?)
    }

    /// The shortest and the longest.
    #[must_use]
    pub fn range(&self) -> Option<(u64, u64)> {
        Some((*self.runs.iter().min()?, *self.runs.iter().max()?))
    }
}

fn median(times: &[u64]) -> Option<u64> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).copied()
}
