//! What a server printed, in numbers; enough to tell equal output from different output.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::remote::{Line, Stream};

/// What a server printed. Equal tallies are equal output: the same lines on each stream, whatever the times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tally {
    /// Finished lines.
    pub lines: u64,
    /// Of these, lines of standard error.
    pub errors: u64,
    /// Bytes of text, line ends apart.
    pub bytes: u64,
    /// A digest of all of it.
    pub digest: u64,
}

/// Counts while lines come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    tally: Tally,
    // The streams are apart, for how they mix is chance.
    out: SipHasher13,
    err: SipHasher13,
}

impl Counter {
    pub(super) fn new() -> Self {
        Self { tally: Tally::default(), out: SipHasher13::new(), err: SipHasher13::new() }
    }

    /// Takes in a finished line.
    pub(super) fn add(&mut self, line: &Line) {
        let text = line.text.as_str().as_bytes();
        self.tally.lines += 1;
        self.tally.bytes += text.len() as u64;
        let hasher = match line.stream {
            Stream::Out => &mut self.out,
            Stream::Err => {
                self.tally.errors += 1;
                &mut self.err
            }
        };
        hasher.write(text);
        hasher.write_u8(b'\n');
    }

    pub(super) fn tally(&self) -> Tally {
        let mut both = self.out;
        both.write_u64(self.err.finish());
        Tally { digest: both.finish(), ..self.tally }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::remote::clean_text::CleanText;

    fn tally(lines: &[(Stream, &str)]) -> Tally {
        let mut counter = Counter::new();
        for (second, (stream, text)) in lines.iter().enumerate() {
            counter.add(&Line {
                at: Timestamp::from_second(i64::try_from(second).unwrap()).unwrap(),
                stream: *stream,
                source: None,
                unfinished: false,
                text: CleanText::one_line(text),
            });
        }
        counter.tally()
    }

    #[test]
    fn the_same_output_is_told_from_another() {
        use Stream::{Err, Out};
        let one = tally(&[(Out, "a"), (Err, "warn"), (Out, "b")]);
        assert_eq!(one, tally(&[(Err, "warn"), (Out, "a"), (Out, "b")]), "how streams mix is chance");
        assert_eq!((one.lines, one.errors, one.bytes), (3, 1, 6));
        for other in [
            &[(Out, "a"), (Out, "warn"), (Out, "b")][..],
            &[(Out, "b"), (Err, "warn"), (Out, "a")],
            &[(Out, "ab"), (Err, "warn"), (Out, "")],
            &[(Out, "a"), (Err, "warn")],
        ] {
            assert_ne!(one.digest, tally(other).digest, "{other:?}");
        }
    }
}
