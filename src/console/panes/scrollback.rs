//! The lines of one pane, bounded in number and in bytes.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::logs::Level;
use crate::remote::Stream;
use crate::remote::clean_text::{CleanText, StyleRun};

/// What an allocation takes beside what is in it.
const ALLOCATION: usize = 32;

/// One line as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was printed or, where nobody says, when it arrived.
    pub at: Timestamp,
    /// Where it was printed.
    pub stream: Stream,
    /// Which of several servers and logs it is from; 0 in a pane of one.
    pub origin: u16,
    /// How serious it is, where it says so.
    pub level: Option<Level>,
    /// The text.
    pub text: CleanText,
}

impl Entry {
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + ALLOCATION
            + self.text.as_str().len()
            + size_of_val::<[StyleRun]>(self.text.runs())
    }
}

/// How much is kept. The whole output is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At most so many lines.
    pub lines: usize,
    /// At most so many bytes, what it takes to keep a line counted.
    pub bytes: usize,
}

impl Bounds {
    /// For one of so many panes of a run: together they keep no more than 24 MB.
    #[must_use]
    pub fn one_of(panes: usize) -> Self {
        let bytes = (24 << 20) / panes.max(1);
        Self { lines: 50_000, bytes: bytes.clamp(128 << 10, 16 << 20) }
    }
}

/// The lines of one pane. Each finished line has a number that it keeps; the oldest go when there are too many.
#[derive(Clone, Debug)]
pub struct Scrollback {
    bounds: Bounds,
    first: u64,
    finished: VecDeque<Entry>,
    bytes: usize,
    /// Prompts and progress, whose place the next line of the same stream and origin takes.
    open: BTreeMap<(Stream, u16), Entry>,
}

impl Scrollback {
    /// An empty one.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, first: 0, finished: VecDeque::new(), bytes: 0, open: BTreeMap::new() }
    }

    /// Takes in a line. True when it is finished: it has the number [`Self::end`] had before.
    pub fn push(&mut self, entry: Entry, unfinished: bool) -> bool {
        let place = (entry.stream, entry.origin);
        if unfinished {
            self.open.insert(place, entry);
            return false;
        }
        self.open.remove(&place);
        self.bytes += entry.bytes();
        self.finished.push_back(entry);
        while self.finished.len() > self.bounds.lines.max(1)
            || (self.bytes > self.bounds.bytes && self.finished.len() > 1)
        {
            self.drop_oldest();
        }
        true
    }

    /// Gives the oldest lines up until the rest takes no more than so many bytes; the newest stays.
    pub fn shrink(&mut self, bytes: usize) {
        while self.bytes > bytes && self.finished.len() > 1 {
            self.drop_oldest();
        }
        if self.finished.capacity() / 4 > self.finished.len() {
            self.finished.shrink_to_fit();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.finished.pop_front() {
            self.bytes -= oldest.bytes();
            self.first += 1;
        }
    }

    /// The number of the oldest line that is kept; so many lines are gone.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The number that the next finished line gets; so many came in all.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first + self.finished.len() as u64
    }

    /// The finished line of this number, while it is kept.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Entry> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.finished.get(place)
    }

    /// Lines that have not ended: prompts and progress.
    pub fn open(&self) -> impl Iterator<Item = &Entry> {
        self.open.values()
    }

    /// The newest line: an unfinished one says more than the last finished one.
    #[must_use]
    pub fn last(&self) -> Option<&Entry> {
        let newest = self.open.values().max_by_key(|entry| entry.at);
        newest.or_else(|| self.finished.iter().rev().find(|e| !e.text.as_str().trim().is_empty()))
    }

    /// Bytes that are kept; within the bounds, one over-long line apart.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end() == 0 && self.open.is_empty()
    }
}
