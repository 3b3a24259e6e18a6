//! The secrets whose values never appear in clean text.

use std::collections::BTreeSet;
use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};

/// What stands in the place of a secret.
pub(super) const MASK: &str = "••••";

/// A shorter value is not masked: it would be found everywhere and say nothing.
pub const SHORTEST_SECRET: usize = 4;

/// A line of a secret of several lines (a key) is masked by itself from this length on.
const SHORTEST_LINE: usize = 8;

/// The values to mask. Prints nothing of them.
#[derive(Clone, Default)]
pub struct Secrets {
    needles: Vec<String>,
    automaton: Option<AhoCorasick>,
    longest: usize,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} values)", self.needles.len())
    }
}

impl Secrets {
    /// Masks these values, also as they stand in a URL. Values under [`SHORTEST_SECRET`] bytes are left alone.
    #[must_use]
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needles = BTreeSet::new();
        for value in values {
            let lines = super::clean_lines(value.as_bytes());
            let least = if lines.len() > 1 { SHORTEST_LINE } else { SHORTEST_SECRET };
            for line in lines {
                let line = line.as_str().trim();
                if line.len() >= least {
                    needles.insert(in_url(line));
                    needles.insert(line.to_owned());
                }
            }
        }
        let needles: Vec<String> = needles.into_iter().collect();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&needles).ok();
        let longest = needles.iter().map(String::len).max().unwrap_or(0);
        Self { automaton: automaton.filter(|_| !needles.is_empty()), needles, longest }
    }

    /// The length of the longest value in bytes.
    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// Where values stand, in order, never overlapping.
    pub(super) fn find<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        self.automaton
            .iter()
            .flat_map(move |automaton| automaton.find_iter(text))
            .map(|m| (m.start(), m.end()))
    }

    /// Where at the end of `text` a value may have begun: the length of the longest such beginning.
    pub(super) fn begun(&self, text: &str) -> usize {
        let longest = |needle: &String| {
            let ends = needle.char_indices().map(|(end, _)| end).filter(|end| *end > 0);
            ends.filter(|end| text.ends_with(&needle[..*end])).max().unwrap_or(0)
        };
        self.needles.iter().map(longest).max().unwrap_or(0)
    }
}

/// As in `postgres://user:VALUE@host`: everything but the unreserved characters percent-encoded.
fn in_url(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print_themselves() {
        let secrets = Secrets::new(["correct horse"]);
        assert!(!format!("{secrets:?}").contains("horse"));
    }

    #[test]
    fn the_form_in_a_url_is_known_and_short_values_are_left_alone() {
        let secrets = Secrets::new(["p@ss/word", "abc"]);
        assert_eq!(secrets.find("x p%40ss%2Fword abc").collect::<Vec<_>>(), [(2, 15)]);
    }

    #[test]
    fn a_value_that_has_only_begun_is_noticed() {
        let secrets = Secrets::new(["hunter22", "tree"]);
        assert_eq!(secrets.begun("password: hunt"), 4);
        assert_eq!(secrets.begun("password: hunter22"), 0);
        assert_eq!(secrets.begun("nothing"), 0);
    }

    #[test]
    fn the_lines_of_a_key_are_masked_one_by_one() {
        let secrets = Secrets::new(["-----BEGIN KEY-----\nAAAAB3NzaC1yc2E\nxyz\n"]);
        assert_eq!(secrets.find("  AAAAB3NzaC1yc2E").count(), 1);
        assert_eq!(secrets.find("xyz").count(), 0);
    }
}
