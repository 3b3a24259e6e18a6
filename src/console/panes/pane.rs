//! A scrollback and how it is looked at: following or scrolled, narrowed, searched. Whatever is kept, drawing and
//! scrolling touch only the lines that are seen.

use std::ops::Range;

use super::rows::{rows_of, segments};
use super::scrollback::{Bounds, Entry, Scrollback};
use super::sieve::{Sieve, Test};

/// The room a pane's texts have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Cells for the text of a line, what stands before it not counted.
    pub cells: u16,
    /// Rows.
    pub rows: u16,
    /// Whether long lines take more rows; otherwise they are cut.
    pub wrap: bool,
}

/// The first row that is seen: a line and one of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Anchor {
    /// The line's number.
    pub number: u64,
    /// Rows of it that are above.
    pub row: usize,
}

/// How far to scroll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rows up (negative) or down.
    Rows(isize),
    /// Screenfuls up (negative) or down.
    Screens(isize),
    /// To the oldest line that is kept.
    First,
    /// To the newest, and on with it.
    Last,
}

/// A row as it is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The line's number; none while it is unfinished.
    pub number: Option<u64>,
    /// The line.
    pub entry: &'a Entry,
    /// The part of its text on this row.
    pub part: Range<usize>,
    /// Whether this is the line's first row.
    pub begins: bool,
}

/// A scrollback and a view of it.
#[derive(Clone, Debug)]
pub struct Pane {
    /// The lines.
    pub lines: Scrollback,
    /// Where the view stands; none follows the newest line.
    anchor: Option<Anchor>,
    /// The line that was found or clicked.
    pub marked: Option<u64>,
    sieve: Option<Sieve>,
    hits: Option<Sieve>,
}

