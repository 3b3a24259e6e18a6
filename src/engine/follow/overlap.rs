//! Which of a log's lines were told before its connection broke. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::remote::{Line, Stream};

/// So many lines of each log are remembered, and asked for again once a connection is back.
pub(super) const KEPT: u32 = 500;

/// So many lines wait at most until it is known which are new.
const MOST_WAITING: usize = 20_000;

/// One log, on one stream.
type Source = (Option<u16>, Stream);

/// What was told of each log, and what waits to be compared with it.
#[derive(Debug)]
pub(super) struct Seen {
    /// Lines of the past of each log that were asked for at first.
    past: u32,
    /// Digests of the last lines.
    last: BTreeMap<Source, VecDeque<u64>>,
    waiting: Option<Vec<Line>>,
}

impl Seen {
    pub(super) const fn new(past: u32) -> Self {
        Self { past, last: BTreeMap::new(), waiting: None }
    }

    /// The connection is made again, and the logs' last [`KEPT`] lines come first.
    pub(super) fn again(&mut self) {
        self.waiting = Some(Vec::new());
    }

    /// Whether lines wait to be compared.
    pub(super) fn waits(&self) -> bool {
        self.waiting.as_ref().is_some_and(|lines| !lines.is_empty())
    }

    /// Whether no more should wait.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.as_ref().is_some_and(|lines| lines.len() >= MOST_WAITING)
    }

    /// Takes in lines; those to be told now come back.
    pub(super) fn take(&mut self, lines: Vec<Line>) -> Vec<Line> {
        if let Some(waiting) = &mut self.waiting {
            waiting.extend(lines.into_iter().filter(|line| !line.unfinished));
            return Vec::new();
        }
        self.remember(&lines);
        lines
    }

    /// The lines that waited and are new, and whether others may be missing before them.
    pub(super) fn settle(&mut self) -> (Vec<Line>, bool) {
        let waiting = self.waiting.take().unwrap_or_default();
        let mut digests: BTreeMap<Source, Vec<u64>> = BTreeMap::new();
        for line in &waiting {
            digests.entry((line.source, line.stream)).or_default().push(digest(line));
        }
        let mut gap = false;
        let mut known: BTreeMap<Source, usize> = BTreeMap::new();
        for (source, lines) in digests {
            let told = match self.last.get_mut(&source) {
                Some(last) => overlap(last.make_contiguous(), &lines),
                // Nothing was there, so that all of it is new; or nothing of the past was wanted.
                None if self.past > 0 => Some(0),
                None => {
                    gap = true;
                    Some(lines.len())
                }
            };
            gap |= told.is_none();
            known.insert(source, told.unwrap_or(0));
        }
        let is_new = |line: &Line| match known.get_mut(&(line.source, line.stream)) {
            Some(left @ 1..) => {
                *left -= 1;
                false
            }
            _ => true,
        };
        let mut fresh = waiting;
        fresh.retain(is_new);
        self.remember(&fresh);
        (fresh, gap)
    }

    fn remember(&mut self, lines: &[Line]) {
        for line in lines.iter().filter(|line| !line.unfinished) {
            let last = self.last.entry((line.source, line.stream)).or_default();
            if last.len() == KEPT as usize {
                last.pop_front();
            }
            last.push_back(digest(line));
        }
    }
}

fn digest(line: &Line) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(line.text.as_str().as_bytes());
    hasher.finish()
}

/// How many of a log's lines, from the first one on, were told before: as many as end like what was told. None if
/// nothing of them is known.
fn overlap(told: &[u64], lines: &[u64]) -> Option<usize> {
    let ends_like = |told: &[u64]| {
        (1..=lines.len()).rev().find(|end| {
            let common = told.len().min(*end);
            common > 0 && told[told.len() - common..] == lines[end - common..*end]
        })
    };
    // The last line may have been cut by the connection's end: then it is told again, whole.
    ends_like(told).max(ends_like(&told[..told.len().saturating_sub(1)]))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::remote::clean_text::CleanText;

    fn line(source: u16, text: &str) -> Line {
        let (at, text) = (Timestamp::UNIX_EPOCH, CleanText::one_line(text));
        Line { at, stream: Stream::Out, source: Some(source), unfinished: false, text }
    }

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| line(0, text)).collect()
    }

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    fn after(told: &[&str], again: &[&str]) -> (Vec<String>, bool) {
        let mut seen = Seen::new(50);
        seen.take(lines(told));
        seen.again();
        assert!(seen.take(lines(again)).is_empty());
        let (fresh, gap) = seen.settle();
        (texts(&fresh).into_iter().map(str::to_owned).collect(), gap)
    }

    #[test]
    fn only_lines_after_the_last_one_that_was_told_are_new() {
        let new = |texts: &[&str]| (texts.iter().map(|text| (*text).to_owned()).collect(), false);
        assert_eq!(after(&["b", "c"], &["a", "b", "c", "d", "e"]), new(&["d", "e"]), "older ones come first");
        assert_eq!(after(&["a", "b", "c"], &["b", "c", "d"]), new(&["d"]));
        assert_eq!(after(&["a", "b"], &["a", "b"]), new(&[]));
        assert_eq!(after(&["a", "x", "b", "x"], &["a", "x", "b", "x", "x"]), new(&["x"]));
        assert_eq!(after(&[], &["a"]), new(&["a"]), "there was no such log before");
    }

    #[test]
    fn a_line_that_was_cut_is_told_again_whole() {
        assert_eq!(after(&["a", "b", "half"], &["a", "b", "half a line"]).0, ["half a line"]);
    }

    #[test]
    fn what_does_not_fit_is_told_whole_and_as_a_gap() {
        assert_eq!(after(&["a", "b"], &["x", "y"]), (vec!["x".to_owned(), "y".to_owned()], true));
    }

    #[test]
    fn logs_are_compared_each_with_itself_and_stay_in_order() {
        let mut seen = Seen::new(10);
        seen.take(vec![line(0, "a"), line(1, "a")]);
        seen.again();
        seen.take(vec![line(0, "a"), line(0, "b"), line(1, "z"), line(1, "a"), line(1, "c"), line(0, "d")]);
        assert!(seen.waits());
        let (fresh, gap) = seen.settle();
        assert_eq!((texts(&fresh), gap), (vec!["b", "c", "d"], false));
        assert_eq!(texts(&seen.take(lines(&["e"]))), ["e"]);
    }

    #[test]
    fn a_past_that_nobody_wanted_is_not_told() {
        let mut seen = Seen::new(0);
        seen.again();
        seen.take(lines(&["old"]));
        assert_eq!(seen.settle(), (Vec::new(), true));
    }

    proptest! {
        /// Whatever was told, and however much is asked for again: of lines that differ none is told twice, and none
        /// is left out unless a gap is told.
        #[test]
        fn nothing_is_repeated_and_nothing_is_lost(
            first in 0..50_usize, broken in 0..1_200_usize, meanwhile in 0..900_usize,
        ) {
            let all: Vec<String> = (0..first + broken + meanwhile).map(|n| n.to_string()).collect();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let mut seen = Seen::new(50);
            let mut told = seen.take(lines(&all[..first + broken]));
            seen.again();
            seen.take(lines(&all[all.len().saturating_sub(KEPT as usize)..]));
            let (fresh, gap) = seen.settle();
            told.extend(fresh);
            if gap {
                prop_assert!(meanwhile >= KEPT as usize);
            } else if first + broken > 0 {
                prop_assert_eq!(texts(&told), all);
            }
        }
    }
}
