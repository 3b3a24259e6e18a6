//! Which lines of a scrollback pass a test, kept as their numbers, so that drawing never looks at the others.

use std::collections::VecDeque;

use super::scrollback::{Entry, Scrollback};
use crate::logs::Level;
use crate::remote::Stream;

/// What a line has to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Test {
    only_errors: bool,
    level: Option<Level>,
    words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    wanted: bool,
    exact: bool,
}

impl Word {
    fn new(text: &str, wanted: bool) -> Self {
        let exact = text.chars().any(char::is_uppercase);
        Self { text: text.to_owned(), wanted, exact }
    }

    fn is_in(&self, line: &str) -> bool {
        find(line, &self.text, self.exact).is_some()
    }
}

/// The first place of a text in a line, without regard to the case of letters unless it has to be exact.
#[must_use]
pub fn find(line: &str, text: &str, exact: bool) -> Option<(usize, usize)> {
    if exact {
        return line.find(text).map(|at| (at, at + text.len()));
    }
    if line.is_ascii() && text.is_ascii() {
        let (line, text) = (line.as_bytes(), text.as_bytes());
        let at = line.windows(text.len().max(1)).position(|part| part.eq_ignore_ascii_case(text))?;
        return Some((at, at + text.len()));
    }
    // Lower case may be longer or shorter: its places are not the line's.
    let text = text.to_lowercase();
    line.char_indices().find_map(|(at, _)| {
        let mut rest = line[at..].char_indices();
        let mut wanted = text.chars().peekable();
        loop {
            if wanted.peek().is_none() {
                return Some((at, at + rest.next().map_or(line.len() - at, |(end, _)| end)));
            }
            let (_, c) = rest.next()?;
            if !c.to_lowercase().all(|c| wanted.next() == Some(c)) {
                return None;
            }
        }
    })
}

impl Test {
    /// Every line passes.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Only what was printed on standard error, or everything.
    #[must_use]
    pub const fn only_errors(mut self, only: bool) -> Self {
        self.only_errors = only;
        self
    }

    /// Only what is at least so serious; a line that says nothing about it counts as info.
    #[must_use]
    pub const fn level(mut self, least: Option<Level>) -> Self {
        self.level = least;
        self
    }

    /// Lines with all these words; capital letters count where there are any; `!word` leaves lines out.
    #[must_use]
    pub fn words(mut self, text: &str) -> Self {
        self.words = text
            .split_whitespace()
            .filter_map(|word| match word.strip_prefix('!') {
                Some("") => None,
                Some(word) => Some(Word::new(word, false)),
                None => Some(Word::new(word, true)),
            })
            .collect();
        self
    }

    /// Lines with this text, blanks included.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self { words: vec![Word::new(text, true)], ..Self::default() }
    }

    /// Whether a line passes.
    #[must_use]
    pub fn passes(&self, entry: &Entry) -> bool {
        (!self.only_errors || entry.stream == Stream::Err)
            && self.level.is_none_or(|least| entry.level.unwrap_or(Level::Info) >= least)
            && self.words.iter().all(|word| word.is_in(entry.text.as_str()) == word.wanted)
    }

    /// Texts to mark where they stand, with whether capital letters count.
    pub fn marks(&self) -> impl Iterator<Item = (&str, bool)> {
        self.words.iter().filter(|word| word.wanted).map(|word| (word.text.as_str(), word.exact))
    }
}

/// The numbers of the lines that pass, oldest first.
#[derive(Clone, Debug)]
pub struct Sieve {
    test: Test,
    numbers: VecDeque<u64>,
}

impl Sieve {
    /// Looks at every line that is kept, once.
    #[must_use]
    pub fn new(test: Test, lines: &Scrollback) -> Self {
        let mut sieve = Self { test, numbers: VecDeque::new() };
        sieve.note(lines, lines.first());
        sieve
    }

    /// Looks at the lines from this number on, and forgets those that are gone.
    pub fn note(&mut self, lines: &Scrollback, from: u64) {
        let first = lines.first();
        while self.numbers.front().is_some_and(|number| *number < first) {
            self.numbers.pop_front();
        }
        for number in from.max(first)..lines.end() {
            if lines.get(number).is_some_and(|entry| self.test.passes(entry)) {
                self.numbers.push_back(number);
            }
        }
    }

    /// What it tests.
    #[must_use]
    pub const fn test(&self) -> &Test {
        &self.test
    }

    /// How many passed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether none passed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The number at a place.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<u64> {
        self.numbers.get(place).copied()
    }

    /// The place of this number, or of the next that passed.
    #[must_use]
    pub fn place_of(&self, number: u64) -> usize {
        self.numbers.partition_point(|known| *known < number)
    }

    /// The next that passed after this one.
    #[must_use]
    pub fn after(&self, number: u64) -> Option<u64> {
        self.at(self.place_of(number.saturating_add(1)))
    }

    /// The last that passed before this one.
    #[must_use]
    pub fn before(&self, number: u64) -> Option<u64> {
        self.at(self.place_of(number).checked_sub(1)?)
    }
}
