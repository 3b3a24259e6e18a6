//! Lines of many logs as one, in the order of time, as far as a short wait allows.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// So many lines wait at most; then the oldest go out early.
const MOST: usize = 20_000;

/// Puts lines of several sources in order of time. Each waits a little for earlier ones of other sources that are
/// still on their way; then it goes out, whether they came or not. Lines of one source stay in their order.
#[derive(Debug)]
pub struct Merge<T> {
    hold: SignedDuration,
    most: usize,
    /// By time, source and number; with when it came.
    waiting: BTreeMap<(Timestamp, usize, u64), (Timestamp, T)>,
    last: BTreeMap<usize, Timestamp>,
    count: u64,
}

impl<T> Merge<T> {
    /// One in which lines wait so long.
    #[must_use]
    pub fn new(hold: SignedDuration) -> Self {
        Self { hold, most: MOST, waiting: BTreeMap::new(), last: BTreeMap::new(), count: 0 }
    }

    /// One that only [`Merge::rest`] empties: for lines that are known to be few enough.
    #[must_use]
    pub fn whole() -> Self {
        Self { most: usize::MAX, ..Self::new(SignedDuration::MAX) }
    }

    /// A line came. `time` is the line's, `now` when it came.
    pub fn push(&mut self, source: usize, time: Timestamp, now: Timestamp, line: T) {
        // However the source's clock jumps, its lines stay in order.
        let last = self.last.entry(source).or_insert(time);
        *last = time.max(*last);
        self.count += 1;
        self.waiting.insert((*last, source, self.count), (now, line));
    }

    /// Takes out what has waited long enough, in order.
    pub fn ready(&mut self, now: Timestamp) -> Vec<T> {
        let mut ready = Vec::new();
        while let Some(first) = self.waiting.first_entry() {
            // A clock that was set back must not hold anything for ever.
            let waited = now.duration_since(first.get().0).abs();
            if waited < self.hold && self.waiting.len() <= self.most {
                break;
            }
            ready.extend(self.waiting.pop_first().map(|(_, (_, line))| line));
        }
        ready
    }

    /// When the next one will have waited long enough; none if none waits.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        let (came, _) = self.waiting.first_key_value()?.1;
        came.checked_add(self.hold).ok()
    }

    /// Everything that waits, in order.
    pub fn rest(&mut self) -> Vec<T> {
        std::mem::take(&mut self.waiting).into_values().map(|(_, line)| line).collect()
    }
}