impl Pane {
    /// An empty pane that follows.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { lines: Scrollback::new(bounds), anchor: None, marked: None, sieve: None, hits: None }
    }

    /// Takes in lines, each with whether it is unfinished. Costs what the batch has, whatever is kept.
    pub fn extend(&mut self, batch: impl IntoIterator<Item = (Entry, bool)>) {
        let from = self.lines.end();
        for (entry, unfinished) in batch {
            self.lines.push(entry, unfinished);
        }
        self.lines_changed(from);
    }

    /// Gives the oldest lines up until the rest takes no more than so many bytes.
    pub fn shrink(&mut self, bytes: usize) {
        self.lines.shrink(bytes);
        self.lines_changed(self.lines.end());
    }

    fn lines_changed(&mut self, from: u64) {
        for sieve in self.sieve.iter_mut().chain(self.hits.iter_mut()) {
            sieve.note(&self.lines, from);
        }
        if self.marked.is_some_and(|number| number < self.lines.first()) {
            self.marked = None;
        }
    }

    /// Shows only the lines that pass.
    pub fn narrow(&mut self, test: Test) {
        if self.sieve.as_ref().map_or_else(|| test.is_open(), |sieve| *sieve.test() == test) {
            return;
        }
        self.sieve = (!test.is_open()).then(|| Sieve::new(test, &self.lines));
        self.marked = None;
    }

    /// Looks for a text in the lines that are shown; nothing when it is empty.
    pub fn search(&mut self, text: &str) {
        let wanted = (!text.is_empty()).then(|| Test::text(text));
        if self.hits.as_ref().map(Sieve::test) == wanted.as_ref() {
            return;
        }
        self.hits = wanted.map(|test| Sieve::new(test, &self.lines));
        self.marked = None;
    }

    /// What the view is narrowed to.
    #[must_use]
    pub fn test(&self) -> Option<&Test> {
        self.sieve.as_ref().map(Sieve::test)
    }

    /// What is looked for.
    #[must_use]
    pub fn needle(&self) -> Option<&Test> {
        self.hits.as_ref().map(Sieve::test)
    }

    /// How many lines have what is looked for.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.hits.as_ref().map_or(0, Sieve::len)
    }

    /// Whether the newest line is followed.
    #[must_use]
    pub const fn follows(&self) -> bool {
        self.anchor.is_none()
    }

    /// Follows the newest line from now on.
    pub fn follow(&mut self) {
        self.anchor = None;
    }

    /// Stays where it is from now on.
    pub fn hold(&mut self, room: Room) {
        if self.anchor.is_none() {
            self.anchor = Some(self.first_seen(room));
        }
    }

    /// How many lines are shown of those kept.
    #[must_use]
    pub fn count(&self) -> usize {
        self.finished() + self.open().count()
    }

    fn finished(&self) -> usize {
        match &self.sieve {
            Some(sieve) => sieve.len(),
            None => usize::try_from(self.lines.end() - self.lines.first()).unwrap_or(usize::MAX),
        }
    }

    fn open(&self) -> impl Iterator<Item = &Entry> {
        let test = self.test();
        self.lines.open().filter(move |entry| test.is_none_or(|test| test.passes(entry)))
    }

    fn number_at(&self, place: usize) -> Option<u64> {
        match &self.sieve {
            Some(sieve) => sieve.at(place),
            None => (place < self.finished()).then(|| self.lines.first() + place as u64),
        }
    }

    fn place_of(&self, number: u64) -> usize {
        match &self.sieve {
            Some(sieve) => sieve.place_of(number),
            None => usize::try_from(number.saturating_sub(self.lines.first()))
                .unwrap_or(usize::MAX)
                .min(self.finished()),
        }
    }

    /// The line at a place among those shown.
    fn at(&self, place: usize) -> Option<(Option<u64>, &Entry)> {
        match self.number_at(place) {
            Some(number) => Some((Some(number), self.lines.get(number)?)),
            None => self.open().nth(place.checked_sub(self.finished())?).map(|entry| (None, entry)),
        }
    }

    fn height(&self, place: usize, room: Room) -> usize {
        let Some((_, entry)) = self.at(place) else { return 0 };
        if room.wrap { rows_of(entry.text.as_str(), room.cells) } else { 1 }
    }

    /// The place and row from which everything to the end fits.
    fn bottom(&self, room: Room) -> (usize, usize) {
        let mut left = usize::from(room.rows.max(1));
        let mut place = self.count();
        while place > 0 {
            let height = self.height(place - 1, room);
            if height >= left {
                return (place - 1, height - left);
            }
            left -= height;
            place -= 1;
        }
        (0, 0)
    }

    /// The first row seen, as place and row.
    fn top(&self, room: Room) -> (usize, usize) {
        let bottom = self.bottom(room);
        let Some(anchor) = self.anchor else { return bottom };
        let place = self.place_of(anchor.number);
        let same = self.number_at(place) == Some(anchor.number);
        let row = if same { anchor.row.min(self.height(place, room).saturating_sub(1)) } else { 0 };
        (place, row).min(bottom)
    }

    fn first_seen(&self, room: Room) -> Anchor {
        let (place, row) = self.top(room);
        // An unfinished line has no number yet: it will get the next one.
        Anchor { number: self.number_at(place).unwrap_or(self.lines.end()), row }
    }

    /// The rows that are seen, oldest first: never more than there is room for.
    #[must_use]
    pub fn shown(&self, room: Room) -> Vec<Shown<'_>> {
        let (mut place, row) = self.top(room);
        let mut skip = row;
        let most = usize::from(room.rows);
        let mut rows = Vec::with_capacity(most);
        while rows.len() < most {
            let Some((number, entry)) = self.at(place) else { break };
            let text = entry.text.as_str();
            if room.wrap {
                let parts = segments(text, room.cells).into_iter().enumerate().skip(skip);
                let parts = parts.map(|(n, part)| Shown { number, entry, part, begins: n == 0 });
                rows.extend(parts.take(most - rows.len()));
            } else {
                rows.push(Shown { number, entry, part: 0..text.len(), begins: true });
            }
            skip = 0;
            place += 1;
        }
        rows
    }

    /// Scrolls. At the end the newest line is followed again.
    pub fn scroll(&mut self, step: Step, room: Room) {
        let screenful = isize::try_from(room.rows.saturating_sub(1).max(1)).unwrap_or(1);
        let by = match step {
            Step::Rows(by) => by,
            Step::Screens(by) => by.saturating_mul(screenful),
            Step::Last => return self.follow(),
            Step::First => {
                self.anchor = Some(Anchor { number: self.number_at(0).unwrap_or(0), row: 0 });
                return;
            }
        };
        let (mut place, mut row) = self.top(room);
        if by < 0 {
            let mut left = by.unsigned_abs();
            while left > row && place > 0 {
                left -= row + 1;
                place -= 1;
                row = self.height(place, room).saturating_sub(1);
            }
            row = row.saturating_sub(left);
        } else {
            let mut left = by.unsigned_abs();
            let bottom = self.bottom(room);
            while left > 0 && (place, row) < bottom {
                let rest = self.height(place, room).saturating_sub(1 + row);
                if left <= rest {
                    row += left;
                    break;
                }
                left -= rest + 1;
                place += 1;
                row = 0;
            }
            if (place, row) >= bottom {
                return self.follow();
            }
        }
        let number = self.number_at(place).unwrap_or(self.lines.end());
        self.anchor = Some(Anchor { number, row });
    }

    /// The next line with what is looked for, after (or before) the marked one, else from where the view stands.
    #[must_use]
    pub fn next_hit(&self, forward: bool, room: Room) -> Option<u64> {
        let hits = self.hits.as_ref()?;
        let found = match self.marked {
            Some(number) if forward => hits.after(number),
            Some(number) => hits.before(number),
            None if forward => hits.at(hits.place_of(self.first_seen(room).number)),
            None => hits.before(u64::MAX),
        };
        self.shown_hit(found, forward)
    }

    /// The oldest line with what is looked for, or the newest.
    #[must_use]
    pub fn end_hit(&self, oldest: bool) -> Option<u64> {
        let hits = self.hits.as_ref()?;
        self.shown_hit(if oldest { hits.at(0) } else { hits.before(u64::MAX) }, oldest)
    }

    /// This hit, or the next one that the filter lets through.
    fn shown_hit(&self, mut found: Option<u64>, forward: bool) -> Option<u64> {
        let hits = self.hits.as_ref()?;
        let passes = |number: &u64| {
            let sieve = self.sieve.as_ref();
            sieve.is_none_or(|sieve| sieve.at(sieve.place_of(*number)) == Some(*number))
        };
        while let Some(number) = found.filter(|number| !passes(number)) {
            found = if forward { hits.after(number) } else { hits.before(number) };
        }
        found
    }

    /// Marks a line and brings it to the middle, if it is not seen already.
    pub fn show(&mut self, number: u64, room: Room) {
        self.marked = Some(number);
        if self.shown(room).iter().any(|row| row.number == Some(number)) {
            self.hold(room);
            return;
        }
        self.anchor = Some(Anchor { number, row: 0 });
        let half = isize::try_from(room.rows / 2).unwrap_or(0);
        if half > 0 {
            self.scroll(Step::Rows(-half), room);
        }
    }

    /// All lines that are shown, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Entry> {
        (0..self.count()).rev().filter_map(|place| self.at(place)).map(|(_, entry)| entry)
    }

    /// All lines that are shown, oldest first.
    pub fn texts(&self) -> impl Iterator<Item = &Entry> {
        (0..self.count()).filter_map(|place| self.at(place)).map(|(_, entry)| entry)
    }
}
