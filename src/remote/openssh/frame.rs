//! Finds in a stream what the scripts say about themselves, and takes it out of what the commands print.

use aho_corasick::{AhoCorasick, MatchKind};

/// The longest rest of a mark's or a header's line.
const LONGEST_WORDS: usize = 200;

/// A piece of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// What was printed.
    Data(&'a [u8]),
    /// Words from the script.
    Mark(&'a str),
    /// What follows belongs to this one of the followed files.
    Source(u16),
}

/// Looks for marks, however the stream is split.
#[derive(Debug)]
pub(super) struct Framer {
    needles: Vec<Vec<u8>>,
    automaton: Option<AhoCorasick>,
    carry: Vec<u8>,
}

impl Framer {
    /// For marks with this nonce, and for tail's headers if files are followed under such names.
    pub(super) fn new(nonce: &str, header: Option<&str>) -> Self {
        let mut needles = vec![format!("\x1e{nonce} ").into_bytes()];
        if let Some(header) = header {
            // tail prints an empty line before each header but the first: it belongs to the header.
            needles.push(format!("\n==> {header}-").into_bytes());
            needles.push(format!("==> {header}-").into_bytes());
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&needles).ok();
        Self { needles, automaton, carry: Vec::new() }
    }

    /// Holds a place: finds nothing.
    pub(super) const fn idle() -> Self {
        Self { needles: Vec::new(), automaton: None, carry: Vec::new() }
    }

    /// Takes in bytes and hands out what they are.
    pub(super) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Piece<'_>)) {
        let joined;
        let mut rest = if self.carry.is_empty() {
            bytes
        } else {
            let mut carry = std::mem::take(&mut self.carry);
            carry.extend_from_slice(bytes);
            joined = carry;
            joined.as_slice()
        };
        while let Some(found) = self.automaton.as_ref().and_then(|automaton| automaton.find(rest)) {
            data(&rest[..found.start()], &mut each);
            let words = &rest[found.end()..];
            let Some(length) = words.iter().take(LONGEST_WORDS).position(|byte| *byte == b'\n') else {
                if words.len() >= LONGEST_WORDS {
                    // No mark of ours is that long.
                    data(&rest[found.start()..found.end()], &mut each);
                    rest = words;
                    continue;
                }
                self.carry.extend_from_slice(&rest[found.start()..]);
                return;
            };
            let text = std::str::from_utf8(&words[..length]).unwrap_or_default();
            let header = found.pattern().as_usize() > 0;
            if !header {
                each(Piece::Mark(text));
            } else if let Some(source) = text.strip_suffix(" <==").and_then(|number| number.parse().ok()) {
                each(Piece::Source(source));
            }
            rest = &words[length + 1..];
        }
        let held = self.begun(rest);
        data(&rest[..rest.len() - held], &mut each);
        self.carry.extend_from_slice(&rest[rest.len() - held..]);
    }

    /// Whether a line's end is held back, for a header may follow.
    pub(super) fn holds_line_end(&self) -> bool {
        self.carry == b"\n"
    }

    /// The stream has ended, or rests: what was held back.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.carry)
    }

    /// How many bytes at the end may be the beginning of a mark.
    fn begun(&self, bytes: &[u8]) -> usize {
        let longest = |needle: &Vec<u8>| {
            let most = (needle.len() - 1).min(bytes.len());
            (1..=most).rev().find(|n| needle.starts_with(&bytes[bytes.len() - n..])).unwrap_or(0)
        };
        self.needles.iter().map(longest).max().unwrap_or(0)
    }
}

fn data(bytes: &[u8], each: &mut impl FnMut(Piece<'_>)) {
    if !bytes.is_empty() {
        each(Piece::Data(bytes));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(framer: &mut Framer, pieces: &[&[u8]]) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for piece in pieces {
            framer.feed(piece, |piece| {
                let text = match piece {
                    Piece::Data(data) => format!("data {}", String::from_utf8_lossy(data)),
                    Piece::Mark(mark) => format!("mark {mark}"),
                    Piece::Source(source) => format!("source {source}"),
                };
                match out.last_mut() {
                    Some(last) if last.starts_with("data ") && text.starts_with("data ") => {
                        last.push_str(&text[5..]);
                    }
                    _ => out.push(text),
                }
            });
        }
        out
    }

    #[test]
    fn marks_are_taken_out_of_what_is_printed() {
        let stream = b"banner\n\x1eabc start\nhello\nno end\x1eabc end 0 exit -\nlate";
        let expected =
            ["data banner\n", "mark start", "data hello\nno end", "mark end 0 exit -", "data late"];
        assert_eq!(read(&mut Framer::new("abc", None), &[stream]), expected);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(read(&mut Framer::new("abc", None), &bytes), expected);
    }

    #[test]
    fn headers_name_the_source_and_bring_no_line_of_their_own() {
        let stream = b"\x1eabc start\n==> abc-0 <==\none\ntw\n==> abc-1 <==\nother\n\n==> abc-0 <==\no";
        assert_eq!(
            read(&mut Framer::new("abc", Some("abc")), &[stream]),
            ["mark start", "source 0", "data one\ntw", "source 1", "data other\n", "source 0", "data o"]
        );
    }

    #[test]
    fn a_log_cannot_pass_for_a_header() {
        let stream = b"\x1eabc start\n==> abc-0 <==\n\n==> /var/log/auth.log <==\nforged";
        assert_eq!(
            read(&mut Framer::new("abc", Some("abc")), &[stream]),
            ["mark start", "source 0", "data \n==> /var/log/auth.log <==\nforged"]
        );
    }

    #[test]
    fn a_lines_end_that_rests_is_handed_out_and_the_next_header_is_still_one() {
        let mut framer = Framer::new("abc", Some("abc"));
        assert_eq!(read(&mut framer, &[b"==> abc-0 <==\none\n"]), ["source 0", "data one"]);
        assert!(framer.holds_line_end());
        assert_eq!(framer.finish(), b"\n");
        assert_eq!(read(&mut framer, &[b"\n==> abc-1 <==\ntwo"]), ["source 1", "data two"]);
    }

    #[test]
    fn a_mark_without_an_end_is_no_mark() {
        let mut framer = Framer::new("abc", None);
        let long = format!("\x1eabc {}", "x".repeat(LONGEST_WORDS));
        assert_eq!(read(&mut framer, &[long.as_bytes()])[0].len(), 5 + long.len());
        assert!(framer.finish().is_empty());
        assert_eq!(read(&mut framer, &[b"a\x1eab"]), ["data a"]);
        assert_eq!(framer.finish(), b"\x1eab");
    }

    proptest! {
        #[test]
        fn the_split_makes_no_difference(
            text in "(\u{1e}abc start\n|\n==> abc-[01] <==\n|[a\n\u{1e}=> -]{0,5}){0,12}", at in any::<usize>(),
        ) {
            let bytes = text.as_bytes();
            let (one, two) = bytes.split_at(at % (bytes.len() + 1));
            let mut whole = Framer::new("abc", Some("abc"));
            let mut split = Framer::new("abc", Some("abc"));
            prop_assert_eq!(read(&mut whole, &[bytes]), read(&mut split, &[one, two]));
            prop_assert_eq!(whole.finish(), split.finish());
        }
    }
}
